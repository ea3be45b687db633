"""A term or a factor that a formula lacks: the correction nobody thought of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.logic import is_joined
from mutator.operators.python.nodes import last_name
from mutator.operators.python.tree import PythonTree

_JOINED = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide)
_NEXT = ("0", "1", "2")
"""Beside a sum these are about a place, and no part of what is computed."""
_PLACES = (cst.Index, cst.Slice)
_SIZE = r"\brange\([^)\n]*\bNAME\b|\[[^\]\n]*\bNAME\b|\b(?:bytearray|bytes|zeros|empty)\([^)\n]*\bNAME\b|% \(?NAME\b"
_COUNTED = ("range", "linspace", "arange", "zeros", "read", "seek", "sleep", "chr", "unpack_from")


@operator(
    "python.term-dropped",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    "`{code}` is computed without `{term}`",
    (
        "area = n * dx * dy\nsignal = [v - floor for v in values]\nlimit = 4.0 * sigma\n",
        (
            "area = n * dx\nsignal = [v - floor for v in values]\nlimit = 4.0 * sigma\n",
            "area = n * dy\nsignal = [v - floor for v in values]\nlimit = 4.0 * sigma\n",
            "area = n * dx * dy\nsignal = [v for v in values]\nlimit = 4.0 * sigma\n",
            "area = n * dx * dy\nsignal = [v - floor for v in values]\nlimit = sigma\n",
        ),
    ),
    ("last = rows[n - 1]\nnext_one = i + 1\nname = stem + suffix\n", ()),
    ("n = nx * ny\nrows = [0] * n\nfor i in range(n):\n    rows[i] = 1.0 * x\n", ()),
)
def term_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.BinaryOperation):
        assert isinstance(node, cst.BinaryOperation)
        if not isinstance(node.operator, _JOINED) or is_joined(tree, node.left) or is_joined(tree, node.right):
            continue
        if _is_place(tree, node) or tree.code(node.left) == tree.code(node.right):
            continue
        left, right = tree.outer(node.left), tree.outer(node.right)
        if isinstance(node.left, cst.Integer | cst.Float) and isinstance(node.operator, cst.Add | cst.Multiply):
            if float(node.left.evaluated_value) == 1.0 and isinstance(node.operator, cst.Multiply):
                continue
            edit, term = Edit(left[0], right[0], ""), tree.label(node.left)
        elif isinstance(node.operator, cst.Add | cst.Subtract) and tree.code(node.right) in _NEXT:
            continue
        else:
            edit, term = Edit(left[1], right[1], ""), tree.label(node.right)
        yield tree.mutant(node, edit, code=tree.label(node), term=term)


def _is_place(tree: PythonTree, node: cst.CSTNode) -> bool:
    """Where something lies, or how much of it there is: beside it the program stops."""
    up = tree.parent(node)
    if isinstance(up, cst.BinaryOperation) and isinstance(up.operator, cst.FloorDivide | cst.Modulo):
        return True
    within = tree.within(node, cst.Call, *_PLACES, cst.Assign, cst.AnnAssign, cst.Expr, cst.Return, cst.CompFor)
    if isinstance(within, cst.Assign):
        name = tree.code(within.targets[0].target)
        return name.isidentifier() and re.search(_SIZE.replace("NAME", name), tree.text) is not None
    return isinstance(within, _PLACES) or (isinstance(within, cst.Call) and last_name(within) in _COUNTED)
