"""What the runner takes over of an artifact: no setuid, and not the mode of the folder itself, which is open to all.

A strict one also takes no special files, no links that lead out of it, and nothing that others may write: by the rules
of the `data` filter of Python's tarfile, which not every Python 3.11 has.
"""

from __future__ import annotations

import posixpath
import tarfile
from dataclasses import dataclass
from pathlib import Path


class NotSifted(Exception):
    """It is no archive, or says that it holds more than there is room for."""


@dataclass(slots=True)
class _Room:
    left: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise NotSifted("it holds more than is carried")


def sift(archive: Path, most: int, *, strict: bool) -> None:
    """Write the archive anew with what the runner takes of it, at most so many bytes of files."""
    sifted, room = archive.with_name(f"{archive.name}.sifted"), _Room(most)
    try:
        with tarfile.open(archive, "r:") as old, tarfile.open(sifted, "w", format=tarfile.PAX_FORMAT) as new:
            for member in old:
                if posixpath.normpath(member.name) == "." or (strict and not _taken(member)):
                    continue
                room.take(member.size)
                kept = _plain(member, strict=strict)
                new.addfile(kept, old.extractfile(member) if member.isreg() else None)
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise NotSifted(str(error)) from error
    sifted.replace(archive)


def _taken(member: tarfile.TarInfo) -> bool:
    name = member.name.lstrip("/")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()) or _outside(name):
        return False
    if not (member.issym() or member.islnk()):
        return True
    beside = posixpath.dirname(name) if member.issym() else ""
    return not member.linkname.startswith("/") and not _outside(posixpath.join(beside, member.linkname))


def _outside(name: str) -> bool:
    return posixpath.normpath(name).split("/")[0] == ".."


def _plain(member: tarfile.TarInfo, *, strict: bool) -> tarfile.TarInfo:
    file = member.isreg() or member.islnk()
    mode = member.mode & ~0o6000 if file else member.mode
    if strict:
        mode = mode & 0o755 | 0o600 if file else 0o755
        if file and not member.mode & 0o100:
            mode &= ~0o111
    kept = tarfile.TarInfo(member.name.lstrip("/"))
    kept.type = tarfile.REGTYPE if member.isreg() else member.type
    kept.size, kept.mtime, kept.mode, kept.linkname = member.size, member.mtime, mode, member.linkname
    kept.devmajor, kept.devminor = member.devmajor, member.devminor
    return kept
