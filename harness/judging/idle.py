"""Kills that doing nothing would earn: the same tests fail with the same complaints as on the untouched environment.

Such a kill says that the tests notice a missing program, and nothing about how closely they look at one. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.judging.kill_matrix import failing, results
from harness.judging.volatile import steady
from harness.trial.record import PhaseName, TrialRecord
from harness.verifier.test_report import TestStatus

_NOTHING_THERE = re.compile(
    r"(?:FileNotFound|NotADirectory|ModuleNotFound|Import|Syntax|Indentation|Name|EOF|CalledProcess|JSONDecode|"
    r"Connection\w*|Unpickling|UnicodeDecode|EmptyData)Error\b|BadZipFile|TimeoutExpired|No such file|"
    r"[Cc]ommand not found|[Cc]onnection refused|[Nn]o module named|can't open file|exit(?:ed)? (?:code|status) 127"
)
"""Complaints about an output or a program that is not there, or that nobody can read."""
_CRASHED = re.compile(r"Traceback \(most recent call last\)|[Ss]egmentation fault|core dumped|\bpanicked at\b")
"""A program's own end: it may have been this input that it ended on."""

_SAYS_NOTHING = re.compile(
    r"(?:\W|_|\d|fail(?:ed|ures?)?|errors?|wrong|incorrect|reward|score|no|not|ok|false|tests?)*", re.IGNORECASE
)
"""A verifier that only says that something is wrong says the same of all that is."""


@dataclass(frozen=True, slots=True)
class Untouched:
    """What the tests say where nothing is done."""

    work: frozenset[str] = frozenset()
    """Tests that the reference passes and doing nothing does not."""
    complaints: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of each such test, what it says on the untouched environment and after a hollow solution."""
    logs: frozenset[str] = frozenset()
    """What verifiers that report no single tests print there."""


def untouched(references: Iterable[TrialRecord], idle: Iterable[TrialRecord]) -> Untouched | None:
    """None where nothing is known of doing nothing. `idle`: the nop and the hollow control."""
    controls = list(idle)
    if not controls:
        return None
    passed = {name for record in references for name in _passed(record)}
    # A test that did not report on the untouched environment has not passed there.
    passed -= {name for control in controls for name in _passed(control)}
    said: dict[str, set[str]] = {}
    for control in controls:
        for name, complaint in _complaints(control).items():
            said.setdefault(name, set()).add(complaint)
    return Untouched(
        frozenset(passed),
        {name: frozenset(found) for name, found in said.items()},
        frozenset(_log(control) for control in controls),
    )


def as_if_nothing_were_done(record: TrialRecord, against: Untouched) -> bool:
    """Whether a kill is one that doing nothing would earn too: no test that needs work passes, and no output is there
    that is only wrong."""
    told = results(record)
    if not against.work or not told:
        # Single tests are not told apart: what the verifier prints has to do.
        log = _log(record)
        return (log in against.logs and not _SAYS_NOTHING.fullmatch(log)) or (bool(against.work) and not told)
    if any(status is TestStatus.PASSED and name in against.work for name, status in told.items()):
        return False
    return not any(_only_wrong(name, complaint, against) for name, complaint in _complaints(record).items())


def is_cut(record: TrialRecord, against: Untouched) -> bool:
    """Whether tests that never ran may tell more: the first failure ended the run, and it does not say that nothing is
    there."""
    told = results(record)
    return (
        bool(told)
        and not against.work <= told.keys()
        and not any(map(_NOTHING_THERE.search, _complaints(record).values()))
    )


def _only_wrong(name: str, complaint: str, against: Untouched) -> bool:
    """The test looked at something that was there, and found it to be otherwise than it should be."""
    if not complaint and name not in against.complaints:
        return name in against.work  # it ran to a result, as it did not where nothing was done
    if name not in against.work or not complaint or _NOTHING_THERE.search(complaint) or _CRASHED.search(complaint):
        return False
    return complaint not in against.complaints.get(name, frozenset())


def _passed(record: TrialRecord) -> list[str]:
    return [name for name, status in results(record).items() if status is TestStatus.PASSED]


def _complaints(record: TrialRecord) -> dict[str, str]:
    messages = {test.name: test.message for step in record.steps for test in step.report.tests}
    return {name: steady(messages[name]) for name in failing(record)}


def _log(record: TrialRecord) -> str:
    said = "\n".join(phase.log for phase in record.phases if phase.name is PhaseName.VERIFY)
    return steady(said)
