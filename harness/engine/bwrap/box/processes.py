"""What /proc says of a box's processes, as this machine counts them."""

from __future__ import annotations

import select
from contextlib import suppress
from pathlib import Path


def stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"T"
    except OSError:
        return False


def children(parent: int) -> list[int]:
    with suppress(OSError):  # a kernel without this list has the whole table gone through
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_bytes().rpartition(b")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(status.parent.name))
    return found


def opened(pid: int, descriptor: int) -> str:
    """What a process has open under this descriptor; '' if that is not visible."""
    try:
        return str(Path(f"/proc/{pid}/fd/{descriptor}").readlink())
    except OSError:
        return ""


def ended(pidfd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
