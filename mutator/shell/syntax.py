"""Shell text as the shell reads it: where here-documents lie, what its expansions span, and a syntax tree.

tree-sitter-bash ends a here-document at an indented delimiter, the shell does not. So bodies are found here by the
shell's rule and blanked out before the grammar sees the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, takewhile

from tree_sitter import Node, Parser

from mutator.grammars import grammar


@dataclass(frozen=True, slots=True)
class Heredoc:
    operator: int
    """Where `<<` (or its descriptor) stands; `word_end` is after its delimiter word."""
    word_end: int
    delimiter: str
    quoted: bool
    strip_tabs: bool
    start: int
    """Of the body, a whole number of lines."""
    end: int
    """Of the body: where the closing line begins."""
    close: int
    """After the closing line, its newline included."""


@dataclass(slots=True)
class _Pending:
    operator: int
    word_end: int
    delimiter: str
    quoted: bool
    strip_tabs: bool


@dataclass(slots=True)
class _Frame:
    """One level of nesting: `closer` is '"' for a string, '}' for ${, and for code ')', '`', the word that ends a
    compound statement, or '' for the whole."""

    closer: str
    pending: list[_Pending] = field(default_factory=list)
    in_string: bool = False


_CODE = re.compile(r"""[\\'"`#$<()\n]|(?<![^\s;&|()<>`])(?:case|esac|if|fi|do|done|[{}])(?![^\s;&|()<>`])""")
_STRING = re.compile(r'[\\"`$]')
_BRACE = re.compile(r"""[\\'"`$}]""")
_BLANK = re.compile(r"(?:[ \t]|\\\n)*")
_HEREDOC = re.compile(r"<<(-?)")
_COMMAND_START = re.compile(
    r"""(?:^|[\n;&|(){}!`]|(?<![^\s;&|()`])
        (?:then|do|else|elif|if|while|until|done|fi|esac|(?:time|coproc)(?:[ \t]+\w+|[ \t]+-p)?
        |for[ \t]+\w+|function[ \t]+[^\s()]+)[ \t])[ \t]*$""",
    re.VERBOSE,
)
_OPENS = {"case": "esac", "if": "fi", "do": "done", "{": "{}"}
_CLOSES = {"esac": "esac", "fi": "fi", "done": "done", "}": "{}"}
_PATTERN = re.compile(r"[ \t]*[|)]")
_NOT_IN_WORD = frozenset(" \t\r\n;&|()<>")


def heredocs(text: str) -> list[Heredoc]:
    """Every here-document that the shell reads from the text itself, in order of their bodies."""
    return read_shell(text).heredocs


@dataclass(frozen=True)
class Nesting:
    """Which quotes, expansions and parentheses each place of a shell text lies in, by the shell's rules."""

    starts: tuple[int, ...]
    levels: tuple[_Frame, ...]
    """What a place lies in from that start on. Nothing is known where a text does not close what it opens."""

    def closes(self, start: int, end: int) -> bool:
        """Whether what opens in text[start:end] closes in it, and nothing else does."""
        return not self.starts or self._at(start) is self._at(end)

    def holds(self, start: int, end: int) -> bool:
        """Whether commands may stand there."""
        return not self.starts or (self.closes(start, end) and self._at(start).closer in _CODE_CLOSERS)

    def _at(self, position: int) -> _Frame:
        return self.levels[bisect_right(self.starts, position) - 1]


_CODE_CLOSERS = frozenset({"", ")", "`", *_CLOSES.values()})


def balanced(text: str) -> bool:
    """Whether everything that opens in a shell text closes in it."""
    return _Scanner(text, words=True).run()


class _Scanner:
    def __init__(self, text: str, *, words: bool) -> None:
        self.text = text
        self.words = words
        """Whether if, do and { are followed, and not only case."""
        self.found: list[Heredoc] = []
        self.frames = [_Frame("")]
        self.starts, self.levels = [0], self.frames[:]
        self.lost = False
        """Something is closed that is not open, or a quote never."""

    def run(self) -> bool:
        """Whether all that opens closes."""
        position = 0
        while position < len(self.text):
            position = self._step(position)
            if self.frames[-1] is not self.levels[-1]:
                self.starts.append(position)
                self.levels.append(self.frames[-1])
        return not self.lost and len(self.frames) == 1

    def step_over(self, at: int, limit: int) -> int | None:
        """After the `$(...)` or `${...}` at `at`; None where it does not end before `limit`."""
        position = self._dollar(at, in_string=True)
        while position < limit and len(self.frames) > 1:
            position = self._step(position)
        return position if len(self.frames) == 1 and position <= limit else None

    def _step(self, position: int) -> int:
        frame = self.frames[-1]
        if frame.closer == '"':
            return self._string(position)
        if frame.closer == "}":
            return self._brace(position, frame)
        return self._code(position, frame)

    def _string(self, position: int) -> int:
        match = _STRING.search(self.text, position)
        if match is None:
            return len(self.text)
        at, mark = match.start(), match[0]
        if mark == "\\":
            return at + 2
        if mark == '"':
            self.frames.pop()
            return at + 1
        return self._backtick(at) if mark == "`" else self._dollar(at, in_string=True)

    def _brace(self, position: int, frame: _Frame) -> int:
        match = _BRACE.search(self.text, position)
        if match is None:
            return len(self.text)
        at, mark = match.start(), match[0]
        if mark == "\\":
            return at + 2
        if mark == "}":
            self.frames.pop()
            return at + 1
        if mark == '"':
            self.frames.append(_Frame('"'))
            return at + 1
        if mark == "'":
            return at + 1 if frame.in_string else self._after(at + 1, "'")
        return self._backtick(at) if mark == "`" else self._dollar(at, in_string=frame.in_string)

    def _code(self, position: int, frame: _Frame) -> int:
        text = self.text
        match = _CODE.search(text, position)
        if match is None:
            return len(text)
        at, mark = match.start(), match[0]
        if mark == "\n":
            return self._bodies(at + 1, frame) if frame.pending else at + 1
        if mark == "\\":
            return at + 2
        if mark == "'":
            return self._after(at + 1, "'")
        if mark == '"':
            self.frames.append(_Frame('"'))
            return at + 1
        if mark == "`":
            return self._backtick(at)
        if mark == "$":
            return self._dollar(at, in_string=False)
        if mark == "#":
            if at == 0 or text[at - 1] in " \t\n;&|()`":
                end = text.find("\n", at)
                return len(text) if end < 0 else end
            return at + 1
        if mark == "(":
            if text.startswith("((", at) and (closed := arithmetic_end(text, at + 2)) is not None:
                return closed
            self.frames.append(_Frame(")"))
            return at + 1
        if mark == ")":
            if frame.closer == ")":
                self._pop(frame)
            elif frame.closer != "esac":
                self.lost = True
            return at + 1
        if mark == "<":
            return self._less(at, frame)
        self._word(mark, at, frame)
        return match.end()

    def _word(self, mark: str, at: int, frame: _Frame) -> None:
        if not self.words and mark not in ("case", "esac"):
            return
        if mark == "esac" and frame.closer == "esac":
            self._pop(frame)
        elif frame.closer == "esac" and _PATTERN.match(self.text, at + len(mark)):
            return
        elif _COMMAND_START.search(self.text, max(0, at - 60), at):
            if mark in _OPENS:
                self.frames.append(_Frame(_OPENS[mark]))
            elif frame.closer == _CLOSES[mark]:
                self._pop(frame)
            else:
                self.lost = True

    def _after(self, position: int, mark: str) -> int:
        end = self.text.find(mark, position)
        self.lost = self.lost or end < 0
        return len(self.text) if end < 0 else end + 1

    def _pop(self, frame: _Frame) -> None:
        if len(self.frames) > 1:
            self.frames.pop()
            for outer in reversed(self.frames):
                if outer.closer not in ('"', "}"):
                    outer.pending += frame.pending
                    break

    def _backtick(self, at: int) -> int:
        if any(frame.closer == "`" for frame in self.frames):
            while self.frames[-1].closer != "`":
                self.frames.pop()
            self._pop(self.frames[-1])
        else:
            self.frames.append(_Frame("`"))
        return at + 1

    def _dollar(self, at: int, *, in_string: bool) -> int:
        text = self.text
        following = text[at + 1 : at + 2]
        if following == "(":
            if text.startswith("((", at + 1) and (end := arithmetic_end(text, at + 3)) is not None:
                return end
            self.frames.append(_Frame(")"))
            return at + 2
        if following == "{":
            self.frames.append(_Frame("}", in_string=in_string))
            return at + 2
        if following == "'" and not in_string:
            return ansi_end(text, at + 2)
        if following in ("#", "$"):
            return at + 2
        return at + 1

    def _less(self, at: int, frame: _Frame) -> int:
        text = self.text
        if text.startswith("<<<", at):
            return at + 3
        match = _HEREDOC.match(text, at)
        if match is None:
            return at + 1
        blank = _BLANK.match(text, match.end())
        start = blank.end() if blank else match.end()
        delimiter, end, quoted = _delimiter(text, start)
        if end == start:
            return match.end()
        operator = at
        while operator > 0 and text[operator - 1].isdigit():
            operator -= 1
        if operator > 0 and text[operator - 1] not in " \t\n;&|()<>":
            operator = at
        frame.pending.append(_Pending(operator, end, delimiter, quoted, bool(match[1])))
        return end

    def _bodies(self, start: int, frame: _Frame) -> int:
        for one in frame.pending:
            end, close = _body_end(self.text, start, one)
            self.found.append(
                Heredoc(one.operator, one.word_end, one.delimiter, one.quoted, one.strip_tabs, start, end, close)
            )
            start = close
        frame.pending = []
        return start


def _delimiter(text: str, start: int) -> tuple[str, int, bool]:
    parts: list[str] = []
    position, quoted = start, False
    while position < len(text) and text[position] not in " \t\n;&|()<>":
        mark = text[position]
        if mark == "\\":
            quoted = True
            if text[position + 1 : position + 2] != "\n":
                parts.append(text[position + 1 : position + 2])
            position += 2
        elif mark in "'\"" or text.startswith("$'", position):
            quoted = True
            open_at = position if mark != "$" else position + 1
            end = text.find(text[open_at], open_at + 1)
            end = len(text) if end < 0 else end
            parts.append(text[open_at + 1 : end])
            position = end + 1
        else:
            parts.append(mark)
            position += 1
    return "".join(parts), min(position, len(text)), quoted


def _body_end(text: str, start: int, one: _Pending) -> tuple[int, int]:
    """Where the closing line begins and where the text after it does."""
    position = start
    while position < len(text):
        newline = text.find("\n", position)
        end = len(text) if newline < 0 else newline
        logical = text[position:end]
        while not one.quoted and newline >= 0 and _continues(logical):
            position_next = newline + 1
            newline = text.find("\n", position_next)
            end = len(text) if newline < 0 else newline
            logical = logical[:-1] + text[position_next:end]
        if (logical.lstrip("\t") if one.strip_tabs else logical) == one.delimiter:
            return position, len(text) if newline < 0 else newline + 1
        if newline < 0:
            break
        position = newline + 1
    return len(text), len(text)


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def arithmetic_end(text: str, start: int) -> int | None:
    """After the `))` that closes what began before `start`; None where it is no arithmetic."""
    depth = 0
    for match in _ARITHMETIC.finditer(text, start, min(len(text), start + 2000)):
        if match[0] == "(":
            depth += 1
        elif depth:
            depth -= 1
        else:
            return match.end() + 1 if text.startswith("))", match.start()) else None
    return None


_ARITHMETIC = re.compile(r"[()]")


def ansi_end(text: str, start: int) -> int:
    """After the quote that closes $'...' whose content begins at `start`."""
    while start < len(text):
        if text[start] == "\\":
            start += 2
        elif text[start] == "'":
            return start + 1
        else:
            start += 1
    return len(text)


_LONGEST_EXPANSION = 20_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")


def expansion_end(text: str, at: int, limit: int) -> int:
    """After the expansion that begins with the `$` or backtick at `at`; `at` where it is a plain character."""
    if text[at] == "`":
        position = at + 1
        limit = min(limit, at + _LONGEST_EXPANSION)
        while position < limit and text[position] != "`":
            position += 2 if text[position] == "\\" else 1
        return position + 1 if position < limit else at
    following = text[at + 1 : at + 2]
    if following in ("(", "{"):
        if text.startswith("((", at + 1) and (end := arithmetic_end(text, at + 3)) is not None and end <= limit:
            return end
        after = _Scanner(text, words=False).step_over(at, min(limit, at + _LONGEST_EXPANSION))
        return at if after is None else after
    match = _NAME.match(text, at + 1, limit)
    return match.end() if match else at


_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def plain(text: str) -> str:
    """The text with one ASCII letter for every other character, so that offsets in bytes and characters agree."""
    return text if text.isascii() else _NOT_ASCII.sub("x", text)


def masked(text: str, bodies: list[Heredoc]) -> str:
    """The text without here-documents, offsets kept: each operator becomes a redirection, each body blank lines."""
    parts: list[str] = []
    done = 0
    spans: list[tuple[int, int, bool]] = []
    for body in bodies:
        spans += ((body.operator, body.word_end, True), (body.start, body.close, False))
    for start, end, is_operator in sorted(spans):
        if start < done:
            continue
        parts.append(text[done:start])
        if is_operator:
            digits = len(text[start:end]) - len(text[start:end].lstrip("0123456789"))
            parts.append(text[start : start + digits] + "<" + "_" * (end - start - digits - 1))
        else:
            parts.append("\n".join(" " * len(line) for line in text[start:end].split("\n")))
        done = end
    parts.append(text[done:])
    return plain("".join(parts))


def parser() -> Parser:
    return Parser(grammar("tree_sitter_bash"))


_REPAIRS = 25
_OF_ONE_LINE = frozenset({"command", "file_redirect", "declaration_command", "unset_command"})
_BARE_NEWLINE = re.compile(r"(?<!\\)\n")


def _run_on(root: Node, text: str) -> list[int]:
    """Where words of one command stand on two lines with no backslash between: the blank behind the first one."""
    places: list[int] = []
    stack = [root]
    while stack:
        node = stack.pop()
        children = node.children
        stack += children
        if node.type in _OF_ONE_LINE and "\n" in text[node.start_byte : node.end_byte]:
            for one, two in pairwise(children):
                between = text[one.end_byte : two.start_byte]
                if between[:1] in (" ", "\t", "\n") and _BARE_NEWLINE.search(between):
                    places.append(one.end_byte)
                    break
    return places


@dataclass
class ShellTree:
    """A shell text, parsed once. Offsets of nodes are offsets of `text`."""

    text: str
    heredocs: list[Heredoc]
    plain: str
    nesting: Nesting

    @cached_property
    def root(self) -> Node:
        """The grammar now and then reads a line on into the next one, and says nothing: where it does, the line is
        ended with a `;` and all is read again."""
        text = self.plain
        for _ in range(_REPAIRS):
            root = parser().parse(text.encode("ascii")).root_node
            places = _run_on(root, text)
            if not places:
                break
            marks = list(text)
            for place in places:
                marks[place] = ";"
            text = "".join(marks)
        return root

    @cached_property
    def _misread(self) -> list[tuple[int, int]]:
        """Nodes that end in other quotes, expansions or parentheses than they begin in."""
        found: list[tuple[int, int]] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.is_named and node.type != "comment" and not self.nesting.closes(node.start_byte, node.end_byte):
                found.append((node.start_byte, node.end_byte))
            stack += node.children
        return sorted(found)

    def misread(self, start: int, end: int) -> bool:
        """Whether the grammar sees other quotes in text[start:end] than the shell does, backticks in quotes often."""
        first = bisect_left(self._misread, (start, start))
        return any(stop <= end for _, stop in takewhile(lambda span: span[0] <= end, self._misread[first:]))

    @cached_property
    def by_operator(self) -> dict[int, Heredoc]:
        return {one.operator: one for one in self.heredocs}


def read_shell(text: str) -> ShellTree:
    for words in (True, False):
        scanner = _Scanner(text, words=words)
        if scanner.run():
            nesting = Nesting(tuple(scanner.starts), tuple(scanner.levels))
            return ShellTree(text, scanner.found, masked(text, scanner.found), nesting)
    return ShellTree(text, scanner.found, masked(text, scanner.found), Nesting((), ()))
