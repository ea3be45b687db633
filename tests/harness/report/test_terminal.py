"""The terminal's sentence on boxes that did not stand on the tasks' own images."""

from __future__ import annotations

from harness.report.terminal import _engine


def test_this_machines_root_is_named_once_and_each_stand_in_by_itself() -> None:
    engines = [
        {"fidelity": "host", "base": "this machine in place of debian:12"},
        {"fidelity": "host", "base": "this machine in place of gcc:13"},
        {"fidelity": "stand-in", "base": "python:3.12"},
        {"fidelity": "image", "base": None},
    ]
    report = {"engine": "bwrap", "tasks": [{"engine": engine} for engine in engines]}
    said = [line for line in _engine(report, 500) if line]
    assert [line.split(", not on")[0] for line in said] == [
        "The boxes of 2 tasks stood on this machine's own root",
        "The boxes of 1 task stood on a stand-in (python:3.12)",
    ]
