"""Timeouts, background processes, and the end of a box."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.engine.checks.scene import CheckedEngine, CheckFailed, NotMeasured, check, sh, text, that
from harness.engine.contract import Box, Command
from harness.errors import EngineError


@check
def timeout_is_kept_and_has_no_status(scene: CheckedEngine) -> None:
    with scene.box() as box:
        began = time.monotonic()
        ran = sh(box, "echo begun; sleep 60", timeout=0.5)
        took = time.monotonic() - began
        that(ran.timed_out, f"it ended with {ran.status}")
        that(took < 15, f"stopping took {took:.1f} s")
        that(b"begun" in ran.output, "what it wrote before the timeout is lost")


@check
def nothing_runs_in_a_box_after_a_timeout(scene: CheckedEngine) -> None:
    with scene.box() as box:
        sh(box, "sleep 60", timeout=0.2)
        try:
            ran = sh(box, "echo alive")
        except EngineError:
            return
        raise CheckFailed(f"a command still ran: {ran}")


@check
def timeout_kills_grandchildren_and_daemons(scene: CheckedEngine) -> None:
    with _marked_daemon(scene) as (box, marker):
        sh(box, "sleep 60", timeout=0.3)
        gone(marker)


@check
def command_may_be_left_running_at_its_timeout(scene: CheckedEngine) -> None:
    script = "trap '' INT; echo begun; while :; do date +%s%N > /tmp/alive; sleep 0.05; done"
    with scene.box() as box:
        text(box, "sleep 60 & echo $! > /tmp/earlier")
        ran = box.run(Command(("sh", "-c", script), 2, left_running=True))
        that(ran.timed_out and ran.left_running, f"it came back with {ran.status}")
        that(b"begun" in ran.output, "what it wrote before the timeout is lost")
        changes = 'a=$(cat /tmp/alive); while [ "$a" = "$(cat /tmp/alive)" ]; do sleep 0.05; done'
        that(sh(box, changes, timeout=20).status == 0, "it was stopped")
        that(sh(box, "kill -0 $(cat /tmp/earlier)").status == 0, "an earlier background process was stopped")
        again = box.run(Command(("sh", "-c", "sleep 60"), 0.2, left_running=True))
        that(again.left_running and sh(box, "echo alive").output == b"alive\n", "it works only once")
        that(sh(box, "exit 3").status == 3, "the next command's status is wrong")


@check
def close_kills_commands_left_running(scene: CheckedEngine) -> None:
    marker = f"9{secrets.randbelow(10**9):09d}"
    with scene.box() as box:
        box.run(Command(("sleep", marker), 0.2, left_running=True))
        if not processes_with(marker):
            raise NotMeasured("processes of boxes are not visible from here")
        box.close()
        gone(marker)


@check
def command_that_would_be_left_running_but_ends_has_its_status(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = box.run(Command(("sh", "-c", "echo output; exit 7"), 10, left_running=True))
        that((ran.status, ran.output, ran.left_running) == (7, b"output\n", False), f"it came back as {ran}")


@check
def close_kills_daemons(scene: CheckedEngine) -> None:
    with _marked_daemon(scene) as (box, marker):
        box.close()
        gone(marker)


@contextmanager
def _marked_daemon(scene: CheckedEngine) -> Iterator[tuple[Box, str]]:
    """A box with a process that left its session and parent; its argument distinguishes it from all other processes."""
    marker = f"9{secrets.randbelow(10**9):09d}"
    with scene.box() as box:
        text(box, f"(setsid sh -c 'trap \"\" TERM HUP; sleep {marker}' >/dev/null 2>&1 &) ; sleep 0.2")
        if not processes_with(marker):
            raise NotMeasured("processes of boxes are not visible from here")
        yield box, marker


def processes_with(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue  # ended in the meantime, or another user's
    return found


def gone(marker: str) -> None:
    deadline = time.monotonic() + 5
    while (left := processes_with(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    that(not left, f"processes {left} of the box still run")


@check
def background_process_does_not_hold_the_command(scene: CheckedEngine) -> None:
    with scene.box() as box:
        began = time.monotonic()
        ran = sh(box, "sleep 20 & echo started", timeout=10)
        that(ran.status == 0 and time.monotonic() - began < 5, f"it came back with {ran.status} after {ran.seconds} s")


@check
def background_process_lives_for_the_next_command(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "sleep 60 & echo $! > /tmp/pid")
        text(box, 'kill -0 "$(cat /tmp/pid)"')


@check
def closing_twice_is_harmless_and_a_closed_box_refuses(scene: CheckedEngine) -> None:
    with scene.box() as box:
        box.close()
        box.close()
        try:
            sh(box, "true")
        except EngineError:
            return
        raise CheckFailed("a command ran in a closed box")
