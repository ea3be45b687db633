"""One small report in every format, byte for byte. UPDATE_SNAPSHOTS=1 writes them anew, for a person to look at."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.report.compare import compare, compared
from harness.report.formats import FORMATS
from harness.report.read import schema
from tests.harness.report.conftest import whole
from tests.harness.report.test_schemas import violations

FOLDER = Path(__file__).parent / "snapshots"
FILES = {
    "terminal": "terminal.txt",
    "markdown": "summary.md",
    "sarif": "results.sarif.json",
    "junit": "junit.xml",
    "stryker": "stryker.json",
    "csv": "mutants.csv",
    "csv-tasks": "tasks.csv",
    "csv-trials": "trials.csv",
}


def small() -> dict[str, Any]:
    """Two tasks, three mutants, a lead, an unfinished task."""
    found: dict[str, Any] = json.loads((FOLDER / "report.json").read_text(encoding="utf-8"))
    return found


def same(name: str, data: bytes) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_bytes(data)
    assert data.decode() == path.read_text(encoding="utf-8")


def test_the_small_report_keeps_the_schema() -> None:
    assert violations(small(), json.loads(schema())) == []


def test_every_format_has_a_snapshot() -> None:
    assert {*FILES, "json"} == set(FORMATS)


@pytest.mark.parametrize("form", FILES)
def test_a_format_is_as_it_was(form: str) -> None:
    same(FILES[form], whole(FORMATS[form](small(), Path("/work"))).encode())


def test_a_comparison_is_as_it_was() -> None:
    before, after = small(), small()
    after["tasks"][0]["mutants"][0]["outcome"] = "survived"
    after["seed"] = 7
    del after["tasks"][1]
    same("compare.txt", f"{compared(compare(before, after))}\n".encode())
