"""A suspicion becomes a finding where a paid variant shows that it lets wrong work pass."""

from __future__ import annotations

import textwrap

import pytest

from harness.findings.model import Finding, Severity
from harness.findings.permissive import SHOWN, Paid, permissive_findings, unread_finding
from harness.testcode.assertions import lead, read_test_files
from harness.testcode.assertions.lead import Lead, LeadKind
from mutator.model import FaultClass, Mutant, Tier
from mutator.relevance import Requirement, requirements

STATUS, COUNT = requirements(
    "The server answers `/health` with status 200.\nIt writes the total to `/app/total.txt`.\n"
)
TESTS = """
    import os
    import requests

    def test_health():
        assert requests.get("http://localhost/health").status_code in (200, 500)

    def test_total():
        assert os.path.exists("/app/total.txt")
    """


def functions(text: str) -> list[lead.TestFunction]:
    found, unread = read_test_files({"tests/test_a.py": textwrap.dedent(text)})
    assert unread == []
    return found


def paid(before: str, requirement: Requirement | None, *passed: str, ident: str = "m1") -> Paid:
    mutant = Mutant(
        ident, "shell.x", FaultClass.WRONG_VALUE, Tier.COARSE, "s", "solve.sh", "", "", 1, (), "it is broken", before,
        "", "d",
    )  # fmt: skip
    return Paid(mutant, requirement, frozenset(passed))


HEALTH = paid("respond /health 200", STATUS)


def said(*survivors: Paid, text: str = TESTS) -> tuple[list[Finding], list[Lead]]:
    return permissive_findings(functions(text), survivors)


def test_without_a_survivor_a_suspicion_stays_one() -> None:
    findings, leads = said()
    assert findings == []
    assert {one.test for one in leads} == {"test_health", "test_total"}


def test_a_survivor_confirms_the_test_that_is_about_what_it_breaks_and_no_other() -> None:
    [one], leads = said(HEALTH)
    assert (one.id, one.severity) == ("permissive-assertion", Severity.WARNING)
    assert "test_health" in one.title
    assert one.evidence == ("paid in full: it is broken (mutant m1)",)
    assert one.place is not None
    assert one.place.file == "tests/test_a.py"
    assert {one.test for one in leads} == {"test_total"}


def test_a_survivor_that_breaks_nothing_stated_confirms_nothing() -> None:
    assert said(paid("respond /health 200", None))[0] == []


def test_a_survivor_whose_sentence_shares_nothing_with_the_test_confirms_nothing() -> None:
    other = Requirement(0, "Colours are warm.", 1, "", {"colours": 1.0, "warm": 1.0})
    assert said(paid("respond /health 200", other))[0] == []


@pytest.mark.parametrize(
    ("passed", "confirms"),
    [
        ("tests/test_a.py::test_health", True),
        ("test_a.py::TestServer::test_health[200]", True),
        ("tests/test_a.py::test_total", False),
        ("tests/test_a.py::test_healthy", False),
    ],
)
def test_a_test_that_failed_for_the_survivor_is_not_the_one_that_let_it_pass(passed: str, confirms: bool) -> None:
    assert bool(said(paid("respond /health 200", STATUS, passed))[0]) is confirms


def test_whether_a_test_did_end_early_is_not_in_its_text() -> None:
    text = """
        import os, pytest, requests

        def test_health():
            if not os.path.exists("/health"):
                pytest.skip("no /health 200")
            assert requests.get("http://localhost/health").status_code == 200
        """
    kinds = {one.kind for test in functions(text) for one in test.leads}
    assert LeadKind.SKIPS in kinds
    findings, leads = said(HEALTH, text=text)
    assert findings == []
    assert {one.kind for one in leads} == kinds


def test_one_finding_a_test_and_a_few_witnesses_of_it() -> None:
    text = """
        import os, requests

        def test_health():
            assert "fine" in open("/health").read() or "well" in open("/health").read()
            assert requests.get("http://localhost/health").status_code in (200, 500)
        """
    survivors = [paid("respond /health 200", STATUS, ident=f"m{n}") for n in range(SHOWN + 2)]
    [one], leads = said(*survivors, text=text)
    assert "both success and failure" in one.title, "the most telling suspicion stands for the test"
    assert len(one.evidence) == SHOWN + 1
    assert one.evidence[-1] == "and 2 more"
    assert leads == []


def test_files_that_cannot_be_read_are_named_once() -> None:
    assert list(unread_finding([])) == []
    [one] = unread_finding(["tests/a.py", "tests/b.py"])
    assert (one.id, one.severity, one.evidence) == ("tests-unread", Severity.NOTE, ("tests/a.py", "tests/b.py"))
