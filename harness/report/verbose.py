"""The long form of a run's report for a terminal: `foolsgold audit --verbose` and `foolsgold report --verbose`."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from tabulate import tabulate

from harness.findings.labels import MEANING
from harness.findings.requirements import stated
from harness.report.first import Mutant
from harness.report.proposed import paid_first, proposed_words, source_of
from harness.report.ranking import worst
from harness.report.words import (
    DATASET,
    SOURCES,
    STRATA,
    Counts,
    added_up,
    chosen,
    counts,
    dataset_cells,
    forging_words,
    gone,
    how_far,
    interval,
    least_words,
    place,
    share_of,
    source_rows,
    strata_rows,
    training_words,
    weakness,
    without_work,
)
from harness.untrusted import clip, shown, visible, wrapped

SURVIVORS = 10
WIDTH = 80
LONGEST_NAME = 36
"""A longer task name goes on in the next line."""


def verbose(report: Mapping[str, Any], *, gate: str = "", width: int = WIDTH) -> str:
    """Prose is wrapped at `width`; ids, paths and commands to copy are never broken. The end is what a person sees
    first: the sum, what the `gate` says, and what to do next."""
    width = max(width, 40)
    parts = [
        verdicts(report),
        *reasons(report, width),
        *survivors(report, width),
        *findings(report, width),
        *forged(report, width),
        *worth(report, width),
        *dataset_rows(report),
        *reused(report, width),
        *internal_errors(report),
        *unfinished(report, width),
        *sums(report, width),
        *([gate] if gate else []),
        *next_steps(report),
    ]
    return "\n".join(parts)


def verdicts(report: Mapping[str, Any]) -> str:
    if not report["tasks"]:
        return "No task was audited.\n"
    found: list[tuple[tuple[int, float], tuple[object, ...]]] = []
    for task in report["tasks"]:
        name = textwrap.wrap(visible(task["name"]), LONGEST_NAME) or [""]
        words = "\n".join((task["verdict"], *task["labels"]))
        found.append((weakness(task), ("\n".join(name), words, *_numbers(task))))
    rows = [row for _, row in sorted(found, key=lambda pair: pair[0])]
    headers = ("task", "verdict", "strength (95 %)", "caught", "idle", "paid", "left out", "unclear", "tried")
    aligned = ("left", "left", "left", *("right",) * 6)
    return f"{tabulate(rows, headers=headers, disable_numparse=True, colalign=aligned)}\n"


def _numbers(task: Mapping[str, Any]) -> tuple[object, ...]:
    strength = task["strength"]
    if not strength:
        return ("-",) * 7
    share, found = strength["share"], counts(strength["by_outcome"])
    percent = f"{share_of(strength)} ({interval(share)})" if share["counted"] else "-"
    left = found.equivalent + found.harmless + found.invalid
    return percent, found.caught, found.idle, paid_cell(found), left, found.unclear, found.tried


def paid_cell(found: Counts) -> str:
    return f"{found.paid}" + (f" +{found.in_part} in part" if found.in_part else "")


def reasons(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """What the numbers of the table do not say by themselves."""
    if any(task["strength"] for task in report["tasks"]):
        yield from wrapped(
            "caught + idle + paid + left out + unclear = tried. Strength is the share that was caught of those "
            "that were caught or paid. Idle ones were caught as if nothing were done, which tells nothing. Left out "
            "are variants that do what the solution does, differ from it in nothing that matters, or do not build; of "
            "unclear ones runs disagreed or could not be measured.",
            width,
            "",
        )
        yield ""
    given = {label for task in report["tasks"] for label in task["labels"]}
    if given:
        for label, meaning in MEANING.items():
            if label in given:
                yield from wrapped(f"{label}: {meaning}", width, "", following="  ")
        yield ""
    told = False
    for task in report["tasks"]:
        if task["verdict"] not in ("strong", "weak") and not _plain(task):
            yield from wrapped(f"{task['name']} is {task['verdict']}: {task['why']}", width, "", following="  ")
            told = True
    if told:
        yield ""
    yield from _engine(report, width)


def _plain(task: Mapping[str, Any]) -> bool:
    """An adequate task whose share alone says why."""
    return bool(task["verdict"] == "adequate" and ", but " not in task["why"])


def _engine(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """A reader must know where the boxes were not the tasks' own images."""
    stands: dict[tuple[str, str], int] = {}
    for task in report["tasks"]:
        fidelity = task["engine"]["fidelity"]
        if fidelity and fidelity != "image":
            # This machine's root is the same whatever image it stands for.
            key = (fidelity, "" if fidelity == "host" else task["engine"]["base"] or "")
            stands[key] = stands.get(key, 0) + 1
    for (fidelity, base), count in stands.items():
        what = "this machine's own root" if fidelity == "host" else f"a stand-in ({base})"
        many = "1 task" if count == 1 else f"{count} tasks"
        yield from wrapped(
            f"The boxes of {many} stood on {what}, not on the images that the tasks name (fidelity `{fidelity}`, "
            f"engine {report['engine']}).",
            width,
            "",
        )
        yield ""


def survivors(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """The broken variants that were paid, those that break what is stated first, over all tasks."""
    found, many = worst(report, SURVIVORS)
    if not found:
        return
    yield f"{many} broken variant{'s were' if many != 1 else ' was'} paid in full, like the solution itself:"
    for task, mutant in found:
        yield ""
        yield from wrapped(mutant["sentence"], width, "  ")
        if mutant["requirement"]:
            said = _stated(task, mutant)
            yield from wrapped(f'The instruction says: "{clip(said, 200)}"', width, "    ", following="      ")
        at = f"{visible(mutant['path'])}:{mutant['line']}"
        yield f"    {at}, mutant {visible(mutant['ref'])}"
    if many > SURVIVORS:
        yield f"\n  and {many - SURVIVORS} more: foolsgold report {visible(report['run'])} --format csv"
    yield ""


def _stated(task: Mapping[str, Any], mutant: Mutant) -> str:
    instruction = next(step["instruction"]["text"] for step in task["steps"] if step["name"] == mutant["step"])
    return stated(instruction, mutant["requirement"]["text"], mutant["requirement"]["line"])


def findings(report: Mapping[str, Any], width: int) -> Iterator[str]:
    told = (
        (task["name"], finding)
        for task in report["tasks"]
        for finding in task["findings"]
        if finding["severity"] in ("error", "unmeasured", "warning")
    )
    any_told = False
    for name, finding in told:
        if not any_told:
            yield "Findings:"
            any_told = True
        where = f" ({place(finding)})" if finding["place"] else ""
        yield ""
        yield from wrapped(f"{finding['severity']}: {name}: {finding['title']}{where}", width, "  ", following="    ")
        for line in finding["evidence"][:4]:
            yield from wrapped(clip(visible(line), 240), width, "    | ")
        if len(finding["evidence"]) > 4:
            yield f"    | and {len(finding['evidence']) - 4} more"
        if finding["advice"]:
            yield from wrapped(finding["advice"], width, "    -> ", following="       ")
    if any_told:
        yield ""


def forged(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """The attacks on the reward. An attack that was not measured is not one that the task resisted."""
    told = False
    for task in report["tasks"]:
        if task["forging"]:
            yield from wrapped(f"{task['name']}: {forging_words(task['forging'])}", width, "", following="  ")
            told = True
    if told:
        yield ""


def worth(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """How much work each task asks for, what of its reference is enough, whether the work is needed at all, and whether
    the reference does what is asked; and what came of variants that somebody else wrote. What was not made is not
    resisted."""
    told = False
    for task in report["tasks"]:
        known = task["training"] is not None and (task["least"] is not None or task["training"]["value"] != "unknown")
        asked = "; ".join(filter(None, (training_words(task), least_words(task)))) if known else ""
        for line in filter(None, (asked, *without_work(task))):
            yield from wrapped(visible(f"{task['name']}: {line}"), width, "", following="  ")
            told = True
        for line in _proposals(task, width):
            yield line
            told = True
    if told:
        yield ""


def _proposals(task: Mapping[str, Any], width: int) -> Iterator[str]:
    """The sum, what was not run or counts nowhere, and those that were paid."""
    for number, said in enumerate(proposed_words(task)):
        first = f"{task['name']}: " if not number else ""
        yield from wrapped(f"{first}{said}", width, "  " if number else "", following="    " if number else "  ")
    for variant in paid_first(task):
        if variant["outcome"] == "survived":
            yield from wrapped(f"paid: {visible(variant['sentence'])}", width, "  ", following="    ")
            by = f"by {visible(source_of(variant))}, {visible(variant['ref'])}"
            yield f"    {visible(variant['path'])}:{variant['line']}, {by}"


def dataset_rows(report: Mapping[str, Any]) -> Iterator[str]:
    if len(report["tasks"]) < 2:
        return
    rows = [dataset_cells(row) for row in report["summary"]["dataset"]]
    aligned = ("left", "right", "right", "left", "right")
    yield tabulate(rows, headers=DATASET, disable_numparse=True, colalign=aligned)
    yield ""
    if by := [tuple(map(visible, row)) for row in strata_rows(report)]:
        columns = ("left", "left", "right", "right", "right", "left")
        yield tabulate(by, headers=STRATA, disable_numparse=True, colalign=columns)
        yield ""
    if sources := [tuple(map(visible, row)) for row in source_rows(report)]:
        aligned_so = ("left", "right", "right", "left", *("right",) * 6)
        yield tabulate(sources, headers=SOURCES, disable_numparse=True, colalign=aligned_so)
        yield ""


def reused(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """What trials took from others instead of doing it again, and why they did not."""
    told = False
    for task in report["tasks"]:
        for said in reused_sentences(task):
            yield from wrapped(visible(f"{task['name']}: {said}"), width, "", following="  ")
            told = True
    if told:
        yield ""


def reused_sentences(task: Mapping[str, Any]) -> list[str]:
    """What a task's trials took from others."""
    return list(_reused(task.get("reuse") or {}))


def _reused(found: Mapping[str, Any]) -> Iterator[str]:
    beginning, same_end = found.get("beginning") or {}, found.get("same_end") or {}
    if found.get("disagreed"):
        yield f"nothing is reused: {found['why_not'] or beginning.get('why_not') or same_end.get('why_not')}"
        return
    if found.get("trials"):
        why = f", but not to the end: {found['why_not']}" if found["why_not"] else ""
        alone = f"; {found['plain']} others prepared themselves" if found["plain"] else ""
        saved, spent = (f"{found['seconds'][name]:.0f} s" for name in ("saved", "spent"))
        yield (
            f"what its tests install was kept once ({found['size'] / 1e6:.0f} MB) and reused by "
            f"{found['trials']} trials{alone}; {saved} saved for {spent}{why}"
        )
    elif "control" in found.get("why_not", ""):
        yield f"what its tests install is not reused: {found['why_not']}"
    if beginning.get("trials"):
        yield (
            f"{beginning['trials']} trials went on from what the solution's first statements had left once "
            f"({len(beginning['statements'])} at most); {beginning['seconds']['saved']:.0f} s saved"
        )
    elif "control" in beginning.get("why_not", ""):
        yield f"the solution's beginning is not reused: {beginning['why_not']}"
    if same_end.get("trials"):
        saved = f"{same_end['seconds']['saved']:.0f} s saved"
        yield f"{same_end['trials']} trials left what an earlier one had left, and took its verdict; {saved}"


def sums(report: Mapping[str, Any], width: int) -> Iterator[str]:
    summary = report["summary"]
    if said := chosen(report):
        yield from wrapped(said, width, "")
    if not summary["tasks"]:
        return
    verdicts = [f"{count} {word}" for word, count in summary["verdicts"].items() if count]
    tasks = f"{summary['tasks']} task{'' if summary['tasks'] == 1 else 's'}: {', '.join(verdicts) or 'none is done'}"
    if report["interrupted"] and verdicts:
        tasks += f", {len(report['unfinished'])} unfinished"
    many = added_up(counts(summary["outcomes"]))
    yield from wrapped(f"{tasks}. {many}.", width, "")


def next_steps(report: Mapping[str, Any]) -> Iterator[str]:
    """Three things to do, each a command or a file as it is typed."""
    if not report["tasks"]:
        return
    run = shlex.quote(visible(report["run"]))
    yield "\nNext:"
    yield f"  1. Look at the report in a browser:\n     {visible(str(PurePath(report['run']) / 'report.html'))}"
    found, _ = worst(report, 1)
    if found:
        [(_, mutant)] = found
        ref = shlex.quote(visible(mutant["ref"]))
        yield f"  2. See the worst broken variant that was paid:\n     foolsgold show {run} {ref}"
        yield f"  3. Write it as a task that any runner of the format can run:\n     {visible(mutant['repro'])}"
        return
    ill = next((task for task in report["tasks"] if task["verdict"] not in ("strong", "adequate")), None)
    path = shlex.quote(visible(str((ill or next(iter(report["tasks"])))["path"])))
    if ill is not None:
        yield f"  2. Mend what the findings say, and see:\n     foolsgold check {path}"
    else:
        yield f"  2. Look deeper:\n     foolsgold audit {path} --depth deep -o {run}-deep"
    yield f"  3. Hold it to a bar:\n     foolsgold gate {run} --fail-under 80"


def internal_errors(report: Mapping[str, Any]) -> Iterator[str]:
    for task in report["tasks"]:
        if task["internal_error"]:
            yield f"foolsgold itself failed on {visible(task['name'])}; please report this:"
            yield f"{shown(task['internal_error'].rstrip())}\n"


def unfinished(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """What an interrupted run had not come to the end of, and how far it was."""
    if not report["interrupted"]:
        return
    left = report["unfinished"]
    yield f"{gone(report)} What was done is kept:"
    for task in left[:UNFINISHED]:
        yield from wrapped(f"{task['name']}: {how_far(task)}", width, "  ", following="    ")
    if len(left) > UNFINISHED:
        yield f"  and {len(left) - UNFINISHED} more"
    yield ""


UNFINISHED = 10
