"""All task formats. A new one needs a loader with a `FormatSpec` and a row here, and a function that runs a trial as
its own runner does, with a row in harness/trial/runner.py."""

from __future__ import annotations

from harness.task.harbor import HARBOR
from harness.task.model import FormatSpec
from harness.task.terminal_bench import TERMINAL_BENCH

FORMATS: tuple[FormatSpec, ...] = (HARBOR, TERMINAL_BENCH)
"""A folder with the config files of several formats is read as the first of them."""
