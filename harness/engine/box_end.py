"""All that a box holds beyond its image, to the byte, as a value that can be compared."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from posixpath import dirname
from typing import Any

from harness.engine.changes import Aside, is_whiteout, overlay_says

MOST = 100_000
"""Files beyond which a box is not looked at: it takes longer than it saves."""
_PYC_TIME = slice(8, 12)
_PART = 1 << 20


class TooMuch(Exception):
    """There is more than is looked at, or what cannot be compared."""


@dataclass(frozen=True, slots=True)
class BoxEnd:
    """When nothing runs in it."""

    entries: Mapping[str, str]
    """Path -> type, mode, owner, content, attributes and links."""
    old: Mapping[str, int] = field(default_factory=dict)
    """When what was not written since the box began was, in nanoseconds; and of files with holes, their blocks."""
    times: Mapping[str, int] = field(default_factory=dict)
    """And what was written since."""

    @property
    def digest(self) -> str:
        said = sha256()
        for path, what in sorted(self.entries.items()):
            said.update(f"{path}\0{what}\0".encode("utf-8", "surrogateescape"))
        return said.hexdigest()

    def like(self, other: BoxEnd) -> bool:
        """The same in everything that lasts, and written in the same order. No two runs write at the same time, and
        whether two files are of one tick of the clock is luck: what tells is newer in one and older in the other."""
        if self.entries != other.entries or self.old != other.old:
            return False
        return _same_order(self.times, other.times)


@dataclass(frozen=True, slots=True)
class EndLook:
    """How a box is to be looked at when nothing runs in it."""

    aside: tuple[str, ...]
    """Paths that do not count, with what is below, nor when the folders that they are in were written."""
    hidden: str
    """A path that nothing may name: what is there is aside, and would count through whatever leads to it."""
    largest: int = 64 << 20
    """Bytes of all files beyond which it is not looked at."""

    def reader(self, since: int, now: int, has: Callable[[str], bool]) -> Reader:
        return Reader(
            since,
            now,
            Aside(self.aside),
            frozenset(map(dirname, self.aside)),
            os.fsencode(self.hidden),
            has,
            self.largest,
        )


def _same_order(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    latest = -1
    for _, group in groupby(sorted(one, key=one.__getitem__), key=one.__getitem__):
        there = [other[path] for path in group]
        if min(there) < latest:
            return False
        latest = max(latest, *there)
    return True


@dataclass(slots=True)
class Reader:
    """Reads a tree that the box wrote, such as an overlay's upper folder."""

    since: int
    """When the box began."""
    now: int
    aside: Callable[[str], bool]
    """What is not looked at."""
    untimed: frozenset[str]
    """Folders of which the time says nothing."""
    hidden: bytes
    has: Callable[[str], bool]
    """Whether the image has something at a path."""
    largest: int
    entries: dict[str, str] = field(default_factory=dict)
    old: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    size: int = 0
    layered: bool = False
    """Something was read before what is read now."""

    @property
    def end(self) -> BoxEnd:
        return BoxEnd(self.entries, self.old, self.times)

    def read(self, folder: str, dir_fd: int | None, at: str) -> None:
        """Over what was read before. `at`: the path in the box. Raises TooMuch or OSError."""
        linked: dict[tuple[int, int], str] = {}
        before = tuple(dict(known) for known in self._known) if self.layered else ()
        moved: list[str] = []
        for where, folders, files, here in os.fwalk(folder, dir_fd=dir_fd):
            path = at + where[len(folder) :]
            if path and self.aside(path):
                folders.clear()
                continue
            folders.sort()
            came_from = os.fsdecode(overlay_says(here, "redirect"))
            if came_from:
                if any(path.startswith(f"{other}/") for other in moved):
                    raise TooMuch
                moved.append(path)
                self._move(came_from if came_from.startswith("/") else f"{dirname(path)}/{came_from}", path, before)
            info = os.fstat(here)
            hides = ""
            if overlay_says(here, "opaque"):
                self._forget_below(path)
                hides = "hides what is below" if self.has(path) else ""
            self._put(path or "/", info, hides, _xattrs(here))
            for name in sorted(files):
                entry = f"{path}/{name}"
                if not self.aside(entry):
                    self._file(entry, name, here, linked)

    def _file(self, entry: str, name: str, here: int, linked: dict[tuple[int, int], str]) -> None:
        info = os.stat(name, dir_fd=here, follow_symlinks=False)
        if is_whiteout(info):
            self._forget(entry)
            self._forget_below(entry)
            if self.has(entry):
                self.entries[entry] = "gone"
            return
        more, attributes = "", ""
        if stat.S_ISLNK(info.st_mode):
            more = os.readlink(name, dir_fd=here)
            if self.hidden and self.hidden in os.fsencode(more):
                raise TooMuch
        elif stat.S_ISREG(info.st_mode):
            self.size += info.st_size
            if self.size > self.largest:
                raise TooMuch
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
            try:
                more = f"{info.st_size} {self._content(fd, entry, here)}"
                attributes = _xattrs(fd)
            finally:
                os.close(fd)
        elif stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
            more = str(info.st_rdev)
        if info.st_nlink > 1:
            more += f" like {linked.setdefault((info.st_dev, info.st_ino), entry)} {info.st_nlink}"
        self._put(entry, info, more, attributes)
        if stat.S_ISREG(info.st_mode) and info.st_blocks * 512 < info.st_size:
            self.old[_holes(entry)] = info.st_blocks

    def _content(self, fd: int, entry: str, folder: int) -> str:
        said = sha256()
        part = os.read(fd, _PART)
        if "/__pycache__/" in entry and entry.endswith(".pyc") and _is_of_its_time(part, entry, folder):
            part = part[: _PYC_TIME.start] + b"time" + part[_PYC_TIME.stop :]
        before = b""
        while part:
            if self.hidden and self.hidden in before + part:
                raise TooMuch
            said.update(part)
            before = part[-len(self.hidden) :]
            part = os.read(fd, _PART)
        return said.hexdigest()

    def _put(self, path: str, info: os.stat_result, more: str, attributes: str) -> None:
        if len(self.entries) >= MOST:
            raise TooMuch
        if not stat.S_ISDIR(info.st_mode):
            self._forget_below(path)
        self._forget(path)
        if path not in self.untimed:
            new = self.since <= info.st_mtime_ns <= self.now
            (self.times if new else self.old)[path] = info.st_mtime_ns
        self.entries[path] = f"{info.st_mode:o} {info.st_uid}:{info.st_gid} {more} {attributes}"

    @property
    def _known(self) -> tuple[dict[str, Any], ...]:
        return self.entries, self.old, self.times

    def _move(self, source: str, target: str, before: tuple[dict[str, Any], ...]) -> None:
        """A folder of the layers below under another name."""
        if self.has(source):
            raise TooMuch
        for known, then in zip(self._known, before, strict=False):
            known |= {target + path[len(source) :]: then[path] for path in then if path.startswith(f"{source}/")}

    def _forget(self, path: str) -> None:
        for known in self._known:
            known.pop(path, None)
        self.old.pop(_holes(path), None)

    def _forget_below(self, folder: str) -> None:
        for path in [path for path in self.entries if path.startswith(folder + "/")] if self.layered else []:
            self._forget(path)


def _holes(path: str) -> str:
    return f"{path}\0holes"


def _is_of_its_time(compiled: bytes, entry: str, folder: int) -> bool:
    """Python writes into what it compiles when the source was written, and asks for nothing but whether it still is."""
    name = entry.rpartition("/")[2].partition(".")[0]
    try:
        source = os.stat(f"../{name}.py", dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    written = (int(source.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
    return compiled[4:8] == bytes(4) and compiled[_PYC_TIME] == written


def _xattrs(fd: int) -> str:
    try:
        names = [name for name in sorted(os.listxattr(fd)) if ".overlay." not in name]
        return " ".join(f"{name}={os.getxattr(fd, name).hex()}" for name in names)
    except OSError:
        return ""
