"""Programs in other languages without their comments: the tokens stay the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, Example, FaultClass, Operator, SourceKind, Tier, apply
from mutator.operators.code.dialects import DIALECTS
from mutator.operators.code.tree import Program, parse
from mutator.operators.preserving.promise import Preserving, Promise, preserving_in

LANGUAGES = frozenset(DIALECTS)
UNSEEN = frozenset({SourceKind.SCRIPT, SourceKind.INLINE, SourceKind.PATCH, SourceKind.REPLACEMENT, SourceKind.PRINTED})
_DIRECTIVE = re.compile(
    r"#!|//go:|// ?\+build|//export\b|///|//!|/\*\*|/\*!|(?://|/\*|#)\s*(?:@ts-|eslint|jshint|prettier|istanbul|c8\b|webpack|nolint"
    r"|lint:|NOLINT|clang-|@(?:license|preserve|flow|jsx|vitest|jest)|frozen_string_literal|encoding:|coding:|typed:"
    r"|rubocop|-\*-|sourceMappingURL|# source|language=|foolsgold|fall ?through)",
    re.IGNORECASE,
)
"""Comments that a compiler, a tool or a generator of documents reads."""
_LOOKS_AT_ITSELF = re.compile(
    r"__LINE__|\bline!\(|runtime\.Caller|import \"C\"|\bcaller\b|\.toString\(\)|__filename|\bDATA\b|__END__"
    r"|StackTrace|\.stack\b"
)


def _comments(program: Program) -> Iterator[Candidate]:
    text, dialect = program.text, program.dialect
    if program.faults or _LOOKS_AT_ITSELF.search(text):
        return
    edits: list[Edit] = []
    for leaf in _leaves(program.tree.root_node, dialect.comments):
        start, end = leaf.start_byte, leaf.end_byte
        if leaf.type not in dialect.comments or _DIRECTIVE.match(text, start):
            continue
        if text[start:end].endswith("\n"):
            end -= 1
        line = text.rfind("\n", 0, start) + 1
        after = text.find("\n", end)
        after = len(text) if after < 0 else after
        alone = not text[line:start].strip() and not text[end:after].strip()
        if text[:line].endswith("\\\n") or (edits and edits[-1].end > start):
            return
        if alone:
            edits.append(Edit(line, min(after + 1, len(text)), ""))
        elif not text[end:after].strip():
            edits.append(Edit(len(text[:start].rstrip(" \t")), end, ""))
        else:
            # A comment separates words, and where it spans lines it ends a statement as a line end does.
            edits.append(Edit(start, end, "\n" if "\n" in text[start:end] else " "))
    if not edits:
        return
    changed = parse(apply(text, tuple(edits)), program.language)
    if changed is None or changed.faults or _tokens(changed) != _tokens(program):
        return
    yield Candidate(tuple(edits), {"count": f"{len(edits)} comment{'s' * (len(edits) != 1)}"})


def _leaves(root: Node, comments: frozenset[str]) -> Iterator[Node]:
    stack = [root]
    while stack:
        one = stack.pop()
        if one.child_count and one.type not in comments:
            stack += reversed(one.children)
        else:
            yield one


def _tokens(program: Program) -> list[tuple[str, str]]:
    """Every token but comments; line ends, where a grammar has them, without how many."""
    return [
        (leaf.type, program.said(leaf).strip())
        for leaf in _leaves(program.tree.root_node, program.dialect.comments)
        if leaf.type not in program.dialect.comments and not _DIRECTIVE.match(program.said(leaf))
    ]


def _example(before: str, after: str | None, language: str) -> Example:
    return Example(before, (after,) if after is not None else (), language)


COMMENTS = Preserving(
    Operator(
        "preserving.code-comments",
        FaultClass.NONE,
        Tier.MEDIUM,
        LANGUAGES,
        "the same program without its {count}",
        _comments,
        (
            _example("// Adds.\nlet x = 1 // one\nlet u = '//x'\n", "let x = 1\nlet u = '//x'\n", "javascript"),
            _example("f(1 /* one */, 2)\n", "f(1  , 2)\n", "javascript"),
            _example("// @ts-ignore\nx()\n", None, "typescript"),
            _example("int a; /* first */ int b;\n// end\n", "int a;   int b;\n", "c"),
            _example("int f() { return __LINE__; } // x\n", None, "c"),
            _example("//go:build linux\n\npackage a\n", None, "go"),
            _example("package a\n\n// F is one.\nvar F = 1\n", "package a\n\nvar F = 1\n", "go"),
            _example("/// Doc.\nfn f() {} // x\n", "/// Doc.\nfn f() {}\n", "rust"),
            _example("# frozen_string_literal: true\n# x\nputs 1\n", "# frozen_string_literal: true\nputs 1\n", "ruby"),
        ),
        UNSEEN,
    ),
    Promise(
        "every token of the program",
        "the language does not read comments; those that steer tools stay",
        unless=r"\bcomment(?:s|ed)?\b|\bdocument(?:ed|ation)\b|\b(?:jsdoc|javadoc|godoc|doxygen)\b",
    ),
)
OPERATORS = preserving_in(globals())


class CodeFamily:
    name = "preserving-code"
    languages = LANGUAGES
    operators: tuple[Operator, ...] = tuple(one.operator for one in OPERATORS)

    def parse(self, text: str, language: str) -> Program | None:
        return parse(text, language)

    def valid(self, tree: Program, candidate: Candidate) -> bool:
        return True  # proven where it was proposed


FAMILY = CodeFamily()
