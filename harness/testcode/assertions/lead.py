"""A test function, and the leads that its text gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class LeadKind(StrEnum):
    """The kinds of leads, each with its words for sentences and with what would confirm it. The most telling first."""

    about: str
    does: str
    confirmed_by: str

    def __new__(
        cls,
        value: str,
        about: str,
        does: str,
        confirmed_by: str = "a variant of the reference that does the work wrong, and is paid",
    ) -> Self:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.about, kind.does, kind.confirmed_by = about, does, confirmed_by
        return kind

    LENIENT_STATUS = (
        "lenient-status",
        "an assertion",
        "takes both success and failure",
        "a variant that fails where it should succeed, and is paid",
    )
    EITHER_SUBSTRING = (
        "either-substring",
        "an assertion",
        "accepts any one of several texts",
        "a variant that prints one of the texts and does nothing else, and is paid",
    )
    EXISTENCE_ONLY = (
        "existence-only",
        "a test",
        "only checks that something exists",
        "a variant that leaves an empty or wrong output, and is paid",
    )
    ALWAYS_TRUE = (
        "always-true",
        "an assertion",
        "can never fail",
        "an untouched environment for which it passes",
    )
    SWALLOWED = (
        "swallowed-assertion",
        "an assertion",
        "is caught and forgotten when it fails",
        "a run in which the caught assertion fails and the test passes",
    )
    UNUSED_RESULT = "unused-result", "a test", "runs a command and never checks how it ended"
    WIDE_TOLERANCE = "wide-tolerance", "an assertion", "tolerates a difference as large as the value"
    NO_ASSERTION = "no-assertion", "a test", "asserts nothing", "an untouched environment for which it passes"
    SKIPS = (
        "skips-at-run-time",
        "a test",
        "may end early without checking anything",
        "a run in which the test ends early and passes",
    )
    LOOSE_SUBSTRING = (
        "loose-substring",
        "an assertion",
        "looks for a word anywhere in the output",
        "a variant that prints the word and does the work wrong, and is paid",
    )


LEAD_KINDS: Mapping[str, LeadKind] = {kind.value: kind for kind in LeadKind}


@dataclass(frozen=True, slots=True)
class Lead:
    kind: LeadKind
    file: str
    line: int
    test: str
    code: str

    @property
    def id(self) -> str:
        return f"lead-{self.kind}"

    @property
    def confirmed_by(self) -> str:
        """What would turn the lead into a finding."""
        return self.kind.confirmed_by

    @property
    def sentence(self) -> str:
        claim = f"{self.test} {self.kind.does}"
        return f"{claim}: `{self.code}`" if self.code else claim


@dataclass(frozen=True, slots=True)
class TestFunction:
    file: str
    name: str
    line: int
    text: str
    """Its source, with the helpers of the same file that it calls."""
    leads: tuple[Lead, ...]
