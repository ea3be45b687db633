"""Which run made something that can outlive its process, and whether that run is still alive."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, identified so that a reused pid, a reboot or another machine cannot be mistaken for it."""

    pid: int
    started: str
    """The process's start time by the kernel, '' if unknown."""
    place: str
    """Host name and pid namespace: a pid has no meaning in another place."""
    boot: str

    @classmethod
    def current(cls) -> Owner:
        return cls(os.getpid(), _started(os.getpid()), _place(), _boot())

    @classmethod
    def from_labels(cls, labels: Mapping[str, str], prefix: str) -> Owner | None:
        try:
            return cls(
                int(labels[f"{prefix}.pid"]),
                labels[f"{prefix}.started"],
                labels[f"{prefix}.place"],
                labels[f"{prefix}.boot"],
            )
        except (KeyError, ValueError):
            return None

    def labels(self, prefix: str) -> dict[str, str]:
        return {
            f"{prefix}.pid": str(self.pid),
            f"{prefix}.started": self.started,
            f"{prefix}.place": self.place,
            f"{prefix}.boot": self.boot,
        }

    def is_dead(self) -> bool:
        """True only if it is certain: a process of another place may be alive."""
        if self.place.partition(" ")[0] != _place().partition(" ")[0]:
            return False
        if self.boot != _boot():
            return True
        if self.place != _place():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return self.started != _started(self.pid)


def megabytes(size: int) -> str:
    """A number of bytes, as `clean` prints it."""
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _place() -> str:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
