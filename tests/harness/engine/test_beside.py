"""Commands that run beside others in one box, as an environment of Harbor's has to run them."""

from __future__ import annotations

import select
from collections.abc import Iterator

import pytest

from harness.engine.bwrap.box import beside
from harness.engine.bwrap.box.beside import CommandBeside
from harness.engine.bwrap.engine import BwrapBox
from harness.engine.contract import BoxSpec, Command, Engine, Exit
from tests.conftest import RecipeOf

pytestmark = pytest.mark.bwrap


@pytest.fixture
def box(bwrap_engine: Engine, recipe_of: RecipeOf) -> Iterator[BwrapBox]:
    with bwrap_engine.open(BoxSpec(bwrap_engine.build(recipe_of("FROM debian:bookworm-slim\n")))) as box:
        assert isinstance(box, BwrapBox)
        yield box


def begin(box: BwrapBox, script: str, user: str | None = None) -> CommandBeside:
    return box.begin_beside(Command(("sh", "-c", script), 0.0, user=user))


def end(box: BwrapBox, begun: CommandBeside, seconds: float = 20) -> Exit:
    assert ended(begun, seconds)
    return box.end_beside(begun)


def ended(begun: CommandBeside, seconds: float) -> bool:
    if begun.watch < 0:
        return True
    poll = select.poll()
    poll.register(begun.watch, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def test_commands_run_beside_one_another_and_each_has_its_own_end(box: BwrapBox) -> None:
    long = begin(box, "while ! test -e /tmp/go; do sleep 0.02; done; echo long; exit 3")
    other = begin(box, "echo other >&2; exit 4", user="nobody")
    assert (end(box, other).status, ended(long, 0)) == (4, False)
    assert box.run(Command(("touch", "/tmp/go"), 10)).status == 0
    done = end(box, long)
    assert (done.status, done.output) == (3, b"long\n")


def test_a_command_that_ends_at_once_has_its_status(box: BwrapBox) -> None:
    for status in (0, 1, 7, 127):
        assert end(box, begin(box, f"echo {status}; exit {status}")).status == status


def test_one_is_begun_although_the_machine_was_busy_elsewhere_until_its_time_was_over(
    box: BwrapBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "_AT_ONCE", 0.0)
    done = end(box, begin(box, "echo begun; exit 5"))
    assert (done.status, done.output) == (5, b"begun\n")


def test_one_that_is_forgotten_goes_on(box: BwrapBox) -> None:
    begin(box, "sleep 0.3; echo done > /tmp/done").forget()
    wait = "for i in $(seq 50); do test -s /tmp/done && break; sleep 0.1; done; cat /tmp/done"
    assert box.run(Command(("sh", "-c", wait), 20)).output == b"done\n"


def test_an_interrupt_reaches_it_as_in_the_foreground(box: BwrapBox) -> None:
    """A shell starts what runs in its background deaf to it."""
    script = "import os, signal, time\ntime.sleep(0.1)\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)"
    done = box.end_beside(waited(box.begin_beside(Command(("python3", "-c", script), 0.0))))
    assert done.status == 130 or b"KeyboardInterrupt" in done.output


def waited(begun: CommandBeside) -> CommandBeside:
    assert ended(begun, 20)
    return begun


def test_one_that_kills_all_it_can_has_ended_killed_and_the_box_lives(box: BwrapBox) -> None:
    assert end(box, begin(box, "sleep 0.1; kill -9 -1; exit 0")).status == 137
    assert end(box, begin(box, "echo alive")).output == b"alive\n"
