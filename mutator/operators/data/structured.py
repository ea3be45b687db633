"""JSON, YAML and TOML, HCL and Makefiles through their tree-sitter grammars."""

from __future__ import annotations

import re

import tree_sitter

from mutator.grammars import grammar_parser
from mutator.operators.data import blocks
from mutator.operators.data.document import Container, Document, Entry, Kind, settle
from mutator.operators.twin import ascii_twin

LANGUAGES = ("json", "yaml", "toml", *blocks.LANGUAGES)
_PACKAGES = {"makefile": "tree_sitter_make"}
"""Where it is not called like the language."""
MAX_DEPTH = 60
_YAML_BOOLEAN = re.compile(r"(?:true|false|yes|no|on|off)", re.IGNORECASE)


def parser(language: str) -> tree_sitter.Parser:
    return grammar_parser(_PACKAGES.get(language, f"tree_sitter_{language}"))


def errors(text: str, language: str) -> int:
    """How many places of the text are not of the language."""
    root = parser(language).parse(ascii_twin(text)).root_node
    if not root.has_error:
        return 0
    count, stack = 0, [root]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack += [child for child in node.children if child.has_error or child.is_missing]
    return count


def read(text: str, language: str) -> Document | None:
    root = parser(language).parse(ascii_twin(text)).root_node
    if root.has_error:
        return None
    document = Document(text, language)
    if language in blocks.LANGUAGES:
        blocks.read(document, root)
    else:
        _Reader(document).walk(root, "", 0)
    document.containers = [container for container in document.containers if container.entries]
    return document if document.containers else None


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document

    def said(self, node: tree_sitter.Node) -> str:
        return self.document.text[node.start_byte : node.end_byte]

    def end(self, node: tree_sitter.Node) -> int:
        """Grammars differ in whether trailing blank lines belong to a node: they never do here."""
        return node.start_byte + len(self.said(node).rstrip())

    def walk(self, node: tree_sitter.Node, path: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        match node.type:
            case "object" | "block_mapping" | "flow_mapping" | "inline_table":
                self.mapping(node, path, depth)
            case "array" | "block_sequence" | "flow_sequence":
                self.sequence(node, path, depth)
            case "document" if self.document.language == "toml":
                self.toml(node)
            case _:
                for child in node.named_children:
                    self.walk(child, path, depth)

    def container(self, kind: Kind, path: str, depth: int, *, removable: bool) -> Container:
        made = Container(kind, path, depth, removable=removable)
        self.document.containers.append(made)
        return made

    def mapping(self, node: tree_sitter.Node, path: str, depth: int) -> None:
        container = self.container(Kind.MAPPING, path, depth, removable=node.type != "block_mapping" or depth > 0)
        pairs = [child for child in node.named_children if child.type.endswith("pair")]
        self.pairs(container, pairs, depth)

    def pairs(self, container: Container, pairs: list[tree_sitter.Node], depth: int) -> None:
        nested: list[tuple[tree_sitter.Node, str]] = []
        for pair in pairs:
            parts = [child for child in pair.named_children if child.type != "comment"]
            if not parts:
                continue
            name = self.said(parts[0]).strip("\"'")
            value = parts[-1] if len(parts) > 1 else None
            span = (value.start_byte, self.end(value)) if value is not None else (pair.end_byte, pair.end_byte)
            kind = self.kind(value) if value is not None else Kind.NULL
            end = span[1] if value is not None else self.end(pair)
            container.entries.append(Entry(name, kind, pair.start_byte, end, span))
            if value is not None and kind in (Kind.MAPPING, Kind.SEQUENCE):
                nested.append((value, f"{container.path}.{name}" if container.path else name))
        settle(container, self.document.text, by_line=self.document.language != "json")
        for value, inner in nested:
            self.walk(value, inner, depth + 1)

    def sequence(self, node: tree_sitter.Node, path: str, depth: int) -> None:
        container = self.container(Kind.SEQUENCE, path, depth, removable=node.type != "block_sequence" or depth > 0)
        nested: list[tuple[tree_sitter.Node, str]] = []
        for index, child in enumerate(item for item in node.named_children if item.type != "comment"):
            value: tree_sitter.Node | None = child
            if child.type == "block_sequence_item":
                value = next((inner for inner in child.named_children if inner.type != "comment"), None)
            if value is None:
                span, kind = (child.end_byte, child.end_byte), Kind.NULL
            else:
                span, kind = (value.start_byte, self.end(value)), self.kind(value)
            container.entries.append(Entry(str(index), kind, child.start_byte, self.end(child), span))
            if value is not None and kind in (Kind.MAPPING, Kind.SEQUENCE):
                nested.append((value, f"{path}[{index}]"))
        settle(container, self.document.text, by_line=self.document.language != "json")
        for value, inner in nested:
            self.walk(value, inner, depth + 1)

    def toml(self, root: tree_sitter.Node) -> None:
        top = self.container(Kind.MAPPING, "", 0, removable=True)
        self.pairs(top, [child for child in root.named_children if child.type == "pair"], 0)
        tables = [child for child in root.named_children if child.type in ("table", "table_array_element")]
        holder = self.container(Kind.MAPPING, "", 0, removable=True)
        for table in tables:
            header = next((child for child in table.named_children if child.type != "comment"), None)
            name = self.said(header) if header is not None else ""
            end = self.end(table)
            holder.entries.append(Entry(name, Kind.MAPPING, table.start_byte, end, (table.start_byte, end)))
        settle(holder, self.document.text, by_line=True)
        for table, entry in zip(tables, holder.entries, strict=True):
            inner = self.container(Kind.MAPPING, entry.name, 1, removable=True)
            self.pairs(inner, [child for child in table.named_children if child.type == "pair"], 1)

    def kind(self, node: tree_sitter.Node) -> Kind:
        inner = node
        while inner.type in ("flow_node", "block_node", "plain_scalar") and inner.named_child_count:
            children = [child for child in inner.named_children if child.type not in ("tag", "anchor", "comment")]
            if len(children) != 1:
                return Kind.OTHER
            inner = children[0]
        match inner.type:
            case "object" | "block_mapping" | "flow_mapping" | "inline_table":
                return Kind.MAPPING
            case "array" | "block_sequence" | "flow_sequence":
                return Kind.SEQUENCE
            case "number" | "integer" | "float" | "integer_scalar" | "float_scalar":
                return Kind.NUMBER
            case "true" | "false" | "boolean" | "boolean_scalar":
                return Kind.BOOLEAN
            case "null" | "null_scalar":
                return Kind.NULL
            case "string_scalar":
                return Kind.BOOLEAN if _YAML_BOOLEAN.fullmatch(self.said(inner)) else Kind.STRING
            case "string" | "double_quote_scalar" | "single_quote_scalar":
                return Kind.STRING
        return Kind.OTHER
