from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.verifier.log import Evidence, read_log, signs, solve_trouble
from harness.verifier.test_report import NOTHING, parse_text

PYTEST_FAILED = """============================= test session starts ==============================
collected 2 items

../tests/test_outputs.py .F                                              [100%]

=================================== FAILURES ===================================
_________________________________ test_sorted __________________________________
    def test_sorted():
>       assert read() == sorted(read())
E       AssertionError: assert [3, 1] == [1, 3]

../tests/test_outputs.py:12: AssertionError
=========================== short test summary info ============================
FAILED ../tests/test_outputs.py::test_sorted - AssertionError: assert [3, 1] ...
========================= 1 failed, 1 passed in 0.03s ==========================
"""
COLLECTION = """collected 0 items / 1 error

==================================== ERRORS ====================================
____________________ ERROR collecting tests/test_outputs.py ____________________
ImportError while importing test module '/tests/test_outputs.py'.
tests/test_outputs.py:3: in <module>
    from app.resolver import resolve
E   ModuleNotFoundError: No module named 'app.resolver'
=========================== short test summary info ============================
ERROR tests/test_outputs.py
=============================== 1 error in 0.08s ===============================
"""
UVX_OFFLINE = """curl: (6) Could not resolve host: astral.sh
/tests/test.sh: line 4: /root/.local/bin/env: No such file or directory
/tests/test.sh: line 6: uvx: command not found
"""
UV_INDEX = """  x Failed to resolve tool requirement
error: Failed to fetch: `https://pypi.org/simple/pytest/`
  Caused by: error sending request for url (https://pypi.org/simple/pytest/)
  Caused by: dns error
"""
PIP_OFFLINE = """WARNING: Retrying after connection broken by 'NewConnectionError: Temporary failure in name resolution'
ERROR: Could not find a version that satisfies the requirement pytest (from versions: none)
ERROR: No matching distribution found for pytest
/usr/bin/python3: No module named pytest
"""
APT_OFFLINE = """Err:1 http://packages.example/debian bookworm InRelease
  Temporary failure resolving 'packages.example'
E: Unable to locate package curl
"""
LOCAL_DOWN = """Traceback (most recent call last):
  File "/tests/check.py", line 9, in <module>
    raise ConnectionError("HTTPConnectionPool(host='localhost', port=8080): Failed to establish a new connection")
ConnectionError: HTTPConnectionPool(host='localhost', port=8080): Failed to establish a new connection
"""
PLAIN_ASSERT = """Traceback (most recent call last):
  File "/tests/verify.py", line 4, in <module>
    assert total == 10, total
AssertionError: 7
"""
PLAIN_IMPORT = """Traceback (most recent call last):
  File "/tests/verify.py", line 1, in <module>
    import requests
ModuleNotFoundError: No module named 'requests'
"""


@pytest.mark.parametrize(
    ("log", "evidence", "says"),
    [
        (PYTEST_FAILED, Evidence.RAN_BAD, "AssertionError: assert [3, 1] == [1, 3]"),
        ("=== 3 passed in 0.10s ===\n", Evidence.RAN_GOOD, ""),
        ("E: Unable to locate package foo\n=== 3 passed in 0.10s ===\n", Evidence.RAN_GOOD, ""),
        (UVX_OFFLINE + PYTEST_FAILED, Evidence.RAN_BAD, "test_sorted"),
        (COLLECTION, Evidence.COLLECTION_ERROR, "No module named 'app.resolver'"),
        ("=== 1 passed, 1 error in 0.1s ===\n", Evidence.RAN_BAD, ""),
        (UVX_OFFLINE, Evidence.NETWORK, "Could not resolve host: astral.sh"),
        (UV_INDEX, Evidence.NETWORK, "error sending request"),
        (PIP_OFFLINE, Evidence.NETWORK, "name resolution"),
        (APT_OFFLINE, Evidence.NETWORK, "Temporary failure resolving"),
        ("npm error code EAI_AGAIN\nnpm error syscall getaddrinfo\n", Evidence.NETWORK, "EAI_AGAIN"),
        ("go: dial tcp: lookup proxy.golang.org on 8.8.8.8:53: i/o timeout\n", Evidence.NETWORK, "lookup"),
        ("curl: (60) SSL certificate problem: self-signed certificate\n", Evidence.NETWORK, "curl: (60)"),
        ("error: externally-managed-environment\n", Evidence.INSTALL_FAILED, "externally-managed"),
        ("ERROR: No matching distribution found for pytest==99\n", Evidence.INSTALL_FAILED, "pytest==99"),
        ("E: Unable to locate package python3-pytset\n", Evidence.INSTALL_FAILED, "pytset"),
        ("/tests/test.sh: line 3: pytest: command not found\n", Evidence.NOT_FOUND, "pytest"),
        ("/usr/bin/python3: No module named pytest\n", Evidence.NOT_FOUND, "pytest"),
        ("bash: line 1: uvx: command not found\n", Evidence.NOT_FOUND, "uvx"),
        ("/usr/bin/env: 'python': No such file or directory\n", Evidence.NOT_FOUND, "python"),
        ("pytest: error: unrecognized arguments: --ctrf\n", Evidence.NOT_FOUND, "--ctrf"),
        ("bash: line 1: /tests/test.sh: Permission denied\n", Evidence.SCRIPT_UNUSABLE, "Permission denied"),
        ("bash: line 1: /tests/test.sh: No such file or directory\n", Evidence.SCRIPT_UNUSABLE, "test.sh"),
        ("/tests/test.sh: line 2: $'\\r': command not found\n", Evidence.SCRIPT_UNUSABLE, "command not found"),
        ("/tests/test.sh: /bin/bash^M: bad interpreter: No such file or directory\n", Evidence.SCRIPT_UNUSABLE, "^M"),
        ("/tests/test.sh: line 9: syntax error near unexpected token `fi'\n", Evidence.SCRIPT_UNUSABLE, "syntax"),
        ("collected 0 items\n\n=== no tests ran in 0.01s ===\n", Evidence.NO_TESTS, "collected 0 items"),
        ("ERROR: file or directory not found: /tests/test_x.py\n", Evidence.NO_TESTS, "not found: /tests"),
        ("collected 3 items\n\n=== 3 skipped in 0.01s ===\n", Evidence.NO_TESTS, "skipped every test"),
        ("=== 3 deselected in 0.01s ===\n", Evidence.NO_TESTS, "ran no test"),
        ("NO TESTS RAN\nRan 0 tests in 0.000s\n", Evidence.NO_TESTS, ""),
        ("OSError: [Errno 28] No space left on device\n", Evidence.DISK_FULL, "No space left"),
        ("/tests/test.sh: line 3:    12 Killed                  pytest\nKilled\n", Evidence.OUT_OF_MEMORY, "Killed"),
        (PLAIN_ASSERT, Evidence.ASSERTED, "AssertionError: 7"),
        (PLAIN_IMPORT, Evidence.IMPORT_ERROR, "requests"),
        (LOCAL_DOWN, Evidence.ASSERTED, "localhost"),
        ("no way out: [Errno 101] Network is unreachable\n" + PLAIN_ASSERT, Evidence.ASSERTED, "AssertionError: 7"),
        (UVX_OFFLINE + "FAIL\n", Evidence.NETWORK, "astral.sh"),
        (PIP_OFFLINE + PLAIN_IMPORT, Evidence.NETWORK, "name resolution"),
        ("curl: (7) Failed to connect to localhost port 80\nFAIL: no answer\n", Evidence.ASSERTED, "FAIL"),
        ("diff: /app/out.txt: No such file or directory\n", Evidence.ASSERTED, "/app/out.txt"),
        ("\x1b[31mFAIL\x1b[0m output differs\n", Evidence.ASSERTED, "output differs"),
        ("", Evidence.NOTHING, ""),
        ("starting\ndone\n", Evidence.NOTHING, "done"),
        ("Connection refused by the server under test\n", Evidence.NOTHING, ""),
    ],
)  # fmt: skip
def test_a_verifiers_log_proves(log: str, evidence: Evidence, says: str) -> None:
    proof = read_log(log, parse_text(log))
    assert proof.evidence is evidence
    assert says in proof.line


def test_a_full_disk_is_evidence_where_nothing_else_says_why() -> None:
    assert read_log("", NOTHING, full=True).evidence is Evidence.DISK_FULL
    assert read_log("starting\ndone\n", NOTHING, full=True).evidence is Evidence.DISK_FULL
    assert read_log(PLAIN_ASSERT, NOTHING, full=True).evidence is Evidence.ASSERTED
    assert read_log(PYTEST_FAILED, parse_text(PYTEST_FAILED), full=True).evidence is Evidence.RAN_BAD


def test_the_kernel_killing_for_memory_is_evidence_where_no_test_ran() -> None:
    assert read_log("", NOTHING, oom=True).evidence is Evidence.OUT_OF_MEMORY
    ran = parse_text(PYTEST_FAILED)
    assert read_log(PYTEST_FAILED, ran, oom=True).evidence is Evidence.RAN_BAD


@pytest.mark.parametrize(
    ("log", "evidence"),
    [
        ("", Evidence.NOTHING),
        ("AssertionError\nTraceback (most recent call last):\n", Evidence.NOTHING),
        (APT_OFFLINE, Evidence.NETWORK),
        ("E: Unable to locate package nginx\n", Evidence.INSTALL_FAILED),
        ("tar: /app/x: Cannot write: No space left on device\n", Evidence.DISK_FULL),
        ("curl: (7) Failed to connect to 127.0.0.1 port 80: Connection refused\n", Evidence.NOTHING),
    ],
)
def test_a_solutions_log_shows_what_the_machine_did_to_it(log: str, evidence: Evidence) -> None:
    assert solve_trouble(log).evidence is evidence


def test_a_complaint_that_a_paid_reference_has_too_proves_nothing() -> None:
    log = "E: Unable to locate package fancy\nFAIL: 3 of 5\n"
    assert read_log(log, NOTHING).evidence is Evidence.INSTALL_FAILED
    known = frozenset(signs("E: Unable to locate package fancy\nPASS\n"))
    assert read_log(log, NOTHING, known=known).evidence is Evidence.ASSERTED
    other = "E: Unable to locate package plain\n" + log
    assert read_log(other, NOTHING, known=known).evidence is Evidence.INSTALL_FAILED


@given(st.text(max_size=400))
def test_no_log_makes_the_reader_raise(log: str) -> None:
    read_log(log, parse_text(log))
    solve_trouble(log)
