"""Every mutable piece of a solution folder, and that edits change exactly what they say in its real file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutator.generate import generate
from mutator.model import Edit, Source, SourceKind, Unwritable, apply, apply_bytes
from mutator.operators import FAMILIES
from mutator.sources import LARGEST, Skipped, decode, read_sources

SNIPPETS = Path(__file__).parent / "snippets"
NAMES = sorted(path.name for path in SNIPPETS.iterdir())
SCRIPTS = ("solve.sh", "solution.sh", "solution.yaml")


def folder(name: str) -> tuple[dict[str, bytes], str]:
    root = SNIPPETS / name
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    return files, next(script for script in SCRIPTS if script in files)


def listed(source: Source) -> str:
    return f"{source.line}: {source.id} {source.kind} {source.language} {source.target}".rstrip()


def test_the_sources_of_the_snippets_are_exactly_as_listed() -> None:
    expected = (Path(__file__).parent / "sources.txt").read_text()
    lines = []
    for name in (line[1:-1] for line in expected.splitlines() if line.startswith("[")):
        lines.append(f"[{name}]")
        lines += [listed(source) for source in read_sources(*folder(name))]
    assert "\n".join(lines) + "\n" == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_source_written_as_it_is_reads_the_same(name: str) -> None:
    files, script = folder(name)
    for source in read_sources(files, script):
        data = files[source.file]
        assert apply_bytes(data, source.rewrite(())) == data
        for start in range(0, len(source.text), max(len(source.text) // 50, 1)):
            try:
                edits = source.rewrite((Edit(start, start + 1, source.text[start : start + 1]),))
            except Unwritable:
                continue
            again = apply_bytes(data, edits)
            texts = {one.id: one.text for one in read_sources({**files, source.file: again}, script)}
            assert texts[source.id] == source.text


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_an_edit_changes_its_source_and_what_lies_around_it_and_nothing_else(data: st.DataObject) -> None:
    files, script = folder(data.draw(st.sampled_from(NAMES)))
    sources = read_sources(files, script)
    source = data.draw(st.sampled_from(sources))
    words = [(at, at + 1) for at, char in enumerate(source.text) if char.isalpha() and char.isascii()]
    if not words:
        return
    start, end = data.draw(st.sampled_from(words))
    edit = Edit(start, end, data.draw(st.sampled_from(["q", "Z", "qé", "q'", 'q"', "q\\", "q$x", "q`", "q%"])))
    try:
        edits = source.rewrite((edit,))
    except Unwritable:
        return
    changed = apply_bytes(files[source.file], edits)
    root = decode(changed)
    assert root is not None
    # The piece reads as edited wherever it still stands, found by where it begins.
    again = {one.id: one.text for one in read_sources({**files, source.file: changed}, script)}
    if again.keys() == {one.id for one in sources} and source.kind is not SourceKind.REPLACEMENT:
        assert again[source.id] == apply(source.text, (edit,))
        for other in sources:
            if other.file != source.file:
                assert again[other.id] == other.text


def test_every_shell_mutant_of_the_snippets_is_accepted_by_bash() -> None:
    checked = 0
    for name in NAMES:
        files, script = folder(name)
        sources = read_sources(files, script)
        shells = {source.id for source in sources if source.language == "shell" and source.file.endswith(".sh")}
        if not files[script].startswith((b"#!/bin/bash", b"#!/bin/sh")):
            continue
        for mutant in generate(sources, files, FAMILIES):
            if mutant.source in shells and mutant.file == script:
                text = apply_bytes(files[mutant.file], mutant.edits)
                done = subprocess.run(["/bin/bash", "-n"], input=text, capture_output=True, timeout=20)
                assert (done.returncode, done.stderr) == (0, b""), (name, mutant.sentence)
                checked += 1
    assert checked > 200


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(
            st.sampled_from(
                [
                    b"cat > a.py <<EOF\n",
                    b"EOF\n",
                    b"python3 -c '",
                    b"'",
                    b'"',
                    b"$(",
                    b")",
                    b"`",
                    b"\xff",
                    b"\r\n",
                    b"cp ",
                    b"$D/x ",
                    b"/solution/",
                    b"x.patch",
                    b"echo a > ",
                    b"printf '%s\\n' ",
                    b"| tee f\n",
                    b"{ ",
                    b"; }",
                    b"sed -i s/a/b/ f\n",
                    b"<<< ",
                    b"#!/usr/bin/python3\n",
                    b"s.replace('a', 'b\\n')\n",
                    b"--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n",
                    b'bash -c "',
                    b"case x in\n",
                ]
            ),
            max_size=25,
        ).map(b"".join),
    ),
    st.sampled_from(["solve.sh", "solution.yaml", "fix.patch", "x.py"]),
)
def test_arbitrary_bytes_are_read_without_error(data: bytes, where: str) -> None:
    files = {"solve.sh": b"cp /solution/x.py /app; patch < /solution/fix.patch\n", "x.py": b"x = 1\n", where: data}
    script = where if where.startswith("sol") else "solve.sh"
    for source in read_sources(files, script):
        source.rewrite(())
    for mutant in generate(read_sources(files, script), files, FAMILIES):
        assert apply_bytes(files[mutant.file], mutant.edits) != files[mutant.file]


def one(script: str, **siblings: bytes) -> list[Source]:
    return read_sources({"solve.sh": script.encode(), **siblings}, "solve.sh")


@pytest.mark.parametrize(
    ("script", "language", "target"),
    [
        ("sudo -u app tee /etc/a.toml <<E\na = 1\nE\n", "toml", "/etc/a.toml"),
        ("dd of=/app/a.json <<E\n{}\nE\n", "json", "/app/a.json"),
        ("cat <<E | envsubst | sudo tee /etc/nginx/x.conf\nuser a;\nE\n", "nginx", "/etc/nginx/x.conf"),
        ("cat >> ~/.bashrc <<E\nexport A=1\nE\n", "shell", "/root/.bashrc"),
        ("D=/srv; cd $D; cat > a/b.ts <<E\nlet a = 1\nE\n", "typescript", "/srv/a/b.ts"),
        ("X=/app; cat > \"${X}/run\" <<'E'\n#!/usr/bin/env python3\nE\n", "python", "/app/run"),
        ("crontab - <<E\n0 * * * * /x\nE\n", "cron", ""),
        ("timeout 5 python3 - arg <<E\nx = 1\nE\n", "python", ""),
        ("uv run python <<E\nx = 1\nE\n", "python", ""),
        ("su - app -c 'cat > /x' <<E\n[a]\nb = c\nE\n", "shell", ""),
        ("if true; then { cat <<E\na: 1\nE\n} > /app/a.yml; fi\n", "yaml", "/app/a.yml"),
        ("write /app/x.rb <<E\nputs 1\nE\n", "ruby", "/app/x.rb"),
        ("git am <<E\nx\nE\n", "diff", ""),
        ("cat <<E >/app/Dockerfile.dev\nFROM a\nE\n", "dockerfile", "/app/Dockerfile.dev"),
        ('cat <<E > "$(mktemp)"\nSELECT a FROM b;\nE\n', "sql", "$(mktemp)"),
    ],
)
def test_a_heredoc_has_the_language_and_target_of_what_reads_it(script: str, language: str, target: str) -> None:
    source = next(source for source in one(script) if source.label.startswith("heredoc"))
    assert (source.language, source.target) == (language, target)


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        ("cp /solution/a.py /app/", {"a.py": "/app/a.py"}),
        ("cp /solution/a.py /app", {"a.py": "/app/a.py"}),
        ("cp /oracle/a.py /app/main.py", {"a.py": "/app/main.py"}),
        ("cp -r /solution/lib /app/", {"lib/x.py": "/app/lib/x.py", "lib/y/z.json": "/app/lib/y/z.json"}),
        ("cp -r /solution/lib/. /app", {"lib/x.py": "/app/x.py", "lib/y/z.json": "/app/y/z.json"}),
        ("cp -r /solution/lib/* /app/", {"lib/x.py": "/app/x.py", "lib/y/z.json": "/app/y/z.json"}),
        ("rsync -a /solution/lib/ /srv/", {"lib/x.py": "/srv/x.py", "lib/y/z.json": "/srv/y/z.json"}),
        ('cd "$(dirname "$0")" && install -m 755 a.py /usr/bin/tool', {"a.py": "/usr/bin/tool"}),
        ("H=${BASH_SOURCE[0]%/*}; cat $H/a.py > /app/b.py", {"a.py": "/app/b.py"}),
        ("python3 /solution/a.py", {"a.py": "/solution/a.py"}),
        ('python3 -c \'import shutil; shutil.copy("/solution/a.py", "/app")\'', {"a.py": "/solution/a.py"}),
        ("psql -f /solution/lib/y/z.json", {"lib/y/z.json": "/solution/lib/y/z.json"}),
        ("echo nothing", {}),
    ],
)
def test_a_sibling_is_a_source_where_the_script_uses_it(command: str, targets: dict[str, str]) -> None:
    files = {"solve.sh": command.encode() + b"\n", "a.py": b"x = 1\n", "lib/x.py": b"y = 2\n", "lib/y/z.json": b"{}\n"}
    found = {
        source.file: source.target for source in read_sources(files, "solve.sh") if source.kind is SourceKind.SIBLING
    }
    assert found == targets


def test_what_is_left_out_is_told() -> None:
    skipped: list[Skipped] = []
    files = {
        "solve.sh": b"cp /solution/* /app\n",
        "big.py": b"a\n" * (LARGEST // 2 + 1),
        "big.txt": b"a\n" * (LARGEST // 2 + 1),
        "logo.png": b"\x89PNG\0",
    }
    assert [source.file for source in read_sources(files, "solve.sh", skipped=skipped)] == ["solve.sh", "big.txt"]
    assert skipped == [Skipped("logo.png", "binary"), Skipped("big.py", "more than 1,000,000 characters of python")]


def test_a_fragment_of_python_loses_its_indent_and_the_lines_that_belong_outside() -> None:
    program = 's = open("/a.py").read()\ns = s.replace("x", """    elif y:\n        z = 1\n""")\n'
    script = f"python3 <<E\n{program}E\n"
    source = one(script)[-1]
    assert (source.kind, source.text) == (SourceKind.REPLACEMENT, "z = 1\n")
    (edit,) = source.rewrite((Edit(4, 5, "2\nw = 3"),))
    assert edit.new == b"2\n        w = 3"


def test_what_re_sub_writes_between_its_groups_is_a_program() -> None:
    program = 's = open("/a.py").read()\ns = re.sub(r"(def f.*\\n)(.*)", r"\\1    if a:\\n        b()\\n\\g<2>", s)\n'
    source = one(f"python3 <<'E'\n{program}E\n")[-1]
    assert (source.kind, source.language, source.text) == (SourceKind.REPLACEMENT, "python", "if a:\n    b()\n")
    (edit,) = source.rewrite((Edit(10, 13, "c()\n    d()"),))
    assert edit.new == b"c()\\n        d()"


@pytest.mark.parametrize(
    ("path", "language"), [("/app/a.conf", "ini"), ("/app/a.ini", "ini"), ("/app/a", "python"), ("/app/a.py", "python")]
)
def test_bare_assignments_are_settings_where_the_name_is_no_program_s(path: str, language: str) -> None:
    assert one(f"cat > {path} <<'E'\nmax = 20\nname = 'x'\nE\n")[-1].language == language


def test_five_thousand_lines_are_read_in_little_time() -> None:
    part = "cat > /app/m%d.py <<'EOF'\nimport os\n\n\ndef f(x):\n    return x + 1\nEOF\n"
    part += 'cp -r /solution/a /app\nD=/x; cd $D && echo "a $D" >> log.txt\n'
    script = "".join(part % number for number in range(560))
    assert script.count("\n") > 5000
    began = time.process_time()
    sources = one(script)
    assert len(sources) > 1000
    assert time.process_time() - began < 3


def test_what_is_typed_at_an_interpreters_prompt_is_of_its_language() -> None:
    script = "- command: python\n- command: print(1)\n- command: exit()\n- command: ls\n"
    found = read_sources({"solution.yaml": script.encode()}, "solution.yaml")
    assert [source.language for source in found] == ["shell", "python", "python", "shell"]


@pytest.mark.parametrize("script", [b"cp a.py /app/x <a.py\n", b"install -m 755 <a.py\n"])
def test_what_a_command_reads_is_no_operand_of_a_copy(script: bytes) -> None:
    found = read_sources({"solve.sh": script, "a.py": b"x = 1\n"}, "solve.sh", skipped=[])
    assert [source.file for source in found] == ["solve.sh", "a.py"]
