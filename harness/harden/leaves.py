"""What is at the places of a value of lists and objects. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.harden.model import Read, Seen


def leaves_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from leaves_of(each, (*path, key))
    elif isinstance(value, list) and value:
        for at, each in enumerate(value):
            yield from leaves_of(each, (*path, at))
    else:
        yield path, value


EACH = "each"
"""In a place: whatever is in the list that is there."""
MOST_TOGETHER = 40


def each_at(place: Sequence[Any]) -> str:
    """A comprehension of all that is at the place of `found`."""
    value, loops, number = "found", "", 0
    for key in place:
        if key is EACH:
            number += 1
            loops += f" for each{number} in {value}"
            value = f"each{number}"
        else:
            value += f"[{key!r}]"
    return f"{value}{loops}"


def every_at(read: Read, place: Sequence[Any], expected: Sequence[Any]) -> Callable[[Seen], bool]:
    def found(value: Any, rest: Sequence[Any]) -> Iterator[Any]:
        if not rest:
            yield value
        elif rest[0] is EACH:
            for each in value:
                yield from found(each, rest[1:])
        else:
            yield from found(value[rest[0]], rest[1:])

    return lambda seen: sorted(found(json.loads(read(seen)), place)) == expected


def value_at(value: Any, path: Sequence[Any]) -> Any:
    for key in path:
        value = value[key]
    return value
