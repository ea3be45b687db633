"""Functions whose body is gone: they return the emptiest value of their type, or do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.entry import is_called, is_read_once, stilled_by
from mutator.operators.python.guards import CHECK, ROUTE, answers_yes_or_no, body_edit, is_truth
from mutator.operators.python.nodes import callee, dotted, is_name, last_name, statements
from mutator.operators.python.tree import PythonTree

_BY_TYPE = {
    "bool": ("False", "True"),
    "int": ("0",),
    "float": ("0.0",),
    "str": ('""',),
    "bytes": ('b""',),
    "list": ("[]",),
    "List": ("[]",),
    "Sequence": ("[]",),
    "Iterable": ("[]",),
    "Collection": ("[]",),
    "dict": ("{}",),
    "Dict": ("{}",),
    "Mapping": ("{}",),
    "MutableMapping": ("{}",),
    "defaultdict": ("{}",),
    "set": ("set()",),
    "Set": ("set()",),
    "frozenset": ("frozenset()",),
    "tuple": ("()",),
    "Tuple": ("()",),
    "None": ("",),
    "NoReturn": ("",),
}
_BY_CALL = {
    "len": "0",
    "sum": "0",
    "int": "0",
    "round": "0",
    "abs": "0",
    "count": "0",
    "float": "0.0",
    "str": '""',
    "join": '""',
    "format": '""',
    "strip": '""',
    "lower": '""',
    "upper": '""',
    "replace": '""',
    "dumps": '""',
    "read_text": '""',
    "hexdigest": '""',
    "isoformat": '""',
    "strftime": '""',
    "decode": '""',
    "encode": 'b""',
    "read_bytes": 'b""',
    "digest": 'b""',
    "list": "[]",
    "sorted": "[]",
    "split": "[]",
    "splitlines": "[]",
    "fetchall": "[]",
    "dict": "{}",
    "defaultdict": "{}",
    "Counter": "{}",
    "OrderedDict": "{}",
    "set": "set()",
    "frozenset": "frozenset()",
    "tuple": "()",
}
_BY_ATTRIBUTE = {
    **dict.fromkeys(
        "days seconds year month day hour minute st_size st_mtime returncode status_code size".split(), "0"
    ),
    **dict.fromkeys("stdout stderr text name stem suffix".split(), '""'),
}
_NEVER = frozenset("__init__ __new__ __enter__ __aenter__ __repr__ __init_subclass__ __set_name__".split())


@operator(
    "python.function-hollow",
    FaultClass.HOLLOW_FUNCTION,
    Tier.COARSE,
    "{name} {instead}",
    (
        'def total(rows) -> int:\n    """Sum."""\n    return sum(rows)\n',
        ('def total(rows) -> int:\n    """Sum."""\n    return 0\n',),
    ),
    (
        ("def names(rows):\n    found = []\n    for row in rows:\n        found.append(row)\n    return found\n"),
        ("def names(rows):\n    return []\n",),
    ),
    (
        "def even(n): return n % 2 == 0\n",
        (
            "def even(n): return False\n",
            "def even(n): return True\n",
        ),
    ),
    (
        ("async def pages(url):\n    async for page in walk(url):\n        yield page\n"),
        ("async def pages(url):\n    return\n    yield\n",),
    ),
    ("def save(rows):\n    write(rows)\n", ("def save(rows):\n    pass\n",)),
    (
        ("def timed(view):\n    def inner(*a):\n        return view(*a)\n    return inner\n"),
        (
            "def timed(view):\n    return view\n",
            ("def timed(view):\n    def inner(*a):\n        return None\n    return inner\n"),
        ),
    ),
)
def function_hollow(tree: PythonTree) -> Iterator[Candidate]:
    for function in tree.every(cst.FunctionDef):
        name = function.name.value
        if name in _NEVER or _is_trivial(tree, function):
            continue
        for instead, text in hollow_bodies(tree, function):
            if text == "return True" and CHECK.match(name):
                continue
            edit = body_edit(tree, function, text)
            if edit is not None:
                stage = text not in ("pass", "") and is_read_once(tree, name)
                # What is used as something else than None only stops the program.
                asked = is_called(tree, name) and "." not in tree.scope(function)
                stage = stage or (asked and text not in ("pass", "return False", "return True", "return None"))
                stage = stage or (asked and text == "return None" and not _returns_none(tree, function))
                tier = Tier.FINE if stage or _only_closes(function) else None
                gone = stilled_by(tree, name, (edit.start, edit.end))
                stills = gone if text == "pass" or gone == (0, len(tree.text)) else None
                yield tree.mutant(function, edit, tier=tier, stills=stills, name=tree.called(function), instead=instead)


def _returns_none(tree: PythonTree, function: cst.FunctionDef) -> bool:
    """Whether it may answer with nothing anyway."""
    returned = [node.value for node in tree.own(function, cst.Return)]
    return not returned or any(value is None or is_name(value, "None") for value in returned)


def _only_closes(function: cst.FunctionDef) -> bool:
    """What is left open at the end is closed by the end of the process, too."""
    return re.match(r"_*(close|teardown|tear_down|cleanup|shutdown|dispose|del)(_|$)", function.name.value) is not None


def hollow_bodies(tree: PythonTree, function: cst.FunctionDef) -> Iterator[tuple[str, str]]:
    """(what it does, the body)."""
    # A function that makes functions is as hollow as those; without them the program would not start.
    inner = [s.name.value for s in statements(function.body) if isinstance(s, cst.FunctionDef | cst.ClassDef)]
    returned = [node.value for node in tree.own(function, cst.Return)]
    makes = bool(returned) and all(value is not None and is_name(value, *inner) for value in returned)
    if makes and not _wrapped(tree, function):
        return
    if tree.own(function, cst.Yield):
        yield "yields nothing", "return\nyield"
        return
    wrapped = _wrapped(tree, function)
    if wrapped:
        yield f"returns `{wrapped}` as it is", f"return {wrapped}"
        return
    for value in _defaults(tree, function):
        yield f"always returns {value}" if value else "does nothing", f"return {value}" if value else "pass"


def _wrapped(tree: PythonTree, function: cst.FunctionDef) -> str:
    """The function that a decorator is given, where it returns one of its own instead."""
    inner = [s.name.value for s in statements(function.body) if isinstance(s, cst.FunctionDef)]
    returned = [node.value for node in tree.own(function, cst.Return)]
    params = function.params.params
    if len(params) != 1 or not returned or not all(value and is_name(value, *inner) for value in returned):
        return ""
    name = params[0].name.value
    calls = [call for call in tree.inside(function.body, cst.Call) if is_name(call.func, name)]
    return name if calls else ""


def _defaults(tree: PythonTree, function: cst.FunctionDef) -> tuple[str, ...]:
    if function.returns is not None:
        return _of_annotation(tree, function.returns.annotation)
    returned = [node.value for node in tree.own(function, cst.Return) if node.value is not None]
    if not returned:
        return ("",)
    if any(_has_status(value) for value in returned):
        # An empty answer, and not one that the server cannot send.
        return ('"", 200',)
    if any(is_name(value, "None") for value in returned) or _guessed(tree, function, returned) != "None":
        return _plain_defaults(tree, function, returned)
    # What answers a request in JSON answers it with nothing.
    return ("{}",) if any(last_name(d.decorator) in ROUTE for d in function.decorators) else ("None",)


def _has_status(value: cst.BaseExpression) -> bool:
    """`return body, 404`"""
    if not isinstance(value, cst.Tuple) or len(value.elements) < 2:
        return False
    status = value.elements[1].value
    return isinstance(status, cst.Integer) and re.fullmatch(r"[1-5]\d\d", status.value) is not None


def _plain_defaults(tree: PythonTree, function: cst.FunctionDef, returned: list[cst.BaseExpression]) -> tuple[str, ...]:
    if answers_yes_or_no(tree, function):
        return ("False", "True")
    if any(is_name(value, "None") for value in returned):
        return ("None",)
    return (_guessed(tree, function, returned),)


def _guessed(tree: PythonTree, function: cst.FunctionDef, returned: list[cst.BaseExpression]) -> str:
    for value in reversed(returned):
        found = _of_value(tree, function, value)
        if found is not None:
            return found
    return "None"


def _of_annotation(tree: PythonTree, annotation: cst.BaseExpression) -> tuple[str, ...]:
    if isinstance(annotation, cst.SimpleString):
        text = tree.literal(annotation) or ""
        if "None" in text and text != "None":
            return ("None",)
        return _BY_TYPE.get(re.split(r"\W", text)[0], ("None",))
    if isinstance(annotation, cst.BinaryOperation):
        return ("None",)
    if isinstance(annotation, cst.Subscript):
        name = dotted(annotation.value).rpartition(".")[2]
        if name in ("tuple", "Tuple"):
            return (_of_tuple(tree, annotation),)
        return _BY_TYPE.get(name, ("None",))
    return _BY_TYPE.get(dotted(annotation).rpartition(".")[2], ("None",))


def _of_tuple(tree: PythonTree, annotation: cst.Subscript) -> str:
    parts = []
    for element in annotation.slice:
        inner = element.slice.value if isinstance(element.slice, cst.Index) else None
        if inner is None or isinstance(inner, cst.Ellipsis):
            return "()"
        parts.append(_of_annotation(tree, inner)[0] or "None")
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _of_value(tree: PythonTree, function: cst.FunctionDef, value: cst.BaseExpression, depth: int = 0) -> str | None:
    """The emptiest value of the kind that an expression gives; None where that cannot be seen."""
    if isinstance(value, cst.Dict | cst.DictComp):
        return "{}"
    if isinstance(value, cst.List | cst.ListComp):
        return "[]"
    if isinstance(value, cst.Set | cst.SetComp):
        return "set()"
    if isinstance(value, cst.BaseString):
        return 'b""' if isinstance(value, cst.SimpleString) and "b" in value.prefix.lower() else '""'
    if isinstance(value, cst.Integer | cst.Float):
        return "0"
    if isinstance(value, cst.Tuple):
        parts = [_of_value(tree, function, element.value, depth + 1) or "None" for element in value.elements]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    if is_truth(value):
        return "False"
    if isinstance(value, cst.BinaryOperation):
        left, right = (_of_value(tree, function, side, depth + 1) for side in (value.left, value.right))
        return left or right or "0" if depth < 4 else None
    if isinstance(value, cst.Await):
        return None
    if isinstance(value, cst.Call):
        return _BY_CALL.get(callee(value)) or _BY_CALL.get(last_name(value))
    if isinstance(value, cst.Attribute):
        return _BY_ATTRIBUTE.get(value.attr.value)
    if isinstance(value, cst.Name) and depth < 3:
        return _of_name(tree, function, value.value, depth)
    return None


def _of_name(tree: PythonTree, function: cst.FunctionDef, name: str, depth: int) -> str | None:
    """By what is assigned to it first."""
    for node in tree.own(function, cst.Assign, cst.AnnAssign):
        if isinstance(node, cst.Assign) and is_name(node.targets[0].target, name):
            if not is_name(node.value, name, "None"):
                return _of_value(tree, function, node.value, depth + 1)
        elif isinstance(node, cst.AnnAssign) and is_name(node.target, name):
            found = _of_annotation(tree, node.annotation.annotation)
            return found[0] if found != ("None",) else None
    return None


def _is_trivial(tree: PythonTree, function: cst.FunctionDef) -> bool:
    """Abstract, a stub, or a constant already."""
    if any(last_name(d.decorator) in ("abstractmethod", "overload", "fixture") for d in function.decorators):
        return True
    body = [s for s in statements(function.body) if tree.knows(s)]
    if len(body) > 1:
        return False
    if not body or isinstance(body[0], cst.Pass | cst.Raise):
        return True
    only = body[0]
    return isinstance(only, cst.Return) and (only.value is None or is_name(only.value, "None", "True", "False"))
