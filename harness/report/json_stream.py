"""A JSON document as text, piece by piece: what `json.dumps` with an indent of 2 gives, and never held as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True, slots=True)
class Elements:
    """A list of the document whose elements are made one at a time, as they are written."""

    of: Iterable[Any]


@dataclass(frozen=True, slots=True)
class Members:
    """An object of the document whose members are made one at a time. No name may come twice."""

    of: Iterable[tuple[str, Any]]


_dumps = partial(json.dumps, indent=2, ensure_ascii=True, allow_nan=False)


def json_text(value: Any) -> Iterator[str]:
    """The text with a line end after it. `value` may hold Elements and Members, but not inside each other."""
    yield from _text(value, "\n")
    yield "\n"


def report_json(report: Mapping[str, Any]) -> Iterator[str]:
    """report.json, of a report whose tasks can be gone through."""
    return json_text({**report, "tasks": Elements(report["tasks"])})


def _text(value: Any, line: str) -> Iterator[str]:
    """`line` begins a line at the depth where the value stands."""
    match value:
        case Elements():
            yield from _enclosed("[]", (_plain(each, line + "  ") for each in value.of), line)
        case Members():
            pairs = (f"{json.dumps(name)}: {_plain(each, line + '  ')}" for name, each in value.of)
            yield from _enclosed("{}", pairs, line)
        case dict() if value:
            for number, (name, each) in enumerate(value.items()):
                yield f"{',' if number else '{'}{line}  {json.dumps(name)}: "
                yield from _text(each, line + "  ")
            yield f"{line}}}"
        case list() if value:
            for number, each in enumerate(value):
                yield f"{',' if number else '['}{line}  "
                yield from _text(each, line + "  ")
            yield f"{line}]"
        case _:
            yield _plain(value, line)


def _enclosed(signs: str, parts: Iterable[str], line: str) -> Iterator[str]:
    empty = True
    for part in parts:
        yield f"{signs[0] if empty else ','}{line}  "
        yield part
        empty = False
    yield signs if empty else f"{line}{signs[1]}"


def _plain(value: Any, line: str) -> str:
    # No string of the text has a line end in it: JSON writes those as `\n`.
    text: str = _dumps(value)
    return text.replace("\n", line)
