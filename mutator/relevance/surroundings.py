"""What an edit touches in its source: what it changes, the statement around it, and what depends on that.

Lines and indents only, so it is the same for every language; nothing here needs the text to parse.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from mutator.model import Edit
from mutator.relevance.requirements import says_nothing


@dataclass(frozen=True, slots=True)
class Zone:
    """A text that a change concerns."""

    text: str
    nearness: float
    code: bool = True
    without: str = ""
    """Tokens of this text are not meant: they stay as they are."""
    same: float = 0.0
    """How near it is where nothing else changes: the two sides of a sign."""
    concepts: bool = False
    """Whether only what it does is meant, and not its words."""
    changed: bool = False
    """Whether it is what changes, and not what stands around it."""
    named: float = 0.0
    """How near the whole text is, where the instruction names it as it stands."""


NEW, SAME, STATEMENT, COMMENT, GUARD, BODY, DEFINED, SCOPE = 0.4, 0.4, 0.45, 0.6, 0.3, 0.4, 0.3, 0.35
CONTENT = 0.5
"""The file that a piece of data is the content of: what the sentence asks for is in it."""
_DATA = frozenset(("json", "yaml", "toml", "ini", "csv", "env"))
_PROSE = re.compile(r"\.(?:txt|md|tsv|csv|log)$|/[^./]+$")
"""What else is text is a program that no family speaks."""
NAMED = 0.6
"""An edit somewhere in a function that the instruction names."""
WIDE = 4
"""Lines beyond which an edit is about more than any one of them."""
_LONG_LINE = 160
_LONGEST = 20_000
"""Characters of a removed text that are looked at."""
_NEARLY_ALL = 0.75
_FEW = 5
"""A name that stands on more lines than this says nothing about any of them."""

_PARTED = re.compile(r"[;{}]|(?<!\|)\|(?!\|)")
_BETWEEN = re.compile(r"[,;\s]*\n\s*")
_LAST_WORD = re.compile(r"[\w.\-\]\['\")]+ *$")
_NEXT_WORD = re.compile(r"[ (]*[\w.\-'\"]+")
_NAME = re.compile(r"[A-Za-z_$]\w{2,}|\b[a-z]\d\b")
_ASSIGNED = re.compile(
    r"^\s*(?:export |local |readonly |const |let |var |static |final )?"
    r"\$?([A-Za-z_]\w{2,}|[a-z]\d)(?:, ?(?:_|err|ok))?\s*(?::[^=]{1,40})?(?:=(?!=)|:=)"
)
_KEYED = re.compile(r"[(\[{,]\s*[\"']?[\w.]+[\"']?\s*(?::[^=,]{1,30}=|[:=](?!=))")
_FIRST_GIVEN = re.compile(r"\(\s*([\"'][^\"'\n]{2,40}[\"'])\s*,")
_GUARDS = re.compile(r"^\s*(?:\}?\s*else if|elif|if|while|for|case|when|unless|until|switch|except|catch|with|match)\b")
_CASE = re.compile(
    r"\s*(?:case|when)\s+[\"'](\w{3,})[\"']|\s*(?:\}?\s*else )?(?:el)?if\b[^\n]*[=!]=\s*[\"'](\w{3,})[\"']"
    r"|\s*[\"']?([\w-]{3,})[\"']?\)\s*$"
)
_FAR = 150
"""Lines above a change that may say for which command it is done."""
_OPENS = re.compile(r"(?::|\{|\bthen|\bdo)\s*$")
_COMMENT = re.compile(r"^\s*(?:#(?!!)|//|--\s|;|/?\*+(?!/))\s*(.*?)\s*(?:\*/)?$")
_TRAILING = re.compile(r"(?<=[\s;,)}\]])(?:#|//)\s+(\S.*)$")
_DOCSTRING = re.compile(r"^\s*[rRuU]?(\"\"\"|''')(.*?)(?:\1|$)", re.DOTALL)
_DEFINES = re.compile(
    r"^\s*(?:(?:async|pub|export|private|public|override|suspend|static) )*"
    r"(?:def|class|func|fn|fun|function|sub)\s+\W*\w+|^\s*\w+\s*\(\)\s*\{"
)


_HEREDOC = re.compile(r"<<-?\s*[\\'\"]?\w+")
_LOOKS = frozenset(
    "test [ [[ ls cat head tail stat file wc diff cmp grep echo printf cd which pwd sleep if log info logger".split()
)
"""Commands that make nothing of the files they name, unless they write to one."""
_FILTERS = frozenset("sort uniq sed awk tr cut less more column jq true nl".split())
_PIPED = re.compile(r".*(?<!\|)\|\s*(?:sudo (?:-\w+ )*)?([\w./-]+)")
"""What takes in the output of the command before it."""
_FILE = re.compile(r"[\"'`]([~.\w/-]*/[\w.-]+|[\w-]+\.[a-z]{2,5})[\"'`]")
_PUTS = re.compile(
    r"\.write\w*\(|\bdump\w*\(|\bto_(?:csv|json|excel|parquet)\(|\bsave\w*\(|[Ww]riteFile|[\"'][wax]b?\+?[\"']|\bcreate\("
)
_CLEANED = re.compile(r"[\"']?(?:-|/tmp/)")
"""What `rm` is given where it only tidies up."""
_RUNNERS = frozenset("python python3 bash sh node ruby perl timeout sudo exec time nohup env".split())
_COMMAND = re.compile(r"[^\s;&|()]+")
_SAYS = re.compile(
    r"(?:^|[:;{]|\bthen\b)\s*(?:\w+\.)?"
    r"(?:print\w*|echo|log\w*|warn\w*|debug|info|raise|throw|panic!?|Println|die|fail|errors)\b"
)
_QUOTES = re.compile(r"['\"`]")
_FOR = {"chmod": "~permissions", "chown": "~owner", "chgrp": "~owner"}
_WRITES = re.compile(r"(?<![<>&\d-])>{1,2}\s*(\S+)")
LOOKED_AT, TRIED, MESSAGE = 0.15, 0.3, 0.6
TAKEN_IN = 0.5


class Surroundings:
    """One source's text, read for what stands around an edit.

    `products`: the programs that the solution makes; running one of them in the solution itself only tries it.
    """

    def __init__(self, text: str, language: str = "", target: str = "", products: frozenset[str] = frozenset()) -> None:
        self.text = text
        self.content_of = target if language in _DATA or (language == "text" and _PROSE.search(target)) else ""
        self._shell = language == "shell"
        self._products = products
        self.lines = text.split("\n")
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def number(self, offset: int) -> int:
        return min(bisect_right(self._starts, offset), len(self.lines)) - 1

    def start(self, number: int) -> int:
        return self._starts[number]

    @cached_property
    def _named(self) -> dict[str, list[int]]:
        """Name -> the lines on which it stands, as far as they are few."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.lines):
            if len(line) > 1000:
                continue
            for name in set(_NAME.findall(line)):
                places = found.setdefault(name, [])
                if len(places) <= _FEW + 1:
                    places.append(number)
        return {name: places for name, places in found.items() if 1 < len(places) <= _FEW + 1}

    @cached_property
    def remarks(self) -> frozenset[int]:
        """The lines that do nothing: comments, and the texts that say what a module or a function is for."""
        found: set[int] = set()
        inside = ""
        for number, line in enumerate(self.lines):
            if inside:
                found.add(number)
                inside = "" if inside in line else inside
                continue
            doc = _DOCSTRING.match(line)
            if doc:
                found.add(number)
                inside = "" if line.rstrip().endswith(doc[1]) and line.count(doc[1]) > 1 else doc[1]
            elif not self.content_of and _COMMENT.match(line):
                found.add(number)
        return frozenset(found)

    def whole(self, edits: Sequence[Edit]) -> bool:
        """Whether (nearly) all of the text goes: then it is about the text's purpose, and no part of it."""
        gone = sum(edit.end - edit.start - len(edit.new) for edit in edits)
        return gone > 0.7 * len(self.text.strip()) and self.text.count("\n") >= WIDE

    def is_all(self, scope: str) -> bool:
        """Whether a function is (nearly) the whole program."""
        name = scope.rsplit(".", 1)[-1]
        return bool(name) and self._sizes.get(name, 0) > _NEARLY_ALL * sum(bool(line.strip()) for line in self.lines)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """Function -> how many lines it has."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.lines):
            defines = _DEFINES.match(line)
            if defines is None:
                continue
            name = _NAME.findall(defines[0])
            end = number + 1
            while end < len(self.lines) and (not self.lines[end].strip() or _indent(self.lines[end]) > _indent(line)):
                end += 1
            if name:
                found[name[-1]] = sum(bool(each.strip()) for each in self.lines[number:end])
        return found

    def is_part(self, edits: Sequence[Edit], name: str) -> bool:
        """Whether a change is of one part of a function or of what is done for a command, and not of all of it."""
        first, last = self.number(edits[0].start), self.number(max(edits[-1].end - 1, edits[-1].start))
        if self._is_body(first, last) or _DEFINES.match(self.lines[first]):
            return False
        return 2 * (last - first + 1) < self._sizes.get(name, 10**6)

    def is_large(self, name: str) -> bool:
        """Whether a function does so many things that its name says little of each."""
        return self._sizes.get(name, 0) > 2 * WIDE

    def cases(self, edits: Sequence[Edit]) -> list[str]:
        """The words for which what is done here is done: `case "RENEW":` above, with all between it indented more."""
        number = self.number(edits[0].start)
        indent = _indent(self.lines[number]) + (_CASE.match(self.lines[number]) is not None)
        found: list[str] = []
        for above in range(number, max(number - _FAR, -1), -1):
            line = self.lines[above]
            if not line.strip() or _indent(line) >= indent:
                continue
            indent = _indent(line)
            case = _CASE.match(line) if len(line) < _LONG_LINE else None
            if case:
                found.append(case[1] or case[2] or case[3])
            if not indent or _DEFINES.match(line):
                break
        return found

    def zones(self, edits: Sequence[Edit], scope: str) -> Iterator[Zone]:
        first, last = self.number(edits[0].start), self.number(max(edits[-1].end - 1, edits[-1].start))
        height = sum(self.text.count("\n", edit.start, max(edit.end - 1, edit.start)) + 1 for edit in edits)
        if height > WIDE or self._is_body(first, last):
            yield from self._wide(edits, scope, height)
            return
        changed: list[str] = []
        share = self._share(first)
        for edit in edits:
            old, new = self.widened(edit)
            changed.append(old)
            yield Zone(old, share, without=new, changed=True)
            yield Zone(new, NEW * share, without=old, changed=True)
            yield Zone(old, SAME * share, same=share)
        if share < 1.0:
            for written in _WRITES.findall("\n".join(changed)):
                yield Zone(written, 1.0)
        if scope:
            yield Zone(scope.rsplit(".", 1)[-1], SCOPE, named=NAMED)
        seen: set[int] = set()
        for edit in edits[:4]:
            low, high = self.number(edit.start), self.number(max(edit.end - 1, edit.start))
            numbers = [number for number in range(low, high + 1) if number not in seen]
            seen.update(numbers)
            for number in numbers:
                said = self.element(number, edit) if low == high else ""
                yield Zone(said or self.statement(number, edit), STATEMENT * share)
            if low == high:
                old, new = self._both(low, edit)
                yield Zone(old, share, without=new, concepts=True, changed=True)
            comment = self.comment(low)
            if comment:
                yield Zone(comment, COMMENT, code=False)
            yield from self._depends(low, high)
        for number in self._definitions(changed, first, last):
            yield Zone(self.lines[number], DEFINED)

    def without_line_before(self, edit: Edit) -> Edit:
        """A removal without the comma and the end of the line before, which belong to another entry."""
        between = _BETWEEN.match(self.text, edit.start, edit.end)
        return (
            Edit(between.end(), edit.end, edit.new) if between and not edit.new and between.end() < edit.end else edit
        )

    def _is_body(self, first: int, last: int) -> bool:
        """Whether these lines are all that a function does."""
        if not first or not _DEFINES.match(self.lines[first - 1]):
            return False
        after = next((line for line in self.lines[last + 1 :] if line.strip()), "")
        return _indent(after) < _indent(self.lines[first]) if after else True

    def _share(self, number: int) -> float:
        """What the words of a statement say about what it does: little where it only looks, or tells."""
        if not self._shell:
            line = self.lines[number]
            return MESSAGE if _SAYS.search(line) and _QUOTES.search(line) else 1.0
        words = _COMMAND.findall(self.lines[number])
        while words and (words[0].rsplit("/", 1)[-1] in _RUNNERS or words[0].startswith("-") or words[0].isdigit()):
            words.pop(0)
        if not words:
            return 1.0
        if words[0] in _LOOKS:
            taken_in = _PIPED.search(self.lines[number])
            does = _WRITES.search(self.lines[number]) or (taken_in and taken_in[1] not in _LOOKS | _FILTERS)
            return 1.0 if does else LOOKED_AT
        if words[0] == "rm" and all(_CLEANED.match(word) for word in words[1:]):
            return LOOKED_AT
        return TRIED if words[0].strip("\"'").removeprefix("./").rsplit("/", 1)[-1] in self._products else 1.0

    def taken_in(self, edits: Sequence[Edit]) -> str:
        """What a command only reads, where it writes to a file of its own: it is about what it makes."""
        number = self.number(edits[0].start)
        line = self.lines[number]
        if not self._shell or number != self.number(max(edits[-1].end - 1, edits[-1].start)):
            return ""
        return _WRITES.sub(" ", line) if _WRITES.search(line) else ""

    def written(self, edits: Sequence[Edit]) -> str:
        """The file that a program's statement writes to, where it says so itself."""
        number = self.number(edits[0].start)
        if self._shell or number != self.number(max(edits[-1].end - 1, edits[-1].start)):
            return ""
        statement = self.statement(number, edits[0])
        file = _FILE.search(statement)
        return file[1] if file and _PUTS.search(statement) else ""

    def only_for(self, edits: Sequence[Edit]) -> str:
        """The concept without which a sentence does not ask for what this command does."""
        if not self._shell:
            return ""
        word = _COMMAND.search(self.lines[self.number(edits[0].start)])
        return _FOR.get(word[0], "") if word else ""

    def widened(self, edit: Edit) -> tuple[str, str]:
        """The change with the words it begins and ends in whole, and with no more than that."""
        start, end = edit.start, min(edit.end, edit.start + _LONGEST)
        low, high = start, edit.end
        if start == edit.end or (start < len(self.text) and _in_word(self.text[start])) or edit.new:
            while low > 0 and start - low < 60 and _in_word(self.text[low - 1]):
                low -= 1
        while (
            high < len(self.text) and high - edit.end < 60 and _in_word(self.text[high]) and (low < start or high > low)
        ):
            if edit.start == edit.end and low == start and not _in_word(edit.new[:1] or " "):
                break
            high += 1
        if not any(map(_in_word, self.text[low:high])):
            low, high = self._operands(low, high)
        head, tail = self.text[low:start], self.text[edit.end : high]
        return head + self.text[start:end] + tail, head + edit.new[:_LONGEST] + tail

    def _operands(self, low: int, high: int) -> tuple[int, int]:
        """What stands on both sides of a sign, in its line."""
        before = _LAST_WORD.search(self.text, max(low - 60, self.text.rfind("\n", 0, low) + 1), low)
        after = _NEXT_WORD.match(self.text, high, high + 60)
        return (before.start() if before else low), (after.end() if after else high)

    @cached_property
    def _one_line(self) -> bool:
        """Whether all of a program stands in one line: then its parts are what lines are elsewhere."""
        return not self._shell and not self.content_of and sum(bool(line.strip()) for line in self.lines) == 1

    def statement(self, number: int, edit: Edit) -> str:
        """The line, or of a very long one or a whole program the part between its separators."""
        line = self.lines[number]
        at = min(max(edit.start - self._starts[number], 0), len(line))
        if self._one_line:
            stop = min(max(edit.end - self._starts[number], at), len(line))
            low = max((found.end() for found in _PARTED.finditer(line, 0, at)), default=0)
            after = _PARTED.search(line, stop)
            return line[low : after.start() if after else len(line)]
        if len(line) <= _LONG_LINE:
            return line
        low = max(line.rfind(";", 0, at), at - _LONG_LINE, 0)
        high = line.find(";", max(edit.end - self._starts[number], at))
        return line[low : min(high if high >= 0 else len(line), at + _LONG_LINE)]

    def element(self, number: int, edit: Edit) -> str:
        """Of several named values in one pair of brackets that which the edit is in, with what stands before the
        bracket; nothing elsewhere."""
        line = self.lines[number]
        low, start, end, high = self._in_brackets(number, edit)
        if low < 0:
            return ""
        several = len(_KEYED.findall(line, low, high)) > 1
        if not several or not _KEYED.match(f",{line[start:end]}"):
            return ""
        before = line[line.rfind(";", 0, low) + 1 : low]
        first = _FIRST_GIVEN.match(line, low)  # What the others are about: `add_argument("--size", default=1)`.
        return f"{before} {first[1] if first else ''} {line[start:end]}"

    def siblings(self, number: int, edit: Edit) -> str:
        """What stands in the same brackets as an edit, without the value that it is in."""
        low, start, end, high = self._in_brackets(number, edit)
        line = self.lines[number]
        first = _FIRST_GIVEN.match(line, low) if low >= 0 else None
        if first:
            if edit.start - self._starts[number] < first.end():
                return ""  # The others are about this one.
            low = min(first.end() - 1, start)
        return f"{line[low + 1 : start]} {line[end:high]}" if low >= 0 else ""

    def _in_brackets(self, number: int, edit: Edit) -> tuple[int, int, int, int]:
        """In the line: the bracket before an edit, where the value begins and ends that the edit is in, and the end of
        the brackets; -1 where there are none."""
        line = self.lines[number]
        at = min(edit.start - self._starts[number], len(line))
        depth, low = 0, at
        commas: list[int] = []
        while low > 0 and depth >= 0:
            low -= 1
            depth += (line[low] in ")]}") - (line[low] in "([{")
            if depth == 0 and line[low] == ",":
                commas.append(low)
        if depth >= 0:
            return -1, 0, 0, 0
        depth, high = 0, max(edit.end - self._starts[number], at)
        ends: list[int] = []
        while high < len(line) and depth >= 0:
            depth += (line[high] in "([{") - (line[high] in ")]}")
            if depth < 0 or (depth == 0 and line[high] == ","):
                ends.append(high)
            high += 1
        return low, (commas[0] if commas else low) + 1, ends[0] if ends else len(line), high

    def is_parameter(self, number: int, edit: Edit) -> bool:
        """Whether an edit is about one of several named parameters of a function."""
        return _DEFINES.match(self.lines[number]) is not None and self.element(number, edit) != ""

    def _both(self, number: int, edit: Edit) -> tuple[str, str]:
        """The statement around an edit within a line, before and after."""
        at = self._starts[number]
        low = max(edit.start - at - _LONG_LINE, 0)
        line = self.lines[number]
        after = line[: edit.start - at] + edit.new[:_LONG_LINE] + line[edit.end - at :]
        return line[low : edit.end - at + _LONG_LINE], after[low : edit.start - at + len(edit.new) + _LONG_LINE]

    def _heads(self, number: int) -> bool:
        """Whether a comment is the first thing in the text: then it is about all of it."""
        return all(not line.strip() or line.startswith("#!") or _COMMENT.match(line) for line in self.lines[:number])

    def comment(self, number: int) -> str:
        """What the solution's author says of this line: beside it, or above it without a gap."""
        found: list[str] = []
        beside = _TRAILING.search(self.lines[number]) if len(self.lines[number]) < 400 else None
        if beside:
            found.append(beside[1])
        above = number - 1
        while above >= 0 and number - above <= 6 and self.lines[above].strip():
            comment = _COMMENT.match(self.lines[above])
            if comment:
                if above < number - 1 and self._heads(above):
                    break
                found.append(comment[1])
                while above > 0 and (comment := _COMMENT.match(self.lines[above - 1])) and len(found) < 4:
                    found.append(comment[1])
                    above -= 1
                break
            if _indent(self.lines[above]) < _indent(self.lines[number]) or _DEFINES.match(self.lines[above]):
                break
            above -= 1
        said = "\n".join(found)[:400]
        return "" if says_nothing(said) else said

    def _depends(self, low: int, high: int) -> Iterator[Zone]:
        line = self.lines[low]
        indent = _indent(line)
        if _GUARDS.match(line) or _OPENS.search(self.lines[high]):
            body = list(self.body(low, high))
            for text in body:
                yield Zone(text, BODY)
            for number in self._definitions(body, low, high)[:2]:
                yield Zone(self.lines[number], DEFINED)
        for number in range(low - 1, max(low - 12, -1), -1):
            above = self.lines[number]
            if above.strip() and _indent(above) < indent:
                if _GUARDS.match(above):
                    yield Zone(above[:400], GUARD)
                break
        for text in self.uses(low, high):
            yield Zone(text, DEFINED)

    def body(self, low: int, high: int) -> Iterator[str]:
        """The first lines below these that are indented more."""
        for line in self.lines[high + 1 : high + 4]:
            if line.strip() and _indent(line) <= _indent(self.lines[low]):
                return
            yield line[:400]

    def uses(self, low: int, high: int) -> list[str]:
        """The other lines on which the name stands that these lines give a value, where they are few."""
        assigned = _ASSIGNED.match(self.lines[low])
        places = self._named.get(assigned[1], ()) if assigned else ()
        return [self.lines[place][:400] for place in places if not low <= place <= high]

    def constant(self, edits: Sequence[Edit]) -> tuple[str, str]:
        """The number that a name stands for, and the line that says so, where this name is all that is left out."""
        names = {name for edit in edits for name in _NAME.findall(self.text[edit.start : edit.end])}
        if len(names) != 1 or any(edit.new.strip() for edit in edits):
            return "", ""
        (name,) = names
        for number in self._named.get(name, ()):
            value = re.match(
                rf"\s*(?:const |static |final )*{re.escape(name)}\s*:?=\s*(\d[\d_.]*)\s*;?\s*(?:#|//|$)",
                self.lines[number],
            )
            if value:
                return value[1], self.lines[number]
        return "", ""

    def _definitions(self, changed: Sequence[str], first: int, last: int) -> list[int]:
        """Where the names in the changed text get their value."""
        found: dict[int, None] = {}
        for text in changed:
            for name in _NAME.findall(text[:400]):
                for number in self._named.get(name, ()):
                    assigned = _ASSIGNED.match(self.lines[number])
                    if not first <= number <= last and assigned and assigned[1] == name:
                        found[number] = None
        return list(found)[:3]

    def _wide(self, edits: Sequence[Edit], scope: str, height: int) -> Iterator[Zone]:
        """Many lines at once: what they are called and said to do, and the less what each holds the more they are."""
        number = self.number(edits[0].start)
        if scope:
            name = scope.rsplit(".", 1)[-1]
            part = self.is_part(edits, name)
            yield Zone(name, SCOPE if part else 1.0, named=NAMED if part else 1.0, changed=not part)
        above = [each for each in range(number, max(number - 12, -1), -1) if _DEFINES.match(self.lines[each])]
        said = "\n".join(self.lines[above[0] : number + 6]) if above else self.lines[number]
        for line in said.split("\n"):
            doc = _DOCSTRING.match(line)
            if doc:
                yield Zone(doc[2], 0.8, code=False, changed=True)
                break
        for each in {number, *above[:1]}:
            comment = self.comment(each)
            if comment:
                yield Zone(comment, 0.8, code=False, changed=True)
        first, last = self.number(edits[0].start), self.number(max(edits[-1].end - 1, edits[-1].start))
        parts = [self.text[edit.start : edit.end] for edit in edits] if self.is_part(edits, scope) else []
        for defined in self._definitions(parts, first, last):
            yield Zone(self.lines[defined], DEFINED)
        share = max(0.15, 1.0 / height**0.5)
        if self._shell and _HEREDOC.search(self.lines[number]):
            yield Zone(self.lines[number], self._share(number), changed=True)
            share /= 4
        for edit in edits:
            yield Zone(
                self.text[edit.start : min(edit.end, edit.start + _LONGEST)], share, without=edit.new, changed=True
            )


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "_-/."


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def difference(before: str, after: str) -> tuple[Edit, ...]:
    """The one edit that turns a text into another."""
    if before == after:
        return ()
    start, limit = 0, min(len(before), len(after))
    while start < limit and before[start] == after[start]:
        start += 1
    end = 0
    while end < limit - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return (Edit(start, len(before) - end, after[start : len(after) - end]),)
