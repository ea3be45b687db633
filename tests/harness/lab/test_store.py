"""A run folder whose run.db cannot be used: said plainly, and set aside where the run is to begin anew."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import harness.runs
from harness.commands.main import cli
from harness.engine.contract import Command, Engine, EngineOptions
from harness.errors import ExitCode
from harness.lab.store import FILE, SCHEMA_VERSION, Store, StoreError
from harness.report.read import read_report
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.tasks import harbor
from tests.harness.test_audit import engine_looking_at, looking_at, run, solve, solves, task


def no_database(path: Path) -> None:
    path.write_text("no database\n")


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:4160] = bytes(each ^ 255 for each in data[4096:4160])
    path.write_bytes(data)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def of_something_else(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE meta (other INTEGER)")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "kept").write_text("kept")


def a_link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


DAMAGE = [no_database, flipped, newer, of_something_else, cut_short, a_folder, a_link_to_nowhere]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    run(engine_looking_at("port"), [task(folder)], folder / "run")
    return folder / "run"


@pytest.fixture(params=DAMAGE, ids=lambda each: each.__name__)
def damaged(request: pytest.FixtureRequest, finished: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    does: Callable[[Path], None] = request.param
    does(folder / FILE)
    return folder


@pytest.fixture
def foolsgold(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def make(_name: str, _options: EngineOptions) -> Engine:
        return engine_looking_at("port")

    monkeypatch.setattr(harness.runs, "make_engine", make)
    return lambda *words: int(cli.main(list(words), standalone_mode=False) or 0)


def test_fresh_sets_aside_what_cannot_be_used_and_says_so(
    damaged: Path, tmp_path: Path, foolsgold: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    harbor(tmp_path / "t")
    before = (damaged / FILE).lstat()
    foolsgold("audit", str(tmp_path / "t"), "-o", str(damaged), "--fresh", "-q")
    said = capsys.readouterr().err
    assert said == f"What was in {damaged} could not be used. It is set aside as run.db.set-aside.\n"
    after = (damaged / "run.db.set-aside").lstat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert foolsgold("report", str(damaged)) == ExitCode.OK
    # A second one does not write over the first.
    (damaged / FILE).write_text("no database")
    foolsgold("audit", str(tmp_path / "t"), "-o", str(damaged), "--fresh", "-q")
    assert (damaged / "run.db.set-aside").lstat().st_ino == before.st_ino
    assert (damaged / "run.db.set-aside-1").read_text() == "no database"


def test_without_fresh_it_is_an_error_that_names_the_way_out(
    damaged: Path, tmp_path: Path, foolsgold: Callable[..., int]
) -> None:
    harbor(tmp_path / "t")
    with pytest.raises(StoreError) as failed:
        foolsgold("audit", str(tmp_path / "t"), "-o", str(damaged), "-q")
    assert failed.value.exit_code == ExitCode.UNMEASURED
    assert "--fresh sets it aside and begins anew" in failed.value.hint
    assert "room" not in str(failed.value)
    assert not list(damaged.glob("*set-aside*"))


def test_fresh_empties_what_is_sound_and_keeps_nothing_of_it(
    finished: Path, tmp_path: Path, foolsgold: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    inode = (tmp_path / "run" / FILE).stat().st_ino
    harbor(tmp_path / "t")
    foolsgold("audit", str(tmp_path / "t"), "-o", str(tmp_path / "run"), "--fresh", "-q")
    assert capsys.readouterr().err == ""
    assert (tmp_path / "run" / FILE).stat().st_ino == inode
    with closing(sqlite3.connect(tmp_path / "run" / FILE)) as db:
        assert list(db.execute("SELECT name FROM task")) == [("t",)]


def test_what_another_program_has_locked_is_not_set_aside(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    with closing(sqlite3.connect(tmp_path / "run" / FILE, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.MonkeyPatch.context() as patch:
            connect = sqlite3.connect
            patch.setattr(sqlite3, "connect", lambda path, **named: connect(path, **{**named, "timeout": 0.1}))
            with pytest.raises(StoreError, match="locked"):
                Store(tmp_path / "run", fresh=True)
    assert not list((tmp_path / "run").glob("*set-aside*"))
    with Store(tmp_path / "run", fresh=True):  # the folder's own lock was given back
        pass


def removing(what: Callable[[], None]) -> FakeEngine:
    """An engine on which something happens as the fourth solution runs."""
    count = itertools.count()

    def solving(box: FakeBox, command: Command) -> Does:
        if next(count) == 3:
            what()
        return solve(box, command)

    return FakeEngine([(SOLVE, solving), (VERIFY, looking_at("port"))])


@pytest.mark.parametrize("place", ["there again", "beside", "temporary"])
def test_a_run_folder_that_is_removed_meanwhile_loses_nothing(
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    made = task(tmp_path / "tasks")
    run_folder = tmp_path / "runs/run"
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))

    def remove() -> None:
        shutil.rmtree(tmp_path / "runs")
        if place == "beside":
            run_folder.mkdir(parents=True)
            (run_folder / FILE).write_text("another run's")
        elif place == "temporary":
            (tmp_path / "runs").write_text("in the way")

    engine = removing(remove)
    monkeypatch.setattr(harness.runs, "make_engine", lambda _name, _options: engine)
    words = ["audit", str(made.path), "-o", str(run_folder), "--no-config", "-q"]
    code = int(cli.main(words, standalone_mode=False) or 0)
    found_there = [run_folder, tmp_path / "runs/run-kept", *(tmp_path / "temporary").glob("foolsgold-kept-*")]
    kept = found_there[["there again", "beside", "temporary"].index(place)]
    assert capsys.readouterr().err == (
        f"The run folder {run_folder} was removed while it was written to. What was found is in {kept}.\n"
    )
    assert code in (ExitCode.OK, ExitCode.BELOW_BAR)
    assert (kept / "report.html").exists()
    found = read_report(kept)
    assert (found["interrupted"], [each["name"] for each in found["tasks"]]) == (False, ["settings"])
    assert len(next(iter(found["tasks"]))["mutants"]) > 3
    # Nothing of it is run again.
    engine = removing(lambda: None)
    words[3] = str(kept)
    assert int(cli.main([*words, "--resume"], standalone_mode=False) or 0) == code
    assert solves(engine) == 0


def test_a_report_that_cannot_be_written_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foolsgold: Callable[..., int]
) -> None:
    made = task(tmp_path / "tasks")
    (tmp_path / "run/report.html").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"The report cannot be written to .*/run: Is a directory\."):
        foolsgold("audit", str(made.path), "-o", str(tmp_path / "run"), "--no-config", "-q")
