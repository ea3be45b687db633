"""Ranges, slices, order and aggregation that are slightly wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.nodes import callee, dotted, keyword, last_name, positional
from mutator.operators.python.tree import PythonTree, add_argument, drop_item, item_span


@operator(
    "python.off-by-one",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    "`{code}` becomes `{new}`",
    (
        "for i in range(n):\n    a[i + 1:]\n",
        (
            "for i in range(n - 1):\n    a[i + 1:]\n",
            "for i in range(n + 1):\n    a[i + 1:]\n",
            "for i in range(1, n):\n    a[i + 1:]\n",
        ),
    ),
    (
        "range(1, n + 1)\n",
        (
            "range(1, n)\n",
            "range(1, n + 2)\n",
            "range(2, n + 1)\n",
        ),
    ),
    (
        "rows[1:-1]\nrows[0]\n",
        (
            "rows[:-1]\nrows[0]\n",
            "rows[1:]\nrows[0]\n",
            "rows[1:-1]\nrows[-1]\n",
            "rows[1:-1]\nrows[1]\n",
        ),
    ),
)
def off_by_one(tree: PythonTree) -> Iterator[Candidate]:
    """The ends of range() and of slices, the start of enumerate(), a fixed index."""
    for node in tree.every(cst.Call, cst.Subscript):
        if isinstance(node, cst.Call):
            yield from _range_ends(tree, node)
        elif isinstance(node, cst.Subscript):
            yield from _slice_ends(tree, node)


def _shown(tree: PythonTree, node: cst.CSTNode, edit: Edit) -> Candidate:
    code, new = tree.around(node, edit)
    return tree.mutant(node, edit, code=code, new=new)


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
        if isinstance(part, cst.Slice) and last_name(node.value) != "argv":
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
            if last_name(node.value) == "argv":
                continue
            other = {"0": ("-1", "1"), "-1": ("0",), "1": ("0",), "2": ("1",)}.get(code, ())
            for new in other:
                # Of what has one element the first is the last.
                tier = Tier.FINE if {code, new} == {"0", "-1"} or isinstance(node.value, cst.Call) else None
                yield replace(_shown(tree, node, Edit(*tree.outer(part.value), new)), tier=tier)


@operator(
    "python.order",
    FaultClass.WRONG_ORDER,
    Tier.MEDIUM,
    "{how} in `{code}`",
    (
        "sorted(rows, key=lambda r: (-r[1], r[0]))\n",
        (
            "list(rows)\n",
            "sorted(rows, key=lambda r: (-r[1], r[0]), reverse=True)\n",
            "sorted(rows)\n",
            "sorted(rows, key=lambda r: r[0])\n",
            "sorted(rows, key=lambda r: (r[1], r[0]))\n",
            "sorted(rows, key=lambda r: -r[1])\n",
        ),
    ),
    ("rows.sort(reverse=True)\n", ("rows.sort()\n",)),
)
def order(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        name = last_name(call)
        code = tree.label(call)
        if callee(call).startswith(("np.", "numpy.", "torch.", "jnp.")):
            continue
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
                call,
                tree.replace(call, tree.fitted(call, tree.code(first[0].value))),
                how="the order is kept",
                code=code,
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
    body = key.value.body if isinstance(key.value, cst.Lambda) else None
    edit = drop_item(tree, call.args, list(call.args).index(key))
    # Records have no order of their own: without a key the program stops.
    tier = Tier.FINE if body is not None and re.search(r"\w\[['\"]|\w\.\w", tree.code(body)) else None
    yield tree.mutant(call, edit, tier=tier, how="the key is ignored", code=code)
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


def pattern_text(tree: PythonTree, call: cst.Call) -> str | None:
    """The regular expression that a call is about, given to it or compiled by name before."""
    if not isinstance(call.func, cst.Attribute):
        return None
    given = positional(call)[:1]
    if dotted(call.func.value) in ("re", "regex"):
        return tree.literal(given[0].value) if given else None
    return tree.once(compiled_patterns).get(dotted(call.func.value))


def compiled_patterns(tree: PythonTree) -> dict[str, str]:
    """Name -> the pattern it is compiled from."""
    found: dict[str, str] = {}
    for assign in tree.every(cst.Assign):
        if callee(assign.value) == "re.compile" and isinstance(assign.value, cst.Call) and assign.value.args:
            text = tree.literal(assign.value.args[0].value)
            if text is not None:
                found[dotted(assign.targets[0].target)] = text
    return found


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
    "extend": ("append",),
    "zip_longest": ("zip",),
}
_FUNCTIONS = frozenset("min max sum any all zip_longest".split())


@operator(
    "python.aggregation",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{code}` takes `{new}` instead of `{old}`",
    (
        'max(sizes)\nany(x for x in xs)\nname.startswith("a")\n',
        (
            'min(sizes)\nany(x for x in xs)\nname.startswith("a")\n',
            'max(sizes)\nall(x for x in xs)\nname.startswith("a")\n',
            'max(sizes)\nany(x for x in xs)\nname.endswith("a")\n',
        ),
    ),
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
            if new == "median" and _WEIGHTED.search(tree.label(call)):
                continue
            counted = [arg.value for arg in call.args]
            if new == "len" and (len(counted) != 1 or isinstance(counted[0], cst.GeneratorExp)):
                continue
            if {name, new} == {"match", "search"} and (pattern_text(tree, call) or "").startswith(("^", "\\A")):
                # The pattern itself says that it begins there.
                continue
            edit = Edit(end - len(name), end, new)
            yield tree.mutant(call, edit, code=tree.label(call), new=new, old=name)


_IMPORTED = frozenset({"mean", "fmean", "median"})
_WEIGHTED = re.compile(r"\.ewm\(")
"""What has a mean and no median."""
