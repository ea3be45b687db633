"""Which of the broken variants that were paid to look at first, over all tasks of a report and of one."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

TOGETHER = 2
"""Survivors of one requirement that come before those of the next."""
TIERS = ("coarse", "medium", "fine")

Rank = tuple[int, bool, bool, int, float]
"""The lower, the earlier. Survivors of one rank keep the order of their tasks."""


def ranked(task: Mapping[str, Any]) -> list[tuple[Rank, dict[str, Any]]]:
    """A task's survivors, each with its rank among those of all tasks: what breaks a stated requirement most surely
    comes first, and no requirement takes all the first places."""
    by_ref = {mutant["ref"]: mutant for mutant in task["mutants"]}
    found = sorted((by_ref[ref] for ref in task["survivors"]), key=_weight)
    seen: Counter[int | None] = Counter()
    ranks = []
    for mutant in found:
        line = mutant["requirement"]["line"] if mutant["requirement"] else None
        ranks.append(((seen[line] // TOGETHER, *_weight(mutant)), mutant))
        seen[line] += 1
    return sorted(ranks, key=lambda pair: pair[0])


def _weight(mutant: Mapping[str, Any]) -> tuple[bool, bool, int, float]:
    """One whose effect nobody saw comes after those that show it."""
    unseen = not (mutant["effect"] or {}).get("measured", True)
    return mutant["requirement"] is None, unseen, TIERS.index(mutant["tier"]), -mutant["relevance"]


def worst(report: Mapping[str, Any], most: int) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], int]:
    """The first survivors of a report with their tasks, and how many survivors there are."""
    count = 0

    def every() -> Iterator[tuple[Rank, int, dict[str, Any], dict[str, Any]]]:
        nonlocal count
        for task in report["tasks"]:
            for rank, mutant in ranked(task):
                yield rank, count, task, mutant
                count += 1

    found = heapq.nsmallest(most, every(), key=lambda one: one[:2])
    return [(task, mutant) for _, _, task, mutant in found], count
