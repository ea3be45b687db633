"""The picture of a running check or audit: pure text from what was told, and what a real terminal gets to see."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.cells import cell_len

from harness.check import Checked
from harness.commands.progress import ENOUGH, ROWS, RunShown, about, clock, picture, progress
from harness.judging.outcome import Outcome, OutcomeKind
from harness.task.model import Unusable

PAID, CAUGHT = Outcome(OutcomeKind.SURVIVED), Outcome(OutcomeKind.KILLED)
CONTROL_CODE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def lines(
    run: RunShown, now: float = 10.0, *, width: int = 80, height: int = 24, ascii_only: bool = False
) -> list[str]:
    return picture(run, now, width=width, height=height, ascii_only=ascii_only).plain.split("\n")


def an_audit() -> RunShown:
    run = RunShown("auditing", 3, 0.0)
    run.doing("mail-queue", "Dockerfile:3: RUN pip install pytest", 1.0)
    run.doing("tidy-logs", "nop", 1.0)
    run.doing("tidy-logs", "making mutants", 2.0)
    run.planned("tidy-logs", 20, 2.0)
    for number in range(6):
        run.doing("tidy-logs", f"mutant {number}", 2.0)
        run.tried("tidy-logs", number < 2, 4.0)
    return run


def test_an_audit_shows_its_tasks_with_phase_mutants_and_survivors() -> None:
    assert lines(an_audit(), 8.0) == [
        "auditing  ━━──────────────────  0 of 3 tasks  0:08  <1 min left",
        "  6 of 20 mutants tried, 2 paid",
        "  mail-queue  building: Dockerfile:3: RUN pip install pytest",
        "  tidy-logs     6/20 mutants, 2 paid",
    ]


def test_finished_tasks_leave_the_picture_and_their_verdicts_stay() -> None:
    run = an_audit()
    run.done("tidy-logs", "weak")
    run.done("mail-queue", "unmeasured")
    assert lines(run, 8.0)[:2] == [
        "auditing  ━━━━━━━━━━──────────  2 of 3 tasks  0:08  <1 min left",
        "  6 of 6 mutants tried, 2 paid, 1 weak, 1 unmeasured",
    ]


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        (["COPY . /app"], "building: COPY . /app"),
        (["reference 1"], "controls"),
        (["reference, run 1"], "controls"),
        (["hollow"], "controls"),
        (["making mutants"], "making mutants"),
        (["planned", "nop first failure"], "  0/2 mutants, 0 paid, controls"),
        (["planned", "mutant a"], "  0/2 mutants, 0 paid"),
        (["planned", "mutant a", "tried", "tried", "probe forge/x"], "  2/2 mutants, 0 paid, probes"),
        (["planned", "tried", "tried", "mutant a"], "  2/2 mutants, 0 paid, comparing what survivors leave"),
        (["planned", "tried", "tried", "identity last"], "  2/2 mutants, 0 paid, last controls"),
        (["planned", "tried", "tried", "reference state 1"], "  2/2 mutants, 0 paid, last controls"),
    ],
)
def test_what_a_task_does_is_one_of_a_few_phases(what: list[str], shown: str) -> None:
    run = RunShown("auditing", 1, 0.0)
    for each in what:
        if each == "planned":
            run.planned("t", 2, 1.0)
        elif each == "tried":
            run.tried("t", False, 1.0)
        else:
            run.doing("t", each, 1.0)
    assert lines(run)[-1] == f"  t  {shown}"


def test_no_line_is_wider_than_the_terminal_and_no_picture_higher() -> None:
    run = RunShown("auditing", 2000, 0.0)
    for number in range(50):
        name = f"{'数据集' * 9}/a-task-with-a-very-long-name-{number}"
        run.planned(name, 60, 1.0)
        run.doing(name, f"mutant {'x' * 300}", 1.0)
        for _ in range(number):
            run.tried(name, True, 2.0)
    for width in (20, 40, 80, 200):
        for height in (1, 5, 24):
            found = lines(run, 4000.0, width=width, height=height)
            assert max(map(cell_len, found)) < width
            assert len(found) <= max(height, 2)
    assert len(lines(run)) == 2 + ROWS + 1
    assert lines(run)[-1] == "  and 42 more running"


def test_at_80_columns_nothing_of_the_head_is_cut() -> None:
    run = RunShown("auditing", 2000, 0.0)
    run.finished = 1999
    run.planned("t", 100, 0.0)
    for number in range(10):
        run.doing("t", f"mutant {number}", 0.0)
        run.tried("t", True, 1.0)
    assert lines(run, 36_000.0)[0].endswith("left")


def test_lines_keep_their_places_while_tasks_come_and_go() -> None:
    run = RunShown("checking", 100, 0.0)
    for number in range(ROWS + 2):
        run.doing(f"task-{number}", "reference 1", float(number))
    # The two that were silent the longest made room, in their places.
    assert [line.split()[0] for line in lines(run)[1:-1]] == ["task-8", "task-9", *(f"task-{n}" for n in range(2, 8))]
    run.doing("task-3", "reference 2", 50.0)
    assert [line.split()[0] for line in lines(run)[1:-1]] == ["task-8", "task-9", *(f"task-{n}" for n in range(2, 8))]


def test_a_names_control_characters_move_no_cursor() -> None:
    run = RunShown("checking", 1, 0.0)
    run.doing("a\x1b[2Jb\nc", "RUN echo \x1b[31m\r", 1.0)
    assert not CONTROL_CODE.search("".join(lines(run)))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert "".join(lines(an_audit(), ascii_only=True)).isascii()


def test_the_time_left_comes_from_the_pace_and_is_not_guessed_before_there_is_one() -> None:
    run = RunShown("auditing", 2, 0.0)
    run.planned("a", 10, 100.0)
    for number in range(ENOUGH):
        assert run.left(100.0 + number) is None
        run.doing("a", f"mutant {number}", 100.0 + number)
        run.tried("a", False, 101.0 + number)
    # 4 of 10 in 4 seconds, and the other task, whose mutants nobody knows yet, is taken to have as many.
    assert run.left(104.0) == pytest.approx(16.0)
    run.done("b", "broken")
    assert run.left(104.0) == pytest.approx(6.0)


def test_what_an_earlier_run_had_tried_says_nothing_of_the_pace() -> None:
    run = RunShown("auditing", 1, 0.0)
    run.planned("a", 108, 0.0)
    for _ in range(100):
        run.tried("a", False, 0.0)
    assert run.left(1.0) is None
    for number in range(4):
        run.doing("a", f"mutant {number}", 0.0)
        run.tried("a", False, 40.0)
    assert run.left(40.0) == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("seconds", "shown", "left"),
    [
        (5, "0:05", "<1 min"),
        (61, "1:01", "about 1 min"),
        (3661, "1:01:01", "about 61 min"),
        (9000, "2:30:00", "about 2.5 h"),
    ],
)
def test_times_are_short(seconds: float, shown: str, left: str) -> None:
    assert (clock(seconds), about(seconds)) == (shown, left)


def checked(name: str) -> Checked:
    return Checked(Unusable(name, Path(name), ()), None, ())


@pytest.mark.parametrize("forced", ["", "1"])
def test_where_stderr_is_no_terminal_each_finished_task_gets_a_plain_line(
    monkeypatch: pytest.MonkeyPatch, forced: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", forced)
    stream = io.StringIO()
    told = progress("checking", 2, stream=stream)
    told.doing("a", "reference 1")
    told.done(checked("a"))
    told.done(checked("b\x1b[1m"))
    told.close()
    assert stream.getvalue() == "[1/2] a: good\n[2/2] b\\x1b[1m: good\n"


@pytest.mark.parametrize(("total", "show"), [(0, True), (3, False)])
def test_nothing_is_shown_where_nothing_is_asked_for_or_there_is_nothing_to_show(total: int, show: bool) -> None:
    stream = io.StringIO()
    told = progress("checking", total, show=show, stream=stream)
    told.done(checked("a"))
    told.close()
    assert stream.getvalue() == ""


DRAWS = """
import sys, time
from harness.judging.outcome import Outcome, OutcomeKind
from harness.commands.progress import give_back, progress
told = progress("auditing", 2)
told.planned("tidy-logs", 20)
try:
    for number in range(3):
        told.doing("tidy-logs", f"mutant {number}")
        told.tried("tidy-logs", Outcome(OutcomeKind.SURVIVED))
        time.sleep(0.4)
    if "interrupted" in sys.argv:
        raise KeyboardInterrupt
    if "twice" in sys.argv:
        import os
        give_back()
        os._exit(130)
finally:
    told.close()
    print("the end")
"""


def seen(*words: str, **env: str) -> str:
    """Everything that a terminal was sent."""
    leader, follower = pty.openpty()
    found: list[bytes] = []

    def read() -> None:
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:
                return
            if not data:
                return
            found.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **env}
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        if name not in env:
            environment.pop(name, None)
    subprocess.run(
        [sys.executable, "-c", DRAWS, *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
        check=False,
    )
    os.close(follower)
    reader.join()
    os.close(leader)
    return b"".join(found).decode()


HIDE, UNHIDE, COLOUR = "\x1b[?25l", "\x1b[?25h", re.compile(r"\x1b\[(3\d|9\d|38;[\d;]+)m")


@pytest.mark.parametrize("words", [(), ("interrupted",)])
def test_a_terminal_is_left_as_it_was_with_nothing_of_the_picture(words: tuple[str, ...]) -> None:
    told = seen(*words)
    assert "2 of 20 mutants tried, 2 paid" in told
    assert COLOUR.search(told)
    assert told.index(HIDE) < told.rindex(UNHIDE) < told.index("the end")
    # What stood on the last picture's lines is erased before anything else is printed.
    after = told[told.rindex("tidy-logs") : told.index("the end")]
    assert after.count("\x1b[2K") >= 3


def test_whoever_stops_it_twice_gets_the_cursor_back() -> None:
    told = seen("twice")
    assert "the end" not in told
    assert told.rindex(UNHIDE) > told.rindex(HIDE)


def test_no_color_takes_the_colours_and_leaves_the_picture() -> None:
    told = seen(NO_COLOR="1")
    assert "2 of 20 mutants tried, 2 paid" in told
    assert not COLOUR.search(told)


def test_a_dumb_terminal_gets_no_control_codes() -> None:
    assert seen(TERM="dumb").replace("\r\n", "\n") == "the end\n"
