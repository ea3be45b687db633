"""Where a solution's beginning ends, and what stands in its place."""

from __future__ import annotations

import subprocess

import pytest

from harness.testcode.beginning import Beginning, beginning_of, shell_state

HEAD = "#!/bin/bash\n"


def of(text: str) -> Beginning | None:
    return beginning_of(HEAD + text)


def left_out(text: str) -> list[str]:
    found = of(text)
    return [found.text[start:end] for one in found.statements for start, end, _ in one.pieces] if found else []


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("set -euo pipefail\ncd /app\nmake\n", ["make"]),
        ("cd /app && apt-get update -qq && export A=1\n", ["apt-get update -qq"]),
        ("apt-get update >/dev/null 2>&1 || true\n", ["apt-get update >/dev/null 2>&1 || true"]),
        ("A=1 B=$C make; ls # all\nD=x\ntouch $D\n", ["A=1 B=$C make", "ls", "touch $D"]),
        (
            "cat > f <<'EOF'\nexec x\nEOF\ncat <<E | tee g\n$X\nE\n",
            ["cat > f <<'EOF'\nexec x\nEOF\n", "cat <<E | tee g\n$X\nE\n"],
        ),
        ("if [ ! -f x ]; then\n  pip install y\nfi\n", ["if [ ! -f x ]; then\n  pip install y\nfi"]),
        (
            "for q in a b; do echo $q > /$q; done\n(cd /; A=1; ls)\n",
            ["for q in a b; do echo $q > /$q; done", "(cd /; A=1; ls)"],
        ),
        ("say() { local a=$1; echo $a >> f; }\nsay x\n", ["say x"]),
        ("say() { echo $1; }\nsay x\ntouch f\n", ["touch f"]),
        ("echo $(date) > f\n", ["echo $(date) > f"]),
        ("for q in a b; do echo $q; done\ntouch $q\n", ["for q in a b; do echo $q; done", "touch $q"]),
    ],
)
def test_what_only_leaves_files_is_left_out_and_what_changes_the_shell_is_done_again(
    text: str, pieces: list[str]
) -> None:
    assert left_out(text) == pieces
    found = of(text)
    assert found is not None
    later = found.going_on(found.text, len(found.statements))
    assert later.count("\n") == found.text.count("\n")
    assert subprocess.run(["bash", "-n"], input=later, text=True, check=False, capture_output=True).stderr == ""
    recorded = found.recorded(0, len(found.statements), 0.3)
    assert subprocess.run(["bash", "-n"], input=recorded, text=True, check=False, capture_output=True).stderr == ""


@pytest.mark.parametrize(
    "line",
    [
        "VERSION=$(cat /app/v)",
        "export A=`ls`",
        "A=(a b)",
        "eval x",
        "source /app/x",
        ". x",
        "exec > log",
        "read x < f",
        "while read l; do echo $l; done < f",
        "touch f &",
        "wait",
        "((i++))",
        "i=$((i + 1))",
        "echo $RANDOM > f",
        "echo $$ > f",
        'ls "$0"',
        "$CMD x",
        "printf -v x y",
        "set -- a b",
        ": ${A:=x}",
        "trap x ERR",
        "command cd /x",
        "cd $(pwd)",
        "ls || cd /x",
        "if [ -f x ]; then export Y=1; fi",
        "[ -f x ] || Y=1",
        "f() { cd /x; }; f",
        "f() { X=1; }; f",
        "for q in a b; do X=$q; done",
        "for q in a b; do cd $q; done",
        "f() { f; }; f",
        "alias ls=rm",
        "cat <<E; cd /\nx\nE",
        "ulimit -n 10",
        "time ls",
        "echo 'never closed",
    ],
)
def test_a_statement_that_may_do_more_ends_the_beginning(line: str) -> None:
    assert left_out(f"{line}\ntouch later\n") == []


LOOPS = """set -eu
all() { local n; for n in 1 2; do touch $n; done; for m in "$@"; do touch $m; done; }
for f in a 'b "$c" `d`'; do touch "$f"; done && export G="$f"
if [ -f a ]; then for h in x y; do touch $h; done; fi
all 7 8; touch last
"""


def test_what_a_loop_leaves_its_variable_is_given_to_the_script_that_goes_on() -> None:
    found = of(LOOPS)
    assert found is not None
    assert [sorted(one.sets) for one in found.statements] == [[], [], ["f"], ["h"], ["m", "n"], []]
    told = (
        b'declare -x G="b"\ndeclare -- f="b \\"\\$c\\" \\`d\\`"\ndeclare -- h="y"\ndeclare -- m=$\'8\\n\'\n'
        b'declare -a n=([0]="2")\ndeclare -n o="f"\n'
    )
    for number in range(1, len(found.statements) + 1):
        found = found.knowing(number, told)
    assert found.going_on(found.text, 6).splitlines()[3:] == [
        'f="b \\"\\$c\\" \\`d\\`" && export G="$f"',
        'h="y"',
        "m=$'8\\n'; :",
    ]


def test_a_statement_is_shared_only_with_the_end_of_its_line() -> None:
    found = of("touch a\ntouch b; touch c\ncat > d <<'E'\nx\nE\ntouch e")
    assert found is not None
    assert found.shared(found.text) == 5
    for old, new, shared in (
        ("touch a\n", "touch a -m\n", 0),
        ("touch b;", "touch bb;", 1),
        ("touch c\n", "touch c 1\n", 2),
        ("touch c\n", "touch c \\\n", 2),
        ("\nx\n", "\ny\n", 3),
        ("touch e", "touch f", 4),
        ("touch e", "touch e f", 4),
        (HEAD, "#!/bin/bash -e\n", 0),
    ):
        assert found.shared(found.text.replace(old, new)) == shared, (old, new)


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nls\n", "#!/usr/bin/python3\nls\n", f"{HEAD}ls\r\n", f"{HEAD}ls; echo $PIPESTATUS\n"]
)
def test_other_scripts_have_no_beginning(text: str) -> None:
    assert beginning_of(text) is None


def test_what_is_never_the_same_is_no_part_of_the_shells_state() -> None:
    told = b'declare -r BASHPID="7"\ndeclare -x A="1"\ndeclare -- _="x"\ndeclare -i SECONDS="3"\numask 022\n'
    assert shell_state(told) == (b'declare -x A="1"', b"umask 022")
