"""The keywords, strings and comments of a text, as runs from which the page makes elements."""

from __future__ import annotations

import time
from functools import cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

LONGEST = 64 << 10
LONGEST_LINE = 2000
"""Longer texts are shown plain: no person wrote such a file by hand, and lexers may be slow on it."""
SECONDS = 0.5
"""The limit from which the rest of a text stays plain."""

_LETTERS: dict[_TokenType, str] = {
    Comment: "c",
    String: "s",
    Number: "n",
    Literal: "n",
    Keyword: "k",
    Operator.Word: "k",
    Name.Builtin: "b",
    Name.Function: "f",
    Name.Class: "f",
    Name.Decorator: "d",
    Name.Tag: "k",
    Name.Attribute: "b",
    Name.Variable: "v",
    Generic.Heading: "k",
}
PLAIN = "p"


COLOURED = 8 << 20
"""Characters of one report after which code stays plain, so that a page of thousands of tasks is written quickly."""


class Colours:
    """Colours code until the report's limit is reached."""

    def __init__(self, left: int = COLOURED) -> None:
        self.left = left

    def runs(self, text: str, language: str, path: str) -> str:
        if self.left < len(text):
            return ""
        self.left -= len(text)
        return runs(text, language, path)


def runs(text: str, language: str = "", path: str = "") -> str:
    """`k3p1s12`: three characters of a keyword, one plain, twelve of a string. '' if all of it is plain."""
    if not text or len(text) > LONGEST or max(map(len, text.split("\n"))) > LONGEST_LINE:
        return ""
    lexer = _lexer(language, path.rsplit("/", 1)[-1])
    if lexer is None:
        return ""
    found: list[tuple[str, int]] = []
    at, until = 0, time.monotonic() + SECONDS
    try:
        for start, kind, value in lexer.get_tokens_unprocessed(text):
            if start != at or time.monotonic() > until:
                break
            letter = _letter(kind)
            if found and found[-1][0] == letter:
                found[-1] = (letter, found[-1][1] + len(value))
            else:
                found.append((letter, len(value)))
            at += len(value)
    except Exception:  # noqa: S110 - a lexer's bug on a stranger's text costs the colours and nothing else
        pass
    while found and found[-1][0] == PLAIN:
        found.pop()
    return "".join(f"{letter}{length}" for letter, length in found)


@cache
def _lexer(language: str, name: str) -> Lexer | None:
    try:
        found = get_lexer_by_name(language) if language else get_lexer_for_filename(name)
    except ClassNotFound:
        return None
    return found if isinstance(found, Lexer) else None


@cache
def _letter(kind: _TokenType) -> str:
    while kind.parent is not None:
        if kind in _LETTERS:
            return _LETTERS[kind]
        kind = kind.parent
    return PLAIN
