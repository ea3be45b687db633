"""The small shell language of words in Dockerfiles: quotes, escapes and `${NAME:-...}`, as BuildKit reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Syntax:
    escape: str = "\\"
    raw_quotes: bool = False
    """Leave quotes in the result."""
    raw_escapes: bool = False
    """Leave escape characters in the result."""
    quotes: bool = True
    """False: quote characters have no meaning, as in the body of a heredoc."""
    keep_unset: bool = False
    """Leave a variable without a value as it is written."""


def expand(word: str, values: Mapping[str, str], syntax: Syntax = Syntax()) -> str:
    """The word with variables replaced and quotes removed. ValueError says what is wrong with it."""
    return _Scanner(word, values, syntax).until("")[0]


def split(text: str, values: Mapping[str, str], syntax: Syntax = Syntax()) -> list[str]:
    """Like `expand`, but split into words at blanks outside quotes, also at blanks from a variable's value."""
    return _Scanner(text, values, syntax).until("")[1]


class _Words:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.word = ""

    def add(self, text: str, *, literal: bool) -> None:
        for char in text:
            if literal or not char.isspace():
                self.word += char
            else:
                self.end()

    def end(self) -> None:
        if self.word:
            self.done.append(self.word)
        self.word = ""


class _Scanner:
    def __init__(self, text: str, values: Mapping[str, str], syntax: Syntax) -> None:
        self.text, self.values, self.syntax, self.at = text, values, syntax, 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        self.at += 1
        return char

    def until(self, stop: str) -> tuple[str, list[str]]:
        result, words = "", _Words()
        while char := self.peek():
            if char == stop:
                self.take()
                words.end()
                return result, words.done
            if char == "$":
                piece, literal = self.dollar(), False
            elif char == "'" and self.syntax.quotes:
                piece, literal = self.single_quoted(), True
            elif char == '"' and self.syntax.quotes:
                piece, literal = self.double_quoted(), True
            elif char == self.syntax.escape:
                escape = self.take()
                piece, literal = (escape if self.syntax.raw_escapes else "") + self.take(), True
            else:
                piece, literal = self.take(), False
            result += piece
            words.add(piece, literal=literal)
        if stop:
            raise ValueError(f"a '{stop}' is missing in {self.text}")
        words.end()
        return result, words.done

    def single_quoted(self) -> str:
        start = self.at
        end = self.text.find("'", start + 1)
        if end < 0:
            raise ValueError(f"a single quote is never closed in {self.text}")
        self.at = end + 1
        return self.text[start : end + 1] if self.syntax.raw_quotes else self.text[start + 1 : end]

    def double_quoted(self) -> str:
        self.take()
        result = mark = '"' if self.syntax.raw_quotes else ""
        while char := self.peek():
            if char == '"':
                self.take()
                return result + mark
            if char == "$":
                result += self.dollar()
                continue
            self.take()
            if char == self.syntax.escape:
                if self.syntax.raw_escapes:
                    result += char
                if not self.peek():
                    break
                if self.peek() in ('"', "$", self.syntax.escape):
                    char = self.take()
                elif self.syntax.raw_escapes:
                    continue
            result += char
        raise ValueError(f"a double quote is never closed in {self.text}")

    def name(self) -> str:
        match = re.compile(r"\d+|[@*#?\-$!]|[^\W\d]\w*").match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def dollar(self) -> str:
        start = self.at
        self.take()
        if self.peek() != "{":
            name = self.name()
            if not name:
                return "$"
            if name not in self.values and self.syntax.keep_unset:
                return self.text[start : self.at]
            return self.values.get(name, "")
        self.take()
        if self.peek() in ("", "{", "}", ":"):
            raise ValueError(f"bad substitution in {self.text}")
        name = self.name()
        operator = self.take()
        if operator == "}":
            found: str | None = self.values.get(name, "")
        elif operator == "/":
            found = self.replaced(name)
        else:
            found = self.modified(name, operator)
        if self.syntax.keep_unset and name not in self.values:
            return self.text[start : self.at]
        return found or ""

    def inner(self, stop: str, *, raw: bool) -> str:
        before = self.syntax
        self.syntax = replace(before, raw_escapes=raw)
        try:
            return self.until(stop)[0]
        finally:
            self.syntax = before

    def modified(self, name: str, operator: str) -> str:
        null_is_unset = operator == ":"
        if null_is_unset:
            operator = self.take()
        if operator not in ("-", "+", "?", "#", "%"):
            raise ValueError(f"unsupported modifier in {self.text}")
        word = self.inner("}", raw=operator in "#%")
        value = self.values.get(name)
        absent = value is None or (null_is_unset and value == "")
        if operator == "-":
            return word if absent else value or ""
        if operator == "+":
            return "" if absent else word
        if operator == "?":
            if absent and not self.syntax.keep_unset:
                raise ValueError(f"{name}: {word or 'is not allowed to be unset or empty'}")
            return value or ""
        longest = word.startswith(operator)
        pattern = word[1:] if longest else word
        return _trimmed(value or "", pattern, prefix=operator == "#", longest=longest)

    def replaced(self, name: str) -> str:
        everywhere = self.peek() == "/"
        if everywhere:
            self.take()
        pattern = self.inner("/", raw=True)
        replacement = self.inner("}", raw=True)
        regex = re.compile(_regex(pattern, longest=True), re.DOTALL)
        return regex.sub(lambda _: replacement, self.values.get(name, ""), count=0 if everywhere else 1)


def _trimmed(value: str, pattern: str, *, prefix: bool, longest: bool) -> str:
    regex = re.compile(_regex(pattern, longest=True), re.DOTALL)
    cuts = range(len(value) + 1)
    for cut in reversed(cuts) if longest == prefix else cuts:
        if regex.fullmatch(value[:cut] if prefix else value[cut:]):
            return value[cut:] if prefix else value[:cut]
    return value


def _regex(pattern: str, *, longest: bool) -> str:
    """A shell pattern of `*` and `?` as a regular expression; brackets are literal."""
    result, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            result += ".*" if longest else ".*?"
        elif char == "?":
            result += "."
        elif char == "\\":
            escaped = pattern[at : at + 1]
            if escaped in ("*", "?", "\\"):
                result += re.escape(escaped)
                at += 1
            elif escaped not in ("}", "/"):
                raise ValueError(f"invalid escape '\\{escaped}' in the pattern {pattern}")
        else:
            result += re.escape(char)
    return result
