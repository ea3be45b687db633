"""A finding: one typed, evidenced statement about a task, with the command that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    """The task is below the bar."""
    UNMEASURED = "unmeasured"
    """It could not be found out; says nothing about the task."""
    WARNING = "warning"
    """Somebody should know, and the task can be used."""
    NOTE = "note"


class Label(StrEnum):
    """What is wrong with a task besides its strength, in a word that stands beside the verdict."""

    OVER_STRICT = "over-strict"
    FORGEABLE = "forgeable"
    GIVEN_AWAY = "given-away"
    FAKE_PAID = "fake-paid"


@dataclass(frozen=True, slots=True)
class Location:
    file: str
    """Relative to the task folder."""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    """Stable and kebab-case: `nop-paid`, `build-failed`, ..."""
    task: str
    severity: Severity
    title: str
    """One sentence."""
    evidence: tuple[str, ...] = ()
    """What was seen, in the words of the tools that said it."""
    place: Location | None = None
    advice: str = ""
    """What to do next."""
    command: str = ""
    """Shows it again."""
