"""Shell mutants against the shell's own parser, on scripts put together at random and on arbitrary text."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutator.model import Tier, apply
from mutator.operators.shell import FAMILY
from mutator.shell.syntax import heredocs

SIMPLE = st.sampled_from(
    [
        "cp -r src /app",
        "chmod 755 /app/run.sh",
        "chown -R www-data:www-data /srv",
        "sed -i 's/a/b/' /etc/x.conf",
        "service nginx start",
        "python3 /app/server.py --port 8080 > /tmp/log 2>&1 &",
        "sort data.txt | uniq -c | head -n 3 > out.txt",
        "[ -f a ] && rm a || exit 1",
        'export PATH="/opt/bin:$PATH"',
        "X=$((X + 1)); echo $X",
        "cat > f.txt <<'EOF'\nline one\n  EOF\nfi\nEOF",
        "cat <<-E | sudo tee /etc/y >/dev/null &&\n\t$HOME \\$x\n\tE\nchmod 600 /etc/y",
        "cat <<A; cat <<'B' > z\na\nA\nb )\nB",
        "(crontab -l; echo '* * * * * /run') | crontab -",
        "V=$(grep -c x f | tr -d ' ')",
        "npm install \\\n  --no-dev \\\n  left",
        "case $1 in\n  --dry-run) D=1; shift;;\n  -v|--verbose)\n    V=1\n    ;;\n  *) exit 2;;\nesac",
        "# only a comment",
        "[[ $a == b && $c -gt 3 ]] || { echo no; exit 1; }",
        "echo 'it''s' \"a $(date) b\"",
    ]
)
SEPARATOR = st.sampled_from(["\n", "\n", "\n\n", "\n# note\n"])


def _indent(text: str) -> str:
    return text if "<<" in text else "\n".join(f"  {line}" if line else line for line in text.split("\n"))


def _block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(inner, min_size=1, max_size=3).map(lambda parts: "\n".join(map(_indent, [*parts, ":"])))
    return st.one_of(
        bodies.map(lambda body: f"if [ -d /app ]; then\n{body}\nelse\n{body}\nfi"),
        bodies.map(lambda body: f"for f in a b; do\n{body}\ndone"),
        bodies.map(lambda body: f"while read -r l; do\n{body}\ndone < in.txt > out.txt"),
        bodies.map(lambda body: f"run() {{\n{body}\n}}"),
        bodies.map(lambda body: f"(\n{body}\n)"),
        bodies.map(lambda body: f"{{\n{body}\n}} >> all.log"),
        bodies.map(lambda body: f"for ((i=0; i<3; i++)); do\n{body}\ndone"),
    )


SCRIPTS = st.lists(st.recursive(SIMPLE, _block, max_leaves=4), min_size=1, max_size=6).flatmap(
    lambda parts: SEPARATOR.map(lambda mark: "#!/bin/bash\nset -e\n" + mark.join(parts) + "\n")
)


def accepted(script: str) -> bool:
    """By the shell itself, without running anything."""
    return subprocess.run(["/bin/bash", "-n"], input=script.encode(), capture_output=True, timeout=20).returncode == 0


def mutants(text: str) -> list[tuple[str, str]]:
    tree = FAMILY.parse(text, "shell")
    if tree is None:
        return []
    return [
        (operator.id, apply(text, candidate.edits))
        for operator in FAMILY.operators
        for candidate in operator.propose(tree)
        if FAMILY.valid(tree, candidate)
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCRIPTS)
def test_every_mutant_of_a_valid_script_is_valid_for_bash(script: str) -> None:
    assert accepted(script)
    found = mutants(script)
    assert found
    # A sample: each is one run of bash.
    for operator, mutant in found[:: max(len(found) // 40, 1)]:
        assert accepted(mutant), f"{operator}:\n{mutant}"


@settings(max_examples=25, deadline=None)
@given(SCRIPTS)
def test_edits_are_ascending_and_disjoint_and_nothing_proposed_is_refused(script: str) -> None:
    tree = FAMILY.parse(script, "shell")
    assert tree is not None
    for operator in FAMILY.operators:
        for candidate in operator.propose(tree):
            ends = [0]
            for edit in candidate.edits:
                assert ends[-1] <= edit.start <= edit.end <= len(script)
                ends.append(edit.end)
            assert FAMILY.valid(tree, candidate), (operator.id, apply(script, candidate.edits))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80),
        st.text(st.sampled_from(list("a \n;&|<>(){}[]$'\"`\\#=!-+*0 EOF\t")), max_size=80),
        st.lists(
            st.sampled_from(
                [
                    "<<EOF",
                    "\n",
                    "EOF",
                    "case",
                    "esac",
                    "$(",
                    ")",
                    "`",
                    '"',
                    "'",
                    "if",
                    "then",
                    "fi",
                    "do",
                    "done",
                    " ",
                    "{",
                    "}",
                    "a",
                    "((",
                    "))",
                    "&&",
                    "|",
                    ";",
                    "é",
                    "\x00",
                    "\r\n",
                ]
            ),
            max_size=30,
        ).map("".join),
    )
)
def test_no_operator_raises_on_arbitrary_text(text: str) -> None:
    for _, mutant in mutants(text):
        assert mutant != text


@given(
    st.lists(
        st.sampled_from(["cat <<A\n", "A\n", "x <<'B' | y\n", "B\n", "$(\n", ")\n", '"\n', "'\n", "\tA\n", "#\n"]),
        max_size=12,
    )
)
def test_bodies_are_whole_lines_in_order_and_never_overlap(lines: list[str]) -> None:
    text = "".join(lines)
    done = 0
    for body in heredocs(text):
        assert done <= body.start <= body.end <= body.close <= len(text)
        assert text[body.start - 1] == "\n"
        done = body.close


def test_a_heredoc_ends_where_the_shell_ends_it() -> None:
    text = "cat > f <<'EOF'\nx = 1\n  EOF\nEOF \nEOF\necho done\n"
    (body,) = heredocs(text)
    assert text[body.start : body.end] == "x = 1\n  EOF\nEOF \n"
    assert text[body.close :] == "echo done\n"


@pytest.mark.parametrize(
    "text",
    [
        "echo $((1 << 2))\nx\n",
        "(( a <<= 1 ))\nx\n",
        "cat <<< EOF\nx\n",
        "# cat <<EOF\nx\n",
        "echo 'a <<EOF'\nx\n",
        'echo "<<EOF"\nx\n',
        "echo a#<b\n",
    ],
)
def test_what_only_looks_like_a_heredoc_is_none(text: str) -> None:
    assert heredocs(text) == []


def test_five_thousand_lines_are_mutated_at_thousands_a_second() -> None:
    part = "cp -r a /b\nif [ -f x ]; then\n  chmod 755 /x/y\n  sort f | uniq > g\nfi\n"
    part += "cat > c.py <<'EOF'\nx = 1\nEOF\nfoo --port 80 && bar\n"
    script = "set -e\n" + part * 550
    assert script.count("\n") > 4900
    began = time.process_time()
    count = _count(script)
    spent = time.process_time() - began
    assert count > 5000
    assert count / spent > 3000


def _count(text: str) -> int:
    tree = FAMILY.parse(text, "shell")
    assert tree is not None
    return sum(FAMILY.valid(tree, candidate) for operator in FAMILY.operators for candidate in operator.propose(tree))


ASKS = "if [[ $(wc -l < /o) -ge 5 && -s i ]]; then\n  b\nelse\n  exit 1\nfi\n[ -f /x ] && rm /x\n"


@pytest.mark.parametrize(
    "script",
    [
        # The grammar reads these on into the next line.
        "set -u\n# a line\nA=/var\n\ncd /d\ncut a | sort | uniq -c | sort -rn | head -n 5 > /o\n" + ASKS,
        "a=\nfor b\ndo\n\tc d\ndone\n",
        "case x in\n*)\n  cat <<E\nhelp\nE\n  ;;\nesac\nexit 0\n",
        # And these it does not understand.
        'for i do\n  cp "$i" /d || exit 1\ndone\n',
        "if [ a ]; then\n  echo \"`b 'To'`\" \"'x'.\"\n  for e in $l; do\n    d=\"<- ` b 'e'`\"\n  done\nfi\ncp a b\n",
    ],
)
def test_no_mutant_tears_a_compound_statement_that_the_grammar_misreads(script: str) -> None:
    assert subprocess.run(["/bin/bash", "-n"], input=script.encode(), capture_output=True).stderr == b""
    tree = FAMILY.parse(script, "shell")
    assert tree is not None
    for operator in FAMILY.operators:
        for candidate in operator.propose(tree):
            if FAMILY.valid(tree, candidate):
                text = apply(script, candidate.edits)
                done = subprocess.run(["/bin/bash", "-n"], input=text.encode(), capture_output=True)
                assert done.stderr == b"", (operator.id, text)


@pytest.mark.parametrize(
    ("script", "tiers"),
    [
        ("chmod 755 /app/run.sh\n", {"777": Tier.FINE, "644": Tier.MEDIUM}),
        ("chmod 0644 /app/x\n", {"0666": Tier.FINE, "0600": Tier.FINE}),
        ("chmod 600 /root/key\n", {"666": Tier.MEDIUM, "400": Tier.FINE}),
        ("chmod 750 /srv\n", {"777": Tier.MEDIUM, "640": Tier.MEDIUM}),
        ("umask 022\n", {"000": Tier.MEDIUM}),
    ],
)
def test_opening_what_everybody_can_read_is_a_fine_point(script: str, tiers: dict[str, Tier]) -> None:
    tree = FAMILY.parse(script, "shell")
    assert tree is not None
    (operator,) = (one for one in FAMILY.operators if one.id == "shell.wrong-mode")
    found = {one.fields["new"]: one.tier or operator.tier for one in operator.propose(tree)}
    assert found == tiers


def test_an_option_is_said_to_be_of_the_program_that_takes_it() -> None:
    tree = FAMILY.parse(
        "find /srv -name a -exec shred -n 7 -u {} \\;\ngit commit -a\npython3 run.py --all\nhead -n 10 a\n", "shell"
    )
    (operator,) = (one for one in FAMILY.operators if one.id == "shell.drop-flag")
    said = {found.fields["flag"]: found.fields["command"] for found in operator.propose(tree)}
    assert said == {"-n 7": "shred", "-u": "shred", "-a": "git commit", "--all": "run.py"}
