"""How Python quotes: string literals, raw, formatted or several side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mutator.model import Edit, Unwritable, Window
from mutator.spelling.window import Parent, WindowBuilder, spell


@dataclass(frozen=True, slots=True)
class PythonString:
    quote: str
    raw: bool
    formatted: bool

    def __call__(self, window: Window, edit: Edit) -> str:
        rest = window.text[edit.end :]
        after = rest.lstrip("\\")
        at_end = not after or window.seam(len(window.text) - len(after))
        before = window.text[max(edit.start - 3, 0) : edit.start] + edit.new
        if self.raw:
            before += rest[: len(rest) - len(after)]
            if after.startswith((self.quote[0], "\n")) or (at_end and before.endswith(("\\", self.quote[0]))):
                raise Unwritable("backslashes before a quote of a raw string stand for themselves")
        elif len(self.quote) == 3 and (
            self.quote in before + rest[:2] or ((window.seam(edit.end) or not rest) and before.endswith(self.quote[0]))
        ):
            raise Unwritable("would end the string")
        return spell(window, edit, self._escape, expands=True)

    def _escape(self, text: str) -> str:
        if self.raw:
            if self.quote in text or ("\n" in text and len(self.quote) == 1):
                raise Unwritable("a raw string cannot hold its own quote or a line end")
        else:
            text = text.replace("\\", "\\\\").replace("\r", "\\r").replace("\0", "\\0")
            text = text.replace(self.quote[0], "\\" + self.quote[0])
            if len(self.quote) == 1:
                text = text.replace("\n", "\\n")
        return text.replace("{", "{{").replace("}", "}}") if self.formatted else text


_PY_LITERAL = re.compile(r"(?P<prefix>[A-Za-z]{0,3})(?P<quote>\"\"\"|'''|\"|')")
_PY_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})|N\{[^}]*\}|(?P<oct>[0-7]{1,3})|(?P<one>.))",
    re.DOTALL,
)


def python_string_window(parent: Parent, start: int, end: int) -> Window | None:
    """A Python string literal, or several side by side, as the string that they are; None for bytes and others."""
    text = parent.text
    builder = WindowBuilder(parent)
    position = start
    while position < end:
        if text[position] in " \t\r\n\\()":
            position += 1
            continue
        if text[position] == "#":
            newline = text.find("\n", position, end)
            position = end if newline < 0 else newline
            continue
        match = _PY_LITERAL.match(text, position, end)
        if match is None or "b" in match["prefix"].lower():
            return None
        prefix = match["prefix"].lower()
        closing = _python_literal(builder, match.end(), end, PythonString(match["quote"], "r" in prefix, "f" in prefix))
        if closing is None:
            return None
        position = closing
    return builder.window() if builder.zones else None


def _python_literal(builder: WindowBuilder, position: int, end: int, spelling: PythonString) -> int | None:
    text = builder.parent.text
    builder.zone(spelling, position)
    marks = re.compile(re.escape(spelling.quote) + r"|\\" + (r"|[{}]" if spelling.formatted else ""))
    while True:
        match = marks.search(text, position, end)
        if match is None:
            return None
        at = match.start()
        builder.plain(position, at)
        position = at + len(match[0])
        if match[0] == spelling.quote:
            return position
        if match[0] in "{}":
            if text.startswith(match[0] * 2, at):
                builder.escape(match[0], at, at + 2)
                position = at + 2
                continue
            close = _field_end(text, at, end)
            if close is None:
                return None
            builder.expansion(at, close)
            position = close
        elif spelling.raw:
            builder.plain(at, at + 2)
            position = at + 2
        elif text.startswith("\\\n", at):
            position = at + 2
        else:
            escape = _PY_ESCAPE.match(text, at, end)
            if escape is None:
                return None
            value = _python_value(escape)
            if len(value) == 1:
                builder.escape(value, at, escape.end())
            else:
                builder.plain(at, escape.end())
            position = escape.end()


def _field_end(text: str, at: int, end: int) -> int | None:
    depth = 0
    for position in range(at, end):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    return None


def _python_value(match: re.Match[str]) -> str:
    digits = match["hex"] or match["u"] or match["U"]
    if digits:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]
    if match["oct"]:
        return chr(int(match["oct"], 8))
    letters = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
    one = match["one"]
    return match[0] if one is None else letters.get(one, one if one in "\\'\"" else match[0])
