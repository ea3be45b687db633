"""Which task each solution from elsewhere is for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.attempts.model import Submission, Truth

_LABELS = frozenset(Truth)


def matched(names: Sequence[str], submissions: Sequence[Submission]) -> tuple[dict[str, list[Submission]], int]:
    """Task -> its solutions, each with a name of its own; and how many are for none of these tasks."""
    found: dict[str, list[Submission]] = {}
    others = 0
    exact = frozenset(names)
    for each in submissions:
        name = each.task if each.task in exact else _task_of(names, each.task)
        if name is None:
            others += 1
            continue
        mine = found.setdefault(name, [])
        mine.append(replace(each, task=name, id=_own(_shortened(each.id, name), mine)))
    return {name: found[name] for name in names if name in found}, others


def _task_of(names: Sequence[str], said: str) -> str | None:
    """The one whose name, or the end of it, is among the folders on the way."""
    parts = said.split("/")
    for name in sorted(names, key=len, reverse=True):
        if f"/{name}/" in f"/{said}/":
            return name
    ends = [name for name in names if name.rpartition("/")[2] in parts]
    if len(ends) == 1:
        return ends[0]
    if len(names) == 1 and not ends and all(part in _LABELS or not part for part in parts):
        return names[0]
    return None


def _shortened(own: str, task: str) -> str:
    """Without the folders that only say which task it is."""
    for name in (task, task.rpartition("/")[2]):
        if own.startswith(f"{name}/"):
            return own.removeprefix(f"{name}/")
    return own


def _own(name: str, others: Sequence[Submission]) -> str:
    taken = {each.id for each in others}
    number = 2
    made = name
    while made in taken:
        made, number = f"{name}~{number}", number + 1
    return made
