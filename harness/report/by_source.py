"""How many paid trials of each source of a dataset had tests that did not pass, or a verifier that was ended. Pure.

A source is the folder, archive or registry that tasks lie in, as their names tell; of a sample by a column, its value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from harness.judging.strength import wilson

WAYS: Mapping[str, str] = {
    "paid-though-failed": "failed",
    "paid-though-skipped": "skipped",
    "paid-though-none-ran": "none_ran",
}
"""Finding -> how a source's row names the paid trials that show it."""
ENDED: Mapping[str, str] = {"early-exit": "early_exit", "reward-written-first": "written_first"}
"""The same of attacks on the reward, by their ids: what ends the tests, or the verifier, before it has looked."""
KEYS = (*WAYS.values(), *ENDED.values())

_NOT_COUNTED = {"all": 0, **dict.fromkeys(KEYS, 0)}
"""Of tasks in runs from before they were."""


def source_of(name: str, path: str, groups: Mapping[str, str] | None = None) -> str:
    """`groups`: task -> its stratum, where a sample was drawn by something else than where tasks lie."""
    return (groups or {}).get(name) or name.rpartition("/")[0] or PurePath(path).parent.name or path


@dataclass(slots=True)
class _Source:
    tasks: int = 0
    measured: int = 0
    trials: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)


def by_source(tasks: Iterable[Mapping[str, Any]], sample: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A row for each source, those with most to say first. A task is measured where a variant of it was paid and the
    reference's tests are known, or an attack of `ENDED` was; the interval is over tasks, because the trials of one are
    alike."""
    groups = sample["groups"] if sample is not None and sample["by"] is not None else None
    found: dict[str, _Source] = {}
    for task in tasks:
        source = found.setdefault(source_of(task["name"], task.get("path", ""), groups), _Source())
        paid = {**_NOT_COUNTED, **task.get("paid_trials", {})}
        source.tasks += 1
        source.measured += paid["all"] > 0
        source.trials.update(paid)
        if any(paid[way] for way in KEYS):
            source.found.append(task["name"])
    rows = [_row(name, source) for name, source in found.items()]
    return sorted(rows, key=lambda row: (-(row["share"] or 0), row["source"]))


def _row(name: str, source: _Source) -> dict[str, Any]:
    low, high = wilson(len(source.found), source.measured) if source.measured else (None, None)
    return {
        "source": name,
        "audited": source.tasks,
        "measured": source.measured,
        "tasks": source.found,
        "share": round(len(source.found) / source.measured, 4) if source.measured else None,
        "low": None if low is None else round(low, 4),
        "high": None if high is None else round(high, 4),
        "paid_trials": {key: source.trials[key] for key in ("all", *KEYS)},
    }
