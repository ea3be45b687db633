from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verifier.test_report import (
    MOST_TESTS,
    NOTHING,
    TestCase,
    TestReport,
    TestStatus,
    parse_ctrf,
    parse_junit,
    parse_text,
    plain,
    read_report,
    shortened,
    terminal_bench,
)

EARLY_CTRF = {
    "results": {
        "tool": {"name": "pytest", "version": "8.4.1"},
        "summary": {"tests": 2, "passed": 1, "failed": 1, "start": 1700000000.1, "stop": 1700000001.6},
        "tests": [
            {"name": "test_a.py::test_one", "status": "passed", "duration": 0.25, "file_path": "test_a.py"},
            {
                "name": "test_a.py::test_two",
                "status": "failed",
                "raw_status": "call_failed",
                "duration": 1.5,
                "trace": "def test_two():\n>   assert count() == 3\nE   assert 2 == 3\n\ntest_a.py:9: AssertionError",
                "message": "The test failed in the call phase due to an assertion error",
            },
        ],
    }
}
SCHEMA_CTRF = {
    "reportFormat": "CTRF",
    "specVersion": "1.0.0",
    "results": {
        "tool": {"name": "pytest"},
        "summary": {"tests": 4, "start": 1700000000100, "stop": 1700000001600},
        "tests": [
            {"name": "t.py::test_one[1]", "status": "passed", "duration": 250},
            {"name": "t.py::test_x", "status": "skipped", "rawStatus": "xfailed", "duration": 1, "message": "known"},
            {"name": "t.py::test_s", "status": "failed", "rawStatus": "setup_failed", "message": "OSError: no port"},
            {"name": "t.py::test_o", "status": "other", "duration": 0},
        ],
    },
}


def test_the_early_ctrf_dialect_counts_in_seconds_and_tells_the_assertion() -> None:
    report = parse_ctrf(json.dumps(EARLY_CTRF).encode())
    assert report is not None
    assert [(t.name, t.status, t.message, t.seconds) for t in report.tests] == [
        ("test_a.py::test_one", TestStatus.PASSED, "", 0.25),
        ("test_a.py::test_two", TestStatus.FAILED, "assert 2 == 3", 1.5),
    ]


def test_the_ctrf_schema_counts_in_milliseconds() -> None:
    report = parse_ctrf(json.dumps(SCHEMA_CTRF).encode())
    assert report is not None
    assert [(t.name, t.status, t.seconds) for t in report.tests] == [
        ("t.py::test_one[1]", TestStatus.PASSED, 0.25),
        ("t.py::test_x", TestStatus.XFAILED, 0.001),
        ("t.py::test_s", TestStatus.ERROR, None),
        ("t.py::test_o", TestStatus.OTHER, 0.0),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"results": []}', b'{"results": {"tests": 3}}', b'{"reward": 1}', b"[" * 99999]
)
def test_what_is_not_ctrf_is_nothing(data: bytes) -> None:
    assert parse_ctrf(data) is None


JUNIT = b"""<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="5">
<testcase classname="tests.test_a" name="test_ok" time="0.010"/>
<testcase classname="tests.test_a" name="test_bad" time="1,020.5"><failure message="assert 1 == 2">def ...
E   assert 1 == 2</failure></testcase>
<testcase classname="tests.test_a" name="test_err">
<error message="failed on setup with &quot;OSError&quot;">E   OSError</error></testcase>
<testcase classname="tests.test_a" name="test_xf"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase classname="" name="tests.test_b">
<error message="collection failure">E   ModuleNotFoundError: nope</error></testcase>
</testsuite></testsuites>"""


def test_junit_tells_failures_errors_and_files_that_could_not_be_collected() -> None:
    report = parse_junit(JUNIT)
    assert report is not None
    assert [(t.name, t.status, t.message, t.seconds) for t in report.tests] == [
        ("tests.test_a::test_ok", TestStatus.PASSED, "", 0.01),
        ("tests.test_a::test_bad", TestStatus.FAILED, "assert 1 == 2", 1020.5),
        ("tests.test_a::test_err", TestStatus.ERROR, 'failed on setup with "OSError"', None),
        ("tests.test_a::test_xf", TestStatus.XFAILED, "known", None),
    ]
    assert report.collection_errors == ("tests.test_b: ModuleNotFoundError: nope",)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html/>", b"<testsuite", b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>'],
)
def test_what_is_not_junit_or_declares_entities_is_nothing(data: bytes) -> None:
    assert parse_junit(data) is None


SUITE = """
import pytest

class TestA:
    def test_pass(self):
        pass

    @pytest.mark.parametrize("x", [1, "a - b"])
    def test_param(self, x):
        assert x == 1, f"got {x} - bad"

def test_skip():
    pytest.skip("no disk")

@pytest.mark.xfail(reason="known")
def test_xf():
    assert 0

@pytest.mark.xfail
def test_xp():
    pass

@pytest.fixture
def broken():
    raise RuntimeError("fixture - broke")

def test_err(broken):
    pass
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_mix.py").write_text(SUITE)
    (folder / "test_bad.py").write_text("import nope_this_is_not_there\n")
    (folder / "test_ok.py").write_text("def test_ok():\n    print('FAILED of sorts')\n")
    return folder


def pytest_says(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def by_name(text: str) -> dict[str, TestStatus]:
    return {test.name: test.status for test in parse_text(text).tests}


EVERY = {
    "test_mix.py::TestA::test_pass": TestStatus.PASSED,
    "test_mix.py::TestA::test_param[1]": TestStatus.PASSED,
    "test_mix.py::TestA::test_param[a - b]": TestStatus.FAILED,
    "test_mix.py::test_xf": TestStatus.XFAILED,
    "test_mix.py::test_xp": TestStatus.XPASSED,
    "test_mix.py::test_err": TestStatus.ERROR,
}


@pytest.mark.parametrize("arguments", [("-v",), ("-vv", "--color=yes"), ("-rA",), ("-rA", "-q"), ("-v", "-n2")])
def test_pytests_own_text_tells_every_test(suite: Path, arguments: tuple[str, ...]) -> None:
    report = parse_text(pytest_says(suite, "test_mix.py", *arguments))
    found = {test.name: test.status for test in report.tests}
    assert {name: status for name, status in found.items() if status is not TestStatus.SKIPPED} == EVERY
    messages = {test.name: test.message for test in report.tests}
    assert messages["test_mix.py::TestA::test_param[a - b]"] == "AssertionError: got a - b - bad"
    assert messages["test_mix.py::test_err"] == "RuntimeError: fixture - broke"
    assert report.tally is not None
    assert (report.tally.passed, report.tally.failed, report.tally.errors, report.tally.skipped) == (4, 1, 1, 1)
    assert report.ran == 5


def test_a_quiet_run_tells_the_failing_tests_and_the_count(suite: Path) -> None:
    report = parse_text(pytest_says(suite, "test_mix.py", "-q"))
    assert {test.name: test.status for test in report.failing} == {
        "test_mix.py::TestA::test_param[a - b]": TestStatus.FAILED,
        "test_mix.py::test_err": TestStatus.ERROR,
    }
    assert report.ran == 5


def test_a_run_where_all_passed_is_read_from_its_verbose_lines_or_its_count(suite: Path) -> None:
    assert by_name(pytest_says(suite, "test_ok.py", "-v")) == {"test_ok.py::test_ok": TestStatus.PASSED}
    quiet = parse_text(pytest_says(suite, "test_ok.py", "-q"))
    assert (quiet.tests, quiet.ran, quiet.bad) == ((), 1, 0)


def test_a_file_that_cannot_be_imported_is_a_collection_error_and_no_test(suite: Path) -> None:
    report = parse_text(pytest_says(suite, "test_bad.py", "test_ok.py"))
    assert report.collection_errors == ("test_bad.py: ModuleNotFoundError: No module named 'nope_this_is_not_there'",)
    assert (report.tests, report.ran) == ((), 0)


BREAKING = {
    "own.py": "def f():\n    return g\n\n\nx = f()\n",
    "test_raises.py": "import own\n",
    "test_itself.py": "x = undefined\n",
    "test_absent.py": "import absent_module\n",
}


@pytest.mark.parametrize("form", ["text", "--tb=short", "--tb=line", "junit"])
def test_where_an_import_broke_is_the_innermost_file(tmp_path: Path, form: str) -> None:
    for name, text in BREAKING.items():
        (tmp_path / name).write_text(text)
    said = pytest_says(tmp_path, f"--junitxml={tmp_path / 'j.xml'}", *([form] if form.startswith("--") else []))
    report = parse_junit((tmp_path / "j.xml").read_bytes()) if form == "junit" else parse_text(said)
    assert report is not None
    assert len(report.collection_errors) == len(report.broken_in) == 3
    where = {
        re.split(r"[.:]", error)[0]: Path(file).name
        for error, file in zip(report.collection_errors, report.broken_in, strict=True)
    }
    if form != "--tb=line":
        assert where == {"test_raises": "own.py", "test_itself": "test_itself.py", "test_absent": "test_absent.py"}


def test_junit_and_text_agree(suite: Path, tmp_path: Path) -> None:
    text = pytest_says(suite, "test_mix.py", f"--junitxml={tmp_path / 'j.xml'}")
    report = read_report({"j.xml": (tmp_path / "j.xml").read_bytes()}, text)
    assert report.source == "junit"
    assert len(report.tests) == 7
    assert report.tally is not None
    assert report.ran == 5


def test_ctrf_wins_over_text_and_the_text_still_tells_collection_errors() -> None:
    text = "==== short test summary info ====\nERROR tests/test_b.py\n=== 1 passed, 1 failed, 1 error in 0.1s ===\n"
    report = read_report({"ctrf.json": json.dumps(EARLY_CTRF).encode()}, text)
    assert report.source == "ctrf"
    assert report.collection_errors == ("tests/test_b.py",)


@pytest.mark.parametrize(
    ("text", "source", "passed", "failed", "skipped"),
    [
        ("Ran 3 tests in 0.002s\n\nFAILED (failures=1, skipped=1)\n", "unittest", 1, 1, 1),
        ("...\n----\nRan 3 tests in 0.002s\n\nOK\n", "unittest", 3, 0, 0),
        ("--- PASS: TestA (0.00s)\n    --- FAIL: TestB/sub (1.20s)\nFAIL\nFAIL\tx/y\t1.3s\n", "go", 1, 1, 0),
        ("ok  \texample.com/a\t0.012s\n", "go", 1, 0, 0),
        (
            "test a::b ... ok\ntest c ... FAILED\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0",
            "cargo",
            1,
            1,
            0,
        ),
        ("[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1\n", "maven", 2, 2, 1),
        ("Tests:       1 failed, 2 passed, 3 total\n", "jest", 2, 1, 0),
        ("      Tests  4 passed (4)\n", "jest", 4, 0, 0),
        ("\n  7 passing (12ms)\n  2 failing\n", "mocha", 7, 2, 0),
        ("1..3\nok 1 - a\nnot ok 2 - b\nok 3 # skip no net\n", "tap", 1, 1, 1),
    ],
)
def test_other_tools_closing_counts_are_read(text: str, source: str, passed: int, failed: int, skipped: int) -> None:
    report = parse_text(text)
    assert report.source == source
    assert report.tally is not None
    assert (report.tally.passed, report.tally.failed, report.tally.skipped) == (passed, failed, skipped)


@pytest.mark.parametrize("text", ["", "hello\n", "1 passed the exam\n", "FAILED to open the door\n", "ok then\n"])
def test_text_of_no_test_tool_is_nothing(text: str) -> None:
    assert parse_text(text) == NOTHING


def test_colours_and_overwritten_lines_are_taken_away() -> None:
    assert plain("\x1b[32mok\x1b[0m\r\n10%\r100%\nlast\r") == "ok\n100%\nlast\r"


@given(st.text(max_size=300), st.binary(max_size=300))
def test_no_text_and_no_file_makes_the_parsers_raise(text: str, data: bytes) -> None:
    parse_text(text)
    terminal_bench(text, "pytest")
    read_report({"a.json": data, "b.xml": data}, text)


HEAD = "=== short test summary info ===\n"


@pytest.mark.parametrize(
    ("text", "resolved", "results"),
    [
        (HEAD + "PASSED t.py::test_a\nPASSED t.py::test_b\n", True, {"test_a": True, "test_b": True}),
        (HEAD + "PASSED t.py::a\nFAILED t.py::b - assert 1 - 2\n", False, {"a": True, "b - assert 1": False}),
        (HEAD + "FAILED t.py::test_b - boom\n", False, {"test_b": False}),
        (HEAD + "SKIPPED [1] t.py:3: why\nXFAIL t.py::x - known\n", True, {"[1] t.py:3: why": True, "x - known": True}),
        (HEAD + "XPASS t.py::test_x\n", False, {"test_x": False}),
        (HEAD + "ERROR t.py - ImportError\n", False, {"t.py - ImportError": False}),
        (HEAD, True, {}),
        (HEAD + "PASSED\n=== 1 passed in 0.1s ===\n", True, {}),
        ("1 passed in 0.1s\n", False, None),
        ("", False, None),
        (HEAD + "FAILED t.py::a\n" + HEAD + "PASSED t.py::a\n", True, {"a": True}),
    ],
)  # fmt: skip
def test_terminal_benchs_own_rule(text: str, resolved: bool, results: dict[str, bool] | None) -> None:
    found = terminal_bench(text, "pytest")
    assert (found.resolved, found.results) == (resolved, results)


def test_what_counts_as_passed_without_having_passed_is_named() -> None:
    found = terminal_bench(HEAD + "SKIPPED [1] t.py:3: why\nPASSED t.py::a\n", "pytest")
    assert found.lenient == ("[1] t.py:3: why",)


@pytest.mark.parametrize(
    ("parser", "text", "resolved"),
    [
        ("swebench", "x SWEBench results starts here\nPASSED\nSWEBench results ends here", True),
        ("swebench", "x SWEBench results starts here\nFAILED\nSWEBench results ends here", False),
        ("swebench", "PASSED", False),
        ("sweperf", "SWE-Perf results starts here\nPASSED\nSWE-Perf results ends here", True),
        ("mlebench", "MLEBench results starts here\nALL TESTS PASSED\nMLEBench results ends here", True),
        ("mlebench", "ALL TESTS PASSED", True),
        ("swelancer", "SWE Lancer Success", True),
        ("swelancer", "swe lancer failure, user_tool completed", False),
        ("unheard-of", "PASSED", False),
    ],
)
def test_terminal_benchs_other_parsers(parser: str, text: str, resolved: bool) -> None:
    assert terminal_bench(text, parser).resolved is resolved


def test_of_a_long_report_the_first_tests_and_the_failures_are_kept_and_all_are_counted() -> None:
    tests = [TestCase(f"t{number}", TestStatus.PASSED) for number in range(3 * MOST_TESTS)]
    tests[-1] = TestCase("last", TestStatus.FAILED, "no")
    tests[-2] = TestCase("skipped", TestStatus.SKIPPED)
    report = TestReport("ctrf", tuple(tests))
    found = shortened(report)
    assert [test.name for test in found.tests] == [*(f"t{number}" for number in range(MOST_TESTS)), "last"]
    assert (found.ran, found.bad) == (report.ran, report.bad) == (3 * MOST_TESTS - 1, 1)
    assert found.tally is not None
    assert found.tally.skipped == 1
    few = TestReport("ctrf", tuple(tests[:MOST_TESTS]))
    assert shortened(few) is few


def test_of_very_many_failures_the_first_are_kept() -> None:
    report = TestReport("ctrf", tuple(TestCase(f"t{n}", TestStatus.FAILED) for n in range(3 * MOST_TESTS)))
    found = shortened(report)
    assert len(found.tests) == MOST_TESTS
    assert found.bad == 3 * MOST_TESTS
