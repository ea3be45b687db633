"""Reads rewards as the formats' runners do, combines them over steps, and compares them. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Rewards = Mapping[str, int | float]


class RewardFault(StrEnum):
    """Why there is no reward. None of them is a reward of 0."""

    MISSING = "missing"
    EMPTY = "empty"
    UNPARSABLE = "unparsable"
    NOT_AN_OBJECT = "not-an-object"
    NOT_A_NUMBER = "not-a-number"
    NOT_FINITE = "not-finite"
    TOO_MANY = "too-many"
    NOT_REMOVED = "not-removed"
    """What the solution left in a reward's place could not be removed, and so nothing was verified."""
    NOT_COLLECTED = "not-collected"
    """The runner could not copy the folder of the rewards out of the box."""
    NO_RESULTS = "no-results"
    """Terminal-Bench and SETA: the output of the tests has no result to parse."""


@dataclass(frozen=True, slots=True)
class RewardProblem:
    fault: RewardFault
    message: str


REWARD_LIMIT = 1 << 20
"""Bytes that are read of a reward's file."""
MOST_REWARDS = 1_000
"""More names than that are no reward that anybody could mean."""


def read_rewards(reward_json: bytes | None, reward_text: bytes | None) -> Rewards | RewardProblem:
    """Harbor's rule: reward.json if it exists, else reward.txt; values are not clamped."""
    for name, data in (("reward.json", reward_json), ("reward.txt", reward_text if reward_json is None else None)):
        if data is not None and len(data) >= REWARD_LIMIT:
            return RewardProblem(RewardFault.TOO_MANY, f"{name} has {REWARD_LIMIT >> 20} MB or more: that is no reward")
    if reward_json is not None:
        return _read_json(reward_json)
    if reward_text is not None:
        return _read_text(reward_text)
    return RewardProblem(
        RewardFault.MISSING, "the verifier wrote neither /logs/verifier/reward.json nor /logs/verifier/reward.txt"
    )


def _read_text(data: bytes) -> Rewards | RewardProblem:
    if not data:
        return RewardProblem(RewardFault.EMPTY, "reward.txt is empty")
    try:
        value = float(data.decode())
    except ValueError:
        return RewardProblem(RewardFault.UNPARSABLE, f"reward.txt is not a number: {_shown(data)}")
    if not math.isfinite(value):
        return RewardProblem(RewardFault.NOT_FINITE, f"reward.txt is not a finite number: {_shown(data)}")
    return {"reward": value}


def _read_json(data: bytes) -> Rewards | RewardProblem:
    if not data:
        return RewardProblem(RewardFault.EMPTY, "reward.json is empty")
    try:
        # Decoded first: json.loads would accept UTF-16 bytes, which the runner does not.
        found = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        return RewardProblem(RewardFault.UNPARSABLE, f"reward.json is not JSON ({error}): {_shown(data)}")
    if not isinstance(found, dict):
        return RewardProblem(
            RewardFault.NOT_AN_OBJECT, f"reward.json is not an object of numbers by name: {_shown(data)}"
        )
    if len(found) > MOST_REWARDS:
        return RewardProblem(
            RewardFault.TOO_MANY, f"reward.json has {len(found):,} rewards, of which at most {MOST_REWARDS:,} are read"
        )
    rewards: dict[str, int | float] = {}
    for key, value in found.items():
        if not isinstance(value, int | float):
            return RewardProblem(RewardFault.NOT_A_NUMBER, f'reward.json: "{key}" is not a number: {value!r:.80}')
        if isinstance(value, float) and not math.isfinite(value):
            return RewardProblem(RewardFault.NOT_FINITE, f'reward.json: "{key}" is not a finite number: {value!r}')
        # true is 1 and false is 0, as in the runner.
        rewards[key] = int(value) if isinstance(value, bool) else value
    return rewards


def _shown(data: bytes) -> str:
    text = data[:80].decode("utf-8", "backslashreplace")
    return repr(text + ("..." if len(data) > 80 else ""))


def weighted(weights: Mapping[str, float], passed: Mapping[str, bool]) -> Rewards | RewardProblem:
    """SETA's rule: the weighted share of passed tests. A test that is missing from the results did not pass."""
    if not passed:
        return RewardProblem(RewardFault.NO_RESULTS, "the tests reported no results to weigh")
    total = math.fsum(weights.values())
    if total <= 0:
        return RewardProblem(RewardFault.NO_RESULTS, "the weights in weights.json add up to 0")
    named = _by_name(passed)
    won = [weight for name, weight in weights.items() if named.get(name, False)]
    return {"reward": 1.0 if len(won) == len(weights) else math.fsum(won) / total}


def _by_name(passed: Mapping[str, bool]) -> dict[str, bool]:
    """Whether all tests passed that a weight's name may mean: the whole id, its end, or the id without parameters."""
    named: dict[str, bool] = {}
    for test, ok in passed.items():
        names = set()
        for whole in {test, test.partition("[")[0]}:
            parts = whole.split("::")
            names |= {"::".join(parts[first:]) for first in range(len(parts))}
        for name in names:
            named[name] = named.get(name, True) and ok
    return named


def combine(strategy: str, steps: Sequence[Rewards | RewardProblem]) -> Rewards | RewardProblem:
    """The reward of a trial with several steps, from the rewards of the steps that ran.

    `final` is the last step's. `mean` is per key over the steps that have a reward: a key that a step lacks counts
    as 0 there, and a step without any reward is left out of the count.
    """
    if not steps:
        return RewardProblem(RewardFault.MISSING, "no step was verified")
    if strategy == "final":
        return steps[-1]
    valid = [step for step in steps if not isinstance(step, RewardProblem)]
    if not valid:
        return next(step for step in steps if isinstance(step, RewardProblem))
    keys = list(dict.fromkeys(key for step in valid for key in step))
    if not keys:
        return RewardProblem(RewardFault.MISSING, "no step's reward has a key")
    try:
        return {key: sum(step.get(key, 0) for step in valid) / len(valid) for key in keys}
    except OverflowError:
        return RewardProblem(RewardFault.NOT_FINITE, "the mean of the steps' rewards is not a finite number")


def gate(rewards: Rewards | RewardProblem, minimum: Mapping[str, float]) -> str:
    """Why a step's reward is below its min_reward, which ends the trial; '' if it is not."""
    for key, least in minimum.items():
        value = -math.inf if isinstance(rewards, RewardProblem) else rewards.get(key, -math.inf)
        if value < least:
            return f"{key} is {value:g}, below min_reward {least:g}"
    return ""


class Pay(StrEnum):
    """How much of the full reward was paid."""

    FULL = "full"
    OVER = "over"
    """More than 1, which should be impossible."""
    PARTIAL = "partial"
    NOTHING = "nothing"


def decisive(rewards: Rewards) -> Rewards:
    """The keys that decide whether a solution was paid: the key `reward` if there is one, else all keys."""
    return {"reward": rewards["reward"]} if "reward" in rewards else rewards


def pay(rewards: Rewards) -> Pay:
    """A single decisive key is full at exactly 1. Several keys are full if each is at least 1 and one is exactly 1,
    because measures such as a speed-up may exceed 1."""
    values = list(decisive(rewards).values())
    if not values or max(values) <= 0:
        return Pay.NOTHING
    if min(values) >= 1:
        return Pay.FULL if 1 in values else Pay.OVER
    if len(values) == 1 and values[0] > 1:
        return Pay.OVER
    return Pay.PARTIAL


def full_marks(rewards: Rewards) -> tuple[str, ...]:
    """The decisive keys at exactly 1."""
    return tuple(key for key, value in decisive(rewards).items() if value == 1)


def share(rewards: Rewards, reference: Rewards, floor: Rewards) -> float:
    """How far a reward went from doing nothing (0) to the reference (1), the mean over the reference's keys.

    1.0 only if no key fell short. A missing key counts as 0, as in the runner's own mean. A key for which doing nothing
    already earned what the reference earns shows nothing and is left out.
    """
    parts: list[float] = []
    for key, top in decisive(reference).items():
        value, bottom = rewards.get(key, 0), min(floor.get(key, 0), top)
        if value >= top:
            parts.append(1.0)
        elif top > bottom:
            # Rounding must not turn a value just below 1 into 1.
            parts.append(min(max(0.0, (value - bottom) / (top - bottom)), math.nextafter(1.0, 0.0)))
        else:
            parts.append(0.0)
    if not parts:
        return 0.0
    mean = math.fsum(parts) / len(parts)
    return mean if all(part == 1.0 for part in parts) else min(mean, math.nextafter(1.0, 0.0))
