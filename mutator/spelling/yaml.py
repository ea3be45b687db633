"""How YAML quotes: scalars in single or double quotes, plain, and in blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mutator.model import Edit, Unwritable, Window
from mutator.spelling.window import Parent, WindowBuilder


@dataclass(frozen=True, slots=True)
class YamlSingle:
    def __call__(self, window: Window, edit: Edit) -> str:
        if "\n" in edit.new:
            raise Unwritable("a quoted YAML scalar folds line ends")
        return _yaml_printable(edit.new).replace("'", "''")


@dataclass(frozen=True, slots=True)
class YamlDouble:
    def __call__(self, window: Window, edit: Edit) -> str:
        named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
        return "".join(named.get(char, char) for char in edit.new)


_YAML_PLAIN_UNSAFE = re.compile(r":(?=\s|$)|\s#|^[\s\-?:,\[\]{}#&*!|>'\"%@`]|\s$|[\n\t]")


@dataclass(frozen=True, slots=True)
class YamlPlain:
    def __call__(self, window: Window, edit: Edit) -> str:
        whole = window.text[: edit.start] + edit.new + window.text[edit.end :]
        if not whole:
            return "''"
        if _YAML_PLAIN_UNSAFE.search(whole):
            raise Unwritable("a YAML scalar without quotes cannot hold it")
        return _yaml_printable(edit.new)


@dataclass(frozen=True, slots=True)
class YamlBlock:
    indent: str

    def __call__(self, window: Window, edit: Edit) -> str:
        whole = window.text[: edit.start] + edit.new + window.text[edit.end :]
        if whole.startswith((" ", "\n", "\t")):
            raise Unwritable("the first line of a YAML block sets its indent")
        if not whole:
            return "\n" if window.text.endswith("\n") else ""
        if not whole.strip() or _line_ends(whole) != _line_ends(window.text):
            raise Unwritable("the header of a YAML block says how it ends")
        if not edit.new and edit.start < edit.end == len(window.text) and window.text[edit.start - 1] == "\n":
            raise Unwritable("would leave the indent of the line")
        spelled = _yaml_printable(edit.new).replace("\n", "\n" + self.indent)
        # The text ends where the next key's line begins, which has an indent of its own.
        if edit.end == len(window.text) and edit.new.endswith("\n"):
            spelled = spelled.removesuffix(self.indent)
        if edit.new and edit.start == len(window.text) and window.text.endswith("\n"):
            spelled = self.indent + spelled
        return spelled


def _line_ends(text: str) -> int:
    return len(text) - len(text.rstrip("\n"))


def _yaml_printable(text: str) -> str:
    if any(char < " " and char not in "\n\t" for char in text):
        raise Unwritable("YAML needs double quotes for control characters")
    return text


def yaml_scalar_window(parent: Parent, start: int, end: int, style: str | None, value: str) -> Window | None:
    """A scalar of a YAML file as its value; None where what stands there could not be followed to that value."""
    builder = WindowBuilder(parent)
    text = parent.text
    if style == "|":
        _yaml_block(builder, start, end, value)
    elif style == "'":
        builder.zone(YamlSingle(), start + 1)
        _yaml_quoted(builder, start + 1, end - 1, re.compile(r"''"))
    elif style == '"':
        builder.zone(YamlDouble(), start + 1)
        _yaml_quoted(builder, start + 1, end - 1, _YAML_ESCAPE)
    elif style is None and text[start:end] == value:
        builder.zone(YamlPlain(), start)
        builder.plain(start, end)
    window = builder.window() if builder.zones else None
    return window if window is not None and window.text == value else None


_YAML_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\n[ \t]*|.)", re.DOTALL)
_YAML_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


def _yaml_quoted(builder: WindowBuilder, start: int, end: int, escapes: re.Pattern[str]) -> None:
    text = builder.parent.text
    position = start
    for match in escapes.finditer(text, start, end):
        builder.plain(position, match.start())
        position = match.end()
        mark = match[0][1]
        if mark == "\n":
            continue
        if mark in "xuU" and len(match[0]) > 2:
            builder.escape(chr(min(int(match[0].lstrip("\\xuU"), 16), 0x10FFFF)), match.start(), position)
        else:
            builder.escape(_YAML_LETTERS.get(mark, mark), match.start(), position)
    builder.plain(position, end)


def _yaml_block(builder: WindowBuilder, start: int, end: int, value: str) -> None:
    text = builder.parent.text
    position = text.find("\n", start, end) + 1
    if position == 0:
        return
    first = next((line for line in text[position:end].split("\n") if line.strip()), "")
    lead = value.lstrip("\n")
    indent = first[: len(first) - len(first.lstrip(" "))]
    indent = indent[: len(indent) - (len(lead) - len(lead.lstrip(" ")))]
    builder.zone(YamlBlock(indent), min(position + len(indent), end))
    remaining = len(value)
    while position < end and remaining > 0:
        newline = text.find("\n", position, end)
        after = end if newline < 0 else newline + 1
        position = min(position + len(indent), after - 1) if text.startswith(indent, position) else after - 1
        taken = min(after - position, remaining)
        builder.plain(position, position + taken)
        remaining -= taken
        position = after
