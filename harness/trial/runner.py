"""One trial: a fresh box, solve, verify, reward, in the order of the format's own runner."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from dataclasses import replace

from harness.engine.contract import Engine, Image, Progress, silent
from harness.errors import EngineError, FoolsgoldError, NeedsDocker
from harness.lab.workers import Turn
from harness.task.model import Environment, Format, Task
from harness.trial.harbor import harbor_trial
from harness.trial.record import TrialRecord, Trouble, TroubleKind
from harness.trial.session import Built, Plan, Run, Stop, TimeLimits, known_complaints, limits_from
from harness.trial.terminal_bench import terminal_bench_trial
from harness.verifier.reward import RewardProblem, Rewards

__all__ = ["Built", "Plan", "TimeLimits", "build", "known_complaints", "limits_from", "run_trial"]


def build(engine: Engine, task: Task, progress: Progress = silent) -> Built:
    """Build the task's environment and those of its separate verifiers."""
    start = time.monotonic()
    main, notes = _build(engine, task.environment, progress)
    verifiers = {}
    for step in task.steps:
        if step.verifier.separate is not None:
            verifiers[step.name], more = _build(engine, step.verifier.separate, progress)
            notes += more
    return Built(main, verifiers, time.monotonic() - start, tuple(dict.fromkeys(notes)))


def _build(engine: Engine, environment: Environment, progress: Progress) -> tuple[Image, tuple[str, ...]]:
    recipe = environment.recipe
    if environment.prebuilt is None:
        image = engine.build(recipe, progress)
        return image, image.notes
    try:
        image = engine.build(replace(recipe, dockerfile=None, image=environment.prebuilt), progress)
    except FoolsgoldError as error:
        why = error.message
    else:
        # A stand-in for the prebuilt image would lack what its Dockerfile puts in.
        if image.fidelity == "image":
            return image, image.notes
        why = "it cannot be had here"
    image = engine.build(recipe, progress)
    return image, (f"built from its Dockerfile instead of taking {environment.prebuilt}: {why}", *image.notes)


def run_trial(
    engine: Engine,
    task: Task,
    built: Built,
    plan: Plan,
    *,
    cancel: threading.Event | None = None,
    turn: Turn = nullcontext,
) -> TrialRecord:
    """Run one trial. Whatever happens in the box, or to the engine, is in the record."""
    run = Run(engine, task, built, plan, cancel or threading.Event(), turn)
    runner = harbor_trial if task.format is Format.HARBOR else terminal_bench_trial
    start = time.monotonic()
    rewards: Rewards | RewardProblem | None = None
    trouble: Trouble | None = None
    try:
        rewards = runner(run)
    except Stop as stop:
        trouble, rewards = stop.trouble, stop.rewards
    except NeedsDocker as error:
        trouble = Trouble(TroubleKind.UNSUPPORTED, error.message, error.hint)
    except (EngineError, OSError) as error:
        message = error.message if isinstance(error, EngineError) else str(error)
        hint = error.hint if isinstance(error, EngineError) else ""
        trouble = Trouble(TroubleKind.ENGINE, message, hint)
    return TrialRecord(
        task=task.name,
        kind=plan.kind,
        label=plan.label,
        engine=engine.name,
        fidelity=built.main.fidelity,
        network=plan.networks.any,
        rewards=None if isinstance(rewards, RewardProblem) else rewards,
        problem=rewards if isinstance(rewards, RewardProblem) else None,
        trouble=trouble,
        phases=tuple(run.phases),
        steps=tuple(run.steps),
        seconds=round(time.monotonic() - start - run.waited, 4),
        state=run.state,
        effective=run.effective,
        looked=run.looked,
        image=run.image,
    )
