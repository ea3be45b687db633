"""A claim of the instruction, how it can be tried, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Exists:
    path: str


@dataclass(frozen=True, slots=True)
class HasMode:
    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class IsFormat:
    path: str
    form: str
    """json, jsonl, csv, yaml or toml."""


@dataclass(frozen=True, slots=True)
class HasKeys:
    path: str
    keys: tuple[str, ...]
    """Dotted: `a.b` is key b of the object in a; `a.[].b` that of every element of the list in a."""
    kinds: tuple[str, ...] = ()
    """The kind of each key's value: text, number, truth, list or object; '' where that is not stated."""
    only: bool = False
    """No others may be there."""


@dataclass(frozen=True, slots=True)
class HasColumns:
    path: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasCount:
    path: str
    count: int
    what: str
    """lines, rows or elements."""


@dataclass(frozen=True, slots=True)
class Lacks:
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Says:
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class IsSorted:
    path: str


@dataclass(frozen=True, slots=True)
class Runs:
    command: str
    status: int | None = None
    """None where it only must not crash."""
    output: str | None = None
    """What it has to print; None where that is not stated."""
    inputs: tuple[str, ...] = ()
    """Paths in the command. Where one is missing, nothing can be tried."""


@dataclass(frozen=True, slots=True)
class ListensOn:
    port: int


@dataclass(frozen=True, slots=True)
class Responds:
    url: str
    status: int


Check = (
    Exists
    | HasMode
    | IsFormat
    | HasKeys
    | HasColumns
    | HasCount
    | Lacks
    | Says
    | IsSorted
    | Runs
    | ListensOn
    | Responds
)
IN_BOX = (Exists, HasMode, Runs, ListensOn, Responds)
"""Those that need the box; the others are judged by the contents of what was left."""


@dataclass(frozen=True, slots=True)
class StatedClaim:
    sentence: str
    line: int
    """Of the instruction."""
    check: Check
    plain: bool = True
    """False where the sentence may be meant otherwise."""


class ClaimState(StrEnum):
    HOLDS = "holds"
    BROKEN = "broken"
    NOT_TRIED = "not-tried"


@dataclass(frozen=True, slots=True)
class TriedClaim:
    claim: StatedClaim
    state: ClaimState
    how: str
    """What was looked at or run."""
    expected: str = ""
    got: str = ""
