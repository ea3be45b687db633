"""What the plugin that is carried into a box writes down of each test, with this pytest and with older ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness.trial.watching
from harness.trial.watching.seen import PLUGIN, SeenTest, WatchedTests, read_watched

TESTS = """\
import subprocess
import sys
import unittest
from contextlib import suppress

import pytest


def look_at(number):
    assert number > 0


def test_holds():
    assert 1 + 1 == 2


def test_of_several_lines():
    assert (
        1
        == 1
    ), "said"


def test_returns_early():
    if sys.maxsize > 1:
        return
    assert False


def test_has_nothing_to_go_through():
    for each in []:
        assert each


def test_skips():
    pytest.skip("not today")


def test_catches():
    try:
        assert 1 == 2
    except AssertionError:
        pass


def test_suppresses():
    with suppress(AssertionError):
        assert 1 == 2


def test_tries_again():
    for number in range(3):
        try:
            assert number == 2
        except AssertionError:
            continue


def test_asks_another_function():
    look_at(3)


def test_fails_behind_a_condition():
    if 1 == 2:
        pytest.fail("no")


def test_fails_in_a_handler():
    try:
        int("3")
    except ValueError as error:
        pytest.fail(str(error))


def test_expects_an_error():
    with pytest.raises(ValueError):
        int("x")


def test_runs_a_checked_command():
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_runs_a_command():
    subprocess.run([sys.executable, "-c", ""])


@pytest.fixture(scope="module")
def made():
    assert sys.argv
    return 3


def test_has_a_fixture_that_asserts(made):
    pass


def test_has_it_too(made):
    print(made)


@pytest.mark.parametrize("number", [1, 2])
def test_of_each(number):
    if number == 1:
        return
    assert number


class TestOfUnittest(unittest.TestCase):
    def test_holds(self):
        self.assertEqual(1, 1)

    def test_nothing(self):
        return


@pytest.mark.xfail
def test_is_expected_to_fail():
    assert 0


def test_of_all():
    assert all(number > 0 for number in [1, 2])


def test_fails():
    assert [1] == [2]
"""
LINES = TESTS.splitlines()
NONE, HELD, CAUGHT, CHECKED = "none", "held", "caught", "checked"
EXPECTED = {
    "test_holds": ("passed", HELD),
    "test_of_several_lines": ("passed", HELD),
    "test_returns_early": ("passed", NONE),
    "test_has_nothing_to_go_through": ("passed", NONE),
    "test_skips": ("skipped", NONE),
    "test_catches": ("passed", CAUGHT),
    "test_suppresses": ("passed", CAUGHT),
    "test_tries_again": ("passed", HELD),
    "test_asks_another_function": ("passed", HELD),
    "test_fails_behind_a_condition": ("passed", CHECKED),
    "test_fails_in_a_handler": ("passed", CHECKED),
    "test_expects_an_error": ("passed", CHECKED),
    "test_runs_a_checked_command": ("passed", CHECKED),
    "test_runs_a_command": ("passed", NONE),
    "test_has_a_fixture_that_asserts": ("passed", HELD),
    "test_has_it_too": ("passed", CHECKED),
    "test_of_each[1]": ("passed", NONE),
    "test_of_each[2]": ("passed", HELD),
    "TestOfUnittest::test_holds": ("passed", CHECKED),
    "TestOfUnittest::test_nothing": ("passed", NONE),
    "test_is_expected_to_fail": ("xfailed", CAUGHT),
    "test_of_all": ("passed", HELD),
    "test_fails": ("failed", CAUGHT),
}


def kind(test: SeenTest) -> str:
    assert test.reached_none == (not test.passed and not test.failed and not test.checks)
    return HELD if test.passed else CAUGHT if test.failed else CHECKED if test.checks else NONE


def look(folder: Path, text: str, *options: str, packages: str = "", plugin: bool = True) -> tuple[WatchedTests, str]:
    """(what was told, pytest's own closing line)."""
    folder.mkdir(exist_ok=True)
    (folder / "test_sample.py").write_text(text)
    told = folder / "told"
    paths = [str(Path(harness.trial.watching.__file__).parent), packages]
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # what this environment has may be too new for an old pytest
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        **({"PYTEST_PLUGINS": PLUGIN, "FOOLSGOLD_LOOK": str(told)} if plugin else {}),
    }
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *options]
    words += ["-c", "/dev/null", "--rootdir", str(folder), str(folder / "test_sample.py")]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, cwd=folder)
    closing = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    return read_watched(told.read_bytes() if told.exists() else None, ""), closing.partition(" in ")[0]


def told(found: WatchedTests) -> dict[str, tuple[str, str]]:
    return {test.name.partition("::")[2]: (test.outcome, kind(test)) for test in found.tests}


def test_of_each_test_it_is_told_what_it_reached_and_how_it_ended(tmp_path: Path) -> None:
    found, closing = look(tmp_path / "with", TESTS)
    assert (found.begun, found.trouble) == (True, "")
    assert told(found) == EXPECTED
    by_name = {test.name.partition("::")[2]: test for test in found.tests}
    early = by_name["test_returns_early"]
    assert LINES[early.line - 1] == "def test_returns_early():"
    assert LINES[early.ended - 1].strip() == "return"
    assert [LINES[line - 1].strip() for line in early.own] == ["assert False"]
    skipped = by_name["test_skips"]
    assert skipped.why == "Skipped: not today"
    assert LINES[int(skipped.at.rpartition(":")[2]) - 1].strip() == 'pytest.skip("not today")'
    assert [LINES[one.line - 1].strip() for one in by_name["test_catches"].failed] == ["assert 1 == 2"]
    # The plugin changes no result.
    assert look(tmp_path / "without", TESTS, plugin=False) == (read_watched(None, ""), closing)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("version", ["6.2.5", "7.4.4", "8.4.2"])
def test_older_versions_of_pytest_tell_the_same(tmp_path: Path, version: str) -> None:
    packages = tmp_path / "packages"
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", str(packages), f"pytest=={version}"]
    subprocess.run(install, check=True, capture_output=True)
    found, _ = look(tmp_path / "tests", TESTS, packages=str(packages))
    assert found.pytest == version
    assert told(found) == EXPECTED


def test_assertions_of_helpers_above_the_tests_count(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "helpers.py").write_text("def look_at(number):\n    assert number > 0\n")
    (tests / "conftest.py").write_text("import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\n")
    text = "from helpers import look_at\n\n\ndef test_a():\n    look_at(1)\n"
    found, _ = look(tests / "unit", text, "--confcutdir", str(tests))
    assert told(found) == {"test_a": ("passed", HELD)}


def test_a_test_file_that_is_no_python_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("def test_a(:\n")
    found, _ = look(tmp_path, "def test_b():\n    assert True\n", "--continue-on-collection-errors", str(tmp_path))
    assert told(found) == {"test_b": ("passed", HELD)}


@given(st.binary() | st.text().map(str.encode))
def test_nothing_that_a_box_says_is_more_than_left_out(data: bytes) -> None:
    found = read_watched(data, "")
    assert isinstance(found, WatchedTests)


SIMPLE = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats()
WORDS = SIMPLE | st.lists(SIMPLE | st.lists(SIMPLE, max_size=3), max_size=3)
KEYS = (
    "name",
    "file",
    "line",
    "own",
    "outcome",
    "why",
    "at",
    "passed",
    "failed",
    "checks",
    "ended",
    "begun",
    "trouble",
)


@given(st.dictionaries(st.sampled_from(KEYS), WORDS))
def test_nor_is_json_of_any_other_shape(said: dict[str, object]) -> None:
    for test in read_watched(json.dumps(said).encode(), "").tests:
        assert isinstance(test.name, str)
        assert all(line.line >= 0 for line in test.passed)
