"""Parquet files with a packed task in each row, read as a stream: a few rows at a time, and no column but what is asked
for."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.dataset.archive import Tar, Zip
from harness.dataset.model import Key
from harness.dataset.streams import COMPRESSED, HEAD, Packing, packing
from harness.dataset.unpacking import NotUnpacked, Unpacking
from harness.errors import UsageError
from harness.task.model import TaskSource
from harness.untrusted import visible

COLUMN = "task_binary"
"""The column in which TaskTrove and its like keep the archive."""
NAMES = ("path", "task_id", "instance_id", "name", "id")
"""Columns that name a task: the first one that a file has."""
ROWS = 8
"""So many are read at once: a row may have many megabytes."""
_BUFFER = 1 << 20


class Parquet:
    """A parquet file with a tar or zip in a column."""

    def __init__(self, file: Path, column: str = "") -> None:
        self.file = file
        self._wanted = column
        self._file: Any = None
        self._cells: Iterator[Any] = iter(())
        self._group, self._next = -1, -1

    def read_names(self, by: str) -> tuple[int, Sequence[str | None], Sequence[str | None]]:
        """How many rows there are, and for each its name and what `by` says of it, where there are such columns."""
        try:
            there = self._opened().schema_arrow.names
            self._column()
            count = self._file.metadata.num_rows
            name = next((each for each in NAMES if each in there), None)
            return count, self._texts(name), self._texts(by if by in there else None)
        except _errors() as error:
            raise self._unreadable(error) from error
        finally:
            self.close()

    def columns(self) -> list[str]:
        try:
            return list(self._opened().schema_arrow.names)
        finally:
            self.close()

    def _texts(self, column: str | None) -> list[str | None]:
        if column is None:
            return []
        found: list[str | None] = []
        for batch in self._file.iter_batches(columns=[column], use_threads=False):
            found += [None if value is None else str(value) for value in batch.column(0).to_pylist()]
        return found

    def source(self, key: Key) -> TaskSource:
        return TaskSource(self.file, row=int(key))

    def unpack(self, key: Key, into: Unpacking) -> None:
        cell = self._cell(int(key))
        if not cell:
            raise NotUnpacked("not-one-task", f"Row {key} has nothing in its column {self._column()}.")
        stream = io.BytesIO(cell)
        kind = packing(cell[:HEAD])
        if kind is Packing.ZIP:
            archive: Zip | Tar = Zip(stream)
        elif kind is Packing.TAR or kind in COMPRESSED:
            archive = Tar(stream, into.limits.size + into.limits.size // 4)
        else:
            raise NotUnpacked("damaged-archive", f"Row {key} holds no tar and no zip in its column {self._column()}.")
        try:
            archive.unpack_all(into)
        finally:
            archive.close()

    def _cell(self, row: int) -> bytes | None:
        """Forwards it goes on from where it is; back, or into another group of rows, it begins with that group."""
        try:
            file = self._opened()
            begin, group = 0, 0
            while row >= begin + file.metadata.row_group(group).num_rows:
                begin += file.metadata.row_group(group).num_rows
                group += 1
            if group != self._group or not begin <= self._next <= row:
                batches = file.iter_batches(
                    batch_size=ROWS, row_groups=[group], columns=[self._column()], use_threads=False
                )
                self._cells = (cell for batch in batches for cell in batch.column(0))
                self._group, self._next = group, begin
            while True:
                cell = next(self._cells)
                self._next += 1
                if self._next > row:
                    value = cell.as_py()
                    return value if value is None or isinstance(value, bytes) else None
        except _errors() as error:
            raise NotUnpacked("damaged-archive", f"Row {row} cannot be read: {error}.") from error

    def _column(self) -> str:
        """The column with the archives. Raises UsageError where it cannot be told."""
        import pyarrow.types

        schema = self._opened().schema_arrow
        binary = [
            field.name
            for field in schema
            if pyarrow.types.is_binary(field.type) or pyarrow.types.is_large_binary(field.type)
        ]
        column = self._wanted or COLUMN
        if column in binary:
            return column
        shown = visible(str(self.file))
        if column in schema.names:
            raise UsageError(f"The column {column} of {shown} holds no bytes.", hint="Name another with --column.")
        hint = f"Name one with --column: {', '.join(binary)}." if binary else "None of its columns holds bytes."
        raise UsageError(f"{shown} has no column {column}.", hint=hint)

    def _opened(self) -> Any:
        if self._file is None:
            try:
                import pyarrow.parquet
            except ImportError as error:
                raise UsageError(
                    f"Reading {visible(str(self.file))} needs pyarrow.", hint="pip install 'foolsgold[parquet]'"
                ) from error
            try:
                self._file = pyarrow.parquet.ParquetFile(self.file, buffer_size=_BUFFER)
            except _errors() as error:
                raise self._unreadable(error) from error
        return self._file

    def _unreadable(self, error: BaseException) -> UsageError:
        return UsageError(f"{visible(str(self.file))} cannot be read as parquet: {error}.", hint="Is it whole?")

    def close(self) -> None:
        self._cells, self._group, self._next = iter(()), -1, -1
        if self._file is not None:
            self._file.close(force=True)
            self._file = None


def _errors() -> tuple[type[BaseException], ...]:
    import pyarrow

    return pyarrow.ArrowException, OSError, StopIteration
