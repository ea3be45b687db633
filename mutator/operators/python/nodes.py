"""Reading libcst nodes: names, arguments, statements of a suite."""

from __future__ import annotations

import re

import libcst as cst


def dotted(node: cst.CSTNode) -> str:
    """`a.b.c` of a name or attribute; what comes before a call or subscript in it is left out: `.c`."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(node.value)
    elif parts:
        parts.append("")
    return ".".join(reversed(parts))


def callee(call: cst.CSTNode) -> str:
    """The dotted name that is called."""
    return dotted(call.func) if isinstance(call, cst.Call) else ""


def last_name(node: cst.CSTNode) -> str:
    """`c` of `a.b.c` and of `a.b.c(...)`."""
    return (callee(node) if isinstance(node, cst.Call) else dotted(node)).rpartition(".")[2]


def atom(code: str) -> str:
    """Code of an expression as it may stand in any other one."""
    return code if re.fullmatch(r"[\w.]+|'[^'\\]*'|\"[^\"\\]*\"", code) and not code.isdigit() else f"({code})"


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    return next((arg for arg in call.args if arg.keyword is not None and arg.keyword.value == name), None)


def positional(call: cst.Call) -> list[cst.Arg]:
    return [arg for arg in call.args if arg.keyword is None and not arg.star]


def is_name(node: cst.CSTNode | None, *names: str) -> bool:
    return isinstance(node, cst.Name) and node.value in names


def statements(suite: cst.BaseSuite) -> list[cst.BaseStatement | cst.BaseSmallStatement]:
    """A suite's statements, those on one line apart."""
    found: list[cst.BaseStatement | cst.BaseSmallStatement] = []
    for statement in suite.body:
        if isinstance(statement, cst.SimpleStatementLine):
            found.extend(statement.body)
        else:
            found.append(statement)
    return found


def is_docstring(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.Expr) and isinstance(statement.value, cst.SimpleString | cst.ConcatenatedString)
