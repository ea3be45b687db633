"""Suspicions that shell and JavaScript tests give: each text that is suspect, and the careful twin that is not."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.findings.permissive import unread_finding
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.texts import verifier_texts
from harness.testcode.assertions import read_test_files
from harness.testcode.assertions.lead import LeadKind
from tests.harness.findings.test_hidden import FIXTURES


def kinds(name: str, text: str) -> list[str]:
    found, unread = read_test_files({name: textwrap.dedent(text)})
    assert unread == []
    return sorted(str(lead.kind) for test in found for lead in test.leads)


SHELL = {
    "a word anywhere": ("grep -q upgrade /app/out.txt && echo 1 > $REWARD\n", ["loose-substring"]),
    "a whole line": ("grep -qx upgrade /app/out.txt && echo 1 > $REWARD\n", []),
    "a pattern": ("grep -q '^upgrade: [a-z]* ->' /app/out.txt && echo 1 > $REWARD\n", []),
    "one of two words": ("grep -qE 'ok|done' /app/out.txt && echo 1 > $REWARD\n", ["either-substring"]),
    "success or failure": (
        'if [ "$code" = 200 ] || [ "$code" = 503 ]; then echo 1; else echo 0; fi > $REWARD\n',
        ["lenient-status"],
    ),
    "success or failure by pattern": (
        'if [[ "$code" =~ ^(200|503)$ ]]; then echo 1; else echo 0; fi > $REWARD\n',
        ["lenient-status"],
    ),
    "two kinds of success": ('if [ "$code" = 200 ] || [ "$code" = 204 ]; then echo 1; fi > $REWARD\n', []),
    "a failure forgotten": ("pytest /tests || true\necho $? > $REWARD\n", ["swallowed-assertion"]),
    "the status of tee": (
        "pytest /tests | tee /logs/verifier/log.txt\nif [ $? -eq 0 ]; then echo 1; else echo 0; fi > $REWARD\n",
        ["unused-result"],
    ),
    "the status of tee with pipefail": (
        "set -o pipefail\npytest /tests | tee log\nif [ $? -eq 0 ]; then echo 1; else echo 0; fi > $REWARD\n",
        [],
    ),
    "paid whatever happens": ("pytest /tests\necho 1 > /logs/verifier/reward.txt\n", ["always-true"]),
    "paid where nothing failed": ("set -eu\npytest /tests\necho 1 > /logs/verifier/reward.txt\n", []),
    "paid where only pipes fail": ("set -o pipefail\npytest /tests\necho 1 > $REWARD\n", ["always-true"]),
    "paid first and then taken back": (
        "echo 1 > /logs/verifier/reward.txt\npytest /tests || echo 0 > /logs/verifier/reward.txt\n",
        [],
    ),
    "the share that passed": ("n=$(grep -c PASS log)\necho $n > /logs/verifier/reward.txt\n", []),
    "files that are there": (
        "if [ -f /app/a ] && [ -e /app/b ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n",
        ["existence-only"],
    ),
    "files that are there and right": (
        "if [ -f /app/a ] && cmp /app/a /tests/a; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n",
        [],
    ),
    "an early end": (
        "if ! command -v jq; then\n  exit 0\nfi\njq -e . x && echo 1 > /logs/verifier/reward.txt\n",
        ["skips-at-run-time"],
    ),
}


@pytest.mark.parametrize("case", SHELL)
def test_shell_tests_give_suspicions(case: str) -> None:
    text, wanted = SHELL[case]
    assert kinds("tests/test.sh", "#!/bin/bash\n" + text) == wanted


JAVASCRIPT = {
    "nothing asserted": ("it('runs', async () => { await run(); });", ["no-assertion"]),
    "only there": ("it('is there', () => { expect(fs.existsSync('/app/x')).toBe(true); });", ["existence-only"]),
    "there and right": (
        "it('is', () => { expect(fs.existsSync('/x')).toBe(true); expect(read('/x')).toBe('a b'); });",
        [],
    ),
    "never fails": ("it('is', () => { expect(true).toBe(true); });", ["always-true"]),
    "either status": (
        "it('is', () => { expect([200, 503]).toContain(res.status); expect(x).toBe(1); });",
        ["lenient-status"],
    ),
    "either of two texts": (
        "it('is', () => { expect(out.includes('a') || out.includes('b')).toBe(true); });",
        ["either-substring"],
    ),
    "a word anywhere": ("test('is', () => { expect(result.stdout).toContain('done'); });", ["loose-substring"]),
    "an exact text": ("test('is', () => { expect(result.stdout).toBe('done\\n'); });", []),
    "caught": (
        "test('is', () => { try { expect(f()).toBe(2); } catch (e) { console.log(e); } });",
        ["swallowed-assertion"],
    ),
    "caught and told": ("test('is', () => { try { expect(f()).toBe(2); } catch (e) { throw e; } });", []),
    "skipped": ("it.skip('is', () => { expect(f()).toBe(2); });", ["skips-at-run-time"]),
    "an early end": (
        "it('is', () => { if (!ready) return; expect(f()).toBe(2); });",
        ["skips-at-run-time"],
    ),
    "wide": ("it('is', () => { expect(f()).toBeCloseTo(2.5, 0); });", ["wide-tolerance"]),
    "plain assert": ("const assert = require('assert');\nassert.ok(true);\n", ["always-true"]),
}


@pytest.mark.parametrize("case", JAVASCRIPT)
@pytest.mark.parametrize("name", ["tests/it.test.js", "tests/it.test.ts"])
def test_javascript_tests_give_suspicions(case: str, name: str) -> None:
    text, wanted = JAVASCRIPT[case]
    assert kinds(name, text) == wanted


def test_a_lead_says_where_it_is_and_what_would_confirm_it() -> None:
    found, _ = read_test_files(
        {"tests/test.sh": "#!/bin/bash\ncheck() {\n  grep -q ok /app/x\n}\ncheck && echo 1 > $REWARD\n"}
    )
    (lead,) = [lead for test in found for lead in test.leads]
    assert (lead.id, lead.file, lead.line, lead.test) == ("lead-loose-substring", "tests/test.sh", 3, "check")
    assert lead.sentence == "check looks for a word anywhere in the output: `grep -q ok /app/x`"
    assert "paid" in lead.confirmed_by
    assert all(kind for kind in LeadKind)


@pytest.mark.parametrize(
    ("head", "suspected"), [("#!/bin/bash\n", True), ("#!/bin/bash\nset -e\n", False), ("#!/bin/sh -eu\n", False)]
)
def test_a_reward_below_a_test_that_ends_the_script_is_not_always_paid(head: str, suspected: bool) -> None:
    (script,) = read_test_files({"test.sh": head + "pytest /tests/t.py\necho 1 > /logs/verifier/reward.txt\n"})[0]
    assert [lead.kind for lead in script.leads] == ([LeadKind.ALWAYS_TRUE] if suspected else [])


def test_scripts_of_the_fixtures_give_only_true_suspicions() -> None:
    found = {}
    for task in discover([FIXTURES]):
        if not isinstance(task, Task):
            continue
        for step in task.steps:
            texts = {name: text for name, text in verifier_texts(task, step).items() if not name.endswith(".py")}
            tests, unread = read_test_files(texts)
            assert unread == []
            for test in tests:
                for lead in test.leads:
                    found[task.name, str(lead.kind)] = lead.code
    assert list(found) == [("probes/meters-unheeded-faulty", "swallowed-assertion")]


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=80).map(lambda data: data.decode("utf-8", "replace"))
    | st.lists(
        st.sampled_from(
            [*(t for t, _ in SHELL.values()), *(t for t, _ in JAVASCRIPT.values()), "(", "<<E", "`", "é\0", "if ["]
        ),
        max_size=6,
    ).map("".join),
    st.sampled_from(["t.sh", "t.bats", "t.js", "t.ts", "t.py", "t.rb"]),
)
def test_any_text_gives_leads_in_its_own_lines_and_no_exception(text: str, name: str) -> None:
    found, unread = read_test_files({name: text})
    assert unread in ([], [name])
    for test in found:
        for lead in test.leads:
            assert 1 <= lead.line <= text.count("\n") + 1
            assert lead.sentence


@pytest.mark.parametrize(
    ("name", "block"), [("t.sh", [t for t, _ in SHELL.values()]), ("t.js", [t for t, _ in JAVASCRIPT.values()])]
)
def test_five_thousand_lines_are_read(name: str, block: list[str]) -> None:
    text = "\n".join(block * 400)
    text = "\n".join(text.splitlines()[:5_200])
    found, _ = read_test_files({name: text})
    assert sum(len(test.leads) for test in found) > 100


def test_files_that_cannot_be_read_are_counted() -> None:
    found, unread = read_test_files({"a.py": "def test_a(:\n", "b.py": "print 'x'\n", "c.py": "assert '\\d'\n"})
    assert (found, unread) == ([], ["a.py", "b.py"])
    (finding,) = unread_finding(unread)
    assert finding.title == "2 files of the verifier are no Python that can be read, and give no suspicion"
    assert list(unread_finding([])) == []
