"""Demands of tests on a solution, and which of them are stated nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from mutator.model import ByteEdit


class DemandKind(StrEnum):
    """The kinds of demands, each with its name in sentences. The surest first."""

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
    """The demands of one test file."""

    demands: tuple[Demand, ...]
    given: frozenset[str]
    """Words that the test itself passes in or writes. They are no demands on a solution."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A test file that could not be read, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Renaming:
    """The reference with one unstated name changed everywhere. It is as right as before."""

    old: str
    new: str
    edits: Mapping[str, tuple[ByteEdit, ...]]
    """File of the solution -> edits, ascending and disjoint."""
    files: Mapping[str, bytes]
    """The changed files, and the files under a new name."""

    @property
    def sentence(self) -> str:
        return f"`{self.old}` is called `{self.new}` everywhere in the solution"


@dataclass(frozen=True, slots=True)
class HiddenLead:
    """A demand that neither the instruction nor the environment states. A suspicion until its witness is rejected."""

    demand: Demand
    searched: tuple[str, ...]
    """In words: the forms that were searched for, and where."""
    witness: Renaming | None
    """None if no renaming could be made mechanically."""

    @property
    def id(self) -> str:
        return f"hidden-{self.demand.kind}"

    @property
    def sentence(self) -> str:
        demanded = f"{self.demand.kind.called} `{self.demand.text}`"
        return f"the tests demand {demanded}, which neither the instruction nor the environment states"

    @property
    def confirmed_by(self) -> str:
        if self.witness is None:
            return "a right solution that chooses another one, and is rejected"
        return f"the reference in which {self.witness.sentence}: rejected by the tests though it does what is asked"


@dataclass(frozen=True, slots=True)
class HiddenReport:
    leads: tuple[HiddenLead, ...]
    """Surest kinds first."""
    demands: int
    """All distinct demands."""
    stated: int
    """Demands that the instruction, the environment or a convention states."""
    elsewhere: int
    """Demands that are not in the reference's text, so that a solution apparently need not contain them."""
    unread: tuple[Unread, ...] = field(default=())
