"""Reports of every kind of run, made by real audits on an engine without boxes."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.engine.contract import Command
from harness.errors import BuildFailed, EngineError
from harness.judging.controls import ControlSettings
from harness.judging.outcome import Outcome
from harness.judging.strength import Thresholds
from harness.lab.store import Store
from harness.mutants import Wish
from harness.stages.result import AuditSettings
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from tests.harness.fake_engine import SOLVE, VERIFY, Answer, Does, FakeBox, FakeEngine
from tests.harness.tasks import HARBOR, write
from tests.harness.test_audit import (
    INSTRUCTION,
    LOG,
    ONLY_DATA,
    REWARD,
    SOLUTION,
    Found,
    Watch,
    audited_into,
    looking_at,
    solve,
)

SETTINGS = {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION}
TESTS = "def test_port():\n    assert get() in (200, 503)\n\n\ndef test_other():\n    run()\n"
Files = Mapping[str, str | bytes | None]


def engine(verify: Answer) -> FakeEngine:
    return FakeEngine([(SOLVE, solve), (r"/solution/solve\.sh\) >", solve), (VERIFY, verify)])


def tasks(folder: Path, *names: str, files: Files | None = None) -> list[Task | Unusable]:
    for name in names:
        write(folder / name, {**HARBOR, **SETTINGS, **(files or {})})
    return list(discover([folder / name for name in names]))


def run(
    made: FakeEngine, found: list[Task | Unusable], folder: Path, *, watcher: Watch | None = None, least: int = 3
) -> Found:
    settings = AuditSettings(ControlSettings(repeat=2), Wish(operators=ONLY_DATA), Thresholds(least=least))
    options = {"engine": "fake", "seed": 0}
    with Store(folder) as store:
        return audited_into(
            made,
            found,
            settings,
            store,
            watcher=watcher,
            options=options,
            command=lambda task: f"foolsgold audit {task.name}",
        )


def written(found: Found, folder: str = "the-run") -> dict[str, Any]:
    """As it comes back from the file."""
    return found.report(folder)


def keys(*names: str) -> Callable[[FakeBox, Command], Does]:
    """A verifier with a reward for each key, and a log that is no UTF-8."""
    verify = looking_at("port", "debug", "hosts")

    def several(box: FakeBox, command: Command) -> Does:
        log = verify(box, command).writes[LOG]
        passed = {name: f"test_{name} PASSED".encode() in log for name in names}
        rewards = json.dumps({name: float(ok) for name, ok in passed.items()}).encode()
        return Does(0, writes={LOG: b"\xff\x00\x1b[31m" + log, REWARD.replace("txt", "json"): rewards})

    return several


class Stopping(Watch):
    """Ends the run as Ctrl-C does, once so many mutants were tried."""

    def tried(self, task: str, outcome: Outcome) -> None:
        super().tried(task, outcome)
        if len(self.outcomes) == self.stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        if len(self.outcomes) >= (self.stop_after or 0):
            # The trials that are left may not all end before the main thread has been told.
            time.sleep(0.1)


def healthy(folder: Path) -> dict[str, Any]:
    return written(run(engine(looking_at("port", "debug", "hosts")), tasks(folder, "whole"), folder / "run"))


def survivors(folder: Path) -> dict[str, Any]:
    made = tasks(folder, "a", "b", files={"tests/test_state.py": TESTS})
    return written(run(engine(looking_at("debug", "hosts")), made, folder / "run"))


def broken(folder: Path) -> dict[str, Any]:
    error = BuildFailed("there is no x", file="Dockerfile", line=2, instruction="COPY x /x", output="no x\n")
    return written(run(FakeEngine(build_error=error), tasks(folder, "unbuilt"), folder / "run"))


def unpaid(folder: Path) -> dict[str, Any]:
    return written(run(engine(Does(1, writes={REWARD: b"0"})), tasks(folder, "unpaid"), folder / "run"))


def paid_for_nothing(folder: Path) -> dict[str, Any]:
    return written(run(engine(Does(writes={REWARD: b"1"})), tasks(folder, "nop"), folder / "run"))


def unmeasured(folder: Path) -> dict[str, Any]:
    made = tasks(folder, "few") + tasks(folder, "unreadable", files={"task.toml": "= 1\n"})
    return written(run(engine(looking_at("port")), made, folder / "run", least=1000))


def engine_gone(folder: Path) -> dict[str, Any]:
    return written(run(FakeEngine(build_error=EngineError("gone")), tasks(folder, "gone"), folder / "run"))


def two_keys(folder: Path) -> dict[str, Any]:
    return written(run(engine(keys("port", "debug")), tasks(folder, "keys"), folder / "run"))


def named_like_markup(folder: Path) -> dict[str, Any]:
    made = tasks(folder, "<script>alert(1)<", "a | b`c` @you", "=1+1")
    return written(run(engine(looking_at("hosts")), made, folder / "run"))


def interrupted(folder: Path) -> dict[str, Any]:
    watcher = Stopping(stop_after=4)
    return written(run(engine(looking_at("port")), tasks(folder, "a", "b"), folder / "run", watcher=watcher))


KINDS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    made.__name__: made
    for made in (
        healthy, survivors, broken, unpaid, paid_for_nothing, unmeasured, engine_gone, two_keys, named_like_markup,
        interrupted,
    )
}  # fmt: skip
