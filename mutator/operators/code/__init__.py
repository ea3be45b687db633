"""Compiled and scripting languages through tree-sitter, one grammar wheel each, and SQL through its tokens."""

from __future__ import annotations

from mutator.model import Candidate
from mutator.operators.code import conditions, interface, logic, steps, tables, terms, values
from mutator.operators.code.reading import LANGUAGES
from mutator.operators.code.tree import Program, parse, valid
from mutator.operators.define import operators_in

__all__ = ["FAMILY"]


class Code:
    name = "code"
    languages = LANGUAGES
    operators = operators_in(*map(vars, (interface, tables, steps, logic, terms, conditions, values)))

    def parse(self, text: str, language: str) -> Program | None:
        return parse(text, language)

    def valid(self, tree: Program, candidate: Candidate) -> bool:
        return valid(tree, candidate)


FAMILY = Code()
