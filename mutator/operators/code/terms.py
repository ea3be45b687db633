"""A term or a factor that a formula lacks, in the languages with a grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.code import tree
from mutator.operators.code.logic import is_text
from mutator.operators.code.reading import LANGUAGES, SAFE
from mutator.operators.code.tree import Program
from mutator.operators.define import operator

_SIGNS = ("+", "-", "*", "/")
_PLACE = re.compile(r"subscript|index|slice|parameter|type|range|template|delay")
_STATEMENT = re.compile(r"statement|declaration|assignment|definition|block|call|argument|return")
_NUMBER = re.compile(r"\d[\d_]*(?:\.\d+)?[a-zA-Z]*")
_ONE = re.compile(r"1(?:\.0*)?[a-zA-Z]*")
_NEXT = ("0", "1", "2")
"""Beside a sum these are about a place, and no part of what is computed."""


@operator(
    "code.term-dropped",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{expression}` is computed without `{term}`",
    (
        "const rest = total - used; const size = 4 * width * height; const next = i + 1; const last = rows[n - m];",
        (
            "const rest = total; const size = 4 * width * height; const next = i + 1; const last = rows[n - m];",
            "const rest = total - used; const size = 4 * width; const next = i + 1; const last = rows[n - m];",
            "const rest = total - used; const size = width * height; const next = i + 1; const last = rows[n - m];",
        ),
        "javascript",
    ),
    ("class A { int f() { return base + step; } }", ("class A { int f() { return base; } }",), "java"),
)
def term_dropped(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.BINARY):
        operands = [child for child in found.node.named_children if child.type not in program.dialect.comments]
        if len(operands) != 2 or any(is_text(program, operand) for operand in operands):
            continue
        left, right = operands
        sign = program.text[left.end_byte : right.start_byte].strip()
        if sign not in _SIGNS or _is_place(found.node) or program.said(left) == program.said(right):
            continue
        if sign in "+*" and _NUMBER.fullmatch(program.said(left)):
            if sign == "*" and _ONE.fullmatch(program.said(left)):
                continue
            edit, term = Edit(left.start_byte, right.start_byte, ""), left
        elif sign in "+-" and program.said(right) in _NEXT:
            continue
        else:
            edit, term = Edit(left.end_byte, right.end_byte, ""), right
        fields = {"expression": program.short(found.node), "term": program.short(term)}
        yield Candidate((edit,), fields, found.scope, check=SAFE)


def _is_place(node: Node) -> bool:
    """Where something lies, or how much of it there is: beside it the program stops."""
    up = node.parent
    while up is not None and not _STATEMENT.search(up.type):
        if _PLACE.search(up.type):
            return True
        up = up.parent
    return False
