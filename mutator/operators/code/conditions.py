"""One of several cases that a condition names, forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.code import tree
from mutator.operators.code.reading import LANGUAGES
from mutator.operators.code.tree import Program
from mutator.operators.define import operator

_JOINS = frozenset({"||", "or"})
"""Each part stands for a case of its own; of `a && b` one is mostly there so that the other can be asked."""
_WHETHER_THERE = re.compile(
    r"\b(?:nil|null|nullptr|NULL|undefined|err|ok|typeof|isinstance|len|length|size)\b|^!?\w+$|-h\b|\bhelp\b|^[\"'`\[{]|^\d+$"
)
"""Without such a part the program fails where it went on, or another part says the same."""


@operator(
    "code.drop-conjunct",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{gone}` plays no part in `{expression}`",
    (
        "function f(a) { if (a.x < 1 || a.x > 9 || a.z === null) { fail(); } if (a.x && b.y < 2) { g(); } }",
        (
            "function f(a) { if (a.x > 9 || a.z === null) { fail(); } if (a.x && b.y < 2) { g(); } }",
            "function f(a) { if (a.x < 1 || a.z === null) { fail(); } if (a.x && b.y < 2) { g(); } }",
        ),
        "javascript",
    ),
    (
        'package p\nfunc f() bool { return c >= "0" || c == "-" }\n',
        ('package p\nfunc f() bool { return c == "-" }\n', 'package p\nfunc f() bool { return c >= "0" }\n'),
        "go",
    ),
)
def drop_conjunct(program: Program) -> Iterator[Candidate]:
    found: list[tuple[int, Candidate]] = []
    for each in program.each(tree.BINARY):
        sides = _sides(program, each.node)
        if sides is None:
            continue
        join, left, right = sides
        before = (left.start_byte, right.start_byte)
        behind = (left.end_byte, right.end_byte)
        for gone, span in ((left, before), (right, behind)):
            inner = _sides(program, gone)
            if (inner is not None and inner[0] == join) or _WHETHER_THERE.search(program.said(gone)):
                continue
            fields = {"gone": program.short(gone, 50), "expression": program.short(each.node)}
            found.append((gone.start_byte, Candidate((Edit(*span, ""),), fields, each.scope)))
    found.sort(key=lambda item: item[0])
    yield from (candidate for _, candidate in found)


def _sides(program: Program, node: Node) -> tuple[str, Node, Node] | None:
    """What joins the two sides of a condition, and both."""
    if node.type not in program.dialect.binaries:
        return None
    mark = node.child_by_field_name("operator") or next((child for child in node.children if not child.is_named), None)
    sides = [child for child in node.named_children if child.type not in program.dialect.comments]
    if mark is None or program.said(mark) not in _JOINS or len(sides) != 2:
        return None
    return program.said(mark), sides[0], sides[1]
