"""How much work a task asks for before it pays: its training value in one word, from what was measured. Pure.

docs/least.md has the thresholds and the reasons. The word is no verdict: a small task may be a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.judging.strength import Thresholds


class TrainingValue(StrEnum):
    SUBSTANTIAL = "substantial"
    SMALL = "small"
    TRIVIAL = "trivial"
    """Hardly any work, or none, earns the whole reward."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Needed:
    """What of a reference was seen to be enough."""

    enough: int
    """Statements of the smallest part that was paid."""
    proven: int
    """Those of them without which it was not paid."""
    complete: bool
    """Nothing of it may go."""


@dataclass(frozen=True, slots=True)
class Training:
    value: TrainingValue
    because: tuple[str, ...]
    """Few reasons, the same words for every task, so that they can be counted."""
    why: str
    """In a sentence."""


FEW = "few statements are enough"


def training(whole: int, needed: Needed | None, paid: Sequence[str], thresholds: Thresholds) -> Training:
    """`whole`: statements of the reference; `paid`: solutions without work that were paid in full."""
    if paid:
        return Training(TrainingValue.TRIVIAL, tuple(paid), f"paid in full without the work: {', '.join(paid)}")
    enough = needed.enough if needed is not None else whole
    said = f"all of it is {_statements(whole)}"
    if needed is not None:
        said = f"{_statements(enough)} of {whole} {'is' if enough == 1 else 'are'} enough"
    if needed is None and not whole:
        return Training(TrainingValue.UNKNOWN, (), "nothing of the reference could be counted")
    if enough <= thresholds.trivial:
        return Training(TrainingValue.TRIVIAL, (FEW,), said)
    if enough <= thresholds.small:
        return Training(TrainingValue.SMALL, (), said)
    if needed is None:
        return Training(TrainingValue.UNKNOWN, (), "how much of the reference is needed was not looked for")
    if needed.proven > thresholds.small or needed.complete:
        return Training(TrainingValue.SUBSTANTIAL, (), said)
    return Training(TrainingValue.UNKNOWN, (), f"{said}, and less may be: the trials ended too early")


def _statements(count: int) -> str:
    return f"{count} statement{'' if count == 1 else 's'}"
