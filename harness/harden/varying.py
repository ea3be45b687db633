"""Other inputs of the same kind as those that the tests make: whatever is in them was in one of theirs. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from random import Random
from typing import Any

from harness.trial.watching.calls import Given

MOST_SWAPS = 24
_VERSION = re.compile(r"\d+(?:\.\d+)*$")

Files = tuple[Given, ...]


def with_text(files: Files, at: int, text: str) -> Files:
    return tuple(replace(file, text=text) if n == at else file for n, file in enumerate(files))


def varied_texts(files: Files, rng: Random) -> Iterator[tuple[str, Files]]:
    """Each with what was done. One file is changed at a time."""
    for at, file in enumerate(files):
        lines = file.text.splitlines()
        if file.binary:
            yield "cut in the middle", with_text(files, at, file.text[: len(file.text) // 2])
            yield "without its last byte", with_text(files, at, file.text[:-1])
            yield "empty", with_text(files, at, "")
            yield "with two more bytes", with_text(files, at, file.text + file.text[:2])
        elif is_grid(lines):
            for how, other in grid_symmetries(lines):
                yield f"{how}", with_text(files, at, "\n".join(other) + "\n")
            for other in grid_swaps(lines, rng):
                yield "two of its places swapped", with_text(files, at, "\n".join(other) + "\n")
        elif _is_table(file):
            for rows in _fewer_rows(file.text):
                yield "some of its rows", with_text(files, at, rows)
            for how, rows in _other_rows(file.text, rng):
                yield how, with_text(files, at, rows)
        elif _json(file.text) is None and 2 <= len(lines) <= 200:
            yield "without its last line", with_text(files, at, "\n".join(lines[:-1]) + "\n")
            yield "without its first line", with_text(files, at, "\n".join(lines[1:]) + "\n")
            yield "with its first line twice", with_text(files, at, "\n".join([lines[0], *lines]) + "\n")


# --- data

MOST_NUMBERS, MOST_BYTES, HEAD, BLOCK = 28, 28, 64, 64
MOST_ITEMS, LARGEST_ITEM = 8, 16
SPOILT = re.compile(
    r"\b(?:truncat|corrupt|malform|invalid|damag|incomplete|empty|too short|torn\b|partial(?:ly)? (?:written|record))",
    re.IGNORECASE,
)
"""An instruction that says what is to come of data that is not whole."""


def varied_data(text: str, rng: Random, *, spoilt: bool) -> Iterator[tuple[str, str]]:
    """Each with what was done. Each character is a byte. `spoilt`: also as nobody would have written it: what is right
    then, only an instruction that speaks of such data says."""
    whole = [*_other_items(text, rng), *_other_measures(text)]
    rng.shuffle(whole)
    if not spoilt:
        yield from whole
        return
    numbers, single = list(_other_numbers(text)), list(_other_bytes(text, rng))
    rng.shuffle(numbers)
    cuts = [
        ("cut in the middle", text[: len(text) // 2]),
        ("cut at a quarter", text[: len(text) // 4]),
        ("without its last byte", text[:-1]),
        ("with three more bytes", text + text[-3:]),
    ]
    for four in zip_longest(cuts, whole, numbers[:MOST_NUMBERS], single[:MOST_BYTES]):
        yield from (each for each in four if each is not None and each[1] != text)


def _other_items(text: str, rng: Random) -> Iterator[tuple[str, str]]:
    """Of a head that counts items of one size, which are all that follows: fewer of them, and others of them."""
    data = text.encode("latin-1")
    for at in range(0, min(HEAD, len(data) - 3), 4):
        (count,) = struct.unpack_from("<I", data, at)
        for size in (LARGEST_ITEM, 8, 4, 2, 1):  # the largest leaves the smallest head
            start = len(data) - count * size
            if count < 4 or start % 4 or not at + 4 <= start <= 4 * HEAD:
                continue
            head, items = text[:start], [text[n : n + size] for n in range(start, len(text), size)]
            for fewer in sorted({1, 2, 3, count // 2, count - 1}):
                shorter = _with_bytes(head, at, struct.pack("<I", fewer)) + "".join(items[:fewer])
                yield f"with {fewer} of its {count} items", shorter
            for _ in range(MOST_ITEMS):
                one, other = rng.sample(range(count), 2)
                swapped = list(items)
                swapped[one], swapped[other] = items[other], items[one] if rng.random() < 0.5 else items[other]
                if swapped != items:
                    yield f"with other items at {one} and {other}", head + "".join(swapped)
            return


def _other_measures(text: str) -> Iterator[tuple[str, str]]:
    """Numbers of its head that are no whole ones."""
    data = text.encode("latin-1")
    for at in range(4, min(HEAD, len(data) - 3), 4):
        (measure,) = struct.unpack_from("<f", data, at)
        if 1e-6 < abs(measure) < 1e6:
            for factor in (2, 0.5):
                how = f"with {measure * factor:g} for {measure:g} at byte {at}"
                yield how, _with_bytes(text, at, struct.pack("<f", measure * factor))


def _other_numbers(text: str) -> Iterator[tuple[str, str]]:
    """Little-endian whole numbers of its head: a count or a place that fits the file."""
    data = text.encode("latin-1")
    for at in range(0, min(HEAD, len(data) - 3), 2):
        for kind, size in (("I", 4), ("H", 2)):
            (value,) = struct.unpack_from(f"<{kind}", data, at)
            if at % size == 0 and 1 < value <= 4 * len(data):
                for other in sorted({1, value // 2, value - 1, value + 1} - {value}):
                    yield (
                        f"with {other} for {value} at byte {at}",
                        _with_bytes(text, at, struct.pack(f"<{kind}", other)),
                    )
                break  # as two numbers it would be the same once more


def _other_bytes(text: str, rng: Random) -> Iterator[tuple[str, str]]:
    """Single bytes, most of them at the beginning of a block: there are kinds and counts."""
    starts = range(0, len(text), BLOCK)
    for _ in range(MOST_BYTES if text else 0):
        at = rng.choice(starts) + rng.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 7, rng.randrange(BLOCK)))
        if at < len(text):
            value = rng.choice((0, 1, 0xFF, ord(text[at]) ^ 1, (ord(text[at]) + 1) & 0xFF))
            yield f"with {value:#04x} at byte {at}", _with_bytes(text, at, bytes([value]))


def _with_bytes(text: str, at: int, data: bytes) -> str:
    return text[:at] + data.decode("latin-1") + text[at + len(data) :]


# --- less of the same

MOST_LESS = 16


def reductions(files: Files, named: str) -> Iterator[Files]:
    """The same input with one thing less. `named`: the words of the command line, whose files stay."""
    documents = [_json(file.text) for file in files]
    if files and all(document is not None for document in documents):
        for other in _less(documents):
            pairs = zip(files, other, strict=True)
            yield tuple(Given(file.path, json.dumps(each), file.age) for file, each in pairs)
        return
    for at, file in enumerate(files):
        if len(files) > 1 and file.path not in named:
            yield files[:at] + files[at + 1 :]
    for at, file in enumerate(files):
        lines = file.text.splitlines(keepends=True) if not file.binary else []
        if not is_grid(file.text.splitlines()) and 2 < len(lines) <= 40:
            for number in range(1, len(lines)):
                yield with_text(files, at, "".join(lines[:number] + lines[number + 1 :]))


def _less(documents: Sequence[Any]) -> Iterator[list[Any]]:
    names = dict.fromkeys(key for each in documents if isinstance(each, dict) for key in each)
    for name in names:
        yield [{k: v for k, v in each.items() if k != name} if isinstance(each, dict) else each for each in documents]
    for number, document in enumerate(documents):
        for less in _inside(document, _optional(documents)):
            yield [less if number == at else each for at, each in enumerate(documents)]


def _inside(value: Any, optional: set[str]) -> Iterator[Any]:
    """The document without one element of a list, or one key that not every such object has."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in optional:
                yield {k: v for k, v in value.items() if k != key}
            for less in _inside(each, optional):
                yield {**value, key: less}
    elif isinstance(value, list):
        for at, each in enumerate(value):
            if len(value) > 1:
                yield value[:at] + value[at + 1 :]
            for less in _inside(each, optional):
                yield [*value[:at], less, *value[at + 1 :]]


def _optional(documents: Sequence[Any]) -> set[str]:
    """Keys that an object lacks which shares another key with one that has it."""
    found: list[dict[str, Any]] = []

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            found.append(value)
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            gather(each)

    for document in documents:
        gather(document)
    return {
        key for one in found for key in one if any(key not in other and one.keys() & other.keys() for other in found)
    }


# --- maps


def is_grid(lines: Sequence[str]) -> bool:
    """Lines of the same length, of few different characters: a map."""
    letters = set("".join(lines))
    return (
        len(lines) >= 3 and len({len(line) for line in lines}) == 1 and 3 <= len(lines[0]) <= 60 and len(letters) <= 8
    )


def grid_symmetries(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    turned = ["".join(column) for column in zip(*lines, strict=True)]
    for how, other in (
        ("mirrored", [line[::-1] for line in lines]),
        ("upside down", list(lines[::-1])),
        ("turned round", [line[::-1] for line in lines[::-1]]),
        ("with rows as columns", turned),
        ("turned to the left", turned[::-1]),
        ("turned to the right", [line[::-1] for line in turned]),
        ("turned and mirrored", [line[::-1] for line in turned[::-1]]),
    ):
        if other != list(lines):
            yield how, other


def grid_swaps(lines: Sequence[str], rng: Random) -> Iterator[list[str]]:
    """Two different characters inside the border swapped, and one of them put over another."""
    inside = [(y, x) for y in range(1, len(lines) - 1) for x in range(1, len(lines[0]) - 1)]
    seen = {tuple(lines)}
    for _ in range(MOST_SWAPS * 6):
        if len(seen) > MOST_SWAPS or len(inside) < 2:
            return
        cells = [list(line) for line in lines]
        for _ in range(rng.choice((1, 1, 2, 3))):
            (y, x), (v, u) = rng.sample(inside, 2)
            cells[y][x], cells[v][u] = cells[v][u], cells[y][x]
        other = tuple("".join(line) for line in cells)
        if other not in seen:
            seen.add(other)
            yield list(other)


# --- tables


def _is_table(file: Given) -> bool:
    lines = file.text.splitlines()
    return file.path.endswith((".csv", ".tsv")) and 3 <= len(lines) <= 400


def _fewer_rows(text: str) -> Iterator[str]:
    head, *rows = text.splitlines(keepends=True)
    if len(list(csv.reader(io.StringIO(text)))) != len(rows) + 1:
        return  # a row of several lines
    yield head + rows[0]
    yield head + rows[-1]
    for at in range(min(len(rows), 6)):
        yield head + "".join(rows[:at] + rows[at + 1 :])


def _other_rows(text: str, rng: Random) -> Iterator[tuple[str, str]]:
    """A cell of which the number is another or the text is another row's, and a row more that is made of others'."""
    head, *rows = list(csv.reader(io.StringIO(text)))
    if len({len(row) for row in (head, *rows)}) != 1 or text.count("\n") > len(rows) + 1:
        return
    for number in range(MOST_ROWS):
        row, other = rng.choice(rows), rng.choice(rows)
        if number % 3 == 2:
            made = [rng.choice(rows)[column] for column in range(len(head))]
            yield "with a row more", text.rstrip("\n") + "\n" + _as_row(made)
            continue
        column = rng.randrange(len(head))
        value = _other_number(row[column], rng) or other[column]
        if value != row[column]:
            changed = [[*row[:column], value, *row[column + 1 :]] if each is row else each for each in rows]
            yield "with another value in a row", "".join(map(_as_row, [head, *changed]))


MOST_ROWS = 18


def _other_number(written: str, rng: Random) -> str:
    if re.fullmatch(r"-?\d{1,9}", written):
        return str(_changed_number(int(written), [], rng))
    if re.fullmatch(r"-?\d{1,9}\.\d{1,6}", written):
        return f"{_changed_number(float(written), [], rng):.{len(written.partition('.')[2])}f}"
    return ""


def _as_row(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


# --- values


def changed_value(value: Any, atoms: Sequence[Any], rng: Random, *, fixed: bool) -> Any:
    """Of the same kind. `atoms`: what the tests have at its place; `fixed`: lengths stay."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _changed_number(value, atoms, rng)
    if isinstance(value, str):
        return _changed_text(value, rng)
    if isinstance(value, list | tuple):
        return type(value)(_changed_list(list(value), atoms, rng, fixed=fixed))
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        return {**value, key: changed_value(value[key], atoms, rng, fixed=fixed)}
    return value


def _changed_number(value: float, atoms: Sequence[Any], rng: Random) -> float:
    numbers = [atom for atom in atoms if isinstance(atom, int | float) and not isinstance(atom, bool)] or [value]
    offers = [value + 1, value - 1, value * 2, *(atom for atom in numbers if type(atom) is type(value))]
    least = min(numbers)
    return rng.choice([each for each in offers if each >= min(least, 0) and each != value] or [value + 1])


def _changed_text(text: str, rng: Random) -> str:
    """Lines where there are several, else words, else characters: one left out, doubled, or swapped with the next."""
    parts, between = next(
        ((text.split(by), by) for by in ("\n", ",", " ") if len(text.split(by)) > 1), (list(text), "")
    )
    return between.join(_changed_parts(parts, rng)) if parts else text


def _changed_parts(parts: list[Any], rng: Random) -> list[Any]:
    at = rng.randrange(len(parts))
    how = rng.choice(("less", "twice", "swapped", "backwards"))
    if how == "less" and len(parts) > 1:
        return [*parts[:at], *parts[at + 1 :]]
    if how == "twice" and not isinstance(parts[at], dict):  # an object has a name or a number of its own
        return [*parts[:at], parts[at], *parts[at:]]
    if how == "swapped" and at + 1 < len(parts):
        return [*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]]
    return parts[::-1]


def _changed_list(values: list[Any], atoms: Sequence[Any], rng: Random, *, fixed: bool) -> list[Any]:
    if not values:
        return values
    if not fixed and rng.random() < 0.5:
        return _changed_parts(values, rng)
    at = rng.randrange(len(values))
    same = [atom for atom in atoms if type(atom) is type(values[at]) and atom != values[at]]
    if same and not isinstance(values[at], str) and rng.random() < 0.7:
        return [*values[:at], rng.choice(same), *values[at + 1 :]]
    return [*values[:at], changed_value(values[at], atoms, rng, fixed=fixed), *values[at + 1 :]]


def atoms_of(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from atoms_of(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from atoms_of(each)
    else:
        yield value


# --- JSON, combined anew


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


@dataclass
class Pool:
    """What was seen at one place of documents of one kind."""

    atoms: list[Any] = field(default_factory=list)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    least_common: dict[str, int] = field(default_factory=dict)


class Combiner:
    """Learns documents, and makes others of their parts."""

    def __init__(self, examples: Sequence[Sequence[Any]]) -> None:
        """`examples`: the documents of each call, in the same order of files."""
        self._examples = [list(each) for each in examples]
        self._pools: dict[tuple[str, ...], Pool] = {}
        self._names: list[str] = []
        self._maps: set[tuple[str, ...]] = set()
        for each in self._examples:
            for number, document in enumerate(each):
                self._find_maps((str(number),), document)
        for each in self._examples:
            for number, document in enumerate(each):
                self._learn((str(number),), document)
        self._versions = [atom for pool in self._pools.values() for atom in pool.atoms if _is_version(atom)]

    def _find_maps(self, place: tuple[str, ...], value: Any) -> None:
        """Of objects with other keys each time and values of one kind the keys are data."""
        together: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        self._gather(place, value, together)
        for where, objects in together.items():
            every = self._pools.setdefault((*where, "?"), Pool())
            every.keys += [tuple(one) for one in objects]
            every.kinds |= {_kind(each) for one in objects for each in one.values()}
            keys = {tuple(sorted(one)) for one in every.keys if one}
            shared = set.intersection(*(set(one) for one in keys)) if keys else set()
            if len(every.kinds) == 1 and len(keys) > 1 and not shared:
                self._maps.add(where)

    def _gather(self, place: tuple[str, ...], value: Any, found: dict[tuple[str, ...], list[dict[str, Any]]]) -> None:
        if isinstance(value, dict):
            found.setdefault(place, []).append(value)
            for key, each in value.items():
                self._gather((*place, "*" if place in self._maps else key), each, found)
                if place not in self._maps and _kind(each) in ("dict", "list"):
                    self._gather((*place, "*"), each, found)
        elif isinstance(value, list):
            for each in value:
                self._gather((*place, "[]"), each, found)

    def _learn(self, place: tuple[str, ...], value: Any) -> None:
        pool = self._pools.setdefault(place, Pool())
        pool.kinds.add(_kind(value))
        if isinstance(value, dict):
            pool.keys.append(tuple(value))
            pool.sizes.append(len(value))
            for key, each in value.items():
                if place in self._maps and key not in self._names:
                    self._names.append(key)
                self._learn((*place, "*" if place in self._maps else key), each)
        elif isinstance(value, list):
            pool.sizes.append(len(value))
            for each in value:
                self._learn((*place, "[]"), each)
        elif value not in pool.atoms:
            pool.atoms.append(value)

    def make(self, rng: Random) -> list[Any]:
        names = rng.sample(self._names, min(len(self._names), rng.choice((1, 2, 2, 3, 3))))
        versions = rng.sample(self._versions, min(len(self._versions), rng.choice((2, 3, 4)))) if self._versions else []
        count = len(self._examples[0])
        return [self._make((str(number),), names, versions, rng) for number in range(count)]

    def _make(self, place: tuple[str, ...], names: list[str], versions: list[Any], rng: Random) -> Any:
        pool = self._pools.get(place)
        if pool is None or not pool.kinds:
            return None
        kind = rng.choice(sorted(pool.kinds))
        if kind == "dict" and place in self._maps:
            most = min(len(names), max(pool.sizes) + 2)
            keys = rng.sample(names, rng.randint(min(1, most), most))
            return {key: self._make((*place, "*"), names, versions, rng) for key in keys}
        if kind == "dict":
            always = set.intersection(*(set(one) for one in pool.keys))
            every = list(dict.fromkeys(key for one in pool.keys for key in one))
            chosen = [key for key in every if key in always or rng.random() < 0.4]
            return {key: self._make((*place, key), names, versions, rng) for key in chosen}
        if kind == "list":
            size = rng.randint(min(pool.sizes), max(pool.sizes) + 1)
            made = [self._make((*place, "[]"), names, versions, rng) for _ in range(size)]
            return [each for at, each in enumerate(made) if not any(_alike(each, other) for other in made[:at])]
        atoms = [atom for atom in pool.atoms if _kind(atom) == kind]
        if versions and all(_is_version(atom) for atom in atoms):
            return rng.choice(versions)
        return rng.choice(atoms)


def _kind(value: Any) -> str:
    return type(value).__name__


def _is_version(value: Any) -> bool:
    return isinstance(value, str) and _VERSION.match(value) is not None


def _alike(one: Any, other: Any) -> bool:
    """Which of the two comes first would matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        shared = [key for key in one if key in other and not isinstance(one[key], dict | list)]
        return any(one[key] == other[key] for key in shared) if shared else one == other
    return bool(one == other)


def otherwise(value: Any) -> Any:
    """The same document with objects' keys and lists of objects in reverse order."""
    if isinstance(value, dict):
        return {key: otherwise(each) for key, each in reversed(value.items())}
    if isinstance(value, list):
        inside = [otherwise(each) for each in value]
        return inside[::-1] if all(isinstance(each, dict) for each in value) else inside
    return value
