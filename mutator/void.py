"""Mutants after which all the rest has nothing to go on: what begins or ends it, what makes it, where it lies."""

from __future__ import annotations

import re
from collections.abc import Callable

from mutator.blunt import Change
from mutator.model import FaultClass, SourceKind

_BEGINS, _ENDS = frozenset(("begin", "start", "open")), frozenset(("commit", "end", "finish"))
_CASE = re.compile(r"(?:==|\bcase|\bwhen|\bin \()\s*[\"'](\w+)[\"']|(\w+)\(")
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_GUARDED = ("-never", ".never", "-guard", "-disarmed")


def _words(name: str) -> frozenset[str]:
    return frozenset(piece.lower() for piece in _PIECES.findall(name))


def _neither_begun_nor_ended(change: Change) -> bool:
    """Of commands between a first and a last one, the first or the last is never done: nothing in between counts."""
    if change.fault is FaultClass.HOLLOW_FUNCTION:
        said = change.candidate.scope.rpartition(".")[2]
    elif change.operator.id.endswith(_GUARDED):
        first = _CASE.search(change.gone.split("\n", 1)[0])
        said = first[1] or "" if first else ""
    else:
        return False
    own = _words(said) & (_BEGINS | _ENDS)
    if not own:
        return False
    named = {word for found in _CASE.findall(change.source.text) for name in found for word in _words(name)}
    return bool(named & (_ENDS if own & _BEGINS else _BEGINS))


_MAKES = re.compile(r"New(?:[A-Z]\w*)?|__init__|constructor|initialize")


def _never_made(change: Change) -> bool:
    """What makes the value that all its methods work on."""
    name = change.candidate.scope.rpartition(".")[2]
    return change.fault is FaultClass.HOLLOW_FUNCTION and _MAKES.fullmatch(name) is not None


_COUNTS = re.compile(r"\s*for\b[^;\n]*\b(\w+)\s*:?=\s*0\s*;[^;\n]*\b\1\s*<\s*[^;\n]*;[^;\n]*\1\s*(?:\+\+|\+=\s*1)")


def _past_the_end(change: Change) -> bool:
    """A loop over all places that goes one place too far."""
    counts = _COUNTS.match(change.gone) if change.fault is FaultClass.BOUNDARY and not change.shell else None
    if counts is None:
        return False
    rest = change.source.text[change.edits[0].end :][:_BODY]
    return re.search(rf"\[[^\]\n]*\b{counts[1]}\b[^\]\n]*\]", rest) is not None


_BODY = 400
"""Characters of a loop's body that are looked at."""

_FETCHES = re.compile(r"^\s*(?:sudo )?(?:git (?:-\S+ \S+ )?(clone|apply|am)|patch)\b", re.MULTILINE)


def _nothing_to_work_on(change: Change) -> bool:
    """The one place where a script fetches a repository, or applies its patch."""
    if not change.shell or change.source.kind is not SourceKind.SCRIPT or change.fault is not FaultClass.DROPPED_STEP:
        return False
    step = change.source.text[change.edits[0].start : change.edits[-1].end].lstrip("&|; \t\n")
    fetches = _FETCHES.match(step)
    return fetches is not None and _FETCHES.findall(change.source.text).count(fetches[1] or "") == 1


_EACH = re.compile(r"\bfor (\w+) in\b")


def _computed_with(change: Change) -> bool:
    """Texts where the very next lines subtract, divide or compare numbers: the program stops."""
    each = _EACH.search(change.gone) if change.operator.id == "python.parts-as-text" else None
    if each is None:
        return False
    rest = change.source.text[change.edits[-1].end :][:_BODY]
    return re.search(rf"(?:[-/%<>]=?|>=|<=) *{each[1]}\b|\b{each[1]} *(?:[-/]|[<>])", rest) is not None


_EMPTY = re.compile(r"\{\s*\}")


def _only_key(change: Change) -> bool:
    """The one entry of a result."""
    return (
        change.fault is FaultClass.DROPPED_OUTPUT
        and len(_EMPTY.findall(change.after)) > len(_EMPTY.findall(change.before))
        and not change.shell
    )


RULES: tuple[Callable[[Change], bool], ...] = (
    _neither_begun_nor_ended,
    _never_made,
    _past_the_end,
    _nothing_to_work_on,
    _computed_with,
    _only_key,
)
