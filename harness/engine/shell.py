"""Commands in a box go to a shell on a pipe: one `/bin/sh` reads lines and answers each with a secret word and a
status.

So a command needs no round trip to a daemon, and processes that an earlier command left running are there for the next.
The output of commands goes to a file in the box and not to this pipe, because a background process could hold it open.
"""

from __future__ import annotations

import math
import re
import secrets
import select
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.errors import EngineError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_READONLY = frozenset({"PPID", "UID", "EUID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"})
"""Variable names that some shells refuse to export; `env` sets them."""


_NOW_AND_THEN = 1.0
"""Seconds."""


class ShellGone(EngineError):
    """The shell ended: the box is dead."""


class Pipe(Protocol):
    """Carries bytes to and from the shell; the engine implements it."""

    def fileno(self) -> int:
        """The descriptor to poll for reading."""
        ...

    def send(self, data: bytes, deadline: float) -> None:
        """Send everything before the monotonic `deadline`. Raises ShellGone, or TimeoutError."""
        ...

    def receive(self) -> bytes | None:
        """The bytes that have arrived, once `fileno` is readable. None: no complete message yet; empty: the other side
        is gone."""
        ...


@dataclass(frozen=True, slots=True)
class CommandRan:
    status: int | None
    """None: the deadline passed and the command may still be running."""
    seconds: float


class Shell:
    """Not thread-safe, like a box."""

    def __init__(self, pipe: Pipe, waiting: Callable[[], None] = lambda: None) -> None:
        """`waiting` is called now and then while a command is waited for."""
        self._pipe = pipe
        self._waiting = waiting
        self._rest = b""

    def start(self, timeout: float, *, setup: str = "") -> CommandRan:
        """Wait for the shell's first answer. From then on its own stderr is dropped."""
        return self.run(f"exec 2>/dev/null; {setup or ':'}", timeout)

    def run(self, line: str, timeout: float, *, sending: float = 0.0) -> CommandRan:
        """Run one complete line of shell code (see `command_line`) to its end or to the timeout. `sending`: so many
        seconds there are at least to hand it over; what was not handed over is never run."""
        if "\0" in line:
            raise EngineError(
                "A command for the box holds a NUL byte, which no program can be given.",
                hint="Look at the task's env and script values.",
            )
        word = secrets.token_hex(12)
        began = time.monotonic()
        deadline = began + timeout
        text = f"{line}\nprintf '\\n%s %s\\n' {word} $?\n"
        try:
            self._pipe.send(text.encode("utf-8", "surrogateescape"), max(deadline, began + sending))
            status = self._answer(word.encode(), deadline)
        except TimeoutError:
            status = None
        return CommandRan(status, time.monotonic() - began)

    def _answer(self, word: bytes, deadline: float) -> int | None:
        poll = select.poll()
        poll.register(self._pipe.fileno(), select.POLLIN)
        while True:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                first, _, status = line.partition(b" ")
                if first == word and status.isdigit():
                    return int(status) & 0xFF
            # A process in the box may write here too. It cannot know the word, and cannot make this buffer grow.
            self._rest = self._rest[-4096:]
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if not poll.poll(math.ceil(min(left, _NOW_AND_THEN) * 1000)):
                self._waiting()
                continue
            data = self._pipe.receive()
            if data == b"":
                raise ShellGone("The shell that drives the box ended before its command did.")
            self._rest += data or b""


def command_line(
    argv: Sequence[str],
    *,
    output: str,
    cwd: str = "",
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    stdin: str = "/dev/null",
    between: bool = False,
) -> str:
    """One line that runs `argv` in `cwd` with `env` added and appends all its output to the file `output`.

    `between` puts one more process between the shell and the command: killing it gets the shell back while the
    command continues.

    `prefix` comes before argv and sees the environment: `setsid`, or the words that change the user. The status is 127
    for a missing program, 126 for a program that cannot be run or a missing `cwd`, as in other shells.
    """
    if not argv:
        raise EngineError("An empty command was given to the box.")
    steps = [f"cd {_path(cwd)} || exit 126"] if cwd else []
    odd = []
    for name, value in (env or {}).items():
        if _NAME.match(name) and name not in _READONLY:
            steps.append(f"export {name}={shlex.quote(value)}")
        else:
            odd.append(f"{name}={value}")
    words = [*prefix, *(["env", *odd] if odd else []), *argv]
    steps.append("exec " + " ".join(shlex.quote(word) for word in words))
    line = f"( {'; '.join(steps)} ) <{stdin} >>{shlex.quote(output)} 2>&1"
    return f"( {line}; exit $? )" if between else line


def _path(path: str) -> str:
    """Quoted so that neither `cd -` nor CDPATH changes its meaning."""
    return shlex.quote(path if path.startswith("/") else f"./{path}")
