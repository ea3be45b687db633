"""Where the command stands may be broken: each such thing ends in a sentence and the right exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.lab.store import Store
from tests.conftest import Ordinary
from tests.e2e.test_exit_codes import LENIENT, TASK, command
from tests.harness.report.runs import engine, run, tasks
from tests.harness.tasks import HARBOR, write
from tests.harness.test_audit import looking_at

FOOLSGOLD = [sys.executable, "-m", "harness"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    run(engine(looking_at("debug", "hosts")), tasks(folder, "weak"), folder / "run")
    return folder / "run"


def in_shell(script: str, *words: str | Path, cwd: Path | None = None) -> tuple[int, str]:
    """The exit code and what stderr got; `"$@"` in the script is the command."""
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=200, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stderr


CLOSED = "foolsgold: Standard output is closed: what would be shown goes nowhere.\n"


def test_a_closed_stdout_is_said_and_the_exit_code_is_the_commands_own(finished: Path, tmp_path: Path) -> None:
    assert in_shell('"$@" >&-', *FOOLSGOLD, "report", finished) == (ExitCode.OK, CLOSED)
    code, said = in_shell('"$@" >&-', *FOOLSGOLD, "report", tmp_path / "none")
    assert code == ExitCode.USAGE
    assert said.startswith(f"{CLOSED}foolsgold: There is no {tmp_path}/none.\n")
    assert in_shell('"$@" >&- 2>&- <&-', *FOOLSGOLD, "report", finished) == (ExitCode.OK, "")
    # Nothing of what is shown goes into a file that got the number of a closed stream.
    written = tmp_path / "out.csv"
    code, _ = in_shell('"$@" >&- <&-', *FOOLSGOLD, "report", finished, "-f", "csv", "-o", written)
    assert (code, written.read_text().splitlines()[0].split(",")[0]) == (ExitCode.OK, "task")


@pytest.mark.parametrize("form", ["html", "json", "csv"])
@pytest.mark.parametrize(
    ("output", "said"),
    [("/", "foolsgold: / cannot be written: Is a directory."), ("", "The path is empty. Name one.")],
)
def test_a_report_that_is_to_go_nowhere_is_refused(finished: Path, form: str, output: str, said: str) -> None:
    code, told = in_shell('"$@"', *FOOLSGOLD, "report", finished, "-f", form, "-o", output)
    assert code == ExitCode.USAGE
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "words", [["audit", ""], ["check", ""], ["show", ""], ["init", ""], ["audit", "t", "-o", ""]], ids=" ".join
)
def test_an_empty_path_is_not_where_one_stands(tmp_path: Path, words: list[str]) -> None:
    write(tmp_path, TASK)
    code, told = in_shell('"$@"', *FOOLSGOLD, *words, cwd=tmp_path)
    assert code == ExitCode.USAGE
    assert "The path is empty." in told
    assert {path.name for path in tmp_path.iterdir()} == {name.split("/")[0] for name in TASK}


@pytest.mark.parametrize("words", [["audit", "/tmp"], ["report", "../run"], ["init", "."]], ids=" ".join)
def test_a_working_folder_that_is_gone_is_said(tmp_path: Path, words: list[str]) -> None:
    script = 'mkdir gone && cd gone && rmdir ../gone && "$@"'
    assert in_shell(script, *FOOLSGOLD, *words, cwd=tmp_path) == (
        ExitCode.USAGE,
        "foolsgold: The folder that you are in is not there any more.\nGo to one that is, such as with `cd`.\n",
    )
    assert in_shell(script, *FOOLSGOLD, words[0], "--help", cwd=tmp_path)[0] == ExitCode.OK


@pytest.mark.bwrap
@pytest.mark.parametrize(
    ("most", "sentences"),
    [
        (8, {"This process may have only 8 files open at once, which is too few."}),
        # Depending on how far it comes it is the whole run or a task that says so.
        (20, {"This process may have only 20 files open at once, which is too few.", "Too many open files"}),
    ],
)
def test_too_few_files_are_said_to_be_too_few(tmp_path: Path, most: int, sentences: set[str]) -> None:
    write(tmp_path / "tasks/good", TASK)
    words = command(tmp_path / "tasks", "--no-progress", *LENIENT)
    code, said = in_shell(f'ulimit -n {most}; "$@" >&2', *words)
    assert code == ExitCode.UNMEASURED, said
    assert "Traceback" not in said
    assert any(sentence in said for sentence in sentences), said


def test_a_run_is_read_where_nobody_may_write(ordinary: Ordinary) -> None:
    """Somebody else's, or a downloaded one on a medium that cannot be written to; also as a kill left it."""
    place = ordinary.scratch / "others"
    made = place / "made"
    run(engine(looking_at("debug", "hosts")), tasks(place, "weak"), made)
    with Store(made) as store:
        store.set_meta({"seconds": 77.5})
        shutil.copytree(made, place / "killed", ignore=shutil.ignore_patterns("*-shm"))
    assert (place / "killed/run.db-wal").stat().st_size > 0
    try:
        for name, seconds in (("made", 77.5), ("killed", 77.5)):
            for path in (place / name).iterdir():
                path.chmod(0o444)
            (place / name).chmod(0o555)
            done = ordinary.run("-m", "harness", "report", str(place / name), "--format", "json")
            assert done.returncode == ExitCode.OK, done.stderr
            report = json.loads(done.stdout)
            assert (report["seconds"], [task["name"] for task in report["tasks"]]) == (seconds, ["weak"])
            assert not list((place / name).glob("*-shm"))
    finally:
        for name in ("made", "killed"):
            (place / name).chmod(0o755)


def test_what_lies_below_an_unreadable_folder_is_said_to_be_unreadable(ordinary: Ordinary) -> None:
    place = ordinary.scratch / "unreadable"
    write(place / "locked/task", HARBOR)
    write(place / "listed/task", HARBOR)
    try:
        for path in place.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        (place / "locked").chmod(0o000 if os.geteuid() else 0o700)
        (place / "listed").chmod(0o744 if os.geteuid() == 0 else 0o644)
        for name, task in (("audit", "locked/task"), ("check", "listed/task"), ("mutants", "listed/task")):
            done = ordinary.run("-m", "harness", name, str(place / task))
            assert done.returncode == ExitCode.USAGE, done.stderr
            assert done.stderr == f"foolsgold: {place / task} cannot be read: Permission denied.\n"
        done = ordinary.run("-m", "harness", "report", str(place / "locked/task"))
        assert (done.returncode, done.stderr.splitlines()[0]) == (
            ExitCode.USAGE,
            f"foolsgold: {place}/locked/task cannot be used: Permission denied.",
        )
    finally:
        (place / "locked").chmod(0o755)
        (place / "listed").chmod(0o755)
