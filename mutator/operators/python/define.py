"""How a Python operator is written down: a generator over the tree, with its class, sentence and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mutator.model import Candidate, Example, FaultClass, Operator, Tier
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

        made = tuple(Example(before, after, "python") for before, after in examples)
        return Operator(id, fault, tier, PYTHON, sentence, sound, made)

    return make
