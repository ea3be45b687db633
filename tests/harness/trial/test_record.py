"""A trial's record in a run folder: what is stored comes back, and old run folders are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.trial.record import Kind, TrialRecord, record_from_json

# A log may hold what is no text (surrogates), and a time is a finite number.
st.register_type_strategy(str, st.text(st.characters(exclude_categories=()), max_size=5))
st.register_type_strategy(Mapping, lambda kind: st.dictionaries(*map(st.from_type, get_args(kind)), max_size=3))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
RECORDS = st.from_type(TrialRecord)


@settings(max_examples=60)
@given(RECORDS)
def test_what_is_stored_comes_back(record: TrialRecord) -> None:
    text = json.dumps(record.to_json())
    assert record_from_json(json.loads(text)) == record
    assert json.dumps(record_from_json(json.loads(text)).to_json()) == text


@settings(max_examples=60)
@given(RECORDS)
def test_it_is_stored_field_by_field_as_it_always_was(record: TrialRecord) -> None:
    assert json.dumps(record.to_json()) == json.dumps(asdict(record))


def test_an_older_record_lacks_what_was_not_looked_for_then() -> None:
    found = record_from_json({"task": "t", "kind": "nop", "phases": [], "no_longer_kept": 1})
    assert found == TrialRecord("t", Kind.NOP)


@pytest.mark.parametrize(
    "data", [{}, {"task": "t", "kind": "other"}, {"task": "t", "kind": "nop", "phases": [{"name": "solve"}]}, []]
)
def test_what_is_no_record_is_a_value_error(data: Any) -> None:
    with pytest.raises(ValueError, match=r"required field|Invalid enum|Expected"):
        record_from_json(data)
