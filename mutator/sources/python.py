"""The pieces of a Python program that edits or writes files: replacement strings, written texts, shell commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mutator.model import SourceKind, Window
from mutator.sources.before import Before
from mutator.sources.languages import language_of, parse_python
from mutator.sources.piece import Piece
from mutator.spelling.python import python_string_window
from mutator.spelling.shell import escaped_window
from mutator.spelling.window import Parent, WindowBuilder, part_window

_PATH = re.compile(r"^[~.\w@+-]*/[\w./@+~ -]*\w$|^[\w-]+(\.[\w-]+)*\.[A-Za-z]\w{0,9}$")


@dataclass
class _Program:
    window: Parent
    module: ast.Module
    texts: dict[str, ast.expr] = field(default_factory=dict)
    """Names bound once to a string literal."""
    paths: dict[str, str] = field(default_factory=dict)
    """Names that hold a file, its path or its text."""
    line_starts: list[int] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def span(self, node: ast.expr) -> tuple[int, int]:
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno or 0, node.end_col_offset or 0)

    def _offset(self, line: int, column: int) -> int:
        """`ast` counts columns in UTF-8 bytes."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.window.text)
        text = self.window.text[start:end]
        if text.isascii():
            return start + column
        return start + len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))


def python_pieces(window: Parent, known: Mapping[str, str], before: Before) -> Iterator[Piece]:
    """In the order of the text. `known`: the languages of files that the solution wrote before."""
    text = window.text
    if not any(word in text for word in (".replace(", "sub(", "write", "subprocess", "system(", "popen", "print(")):
        return
    module = parse_python(text)
    if module is None:
        return
    program = _Program(window, module)
    # ast, like Python, ends lines at \n, \r\n and a lone \r.
    program.line_starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    calls = _read_names(program)
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    found: list[tuple[int, Piece]] = []
    for call in calls:
        for node, kind, language, target in _written(program, call):
            if id(node) in program.taken:
                continue
            program.taken.add(id(node))
            start, end = program.span(node)
            literal = python_string_window(window, start, end)
            if literal is not None and kind is SourceKind.REPLACEMENT:
                literal = _between_references(literal)
                if "\\" in literal.text and getattr(call.func, "attr", "") in ("sub", "subn"):
                    literal = escaped_window(literal, percent=False)  # `re` reads `\n` once more
            if literal is None or not literal.text.strip():
                continue
            language = language or known.get(target, "") or language_of(target, literal.text)
            if kind is SourceKind.REPLACEMENT:
                repaired = _repaired(program, call, literal, target, before)
                if repaired is not None:
                    language = known.get(target, "") or language_of(target, repaired.text)
                    found.append((start, Piece(kind, language, target, repaired, target)))
                    continue
                if not target and "\n" not in literal.text:
                    continue
                literal = fragment(literal, language)
            found.append((start, Piece(kind, language, target, literal, target or language)))
    found.sort(key=lambda item: item[0])
    yield from (piece for _, piece in found)


def _repaired(program: _Program, call: ast.Call, new: Window, target: str, before: Before) -> Window | None:
    """The whole file after `text.replace(old, new)`, where the environment holds it and `old` stands there once."""
    if getattr(call.func, "attr", "") != "replace" or new.parent is not program.window:
        return None
    node = _text(program, call.args[0])
    old = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    base = before.find(target, lambda text: text.count(old) == 1) if old else None
    if base is None:
        return None
    head, _, tail = base.partition(old)
    builder = WindowBuilder(program.window)
    start = new.outer(0)
    if head:
        builder.fixed(head, start)
    builder.include(new)
    if tail:
        builder.fixed(tail, new.outer(len(new.text), at_end=True))
    return builder.window()


def _read_names(program: _Program) -> list[ast.Call]:
    """Fills what names stand for; gives every call."""
    calls: list[ast.Call] = []
    bound: dict[str, int] = {}
    for node in ast.walk(program.module):
        if isinstance(node, ast.Call):
            calls.append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and node.value is not None:
                    bound[target.id] = bound.get(target.id, 0) + 1
                    if isinstance(node.value, ast.JoinedStr) or _is_text(node.value):
                        program.texts[target.id] = node.value
                    path = _path(program, node.value)
                    if path:
                        program.paths.setdefault(target.id, path)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                path = _path(program, item.context_expr)
                if path and isinstance(item.optional_vars, ast.Name):
                    program.paths[item.optional_vars.id] = path
    program.texts = {name: node for name, node in program.texts.items() if bound[name] == 1}
    return calls


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _path(program: _Program, node: ast.expr) -> str:
    """The file that an expression is about, where a literal says so."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and _PATH.match(node.value) else ""
    if isinstance(node, ast.Name):
        return program.paths.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return _path(program, node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        left, right = _path(program, node.left), _path(program, node.right)
        right = right or (str(node.right.value) if isinstance(node.right, ast.Constant) else "")
        return f"{left.rstrip('/')}/{right}" if left and right else right or left
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "joinpath") and len(node.args) > 1:
            parts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            return "/".join(part.strip("/") if index else part.rstrip("/") for index, part in enumerate(parts))
        inner = _path(program, node.func.value) if isinstance(node.func, ast.Attribute) else ""
        if inner or not node.args:
            return inner
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        return _path(program, node.args[0]) if name in ("open", "Path", "PurePath", "str", "PosixPath") else ""
    return ""


def _text(program: _Program, node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Name):
        return program.texts.get(node.id)
    if isinstance(node, ast.JoinedStr) or _is_text(node):
        return node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        # textwrap.dedent and .strip() leave the words as they are.
        return _text(program, node.func.value) if node.func.attr in ("strip", "lstrip", "rstrip") else None
    if isinstance(node, ast.Call) and len(node.args) == 1:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        return _text(program, node.args[0]) if name in ("dedent", "cleandoc") else None
    return None


Found = tuple[ast.expr, SourceKind, str, str]


def _written(program: _Program, call: ast.Call) -> Iterator[Found]:
    """(string literal, kind, language, target) of what a call writes."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    args = call.args
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "replace" and owner is not None and len(args) in (2, 3):
        new = _text(program, args[1])
        if new is not None:
            yield new, SourceKind.REPLACEMENT, "", _path(program, owner)
    elif name in ("sub", "subn") and len(args) >= 2:
        compiled = not (isinstance(owner, ast.Name) and owner.id in ("re", "regex"))
        at, subject = (0, 1) if compiled else (1, 2)
        new = _text(program, args[at])
        if new is not None and len(args) > subject:
            yield new, SourceKind.REPLACEMENT, "", _path(program, args[subject])
    elif name in ("write_text", "write") and owner is not None and args:
        new = _text(program, args[0])
        target = _path(program, owner)
        if new is not None and target:
            yield new, SourceKind.PRINTED, "", target
    elif name == "print" and args:
        file = next((word.value for word in call.keywords if word.arg == "file"), None)
        new = _text(program, args[0])
        target = _path(program, file) if file is not None else ""
        if new is not None and target and len(args) == 1:
            yield new, SourceKind.PRINTED, "", target
    elif name in ("system", "popen") and args:
        yield from _command(program, args[0])
    elif name in ("run", "call", "check_call", "check_output", "Popen", "getoutput") and args:
        first = args[0]
        shell = name == "getoutput" or any(
            word.arg == "shell" and isinstance(word.value, ast.Constant) and word.value.value is True
            for word in call.keywords
        )
        if isinstance(first, ast.List | ast.Tuple):
            items = first.elts
            for index in range(len(items) - 1):
                if isinstance(items[index], ast.Constant) and getattr(items[index], "value", "") in ("-c", "-lc"):
                    head = items[0]
                    if isinstance(head, ast.Constant) and str(head.value).rsplit("/", 1)[-1] in ("bash", "sh"):
                        yield from _command(program, items[index + 1])
        elif shell:
            yield from _command(program, first)


def _command(program: _Program, node: ast.expr) -> Iterator[Found]:
    text = _text(program, node)
    if text is not None:
        yield text, SourceKind.INLINE, "shell", ""


_REFERENCES = re.compile(r"\\(?:\d|g<\w+>)")


def _between_references(window: Window) -> Window:
    """What `re.sub` writes between `\\1` at the beginning and `\\2` at the end."""
    start, end = 0, len(window.text)
    for match in _REFERENCES.finditer(window.text):
        if match.start() == start:
            start = match.end()
        elif match.end() == end:
            end = match.start()
    return window if end - start == len(window.text) else part_window(window, start, end, "")


def fragment(window: Window, language: str) -> Window:
    """A piece of Python need not stand alone: its lines without their common indent, and without the first and last
    ones that belong to a statement outside. Other languages are read by parsers that mend what is missing."""
    if language != "python" or len(window.text) > 20_000:
        return window
    lines = window.text.splitlines(keepends=True)
    if len(lines) > 80:
        return window
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for size in range(len(lines), 0, -1):
        for first in range(len(lines) - size + 1):
            part = lines[first : first + size]
            indent = _indent(part)
            if not any(line.strip() for line in part):
                continue
            dedented = "".join(line.removeprefix(indent) for line in part)
            if parse_python(dedented) is None:
                continue
            if not indent and size == len(lines):
                return window
            return part_window(window, starts[first], starts[first + size], indent)
    return window


def _indent(lines: list[str]) -> str:
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    if not indents:
        return ""
    shortest = min(indents, key=len)
    return shortest if all(one.startswith(shortest) for one in indents) else ""
