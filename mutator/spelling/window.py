"""How text is quoted inside other text: each reader decodes a piece into a Window that can write it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mutator.model import Edit, FileText, Fixed, Run, Spelling, Unwritable, Window
from mutator.shell.syntax import Heredoc, ansi_end, expansion_end

Parent = Window | FileText


class WindowBuilder:
    """Collects the runs of a decoded text from left to right."""

    def __init__(self, parent: Parent) -> None:
        self.parent = parent
        self.parts: list[str] = []
        self.length = 0
        self.runs: list[Run] = []
        self.zones: list[tuple[int, Spelling]] = []
        self.opaque: list[tuple[int, int]] = []

    def zone(self, spelling: Spelling, outer: int) -> None:
        """What follows is written in this way, from `outer` on: an anchor even where nothing follows."""
        if not self.zones or self.zones[-1][1] != spelling:
            if self.zones and self.zones[-1][0] == self.length:
                self.zones.pop()
            self.zones.append((self.length, spelling))
        self._run(self.length, 0, outer, 0)

    def plain(self, start: int, end: int) -> None:
        if end > start:
            self._add(self.parent.text[start:end], start, end - start)

    def escape(self, text: str, start: int, end: int) -> None:
        """One character of text that the parent writes with several."""
        self._add(text, start, end - start)

    def expansion(self, start: int, end: int) -> None:
        self.opaque.append((self.length, self.length + end - start))
        self.plain(start, end)

    def include(self, window: Window) -> None:
        """Another piece of the same parent, behind what is there."""
        offset = self.length
        for start, spelling in window.zones:
            if not self.zones or self.zones[-1][1] != spelling:
                self.zones.append((offset + start, spelling))
        for run in window.runs:
            self._run(offset + run.start, run.length, run.outer, run.width)
        self.opaque += [(offset + start, offset + end) for start, end in window.opaque]
        self.parts.append(window.text)
        self.length += len(window.text)

    def fixed(self, text: str, outer: int) -> None:
        """Text that is nowhere written, such as the line end that `echo` adds."""
        self.zones.append((self.length, Fixed()))
        self._run(self.length, len(text), outer, 0)
        self.parts.append(text)
        self.length += len(text)

    def _add(self, text: str, outer: int, width: int) -> None:
        self._run(self.length, len(text), outer, width)
        self.parts.append(text)
        self.length += len(text)

    def _run(self, start: int, length: int, outer: int, width: int) -> None:
        if self.runs:
            last = self.runs[-1]
            touches = last.outer + last.width == outer
            if touches and length == width and last.length == last.width:
                self.runs[-1] = Run(last.start, last.length + length, last.outer, last.width + width)
                return
            if last.length == last.width == 0 and last.start == start:
                self.runs.pop()
        self.runs.append(Run(start, length, outer, width))

    def window(self) -> Window:
        return Window("".join(self.parts), self.parent, tuple(self.runs), tuple(self.zones), tuple(self.opaque))


def spell(window: Window, edit: Edit, escape: Callable[[str], str], *, expands: bool) -> str:
    """The new text with `escape` applied to all but the expansions that it keeps."""
    known = window.opaque_texts
    if not known:
        return escape(edit.new)
    removed = set(window.opaque_in(edit))
    parts: list[str] = []
    done = 0
    for match in _alternatives(tuple(known)).finditer(edit.new):
        name = match[0]
        if not expands:
            if name in removed:
                raise Unwritable(f"{name} cannot expand in this quoting")
            continue
        if name not in removed and window.text.count(name) > known[name]:
            raise Unwritable(f"{name} is both an expansion and plain text here")
        parts += (escape(edit.new[done : match.start()]), name)
        done = match.end()
    parts.append(escape(edit.new[done:]))
    return "".join(parts)


@lru_cache(maxsize=8)
def _alternatives(names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the expansions; `$A` is none within `$AB`."""
    ordered = sorted(names, key=len, reverse=True)
    return re.compile("|".join(re.escape(name) + r"(?![A-Za-z0-9_])" * name[-1].isalnum() for name in ordered))


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
        before = text[edit.start - 1 : edit.start]
        if before == "$" and edit.start and _EXPANDS_AFTER_DOLLAR.match(spelled + text[edit.end : edit.end + 1]):
            raise Unwritable("would become an expansion")
        return spelled


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


# String literals of Python


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


# Parts of a text and lines moved to the left


@dataclass(frozen=True, slots=True)
class Indented:
    """Inside lines that all stand `indent` further to the right."""

    indent: str = ""

    def __call__(self, window: Window, edit: Edit) -> str:
        spelled = edit.new.replace("\n", "\n" + self.indent)
        ends = edit.end == len(window.text) and edit.new.endswith("\n")
        return spelled.removesuffix(self.indent) if ends else spelled


def part_window(parent: Parent, start: int, end: int, indent: str = "") -> Window:
    """parent.text[start:end], each line without its indent."""
    text = parent.text
    builder = WindowBuilder(parent)
    builder.zone(Indented(indent), start)
    position = start
    while position < end:
        newline = text.find("\n", position, end)
        after = end if newline < 0 else newline + 1
        if indent and text.startswith(indent, position):
            position = min(position + len(indent), after)
        builder.plain(position, after)
        position = after
    return builder.window()


# Lines that a patch adds


@dataclass(frozen=True, slots=True)
class Added:
    """Within one added line: the hunk's header counts lines."""

    def __call__(self, window: Window, edit: Edit) -> str:
        if "\n" in edit.new or "\n" in window.text[edit.start : edit.end]:
            raise Unwritable("the hunk's header counts its lines")
        return edit.new


# Scalars of YAML


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
