"""Values that are too many to be held, in a temporary file; what is kept of each is its key."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self


class Spool:
    """JSON values by key: in the order of their keys, or the one of a key. Every key is there once, the last counts."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed with the spool
        self._places: dict[Any, int] = {}
        self._end = 0

    def put(self, key: Any, value: Any) -> None:
        line = json.dumps(value).encode("ascii") + b"\n"
        self._file.seek(self._end)
        self._file.write(line)
        self._places[key] = self._end
        self._end += len(line)

    def get(self, key: Any) -> Any:
        """None where there is no such key."""
        place = self._places.get(key)
        return None if place is None else self._at(place)

    def __iter__(self) -> Iterator[Any]:
        for _, place in sorted(self._places.items()):
            yield self._at(place)

    def _at(self, place: int) -> Any:
        self._file.seek(place)
        return json.loads(self._file.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
