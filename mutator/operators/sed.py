"""sed programs: commands left out, replacements and addresses changed, `g` lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mutator.model import Candidate, Edit, FaultClass, Tier, apply
from mutator.operators.another_name import another_name
from mutator.operators.define import operator, operators_in

LANGUAGES = frozenset({"sed"})
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Command:
    start: int
    end: int
    """Without the `;` or line end behind it."""
    address: Span | None
    name: str
    pattern: Span | None = None
    replacement: Span | None = None
    flags: Span | None = None
    text: Span | None = None
    """Of a, i and c."""


@dataclass(slots=True)
class Program:
    text: str
    commands: list[Command]


_ADDRESS = re.compile(r"(?:\d+(?:~\d+)?|\$|/(?:\\.|\[[^\]]*\]|[^/\\\n])+/[IM]?|\\(.)(?:\\.|(?!\1)[^\\\n])+\1[IM]?)")
_RANGE = re.compile(r"\s*,\s*(?:[+~]?\d+|\$)?")
_BLANK = re.compile(r"[\s;]*")
_PLAIN = frozenset("dDgGhHlnNpPqQxz=F{}")


def parse(text: str, language: str) -> Program | None:
    commands = _read(text)
    return Program(text, commands) if commands else None


def _read(text: str) -> list[Command] | None:
    commands: list[Command] = []
    depth = 0
    position = 0
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        if position >= len(text):
            return commands if depth == 0 else None
        if text[position] == "#":
            newline = text.find("\n", position)
            position = len(text) if newline < 0 else newline
            continue
        command = _command(text, position)
        if command is None:
            return None
        depth += {"{": 1, "}": -1}.get(command.name, 0)
        if depth < 0:
            return None
        commands.append(command)
        position = command.end


def _command(text: str, start: int) -> Command | None:
    position = start
    address = None
    first = _ADDRESS.match(text, position)
    if first:
        position = first.end()
        between = _RANGE.match(text, position)
        if between and between[0].strip():
            position = between.end()
            if between[0].strip() == ",":
                second = _ADDRESS.match(text, position)
                if second is None:
                    return None
                position = second.end()
        address = (start, position)
    while position < len(text) and text[position] in " \t!":
        position += 1
    if position >= len(text):
        return None
    name = text[position]
    after = position + 1
    if name in "sy":
        return _substitution(text, start, position, address, name)
    if name in "aic":
        end = after
        while end < len(text) and (text[end] != "\n" or text[end - 1] == "\\"):
            end += 1
        begin = after
        while begin < end and text[begin] in " \t\\\n":
            begin += 1
        return Command(start, end, address, name, text=(begin, end)) if begin < end else None
    if name in "bt:Trw":
        end = after
        while end < len(text) and text[end] not in ("\n" if name in "rw:" else ";\n}"):
            end += 1
        return Command(start, end, address, name)
    if name in "qQlL":
        while after < len(text) and text[after] in " 0123456789":
            after += 1
    return Command(start, after, address, name) if name in _PLAIN or name in "qQlL" else None


def _substitution(text: str, start: int, position: int, address: Span | None, name: str) -> Command | None:
    delimiter = text[position + 1 : position + 2]
    if not delimiter or delimiter in "\\\n":
        return None
    first = _section(text, position + 2, delimiter, brackets=True)
    second = _section(text, first + 1, delimiter, brackets=False) if first is not None else None
    if first is None or second is None:
        return None
    end = second + 1
    while end < len(text) and text[end] in "gpiIeMm0123456789":
        end += 1
    if text.startswith("w", end):
        newline = text.find("\n", end)
        end = len(text) if newline < 0 else newline
    if end < len(text) and text[end] not in " \t\n;}#":
        return None
    return Command(start, end, address, name, (position + 2, first), (first + 1, second), (second + 1, end))


def _section(text: str, position: int, delimiter: str, *, brackets: bool) -> int | None:
    inside = False
    while position < len(text):
        mark = text[position]
        if mark == "\\":
            position += 2
            continue
        if brackets and mark == "[" and not inside:
            inside = True
            position += 2 if text[position + 1 : position + 2] == "]" else 1
            continue
        if inside and mark == "]":
            inside = False
        elif mark == delimiter:
            # A delimiter within brackets ends the section in GNU sed as well.
            return position
        position += 1
    return None


@operator(
    "sed.drop-command",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "`{command}` is left out of the sed program",
    ("s/a/b/; /x/d\n$a end\n", ("/x/d\n$a end\n", "s/a/b/; $a end\n", "s/a/b/; /x/d\n")),
    ("s/a/b/", ()),
)
def drop_command(program: Program) -> Iterator[Candidate]:
    simple = [one for one in program.commands if one.name not in "{}:"]
    if len(simple) < 2:
        return
    for command in simple:
        end = command.end
        after = re.compile(r"[ \t]*(?:;|\n)[ \t]*").match(program.text, end)
        fields = {"command": program.text[command.start : end]}
        first = command.start
        if after:
            end = after.end()
        elif before := re.search(r"[;\s]*$", program.text[:first]):
            first = before.start()
        yield Candidate((Edit(first, end, ""),), fields)


@operator(
    "sed.change-replacement",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "sed writes {new} instead of `{old}`",
    ("s/port 80/port 8080/", ("s/port 80/port 8081/",)),
    ("s|a/b|c\\1|g;3i hello", ("s|a/b|c\\1|g;3i hellos",)),
)
def change_replacement(program: Program) -> Iterator[Candidate]:
    for command in program.commands:
        span = command.replacement if command.name == "s" else command.text
        if span is None:
            continue
        old = program.text[slice(*span)]
        fields = {"old": old}
        numbers = list(re.finditer(r"(?<![\\\w])\d+(?!\w)", old))
        if numbers:
            last = numbers[-1]
            at = span[0] + last.start()
            stated = last[0]
            edit = Edit(at, at + len(last[0]), str(int(last[0]) + 1))
        elif word := re.search(r"(?:^|[ =])(?P<word>[A-Za-z][A-Za-z-]+)$", old):
            stated = word["word"]
            edit = Edit(span[0] + word.start("word"), span[1], another_name(stated))
        else:
            continue
        new = apply(program.text, (edit,))[span[0] : span[1] + len(edit.new) - (edit.end - edit.start)]
        yield Candidate((edit,), {**fields, "new": f"`{new}`"}, stated=stated)


@operator(
    "sed.drop-address",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{command}` is done on every line, not on `{address}`",
    ("/x/,/y/s/a/b/\n1!d", ("s/a/b/\n1!d", "/x/,/y/s/a/b/\nd")),
)
def drop_address(program: Program) -> Iterator[Candidate]:
    for command in program.commands:
        if command.address and command.name in "sdp":
            start, end = command.address
            after = re.compile(r"[ \t]*!?[ \t]*").match(program.text, end)
            stop = after.end() if after else end
            fields = {"address": program.text[start:end], "command": _said(program, command)}
            yield Candidate((Edit(start, stop, ""),), fields)


def _said(program: Program, command: Command) -> str:
    return program.text[command.start : command.end]


def valid(program: Program, candidate: Candidate) -> bool:
    return _read(apply(program.text, candidate.edits)) is not None


class SedFamily:
    name = "sed"
    languages = LANGUAGES
    operators = operators_in(globals())

    def parse(self, text: str, language: str) -> Program | None:
        return parse(text, language)

    def valid(self, tree: Program, candidate: Candidate) -> bool:
        return valid(tree, candidate)


FAMILY = SedFamily()
