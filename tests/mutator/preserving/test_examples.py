"""The operators' examples, and what holds for any text."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutator.model import Example, FaultClass, apply
from mutator.operators.preserving import CODE_OPERATORS, FAMILIES, OUTPUT_OPERATORS, RUN_OPERATORS, Preserving
from mutator.operators.preserving.python import FAMILY as PYTHON
from tests.mutator.preserving.programs import PROGRAMS

CASES = [(one, example) for one in CODE_OPERATORS for example in one.operator.examples]


@pytest.mark.parametrize(("one", "example"), CASES, ids=[f"{one.operator.id}-{n}" for n, (one, _) in enumerate(CASES)])
def test_an_operator_makes_exactly_the_variants_of_its_example(one: Preserving, example: Example) -> None:
    family = next(family for family in FAMILIES if one.operator in family.operators)
    tree = family.parse(example.before, example.language)
    assert tree is not None
    made = list(one.operator.propose(tree))
    assert tuple(apply(example.before, candidate.edits) for candidate in made) == example.after
    for candidate in made:
        assert one.operator.sentence.format_map(candidate.fields)


def test_every_operator_is_named_once_promises_something_and_makes_no_fault() -> None:
    ids = [one.operator.id for one in CODE_OPERATORS] + [one.id for one in OUTPUT_OPERATORS] + list(RUN_OPERATORS)
    assert len(set(ids)) == len(ids)
    assert all(one.operator.fault is FaultClass.NONE and one.operator.examples for one in CODE_OPERATORS)
    promises = [one.promise for one in CODE_OPERATORS] + [one.promise for one in OUTPUT_OPERATORS]
    assert all(promise.preserves and promise.because for promise in promises)


_LINES = st.sampled_from(
    [line for text in PROGRAMS.values() for line in text.splitlines()]
    + ["    x += 1", "def f(x): return x", "eval('1')", "'''", "\\", "x = [", "]", "é = 'é'  # é", "\tif not a == 'b':"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINES, max_size=25).map("\n".join) | st.text(max_size=60))
def test_any_python_text_gives_only_variants_that_parse_and_no_exception(text: str) -> None:
    tree = PYTHON.parse(text, "python")
    if tree is None:
        return
    for operator in PYTHON.operators:
        for candidate in operator.propose(tree):
            changed = apply(text, candidate.edits)
            assert changed != text
            ast.parse(changed)


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet="abc #;\n$(){}<'\"\\/*`|&=1é", max_size=60), st.sampled_from(["shell", "javascript", "c", "go"])
)
def test_any_other_text_gives_no_exception(text: str, language: str) -> None:
    for family in FAMILIES:
        if language in family.languages:
            tree = family.parse(text, language)
            for operator in family.operators if tree is not None else ():
                for candidate in operator.propose(tree):
                    assert apply(text, candidate.edits) != text
