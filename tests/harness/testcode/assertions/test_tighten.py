"""Loose assertions are rewritten in place, and write down what they look at when they run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import harness.trial.watching
from harness.testcode.assertions import read_test_files
from harness.testcode.assertions.lead import LeadKind
from harness.testcode.assertions.tighten import Asks, Tightening, tightened
from harness.trial.watching.noted import PLUGIN, Notes, read_notes

NAME = "test_sample.py"


def rewritten(text: str) -> tuple[str, list[Tightening]]:
    files = {NAME: textwrap.dedent(text)}
    tests, unread = read_test_files(files)
    assert unread == []
    written, made = tightened(tests, files)
    return written.get(NAME, ""), made


def run(folder: Path, text: str, *, plugin: bool = True) -> tuple[Notes, str]:
    """(what was written down, pytest's own closing line)."""
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_text(text)
    told = folder / "told"
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(Path(harness.trial.watching.__file__).parent),
        **({"PYTEST_PLUGINS": PLUGIN, "FOOLSGOLD_LOOK": str(told)} if plugin else {}),
    }
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "-c", "/dev/null"]
    words += ["--rootdir", str(folder), str(folder / NAME)]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, cwd=folder)
    closing = done.stdout.strip().splitlines()[-1].partition(" in ")[0]
    return read_notes(told.read_bytes() if told.exists() else None, ""), closing


CASES: dict[str, tuple[str, LeadKind, Asks, tuple[str, ...]]] = {
    "a status": (
        """
        def test_it():
            status = 503
            assert status in (200, 503)
        """,
        LeadKind.LENIENT_STATUS,
        Asks.STATUS,
        ("503",),
    ),
    "a status by or, in a loop": (
        """
        def test_it():
            for status in (200, 200, 503):
                assert status == 200 or status == 503
        """,
        LeadKind.LENIENT_STATUS,
        Asks.STATUS,
        ("200", "503"),
    ),
    "a word in the output": (
        """
        def test_it():
            output = "sum: 5\\nmean: 2\\nsum of all\\n"
            assert "sum" in (
                output
            ), "no sum"
        """,
        LeadKind.LOOSE_SUBSTRING,
        Asks.LINES,
        ("sum: 5\nsum of all",),
    ),
    "one of several words": (
        """
        def test_it():
            output = "all is well\\nnothing else"
            assert "fine" in output or "well" in output
        """,
        LeadKind.EITHER_SUBSTRING,
        Asks.LINES,
        ("", "all is well"),
    ),
    "any of several words": (
        """
        def test_it():
            output = "all is well\\nnothing else"
            assert any(word in output for word in ("fine", "well", "else"))
        """,
        LeadKind.EITHER_SUBSTRING,
        Asks.LINES,
        ("", "all is well"),
    ),
    "what is there": (
        """
        from pathlib import Path
        import os.path
        def test_it():
            assert Path("made.txt").exists()
            assert os.path.isfile("made.txt") and Path("made.txt").is_file()
        """,
        LeadKind.EXISTENCE_ONLY,
        Asks.CONTENTS,
        ("3 apples\n",),
    ),
    "what is not empty": (
        """
        def test_it():
            rows = [1, 2]
            assert rows is not None
            assert len(rows) > 0
        """,
        LeadKind.EXISTENCE_ONLY,
        Asks.CONTENTS,
        ("[1, 2]",),
    ),
    "a wide tolerance": (
        """
        def test_it():
            found = 2.5
            assert abs(found - 2) <= 10
        """,
        LeadKind.WIDE_TOLERANCE,
        Asks.NUMBER,
        ("2.5",),
    ),
    "a wide approximation": (
        """
        import pytest
        def test_it():
            found = 2.5
            assert found == pytest.approx(2, rel=0.9)
        """,
        LeadKind.WIDE_TOLERANCE,
        Asks.NUMBER,
        ("2.5",),
    ),
    "a command that nobody looks at": (
        """
        import subprocess, sys
        def test_it():
            subprocess.run(
                [sys.executable, "-c", "raise SystemExit(3)"],
            )
            assert 1 + 1 == 2
        """,
        LeadKind.UNUSED_RESULT,
        Asks.ENDED,
        ("3",),
    ),
    "an assertion that is caught": (
        """
        def test_it():
            try:
                assert 1 == 2
            except AssertionError:
                pass
        """,
        LeadKind.SWALLOWED,
        Asks.HOLDS,
        ("false",),
    ),
    "a class, and a line with letters of several bytes": (
        """
        class TestOfAll:
            def test_it(self):
                é, output = "ä", "größe: 5"; assert "größe" in output
        """,
        LeadKind.LOOSE_SUBSTRING,
        Asks.LINES,
        ("größe: 5",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_loose_assertion_writes_down_what_it_looks_at_and_its_test_ends_as_before(case: str, tmp_path: Path) -> None:
    text, kind, asks, values = CASES[case]
    written, made = rewritten(text)
    [one] = [each for each in made if each.lead.kind is kind]
    assert one.asks is asks
    plain = textwrap.dedent(text)
    assert written.count("\n") == plain.count("\n")
    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "made.txt").write_text("3 apples\n")
    notes, closing = run(tmp_path / "with", written)
    assert closing == run(tmp_path / "without", plain, plugin=False)[1] == "1 passed"
    assert notes.begun
    [noted] = [each for each in notes.noted if each.number == one.number]
    assert noted.values == values
    assert list(notes.values()) == [("", noted.test, number) for number in sorted({each.number for each in made})]


@pytest.mark.parametrize(
    "text",
    [
        "def test_it():\n    assert True\n",
        "def test_it():\n    print(1)\n",
        "import shutil\ndef test_it():\n    assert shutil.which('tool')\n",
        "def test_it():\n    assert 'a' == 'a'\n",
        "import os\ndef test_it():\n    if os.path.exists('a'):\n        return\n    assert open('b').read() == 'b'\n",
    ],
)
def test_what_only_a_person_can_tighten_is_left_as_it_is(text: str) -> None:
    assert rewritten(text) == ("", [])


def test_a_test_that_fails_tells_no_values(tmp_path: Path) -> None:
    written, _ = rewritten("def test_it():\n    output = 'a b'\n    assert 'a' in output\n    assert output == 'c'\n")
    notes, closing = run(tmp_path, written)
    assert closing == "1 failed"
    assert notes.noted != ()
    assert notes.values() == {}


def test_two_leads_on_one_assertion_are_both_written_down(tmp_path: Path) -> None:
    text = "def test_it():\n    out, status = 'ok', 0\n    assert ('ok' in out or 'done' in out) and status in (0, 1)\n"
    written, made = rewritten(text)
    assert {one.lead.kind for one in made} == {LeadKind.EITHER_SUBSTRING, LeadKind.LENIENT_STATUS}
    notes, closing = run(tmp_path, written)
    assert closing == "1 passed"
    assert sorted(values for values in notes.values().values()) == [("0",), ("ok",)]


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"test": 3}', b'{"test": "a", "number": true, "value": "x"}', b'{"test": "a", "number": 1}']
)
def test_what_a_box_makes_up_is_left_out(line: bytes) -> None:
    assert read_notes(line + b"\n", "") == Notes(False)


def test_a_test_counts_as_passed_only_where_no_phase_of_it_failed() -> None:
    said = b"".join(b'{"test": "a", "outcome": "%s"}\n' % word for word in (b"passed", b"failed"))
    assert read_notes(said, "").passed == ()
    assert read_notes(b'{"begun": true}\n{"test": "a", "outcome": "passed"}\n', "s").passed == (("s", "a"),)
