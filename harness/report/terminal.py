"""What `foolsgold audit` prints at the end: the verdicts, the survivors that matter most, and what to do next."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from tabulate import tabulate

from harness.findings.labels import MEANING
from harness.report.ranking import worst
from harness.untrusted import clip, shown, visible, wrapped

SURVIVORS = 10
WIDTH = 80
LONGEST_NAME = 36
"""A longer task name goes on in the next line."""


def terminal(report: Mapping[str, Any], *, gate: str = "", width: int = WIDTH) -> str:
    """Prose is wrapped at `width`; ids, paths and commands to copy are never broken. The end is what a person sees
    first: the sum, what the `gate` says, and what to do next."""
    width = max(width, 40)
    parts = [
        verdicts(report),
        *reasons(report, width),
        *survivors(report, width),
        *findings(report, width),
        *forged(report, width),
        *dataset_rows(report),
        *internal_errors(report),
        *unfinished(report, width),
        *sums(report, width),
        *([gate] if gate else []),
        *next_steps(report),
    ]
    return "\n".join(parts)


def verdicts(report: Mapping[str, Any]) -> str:
    rows: list[tuple[object, ...]] = []
    for task in report["tasks"]:
        name = textwrap.wrap(visible(task["name"]), LONGEST_NAME) or [""]
        words = "\n".join((task["verdict"], *task["labels"]))
        rows.append(("\n".join(name), words, *_numbers(task)))
    headers = ("task", "verdict", "strength (95 %)", "caught", "paid", "unclear")
    aligned = ("left", "left", "left", "right", "right", "right")
    table = tabulate(rows, headers=headers, disable_numparse=True, colalign=aligned) if rows else "No task was audited."
    return f"{table}\n"


def _numbers(task: Mapping[str, Any]) -> tuple[object, ...]:
    strength = task["strength"]
    if not strength:
        return ("-",) * 4
    share, outcomes = strength["share"], strength["by_outcome"]
    detected = outcomes["killed"] + outcomes["timeout"]
    percent = f"{share['value']:.0%} ({share['low']:.0%}-{share['high']:.0%})" if share["counted"] else "-"
    paid = str(outcomes["survived"]) + (f" +{outcomes['partial']} in part" if outcomes["partial"] else "")
    return percent, f"{detected}/{share['counted']}", paid, outcomes["error"] + outcomes["flaky"]


def reasons(report: Mapping[str, Any], width: int) -> Iterator[str]:
    """What the numbers of the table do not say by themselves."""
    if any(task["strength"] for task in report["tasks"]):
        yield from wrapped(
            "caught: broken variants of the solution that the tests did not pay, of those that count; paid: those "
            "paid like the solution itself; unclear: left out, because runs disagreed or could not be measured.",
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
    return bool(task["verdict"] == "adequate" and "but" not in task["why"])


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
    yield f"{many} broken variant{'s were' if many != 1 else ' was'} paid like the solution itself:"
    for task, mutant in found:
        yield ""
        yield from wrapped(mutant["sentence"], width, "  ")
        if mutant["requirement"]:
            yield from wrapped(
                f"although: {clip(visible(mutant['requirement']['text']), 200)}", width, "    ", following="      "
            )
        at = f"{visible(mutant['path'])}:{mutant['line']}"
        yield f"    {visible(task['name'])}, {at}, mutant {visible(mutant['ref'])}"
    if many > SURVIVORS:
        yield f"\n  and {many - SURVIVORS} more: foolsgold report {visible(report['run'])} --format csv"
    yield ""


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
    """What was tried to be paid for nothing: a means that showed nothing is no means that was resisted."""
    told = False
    for task in report["tasks"]:
        if task["forging"]:
            yield from wrapped(f"{task['name']}: {forging_words(task['forging'])}", width, "", following="  ")
            told = True
    if told:
        yield ""


def forging_words(counts: Mapping[str, int]) -> str:
    paid, default = counts["paid"], counts["paid_by_default"]
    by_default = f" ({'all' if default == paid else default} by what the format leaves open)" if default else ""
    return (
        f"{counts['tried']} means to forge the reward tried, {counts['effective']} took effect, {paid} "
        f"paid{by_default}, {counts['not_measured']} not measured"
    )


def place(finding: Mapping[str, Any]) -> str:
    where = finding["place"]
    if not where:
        return ""
    return f"{visible(where['file'])}:{where['line']}" if where["line"] else visible(where["file"])


def dataset_rows(report: Mapping[str, Any]) -> Iterator[str]:
    if len(report["tasks"]) < 2:
        return
    rows = [dataset_cells(row) for row in report["summary"]["dataset"]]
    aligned = ("left", "right", "right", "left", "right")
    yield tabulate(rows, headers=DATASET, disable_numparse=True, colalign=aligned)
    yield ""


DATASET = ("of these tasks", "tasks", "share", "95 %", "not measured")


def dataset_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A share of tasks that nobody measured is not 0."""
    unknown = str(len(row["not_measured"]))
    if row["share"] is None:
        return row["row"], "-", "not measured", "", unknown
    return row["row"], str(len(row["tasks"])), f"{row['share']:.0%}", f"{row['low']:.0%}-{row['high']:.0%}", unknown


def sums(report: Mapping[str, Any], width: int) -> Iterator[str]:
    summary = report["summary"]
    if not summary["tasks"]:
        return
    verdicts = [f"{count} {word}" for word, count in summary["verdicts"].items() if count]
    tasks = f"{summary['tasks']} task{'' if summary['tasks'] == 1 else 's'}: {', '.join(verdicts) or 'none is done'}"
    if report["interrupted"] and verdicts:
        tasks += f", {len(report['unfinished'])} unfinished"
    paid = summary["outcomes"]["survived"]
    many = f"{summary['mutants']} broken variant{'' if summary['mutants'] == 1 else 's'} tried"
    begun = [task["progress"] for task in report["unfinished"] if task["progress"]]
    tried, so_far = (sum(one[key] for one in begun) for key in ("tried", "paid"))
    more = f" Of unfinished tasks {tried} tried, {so_far} paid so far." if tried else ""
    yield from wrapped(f"{tasks}. {many}, {paid} paid like the solution itself.{more}", width, "")


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
        yield f"  2. See the worst survivor:\n     foolsgold show {run} {shlex.quote(visible(mutant['ref']))}"
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
    yield f"Interrupted: {len(left)} of {report['summary']['tasks']} tasks unfinished. What was done is kept:"
    for task in left[:UNFINISHED]:
        yield from wrapped(f"{task['name']}: {how_far(task)}", width, "  ", following="    ")
    if len(left) > UNFINISHED:
        yield f"  and {len(left) - UNFINISHED} more"
    yield ""


UNFINISHED = 10


def how_far(task: Mapping[str, Any]) -> str:
    progress = task["progress"]
    if progress is None or not progress["trials"]:
        return "not begun"
    if not progress["mutants"]:
        return f"{progress['trials']} trials of its controls"
    return f"{progress['tried']} of {progress['mutants']} mutants tried, {progress['paid']} of them paid so far"
