"""A large report.json with its tasks read one at a time, each time they are gone through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

PIECE = 1 << 20
_DECODER = json.JSONDecoder()
_AFTER = frozenset(",:]} \t\r\n")
"""What may stand after a value."""
_OTHERS = frozenset('["-0123456789tfn')
"""What other values begin with."""


class NoObjectError(ValueError):
    """The file's text is JSON of another kind."""


class Tasks:
    """The report's tasks, in order; none is kept."""

    def __init__(self, path: Path, count: int) -> None:
        self.path, self.count = path, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding="utf-8") as file:
            for key, value in _members(_Text(file)):
                if key is None:
                    yield value


def streamed(path: Path) -> dict[str, Any]:
    """The report, whose `tasks` can be gone through any number of times. ValueError where the file is no report."""
    found: dict[str, Any] = {}
    count = 0
    with path.open(encoding="utf-8") as file:
        for key, value in _members(_Text(file)):
            if key is None:
                count += 1
            else:
                found[key] = value
    # What is no list stays what it is: the report is broken, and whoever reads on finds out.
    return found | {"tasks": Tasks(path, count)} if found.get("tasks") == [] else found


class _Text:
    """A file's text from where reading has come to; more of it is fetched as it is needed."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.text, self.at = file, "", 0

    def more(self) -> bool:
        piece = self.file.read(max(PIECE, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)

    def sign(self) -> str:
        """The next sign that is no space; '' at the end."""
        while True:
            while self.at < len(self.text):
                if not self.text[self.at].isspace():
                    return self.text[self.at]
                self.at += 1
            if not self.more():
                return ""

    def take(self, wanted: str) -> str:
        found = self.sign()
        if not found or found not in wanted:
            raise ValueError(f"expected one of {wanted} and found {found or 'the end of the file'}")
        self.at += 1
        return found

    def value(self) -> Any:
        self.sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except ValueError:
                if not self.more():
                    raise
                continue
            # A number may go on where the text does not yet: `-0` of `-0.5`, also while the text ends in `-0.`.
            if self.text[end : end + 1] not in _AFTER and self.more():
                continue
            self.at = end
            return value


def _members(text: _Text) -> Iterator[tuple[str | None, Any]]:
    """The top level's members; of the list `tasks` each element by itself, under no key, and then an empty list."""
    if text.sign() in _OTHERS:
        text.value()
        raise NoObjectError("expected an object")
    text.take("{")
    if text.sign() == "}":
        return
    while True:
        key = text.value()
        text.take(":")
        if key == "tasks" and text.sign() == "[":
            text.take("[")
            while text.sign() != "]":
                yield None, text.value()
                if text.sign() != "]":
                    text.take(",")
            text.take("]")
            yield key, []
        else:
            yield key, text.value()
        if text.take(",}") == "}":
            break
    if text.sign():
        raise ValueError(f"expected the end of the file and found {text.sign()}")
