"""A task as it was when its work began: a copy of its folder, from which everything of it runs.

Whoever edits or removes the folder meanwhile changes nothing that is under way, and is told. A file is never linked to:
an editor may write into the one it has open.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from harness.engine.leftovers import remove
from harness.task.files import GIT, MOST, Folder
from harness.task.model import FormatSpec, Problem, ProblemSeverity, Task, Unusable
from harness.task.problems import Problems

TRIES = 3
"""So often it is read again where it changes while it is copied."""
NAMED = 3
"""Of what has changed, so many are named."""

_CLONE = 0x40049409
"""FICLONE: the copy shares the blocks of the original until one of them is written to."""
_CHUNK = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Seen = Mapping[str, os.stat_result]
"""Path below a folder -> what was there when it was copied."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    own: Task
    """The user's, of this very version."""
    task: Task
    """The same with the copy for its folder."""
    seen: Seen

    def changes(self) -> str:
        """What has become of the user's folder since, in words; '' where it holds the same."""
        origin = self.own.path
        try:
            now = dict(_entries(origin))
        except OSError:
            return f"its folder {'cannot be read any more' if os.path.lexists(origin) else 'was removed'}"
        words = [f"{path} was removed" for path in self.seen.keys() - now.keys()]
        words += [f"{path} was added" for path in now.keys() - self.seen.keys()]
        for path in self.seen.keys() & now.keys():
            if not _untouched(self.seen[path], now[path]) and not _same(self.task.path / path, origin / path):
                words.append(f"{path} was changed")
        words.sort()
        more = len(words) - NAMED
        return ", ".join([*words[:NAMED], *([f"{more} more"] if more > 0 else [])])

    def remove(self) -> None:
        remove(self.task.path.parent)


def take(task: Task, scratch: Path) -> Snapshot | Unusable:
    """A copy of the task below `scratch`, of this very version or of a newer one that is on the disk by now."""
    for _ in range(TRIES):
        try:
            folder = Path(tempfile.mkdtemp(prefix="task-", dir=scratch))
        except OSError as error:
            return _not_copied(task, scratch, error)
        # A folder of the same name: messages about a build context have it.
        copy = folder / (task.path.name or "task")
        try:
            seen = _copied(task, copy)
            digest = digest_of(copy)
        except OSError as error:
            remove(folder)
            return _not_copied(task, folder, error)
        if digest == task.digest:
            return Snapshot(task, replace(moved(task, task.path, copy), origin=task.path), seen)
        remove(folder)
        again = task.format.load(task.path, task.name)
        if isinstance(again, Unusable):
            return again
        task = again.on_images(task.environment.recipe.images).run_by(task.runner)
    return _say("unsteady", "It is being changed all the time, so there is no version of it to run.", task)


def digest_of(folder: Path) -> str:
    return Folder(folder, Problems()).survey(lambda _relative: False)


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EFBIG})


def _not_copied(task: Task, folder: Path, error: OSError) -> Unusable:
    path = Path(os.fsdecode(error.filename)) if error.filename else task.path
    if error.errno in NO_ROOM or path.is_relative_to(folder):
        there = tempfile.gettempdir()
        return _say("no-snapshot", f"No copy of it to run from can be made in {there}: {error.strerror}.", task)
    name = path.relative_to(task.path).as_posix() if path != task.path else "Its folder"
    return _say("unreadable", f"{name} cannot be read any more: {error.strerror}.", task, path)


def _say(code: str, message: str, task: Task, file: Path | None = None) -> Unusable:
    problem = Problem(code, ProblemSeverity.ERROR, message, file or task.path)
    return Unusable(task.name, task.path, (*task.problems, problem))


def moved(value: Any, old: Path, new: Path) -> Any:
    """The value with every path below `old` below `new` instead."""
    if isinstance(value, Path):
        return new / value.relative_to(old) if value.is_relative_to(old) else value
    if isinstance(value, tuple):
        return tuple(moved(each, old, new) for each in value)
    if is_dataclass(value) and not isinstance(value, type | FormatSpec):
        return replace(value, **{each.name: moved(getattr(value, each.name), old, new) for each in fields(value)})
    return value


# --- the folder


def _entries(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """(path below it, what it is) of everything that belongs to a task, each folder before what it holds."""
    folders = [""]
    while folders:
        prefix = folders.pop()
        with os.scandir(root / prefix) as entries:
            found = list(entries)
        for entry in found:
            path = f"{prefix}/{entry.name}" if prefix else entry.name
            info = entry.stat(follow_symlinks=False)
            folder = stat.S_ISDIR(info.st_mode)
            if not (folder and path == GIT):
                yield path, info
                if folder:
                    folders.append(path)


def _copied(task: Task, copy: Path) -> Seen:
    seen = dict(_entries(task.path))
    _copy(task.path, copy, seen)
    environments = [task.environment, *(step.verifier.separate for step in task.steps if step.verifier.separate)]
    git = task.path / GIT
    if git.is_dir() and not git.is_symlink() and any(each.recipe.context == task.path for each in environments):
        _copy(git, copy / GIT, dict(_entries(git)))  # no part of the task, and of what its build sees
    return seen


def _copy(root: Path, copy: Path, entries: Seen) -> None:
    if sum(info.st_size for info in entries.values()) > MOST:
        raise OSError(errno.EFBIG, f"it has more than {MOST >> 30} GB", str(copy))
    top = root.lstat()
    copy.mkdir()
    folders = [(copy, top)]
    for path, info in entries.items():
        target = copy / path
        if stat.S_ISDIR(info.st_mode):
            target.mkdir()
            folders.append((target, info))
        elif stat.S_ISLNK(info.st_mode):
            target.symlink_to((root / path).readlink())
            os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns), follow_symlinks=False)
        elif stat.S_ISREG(info.st_mode):
            _copy_file(root / path, target)
    for target, info in reversed(folders):  # only now: it may not be written to, and what is copied into it touches it
        target.chmod(stat.S_IMODE(info.st_mode))
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))


def _copy_file(path: Path, target: Path) -> None:
    source = os.open(path, _READ)
    try:
        info = os.fstat(source)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "it is no file any more", str(path))
        copy = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if info.st_size:
                _fill(source, copy, info)
            os.fchmod(copy, stat.S_IMODE(info.st_mode))
            os.utime(copy, ns=(info.st_atime_ns, info.st_mtime_ns))
        finally:
            os.close(copy)
    finally:
        os.close(source)


def _fill(source: int, copy: int, info: os.stat_result) -> None:
    with suppress(OSError):  # a filesystem that cannot, or two of them
        fcntl.ioctl(copy, _CLONE, source)
        return
    if info.st_blocks * 512 >= info.st_size:
        while _passed_on(source, copy, _CHUNK):
            pass
        return
    # Where nothing is written nothing is copied, so that a file with holes keeps them.
    os.ftruncate(copy, info.st_size)
    end = 0
    while end < info.st_size:
        try:
            start = os.lseek(source, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # nothing but a hole any more
            raise
        end = os.lseek(source, start, os.SEEK_HOLE)
        os.lseek(source, start, os.SEEK_SET)
        os.lseek(copy, start, os.SEEK_SET)
        left = end - start
        while left > 0 and (count := _passed_on(source, copy, min(left, _CHUNK))):
            left -= count


def _passed_on(source: int, copy: int, most: int) -> int:
    data = os.read(source, most)
    view = memoryview(data)
    while view:
        view = view[os.write(copy, view) :]
    return len(data)


def _untouched(before: os.stat_result, now: os.stat_result) -> bool:
    """The time of the last change of any kind cannot be set: what has the same was not written to."""
    if stat.S_ISDIR(before.st_mode) and stat.S_ISDIR(now.st_mode):
        return True  # what it holds is looked at by itself
    return (before.st_dev, before.st_ino, before.st_mode, before.st_size, before.st_ctime_ns) == (
        now.st_dev, now.st_ino, now.st_mode, now.st_size, now.st_ctime_ns,
    )  # fmt: skip


def _same(copy: Path, original: Path) -> bool:
    """Whether both hold the same, as far as a task's digest goes."""
    try:
        one, other = copy.lstat(), original.lstat()
        if stat.S_IFMT(one.st_mode) != stat.S_IFMT(other.st_mode):
            return False
        if stat.S_ISLNK(one.st_mode):
            return copy.readlink() == original.readlink()
        if not stat.S_ISREG(one.st_mode):
            return stat.S_ISDIR(one.st_mode)
        if one.st_size != other.st_size or bool(one.st_mode & 0o111) != bool(other.st_mode & 0o111):
            return False
        with copy.open("rb") as first, os.fdopen(os.open(original, _READ), "rb") as second:
            while data := first.read(_CHUNK):
                if data != second.read(_CHUNK):
                    return False
            return not second.read(1)
    except OSError:
        return False
