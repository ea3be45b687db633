"""Runs that were paid in full although tests that the reference passes failed, were skipped or never ran. Pure.

Each is a witness by itself: the reward does not follow the tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.findings.catalogue import finding
from harness.findings.model import Finding
from harness.judging.kill_matrix import results
from harness.trial.record import TrialRecord
from harness.verifier.test_report import BAD, TestStatus, short

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unheeded:
    ident: str
    """Of the finding."""
    tests: Sequence[str]
    """Those that did not pass, in every run of it that was paid."""


def unheeded(references: Sequence[TrialRecord], paid: Sequence[TrialRecord]) -> Unheeded | None:
    """What is wrong with a variant's paid runs. What ends now so and now so is a matter of chance, and none."""
    passed = _passed(references)
    found = [_unheeded(record, passed) for record in paid] if passed else []
    if not found or len({one.ident for one in found}) > 1 or not found[0].ident:
        return None
    tests = [name for name in found[0].tests if all(name in one.tests for one in found)]
    return Unheeded(found[0].ident, tests) if tests else None


def paid_trials(references: Sequence[TrialRecord], paid: Iterable[TrialRecord]) -> Counter[str]:
    """How many paid trials have which of the findings, each trial by itself, and under '' those that have none. Empty
    where no test of the reference is known."""
    passed = _passed(references)
    return Counter(_unheeded(record, passed).ident for record in paid) if passed else Counter()


def _passed(references: Sequence[TrialRecord]) -> list[str]:
    """The tests that the reference passes in every run."""
    reference = [results(record) for record in references]
    first = next(iter(reference), {})
    return [name for name in first if all(one.get(name) is TestStatus.PASSED for one in reference)]


def unheeded_findings(told: Mapping[str, Unheeded]) -> Iterator[Finding]:
    """`told`: a variant in words, and what was wrong with its paid runs."""
    for ident in _SAYS:
        tests = {what: one.tests for what, one in told.items() if one.ident == ident}
        if tests:
            yield finding(ident, _title(ident, tests), tuple(_evidence(tests)))


_SAYS: Mapping[str, tuple[str, str]] = {
    "paid-though-failed": ("{} failed", "tests failed"),
    "paid-though-skipped": ("{} was skipped", "tests were skipped"),
    "paid-though-none-ran": ("{} did not run", "no test ran"),
}
"""Finding -> how it is said of one test, and of several."""


def _title(ident: str, told_by: Mapping[str, Sequence[str]]) -> str:
    variants = "A broken variant was" if len(told_by) == 1 else f"{len(told_by)} broken variants were"
    names = dict.fromkeys(short(name) for names in told_by.values() for name in names)
    one, several = _SAYS[ident]
    return f"{variants} paid in full although {one.format(*names) if len(names) == 1 else several}"


def _evidence(told_by: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for what, names in list(told_by.items())[:SHOWN]:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"{what}: {', '.join(names[:SHOWN])}{more}"
    if len(told_by) > SHOWN:
        yield f"and {len(told_by) - SHOWN} more"


def _unheeded(record: TrialRecord, passed: Sequence[str]) -> Unheeded:
    """The gravest first."""
    told = results(record)
    failed = [name for name in passed if told.get(name) in BAD]
    if failed:
        return Unheeded("paid-though-failed", failed)
    skipped = [name for name in passed if _skipped(name, told)]
    if skipped:
        return Unheeded("paid-though-skipped", skipped)
    return Unheeded("paid-though-none-ran", passed) if not set(told) & set(passed) else Unheeded("", ())


def _skipped(name: str, told: Mapping[str, TestStatus]) -> bool:
    """pytest's summary names a skipped test by its file and a line alone."""
    if name in told:
        return told[name] is TestStatus.SKIPPED
    file = name.partition("::")[0]
    return any(status is TestStatus.SKIPPED and other.rpartition(":")[0] == file for other, status in told.items())
