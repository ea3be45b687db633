"""A share of a whole dataset, told from a stratified sample of it, with its interval. Pure.

Each stratum counts by its size, whatever part of it was sampled. The interval is Wilson's at the number of tasks that a
simple random sample of unlimited many would need to be as sure: what is drawn without putting back is surer (a stratum
that was looked at whole leaves no doubt), what is drawn unevenly is less sure. Tasks that were drawn and could not be
measured are taken to be like the others of their stratum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judging.strength import wilson


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stratum, and what its sample showed."""

    name: str
    tasks: int
    """All that it has."""
    measured: int
    found: int
    """Those of the measured that have what is looked for."""


@dataclass(frozen=True, slots=True)
class Estimate:
    share: float
    low: float
    high: float
    speaks_for: int
    """Tasks of the strata in which any was measured."""


def estimate(strata: Sequence[Drawn]) -> Estimate | None:
    """None where nothing was measured."""
    known = [one for one in strata if one.measured]
    total = sum(one.tasks for one in known)
    if not total:
        return None
    share = sum(one.tasks / total * one.found / one.measured for one in known)
    share = min(1.0, max(0.0, share))
    doubts = [_doubt(one, total) for one in known]
    if not sum(doubts):
        return Estimate(share, share, share, total)
    trials = 1 / sum(doubts)
    spread = sum(_spread(one, total) for one in known)
    if spread and 0 < share < 1:
        trials = min(trials, share * (1 - share) / spread)
    low, high = wilson(share * trials, trials)
    return Estimate(share, low, high, total)


def _doubt(one: Drawn, total: int) -> float:
    """Its part of the variance, in units of p(1 - p), if all strata had the same share; 0 where it is known whole."""
    if one.measured >= one.tasks:
        return 0.0
    return (one.tasks / total) ** 2 * (one.tasks - one.measured) / (one.measured * (one.tasks - 1))


def _spread(one: Drawn, total: int) -> float:
    """Its part of the variance by what its own sample shows; 0 for a sample of one, which shows none."""
    if one.measured < 2:
        return 0.0
    share = one.found / one.measured
    rest = 1 - one.measured / one.tasks
    return (one.tasks / total) ** 2 * rest * share * (1 - share) / (one.measured - 1)
