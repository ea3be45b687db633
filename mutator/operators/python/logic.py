"""Conditions, comparisons, arithmetic, ranges, order and aggregation that are slightly wrong."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.tree import (
    PythonTree,
    add_argument,
    atom,
    callee,
    drop_item,
    is_name,
    item_span,
    keyword,
    last_name,
    positional,
)


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
    Tier.MEDIUM,
    "`{test}` is taken the other way round",
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


def _beside_word(tree: PythonTree, start: int, new: str) -> str:
    """`if(x)` needs a blank where its parentheses go."""
    before = tree.text[start - 1 : start]
    return f" {new}" if before.isidentifier() and not new.startswith("(") else new


@operator(
    "python.branch-never",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "the branch for `{test}` is never taken",
)
def branch_never(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.If):
        if tree.knows(node.test) and not is_name(node.test, "True", "False") and not _leaves(node):
            start = tree.outer(node.test)[0]
            edit = Edit(start, tree.outer(node.test)[1], _beside_word(tree, start, "False"))
            yield tree.mutant(node, edit, test=tree.label(node.test))


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
)
def branch_always(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.If):
        if tree.knows(node.test) and not is_name(node.test, "True", "False"):
            start, end = tree.outer(node.test)
            edit = Edit(start, end, _beside_word(tree, start, "True"))
            yield tree.mutant(node, edit, test=tree.label(node.test))


@operator(
    "python.filter-dropped",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    "nothing is filtered out by `{test}`",
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
)
def boundary(tree: PythonTree) -> Iterator[Candidate]:
    yield from _compared_with(tree, _BOUNDARY)


@operator(
    "python.comparison-reversed",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
)
def comparison_reversed(tree: PythonTree) -> Iterator[Candidate]:
    yield from _compared_with(tree, _REVERSED)


@operator(
    "python.equality-negated",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
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
                yield tree.mutant(node, edit, test=tree.label(node), new=new)


@operator(
    "python.and-or",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{test}` uses `{new}`",
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
    cst.Multiply: "/",
    cst.Divide: "*",
    cst.FloorDivide: "/",
    cst.Modulo: "*",
    cst.Power: "*",
    cst.LeftShift: ">>",
    cst.RightShift: "<<",
    cst.BitAnd: "|",
    cst.BitOr: "&",
    cst.BitXor: "|",
    cst.AddAssign: "-=",
    cst.SubtractAssign: "+=",
    cst.MultiplyAssign: "/=",
    cst.DivideAssign: "*=",
    cst.FloorDivideAssign: "*=",
    cst.ModuloAssign: "*=",
    cst.BitOrAssign: "&=",
    cst.BitAndAssign: "|=",
}


@operator(
    "python.arithmetic",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    "`{code}` uses `{new}`",
)
def arithmetic(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.BinaryOperation, cst.AugAssign):
        assert isinstance(node, cst.BinaryOperation | cst.AugAssign)
        sides = (node.left, node.right) if isinstance(node, cst.BinaryOperation) else (node.value,)
        new = _ARITHMETIC.get(type(node.operator))
        # Strings, lists and paths are put together with the same signs; nothing else fits them.
        if new is not None and not any(_is_joined(tree, side) for side in sides):
            yield tree.mutant(node, Edit(*tree.span(node.operator), new), code=tree.label(node), new=new)


def _is_joined(tree: PythonTree, side: cst.BaseExpression) -> bool:
    if isinstance(side, cst.BinaryOperation):
        return _is_joined(tree, side.left) or _is_joined(tree, side.right)
    if isinstance(side, cst.BaseString | cst.List | cst.Tuple | cst.Dict | cst.ListComp):
        return True
    if last_name(side) in ("str", "join", "Path", "PurePath", "list", "format", "dumps", "Q", "repr", "encode"):
        return True
    return isinstance(side, cst.Attribute) and side.attr.value in ("parent", "name", "stem")


@operator(
    "python.off-by-one",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    "`{code}` becomes `{new}`",
)
def off_by_one(tree: PythonTree) -> Iterator[Candidate]:
    """The ends of range() and of slices, the start of enumerate(), a fixed index."""
    for node in tree.every(cst.Call, cst.Subscript):
        if isinstance(node, cst.Call):
            yield from _range_ends(tree, node)
        elif isinstance(node, cst.Subscript):
            yield from _slice_ends(tree, node)


def _shown(tree: PythonTree, node: cst.CSTNode, *edits: Edit) -> Candidate:
    start, end = tree.outer(node)
    text = tree.text
    code = "".join(
        [text[start : edits[0].start], edits[0].new, text[edits[0].end : end]] if len(edits) == 1 else [text[start:end]]
    )
    return tree.mutant(node, *edits, code=tree.label(node), new=" ".join(code.split())[:50])


def _range_ends(tree: PythonTree, call: cst.Call) -> Iterator[Candidate]:
    name = callee(call)
    if name == "range" and 1 <= len(call.args) <= 3 and not any(arg.star or arg.keyword for arg in call.args):
        stop = call.args[0] if len(call.args) == 1 else call.args[1]
        yield _shown(tree, call, _nudged(tree, stop.value, -1))
        yield _shown(tree, call, _nudged(tree, stop.value, +1))
        if len(call.args) > 1:
            yield _shown(tree, call, _nudged(tree, call.args[0].value, +1))
        else:
            start = item_span(tree, call.args[0])[0]
            yield _shown(tree, call, Edit(start, start, "1, "))
    elif name == "enumerate" and len(call.args) == 2:
        yield _shown(tree, call, drop_item(tree, call.args, 1))
    elif name == "enumerate" and len(call.args) == 1:
        yield _shown(tree, call, add_argument(tree, call, "start=1"))


def _nudged(tree: PythonTree, value: cst.BaseExpression, by: int) -> Edit:
    """One more or one less, said as a person would."""
    start, end = tree.outer(value)
    if isinstance(value, cst.Integer) and value.value.isdigit() and len(value.value) < 20:
        return Edit(start, end, str(int(value.value) + by))
    if isinstance(value, cst.BinaryOperation) and not value.lpar:
        grows = isinstance(value.operator, cst.Add)
        if isinstance(value.right, cst.Integer) and value.right.value == "1" and not value.right.lpar:
            if (grows and by < 0) or (isinstance(value.operator, cst.Subtract) and by > 0):
                return Edit(start, end, tree.code(value.left))
            if grows or isinstance(value.operator, cst.Subtract):
                return Edit(*tree.outer(value.right), "2")
    sign = "+" if by > 0 else "-"
    code = tree.text[start:end]
    loose = isinstance(value, cst.IfExp | cst.BooleanOperation | cst.Comparison | cst.Lambda | cst.NamedExpr)
    return Edit(start, end, f"({code}) {sign} 1" if loose and not value.lpar else f"{code} {sign} 1")


def _slice_ends(tree: PythonTree, node: cst.Subscript) -> Iterator[Candidate]:
    for element in node.slice:
        part = element.slice
        if isinstance(part, cst.Slice):
            for bound, by in ((part.lower, +1), (part.upper, -1)):
                if bound is None or not isinstance(bound, cst.Integer | cst.UnaryOperation | cst.Name | cst.Call):
                    continue
                if tree.code(bound) in ("1", "-1"):
                    yield _shown(tree, node, Edit(*tree.outer(bound), ""))
                else:
                    yield _shown(tree, node, _nudged(tree, bound, by))
            if part.step is not None and tree.code(part.step) == "-1":
                yield _shown(tree, node, Edit(*tree.outer(part.step), "1"))
        elif isinstance(part, cst.Index):
            code = tree.code(part.value)
            other = {"0": ("-1", "1"), "-1": ("0",), "1": ("0",), "2": ("1",)}.get(code, ())
            for new in other:
                yield _shown(tree, node, Edit(*tree.outer(part.value), new))


@operator(
    "python.order",
    FaultClass.WRONG_ORDER,
    Tier.MEDIUM,
    "{how} in `{code}`",
)
def order(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        name = last_name(call)
        code = tree.label(call)
        if name not in ("sorted", "sort", "sort_values", "nlargest", "nsmallest", "reversed", "groupby", "order_by"):
            continue
        first = positional(call)[:1]
        if callee(call) == "sorted" and first:
            start, end = tree.outer(first[0].value)
            yield tree.mutant(
                call, Edit(*tree.outer(call), f"list({tree.text[start:end]})"), how="nothing is sorted", code=code
            )
        elif callee(call) == "reversed" and first:
            yield tree.mutant(
                call, tree.replace(call, atom(tree.code(first[0].value))), how="the order is kept", code=code
            )
        if name in ("sorted", "sort"):
            backwards = keyword(call, "reverse")
            if backwards is not None:
                edit = drop_item(tree, call.args, list(call.args).index(backwards))
            else:
                edit = add_argument(tree, call, "reverse=True")
            yield tree.mutant(call, edit, how="the order is reversed", code=code)
        if name in ("nlargest", "nsmallest"):
            other = "nsmallest" if name == "nlargest" else "nlargest"
            start = tree.outer(call.func)[1] - len(name)
            yield tree.mutant(call, Edit(start, start + len(name), other), how="the wrong end is taken", code=code)
        yield from _keys(tree, call, code)


def _keys(tree: PythonTree, call: cst.Call, code: str) -> Iterator[Candidate]:
    key = keyword(call, "key")
    if key is None:
        return
    yield tree.mutant(call, drop_item(tree, call.args, list(call.args).index(key)), how="the key is ignored", code=code)
    body = key.value.body if isinstance(key.value, cst.Lambda) else None
    if isinstance(body, cst.UnaryOperation) and isinstance(body.operator, cst.Minus):
        yield tree.mutant(call, tree.replace(body, tree.code(body.expression)), how="a key counts upwards", code=code)
    if isinstance(body, cst.Tuple) and len(body.elements) > 1:
        for index, element in enumerate(body.elements):
            part = tree.label(element.value, 30)
            edit = drop_item(tree, body.elements, index)
            if len(body.elements) == 2:
                edit = tree.replace(body, tree.code(body.elements[1 - index].value))
            yield tree.mutant(call, edit, how=f"`{part}` does not count", code=code)
            if isinstance(element.value, cst.UnaryOperation) and isinstance(element.value.operator, cst.Minus):
                straight = tree.replace(element.value, tree.code(element.value.expression))
                yield tree.mutant(call, straight, how=f"`{part}` counts upwards", code=code)


_AGGREGATION = {
    "min": ("max",),
    "max": ("min",),
    "sum": ("len", "max"),
    "any": ("all",),
    "all": ("any",),
    "mean": ("sum", "median"),
    "median": ("mean",),
    "fmean": ("median",),
    "union": ("intersection",),
    "intersection": ("union",),
    "startswith": ("endswith",),
    "endswith": ("startswith",),
    "ceil": ("floor",),
    "floor": ("ceil",),
    "stdev": ("pstdev",),
    "pstdev": ("stdev",),
    "popleft": ("pop",),
    "appendleft": ("append",),
    "search": ("match",),
    "fullmatch": ("match",),
    "match": ("search",),
    "findall": ("search",),
    "issubset": ("issuperset",),
    "issuperset": ("issubset",),
    "keys": ("values",),
    "values": ("keys",),
    "extend": ("append",),
    "zip_longest": ("zip",),
}
_FUNCTIONS = frozenset("min max sum any all zip_longest".split())


@operator(
    "python.aggregation",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{code}` takes `{new}` instead of `{old}`",
)
def aggregation(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        name = last_name(call)
        bare = isinstance(call.func, cst.Name)
        if name not in _AGGREGATION or (bare and name not in _FUNCTIONS and name not in _IMPORTED):
            continue
        end = tree.outer(call.func)[1]
        for new in _AGGREGATION[name]:
            # A bare name must be a builtin, or the program would not know it.
            if bare and name in _IMPORTED and new not in ("sum", "max", "min", "len", "zip"):
                continue
            if new in ("sum", "len", "zip") and not bare:
                continue
            if new == "len" and keyword(call, "start"):
                continue
            edit = Edit(end - len(name), end, new)
            yield tree.mutant(call, edit, code=tree.label(call), new=new, old=name)


_IMPORTED = frozenset({"mean", "fmean", "median"})
