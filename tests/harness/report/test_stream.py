"""Reading a large report task by task gives what reading it whole gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.report import stream
from harness.report.stream import streamed

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.dictionaries(st.text(max_size=6), values, max_size=5),
    st.lists(st.dictionaries(st.text(max_size=5), values, max_size=3), max_size=6),
    st.sampled_from([None, 2]),
    st.sampled_from([1, 3, 64, 1 << 20]),
)
def test_a_streamed_report_is_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: dict[str, Any], tasks: list[Any], indent: int, piece: int
) -> None:
    monkeypatch.setattr(stream, "PIECE", piece)
    path = tmp_path / "report.json"
    whole = {**rest, "tasks": tasks, "last": 12}
    path.write_text(json.dumps(whole, indent=indent), encoding="utf-8")
    found = streamed(path)
    for _ in range(2):
        assert {**found, "tasks": list(found["tasks"])} == whole


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"tasks": [1', '{"tasks": [1 2]}', '{"a" 1}', '{"a": 1', '{"tasks": []} 2', '{"tasks": []}}'],
)
def test_what_is_no_report_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"[Ee]xpect|delimiter"):
        list(streamed(path)["tasks"])


@pytest.mark.parametrize("text", ['{"a": 1}', '{"tasks": null}', '{"tasks": {}}', '{"tasks": "x"}'])
def test_what_has_no_list_of_tasks_is_not_taken_for_a_report_without_any(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    assert streamed(path) == json.loads(text)


def test_the_tasks_are_counted_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"tasks": [{}] * 7}))
    assert len(streamed(path)["tasks"]) == 7
