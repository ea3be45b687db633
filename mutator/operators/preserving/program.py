"""A Python program for variants that must not change what it does: its syntax tree, and places in its text.

Every variant is proven before it is offered: the changed text is parsed, and its tree compared with the tree that
the declared change gives.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from mutator.model import Candidate, Edit, apply
from mutator.operators.python.tree import PythonTree
from mutator.operators.python.tree import parse as parse_tree
from mutator.quiet import quietly

Function = ast.FunctionDef | ast.AsyncFunctionDef
LARGE = 200_000

_LOOKS_AT_ITSELF = frozenset(
    "exec eval compile locals globals __doc__ __code__ _getframe help getsource currentframe co_varnames f_locals"
    " f_lineno __annotations__".split()
)
_READS_SOURCE = frozenset(
    "inspect dis ast tokenize linecache traceback pdb bdb doctest pydoc symtable code codeop trace tracemalloc duckdb"
    " pandasql builtins numexpr numba triton torch tensorflow IPython icecream varname snoop hunter dill cloudpickle"
    " py_compile compileall cython Cython marimo streamlit".split()
)
"""Modules that look at a program's text, lines or local names."""
_READS_FILE = re.compile(
    r"(?:open|read_text|read_bytes|copy\w*)\b[^\n]*(?:__file__|argv\[0\])|(?:__file__|argv\[0\])[^\n]*(?:open|read_text|read_bytes)"
)


@dataclass
class Program:
    text: str
    module: ast.Module
    comments: list[tuple[int, int]]

    @cached_property
    def looks_at_itself(self) -> bool:
        """It may see its own text, names or line numbers: no variant is safe."""
        if _READS_FILE.search(self.text) or "# ///" in self.text:
            return True
        for node in ast.walk(self.module):
            if isinstance(node, ast.Name | ast.Attribute):
                if (node.id if isinstance(node, ast.Name) else node.attr) in _LOOKS_AT_ITSELF and not _is_method(node):
                    return True
            elif isinstance(node, ast.Call) and not node.args and _called(node) in ("vars", "dir"):
                return True
        # Names of locals are read from frames by `DataFrame.query("x > @limit")` and its like.
        return bool(self.imports & _READS_SOURCE) or any(
            isinstance(node, ast.Attribute) and node.attr in ("query", "sql", "eval") for node in ast.walk(self.module)
        )

    @cached_property
    def imports(self) -> frozenset[str]:
        """The top-level modules it imports; '' for a relative import."""
        found: set[str] = set()
        for node in ast.walk(self.module):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add("" if node.level else (node.module or "").split(".")[0])
        return frozenset(found)

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def words_in_strings(self) -> frozenset[str]:
        texts = [n.value for n in ast.walk(self.module) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        return frozenset(word for text in texts for word in re.findall(r"\w+", text))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", self.text))

    @cached_property
    def exact(self) -> PythonTree | None:
        """The same program with the place of every name, also within f-strings."""
        tree = parse_tree(self.text)
        return tree if tree is not None and tree.is_whole else None

    @cached_property
    def _lines(self) -> list[tuple[int, str]]:
        found, start = [], 0
        for line in self.text.split("\n"):
            found.append((start, line))
            start += len(line) + 1
        return found

    def offset(self, line: int, column: int) -> int:
        """From a line and a column in UTF-8 bytes, as syntax trees count."""
        start, text = self._lines[line - 1]
        return start + (column if text.isascii() else len(text.encode()[:column].decode("utf-8", "replace")))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """With the decorators of a function or class."""
        line, column = node.lineno, node.col_offset
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            # The @ stands before the first decorator, with blanks at most between.
            first = node.decorator_list[0]
            at = self.text.rfind("@", 0, self.offset(first.lineno, first.col_offset))
            return at, self.offset(node.end_lineno or line, node.end_col_offset or column)
        return self.offset(line, column), self.offset(node.end_lineno or line, node.end_col_offset or column)

    def character(self, line: int, column: int) -> int:
        """From a line and a column in characters, as tokens count."""
        return self._lines[line - 1][0] + column

    def whole_lines(self, start: int, end: int) -> tuple[int, int] | None:
        """The lines of a span that has them to itself."""
        first = self.text.rfind("\n", 0, start) + 1
        after = self.text.find("\n", end)
        after = len(self.text) if after < 0 else after
        if self.text[first:start].strip() or self.text[end:after].strip():
            return None
        return first, min(after + 1, len(self.text))

    def bodies(self) -> Iterator[tuple[ast.AST, list[ast.stmt]]]:
        for node in ast.walk(self.module):
            for name in ("body", "orelse", "finalbody"):
                body = getattr(node, name, None)
                if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                    yield node, body

    def changed(self, edits: Sequence[Edit], wanted: str, **fields: str) -> Iterator[Candidate]:
        """The candidate, where the changed text means what it is said to mean."""
        ordered = tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))
        if not ordered or any(one.end > two.start for one, two in pairwise(ordered)):
            return
        after = module_of(apply(self.text, ordered))
        if after is not None and ast.dump(after) == wanted:
            yield Candidate(ordered, fields)


def module_of(text: str) -> ast.Module | None:
    with quietly():
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def read(text: str) -> Program | None:
    """None where it is no whole program that this Python reads."""
    if len(text) > LARGE or not text.strip() or "\x0c" in text or re.search(r"\r(?!\n)", text):
        return None
    module = module_of(text)
    if module is None:
        return None
    program = Program(text, module, [])
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                start = program.character(*token.start)
                program.comments.append((start, start + len(token.string)))
        ast.dump(module)
    except (tokenize.TokenError, SyntaxError, ValueError, IndexError, RecursionError):
        return None
    return program


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_method(node: ast.Name | ast.Attribute) -> bool:
    """`re.compile` and its like, which have nothing to do with the builtin."""
    return isinstance(node, ast.Attribute) and node.attr in ("compile", "eval", "exec", "help")
