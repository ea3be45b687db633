"""What an instruction states, broken: values in the wrong direction, one of several things left out, the wrong fix, a
whole requirement missing.

The family reads any language through the family that speaks it, and nothing without an instruction.
"""

from __future__ import annotations

from mutator.model import Candidate
from mutator.operators.define import operators_in
from mutator.operators.stated import lists, requirement, values, wrong_fix
from mutator.operators.stated.document import Told
from mutator.operators.stated.instruction import Instruction
from mutator.operators.stated.languages import EVERY, SPEAKERS

__all__ = ["FAMILY", "StatedFamily"]


class StatedFamily:
    name = "stated"
    languages = EVERY
    operators = operators_in(vars(requirement), vars(values), vars(lists), vars(wrong_fix))

    def __init__(self, instruction: str = "") -> None:
        self.instruction = Instruction(instruction)

    def told(self, instruction: str) -> StatedFamily:
        """The same family, for the task with this instruction."""
        return StatedFamily(instruction)

    def parse(self, text: str, language: str) -> Told | None:
        if not self.instruction.text.strip():
            return None
        family = next(each for each in SPEAKERS if language in each.languages)
        tree = family.parse(text, language)
        return None if tree is None else Told(text, language, self.instruction, family, tree)

    def valid(self, tree: Told, candidate: Candidate) -> bool:
        return tree.family.valid(tree.tree, candidate)


FAMILY = StatedFamily()
"""Without an instruction: what is listed, and what `told` makes the family of a task from."""
