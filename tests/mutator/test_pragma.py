"""`foolsgold: skip` and `no mutate`, in the comments of every language that has any."""

from __future__ import annotations

import pytest

from mutator.generate import Tally, generate
from mutator.model import Mutant
from mutator.operators import FAMILIES
from mutator.pragma import protected
from mutator.sources import read_sources

LINES = {
    "py": ("LIMIT = 10", "# {}", "OTHER = 20"),
    "sh": ("cp -r /a /b", "# {}", "cp -r /c /d"),
    "nginx": ("keepalive_timeout 65;", "# {}", "client_max_body_size 2m;"),
    "yaml": ("limit: 10", "# {}", "other: 20"),
    "toml": ("limit = 10", "# {}", "other = 20"),
    "ini": ("limit = 10", "; {}", "other = 20"),
    "env": ("LIMIT=10", "# {}", "OTHER=20"),
    "service": ("[Service]\nRestartSec=5", "# {}", "User=app\nTimeoutSec=3"),
    "cron": ("5 * * * * root /a", "# {}", "6 * * * * root /b"),
    "dockerfile": ("FROM a", "# {}", "COPY a /b"),
    "js": ("const limit = 10;", "// {}", "const other = 20;"),
    "ts": ("const limit: number = 10;", "/* {} */", "const other: number = 20;"),
    "tsx": ("const limit: number = 10;", "// {}", "const other: number = 20;"),
    "go": ("package p\nvar limit = 10", "// {}", "var other = 20"),
    "rs": ("const LIMIT: i32 = 10;", "// {}", "const OTHER: i32 = 20;"),
    "c": ("int limit = 10;", "/* {} */", "int other = 20;"),
    "cpp": ("#include <map>\nint limit = 10;", "// {}", "int other = 20;"),
    "java": ("class A {\n  int limit = 10;", "/* {} */", "  int other = 20;\n}"),
    "rb": ("limit = 10", "# {}", "other = 20"),
    "pl": ("my $limit = 10;", "# {}", "my $other = 20;"),
    "sql": ("SELECT a FROM b WHERE c > 1;", "-- {}", "SELECT d FROM e WHERE f > 2;"),
    "awk": ("$1 > 10 { print $2 }", "# {}", "$3 > 20 { print $4 }"),
}


def mutants_of(script: str, tally: Tally | None = None) -> list[Mutant]:
    files = {"solve.sh": script.encode()}
    return list(generate(read_sources(files, "solve.sh"), files, FAMILIES, tally=tally))


def of_file(body: str, extension: str) -> tuple[list[Mutant], int]:
    """The mutants within /app/x.EXTENSION, and how many a pragma took."""
    tally = Tally()
    path = "/app/Dockerfile" if extension == "dockerfile" else f"/app/x.{extension}"
    made = mutants_of(f"#!/bin/bash\ncat > {path} <<'EOF'\n{body}EOF\n", tally)
    return [each for each in made if each.target == path], sum(each.skipped for each in tally.operators.values())


@pytest.mark.parametrize("words", ["foolsgold: skip", "no mutate", "pragma: no mutate"])
@pytest.mark.parametrize("extension", LINES)
def test_a_pragma_protects_its_line_in_every_language(extension: str, words: str) -> None:
    line, comment, other = LINES[extension]
    plain = {each.after for each in of_file(f"{line}\n{other}\n", extension)[0] if each.before in line}
    assert plain, "the line has mutants without a pragma"
    marked, skipped = of_file(f"{line}  {comment.format(words)}\n{other}\n", extension)
    last = line.split("\n")[-1]
    assert [each for each in marked if each.before.startswith(last)] == []
    assert skipped > 0
    assert [each for each in marked if each.before in other]


@pytest.mark.parametrize("extension", LINES)
def test_a_pragma_on_a_line_of_its_own_protects_the_next(extension: str) -> None:
    line, comment, other = LINES[extension]
    *head, last = line.split("\n")
    indent = last[: len(last) - len(last.lstrip())]
    body = "\n".join([*head, indent + comment.format("foolsgold: skip"), last, other]) + "\n"
    marked, skipped = of_file(body, extension)
    assert [each for each in marked if each.before == last] == []
    assert skipped > 0
    assert [each for each in marked if each.before in other]


BLOCKS = {
    "py": "def f(a):  # no mutate\n    if a > 1:\n        return a + 1\n    return 2\n\ndef g(b):\n    return b + 1\n",
    "js": "function f(a) { // no mutate\n  return a + 1;\n}\nfunction g(b) {\n  return b + 1;\n}\n",
    "c": "// no mutate\nint f(int a)\n{\n    return a + 1;\n}\nint g(int b)\n{\n    return b + 1;\n}\n",
    "sh": "f() { # no mutate\n  cp -r a b\n}\ng() {\n  cp -r c d\n}\n",
    "nginx": "# foolsgold: skip\nevents {\n    worker_connections 10;\n}\nhttp {\n    keepalive_timeout 65;\n}\n",
    "yaml": "a:  # no mutate\n  b: 1\n  c: 2\nd:\n  e: 3\n",
    "rb": "def f(a) # no mutate\n  a + 1\nend\ndef g(b)\n  b + 1\nend\n",
}


@pytest.mark.parametrize("extension", BLOCKS)
def test_a_pragma_where_a_block_begins_protects_the_block_and_no_more(extension: str) -> None:
    body = BLOCKS[extension]
    marked, skipped = of_file(body, extension)
    free = body.count("\n", 0, max(body.find("def g"), body.find("function g"), body.find("int g"), body.find("g() {"),
                                   body.find("http"), body.find("d:\n")))  # fmt: skip
    first = 3 + free  # the heredoc begins on the script's third line
    assert skipped > 0
    assert marked
    assert [each for each in marked if each.line < first] == []


def test_a_pragma_beside_a_command_protects_the_body_of_its_heredoc_and_nothing_after_it() -> None:
    script = (
        "cat > /app/a.json <<'EOF'  # foolsgold: skip\n{\"a\": 1}\nEOF\ncat > /app/b.json <<'EOF'\n{\"b\": 2}\nEOF\n"
    )
    sources = {each.source for each in mutants_of(script) if each.target != "/solution/solve.sh"}
    assert sources == {"solve.sh:heredoc:/app/b.json"}


def test_a_step_is_still_dropped_whole_where_only_a_part_of_it_is_protected() -> None:
    script = "cat > /app/a.py <<'EOF'\ndef f():\n    a()  # no mutate\n    return b()\nEOF\ntrue\n"
    found = {each.operator for each in mutants_of(script)}
    assert {"shell.drop-step", "python.function-hollow"} <= found
    assert not [
        each for each in mutants_of(script) if each.before.strip().startswith("a()") and "\n" not in each.before
    ]


@pytest.mark.parametrize("text", ["a mutation, no mutated text", "# nothing to mutate", "x = 'foolsgold skip'"])
def test_other_words_are_no_pragma(text: str) -> None:
    assert not protected(text)


def test_a_pragma_in_a_program_inside_quotes_protects_there() -> None:
    script = "python3 -c 'x = 10  # no mutate\nprint(x > 20)'\n"
    lines = {each.before for each in mutants_of(script) if each.source.endswith("inline:python")}
    assert lines == {"print(x > 20)"}
