"""What the chosen mutants of real tasks are: how many requirements they touch, which operators they come from.

`python bench/yield.py CORPUS --static` runs nothing. It prints a row a task (mutants made and chosen, doubles, how many
requirements there are, how many any mutant is linked to and how many a budget touches, the largest share of one
operator, tiers, seconds), then how much of all first budgets each operator gave.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from harness.mutants import StepMutants, Wish, task_mutants
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from mutator.select import TIERS, Chosen


@dataclass(frozen=True, slots=True)
class Row:
    """One step of a task."""

    task: str
    made: int
    chosen: int
    doubles: int
    requirements: int
    reachable: int
    """Requirements that some mutant is linked to."""
    touched: int
    """Those that the chosen ones are linked to."""
    unlinked: int
    """Chosen ones without a requirement."""
    largest: float
    """The share of the operator that gave most."""
    seconds: float
    tiers: dict[str, int] = field(default_factory=dict)
    operators: dict[str, int] = field(default_factory=dict)


def step_row(name: str, step: StepMutants, everything: Iterable[Chosen], seconds: float) -> Row:
    chosen = step.selection.chosen
    operators = Counter(entry.mutant.operator for entry in chosen)
    tiers = Counter(entry.mutant.tier for entry in chosen)
    return Row(
        task=f"{name}, {step.step.name}" if step.step.name else name,
        made=step.generated,
        chosen=len(chosen),
        doubles=len(step.selection.duplicates),
        requirements=len(step.relevance.requirements),
        reachable=len({link.requirement for entry in everything for link in entry.links}),
        touched=len({link.requirement for entry in chosen for link in entry.links}),
        unlinked=sum(not entry.links for entry in chosen),
        largest=max(operators.values(), default=0) / max(len(chosen), 1),
        seconds=round(seconds, 2),
        tiers={tier.value: tiers[tier] for tier in TIERS},
        operators=dict(operators.most_common()),
    )


def rows(paths: Sequence[Path], budget: int) -> Iterable[Row]:
    for task in discover(paths):
        if isinstance(task, Unusable):
            print(f"{task.name}: cannot be read", file=sys.stderr)
            continue
        yield from _task_rows(task, budget)


def _task_rows(task: Task, budget: int) -> Iterable[Row]:
    began = time.process_time()
    steps = task_mutants(task, Wish(budget=budget))
    seconds = (time.process_time() - began) / max(len(steps), 1)
    for step, whole in zip(steps, task_mutants(task, Wish(budget=None)), strict=True):
        yield step_row(task.name, step, whole.selection.chosen, seconds)


def table(found: Sequence[Row]) -> str:
    lines = [f"{'task':44} made chosen doubles  reqs  reach touch unlinked largest coarse/medium/fine     s"]
    for row in [*found, total(found)]:
        tiers = "/".join(str(count) for count in row.tiers.values())
        lines.append(
            f"{row.task[-44:]:44} {row.made:4} {row.chosen:6} {row.doubles:7} {row.requirements:5} {row.reachable:6}"
            f" {row.touched:5} {row.unlinked:8} {row.largest:7.0%} {tiers:>18} {row.seconds:6.2f}"
        )
    return "\n".join(lines)


def total(found: Sequence[Row]) -> Row:
    operators: Counter[str] = Counter()
    tiers: Counter[str] = Counter(dict.fromkeys(TIERS, 0))
    for row in found:
        operators.update(row.operators)
        tiers.update(row.tiers)
    count = max(len(found), 1)
    sums = {
        name: sum(getattr(row, name) for row in found)
        for name in ("made", "chosen", "doubles", "requirements", "reachable", "touched", "unlinked")
    }
    return Row(
        task=f"all {len(found)}",
        largest=sum(row.largest for row in found) / count,
        seconds=sum(row.seconds for row in found) / count,
        tiers=dict(tiers),
        operators=dict(operators.most_common()),
        **sums,
    )


def operator_table(found: Sequence[Row]) -> str:
    every = total(found)
    lines = [f"{'operator':36} chosen  share  tasks"]
    for name, count in every.operators.items():
        tasks = sum(name in row.operators for row in found)
        lines.append(f"{name:36} {count:6} {count / max(every.chosen, 1):6.1%} {tasks:6}")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("corpus", type=Path, nargs="+", help="task folders, or folders of them")
    options.add_argument("--static", action="store_true", help="look at the mutants without running any")
    options.add_argument("--budget", type=int, default=20)
    options.add_argument("--json", action="store_true", help="print JSON")
    told = options.parse_args()
    if not told.static:
        raise SystemExit("Only --static is there: give it.")
    found = list(rows(told.corpus, told.budget))
    if told.json:
        print(json.dumps([asdict(row) for row in [*found, total(found)]], indent=2))
        return
    print(table(found))
    print()
    print(operator_table(found))


if __name__ == "__main__":
    main()
