"""COPY and ADD: copies entries of a tree into a new layer, by BuildKit's rules."""

from __future__ import annotations

import lzma
import os
import posixpath
import re
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.engine.recipe.context import (
    NOTHING_IGNORED,
    Ignore,
    SourceMissing,
    Tree,
    is_folder,
    kind,
    match_pattern,
    resolve,
    select,
    walk,
)
from harness.engine.stack import Layer, copy_attributes

Owner = tuple[int, int]
Mode = Callable[[int, bool], int]
"""(old mode, whether it is a folder) -> new mode."""

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)")


class CannotCopy(Exception):
    """The destination does not allow the copy; the message is the builder's."""


@dataclass(frozen=True, slots=True)
class Manner:
    """The options of a copy: owner and mode."""

    owner: Owner | None = None
    """None keeps the source's."""
    mode: Mode | None = None
    exclude: Ignore = NOTHING_IGNORED

    @property
    def folder_owner(self) -> Owner:
        return self.owner or (0, 0)


def parse_mode(text: str) -> Mode:
    """The value of --chmod: octal, or symbolic as in chmod(1). ValueError if it is neither."""
    if re.fullmatch(r"[0-7]{1,5}", text) and int(text, 8) <= 0o7777:
        fixed = int(text, 8)
        return lambda _mode, _folder: fixed
    clauses: list[tuple[str, list[tuple[str, str]]]] = []
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise ValueError(f"--chmod takes an octal mode such as 755 or one such as u+x, not {text!r}")
        clauses.append((match[1] or "a", _ACTION.findall(match[2])))

    def change(mode: int, folder: bool) -> int:
        for who, actions in clauses:
            for operator, what in actions:
                mode = _changed(mode, who, operator, what, folder)
        return mode

    return change


def _changed(mode: int, who: str, operator: str, what: str, folder: bool) -> int:
    shifts = {"u": 6, "g": 3, "o": 0}
    people = "ugo" if "a" in who else who
    bits = 0
    for letter in what:
        if letter in shifts:
            three = (mode >> shifts[letter]) & 7
        elif letter == "X":
            three = 1 if folder or mode & 0o111 else 0
        else:
            three = {"r": 4, "w": 2, "x": 1}.get(letter, 0)
        for person in people:
            bits |= three << shifts[person]
        if letter == "s":
            bits |= (0o4000 if "u" in people else 0) | (0o2000 if "g" in people else 0)
        if letter == "t":
            bits |= 0o1000
    if operator == "+":
        return mode | bits
    if operator == "-":
        return mode & ~bits
    kept = mode
    for person in people:
        kept &= ~(7 << shifts[person])
    kept &= ~(0o4000 if "u" in people else 0) & ~(0o2000 if "g" in people else 0)
    return kept | bits


class Copier:
    """Copies into one layer; hard links between files are kept."""

    def __init__(self, tree: Tree, layer: Layer, manner: Manner) -> None:
        self.tree = tree
        self.layer = layer
        self.manner = manner
        self.linked: dict[tuple[int, int], Path] = {}

    def copy(self, source: str, dest: str) -> None:
        """Copy the entries that `source` (maybe a pattern) names to the absolute path `dest`."""
        for name, path in select(self.tree, source):
            self.copy_named(name, path, dest)

    def copy_named(self, name: str, path: str, dest: str) -> None:
        folder = is_folder(self.tree, path)
        final = self.destination(name, dest, folder)
        if folder:
            self.layer.folder(final, owner=self.manner.folder_owner)
        if folder or not self.manner.exclude.hides(name):
            self.entry(path, final, "", child=False)

    def destination(self, name: str, dest: str, folder: bool) -> str:
        """The path of the copy itself: inside `dest` if that is a folder and the source is not."""
        try:
            self.layer.folder(dest if dest.endswith("/") else posixpath.dirname(dest), owner=self.manner.folder_owner)
        except NotADirectoryError as error:
            raise CannotCopy(f"{error} in the image is not a folder") from error
        final = resolve(self.layer.view, dest)
        if folder:
            info = kind(self.layer.view, final)
            if info is not None and not stat.S_ISDIR(info.st_mode):
                raise CannotCopy(f"cannot copy a folder to {final}, which is not a folder")
            return final
        return posixpath.join(final, name) if is_folder(self.layer.view, final) else final

    def copy_with_parents(self, source: str, dest: str) -> None:
        """COPY --parents: below `dest`, make the source's own path, or the part of it after a `/./`."""
        start, pivot, pattern = source.partition("/./")
        base, pattern = (start or "/", pattern) if pivot else ("/", source)
        base = resolve(self.tree, base)
        clean = posixpath.normpath("/" + pattern).lstrip("/")
        matches = [path for path in walk(self.tree, base) if path != base and _matches(clean, path, base)]
        if not matches and not re.search(r"[*?\[]", source):
            raise SourceMissing(posixpath.join(base, clean))
        done: set[str] = set()
        for path in matches:
            relative = posixpath.relpath(path, base)
            if any(relative.startswith(each + "/") for each in done):
                continue
            done.add(relative)
            self.layer.folder(dest, owner=self.manner.folder_owner)
            here = ""
            for part in posixpath.dirname(relative).split("/"):
                if part:
                    here = posixpath.join(here, part)
                    made = resolve(self.layer.view, posixpath.join(dest, here))
                    if kind(self.layer.view, made) is None:
                        self.layer.folder(made)
                        self.finish(posixpath.join(base, here), made)
            self.entry(path, resolve(self.layer.view, posixpath.join(dest, relative), last=False), "", child=True)

    def entry(self, path: str, target: str, relative: str, *, child: bool) -> None:
        host = self.tree.host(path)
        if host is None:
            return
        info = host.lstat()
        if stat.S_ISDIR(info.st_mode):
            there = kind(self.layer.view, target)
            if there is None:
                self.layer.folder(target)
            elif not stat.S_ISDIR(there.st_mode):
                raise CannotCopy(f"cannot copy to non-directory: {target}")
            for name in self.tree.names(path):
                inner = posixpath.join(relative, name)
                if not self.manner.exclude.hides(inner):
                    self.entry(posixpath.join(path, name), posixpath.join(target, name), inner, child=True)
            if child:
                self.layer.own(target)
                self.finish(path, target)
            return
        self.file(host, info, target)

    def file(self, host: Path, info: os.stat_result, target: str) -> None:
        try:
            place = self.layer.place(target)
        except IsADirectoryError as error:
            raise CannotCopy(f"cannot replace the folder {target} with a file") from error
        key = (info.st_dev, info.st_ino)
        if info.st_nlink > 1 and stat.S_ISREG(info.st_mode):
            if key in self.linked:
                os.link(self.linked[key], place)
                return
            self.linked[key] = place
        if stat.S_ISREG(info.st_mode):
            shutil.copyfile(host, place)
        elif stat.S_ISLNK(info.st_mode):
            place.symlink_to(host.readlink())
        elif stat.S_ISFIFO(info.st_mode):
            os.mkfifo(place)
        else:
            return  # a socket or a device: no box may reach a device of this machine
        self.dress(host, info, place, target)

    def finish(self, path: str, target: str) -> None:
        host = self.tree.host(path)
        if host is not None:
            self.dress(host, host.lstat(), self.layer.root / target.lstrip("/"), target)

    def dress(self, host: Path, info: os.stat_result, place: Path, target: str) -> None:
        mode = stat.S_IMODE(info.st_mode)
        if self.manner.mode is not None:
            mode = self.manner.mode(mode, stat.S_ISDIR(info.st_mode))
        self.layer.dress(target, mode, self.manner.owner or (info.st_uid, info.st_gid))
        copy_attributes(host, place)
        os.utime(place, ns=(info.st_atime_ns, info.st_mtime_ns), follow_symlinks=False)


def _matches(pattern: str, path: str, base: str) -> bool:
    parts, wanted = posixpath.relpath(path, base).split("/"), pattern.split("/")

    def fits(part: int, want: int) -> bool:
        if want == len(wanted):
            return part == len(parts)
        if wanted[want] == "**":
            return any(fits(after, want + 1) for after in range(part, len(parts) + 1))
        if part == len(parts):
            return False
        regex = match_pattern(wanted[want])
        return regex is not None and regex.fullmatch(parts[part]) is not None and fits(part + 1, want + 1)

    return fits(0, 0)


def open_archive(path: Path) -> tarfile.TarFile | None:
    """The file as a tar archive (plain, gzip, bzip2 or xz), None where it is none."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        archive = tarfile.open(path)  # noqa: SIM115 - the caller closes it
        if archive.next() is not None:
            return archive
        archive.close()
    except (tarfile.TarError, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        return None
    return None


def is_zstd(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"\x28\xb5\x2f\xfd"


def unpack(archive: tarfile.TarFile, layer: Layer, dest: str, owner: Owner = (0, 0)) -> None:
    """Unpack the archive below the folder `dest`, with the owners that the archive names; `owner` is for `dest` itself
    if it is made. No entry can leave the layer: every path is resolved inside the image, also through links that the
    archive itself made."""
    base = layer.folder(dest, owner=owner)
    times: list[tuple[Path, int]] = []
    for member in archive:
        wanted = posixpath.normpath("/" + member.name).lstrip("/")
        entry = posixpath.join(base, wanted) if wanted else base
        parent = layer.folder(posixpath.dirname(entry)) if wanted else base
        target = posixpath.join(parent, posixpath.basename(entry)) if wanted else base
        if member.isdir():
            there = kind(layer.view, target)
            if there is not None and not stat.S_ISDIR(there.st_mode):
                layer.place(target)
            layer.folder(target)
            place = layer.own(target)
        else:
            place = layer.place(target)
            if not _write(archive, member, place, layer, base):
                continue
        layer.dress(target, stat.S_IMODE(member.mode), (member.uid, member.gid))
        times.append((place, int(member.mtime)))
    for place, seconds in reversed(times):
        with suppress(FileNotFoundError):  # a later entry of the same name replaced it
            os.utime(place, (seconds, seconds), follow_symlinks=False)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path, layer: Layer, base: str) -> bool:
    if member.issym():
        place.symlink_to(member.linkname)
    elif member.islnk():
        inside = posixpath.join(base, posixpath.normpath("/" + member.linkname).lstrip("/"))
        original = layer.view.host(resolve(layer.view, inside, last=False))
        if original is None:
            raise CannotCopy(f"the archive links {member.name} to {member.linkname}, which is not in it")
        if original.is_relative_to(layer.root):
            os.link(original, place, follow_symlinks=False)
        else:
            shutil.copyfile(original, place)
    elif member.isreg():
        content = archive.extractfile(member)
        with place.open("xb") as out:
            shutil.copyfileobj(content, out) if content is not None else None
    elif member.isfifo():
        os.mkfifo(place)
    else:
        return False  # left out: no box may reach a device of this machine
    return True
