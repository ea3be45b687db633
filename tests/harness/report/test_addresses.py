"""Commands that a report prints work where it is read."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.commands.main import cli
from harness.errors import UsageError
from harness.report.addresses import run_name
from harness.report.read import read_report, task_folder
from tests.harness.commands.test_report import saved
from tests.harness.report.runs import engine, run, tasks, written
from tests.harness.test_audit import looking_at


@pytest.mark.parametrize(
    ("given", "here", "named"),
    [
        ("run", "/work", "run"),
        ("../run", "/work", "../run"),
        ("/work/runs/today", "/work", "runs/today"),
        ("/work", "/work", "."),
        ("/a", "/work/deep/down", "/a"),
        ("-x", "/work", "./-x"),
        ("/work/-x", "/work", "./-x"),
    ],
)
def test_a_run_is_named_as_its_reader_does_or_shorter(given: str, here: str, named: str) -> None:
    assert run_name(Path(given), Path(here)) == named


def made(folder: Path) -> Path:
    """A finished run in `folder/run` of a task in `folder/weak`, both as an audit leaves them."""
    found = run(engine(looking_at("debug", "hosts")), tasks(folder, "weak"), folder / "run")
    return saved(folder / "run", written(found, str(folder / "run")))


def ask(command: str) -> str:
    name, *words = shlex.split(command)
    assert name == "foolsgold"
    result = CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)
    return result.stdout


def printed(run: Path) -> tuple[list[str], str]:
    """(the commands that show a finding's variant, one that writes a variant)."""
    [task] = read_report(run)["tasks"]
    repros = {mutant["ref"]: mutant["repro"] for mutant in task["mutants"]}
    shows = [found["command"] for found in task["findings"] if found["command"].split()[-1] in repros]
    assert shows
    return shows, repros[task["survivors"][0]]


@pytest.mark.parametrize("place", ["moved", "a folder/with 'quotes' & more", "alone"])
def test_printed_commands_work_after_a_move(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = made(tmp_path / "there")
    new = tmp_path / place
    new.parent.mkdir(exist_ok=True)
    if place == "alone":  # as from a CI job: the report without its folder
        shutil.copy(old / "report.json", new)
        shutil.rmtree(old)
    else:
        old.rename(new)
    monkeypatch.chdir(tmp_path)
    shows, repro = printed(new)
    for command in shows:
        assert "there" not in shlex.split(command)[2]
        assert "the instruction says" in ask(command)
    ask(repro)
    assert (tmp_path / shlex.split(repro)[-1] / "solution/solve.sh").is_file()


def test_a_finding_offers_what_shows_it_and_never_a_second_audit(tmp_path: Path) -> None:
    folder = made(tmp_path)
    [task] = read_report(folder)["tasks"]
    refs = {mutant["ref"] for mutant in task["mutants"]}
    for finding in task["findings"]:
        word, name, run, what = shlex.split(finding["command"])
        assert (word, name, run) == ("foolsgold", "show", run_name(folder))
        assert what in refs | {task["name"]}
        witnesses = [ref for ref in refs if any(ref in line for line in finding["evidence"])]
        assert (what in refs) == bool(witnesses)
    assert any(shlex.split(finding["command"])[-1] in refs for finding in task["findings"])


def test_a_task_is_found_in_another_checkout_by_the_end_of_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "checkout/tasks/weak"
    folder.mkdir(parents=True)
    here = tmp_path / "checkout"
    assert task_folder({"path": "/home/runner/work/tasks/weak"}, here) == folder
    assert task_folder({"path": str(folder)}, tmp_path) == folder
    assert task_folder({"path": "/gone/for/good"}, here) == Path("/gone/for/good")


def test_a_variant_is_written_from_the_same_task_in_another_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path / "runner/tasks")
    (tmp_path / "mine").mkdir()
    (tmp_path / "runner/tasks/weak").rename(tmp_path / "mine/weak")
    folder.rename(tmp_path / "mine/artefact")
    monkeypatch.chdir(tmp_path / "mine")
    _, repro = printed(Path("artefact"))
    assert shlex.split(repro)[2] == "artefact"
    ask(repro)
    written_ = tmp_path / "mine" / shlex.split(repro)[-1] / "solution/solve.sh"
    assert written_.read_bytes() != (tmp_path / "mine/weak/solution/solve.sh").read_bytes()


def test_a_variant_whose_task_is_gone_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "there")
    shutil.rmtree(tmp_path / "there/weak")
    monkeypatch.chdir(tmp_path)
    shows, repro = printed(folder)
    assert "the instruction says" in ask(shows[0])
    with pytest.raises(UsageError) as failed:
        ask(repro)
    assert failed.value.message == f"The task weak is not in {tmp_path}/there/weak, where it was audited."
    assert "in a checkout" in failed.value.hint
