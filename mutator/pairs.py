"""Two faults at once: each alone is caught, together they may not be, where one hides the other from the tests.

Pure: which mutants were killed, and by which tests, is for the caller to say; nothing runs here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from mutator.model import ByteEdit, Family, FaultClass, Mutant, Source, apply_bytes, short_id
from mutator.operators.code.tree import Program
from mutator.operators.shell.document import Script
from mutator.sources import read_sources

OPERATOR = "pair"
_MOST_OF_ONE = 3
"""Pairs that one mutant takes part in."""


Holds = Callable[[Mutant], bool]


def pairs(
    killed: Sequence[Mutant], killers: Mapping[str, frozenset[str]], holds: Holds, most: int = 20
) -> Iterator[Mutant]:
    """Pairs of mutants of one file, that which is likeliest to be worth a run first: two that bear on one another and
    that different tests caught. `killers` has a mutant's failing tests by its id; one without an entry, or without a
    test, says nothing and is left out. `holds` is asked whether a pair still parses (`parses_with`)."""
    told = [mutant for mutant in killed if killers.get(mutant.id)]
    taken: dict[str, int] = {}
    made = 0
    for first, second in sorted(combinations(told, 2), key=lambda pair: _order(pair[0], pair[1], killers)):
        if made >= most:
            return
        if max(taken.get(first.id, 0), taken.get(second.id, 0)) >= _MOST_OF_ONE or not _differ(first, second, killers):
            continue
        pair = together(first, second)
        if pair is not None and holds(pair):
            taken[first.id] = taken.get(first.id, 0) + 1
            taken[second.id] = taken.get(second.id, 0) + 1
            made += 1
            yield pair


def _differ(first: Mutant, second: Mutant, killers: Mapping[str, frozenset[str]]) -> bool:
    """Whether each was caught by a test that let the other one pass."""
    one, two = killers[first.id], killers[second.id]
    return bool(one - two) and bool(two - one)


def _order(first: Mutant, second: Mutant, killers: Mapping[str, frozenset[str]]) -> tuple[int, int, int, int, str]:
    """In one function before one source before one file; caught by few tests; near each other."""
    together_in = 0 if first.source == second.source and first.scope == second.scope else 1
    if first.source != second.source:
        together_in = 2
    opposed = 0 if _opposed(first, second) else 1
    tests = len(killers[first.id]) + len(killers[second.id])
    return together_in, opposed, tests, abs(first.line - second.line), first.id + second.id


_OPPOSED = (
    frozenset({FaultClass.BOUNDARY, FaultClass.WRONG_VALUE}),
    frozenset({FaultClass.WRONG_LOGIC, FaultClass.NOOP_GUARD}),
    frozenset({FaultClass.ARITHMETIC, FaultClass.WRONG_VALUE}),
    frozenset({FaultClass.WRONG_ORDER, FaultClass.SWAPPED_MAPPING}),
)
"""Classes whose faults can make up for each other."""


def _opposed(first: Mutant, second: Mutant) -> bool:
    return first.fault is second.fault or frozenset({first.fault, second.fault}) in _OPPOSED


def together(first: Mutant, second: Mutant) -> Mutant | None:
    """Both changes in one mutant; None where they are in different files, or touch the same lines."""
    if first.file != second.file or first.id == second.id:
        return None
    if first.edits[0].start > second.edits[0].start:
        first, second = second, first
    if _meet(first.edits, second.edits) or (first.source == second.source and first.line == second.line):
        return None
    edits = tuple(sorted((*first.edits, *second.edits), key=lambda edit: (edit.start, edit.end)))
    return Mutant(
        id=short_id(OPERATOR, *sorted((first.id, second.id))),
        operator=OPERATOR,
        fault=first.fault,
        tier=max((first.tier, second.tier), key=("coarse", "medium", "fine").index),
        source=first.source,
        file=first.file,
        target=first.target,
        scope=first.scope if first.scope == second.scope else "",
        line=first.line,
        edits=edits,
        sentence=f"{first.sentence}; besides, {second.sentence}",
        before=f"{first.before}\n...\n{second.before}",
        after=f"{first.after}\n...\n{second.after}",
        digest=short_id(OPERATOR, first.digest, second.digest),
    )


def _meet(first: Sequence[ByteEdit], second: Sequence[ByteEdit]) -> bool:
    """Whether two sets of edits overlap or touch: what stands between two that touch may be needed by neither alone."""
    return any(one.start <= two.end and two.start <= one.end for one in first for two in second)


def parses_with(files: Mapping[str, bytes], script: str, families: Sequence[Family]) -> Holds:
    """Whether every piece of the solution that parsed before does so with a mutant: each of two losses may leave a
    block whole that both of them leave empty."""
    before = {source.id: _faults(source, families) for source in read_sources(files, script)}

    def holds(mutant: Mutant) -> bool:
        changed = {**files, mutant.file: apply_bytes(files[mutant.file], mutant.edits)}
        after = {source.id: _faults(source, families) for source in read_sources(changed, script)}
        return after.keys() == before.keys() and all(after[name] <= faults for name, faults in before.items())

    return holds


_BROKEN = 1 << 30
_EMPTY_BLOCK = re.compile(r"\b(?:do|then|else)\b(?:\s|#[^\n]*\n)*\b(?:done|fi|else|elif)\b|\)\s*\{(?:\s|#[^\n]*\n)*\}")
"""The grammar lets these pass, the shell does not."""


def _faults(source: Source, families: Sequence[Family]) -> int:
    """How many places of a source are not of its language."""
    trees = [family.parse(source.text, source.language) for family in families if source.language in family.languages]
    if not trees:
        return 0
    tree = next((tree for tree in trees if tree is not None), None)
    if tree is None:
        return _BROKEN
    if isinstance(tree, Script):
        return tree.faults + len(_EMPTY_BLOCK.findall(tree.plain))
    return tree.faults if isinstance(tree, Program) else 0
