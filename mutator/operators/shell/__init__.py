"""Shell scripts: steps left out, options lost, operands swapped, modes and owners wrong, conditions turned round."""

from __future__ import annotations

from mutator.model import Candidate
from mutator.operators.define import operators_in
from mutator.operators.shell import ending, lasting, logic, options, steps, words
from mutator.operators.shell.document import Script, parse, valid

__all__ = ["FAMILY"]


class ShellFamily:
    name = "shell"
    languages = steps.LANGUAGES
    operators = operators_in(vars(steps), vars(ending), vars(options), vars(words), vars(logic), vars(lasting))

    def parse(self, text: str, language: str) -> Script | None:
        return parse(text, language)

    def valid(self, tree: Script, candidate: Candidate) -> bool:
        return valid(tree, candidate)


FAMILY = ShellFamily()
