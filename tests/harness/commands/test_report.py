from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.commands.compare import compare
from harness.commands.report import report
from harness.commands.show import show
from harness.errors import ExitCode, UsageError
from harness.lab.store import SCHEMA_VERSION, Planned, Store
from harness.mutants import Wish
from harness.report.document import SCHEMA, run_facts
from harness.report.formats import FORMATS, HTML
from harness.report.read import read_report, schema
from harness.stages.result import AuditSettings
from tests.harness.report.runs import Stopping, engine, run, tasks, written
from tests.harness.report.test_schemas import violations
from tests.harness.report.test_snapshots import small
from tests.harness.test_audit import looking_at


def ask(command: Any, *words: str | Path) -> Result:
    """Errors of foolsgold come out as they are: showing them is `main`'s."""
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False, standalone_mode=False)


def saved(folder: Path, made: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(made), encoding="utf-8")
    return folder


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_printed_or_written_the_same(tmp_path: Path, form: str) -> None:
    folder = saved(tmp_path / "run", small())
    printed = ask(report, folder, "--format", form, "--root", "/")
    assert ask(report, folder, "-f", form, "--root", "/", "-o", tmp_path / "out").return_value == ExitCode.OK
    assert (tmp_path / "out").read_bytes() == printed.stdout_bytes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]
    assert "1 of 3 tasks are unfinished" in printed.stderr


def test_a_page_needs_a_file(tmp_path: Path) -> None:
    folder = saved(tmp_path / "run", small())
    with pytest.raises(UsageError, match="too long for a terminal"):
        ask(report, folder, "--format", HTML)
    ask(report, folder, "--format", HTML, "-o", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    folder, pipe = saved(tmp_path / "run", small()), tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    ask(report, folder, "--format", "csv", "-o", pipe)
    reader.join(10)
    assert pipe.is_fifo()
    assert read[0].startswith(b"task,")


def test_the_schema_is_printed_without_a_run() -> None:
    assert ask(report, "--schema").stdout == schema()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('{"schema": "foolsgold.report/2", "foolsgold": "9.9"}', "written in foolsgold.report/2", "version 9.9"),
        ('{"schema": "else"}', "is no report of an audit", "run folder"),
        ("[]", "is no report of an audit", "run folder"),
        ("{", "cannot be read", "--resume"),
        ("[" * 100_000, "cannot be read", "--resume"),
    ],
    ids=["newer", "other", "list", "half", "deep"],
)
def test_what_is_no_report_of_this_version_is_said_to_be_none(tmp_path: Path, text: str, said: str, hint: str) -> None:
    write(tmp_path / "run/report.json", text)
    with pytest.raises(UsageError, match=said) as caught:
        ask(report, tmp_path / "run")
    assert hint in caught.value.hint


@pytest.mark.parametrize("words", [["nowhere"], ["."], []], ids=["missing", "empty", "none"])
def test_a_wrong_run_is_said_with_what_to_give(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        ask(report, *words)
    assert "foolsgold audit" in caught.value.hint


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folder = saved(tmp_path / "run", small())
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        ask(report, folder, "-o", tmp_path / "none/out")


# --- runs without an end


def cut(folder: Path) -> Path:
    """A run folder as Ctrl-C leaves it, before its report is written: as a kill does."""
    found = run(engine(looking_at("port")), tasks(folder, "a", "b"), folder / "run", watcher=Stopping(stop_after=4))
    assert not found.whole
    return folder / "run"


@pytest.mark.parametrize("form", FORMATS)
def test_a_run_that_was_killed_is_reported_in_every_format(tmp_path: Path, form: str) -> None:
    said = ask(report, cut(tmp_path), "--format", form)
    assert said.return_value == ExitCode.OK
    assert "2 of 2 tasks are unfinished" in said.stderr
    assert said.stdout


def test_a_run_that_was_killed_says_how_far_each_task_is_and_keeps_the_schema(tmp_path: Path) -> None:
    found = read_report(cut(tmp_path))
    assert violations({**found, "tasks": list(found["tasks"])}, json.loads(schema())) == []
    assert [task["name"] for task in found["unfinished"]] == ["a", "b"]
    assert found["interrupted"]
    progress = [task["progress"] for task in found["unfinished"]]
    assert all(one["mutants"] >= one["tried"] for one in progress)
    assert sum(one["tried"] for one in progress) >= 4
    with closing(sqlite3.connect(tmp_path / "run/run.db")) as db:
        for task in found["unfinished"]:
            where = ("FROM trial WHERE task = ?", (task["name"],))
            [(trials,)] = db.execute(f"SELECT count(*) {where[0]}", where[1])
            [(tried,)] = db.execute(f"SELECT count(DISTINCT label) {where[0]} AND kind = 'mutant'", where[1])
            assert (task["progress"]["trials"], task["progress"]["tried"]) == (trials, tried)
            first = db.execute(
                f"SELECT record {where[0]} AND kind = 'mutant' AND run = 'first' AND purpose LIKE 'judge%'", where[1]
            )
            paid = [record for (record,) in first if json.loads(record)["rewards"] == {"reward": 1.0}]
            assert task["progress"]["paid"] == len(paid)


def test_an_interrupted_runs_report_gets_the_progress_of_its_unfinished_tasks(tmp_path: Path) -> None:
    made = run(engine(looking_at("port")), tasks(tmp_path, "a"), tmp_path / "run", watcher=Stopping(stop_after=3))
    folder = saved(tmp_path / "run", written(made, str(tmp_path / "run")))
    [task] = read_report(folder)["unfinished"]
    assert task["progress"]["tried"] >= 3
    alone = saved(tmp_path / "moved", written(made))
    assert read_report(alone)["unfinished"] == [task]  # a report by itself says what was known when it was written


def test_a_run_that_is_going_on_can_be_looked_at(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        store.begin_run([Planned("a", "/a", "0" * 64), Planned("b", "/b", "1" * 64)], {"engine": "bwrap"})
        store.set_meta({"facts": run_facts("bwrap", "0.11", AuditSettings(wish=Wish(seed=3)))})
        store.begin_task("a", "0" * 64, "setting")
        found = read_report(tmp_path / "run")
    assert (found["engine"], found["seed"]) == ("bwrap", 3)
    assert found["unfinished"] == [
        {"name": "a", "path": "/a", "progress": {"trials": 0, "mutants": 0, "tried": 0, "paid": 0}},
        {"name": "b", "path": "/b", "progress": None},
    ]


def test_looking_at_a_run_changes_nothing_in_it(tmp_path: Path) -> None:
    folder = cut(tmp_path)
    before = (folder / "run.db").read_bytes()
    read_report(folder)
    assert (folder / "run.db").read_bytes() == before


@pytest.mark.parametrize(("statements", "said"), [
    ([f"PRAGMA user_version = {SCHEMA_VERSION + 1}"], "was written by a newer foolsgold"),
    (["UPDATE trial SET record = '{'"], "cannot be read"),
    (["UPDATE trial SET record = '{}'"], "cannot be read"),
    (["DROP TABLE trial"], "cannot be read"),
])  # fmt: skip
def test_a_store_that_cannot_be_read_is_said_to_be_so(tmp_path: Path, statements: Sequence[str], said: str) -> None:
    folder = cut(tmp_path)
    with closing(sqlite3.connect(folder / "run.db", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    with pytest.raises(UsageError, match=said):
        read_report(folder)


def test_a_store_of_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    write(tmp_path / "run/run.db", "no database " * 100)
    with pytest.raises(UsageError, match="cannot be read"):
        read_report(tmp_path / "run")


def test_a_variant_of_a_finished_task_is_found_in_an_unfinished_run(tmp_path: Path) -> None:
    made = small()
    folder = saved(tmp_path / "run", made)
    [*_, ref] = made["tasks"][0]["survivors"]
    assert f"{ref}: " in ask(show, folder, ref).stdout
    with pytest.raises(UsageError, match=r"No task and no mutant zz in this run\. 1 of its tasks is unfinished"):
        ask(show, folder, "zz")


# --- compare


def pair(tmp_path: Path, outcome: str) -> tuple[Path, Path]:
    before, after = ({**small(), "unfinished": [], "interrupted": False} for _ in range(2))
    after["tasks"][0]["mutants"][0]["outcome"] = outcome
    return saved(tmp_path / "before", before), saved(tmp_path / "after", after)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("killed", ExitCode.OK), ("survived", ExitCode.BELOW_BAR)],
)
def test_a_weaker_task_fails_where_that_is_asked_for(tmp_path: Path, outcome: str, code: ExitCode) -> None:
    runs = pair(tmp_path, outcome)
    assert ask(compare, *runs).return_value == ExitCode.OK
    assert ask(compare, *runs, "--fail-on-weaker").return_value == code


def test_what_neither_run_came_to_the_end_of_does_not_pass(tmp_path: Path) -> None:
    runs = (saved(tmp_path / "before", small()), saved(tmp_path / "after", small()))
    assert ask(compare, *runs, "--fail-on-weaker").return_value == ExitCode.UNMEASURED


def test_a_task_of_which_nobody_knows_any_more_does_not_pass(tmp_path: Path) -> None:
    after = small()
    after["tasks"][0]["verdict"] = "unmeasured"
    runs = saved(tmp_path / "before", small()), saved(tmp_path / "after", after)
    assert ask(compare, *runs, "--fail-on-weaker").return_value == ExitCode.UNMEASURED


def test_a_comparison_is_one_json_document(tmp_path: Path) -> None:
    found = json.loads(ask(compare, *pair(tmp_path, "survived"), "--json").stdout)
    assert (found["schema"], found["counts"]["weaker"]) == ("foolsgold.compare/1", 1)
    assert SCHEMA not in str(found)
