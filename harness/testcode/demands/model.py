"""What tests demand of a solution, and what comes of looking for who told the solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from mutator.model import ByteEdit


class DemandKind(StrEnum):
    """Each with what it is called. The surest first."""

    called: str

    def __new__(cls, value: str, called: str) -> Self:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.called = called
        return kind

    PATH = "path", "the path"
    FILE_NAME = "file-name", "the file name"
    COMMAND = "command", "the command"
    FLAG = "flag", "the option"
    KEY = "key", "the key"
    COLUMN = "column", "the column"
    PORT = "port", "the port"
    URL = "url", "the URL"
    STATUS = "status", "the status"
    MESSAGE = "message", "the message"
    NUMBER = "number", "the number"
    NAME = "name", "the name"
    """A module, function or class that the tests import."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that a solution must have, name or say for a test to pass."""

    kind: DemandKind
    text: str
    file: str
    line: int
    test: str
    """The test function, '' outside of one."""
    code: str
    """The line of the test, on one line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One test file, read."""

    demands: tuple[Demand, ...]
    given: frozenset[str]
    """Words that the test itself passes in or writes: no demands on a solution."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A test file that no demand could be read from, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Renaming:
    """The reference with a name changed consistently that nobody told the solver: as right as before."""

    old: str
    new: str
    edits: Mapping[str, tuple[ByteEdit, ...]]
    """By file of the solution; ascending and disjoint."""
    files: Mapping[str, bytes]
    """The changed files, and those that have a new name."""

    @property
    def sentence(self) -> str:
        return f"`{self.old}` is called `{self.new}` everywhere in the solution"


@dataclass(frozen=True, slots=True)
class HiddenLead:
    """A demand that neither instruction nor environment gives away. Suspicion until its witness is rejected."""

    demand: Demand
    searched: tuple[str, ...]
    """In words: which forms of it were looked for, and where."""
    witness: Renaming | None
    """None where no renaming could be made mechanically."""

    @property
    def id(self) -> str:
        return f"hidden-{self.demand.kind}"

    @property
    def sentence(self) -> str:
        said = f"{self.demand.kind.called} `{self.demand.text}`"
        return f"the tests demand {said}, which neither the instruction nor the environment gives away"

    @property
    def confirmed_by(self) -> str:
        if self.witness is None:
            return "a right solution that has it otherwise, and is rejected"
        return f"the reference in which {self.witness.sentence}: rejected by the tests though it does what is asked"


@dataclass(frozen=True, slots=True)
class HiddenReport:
    leads: tuple[HiddenLead, ...]
    """Surest kinds first."""
    demands: int
    """Distinct ones, of which so many are"""
    told: int
    """given away by instruction, environment or convention,"""
    elsewhere: int
    """and so many not to be found in the reference: no business of a solution's, as far as can be seen."""
    unread: tuple[Unread, ...] = field(default=())
