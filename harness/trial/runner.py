"""One trial: a fresh box, solve, verify, reward, in the order of the format's own runner."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

from harness.engine.contract import Engine
from harness.errors import EngineError, NeedsDocker
from harness.task.model import Format, Task
from harness.trial.harbor import harbor_trial
from harness.trial.plan import Built, Plan, Turn
from harness.trial.record import TrialRecord, Trouble, TroubleKind
from harness.trial.session import Run, Stop
from harness.trial.terminal_bench import terminal_bench_trial
from harness.verifier.reward import RewardProblem, Rewards


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
        run=plan.run,
        purpose=plan.purpose.name,
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
