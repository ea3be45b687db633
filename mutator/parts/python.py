"""The statements of a Python program, and what a program must have before it can be used."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

from mutator.model import Edit
from mutator.operators.python.grammar import parses, same_length, shell_names
from mutator.parts.model import PartKind, Piece
from mutator.quiet import quietly

_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ENDS = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_ELSE = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:else|elif)\b")


def python_holds(text: str) -> bool:
    return parses(text) or parses(shell_names(text))


def python_pieces(text: str) -> list[Piece]:
    module = _module(text)
    return _Reader(text).read(module) if module is not None else []


def _module(text: str) -> ast.Module | None:
    plain = same_length(text)
    if plain is None:
        return None
    for code in (plain, shell_names(plain)):
        if parses(code):
            with quietly():
                return ast.parse(code)
    return None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True) if "\x0c" not in text else re.split(r"(?<=\n)", text)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.suites = 0
        self.found: list[Piece] = []

    def read(self, module: ast.Module) -> list[Piece]:
        self._body(module.body, may_be_empty=True)
        return self.found

    def _at(self, line: int, column: int) -> int:
        """The offset of a place that ast counts in lines and bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return self.starts[line - 1] + len(text.encode("utf-8", "replace")[:column].decode("utf-8", "replace"))

    def _body(self, body: Sequence[ast.stmt], *, may_be_empty: bool = False) -> None:
        members = [each for each in body if not _says_nothing(each)]
        self.suites += 1
        suite = -1 if may_be_empty or len(members) < len(body) else self.suites
        for statement in members:
            self._statement(statement, suite)

    def _statement(self, statement: ast.stmt, suite: int) -> None:
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
        start = self._at(statement.lineno, statement.col_offset)
        if first < statement.lineno:
            start = self.starts[first - 1] + len(self.lines[first - 1]) - len(self.lines[first - 1].lstrip())
        end = self._end(statement)
        kind = PartKind.FUNCTION if isinstance(statement, _DEFINES) else PartKind.STATEMENT
        line = self.text.rfind("\n", 0, start) + 1
        after = _ENDS.match(self.text, end)
        indent = self.text[line:start]
        if indent.strip() or after is None:
            self.found.append(Piece(kind, (Edit(start, end, "pass"),)))
        else:
            whole = Edit(self._remarks(line, indent), after.end(), "")
            self.found.append(Piece(kind, (whole,), suite, f"{indent}pass\n"))
        self._inside(statement)

    def _inside(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Match):
            for case in statement.cases:
                self._body(case.body)
            return
        body = getattr(statement, "body", None)
        if not isinstance(body, list):
            return
        self._body(body)
        before = body[-1]
        handlers: list[ast.ExceptHandler] = getattr(statement, "handlers", [])
        for handler in handlers:
            if len(handlers) > 1:
                self._clause(self.starts[handler.lineno - 1], handler.body[-1])
            self._body(handler.body)
            before = handler.body[-1]
        orelse: list[ast.stmt] = getattr(statement, "orelse", [])
        if orelse:
            start = self._after(before)
            if start is not None and _ELSE.match(self.text, start):
                self._clause(start, orelse[-1])
            chained = isinstance(statement, ast.If) and len(orelse) == 1 and isinstance(orelse[0], ast.If)
            if chained and self.text.startswith("elif", self._at(orelse[0].lineno, orelse[0].col_offset)):
                self._inside(orelse[0])
            else:
                self._body(orelse)
        if getattr(statement, "finalbody", None):
            self._body(statement.finalbody)  # type: ignore[attr-defined]  # of Try and TryStar

    def _clause(self, start: int, last: ast.stmt) -> None:
        end = self._after(last)
        if end is not None:
            self.found.append(Piece(PartKind.STATEMENT, (Edit(start, end, ""),)))

    def _end(self, statement: ast.stmt) -> int:
        return self._at(statement.end_lineno or statement.lineno, statement.end_col_offset or 0)

    def _after(self, statement: ast.stmt) -> int | None:
        """Where the line behind a statement begins; None where something else stands there."""
        found = _ENDS.match(self.text, self._end(statement))
        return found.end() if found else None

    def _remarks(self, line: int, indent: str) -> int:
        """Where the comment above a statement begins, which is about it."""
        while line > 0:
            above = self.text.rfind("\n", 0, line - 1) + 1
            said = self.text[above:line]
            if not said.startswith(f"{indent}#") or said.startswith(("#!", "# -*-")):
                break
            line = above
        return line


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def unbound(text: str) -> frozenset[str]:
    """Names that a program uses and nobody gives a value, nor Python itself. Scopes are not told apart."""
    module = _module(text)
    if module is None:
        return frozenset()
    used: set[str] = set()
    bound: set[str] = set(dir(builtins)) | {"__file__"}
    for node in ast.walk(module):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        else:
            bound.update(_binds(node))
    return frozenset(used - bound)


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _DEFINES):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
