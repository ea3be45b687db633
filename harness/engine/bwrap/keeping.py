"""What was done in a box once, kept as a layer: recorded, checked each time before it is used, and never half a one."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from harness.engine.bwrap.box.giving import GONE_LIST, LEFT, MADE
from harness.engine.bwrap.image.built import BwrapImage
from harness.engine.bwrap.image.cache import Cache, key_of, tree_bytes
from harness.engine.changes import FILE, GONE, Aside, Changes, is_whiteout, upper_changes
from harness.engine.contract import Box, BoxSpec, Keeping, Kept, NotKept
from harness.engine.stack import Below, overlay_attribute, remove_tree

_FACTS = "facts.json"
LARGEST = 768 << 20
"""Bytes: what is larger costs more memory in each box than it saves time."""
LARGEST_LAYER = 3 << 29
Open = Callable[[BoxSpec, Path], Box]
"""A box on the image and the given layers which writes to a folder."""


def name_of(key: str) -> str:
    return key_of("kept", key)


def keep(cache: Cache, key: str, about: str, spec: BoxSpec, what: Keeping, start: Open) -> Kept:
    """Raises NotKept or OSError."""
    key = name_of(key)

    def make(folder: Path) -> None:
        assert isinstance(spec.image, BwrapImage)
        layers = (*spec.image.layers, *layers_of(spec))
        (_stack if what.stacks else _make)(folder, spec, layers, what, start)

    for again in (False, True):
        folder = cache.layer(key, about, make)
        found = _read(folder)
        if found is not None:
            return found
        if not again:
            cache.discard(key)  # somebody has changed it
    raise NotKept("what was kept is not what was written")


def _make(folder: Path, spec: BoxSpec, layers: tuple[Path, ...], what: Keeping, start: Open) -> None:
    left = folder / LEFT
    aside = Aside([*MADE, *spec.mounts, *spec.open_folders, *what.aside])
    with closing(start(spec, left)) as box:
        what.do(box)
    if what.then is not None:
        _take_out(left, aside)
        _also(folder / "then", left, spec, what, start)
    _take_out(left, aside)
    below = Below(layers)
    entries, passed = upper_changes(str(left), below, at="", aside=aside)
    gone = [path for path, kind in entries.items() if kind == GONE]
    folders = [path for path, kind in entries.items() if kind == FILE and _is_folder(below(path))]
    for path in gone:
        place = left / path.lstrip("/")
        if not stat.S_ISDIR(place.lstat().st_mode):
            place.unlink()
    (folder / GONE_LIST).write_bytes(b"".join(os.fsencode(path) + b"\0" for path in [*gone, *folders]))
    size = tree_bytes(left)
    if size > LARGEST:
        raise NotKept(f"it takes {size >> 20} MB")
    facts = {"entries": entries, "passed": sorted(passed), "size": size, "digest": _digest(folder)}
    (folder / _FACTS).write_text(json.dumps(facts), errors="surrogateescape")


def layers_of(spec: BoxSpec) -> tuple[Path, ...]:
    """Of what a box begins with above its image."""
    return tuple(kept.folder / LEFT for kept in spec.on)


def _stack(folder: Path, spec: BoxSpec, layers: tuple[Path, ...], what: Keeping, start: Open) -> None:
    """A layer as the kernel left it. What a stack of layers cannot show as one folder does is not kept."""
    if os.geteuid() != 0:
        raise NotKept("only root's boxes can rename folders of the layers below them")
    left = folder / LEFT
    aside = Aside([*MADE, *spec.mounts, *spec.open_folders, *what.aside])
    with closing(start(spec, left)) as box:
        what.do(box)
    _take_out(left, aside)
    for where, folders, files in os.walk(left):
        if any(overlay_attribute(Path(where, name), "redirect") for name in folders):
            raise NotKept("a folder was moved")
        if any(Path(where, name).lstat().st_nlink > 1 and not _is_whiteout(Path(where, name)) for name in files):
            raise NotKept("files have several names, which a layer forgets")
    entries, passed = upper_changes(str(left), Below(layers), at="", aside=aside)
    size = tree_bytes(left)
    if size > LARGEST_LAYER:
        raise NotKept(f"it takes {size >> 20} MB")
    (folder / GONE_LIST).write_bytes(b"")
    facts = {"entries": entries, "passed": sorted(passed), "size": size, "digest": _digest(folder)}
    (folder / _FACTS).write_text(json.dumps(facts), errors="surrogateescape")


def _is_whiteout(path: Path) -> bool:
    return is_whiteout(path.lstat())


def _also(later: Path, left: Path, spec: BoxSpec, what: Keeping, start: Open) -> None:
    assert what.then is not None
    try:
        with closing(start(_on(spec, left), later)) as box:
            what.then(box)
        for path in what.only:
            _check_only_adds(later / path.lstrip("/"))
        for path in what.only:
            _merge(later / path.lstrip("/"), left / path.lstrip("/"))
    except NotKept:
        return
    finally:
        remove_tree(later)


def _is_folder(info: os.stat_result | None) -> bool:
    return info is not None and stat.S_ISDIR(info.st_mode)


def _on(spec: BoxSpec, left: Path) -> BoxSpec:
    assert isinstance(spec.image, BwrapImage)
    return replace(spec, image=replace(spec.image, layers=(*spec.image.layers, left)))


def _take_out(left: Path, aside: Aside) -> None:
    for where, folders, files in os.walk(left):
        at = where[len(str(left)) :]
        for name in [*folders, *files]:
            if aside(f"{at}/{name}"):
                place = Path(where, name)
                if place.is_dir() and not place.is_symlink():
                    remove_tree(place)
                else:
                    place.unlink()
        folders[:] = [name for name in folders if not aside(f"{at}/{name}")]


def _check_only_adds(folder: Path) -> None:
    for where, folders, files in os.walk(folder):
        for name in files:
            if _is_whiteout(Path(where, name)):
                raise NotKept(f"{name} was removed again")
        for name in folders:
            if overlay_attribute(Path(where, name), "redirect"):
                raise NotKept(f"{name} was moved")


def _merge(source: Path, target: Path) -> None:
    """Put the files below `source` into `target`."""
    if not source.is_dir() or source.is_symlink():
        return
    if not target.exists():
        _parents(source, target)
        source.rename(target)
        return
    for entry in sorted(source.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and (target / entry.name).is_dir():
            _merge(entry, target / entry.name)
        else:
            entry.replace(target / entry.name)


def _parents(source: Path, target: Path) -> None:
    """Make the folders above `target` like those above `source`."""
    missing = []
    while not target.parent.exists():
        source, target = source.parent, target.parent
        missing.append((source, target))
    for like, folder in reversed(missing):
        folder.mkdir()
        info = like.lstat()
        os.chown(folder, info.st_uid, info.st_gid)
        folder.chmod(stat.S_IMODE(info.st_mode))


def _read(folder: Path) -> Kept | None:
    """None where it is not, to the byte, what was written."""
    try:
        facts = json.loads((folder / _FACTS).read_text(errors="surrogateescape"))
        if facts["digest"] != _digest(folder):
            return None
        changes = Changes(facts["entries"], frozenset(facts["passed"]))
        return Kept(folder, changes, facts["size"])
    except (OSError, ValueError, KeyError):
        return None


def _digest(folder: Path) -> str:
    """Of names, modes, owners, times and contents."""
    said = sha256((folder / GONE_LIST).read_bytes())
    for where, folders, files in os.walk(folder / LEFT):
        folders.sort()
        for name in [*sorted(files), *folders]:
            path = Path(where, name)
            info = path.lstat()
            facts = (str(path)[len(str(folder)) :], info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns)
            said.update(repr(facts).encode())
            if stat.S_ISREG(info.st_mode):
                with path.open("rb") as file:
                    while part := file.read(1 << 20):
                        said.update(part)
            elif stat.S_ISLNK(info.st_mode):
                said.update(os.fsencode(path.readlink()))
    return said.hexdigest()
