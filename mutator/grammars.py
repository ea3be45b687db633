"""The grammars of tree-sitter: one wheel a language, loaded when the first text of the language is read."""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module

from tree_sitter import Language, Parser

from mutator.quiet import quietly


@cache
def grammar(package: str, function: str = "language") -> Language:
    """The grammar that a package brings."""
    with quietly():  # Perl's wheel hands out an int
        return Language(getattr(import_module(package), function)())


_OWN = threading.local()


def grammar_parser(package: str, function: str = "language") -> Parser:
    """A parser for this thread alone: it keeps its place in a text while it reads."""
    made: dict[tuple[str, str], Parser] = _OWN.__dict__.setdefault("parsers", {})
    key = package, function
    if key not in made:
        made[key] = Parser(grammar(package, function))
    return made[key]
