"""What the main box of several left says nothing of what its sidecars hold, so no verdict rests on it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harness.judging.effects
import harness.lab.workers
import harness.stages.effects
from harness.engine.contract import Engine
from harness.judging.outcome import OutcomeKind
from harness.task.model import Task
from harness.trial.end_state import EndState
from harness.trial.plan import Built, LeftBehind, Observe, Plan
from harness.trial.record import TrialRecord
from harness.trial.runner import run_trial
from harness.trial.watching.calls import Observed
from tests.harness.tasks import harbor
from tests.harness.test_audit import INSTRUCTION, SOLUTION, engine_looking_at, only, run

COMPOSE = "services:\n  side:\n    image: x\n    healthcheck: {test: 'true'}\n"


def outcomes(folder: Path, sees: Mapping[Any, Mapping[str, Any]], compose: str | None) -> set[OutcomeKind]:
    """What becomes of variants that are paid. `sees`: what a trial with that purpose shows."""

    def seeing(engine: Engine, found: Task, built: Built, plan: Plan, **more: Any) -> TrialRecord:
        record = run_trial(engine, found, built, plan, **more)
        return replace(record, **sees.get(type(plan.purpose), {}))

    files = {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION, "environment/docker-compose.yaml": compose}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness.lab.workers, "run_trial", seeing)
        found = run(engine_looking_at("debug", "hosts"), [harbor(folder / "task", files)], folder / "run")
    return {one.outcome.kind for one in only(found).mutants} - {OutcomeKind.KILLED}


def test_no_variant_is_equivalent_by_the_main_box_alone(tmp_path: Path) -> None:
    sees = {LeftBehind: {"state": EndState({"/app/settings.json": "f 644"})}}
    assert outcomes(tmp_path / "alone", sees, None) == {OutcomeKind.EQUIVALENT}
    assert outcomes(tmp_path / "beside", sees, COMPOSE) == {OutcomeKind.SURVIVED}


def test_no_variant_is_harmless_by_the_main_box_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = harness.judging.effects.Measured(harmless="it is all the same")
    monkeypatch.setattr(harness.stages.effects, "measure", lambda *_: harmless)
    sees = {Observe: {"observed": Observed(EndState({"/app/settings.json": "f 644"}))}}
    assert outcomes(tmp_path / "alone", sees, None) == {OutcomeKind.HARMLESS}
    assert outcomes(tmp_path / "beside", sees, COMPOSE) == {OutcomeKind.SURVIVED}
