"""The steps of a shell script: its commands, the links of its `&&` chains, its functions."""

from __future__ import annotations

from collections.abc import Iterator

from mutator.model import Edit
from mutator.operators.shell.document import Chain, Script, Step, parse
from mutator.parts.model import PartKind, Piece
from mutator.shell.syntax import balanced

_MAY_BE_EMPTY = frozenset({"program", "case_item"})


def shell_holds(original: str) -> int:
    """How many places the grammar cannot read; what is left may have no more."""
    script = parse(original, "shell")
    return script.faults if script is not None else 0


def still_holds(text: str, faults: int, was_balanced: bool) -> bool:
    script = parse(text, "shell")
    if script is None:
        return not text.strip() or text.lstrip().startswith("#")
    return script.faults <= faults and (balanced(script.plain) or not was_balanced)


def shell_pieces(text: str) -> list[Piece]:
    script = parse(text, "shell")
    if script is None:
        return []
    suites: dict[tuple[int, int], int] = {}
    found = [_step(script, step, suites) for step in script.steps]
    found += [piece for chain in script.chains for piece in _links(script, chain)]
    for marked in script.functions:
        line = text.rfind("\n", 0, marked.node.start_byte) + 1
        end = text.find("\n", marked.node.end_byte)
        end = len(text) if end < 0 else end + 1
        if not text[line : marked.node.start_byte].strip() and not text[marked.node.end_byte : end].strip():
            edits = script.removal(_remarks(text, line), end)
            found.append(Piece(PartKind.FUNCTION, edits))
    return found


def _step(script: Script, step: Step, suites: dict[tuple[int, int], int]) -> Piece:
    edits, _ = script.without(step)
    first = edits[0]
    if first.new or step.container.type in _MAY_BE_EMPTY:
        if not first.new and script.text.rfind("\n", 0, first.start) + 1 == first.start:
            edits = (Edit(_remarks(script.text, first.start), first.end, ""), *edits[1:])
        return Piece(PartKind.STEP, edits)
    # An if and its branches share a node's beginning only where they are one list.
    key = step.container.start_byte, step.container.end_byte
    suite = suites.setdefault(key, len(suites))
    line = script.text.rfind("\n", 0, step.start) + 1
    return Piece(PartKind.STEP, edits, suite, f"{script.text[line : step.start]}:\n")


def _links(script: Script, chain: Chain) -> Iterator[Piece]:
    """`a && b && c` one by one; what is gone of it succeeds."""
    if not chain.is_step or any(mark != "&&" for _, _, mark in chain.operators):
        return
    for start, end in chain.parts:
        yield Piece(PartKind.STEP, script.removal(start, end, "true"))


def _remarks(text: str, line: int) -> int:
    """Where the comment above a line begins, which is about it."""
    while line > 0:
        above = text.rfind("\n", 0, line - 1) + 1
        said = text[above:line].lstrip()
        if not said.startswith("#") or said.startswith("#!"):
            break
        line = above
    return line
