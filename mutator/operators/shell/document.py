"""A parsed shell text as its operators read it: steps, conditions, commands, and how a piece is taken out."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tree_sitter import Node

from mutator.grammars import grammar_parser
from mutator.model import Candidate, Edit, apply
from mutator.shell.commands import Command, read_commands
from mutator.shell.syntax import Heredoc, ShellTree, balanced, plain, read_shell


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a list of statements."""

    start: int
    end: int
    """Here-document bodies on later lines not included."""
    node: Node
    container: Node
    alone: bool
    """The only statement of its list, which may not become empty."""
    function: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`a && b || c`, flattened."""

    parts: tuple[tuple[int, int], ...]
    operators: tuple[tuple[int, int, str], ...]
    function: str
    is_step: bool
    """A statement of its own, not a condition."""

    @property
    def start(self) -> int:
        return self.parts[0][0]

    @property
    def end(self) -> int:
        return self.parts[-1][1]


@dataclass(frozen=True, slots=True)
class Marked:
    """A node of interest and the function it is in."""

    node: Node
    function: str


_NO_STEP = frozenset({"comment", "heredoc_body", "elif_clause", "else_clause", "ERROR", "function_definition"})


@dataclass
class Script:
    """A shell text with everything that its operators ask for, read once."""

    text: str
    tree: ShellTree
    steps: list[Step] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    conditions: list[Marked] = field(default_factory=list)
    """Of if, elif, while and until."""
    loops: list[Marked] = field(default_factory=list)
    functions: list[Marked] = field(default_factory=list)
    cases: list[Marked] = field(default_factory=list)
    tests: list[Marked] = field(default_factory=list)
    """test_operator and comparison tokens, in order."""
    sums: list[Marked] = field(default_factory=list)
    """Operators of $(( )) and (( ))."""
    assignments: list[Marked] = field(default_factory=list)
    memo: dict[tuple[int, int], int] = field(default_factory=dict)

    @cached_property
    def commands(self) -> list[Command]:
        return read_commands(self.tree)

    @cached_property
    def _starts(self) -> list[int]:
        return [command.start for command in self.commands]

    def within(self, start: int, end: int) -> list[Command]:
        """The commands that begin behind `start` and before `end`."""
        return self.commands[bisect_right(self._starts, start) : bisect_left(self._starts, end)]

    @cached_property
    def by_start(self) -> dict[int, Command]:
        """Commands by where they start; a group gives way to its first command."""
        return {command.start: command for command in self.commands}

    @cached_property
    def faults(self) -> int:
        """How many places the grammar could not read."""
        return _errors(self.plain)

    @property
    def plain(self) -> str:
        return self.tree.plain

    def said(self, start: int, end: int, longest: int = 70) -> str:
        """The text on one line, for a sentence."""
        words = " ".join(self.text[start:end].replace("\\\n", " ").split())
        if not words.isprintable():
            words = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in words)
        return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"

    def words(self, command: Command) -> list[str]:
        return [self.text[start:end] for start, end in command.words]

    def bodies(self, start: int, end: int) -> Iterator[Heredoc]:
        """The here-documents whose operators stand in a span."""
        return (body for body in self.tree.heredocs if start <= body.operator < end)

    def removal(self, start: int, end: int, new: str = "") -> tuple[Edit, ...]:
        """Takes text[start:end] out, together with the here-documents that it reads."""
        edits = [Edit(start, end, new)]
        for body in self.bodies(start, end):
            last = edits[-1]
            if body.close <= last.end:
                continue
            if body.start <= last.end:
                edits[-1] = Edit(last.start, body.close, last.new)
            else:
                edits.append(Edit(body.start, body.close, ""))
        return tuple(edits)

    def emptied(self, start: int, end: int) -> tuple[Edit, ...]:
        """`:` in place of statements; `while ...; done }` needs no `;` before the brace, `:` does."""
        return self.removal(start, end, ":;" if _BRACE.match(self.plain, end) else ":")

    def without(self, step: Step) -> tuple[tuple[Edit, ...], tuple[int, int]]:
        """A statement taken out, and what to parse again: whole lines where it has them, else `:` in its place."""
        text, marks = self.text, self.plain
        line = text.rfind("\n", 0, step.start) + 1
        begins_line = not marks[line : step.start].strip()
        tail = _TAIL.match(marks, step.end)
        stop = tail.end() if tail else step.end
        ends_line = stop == len(text) or marks[stop] == "\n"
        if step.alone or not (begins_line and ends_line):
            background = _BACKGROUND.match(marks, step.end)
            end = background.end() if background else step.end
            return self.emptied(step.start, end), (step.start, end)
        after = min(stop + 1, len(text))
        edits = self.removal(line, after)
        return edits, (line, after)


_TAIL = re.compile(r"[ \t]*(?:;(?!;)|&(?![&>]))?[ \t]*(?:#[^\n]*)?")
_BRACE = re.compile(r"[ \t]*}")
_BACKGROUND = re.compile(r"[ \t]*&(?![&>])")
_DEEPEST = 150
_LOGICAL = frozenset({"&&", "||"})


def parse(text: str, language: str) -> Script | None:
    script = Script(text, read_shell(text))
    if not script.plain.strip():
        return None
    _collect(script, script.tree.root, "", 0)
    return script


def _collect(script: Script, node: Node, function: str, depth: int) -> None:
    if depth > _DEEPEST:
        return
    kind = node.type
    if kind == "function_definition":
        name = node.child_by_field_name("name")
        function = script.text[name.start_byte : name.end_byte] if name else function
        script.functions.append(Marked(node, function))
    elif kind in ("while_statement", "for_statement", "c_style_for_statement"):
        script.loops.append(Marked(node, function))
    elif kind == "case_statement":
        script.cases.append(Marked(node, function))
    elif kind in ("variable_assignment", "unset_command"):
        script.assignments.append(Marked(node, function))
    elif kind == "list":
        parent = node.parent
        if parent is None or parent.type != "list":
            _chain(script, node, function)
    elif kind in ("binary_expression", "unary_expression", "postfix_expression", "ternary_expression"):
        for child in node.children:
            if child.type == "test_operator" or (not child.is_named and child.child_count == 0):
                script.tests.append(Marked(child, function))
    children = node.children
    if not children:
        return
    astray = _astray(script, children)
    _steps(script, node, function, astray)
    decides = kind in ("if_statement", "elif_clause", "while_statement")
    for child in children:
        decides = decides and child.type not in ("then", "do_group")
        if decides and child.is_named and child.type != "comment" and child.id not in astray:
            script.conditions.append(Marked(child, function))
        if child.is_named and child.id not in astray:
            _collect(script, child, function, depth + 1)


def _steps(script: Script, node: Node, function: str, astray: set[int]) -> None:
    kind = node.type
    if kind in ("program", "do_group", "else_clause", "subshell") or (
        kind == "compound_statement" and script.plain.startswith("{", node.start_byte)
    ):
        found = list(node.named_children)
    elif kind in ("if_statement", "elif_clause"):
        found, inside = [], False
        for child in node.children:
            inside = inside or child.type == "then"
            if inside and child.is_named:
                found.append(child)
    elif kind == "case_item":
        found, inside = [], False
        for child in node.children:
            if inside and child.is_named:
                found.append(child)
            inside = inside or child.type == ")"
    else:
        return
    real = [child for child in found if child.type not in ("comment", "elif_clause", "else_clause")]
    for child in real:
        if child.id not in astray and child.type not in _NO_STEP and child.end_byte > child.start_byte:
            alone = len(real) == 1 and kind not in ("program", "case_item")
            script.steps.append(Step(child.start_byte, child.end_byte, child, node, alone, function))


_RESERVED = re.compile(r"(?:then|else|elif|fi|do|done|esac|in)\b|[{})](?![^\s;&|<>])|;;")
_PREFIXED = re.compile(r"(?:time|coproc)\s+(?:-p\s+|\w+\s+)?(?:[({]|(?:for|while|until|if|case|select)\s)")
"""A compound statement that the grammar takes for the words of a command."""


_SIMPLE = frozenset(
    {"command", "variable_assignment", "pipeline", "redirected_statement", "list", "declaration_command"}
)


def _astray(script: Script, children: list[Node]) -> set[int]:
    """Where the grammar lost its way: what lies between the first and the last sign of it, and on its line, is no list
    of statements, and the compound statement before may have gone wrong already."""
    lost = [index for index, child in enumerate(children) if child.is_error or _is_torn(script, child)]
    if not lost:
        return set()
    compound = [index for index in range(lost[0]) if children[index].type.endswith("_statement")]
    first = compound[-1] if compound else lost[0]
    last = lost[-1]
    while (
        last + 1 < len(children) and "\n" not in script.plain[children[last].end_byte : children[last + 1].start_byte]
    ):
        last += 1
    return {child.id for child in children[first : last + 1]}


def _is_torn(script: Script, node: Node) -> bool:
    """A part of a compound statement, taken for a command; or quotes and backticks closed where they open."""
    start, end = node.start_byte, node.end_byte
    if node.is_named and not script.tree.nesting.closes(start, end):
        return True
    if node.type in _SIMPLE and script.tree.misread(start, end):
        return True
    while node.type in ("redirected_statement", "negated_command") and node.named_children:
        node = node.named_children[0]
    return node.type == "command" and any(
        sign.match(script.plain, node.start_byte, node.end_byte) for sign in (_RESERVED, _PREFIXED)
    )


def _chain(script: Script, node: Node, function: str) -> None:
    parts: list[tuple[int, int]] = []
    operators: list[tuple[int, int, str]] = []

    def flatten(one: Node, end: int) -> None:
        if one.type == "redirected_statement":
            body = one.child_by_field_name("body")
            if body is not None and body.type == "list":
                flatten(body, end)
                return
        if one.type != "list":
            parts.append((one.start_byte, end))
            return
        named = [child for child in one.named_children if child.type != "comment"]
        for child in one.children:
            if child.type in _LOGICAL:
                operators.append((child.start_byte, child.end_byte, child.type))
            elif child.is_named and child.type != "comment":
                flatten(child, end if child == named[-1] else child.end_byte)

    parent = node.parent
    outer = parent if parent is not None and parent.type == "redirected_statement" else node
    flatten(outer, outer.end_byte)
    operators.sort()
    above = outer.parent
    is_step = above is not None and above.type not in ("negated_command", "list", "while_statement")
    if is_step and above is not None and above.type in ("if_statement", "elif_clause"):
        then = next((child for child in above.children if child.type == "then"), None)
        is_step = then is not None and outer.start_byte > then.start_byte
    if len(parts) == len(operators) + 1:
        script.chains.append(Chain(tuple(parts), tuple(operators), function, is_step))


def valid(script: Script, candidate: Candidate) -> bool:
    """Whether the edits take away what is whole, and the smallest statement around them parses as well as it did."""
    if not all(script.tree.nesting.closes(edit.start, edit.end) for edit in candidate.edits):
        return False
    first, last = candidate.check or (0, len(script.text))
    inside = tuple(
        Edit(edit.start - first, edit.end - first, plain(edit.new))
        for edit in candidate.edits
        if first <= edit.start <= last
    )
    original = script.plain[first:last]
    inside = tuple(
        Edit(edit.start, min(edit.end, len(original)), edit.new) for edit in inside if edit.start <= len(original)
    )
    changed = apply(original, inside)
    if "<<" in changed and "<<" not in original:
        return False
    if not balanced(changed) and balanced(original):
        return False
    after = _errors(changed)
    if after == 0:
        return True
    key = (first, last)
    if key not in script.memo:
        script.memo[key] = _errors(original)
    return after <= script.memo[key]


def _errors(text: str) -> int:
    root = grammar_parser("tree_sitter_bash").parse(text.encode("ascii", "replace")).root_node
    if not root.has_error:
        return 0
    count = 0
    stack = [root]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack += [child for child in node.children if child.has_error or child.is_missing]
    return count


def gap(script: Script, start: int) -> int:
    """Where the blanks before a word begin, a continued line's backslash included."""
    text = script.text
    while start > 0:
        if text[start - 1] in " \t":
            start -= 1
        elif text.startswith("\\\n", start - 2) and start >= 2:
            start -= 2
        else:
            break
    return start
