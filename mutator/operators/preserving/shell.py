"""Shell scripts that do the same: without comments, with every statement on a line of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, Example, FaultClass, Operator, SourceKind, Tier, apply
from mutator.operators.preserving.promise import Preserving, Promise, preserving_in
from mutator.operators.shell.document import Script, parse
from mutator.shell.syntax import read_shell

SHELL = frozenset({"shell"})
UNSEEN = frozenset({SourceKind.SCRIPT, SourceKind.INLINE, SourceKind.PATCH, SourceKind.REPLACEMENT, SourceKind.PRINTED})
_DIRECTIVE = re.compile(
    r"#(?:!|\s*(?:shellcheck|SBATCH|PBS|BSUB|chkconfig|description:|foolsgold)\b|##\s*(?:BEGIN|END) INIT INFO)"
)
_LOOKS_AT_ITSELF = re.compile(
    r"LINENO|(?:sed|grep|awk|head|tail|cat|source|md5sum|sha\d+sum)\b[^\n]*(?:\$0|BASH_SOURCE)"
)


def _operator(
    identity: str,
    sentence: str,
    propose: Callable[[Script], Iterator[Candidate]],
    promise: Promise,
    *examples: tuple[str, tuple[str, ...]],
) -> Preserving:
    def safe(script: Script) -> Iterator[Candidate]:
        if _LOOKS_AT_ITSELF.search(script.text) or script.tree.root.has_error:
            return iter(())
        return propose(script)

    made = tuple(Example(before, after, "shell") for before, after in examples)
    operator = Operator(identity, FaultClass.NONE, Tier.MEDIUM, SHELL, sentence, safe, made, UNSEEN)
    return Preserving(operator, promise)


def _leaves(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        one = stack.pop()
        if one.child_count:
            stack += reversed(one.children)
        else:
            yield one


def _comments(script: Script) -> Iterator[Candidate]:
    text = script.text
    edits = []
    for leaf in _leaves(script.tree.root):
        start, end = leaf.start_byte, leaf.end_byte
        if leaf.type != "comment" or _DIRECTIVE.match(text, start):
            continue
        line = text.rfind("\n", 0, start) + 1
        if text[:line].endswith("\\\n"):
            continue  # it ends a command that the line before began
        if text[line:start].strip():
            edits.append(Edit(len(text[:start].rstrip(" \t")), end, ""))
        else:
            edits.append(Edit(line, min(end + 1, len(text)), ""))
    yield from _same(script, edits, count=f"{len(edits)} comment{'s' * (len(edits) != 1)}")


def _lines(script: Script) -> Iterator[Candidate]:
    text = script.text
    edits = []
    for leaf in _leaves(script.tree.root):
        parent = leaf.parent
        if leaf.type != ";" or parent is None or parent.type == "c_style_for_statement":
            continue
        end = leaf.end_byte
        line_start = text.rfind("\n", 0, leaf.start_byte) + 1
        line_end = text.find("\n", end)
        rest = text[end : len(text) if line_end < 0 else line_end]
        # A here-document begins on the line after its operator.
        if "<<" in text[line_start : end + len(rest)] or not rest.strip() or rest.lstrip().startswith(("#", ";")):
            continue
        indent = re.match(r"[ \t]*", text[line_start:])
        blanks = len(rest) - len(rest.lstrip(" \t"))
        edits.append(Edit(leaf.start_byte, end + blanks, "\n" + (indent[0] if indent else "")))
    yield from _same(script, edits, count=f"{len(edits)} place{'s' * (len(edits) != 1)}")


def _same(script: Script, edits: list[Edit], **fields: str) -> Iterator[Candidate]:
    """The candidate, where the shell reads the same words in the same order."""
    if not edits:
        return
    after = read_shell(apply(script.text, tuple(edits)))
    if not after.root.has_error and _words(script.text, script.tree.root) == _words(after.text, after.root):
        bodies = [[tree.text[one.start : one.end] for one in tree.heredocs] for tree in (script.tree, after)]
        if bodies[0] == bodies[1]:
            yield Candidate(tuple(edits), fields)


def _words(text: str, root: Node) -> list[str]:
    return [
        text[leaf.start_byte : leaf.end_byte]
        for leaf in _leaves(root)
        if leaf.type not in ("comment", ";", "\n") and text[leaf.start_byte : leaf.end_byte].strip()
    ]


COMMENTS = _operator(
    "preserving.shell-comments",
    "the same script without its {count}",
    _comments,
    Promise(
        "every word the shell reads",
        "the shell does not read comments; shebang and comments that steer tools stay",
        unless=r"\bcomment(?:s|ed)?\b|\bdocument(?:ed|ation)\b",
    ),
    (
        "#!/bin/sh\n# Greets.\necho '# hi'  # done\ncat <<X\n# kept\nX\n",
        ("#!/bin/sh\necho '# hi'\ncat <<X\n# kept\nX\n",),
    ),
    ("# usage: x\nsed -n 's/^# //p' \"$0\"\n", ()),
)
LINES = _operator(
    "preserving.shell-lines",
    "the same script with line ends for semicolons in {count}",
    _lines,
    Promise("every word the shell reads", "`;` and a line end separate commands alike"),
    (
        "if [ -e x ]; then rm x; echo gone; fi\nfor ((i = 0; i < 3; i++)); do :; done\n",
        ("if [ -e x ]\nthen rm x\necho gone\nfi\nfor ((i = 0; i < 3; i++)); do :\ndone\n",),
    ),
    ("cat <<X; echo b\na\nX\n", ()),
)

OPERATORS = preserving_in(globals())


class ShellFamily:
    name = "preserving-shell"
    languages = SHELL
    operators: tuple[Operator, ...] = tuple(one.operator for one in OPERATORS)

    def parse(self, text: str, language: str) -> Script | None:
        return parse(text, language)

    def valid(self, tree: Script, candidate: Candidate) -> bool:
        return True  # proven where it was proposed


FAMILY = ShellFamily()
