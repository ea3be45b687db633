"""Names that nobody outside a Python program can see, renamed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit
from mutator.operators.preserving.program import Function, Program

SHOWN = 4
_COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPE = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def locals_renamed(program: Program) -> Iterator[Candidate]:
    """Every name that is surely a local variable of its function."""
    choices = {id(function): _own_names(function, program) for function in program.functions}
    wanted = copy.deepcopy(program.module)
    twins = {id(node): twin for node, twin in zip(ast.walk(program.module), ast.walk(wanted), strict=True)}
    places: dict[tuple[int, str], dict[str, str]] = {}
    names: list[str] = []
    for function in program.functions:
        chosen = choices[id(function)]
        if not chosen:
            continue
        places[function.lineno, function.name] = chosen
        names += [f"`{name}`" for name in chosen]
        for statement in function.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and node.id in chosen:
                    twin = twins[id(node)]
                    assert isinstance(twin, ast.Name)
                    twin.id = chosen[node.id]
    tree = program.exact
    if not places or tree is None:
        return
    edits = []
    for function_node in tree.every(cst.FunctionDef):
        start = tree.span(function_node.name)[0]
        chosen = places.get((program.text.count("\n", 0, start) + 1, function_node.name.value), {})
        if not chosen:
            continue
        edits += [
            Edit(*tree.span(name), chosen[name.value])
            for name in tree.inside(function_node.body, cst.Name)
            if name.value in chosen and not _is_label(tree.parent(name), name)
        ]
    yield from program.changed(edits, ast.dump(wanted), **_said(names, "local name"))


def helpers_renamed(program: Program) -> Iterator[Candidate]:
    """Private functions of the module, and functions within functions."""
    chosen: dict[str, str] = {}
    bound = _bindings(program.module)
    attributes = {node.attr for node in ast.walk(program.module) if isinstance(node, ast.Attribute)}
    for owner, body in program.bodies():
        for node in body:
            if not isinstance(node, ast.FunctionDef) or isinstance(owner, ast.ClassDef):
                continue
            private = isinstance(owner, Function) or (node.name.startswith("_") and not node.name.startswith("__"))
            inside_class = any(isinstance(up, ast.ClassDef) and node in ast.walk(up) for up in ast.walk(program.module))
            hidden = node.name not in attributes and node.name not in program.words_in_strings
            if private and hidden and not inside_class and not node.decorator_list and bound.count(node.name) == 1:
                chosen[node.name] = _fresh(f"{node.name}_part", program)
    tree = program.exact
    if not chosen or tree is None:
        return
    wanted = copy.deepcopy(program.module)
    for twin in ast.walk(wanted):
        if isinstance(twin, ast.Name) and twin.id in chosen:
            twin.id = chosen[twin.id]
        elif isinstance(twin, ast.FunctionDef) and twin.name in chosen:
            twin.name = chosen[twin.name]
    spots = [function.name for function in tree.every(cst.FunctionDef)]
    spots += [name for name in tree.every(cst.Name) if not _is_label(tree.parent(name), name)]
    edits = [Edit(*tree.span(name), chosen[name.value]) for name in spots if name.value in chosen]
    yield from program.changed(edits, ast.dump(wanted), **_said([f"`{name}()`" for name in chosen], "helper"))


def _own_names(function: Function, program: Program) -> dict[str, str]:
    """Bound by plain assignment, loop or `with` in the function itself, and nowhere below it."""
    mine: dict[str, None] = {}
    taken: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(child, True) for child in reversed(function.body)]
    taken |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    while stack:
        node, direct = stack.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            if direct:
                mine.setdefault(node.id)
            else:
                taken.add(node.id)
        taken.update(_odd_bindings(node))
        direct = direct and not isinstance(node, _SCOPE | _COMPREHENSION)
        stack += [(child, direct) for child in reversed(list(ast.iter_child_nodes(node)))]
    return {name: _fresh(f"{name}_value", program) for name in mine if name not in taken and not name.startswith("__")}


def _odd_bindings(node: ast.AST) -> list[str]:
    """Names bound by something else than an ast.Name, which stay as they are."""
    if isinstance(node, ast.Global | ast.Nonlocal):
        return list(node.names)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def _bindings(module: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(module):
        found += _odd_bindings(node)
        if isinstance(node, ast.arg):
            found.append(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.append(node.id)
    return found


def _is_label(parent: cst.CSTNode | None, name: cst.Name) -> bool:
    """An attribute's or a keyword's name: no variable."""
    return (
        (isinstance(parent, cst.Attribute) and parent.attr is name)
        or (isinstance(parent, cst.Arg) and parent.keyword is name)
        or (isinstance(parent, cst.MatchKeywordElement) and parent.key is name)
    )


def _fresh(name: str, program: Program) -> str:
    while name in program.words:
        name += "_"
    return name


def _said(names: list[str], word: str) -> dict[str, str]:
    shown = ", ".join(names[:SHOWN])
    more = len(names) - SHOWN
    return {
        "count": f"{len(names)} {word}{'s' * (len(names) != 1)}",
        "names": f"{shown} and {more} more" if more > 0 else shown,
    }
