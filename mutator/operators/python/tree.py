"""Parsing Python once for every operator: nodes in the order of the text, their spans, and the check of a mutant.

libcst gives the tree because it knows every Python 3 grammar whatever Python runs; edits are made on the text itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, TypeVar

import libcst as cst

from mutator.model import Candidate, Edit, Tier, apply
from mutator.operators.python.grammar import (
    FRAGMENTS,
    UNREADABLE,
    later_indent,
    newer_parses,
    opening,
    parses,
    same_length,
    shallow,
    shell_names,
    string_value,
)
from mutator.operators.python.nodes import atom, dotted, is_docstring, is_name, statements
from mutator.operators.python.spans import Span, Spans, spans_of

Node = TypeVar("Node", bound=cst.CSTNode)
Fact = TypeVar("Fact")
Function = cst.FunctionDef
Suite = cst.BaseSuite

_LAYOUT = frozenset(
    "lpar rpar comma semicolon equal colon dot star leading_lines lines_after_decorators header footer lbrace rbrace"
    " lbracket rbracket annotation returns type_parameters first_colon second_colon".split()
)
"""Fields that hold layout, or type annotations, which no operator touches."""

_CHILD_ORDER: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.FunctionDef: ("decorators", "params", "body"),
    cst.ClassDef: ("decorators", "bases", "keywords", "body"),
    cst.Param: ("default",),
    cst.Arg: ("value",),
    cst.IfExp: ("body", "test", "orelse"),
    cst.ExceptHandler: ("type", "body"),
    cst.ExceptStarHandler: ("type", "body"),
    cst.MatchCase: ("pattern", "guard", "body"),
}
"""Where libcst's order of fields is not that of the text, or a field only names something."""


class PythonTree:
    """A parsed program or piece of one. Spans are character offsets of `text`."""

    def __init__(
        self, text: str, prefix: str, suffix: str, module: cst.Module, spans: Spans, *, modern: bool, expanded: bool
    ) -> None:
        self.text = text
        self._prefix = prefix
        self._suffix = suffix
        self._spans = spans
        self._modern = modern
        """Newer grammar than that of the Python that runs."""
        self._expanded = expanded
        """The shell fills in `$NAME` first."""
        self.module = module
        self._parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self._order: dict[cst.CSTNode, int] = {}
        self._kinds: dict[type[cst.CSTNode], list[cst.CSTNode]] = {}
        self._headers: dict[Span, str] = {}
        self._items: dict[Span, str] = {}
        self._scopes: dict[cst.CSTNode | None, str] = {}
        self._literals: dict[cst.CSTNode, str | None] = {}
        self._found: dict[tuple[type[cst.CSTNode], ...], list[cst.CSTNode]] = {}
        self._owned: dict[tuple[type[cst.CSTNode], ...], dict[cst.CSTNode | None, list[cst.CSTNode]]] = {}
        self._facts: dict[Any, Any] = {}
        self._units: list[Span] | None = None
        self._rows: dict[Span, str] | None = None
        self._row_order: list[Span] = []
        self._index()

    @property
    def is_whole(self) -> bool:
        """False for a piece of a program that had to be completed to be read."""
        return not self._prefix and not self._suffix

    # -- nodes

    def _index(self) -> None:
        root: cst.CSTNode = self.module
        stack = [(child, root) for child in reversed(_children(root))]
        while stack:
            node, parent = stack.pop()
            if _is_noise(node, parent) or self._is_added(node):
                continue
            self._parents[node] = parent
            self._order[node] = len(self._order)
            self._kinds.setdefault(type(node), []).append(node)
            stack.extend((child, node) for child in reversed(_children(node)))

    def _is_added(self, node: cst.CSTNode) -> bool:
        """In what was put around the text to complete it."""
        start, end = self.span(node)
        return start < end and (end <= 0 or start >= len(self.text))

    def every(self, *kinds: type[Node]) -> list[Node]:
        """The nodes of these types, in the order of the text."""
        found = self._found.get(kinds)
        if found is None:
            found = [node for kind, nodes in self._kinds.items() if issubclass(kind, kinds) for node in nodes]
            found.sort(key=self._order.__getitem__)
            self._found[kinds] = found
        return found  # type: ignore[return-value]  # filtered by issubclass just above

    def sequences(self) -> list[cst.List | cst.Tuple]:
        return [node for node in self.every(cst.List, cst.Tuple) if isinstance(node, cst.List | cst.Tuple)]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(node)

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        up = self._parents.get(node)
        while up is not None:
            yield up
            up = self._parents.get(up)

    def within(self, node: cst.CSTNode, *kinds: type[Node]) -> Node | None:
        """The nearest ancestor of these types."""
        for up in self.ancestors(node):
            if isinstance(up, kinds):
                return up
        return None

    def knows(self, node: cst.CSTNode) -> bool:
        """False for annotations, docstrings, imports and the like, which are not for mutation."""
        return node in self._order

    def inside(self, node: cst.CSTNode, *kinds: type[Node]) -> list[Node]:
        """The descendants of these types, in the order of the text."""
        found: list[Node] = []
        stack = _children(node)[::-1]
        while stack:
            child = stack.pop()
            if child in self._order:
                if isinstance(child, kinds):
                    found.append(child)
                stack.extend(reversed(_children(child)))
        return found

    def own(self, function: cst.FunctionDef, *kinds: type[Node]) -> list[Node]:
        """Like `inside`, without the bodies of nested functions and classes."""
        if kinds not in self._owned:
            groups: dict[cst.CSTNode | None, list[cst.CSTNode]] = {}
            for node in self.every(*kinds):
                groups.setdefault(self.function(node), []).append(node)
            self._owned[kinds] = groups
        return self._owned[kinds].get(function, [])  # type: ignore[return-value]  # grouped by kind just above

    def once(self, find: Callable[[PythonTree], Fact]) -> Fact:
        """What a function finds out about the whole program, found out once."""
        if find not in self._facts:
            self._facts[find] = find(self)
        fact: Fact = self._facts[find]
        return fact

    def function(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        """The function whose body the node is in; None at module or class level."""
        found = self.within(node, cst.FunctionDef, cst.ClassDef, cst.Lambda)
        return found if isinstance(found, cst.FunctionDef) else None

    def scope(self, node: cst.CSTNode) -> str:
        if not isinstance(node, cst.FunctionDef | cst.ClassDef):
            at = self._parents.get(node)
            while at is not None and type(at) not in _NAMED:
                at = self._parents.get(at)
        else:
            at = node
        if at not in self._scopes:
            names = [at.name.value] if isinstance(at, cst.FunctionDef | cst.ClassDef) else []
            ups = self.ancestors(at) if at is not None else ()
            names += [up.name.value for up in ups if isinstance(up, cst.FunctionDef | cst.ClassDef)]
            self._scopes[at] = ".".join(reversed(names))
        return self._scopes[at]

    def called(self, function: cst.FunctionDef) -> str:
        """`allow()` of `Limiter`, for a sentence."""
        owner = self.within(function, cst.ClassDef, cst.FunctionDef)
        name = f"`{function.name.value}()`"
        return f"{name} of `{owner.name.value}`" if isinstance(owner, cst.ClassDef) else name

    # -- places

    def span(self, node: cst.CSTNode) -> Span:
        """Where the node lies, without the parentheses and white space around it."""
        start, end = self._spans[node]
        return start - len(self._prefix), end - len(self._prefix)

    def outer(self, node: cst.CSTNode) -> Span:
        """The span with the node's own parentheses."""
        start, end = self.span(node)
        if isinstance(node, cst.BaseExpression | cst.MatchPattern):
            left, right = getattr(node, "lpar", ()), getattr(node, "rpar", ())
            if left and right and not isinstance(left, cst.MaybeSentinel):
                return self.span(left[0])[0], self.span(right[-1])[1]
        return start, end

    def inner(self, node: cst.SimpleString) -> Span:
        """A string between its quotes."""
        start, end = self.span(node)
        return start + len(node.prefix) + len(node.quote), end - len(node.quote)

    def code(self, node: cst.CSTNode) -> str:
        start, end = self.outer(node)
        return self.text[max(start, 0) : end]

    def label(self, node: cst.CSTNode, most: int = 50) -> str:
        """The node's text on one line, for a sentence."""
        start, end = self.outer(node)
        # Of a table that fills pages the beginning is all that can be shown.
        line = " ".join(self.text[max(start, 0) : min(end, start + 8 * most)].split())
        return line if len(line) <= most and end - start <= 8 * most else line[: most - 1] + "…"

    def around(self, node: cst.CSTNode, edit: Edit, most: int = 50) -> tuple[str, str]:
        """The node's text before and after an edit, on a short line each; of a long one what is near the edit."""
        start, end = self.outer(node)
        start, end = max(min(start, edit.start), 0), max(end, edit.end)
        before, after = "", ""
        if edit.start - start > most // 2:
            start, before = edit.start - most // 2, "…"
        if end - edit.end > most // 2:
            end, after = edit.end + most // 2, "…"
        shown = []
        for new in (self.text[edit.start : edit.end], edit.new):
            line = " ".join((self.text[start : edit.start] + new + self.text[edit.end : end]).split())
            line = before + line + after
            shown.append(line if len(line) <= 2 * most else line[: 2 * most - 1] + "…")
        return shown[0], shown[1]

    def literal(self, node: cst.CSTNode | None) -> str | None:
        """The value of a plain string literal."""
        if not isinstance(node, cst.SimpleString):
            return None
        if node not in self._literals:
            self._literals[node] = string_value(node.value)
        return self._literals[node]

    def indent(self, statement: cst.CSTNode) -> str:
        start = self.span(statement)[0]
        return self.text[self.text.rfind("\n", 0, start) + 1 : start] if start > 0 else ""

    @cached_property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def header(self, node: cst.CSTNode) -> Span:
        """A compound statement or clause up to its colon."""
        start = self.span(node)[0]
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.decorators:
            start = min(start, self.span(node.decorators[0])[0])
        if isinstance(node, cst.Match):
            end = self.span(node.whitespace_after_colon)[0]
            self._headers[start, end] = " \n{indent} case _: pass"
            return start, end
        body = node.body  # type: ignore[attr-defined]  # callers pass compound statements and clauses only
        if isinstance(body, cst.IndentedBlock):
            end = self.span(body.header)[0]
        else:
            end = self.span(body.body[0])[0] - len(body.leading_whitespace.value)
        self._headers[start, end] = " pass"
        return start, end

    def region(self, node: cst.CSTNode, start: int, end: int) -> Span | None:
        """The smallest statement, or head of one, around the node that holds text[start:end]."""
        at: cst.CSTNode | None = node
        while at is not None:
            if type(at) in _STATEMENTS:
                place = self._place(at, start, end)
                if place is not None:
                    return place
            at = self._parents.get(at)
        return None

    def _place(self, at: cst.CSTNode, start: int, end: int) -> Span | None:
        if isinstance(at, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            whole = self.span(at.body[0])[0], self.span(at.body[-1])[1]
        elif isinstance(at, cst.Try | cst.TryStar):
            whole = self.span(at)
        else:
            head = self.header(at)
            if head[0] <= start and end <= head[1]:
                return head
            # A clause (elif, except, case) cannot stand alone: its statement is what parses.
            if isinstance(at, _CLAUSE) or self._is_elif(at):
                return None
            whole = head[0], self.span(at)[1]
        return whole if whole[0] <= start and end <= whole[1] else None

    def _is_elif(self, node: cst.CSTNode) -> bool:
        return isinstance(node, cst.If) and isinstance(self._parents.get(node), cst.If)

    # -- mutants

    def replace(self, node: cst.CSTNode, new: str) -> Edit:
        """Parentheses included."""
        start, end = self.outer(node)
        return Edit(start, end, new)

    def fitted(self, node: cst.CSTNode, code: str) -> str:
        """Code to stand in the node's place, in parentheses where it needs them."""
        alone = isinstance(self._parents.get(node), cst.Assign | cst.AnnAssign | cst.AugAssign | cst.Return | cst.Arg)
        return code if alone else atom(code)

    def mutant(
        self,
        node: cst.CSTNode,
        *edits: Edit,
        tier: Tier | None = None,
        stills: Span | None = None,
        stated: str = "",
        **details: str,
    ) -> Candidate:
        """A candidate at this node; its check is the smallest statement that holds all edits."""
        ordered = tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))
        return Candidate(
            ordered,
            details,
            scope=self.scope(node),
            check=self.region(node, ordered[0].start, max(edit.end for edit in ordered)),
            tier=tier,
            stills=stills,
            stated=stated,
        )

    def sound(self, candidate: Candidate) -> bool:
        """Whether the edits lie in the text, apart from each other, and change it."""
        done = 0
        changed = False
        for edit in candidate.edits:
            if edit.start < done or edit.end < edit.start or edit.end > len(self.text):
                return False
            done = edit.end
            changed = changed or self.text[edit.start : edit.end] != edit.new
        return changed

    def valid(self, candidate: Candidate) -> bool:
        """Parses only the statements that the candidate is in."""
        check = candidate.check
        if len(candidate.edits) > 1 or (check is not None and check[1] - check[0] > _LONG):
            # Each edit where it stands, for what lies between them may be most of the program.
            apart = self._apart(candidate.edits)
            if apart is not None:
                return all(self._fits(unit, tuple(edits)) for unit, edits in apart.items())
        if check is None:
            return self._holds(self._prefix + self._read(apply(self.text, candidate.edits)) + self._suffix)
        return self._fits(check, candidate.edits)

    def _apart(self, edits: Sequence[Edit]) -> dict[Span, list[Edit]] | None:
        """The edits by the simple statement, head or rows of a table they are in; None where one goes beyond."""
        if self._units is None:
            lines = self.every(cst.SimpleStatementLine, cst.SimpleStatementSuite)
            self._units = sorted(
                [self.header(node) for node in self.every(*_COMPOUND)]
                + [(self.span(line.body[0])[0], self.span(line.body[-1])[1]) for line in lines if line.body]
            )
        apart: dict[Span, list[Edit]] = {}
        for edit in edits:
            unit = _around(self._units, edit)
            if unit is None:
                return None
            rows = self._rows_around(edit) if unit[1] - unit[0] > _LONG else None
            apart.setdefault(rows or unit, []).append(edit)
        places = sorted(apart)
        return None if any(one[1] > two[0] for one, two in pairwise(places)) else apart

    def _rows_around(self, edit: Edit) -> Span | None:
        """One or two rows of a table that fills pages, which parse as well alone in its brackets."""
        if self._rows is None:
            self._rows = {}
            for node in self.every(cst.List, cst.Tuple, cst.Set, cst.Dict, cst.Call):
                start, end = self.outer(node)
                if end - start > _LONG and self.within(node, cst.FormattedString) is None:
                    items = node.args if isinstance(node, cst.Call) else node.elements  # type: ignore[attr-defined]  # one of the five
                    for item in items:
                        self._rows[item_span(self, item)] = _BRACKETS.get(type(node), "[]")
            self._row_order = sorted(self._rows)
        first = bisect_left(self._row_order, (edit.start + 1, 0)) - 1
        if first < 0:
            return None
        for last in (first, first + 1):
            if last < len(self._row_order) and self._row_order[last][1] >= edit.end:
                place = self._row_order[first][0], self._row_order[last][1]
                brackets = self._rows[self._row_order[first]]
                if edit.start > self._row_order[first][1] or brackets != self._rows[self._row_order[last]]:
                    return None
                self._items[place] = brackets
                return place
        return None

    def _fits(self, place: Span, edits: tuple[Edit, ...]) -> bool:
        start, end = place
        shifted = tuple(Edit(edit.start - start, edit.end - start, edit.new) for edit in edits)
        piece = apply(self.text[start:end], shifted)
        brackets = self._items.get(place)
        if brackets is not None:
            return self._holds(f"{brackets[:-1]}\n{self._read(piece)}\n{brackets[-1]}")
        before = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        indent = before if not before.strip() else " "
        head = self._headers.get(place)
        closing = head.format(indent=indent) if head else ""
        return self._holds(opening(piece if head else "", indent) + indent + self._read(piece) + closing + "\n")

    def _holds(self, program: str) -> bool:
        return parses(program) or (self._modern and newer_parses(program))

    def _read(self, piece: str) -> str:
        plain = same_length(piece) or piece
        return shell_names(plain) if self._expanded else plain


_COMPOUND = (
    cst.If,
    cst.For,
    cst.While,
    cst.With,
    cst.FunctionDef,
    cst.ClassDef,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
    cst.MatchCase,
    cst.Match,
)
_NAMED = frozenset({cst.FunctionDef, cst.ClassDef})
_STATEMENTS = frozenset(
    {*_COMPOUND, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.Try, cst.TryStar},
)
_BRACKETS: dict[type[cst.CSTNode], str] = {cst.Dict: "{}", cst.Set: "{}", cst.Call: "_()"}
_LONG = 2000
_CLAUSE = (cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase)


def _around(places: list[Span], edit: Edit) -> Span | None:
    """The last of the places to begin before the edit, where it holds all of it."""
    index = bisect_left(places, (edit.start + 1, 0)) - 1
    return places[index] if index >= 0 and places[index][1] >= edit.end else None


def parse(text: str) -> PythonTree | None:
    """None where the text is not Python 3."""
    plain = same_length(text)
    if plain is None:
        return None
    tree = _parse(text, plain, expanded=False)
    if tree is None and "$" in plain:
        tree = _parse(text, shell_names(plain), expanded=True)
    return tree


def _parse(text: str, plain: str, *, expanded: bool) -> PythonTree | None:
    for prefix, suffix in (*FRAGMENTS[:2], ("if 1:\n" + later_indent(plain), ""), *FRAGMENTS[2:]):
        code = prefix + plain + suffix
        modern = not parses(code)
        if modern and (prefix or suffix or not shallow(code)):
            continue
        try:
            module = cst.parse_module(code)
            spans = spans_of(module, code)
        except UNREADABLE:
            continue
        if spans is not None:
            return PythonTree(text, prefix, suffix, module, spans, modern=modern, expanded=expanded)
    return None


@cache
def _child_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    if kind in _CHILD_ORDER:
        return _CHILD_ORDER[kind]
    names = (f.name for f in fields(kind))
    return tuple(n for n in names if n not in _LAYOUT and not n.startswith(("whitespace", "leading_w", "trailing_w")))


def _children(node: cst.CSTNode) -> list[cst.CSTNode]:
    found: list[cst.CSTNode] = []
    for name in _child_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            found.append(value)
        elif isinstance(value, list | tuple):
            found.extend(value)
    return found


_NEVER = frozenset({cst.Import, cst.ImportFrom, cst.TypeAlias, cst.Global, cst.Nonlocal, cst.MaybeSentinel})
_PERHAPS = frozenset({cst.Expr, cst.Assign, cst.Comparison, cst.If})


def _is_noise(node: cst.CSTNode, parent: cst.CSTNode) -> bool:
    """Imports, docstrings, `__all__`, `__version__`, the main guard's test, blocks for type checkers."""
    if type(node) not in _PERHAPS:
        return type(node) in _NEVER
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis)
    if isinstance(node, cst.Assign):
        target = node.targets[0].target
        return isinstance(target, cst.Name) and re.fullmatch(r"__\w+__", target.value) is not None
    if isinstance(node, cst.If):
        return dotted(node.test).endswith("TYPE_CHECKING")
    is_test = isinstance(parent, cst.If) and node is parent.test
    return is_test and isinstance(node, cst.Comparison) and is_name(node.left, "__name__")


def item_span(tree: PythonTree, item: cst.CSTNode) -> Span:
    """An argument, element, entry or parameter without its comma."""
    if isinstance(item, cst.Element):
        return tree.outer(item.value)
    if isinstance(item, cst.DictElement):
        return tree.outer(item.key)[0], tree.outer(item.value)[1]
    if isinstance(item, cst.Arg) and not item.star:
        return tree.span(item.keyword)[0] if item.keyword else tree.outer(item.value)[0], tree.outer(item.value)[1]
    if isinstance(item, cst.Param):
        last = item.default or (item.annotation.annotation if item.annotation else item.name)
        return tree.span(item)[0], tree.outer(last)[1]
    return tree.span(item)


def drop_item(tree: PythonTree, items: Sequence[cst.CSTNode], index: int) -> Edit:
    """Take one item out of a list with commas."""
    start, end = item_span(tree, items[index])
    if index + 1 < len(items):
        return Edit(start, item_span(tree, items[index + 1])[0], "")
    if index > 0:
        return Edit(item_span(tree, items[index - 1])[1], end, "")
    comma = getattr(items[index], "comma", None)
    return Edit(start, tree.span(comma)[1] if isinstance(comma, cst.Comma) else end, "")


def add_argument(tree: PythonTree, call: cst.Call, text: str) -> Edit:
    """One more argument at the end of a call."""
    if not call.args:
        end = tree.span(call)[1] - 1
        return Edit(end, end, text)
    end = item_span(tree, call.args[-1])[1]
    return Edit(end, end, f", {text}")


def body_start(function: cst.FunctionDef) -> cst.CSTNode | None:
    """The first statement after the docstring."""
    return next((statement for statement in statements(function.body) if not is_docstring(statement)), None)


def definitions(tree: PythonTree) -> frozenset[str]:
    """The names of the functions and classes of the text."""
    functions = {node.name.value for node in tree.every(cst.FunctionDef)}
    return frozenset(functions | {node.name.value for node in tree.every(cst.ClassDef)})
