"""Tars and zips as both of them are to those who read one: which entries there are, and what each of them is."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from harness.dataset.streams import DAMAGE, Bounded, plain
from harness.dataset.unpacking import NotUnpacked, Unpacking, damaged, unsafe
from harness.errors import UsageError

_PIECE = 1 << 20
_TAR_ERRORS = (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError, *DAMAGE)
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, OverflowError, *DAMAGE)
LONGEST_LINK = 4096


class Tar:
    """A tar, whose entries are found again by where they begin."""

    def __init__(self, stream: IO[bytes], most: int | None = None) -> None:
        """`most` bounds what is read of it, in bytes without compression."""
        if not hasattr(tarfile, "data_filter"):
            raise UsageError("This Python's tarfile cannot refuse unsafe entries.", hint="Use Python 3.11.4 or newer.")
        try:
            bounded = cast(IO[bytes], Bounded(plain(stream), most))
            self._tar = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - it stays open
        except _TAR_ERRORS as error:
            raise damaged(error) from error

    def entries(self) -> Iterator[tuple[str, int]]:
        """(path, where it begins), in the archive's order."""
        try:
            while (member := self._tar.next()) is not None:
                yield member.name, member.offset
                self._tar.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
        except _TAR_ERRORS as error:
            raise damaged(error) from error

    def unpack(self, begins: Iterable[int], prefix: str, into: Unpacking) -> None:
        """The entries that begin there, without the folder `prefix` that they are in."""
        for begin in begins:
            try:
                stream = self._tar.fileobj
                assert stream is not None
                stream.seek(begin)
                self._put(tarfile.TarInfo.fromtarfile(self._tar), prefix, into)
            except _TAR_ERRORS as error:
                raise _why(error) from error

    def unpack_all(self, into: Unpacking) -> None:
        """Every entry, from the beginning to the end."""
        try:
            while (member := self._tar.next()) is not None:
                self._put(member, "", into)
                self._tar.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
        except _TAR_ERRORS as error:
            raise _why(error) from error

    def _put(self, member: tarfile.TarInfo, prefix: str, into: Unpacking) -> None:
        name = without(member.name, prefix)
        if member.isdir():
            into.folder(name)
            return
        member.name = name
        kept = tarfile.data_filter(member, str(into.root))
        if kept.issym():
            into.link(name, member.linkname)
        elif kept.islnk():
            into.copy(name, without(member.linkname, prefix))
        elif kept.isreg() and not member.issparse():
            source = self._tar.extractfile(member)
            assert source is not None
            into.file(name, _pieces(source), program=bool(member.mode & 0o100))
        else:
            raise unsafe(f"{name} is neither a file, a folder nor a link.")

    def close(self) -> None:
        self._tar.close()
        with suppress(OSError):
            if self._tar.fileobj is not None:
                self._tar.fileobj.close()


class Zip:
    """A zip, whose entries are found again by their place in its directory."""

    def __init__(self, stream: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(stream)
        except _ZIP_ERRORS as error:
            raise damaged(error) from error
        self._entries = self._zip.infolist()

    def entries(self) -> Iterator[tuple[str, int]]:
        for number, info in enumerate(self._entries):
            yield info.filename, number

    def unpack(self, begins: Iterable[int], prefix: str, into: Unpacking) -> None:
        try:
            for begin in begins:
                self._put(self._entries[begin], prefix, into)
        except _ZIP_ERRORS as error:
            raise _why(error) from error

    def unpack_all(self, into: Unpacking) -> None:
        self.unpack(range(len(self._entries)), "", into)

    def _put(self, info: zipfile.ZipInfo, prefix: str, into: Unpacking) -> None:
        name, mode = without(info.filename, prefix), info.external_attr >> 16
        if info.flag_bits & 1:
            raise damaged(f"{name} is encrypted")
        if info.is_dir():
            into.folder(name)
        elif stat.S_ISLNK(mode):
            with self._zip.open(info) as source:
                target = source.read(LONGEST_LINK)
            into.link(name, target.decode("utf-8", "surrogateescape"))
        elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
            with self._zip.open(info) as source:
                into.file(name, _pieces(source), program=bool(mode & 0o100))
        else:
            raise unsafe(f"{name} is neither a file, a folder nor a link.")

    def close(self) -> None:
        self._zip.close()


AnyArchive = Tar | Zip


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece


def _why(error: BaseException) -> NotUnpacked:
    if isinstance(error, tarfile.FilterError):
        return unsafe(f"{error}.")
    if isinstance(error, OSError) and not isinstance(error, DAMAGE) and error.errno is not None:
        raise error  # the disk's, not the archive's
    return damaged(error)


def without(name: str, prefix: str) -> str:
    """A name in an archive without the folder that it is in, which it may spell with a `./`."""
    clean = normal(name)
    if clean is None or not prefix:
        return name
    return clean.removeprefix(prefix).removeprefix("/")


def normal(name: str) -> str | None:
    """A name in an archive, spelled in one way; None where it leads out of it."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if name.startswith("/") or ".." in parts else "/".join(parts)


def open_archive(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.") from error
