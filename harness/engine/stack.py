"""Reads a stack of overlay layers as the kernel would merge it, without a mount, and writes a new layer on top."""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.engine.changes import is_whiteout
from harness.engine.recipe.context import is_folder, kind, resolve

XATTR_PREFIXES = ("trusted.overlay.", "user.overlay.")
ROOT = Path("/")


def overlay_attribute(path: Path, name: str) -> bytes:
    for prefix in XATTR_PREFIXES:
        with suppress(OSError):
            return os.getxattr(path, prefix + name, follow_symlinks=False)
    return b""


@dataclass(frozen=True, slots=True)
class _Folder:
    """One layer's part of a merged folder."""

    layer: int
    path: Path
    covered: bool = False
    """Another filesystem is mounted here, which an overlay over this root does not see."""


class Stack:
    """A Tree (see harness.engine.recipe.context) of merged layers, lowest first."""

    def __init__(self, layers: Sequence[Path]) -> None:
        self.layers = tuple(layers)
        self._top = [_Folder(index, path) for index, path in reversed(list(enumerate(self.layers)))]
        self._device = ROOT.stat().st_dev if ROOT in self.layers else -1

    def host(self, path: str) -> Path | None:
        found, _shares = self._find(path)
        return found

    def names(self, path: str) -> list[str]:
        hidden: set[str] = set()
        names: set[str] = set()
        for share in self._find(path)[1]:
            if share.covered:
                continue
            for entry in os.scandir(share.path):
                if entry.name in hidden or entry.name in names:
                    continue
                whiteout = not entry.is_dir(follow_symlinks=False) and is_whiteout(entry.stat(follow_symlinks=False))
                (hidden if whiteout else names).add(entry.name)
        return sorted(names)

    def _find(self, path: str, below: int | None = None) -> tuple[Path | None, list[_Folder]]:
        shares = [share for share in self._top if below is None or share.layer < below]
        found: Path | None = shares[0].path if shares else None
        for name in path.split("/"):
            if name:
                found, shares = self._step(shares, name)
        return found, shares

    def _step(self, shares: list[_Folder], name: str) -> tuple[Path | None, list[_Folder]]:
        merged: list[_Folder] = []
        for share in shares:
            if share.covered:
                continue
            path = share.path / name
            try:
                info = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            if is_whiteout(info):
                break
            if not stat.S_ISDIR(info.st_mode):
                if not merged:
                    return path, []
                break
            base = self.layers[share.layer] == ROOT
            merged.append(_Folder(share.layer, path, covered=base and info.st_dev != self._device))
            if base or overlay_attribute(path, "opaque") == b"y":
                break
            redirect = os.fsdecode(overlay_attribute(path, "redirect"))
            if redirect.startswith("/"):
                merged += self._find(redirect, below=share.layer)[1]
                break
            name = redirect or name
        return (merged[0].path if merged else None), merged


class Below:
    """What the image has at a path."""

    def __init__(self, layers: Sequence[Path]) -> None:
        self._stack = Stack(layers)

    def __call__(self, path: str) -> os.stat_result | None:
        found = self._stack.host(path)
        return found.lstat() if found is not None else None


class Layer:
    """A new layer that is being written. Entries of lower layers are copied into it as by the kernel's copy-up."""

    def __init__(self, below: Sequence[Path], root: Path) -> None:
        self.root = root
        self.view = Stack([*below, root])
        self.may_chown = os.geteuid() == 0

    def folder(self, path: str, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> str:
        """Make the folder and its parents, following links in the path. Existing folders keep mode and owner.
        Returns the resolved path. NotADirectoryError if a part of it is not a folder."""
        final = resolve(self.view, path)
        here = "/"
        for name in final.split("/"):
            here = posixpath.join(here, name)
            info = kind(self.view, here)
            if info is None:
                self._parent(here).mkdir(0o755)
                self.dress(here, mode, owner)
            elif not stat.S_ISDIR(info.st_mode):
                raise NotADirectoryError(here)
        return final

    def dress(self, path: str, mode: int | None, owner: tuple[int, int]) -> None:
        target = self.root / path.lstrip("/")
        if self.may_chown:
            os.chown(target, *owner, follow_symlinks=False)
        if mode is not None and not target.is_symlink():
            target.chmod(mode)

    def own(self, path: str) -> Path:
        """The existing folder `path` in this layer, copied up from a lower layer if necessary."""
        target = self._parent(path)
        if not target.is_dir():
            below = self.view.host(path)
            if below is None:
                raise FileNotFoundError(path)
            info = below.lstat()
            target.mkdir()
            self.dress(path, stat.S_IMODE(info.st_mode), (info.st_uid, info.st_gid))
            copy_attributes(below, target)
            os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))
        return target

    def place(self, path: str) -> Path:
        """The place for a new entry `path`, in which no link may occur. An entry that is there is removed.
        IsADirectoryError if it is a folder."""
        target = self._parent(path)
        if is_folder(self.view, path):
            raise IsADirectoryError(path)
        with suppress(FileNotFoundError):
            target.unlink()
        return target

    def hide(self, path: str) -> None:
        """Hide an entry of a lower layer."""
        os.mknod(self._parent(path), stat.S_IFCHR, os.makedev(0, 0))

    def empty(self, path: str) -> Path:
        """The existing folder `path`, without its contents in lower layers."""
        target = self.own(path)
        os.setxattr(target, XATTR_PREFIXES[0 if self.may_chown else 1] + "opaque", b"y")
        return target

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """Write a small file that root owns; missing folders are made."""
        self.folder(posixpath.dirname(path))
        self.place(path).write_text(content)
        self.dress(path, mode, (0, 0))

    def link(self, path: str, target: str) -> None:
        self.folder(posixpath.dirname(path))
        self.place(path).symlink_to(target)
        self.dress(path, None, (0, 0))

    def _parent(self, path: str) -> Path:
        if path != "/":
            parent = posixpath.dirname(path)
            if not (self.root / parent.lstrip("/")).is_dir():
                self.own(parent)
        return self.root / path.lstrip("/")


def copy_attributes(source: Path, target: Path) -> None:
    """Extended attributes, such as file capabilities; not the overlay's own."""
    with suppress(OSError):
        for name in os.listxattr(source, follow_symlinks=False):
            if name.startswith(("user.", "security.capability")) and not name.startswith(XATTR_PREFIXES):
                with suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False)


def remove_tree(path: Path) -> None:
    """Delete a tree that may have folders without permissions, such as an overlay's work folder."""

    def unlock(_function: object, name: str, _error: object) -> None:
        with suppress(OSError):
            Path(name).parent.chmod(0o700)
            if Path(name).is_dir() and not Path(name).is_symlink():
                Path(name).chmod(0o700)
                shutil.rmtree(name, ignore_errors=True)
            else:
                Path(name).unlink()

    shutil.rmtree(path, onerror=unlock)
