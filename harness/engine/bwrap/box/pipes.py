"""The pipes between the tool and a box: the shell's, and those that are open only while the box starts."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from typing import Self

from harness.engine.shell import ShellGone


@dataclass(slots=True)
class ShellPipe:
    """The tool's ends of the shell's stdin and stdout."""

    reading: int
    writing: int

    def fileno(self) -> int:
        return self.reading

    def send(self, data: bytes, deadline: float) -> None:
        poll = select.poll()
        poll.register(self.writing, select.POLLOUT)
        rest = memoryview(data)
        while rest:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if poll.poll(min(left, 3600.0) * 1000 + 1):
                try:
                    rest = rest[os.write(self.writing, rest) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError as error:
                    raise ShellGone("The box is dead: its first process has ended.") from error

    def receive(self) -> bytes | None:
        try:
            return os.read(self.reading, 65536)
        except BlockingIOError:
            return None


class Descriptors:
    """Open descriptors, each closed once: by `close`, or at the end."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def pipe(self) -> tuple[int, int]:
        pair = os.pipe()
        self._open.update(pair)
        return pair

    def close(self, fd: int) -> None:
        self._open.remove(fd)
        os.close(fd)

    def keep(self, fd: int) -> int:
        self._open.remove(fd)
        return fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for fd in tuple(self._open):
            self.close(fd)


def until_closed(fd: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        part = os.read(fd, 65536)
        if not part:
            return b"".join(parts)
        parts.append(part)
    raise TimeoutError("the other side does not close")
