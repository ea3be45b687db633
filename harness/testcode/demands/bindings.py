"""What the names of a Python test are bound to, and which texts it passes on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from harness.testcode.demands.values import last_name

BINDS = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.NamedExpr,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.withitem,
    ast.Return,
    ast.Yield,
    ast.Call,
)
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def words_of(node: ast.AST) -> Iterator[str]:
    """String constants that are passed as they are: not the keys by which something is looked up."""
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Constant):
            if isinstance(one.value, str):
                yield one.value
            elif isinstance(one.value, bytes):
                yield one.value.decode("latin-1")
        elif isinstance(one, ast.Subscript):
            stack.append(one.value)
        elif isinstance(one, ast.Compare | ast.Lambda):
            continue
        elif isinstance(one, ast.Call) and last_name(one.func) in ("get", "pop", "getattr", "hasattr"):
            stack.append(one.func)
        else:
            stack += ast.iter_child_nodes(one)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """In the order of the text, without nested functions and classes."""
    stack: list[ast.AST] = [node]
    while stack:
        one = stack.pop()
        yield one
        if isinstance(one, ast.Name | ast.Constant | ast.Pass):
            continue
        below = list(ast.iter_child_nodes(one))
        stack += [child for child in reversed(below) if not isinstance(child, _SCOPES)]


def bindings(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """Every expression a name is bound to by plain assignment or by a loop over it."""
    bound: dict[str, list[ast.expr]] = {}

    def bind(target: ast.expr, value: ast.expr, *, loop: bool) -> None:
        if isinstance(target, ast.Name):
            bound.setdefault(target.id, []).append(ast.Starred(value) if loop else value)
        elif isinstance(target, ast.Tuple | ast.List):
            rows = value.elts if loop and isinstance(value, ast.List | ast.Tuple | ast.Set) else [] if loop else [value]
            for index, part in enumerate(target.elts):
                for row in rows:
                    if isinstance(row, ast.Tuple | ast.List) and index < len(row.elts):
                        bind(part, row.elts[index], loop=False)
                if isinstance(part, ast.Name):
                    bound.setdefault(part.id, [])

    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                bind(target, node.value, loop=False)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            bind(node.target, node.value, loop=False)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            bind(node.target, node.iter, loop=True)
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            bound.setdefault(node.optional_vars.id, [])
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            bound[node.target.id] = []
    return bound


def parameters(decorator: ast.expr) -> dict[str, list[ast.expr]]:
    """Argument -> expressions of `@pytest.mark.parametrize("a, b", [...])`."""
    if not (isinstance(decorator, ast.Call) and last_name(decorator.func) == "parametrize" and len(decorator.args) > 1):
        return {}
    first, values = decorator.args[0], decorator.args[1]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        names = [name.strip() for name in first.value.split(",")]
    elif isinstance(first, ast.List | ast.Tuple):
        names = [str(each.value) for each in first.elts if isinstance(each, ast.Constant)]
    else:
        return {}
    if len(names) == 1:
        return {names[0]: [ast.Starred(values)]}
    found: dict[str, list[ast.expr]] = {name: [] for name in names}
    for row in values.elts if isinstance(values, ast.List | ast.Tuple) else ():
        if isinstance(row, ast.Call) and last_name(row.func) == "param":
            row = ast.Tuple(row.args, ast.Load())
        if isinstance(row, ast.Tuple | ast.List):
            for name, part in zip(names, row.elts, strict=False):
                found[name].append(part)
    return found
