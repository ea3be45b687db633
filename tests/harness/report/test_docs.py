from __future__ import annotations

import re
from pathlib import Path

from harness.commands.compare import compare
from harness.commands.report import report
from harness.findings.catalogue import FINDINGS
from harness.report.dataset import ROWS, USABLE
from harness.report.formats import FORMATS, HTML
from harness.report.rows import LONGEST_CELL, MUTANT_COLUMNS, TASK_COLUMNS, TRIAL_COLUMNS
from harness.report.sarif import LONGEST_MESSAGE

DOCS = Path(__file__).parents[3] / "docs"
REPORTS = (DOCS / "reports.md").read_text(encoding="utf-8")
RESEARCH = (DOCS / "research.md").read_text(encoding="utf-8")


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_every_format_and_option_is_described() -> None:
    assert {*FORMATS, HTML} <= quoted(REPORTS)
    for command in (report, compare):
        options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
        assert options
        assert not [option for option in options if option not in REPORTS]


def test_the_dataset_table_is_described_row_by_row_with_what_feeds_it() -> None:
    rows = dict(re.findall(r"^\| ([a-z -]+) \| (.*) \|$", REPORTS.partition("## The dataset table")[2], re.MULTILINE))
    for row in ROWS:
        fed = {ident for ident, entry in FINDINGS.items() if entry.row == row.name}
        assert quoted(rows[row.name]) == fed | row.verdicts | row.training
    assert USABLE in rows


def test_every_column_is_described() -> None:
    for columns in (MUTANT_COLUMNS, TASK_COLUMNS, TRIAL_COLUMNS):
        assert set(columns) <= quoted(RESEARCH)


def test_limits_in_the_text_are_the_codes() -> None:
    assert f"{LONGEST_MESSAGE:,} characters" in REPORTS
    assert f"{LONGEST_CELL:,} characters" in RESEARCH
