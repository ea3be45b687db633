"""What a container wrote, where that lies on this machine; and what was done in one, packed to be put over others."""

from __future__ import annotations

import os
import stat
import tarfile
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engine.changes import FILE, GONE, Aside, Changes, is_whiteout, overlay_says, upper_changes
from harness.engine.contract import OWN_FOLDER, Box, BoxSpec, Keeping, Kept, NotKept
from harness.engine.stack import Below

LARGEST = 768 << 20
"""Bytes: putting more into each box takes longer than it saves."""
OF_EVERY_CONTAINER = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
"""Files that the daemon gives it, above all its layers."""
MADE = ("/dev", "/proc", "/sys", OWN_FOLDER, *OF_EVERY_CONTAINER)


@dataclass(frozen=True, slots=True)
class Upper:
    """Where the kernel puts what a container writes."""

    folder: Path
    below: Below
    aside: tuple[str, ...]
    """The container's mounts: what it writes there lies elsewhere."""

    def changes(self, aside: Iterable[str] = ()) -> Changes:
        """OSError where the container is gone, and its files with it."""
        entries, passed = upper_changes(str(self.folder), self.below, aside=Aside([*self.aside, *aside]))
        self.folder.lstat()
        return Changes(entries, frozenset(passed))


def upper_of(mountinfo: str, mounts: Iterable[str]) -> Upper | None:
    """By the mounts of a process in it; None where its root is no overlay, or one of another machine's."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        if before.split()[4:5] != ["/"] or kind != "overlay":
            continue
        layers: list[Path] = []
        folder = Path()
        for word in options.rpartition(" ")[2].split(","):
            name, _, value = word.partition("=")
            if name in ("lowerdir", "lowerdir+"):
                layers += map(Path, value.split(":"))
            elif name == "upperdir":
                folder = Path(value)
        if layers and all(path.is_absolute() and path.is_dir() for path in (folder, *layers)):
            below = Below([path.resolve() for path in reversed(layers)])
            return Upper(folder, below, (*MADE, *mounts))
    return None


class Unnamed:
    """A file without a name: nobody else opens it, and nothing of it stays however this process ends."""

    def __init__(self) -> None:
        self.fd, name = tempfile.mkstemp(prefix="foolsgold-")
        Path(name).unlink()
        weakref.finalize(self, os.close, self.fd)

    def open(self) -> Any:
        """From its beginning, whoever reads it meanwhile."""
        return Path(f"/proc/self/fd/{self.fd}").open("r+b")


@dataclass(frozen=True)
class PackedChanges(Kept):
    """It lives as long as anybody has it, in this process."""

    archive: Unnamed
    gone: tuple[str, ...]
    """Paths to remove first."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Kept, (self.folder, self.changes, self.size)


class WritingBox(Box):
    """A box of which it may be known where it writes."""

    upper: Upper | None = None


def keep(spec: BoxSpec, what: Keeping, start: Callable[[BoxSpec], WritingBox]) -> PackedChanges | None:
    """None where it is not known where containers write. Raises NotKept or OSError."""
    with ExitStack() as boxes:
        box = boxes.enter_context(start(spec))
        upper = box.upper
        if upper is None:
            return None
        what.do(box)
        first = _packed([(upper, what.aside, None)])
        if what.then is None:
            return first
        later = boxes.enter_context(start(spec))
        second = later.upper
        try:
            if second is None:
                return first
            later.give(first)
            what.then(later)
            _check_only_adds(first.changes, second.changes(), what.only)
            return _packed([(upper, (*what.aside, *what.only), None), (second, what.aside, what.only)])
        except NotKept:
            return first


def _check_only_adds(first: Changes, second: Changes, only: tuple[str, ...]) -> None:
    inside = Aside(only)
    for path, kind in first.entries.items():
        if inside(path) and (kind == GONE) is not (second.entries.get(path, GONE) == GONE):
            raise NotKept(f"{path} was removed again")


def _packed(parts: list[tuple[Upper, tuple[str, ...], tuple[str, ...] | None]]) -> PackedChanges:
    """Of each upper folder all but what is aside, and where there are further paths only those, with what is below."""
    archive, entries, passed, gone = Unnamed(), dict[str, str](), set[str](), list[str]()
    with archive.open() as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for upper, aside, only in parts:
            found = upper.changes(aside)
            inside = Aside(only if only is not None else ["/"])
            leads = {str(above) for path in only or () for above in Path(path).parents} - entries.keys()
            mine = {
                path: kind
                for path, kind in found.entries.items()
                if only is None or inside(path) or (path in leads and kind not in (FILE, GONE))
            }
            gone += [path for path, kind in mine.items() if kind == GONE or (kind == FILE and _hides(upper, path))]
            entries |= mine
            passed |= found.passed if only is None else {path for path in found.passed if inside(path)}
            _add(tar, upper.folder, mine)
        size = sum(member.size for member in tar.getmembers())
        if size > LARGEST:
            raise NotKept(f"it takes {size >> 20} MB")
    return PackedChanges(Path(), Changes(entries, frozenset(passed - entries.keys())), size, archive, tuple(gone))


def _hides(upper: Upper, path: str) -> bool:
    before = upper.below(path)
    return before is not None and stat.S_ISDIR(before.st_mode)


def _add(tar: tarfile.TarFile, folder: Path, wanted: Mapping[str, str]) -> None:
    """Links are never followed: whatever still runs in the box cannot lead out of it."""
    linked: dict[int, str] = {}
    for where, _, files, here in os.fwalk(folder):
        path = where[len(str(folder)) :]
        if path in wanted:
            _check_attributes(here, path)
            tar.addfile(_member(path, os.fstat(here)))
        for name in files:
            entry = f"{path}/{name}"
            info = os.stat(name, dir_fd=here, follow_symlinks=False)
            if entry not in wanted or is_whiteout(info) or stat.S_ISSOCK(info.st_mode):
                continue
            member = _member(entry, info)
            first = linked.setdefault(info.st_ino, entry)
            if stat.S_ISLNK(info.st_mode):
                member.linkname = os.readlink(name, dir_fd=here)
                tar.addfile(member)
            elif first != entry:
                member.type, member.linkname, member.size = tarfile.LNKTYPE, first[1:], 0
                tar.addfile(member)
            elif stat.S_ISREG(info.st_mode):
                with os.fdopen(os.open(name, _READ, dir_fd=here), "rb") as content:
                    _check_attributes(content.fileno(), entry)
                    tar.addfile(member, content)
            else:
                tar.addfile(member)


_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TYPES = {stat.S_IFREG: tarfile.REGTYPE, stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE}


def _member(path: str, info: os.stat_result) -> tarfile.TarInfo:
    kind = _TYPES.get(stat.S_IFMT(info.st_mode))
    if kind is None:
        raise NotKept(f"{path} is neither a file nor a folder nor a link")
    member = tarfile.TarInfo(path[1:])
    member.type, member.mode, member.uid, member.gid = kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid
    member.mtime, member.size = info.st_mtime, info.st_size if kind == tarfile.REGTYPE else 0
    return member


def _check_attributes(descriptor: int, path: str) -> None:
    if overlay_says(descriptor, "redirect") or overlay_says(descriptor, "metacopy"):
        raise NotKept(f"{path} was moved")
    if any(".overlay." not in name for name in os.listxattr(descriptor)):
        raise NotKept(f"{path} has attributes that an archive forgets")
