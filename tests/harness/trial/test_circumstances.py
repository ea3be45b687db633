"""What is done to a box around solving and verifying, in a real shell on a folder that stands for the box."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.engine.contract import BoxSpec, Command, Exit, Recipe
from harness.trial.circumstances import Circumstances, make_after, make_before, took_effect
from mutator.operators.preserving import Touch
from mutator.operators.state import Action, Chmod, Remove, Stop, Write
from tests.harness.fake_engine import FakeBox, FakeEngine


class ShellBox(FakeBox):
    """Commands run on this machine; `/dev/shm` and `/box` are folders of the test's."""

    def __init__(self, root: Path) -> None:
        engine = FakeEngine()
        super().__init__(engine, BoxSpec(engine.build(_recipe())))
        self.root = root
        (root / "shm").mkdir()
        (root / "box").mkdir()

    def _here(self, text: str) -> str:
        return text.replace("/dev/shm", str(self.root / "shm")).replace("/box", str(self.root / "box"))

    def run(self, command: Command) -> Exit:
        assert command.user == "root"
        argv = [self._here(word) for word in command.argv]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=command.timeout)
        return Exit(done.returncode, 0.0, done.stdout)

    def put(self, source: Path, target: str) -> None:
        shutil.copy(source, self._here(target))


def _recipe() -> Recipe:
    return Recipe(Path("/"), image="none")


@pytest.fixture
def box(tmp_path: Path) -> ShellBox:
    return ShellBox(tmp_path)


def test_a_written_file_keeps_its_mode_and_leaves_nothing_beside_it(box: ShellBox) -> None:
    file = box.root / "box/it's here.txt"
    file.write_text("old")
    file.chmod(0o640)
    assert make_after(box, Circumstances(actions=(Write("/box/it's here.txt", b"new\0"),))) == ""
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new\0", 0o640)
    assert list((box.root / "shm").iterdir()) == []


def test_actions_are_done_in_their_order(box: ShellBox) -> None:
    for name in ("a", "b"):
        (box.root / "box" / name).write_text(name)
    (box.root / "box/folder/deep").mkdir(parents=True)
    actions: tuple[Action | Touch, ...] = (
        Chmod("/box/a", 0o600), Touch("/box/a", 1_000_000), Remove("/box/folder"), Remove("/box/b"),
        Write("/box/b", b"again"),
    )  # fmt: skip
    assert make_after(box, Circumstances(actions=actions)) == ""
    a = (box.root / "box/a").stat()
    assert (a.st_mode & 0o777, a.st_mtime) == (0o600, 1_000_000)
    assert not (box.root / "box/folder").exists()
    assert (box.root / "box/b").read_text() == "again"


def test_a_process_is_gone_before_the_tests_begin(box: ShellBox) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        # A zombie answers `kill -0`; in a box the first process takes it away.
        reaper = subprocess.Popen(["tail", f"--pid={process.pid}", "-f", "/dev/null"])
        make_after(box, Circumstances(actions=(Stop(process.pid),)))
        assert process.wait(5) == -15
        reaper.kill()
        reaper.wait()
    finally:
        process.kill()


def test_the_last_line_of_what_went_wrong_is_the_reason(box: ShellBox) -> None:
    why = make_after(box, Circumstances(actions=(Chmod("/box/missing", 0o600), Write("/box/after", b"x"))))
    assert "missing" in why
    assert not (box.root / "box/after").exists(), "nothing is done behind a change that was not made"


def test_a_silent_failure_is_named_by_its_command_and_a_proof_by_itself(box: ShellBox) -> None:
    assert make_after(box, Circumstances(proof="exit 3")) == "`exit 3` ended with 3"
    assert make_after(box, Circumstances(proof="true")) == ""


def test_before_runs_before_and_its_failure_is_left_to_the_proof(box: ShellBox) -> None:
    make_before(box, Circumstances(before="echo first > /box/made; exit 1"))
    make_before(box, Circumstances())
    assert (box.root / "box/made").read_text() == "first\n"


def test_an_effect_is_there_or_not_or_nobody_looked(box: ShellBox) -> None:
    (box.root / "box/mark").touch()
    assert took_effect(box, Circumstances(effect="test -e /box/mark")) is True
    assert took_effect(box, Circumstances(effect="test -e /box/other")) is False
    assert took_effect(box, Circumstances()) is None


def test_looking_changes_nothing() -> None:
    assert not Circumstances().any
    assert not Circumstances(proof="x", seen="y", effect="z").changes
    assert Circumstances(proof="x").any
    assert Circumstances(hostname="other").changes
