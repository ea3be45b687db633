"""What mutants of real tasks are worth: which they are, and with an audit what came of them.

`python bench/yield.py CORPUS --static` runs nothing. It prints a row a task (mutants made and chosen, doubles, how many
requirements there are, how many any mutant is linked to and how many a budget touches, the largest share of one
operator, tiers, seconds), then how much of all first budgets each operator gave.

`python bench/yield.py CORPUS -o RUN` audits the tasks into a run folder; `--run RUN...` only reads some. It prints a
row a task (mutants tried, distinct sets of tests that caught one, as broken as doing nothing, equivalent, paid,
requirements touched), then what each operator gave for its share of the trials. `--write FILE` keeps the latter for
docs/operators.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import foolsgold
from harness.mutants import StepMutants, Wish, task_mutants
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from mutator.select import TIERS
from mutator.worth import Chosen


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
    served: int
    """Requirements that the solution visibly serves."""
    covered: int
    """Those of them that are the first link of a chosen one."""
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
    served = set(step.relevance.served)
    return Row(
        task=f"{name}, {step.step.name}" if step.step.name else name,
        made=step.generated,
        chosen=len(chosen),
        doubles=len(step.selection.duplicates),
        requirements=len(step.relevance.requirements),
        reachable=len({link.requirement for entry in everything for link in entry.links}),
        touched=len({link.requirement for entry in chosen for link in entry.links}),
        served=len(served),
        covered=len(served & {entry.links[0].requirement for entry in chosen if entry.links}),
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
    lines = [
        f"{'task':44} made chosen doubles  reqs  reach touch served cover unlinked largest coarse/medium/fine     s"
    ]
    for row in [*found, total(found)]:
        tiers = "/".join(str(count) for count in row.tiers.values())
        lines.append(
            f"{row.task[-44:]:44} {row.made:4} {row.chosen:6} {row.doubles:7} {row.requirements:5} {row.reachable:6}"
            f" {row.touched:5} {row.served:6} {row.covered:5} {row.unlinked:8} {row.largest:7.0%} {tiers:>18}"
            f" {row.seconds:6.2f}"
        )
    return "\n".join(lines)


def total(found: Sequence[Row]) -> Row:
    operators: Counter[str] = Counter()
    tiers: Counter[str] = Counter(dict.fromkeys(TIERS, 0))
    for row in found:
        operators.update(row.operators)
        tiers.update(row.tiers)
    count = max(len(found), 1)
    counted = "made chosen doubles requirements reachable touched served covered unlinked".split()
    return Row(
        task=f"all {len(found)}",
        largest=sum(row.largest for row in found) / count,
        seconds=sum(row.seconds for row in found) / count,
        tiers=dict(tiers),
        operators=dict(operators.most_common()),
        **{name: sum(getattr(row, name) for row in found) for name in counted},
    )


def operator_table(found: Sequence[Row]) -> str:
    every = total(found)
    lines = [f"{'operator':36} chosen  share  tasks"]
    for name, count in every.operators.items():
        tasks = sum(name in row.operators for row in found)
        lines.append(f"{name:36} {count:6} {count / max(every.chosen, 1):6.1%} {tasks:6}")
    return "\n".join(lines)


# --- what came of them


@dataclass(slots=True)
class Came:
    """What came of the mutants of a task, or of an operator."""

    tried: int = 0
    """Those that showed anything: neither invalid nor an error."""
    signatures: int = 0
    """Distinct sets of tests that caught one, without those that doing nothing would fail as well; of an operator those
    that no mutant before it in its task had."""
    idle: int = 0
    """Caught as if nothing were done."""
    equivalent: int = 0
    """As the reference, or other than it in nothing that matters."""
    paid: int = 0
    requirements: int = 0
    touched: int = 0

    def add(self, other: Came) -> None:
        for name in Came.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def came_of(task: Mapping[str, Any]) -> tuple[Came, dict[str, Came]]:
    """Of one task of a report: in all, and by operator."""
    every, by_operator = Came(), defaultdict[str, Came](Came)
    tests = task["tests"]
    seen: set[tuple[str, ...]] = set()
    for mutant in task["mutants"]:
        outcome = mutant["outcome"]
        if outcome in ("error", "invalid"):
            continue
        came = Came(
            tried=1,
            idle=int(outcome == "idle"),
            equivalent=int(outcome in ("equivalent", "harmless")),
            paid=int(outcome in ("survived", "partial")),
        )
        if outcome in ("killed", "timeout"):
            told = next((run["tests"] for run in mutant["runs"] if run["tests"]), None) or ""
            failed = {test for test, letter in zip(tests, told, strict=False) if letter not in "P-"}
            signature = tuple(sorted(failed)) if told else (mutant["why"] or outcome,)
            came.signatures = int(signature not in seen)
            seen.add(signature)
        every.add(came)
        by_operator[mutant["operator"]].add(came)
    stated = [requirement for step in task["steps"] for requirement in step["requirements"]]
    every.requirements, every.touched = len(stated), sum(bool(one["mutants"]) for one in stated)
    return every, dict(by_operator)


def came_table(tasks: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"{'task':44} tried signatures  idle  equal  paid  touched of requirements"]
    every = Came()
    for task in tasks:
        if task["mutants"]:
            came, _ = came_of(task)
            every.add(came)
            lines.append(_came_line(task["name"], came))
        else:
            lines.append(f"{task['name'][-44:]:44} {task['verdict']}: {task['why']}"[:120])
    return "\n".join([*lines, _came_line("all", every)])


def _came_line(name: str, came: Came) -> str:
    of = max(came.tried, 1)
    return (
        f"{name[-44:]:44} {came.tried:5} {came.signatures:10} {came.idle / of:5.0%} {came.equivalent / of:6.0%}"
        f" {came.paid:5} {came.touched / max(came.requirements, 1):8.0%} {came.requirements:15}"
    )


def by_operator(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Came]:
    """Those that gave most first."""
    found = defaultdict[str, Came](Came)
    for task in tasks:
        for name, came in came_of(task)[1].items():
            found[name].add(came)
    return dict(sorted(found.items(), key=lambda item: (-item[1].signatures - item[1].paid, item[1].tried, item[0])))


def came_operators(found: Mapping[str, Came]) -> str:
    trials = max(sum(came.tried for came in found.values()), 1)
    gave = max(sum(came.signatures + came.paid for came in found.values()), 1)
    lines = [f"{'operator':36} tried  of trials  signatures  paid  of the yield  idle  equal"]
    for name, came in found.items():
        share = (came.signatures + came.paid) / gave
        lines.append(
            f"{name:36} {came.tried:5} {came.tried / trials:10.1%} {came.signatures:11} {came.paid:5} {share:13.1%}"
            f" {came.idle:5} {came.equivalent:6}"
        )
    return "\n".join(lines)


def write(path: Path, tasks: Sequence[Mapping[str, Any]], how: str) -> None:
    measured: dict[str, Any] = {
        "made by": f"python bench/yield.py {how} --write harness/commands/yields.json",
        "tasks": sum(bool(task["mutants"]) for task in tasks),
        "operators": {
            name: {key: getattr(came, key) for key in ("tried", "signatures", "idle", "equivalent", "paid")}
            for name, came in sorted(by_operator(tasks).items())
        },
    }
    rows = ",\n".join(f'    "{name}": {json.dumps(each)}' for name, each in measured.pop("operators").items())
    head = "".join(f'  "{name}": {json.dumps(value)},\n' for name, value in measured.items())
    path.write_text(f'{{\n{head}  "operators": {{\n{rows}\n  }}\n}}\n')


def run(options: argparse.Namespace) -> None:
    if options.run:
        reports = [foolsgold.report(run) for run in options.run]
    else:
        settings = {"probe": ["none"], "repeat": 1}
        report = foolsgold.audit(
            options.corpus, options.output, engine=options.engine, budget=options.budget, jobs=options.jobs,
            settings=settings,
        )  # fmt: skip
        reports = [report]
    by_digest = {task["digest"]: task for report in reports for task in report.document["tasks"]}
    tasks = list(by_digest.values())
    print(came_table(tasks))
    print()
    print(came_operators(by_operator(tasks)))
    if options.write:
        budget = reports[0].document["options"]["budget"]
        write(options.write, tasks, "--run RUN..." if options.run else f"CORPUS -o RUN --budget {budget}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="*", help="task folders, or folders of them")
    parser.add_argument("--static", action="store_true", help="look at the mutants without running any")
    parser.add_argument("-o", "--output", type=Path, default=Path("yield-run"), help="the run folder of the audits")
    parser.add_argument("--run", type=Path, nargs="+", help="read these run folders, and run nothing")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep what each operator gave")
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="with --static: print JSON")
    options = parser.parse_args()
    if not options.static:
        run(options)
        return
    found = list(rows(options.corpus, options.budget))
    if options.json:
        print(json.dumps([asdict(row) for row in [*found, total(found)]], indent=2))
        return
    print(table(found))
    print()
    print(operator_table(found))


if __name__ == "__main__":
    main()
