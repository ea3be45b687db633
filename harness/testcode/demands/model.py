"""What tests demand of a solution, and what comes of looking for who told the solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mutator.model import ByteEdit


class DemandKind(StrEnum):
    PATH = "path"
    FILE_NAME = "file-name"
    COMMAND = "command"
    FLAG = "flag"
    KEY = "key"
    COLUMN = "column"
    PORT = "port"
    URL = "url"
    STATUS = "status"
    MESSAGE = "message"
    NUMBER = "number"
    NAME = "name"
    """A module, function or class that the tests import."""


CALLED = {
    DemandKind.PATH: "the path",
    DemandKind.FILE_NAME: "the file name",
    DemandKind.COMMAND: "the command",
    DemandKind.FLAG: "the option",
    DemandKind.KEY: "the key",
    DemandKind.COLUMN: "the column",
    DemandKind.PORT: "the port",
    DemandKind.URL: "the URL",
    DemandKind.STATUS: "the status",
    DemandKind.MESSAGE: "the message",
    DemandKind.NUMBER: "the number",
    DemandKind.NAME: "the name",
}


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
        said = f"{CALLED[self.demand.kind]} `{self.demand.text}`"
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
