"""A source's row says how often its verifiers paid a variant whose tests did not pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.report.by_source import KEYS, by_source, source_of
from harness.report.html import render
from harness.report.markdown import markdown
from harness.report.verbose import verbose
from harness.report.words import SOURCES, source_rows
from tests.harness.report.conftest import Report


def paid(**trials: int) -> dict[str, int]:
    return {**dict.fromkeys(("all", *KEYS), 0), **trials}


def task(name: str, trials: int = 0, **ways: int) -> Any:
    return {"name": name, "path": f"/sets/{name}", "paid_trials": paid(all=trials, **ways)}


TASKS = [
    task("lax/a", trials=6, skipped=4, failed=1),
    task("lax/b", trials=2),
    task("lax/c"),
    task("strict/d", trials=3),
    task("silent/sub/e", trials=4, none_ran=4),
    task("ended/f", trials=4, early_exit=2, written_first=2),
    task("ended/g", trials=1),
]


def test_each_source_has_its_tasks_and_its_paid_trials_and_the_worst_comes_first() -> None:
    silent, ended, lax, strict = by_source(TASKS)
    assert (silent["source"], silent["tasks"], silent["share"]) == ("silent/sub", ["silent/sub/e"], 1.0)
    assert silent["paid_trials"] == paid(all=4, none_ran=4)
    assert (ended["tasks"], ended["share"]) == (["ended/f"], 0.5)
    assert ended["paid_trials"] == paid(all=5, early_exit=2, written_first=2)
    # Of c no variant was paid: it says nothing of how its verifier treats a test that did not pass.
    assert (lax["audited"], lax["measured"], lax["tasks"], lax["share"]) == (3, 2, ["lax/a"], 0.5)
    assert lax["paid_trials"] == paid(all=8, failed=1, skipped=4)
    assert (strict["tasks"], strict["share"]) == ([], 0.0)


def test_nothing_is_a_share_of_nothing() -> None:
    [row] = by_source([task("a/b")])
    assert (row["measured"], row["share"], row["low"], row["high"]) == (0, None, None, None)


def test_a_task_of_an_older_run_is_not_measured() -> None:
    [row] = by_source([{"name": "set/a"}])
    assert (row["source"], row["audited"], row["measured"]) == ("set", 1, 0)


def test_an_older_run_that_counted_fewer_ways_is_read_all_the_same() -> None:
    older = {
        "name": "a/one",
        "path": "/sets/a/one",
        "paid_trials": {"all": 2, "failed": 1, "skipped": 0, "none_ran": 0},
    }
    [row] = by_source([older])
    assert row["paid_trials"] == paid(all=2, failed=1)
    told = source_rows({"summary": {"by_source": [{**row, "paid_trials": older["paid_trials"]}]}})
    assert [cells[4:] for cells in told] == [("2", "1", "0", "0", "0", "0")]


def test_only_sources_with_something_to_say_are_shown() -> None:
    rows = source_rows({"summary": {"by_source": by_source(TASKS)}})
    assert [row[:3] for row in rows] == [
        ("silent/sub", "1 of 1", "100 %"), ("ended", "1 of 2", "50 %"), ("lax", "1 of 2", "50 %"),
    ]  # fmt: skip
    assert [row[4:] for row in rows[1:]] == [("5", "0", "0", "0", "2", "2"), ("8", "1", "4", "0", "0", "0")]
    assert {len(row) for row in rows} == {len(SOURCES)}


@pytest.mark.parametrize(
    ("name", "path", "groups", "source"),
    [
        ("set/x", "/a/set/x", None, "set"),
        ("x", "/a/set/x", None, "set"),
        ("x", "/x", None, "/x"),
        ("file/x", "/a/file.parquet", {"file/x": "easy"}, "easy"),
        ("file/y", "/a/file.parquet", {"file/x": "easy"}, "file"),
    ],
)
def test_a_source_is_where_a_task_lies_or_what_a_sample_was_drawn_by(
    name: str, path: str, groups: dict[str, str] | None, source: str
) -> None:
    assert source_of(name, path, groups) == source


def test_a_sample_by_a_column_has_its_values_for_sources() -> None:
    by_level = {"by": "level", "groups": {"lax/a": "easy", "lax/b": "hard"}}
    assert [row["source"] for row in by_source(TASKS[:2], by_level)] == ["easy", "hard"]
    by_chance = {"by": None, "groups": {"lax/a": "all", "lax/b": "all"}}
    assert [row["source"] for row in by_source(TASKS[:2], by_chance)] == ["lax"]


def test_the_table_is_in_every_report_that_has_the_datasets(report: Report, tmp_path: Path) -> None:
    found, page = report("survivors"), tmp_path / "page.html"
    found["summary"]["by_source"] = by_source(TASKS)
    render(found, page)
    for text in (markdown(found), verbose(found), page.read_text()):
        assert text.index("silent/sub") < text.index("1 of 2")
    found["summary"]["by_source"] = by_source(TASKS[1:4])
    render(found, page)
    assert "Paid although tests failed" not in page.read_text()
    assert SOURCES[0] not in markdown(found) + verbose(found)
