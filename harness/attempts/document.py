"""attempts.json and regrade.json: what came of each solution from elsewhere, and what it says of the tests. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from harness import __version__
from harness.attempts.difficulty import Least, least_of
from harness.attempts.model import Truth
from harness.attempts.running import JUDGED, AttemptResult, Fate, TaskAttempts
from harness.errors import ExitCode
from harness.judging.strength import wilson
from harness.task.model import Task

SCHEMA, REGRADE = "foolsgold.attempts/1", "foolsgold.regrade/1"


def schema(name: str) -> str:
    """The JSON Schema that every attempts.json, or regrade.json, of this version keeps."""
    return resources.files("harness.attempts").joinpath(f"schema/{name}-1.json").read_text(encoding="utf-8")


def document(
    done: Sequence[TaskAttempts],
    *,
    engine: str,
    options: Mapping[str, Any],
    other_tasks: int = 0,
    unfinished: Sequence[str] = (),
    least: Mapping[tuple[str, str], Least] | None = None,
) -> dict[str, Any]:
    """`least`: of an audit, how little of each task's reference was paid."""
    tasks = [{**task_json(each), "least": least_of(each, least or {})} for each in done]
    attempts = [each for task in tasks for each in task["attempts"]]
    made = {
        "schema": SCHEMA,
        "foolsgold": __version__,
        "engine": engine,
        "options": dict(options),
        "summary": {
            "tasks": len(tasks),
            "attempts": len(attempts),
            "fates": {fate.value: sum(each["fate"] == fate for each in attempts) for fate in Fate},
            "doubles": sum(each["double_of"] is not None for each in attempts),
            "for_other_tasks": other_tasks,
            **_numbers(attempts),
            "solved_by_all": [task["name"] for task in tasks if task["solved"]["share"] == 1.0],
            "solved_by_none": [task["name"] for task in tasks if task["solved"]["share"] == 0.0],
        },
        "tasks": tasks,
        "unfinished": list(unfinished),
    }
    return {**made, "exit_code": int(_exit_code(made))}


def task_json(done: TaskAttempts) -> dict[str, Any]:
    attempts = [_attempt(each) for each in done.results]
    return {
        "name": done.task.name,
        "path": str(done.task.shown_path),
        "digest": done.task.digest if isinstance(done.task, Task) else None,
        "why_not": done.why_not or None,
        "internal_error": done.internal or None,
        "reference": dict(done.paid) if done.paid is not None else None,
        **_numbers(attempts),
        "paid_but_different": [each["id"] for each in attempts if each["named"] == "paid-but-different"],
        "refused_but_the_same": [each["id"] for each in attempts if each["named"] == "refused-but-the-same"],
        "attempts": attempts,
    }


def _attempt(result: AttemptResult) -> dict[str, Any]:
    one = result.submission
    return {
        "id": one.id,
        "source": one.source or None,
        "form": one.form,
        "place": one.place or None,
        "digest": one.digest,
        "label": one.label,
        "meant": one.meant,
        "recorded": dict(one.recorded.rewards) if one.recorded.rewards is not None else None,
        "left_out": [f"{what} ({count})" if count > 1 else what for what, count in Counter(one.left_out).items()],
        "about": dict(one.about),
        "fate": result.fate,
        "why": result.why or None,
        "rewards": dict(result.rewards) if result.rewards is not None else None,
        "idle": result.idle,
        "failing": list(result.failing),
        "other_tests": [
            {"test": each.name, "then": each.then or None, "now": each.now or None} for each in result.other_tests
        ],
        "same_end": result.same_end,
        "seen": result.seen,
        "unseen": result.unseen or None,
        "effect": _difference(result.effect) if result.effect is not None else None,
        "harmless": result.harmless or None,
        "missed": [
            {
                "requirement": each.requirement or None,
                "line": each.line or None,
                "step": each.step or None,
                "input": each.input,
                "expected": each.expected,
                "got": each.got,
            }
            for each in result.missed
        ],
        "named": named(result),
        "double_of": result.double_of or None,
        "trials": result.trials,
    }


def _difference(effect: Any) -> dict[str, Any]:
    return {"input": effect.input, "expected": effect.expected, "got": effect.got, "others": effect.others}


def named(result: AttemptResult) -> str | None:
    """In which of the two lists it is: the word of somebody who knows first, then what was seen."""
    label = result.submission.label
    if result.fate in (Fate.PAID, Fate.PARTLY):
        wrong = label is Truth.WRONG or (label is None and bool(result.missed) and not result.same_end)
        return "paid-but-different" if wrong and result.fate is Fate.PAID else None
    if result.fate is Fate.REFUSED:
        right = label is Truth.RIGHT or (
            label is None and not result.idle and (result.same_end or (result.seen and not result.missed))
        )
        return "refused-but-the-same" if right else None
    return None


# --- numbers


def _numbers(attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    judged = [each for each in attempts if each["fate"] in JUDGED]
    paid = [each for each in judged if each["fate"] == Fate.PAID]
    refused = [each for each in judged if each["fate"] == Fate.REFUSED]
    sources = sorted({each["source"] or "" for each in judged})
    return {
        "judged": len(judged),
        "true_positives": _rate(judged, Truth.RIGHT),
        "false_positives": _rate(judged, Truth.WRONG),
        "paid_wrongly": _bounds(paid, _known_wrong, _known_right),
        "refused_wrongly": _bounds(refused, _known_right, _known_wrong),
        "solved": share(len(paid), len(judged)),
        "by_source": {
            source or "unnamed": share(
                sum((each["source"] or "") == source for each in paid),
                sum((each["source"] or "") == source for each in judged),
            )
            for source in sources
        },
    }


def _rate(judged: Iterable[Mapping[str, Any]], label: Truth) -> dict[str, Any] | None:
    """How many of those labelled so were paid; None where none is."""
    mine = [each for each in judged if each["label"] == label]
    return share(sum(each["fate"] == Fate.PAID for each in mine), len(mine)) if mine else None


def _known_wrong(each: Mapping[str, Any]) -> bool:
    if each["label"] is not None:
        return bool(each["label"] == Truth.WRONG)
    return bool(each["missed"]) and not each["same_end"]


def _known_right(each: Mapping[str, Any]) -> bool:
    return bool(each["label"] == Truth.RIGHT) if each["label"] is not None else bool(each["same_end"])


def _bounds(those: Sequence[Mapping[str, Any]], surely: Any, surely_not: Any) -> dict[str, Any] | None:
    """Between which shares the truth lies: what is neither labelled nor seen may be either."""
    if not those:
        return None
    least = sum(surely(each) for each in those)
    most = len(those) - sum(surely_not(each) and not surely(each) for each in those)
    return {"of": len(those), "least": least, "most": most}


def share(part: int, of: int) -> dict[str, Any]:
    """With its 95 % Wilson interval."""
    low, high = wilson(part, of)
    return {
        "number": part,
        "of": of,
        "share": round(part / of, 4) if of else None,
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _exit_code(made: Mapping[str, Any]) -> ExitCode:
    """The first that applies of: interrupted, internal error, the tests are wrong about something, not all was
    measured."""
    tasks = made["tasks"]
    if made["unfinished"]:
        return ExitCode.INTERRUPTED
    if any(task["internal_error"] for task in tasks):
        return ExitCode.INTERNAL
    if any(task["paid_but_different"] or task["refused_but_the_same"] for task in tasks):
        return ExitCode.BELOW_BAR
    if any(not task["judged"] for task in tasks) or made["summary"]["fates"][Fate.UNMEASURED]:
        return ExitCode.UNMEASURED
    return ExitCode.OK


# --- regrading


def regraded(before: Mapping[str, Any], again: Mapping[str, Any], tests: str, left: Sequence[str]) -> dict[str, Any]:
    """Each attempt's reward under the old tests and the new. `left`: tasks of the run that have no new tests."""
    old = {(task["name"], each["id"]): each for task in before["tasks"] for each in task["attempts"]}
    rows = [
        {
            "task": task["name"],
            "id": each["id"],
            "source": each["source"],
            "label": each["label"],
            "before": {key: old[task["name"], each["id"]][key] for key in ("fate", "rewards")},
            "after": {"fate": each["fate"], "rewards": each["rewards"], "why": each["why"], "failing": each["failing"]},
        }
        for task in again["tasks"]
        for each in task["attempts"]
    ]
    changed = [row for row in rows if (row["before"]["fate"], row["before"]["rewards"]) != _now(row)]
    return {
        "schema": REGRADE,
        "foolsgold": __version__,
        "tests": tests,
        "engine": again["engine"],
        "regraded": len(rows),
        "changed": changed,
        "not_paid_any_more": sum(_went(row, Fate.PAID, Fate.REFUSED) for row in rows),
        "paid_now": sum(_went(row, Fate.REFUSED, Fate.PAID) for row in rows),
        "before": _shares([old[row["task"], row["id"]] for row in rows]),
        "after": _shares([each for task in again["tasks"] for each in task["attempts"]]),
        "without_new_tests": list(left),
        "not_run": {task["name"]: task["why_not"] for task in again["tasks"] if task["why_not"]},
        "exit_code": again["exit_code"]
        if again["exit_code"] in (ExitCode.INTERNAL, ExitCode.INTERRUPTED)
        else (ExitCode.UNMEASURED if any(task["why_not"] for task in again["tasks"]) else ExitCode.OK),
    }


def _now(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return row["after"]["fate"], row["after"]["rewards"]


def _went(row: Mapping[str, Any], old: Fate, new: Fate) -> bool:
    return (row["before"]["fate"], row["after"]["fate"]) == (old, new)


def _shares(attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    numbers = _numbers(attempts)
    return {key: numbers[key] for key in ("true_positives", "false_positives", "solved", "by_source")}
