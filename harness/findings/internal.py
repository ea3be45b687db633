"""A bug of foolsgold's own, told as such: it says nothing about the task."""

from __future__ import annotations

import traceback
from dataclasses import replace

from harness.findings.catalogue import finding
from harness.findings.model import Finding


def internal_finding(task: str, error: BaseException, command: str) -> Finding:
    found = finding(
        "internal-error",
        f"foolsgold itself failed: {type(error).__name__}: {error}",
        advice="Please report it with the traceback that is printed below.",
    )
    return replace(found, task=task, command=command)


def trace_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
