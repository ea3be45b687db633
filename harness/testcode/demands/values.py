"""Evaluates expressions of a test from constants: module constants, joined paths, f-strings, loops over lists,
parametrised arguments. A part that is only known when the test runs is a NUL.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

UNKNOWN = "\0"
MOST = 48
"""The most values of one expression that are followed."""
_DEEPEST = 12
_PATHS = frozenset(
    {"Path", "PurePath", "PosixPath", "PurePosixPath", "str", "fspath", "abspath", "realpath", "expanduser"}
)
_SAME = frozenset(
    {"resolve", "absolute", "expanduser", "as_posix", "strip", "encode", "decode", "lower", "format", "rstrip"}
)

Value = str | int | float | tuple[object, ...] | None


class Constants:
    """The names of a file, and within a function those of the function, each with every expression bound to it."""

    def __init__(self, bound: Mapping[str, Sequence[ast.expr]], outer: Constants | None = None) -> None:
        self._bound = bound
        self._outer = outer
        self._busy: set[str] = set()

    def of(self, node: ast.expr | None, depth: int = 0) -> list[Value]:
        """Every value that it may have; empty if none is known."""
        if node is None or depth > _DEEPEST:
            return []
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, bytes):
                return [value.decode("latin-1")]
            return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else []
        if isinstance(node, ast.Name):
            return self._name(node.id, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, depth)
        if isinstance(node, ast.BinOp):
            return self._sum(node, depth)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [tuple(self.of(each, depth + 1) for each in node.elts)]
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return [posixpath.dirname(text) for text in self.texts(node.value, depth + 1)]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            return self._name(node.attr, depth)
        if isinstance(node, ast.IfExp):
            return (self.of(node.body, depth + 1) + self.of(node.orelse, depth + 1))[:MOST]
        return []

    def texts(self, node: ast.expr | None, depth: int = 0) -> list[str]:
        return [value for value in self.of(node, depth) if isinstance(value, str)]

    def members(self, node: ast.expr, depth: int = 0) -> list[Value]:
        """The values of a loop over it."""
        if isinstance(node, ast.Dict):
            return [value for key in node.keys for value in self.of(key, depth + 1)][:MOST]
        if isinstance(node, ast.Name):
            found = [one for expression in self.expressions(node.id) for one in self.members(expression, depth + 1)]
            return found[:MOST] if depth < _DEEPEST else []
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [value for each in node.elts for value in self.of(each, depth + 1)][:MOST]
        return []

    def expressions(self, name: str) -> Sequence[ast.expr]:
        if name in self._bound:
            return self._bound[name]
        return self._outer.expressions(name) if self._outer is not None else ()

    def _name(self, name: str, depth: int) -> list[Value]:
        if name not in self._bound:
            return self._outer._name(name, depth + 1) if self._outer is not None else []
        if name in self._busy:
            return []
        self._busy.add(name)
        try:
            return [
                value
                for expression in self._bound[name]
                for value in (
                    self.members(expression.value, depth + 1)
                    if isinstance(expression, ast.Starred)
                    else self.of(expression, depth + 1)
                )
            ][:MOST]
        finally:
            self._busy.discard(name)

    def _parts(self, nodes: Iterable[ast.expr], depth: int) -> list[list[str]]:
        return [
            [str(value) for value in self.of(node, depth + 1) if not isinstance(value, tuple)] or [UNKNOWN]
            for node in nodes
        ]

    def _joined(self, node: ast.JoinedStr, depth: int) -> list[Value]:
        pieces = [each.value if isinstance(each, ast.FormattedValue) else each for each in node.values]
        return _all("".join(parts) for parts in product(*self._parts(pieces, depth)))

    def _sum(self, node: ast.BinOp, depth: int) -> list[Value]:
        left, right = self._parts((node.left, node.right), depth)
        if isinstance(node.op, ast.Add):
            return _all(a + b for a, b in product(left, right)) if left != [UNKNOWN] or right != [UNKNOWN] else []
        if isinstance(node.op, ast.Div):
            return _all(posixpath.join(a, b) for a, b in product(left, right)) if left != [UNKNOWN] else []
        if isinstance(node.op, ast.Mod) and left != [UNKNOWN]:
            return _all(text.replace("%s", UNKNOWN).replace("%d", UNKNOWN) for text in left)
        if isinstance(node.op, ast.Mult) and len(left) == len(right) == 1 and left[0].isdigit() and right[0].isdigit():
            return [int(left[0]) * int(right[0])] if len(left[0]) + len(right[0]) < 15 else []
        return []

    def _call(self, node: ast.Call, depth: int) -> list[Value]:
        name = last_name(node.func)
        if (
            name == "join"
            and isinstance(node.func, ast.Attribute)
            and last_name(node.func.value) == "path"
            and node.args
        ):
            return _all(posixpath.join(*parts) for parts in product(*self._parts(node.args, depth)))
        if name in _PATHS and node.args:
            parts = self._parts(node.args, depth)
            return _all(posixpath.join(*one) for one in product(*parts)) if parts[0] != [UNKNOWN] else []
        if isinstance(node.func, ast.Attribute):
            if name == "joinpath":
                parts = self._parts((node.func.value, *node.args), depth)
                return _all(posixpath.join(*one) for one in product(*parts)) if parts[0] != [UNKNOWN] else []
            if name in _SAME and isinstance(
                node.func.value, ast.Name | ast.Call | ast.BinOp | ast.Attribute | ast.Constant
            ):
                inner = self.of(node.func.value, depth + 1)
                return [_filled(one) if name == "format" and isinstance(one, str) else one for one in inner]
        if (
            name in ("get", "getenv")
            and len(node.args) == 2
            and "environ" in ast.dump(node.func) + name.replace("getenv", "environ")
        ):
            return self.of(node.args[1], depth + 1)
        return []


def _all(texts: Iterable[str]) -> list[Value]:
    found: list[Value] = []
    for text in texts:
        found.append(text)
        if len(found) >= MOST:
            break
    return found


def _filled(text: str) -> str:
    parts = text.split("{")
    return UNKNOWN.join([parts[0], *(part.partition("}")[2] for part in parts[1:])])


def last_name(node: ast.AST) -> str:
    """`run` of `subprocess.run`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else node.attr
    return node.id if isinstance(node, ast.Name) else ""
