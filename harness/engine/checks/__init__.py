"""Checks that every engine must pass: one function each, named by the sentence that must be true."""

from __future__ import annotations

from importlib import import_module

from harness.engine.checks.scene import CHECKS, CheckedEngine, CheckFailed, NotMeasured

__all__ = ["CHECKS", "CheckFailed", "CheckedEngine", "NotMeasured"]

for _part in (
    "commands",
    "processes",
    "surroundings",
    "isolation",
    "network",
    "lists",
    "users",
    "files",
    "limits",
    "services",
):
    import_module(f"{__name__}.{_part}")
