"""Proven: what throws a test away."""

from __future__ import annotations

import pytest

from harness.harden.model import BoxCase, Written
from harness.harden.proving import ProofTrials, Proven, Trialed, fewest, prove

CASE = BoxCase("left", "look", {"paths": []}, "what solving leaves", 1)
TEST = Written("test_new", "", CASE, (), "", (), ("one",))


def trial(passed: bool | None, paid: bool | None = None) -> Trialed:
    return Trialed(
        "another order", {} if passed is None else {"test_new": passed}, passed is True if paid is None else paid
    )


def evidence(reference: tuple[bool | None, ...] = (True, True), survivor: bool = False) -> ProofTrials:
    return ProofTrials([trial(each) for each in reference], {"one": [trial(survivor)], "two": [trial(True)]})


def test_a_test_is_kept_that_passes_on_the_reference_and_fails_on_a_survivor() -> None:
    proof = prove(TEST, evidence())
    assert (proof.refused, proof.catches, proof.reference) == ("", ("one",), (2, 2))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (evidence((True, False)), "it fails on the reference in 1 of 2 runs"),
        (evidence((True, None)), "the task's own runner does not run it"),
        (evidence(survivor=True), "it fails on none of the survivors"),
    ],
)
def test_whatever_fails_its_proof_is_thrown_away(found: ProofTrials, why: str) -> None:
    assert prove(TEST, found).refused == why


def test_a_test_that_refuses_what_is_right_is_thrown_away() -> None:
    found = evidence()
    found.variants.append(trial(False))
    assert prove(TEST, found).refused == "it refuses a right variant: another order"
    found = evidence()
    found.rights.append(trial(False))
    assert prove(TEST, found).refused == "it refuses a right solution: another order"


def test_a_test_that_did_not_run_on_a_right_solution_is_thrown_away() -> None:
    found = evidence()
    found.rights += [trial(True), trial(None)]
    assert prove(TEST, found).refused == "it did not run on every right solution"
    assert prove(TEST, found).rights == (1, 1)


@pytest.mark.parametrize(("passed", "said"), [(True, "passes"), (False, "fails"), (None, "not run")])
def test_what_it_does_where_nothing_was_done_is_told_and_throws_nothing_away(passed: bool | None, said: str) -> None:
    found = evidence()
    found.nop.append(trial(passed))
    proof = prove(TEST, found)
    assert (proof.nop, proof.refused) == (said, "")


def test_a_variant_of_which_the_test_was_not_seen_counts_for_nothing() -> None:
    found = evidence()
    found.variants += [trial(True), trial(None)]
    assert prove(TEST, found).variants == (1, 1)


def test_a_survivor_is_caught_only_if_it_fails_there_every_time() -> None:
    found = evidence()
    found.survivors["one"] = [trial(False), trial(True)]
    assert prove(TEST, found).refused == "it fails on none of the survivors"


def test_a_survivor_on_which_the_test_never_ran_is_not_caught() -> None:
    found = evidence()
    found.survivors["one"] = [trial(None)]
    found.survivors["three"] = []
    assert prove(TEST, found).refused == "it fails on none of the survivors"


def test_a_survivor_that_is_paid_all_the_same_is_not_caught() -> None:
    found = evidence()
    found.survivors["one"] = [trial(False, paid=True)]
    assert prove(TEST, found).refused == "it fails on none of the survivors"


def test_the_fewest_tests_are_kept() -> None:
    proofs = {
        "test_a": Proven(catches=("one",)),
        "test_b": Proven(catches=("one", "two")),
        "test_c": Proven(catches=("three",), refused="it refuses a right variant: x"),
    }
    assert fewest(proofs) == ["test_b"]
