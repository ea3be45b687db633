"""What a running box differs in from its image, all that it holds, and what was kept of another box put over it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from harness.engine import rootpath
from harness.engine.box_end import BoxEnd, EndLook, TooMuch
from harness.engine.bwrap.box.launchpad import PART_SLASH
from harness.engine.changes import FILE, Aside, Changes, upper_changes
from harness.engine.contract import Command, Exit, Kept
from harness.engine.stack import Below
from harness.errors import EngineError

MADE = ("/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
"""What every box has of its own."""
LEFT, GONE_LIST = "left", "gone"
"""In a kept folder: the files, and the paths to remove first."""
TICK = 20_000_000
"""Nanoseconds by which a file's time may lie before the clock's."""
# Shared memory and queues outlive the processes that made them.
NOTHING_SHARED = (
    '( cd /dev/shm && for f in * .[!.]* /dev/mqueue/*; do [ ! -e "$f" ] || exit 1; done; '
    "for f in shm sem msg; do { read -r a; ! read -r a; } </proc/sysvipc/$f || exit 1; done ) 2>/dev/null"
)
LARGEST_BEGUN = 2 << 30
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
    entries: dict[str, str] = {}
    passed: set[str] = set()
    for name, at in _parts(stage):
        found, through = upper_changes(name, look, dir_fd=stage, at=at, aside=aside)
        entries |= found
        passed |= through
    for number, (path, said) in enumerate(files.items()):
        if rootpath.read(stage, f"files/{number}") != said.encode():
            entries[path] = FILE
    return Changes(entries, frozenset(passed))


def staged_end(
    stage: int,
    layers: Sequence[Path],
    begun: int,
    mounts: Sequence[str],
    files: Mapping[str, str],
    look: EndLook,
    since: int,
) -> BoxEnd | None:
    """`begun`: how many of the layers, the highest, are no part of the image. None where it cannot be told."""
    image, above = tuple(layers[: len(layers) - begun]), tuple(layers[len(layers) - begun :])
    below = Below(image)
    reader = look.reader(since, time.time_ns(), lambda path: below(path) is not None)
    beyond = reader.aside
    own = Aside([*MADE, *mounts])
    reader.aside = lambda path: own(path) or beyond(path)
    try:
        if above:
            before = _end_of_layers(image, above, tuple(mounts), look)
            if before is None:
                return None
            reader.entries, reader.old, reader.layered = dict(before.entries), dict(before.old), True
        for name, at in _parts(stage):
            reader.read(name, stage, at)
        reader.aside, reader.hidden, reader.layered = beyond, b"", False
        for number, path in enumerate(mounts):
            reader.read(f"mounts/{number}", stage, path)
        for number, (path, said) in enumerate(files.items()):
            if rootpath.read(stage, f"files/{number}") != said.encode():
                return None
            info = os.stat(f"files/{number}", dir_fd=stage, follow_symlinks=False)
            reader.entries[path] = f"{info.st_mode:o} {info.st_uid}:{info.st_gid}"
    except (TooMuch, OSError):
        return None
    return reader.end


@lru_cache(maxsize=64)
def _end_of_layers(
    image: tuple[Path, ...], above: tuple[Path, ...], mounts: tuple[str, ...], look: EndLook
) -> BoxEnd | None:
    """What a box holds that begins with these layers, which never change: they are read once."""
    below = Below(image)
    reader = replace(look, largest=LARGEST_BEGUN).reader(0, 0, lambda path: below(path) is not None)
    beyond = reader.aside
    own = Aside([*MADE, *mounts])
    reader.aside = lambda path: own(path) or beyond(path)
    try:
        for layer in above:
            reader.read(str(layer), None, "")
            reader.layered = True
    except (TooMuch, OSError):
        return None
    return reader.end


def _parts(stage: int) -> Iterator[tuple[str, str]]:
    """The folders of what the box writes, each with its place in the box."""
    yield "upper", ""
    with suppress(FileNotFoundError), rootpath.opened(stage, "parts", os.O_RDONLY) as folder:
        for name in os.listdir(folder):
            if not name.endswith(".work"):
                yield f"parts/{name}", "/" + name.replace(PART_SLASH, "/")


def tree(folder: int, name: bytes, below: bytes) -> Iterator[bytes]:
    """The folder `name` and all in it, as paths below `below`. Links are never followed, whoever swaps them in."""
    yield below or b"/"
    for where, folders, files, _ in os.fwalk(name, dir_fd=folder):
        here = below + where[len(name) :]
        yield from (here + b"/" + entry for entry in (*folders, *files))
