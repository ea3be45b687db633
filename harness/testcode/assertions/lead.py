"""A test function, and what its text lets suspect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LeadKind(StrEnum):
    LENIENT_STATUS = "lenient-status"
    EITHER_SUBSTRING = "either-substring"
    EXISTENCE_ONLY = "existence-only"
    ALWAYS_TRUE = "always-true"
    SWALLOWED = "swallowed-assertion"
    UNUSED_RESULT = "unused-result"
    WIDE_TOLERANCE = "wide-tolerance"
    NO_ASSERTION = "no-assertion"
    SKIPS = "skips-at-run-time"
    LOOSE_SUBSTRING = "loose-substring"


_SAYS = {
    LeadKind.LENIENT_STATUS: "takes both success and failure",
    LeadKind.EITHER_SUBSTRING: "is content with any one of several texts",
    LeadKind.EXISTENCE_ONLY: "only looks whether something is there",
    LeadKind.ALWAYS_TRUE: "can never fail",
    LeadKind.SWALLOWED: "is caught and forgotten when it fails",
    LeadKind.UNUSED_RESULT: "runs a command and never looks how it ended",
    LeadKind.WIDE_TOLERANCE: "tolerates a difference as large as the value",
    LeadKind.NO_ASSERTION: "asserts nothing",
    LeadKind.SKIPS: "may end early without having looked",
    LeadKind.LOOSE_SUBSTRING: "looks for a word anywhere in the output",
}


_WRONG_WORK = "a variant of the reference that does it wrong, and is paid"


_CONFIRMED_BY = {
    LeadKind.LENIENT_STATUS: "a variant that fails where it should succeed, and is paid",
    LeadKind.EITHER_SUBSTRING: "a variant that says one of the texts and does nothing else, and is paid",
    LeadKind.EXISTENCE_ONLY: "a variant that leaves an empty or wrong output, and is paid",
    LeadKind.ALWAYS_TRUE: "an untouched environment for which it passes",
    LeadKind.SWALLOWED: "a run in which the caught assertion fails and the test passes",
    LeadKind.NO_ASSERTION: "an untouched environment for which it passes",
    LeadKind.SKIPS: "a run in which the test ends early and passes",
    LeadKind.LOOSE_SUBSTRING: "a variant that says the word and does it wrong, and is paid",
}


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
        """What would make a finding of the suspicion."""
        return _CONFIRMED_BY.get(self.kind, _WRONG_WORK)

    @property
    def sentence(self) -> str:
        return f"{self.test} {_SAYS[self.kind]}: `{self.code}`" if self.code else f"{self.test} {_SAYS[self.kind]}"


@dataclass(frozen=True, slots=True)
class TestFunction:
    file: str
    name: str
    line: int
    text: str
    """Its source, with the helpers of the same file that it calls."""
    leads: tuple[Lead, ...]
