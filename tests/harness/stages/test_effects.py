"""From a survivor to its effect in the report, through a whole audit on an engine without boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harness.judging.effects
import harness.lab.workers
import harness.stages.effects
from harness.engine.contract import Engine
from harness.judging.outcome import OutcomeKind
from harness.report.listing import run_listing
from harness.stages.result import MutantResult
from harness.task.model import Task
from harness.trial.plan import Built, Observe, Plan
from harness.trial.record import Kind, TrialRecord
from harness.trial.runner import run_trial
from harness.trial.watching.calls import Call, Observed
from tests.harness.test_audit import Found, engine_looking_at, only, run, task

SAID = Call("run", "/app/get port", "t", ("/app/get", "port"), status=0, out="8080")
See = Callable[[Plan], Observed | None]


def audited(folder: Path, monkeypatch: pytest.MonkeyPatch, see: See, *, paid: bool = True) -> Found:
    """`see`: what is observed in each trial that is observed."""

    def observed_trial(engine: Engine, found: Task, built: Built, plan: Plan, **more: Any) -> TrialRecord:
        record = run_trial(engine, found, built, plan, **more)
        if not isinstance(plan.purpose, Observe):
            return record
        return replace(record, observed=see(plan), rewards=record.rewards if paid else {"reward": 0.0})

    monkeypatch.setattr(harness.lab.workers, "run_trial", observed_trial)
    return run(engine_looking_at("debug", "hosts"), [task(folder)], folder / "run")


def survivors(found: Found) -> list[MutantResult]:
    return [one for one in only(found).mutants if one.effect is not None]


def mutant_says(out: str) -> See:
    return lambda plan: Observed(None, None, (replace(SAID, out=out if plan.kind is Kind.MUTANT else "8080"),))


def test_a_survivor_is_reported_with_its_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = audited(tmp_path, monkeypatch, mutant_says("8081"))
    assert survivors(found)
    assert all(one.outcome.kind is OutcomeKind.SURVIVED for one in survivors(found))
    report = found.report()
    (told,) = report["tasks"]
    effects = [mutant["effect"] for mutant in told["mutants"] if mutant["outcome"] == "survived"]
    expected = {
        "measured": True,
        "input": "/app/get port",
        "expected": "prints `8080`",
        "got": "prints `8081`",
        "others": 0,
    }
    assert effects == [expected] * len(effects)
    assert "  expected: prints `8080`\n" in run_listing(report)
    assert all(mutant["effect"] is None for mutant in told["mutants"] if mutant["outcome"] != "survived")


def test_a_survivor_without_a_difference_that_matters_is_in_no_score_and_in_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def see(plan: Plan) -> Observed:
        return mutant_says("8081")(plan) or Observed()

    monkeypatch.setattr(
        harness.stages.effects, "measure", lambda *_: harness.judging.effects.Measured(harmless="it is all the same")
    )
    found = audited(tmp_path, monkeypatch, see)
    audit = only(found)
    assert {one.outcome.kind for one in survivors(found)} == {OutcomeKind.HARMLESS}
    assert {one.outcome.why for one in survivors(found)} == {"it is all the same"}
    assert audit.strength is not None
    assert audit.strength.by_outcome["harmless"] == len(survivors(found))
    assert audit.strength.by_outcome["survived"] == 0
    assert audit.strength.share.value == 1.0
    assert not [each for each in audit.findings if "untested" in each.id or "undertested" in each.id]
    listed = run_listing(found.report())
    assert "with no difference that matters" in listed
    assert "    it is all the same\n" in listed


@pytest.mark.parametrize(
    ("see", "paid"),
    [
        (lambda _plan: None, True),
        (lambda _plan: Observed(), True),
        (mutant_says("8080"), True),
        # The recorder changed what is paid: what the tests called then tells nothing.
        (mutant_says("8081"), False),
        (lambda plan: Observed(None, None, (SAID,)) if plan.kind is Kind.REFERENCE else None, True),
    ],
)
def test_where_no_effect_is_seen_the_report_says_so_and_it_stays_a_survivor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, see: See, paid: bool
) -> None:
    found = audited(tmp_path, monkeypatch, see, paid=paid)
    assert {one.outcome.kind for one in survivors(found)} == {OutcomeKind.SURVIVED}
    assert "no effect could be measured" in run_listing(found.report())


def test_only_survivors_are_observed_and_the_reference_no_more_than_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    def see(plan: Plan) -> Observed | None:
        plans.append(plan)
        return mutant_says("8081")(plan)

    found = audited(tmp_path, monkeypatch, see)
    assert [plan.kind for plan in plans].count(Kind.REFERENCE) == 2
    assert sorted(plan.label for plan in plans if plan.kind is Kind.MUTANT) == sorted(
        one.label for one in survivors(found)
    )
