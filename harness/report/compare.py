"""Two runs task by task: whose tests got stronger or weaker, and which broken variants are paid now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from harness.report.spool import Spool
from harness.untrusted import clip, visible, wrapped

SCHEMA = "foolsgold.compare/1"
COUNTED = ("killed", "idle", "timeout", "survived", "partial")
RANK = {"broken": 0, "unsound": 0, "flaky": 0, "weak": 1, "adequate": 2, "strong": 3}
"""`unmeasured` has no rank: it is neither better nor worse than anything."""
WISHES = ("budget", "operators", "skipped_operators", "faults", "skipped_faults", "sources")
"""Options that choose which variants are tried. A share of other variants is another measure."""


class Change(StrEnum):
    WEAKER = "weaker"
    NOT_COMPARABLE = "not-comparable"
    STRONGER = "stronger"
    NEW = "new"
    GONE = "gone"
    UNCHANGED = "unchanged"


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`before` and `after` are reports. Tasks are the same where their names are, mutants where their ids are.

    Of the tasks, what is compared is kept aside, and one of each run is held at a time."""
    unfinished = {task["name"] for report in (before, after) for task in report["unfinished"]}
    wishes = [option for option in WISHES if before["options"].get(option) != after["options"].get(option)]
    tasks = []
    with Spool() as old:
        missing: dict[str, None] = {}
        for task in before["tasks"]:
            old.put(task["name"], _compared(task))
            missing[task["name"]] = None
        for task in after["tasks"]:
            name = task["name"]
            tasks.append(_task(name, old.get(name), task, unfinished, wishes))
            missing.pop(name, None)
        tasks += [_task(name, old.get(name), None, unfinished, wishes) for name in missing]
    # Of those that neither run came to the end of nobody knows anything: they are not passed over.
    for name in sorted(unfinished - {task["name"] for task in tasks}):
        tasks.append(_task(name, None, None, unfinished, wishes))
    counts = Counter(task["change"] for task in tasks)
    return {
        "schema": SCHEMA,
        "before": _run(before),
        "after": _run(after),
        "differ": list(_differences(before, after)),
        "counts": {change.value: counts[change] for change in Change},
        "tasks": tasks,
    }


def _compared(task: Mapping[str, Any]) -> dict[str, Any]:
    """What a comparison reads of a task."""
    return {
        **{key: task[key] for key in ("verdict", "why", "strength", "digest")},
        "mutants": [{key: mutant[key] for key in (*_SAID, "outcome", "gap")} for mutant in task["mutants"]],
        "findings": [{key: finding[key] for key in _FINDING} for finding in task["findings"]],
    }


_SAID = ("id", "ref", "step", "sentence", "path", "line")
_FINDING = ("id", "severity", "title", "fingerprint")


def _run(report: Mapping[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("run", "foolsgold", "engine", "seed", "interrupted")}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Settings under which the two runs may differ for another reason than the tasks."""
    for key in ("foolsgold", "engine", "engine_version", "seed", "thresholds", "rules"):
        if before[key] != after[key]:
            yield key
    for key in sorted({*before["options"], *after["options"]} - {"engine", "seed"}):
        if before["options"].get(key) != after["options"].get(key):
            yield f"options.{key}"


def _task(
    name: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    unfinished: set[str],
    wishes: Sequence[str],
) -> dict[str, Any]:
    change, why = _change(name, old, new, unfinished)
    if wishes and change in (Change.STRONGER, Change.WEAKER):
        change, why = Change.NOT_COMPARABLE, f"the runs chose their variants otherwise ({', '.join(wishes)}); {why}"
    was, now = _mutants(old), _mutants(new)
    return {
        "name": name,
        "change": change,
        "why": why,
        "before": _standing(old),
        "after": _standing(new),
        "edited": old["digest"] != new["digest"] if old and new else None,
        "survivors_gained": [
            _mutant(mutant, was.get(key)) for key, mutant in now.items() if _paid(mutant) and not _paid(was.get(key))
        ],
        "survivors_lost": [
            _mutant(mutant, now.get(key)) for key, mutant in was.items() if _paid(mutant) and not _paid(now.get(key))
        ],
        "findings_gained": _findings(new, old),
        "findings_lost": _findings(old, new),
    }


def _standing(task: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"verdict": task["verdict"], "share": (task["strength"] or {}).get("share")} if task else None


def _mutants(task: Mapping[str, Any] | None) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(mutant["step"], mutant["id"]): mutant for mutant in task["mutants"]} if task else {}


def _paid(mutant: Mapping[str, Any] | None) -> bool:
    return mutant is not None and mutant["outcome"] == "survived"


def _mutant(mutant: Mapping[str, Any], other: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        **{key: mutant[key] for key in _SAID},
        "in_the_other_run": other["outcome"] if other else None,
    }


def _findings(these: Mapping[str, Any] | None, others: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    known = {finding["fingerprint"] for finding in others["findings"]} if others else set()
    return [
        {key: finding[key] for key in _FINDING}
        for finding in (these["findings"] if these else ())
        if finding["fingerprint"] not in known
    ]


def _change(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, unfinished: set[str]
) -> tuple[Change, str]:
    if old is None or new is None:
        if name in unfinished:
            which = "neither" if old is new else "one"
            return Change.NOT_COMPARABLE, f"{which} of the runs {'came' if old is new else 'did not come'} to its end"
        return (Change.GONE, "only in the first run") if new is None else (Change.NEW, "only in the second run")
    rank, rank_now = RANK.get(old["verdict"]), RANK.get(new["verdict"])
    if rank is None or rank_now is None:
        if rank == rank_now:
            return Change.UNCHANGED, "unmeasured in both runs"
        return Change.NOT_COMPARABLE, f"{old['verdict']} before, {new['verdict']} now"
    if rank != rank_now:
        return Change.STRONGER if rank_now > rank else Change.WEAKER, f"{old['verdict']} before, {new['verdict']} now"
    if not (old["strength"] and new["strength"]):
        return Change.UNCHANGED, f"{new['verdict']}, as before" if old["verdict"] == new["verdict"] else new["why"]
    return _by_mutants(old, new)


def _by_mutants(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, str]:
    """The verdicts are worth the same: the mutants that both runs tried decide."""
    was, now = _mutants(old), _mutants(new)
    common = [key for key in was if key in now and {was[key]["outcome"], now[key]["outcome"]} <= set(COUNTED)]
    if not common:
        return Change.NOT_COMPARABLE, "the runs have no broken variant in common"
    before = round(sum(_detected(was[key]) for key in common), 6)
    after = round(sum(_detected(now[key]) for key in common), 6)
    said = f"{after:g} of {len(common)} broken variants that both runs tried are caught, {before:g} before"
    if after == before:
        return Change.UNCHANGED, said
    return Change.STRONGER if after > before else Change.WEAKER, said


def _detected(mutant: Mapping[str, Any]) -> float:
    """As in the strength: all, nothing, or the gap in the reward."""
    if mutant["outcome"] in ("killed", "idle", "timeout"):
        return 1.0
    return float(mutant["gap"]) if mutant["outcome"] == "partial" else 0.0


# --- as text

SHOWN = 5
_ORDER = (Change.WEAKER, Change.NOT_COMPARABLE, Change.STRONGER, Change.NEW, Change.GONE)


def compared(found: Mapping[str, Any], *, width: int = 80) -> str:
    counts = found["counts"]
    lines = [", ".join(f"{counts[change]} {change.replace('-', ' ')}" for change in Change)]
    for side, name in (("before", "first"), ("after", "second")):
        if found[side]["interrupted"]:
            lines.append(f"The {name} run was interrupted: {visible(found[side]['run'])}")
    if found["differ"]:
        text = f"The runs differ in {', '.join(found['differ'])}, which may be the reason for what follows."
        lines += wrapped(text, width, "")
    for change in _ORDER:
        for task in found["tasks"]:
            if task["change"] == change:
                lines += ["", *_told(task, width)]
    for task in found["tasks"]:
        if task["change"] == Change.UNCHANGED and (task["survivors_gained"] or task["survivors_lost"]):
            lines += ["", *_told(task, width)]
    return "\n".join(lines)


def _told(task: Mapping[str, Any], width: int) -> Iterator[str]:
    edited = "; the task was edited" if task["edited"] else ""
    what = task["change"].replace("-", " ")
    yield from wrapped(f"{task['name']}: {what} ({task['why']}{edited})", width, "", following="  ")
    if task["before"] is None or task["after"] is None:
        return
    for key, paid, then in (("survivors_gained", "paid now", "before"), ("survivors_lost", "paid before", "now")):
        for mutant in task[key][:SHOWN]:
            text = f"{paid}, {mutant['in_the_other_run'] or 'not tried'} {then}: {clip(mutant['sentence'], 200)}"
            yield from wrapped(f"{text}, mutant {mutant['ref']}", width, "  ", following="    ")
        if len(task[key]) > SHOWN:
            yield f"  and {len(task[key]) - SHOWN} more {paid}"
    for key, sign in (("findings_gained", "new finding"), ("findings_lost", "finding gone")):
        for finding in task[key][:SHOWN]:
            yield from wrapped(f"{sign}: {clip(finding['title'], 200)}", width, "  ", following="    ")
