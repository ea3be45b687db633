"""Whether trials that go on from what the tests' preparation left end as those that do everything themselves.

    python bench/reuse_equal.py TASK... --mutants 6 --write-to rows.tsv

Of each task whose tests install something that can be kept, the reference, doing nothing and some variants run twice on
one engine: plainly, and on what was kept. Reward, outcome and the result of every single test have to be the same.
`tests` is what the tests' script takes where nothing is left to install; `cost` is the whole trial but for the
solution's own time. The command ends with status 1 where any trial ended otherwise.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions
from harness.errors import FoolsgoldError
from harness.judging.outcome import Shown, showing
from harness.judging.reuse import differs
from harness.mutants import Wish, task_mutants
from harness.stages.mutants import mutants_of
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.build import build
from harness.trial.plan import Judge, Means, Plan, Ready
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.trial.recording import make_ready, preparation_in
from harness.trial.runner import run_trial

KEPT = frozenset({Means.PREPARATION})
AT_MOST, BESIDES = 1.3, 0.05
"""Times what the tests take, and seconds more."""


@dataclass(frozen=True)
class Pair:
    plain: TrialRecord
    other: TrialRecord

    @property
    def difference(self) -> str:
        return differs(self.plain, self.other) if self.other.prepared else ""


def plans(task: Task, most: int) -> Iterator[Plan]:
    network = Networks(True, True)
    yield Plan(Kind.REFERENCE, networks=network)
    yield Plan(Kind.NOP, networks=network)
    for each in list(mutants_of(task, task_mutants(task, Wish(budget=most)))):
        yield Plan(Kind.MUTANT, each.result.label, each.replacement, network)


def compare(engine: Engine, task: Task, most: int) -> list[Pair] | str:
    """Or why there is nothing to compare."""
    if preparation_in(task) is None:
        return "nothing of its tests can be kept"
    built = build(engine, task)
    pairs: list[Pair] = []
    ready: Ready | None = None
    for plan in plans(task, most):
        plain = run_trial(engine, task, built, plan)
        if ready is None:
            if showing(plain).shown is not Shown.PAID:
                return f"its reference is not paid here: {showing(plain).why or plain.rewards}"
            made = make_ready(engine, task, built, plan.networks, cancel=threading.Event(), turn=nullcontext)
            if isinstance(made, str):
                return made
            ready = made
            print(f"    kept in {ready.seconds:.1f} s, {ready.kept.size >> 20} MB", flush=True)
        other = run_trial(engine, task, built, replace(plan, purpose=Judge(reuse=KEPT)), ready=ready)
        pair = Pair(plain, other)
        pairs.append(pair)
        said = f"DIFFERENT: {pair.difference}" if pair.difference else other.not_reused
        print(
            f"    {plan.kind} {plan.label}: {_took(plain)} -> {_took(other)} {showing(plain).shown} {said}", flush=True
        )
    return pairs


def _took(record: TrialRecord) -> str:
    phases = (PhaseName.START, PhaseName.SOLVE, PhaseName.PREPARE, PhaseName.VERIFY)
    return "+".join(f"{record.seconds_of(name):.2f}" for name in phases) + f"={record.seconds:.2f}"


def cost(record: TrialRecord) -> float:
    return record.seconds - record.seconds_of(PhaseName.SOLVE)


def row(name: str, pairs: list[Pair]) -> str:
    reused = [pair.other for pair in pairs if pair.other.prepared]
    same = sum(not pair.difference for pair in pairs)
    plain = statistics.median(cost(pair.plain) for pair in pairs)
    middle = [f"{plain:.2f}"]
    if reused:
        tests = statistics.median(one.seconds_of(PhaseName.VERIFY) for one in reused)
        costs = statistics.median(cost(one) for one in reused)
        middle += [f"{costs:.2f}", f"{tests:.2f}", "yes" if costs <= AT_MOST * tests + BESIDES else "no"]
    return "\t".join([name, f"{same} of {len(pairs)}", str(len(reused)), *middle])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", type=Path)
    parser.add_argument("--mutants", type=int, default=6)
    parser.add_argument("--image", action="append", default=[], metavar="FROM=BASE")
    parser.add_argument("--engine", choices=("bwrap", "docker"), default="bwrap")
    parser.add_argument("--write-to", type=Path)
    options = parser.parse_args()
    images = dict(one.split("=", 1) for one in options.image)
    different = 0
    print("task\tsame\tgo on\tplain s\tcost s\ttests s\twithin the bar", flush=True)
    with make_engine(options.engine, EngineOptions(images=images)) as engine:
        for task in discover(options.tasks):
            if not isinstance(task, Task):
                continue
            print(f"{task.name}", flush=True)
            try:
                found = compare(engine, task, options.mutants)
            except FoolsgoldError as error:
                found = error.message
            if isinstance(found, str):
                print(f"    left out: {found}", flush=True)
                continue
            different += sum(bool(pair.difference) for pair in found)
            line = row(task.name, found)
            print(line, flush=True)
            if options.write_to is not None:
                with options.write_to.open("a") as file:
                    file.write(line + "\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
