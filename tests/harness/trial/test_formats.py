"""The two tables that a task format has a row in."""

from __future__ import annotations

from harness.task.formats import FORMATS
from harness.trial.runner import RUNNERS


def test_every_format_that_is_read_can_be_run() -> None:
    assert list(RUNNERS) == [spec.name for spec in FORMATS]


def test_no_two_formats_share_a_name_or_a_config_file() -> None:
    assert len({spec.name for spec in FORMATS}) == len({spec.config for spec in FORMATS}) == len(FORMATS)
