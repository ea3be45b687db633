"""The command, on the fake engine: rows, findings, JSON, exit codes, Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

import harness.commands.main
import harness.findings.controls
import harness.runs
from harness.commands.console import printer
from harness.engine.contract import Command, Engine, EngineOptions
from harness.errors import ExitCode
from harness.report.check import SCHEMA
from tests.harness.fake_engine import VERIFY, Answer, Does, FakeBox, FakeEngine, rewarding
from tests.harness.stages.test_controls import FAILED, GOOD, verifier
from tests.harness.tasks import HARBOR, write

OFFLINE = {**HARBOR, "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n'}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """`run(engine, "check", ...)`: exit code, stdout, stderr."""

    def go(engine: Engine, *arguments: str) -> tuple[int, str, str]:
        def make(_name: str, _options: EngineOptions) -> Engine:
            return engine

        monkeypatch.setattr(harness.runs, "make_engine", make)
        monkeypatch.setattr(harness.commands.main, "_leave", _leave)
        with pytest.raises(_Left) as left:
            harness.commands.main.main(arguments)
        out = capsys.readouterr()
        return left.value.code, out.out, out.err

    return go


class _Left(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _leave(code: int) -> None:
    raise _Left(code)


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        write(tmp_path / name, OFFLINE)
    return tmp_path


def test_good_tasks_have_a_row_each_and_exit_zero(run: Callable[..., Any], tasks: Path) -> None:
    code, out, err = run(FakeEngine(GOOD), "check", str(tasks), "--jobs", "2")
    assert code == ExitCode.OK
    rows = [line.split() for line in out.splitlines()[1:4]]
    assert [[*row[:6], row[7]] for row in rows] == [[name, "yes", "1", "x3", "0", "0", "good"] for name in "abc"]
    assert "3 good" in out
    assert sorted(line.split()[1] for line in err.splitlines()) == ["a:", "b:", "c:"]


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Does(0, b"PASS all\n"), "The reference gets no reward: the verifier wrote neither"),
        (Does(0, b"PASS all\n"), "; the last it printed: PASS all"),
        (Does(0, b""), "; it printed nothing"),
        (Does(0, b"OSError: [Errno 28] No space left on device\n"), "The tests came to no result on the reference:"),
        (Does(127, b"/tests/test.sh: line 2: pytest: command not found\n"), "The tests did not run on the reference:"),
    ],
)
def test_that_tests_did_not_run_is_said_only_where_something_shows_it(
    run: Callable[..., Any], tasks: Path, ending: Does, said: str
) -> None:
    _, out, _ = run(FakeEngine([(VERIFY, ending), *GOOD]), "check", str(tasks / "a"))
    assert said in re.sub(r"\s+", " ", out)
    assert ("did not run" in out) == ("did not run" in said)


def test_signals_are_handled_as_before_once_it_is_done(run: Callable[..., Any], tasks: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run(FakeEngine(GOOD), "check", str(tasks / "a"))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_is_odd_about_a_tasks_files_is_said_before_it_runs(run: Callable[..., Any], tasks: Path) -> None:
    for name in "abc":
        odd = OFFLINE["task.toml"] + 'colour = "red"\n'
        write(tasks / name, {"task.toml": odd, "tests/test.sh": "\r\n".join(HARBOR["tests/test.sh"].split("\n"))})
    code, _, err = run(FakeEngine(GOOD), "check", str(tasks), "--no-progress")
    assert code == ExitCode.OK
    lines = err.splitlines()
    crlf = [f"warning [crlf-script] {name}" for name in "abc"]
    assert sorted(line.partition(":")[0] for line in lines) == [*crlf, "warning [unknown-key] a"]
    assert any(line.endswith("(task.toml:4)") for line in lines)
    assert run(FakeEngine(GOOD), "check", str(tasks), "--quiet")[2] == ""


def test_of_many_like_warnings_the_first_few_are_said(run: Callable[..., Any], tmp_path: Path) -> None:
    for number in range(9):
        write(tmp_path / str(number), {**OFFLINE, "solution/solve.sh": ""})
    _, _, err = run(FakeEngine(GOOD), "check", str(tmp_path), "--no-progress")
    assert sum("[empty-script]" in line for line in err.splitlines()) == 6
    assert "warning [empty-script] 4 more; `foolsgold check --json` has them all" in err


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "escapes"), [("", True), ("1", False)])
def test_no_color_leaves_no_escape_codes_in_the_text(
    monkeypatch: pytest.MonkeyPatch, no_color: str, escapes: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = _Screen()
    printer(screen).print("bold", style="bold red")
    assert ("\x1b[" in screen.getvalue()) is escapes


def test_a_task_below_the_bar_is_told_with_its_evidence_and_exits_one(run: Callable[..., Any], tasks: Path) -> None:
    code, out, _ = run(FakeEngine([(VERIFY, rewarding("0", FAILED))]), "check", str(tasks / "a"))
    assert code == ExitCode.BELOW_BAR
    assert "error [reference-unpaid] a: The reference is paid 0." in out
    assert "| test_a: assert 1 == 2" in out
    assert f"again: foolsgold check {tasks / 'a'}" in out


def test_quiet_says_what_is_not_good_and_the_sum(run: Callable[..., Any], tasks: Path) -> None:
    (tasks / "b/task.toml").write_text("not toml [")
    code, out, err = run(FakeEngine(GOOD), "check", str(tasks), "--quiet")
    assert (code, err) == (ExitCode.UNMEASURED, "")
    first, last = out.splitlines()
    assert first.startswith("b: unmeasured: ")
    assert "2 good, 0 below the bar, 1 unmeasured" in last


def test_quiet_says_of_an_audit_what_the_gate_says(run: Callable[..., Any], tasks: Path) -> None:
    engine = FakeEngine([(VERIFY, rewarding("0", FAILED))])
    code, out, err = run(engine, "audit", str(tasks / "a"), "-q", "-o", str(tasks / "run"))
    assert (code, err) == (ExitCode.BELOW_BAR, "")
    assert [line.partition(" ")[0] for line in out.splitlines()] == ["gate:", "gate:"]
    assert (tasks / "run/report.html").exists()


def test_an_unmeasured_task_exits_three_unless_another_is_below_the_bar(run: Callable[..., Any], tasks: Path) -> None:
    (tasks / "b/task.toml").write_text("not toml [")
    code, out, _ = run(FakeEngine(GOOD), "check", str(tasks))
    assert code == ExitCode.UNMEASURED
    assert "1 unmeasured" in out
    code, _, _ = run(FakeEngine([(VERIFY, rewarding("0", FAILED))]), "check", str(tasks))
    assert code == ExitCode.BELOW_BAR


@pytest.mark.parametrize(
    "arguments", [(), ("nowhere",), ("--repeat", "0", "."), ("--image", "debian", "."), ("--engine", "chroot", ".")]
)
def test_a_wrong_call_exits_two_with_a_sentence(run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    code, out, err = run(FakeEngine(), "check", *arguments)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err
    assert "Traceback" not in err


def test_a_bug_of_ours_is_told_as_such_and_the_other_tasks_go_on(run: Callable[..., Any], tasks: Path) -> None:
    def crash(box: FakeBox, command: Command) -> Does:
        if box.files["/tests/test.sh"].startswith(b"# crash"):
            raise ZeroDivisionError("oops")
        good = GOOD[0][1]
        assert callable(good)
        return good(box, command)

    write(tasks / "b", {"tests/test.sh": "# crash\n"})
    code, out, _ = run(FakeEngine([(VERIFY, crash)]), "check", str(tasks), "--json")
    document = json.loads(out)
    assert code == document["exit_code"] == ExitCode.INTERNAL
    assert [task["standing"] for task in document["tasks"]] == ["good", "unmeasured", "good"]
    assert "ZeroDivisionError: oops" in document["tasks"][1]["internal_error"]


def test_json_is_the_only_thing_on_stdout_and_has_every_trial(run: Callable[..., Any], tasks: Path) -> None:
    code, out, _ = run(FakeEngine(GOOD), "check", str(tasks), "--json", "--repeat", "2", "--no-progress")
    document = json.loads(out)
    assert (code, document["schema"], document["exit_code"], document["interrupted"]) == (0, SCHEMA, 0, False)
    assert document["summary"] == {"tasks": 3, "good": 3, "below_bar": 0, "unmeasured": 0, "unfinished": 0}
    task = document["tasks"][0]
    assert [trial["rewards"] for trial in task["controls"]["reference"]] == [{"reward": 1.0}] * 2
    assert task["controls"]["nop"]["shown"] == "unpaid"
    assert task["controls"]["nop"]["steps"][0]["report"]["tests"][0]["name"] == "t.py::test_a"
    assert task["build"]["fidelity"] == "image"


def test_no_progress_says_nothing_on_stderr(run: Callable[..., Any], tasks: Path) -> None:
    assert run(FakeEngine(GOOD), "check", str(tasks), "--no-progress")[2] == ""


def test_ctrl_c_keeps_what_was_done_closes_every_box_and_says_how_to_go_on(
    run: Callable[..., Any], tasks: Path
) -> None:
    good = GOOD[0][1]
    assert callable(good)

    def interrupt(box: FakeBox, command: Command) -> Does:
        if box.files["/tests/test.sh"].startswith(b"# interrupt"):
            while sum(each.closed for each in engine.boxes) < 5:  # the other task's runs
                time.sleep(0.01)
            if b"once" in box.files["/tests/test.sh"]:
                time.sleep(1.5)
                os.kill(os.getpid(), signal.SIGINT)
            while not box.closed:
                time.sleep(0.01)
        return good(box, command)

    write(tasks / "b", {"tests/test.sh": "# interrupt once\n"})
    write(tasks / "c", {"tests/test.sh": "# interrupt\n"})
    engine = FakeEngine([(VERIFY, interrupt)])
    code, out, err = run(engine, "check", str(tasks), "--jobs", "16", "--json", "--image", "a=b")
    document = json.loads(out)
    assert code == document["exit_code"] == ExitCode.INTERRUPTED
    assert document["interrupted"]
    assert [task["name"] for task in document["tasks"]] == ["a"]
    assert [task["name"] for task in document["unfinished"]] == ["b", "c"]
    assert engine.closed
    assert all(box.closed for box in engine.boxes)
    assert f"foolsgold check {tasks / 'b'} {tasks / 'c'} --image a=b" in err


def test_text_from_a_task_cannot_move_the_cursor(run: Callable[..., Any], tasks: Path) -> None:
    log = "=== short test summary info ===\nFAILED t.py::test_\x1b[2Ja\x07 - no\n=== 1 failed in 0.1s ===\n"
    table: list[tuple[str, Answer]] = [(VERIFY, verifier(solved=rewarding("0", log), nop=rewarding("0")))]
    _, out, _ = run(FakeEngine(table), "check", str(tasks / "a"))
    assert "\x1b" not in out
    assert "\x07" not in out


def test_a_name_with_markup_is_shown_as_it_is(run: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path / "[red]x", OFFLINE)
    assert "[red]x" in run(FakeEngine(GOOD), "check", str(tmp_path / "[red]x"))[1]


def test_the_table_is_the_same_text_whatever_the_terminal(tasks: Path) -> None:
    stream = io.StringIO()
    printer(stream).print("x" * 150)
    assert stream.getvalue() == "x" * 150 + "\n"


# --- the pages

DOCS = Path(__file__).parents[2] / "docs"


def test_every_option_of_check_is_on_its_page() -> None:
    page = (DOCS / "check.md").read_text()
    for option in harness.commands.main.cli.commands["check"].params:
        if isinstance(option, click.Option):
            assert any(name in page for name in option.opts), option.name


def test_every_finding_of_the_controls_is_on_the_page() -> None:
    page = (DOCS / "check.md").read_text()
    code = Path(harness.findings.controls.__file__).read_text()
    named = re.findall(r'\bfinding\(\s*"([a-z-]+)"', code)
    named += re.findall(r'"((?:nop|reference)-(?:partly-)?(?:un)?paid)"', code)
    assert len(set(named)) > 20
    assert [name for name in named if f"`{name}`" not in page] == []


def test_every_exit_code_is_on_its_page() -> None:
    page = (DOCS / "exit-codes.md").read_text()
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == set(ExitCode)
