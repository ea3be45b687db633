"""Tightens loose assertions: finds the value that each of them checks, and rewrites the test to record it.

A tight assertion demands the reference's value: the same status, the same line around the word, the same content of the
file, the same number. Only a run shows the reference's value. So the test is rewritten to pass the value through a
function that records it (harness/trial/watching/foolsgold_tighten.py), and the values of runs are compared: the tight
assertion would hold for a run with the reference's values, and fail for any other. Python only. Pure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.testcode.assertions.lead import Lead, LeadKind, TestFunction
from harness.testcode.assertions.python import (
    Function,
    any_substring,
    called,
    existence_call,
    is_substring,
    lenient,
    swallowing,
    wide,
    wide_approx,
)
from mutator.quiet import quietly


class Asks(StrEnum):
    """What the tight assertion demands, in words."""

    STATUS = "the status that the reference gives"
    LINES = "the lines that hold the text to be the reference's"
    CONTENTS = "what the reference leaves there"
    NUMBER = "the reference's number, to one part in a million"
    ENDED = "the command to end as it does for the reference"
    HOLDS = "the assertion that is caught to hold, as it does for the reference"
    VALUE = "the value that the reference gives"


_ASKS: Mapping[LeadKind, Asks] = {
    LeadKind.LENIENT_STATUS: Asks.STATUS,
    LeadKind.EITHER_SUBSTRING: Asks.LINES,
    LeadKind.LOOSE_SUBSTRING: Asks.LINES,
    LeadKind.EXISTENCE_ONLY: Asks.CONTENTS,
    LeadKind.WIDE_TOLERANCE: Asks.NUMBER,
    LeadKind.UNUSED_RESULT: Asks.ENDED,
    LeadKind.SWALLOWED: Asks.HOLDS,
}
"""Kinds that can be tightened. For the others only a person knows what the test should assert."""


@dataclass(frozen=True, slots=True)
class Tightening:
    """One assertion that was rewritten."""

    number: int
    lead: Lead
    asks: Asks


@dataclass(frozen=True, slots=True)
class _Wrap:
    """An expression, and the call whose last argument it becomes."""

    node: ast.expr
    call: str


def tightened(tests: Sequence[TestFunction], files: Mapping[str, str]) -> tuple[dict[str, str], list[Tightening]]:
    """(the rewritten files by name, the assertions that were rewritten in them). The number of an assertion is stable,
    because it depends on the tests alone."""
    leads = [lead for test in tests for lead in test.leads if lead.kind in _ASKS and lead.file.endswith(".py")]
    rewritten: dict[str, str] = {}
    made: list[Tightening] = []
    for name in dict.fromkeys(lead.file for lead in leads):
        try:
            with quietly():
                tree = ast.parse(files[name])
        except (KeyError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        wraps: list[_Wrap] = []
        for number, lead in enumerate(leads):
            inside = next((each for each in functions if each.name == lead.test and _within(lead.line, each)), None)
            found = list(_wraps(number, lead, inside)) if inside is not None and lead.file == name else []
            if found:
                wraps += found
                made.append(Tightening(number, lead, _ASKS[lead.kind]))
        text = _written(files[name], wraps)
        try:
            with quietly():
                ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            made = [one for one in made if one.lead.file != name]
            continue
        if wraps:
            rewritten[name] = text
    return rewritten, made


def _within(line: int, function: Function) -> bool:
    return function.lineno <= line <= (function.end_lineno or function.lineno)


def _wraps(number: int, lead: Lead, function: Function) -> Iterator[_Wrap]:
    if lead.kind is LeadKind.SWALLOWED:
        for block in swallowing(function):
            if block.lineno == lead.line:
                for caught in _asserts(block.body):
                    yield _Wrap(caught.test, f"foolsgold_truth({number}, ")
        return
    if lead.kind is LeadKind.UNUSED_RESULT:
        for node in ast.walk(function):
            if isinstance(node, ast.Expr) and node.lineno == lead.line and isinstance(node.value, ast.Call):
                yield _Wrap(node.value, f"foolsgold_status({number}, ")
        return
    for assertion in _asserts(function.body):
        if lead.kind is LeadKind.EXISTENCE_ONLY:
            yield from _of_existence(number, assertion.test)
        elif assertion.lineno == lead.line:
            yield from _of_assertion(number, lead.kind, assertion.test)


def _asserts(body: Sequence[ast.stmt]) -> Iterator[ast.Assert]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assert):
                yield node


def _of_assertion(number: int, kind: LeadKind, test: ast.expr) -> Iterator[_Wrap]:
    for node in ast.walk(test):
        if kind is LeadKind.LENIENT_STATUS:
            yield from _of_status(number, node)
        elif kind is LeadKind.WIDE_TOLERANCE:
            yield from _of_tolerance(number, node)
        elif isinstance(node, ast.Compare) and is_substring(node):
            yield _holding(number, node)
        elif kind is LeadKind.EITHER_SUBSTRING and isinstance(node, ast.Call) and called(node.func) == "any":
            generator = node.args[0] if node.args else None
            if isinstance(generator, ast.GeneratorExp | ast.ListComp) and any_substring(generator):
                assert isinstance(generator.elt, ast.Compare)
                yield _holding(number, generator.elt)


def _holding(number: int, node: ast.Compare) -> _Wrap:
    """For a text that is a constant or a plain name, so that it may be evaluated twice."""
    return _Wrap(node.comparators[0], f"foolsgold_lines({number}, {ast.unparse(node.left)}, ")


def _of_status(number: int, node: ast.AST) -> Iterator[_Wrap]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        if isinstance(node.ops[0], ast.In) and lenient(node):
            yield _Wrap(node.left, f"foolsgold_value({number}, ")
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        for each in node.values:
            if isinstance(each, ast.Compare) and len(each.ops) == 1 and isinstance(each.ops[0], ast.Eq):
                yield _Wrap(each.left, f"foolsgold_value({number}, ")


def _of_tolerance(number: int, node: ast.AST) -> Iterator[_Wrap]:
    """Wrap the side with the actual value, not the one with the expected value."""
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1):
        return
    if wide(node):
        assert isinstance(node.left, ast.Call)
        difference = node.left.args[0]
        assert isinstance(difference, ast.BinOp)
        for side in (difference.left, difference.right):
            if not isinstance(side, ast.Constant | ast.UnaryOp):
                yield _Wrap(side, f"foolsgold_value({number}, ")
                return
    sides = (node.left, node.comparators[0])
    for side, other in (sides, sides[::-1]):
        if isinstance(other, ast.Call) and called(other.func).endswith("approx") and wide_approx(other):
            yield _Wrap(side, f"foolsgold_value({number}, ")


def _of_existence(number: int, test: ast.expr) -> Iterator[_Wrap]:
    for node in ast.walk(test):
        if isinstance(node, ast.Call):
            path = existence_call(node)
            if path is not None:
                yield _Wrap(path, f"foolsgold_contents({number}, ")
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.IsNot):
            yield _Wrap(node.left, f"foolsgold_value({number}, ")
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Call) and called(node.left.func) == "len":
            yield from (_Wrap(each, f"foolsgold_value({number}, ") for each in node.left.args[:1])


def _written(text: str, wraps: Sequence[_Wrap]) -> str:
    """Insert the calls at exact places: everything else stays as it is, and every line keeps its number."""
    data = text.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    added: list[tuple[int, int, tuple[int, int], bytes]] = []
    for order, wrap in enumerate(wraps):
        node = wrap.node
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        # At one place, calls open from the widest to the narrowest and close in the opposite order.
        added.append((start, 1, (-end, order), wrap.call.encode()))
        added.append((end, 0, (-start, -order), b")"))
    for at, _, _, new in sorted(added, reverse=True):
        data = data[:at] + new + data[at:]
    return data.decode()
