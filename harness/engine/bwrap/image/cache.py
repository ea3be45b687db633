"""Layers on disk, named by a digest of everything that made them. Several processes can share one cache."""

from __future__ import annotations

import errno
import fcntl
import functools
import hashlib
import json
import os
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.engine.bwrap.box import launcher
from harness.engine.owner import megabytes
from harness.engine.stack import remove_tree
from harness.errors import EngineError

FORMAT = "1"
"""Part of every key. Raised when the form of layers changes, so that old ones are no longer used."""
DEFAULT_LIMIT = 20 << 30
SYSTEM = Path("/var/cache/foolsgold")
IN_MEMORY = Path("/dev/shm/foolsgold-cache")  # noqa: S108 - made private, and looked at before it is used
PLENTY = 1 << 30
"""Bytes that must be free in memory."""
_ANOTHER_PLACE = "Set XDG_CACHE_HOME to a folder on a disk or a volume, or to /dev/shm where memory is plenty."
MAKE_ROOM = "`foolsgold clean --all` makes room; XDG_CACHE_HOME moves the layers to another disk."
_PROBE = "probe-"
_PATIENCE = 1.0
"""Seconds to wait for another process without a word."""
_GRACE = 3600.0
"""A layer is never removed to make room within so many seconds after its last use."""


def default_cache() -> Path:
    """The user's cache folder, or for root the system's, because root's home is often small and always private. If that
    folder cannot hold layers, as in a container, a folder in memory, provided there is enough."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):
        return Path(given) / "foolsgold"
    if os.geteuid() != 0:
        return Path.home() / ".cache" / "foolsgold"
    return SYSTEM if _holds_layers(SYSTEM) or not _ours_in_memory() else IN_MEMORY


@functools.cache
def _holds_layers(folder: Path) -> bool:
    """True also if only trying can show it; then opening the cache raises an error that says what is wrong."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _make_whiteout(folder)
    except OSError as error:
        return error.errno not in (errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP)
    return True


def _make_whiteout(folder: Path) -> None:
    probe = folder / f"{_PROBE}{secrets.token_hex(8)}"
    os.mknod(probe, stat.S_IFCHR, os.makedev(0, 0))
    probe.unlink(missing_ok=True)  # somebody may clean meanwhile


def _ours_in_memory() -> bool:
    """Every user may write to the folder above it, so root must not trust a folder that somebody else made there."""
    try:
        if shutil.disk_usage(IN_MEMORY.parent).free < PLENTY:
            return False
        with suppress(FileExistsError):
            IN_MEMORY.mkdir(mode=0o700)
        found = IN_MEMORY.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def key_of(*parts: object) -> str:
    """A digest of JSON values."""
    return hashlib.sha256(json.dumps([FORMAT, *parts], sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()


@functools.cache
def open_cache(root: Path) -> Cache:
    """The cache of a folder; one for the whole life of this process."""
    return Cache(root)


class Cache:
    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            for name in ("layers", "building", "locks"):
                (root / name).mkdir(parents=True, exist_ok=True)
            root.chmod(0o700)
            with tempfile.TemporaryFile(dir=root / "building"):
                pass  # fails now, before anything is built, if the disk is full or read-only
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise EngineError(f"The disk with the layers, {root}, is full.", hint=MAKE_ROOM) from error
            raise EngineError(
                f"The cache folder {root} cannot be used: {error.strerror}.", hint=_ANOTHER_PLACE
            ) from error
        self._can_keep_layers()
        self._in_use = self._lock_use(fcntl.LOCK_SH)

    def _can_keep_layers(self) -> None:
        """Layers mark deleted files by special files or attributes, which some filesystems cannot hold."""
        if os.geteuid() != 0:
            return
        try:
            _make_whiteout(self.root / "building")
        except OSError as error:
            raise EngineError(
                f"The cache folder {self.root} lies on a filesystem that cannot hold layers ({error.strerror}), as the "
                "root of a container does.",
                hint=_ANOTHER_PLACE,
            ) from error

    def close(self) -> None:
        """Release the layers: from now on another process's `clean(everything=True)` may remove them."""
        if self._in_use >= 0:
            os.close(self._in_use)
        self._in_use = -1

    def _lock_use(self, how: int) -> int:
        descriptor = os.open(self.root / "in-use", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        patience = time.monotonic() + _PATIENCE
        try:
            while True:
                try:
                    fcntl.flock(descriptor, how | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if how & fcntl.LOCK_NB:
                        raise
                    if time.monotonic() > patience:
                        sys.stderr.write(f"Waiting for another foolsgold, which is making room in {self.root}.\n")
                        patience = float("inf")
                    time.sleep(0.01)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def find(self, key: str) -> Path | None:
        """The finished layer's folder, or None. Marks it as used, so that it is not removed soon."""
        folder = self.root / "layers" / key
        try:
            os.utime(folder)
        except FileNotFoundError:
            return None
        return folder / "fs"

    def layer(self, key: str, about: str, make: Callable[[Path], None], *, deadline: float = float("inf")) -> Path:
        """The layer `key`, filled by `make(folder)` unless it exists. If `make` raises, nothing is left behind."""
        found = self.find(key)
        if found is not None:
            return found
        with self.locked(key, deadline), self.scratch() as scratch:
            found = self.find(key)  # another process may have made it while this one waited
            if found is not None:
                return found
            started = time.monotonic()
            made = scratch / "layer"
            (made / "fs").mkdir(parents=True)
            (made / "fs").chmod(0o755)
            make(made / "fs")
            facts = {"about": about, "seconds": round(time.monotonic() - started, 3), "bytes": tree_bytes(made / "fs")}
            (made / "about.json").write_text(json.dumps(facts), errors="surrogateescape")
            made.rename(self.root / "layers" / key)
        return self.root / "layers" / key / "fs"

    def discard(self, key: str) -> None:
        """Have nobody find the layer any more."""
        with suppress(FileNotFoundError), self.scratch() as gone:
            _take_away(self.root / "layers" / key, gone)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A private folder on the cache's filesystem, removed afterwards; after a crash the next `clean` removes it."""
        name = f"{os.getpid()}-{secrets.token_hex(8)}"
        folder = self.root / "building" / name
        descriptor = os.open(self.root / "building" / f"{name}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            folder.mkdir(mode=0o755)
            yield folder
        finally:
            _remove(folder)
            with suppress(FileNotFoundError):
                folder.with_name(f"{name}.lock").unlink()
            os.close(descriptor)

    @contextmanager
    def locked(self, key: str, deadline: float) -> Iterator[None]:
        descriptor = os.open(self.root / "locks" / key, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            pause = 0.01
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise EngineError("Another process has been building the same layer for too long.") from None
                    time.sleep(pause)
                    pause = min(pause * 2, 0.5)
            yield
        finally:
            os.close(descriptor)

    def clean(self, *, everything: bool = False, limit: int = DEFAULT_LIMIT) -> list[str]:
        """Remove the remains of crashed builds. Then remove all layers, or, above `limit` bytes, those unused for
        longest.

        If another process may have boxes on the layers, they stay, and a line that begins with `kept` says so."""
        removed = [f"unfinished build {name}" for name in self._remove_abandoned()]
        total = self.size()[1]
        if not everything and total <= limit:
            return removed
        with self.scratch() as gone:  # removed when nobody has to wait for that any more
            self.close()
            try:
                descriptor = self._lock_use(fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._in_use = self._lock_use(fcntl.LOCK_SH)
                return [*removed, f"kept the layers in {self.root}: another foolsgold is using them"]
            try:
                layers = sorted((self.root / "layers").iterdir(), key=lambda folder: folder.stat().st_mtime)
                for folder in layers:
                    unused = time.time() - folder.stat().st_mtime
                    if not everything and (total <= limit or unused < _GRACE):
                        break
                    total -= _bytes(folder)
                    removed.append(_take_away(folder, gone))
                if everything:
                    for lock in (self.root / "locks").iterdir():
                        lock.unlink(missing_ok=True)
            finally:
                os.close(descriptor)
                self._in_use = self._lock_use(fcntl.LOCK_SH)
        return removed

    def free(self) -> int:
        """Bytes that may still be written here."""
        disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize

    def size(self) -> tuple[int, int]:
        """How many layers there are, and their bytes."""
        layers = list((self.root / "layers").iterdir())
        return len(layers), sum(map(_bytes, layers))

    def _remove_abandoned(self) -> Iterator[str]:
        for folder in (self.root, self.root / "building"):
            for probe in folder.glob(f"{_PROBE}*"):
                probe.unlink(missing_ok=True)
        for lock in (self.root / "building").glob("*.lock"):
            with suppress(FileNotFoundError, BlockingIOError):
                descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    folder = lock.with_suffix("")
                    if folder.exists():
                        _remove(folder)
                        yield folder.name
                    lock.unlink(missing_ok=True)
                finally:
                    os.close(descriptor)


def _take_away(folder: Path, where: Path) -> str:
    """Nobody finds the layer any more, however long its removal takes. Returns what it was."""
    facts = _facts(folder)
    folder.rename(where / folder.name)
    size = megabytes(int(facts.get("bytes", 0)))
    return f"layer {folder.name[:12]} ({size}: {facts.get('about', 'unknown')})"


def _remove(folder: Path) -> None:
    remove_tree(folder)
    if os.path.lexists(folder):
        launcher.shared().remove(folder)  # this user may not delete files of mapped ids


def _facts(folder: Path) -> dict[str, Any]:
    """The facts recorded about a layer; none if another process has just removed it."""
    with suppress(OSError, ValueError):
        return dict(json.loads((folder / "about.json").read_text()))
    return {}


def _bytes(folder: Path) -> int:
    return int(_facts(folder).get("bytes", 0))


def tree_bytes(folder: Path) -> int:
    """Disk space of a tree."""
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_blocks * 512  # noqa: PTH118 - many, and only to be counted
    return total
