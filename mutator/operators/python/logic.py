"""Conditions, comparisons and arithmetic that are slightly wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.flags import flag_tests
from mutator.operators.python.nodes import dotted, is_name, last_name
from mutator.operators.python.tree import PythonTree


def _conditions(tree: PythonTree) -> Iterator[tuple[cst.CSTNode, cst.BaseExpression]]:
    for node in tree.every(cst.If, cst.While, cst.IfExp, cst.CompIf):
        assert isinstance(node, cst.If | cst.While | cst.IfExp | cst.CompIf)
        if tree.knows(node.test) and not is_name(node.test, "True", "False"):
            yield node, node.test


def _is_condition(tree: PythonTree, node: cst.BaseExpression) -> bool:
    """Whether negating the whole condition says the same."""
    up = tree.parent(node)
    return isinstance(up, cst.If | cst.While | cst.IfExp | cst.CompIf) and up.test is node


_CONTRARY: dict[type[cst.CSTNode], str] = {
    cst.Equal: "!=",
    cst.NotEqual: "==",
    cst.In: "not in",
    cst.NotIn: "in",
    cst.Is: "is not",
    cst.IsNot: "is",
}


@operator(
    "python.condition-negated",
    FaultClass.WRONG_LOGIC,
    Tier.FINE,
    "`{test}` is taken the other way round",
    (
        "if x == 1:\n    pass\nelif a and b:\n    pass\ny = 1 if not z else 2\n",
        (
            "if x != 1:\n    pass\nelif a and b:\n    pass\ny = 1 if not z else 2\n",
            ("if x == 1:\n    pass\nelif not (a and b):\n    pass\ny = 1 if not z else 2\n"),
            "if x == 1:\n    pass\nelif a and b:\n    pass\ny = 1 if z else 2\n",
        ),
    ),
)
def condition_negated(tree: PythonTree) -> Iterator[Candidate]:
    for node, test in _conditions(tree):
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            place = test.comparisons[0].operator
            contrary = _CONTRARY.get(type(place))
            if contrary is not None:
                edit = Edit(*tree.span(place), contrary)
                yield tree.mutant(node, edit, test=tree.label(test))
                continue
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            start, end = tree.outer(test)
            edit = Edit(start, end, _beside_word(tree, start, tree.code(test.expression)))
        else:
            start, end = tree.outer(test)
            code = tree.code(test)
            simple = isinstance(test, cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.Comparison)
            edit = Edit(start, end, _beside_word(tree, start, f"not {code}" if simple else f"not ({code})"))
        yield tree.mutant(node, edit, test=tree.label(test))


def _if_guard(node: cst.CSTNode) -> Tier | None:
    """A guard the other way round refuses everything: nothing works any more."""
    return Tier.FINE if isinstance(node, cst.If) and _leaves(node) else None


def _beside_word(tree: PythonTree, start: int, new: str) -> str:
    """`if(x)` needs a blank where its parentheses go."""
    before = tree.text[start - 1 : start]
    return f" {new}" if before.isidentifier() and not new.startswith("(") else new


@operator(
    "python.branch-never",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    "the branch for `{test}` is never taken",
    (
        "if fast:\n    go()\nelif slow:\n    walk()\n",
        (
            "if False:\n    go()\nelif slow:\n    walk()\n",
            "if fast:\n    go()\nelif False:\n    walk()\n",
        ),
    ),
)
def branch_never(tree: PythonTree) -> Iterator[Candidate]:
    asked = tree.once(flag_tests)
    for node in tree.every(cst.If):
        if tree.knows(node.test) and not is_name(node.test, "True", "False") and not _leaves(node):
            if node.test in asked:
                continue
            start = tree.outer(node.test)[0]
            edit = Edit(start, tree.outer(node.test)[1], _beside_word(tree, start, "False"))
            tier = Tier.FINE if _makes_ready(tree, node) else None
            yield tree.mutant(node, edit, tier=tier, stills=tree.span(node.body), test=tree.label(node.test))


def _makes_ready(tree: PythonTree, node: cst.If) -> bool:
    """`if key not in table: table[key] = []`: without it the next line stops the program."""
    test = node.test
    if not isinstance(test, cst.Comparison) or not isinstance(test.comparisons[0].operator, cst.NotIn):
        return False
    table = tree.code(test.comparisons[0].comparator)
    return f"{table}[" in tree.code(node.body)


def _leaves(node: cst.If) -> bool:
    """A branch that only turns back is a guard, and disarmed as such."""
    last = node.body.body[-1]
    small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last
    return len(node.body.body) <= 2 and isinstance(small, cst.Raise | cst.Return | cst.Continue)


@operator(
    "python.branch-always",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "the branch for `{test}` is always taken",
    ("if fast:\n    go()\n", ("if True:\n    go()\n",)),
)
def branch_always(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.If):
        if tree.knows(node.test) and not is_name(node.test, "True", "False"):
            start, end = tree.outer(node.test)
            edit = Edit(start, end, _beside_word(tree, start, "True"))
            yield tree.mutant(node, edit, tier=_if_guard(node), test=tree.label(node.test))


@operator(
    "python.filter-dropped",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    "nothing is filtered out by `{test}`",
    (
        "[x for x in xs if x > 0 if x.ok]\n",
        (
            "[x for x in xs if x.ok]\n",
            "[x for x in xs if x > 0]\n",
        ),
    ),
)
def filter_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.CompIf):
        up = tree.parent(node)
        assert isinstance(up, cst.CompFor)
        index = list(up.ifs).index(node)
        start = tree.outer(up.ifs[index - 1].test if index else up.iter)[1]
        yield tree.mutant(node, Edit(start, tree.outer(node.test)[1], ""), test=tree.label(node.test))


_BOUNDARY: dict[type[cst.CSTNode], str] = {
    cst.LessThan: "<=",
    cst.LessThanEqual: "<",
    cst.GreaterThan: ">=",
    cst.GreaterThanEqual: ">",
}
_REVERSED: dict[type[cst.CSTNode], str] = {
    cst.LessThan: ">",
    cst.LessThanEqual: ">=",
    cst.GreaterThan: "<",
    cst.GreaterThanEqual: "<=",
}


@operator(
    "python.boundary",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
    (
        "a < b <= c\n",
        (
            "a <= b <= c\n",
            "a < b < c\n",
        ),
    ),
)
def boundary(tree: PythonTree) -> Iterator[Candidate]:
    yield from _compared_with(tree, _BOUNDARY)


@operator(
    "python.comparison-reversed",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
    ("have < wanted\n", ("have > wanted\n",)),
)
def comparison_reversed(tree: PythonTree) -> Iterator[Candidate]:
    yield from _compared_with(tree, _REVERSED)


@operator(
    "python.equality-negated",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
    (
        "same = a == b\nthere = k not in d\n",
        (
            "same = a != b\nthere = k not in d\n",
            "same = a == b\nthere = k in d\n",
        ),
    ),
)
def equality_negated(tree: PythonTree) -> Iterator[Candidate]:
    yield from _compared_with(tree, _CONTRARY)


def _compared_with(tree: PythonTree, instead: dict[type[cst.CSTNode], str]) -> Iterator[Candidate]:
    for node in tree.every(cst.Comparison):
        if instead is _CONTRARY and len(node.comparisons) == 1 and _is_condition(tree, node):
            continue
        for target in node.comparisons:
            new = instead.get(type(target.operator))
            if new is not None:
                edit = Edit(*tree.span(target.operator), new)
                # Older for newer is what a comparison of versions is for.
                coarse = instead is _REVERSED and _VERSION.search(tree.code(node)) is not None
                # The other way round is nobody's mistake, and a bound of thousands is never met exactly.
                turned = instead is not _BOUNDARY or _is_far(target.comparator) or _is_far(node.left)
                tier = Tier.COARSE if coarse else Tier.FINE if turned else None
                yield tree.mutant(node, edit, tier=tier, test=tree.label(node), new=new)


def _is_far(side: cst.BaseExpression) -> bool:
    if isinstance(side, cst.Float):
        return True
    return isinstance(side, cst.Integer) and side.value.isdigit() and int(side.value) >= 1000


_VERSION = re.compile(r"(?i)version|semver|release")


@operator(
    "python.and-or",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
    (
        "a and (b or c)\n",
        (
            "a or (b or c)\n",
            "a and (b and c)\n",
        ),
    ),
)
def and_or(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.BooleanOperation):
        new = "or" if isinstance(node.operator, cst.And) else "and"
        yield tree.mutant(node, Edit(*tree.span(node.operator), new), test=tree.label(node), new=new)


@operator(
    "python.operand-dropped",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{gone}` plays no part in `{test}`",
    (
        "a and (b or c)\n",
        (
            "a\n",
            "(b or c)\n",
            "a and (b)\n",
            "a and (c)\n",
        ),
    ),
)
def operand_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.BooleanOperation):
        (a, b), (c, d) = tree.outer(node.left), tree.outer(node.right)
        test = tree.label(node)
        yield tree.mutant(node, Edit(b, d, ""), gone=tree.label(node.right, 40), test=test)
        yield tree.mutant(node, Edit(a, c, ""), gone=tree.label(node.left, 40), test=test)


@operator(
    "python.not-dropped",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` loses its `not`",
    ("x = not ready\n", ("x = ready\n",)),
)
def not_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.UnaryOperation):
        if isinstance(node.operator, cst.Not) and not _is_condition(tree, node):
            start = tree.span(node)[0]
            new = _beside_word(tree, start, tree.code(node.expression))
            edit = Edit(start, tree.span(node)[1], new)
            yield tree.mutant(node, edit, test=tree.label(node))


_ARITHMETIC: dict[type[cst.CSTNode], str] = {
    cst.Add: "-",
    cst.Subtract: "+",
    cst.Multiply: "+",
    cst.Divide: "//",
    cst.Modulo: "//",
    cst.Power: "*",
    cst.LeftShift: ">>",
    cst.RightShift: "<<",
    cst.BitAnd: "|",
    cst.BitOr: "&",
    cst.BitXor: "|",
    cst.AddAssign: "-=",
    cst.SubtractAssign: "+=",
    cst.MultiplyAssign: "+=",
    cst.DivideAssign: "//=",
    cst.ModuloAssign: "//=",
    cst.BitOrAssign: "&=",
    cst.BitAndAssign: "|=",
}


@operator(
    "python.arithmetic",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    "`{code}` uses `{new}`",
    (
        'x = a + b * 2\ny = "a" + b\nn += 1\n',
        (
            'x = a - b * 2\ny = "a" + b\nn += 1\n',
            'x = a + b + 2\ny = "a" + b\nn += 1\n',
            'x = a + b * 2\ny = "a" + b\nn -= 1\n',
        ),
    ),
)
def arithmetic(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.BinaryOperation, cst.AugAssign):
        assert isinstance(node, cst.BinaryOperation | cst.AugAssign)
        sides = (node.left, node.right) if isinstance(node, cst.BinaryOperation) else (node.value,)
        new = _ARITHMETIC.get(type(node.operator))
        # Strings, lists and paths are put together with the same signs; nothing else fits them.
        if new is not None and not any(is_joined(tree, side) for side in sides):
            loops = isinstance(node, cst.AugAssign) and tree.within(node, cst.While, cst.FunctionDef)
            # A count that runs the other way never ends a loop; bits are somebody's mixing of them.
            tier = Tier.FINE if isinstance(node.operator, _BITS) or isinstance(loops, cst.While) else None
            if isinstance(tree.within(node, cst.Index, cst.Assign, cst.Expr, cst.Return), cst.Index):
                tier = Tier.FINE  # Beside the row the program stops.
            edit = Edit(*tree.span(node.operator), new)
            yield tree.mutant(node, edit, tier=tier, code=tree.label(node), new=new)


_TEXTS = re.compile(
    r"(?i)(^|_)(text|content|contents|line|msg|message|str|string|prefix|suffix|html|name|path|body|header|word|title|output|out"
    r"|lines|items|rows|result|results|parts|left|right|head|tail|tokens|data)$"
)
"""Names of what is put together rather than added up."""


_BITS = (cst.BitAnd, cst.BitOr, cst.BitXor, cst.LeftShift, cst.RightShift, cst.BitAndAssign, cst.BitOrAssign)


def is_joined(tree: PythonTree, side: cst.BaseExpression) -> bool:
    if isinstance(side, cst.BinaryOperation):
        return is_joined(tree, side.left) or is_joined(tree, side.right)
    if isinstance(side, cst.BaseString | cst.List | cst.Tuple | cst.Dict | cst.ListComp):
        return True
    if _TEXTS.search(dotted(side).rpartition(".")[2]):
        return True
    if last_name(side) in ("str", "join", "Path", "PurePath", "list", "format", "dumps", "Q", "repr", "encode"):
        return True
    return isinstance(side, cst.Attribute) and side.attr.value in ("parent", "name", "stem")
