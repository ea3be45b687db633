"""The self-check can fail: every check does on an engine that lies, and nothing unmeasured counts as passed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.engine.checks import CHECKS
from harness.engine.contract import (
    Box,
    BoxSpec,
    Command,
    Engine,
    EngineReport,
    Exit,
    Image,
    ImageConfig,
    Progress,
    Recipe,
    silent,
)
from harness.engine.lists.reach import Reach
from harness.engine.selfcheck import CheckOutcome, run_selfcheck
from harness.errors import EngineError

IMAGE = Image("id", ImageConfig(env={"FLAVOUR": "plain"}), "image", "nothing")


@dataclass
class Liar(Box):
    answer: Exit
    content: bytes | None

    def run(self, command: Command) -> Exit:
        return self.answer

    def put(self, source: Path, target: str) -> None: ...

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        return self.content

    def listing(self, folder: str) -> dict[str, str]:
        return {}

    def allow(self, reach: Reach) -> None: ...

    def close(self) -> None: ...


@dataclass
class LyingEngine(Engine):
    box: Box | None
    name: str = "liar"

    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        return IMAGE

    def open(self, spec: BoxSpec) -> Box:
        if self.box is None:
            raise EngineError("no boxes today")
        return self.box

    def report(self) -> EngineReport:
        return EngineReport(self.name, True, "0")

    def no_lists(self) -> str:
        return ""

    def clean(self, *, everything: bool = False) -> list[str]:
        return []

    def close(self) -> None: ...


LIARS = [
    LyingEngine(Liar(Exit(0, 0.0), None)),
    LyingEngine(Liar(Exit(0, 0.0, b"0"), b"")),
    LyingEngine(Liar(Exit(1, 0.0, b"x"), b"x")),
    LyingEngine(Liar(Exit(None, 99.0), b"x")),
]


@pytest.mark.slow
def test_every_check_fails_on_an_engine_that_lies() -> None:
    failed = {
        result.name for liar in LIARS for result in run_selfcheck(liar, IMAGE) if result.outcome is CheckOutcome.FAILED
    }
    assert set(CHECKS) - failed <= {
        # These look at this machine's own processes first, and a liar has none to show.
        "timeout_kills_grandchildren_and_daemons",
        "close_kills_daemons",
        "close_kills_commands_left_running",
    }


def test_an_engine_without_boxes_passes_nothing() -> None:
    results = run_selfcheck(LyingEngine(None), IMAGE)
    assert len(results) == len(CHECKS) >= 30
    assert not [result.name for result in results if result.outcome is CheckOutcome.PASSED]
    assert all(result.reason for result in results)


def test_a_check_that_cannot_be_run_is_not_measured_and_says_why() -> None:
    bare = Image("id", ImageConfig(), "image", "nothing")
    (result,) = run_selfcheck(LIARS[0], bare, names=["image_environment_is_there_and_can_be_overridden"])
    assert (result.outcome, result.reason) == (CheckOutcome.NOT_MEASURED, "the image sets no variable")


def test_results_are_told_as_they_come() -> None:
    told: list[str] = []
    run_selfcheck(LyingEngine(None), IMAGE, on_result=lambda result: told.append(result.name))
    assert told == list(CHECKS)
