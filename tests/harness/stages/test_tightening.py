"""Tightening runs: when there are any, of what, and that none of them is ever judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import pytest

from harness.findings.permissive import Tightened
from harness.judging.outcome import Baseline, Outcome, OutcomeKind
from harness.lab.lab import Place
from harness.mutants import StepMutants, Wish, task_mutants
from harness.stages.mutants import Terms, mutants_of
from harness.stages.result import MutantResult
from harness.stages.tightening import MOST_WITNESSES, rewritten, tighten
from harness.task.model import Task
from harness.task.network import Networks
from harness.trial.plan import Plan, TightenTests, TimeLimits
from harness.trial.record import Kind, TrialRecord
from harness.trial.watching.noted import Noted, Notes
from tests.harness.tasks import harbor, terminal_bench

T = TypeVar("T")
INSTRUCTION = (
    "Write the sum of the orders to `/app/sum.txt`, the mean to `/app/mean.txt` and the count to `/app/count.txt`."
)
SOLVE = """\
#!/bin/bash
cat > /app/orders.py <<'EOF'
from pathlib import Path
orders = [3, 4, 5]
Path("/app/sum.txt").write_text(f"sum: {sum(orders)}")
Path("/app/mean.txt").write_text(f"mean: {sum(orders) / len(orders)}")
Path("/app/count.txt").write_text(f"count: {len(orders)}")
EOF
python3 /app/orders.py
"""
TEST = """\
from pathlib import Path


def test_sum():
    assert "sum" in Path("/app/sum.txt").read_text()
"""
RUN = "#!/bin/bash\npytest /tests\n"
FILES = {
    "instruction.md": INSTRUCTION,
    "solution/solve.sh": SOLVE,
    "tests/test.sh": RUN,
    "tests/test_out.py": TEST,
}
TERMS = Terms(Baseline({"reward": 1.0}, {}), Networks(), frozenset(), TimeLimits(), TimeLimits())


class Box:
    """Stands for a task's place: keeps the plans, and answers each with what an assertion saw."""

    def __init__(self, task: Task, begun: bool = True) -> None:
        self.task, self.urgent, self.begun = task, 0, begun
        self.plans: list[Plan] = []

    async def think(self, work: Callable[[], T]) -> T:
        return work()

    def doing(self, what: str) -> None:
        pass

    async def trial(self, plan: Plan, rank: int) -> TrialRecord:
        self.plans.append(plan)
        seen = (Noted("", "t", 0, (str(plan.kind),)),) if self.begun else ()
        return TrialRecord(self.task.name, plan.kind, notes=Notes(self.begun, seen, (("", "t"),)))


def tried(task: Task, kind: OutcomeKind) -> tuple[list[StepMutants], list[MutantResult]]:
    steps = task_mutants(task, Wish(budget=20))
    return steps, [replace(each.result, outcome=Outcome(kind)) for each in mutants_of(task, steps)]


def run(task: Task, kind: OutcomeKind = OutcomeKind.SURVIVED, *, begun: bool = True) -> tuple[Tightened, list[Plan]]:
    steps, results = tried(task, kind)
    box = Box(task, begun)
    found = asyncio.run(tighten(cast(Place, box), steps, TERMS, results, ()))
    return found, box.plans


@pytest.mark.parametrize("make", [harbor, terminal_bench])
def test_the_reference_runs_twice_and_right_and_paid_variants_once_and_none_is_judged(
    make: Callable[..., Task], tmp_path: Path
) -> None:
    files = FILES if make is harbor else {"solution.sh": SOLVE, "run-tests.sh": RUN, "tests/test_outputs.py": TEST}
    task = make(tmp_path / "t", files)
    task = replace(task, steps=tuple(replace(step, instruction=INSTRUCTION) for step in task.steps))
    found, plans = run(task)
    kinds = [plan.kind for plan in plans]
    assert kinds.count(Kind.REFERENCE) == 2
    assert 1 <= kinds.count(Kind.PROBE) <= 3
    assert 1 <= kinds.count(Kind.MUTANT) <= MOST_WITNESSES
    assert {plan.purpose.name for plan in plans} == {"tighten tests"}
    assert len({plan.key for plan in plans}) == len(plans)
    assert (len(found.reference), len(found.right)) == (2, kinds.count(Kind.PROBE))
    assert {one.values[("", "t", 0)] for one in found.witnesses} == {("mutant",)}
    indexes = [one.requirement.index for one in found.witnesses]
    different = set(indexes)
    assert set(indexes[: len(different)]) == different, "one of every requirement comes first"


def test_without_a_survivor_that_breaks_what_is_stated_nothing_runs(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", FILES)
    assert run(task, OutcomeKind.KILLED) == (Tightened(), [])
    assert run(task, OutcomeKind.EQUIVALENT) == (Tightened(), [])


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("def test_it():\n    assert open('/app/sum.txt').read() == 'sum: 12'\n", id="nothing is loose"),
        pytest.param("def test_it(:\n", id="no Python"),
    ],
)
def test_where_nothing_can_be_tightened_nothing_runs(test: str, tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {**FILES, "tests/test_out.py": test})
    assert run(task) == (Tightened(), [])


def test_where_the_plugin_is_not_loaded_one_run_is_enough(tmp_path: Path) -> None:
    found, plans = run(harbor(tmp_path / "t", FILES), begun=False)
    assert (found, len(plans)) == (Tightened(), 1)


def test_a_test_is_rewritten_at_its_place_below_tests(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {**FILES, "tests/deep/test_more.py": TEST, "tests/data.py": "x = 1\n"})
    files, assertions = rewritten(task)
    assert sorted(files[""]) == ["deep/test_more.py", "test_out.py"]
    assert all(b"foolsgold_lines(" in data for data in files[""].values())
    assert len(assertions[""]) == 2
    plan = Plan(Kind.REFERENCE, purpose=TightenTests(files))
    assert plan.key.purpose == "tighten tests"
