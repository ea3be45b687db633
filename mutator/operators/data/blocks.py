"""HCL's blocks and a Makefile's rules as containers of entries, through their tree-sitter grammars."""

from __future__ import annotations

from tree_sitter import Node

from mutator.operators.data.document import Container, Document, Entry, Kind, settle
from mutator.operators.data.lines import kind_of

LANGUAGES = ("hcl", "makefile")
MAX_DEPTH = 60


def read(document: Document, root: Node) -> None:
    reader = _Reader(document)
    if document.language == "makefile":
        reader.rules(root)
        return
    body = next((child for child in root.named_children if child.type == "body"), None)
    if body is not None:
        reader.body(body, "", 0)


_KINDS = {
    "numeric_lit": Kind.NUMBER,
    "bool_lit": Kind.BOOLEAN,
    "null_lit": Kind.NULL,
    "string_lit": Kind.STRING,
    "object": Kind.MAPPING,
    "tuple": Kind.SEQUENCE,
}


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document

    def said(self, node: Node) -> str:
        return self.document.text[node.start_byte : node.end_byte]

    def end(self, node: Node) -> int:
        return node.start_byte + len(self.said(node).rstrip())

    def container(self, kind: Kind, path: str, depth: int, entries: list[Entry]) -> None:
        made = Container(kind, path, depth, entries)
        self.document.containers.append(made)
        settle(made, self.document.text, by_line=True)

    def body(self, body: Node, path: str, depth: int) -> None:
        """The attributes and blocks between two braces, or of the whole file."""
        entries: list[Entry] = []
        inner: list[tuple[str, Node]] = []
        for child in body.named_children:
            parts = child.named_children
            if child.type == "attribute" and len(parts) == 2:
                name = self.said(parts[0])
                entries.append(self.entry(name, child, parts[1]))
                inner.append((name, parts[1]))
            elif child.type == "block":
                name = ".".join(
                    self.said(part).strip('"') for part in parts if part.type in ("identifier", "string_lit")
                )
                span = (child.start_byte, self.end(child))
                entries.append(Entry(name, Kind.MAPPING, *span, span))
                inner += [(name, part) for part in parts if part.type == "body"]
        self.container(Kind.MAPPING, path, depth, entries)
        self.deeper(inner, path, depth)

    def deeper(self, inner: list[tuple[str, Node]], path: str, depth: int) -> None:
        if depth >= MAX_DEPTH:
            return
        for name, node in inner:
            below = f"{path}.{name}" if path else name
            if node.type == "body":
                self.body(node, below, depth + 1)
                continue
            value = _value(node)
            if value.type == "object":
                pairs = [
                    (self.said(key).strip('"'), child, val)
                    for child in value.named_children
                    if child.type == "object_elem"
                    and (key := child.child_by_field_name("key")) is not None
                    and (val := child.child_by_field_name("val")) is not None
                ]
                self.container(Kind.MAPPING, below, depth + 1, [self.entry(*pair) for pair in pairs])
                self.deeper([(key, val) for key, _, val in pairs], below, depth + 1)
            elif value.type == "tuple":
                items = [child for child in value.named_children if child.type == "expression"]
                entries = [self.entry(str(index), item, item) for index, item in enumerate(items)]
                self.container(Kind.SEQUENCE, below, depth + 1, entries)
                self.deeper([(str(index), item) for index, item in enumerate(items)], below, depth + 1)

    def entry(self, name: str, whole: Node, value: Node) -> Entry:
        kind = _KINDS.get(_value(value).type, Kind.OTHER)
        return Entry(name, kind, whole.start_byte, self.end(whole), (value.start_byte, self.end(value)))

    def rules(self, root: Node) -> None:
        entries: list[Entry] = []
        for child in root.named_children:
            span = (child.start_byte, self.end(child))
            if child.type == "variable_assignment":
                name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                if name is not None and value is not None:
                    kind = kind_of(self.said(value).strip())
                    # Another word in a list of options or files is no value of its own.
                    kind = Kind.OTHER if kind is Kind.STRING else kind
                    entries.append(Entry(self.said(name), kind, *span, (value.start_byte, self.end(value))))
            elif child.type == "rule" and (targets := _first(child, "targets")) is not None:
                entries.append(Entry(self.said(targets), Kind.MAPPING, *span, span))
                self.rule(child, self.said(targets))
        self.document.containers.insert(0, Container(Kind.MAPPING, "", 0, entries))
        settle(self.document.containers[0], self.document.text, by_line=True)

    def rule(self, rule: Node, target: str) -> None:
        needs, recipe = _first(rule, "prerequisites"), _first(rule, "recipe")
        if needs is not None and not target.startswith("."):
            spans = [(word.start_byte, word.end_byte) for word in needs.named_children]
            words = [
                Entry(f"dependency {self.said(word)}", Kind.OTHER, *span, span)
                for word, span in zip(needs.named_children, spans, strict=True)
            ]
            self.container(Kind.MAPPING, target, 1, words)
        lines = [line for line in recipe.named_children if line.type == "recipe_line"] if recipe is not None else []
        rows = [
            Entry(str(index), Kind.ROW, line.start_byte, self.end(line), (line.start_byte, self.end(line)))
            for index, line in enumerate(lines)
        ]
        self.container(Kind.SEQUENCE, target, 1, rows)


def _first(node: Node, kind: str) -> Node | None:
    return next((child for child in node.named_children if child.type == kind), None)


def _value(node: Node) -> Node:
    """What an expression is, where it is one literal or collection."""
    while node.type in ("expression", "literal_value", "collection_value") and node.named_child_count == 1:
        node = node.named_children[0]
    return node
