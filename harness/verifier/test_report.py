"""The result of each single test, from the files and the output that a verifier leaves. Pure."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class TestStatus(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    OTHER = "other"

    __test__ = False


RAN = frozenset({TestStatus.PASSED, TestStatus.FAILED, TestStatus.XFAILED, TestStatus.XPASSED})
BAD = frozenset({TestStatus.FAILED, TestStatus.ERROR})


@dataclass(frozen=True, slots=True)
class TestCase:
    name: str
    status: TestStatus
    message: str = ""
    """One line: the assertion or the error, as far as the verifier shows it."""
    seconds: float | None = None

    __test__ = False


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts that a test tool prints at its end."""

    tool: str
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    finished: bool = True

    @property
    def ran(self) -> int:
        return self.passed + self.failed

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.errors + self.skipped


@dataclass(frozen=True, slots=True)
class TestReport:
    source: str
    """ctrf, junit, pytest, or the tool whose closing count was read; '' if there is no result."""
    tests: tuple[TestCase, ...] = ()
    tally: Tally | None = None
    collection_errors: tuple[str, ...] = ()
    """Test files that could not be imported, with the reason."""
    broken_in: tuple[str, ...] = ()
    """For each of these errors the file that raised it, '' if the trace does not show it."""

    __test__ = False

    @property
    def ran(self) -> int:
        """How many tests ran and have a result."""
        counted = sum(test.status in RAN for test in self.tests)
        return max(counted, self.tally.ran if self.tally else 0)

    @property
    def failing(self) -> tuple[TestCase, ...]:
        return tuple(test for test in self.tests if test.status in BAD)

    @property
    def bad(self) -> int:
        counted = sum(test.status in BAD for test in self.tests)
        return max(counted, self.tally.failed + self.tally.errors if self.tally else 0)


NOTHING = TestReport(source="")


def read_report(files: Mapping[str, bytes], text: str) -> TestReport:
    """The most detailed source that a verifier left: CTRF, else JUnit XML, else its output.

    The closing count always comes from the output, because neither kind of file has it. Collection errors come from
    the file if it has any, else from the output.
    """
    from_text = parse_text(text)
    best = from_text
    for name in sorted(files):
        found = parse_ctrf(files[name]) if name.endswith(".json") else parse_junit(files[name])
        if found is not None and found.tests and (best is from_text or len(found.tests) > len(best.tests)):
            best = found
    if best is from_text:
        return from_text
    messages = {short(test.name): test.message for test in from_text.tests if test.message}
    tests = tuple(
        test if test.message else TestCase(test.name, test.status, messages.get(short(test.name), ""), test.seconds)
        for test in best.tests
    )
    with_errors = best if best.collection_errors else from_text
    return TestReport(best.source, tests, from_text.tally, with_errors.collection_errors, with_errors.broken_in)


def short(name: str) -> str:
    """A test's id without its file: `tests/test_a.py::TestB::test_c[1]` is `TestB::test_c[1]`."""
    return name.split("::", 1)[-1]


MOST_TESTS = 2_000
"""Of one report, so many are kept with each trial, and so many that failed beside them."""


def shortened(report: TestReport) -> TestReport:
    """What is kept of a report: its first tests and its first failures, with the count of all of them."""
    if len(report.tests) <= MOST_TESTS:
        return report
    failing = set(report.failing[:MOST_TESTS])
    tests = tuple(test for number, test in enumerate(report.tests) if number < MOST_TESTS or test in failing)
    told = report.tally or Tally("")
    count = Counter(test.status for test in report.tests)
    tally = Tally(
        told.tool or report.source,
        max(told.passed, sum(count[status] for status in RAN) - count[TestStatus.FAILED]),
        max(told.failed, count[TestStatus.FAILED]),
        max(told.errors, count[TestStatus.ERROR]),
        max(told.skipped, count[TestStatus.SKIPPED]),
        told.finished,
    )
    return replace(report, tests=tests, tally=tally)


# --- files


def parse_ctrf(data: bytes) -> TestReport | None:
    """Both dialects: the schema's (milliseconds, camelCase) and the early pytest plug-in's (seconds, snake_case)."""
    try:
        results = json.loads(data)["results"]
        entries = results["tests"]
        summary = results.get("summary") or {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(entries, list) or not isinstance(summary, dict):
        return None
    # The early dialect's clock is in float seconds since the epoch; the schema's is in whole milliseconds.
    start = summary.get("start")
    per_second = 1.0 if isinstance(start, int | float) and start < 1e11 else 1000.0
    tests = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        raw = str(entry.get("rawStatus") or entry.get("raw_status") or "")
        duration = entry.get("duration")
        tests.append(
            TestCase(
                entry["name"],
                _ctrf_status(str(entry.get("status")), raw),
                _one_line(_crash_line(str(entry.get("trace") or "")) or str(entry.get("message") or "")),
                round(duration / per_second, 6) if isinstance(duration, int | float) else None,
            )
        )
    return TestReport("ctrf", tuple(tests))


def _ctrf_status(status: str, raw: str) -> TestStatus:
    if raw == "xfailed":
        return TestStatus.XFAILED
    if status == "failed" and raw.startswith(("setup_", "teardown_")):
        return TestStatus.ERROR
    known = {"passed": TestStatus.PASSED, "failed": TestStatus.FAILED, "skipped": TestStatus.SKIPPED}
    return known.get(status, TestStatus.OTHER)


def parse_junit(data: bytes) -> TestReport | None:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"<testsuite" not in data:
        return None
    try:
        root = ET.fromstring(data)  # noqa: S314 - entity declarations, the parser's weak spot, were refused above
    except ET.ParseError:
        return None
    tests = []
    broken: dict[str, str] = {}
    for case in root.iter("testcase"):
        name, owner = case.get("name", ""), case.get("classname", "")
        status, message = TestStatus.PASSED, ""
        for tag, meaning in (
            ("error", TestStatus.ERROR),
            ("failure", TestStatus.FAILED),
            ("skipped", TestStatus.SKIPPED),
        ):
            found = case.find(tag)
            if found is not None:
                status, message = meaning, found.get("message") or _crash_line(found.text or "")
                if tag == "skipped" and found.get("type") == "pytest.xfail":
                    status = TestStatus.XFAILED
                break
        if status is TestStatus.ERROR and message.startswith("collection failure"):
            trace = (found.text or "") if found is not None else ""
            broken[_one_line(f"{owner or name}: {_crash_line(trace)}")] = _raised_in(trace)
            continue
        tests.append(
            TestCase(
                f"{owner}::{name}" if owner and name else owner or name,
                status,
                _one_line(message),
                _number(case.get("time")),
            )
        )
    return TestReport("junit", tuple(tests), collection_errors=tuple(broken), broken_in=tuple(broken.values()))


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").replace(",", ""))
    except ValueError:
        return None


def _crash_line(trace: str) -> str:
    """The first `E   ...` line of a pytest trace, else its last line."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E  ")]
    return errors[0] if errors else lines[-1] if lines else ""


_FRAME = re.compile(r"^(\S[^:\n]*):\d+: (?:in |\w+(?:Error|Exception)\b)", re.MULTILINE)


def _raised_in(trace: str) -> str:
    """The file of the innermost frame in a pytest trace."""
    frames = _FRAME.findall(trace)
    return frames[-1] if frames else ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:297] + "..."


# --- text

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Za-z0-9]|\x1b[=>]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def plain(text: str) -> str:
    """The text as a terminal would show it: without colours, and for a line overwritten by carriage returns its last
    version."""
    return re.sub(r"[^\n]*\r(?!\n|$)", "", _ANSI.sub("", text).replace("\r\n", "\n"))


def parse_text(text: str) -> TestReport:
    """Read the output of any known test tool. For pytest, TAP and Go the result of each test, for others the closing
    count."""
    text = plain(text)
    pytest = _parse_pytest(text)
    if pytest is not None:
        return pytest
    for parse in (_parse_unittest, _parse_go, _parse_cargo, _parse_maven, _parse_jest, _parse_mocha, _parse_tap):
        found = parse(text)
        if found is not None:
            return found
    return NOTHING


_WORDS = {
    "PASSED": TestStatus.PASSED,
    "FAILED": TestStatus.FAILED,
    "ERROR": TestStatus.ERROR,
    "SKIPPED": TestStatus.SKIPPED,
    "XFAIL": TestStatus.XFAILED,
    "XPASS": TestStatus.XPASSED,
}
_WORD = "|".join(_WORDS)
_SUMMARY = re.compile(r"^=+ *short test summary info *=+$", re.MULTILINE | re.IGNORECASE)
_SUMMARY_LINE = re.compile(rf"^({_WORD}):? +(\S.*)$")
_SKIP_COUNT = re.compile(r"^\[(\d+)\] (.*?)(?:: (.*))?$")
_VERBOSE = re.compile(rf"^(\S+::.*?) +({_WORD})(?: +\((.*)\))?(?: +\[ *\d+%\]| +\[\d+/\d+\])?$", re.MULTILINE)
_VERBOSE_XDIST = re.compile(rf"^\[gw\d+\](?: +\[ *\d+%\])? +({_WORD}) +(\S+::.*?) *$", re.MULTILINE)
_TALLY = re.compile(
    r"^=* ?((?:\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed|deselected|rerun|warnings?|subtests passed)"
    r"(?:, )?)+"
    r"|no tests (?:ran|collected)(?:, \d+ \w+)*) in [\d.]+s?(?: seconds)?(?: \([\d:, a-z]+\))? ?=*$",
    re.MULTILINE,
)
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)")
_COLLECTING = re.compile(r"^_+ ERROR collecting (.+?) _+$", re.MULTILINE)
_COLLECTED = re.compile(r"(?:^|^collecting \.\.\. *)collected (\d+) items?(?: / (\d+) errors?)?", re.MULTILINE)
_SESSION = re.compile(r"^=+ test session starts =+$", re.MULTILINE)


def _parse_pytest(text: str) -> TestReport | None:
    summaries = list(_SUMMARY.finditer(text))
    closing = list(_TALLY.finditer(text))
    verbose = [(m[1], m[2], m[3] or "") for m in _VERBOSE.finditer(text)]
    verbose += [(m[2], m[1], "") for m in _VERBOSE_XDIST.finditer(text)]
    collected = _COLLECTED.search(text)
    if not (summaries or closing or collected or _SESSION.search(text)):
        return None
    broken = _collection_errors(text)
    details = _failure_details(text)
    tests: dict[str, TestCase] = {
        name: TestCase(name, _WORDS[word], _one_line(message or details.get(_detail_key(name), "")))
        for name, word, message in verbose
    }
    for start in summaries:
        for line in text[start.end() :].lstrip("\n").splitlines():
            if _TALLY.match(line) or line.startswith("!!!"):
                break
            found = _SUMMARY_LINE.match(line)
            if found is None:
                continue
            case = _summary_case(_WORDS[found[1]], found[2], details)
            if case.status is TestStatus.ERROR and "::" not in case.name:
                continue  # a file that could not be collected, which is in collection_errors
            if case.status is TestStatus.SKIPPED and verbose:
                continue  # the verbose line has the test's name, this one only its file
            before = tests.get(case.name)
            tests[case.name] = TestCase(case.name, case.status, before.message) if before and not case.message else case
    tally = _pytest_tally(closing, collected)
    return TestReport("pytest", tuple(tests.values()), tally, tuple(broken), tuple(broken.values()))


def _summary_case(status: TestStatus, rest: str, details: Mapping[str, str]) -> TestCase:
    if status is TestStatus.SKIPPED and (skip := _SKIP_COUNT.match(rest)):
        return TestCase(skip[2], status, _one_line(skip[3] or ""))
    name, dash, message = _split_message(rest)
    return TestCase(name, status, _one_line(details.get(_detail_key(name), "") or (message if dash else "")))


def _split_message(rest: str) -> tuple[str, str, str]:
    """Split at the first ` - ` outside a parameter's brackets, which separates the name from the message."""
    depth = 0
    for index, char in enumerate(rest):
        depth += (char == "[") - (char == "]")
        if depth <= 0 and rest.startswith(" - ", index):
            return rest[:index], " - ", rest[index + 3 :]
    return rest, "", ""


def _detail_key(name: str) -> str:
    return short(name).replace("::", ".")


def _failure_details(text: str) -> dict[str, str]:
    """Heading such as `____ TestA.test_b ____` -> the first `E   ...` line below it."""
    details: dict[str, str] = {}
    heading = ""
    for line in text.splitlines():
        if found := re.match(r"^_{3,} (?:ERROR at (?:setup|teardown) of )?(\S.*?) _{3,}$", line):
            heading = found[1]
        elif heading and line.startswith("E  ") and heading not in details:
            details[heading] = line[1:].strip()
        elif line.startswith("===="):
            heading = ""
    return details


def _collection_errors(text: str) -> dict[str, str]:
    """Error of a test file -> the file that raised it."""
    found: dict[str, str] = {}
    for match in _COLLECTING.finditer(text):
        block = re.split(r"^(?:_{5,}|={5,}|!{5,}).*$", text[match.end() :].lstrip("\n"), maxsplit=1, flags=re.MULTILINE)
        reason = next((line[1:].strip() for line in block[0].splitlines() if line.startswith("E  ")), "")
        found[_one_line(f"{match[1]}: {reason}" if reason else match[1])] = _raised_in(block[0])
    if not found:
        for start in _SUMMARY.finditer(text):
            for line in text[start.end() :].lstrip("\n").splitlines():
                if _TALLY.match(line):
                    break
                entry = _SUMMARY_LINE.match(line)
                if entry and entry[1] == "ERROR" and "::" not in entry[2]:
                    found[_one_line(entry[2].replace(" - ", ": ", 1))] = ""
    return found


def _pytest_tally(closing: list[re.Match[str]], collected: re.Match[str] | None) -> Tally | None:
    if not closing:
        return Tally("pytest", finished=False) if collected else None
    counts: dict[str, int] = {}
    for match in closing:
        for number, word in _COUNT.findall(match[1]):
            key = word.rstrip("s") if word.startswith("error") else word
            counts[key] = counts.get(key, 0) + int(number)
    return Tally(
        "pytest",
        passed=counts.get("passed", 0) + counts.get("xfailed", 0) + counts.get("xpassed", 0),
        failed=counts.get("failed", 0),
        errors=counts.get("error", 0),
        skipped=counts.get("skipped", 0),
    )


def _parse_unittest(text: str) -> TestReport | None:
    runs = re.findall(r"^Ran (\d+) tests? in [\d.]+s$", text, re.MULTILINE)
    if not runs:
        return None
    counts = {"failures": 0, "errors": 0, "skipped": 0}
    for verdict in re.findall(r"^(?:FAILED|OK) \((.*)\)$", text, re.MULTILINE):
        for key, number in re.findall(r"(failures|errors|skipped)=(\d+)", verdict):
            counts[key] += int(number)
    total = sum(map(int, runs))
    failed, skipped = counts["failures"] + counts["errors"], counts["skipped"]
    cases = [
        TestCase(f"{owner}::{name}", TestStatus.FAILED if word == "FAIL" else TestStatus.ERROR)
        for word, name, owner in re.findall(r"^(FAIL|ERROR): (\S+) \((\S+?)\)", text, re.MULTILINE)
    ]
    loader = tuple(
        f"{name}: could not be imported" for name in re.findall(r"\(unittest\.loader\._FailedTest\.(\S+?)\)", text)
    )
    ran = 0 if loader and len(loader) == total else total - skipped
    return TestReport(
        "unittest",
        () if loader else tuple(cases),
        Tally("unittest", max(0, ran - failed), min(failed, ran), 0, skipped),
        loader,
    )


def _parse_go(text: str) -> TestReport | None:
    lines = re.findall(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)", text, re.MULTILINE)
    packages = re.findall(r"^(ok|FAIL)\s+(\S+)\s+(?:\(cached\)|[\d.]+s)", text, re.MULTILINE)
    if not lines and not packages:
        return None
    words = {"PASS": TestStatus.PASSED, "FAIL": TestStatus.FAILED, "SKIP": TestStatus.SKIPPED}
    tests = tuple(TestCase(name, words[word], seconds=float(seconds)) for word, name, seconds in lines)
    rows = [word for word, _, _ in lines] or ["PASS" if word == "ok" else "FAIL" for word, _ in packages]
    return TestReport("go", tests, Tally("go", rows.count("PASS"), rows.count("FAIL"), 0, rows.count("SKIP")))


def _parse_cargo(text: str) -> TestReport | None:
    found = re.findall(r"^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored", text, re.MULTILINE)
    if not found:
        return None
    words = {"ok": TestStatus.PASSED, "FAILED": TestStatus.FAILED, "ignored": TestStatus.SKIPPED}
    tests = tuple(
        TestCase(name, words[word])
        for name, word in re.findall(r"^test (\S+)(?: - [\w ]+)? \.\.\. (ok|FAILED|ignored)", text, re.MULTILINE)
    )
    passed, failed, ignored = (sum(int(row[index]) for row in found) for index in range(3))
    return TestReport("cargo", tests, Tally("cargo", passed, failed, 0, ignored))


def _parse_maven(text: str) -> TestReport | None:
    """Maven's Surefire and Gradle-style counts: `Tests run: 5, Failures: 1, Errors: 0, Skipped: 0`."""
    found = re.findall(r"Tests run: (\d+), +Failures: (\d+)(?:, +Errors: (\d+))?(?:, +Skipped: (\d+))?", text)
    if not found:
        return None
    total, failures, errors, skipped = (int(part or 0) for part in found[-1])
    return TestReport(
        "maven", (), Tally("maven", max(0, total - failures - errors - skipped), failures + errors, 0, skipped)
    )


def _parse_jest(text: str) -> TestReport | None:
    found = re.findall(r"^\s*Tests:?\s+((?:\d+ \w+[,| ]*)+)(?:\d+ total|\(\d+\))", text, re.MULTILINE)
    if not found:
        return None
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", found[-1])}
    return TestReport(
        "jest", (), Tally("jest", counts.get("passed", 0), counts.get("failed", 0), 0, counts.get("skipped", 0))
    )


def _parse_mocha(text: str) -> TestReport | None:
    passing = re.search(r"^\s+(\d+) passing \(", text, re.MULTILINE)
    failing = re.search(r"^\s+(\d+) failing$", text, re.MULTILINE)
    if passing is None and failing is None:
        return None
    return TestReport("mocha", (), Tally("mocha", int(passing[1]) if passing else 0, int(failing[1]) if failing else 0))


def _parse_tap(text: str) -> TestReport | None:
    if not re.search(r"^1\.\.\d+", text, re.MULTILINE):
        return None
    tests = tuple(
        TestCase(
            name.strip() or f"test {number}",
            TestStatus.SKIPPED
            if "skip" in directive.lower()
            else TestStatus.FAILED
            if negated and "todo" not in directive.lower()
            else TestStatus.PASSED,
        )
        for negated, number, name, directive in re.findall(
            r"^(not )?ok\b *(\d*)(?: -)? *([^#\n]*)(#.*)?$", text, re.MULTILINE
        )
    )
    counts = [test.status for test in tests]
    return TestReport(
        "tap",
        tests,
        Tally(
            "tap", counts.count(TestStatus.PASSED), counts.count(TestStatus.FAILED), 0, counts.count(TestStatus.SKIPPED)
        ),
    )


# --- Terminal-Bench

_TB_SUMMARY = re.compile(r"=+\s*short test summary info\s*=+", re.IGNORECASE)
_TB_PASSED = frozenset({"PASSED", "XFAIL", "SKIPPED"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """The result of Terminal-Bench's own parser; `results` is None if it would raise an error."""

    results: Mapping[str, bool] | None
    lenient: tuple[str, ...] = ()
    """Tests that it counts as passed although they were skipped or expected to fail."""
    error: str = ""

    @property
    def resolved(self) -> bool:
        return self.results is not None and all(self.results.values())


def terminal_bench(text: str, parser: str) -> Resolution:
    """Terminal-Bench's rule for each of its parsers: pytest, swebench, swelancer, mlebench, sweperf."""
    text = plain(text)
    match parser:
        case "pytest":
            return _terminal_bench_pytest(text)
        case "swebench":
            return _between(text, "SWEBench results starts here", "SWEBench results ends here", "PASSED", required=True)
        case "sweperf":
            return _between(text, "SWE-Perf results starts here", "SWE-Perf results ends here", "PASSED", required=True)
        case "mlebench":
            return _between(text, "MLEBench results starts here", "MLEBench results ends here", "ALL TESTS PASSED")
        case "swelancer":
            return Resolution({"swelancer_task": _swelancer(text.lower())})
    return Resolution(None, error=f"Terminal-Bench has no parser named {parser!r}")


def _terminal_bench_pytest(text: str) -> Resolution:
    parts = _TB_SUMMARY.split(text, maxsplit=1)
    if len(parts) < 2:
        return Resolution(None, error="the tests' text has no `short test summary info`")
    results: dict[str, bool] = {}
    lenient: dict[str, None] = {}
    for line in parts[1].splitlines():
        if line.startswith("FAILED") and " - " in line:
            line = line[: line.rindex(" - ")]
        words = line.split(maxsplit=1)
        if len(words) < 2:
            continue
        status, name = words[0].strip(":"), words[1].strip().split("::", 1)[-1]
        if status not in _WORDS or not name:
            continue
        results[name] = status in _TB_PASSED
        if status in ("SKIPPED", "XFAIL"):
            lenient[name] = None
    return Resolution(results, tuple(lenient))


def _between(text: str, start: str, end: str, want: str, *, required: bool = False) -> Resolution:
    if required and (start not in text or end not in text):
        return Resolution(None, error=f"the tests' text has no block from `{start}` to `{end}`")
    block = text.split(start, 1)[-1].rsplit(end, 1)[0].strip()
    return Resolution({"tests": block == want})


def _swelancer(text: str) -> bool:
    if "swe lancer success" in text:
        return True
    if "swe lancer failure" in text:
        return False
    return "user_tool" in text and "completed" in text


def passed_by_name(tests: Iterable[TestCase]) -> dict[str, bool]:
    return {test.name: test.status in (TestStatus.PASSED, TestStatus.XFAILED, TestStatus.SKIPPED) for test in tests}
