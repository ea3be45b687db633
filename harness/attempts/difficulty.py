"""How hard the tasks are: who solves them, and how little of the reference a finished audit saw paid. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from harness.attempts.running import TaskAttempts
from harness.judging.strength import percent
from harness.task.model import Task
from harness.untrusted import clip, visible

Least = Mapping[str, Any]
"""Of a task: the audit's word for its training value, the reference's size, and the size of what was enough."""


def least_paid(entries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Least]:
    """(name, digest) of each task of an audit's report that tells it -> how little was paid there."""
    found: dict[tuple[str, str], Least] = {}
    for entry in entries:
        training, least = entry["training"], entry["least"]
        if training is not None:
            found[entry["name"], entry["digest"]] = {
                "value": training["value"],
                "reference": training["reference"],
                "enough": training["enough"],
                "complete": bool(least["complete"]) if least is not None and training["enough"] is not None else False,
            }
    return found


def least_of(done: TaskAttempts, known: Mapping[tuple[str, str], Least]) -> Least | None:
    """Of this very version of the task."""
    return known.get((done.task.name, done.task.digest)) if isinstance(done.task, Task) else None


def told_difficulty(tasks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each task that anything was judged of, the hardest first; a column for each source where there are
    several, and what is enough where an audit was given."""
    judged = [task for task in tasks if task["judged"]]
    if not judged:
        return
    sources = sorted({source for task in judged for source in task["by_source"]})
    sources = sources if 1 < len(sources) <= MOST_SOURCES else []
    audited = any(task["least"] is not None for task in judged)
    rows = [
        [
            visible(clip(task["name"], 40)),
            _solved(task["solved"]),
            *(_short(task["by_source"].get(source)) for source in sources),
            *([_enough(task["least"])] if audited else []),
        ]
        for task in sorted(judged, key=lambda task: (task["solved"]["share"], _work(task["least"]), task["name"]))
    ]
    headers = ["task, hardest first", "solved", *(visible(clip(source, 20)) for source in sources)]
    headers += ["least that is paid"] if audited else []
    yield from tabulate(rows, headers, tablefmt="simple", disable_numparse=True).splitlines()


MOST_SOURCES = 5
"""More of them are no table; they are in the document."""


def _solved(share: Mapping[str, Any]) -> str:
    return f"{_short(share)} ({percent(share['low'])} to {percent(share['high'])})"


def _short(share: Mapping[str, Any] | None) -> str:
    return f"{share['number']} of {share['of']}" if share is not None else ""


def _enough(least: Least | None) -> str:
    if least is None:
        return "not known"
    of, value = least["reference"]["statements"], least["value"]
    if least["enough"] is None:
        return f"not looked for: {of} statements ({value})"
    up_to = "" if least["complete"] else "at most "
    return f"{up_to}{least['enough']['statements']} of {of} statements ({value})"


def _work(least: Least | None) -> int:
    """More work first, so that it counts as harder."""
    if least is None:
        return 0
    return -int((least["enough"] or least["reference"])["statements"])
