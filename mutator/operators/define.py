"""How an operator is written down: a decorator over the generator that proposes its mutants, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mutator.model import Candidate, Example, FaultClass, Operator, SourceKind, Tier

Proposal = Callable[[Any], Iterator[Candidate]]
Shown = tuple[str, tuple[str, ...]] | tuple[str, tuple[str, ...], str]
"""A text and the mutants made of it; and its language, where the operator has several."""


def operator(
    id: str,  # noqa: A002  # the word of the contract
    fault: FaultClass,
    tier: Tier,
    languages: frozenset[str],
    sentence: str,
    *examples: Shown,
    skips: frozenset[SourceKind] = frozenset(),
) -> Callable[[Proposal], Operator]:
    """Make an operator of a generator over its family's tree."""

    def make(propose: Proposal) -> Operator:
        made = tuple(Example(*example) for example in examples)
        return Operator(id, fault, tier, languages, sentence, propose, made, skips)

    return make


def operators_in(*modules: Mapping[str, object]) -> tuple[Operator, ...]:
    """Every operator that modules (their `vars`) define, in the order in which they stand there."""
    return tuple(value for names in modules for value in names.values() if isinstance(value, Operator))
