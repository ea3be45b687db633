"""Files of an archive, written to a folder of their own: nothing outside it, no link out of it, and no flood.

Archives are untrusted. Files are written before any link is made, so that no file is written through one; where links
lead is looked at when all of them are there. The first entry that may not be ends it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """What one task may have, unpacked."""

    size: int = 1 << 30
    """Bytes of all its files."""
    entries: int = 20_000
    depth: int = 64
    """Folders in folders."""


class NotUnpacked(Exception):
    """A task's files cannot be had; `code` is that of the problem."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unsafe(message: str) -> NotUnpacked:
    return NotUnpacked("unsafe-archive", message)


def damaged(why: object) -> NotUnpacked:
    return NotUnpacked("damaged-archive", f"It cannot be unpacked: {why}.")


def too_large(message: str) -> NotUnpacked:
    return NotUnpacked("archive-too-large", message)


class Unpacking:
    """One task on its way out of an archive, into a new folder."""

    def __init__(self, root: Path, limits: UnpackLimits) -> None:
        root.mkdir(mode=0o755)
        self.root, self.limits = root, limits
        self._size = 0
        self._entries = 0
        self._links: dict[str, str] = {}

    def folder(self, name: str) -> None:
        """Make a folder, and those above it."""
        self._folder(self._parts(name))

    def file(self, name: str, pieces: Iterable[bytes], *, program: bool) -> None:
        """Write a file. One of the same name from before is replaced, as by tar."""
        parts = self._parts(name)
        if not parts:
            raise unsafe("A file in it has no name.")
        path = self._folder(parts[:-1]) / parts[-1]
        try:
            path.unlink(missing_ok=True)
            target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except IsADirectoryError as error:
            raise unsafe(f"{name} is a folder and a file in it.") from error
        with os.fdopen(target, "wb") as out:
            for piece in pieces:
                self._size += len(piece)
                if self._size > self.limits.size:
                    raise too_large(
                        f"Unpacked, the task has more than {self.limits.size >> 20} MB, which is the most that is "
                        f"unpacked."
                    )
                out.write(piece)
        path.chmod(0o755 if program else 0o644)

    def copy(self, name: str, of: str) -> None:
        """A second name of a file, which gets a copy of its own."""
        source = self._below(self._parts(of))
        if source.is_symlink() or not source.is_file():
            raise unsafe(f"{name} is to be the same file as {of}, which is no file before it in the archive.")
        data = source.read_bytes()
        self.file(name, [data], program=bool(source.stat().st_mode & 0o100))

    def link(self, name: str, target: str) -> None:
        """Make a link when everything else is there."""
        parts = self._parts(name)
        if not parts:
            raise unsafe("A link in it has no name.")
        self._folder(parts[:-1])
        if target.startswith("/") or "\0" in target or not target:
            raise unsafe(f"{name} is a link to {target or 'nothing'}, out of the task.")
        self._links["/".join(parts)] = target

    def finish(self) -> None:
        """Make the links. Raises NotUnpacked where one of them leads out."""
        for name, target in self._links.items():
            path = self._below(name.split("/"))
            if os.path.lexists(path):
                raise unsafe(f"{name} is a link and something else in it.")
            path.symlink_to(target)
        real = os.path.realpath(self.root)
        for name, target in self._links.items():
            end = os.path.realpath(self.root / name)
            if end != real and not end.startswith(real + os.sep):
                raise unsafe(f"{name} is a link to {target}, out of the task.")

    def _parts(self, name: str) -> list[str]:
        self._entries += 1
        if self._entries > self.limits.entries:
            raise too_large(f"It has more than {self.limits.entries:,} files, which is the most that is unpacked.")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts or "\0" in name:
            raise unsafe(f"{name} is a path out of the task.")
        if len(parts) > self.limits.depth:
            raise too_large(f"It has more than {self.limits.depth} folders in one another.")
        return parts

    def _below(self, parts: Iterable[str]) -> Path:
        """No component of it can be a link: none is made before `finish`."""
        return self.root.joinpath(*parts)

    def _folder(self, parts: list[str]) -> Path:
        path = self.root
        for part in parts:
            path = path / part
            try:
                path.mkdir(mode=0o755)
            except FileExistsError:
                if not path.is_dir():
                    raise unsafe(f"{'/'.join(parts)} is a file and a folder in it.") from None
        return path
