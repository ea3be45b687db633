"""Tests that cannot fail: what a probing run of them showed, on the reference and on the untouched environment."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location, Severity
from harness.judging.kill_matrix import results
from harness.judging.outcome import Shown, showing
from harness.task.model import Task
from harness.task.texts import verifier_texts
from harness.testcode.assertions.lead import Lead, LeadKind
from harness.testcode.assertions.python import swallowing
from harness.trial.record import TrialRecord
from harness.trial.watching.seen import Line, SeenTest, WatchedTests
from harness.verifier.test_report import TestStatus
from mutator.quiet import quietly

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Looked:
    """Two probing runs that ended like the judged ones, or why there are none."""

    reference: WatchedTests | None = None
    untouched: WatchedTests | None = None
    why: str = ""

    @property
    def measured(self) -> bool:
        return self.reference is not None


NOT_ASKED = Looked(why="nobody asked for it")
NO_PYTEST = Looked(why="the verifier does not use pytest")


def looked_at(
    reference: TrialRecord | None,
    untouched: TrialRecord | None,
    judged_reference: TrialRecord,
    judged_untouched: TrialRecord | None,
) -> Looked:
    """A look counts where the same was paid as in the judged run; the plugin must have changed nothing."""
    if reference is None:
        return NOT_ASKED
    why = _distrust(reference, judged_reference)
    if why:
        return Looked(why=why)
    trusted = untouched is not None and judged_untouched is not None and not _distrust(untouched, judged_untouched)
    return Looked(reference.looked, untouched.looked if untouched is not None and trusted else None)


def _distrust(record: TrialRecord, judged: TrialRecord) -> str:
    found, before = showing(record), showing(judged)
    if found.shown in (Shown.ERROR, Shown.TIMEOUT) and found.shown is not before.shown:
        return f"the probing run did not come to its end: {found.why}"
    if record.looked is None or not record.looked.begun:
        return "no pytest of the verifier's loaded the plugin that watches the tests"
    if record.looked.trouble:
        return f"the plugin failed: {record.looked.trouble}"
    if not record.looked.tests:
        return "no test ran to its end"
    if (found.shown, record.rewards) != (before.shown, judged.rewards):
        return "the tests ended otherwise than in the judged run"
    return ""


def uses_pytest(texts: Mapping[str, str]) -> bool:
    return any("pytest" in text for text in texts.values())


def findings(looked: Looked, texts: Mapping[str, str], noticed: Collection[str]) -> Iterator[Finding]:
    """`texts`: the verifier's files by their path in the task; `noticed`: names of tests that failed for some broken
    variant or control."""
    reference, untouched = _by_function(looked.reference), _by_function(looked.untouched)
    for key, tests in reference.items():
        if _all(tests, "skipped"):
            yield _skipped(tests, texts)
        elif _all(tests, "passed") and all(test.reached_none for test in tests):
            yield _reached_none(tests, texts, any(_same_test(test, name) for test in tests for name in noticed))
        else:
            yield from _ends_early(untouched.get(key, []), texts)
    for where, groups in (("the reference", reference), ("the untouched environment", untouched)):
        for tests in groups.values():
            yield from _swallowed(tests, texts, where)


def passing_untouched(names: Sequence[str], of: int) -> Iterator[Finding]:
    if names:
        verb = "passes" if len(names) == 1 else "pass"
        yield finding(
            "passes-untouched",
            f"{len(names)} of {of} tests {verb} on the untouched environment, and not for every variant",
            tuple(names[:SHOWN]) + ((f"and {len(names) - SHOWN} more",) if len(names) > SHOWN else ()),
        )


def never_failing(leads: Sequence[Lead], passed_untouched: Collection[str]) -> Iterator[Finding]:
    """Assertions whose text says that they cannot fail, in tests that pass where nothing was done."""
    for lead in leads:
        if lead.kind is LeadKind.ALWAYS_TRUE and any(_names(lead.test, name) for name in passed_untouched):
            yield finding(
                "permissive-assertion",
                f"Permissive assertion: {lead.sentence}",
                (f"{lead.test} passes on the untouched environment",),
                Location(lead.file, lead.line),
                advice="Assert what the work changes.",
            )


def of_task(
    task: Task,
    looked: Looked,
    reference: TrialRecord,
    untouched: TrialRecord | None,
    noticed: Collection[str],
    never: Collection[str],
    leads: Sequence[Lead],
) -> tuple[list[Finding], list[Lead]]:
    """(what is wrong with the tests, the leads that stay leads). `never`: tests that are told of already, for they
    passed for everything."""
    texts = {path: text for step in task.steps for path, text in verifier_texts(task, step).items()}
    found = list(findings(looked, texts, noticed))
    told = results(reference)
    before = results(untouched) if untouched is not None else {}
    passed = [name for name in told if before.get(name) is TestStatus.PASSED]
    others = [name for name in passed if name not in never]
    found += [*passing_untouched(others, len(told)), *never_failing(leads, passed)]
    return found, unconfirmed(leads, found)


CONFIRMS: Mapping[str, frozenset[LeadKind]] = {
    "no-assertion-reached": frozenset({LeadKind.NO_ASSERTION, LeadKind.SKIPS}),
    "test-ends-early": frozenset({LeadKind.SKIPS}),
    "swallowed-assertion": frozenset({LeadKind.SWALLOWED}),
    "permissive-assertion": frozenset({LeadKind.ALWAYS_TRUE}),
}
"""Finding -> leads of the same test that it makes a fact."""


def unconfirmed(leads: Sequence[Lead], found: Sequence[Finding]) -> list[Lead]:
    """The leads that are still no more than that."""
    facts = {
        (kind, one.place.file, test)
        for one in found
        if one.place is not None
        for kind in CONFIRMS.get(one.id, ())
        for test in {lead.test for lead in leads if lead.file == one.place.file and f"{lead.test} " in f"{one.title} "}
    }
    return [lead for lead in leads if (lead.kind, lead.file, lead.test) not in facts]


def _by_function(look: WatchedTests | None) -> dict[tuple[str, str], list[SeenTest]]:
    found: dict[tuple[str, str], list[SeenTest]] = {}
    for test in look.tests if look is not None else ():
        found.setdefault((test.step, test.function), []).append(test)
    return found


def _all(tests: Sequence[SeenTest], outcome: str) -> bool:
    return bool(tests) and all(test.outcome == outcome for test in tests)


def _skipped(tests: Sequence[SeenTest], texts: Mapping[str, str]) -> Finding:
    file, _, line = tests[0].at.rpartition(":")
    number = int(line) if line.isdigit() else 0
    place = _place(file, number, texts) or _place(tests[0].file, tests[0].line, texts)
    return finding(
        "test-ends-early",
        f"{_name(tests)} is skipped on the reference, so it measures nothing",
        _whys(tests),
        place,
        severity=Severity.WARNING,
        advice="Let it run, or remove it.",
    )


def _whys(tests: Sequence[SeenTest]) -> tuple[str, ...]:
    whys = (test.why.removeprefix("Skipped: ") for test in tests)
    return tuple(dict.fromkeys(f"it says: {why}" for why in whys if why))[:SHOWN]


def _reached_none(tests: Sequence[SeenTest], texts: Mapping[str, str], noticed: bool) -> Finding:
    own = tests[0].own
    if own:
        many = f"any of its {len(own)} assertions" if len(own) > 1 else f"its assertion in line {own[0]}"
        title = f"{_name(tests)} passes on the reference without reaching {many}"
    else:
        title = f"{_name(tests)} reaches no assertion"
    evidence = list(dict.fromkeys(_ending(test, texts) for test in tests if test.ended))[:SHOWN]
    if noticed:
        evidence.append("it fails for some wrong work all the same, by an error and not by an assertion")
    return finding(
        "no-assertion-reached",
        title,
        evidence,
        _place(tests[0].file, tests[0].line, texts),
        severity=Severity.NOTE if noticed else Severity.WARNING,
        advice="Let it assert something about what the work leaves."
        if not own
        else "Let it fail where there is nothing to look at.",
    )


def _ends_early(tests: Sequence[SeenTest], texts: Mapping[str, str]) -> Iterator[Finding]:
    """On the untouched environment, of a test that does look at something on the reference."""
    if _all(tests, "passed") and all(test.reached_none for test in tests):
        how = "passes on the untouched environment without reaching any assertion"
        evidence = tuple(dict.fromkeys(_ending(test, texts) for test in tests if test.ended))[:SHOWN]
    elif _all(tests, "skipped"):
        how = "is skipped on the untouched environment, where it could tell that the work is not done"
        evidence = _whys(tests)
    else:
        return
    yield finding(
        "test-ends-early",
        f"{_name(tests)} {how}",
        evidence,
        _place(tests[0].file, tests[0].ended or tests[0].line, texts),
        severity=Severity.NOTE,
        advice="Let it fail where what it looks at is missing.",
    )


def _swallowed(tests: Sequence[SeenTest], texts: Mapping[str, str], where: str) -> Iterator[Finding]:
    told: set[Line] = set()
    for test in tests:
        for line in test.failed if test.outcome in ("passed", "xpassed") else ():
            place = _place(line.file, line.line, texts)
            if place is None or line in told or not _is_swallowed(texts[place.file], line.line):
                continue
            told.add(line)
            yield finding(
                "swallowed-assertion",
                f"{_name(tests)} passes on {where} although an assertion of it fails",
                (f"failed, and was caught: `{_code(texts[place.file], line.line)}`",),
                place,
            )


def _is_swallowed(text: str, line: int) -> bool:
    try:
        with quietly():
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0) for node in swallowing(tree))


def _ending(test: SeenTest, texts: Mapping[str, str]) -> str:
    place = _place(test.file, test.ended, texts)
    code = _code(texts[place.file], test.ended) if place else ""
    return f"it ends in line {test.ended}" + (f": `{code}`" if code else "")


def _code(text: str, line: int) -> str:
    lines = text.splitlines()
    said = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return said if len(said) <= 120 else f"{said[:117]}..."


def _name(tests: Sequence[SeenTest]) -> str:
    return tests[0].function.rpartition("::")[2]


def _place(file: str, line: int, texts: Mapping[str, str]) -> Location | None:
    """The file of the task that a path in the box is a copy of: the one that shares most of its end."""
    parts = PurePosixPath(file).parts
    ranked = sorted(texts, key=lambda path: -_shared(parts, PurePosixPath(path).parts))
    if not ranked or not _shared(parts, PurePosixPath(ranked[0]).parts):
        return None
    best = _shared(parts, PurePosixPath(ranked[0]).parts)
    if len(ranked) > 1 and _shared(parts, PurePosixPath(ranked[1]).parts) == best:
        return None  # two files of that name: there is no telling
    return Location(ranked[0], line if 0 < line <= texts[ranked[0]].count("\n") + 1 else None)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def _same_test(test: SeenTest, reported: str) -> bool:
    """Reports name tests with more or less of their path."""
    return _names(test.function.rpartition("::")[2], reported)


def _names(function: str, reported: str) -> bool:
    tail = reported.partition("[")[0].rstrip()
    return tail == function or tail.endswith((f"::{function}", f".{function}", f" {function}", f"/{function}"))
