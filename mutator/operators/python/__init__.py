"""The Python family: operators over one libcst tree, edits by span in the original text."""

from __future__ import annotations

from mutator.model import Candidate, Operator
from mutator.operators.define import operators_in
from mutator.operators.python import (
    flags,
    guards,
    hollow,
    logic,
    mappings,
    mutmut_ops,
    order,
    statements,
    terms,
    texts,
    values,
)
from mutator.operators.python.define import PYTHON
from mutator.operators.python.tree import PythonTree
from mutator.operators.python.tree import parse as parse_tree

_MODULES = (flags, mappings, guards, hollow, statements, logic, terms, order, values, texts)


class PythonFamily:
    name = "python"
    languages = PYTHON
    operators: tuple[Operator, ...] = (*operators_in(*map(vars, _MODULES)), *mutmut_ops.OPERATORS)

    def parse(self, text: str, language: str) -> PythonTree | None:
        return parse_tree(text) if language in self.languages else None

    def valid(self, tree: PythonTree, candidate: Candidate) -> bool:
        return tree.valid(candidate)


FAMILY = PythonFamily()
