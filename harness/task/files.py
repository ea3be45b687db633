"""A task's files on the host: reads them safely, and computes the digest of all of them.

Task folders are untrusted. A link in one never makes us read a file outside it, and no entry (a FIFO, a device, a huge
file) can block or flood the reader.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from harness.task.problems import Problems

TEXT_LIMIT = 4 << 20
"""The largest instruction or config file; anything bigger is data in the wrong place."""

SCRIPT_LIMIT = 32 << 20
"""The largest script. A script may contain an archive."""

LARGE = 100 << 20
"""From this size on a file gets a warning, because every box would have to copy it."""

MOST = 4 << 30
"""Bytes of a whole task, holes in its files counted like data: each build reads all of them."""

GIT = ".git"
"""In the task's own folder it is no part of the task."""

_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def absolute(path: Path) -> Path:
    """Without `..`, and without following links: a task is found by the way that leads to it."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` follows links, and `absolute` leaves `..`


class Folder:
    """One task's folder, with every path kept inside it."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self.root = root
        self.real = Path(os.path.realpath(root))
        self.problems = problems
        self._left = MOST
        """Bytes that it may still have."""

    def path(self, *parts: str) -> Path:
        return self.root.joinpath(*parts)

    def holds(self, path: Path) -> bool:
        """Whether `path`, links followed, is inside the task."""
        try:
            return Path(os.path.realpath(path)).is_relative_to(self.real)
        except (OSError, ValueError):
            return False

    def is_file(self, path: Path) -> bool:
        try:
            return self.holds(path) and stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError):
            return False

    def is_folder(self, path: Path) -> bool:
        try:
            return self.holds(path) and stat.S_ISDIR(path.stat().st_mode)
        except (OSError, ValueError):
            return False

    def names(self, path: Path) -> list[str]:
        """The names in a folder, sorted; none if it cannot be listed (`survey` reports why)."""
        try:
            return sorted(os.listdir(path)) if self.is_folder(path) else []
        except OSError:
            return []

    def shut(self, path: Path) -> bool:
        """Whether it is a folder of which nobody here can say what it holds: the survey reports it."""
        return self.is_folder(path) and not os.access(path, os.R_OK | os.X_OK)

    def read(self, path: Path, limit: int = TEXT_LIMIT) -> bytes | None:
        """The whole file, or None and a problem that says why."""
        if not self.holds(path):
            self.problems.error(
                "symlink-escapes", f"{self.name(path)} leads out of the task folder; put the file itself there.", path
            )
            return None
        try:
            descriptor = os.open(path, _READ)
        except OSError as error:
            self._unreadable(path, error)
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self.problems.error("special-file", f"{self.name(path)} is {_kind(status.st_mode)}, not a file.", path)
                return None
            if status.st_size > limit:
                self.problems.error(
                    "too-large",
                    f"{self.name(path)} has {status.st_size >> 20} MB; at most {limit >> 20} MB are read as text.",
                    path,
                )
                return None
            return b"".join(iter(lambda: os.read(descriptor, _CHUNK), b""))
        except OSError as error:
            self._unreadable(path, error)
            return None
        finally:
            os.close(descriptor)

    def text(self, path: Path, *, code: str = "bad-encoding") -> str | None:
        """The file as UTF-8, without a byte order mark; or None and a problem."""
        data = self.read(path)
        if data is None:
            return None
        if b"\0" in data:
            self.problems.error(code, f"{self.name(path)} holds NUL bytes: it is not text.", path)
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.error(
                code, f"{self.name(path)} is not UTF-8: byte {data[error.start]:#04x}. Save it as UTF-8.", path, line
            )
            return None

    def name(self, path: Path) -> str:
        """The path inside the task, for messages."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)

    def survey(self, must_stay: Callable[[str], bool]) -> str:
        """Examine every entry once. Report links out of the folder, special files and huge files; return the digest.

        `must_stay` tells for a relative path whether a link there that leads out makes the task unusable. Elsewhere
        (deep in a build context) such a link is copied as a link, with a warning.
        """
        digest = hashlib.sha256()
        self._left = MOST
        folders = [""]
        linked: list[tuple[str, str]] = []
        while folders:
            prefix = folders.pop()
            try:
                with os.scandir(self.root / prefix) as entries:
                    children = sorted(entries, key=lambda entry: os.fsencode(entry.name))
            except OSError as error:
                self._unreadable(self.root / prefix, error)
                continue
            below = []
            for entry in children:
                relative = f"{prefix}/{entry.name}" if prefix else entry.name
                if entry.is_symlink():
                    linked.append((relative, self._link(digest, relative)))
                elif entry.is_dir(follow_symlinks=False):
                    if relative != GIT:
                        _feed(digest, "folder", relative, 0)
                        below.append(relative)
                else:
                    self._file(digest, relative)
            folders += reversed(below)
        for relative, target in linked:
            self._check_link(relative, target, must_stay(relative))
        return digest.hexdigest()

    def _file(self, digest: hashlib._Hash, relative: str) -> None:
        path = f"{self.root}/{relative}"
        try:
            # Opening a FIFO without a writer would block if it were not for O_NONBLOCK.
            descriptor = os.open(path, _READ | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENODEV):
                self.problems.error("special-file", f"{relative} is a socket or device, not a file.", Path(path))
            else:
                self._unreadable(Path(path), error)
            return
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self.problems.error(
                    "special-file", f"{relative} is {_kind(status.st_mode)}, not a file; remove it.", Path(path)
                )
                return
            self._left -= status.st_size
            if self._left < 0:
                if self._left + status.st_size >= 0:
                    self.problems.error(
                        "task-too-large",
                        f"With {relative}, which has {status.st_size >> 20} MB, the task has more than "
                        f"{MOST >> 30} GB, and each build reads all of it.",
                        Path(path),
                    )
                return
            if status.st_size > LARGE:
                self.problems.warning(
                    "large-file",
                    f"{relative} has {status.st_size >> 20} MB; every build or box that needs it copies it.",
                    Path(path),
                )
            _feed(digest, "program" if status.st_mode & 0o111 else "file", relative, status.st_size)
            while chunk := os.read(descriptor, _CHUNK):
                digest.update(chunk)
        except OSError as error:
            self._unreadable(Path(path), error)
        finally:
            os.close(descriptor)

    def _link(self, digest: hashlib._Hash, relative: str) -> str:
        try:
            target = str((self.root / relative).readlink())
        except OSError as error:
            self._unreadable(self.root / relative, error)
            return ""
        data = os.fsencode(target)
        _feed(digest, "link", relative, len(data))
        digest.update(data)
        return target

    def _check_link(self, relative: str, target: str, must_stay: bool) -> None:
        path = self.root / relative
        if not self.holds(path):
            message = f"{relative} is a link to {target}, out of the task folder"
            if must_stay:
                self.problems.error("symlink-escapes", f"{message}; put the file itself there.", path)
            else:
                self.problems.warning("symlink-escapes", f"{message}; it is copied as a link.", path)
        elif self._circular(path):
            self.problems.error("symlink-cycle", f"{relative} is a link to {target}, which leads back to itself.", path)
        elif not path.exists():
            self.problems.warning("dangling-symlink", f"{relative} is a link to {target}, which is not there.", path)

    def _circular(self, path: Path) -> bool:
        """Whether following links from here leads back into a folder that it came through."""
        try:
            path.stat()
        except OSError as error:
            return error.errno == errno.ELOOP
        checked: set[str] = set()
        pending: list[tuple[str, frozenset[str]]] = [(str(path), frozenset({os.path.realpath(path.parent)}))]
        while pending:
            folder, above = pending.pop()
            real = os.path.realpath(folder)
            if real in above or any(item.startswith(real + os.sep) for item in above):
                return True
            if real in checked or not Path(folder).is_dir() or not self.holds(Path(folder)):
                continue
            checked.add(real)
            try:
                with os.scandir(folder) as entries:
                    pending += [(entry.path, above | {real}) for entry in entries if entry.is_dir()]
            except OSError:
                continue
        return False

    def _unreadable(self, path: Path, error: OSError) -> None:
        self.problems.error("unreadable", f"{self.name(path)} cannot be read: {error.strerror or error}.", path)


INSTRUCTION_LIMIT = 64 << 10
"""Characters: ten times what anybody is asked to read; every requirement is looked for in all of it."""


def read_part(text: str, name: str, path: Path, problems: Problems) -> str:
    """As much of an instruction as is read, with a problem where that is not all."""
    if len(text) <= INSTRUCTION_LIMIT:
        return text
    kept = text[:INSTRUCTION_LIMIT].rpartition("\n")[0] or text[:INSTRUCTION_LIMIT]
    problems.warning(
        "large-instruction",
        f"{name} has {len(text) >> 10} KB: only its first {INSTRUCTION_LIMIT >> 10} KB, {len(kept.splitlines())} lines,"
        " are read, and what is stated behind them is taken for unstated.",
        path,
    )
    return kept


def _feed(digest: hashlib._Hash, kind: str, relative: str, size: int) -> None:
    name = os.fsencode(relative)
    digest.update(b"%s %d %d\n%s\n" % (kind.encode(), len(name), size, name))


def _kind(mode: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a device"}
    return names.get(stat.S_IFMT(mode), "a device")
