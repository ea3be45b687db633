"""What a behaviour-preserving variant promises: a verifier that is fair to the instruction pays it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mutator.model import FaultClass, Operator


@dataclass(frozen=True, slots=True)
class Promise:
    """Why a variant deserves the reference's reward."""

    preserves: str
    because: str
    depends_on_instruction: bool = False
    """An instruction may ask for what is changed ("exactly these bytes"): weaker evidence, ranked lower."""
    unless: str = ""
    """A pattern of words by which an instruction asks for what is changed: the variant is not offered then."""

    def asked(self, instruction: str) -> str:
        """The words of the instruction that forbid the variant, '' for none."""
        found = re.search(self.unless, instruction, re.IGNORECASE) if self.unless else None
        return " ".join(found[0].split()) if found else ""


@dataclass(frozen=True, slots=True)
class Preserving:
    """An operator whose variants are right solutions too."""

    operator: Operator
    promise: Promise

    def __post_init__(self) -> None:
        if self.operator.fault is not FaultClass.NONE:
            raise ValueError(f"{self.operator.id}: an operator that preserves behaviour has fault class none")


def preserving_in(names: Mapping[str, object]) -> tuple[Preserving, ...]:
    """Every operator of a module (its `globals`), in the order in which they stand there."""
    return tuple(value for value in names.values() if isinstance(value, Preserving))


BYTES = (
    r"\bbyte[- ]?(?:for|identical|exact)|\bexactly (?:these|the following|as shown|this)|\b(?:sha-?\d+|md5|checksum)\b"
)
"""An instruction that fixes a file to the byte."""
