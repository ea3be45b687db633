"""What a running box differs in from its image, and what was kept of another box put over it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from harness.engine import rootpath
from harness.engine.bwrap.box.launchpad import PART_SLASH
from harness.engine.bwrap.image.stack import Stack
from harness.engine.changes import FILE, Changes, upper_changes
from harness.engine.contract import Command, Exit, Kept
from harness.errors import EngineError

MADE = ("/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
"""What every box has of its own."""
LEFT, GONE_LIST = "left", "gone"
"""In a kept folder: the files, and the paths to remove first."""
_SHOWN = "/dev/.kept"
_PATIENCE = 120.0
# The box's own programs do it: whatever a link planted in the box leads to is in the box. A file's place is freed
# first: it may be a link, or a program that runs.
_GIVE = f"cd / && xargs -0 -r rm -rf -- <{_SHOWN}/{GONE_LIST} && cp -a --remove-destination {_SHOWN}/{LEFT}/. /"


class Running(Protocol):
    def run(self, command: Command) -> Exit: ...
    def show(self, folder: Path, target: str) -> None: ...
    def unshow(self, target: str) -> None: ...


def give(box: Running, kept: Kept) -> None:
    box.show(kept.folder, _SHOWN)
    try:
        done = box.run(Command(("sh", "-c", _GIVE), _PATIENCE, user="root", cwd="/"))
    finally:
        box.unshow(_SHOWN)
    if done.status != 0:
        said = done.output.decode("utf-8", "replace").strip()[-300:]
        raise EngineError(f"What was kept could not be put over the box: {said or done.status}")


def staged_changes(stage: int, layers: Sequence[Path], mounts: Iterable[str], files: Mapping[str, str]) -> Changes:
    """`stage`: the folder of what the box writes; `files`: the box's own, as they were made."""
    look = Below(layers)
    aside = Aside([*MADE, *mounts])
    parts = {"upper": ""}
    with suppress(FileNotFoundError), rootpath.opened(stage, "parts", os.O_RDONLY) as folder:
        names = [name for name in os.listdir(folder) if not name.endswith(".work")]
        parts |= {f"parts/{name}": "/" + name.replace(PART_SLASH, "/") for name in names}
    entries: dict[str, str] = {}
    passed: set[str] = set()
    for name, at in parts.items():
        found, through = upper_changes(name, look, dir_fd=stage, at=at, aside=aside)
        entries |= found
        passed |= through
    for number, (path, said) in enumerate(files.items()):
        if rootpath.read(stage, f"files/{number}") != said.encode():
            entries[path] = FILE
    return Changes(entries, frozenset(passed))


class Below:
    """What the image has at a path."""

    def __init__(self, layers: Sequence[Path]) -> None:
        self._stack = Stack(layers)

    def __call__(self, path: str) -> os.stat_result | None:
        found = self._stack.host(path)
        return found.lstat() if found is not None else None


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
