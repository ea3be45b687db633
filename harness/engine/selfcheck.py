"""The contract's self-check on a real engine: `foolsgold doctor` shows its results, and the tests require them.

A check that cannot run here is "not measured", with a reason; it never counts as passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.engine.checks import CHECKS, CheckedEngine, CheckFailed, NotMeasured
from harness.engine.contract import Engine, Image


class CheckOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class CheckResult:
    name: str
    outcome: CheckOutcome
    reason: str
    seconds: float


def run_selfcheck(
    engine: Engine, image: Image, *, names: Sequence[str] = (), on_result: Callable[[CheckResult], None] | None = None
) -> list[CheckResult]:
    """Run the checks (or those called `names`) on boxes of `image`, which needs a shell and coreutils."""
    results = []
    for name in names or CHECKS:
        result = _run_one(name, CheckedEngine(engine, image))
        results.append(result)
        if on_result is not None:
            on_result(result)
    return results


def _run_one(name: str, scene: CheckedEngine) -> CheckResult:
    began = time.monotonic()
    outcome, reason = CheckOutcome.PASSED, ""
    try:
        if name in scene.engine.unpromised:
            raise NotMeasured(scene.engine.unpromised[name])
        CHECKS[name](scene)
    except NotMeasured as why:
        outcome, reason = CheckOutcome.NOT_MEASURED, str(why)
    except CheckFailed as why:
        outcome, reason = CheckOutcome.FAILED, str(why)
    except Exception as error:
        outcome, reason = CheckOutcome.FAILED, f"{type(error).__name__}: {error}"
    return CheckResult(name, outcome, reason, time.monotonic() - began)
