from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verifier.reward import (
    MOST_REWARDS,
    REWARD_LIMIT,
    Pay,
    RewardFault,
    RewardProblem,
    Rewards,
    combine,
    full_marks,
    gate,
    pay,
    read_rewards,
    share,
    weighted,
)

MISSING = RewardProblem(RewardFault.MISSING, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1", 1.0),
        (b"1\n", 1.0),
        (b" 0.5 \n", 0.5),
        (b"2", 2.0),
        (b"-1", -1.0),
        (b"1e-3", 0.001),
        (b"1_0", 10.0),
        (b"+.5", 0.5),
    ],
)
def test_a_reward_text_is_any_finite_float_unclamped(text: bytes, value: float) -> None:
    assert read_rewards(None, text) == {"reward": value}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", RewardFault.EMPTY),
        (b"  \n", RewardFault.UNPARSABLE),
        (b"one", RewardFault.UNPARSABLE),
        (b"1 0", RewardFault.UNPARSABLE),
        (b"true", RewardFault.UNPARSABLE),
        (b"0x1", RewardFault.UNPARSABLE),
        (b"\xef\xbb\xbf1", RewardFault.UNPARSABLE),
        (b"\xff", RewardFault.UNPARSABLE),
        (b"nan", RewardFault.NOT_FINITE),
        (b"Infinity", RewardFault.NOT_FINITE),
        (b"1e999", RewardFault.NOT_FINITE),
    ],
)
def test_a_reward_text_that_is_no_finite_number_is_a_problem_and_never_zero(text: bytes, fault: RewardFault) -> None:
    found = read_rewards(None, text)
    assert isinstance(found, RewardProblem)
    assert found.fault is fault


@pytest.mark.parametrize(
    ("text", "rewards"),
    [
        (b'{"reward": 1}', {"reward": 1}),
        (b'{"reward": 0.25, "style": -3}', {"reward": 0.25, "style": -3}),
        (b'{"reward": true, "other": false}', {"reward": 1, "other": 0}),
        (b"{}", {}),
        (b'{"reward": 0, "reward": 1}', {"reward": 1}),
        (b' \n{"reward": 1}\n', {"reward": 1}),
    ],
)
def test_a_reward_json_is_an_object_of_numbers(text: bytes, rewards: Rewards) -> None:
    assert read_rewards(text, b"0") == rewards


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", RewardFault.EMPTY),
        (b"{", RewardFault.UNPARSABLE),
        (b'\xef\xbb\xbf{"reward": 1}', RewardFault.UNPARSABLE),
        ('{"reward": 1}'.encode("utf-16"), RewardFault.UNPARSABLE),
        (b"[" * 100_000, RewardFault.UNPARSABLE),
        (b"1", RewardFault.NOT_AN_OBJECT),
        (b"true", RewardFault.NOT_AN_OBJECT),
        (b"[1]", RewardFault.NOT_AN_OBJECT),
        (b"null", RewardFault.NOT_AN_OBJECT),
        (b'{"reward": "1"}', RewardFault.NOT_A_NUMBER),
        (b'{"reward": null}', RewardFault.NOT_A_NUMBER),
        (b'{"reward": [1]}', RewardFault.NOT_A_NUMBER),
        (b'{"reward": 1, "detail": {"a": 1}}', RewardFault.NOT_A_NUMBER),
        (b'{"reward": NaN}', RewardFault.NOT_FINITE),
        (b'{"reward": 1e999}', RewardFault.NOT_FINITE),
    ],
)
def test_a_wrong_reward_json_is_a_problem_although_reward_text_is_fine(text: bytes, fault: RewardFault) -> None:
    found = read_rewards(text, b"1")
    assert isinstance(found, RewardProblem)
    assert found.fault is fault


def test_no_file_is_a_missing_reward() -> None:
    found = read_rewards(None, None)
    assert isinstance(found, RewardProblem)
    assert found.fault is RewardFault.MISSING


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_reading_a_reward_never_raises_and_never_gives_a_number_that_is_not_finite(one: bytes, two: bytes) -> None:
    found = read_rewards(one, two)
    if not isinstance(found, RewardProblem):
        assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize(
    ("strategy", "steps", "result"),
    [
        ("mean", [{"reward": 1}, {"reward": 0}], {"reward": 0.5}),
        ("mean", [{"reward": 1, "style": 1}, {"reward": 1}], {"reward": 1.0, "style": 0.5}),
        ("mean", [{"reward": 1}, MISSING], {"reward": 1.0}),
        ("mean", [MISSING, MISSING], MISSING),
        ("final", [{"reward": 0}, {"reward": 1}], {"reward": 1}),
        ("final", [{"reward": 1}, MISSING], MISSING),
    ],
)
def test_steps_are_combined_as_the_runner_combines_them(
    strategy: str, steps: list[Rewards | RewardProblem], result: Rewards | RewardProblem
) -> None:
    assert combine(strategy, steps) == result


def test_a_mean_beyond_all_floats_is_a_problem() -> None:
    found = combine("mean", [{"reward": 10**400}, {"reward": 1}])
    assert isinstance(found, RewardProblem)


@pytest.mark.parametrize(
    ("rewards", "minimum", "stops"),
    [
        ({"reward": 1}, {}, False),
        ({"reward": 0.5}, {"reward": 0.5}, False),
        ({"reward": 0.4}, {"reward": 0.5}, True),
        ({"other": 1}, {"reward": 0.5}, True),
        (MISSING, {"reward": 0.0}, True),
        ({"a": 1, "b": 0}, {"a": 1, "b": 0.1}, True),
    ],
)
def test_a_step_below_its_min_reward_stops_the_trial(
    rewards: Rewards | RewardProblem, minimum: dict[str, float], stops: bool
) -> None:
    assert bool(gate(rewards, minimum)) is stops


@pytest.mark.parametrize(
    ("rewards", "amount"),
    [
        ({"reward": 1}, Pay.FULL),
        ({"reward": 1.0}, Pay.FULL),
        ({"score": 1}, Pay.FULL),
        ({"reward": 0.999999}, Pay.PARTIAL),
        ({"reward": 0}, Pay.NOTHING),
        ({"reward": -1}, Pay.NOTHING),
        ({"reward": 2}, Pay.OVER),
        ({}, Pay.NOTHING),
        ({"reward": 1, "speed": 0.3}, Pay.FULL),
        ({"reward": 0, "speed": 3}, Pay.NOTHING),
        ({"correctness": 1, "performance": 3.5}, Pay.FULL),
        ({"correctness": 1, "performance": 0.8}, Pay.PARTIAL),
        ({"correctness": 0, "performance": 0.8}, Pay.PARTIAL),
        ({"correctness": 0, "performance": 0}, Pay.NOTHING),
        ({"correctness": 2, "performance": 2}, Pay.OVER),
    ],
)
def test_what_a_reward_amounts_to(rewards: Rewards, amount: Pay) -> None:
    assert pay(rewards) is amount


def test_full_marks_are_the_decisive_keys_at_exactly_one() -> None:
    assert full_marks({"correctness": 1, "performance": 0.8}) == ("correctness",)
    assert full_marks({"reward": 0.5, "correctness": 1}) == ()


@pytest.mark.parametrize(
    ("rewards", "reference", "floor", "expected"),
    [
        ({"reward": 1}, {"reward": 1}, {}, 1.0),
        ({"reward": 0}, {"reward": 1}, {}, 0.0),
        ({"reward": 0.5}, {"reward": 1}, {}, 0.5),
        ({"reward": 0.5}, {"reward": 1}, {"reward": 0.5}, 0.0),
        ({"reward": 0.25}, {"reward": 0.5}, {"reward": 0}, 0.5),
        ({"reward": 2}, {"reward": 1}, {}, 1.0),
        ({"reward": -1}, {"reward": 1}, {}, 0.0),
        ({}, {"reward": 1}, {}, 0.0),
        ({"correctness": 1, "performance": 0}, {"correctness": 1, "performance": 1}, {}, 0.5),
        ({"reward": 1, "style": 0}, {"reward": 1, "style": 1}, {}, 1.0),
        ({"reward": 1}, {"reward": 1}, {"reward": 1}, 1.0),
        ({"reward": 0}, {"reward": 1}, {"reward": 1}, 0.0),
    ],
)
def test_the_share_runs_from_doing_nothing_to_the_reference(
    rewards: Rewards, reference: Rewards, floor: Rewards, expected: float
) -> None:
    assert share(rewards, reference, floor) == pytest.approx(expected)


@given(
    st.dictionaries(st.sampled_from("abc"), st.floats(-2, 2), min_size=1),
    st.dictionaries(st.sampled_from("abc"), st.floats(-2, 2), min_size=1),
    st.dictionaries(st.sampled_from("abc"), st.floats(-2, 2)),
)
def test_a_share_is_one_only_where_no_key_fell_short(
    rewards: dict[str, float], reference: dict[str, float], floor: dict[str, float]
) -> None:
    found = share(rewards, reference, floor)
    assert 0.0 <= found <= 1.0
    assert (found == 1.0) == all(rewards.get(key, 0) >= value for key, value in reference.items())


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        ({"test_a": True, "test_b": True}, 1.0),
        ({"test_a": True, "test_b": False}, 0.75),
        ({"tests/t.py::test_a": False, "tests/t.py::test_b": True}, 0.25),
        ({"test_a[1]": True, "test_a[2]": False, "test_b": True}, 0.25),
        ({"test_a": True}, 0.75),
        ({"unheard_of": True}, 0.0),
    ],
)
def test_weights_pay_for_their_share_of_passed_tests(passed: dict[str, bool], expected: float) -> None:
    assert weighted({"test_a": 0.75, "test_b": 0.25}, passed) == {"reward": expected}


def test_all_weights_won_are_exactly_one_whatever_their_sum() -> None:
    assert weighted({"a": 0.1, "b": 0.2, "c": 0.7000001}, {"a": True, "b": True, "c": True}) == {"reward": 1.0}


def test_no_results_or_no_weight_is_a_problem() -> None:
    assert isinstance(weighted({"a": 1.0}, {}), RewardProblem)
    assert isinstance(weighted({"a": 0.0}, {"a": True}), RewardProblem)


def test_more_rewards_than_anybody_could_mean_are_told() -> None:
    many = json.dumps({f"key {number}": 1 for number in range(MOST_REWARDS + 1)}).encode()
    found = read_rewards(many, None)
    assert isinstance(found, RewardProblem)
    assert (found.fault, found.message[:33]) == (RewardFault.TOO_MANY, "reward.json has 1,001 rewards, of")
    large = read_rewards(b'{"' + b"x" * REWARD_LIMIT, None), read_rewards(None, b" " * REWARD_LIMIT)
    for found in large:
        assert isinstance(found, RewardProblem)
        assert found.message.endswith("has 1 MB or more: that is no reward")
    fewer = json.dumps({f"key {number}": 1 for number in range(MOST_REWARDS)}).encode()
    assert read_rewards(fewer, None) == {f"key {number}": 1 for number in range(MOST_REWARDS)}


def test_twenty_thousand_weights_are_weighed_in_no_time() -> None:
    names = [f"test_number_{number}" for number in range(20_000)]
    passed = {f"tests/test_it.py::TestAll::{name}[x]": True for name in names}
    began = time.monotonic()
    assert weighted(dict.fromkeys(names, 1.0), passed) == {"reward": 1.0}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_a", 0.0),
        ("test_b", 1.0),
        ("TestIt::test_b", 1.0),
        ("t.py::TestIt::test_b", 1.0),
        ("t.py::test_a[1]", 1.0),
        ("t.py::test_a", 0.0),
        ("test_a[2]", 0.0),
        ("est_b", 0.0),
        ("It::test_b", 0.0),
    ],
)
def test_a_weights_name_may_be_any_end_of_an_id(name: str, expected: float) -> None:
    passed = {"t.py::test_a[1]": True, "t.py::test_a[2]": False, "t.py::TestIt::test_b": True}
    assert weighted({name: 1.0}, passed) == {"reward": expected}
