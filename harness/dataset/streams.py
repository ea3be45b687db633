"""Archives as streams of bytes: which kind one is, its compression taken off, and bounds on what is read of it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import IO, Any, cast

from harness.dataset.unpacking import damaged, too_large
from harness.errors import UsageError

HEADER = 4 << 20
"""Bytes beyond which what a tar reads at once is no header: data is read in smaller pieces."""
HEAD = 512


class Packing(StrEnum):
    """What the bytes of an archive are."""

    TAR = "tar"
    ZIP = "zip"
    PARQUET = "parquet"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"


_MAGIC = (
    (b"PK\x03\x04", Packing.ZIP),
    (b"PK\x05\x06", Packing.ZIP),
    (b"PAR1", Packing.PARQUET),
    (b"\x1f\x8b", Packing.GZIP),
    (b"BZh", Packing.BZIP2),
    (b"\xfd7zXZ\x00", Packing.XZ),
    (b"\x28\xb5\x2f\xfd", Packing.ZSTD),
)
COMPRESSED = frozenset({Packing.GZIP, Packing.BZIP2, Packing.XZ, Packing.ZSTD})


def packing(head: bytes) -> Packing | None:
    """By the first bytes; a tar's are long."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return Packing.TAR if head[257:262] == b"ustar" else None


def plain(stream: IO[bytes]) -> IO[bytes]:
    """What the stream holds, without its compression; it can be sought in, though not always fast."""
    head = stream.read(HEAD)
    stream.seek(0)
    match packing(head):
        case Packing.GZIP:
            return cast(IO[bytes], gzip.GzipFile(fileobj=stream))
        case Packing.BZIP2:
            return bz2.BZ2File(stream)
        case Packing.XZ:
            return lzma.LZMAFile(stream)
        case Packing.ZSTD:
            return _zstd(stream)
    return stream


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    """By Python itself from 3.14 on, else by pyarrow."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        pass
    else:
        return cast(IO[bytes], zstd.ZstdFile(stream))
    try:
        import pyarrow
    except ImportError as error:
        raise UsageError(
            "Reading zstd needs Python 3.14 or pyarrow.", hint="Install it: pip install 'foolsgold[parquet]'."
        ) from error

    def begin() -> IO[bytes]:
        stream.seek(0)
        return cast(IO[bytes], pyarrow.CompressedInputStream(pyarrow.PythonFile(Lent(stream), "r"), "zstd"))

    return cast(IO[bytes], io.BufferedReader(Rewound(begin)))


class Lent:
    """A stream that is read by somebody else and closed by its owner."""

    closed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self.read, self.seek, self.tell = stream.read, stream.seek, stream.tell

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


class Rewound(io.RawIOBase):
    """A stream that only goes forwards, begun anew where somebody goes back."""

    def __init__(self, begin: Callable[[], IO[bytes]]) -> None:
        self._begin = begin
        self._stream = begin()
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence == io.SEEK_CUR:
            offset += self._at
        elif whence != io.SEEK_SET:
            raise io.UnsupportedOperation("its end is not known")
        if offset < self._at:
            self._stream, self._at = self._begin(), 0
        while self._at < offset and (data := self._stream.read(min(1 << 20, offset - self._at))):
            self._at += len(data)
        return self._at

    def tell(self) -> int:
        return self._at


DAMAGE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


class Bounded:
    """A tar's stream: nothing large is read at once, and of one task's no more than so many bytes altogether."""

    def __init__(self, stream: IO[bytes], most: int | None = None) -> None:
        self._stream, self._most = stream, most

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > HEADER:
            raise damaged(f"a header in it has more than {HEADER >> 20} MB")
        data = self._stream.read(size)
        self._check()
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if self._most is not None and offset > self._most:
            raise self._flood()
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()

    def _check(self) -> None:
        if self._most is not None and self._stream.tell() > self._most:
            raise self._flood()

    def _flood(self) -> Exception:
        return too_large(
            f"Unpacked, it has more than {(self._most or 0) >> 20} MB, which is the most that is unpacked."
        )
