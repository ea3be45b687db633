"""What somebody did in a box, as it was recorded: commands, keys that were typed, files that were written or edited."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Carry(StrEnum):
    """What a command leaves to the next, besides files."""

    ALL = "all"
    """Its working folder and its exported variables, as in one shell."""
    FOLDER = "folder"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class RunLine:
    line: str
    cwd: str = ""


@dataclass(frozen=True, slots=True)
class TypeKeys:
    """Into one terminal, which stays open."""

    keys: str
    seconds: float = 0.0
    """How long was waited then."""


@dataclass(frozen=True, slots=True)
class WriteFile:
    path: str
    """Absolute, or relative to the working folder."""
    content: bytes | None
    """None removes what is there."""
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class EditFile:
    path: str
    old: str
    new: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class PatchFiles:
    """A unified diff."""

    diff: str


Action = RunLine | TypeKeys | WriteFile | EditFile | PatchFiles


@dataclass(frozen=True, slots=True)
class Actions:
    """One after the other."""

    each: tuple[Action, ...]
    carry: Carry = Carry.ALL
