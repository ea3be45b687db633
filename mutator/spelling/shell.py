"""How the shell quotes: here-documents, words, and what echo and printf read in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mutator.model import Edit, Unwritable, Window
from mutator.shell.syntax import Heredoc, ansi_end, expansion_end
from mutator.spelling.window import Parent, WindowBuilder, spell

# Here-documents


@dataclass(frozen=True, slots=True)
class Body:
    """Inside a here-document."""

    delimiter: str
    quoted: bool
    strip_tabs: bool

    def __call__(self, window: Window, edit: Edit) -> str:
        text, new = window.text, edit.new
        first = text.rfind("\n", 0, edit.start) + 1
        last = text.find("\n", edit.end)
        touched = text[first : edit.start] + new + text[edit.end : last if last >= 0 else len(text)]
        lines = touched.split("\n")
        if last < 0 and lines[-1]:
            raise Unwritable("the last line of a here-document must end")
        if self.delimiter in lines:
            raise Unwritable(f"a line {self.delimiter!r} would end the here-document")
        if self.strip_tabs and any(line.startswith("\t") for line in lines):
            raise Unwritable("<<- takes leading tabs away")
        if "\0" in new:
            raise Unwritable("the shell has no NUL")
        if self.quoted:
            return new
        spelled = spell(window, edit, _escape_body, expands=True)
        before = text[edit.start - 1 : edit.start] if edit.start else ""
        if before == "\\" and (spelled + text[edit.end : edit.end + 1])[:1] in _READ_AFTER_BACKSLASH:
            raise Unwritable("the backslash before it would be read with it")
        if before == "$" and _EXPANDS_AFTER_DOLLAR.match(spelled + text[edit.end : edit.end + 1]):
            raise Unwritable("would become an expansion")
        return spelled


_READ_AFTER_BACKSLASH = ("\n", "\\", "$", "`")
_EXPANDS_AFTER_DOLLAR = re.compile(r"[A-Za-z0-9_@*#?$!({-]")
_BODY_SPECIAL = re.compile(r"[\\$`]")


def _escape_body(text: str) -> str:
    return _BODY_SPECIAL.sub(lambda match: "\\" + match[0], text)


_BODY_MARKS = re.compile(r"[\\$`\n]")


def heredoc_window(parent: Parent, body: Heredoc) -> Window:
    """A here-document's body as the command receives it, expansions shown as they are written."""
    text = parent.text
    builder = WindowBuilder(parent)
    builder.zone(Body(body.delimiter, body.quoted, body.strip_tabs), body.start)
    if body.quoted and not body.strip_tabs:
        builder.plain(body.start, body.end)
        return builder.window()
    marks = re.compile(r"\n") if body.quoted else _BODY_MARKS
    position = _after_tabs(text, body.start, body)
    while position < body.end:
        match = marks.search(text, position, body.end)
        if match is None:
            builder.plain(position, body.end)
            break
        at = match.start()
        builder.plain(position, at)
        position = at + 1
        following = text[at + 1 : at + 2]
        if match[0] == "\n":
            builder.plain(at, position)
            position = _after_tabs(text, position, body)
        elif match[0] == "\\":
            if following == "\n":
                position = at + 2
            elif following and following in "\\$`":
                builder.escape(following, at, at + 2)
                position = at + 2
            else:
                builder.plain(at, position)
        elif (after := expansion_end(text, at, body.end)) > at:
            builder.expansion(at, after)
            position = after
        else:
            builder.plain(at, position)
    return builder.window()


def _after_tabs(text: str, position: int, body: Heredoc) -> int:
    while body.strip_tabs and position < body.end and text[position] == "\t":
        position += 1
    return position


# Words of the shell


@dataclass(frozen=True, slots=True)
class SingleQuoted:
    def __call__(self, window: Window, edit: Edit) -> str:
        return spell(window, edit, lambda text: _no_nul(text).replace("'", "'\\''"), expands=False)


@dataclass(frozen=True, slots=True)
class DoubleQuoted:
    def __call__(self, window: Window, edit: Edit) -> str:
        return spell(window, edit, _escape_double, expands=True)


@dataclass(frozen=True, slots=True)
class AnsiQuoted:
    def __call__(self, window: Window, edit: Edit) -> str:
        return spell(window, edit, _escape_ansi, expands=False)


@dataclass(frozen=True, slots=True)
class Bare:
    def __call__(self, window: Window, edit: Edit) -> str:
        if not edit.new and edit.end - edit.start == len(window.text):
            return "''"
        return spell(window, edit, _escape_bare, expands=True)


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise Unwritable("the shell has no NUL")
    return text


_DOUBLE_SPECIAL = re.compile(r'[\\$`"]')
_BARE_PLAIN = re.compile(r"[^A-Za-z0-9_./:=,@%+-]")
_ANSI_SPECIAL = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\x1b": "\\e"}


def _escape_double(text: str) -> str:
    return _DOUBLE_SPECIAL.sub(lambda match: "\\" + match[0], _no_nul(text))


def _escape_ansi(text: str) -> str:
    return "".join(_ANSI_SPECIAL.get(char, char) for char in _no_nul(text))


def _escape_bare(text: str) -> str:
    if "\n" in text:
        raise Unwritable("a word without quotes cannot hold a line end")
    return _BARE_PLAIN.sub(lambda match: "\\" + match[0], _no_nul(text))


SINGLE, DOUBLE, ANSI, BARE = SingleQuoted(), DoubleQuoted(), AnsiQuoted(), Bare()
_BARE_MARKS = re.compile(r"""[\\'"$`]""")
_ANSI_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9A-Fa-f]{1,2})|u(?P<u>[0-9A-Fa-f]{1,4})|U(?P<U>[0-9A-Fa-f]{1,8})|(?P<oct>[0-7]{1,3})|(?P<one>.))",
    re.DOTALL,
)
_ANSI_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}


def word_window(parent: Parent, start: int, end: int) -> Window:
    """A shell word as the command receives it, expansions shown as they are written."""
    text = parent.text
    builder = WindowBuilder(parent)
    position = start
    while position < end:
        mark = text[position]
        if mark == "'":
            close = text.find("'", position + 1, end)
            close = end if close < 0 else close
            builder.zone(SINGLE, position + 1)
            builder.plain(position + 1, close)
            position = close + 1
        elif mark == '"' or text.startswith('$"', position):
            position = _double(builder, position + (1 if mark == '"' else 2), end)
        elif text.startswith("$'", position):
            close = min(ansi_end(text, position + 2), end)
            builder.zone(ANSI, position + 2)
            _ansi(builder, position + 2, close - 1)
            position = close
        else:
            builder.zone(BARE, position)
            position = _bare(builder, position, end)
    if not builder.zones:
        builder.zone(BARE, start)
    return builder.window()


def _bare(builder: WindowBuilder, position: int, end: int) -> int:
    text = builder.parent.text
    while position < end:
        match = _BARE_MARKS.search(text, position, end)
        at = match.start() if match else end
        builder.plain(position, at)
        if match is None or match[0] in "'\"" or text[at : at + 2] in ("$'", '$"'):
            return at
        if match[0] == "\\":
            if text[at + 1 : at + 2] != "\n" and at + 1 < end:
                builder.escape(text[at + 1], at, at + 2)
            position = at + 2
            continue
        after = expansion_end(text, at, end)
        if after == at:
            builder.plain(at, at + 1)
            position = at + 1
        else:
            builder.expansion(at, after)
            position = after
    return position


_DOUBLE_MARKS = re.compile(r'[\\"$`]')


def _double(builder: WindowBuilder, position: int, end: int) -> int:
    text = builder.parent.text
    builder.zone(DOUBLE, position)
    while position < end:
        match = _DOUBLE_MARKS.search(text, position, end)
        at = match.start() if match else end
        builder.plain(position, at)
        if match is None:
            return end
        position = at + 1
        following = text[at + 1 : at + 2] if at + 1 < end else ""
        if match[0] == '"':
            return position
        if match[0] == "\\":
            if following and following in '\\$`"':
                builder.escape(following, at, at + 2)
                position = at + 2
            elif following == "\n":
                position = at + 2
            else:
                builder.plain(at, at + 1)
            continue
        after = expansion_end(text, at, end)
        if after == at:
            builder.plain(at, at + 1)
        else:
            builder.expansion(at, after)
            position = after
    return end


def _ansi(builder: WindowBuilder, position: int, end: int) -> None:
    text = builder.parent.text
    while position < end:
        at = text.find("\\", position, end)
        if at < 0:
            builder.plain(position, end)
            return
        builder.plain(position, at)
        match = _ANSI_ESCAPE.match(text, at, end)
        if match is None:
            builder.plain(at, end)
            return
        builder.escape(_ansi_value(match), at, match.end())
        position = match.end()


def _ansi_value(match: re.Match[str]) -> str:
    digits = match["hex"] or match["u"] or match["U"]
    if digits:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]
    if match["oct"]:
        return chr(int(match["oct"], 8) & 0xFF)
    return _ANSI_LETTERS.get(match["one"], match["one"] if match["one"] in "\\'\"?" else match[0])


# What echo -e and printf read


@dataclass(frozen=True, slots=True)
class Escaped:
    """Inside a text whose reader takes backslash escapes, and `%` in a printf format."""

    percent: bool = False

    def __call__(self, window: Window, edit: Edit) -> str:
        if edit.start == 0 and (edit.new or window.text[edit.end : edit.end + 1]).startswith("-"):
            raise Unwritable("would be read as an option")

        def escape(text: str) -> str:
            text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
            return text.replace("%", "%%") if self.percent else text

        return spell(window, edit, escape, expands=True)


_CONVERSION = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[a-zA-Z]")


def escaped_window(parent: Window, *, percent: bool) -> Window:
    """A text after backslash escapes (and `%%`) are read; expansions within stay as they are."""
    text = parent.text
    builder = WindowBuilder(parent)
    builder.zone(Escaped(percent), 0)
    position = 0
    opaque = iter([*parent.opaque, (len(text), len(text))])
    start, end = next(opaque)
    marks = re.compile(r"[\\%]" if percent else r"\\")
    while position < len(text):
        match = marks.search(text, position, start)
        if match is None:
            builder.plain(position, start)
            if end > start:
                builder.expansion(start, end)
            position = end
            if position >= len(text):
                break
            start, end = next(opaque)
            continue
        at = match.start()
        builder.plain(position, at)
        if match[0] == "%":
            conversion = _CONVERSION.match(text, at, start)
            if text.startswith("%%", at):
                builder.escape("%", at, at + 2)
                position = at + 2
            elif conversion:
                builder.expansion(at, conversion.end())
                position = conversion.end()
            else:
                builder.plain(at, at + 1)
                position = at + 1
            continue
        escape = _ANSI_ESCAPE.match(text, at, start)
        if escape is None:
            builder.plain(at, at + 1)
            position = at + 1
        else:
            builder.escape(_ansi_value(escape)[:1], at, escape.end())
            position = escape.end()
    return builder.window()
