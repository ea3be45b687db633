"""What stopping early would have saved in audits that ran to their end, and how often it would have said another word.

    python bench/until_sure.py RUN...

Nothing runs: the outcomes of each task's variants are drawn again in many orders, and each order stops where an audit
with `--until-sure always` would. A task whose verdict does not come from its variants is left out. It ends with 1 where
more verdicts change than are promised.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.judging.outcome import Outcome, OutcomeKind
from harness.judging.strength import Judged, Thresholds, Verdict, strength, verdict
from harness.judging.sure import BetsOnAll
from harness.report.read import read_report
from mutator.model import FaultClass

ORDERS = 100


@dataclass(frozen=True, slots=True)
class Drawn:
    name: str
    word: Verdict
    of: int
    ran: float
    """In the mean of all orders."""
    changed: float
    """Share of the orders that end in another word."""


def replayed(task: Mapping[str, Any], terms: Thresholds) -> Drawn | None:
    every = [_judged(mutant) for mutant in task["mutants"]]
    word, _ = verdict(strength(every), terms)
    if not every or task["verdict"] != word:
        return None
    ran, changed = 0, 0
    for seed in range(ORDERS):
        order = random.Random(seed).sample(every, len(every))
        many, said = _until_sure(order, terms)
        ran += many
        changed += said is not word
    return Drawn(task["name"], word, len(every), ran / ORDERS, changed / ORDERS)


def _until_sure(order: list[Judged], terms: Thresholds) -> tuple[int, Verdict]:
    bets = BetsOnAll([one.requirement for one in order], terms)
    for one in order:
        if bets.add(one, stated=one.requirement is not None):
            break
    return len(bets.ran), verdict(strength(bets.ran), terms)[0]


def _judged(mutant: Mapping[str, Any]) -> Judged:
    requirement = mutant["requirement"]
    name = f"{mutant['step']}/{requirement['line']}/{requirement['text']}" if requirement else None
    outcome = Outcome(OutcomeKind(mutant["outcome"]), gap=mutant["gap"] or 0.0)
    return Judged(mutant["id"], FaultClass(mutant["fault"]), outcome, name)


def all_of(runs: list[Path]) -> Iterator[Drawn]:
    for run in runs:
        report = read_report(run)
        for task in report["tasks"]:
            terms = Thresholds(**{**task["thresholds"], "sure": task["thresholds"].get("sure", 0.95)})
            if (drawn := replayed(task, terms)) is not None:
                yield drawn


def main() -> int:
    found = list(all_of([Path(each) for each in sys.argv[1:]]))
    if not found:
        print("no task with a verdict from its variants")
        return 2
    for one in found:
        print(f"{one.name[:50]:50}  {one.word:10}  {one.ran:6.1f} of {one.of:3}  {one.changed:4.0%} another word")
    ran, of = sum(one.ran for one in found), sum(one.of for one in found)
    changed = sum(one.changed for one in found) / len(found)
    print(f"{len(found)} tasks, {ORDERS} orders each: {ran / of:.0%} of {of} variants run, {changed:.1%} another word")
    return int(changed > 0.05)


if __name__ == "__main__":
    raise SystemExit(main())
