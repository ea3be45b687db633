"""Commands that run beside others in one box: begun, waited for by whoever wants to, and left alone by nobody's wish.

A box's shell runs one command at a time. One that is begun gets the shell back at once and goes on by itself; a process
of the tool's in the box waits for it and writes its status down.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from harness.engine import rootpath
from harness.engine.bwrap.box import processes
from harness.engine.contract import Exit
from harness.engine.shell import Shell
from harness.errors import EngineError

_AT_ONCE = 0.003
"""Seconds that a command has to end before the shell is taken back from it."""
_BEGIN_SECONDS = 60.0
_KILLED_SECONDS = 5.0
_GONE = 128 + 9
"""What a command is said to have ended with whose status nobody could write down: something killed all processes."""


@dataclass(slots=True)
class CommandBeside:
    """A command under way. `watch` can be polled: it is readable once the command has ended; -1: it has ended."""

    output: str
    watch: int
    started: float
    limit: int
    """Bytes of output that are kept."""

    def forget(self) -> None:
        """Nobody waits any more; the command goes on."""
        if self.watch >= 0:
            os.close(self.watch)
            self.watch = -1


class Driven(Protocol):
    """What a box lets this module use."""

    pid: int

    def owns(self, pid: int) -> bool:
        """Whether this child of the box's shell is the tool's own."""
        ...

    def take_back(self, shell: Shell) -> bool: ...


def begin(box: Driven, shell: Shell, root: int, line: str, output: str, limit: int) -> CommandBeside:
    """Run a line from `command_line`, whose output goes to the file `output`, and leave it running."""
    started = time.monotonic()
    # The outer process is the one that the shell waits for and that is killed to get it back. The next one has an
    # input of its own, by which it is known not to be that one.
    whole = f"( ( {line}; echo $? >{shlex.quote(output)}.exit ) </dev/null; exit $? )"
    if shell.run(whole, _AT_ONCE, sending=_BEGIN_SECONDS).status is not None:
        return CommandBeside(output, -1, started, limit)
    _until(lambda: rootpath.exists(root, output))
    watch = -1
    killed = time.monotonic() + _KILLED_SECONDS
    # A list of processes may miss one while others end: a command has ended only if its status says so.
    while watch < 0 and not rootpath.exists(root, f"{output}.exit") and time.monotonic() < killed:
        watch = _watch(box)
    if not box.take_back(shell):
        if watch >= 0:
            os.close(watch)
        raise EngineError("A command was begun in the box, and its shell does not come back.")
    return CommandBeside(output, watch, started, limit)


def _until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _BEGIN_SECONDS
    while not there():
        if time.monotonic() > deadline:
            raise EngineError("A command cannot be begun in the box: its shell is held up.")
        time.sleep(0.001)


def _watch(box: Driven) -> int:
    """The process that writes the status down; -1 if it has done so."""
    for outer in processes.children(box.pid):
        if not box.owns(outer):
            continue
        for inner in processes.children(outer):
            with suppress(ProcessLookupError):
                watch = os.pidfd_open(inner)
                if inner in processes.children(outer):
                    return watch
                os.close(watch)
    return -1


def end(root: int, begun: CommandBeside) -> Exit:
    """What a command that has ended ended with."""
    begun.forget()
    seconds = time.monotonic() - begun.started
    try:
        text, dropped = rootpath.read_halves(root, begun.output, limit=begun.limit)
        status = (rootpath.read(root, f"{begun.output}.exit", limit=16) or b"").strip()
        for path in (begun.output, f"{begun.output}.exit"):
            rootpath.remove(root, path)
    except OSError as error:
        raise EngineError(f"Cannot read a command's output: {error}") from error
    return Exit(int(status) & 0xFF if status.isdigit() else _GONE, seconds, text, dropped)
