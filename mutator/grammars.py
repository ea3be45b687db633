"""The grammars of tree-sitter: one wheel a language, loaded when the first text of the language is read."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module

from tree_sitter import Language, Parser


@cache
def grammar(package: str, function: str = "language") -> Language:
    """The grammar that a package brings."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # Perl's wheel hands out an int
        return Language(getattr(import_module(package), function)())


@cache
def grammar_parser(package: str, function: str = "language") -> Parser:
    return Parser(grammar(package, function))
