"""New tests in a shell script of tests: read, written and run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.harden.cases import starts
from harness.harden.model import BoxCase, Pin, Written
from harness.harden.pins import Pins
from harness.harden.shell_calls import functions_of, rewards_of, shell_calls
from harness.harden.shell_pins import has_words
from harness.harden.shell_writing import with_shell_tests, write_shell_test
from harness.harden.tests_of import ExtendedFile, extendable
from harness.harden.trials import results_of
from harness.harden.writing import Style
from harness.judging.stated import read_stated
from harness.task.texts import verifier_texts
from harness.trial.record import Kind, Phase, PhaseName, TrialRecord
from tests.harness.tasks import HARBOR, read, write

STYLE = Style(pytest=False, double_quotes=False, names=frozenset())
INSTRUCTION = "`count FILE` prints one line `NAME: COUNT` for each name, and removes `FILE`."
OWN = """#!/bin/bash
set -eu
PROGRAM=/app/count
[ "$($PROGRAM --help)" = usage ] || exit 1
grep -q x <(/app/count 'a b' "two $HOME")
echo abc | /app/count -
/app/count plain > /tmp/out < /dev/null
echo 1 > /logs/verifier/reward.txt
exit 0
"""


def test_programs_are_read_where_the_script_says_their_words() -> None:
    found = [call.argv for call in shell_calls(OWN)]
    assert ("/app/count", "--help") in found
    assert ("/app/count", "plain") in found
    assert not any("two" in " ".join(argv) or argv[-1] == "-" for argv in found)
    assert [start.argv for start in starts(shell_calls(OWN), ["/app/count"])] == [
        ("/app/count", "--help"),
        ("/app/count", "plain"),
    ]


def test_a_variable_that_changes_is_not_known() -> None:
    assert shell_calls("P=/app/a\nP=/app/b\n$P x\n") == []
    assert shell_calls("for P in a b; do $P x; done\nP=a\n") == []


def test_a_reward_and_functions_are_read() -> None:
    assert rewards_of(OWN) == {"1"}
    assert rewards_of("echo \"0.5\" > /logs/verifier/reward.txt; printf '%s' $x > '/logs/verifier/reward.txt'") == {
        "0.5",
        "$x",
    }
    assert functions_of("check() {\n:\n}\nfunction other() { :; }\n") == {"check", "other"}


@pytest.mark.parametrize(
    ("script", "extended"),
    [
        ("#!/bin/bash\ntest -e /app/x && echo 1 > /logs/verifier/reward.txt\n", True),
        ("#!/bin/bash\necho $SCORE > /logs/verifier/reward.txt\n", False),
        ("#!/bin/bash\necho 0.5 > /logs/verifier/reward.txt\n", False),
    ],
)
def test_a_script_is_extended_only_if_it_pays_all_or_nothing(tmp_path: Path, script: str, *, extended: bool) -> None:
    write(tmp_path / "a-task", {**HARBOR, "tests/test.sh": script})
    task = read(tmp_path / "a-task")
    found = extendable(verifier_texts(task, task.steps[0]))
    assert isinstance(found, ExtendedFile) is extended


def case(program: Path) -> BoxCase:
    files = [{"path": "in/names.txt", "text": "ada 'bob'\n$HOME\n", "age": 300}]
    body = {"argv": ["sh", str(program), "{folder}/in/names.txt"], "cwd": "", "stdin": "", "files": files}
    return BoxCase("run-0", "run", body, "as the tests call it", 10)


def pins(one: BoxCase, seen: dict[str, Any]) -> list[Pin]:
    return [pin for pin in Pins(one, read_stated(INSTRUCTION, []), "ada bob").of(seen) if pin.sh]


RIGHT = 'printf "ada: 1\\n  bob: 2  \\n"; rm "$1"\n'


@pytest.mark.parametrize("shell", ["bash", "dash"])
@pytest.mark.parametrize(
    ("program", "said"),
    [
        (RIGHT, {}),
        (RIGHT.replace("bob: 2", "bob: 3"), {"it prints the line 'bob: 2'", "it prints these lines and no others"}),
        (RIGHT.replace("ada: 1", "x: 1"), {"it prints the line 'ada: 1'", "it prints these lines and no others"}),
        (RIGHT.replace("ada: 1\\n", "ada: 1\\nada: 1\\n"), {"it prints these lines and no others"}),
        (RIGHT.replace("rm ", ": "), {"in/names.txt is removed"}),
        (f"{RIGHT}exit 3\n", {"it ends well"}),
    ],
)
def test_a_written_block_tells_right_from_wrong(tmp_path: Path, shell: str, program: str, said: set[str]) -> None:
    (tmp_path / "program").write_text(program)
    one = case(tmp_path / "program")
    seen = {"ends": True, "status": 0, "out": "ada: 1\n  bob: 2  \n", "err": "", "files": {}}
    found = pins(one, seen)
    assert len(found) == 5
    tests: list[Written] = []
    for pin in found:
        tests.append(write_shell_test(one, [pin], ["a"], "", STYLE, [test.name for test in tests]))
    own = f"set -eu\necho 1 > {tmp_path}/reward\nexit 0\n"
    text = with_shell_tests(own, tests).replace("/logs/verifier/reward.txt", f"{tmp_path}/reward")
    done = subprocess.run([shell, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = TrialRecord("x", Kind.REFERENCE, phases=(Phase(PhaseName.VERIFY, "", 0.1, log=done.stdout),))
    results = results_of(record)
    assert set(results) == {test.name for test in tests}
    assert {pin.says for pin, test in zip(found, tests, strict=True) if not results[test.name]} == set(said)
    assert (tmp_path / "reward").read_text() == ("0\n" if said else "1\n")


def test_what_is_left_is_looked_at_in_a_shell_as_in_python(tmp_path: Path) -> None:
    file, gone = tmp_path / "a file.txt", tmp_path / "gone"
    file.write_text("one\ntwo\n")
    file.chmod(0o755)
    seen = {str(file): {"kind": "file", "mode": "755", "text": "one\ntwo\n"}, str(gone): {"kind": "none"}}
    one = BoxCase("left", "look", {"paths": [str(file), str(gone)]}, "what solving leaves", 60)
    stated = read_stated("Leave `one` and `two` in an executable file of the mode 755.", [])
    found = [pin for pin in Pins(one, stated, "").of(seen) if pin.sh]
    assert len(found) == 7

    def passing() -> set[str]:
        return {pin.says for pin in found if subprocess.run(["sh", "-c", pin.sh], check=False).returncode == 0}

    every = {pin.says for pin in found}
    assert passing() == every
    file.write_text("one\n")
    file.chmod(0o644)
    gone.touch()
    assert every - passing() == {
        f"{file} has the mode 755",
        f"{file} is executable",
        f"{file} has the line 'two'",
        f"{file} has these lines and no others",
        f"{gone} is not there",
    }
    file.unlink()
    assert passing() == set()


@pytest.mark.parametrize(
    ("printed", "passes"),
    [("HELLO ADA", True), ("  HELLO,  ADA!", True), ("HELLO ADAM", False), ("OHELLO ADA", False), ("ADA HELLO", False)],
)
def test_words_are_compared_whatever_stands_between_them(printed: str, *, passes: bool) -> None:
    condition = has_words("result.stdout", ["HELLO", "ADA"])
    done = subprocess.run(["sh", "-c", f"out=$1; {condition}", "sh", printed], check=False)
    assert (done.returncode == 0) is passes


def test_the_sentence_is_quoted_and_names_are_the_requirement_s(tmp_path: Path) -> None:
    one = case(tmp_path / "program")
    found = pins(one, {"ends": True, "status": 0, "out": "ada: 1\n", "err": "", "files": {}})
    test = write_shell_test(one, found[:1], ["a"], INSTRUCTION, STYLE, [])
    assert test.name.startswith("count_file_prints_one_line")
    assert test.code.startswith('# "`count FILE` prints one line')
