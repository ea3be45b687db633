"""The simple commands of a shell text, each with its words, its redirections and its place in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from mutator.shell.syntax import Heredoc, ShellTree

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Redirect:
    start: int
    end: int
    op: str
    """`>`, `>>`, `<`, `<<<`, `2>`, `&>`, ..., descriptor included."""
    target: Span | None
    heredoc: Heredoc | None = None


@dataclass(slots=True)
class Command:
    start: int
    end: int
    """With its redirections, without the bodies of here-documents."""
    words: list[Span]
    assigns: list[Span]
    redirects: list[Redirect]
    container: tuple[int, int]
    """The span of the list of statements it stands in."""
    group: Command | None = None
    """The group, loop or branch that it stands in."""
    function: str = ""
    captured: bool = False
    """Within $(...): its output is a value."""
    backquoted: bool = False
    stages: list[Command] = field(default_factory=list)
    """The pipeline it stands in, itself included."""
    stage: int = 0


COMPOUND = frozenset(
    {
        "compound_statement",
        "subshell",
        "if_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "case_statement",
        "function_definition",
    }
)
_LISTS = frozenset({"program", "compound_statement", "subshell", "do_group", "case_item", "if_statement"})
_DEEPEST = 150


@dataclass(frozen=True, slots=True)
class _Place:
    container: Span
    group: Command | None = None
    function: str = ""
    captured: bool = False
    backquoted: bool = False
    depth: int = 0


def read_commands(tree: ShellTree) -> list[Command]:
    """In the order of the text, without those that the grammar and the shell's rules of quoting see elsewhere."""
    found: list[Command] = []
    _Reader(tree, found).visit(tree.root, _Place((0, len(tree.text))), [])
    found = [one for one in found if all(_holds(tree, stage) for stage in one.stages)]
    found.sort(key=lambda command: command.start)
    return found


def _holds(tree: ShellTree, command: Command) -> bool:
    start, end = command.start, command.end
    return tree.nesting.holds(start, end) and not (command.words and tree.misread(start, end))


class _Reader:
    def __init__(self, tree: ShellTree, found: list[Command]) -> None:
        self.tree = tree
        self.found = found

    def visit(self, node: Node, place: _Place, redirects: list[Redirect]) -> list[Command]:
        """The commands at the end of `node`: what redirections and pipes behind it apply to."""
        if place.depth > _DEEPEST:
            return []
        place = replace(place, depth=place.depth + 1)
        kind = node.type
        if kind in ("command", "declaration_command", "unset_command", "test_command"):
            return [self._command(node, place, redirects)]
        if kind == "redirected_statement":
            own, extra = self._redirects(node)
            body = node.child_by_field_name("body")
            if body is None:
                command = Command(node.start_byte, node.end_byte, extra, [], own + redirects, place.container)
                return [self._add(command, place)]
            last = self.visit(body, place, own + redirects)
            if last and body.type not in COMPOUND:
                last[-1].words += extra
            return last
        if kind == "pipeline":
            stages = [child for child in node.named_children if child.type != "comment"]
            ends = [self.visit(child, place, redirects if child is stages[-1] else []) for child in stages]
            chain = [end[-1] for end in ends if end]
            for index, command in enumerate(chain):
                command.stages, command.stage = chain, index
            return chain[-1:]
        if kind in ("list", "negated_command"):
            parts = [child for child in node.named_children if child.type != "comment"]
            last = []
            for child in parts:
                last = self.visit(child, place, redirects if child is parts[-1] else [])
            return last
        if kind in COMPOUND:
            return self._compound(node, place, redirects)
        if kind == "command_substitution":
            backquoted = place.backquoted or self.tree.plain[node.start_byte] == "`"
            place = replace(place, container=_span(node), group=None, captured=True, backquoted=backquoted)
        elif kind == "process_substitution":
            place = replace(place, container=_span(node), group=None, captured=True)
        elif kind in _LISTS:
            place = replace(place, container=_span(node))
        for child in node.named_children:
            self.visit(child, place, [])
        return []

    def _compound(self, node: Node, place: _Place, redirects: list[Redirect]) -> list[Command]:
        own, _ = self._redirects(node)
        redirects = own + redirects
        function = place.function
        if node.type == "function_definition":
            name = node.child_by_field_name("name")
            function = self.tree.text[name.start_byte : name.end_byte] if name else function
        # The group itself takes part in pipes and has redirections: a command without words.
        group = Command(node.start_byte, node.end_byte, [], [], redirects, place.container)
        group.end = max([group.end, *(redirect.end for redirect in redirects)])
        if node.type != "function_definition":
            self._add(group, place)
        is_function = node.type == "function_definition"
        inner = replace(place, container=_span(node), group=None if is_function else group, function=function)
        for child in node.named_children:
            self.visit(child, inner, [])
        return [group]

    def _command(self, node: Node, place: _Place, redirects: list[Redirect]) -> Command:
        own, extra = self._redirects(node)
        words: list[Span] = []
        assigns: list[Span] = []
        for child in node.children:
            kind = child.type
            if kind == "variable_assignment" and node.type == "command":
                assigns.append((child.start_byte, child.end_byte))
            elif (
                kind not in ("file_redirect", "herestring_redirect", "heredoc_redirect", "comment")
                and (child.is_named or node.type != "command")
                and child.end_byte > child.start_byte
            ):
                words.append((child.start_byte, child.end_byte))
            if kind not in ("word", "number"):
                self._nested(child, place)
        command = Command(node.start_byte, node.end_byte, words + extra, assigns, own + redirects, place.container)
        command.end = max([command.end, *(redirect.end for redirect in redirects)])
        return self._add(command, place)

    def _nested(self, node: Node, place: _Place) -> None:
        if node.child_count:
            for child in node.named_children:
                if child.type in ("command_substitution", "process_substitution"):
                    self.visit(child, place, [])
                elif child.child_count:
                    self._nested(child, place)
            if node.type in ("command_substitution", "process_substitution"):
                self.visit(node, place, [])

    def _add(self, command: Command, place: _Place) -> Command:
        command.group = place.group
        command.function = place.function
        command.captured = place.captured
        command.backquoted = place.backquoted
        command.stages = [command]
        command.end = max([command.end, *(redirect.end for redirect in command.redirects)])
        self.found.append(command)
        return command

    def _redirects(self, node: Node) -> tuple[list[Redirect], list[Span]]:
        """The redirections of a node, and words of the command that the grammar puts behind them."""
        redirects: list[Redirect] = []
        extra: list[Span] = []
        plain = self.tree.plain
        for child in node.children:
            if child.type == "herestring_redirect":
                spans = [(part.start_byte, part.end_byte) for part in child.named_children]
                target = spans[-1] if spans else None
                redirects.append(Redirect(child.start_byte, child.end_byte, "<<<", target))
            elif child.type == "file_redirect":
                targets = [
                    (part.start_byte, part.end_byte) for part in child.named_children if part.type != "file_descriptor"
                ]
                start = child.start_byte
                end = targets[0][1] if targets else child.end_byte
                op = plain[start : targets[0][0] if targets else end].strip()
                heredoc = self.tree.by_operator.get(start)
                redirects.append(Redirect(start, end, op, targets[0] if targets else None, heredoc))
                extra += targets[1:]
        return redirects, extra


def _span(node: Node) -> Span:
    return node.start_byte, node.end_byte


def assignments(tree: ShellTree) -> Iterator[tuple[int, str, Span]]:
    """(offset, name, span of the value) of every `NAME=value` and `for NAME in value`, in the order of the text."""
    stack = [tree.root]
    found: list[tuple[int, str, Span]] = []
    while stack:
        node = stack.pop()
        if node.type == "variable_assignment":
            name = node.child_by_field_name("name")
            value = node.child_by_field_name("value")
            if name is not None and name.type == "variable_name":
                span = (value.start_byte, value.end_byte) if value else (node.end_byte, node.end_byte)
                found.append((node.start_byte, tree.text[name.start_byte : name.end_byte], span))
        elif node.type == "for_statement":
            name = node.child_by_field_name("variable")
            values = node.children_by_field_name("value")
            if name is not None and len(values) == 1:
                span = (values[0].start_byte, values[0].end_byte)
                found.append((node.start_byte, tree.text[name.start_byte : name.end_byte], span))
        stack += node.named_children
    found.sort()
    yield from found
