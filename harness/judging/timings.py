"""Where a task's time went, added up over its trials. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.trial.record import PhaseName, TrialRecord


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, of all trials added up, however many ran at once."""

    trials: int = 0
    building: float = 0.0
    preparing: float = 0.0
    """Boxes until they take commands, and what was kept put into them."""
    solving: float = 0.0
    verifying: float = 0.0
    rest: float = 0.0
    """Copying files in and results out, and looking at what was left behind."""
    waiting: float = 0.0
    """For a turn, while other trials ran."""


_PREPARING = (PhaseName.START, PhaseName.HEALTHCHECK, PhaseName.SETUP, PhaseName.PREPARE)


def timings(building: float, keeping: float, records: Iterable[TrialRecord]) -> Timings:
    """`keeping`: what it took to keep what the tests install."""
    every = list(records)
    preparing = sum(record.seconds_of(name) for record in every for name in _PREPARING)
    solving = sum(record.seconds_of(PhaseName.SOLVE) for record in every)
    verifying = sum(record.seconds_of(PhaseName.VERIFY) for record in every)
    whole = sum(record.seconds for record in every)
    return Timings(
        len(every),
        round(building, 3),
        round(preparing + keeping, 3),
        round(solving, 3),
        round(verifying, 3),
        round(max(0.0, whole - preparing - solving - verifying), 3),
        round(sum(record.waited for record in every), 3),
    )
