"""Files of a box, reached from the host without ever leaving the box's root.

Every path is resolved by the kernel with openat2(2) inside an open root folder: absolute links, `..` and links
swapped in meanwhile stay inside, and /proc's magic links are refused. Only regular files are ever opened.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path, PurePosixPath

OPENAT2 = 437
"""The same number on every architecture."""
NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EXDEV, errno.EACCES})
LISTED = 10_000
"""The most entries of a folder that are read."""
TAKEN = 8 << 30
"""The most bytes that are copied out of a box at once."""
DEEPEST = 200
"""The most folders in one another that are copied out of a box."""
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_IN_ROOT = 0x10

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_in(root: int, path: str | bytes, flags: int, mode: int = 0) -> int:
    """openat2(2) below the open folder `root`. The caller closes the descriptor. Raises OSError."""
    how = _OpenHow(flags | os.O_CLOEXEC, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError(f"a path holds a NUL byte: {path!r}")
    for _attempt in range(64):
        fd: int = _libc.syscall(OPENAT2, root, encoded, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        # EAGAIN: something was renamed while the kernel walked the path.
        if number not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(number, os.strerror(number), os.fsdecode(path))


@contextmanager
def opened(root: int, path: str | bytes, flags: int, mode: int = 0) -> Iterator[int]:
    fd = open_in(root, path, flags, mode)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _regular(root: int, path: str) -> Iterator[tuple[int, int] | None]:
    """(descriptor, size) of the regular file at `path`; None if there is none."""
    try:
        place = open_in(root, path, os.O_PATH)
    except OSError as error:
        if error.errno in NOT_THERE:
            yield None
            return
        raise
    try:
        status = os.fstat(place)
        if not stat.S_ISREG(status.st_mode):
            yield None
            return
        # Through the descriptor, so that we read the file that we examined.
        fd = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield fd, status.st_size
        finally:
            os.close(fd)
    finally:
        os.close(place)


def _up_to(fd: int, count: int, offset: int) -> bytes:
    parts = []
    while count > 0:
        part = os.pread(fd, min(count, 1 << 20), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        count -= len(part)
    return b"".join(parts)


def read(root: int, path: str, *, limit: int = 1 << 20) -> bytes | None:
    """The file's first `limit` bytes, or its last ones for a negative limit; None if there is no regular file."""
    with _regular(root, path) as found:
        if found is None:
            return None
        fd, size = found
        return _up_to(fd, abs(limit), 0 if limit >= 0 else max(0, size + limit))


def read_halves(root: int, path: str, *, limit: int) -> tuple[bytes, int]:
    """The whole file if it has at most `limit` bytes, else its beginning and end; and how many bytes are left out."""
    with _regular(root, path) as found:
        if found is None:
            return b"", 0
        fd, size = found
        if size <= limit:
            return _up_to(fd, limit, 0), 0
        head = limit // 2
        tail = limit - head
        return _up_to(fd, head, 0) + _up_to(fd, tail, size - tail), size - limit


def listing(root: int, folder: str) -> dict[str, str]:
    """Regular files and links of a folder: name -> '' for a file, its target for a link; no names that begin with a
    dot."""
    found: dict[str, str] = {}
    try:
        fd = open_in(root, folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno in NOT_THERE:
            return found
        raise
    try:
        with os.scandir(fd) as entries:
            for entry in islice(entries, LISTED):
                with suppress(OSError):  # gone meanwhile
                    if entry.name.startswith("."):
                        continue
                    if entry.is_symlink():
                        found[entry.name] = os.readlink(entry.name, dir_fd=fd)
                    elif entry.is_file(follow_symlinks=False):
                        found[entry.name] = ""
    finally:
        os.close(fd)
    return dict(sorted(found.items()))


def files_alone(root: int, folder: str) -> frozenset[str] | None:
    """The names of all that is in a folder, where that is nothing but regular files and all of it is the box's root's;
    else None."""
    own = os.geteuid(), os.getegid()  # as which the box's root is known here
    try:
        with opened(root, folder, os.O_RDONLY | os.O_DIRECTORY) as fd, os.scandir(fd) as entries:
            found = {entry.name: entry.stat(follow_symlinks=False) for entry in islice(entries, LISTED)}
            every = [os.fstat(fd), *found.values()]
    except OSError:
        return None
    alone = len(found) < LISTED and all(stat.S_ISREG(status.st_mode) for status in found.values())
    return frozenset(found) if alone and all((one.st_uid, one.st_gid) == own for one in every) else None


def exists(root: int, path: str) -> bool:
    with suppress(OSError), opened(root, path, os.O_PATH):
        return True
    return False


def remove(root: int, path: str) -> None:
    """Unlink one file; does nothing if it does not exist."""
    pure = PurePosixPath(path)
    with suppress(FileNotFoundError, NotADirectoryError), opened(root, str(pure.parent), os.O_PATH) as parent:
        os.unlink(pure.name, dir_fd=parent)


def make_folders(root: int, path: str, *, mode: int = 0o755) -> int:
    """`mkdir -p`. Returns an O_PATH descriptor of the folder, which the caller closes."""
    here = open_in(root, "/", os.O_PATH | os.O_DIRECTORY)
    so_far = PurePosixPath("/")
    try:
        for part in PurePosixPath("/", path).parts[1:]:
            so_far = so_far / part
            try:
                below = open_in(root, str(so_far), os.O_PATH | os.O_DIRECTORY)
            except FileNotFoundError:
                if part == "..":
                    raise
                os.mkdir(part, mode, dir_fd=here)
                below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
                Path(f"/proc/self/fd/{below}").chmod(mode)
            os.close(here)
            here = below
    except BaseException:
        os.close(here)
        raise
    return here


def put(root: int, source: Path, target: str) -> None:
    """`Box.put` for a root folder. Existing entries are replaced, as by `docker cp`; links are followed only in the
    path of `target` itself."""
    if source.is_dir():
        folder = make_folders(root, target)
        try:
            _put_entries(source, folder)
        finally:
            os.close(folder)
    else:
        pure = PurePosixPath("/", target)
        folder = make_folders(root, str(pure.parent))
        try:
            _put_entry(source, folder, pure.name)
        finally:
            os.close(folder)


def _put_entries(source: Path, folder: int) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            _put_entry(Path(entry.path), folder, entry.name)


def _put_entry(source: Path, folder: int, name: str) -> None:
    kind = source.lstat()
    mode = stat.S_IMODE(kind.st_mode)
    if stat.S_ISLNK(kind.st_mode):
        _clear(folder, name)
        os.symlink(source.readlink(), name, dir_fd=folder)
    elif stat.S_ISDIR(kind.st_mode):
        below = _folder(folder, name)
        try:
            os.chown(f"/proc/self/fd/{below}", os.geteuid(), os.getegid())
            Path(f"/proc/self/fd/{below}").chmod(mode)
            _put_entries(source, below)
        finally:
            os.close(below)
    elif stat.S_ISREG(kind.st_mode):
        with source.open("rb") as data, os.fdopen(_new_file(folder, name), "wb") as copy:
            os.fchown(copy.fileno(), os.geteuid(), os.getegid())
            shutil.copyfileobj(data, copy, 1 << 20)
            os.fchmod(copy.fileno(), mode)
    else:
        raise OSError(errno.EINVAL, "neither a file, a folder nor a link", str(source))


def _clear(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _folder(folder: int, name: str) -> int:
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.open(name, flags, dir_fd=folder)
    _clear(folder, name)
    os.mkdir(name, 0o755, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder)


def _new_file(folder: int, name: str) -> int:
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    try:
        _clear(folder, name)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        # A mount point, such as /etc/hosts: it can be written, not replaced.
        return os.open(name, flags | os.O_TRUNC | os.O_NONBLOCK, dir_fd=folder)
    return os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)


def take(root: int, source: str, target: Path) -> list[str]:
    """Copy the file `source` to the path `target` of this machine, or a folder's contents into the folder `target`.

    Returns what was left out, by its path: pipes, sockets, devices, links that lead out of what is copied, and what may
    not be read. The copies are the caller's own. Raises FileNotFoundError where there is nothing.
    """
    place = open_in(root, source, os.O_PATH)
    left: list[str] = []
    room = _Room()
    try:
        if stat.S_ISDIR(os.fstat(place).st_mode):
            target.mkdir(parents=True, exist_ok=True)
            with _folder_of(target) as here:
                _take_entries(place, here, "", left, room)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with _folder_of(target.parent) as here:
                _take_file(place, here, target.name, source, left, room)
    finally:
        os.close(place)
    return left


class _Room:
    """How much may still be copied: a file with holes has any size at no cost."""

    def __init__(self) -> None:
        self.left = TAKEN

    def use(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise OSError(errno.EFBIG, f"more than {TAKEN >> 20} MB would be copied")


@contextmanager
def _folder_of(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _take_entries(place: int, here: int, below: str, left: list[str], room: _Room) -> None:
    """The entries of the box's open folder `place` into this machine's `here`; `below` is the way to it."""
    listed = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        names = os.listdir(listed)
    finally:
        os.close(listed)
    for name in sorted(names):
        path = f"{below}{name}"
        try:
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
        except FileNotFoundError:  # gone meanwhile
            continue
        try:
            mode = os.fstat(entry).st_mode
            if stat.S_ISLNK(mode):
                _take_link(place, here, name, below, left)
            elif stat.S_ISDIR(mode) and path.count("/") < DEEPEST:
                folder = _folder(here, name)
                try:
                    _take_entries(entry, folder, f"{path}/", left, room)
                finally:
                    os.close(folder)
            else:
                _take_file(entry, here, name, path, left, room)
        except PermissionError:  # another user's, for a tool that is not root
            left.append(path)
        finally:
            os.close(entry)


def _take_link(place: int, here: int, name: str, below: str, left: list[str]) -> None:
    leads = os.readlink(name, dir_fd=place)
    parts = leads.split("/")
    up = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    # `..` behind a name may be meant from where another link leads.
    if leads.startswith("/") or up > below.count("/") or ".." in parts[up:]:
        left.append(f"{below}{name}")
        return
    _clear(here, name)
    os.symlink(leads, name, dir_fd=here)


def _take_file(entry: int, here: int, name: str, path: str, left: list[str], room: _Room) -> None:
    status = os.fstat(entry)
    if not stat.S_ISREG(status.st_mode):
        left.append(path)
        return
    room.use(status.st_size)
    # Through the descriptor, so that we copy the file that we examined.
    fd = os.open(f"/proc/self/fd/{entry}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as data, os.fdopen(_new_file(here, name), "wb") as copy:
        rest = status.st_size
        while rest > 0 and (part := data.read(min(rest, 1 << 20))):
            copy.write(part)
            rest -= len(part)
        os.fchmod(copy.fileno(), stat.S_IMODE(status.st_mode) & 0o777 | 0o600)
