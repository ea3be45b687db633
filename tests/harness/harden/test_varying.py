"""Other inputs of the same kind: nothing is in them that was in none of the tests' own."""

from __future__ import annotations

import csv
import json
import struct
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.harden.varying import (
    Combiner,
    atoms_of,
    changed_value,
    grid_swaps,
    grid_symmetries,
    is_grid,
    otherwise,
    varied_data,
    varied_texts,
)
from harness.trial.watching.calls import Given

MAP = ["#######", "# .   #", "# $   #", "#     #", "#   @ #", "#######"]


def test_a_map_is_turned_and_mirrored_in_seven_ways() -> None:
    found = [tuple(other) for _, other in grid_symmetries(MAP)]
    assert len(set(found)) == 7
    assert all(sorted("".join(other)) == sorted("".join(MAP)) for other in found)


def test_swapped_places_leave_the_border_and_what_there_is() -> None:
    for other in grid_swaps(MAP, Random(1)):
        assert (other[0], other[-1]) == (MAP[0], MAP[-1])
        assert all(row[0] == row[-1] == "#" for row in other)
        assert sorted("".join(other)) == sorted("".join(MAP))
        assert other != MAP


def test_prose_is_no_map() -> None:
    assert is_grid(MAP)
    assert not is_grid(["The first line", "and another one", "third"])


INSTALLED = [{"curl": {"version": "7.88"}}, {"app": {"version": "1", "hold": True}, "lib": {"version": "1"}}]
AVAILABLE = [
    {"curl": [{"version": "8.9"}]},
    {"app": [{"version": "2", "needs": {"lib": "3"}}, {"version": "1.5", "needs": {"curl": "1"}}]},
]


@given(st.integers(0, 10_000))
def test_combined_documents_have_only_what_was_seen(seed: int) -> None:
    installed, available = Combiner(list(zip(INSTALLED, AVAILABLE, strict=True))).make(Random(seed))
    assert all(set(entry) in ({"version"}, {"version", "hold"}) for entry in installed.values())
    assert all(entry.get("hold", True) is True for entry in installed.values())
    assert {*installed, *available} <= {"curl", "app", "lib"}
    for offers in available.values():
        assert len({offer["version"] for offer in offers}) == len(offers), (
            "which of two is newest would be a matter of luck"
        )
        assert all(set(offer.get("needs", {})) <= {"curl", "app", "lib"} for offer in offers)


@given(st.recursive(st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_said_otherwise_is_the_same_twice_over(value: Any) -> None:
    assert otherwise(otherwise(value)) == value


def test_rows_of_a_table_are_left_out_and_its_head_stays() -> None:
    text = "date,amount\n2026-01-01,5\n2026-01-02,-3\n2026-02-01,9\n"
    varied = [(how, files[0].text) for how, files in varied_texts((Given("b.csv", text),), Random(0))]
    found = [other for how, other in varied if how == "some of its rows"]
    assert found
    assert all(
        other.startswith("date,amount\n") and set(other.splitlines()) <= set(text.splitlines()) for other in found
    )


def test_a_document_is_not_cut_like_a_text() -> None:
    assert not list(varied_texts((Given("a.json", json.dumps(INSTALLED, indent=1)),), Random(0)))


def test_cells_and_rows_of_a_table_are_others_and_its_columns_stay() -> None:
    text = 'date,note,amount\n2026-01-01,"a, b",5\n2026-01-02,c,-3\n2026-02-01,c,9\n'
    varied = [(how, files[0].text) for how, files in varied_texts((Given("b.csv", text),), Random(0))]
    more = {how: list(csv.reader(other.splitlines())) for how, other in varied if how.startswith("with ")}
    assert set(more) == {"with another value in a row", "with a row more"}
    for rows in more.values():
        assert rows[0] == ["date", "note", "amount"]
        assert {len(row) for row in rows} == {3}
        assert {row[1] for row in rows[1:]} <= {"a, b", "c"}
        assert all(row[2].lstrip("-").isdigit() for row in rows[1:])
    assert len(more["with a row more"]) == 5


def test_data_is_spoilt_only_where_somebody_speaks_of_such() -> None:
    data = (b"BIN1" + (40).to_bytes(4, "little") + struct.pack("<f", 0.5) + bytes(range(1, 200))).decode("latin-1")
    whole, all_of_them = (dict(varied_data(data, Random(0), spoilt=spoilt)) for spoilt in (False, True))
    assert set(whole) == {"with 1 for 0.5 at byte 8", "with 0.25 for 0.5 at byte 8"}
    assert whole.items() < all_of_them.items()
    assert all_of_them["with 1 for 40 at byte 4"] == data[:4] + "\x01\0\0\0" + data[8:]
    assert all_of_them["cut in the middle"] == data[: len(data) // 2]
    assert data not in all_of_them.values()


def test_fewer_items_are_counted_as_such() -> None:
    items = [bytes([number, 0]) for number in range(1, 13)]
    data = (b"BIN1" + (12).to_bytes(4, "little") + b"".join(items)).decode("latin-1")
    varied = dict(varied_data(data, Random(0), spoilt=False))
    assert varied["with 3 of its 12 items"] == (b"BIN1\x03\0\0\0" + b"".join(items[:3])).decode("latin-1")
    others = [other for how, other in varied.items() if how.startswith("with other items")]
    assert others
    for other in others:
        assert (len(other), other[:8]) == (len(data), data[:8])
        assert {other[at : at + 2].encode("latin-1") for at in range(8, len(other), 2)} <= set(items)


def test_an_object_of_a_list_is_not_there_twice() -> None:
    objects = [{"id": number} for number in range(4)]
    made = [changed_value(objects, list(atoms_of(objects)), Random(seed), fixed=False) for seed in range(200)]
    assert {len(each) for each in made} == {3, 4}
    assert {len(changed_value([1, 2, 3, 4], [1, 2], Random(seed), fixed=False)) for seed in range(200)} == {3, 4, 5}
