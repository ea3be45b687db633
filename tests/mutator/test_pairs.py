"""Two faults at once: which pairs are made, and that a pair is both changes and nothing else."""

from __future__ import annotations

import ast
from dataclasses import replace

from mutator.generate import generate
from mutator.model import ByteEdit, Mutant, apply_bytes
from mutator.operators import FAMILIES
from mutator.pairs import pairs, parses_with, together
from mutator.sources import read_sources

FILES = {
    "solve.sh": b"cat > /app/limit.py <<'EOF'\ndef allowed(n, most):\n    if n < 0:\n        return False\n"
    b"    left = most - n\n    if left > 0:\n        return True\n    return n == most\n\n\n"
    b"def names(rows):\n    return sorted(rows)\nEOF\n"
}


def mutants() -> list[Mutant]:
    return [
        mutant for mutant in generate(read_sources(FILES, "solve.sh"), FILES, FAMILIES) if "limit.py" in mutant.source
    ]


def one(sentence: str) -> Mutant:
    return next(mutant for mutant in mutants() if sentence in mutant.sentence)


def test_a_pair_is_both_changes_and_nothing_else() -> None:
    boundary, order = one("`n < 0` uses `<=`"), one("the order is reversed")
    pair = together(order, boundary)
    assert pair is not None
    mutated = apply_bytes(FILES["solve.sh"], pair.edits)
    assert b"if n <= 0:" in mutated
    assert b"sorted(rows, reverse=True)" in mutated
    assert len(mutated) == len(FILES["solve.sh"]) + len("=") + len(", reverse=True")
    assert pair.sentence == f"{boundary.sentence}; besides, {order.sentence}"
    ast.parse(mutated.decode().split("\n", 1)[1].removesuffix("EOF\n"))


def test_the_id_of_a_pair_does_not_depend_on_which_is_named_first() -> None:
    first, second = one("`n < 0` uses `<=`"), one("the order is reversed")
    forwards, backwards = together(first, second), together(second, first)
    assert forwards is not None
    assert forwards == backwards
    assert forwards.id not in {first.id, second.id}


def test_changes_of_the_same_place_are_no_pair() -> None:
    same = [mutant for mutant in mutants() if mutant.line == one("`n < 0` uses `<=`").line]
    assert len(same) > 2
    assert all(together(first, second) is None for first in same for second in same)


HOLDS = parses_with(FILES, "solve.sh", FAMILIES)


def test_two_losses_that_leave_a_block_empty_are_no_pair() -> None:
    files = {"solve.sh": b"for x in a b; do\n  touch $x\n  chmod 600 $x\ndone\n"}
    made = list(generate(read_sources(files, "solve.sh"), files, FAMILIES))
    steps = {mutant.before.split()[0]: mutant for mutant in made if mutant.operator == "shell.drop-step"}
    touch, chmod = steps["touch"], steps["chmod"]
    killers = {touch.id: frozenset({"a"}), chmod.id: frozenset({"b"})}
    assert list(pairs([touch, chmod], killers, lambda _pair: True)) == []
    holds = parses_with(files, "solve.sh", FAMILIES)
    assert holds(touch)
    assert holds(chmod)
    both = replace(touch, edits=(ByteEdit(touch.edits[0].start, chmod.edits[0].end, b""),))
    assert not holds(both)


def test_a_pair_is_caught_by_different_tests_and_by_some() -> None:
    boundary, order, left = one("`n < 0` uses `<=`"), one("the order is reversed"), one("`left > 0` uses `>=`")
    killers = {boundary.id: frozenset({"a", "b"}), order.id: frozenset({"a"}), left.id: frozenset({"c"})}
    found = list(pairs([boundary, order, left], killers, HOLDS))
    assert [{boundary.id, left.id}, {order.id, left.id}] == [_parts(pair, (boundary, order, left)) for pair in found]
    assert list(pairs([boundary, left], {left.id: frozenset({"c"})}, HOLDS)) == []


def _parts(pair: Mutant, mutants: tuple[Mutant, ...]) -> set[str]:
    return {mutant.id for mutant in mutants if set(mutant.edits) <= set(pair.edits)}


def test_the_same_pairs_come_in_the_same_order_and_no_more_than_asked_for() -> None:
    killed = mutants()[:12]
    killers = {mutant.id: frozenset({f"test_{index}"}) for index, mutant in enumerate(killed)}
    found = [pair.id for pair in pairs(killed, killers, HOLDS, most=5)]
    assert len(set(found)) == 5
    assert found == [pair.id for pair in pairs(list(killed), killers, HOLDS, most=5)]
