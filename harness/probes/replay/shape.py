"""Data with its shape kept and its values gone: the same keys, columns, lines and types around nonsense or zeros.

Pure: bytes of an output in, bytes of a fake out.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any


class Filling(StrEnum):
    """What a fake has in place of the values."""

    NONSENSE = "nonsense"
    """Another value of the same kind: 41 for 38, "xbsn" for "warm", 2031-09-26 for 2024-05-19."""
    ZEROS = "zeros"
    """0, an empty text, false."""
    STATED = "stated"
    """Nonsense, but for what an example in the instruction gives a key of JSON."""


_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?!\d)")
_CLOCK = re.compile(r"\b([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\b")
_HEX = re.compile(r"(?:[0-9a-f]{8,}|[0-9A-F]{8,})")
_VALUE = re.compile(r"^(\s*(?:[-*]\s+)?[\w.\- ]{1,60}?\s*[:=]\s*)(\S.*?)(\s*)$")
"""A line such as `total: 38` or `port = 80`: the part before the value, and the value."""
_WORDS = {"true": "false", "false": "true", "yes": "no", "no": "yes"}
DELIMITERS = ",\t;|"


def fake(path: str, data: bytes, filling: Filling, instruction: str = "") -> tuple[bytes, int] | None:
    """The output with other values, and how many they are. None where it is no text, or where none would change."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    values = _Values(filling)
    made = _json(text, values.instead, instruction) if filling is Filling.STATED else None
    made = made if made is not None else _remade(path, text, values.instead)
    return (made.encode(), values.changed) if made is not None and made != text else None


class _Values:
    def __init__(self, filling: Filling) -> None:
        self.filling = filling
        self.changed = 0

    def instead(self, text: str) -> str:
        """A value's text in place of another: of a cell, a line or a string."""
        made = _zero(text) if self.filling is Filling.ZEROS else nonsense(text)
        self.changed += made != text
        return made


Instead = Callable[[str], str]


def _remade(path: str, text: str, instead: Instead) -> str | None:
    if not text.strip():
        return None
    if (made := _json(text, instead)) is not None:
        return made
    if (made := _json_lines(text, instead)) is not None:
        return made
    if (made := _table(path, text, instead)) is not None:
        return made
    return "".join(_line(line, instead) for line in text.splitlines(keepends=True))


# --- one value


def nonsense(text: str) -> str:
    """Another text of the same kind and length. A number differs in its first digit, so that no tolerance hides it."""
    low = text.strip().lower()
    if low in _WORDS:
        return _as_written(text, _WORDS[low])
    if _HEX.fullmatch(text.strip()):
        return "".join(_turned_hex(char) for char in text)
    dated = _DATE.sub(lambda found: f"{int(found[1]) + 7:04d}-{_next(found[2], 12)}-{_next(found[3], 28)}", text)
    if dated != text:
        return dated
    timed = _CLOCK.sub(_later, text)
    return timed if timed != text else "".join(map(_turned, text))


def _as_written(like: str, word: str) -> str:
    word = word.upper() if like.strip().isupper() else word.capitalize() if like.strip().istitle() else word
    return like.replace(like.strip(), word)


def _next(number: str, most: int) -> str:
    return f"{(int(number) + 4) % most + 1:02d}"


def _later(found: re.Match[str]) -> str:
    parts = [
        f"{(int(found[1]) + 5) % 24:02d}",
        *(f"{(int(part) + 17) % 60:02d}" for part in found.groups()[1:] if part),
    ]
    return ":".join(parts)


def _turned(char: str) -> str:
    if char.isascii() and char.isdigit():
        return str(int(char) % 9 + 1)  # never a leading 0
    if "a" <= char <= "z":
        return chr((ord(char) - 97 + 1) % 26 + 97)
    if "A" <= char <= "Z":
        return chr((ord(char) - 65 + 1) % 26 + 65)
    return char


def _turned_hex(char: str) -> str:
    if char in "0123456789":
        return str((int(char) + 3) % 10)
    if char in "abcdef":
        return "abcdef"["abcdef".index(char) - 1]
    return "ABCDEF"["ABCDEF".index(char) - 1] if char in "ABCDEF" else char


def _zero(text: str) -> str:
    bare = text.strip()
    if _NUMBER.fullmatch(bare):
        return text.replace(bare, "0.0" if "." in bare else "0")
    return "false" if bare.lower() in _WORDS else ""


# --- by the kind of data


def _json(text: str, instead: Instead, instruction: str = "") -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    return _dumped(_walked(value, instead, instruction), text)


def _is_stated(key: str, value: Any, instruction: str) -> bool:
    """As `"key": value` in an example."""
    if not instruction or isinstance(value, dict | list):
        return False
    said = r"\s*:\s*".join(re.escape(json.dumps(each, ensure_ascii=False)) for each in (key, value))
    return re.search(rf"{said}(?![\w.])", instruction) is not None


def _walked(value: Any, instead: Instead, instruction: str = "") -> Any:
    """Keys and lengths stay; what is null stays null."""
    if isinstance(value, dict):
        return {
            key: each if _is_stated(key, each, instruction) else _walked(each, instead, instruction)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_walked(each, instead, instruction) for each in value]
    if isinstance(value, bool):
        return instead("true" if value else "false") == "true"
    if isinstance(value, int | float):
        return _number(instead(repr(value)), value)
    return instead(value) if isinstance(value, str) else value


def _number(text: str, like: float) -> float:
    try:
        return int(text) if isinstance(like, int) else float(text)
    except ValueError:
        return type(like)(0)


def _dumped(value: Any, like: str) -> str:
    indent = re.search(r"\n([ \t]+)\S", like)
    within = (", ", ": ") if re.search(r'":\s', like) or (not indent and ", " in like) else (",", ":")
    separators = (",", within[1]) if indent else within
    end = "\n" if like.endswith("\n") else ""
    return json.dumps(value, indent=indent[1] if indent else None, separators=separators, ensure_ascii=False) + end


def _json_lines(text: str, instead: Instead) -> str | None:
    lines = text.splitlines()
    made = [_json(line, instead) if line.strip() else line for line in lines]
    if len(lines) < 2 or any(line is None for line in made):
        return None
    return "\n".join(line for line in made if line is not None) + ("\n" if text.endswith("\n") else "")


def _table(path: str, text: str, instead: Instead) -> str | None:
    """Lines with the same number of cells. Its first line stays where it names columns."""
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
            continue
        named = path.endswith((".csv", ".tsv")) or not any(_NUMBER.fullmatch(cell.strip()) for cell in rows[0])
        made = io.StringIO()
        out = csv.writer(made, delimiter=delimiter, lineterminator="\r\n" if "\r\n" in text else "\n")
        out.writerows(_cells(rows, named, instead))
        return made.getvalue() if text.endswith("\n") else made.getvalue().rstrip("\r\n")
    return None


def _cells(rows: list[list[str]], named: bool, instead: Instead) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        yield row if named and number == 0 else [instead(cell) if cell.strip() else cell for cell in row]


def _line(line: str, instead: Instead) -> str:
    """What stands before a `:` or `=` is the name of what follows it."""
    body = line.rstrip("\r\n")
    found = _VALUE.match(body)
    if found:
        return f"{found[1]}{instead(found[2])}{found[3]}{line[len(body) :]}"
    return (instead(body) if body.strip() else body) + line[len(body) :]
