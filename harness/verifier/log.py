"""What a log proves about a run: whether the tests really ran, and if not, why. Pure.

A reward of 0, or no reward at all, means that a solution is wrong only if the tests ran. This module reads the log of
the verifier or the solution; if the log says nothing, it concludes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from harness.verifier.test_report import TestReport, plain


class Evidence(StrEnum):
    """What a verifier's log shows."""

    RAN_BAD = "ran-and-failed"
    RAN_GOOD = "ran-and-passed"
    ASSERTED = "assertion-failed"
    """No test tool ran, but a check of a script failed: an assertion, an exception, or a line with FAIL."""
    IMPORT_ERROR = "import-failed"
    """No test tool ran, and the last exception is a failed import or a syntax error."""
    COLLECTION_ERROR = "collection-error"
    NO_TESTS = "no-tests"
    INSTALL_FAILED = "install-failed"
    NETWORK = "network"
    NOT_FOUND = "tool-not-found"
    SCRIPT_UNUSABLE = "script-unusable"
    DISK_FULL = "disk-full"
    OUT_OF_MEMORY = "out-of-memory"
    NOTHING = "nothing"
    """The log shows neither that the tests ran nor that they did not."""


NEVER_RAN = frozenset(
    {
        Evidence.COLLECTION_ERROR,
        Evidence.NO_TESTS,
        Evidence.INSTALL_FAILED,
        Evidence.NETWORK,
        Evidence.NOT_FOUND,
        Evidence.SCRIPT_UNUSABLE,
        Evidence.DISK_FULL,
        Evidence.OUT_OF_MEMORY,
    }
)
"""Evidence that the tests did not run."""

MACHINE = frozenset({Evidence.NETWORK, Evidence.INSTALL_FAILED, Evidence.DISK_FULL, Evidence.OUT_OF_MEMORY})
"""Evidence about the machine or the network rather than about the task or the solution."""


@dataclass(frozen=True, slots=True)
class Proof:
    evidence: Evidence
    line: str = ""
    """The line of the log that shows it."""

    @property
    def never_ran(self) -> bool:
        return self.evidence in NEVER_RAN


UNTOLD = Proof(Evidence.NOTHING)

_LOCAL = r"(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?)"

_NETWORK = (
    r"Temporary failure in name resolution",
    r"Temporary failure resolving",
    r"Could not resolve (?:host|')",
    r"curl: \((?:6|7|28|35|56|60)\)",
    r"wget: unable to resolve host address|wget: bad address",
    r"Failed to establish a new connection",
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError",
    r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|\b(?:ENOTFOUND|EAI_AGAIN)\b",
    r"Network is unreachable",
    r"Name or service not known",
    r"dial tcp: lookup \S+",
    r"dns error|error sending request for url",
    r"CERTIFICATE_VERIFY_FAILED|SSL certificate problem|invalid peer certificate",
    r"Could not connect to \S+ \(",
    r"Unable to fetch some archives",
    r"spurious network error|failed to download from `",
    r"Connection timed out|Could not transfer artifact",
)
_INSTALL = (
    r"ERROR: No matching distribution found for",
    r"ERROR: Could not find a version that satisfies the requirement",
    r"error: externally-managed-environment",
    r"^E: Unable to locate package",
    r"^E: Package '\S+' has no installation candidate",
    r"^E: (?:Could not get lock|dpkg was interrupted|Sub-process)",
    r"^npm (?:ERR!|error)",
    r"No solution found when resolving",
    r"^error: (?:Failed to (?:install|fetch|build|download)|Request failed)",
    r"^ERROR: (?:Failed building wheel|Could not install packages|Could not build wheels)",
    r"ResolvePackageNotFound|PackagesNotFoundError",
)
_TOOLS = (
    r"(?:pytest|py\.test|python3?(?:\.\d+)?|uv|uvx|pip3?|pipx|node|npm|npx|yarn|pnpm|go|cargo|mvn|gradle|java|bats"
    r"|tox|nox|curl|wget)"
)
_NOT_FOUND = (
    rf"(?:^|: ){_TOOLS}: (?:command )?not found",
    rf"command not found: {_TOOLS}$",
    rf"^(?:/usr/bin/)?env: ['‘]?{_TOOLS}['’]?: No such file or directory",
    r"No module named '?(?:pytest|uv|pip|unittest_xml_reporting)'?$",
    r"(?:error: unrecognized arguments: --ctrf|error: unrecognized arguments: --json-report)",
    rf"exec: \"?{_TOOLS}\"?: executable file not found",
)
_SCRIPT = (
    r"\\r': command not found|\^M: bad interpreter|/usr/bin/env: ['‘]\S*\\r['’]",
    r"bad interpreter: No such file or directory",
    (
        r"^(?:bash|/bin/bash|/bin/sh|sh)(?:: line \d+)?: (?:\d+: )?/(?:tests|solution|oracle)/\S+: "
        r"(?:No such file or directory|Permission denied|not found|cannot execute)"
    ),
    r"^(?:bash|sh): \S+run-tests\.sh: No such file or directory",
    r"^/tests/\S+: line \d+: syntax error|^\S+: \d+: Syntax error:",
)
_DISK = (r"No space left on device|Disk quota exceeded",)
_MEMORY = (r"^Killed$|MemoryError$|Cannot allocate memory|out of memory|OOMKilled",)
_NO_TESTS = (
    r"^=* ?no tests ran in [\d.]+s",
    r"(?:^|^collecting \.\.\. *)collected 0 items\s*$",
    r"^ERROR: (?:file or directory )?not found: \S+",
    r"^Ran 0 tests in|NO TESTS RAN",
    r"^No tests found|No test files found|^testing: warning: no tests to run|no test files\]$",
    r"^error: no test target named|^ERROR: usage:|^pytest: error: ",
)
_SIGNS = (
    (Evidence.DISK_FULL, _DISK),
    (Evidence.OUT_OF_MEMORY, _MEMORY),
    (Evidence.NETWORK, _NETWORK),
    (Evidence.INSTALL_FAILED, _INSTALL),
    (Evidence.SCRIPT_UNUSABLE, _SCRIPT),
    (Evidence.NOT_FOUND, _NOT_FOUND),
    (Evidence.NO_TESTS, _NO_TESTS),
)
"""The surest sign first."""
_ANY_SIGN = tuple(pattern for _, patterns in _SIGNS for pattern in patterns)

_ASSERTED = (
    r"^AssertionError\b|^\s*AssertionError(?::|$)",
    r"^(?:\[?(?:FAIL|FAILED|FAILURE)\]?)(?:[:\s!]|$)|^\s*(?:✗|✘|❌)|^not ok\b|^Test .* failed\b",
    r"^(?:diff|cmp): |^Files .* differ$|^\S+ \S+ differ: ",
)


def read_log(
    log: str, report: TestReport, *, oom: bool = False, full: bool = False, known: frozenset[str] = frozenset()
) -> Proof:
    """What the verifier's log and its per-test results show together, the surest sign first.

    `full`: nothing more could be written to the box's disk at the end. `known` are lines that a paid reference's log
    has too: whatever they complain of, the tests ran all the same.
    """
    text = plain(log)
    if report.ran:
        if report.bad:
            failing = report.failing
            return Proof(Evidence.RAN_BAD, f"{failing[0].name}: {failing[0].message}".rstrip(": ") if failing else "")
        if not report.collection_errors:
            return Proof(Evidence.RAN_GOOD)
    if oom:
        return Proof(Evidence.OUT_OF_MEMORY, "the kernel killed a process of the box because memory ran out")
    if report.collection_errors:
        return Proof(Evidence.COLLECTION_ERROR, report.collection_errors[0])
    if any(test.status == "error" for test in report.tests):
        failing = report.failing
        return Proof(Evidence.RAN_BAD, f"{failing[0].name}: {failing[0].message}".rstrip(": "))
    exception, before = _exception(text)
    importing = re.match(r"(?:ModuleNotFoundError|ImportError|SyntaxError|IndentationError)\b", exception)
    # A Python verifier that ends in an exception of its own did run, whatever it printed before.
    looked_at = text[before:] if exception and not importing else text
    for evidence, patterns in _SIGNS:
        line = _first(patterns, looked_at, unless=_LOCAL if evidence is Evidence.NETWORK else "", known=known)
        if line:
            return Proof(evidence, line)
    if report.tally is not None and report.tally.finished and not report.tally.total:
        return Proof(Evidence.NO_TESTS, f"{report.tally.tool} ran no test")
    if report.tally is not None and report.tally.finished and report.tally.skipped and not report.ran:
        return Proof(Evidence.NO_TESTS, f"{report.tally.tool} skipped every test")
    if importing:
        return Proof(Evidence.IMPORT_ERROR, exception)
    if line := exception or _last(_ASSERTED, text):
        return Proof(Evidence.ASSERTED, line)
    if full:
        return Proof(Evidence.DISK_FULL, "nothing more could be written to it when the verifier had ended")
    return Proof(Evidence.NOTHING, _tail(text))


def signs(log: str) -> tuple[str, ...]:
    """Every line of a log that would show that the tests did not run, if there were no surer sign."""
    return tuple(dict.fromkeys(_matching(_ANY_SIGN, plain(log))))[:50]


def solve_trouble(log: str) -> Proof:
    """A sign in a solution's log that the machine or the network made it fail; NOTHING if there is none."""
    text = plain(log)
    if line := _first(_DISK, text):
        return Proof(Evidence.DISK_FULL, line)
    if line := _first(_NETWORK, text, unless=_LOCAL):
        return Proof(Evidence.NETWORK, line)
    if line := _first(_INSTALL, text):
        return Proof(Evidence.INSTALL_FAILED, line)
    return Proof(Evidence.NOTHING)


def _first(patterns: tuple[str, ...], text: str, *, unless: str = "", known: frozenset[str] = frozenset()) -> str:
    for line in _matching(patterns, text):
        if line not in known and not (unless and re.search(unless, line)):
            return line
    return ""


def _last(patterns: tuple[str, ...], text: str) -> str:
    found = _matching(patterns, text)
    return found[-1] if found else ""


def _exception(text: str) -> tuple[str, int]:
    """The last line of the last Python traceback, and the offset at which that traceback begins."""
    start = text.rfind("Traceback (most recent call last):")
    if start < 0:
        return "", 0
    lines = text[start:].splitlines()[1:]
    return next((line.strip()[:300] for line in lines if line and not line.startswith((" ", "\t"))), ""), start


def _matching(patterns: tuple[str, ...], text: str) -> list[str]:
    joined = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return [line.strip()[:300] for line in text.splitlines() if joined.search(line)]


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
