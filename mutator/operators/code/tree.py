"""A parsed program and the one walk over it that all operators share."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tree_sitter import Node, Tree

from mutator.model import Candidate, Edit, apply
from mutator.operators.code.dialects import DIALECTS, Dialect, parser
from mutator.operators.twin import ascii_twin

LARGE = 2_000_000
SMALL = 20_000
"""Characters up to which a part is parsed by itself to check a mutant; beyond, the whole is parsed again where it
changed."""
FUNCTION, STATEMENT, IF, LOOP, TERNARY, BINARY, NUMBER, STRING, BOOLEAN, PAIR, ROW, CASE, RETURN, RAISE = range(14)


@dataclass(slots=True)
class Found:
    node: Node
    scope: str


@dataclass
class Program:
    text: str
    language: str
    dialect: Dialect
    tree: Tree
    faults: int
    """Places the grammar could not read in the original; a mutant may have no more."""
    nodes: dict[int, list[Found]] = field(default_factory=dict)
    parses: dict[tuple[int, int], bool] = field(default_factory=dict)

    def said(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte]

    def short(self, node: Node, most: int = 60) -> str:
        said = " ".join(self.said(node).split())
        return said if len(said) <= most else said[: most - 3] + "..."

    @cached_property
    def _outermost(self) -> tuple[list[int], list[int]]:
        children = self.tree.root_node.children
        return [child.start_byte for child in children], [child.end_byte for child in children]

    def outermost(self, start: int, end: int) -> tuple[int, int]:
        """The outermost definitions and statements that hold text[start:end]."""
        starts, ends = self._outermost
        first = max(bisect_right(starts, start) - 1, 0)
        last = max(bisect_left(starts, end) - 1, first)
        return (min(starts[first], start), max(ends[last], end)) if starts else (start, end)

    def clean(self, start: int, end: int) -> bool:
        """Whether text[start:end] parses by itself."""
        if (start, end) not in self.parses:
            self.parses[start, end] = not _has_error(self.language, self.text[start:end])
        return self.parses[start, end]

    def each(self, kind: int) -> Iterator[Found]:
        return iter(self.nodes.get(kind, ()))


def parse(text: str, language: str) -> Program | None:
    dialect = DIALECTS[language]
    if not text.strip() or len(text) > LARGE:
        return None
    tree = parser(language, text).parse(ascii_twin(text))
    faults = count_faults(tree.root_node)
    if faults > 2 + text.count("\n") // 50:
        return None  # not this language, or a dialect of it that the grammar does not know
    program = Program(text, language, dialect, tree, faults)
    _collect(program)
    return program


def nearby(text: str, start: int, end: int, most: int = 50) -> str:
    """The line around text[start:end], or as much of it as a sentence bears."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    spare = max(most - (end - start), 0)
    if last - first > most:
        low = max(first, min(start - spare // 2, last - most))
        low = max(low, first)
        high = min(last, low + most)
        cut = ("..." if low > first else "", "..." if high < last else "")
        return cut[0] + " ".join(text[low:high].split()) + cut[1]
    return " ".join(text[first:last].split())


def count_faults(root: Node) -> int:
    if not root.has_error:
        return 0
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack += [child for child in node.children if child.has_error or child.is_missing]
    return count


def _collect(program: Program) -> None:
    dialect = program.dialect
    kinds: dict[str, list[int]] = {}
    for kind, names in (
        (FUNCTION, dialect.functions),
        (STATEMENT, dialect.statements),
        (IF, dialect.ifs),
        (LOOP, dialect.loops),
        (TERNARY, dialect.ternaries),
        (BINARY, dialect.binaries),
        (NUMBER, dialect.numbers),
        (STRING, dialect.strings),
        (BOOLEAN, dialect.booleans),
        (PAIR, dialect.pairs),
        (ROW, dialect.rows),
        (CASE, dialect.cases),
        (RETURN, dialect.returns),
        (RAISE, dialect.raises),
    ):
        for name in names:
            kinds.setdefault(name, []).append(kind)
    stack: list[tuple[Node, str]] = [(program.tree.root_node, "")]
    while stack:
        node, scope = stack.pop()
        for kind in kinds.get(node.type, ()):
            program.nodes.setdefault(kind, []).append(Found(node, scope))
        inner = scope
        if node.type in dialect.functions or node.type in _NAMED:
            name = name_of(program, node)
            if name:
                inner = f"{scope}.{name}" if scope else name
        if node.type in _SKIPPED:
            continue
        stack += [(child, inner) for child in reversed(node.named_children)]


_NAMED = frozenset(
    {"class_declaration", "class_specifier", "struct_specifier", "impl_item", "class", "module", "object_declaration",
     "struct_declaration", "trait_declaration"}
)  # fmt: skip
_SKIPPED = frozenset(
    {"import_statement", "import_declaration", "import_spec", "use_declaration", "preproc_include", "package_clause",
     "package_declaration", "attribute_item", "use_statement", "decorator", "annotation", "marker_annotation",
     "using_directive", "package_header", "import_header", "import_list", "attribute_list", "namespace_use_declaration"}
)  # fmt: skip


def body_of(function: Node) -> Node | None:
    body = function.child_by_field_name("body")
    if body is not None:
        return body
    wrapped = next((child for child in function.named_children if child.type == "function_body"), None)  # Kotlin
    return wrapped.named_children[0] if wrapped is not None and wrapped.named_children else None


def name_of(program: Program, node: Node) -> str:
    named = node.child_by_field_name("name") or node.child_by_field_name("type")
    if node.type == "function_definition" and node.child_by_field_name("name") is None:
        # C and C++: the name is inside nested declarators
        named = node.child_by_field_name("declarator")
        while named is not None and (inner := named.child_by_field_name("declarator")) is not None:
            named = inner
    if named is None and node.parent is not None and node.parent.type in ("variable_declarator", "pair"):
        named = node.parent.child_by_field_name("name") or node.parent.child_by_field_name("key")
    return program.short(named, 40) if named is not None else ""


def valid(program: Program, candidate: Candidate) -> bool:
    """Whether the grammar finds no more to complain of than before. Replacements of one token by another of the
    same kind carry an empty `check` and need no look."""
    if candidate.check is not None and candidate.check[0] == candidate.check[1]:
        return True
    start, end = program.outermost(candidate.edits[0].start, candidate.edits[-1].end)
    if end - start < SMALL and program.clean(start, end):
        edits = tuple(Edit(edit.start - start, edit.end - start, edit.new) for edit in candidate.edits)
        return not _has_error(program.language, apply(program.text[start:end], edits))
    return _valid_in_all(program, candidate)


def _has_error(language: str, text: str) -> bool:
    return parser(language, text).parse(ascii_twin(text)).root_node.has_error


def _valid_in_all(program: Program, candidate: Candidate) -> bool:
    data = ascii_twin(program.text)
    tree = program.tree.copy() if hasattr(program.tree, "copy") else program.tree
    shift = 0
    parts: list[bytes] = []
    done = 0
    for edit in candidate.edits:
        new = ascii_twin(edit.new)
        parts += (data[done : edit.start], new)
        done = edit.end
    parts.append(data[done:])
    mutated = b"".join(parts)
    for edit in candidate.edits:
        start = edit.start + shift
        new_end = start + len(edit.new)
        tree.edit(start, edit.end + shift, new_end, (0, start), (0, edit.end + shift), (0, new_end))
        shift += len(edit.new) - (edit.end - edit.start)
    root = parser(program.language, program.text).parse(mutated, tree).root_node
    return count_faults(root) <= program.faults


_LINE_REST = re.compile(r"[ \t]*(\r?\n|$)")


def whole_lines(program: Program, node: Node) -> Edit:
    """Drop a node together with its lines, where it has them to itself, else with its own text only."""
    text, start, end = program.text, node.start_byte, node.end_byte
    if text[end : end + 1] == ";" and not text[start:end].endswith(";"):
        end += 1
    line = text.rfind("\n", 0, start) + 1
    rest = _LINE_REST.match(text, end)
    if rest is not None and not text[line:start].strip():
        return Edit(line, rest.end(), "")
    return Edit(start, end, "")
