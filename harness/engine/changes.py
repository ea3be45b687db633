"""What differs in a box from its image, by path, and where two boxes of one image differ from it in the same places."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

FILE, GONE = "file", "gone"


@dataclass(frozen=True, slots=True)
class Changes:
    entries: Mapping[str, str]
    """Path -> `file` for what was made or written and is no folder, `gone` for what was removed or replaced as a
    whole, else a folder's mode and owner."""
    passed: frozenset[str] = frozenset()
    """The image's own folders with a change somewhere below them."""

    def meeting(self, other: Changes) -> str:
        """A path about which the two disagree, or may; '' where each leaves the other's changes as they are."""
        for one, two in ((self, other), (other, self)):
            for path, what in one.entries.items():
                there = two.entries.get(path)
                if there is not None and (there != what or what in (FILE, GONE)):
                    return path
                if there is None and path in two.passed:
                    return path
                for above in map(str, PurePosixPath(path).parents):
                    if two.entries.get(above) in (FILE, GONE):
                        return path
        return ""


Below = Callable[[str], "os.stat_result | None"]
"""What the image has at a path; None for nothing."""


def upper_changes(
    folder: str | bytes, below: Below, *, dir_fd: int | None = None, at: str = "", aside: Callable[[str], bool]
) -> tuple[dict[str, str], set[str]]:
    """The changes that an overlay's upper folder holds, as paths below `at`; what is `aside` is no change."""
    entries: dict[str, str] = {}
    passed: set[str] = set()
    for where, folders, files, here in os.fwalk(os.fsdecode(folder), dir_fd=dir_fd):
        path = at + where[len(os.fsdecode(folder)) :]
        if path and aside(path):
            folders.clear()
            continue
        _folder(path or "/", here, below, entries, passed)
        for name in files:
            entry = f"{path}/{name}"
            if not aside(entry):
                info = os.stat(name, dir_fd=here, follow_symlinks=False)
                entries[entry] = GONE if is_whiteout(info) else FILE
    return entries, passed


def _folder(path: str, here: int, below: Below, entries: dict[str, str], passed: set[str]) -> None:
    what, before = _of_folder(os.fstat(here)), below(path)
    if _replaced(here):
        entries[path] = GONE
    elif before is not None and _of_folder(before) == what:
        passed.add(path)
    else:
        entries[path] = what


def _of_folder(info: os.stat_result) -> str:
    """'' for what is none. Whoever runs this is root in the box."""
    user = 0 if info.st_uid == os.geteuid() else info.st_uid
    group = 0 if info.st_gid == os.getegid() else info.st_gid
    return f"{stat.S_IMODE(info.st_mode):o} {user}:{group}" if stat.S_ISDIR(info.st_mode) else ""


def _replaced(here: int) -> bool:
    """The folder hides the image's, or is another one under a new name."""
    return bool(overlay_says(here, "opaque") or overlay_says(here, "redirect"))


def overlay_says(folder: int, name: str) -> bytes:
    """What an open folder of an overlay's layer is marked with, empty for nothing."""
    for prefix in ("trusted.overlay.", "user.overlay."):
        try:
            return os.getxattr(folder, prefix + name)
        except OSError:
            continue
    return b""


def is_whiteout(info: os.stat_result) -> bool:
    """In an overlay's layer: the path is gone."""
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


class Aside:
    """Whether a path is one of those, or below."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(path.rstrip("/") for path in paths)

    def __call__(self, path: str) -> bool:
        at = path
        while at:
            if at in self._paths:
                return True
            at = at.rpartition("/")[0]
        return False
