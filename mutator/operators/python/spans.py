"""Where each node of a module lies in its text."""

from __future__ import annotations

from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

Span = tuple[int, int]
Spans = dict[cst.CSTNode, Span]


class _SpanRecorder(CodegenState):
    """Writes the module out once, noting where each node goes, in characters.

    libcst's ByteSpanPositionProvider does the same with two more passes over the tree, in bytes.
    """

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.position = 0
        self.starts: list[int] = []
        self.spans: Spans = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.position += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self.starts.append(self.position)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self.starts.pop()
        # Blanks are nodes too, nearly half of them all; nobody asks where they are.
        if type(node) is not cst.SimpleWhitespace and node not in self.spans:
            self.spans[node] = start, self.position

    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Any:  # a lighter context manager than the generator that libcst declares
        return _Mark(self, node, start_node, end_node)


class _Mark:
    """The part of a node without its white space and parentheses."""

    __slots__ = ("end", "node", "position", "recorder", "start")

    def __init__(
        self, recorder: _SpanRecorder, node: cst.CSTNode, start: cst.CSTNode | None, end: cst.CSTNode | None
    ) -> None:
        self.recorder, self.node, self.start, self.end = recorder, node, start, end
        self.position = 0

    def __enter__(self) -> None:
        self.position = self.recorder.position

    def __exit__(self, *_: object) -> None:
        spans = self.recorder.spans
        start = self.position if self.start is None else spans[self.start][0]
        spans[self.node] = start, self.recorder.position if self.end is None else spans[self.end][1]


def spans_of(module: cst.Module, code: str) -> Spans | None:
    """None where libcst would not write the text as it was: its places could not be trusted."""
    recorder = _SpanRecorder(module)
    module._codegen(recorder)
    return recorder.spans if "".join(recorder.tokens) == code else None
