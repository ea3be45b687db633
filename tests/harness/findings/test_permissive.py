"""A suspicion becomes a finding where tightening confirms it: the tight assertion holds for what is right, and fails
for what is paid today.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pytest

from harness.findings.model import Finding, Severity
from harness.findings.permissive import MOST, SHOWN, Tightened, Values, Witness, permissive_findings, unread_finding
from harness.testcode.assertions import lead, read_test_files
from harness.testcode.assertions.lead import Lead
from harness.testcode.assertions.tighten import tightened
from mutator.model import FaultClass, Mutant, Tier
from mutator.relevance import Requirement, requirements

REFUSED, TOTAL = requirements(
    "Whatever exceeds the limit is answered with status 503.\nIt writes the total to `/app/total.txt`.\n"
)
TESTS = """
    import os
    import requests

    def test_limit():
        assert requests.get("http://localhost/").status_code in (200, 503)

    def test_total():
        assert "total" in open("/app/total.txt").read()
    """
FILE = "tests/test_a.py"


def functions(text: str) -> list[lead.TestFunction]:
    found, unread = read_test_files({FILE: textwrap.dedent(text)})
    assert unread == []
    return found


def witness(values: Values, requirement: Requirement = TOTAL, ident: str = "m1") -> Witness:
    mutant = Mutant(
        ident, "shell.x", FaultClass.WRONG_VALUE, Tier.COARSE, "s", "solve.sh", "", "", 1, (), "it is broken", "", "",
        "d",
    )  # fmt: skip
    return Witness(mutant, "", requirement, values)


def values(**of: str | tuple[str, ...]) -> Values:
    """By test; every assertion here is the only one of its test."""
    tests = functions(TESTS)
    _, made = tightened(tests, {FILE: textwrap.dedent(TESTS)})
    numbers = {one.lead.test: one.number for one in made}
    return {
        ("", f"{FILE}::{test}", numbers[test]): (said,) if isinstance(said, str) else said for test, said in of.items()
    }


RIGHT = values(test_limit="200", test_total="total: 5")


def said(
    *witnesses: Witness, reference: Sequence[Values] = (RIGHT, RIGHT), right: Sequence[Values] = (), text: str = TESTS
) -> tuple[list[Finding], list[Lead]]:
    tests = functions(text)
    _, made = tightened(tests, {FILE: textwrap.dedent(text)})
    return permissive_findings(tests, Tightened({"": made}, reference, right, witnesses))


def test_without_a_run_a_suspicion_stays_one() -> None:
    findings, leads = permissive_findings(functions(TESTS), Tightened())
    assert findings == []
    assert {one.test for one in leads} == {"test_limit", "test_total"}


def test_a_tight_assertion_that_fails_for_what_is_paid_confirms_its_own_test_and_no_other() -> None:
    [one], leads = said(witness(values(test_limit="200", test_total="total: 7")), right=(RIGHT, RIGHT))
    assert (one.id, one.severity, str(one.place)) == ("permissive-assertion", Severity.WARNING, f"{FILE}:9")
    assert "test_total looks for a word" in one.title
    held, paid = one.evidence
    assert "holds for the reference in 2 runs and for 2 right variants of it, and fails" in held
    assert paid == ("paid in full: it is broken (mutant m1): here it is `total: 7`, with the reference `total: 5`")
    assert {one.test for one in leads} == {"test_limit"}


@pytest.mark.parametrize(
    ("reference", "right", "paid"),
    [
        pytest.param((RIGHT, RIGHT), (), RIGHT, id="the tight one holds for what is paid, too"),
        pytest.param(
            (RIGHT, values(test_total="total: 6")), (), values(test_total="total: 7"), id="the reference is not steady"
        ),
        pytest.param(
            (RIGHT, RIGHT), (values(test_total="total: 5.0"),), values(test_total="total: 7"), id="a right one differs"
        ),
        pytest.param((RIGHT, RIGHT), ({},), values(test_total="total: 7"), id="a right one was not seen"),
        pytest.param((RIGHT, RIGHT), (), {}, id="the test failed for what is paid, or never came to the assertion"),
        pytest.param((), (), values(test_total="total: 7"), id="the reference was not seen"),
    ],
)
def test_a_suspicion_that_tightening_does_not_confirm_stays_one(
    reference: Sequence[Values], right: Sequence[Values], paid: Values
) -> None:
    assert said(witness(paid), reference=reference, right=right)[0] == []


def test_a_variant_that_breaks_what_the_test_is_not_about_confirms_nothing() -> None:
    seen = values(test_limit="200", test_total="total: 7")
    other = Requirement(0, "Colours are warm.", 1, "", {"colours": 1.0, "warm": 1.0})
    assert said(witness(seen, other))[0] == []


def test_a_failure_that_is_asked_for_and_that_no_test_ever_sees_is_told() -> None:
    [one], _ = said(witness(RIGHT, REFUSED))
    assert "takes both success and failure" in one.title
    assert one.evidence[0].startswith("it takes 503, which the instruction asks for and no test ever sees")
    assert one.evidence[1] == "paid in full: it is broken (mutant m1)"


@pytest.mark.parametrize(
    ("requirement", "reference", "more"),
    [
        pytest.param(TOTAL, RIGHT, "", id="what is paid breaks another sentence"),
        pytest.param(REFUSED, values(test_limit=("200", "503")), "", id="the reference does give it"),
        pytest.param(
            REFUSED, RIGHT, "\n    def test_over():\n        assert ask(9) == 503\n", id="another test asks for it"
        ),
    ],
)
def test_a_failure_that_some_test_sees_is_none(requirement: Requirement, reference: Values, more: str) -> None:
    findings, _ = said(witness(reference, requirement), reference=(reference, reference), text=TESTS + more)
    assert findings == []


def test_numbers_are_compared_to_one_part_in_a_million() -> None:
    text = "def test_it():\n    assert abs(found('/app/total.txt') - 2) <= 10\n"
    key = ("", f"{FILE}::test_it", 0)

    def findings(paid: str, second: str = "2.5") -> list[Finding]:
        reference: tuple[Values, ...] = ({key: ("2.5",)}, {key: (second,)})
        return said(witness({key: (paid,)}), reference=reference, text=text)[0]

    assert findings("2.5000001") == []
    assert len(findings("2.6")) == 1
    assert len(findings("2.6", second="2.5000000001")) == 1
    assert findings("2.6", second="2.51") == []


def test_what_another_test_looks_into_is_not_held_against_the_one_that_looks_whether_it_is_there() -> None:
    alone = "def test_there():\n    OUT = Path('/app/total.txt')\n    assert OUT.exists()\n"
    key = ("", f"{FILE}::test_there", 0)
    reference: Values = {key: ("5",)}
    paid = witness({key: ("7",)})
    assert len(said(paid, reference=(reference, reference), text=alone)[0]) == 1
    both = alone + "def test_says():\n    assert int(OUT.read_text()) > 3\n"
    assert said(paid, reference=(reference, reference), text=both)[0] == []


def test_the_same_assertion_is_said_once_and_a_list_of_them_ends() -> None:
    same = "".join(f"def test_{name}():\n    assert 'a' in out('/app/total.txt')\n" for name in "abc")
    keys = [("", f"{FILE}::test_{name}", number) for number, name in enumerate("abc")]
    reference: Values = dict.fromkeys(keys, ("a 1",))
    paid = witness(dict.fromkeys(keys, ("a 2",)))
    [one], leads = said(paid, reference=(reference, reference), text=same)
    assert one.evidence[-1] == "the same in test_b, test_c"
    assert leads == []

    names = "abcdefghij"
    text = "".join(f"def test_{name}():\n    assert '{name}' in out('/app/total.txt')\n" for name in names)
    every = [("", f"{FILE}::test_{name}", number) for number, name in enumerate(names)]
    many: Values = dict.fromkeys(every, ("x 1",))
    found, _ = said(witness(dict.fromkeys(every, ("x 2",))), reference=(many, many), text=text)
    assert len(found) == MOST
    assert found[-1].evidence[-1] == f"and {len(names) - MOST} more tests have such an assertion"


def test_a_few_witnesses_and_how_many_more() -> None:
    survivors = [witness(values(test_total="total: 7"), ident=f"m{number}") for number in range(SHOWN + 2)]
    [one], _ = said(*survivors)
    assert len(one.evidence) == 1 + SHOWN + 1
    assert one.evidence[-1] == "and 2 more"


def test_files_that_cannot_be_read_are_named_once() -> None:
    assert list(unread_finding([])) == []
    [one] = unread_finding(["tests/a.py", "tests/b.py"])
    assert (one.id, one.severity, one.evidence) == ("tests-unread", Severity.NOTE, ("tests/a.py", "tests/b.py"))
