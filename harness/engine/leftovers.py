"""Files and other things that a running foolsgold keeps on the machine, and how the next run recognises leftovers.

Every process that makes boxes locks a folder of its own. The folder's name is the prefix of all other names it makes.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import EngineError


def folder() -> Path:
    """Where runs keep their folders: private to the user, gone at the next boot."""
    if os.geteuid() == 0 and Path("/run").is_dir():
        base = Path("/run")
    else:
        given = os.environ.get("XDG_RUNTIME_DIR", "")
        base = Path(given) if given and os.access(given, os.W_OK) else Path(tempfile.gettempdir())
    return _private(base / f"foolsgold-{os.geteuid()}", "set XDG_RUNTIME_DIR")


_own: list[Path] = []
"""The scratch folder of this process, while it has one."""


@contextmanager
def scratch() -> Iterator[Path]:
    """This process's scratch folder, or one that is removed at the end. Removes those of killed processes first."""
    if _own:
        yield _own[0]
        return
    base = _private(Path(tempfile.gettempdir()) / f"foolsgold-scratch-{os.geteuid()}", "set TMPDIR")
    for path in others(base)[1]:
        remove(path)
    run = Scratch.begin(base)
    try:
        yield run.path
    finally:
        run.end()
        with suppress(OSError):  # another process has its own in there
            base.rmdir()


@contextmanager
def own_scratch() -> Iterator[Path]:
    """A scratch folder for all temporary files of this process."""
    usual = tempfile.gettempdir()
    with scratch() as path:
        tempfile.tempdir = str(path)
        _own.append(path)
        try:
            yield path
        finally:
            _own.clear()
            tempfile.tempdir = usual


def remove(folder: Path) -> None:
    """Delete a folder of ours, also where copies of folders in it may not be written to."""
    with suppress(OSError):
        shutil.rmtree(folder)
        return
    for path, _, _ in os.walk(folder):
        with suppress(OSError):
            Path(path).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _private(path: Path, alternative: str) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o022:
        raise EngineError(
            f"{path} is not a private folder of this user.", hint=f"Remove it, or {alternative}: rm -r {path}"
        )
    return path


@dataclass(slots=True)
class Scratch:
    """This process's own folder, locked while it lives."""

    path: Path
    token: str
    _lock: int = field(repr=False, default=-1)

    @classmethod
    def begin(cls, base: Path | None = None) -> Scratch:
        token = f"{os.getpid()}-{secrets.token_hex(3)}"
        path = (base or folder()) / token
        path.mkdir(mode=0o700, parents=True)
        lock = os.open(path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(path, token, lock)

    def end(self) -> None:
        remove(self.path)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def maker_lives(token: str) -> bool:
    """Whether the process that a token names may be alive. A process on another root has its folder there, but its
    networks and control groups here."""
    return Path("/proc", token.partition("-")[0]).exists()


def others(base: Path | None = None) -> tuple[frozenset[str], tuple[Path, ...]]:
    """The tokens of live runs, and the folders of dead ones."""
    alive, dead = set(), []
    for path in sorted((base or folder()).iterdir()):
        try:
            lock = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            # Not locked yet, or half removed: only an old one is a leftover.
            with suppress(OSError):
                pid = path.name.partition("-")[0]
                (alive.add(path.name) if Path("/proc", pid).exists() else dead.append(path))
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            dead.append(path)
        except BlockingIOError:
            alive.add(path.name)
        finally:
            os.close(lock)
    return frozenset(alive), tuple(dead)
