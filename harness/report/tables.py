"""Parquet for research: over one run or many, a row for each task, each mutant and each trial.

The columns are those of the CSV formats, with their types kept, and before them which run a row is of. docs/research.md
describes each; a column never changes its meaning under the same schema, and new ones come at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.report.formats import unwritable
from harness.report.rows import (
    MUTANT_COLUMNS,
    TASK_COLUMNS,
    TRIAL_COLUMNS,
    mutant_rows,
    probe_rows,
    task_rows,
    trial_rows,
)

SCHEMA = "foolsgold.tables/1"
_BATCH = 4096
"""Rows of a row group."""

TEXTS, JSON = "list<string>", "json"
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        "line requirement_line runs passed failed errors skipped not_reported counted stated_counted mutants killed "
        "idle timeout survived partial equivalent harmless invalid error flaky by_assertion by_crash unexplained "
        "requirements requirements_caught forge_tried forge_effective forge_paid forge_paid_by_default "
        "forge_not_measured seed source_row".split(),
        "int64",
    ),
    **dict.fromkeys(
        "relevance gap seconds start_seconds solve_seconds verify_seconds strength low high detected stated_strength "
        "stated_low stated_high stated_detected mean_gap weight reward".split(),
        "double",
    ),
    **dict.fromkeys(["crashed", "network"], "bool"),
    **dict.fromkeys(["killed_by", "findings", "labels"], TEXTS),
    "rewards": JSON,
}
"""Column -> its type; all others are text."""


def kind(column: str) -> str:
    return _TYPES.get(column, "string")


@dataclass(frozen=True, slots=True)
class ParquetTable:
    name: str
    columns: tuple[str, ...]
    rows: Callable[[Mapping[str, Any]], Iterable[dict[str, Any]]]


def _tasks(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    weights = {}
    if (sample := (report.get("selection") or {}).get("sample")) is not None:
        weights = {one["name"]: one["tasks"] / one["sampled"] for one in sample["strata"] if one["sampled"]}
    copies: dict[str, int] = {}
    for copy in report.get("copies", ()):
        copies[copy["of"]] = copies.get(copy["of"], 0) + 1
    for row, task in zip(task_rows(report), report["tasks"], strict=True):
        source = task.get("source") or {}
        yield {
            **row,
            "labels": list(task["labels"]),
            "source_file": source.get("file"),
            "source_member": source.get("member"),
            "source_row": source.get("row"),
            "stratum": task.get("stratum"),
            "weight": weights.get(task.get("stratum") or "", 1.0) * (1 + copies.get(task["name"], 0)),
        }


def _trials(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for row in chain(trial_rows(report), probe_rows(report)):
        rewards = row.get("rewards") or {}
        yield {**row, "reward": rewards.get("reward", next(iter(rewards.values()), None))}


TABLES = (
    ParquetTable(
        "tasks",
        ("audit", *TASK_COLUMNS, "source_file", "source_member", "source_row", "stratum", "weight"),
        _tasks,
    ),
    ParquetTable("mutants", ("audit", *MUTANT_COLUMNS), mutant_rows),
    ParquetTable("trials", ("audit", *TRIAL_COLUMNS, "reward", "probe"), _trials),
)


def write_tables(reports: Iterable[tuple[str, Mapping[str, Any]]], folder: Path) -> dict[str, int]:
    """Write tasks.parquet, mutants.parquet and trials.parquet over (name, report) of each run; their rows by name."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Writing parquet needs pyarrow.", hint="pip install 'foolsgold[parquet]'") from error
    counts: dict[str, int] = {}
    every = list(reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            schema = _schema(table)
            part, whole = folder / f".{table.name}.parquet.part", folder / f"{table.name}.parquet"
            rows = ({**row, "audit": name} for name, report in every for row in table.rows(report))
            counts[table.name] = 0
            with pyarrow.parquet.ParquetWriter(part, schema, compression="zstd") as writer:
                while batch := list(islice(rows, _BATCH)):
                    values = [{name: _value(name, row.get(name)) for name in schema.names} for row in batch]
                    writer.write_table(pyarrow.Table.from_pylist(values, schema=schema))
                    counts[table.name] += len(batch)
            part.replace(whole)
    except OSError as error:
        raise unwritable(folder, error) from error
    return counts


def _schema(table: ParquetTable) -> Any:
    import pyarrow

    types = {
        "int64": pyarrow.int64(),
        "double": pyarrow.float64(),
        "bool": pyarrow.bool_(),
        "string": pyarrow.string(),
        JSON: pyarrow.string(),
        TEXTS: pyarrow.list_(pyarrow.string()),
    }
    fields = [pyarrow.field(name, types[kind(name)]) for name in table.columns]
    return pyarrow.schema(fields, metadata={"schema": SCHEMA, "table": table.name})


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    match kind(name):
        case "json":
            return json.dumps(value, ensure_ascii=False)
        case "string":
            return str(value).encode("utf-8", "backslashreplace").decode()
        case "list<string>":
            return [str(each).encode("utf-8", "backslashreplace").decode() for each in value]
        case "double":
            return float(value)
    return value
