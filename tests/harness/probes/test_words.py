"""A program's words are kept and nothing of them is run: who pays that has only read it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.judging.outcome import Outcome, OutcomeKind
from harness.mutants import Wish, task_mutants
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.words import attempts, findings, words_only
from tests.harness.tasks import harbor

PYTHON = "import sys\n\n\ndef triple(n):\n    return n * 3\n\n\nprint(triple(int(sys.argv[1])))\n"
SHELL = "#!/bin/sh\nset -e\necho \"$1\" | sed 's/a/b/'\n"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", PYTHON),
        ("python", PYTHON.rstrip("\n")),
        ("python", "text = '''a'''\nprint(text)\n"),
        ("python", "print('a\\n')\n"),
        ("shell", SHELL),
        ("shell", "exit 3\n"),
    ],
)
def test_every_line_is_there_and_none_of_it_does_anything(language: str, text: str, tmp_path: Path) -> None:
    said = words_only(text, language)
    assert said is not None
    assert [line for line in text.splitlines() if line not in said.splitlines()] == []
    file = tmp_path / "program"
    file.write_text(said)
    words = [sys.executable if language == "python" else "sh", str(file), "4"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("nginx", "a;\nb;\n", "# a;\n# b;\n"),
        ("go", "package x\n", "/*\npackage x\n*/\n"),
        ("go", "/* said */\n", None),
        ("python", "a = '''b'''\nc = \"\"\"d\"\"\"\n", None),
        ("text", "some words\n", None),
        ("python", " \n", None),
    ],
)
def test_each_language_has_its_own_way_or_none(language: str, text: str, said: str | None) -> None:
    assert words_only(text, language) == said


SOLVE = "#!/bin/bash\ncat > /app/tripled.py <<'EOF'\ndef triple(n):\n    return n * 3\nEOF\n"


@pytest.mark.parametrize(
    ("test", "many"),
    [
        ("assert 'n * 3' in Path('/app/tripled.py').read_text()", 1),
        ("assert triple(2) == 6  # of tripled.py", 0),
        ("assert Path('/app/other.txt').read_text()", 0),
    ],
)
def test_it_is_tried_on_programs_that_the_tests_name_where_they_read_something(
    test: str, many: int, tmp_path: Path
) -> None:
    files = {"tests/test_it.py": f"def test_it():\n    {test}\n", "solution/solve.sh": SOLVE}
    task = harbor(tmp_path / "t", files)
    (step,) = task_mutants(task, Wish(budget=1))
    found = list(attempts(task, step))
    assert len(found) == many
    for one in found:
        assert not one.must_be_paid
        assert b"cat > /app/tripled.py <<'EOF'\nr'''\ndef triple" in one.replacement.files["solve.sh"]


@pytest.mark.parametrize(("kind", "told"), [(OutcomeKind.SURVIVED, True), (OutcomeKind.KILLED, False)])
def test_only_what_is_paid_is_told_with_the_place_where_the_tests_name_it(
    kind: OutcomeKind, told: bool, tmp_path: Path
) -> None:
    task = harbor(tmp_path / "t", {"tests/test_it.py": "def test_it():\n    assert read('/app/tripled.py')\n"})
    attempt = Attempt(Probe.WORDS, "x", "words.python", "it only says", "", path="/app/tripled.py")
    found = list(findings(task, [Attempted(attempt, Outcome(kind))]))
    assert [(one.id, str(one.place)) for one in found] == [("source-read-not-run", "tests/test_it.py:2")] * told
