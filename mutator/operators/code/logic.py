"""How a program compares, joins and computes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.code import tree
from mutator.operators.code.reading import LANGUAGES, RELATIONS, SAFE
from mutator.operators.code.tree import Program
from mutator.operators.define import operator


@operator(
    "code.flip-boolean",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{new} stands for {old} in `{line}`",
    ("class A { boolean b = true; }", ("class A { boolean b = false; }",), "java"),
)
def flip_boolean(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.BOOLEAN):
        said = program.said(found.node)
        if said in ("true", "false"):
            new = "false" if said == "true" else "true"
            edit = Edit(found.node.start_byte, found.node.end_byte, new)
            fields = {
                "old": said,
                "new": new,
                "line": tree.nearby(program.text, found.node.start_byte, found.node.end_byte),
            }
            yield Candidate((edit,), fields, found.scope, check=SAFE)


_REVERSED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _binaries(program: Program, kind: str) -> Iterator[Candidate]:
    for found in program.each(tree.BINARY):
        operator = found.node.child_by_field_name("operator")
        if operator is None:
            operator = next((child for child in found.node.children if not child.is_named), None)
        if operator is None:
            continue
        said = program.said(operator)
        known = program.dialect.relations.get(said) or RELATIONS.get(said)
        if known is None or known[0] != kind:
            continue
        operands = [child for child in found.node.named_children if child.type not in program.dialect.comments]
        if kind == "arithmetic" and any(is_text(program, operand) for operand in operands):
            continue
        if said in ("<<", ">>") and (program.language in ("cpp", "ruby") or kind != "arithmetic"):
            continue  # streams and appends
        fields = {"old": said, "new": known[1], "expression": program.short(found.node)}
        yield Candidate((Edit(operator.start_byte, operator.end_byte, known[1]),), fields, found.scope, check=SAFE)


def is_text(program: Program, node: Node) -> bool:
    if node.type in program.dialect.strings or node.type == "template_string":
        return True
    return node.type in program.dialect.binaries and any(is_text(program, child) for child in node.named_children)


@operator(
    "code.boundary",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    LANGUAGES,
    "`{expression}` compares with {new}",
    ("int f(void) { return a <= b; }", ("int f(void) { return a < b; }",), "c"),
    ("x() if $a lt $b;\n", ("x() if $a le $b;\n",), "perl"),
    ("x if a > 1\n", ("x if a >= 1\n",), "ruby"),
)
def boundary(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "boundary")


@operator(
    "code.reverse-comparison",
    FaultClass.WRONG_LOGIC,
    Tier.FINE,
    LANGUAGES,
    "`{expression}` compares with {new}",
    ("package p\nvar x = a < b\n", ("package p\nvar x = a > b\n",), "go"),
)
def reverse_comparison(program: Program) -> Iterator[Candidate]:
    for candidate in _binaries(program, "boundary"):
        old = candidate.fields["old"]
        if old in _REVERSED and not _counts(program.text, candidate.edits[0].start):
            edit = candidate.edits[0]
            fields = {**candidate.fields, "new": _REVERSED[old]}
            yield Candidate((Edit(edit.start, edit.end, _REVERSED[old]),), fields, candidate.scope, check=SAFE)


def _counts(text: str, at: int) -> bool:
    """In the head of a loop, which would then never turn, or never end."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return re.search(r"\b(?:for|while)\b", line) is not None


@operator(
    "code.relation",
    FaultClass.WRONG_LOGIC,
    Tier.FINE,
    LANGUAGES,
    "`{expression}` compares with {new}",
    ("const x = a === b || c != d;", ("const x = a !== b || c != d;", "const x = a === b || c == d;"), "javascript"),
)
def relation(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "relation")


@operator(
    "code.logic",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{expression}` joins with {new}",
    ("fn f() -> bool { a && b }", ("fn f() -> bool { a || b }",), "rust"),
    ("x if a and b\n", ("x if a or b\n",), "ruby"),
)
def logic(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "logic")


@operator(
    "code.arithmetic",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{expression}` computes with {new}",
    ("const x = a + b * 2 + 'x';", ("const x = a - b * 2 + 'x';", "const x = a + b / 2 + 'x';"), "javascript"),
    ("class A { int f() { return a % 2; } }", ("class A { int f() { return a * 2; } }",), "java"),
)
def arithmetic(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "arithmetic")
