"""Every operator's examples: the documentation that is also the exact test."""

from __future__ import annotations

import pytest

from mutator.model import Example, Family, Operator, apply
from mutator.operators import FAMILIES, families


def cases() -> list[tuple[Family, Operator, Example]]:
    return [(family, op, example) for family in FAMILIES for op in family.operators for example in op.examples]


@pytest.mark.parametrize(
    ("family", "operator", "example"), cases(), ids=[f"{op.id}-{index}" for index, (_, op, _) in enumerate(cases())]
)
def test_an_operator_makes_exactly_the_mutants_of_its_example(
    family: Family, operator: Operator, example: Example
) -> None:
    language = example.language or min(operator.languages)
    family = next(each for each in families(example.instruction) if each.name == family.name)
    tree = family.parse(example.before, language)
    assert tree is not None
    candidates = [candidate for candidate in operator.propose(tree) if family.valid(tree, candidate)]
    assert tuple(apply(example.before, candidate.edits) for candidate in candidates) == example.after
    for candidate in candidates:
        assert operator.sentence.format_map(candidate.fields)


def test_every_operator_has_an_example_and_a_unique_id() -> None:
    operators = [op for family in FAMILIES for op in family.operators]
    assert [op.id for op in operators if not op.examples] == []
    assert len({op.id for op in operators}) == len(operators)
