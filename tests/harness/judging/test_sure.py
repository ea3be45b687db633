"""When a verdict can hardly change any more."""

from __future__ import annotations

import math
import random

import pytest

from harness.judging.outcome import Outcome, OutcomeKind
from harness.judging.strength import Judged, Thresholds, Verdict, strength, verdict
from harness.judging.sure import Bet, BetsOnAll, interval_of_all
from mutator.model import FaultClass

CAUGHT, PAID, ERROR = OutcomeKind.KILLED, OutcomeKind.SURVIVED, OutcomeKind.ERROR
TERMS = Thresholds()


def judged(number: int, kind: OutcomeKind, requirement: str | None = None) -> Judged:
    return Judged(f"m-{number}", next(iter(FaultClass)), Outcome(kind), requirement)


def stops_after(all_of: list[Judged], terms: Thresholds = TERMS) -> tuple[int, Verdict]:
    """How many ran, in their order, and the word by then."""
    bets = BetsOnAll([one.requirement for one in all_of], terms)
    for one in all_of:
        if bets.add(one, stated=one.requirement is not None):
            break
    return len(bets.ran), verdict(strength(bets.ran), terms)[0]


def shuffled(caught: int, paid: int, seed: int, requirements: int = 0) -> list[Judged]:
    kinds = [CAUGHT] * caught + [PAID] * paid
    found = [
        judged(number, kind, f"r-{number % requirements}" if requirements else None)
        for number, kind in enumerate(kinds)
    ]
    random.Random(seed).shuffle(found)
    return found


@pytest.mark.parametrize(
    ("caught", "paid", "word", "most"),
    [(60, 0, Verdict.STRONG, 36), (6, 54, Verdict.WEAK, 14), (30, 30, Verdict.WEAK, 45), (250, 0, Verdict.STRONG, 60)],
)
def test_what_is_clear_is_settled_early(caught: int, paid: int, word: Verdict, most: int) -> None:
    ran, found = stops_after(shuffled(caught, paid, 1))
    assert found is word
    assert ran <= most


def test_what_is_near_a_bound_is_run_to_its_end() -> None:
    ran, _ = stops_after(shuffled(54, 6, 1))
    assert ran >= 55


@pytest.mark.parametrize(("caught", "paid"), [(45, 15), (44, 16), (54, 6), (53, 7), (46, 14)])
def test_another_word_than_that_of_all_is_rare_however_near_the_bound(caught: int, paid: int) -> None:
    """At the shares where it is hardest; 5 % are promised."""
    every, _ = verdict(strength(shuffled(caught, paid, 0)), TERMS)
    wrong = sum(stops_after(shuffled(caught, paid, seed))[1] is not every for seed in range(300))
    assert wrong <= 0.05 * 300


def test_what_is_certain_needs_no_bet() -> None:
    bet = Bet(0.75, False, 20)
    for found in [0.0] * 6:
        bet.draw(found)
    assert math.isinf(bet.best)  # 14 of 20 at most


def test_what_does_not_count_says_nothing() -> None:
    bet = Bet(0.9, True, 60)
    for _ in range(20):
        bet.draw(None)
    assert bet.best <= 1.0


def test_a_stated_share_has_to_be_settled_too() -> None:
    """All that is unstated is caught; of what is stated a part that only its end tells."""
    stated = [judged(number, CAUGHT if number < 18 else PAID, f"r-{number % 3}") for number in range(20)]
    unstated = [judged(100 + number, CAUGHT) for number in range(80)]
    every = stated + unstated
    random.Random(3).shuffle(every)
    ran, word = stops_after(every)
    assert word is Verdict.STRONG
    last = max(place for place, one in enumerate(every) if one.requirement is not None)
    assert ran > 0.8 * last


def test_a_requirement_that_did_not_run_keeps_it_open() -> None:
    """Half of the requirements have to be caught before a task can be called strong for certain."""
    first = [judged(number, CAUGHT, "r-0") for number in range(50)]
    rest = [judged(100 + number, CAUGHT, f"r-{number}") for number in range(1, 11)]
    ran, word = stops_after(first + rest)
    assert ran >= 54
    assert word is Verdict.STRONG


def test_what_cannot_be_measured_settles_nothing() -> None:
    every = [judged(number, ERROR if number % 5 == 0 else CAUGHT) for number in range(100)]
    assert stops_after(every)[0] == 100


def test_the_interval_is_of_all_and_narrows() -> None:
    few = interval_of_all([1.0] * 10, 60, 0.95)
    many = interval_of_all([1.0] * 40, 60, 0.95)
    assert few[0] < many[0] <= 1.0
    assert few[1] == many[1] == 1.0
    half = [1.0] * 30 + [0.0] * 30
    random.Random(2).shuffle(half)
    low, high = interval_of_all(half, 60, 0.95)
    assert low == pytest.approx(0.5, abs=0.011)
    assert high == pytest.approx(0.5, abs=0.011)


def test_the_interval_holds_the_share_of_all() -> None:
    missed = 0
    for seed in range(100):
        found = [1.0] * 40 + [0.0] * 20
        random.Random(seed).shuffle(found)
        low, high = interval_of_all(found[:25], 60, 0.95)
        missed += not low <= 2 / 3 <= high
    assert missed <= 5
