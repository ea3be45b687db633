"""The test functions of test files in Python, shell and JavaScript, each with the leads that its text gives."""

from __future__ import annotations

from collections.abc import Mapping

from harness.testcode.assertions.javascript import read_javascript_tests
from harness.testcode.assertions.lead import TestFunction
from harness.testcode.assertions.python import read_tests
from harness.testcode.assertions.shell import read_shell_checks

_SHELL = (".sh", ".bash", ".bats")
_JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts")


def read_test_files(files: Mapping[str, str]) -> tuple[list[TestFunction], list[str]]:
    """(the test functions, the files that cannot be read). A file in another language is ignored."""
    found, unread = read_tests({name: text for name, text in files.items() if name.endswith(".py")})
    for name, text in files.items():
        if name.endswith(_SHELL):
            found += read_shell_checks(name, text)
        elif name.endswith(_JAVASCRIPT):
            found += read_javascript_tests(name, text)
    return sorted(found, key=lambda one: (one.file, one.line)), unread
