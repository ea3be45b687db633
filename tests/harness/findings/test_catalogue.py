"""The list of findings, how a finder uses it, and what labels and unusable files make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.findings.catalogue import FINDINGS, about, finding
from harness.findings.files import file_findings, place_of
from harness.findings.labels import MEANING, labels
from harness.findings.model import Label, Severity
from harness.task.model import Problem, Unusable
from harness.task.model import ProblemSeverity as Grave

FIXED = next(ident for ident, entry in FINDINGS.items() if entry.severity is Severity.NOTE)
OPEN = next(ident for ident, entry in FINDINGS.items() if entry.severity is None)


def test_a_finder_says_what_was_seen_and_the_catalogue_the_rest() -> None:
    one = finding(FIXED, "It is so.", ("seen", ""))
    assert (one.severity, one.advice, one.evidence) == (Severity.NOTE, FINDINGS[FIXED].advice, ("seen",))
    assert finding(FIXED, "It is so.", severity=Severity.ERROR).severity is Severity.NOTE
    assert finding(FIXED, "It is so.", advice="Do this.").advice == "Do this."
    assert finding(OPEN, "It is so.", severity=Severity.ERROR).severity is Severity.ERROR


def test_a_finder_cannot_make_up_an_id_or_leave_a_severity_open() -> None:
    with pytest.raises(KeyError):
        finding("no-such-finding", "It is so.")
    with pytest.raises(AssertionError, match=OPEN):
        finding(OPEN, "It is so.")


def test_an_id_of_another_version_has_words_and_counts_as_nothing() -> None:
    entry = about("some-later-finding")
    assert (entry.says, entry.row, entry.label) == ("Some later finding.", "", None)


def test_only_more_than_a_note_labels_a_task() -> None:
    forged = finding("reward-forgeable", "It is so.", severity=Severity.NOTE)
    hidden = finding("hidden-requirement", "It is so.")
    assert labels([forged]) == ()
    assert labels([hidden, finding("reward-forgeable", "So it is.", severity=Severity.WARNING), hidden]) == (
        Label.OVER_STRICT,
        Label.FORGEABLE,
    )
    assert {entry.label for entry in FINDINGS.values()} - {None} == set(Label) == MEANING.keys()


def test_an_unusable_task_has_a_finding_for_each_error_at_its_place(tmp_path: Path) -> None:
    problems = (
        Problem("bad-toml", Grave.ERROR, "It is no TOML.", tmp_path / "task.toml", 3),
        Problem("unknown-key", Grave.WARNING, "What is that?", tmp_path / "task.toml"),
        Problem("unreadable", Grave.ERROR, "It cannot be read.", tmp_path),
    )
    task = Unusable("t", tmp_path, problems)
    toml, folder = file_findings(task, "foolsgold check t")
    assert (toml.id, toml.severity, str(toml.place)) == ("bad-toml", Severity.UNMEASURED, "task.toml:3")
    assert (toml.task, toml.command) == ("t", "foolsgold check t")
    assert folder.place is None
    assert str(place_of(task, Problem("x", Grave.ERROR, "", Path("/elsewhere/file"), 1))) == "/elsewhere/file:1"
