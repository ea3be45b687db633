"""The parquet tables: their schema, that three libraries read them, and that the examples of docs/research.md run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from click.testing import CliRunner

import harness.runs
from bench.many_tasks import make_engine, task_files
from harness.commands.main import cli
from harness.report.read import read_report
from harness.report.tables import SCHEMA, TABLES, kind, write_tables
from tests.harness.dataset.packing import parquet, tarred

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "research.md").read_text()


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two runs, one of them a sample of a parquet file."""
    monkeypatch.setattr(harness.runs, "make_engine", lambda name, options: make_engine())
    monkeypatch.chdir(tmp_path)
    cells = [tarred(task_files(number)) for number in range(12)]
    parquet(tmp_path / "train.parquet", cells, source=["x", "y", "y"] * 4)
    common = ["audit", "train.parquet", "--no-config", "-q", "--repeat", "1", "-j", "1", "--budget", "14"]
    for words in (["--sample", "6", "--by", "source", "-o", "monday"], ["-o", "tuesday", "--probe", "none"]):
        assert CliRunner().invoke(cli, [*common, *words]).exit_code in (0, 1, 3)
    done = CliRunner().invoke(cli, ["export", "monday", "tuesday", "-o", "tables"])
    assert done.exit_code == 0, done.output
    return tmp_path / "tables"


def test_the_tables_hold_what_the_reports_hold(tables: Path) -> None:
    reports = {name: read_report(Path(name)) for name in ("monday", "tuesday")}
    tasks = pyarrow.parquet.read_table(tables / "tasks.parquet").to_pylist()
    mutants = pyarrow.parquet.read_table(tables / "mutants.parquet").to_pylist()
    trials = pyarrow.parquet.read_table(tables / "trials.parquet").to_pylist()
    assert [(row["audit"], row["task"]) for row in tasks] == [
        (name, task["name"]) for name, report in reports.items() for task in report["tasks"]
    ]
    assert len(mutants) == sum(len(task["mutants"]) for report in reports.values() for task in report["tasks"]) > 0
    for row in tasks:
        assert (row["source_file"], row["source_row"]) == (str(tables.parent / "train.parquet"), int(row["task"][6:]))
        assert row["weight"] == (2.0 if row["audit"] == "monday" else 1.0)
        assert row["stratum"] == (None if row["audit"] == "tuesday" else "x" if row["source_row"] % 3 == 0 else "y")
    told = {
        (name, task["name"], one["id"]): one
        for name, report in reports.items()
        for task in report["tasks"]
        for one in task["mutants"]
    }
    for row in mutants:
        one = told[row["audit"], row["task"], row["mutant"]]
        assert (row["outcome"], row["killed_by"], row["sentence"]) == (
            one["outcome"],
            one["killed_by"],
            one["sentence"],
        )
    assert {row["kind"] for row in trials} >= {"reference", "nop", "hollow", "mutant", "probe"}
    assert {row["reward"] for row in trials} == {0.0, 1.0}
    assert all(bool(row["probe"]) == (row["kind"] == "probe") for row in trials)
    counted = sum(
        len(one["runs"])
        for report in reports.values()
        for task in report["tasks"]
        for one in (*task["mutants"], *task["probes"])
    )
    assert sum(row["kind"] in ("mutant", "probe") for row in trials) == counted


def test_the_schema_is_the_one_that_is_described(tables: Path) -> None:
    section = PAGE.partition("## Parquet")[2].partition("## What the numbers are")[0]
    types = dict(re.findall(r"^\| (int64|double|bool|list of string) \| (.*) \|$", section, re.MULTILINE))
    groups = "the outcomes"
    assert groups in types["int64"]
    outcomes = {
        "killed",
        "idle",
        "timeout",
        "survived",
        "partial",
        "equivalent",
        "harmless",
        "invalid",
        "error",
        "flaky",
    }
    named = {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in types.items()}
    named["int64"] |= outcomes
    found: dict[str, set[str]] = {}
    for table in TABLES:
        schema = pyarrow.parquet.read_schema(tables / f"{table.name}.parquet")
        assert schema.metadata[b"schema"].decode() == SCHEMA
        assert tuple(schema.names) == table.columns
        for field in schema:
            spelled = {"int64": "int64", "double": "double", "bool": "bool", "string": "string"}
            name = spelled.get(str(field.type), "list of string")
            found.setdefault(name, set()).add(field.name)
            assert f"`{field.name}`" in PAGE
            assert kind(field.name) in (str(field.type), "json", "list<string>")
    found.pop("string")
    assert found == named


def test_text_is_whole_and_as_it_was_written(tmp_path: Path) -> None:
    row = {"audit": "a", "task": "=1+1", "sentence": "\ud800\x00" + "x" * 40_000}
    report: dict[str, Any] = {"tasks": [], "engine": "fake", "seed": 0, "foolsgold": "1"}
    [mutants] = [table for table in TABLES if table.name == "mutants"]
    assert json.dumps(row)
    assert write_tables([("a", report)], tmp_path) == {"tasks": 0, "mutants": 0, "trials": 0}
    assert pyarrow.parquet.read_table(tmp_path / "mutants.parquet").num_rows == 0
    assert tuple(pyarrow.parquet.read_schema(tmp_path / "mutants.parquet").names) == mutants.columns


def test_pandas_polars_and_duckdb_read_them(tables: Path) -> None:
    import duckdb
    import pandas
    import polars

    for table in TABLES:
        file = tables / f"{table.name}.parquet"
        rows = pyarrow.parquet.read_metadata(file).num_rows
        assert len(pandas.read_parquet(file)) == len(polars.read_parquet(file)) == rows
        counted = duckdb.sql(f"SELECT count(*) FROM '{file}'")
        assert counted is not None
        assert counted.fetchall() == [(rows,)]
    lists = polars.read_parquet(tables / "mutants.parquet")["killed_by"]
    assert lists.dtype == polars.List(polars.String)


def test_the_examples_on_the_page_run_and_say_what_is_so(tables: Path) -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(compile(block, "docs/research.md", "exec"), names)
    by_source = names["by_source"]
    assert list(by_source.index) == [("monday", "x"), ("monday", "y"), ("tuesday", "train")]
    assert list(by_source.tasks) == [2, 4, 12]
    assert all(by_source.low <= by_source.strength)
    assert all(by_source.strength <= by_source.high)
    mutants = pyarrow.parquet.read_table(tables / "mutants.parquet").to_pylist()
    assert names["yields"]["tried"].sum() == len(mutants)
    assert names["yields"]["paid"].sum() == sum(row["outcome"] == "survived" for row in mutants)
    killed = {(row["audit"], row["task"]) for row in mutants if row["outcome"] == "killed" and row["killed_by"]}
    assert set(names["by_task"]) == killed
    shared, agree, kappa = names["agreement"]
    both = {(row["task"], row["mutant"]) for row in mutants if row["audit"] == "monday"} & {
        (row["task"], row["mutant"]) for row in mutants if row["audit"] == "tuesday"
    }
    assert 0 < shared <= len(both)
    assert agree == 1.0
    assert kappa in (None, 1.0)


def test_a_run_that_is_named_twice_is_the_users_mistake(tables: Path) -> None:
    done = CliRunner().invoke(cli, ["export", "monday", "monday", "-o", "tables"])
    assert "named twice" in str(done.exception)
