"""Samples: who is drawn, and that the intervals hold what they promise."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dataset.sample import allocate, drawn
from harness.judging.design import Drawn, estimate
from harness.judging.strength import wilson


@pytest.mark.parametrize(
    ("sizes", "sample", "expected"),
    [
        ({"a": 50, "b": 50}, 10, {"a": 5, "b": 5}),
        ({"a": 90, "b": 10}, 10, {"a": 8, "b": 2}),
        ({"a": 70, "b": 30}, 10, {"a": 7, "b": 3}),
        ({"a": 970, "b": 29, "c": 1}, 20, {"a": 17, "b": 2, "c": 1}),
        ({"a": 5, "b": 5}, 100, {"a": 5, "b": 5}),
        ({"a": 5, "b": 5, "c": 5}, 4, {"a": 2, "b": 1, "c": 1}),
        ({"a": 5, "b": 9, "c": 5}, 1, {"a": 0, "b": 1, "c": 0}),
    ],
)
def test_each_stratum_gets_its_part_and_two_where_there_is_room(
    sizes: dict[str, int], sample: int, expected: dict[str, int]
) -> None:
    assert allocate(sizes, sample) == expected


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 200))
def test_the_sample_is_as_large_as_it_can_be_and_no_stratum_gives_more_than_it_has(
    sizes: dict[str, int], sample: int
) -> None:
    found = allocate(sizes, sample)
    assert sum(found.values()) == min(sample, sum(sizes.values()))
    assert all(0 <= found[name] <= size for name, size in sizes.items())


def test_who_is_drawn_depends_on_seed_and_names_alone_and_a_larger_sample_holds_the_smaller() -> None:
    names = [f"task-{number}" for number in range(300)]
    groups = [f"s{number % 3}" for number in range(300)]
    small, strata = drawn(names, groups, 30, 7)
    assert [(one.name, one.tasks, one.sampled) for one in strata] == [(f"s{number}", 100, 10) for number in range(3)]
    assert small < drawn(names, groups, 60, 7)[0]
    assert small != drawn(names, groups, 30, 8)[0]
    order = list(range(300))
    random.Random(1).shuffle(order)
    again, _ = drawn([names[at] for at in order], [groups[at] for at in order], 30, 7)
    assert {names[order[at]] for at in again} == {names[at] for at in small}


def test_every_task_is_drawn_as_often_as_any_other() -> None:
    names = [f"t{number}" for number in range(20)]
    counts = [0] * 20
    for seed in range(2000):
        for place in drawn(names, ["all"] * 20, 5, seed)[0]:
            counts[place] += 1
    assert all(420 < count < 580 for count in counts)  # 500 and four standard deviations


def test_a_stratum_that_was_looked_at_whole_leaves_no_doubt() -> None:
    found = estimate([Drawn("a", 10, 10, 3), Drawn("b", 20, 20, 0)])
    assert found is not None
    assert (found.share, found.low, found.high, found.speaks_for) == (0.1, 0.1, 0.1, 30)


def test_one_stratum_of_a_dataset_without_end_is_wilsons() -> None:
    found = estimate([Drawn("all", 10**9, 40, 7)])
    assert found is not None
    assert (found.low, found.high) == pytest.approx(wilson(7, 40), abs=3e-3)


def test_a_stratum_counts_by_its_size_and_one_without_measures_is_left_out() -> None:
    found = estimate([Drawn("a", 900, 10, 0), Drawn("b", 100, 10, 10), Drawn("c", 500, 0, 0)])
    assert found is not None
    assert found.share == pytest.approx(0.1)
    assert found.speaks_for == 1000
    assert estimate([Drawn("c", 500, 0, 0)]) is None


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (0.02, 0.3, 0.9), (0.1, 0.1, 0.6)])
def test_ninety_five_intervals_of_a_hundred_hold_the_truth(shares: tuple[float, float, float]) -> None:
    draw = random.Random(3)
    sizes = (400, 150, 50)
    truth = [[number < share * size for number in range(size)] for share, size in zip(shares, sizes, strict=True)]
    exact = sum(map(sum, truth)) / sum(sizes)
    given_to = allocate({str(at): size for at, size in enumerate(sizes)}, 60)
    held, width = 0, 0.0
    for _ in range(1000):
        strata = [
            Drawn(str(at), len(every), given_to[str(at)], sum(draw.sample(every, given_to[str(at)])))
            for at, every in enumerate(truth)
        ]
        found = estimate(strata)
        assert found is not None
        held += found.low <= exact <= found.high
        width += found.high - found.low
    assert held >= 935
    # No wider than the sample of a dataset without end, which forgets strata and size, would have it.
    low, high = wilson(exact * 60, 60)
    assert width / 1000 <= (high - low) * 1.02
