"""The functions and statements of programs in other languages, directives, hunks, and lines of configuration."""

from __future__ import annotations

from itertools import pairwise

from mutator.model import Edit
from mutator.operators import nginx
from mutator.operators.code import sql_tokens, tree
from mutator.operators.code.reading import stands_alone, statement
from mutator.parts.model import PartKind, Piece
from mutator.unified_diff import read_diff

BY_LINE = frozenset({"ini", "env", "systemd", "cron", "dockerfile", "text"})
_MOST_LINES = 200
"""A longer text is data: nobody wrote it line by line."""


def program_pieces(text: str, language: str) -> list[Piece]:
    program = tree.parse(text, language)
    if program is None:
        return []
    found: list[Piece] = []
    for kind in (tree.FUNCTION, tree.STATEMENT, tree.IF, tree.LOOP, tree.CASE):
        for each in program.each(kind):
            node = statement(each.node)
            top = node.parent is not None and node.parent.id == program.tree.root_node.id
            if kind == tree.FUNCTION:
                # A method, or a definition of the file; an expression is part of its statement.
                own = top or (node.parent is not None and "body" in node.parent.type)
                if own and program.text[node.start_byte :].strip():
                    found.append(Piece(PartKind.FUNCTION, (tree.whole_lines(program, node),)))
            elif stands_alone(program, node) or top or kind == tree.CASE:
                found.append(Piece(PartKind.STATEMENT, (tree.whole_lines(program, node),)))
    return found


def program_faults(text: str, language: str) -> int:
    program = tree.parse(text, language)
    return program.faults if program is not None else 0


def program_holds(text: str, language: str, faults: int) -> bool:
    if not text.strip():
        return True
    program = tree.parse(text, language)
    return program is not None and program.faults <= faults


def nginx_pieces(text: str) -> list[Piece]:
    config = nginx.parse(text)
    if config is None:
        return []
    return [Piece(PartKind.STATEMENT, (_own_lines(text, each.start, each.end),)) for each in config.all]


def nginx_holds(text: str) -> bool:
    return not text.strip() or nginx.parse(text) is not None


def diff_pieces(text: str) -> list[Piece]:
    """Files of a patch and their hunks. The lines on which later hunks lie in the new file are not counted anew: who
    applies a patch looks for the old ones."""
    found: list[Piece] = []
    for file in read_diff(text) or ():
        found.append(Piece(PartKind.STATEMENT, (Edit(file.start, file.end, ""),)))
        if len(file.hunks) > 1:
            found += [Piece(PartKind.STATEMENT, (Edit(hunk.start, hunk.end, ""),)) for hunk in file.hunks]
    return found


def diff_holds(text: str) -> bool:
    return not text.strip() or read_diff(text) is not None


def sql_pieces(text: str) -> list[Piece]:
    script = sql_tokens.parse(text, "sql")
    if script is None:
        return []
    ends = script.offsets
    spans = [(start, end) for start, end in pairwise(ends) if text[start:end].strip()]
    return [Piece(PartKind.STATEMENT, (Edit(start, end, ""),)) for start, end in spans] if len(spans) > 1 else []


def line_pieces(text: str) -> list[Piece]:
    lines = text.splitlines(keepends=True)
    if len(lines) > _MOST_LINES:
        return []
    found: list[Piece] = []
    at = 0
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(Piece(PartKind.STATEMENT, (Edit(at, at + len(line), ""),)))
        at += len(line)
    return found


def _own_lines(text: str, start: int, end: int) -> Edit:
    line = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    after = len(text) if after < 0 else after + 1
    if not text[line:start].strip() and not text[end:after].partition("#")[0].strip():
        return Edit(line, after, "")
    return Edit(start, end, "")
