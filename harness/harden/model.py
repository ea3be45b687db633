"""The words of hardening: cases, what was seen of them, pins, and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Seen = Mapping[str, Any]
"""What came of a case, as foolsgold_cases.py tells it."""
Read = Callable[[Seen], Any]
"""The value that a pin is about, out of what is seen; None where there is none."""
FOLDER = "{folder}"
"""In a case's words: the folder of its own that it is given."""


@dataclass(frozen=True, slots=True, eq=False)
class BoxCase:
    """Something to do in a box where a task was solved, that may tell a wrong solution from the reference."""

    id: str
    kind: str
    """run: a program; look: at files; ask: a server; own: a test of the task's own, on another input."""
    body: Mapping[str, Any]
    """The rest, as foolsgold_cases.py reads it."""
    how: str
    """Where it comes from, in words."""
    cost: int
    """What is lower is easier to read."""
    twin: str = ""
    """A case that says the same otherwise: where it comes to something else, no answer is the only right one."""

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, **self.body}


@dataclass(frozen=True, slots=True, eq=False)
class Pin:
    """One thing that holds of what is seen of the reference."""

    case: BoxCase
    says: str
    """In words, for people."""
    code: tuple[str, ...]
    """The assertion, in Python."""
    holds: Callable[[Seen], bool]
    weight: int
    """What is lower asks less."""
    unstated: str = ""
    """What of it the instruction does not state; '' where it states all."""
    needs: frozenset[str] = frozenset()
    """Modules that the code imports."""
    sh: str = ""
    """The same as a shell's condition, of $out, $status and $folder; '' where it cannot be said plainly there."""

    @property
    def key(self) -> tuple[str, str]:
        return self.case.id, self.says


@dataclass(frozen=True, slots=True)
class Survivor:
    """A wrong solution that was paid."""

    label: str
    ref: str
    sentence: str
    diff: str
    requirement: str
    files: Mapping[str, bytes]
    """The solution's files that it changes."""
    step: str = ""
    """Of a task of several steps: the one whose solution it is."""


@dataclass(frozen=True, slots=True)
class Written:
    """A new test."""

    name: str
    requirement: str
    case: BoxCase
    pins: tuple[Pin, ...]
    code: str
    imports: tuple[str, ...]
    catches: tuple[str, ...]
    """Labels of the survivors that it is written for."""
