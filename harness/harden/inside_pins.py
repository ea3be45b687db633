"""Pins of what is inside a file that is no text: a database's tables by value, and the members of an archive. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from harness.harden.model import Pin, Read, Seen
from harness.judging.stated import StatedOutput

MOST_ROWS = 40


class PinMaker(Protocol):
    """What makes pins of a case."""

    stated: StatedOutput
    given: set[str]

    def pin(
        self, says: str, code: Sequence[str], holds: Any, weight: int, unstated: str = "", needs: Sequence[str] = ()
    ) -> Pin: ...

    def of_text(self, expression: str, says: str, read: Read, text: str, *, why: str = "") -> Iterator[Pin]: ...

    def is_estimate(self, line: str) -> bool: ...


def inside_pins(maker: PinMaker, place: str, name: str, read: Read, seen: Seen, why: str) -> Iterator[Pin]:
    """`place`: the file as an expression; `read`: what is inside of it. Nothing where it was not looked into."""
    try:
        found = read(seen)
    except KeyError:
        return
    if not found:
        return
    if found["kind"] == "sqlite":
        yield from _of_database(maker, place, name, read, found, why)
    elif found["kind"] == "gzip":
        text = f"gzip.decompress(({place}).read_bytes()).decode()"
        yield from _of_member(maker, text, name, lambda seen: read(seen)["text"], found["text"], why, "gzip")
    else:
        yield from _of_archive(maker, place, name, read, found, why)


# --- archives


def _of_archive(
    maker: PinMaker, place: str, name: str, read: Read, found: Mapping[str, Any], why: str
) -> Iterator[Pin]:
    for member, text in found["members"].items():
        unstated = why or ("" if maker.stated.names(member) else f"the member {member}")
        yield from _of_archived(maker, (place, found["kind"], name, member), read, text, unstated)


def _of_archived(
    maker: PinMaker, where: tuple[str, str, str, str], read: Read, text: str | None, why: str
) -> Iterator[Pin]:
    place, kind, name, member = where
    members = f"{kind}_members({place})"
    module = f"{kind}file"
    yield maker.pin(
        f"{name} has the member {member}",
        [f"assert {member!r} in {members}"],
        lambda seen: member in read(seen)["members"],
        6,
        why,
        [module, "pathlib"],
    )
    of = partial(_get, read, "members", member)
    yield from _of_member(maker, f"{members}[{member!r}].decode()", f"{member} in {name}", of, text, why, module)


def _get(read: Read, kind: str, name: str, seen: Seen) -> Any:
    return read(seen)[kind][name]


def _of_member(
    maker: PinMaker, expression: str, name: str, read: Read, text: str | None, why: str, module: str
) -> Iterator[Pin]:
    if text:
        for pin in maker.of_text(expression, f"{name} has", read, text, why=why):
            yield replace(pin, needs=pin.needs | {module, "pathlib"})


# --- databases


def _of_database(
    maker: PinMaker, place: str, name: str, read: Read, found: Mapping[str, Any], why: str
) -> Iterator[Pin]:
    def pin(says: str, query: str, put: str, of: Read, expected: Any, weight: int, unstated: str) -> Pin:
        code = [f"assert {put.format(f'rows_of({place}, {query!r})')} == {expected!r}"]
        needs = ["sqlite3", "contextlib", "pathlib"]
        return maker.pin(f"{name} has {says}", code, lambda seen: of(seen) == expected, weight, unstated, needs)

    for table, what in found["tables"].items():
        of = partial(_get, read, "tables", table)
        unknown = why or _unknown(maker, table)
        yield from _of_columns(maker, pin, table, what, of, unknown)
        yield pin(
            f"{what['count']} rows in {table}",
            f"SELECT COUNT(*) FROM {_quoted(table)}",  # noqa: S608 - a name, quoted
            "{}",
            partial(_count, of),
            [(what["count"],)],
            12,
            unknown or ("one of several right answers" if maker.stated.many else ""),
        )
        yield from _of_rows(maker, pin, table, what, of, unknown)
    for index, columns in found["indexes"].items():
        yield pin(
            f"the index {index} on {', '.join(map(str, columns))}",
            f"PRAGMA index_info({_quoted(index)})",
            "[column[2] for column in {}]",
            partial(_get, read, "indexes", index),
            columns,
            9,
            why or ("" if maker.stated.names(index) else f"the index {index}"),
        )


def _count(of: Read, seen: Seen) -> list[tuple[int]]:
    return [(of(seen)["count"],)]


def _of_columns(
    maker: PinMaker, pin: Callable[..., Pin], table: str, what: Mapping[str, Any], of: Read, why: str
) -> Iterator[Pin]:
    info = f"PRAGMA table_info({_quoted(table)})"
    columns = sorted(column for column, _, _ in what["columns"])
    yield pin(
        f"the table {table} with {', '.join(columns)}",
        info,
        "sorted(column[1] for column in {})",
        lambda seen: sorted(column for column, _, _ in of(seen)["columns"]),
        columns,
        8,
        why or _unknown(maker, " ".join(columns)),
    )
    keys = [column for column, _, key in what["columns"] if key]
    said = re.search(r"\bprimary[ _]key", maker.stated.instruction, re.IGNORECASE) is not None
    yield pin(
        f"the primary key {', '.join(keys) or 'of none'} in {table}",
        info,
        "[column[1] for column in {} if column[5]]",
        lambda seen: [column for column, _, key in of(seen)["columns"] if key],
        keys,
        9,
        why or _unknown(maker, " ".join(keys)) or ("" if said and keys else "a primary key"),
    )
    for column, kind, _ in what["columns"]:
        shown = rf"(?<!\w){re.escape(column)}[\"`]?\s+{re.escape(kind)}(?!\w)"
        stated = kind and re.search(shown, maker.stated.instruction, re.IGNORECASE)
        yield pin(
            f"{column} as {kind or 'of no type'} in {table}",
            info,
            f"[column[2] for column in {{}} if column[1] == {column!r}]",
            partial(_kind, of, column),
            [kind],
            9,
            why or ("" if stated else f"the type of {column}"),
        )


def _kind(of: Read, column: str, seen: Seen) -> list[str]:
    return [kind for each, kind, _ in of(seen)["columns"] if each == column]


def _of_rows(
    maker: PinMaker, pin: Callable[..., Pin], table: str, what: Mapping[str, Any], of: Read, why: str
) -> Iterator[Pin]:
    """All rows, whose order in a table means nothing: of every column by itself, and whole."""
    every = what["plain"]
    if not what["rows"] or len(what["rows"]) > MOST_ROWS:
        return
    for columns in [*([column] for column in every if len(every) > 1), every]:
        of_columns = partial(_taken, of, every, [every.index(column) for column in columns])
        rows = _rows(what["rows"], [every.index(column) for column in columns])
        said = " ".join(str(value) for row in rows for value in row)
        unknown = why or _unknown(maker, said)
        if any(isinstance(value, float) for row in rows for value in row) or maker.is_estimate(said):
            unknown = unknown or "the digits of a number that need not be exact"
        listed = ", ".join(map(_quoted, columns))
        yield pin(
            f"these rows at {', '.join(columns)} in {table}",
            f"SELECT {listed} FROM {_quoted(table)}",  # noqa: S608 - names, quoted
            "sorted({}, key=repr)",
            of_columns,
            rows,
            14 + len(columns),
            unknown,
        )


def _taken(of: Read, every: Sequence[str], places: Sequence[int], seen: Seen) -> Any:
    return _rows(of(seen)["rows"], places) if of(seen)["plain"] == every else None


def _rows(rows: Sequence[Sequence[Any]], places: Sequence[int]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[place] for place in places) for row in rows), key=repr)


def _unknown(maker: PinMaker, text: str) -> str:
    if maker.stated.many:
        return "one of several right answers"
    if _DIGEST_NAMED.search(maker.stated.instruction):  # it is worked out like a number
        text = _DIGEST.sub(" ", text)
    words = maker.stated.unknown(text, maker.given)
    return f"the words {', '.join(sorted(words)[:4])}" if words else ""


_DIGEST = re.compile(r"\b[0-9a-fA-F]{32,128}\b")
_DIGEST_NAMED = re.compile(r"\bsha-?\d|\bmd5\b|\bhash|\bdigest|\bchecksum", re.IGNORECASE)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
