"""The task formats there are. A new one is its loader, which has its `FormatSpec`, and a row here; and how its own
runner runs a trial, with a row in harness/trial/runner.py."""

from __future__ import annotations

from harness.task.harbor import HARBOR
from harness.task.model import FormatSpec
from harness.task.terminal_bench import TERMINAL_BENCH

FORMATS: tuple[FormatSpec, ...] = (HARBOR, TERMINAL_BENCH)
"""A folder with the config files of several is read as the first of them."""
