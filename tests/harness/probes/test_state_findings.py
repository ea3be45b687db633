"""Which outputs are told of as unread: those that every way to break was paid for, and that nothing else speaks for."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from harness.findings.model import Severity
from harness.judging.outcome import Outcome, OutcomeKind
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.state import findings

PAID, KILLED, ERROR = OutcomeKind.SURVIVED, OutcomeKind.KILLED, OutcomeKind.ERROR


def told(
    kinds: Collection[OutcomeKind], noticed: Collection[str] = (), instruction: str = "Write out.txt."
) -> list[str]:
    tried = [
        Attempted(
            Attempt(Probe.STATE, str(number), "state.empty", "it is empty", "", path="/app/out.txt"), Outcome(kind)
        )
        for number, kind in enumerate(kinds)
    ]
    return [f"{one.severity}: {one.title}" for one in findings(tried, instruction, noticed)]


def test_a_file_that_is_named_and_unread_is_a_warning_and_another_a_note() -> None:
    assert told([PAID, PAID]) == ["warning: No test looks at /app/out.txt, which the instruction names"]
    (found,) = told([PAID, PAID], instruction="Do it.")
    assert found.startswith(f"{Severity.NOTE}: ")


@pytest.mark.parametrize("kinds", [[PAID], [PAID, KILLED], [PAID, ERROR], [ERROR, ERROR]])
def test_one_try_or_one_that_was_noticed_tells_nothing(kinds: list[OutcomeKind]) -> None:
    assert told(kinds) == []


@pytest.mark.parametrize("noticed", ["/app/out.txt", "out.txt"])
def test_a_program_whose_broken_text_was_noticed_is_looked_at_by_what_it_did(noticed: str) -> None:
    assert told([PAID, PAID], [noticed]) == []
