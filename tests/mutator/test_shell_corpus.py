"""Every mutant of shell in many styles, against `bash -n`; and the reading of its nesting, against the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mutator.generate import generate
from mutator.model import apply_bytes
from mutator.operators import FAMILIES
from mutator.shell.syntax import balanced, read_shell
from mutator.sources import read_sources
from tests.mutator.shell_corpus import PIECES, script

TEXTS = (*PIECES, *(script(seed) for seed in range(50)))


@pytest.fixture
def bash_reads(tmp_path: Path) -> object:
    """Whether bash takes a script without a word. From a file: it reads a pipe byte by byte."""
    path = tmp_path / "script.sh"

    def reads(data: bytes) -> bool:
        path.write_bytes(data)
        done = subprocess.run(["bash", "-O", "extglob", "-n", str(path)], capture_output=True, timeout=60)
        return done.returncode == 0 and done.stderr == b""

    return reads


@pytest.mark.parametrize("text", TEXTS)
def test_bash_reads_every_mutant_of_what_it_reads(text: str, bash_reads: object) -> None:
    assert callable(bash_reads)
    files = {"solve.sh": text.encode()}
    assert bash_reads(files["solve.sh"])
    mutants = generate(read_sources(files, "solve.sh"), files, FAMILIES)
    torn = [one for one in mutants if not bash_reads(apply_bytes(files["solve.sh"], one.edits))]
    assert [(one.operator, one.before, one.after) for one in torn] == []


@pytest.mark.parametrize("text", TEXTS)
def test_what_bash_reads_closes_what_it_opens(text: str) -> None:
    assert balanced(text)
    assert read_shell(text).nesting.starts


@pytest.mark.parametrize(
    "text",
    [
        "echo 'a",
        'echo "a',
        "echo `a",
        "echo $(a",
        "( a",
        "a )",
        "{ a; ",
        "if a; then b",
        "a; fi",
        "case a in b) c;;",
        "for a in b; do c",
        "while a; do b; fi; done",
        "if a; then { b; fi; }",
        'x="`a',
        "f() { if a; then b; }",
    ],
)
def test_what_is_left_open_or_closed_twice_is_not_balanced(text: str) -> None:
    assert not balanced(text)


def test_a_command_read_with_other_quotes_than_the_shell_s_has_no_mutants_of_its_own() -> None:
    text = 'a="`which "$1"`"\ncp x y\nb="`wc -l < "$2"`"\nchmod 755 y\n'
    files = {"solve.sh": text.encode()}
    for mutant in generate(read_sources(files, "solve.sh"), files, FAMILIES):
        assert mutant.before.count("\n") == 0, (mutant.operator, mutant.before, mutant.after)
