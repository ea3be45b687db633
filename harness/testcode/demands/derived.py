"""Finds the names in a Python test that hold parsed output of a solution: a file's keys, a table's columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from harness.testcode.demands.bindings import BINDS, own_nodes, words_of
from harness.testcode.demands.model import DemandKind
from harness.testcode.demands.values import last_name

Function = ast.FunctionDef | ast.AsyncFunctionDef

_PARSES = frozenset("loads load safe_load full_load json read_json literal_eval".split())
_TABLES = frozenset("DictReader read_csv read_excel read_parquet read_table read_sql read_sql_query".split())
_PASSES_ON = frozenset(
    "list sorted next iter reversed dict set tuple enumerate zip items values get iterrows to_dict keys copy"
    " frozenset head tail setdefault pop".split()
)
_OWN = re.compile(
    r"expected|golden|reference|fixture|baseline|/tests?/|oracle|ground_?truth|answer_?key", re.IGNORECASE
)


class Derivation:
    """For one test file: names and expressions with parsed output of a solution, and the kind of demand of a lookup."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._owned: dict[int, list[ast.AST]] = {}
        self.functions: dict[str, DemandKind] = {}
        """Functions of the file that return parsed output."""
        for _ in range(3):  # a function may return the result of another one
            before = len(self.functions)
            for function in functions.values():
                kind = self.of_function(function)
                if kind is not None:
                    self.functions[function.name] = kind
            if len(self.functions) == before:
                break

    def of_function(self, function: Function) -> DemandKind | None:
        names = self.names(function.body, {})
        for statement in function.body:
            for node in self.own(statement):
                if not isinstance(node, ast.Return | ast.Yield) or node.value is None:
                    continue
                kind = self.of(node.value, names)
                if kind is not None:
                    return kind
        return None

    def bodies(self, body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
        for statement in body:
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from self.own(statement)

    def own(self, statement: ast.stmt) -> list[ast.AST]:
        """The nodes of a statement that bind, call or return; cached."""
        found = self._owned.get(id(statement))
        if found is None:
            found = self._owned[id(statement)] = [node for node in own_nodes(statement) if isinstance(node, BINDS)]
        return found

    def names(self, body: Iterable[ast.stmt], outer: Mapping[str, DemandKind]) -> dict[str, DemandKind]:
        names = dict(outer)
        for statement in body:
            for node in self.own(statement):
                target: ast.expr | None = None
                value: ast.expr | None = None
                if isinstance(node, ast.Assign) and len(node.targets) == 1:
                    target, value = node.targets[0], node.value
                elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.For | ast.comprehension):
                    target = node.target
                    value = node.iter if isinstance(node, ast.For | ast.comprehension) else node.value
                elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                    target, value = node.optional_vars, node.context_expr
                if target is None or value is None:
                    continue
                kind = self.of(value, names)
                for name in ast.walk(target) if kind is not None else ():
                    if isinstance(name, ast.Name):
                        names[name.id] = kind  # type: ignore[assignment]  # not None where the loop runs
        return names

    def of(self, node: ast.expr, names: Mapping[str, DemandKind], depth: int = 0) -> DemandKind | None:
        """The kind of demand of a lookup in this expression; None if it is not parsed output of the solution."""
        if depth > 30:
            return None
        if isinstance(node, ast.Name):
            return names.get(node.id)
        if isinstance(node, ast.Subscript | ast.Attribute | ast.Await | ast.Starred):
            return self.of(node.value, names, depth + 1)
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if isinstance(node.func, ast.Name) and name in self.functions:
                return self.functions[name]
            if name in _PARSES or name in _TABLES:
                owned = isinstance(node.func, ast.Attribute) or name in _TABLES
                if name == "json" and node.args:
                    return None
                if not owned or _OWN.search(" ".join(words_of(node))):
                    return None
                return DemandKind.COLUMN if name in _TABLES else DemandKind.KEY
            if name in _PASSES_ON:
                inner = [node.func.value] if isinstance(node.func, ast.Attribute) else node.args
                return next((kind for one in inner if (kind := self.of(one, names, depth + 1))), None)
            return None
        if isinstance(node, ast.BoolOp):
            return next((kind for one in node.values if (kind := self.of(one, names, depth + 1))), None)
        if isinstance(node, ast.IfExp):
            return self.of(node.body, names, depth + 1) or self.of(node.orelse, names, depth + 1)
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
            inner_names = dict(names)
            for part in node.generators:
                kind = self.of(part.iter, inner_names, depth + 1)
                for name_node in ast.walk(part.target) if kind is not None else ():
                    if isinstance(name_node, ast.Name) and kind is not None:
                        inner_names[name_node.id] = kind
            return self.of(node.elt, inner_names, depth + 1)
        return None
