"""A mutable piece as it is found, before it gets its label."""

from __future__ import annotations

from dataclasses import dataclass

from mutator.model import FileText, SourceKind, Window

SOLUTION = "/solution"
"""Where the solution folder lies in the box. Terminal-Bench's /oracle is read as this."""


@dataclass(frozen=True, slots=True)
class Piece:
    kind: SourceKind
    language: str
    target: str
    window: Window | FileText
    name: str = ""
    """What its label is made of, beside its kind: the target, or the interpreter."""
