"""The decorator of Python's operators: that of every family, for one language and with one check for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mutator.model import Candidate, FaultClass, Operator, Tier
from mutator.operators import define
from mutator.operators.python.tree import PythonTree

Proposal = Callable[[PythonTree], Iterator[Candidate]]
PYTHON = frozenset({"python"})


def operator(
    id: str,  # noqa: A002  # the word of the contract
    fault: FaultClass,
    tier: Tier,
    sentence: str,
    *examples: tuple[str, tuple[str, ...]],
) -> Callable[[Proposal], Operator]:
    """Make an operator of a generator; what lies outside the text or changes nothing is left out here, once."""

    def make(propose: Proposal) -> Operator:
        def sound(tree: PythonTree) -> Iterator[Candidate]:
            return (candidate for candidate in propose(tree) if tree.sound(candidate))

        shown = ((before, after, "python") for before, after in examples)
        return define.operator(id, fault, tier, PYTHON, sentence, *shown)(sound)

    return make
