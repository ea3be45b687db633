"""What the box holds before the solution runs, so that a program it repairs is read as it is afterwards."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

LONGEST = 200_000
"""Characters of a repaired program beyond which only what is changed is read."""


def _nothing() -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True)
class Before:
    """The texts of the environment's files, loaded when the first is asked for."""

    load: Callable[[], Iterable[tuple[str, str]]] = _nothing
    """(path below the environment's folder, text)"""

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for path, text in self.load():
            if len(text) <= LONGEST:
                found.setdefault(posixpath.basename(path), []).append((path, text))
        return found

    def find(self, path: str, fits: Callable[[str], bool]) -> str | None:
        """The text of the file that becomes `path` in the box: of its name, fit for the change, and of those the one
        whose path ends alike; None where two are as likely."""
        if not path:
            return None
        fitting = [each for each in self._by_name.get(posixpath.basename(path), ()) if fits(each[1])]
        ranked = sorted(((_shared(path, found), text) for found, text in fitting), key=lambda each: -each[0])
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0] and ranked[0][1] != ranked[1][1]):
            return None
        return ranked[0][1]


def _shared(one: str, two: str) -> int:
    """How many parts two paths have in common from their ends."""
    parts = zip(reversed(one.strip("/").split("/")), reversed(two.strip("/").split("/")), strict=False)
    count = 0
    for left, right in parts:
        if left != right:
            break
        count += 1
    return count
