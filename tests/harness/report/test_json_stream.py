"""Text that is made piece by piece is the text of the whole document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.json_stream import Elements, Members, json_text
from harness.report.spool import Spool
from tests.harness.report.conftest import whole
from tests.harness.report.test_stream import values


def dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.lists(values, max_size=4))
def test_a_streamed_document_has_the_text_of_the_whole_one(members: dict[str, Any], elements: list[Any]) -> None:
    def document(listed: Any, named: Any) -> dict[str, Any]:
        return {"first": members, "listed": listed, "deep": [{"named": named, "more": elements}, elements], "last": 1}

    made = json_text(document(Elements(iter(elements)), Members(iter(members.items()))))
    assert whole(made) == dumped(document(elements, members))
    assert whole(json_text(elements)) == dumped(elements)


def test_an_element_is_made_when_it_is_written() -> None:
    made = []

    def elements() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    pieces = json_text({"listed": Elements(elements())})
    while "0" not in next(pieces):
        assert made in ([], [0])
    assert made == [0]


def test_what_json_cannot_say_is_an_error_and_not_half_a_document() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        whole(json_text({"a": Elements([float("nan")])}))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), values), max_size=8))
def test_values_come_back_in_the_order_of_their_keys(pairs: list[tuple[int, Any]]) -> None:
    with Spool() as spool:
        for number, (key, value) in enumerate(pairs):
            spool.put((key, number), value)
        assert list(spool) == [value for _, value in sorted(pairs, key=lambda pair: pair[0])]


def test_a_value_is_found_by_its_key_and_the_last_of_a_key_counts() -> None:
    with Spool() as spool:
        spool.put("a", {"text": "\ud800\n"})
        spool.put("b", 1)
        assert spool.get("a") == {"text": "\ud800\n"}
        spool.put("b", 2)
        assert (spool.get("b"), spool.get("c")) == (2, None)
        assert list(spool) == [{"text": "\ud800\n"}, 2]
