"""One trial: a fresh box, solve, verify, reward, in the order of the format's own runner."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext

from harness.engine.contract import Engine
from harness.errors import EngineError, NeedsDocker
from harness.task.harbor import HARBOR
from harness.task.model import Task
from harness.task.terminal_bench import TERMINAL_BENCH
from harness.trial.ends import Ends
from harness.trial.harbor import harbor_trial
from harness.trial.plan import Begun, Built, Plan, Ready, Turn
from harness.trial.record import TrialRecord, Trouble, TroubleKind
from harness.trial.session import Session, Stop
from harness.trial.terminal_bench import terminal_bench_trial
from harness.verifier.reward import RewardProblem, Rewards

RUNNERS: Mapping[str, Callable[[Session], Rewards | RewardProblem]] = {
    HARBOR.name: harbor_trial,
    TERMINAL_BENCH.name: terminal_bench_trial,
}
"""How each format's own runner runs a trial."""


def run_trial(
    engine: Engine,
    task: Task,
    built: Built,
    plan: Plan,
    *,
    cancel: threading.Event | None = None,
    turn: Turn = nullcontext,
    ready: Ready | None = None,
    ends: Ends | None = None,
    begun: Begun | None = None,
) -> TrialRecord:
    """Session one trial. Whatever happens in the box, or to the engine, is in the record."""
    session = Session(engine, task, built, plan, cancel or threading.Event(), turn, ready, ends, begun)
    start = time.monotonic()
    rewards: Rewards | RewardProblem | None = None
    trouble: Trouble | None = None
    try:
        rewards = RUNNERS[task.format.name](session)
    except Stop as stop:
        trouble, rewards = stop.trouble, stop.rewards
    except NeedsDocker as error:
        trouble = Trouble(TroubleKind.UNSUPPORTED, task.told(error.message), task.told(error.hint))
    except (EngineError, OSError) as error:
        trouble = _of_engine(task, error)
    record = TrialRecord(
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
        phases=tuple(session.phases),
        steps=tuple(session.steps),
        seconds=round(time.monotonic() - start - session.waited, 4),
        state=session.state,
        effective=session.effective,
        looked=session.looked,
        notes=session.notes,
        image=session.image,
        observed=session.observed,
        observed_before=tuple(session.observed_before),
        recorded=session.recorded,
        claims=session.claims,
        waited=round(session.waited, 4),
        end=session.end.digest if session.end is not None else "",
        same_as=session.same_as,
        begun=session.done,
        not_begun=session.not_begun,
        not_reused=session.not_reused,
        asked=tuple(session.asked),
    )
    if ends is not None and session.end is not None and not record.same_as:
        ends.put(session.end, plan, record)
    return record


def _of_engine(task: Task, error: EngineError | OSError) -> Trouble:
    message, hint = (error.message, error.hint) if isinstance(error, EngineError) else (str(error), "")
    return Trouble(TroubleKind.ENGINE, task.told(message), task.told(hint))
