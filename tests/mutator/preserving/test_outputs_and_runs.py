from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutator.model import apply_bytes
from mutator.operators.preserving import OutputVariant, RunVariant, Touch, output_variants, run_variants
from mutator.operators.state import Chmod, Output, Write

PLAIN = "Write a report."


def made(*outputs: Output, instruction: str = PLAIN) -> dict[str, OutputVariant]:
    return {one.operator.id: one for one in output_variants(outputs, instruction)}


def written(variant: OutputVariant) -> bytes:
    action = variant.actions[0]
    assert isinstance(action, Write)
    return action.data


def test_a_json_report_is_turned_laid_out_and_padded_and_stays_the_same_value() -> None:
    data = b'{"b": 2.5, "a": [1, {"z": null, "y": "\\u00e9 1.5"}], "c": 1e3, "d": {}}\n'
    variants = made(Output("/app/r.json", data))
    keys = written(variants["preserving.json-key-order"])
    assert keys == b'{"d": {}, "c": 1e3, "a": [1, {"y": "\\u00e9 1.5", "z": null}], "b": 2.5}\n'
    assert written(variants["preserving.json-indent"]).startswith(b'{\n  "b": 2.5,\n  "a": [\n    1,')
    assert written(variants["preserving.json-fraction"]) == data.replace(b"2.5,", b"2.50,")
    for variant in ("preserving.json-key-order", "preserving.json-indent", "preserving.json-fraction"):
        assert json.loads(written(variants[variant])) == json.loads(data)
    assert not variants["preserving.json-key-order"].promise.depends_on_instruction
    assert variants["preserving.no-final-newline"].promise.depends_on_instruction


@pytest.mark.parametrize(
    ("instruction", "gone"),
    [
        ("The file must be byte-identical to the input.", "preserving.no-final-newline"),
        ("Sort the keys: keys are in alphabetical order.", "preserving.json-key-order"),
        ("Pretty-print it with an indent of 4.", "preserving.json-indent"),
        ("End it without a trailing newline.", "preserving.no-final-newline"),
        ("Clean up temporary files in /tmp.", "preserving.extra-files"),
    ],
)
def test_what_the_instruction_fixes_is_left_alone(instruction: str, gone: str) -> None:
    output = Output("/app/r.json", b'{"b": 2.5, "a": 1}\n')
    assert gone in made(output)
    assert gone not in made(output, instruction=instruction)


def test_sure_variants_come_before_those_that_depend_on_the_instruction() -> None:
    order = [
        one.promise.depends_on_instruction
        for one in output_variants([Output("/a.json", b'{"a": 1, "b": 2}\n'), Output("/n.txt", b"3\n")], PLAIN)
    ]
    assert order == sorted(order)


def test_a_number_gets_zeros_unless_the_instruction_says_how_to_write_it() -> None:
    assert written(made(Output("/n.txt", b"3.5\n"))["preserving.number-text"]) == b"3.50\n"
    assert written(made(Output("/n.txt", b" 42"))["preserving.number-text"]) == b" 42.0"
    assert "preserving.number-text" not in made(Output("/n.txt", b"3.5\n"), instruction="Round to one decimal.")


def test_times_are_touched_together() -> None:
    variants = list(output_variants([Output("/a", b"x"), Output("/b", b"y")], PLAIN, now=1_000_000))
    (older,) = [one for one in variants if one.operator.id == "preserving.older-files"]
    assert older.actions == (Touch("/a", 913_600), Touch("/b", 913_600))


@pytest.mark.parametrize(
    ("program", "interpreter"),
    [
        (
            "#!{python}\nimport sys\nprint(sys.argv, __name__, __file__)\ndef f():\n    return 7\nsys.exit(3)\n",
            "python",
        ),
        ('#!/bin/sh\nset -- "$@" end\necho "$0" "$@"\nexit 4\n', "sh"),
    ],
)
def test_a_wrapped_program_does_the_same_by_name_and_by_its_interpreter(
    program: str, interpreter: str, tmp_path: Path
) -> None:
    path = tmp_path / "tool.py"
    data = program.replace("{python}", sys.executable).encode()
    runner = sys.executable if interpreter == "python" else interpreter

    def said() -> list[tuple[int, bytes]]:
        commands = [[str(path), "a b", "c"], [runner, str(path), "a b", "c"]]
        ran = [subprocess.run(command, capture_output=True, check=False, timeout=30) for command in commands]
        return [(done.returncode, done.stdout) for done in ran]

    path.write_bytes(data)
    path.chmod(0o755)
    wanted = said()
    variant = made(Output(str(path), data, 0o755))["preserving.wrapper"]
    for action in variant.actions:
        if isinstance(action, Write):
            Path(action.path).write_bytes(action.data)
        elif isinstance(action, Chmod):
            Path(action.path).chmod(action.mode)
    assert said() == wanted
    assert path.read_bytes() != data
    assert Path(f"{path}.real").read_bytes() == data


@given(st.binary(max_size=60) | st.just(b'{"a": 1, "a": 2}'), st.sampled_from(["/a.json", "/b.txt", "/c", "/d.py"]))
def test_any_bytes_give_variants_that_change_something(data: bytes, path: str) -> None:
    for one in output_variants([Output(path, data, 0o755)], PLAIN):
        for action in one.actions[:1]:
            assert not isinstance(action, Write) or action.path != path or action.data != data


def runs(script: str, instruction: str = PLAIN) -> dict[str, RunVariant]:
    return {one.operator: one for one in run_variants(script, instruction)}


def test_circumstances_leave_the_solution_alone_but_for_its_script() -> None:
    variants = runs("#!/bin/bash\nset -e\ncat > /app/x <<'E'\nhi\nE\n")
    assert list(variants) == [
        "preserving.slow",
        "preserving.twice",
        "preserving.longer-path",
        "preserving.hostname",
        "preserving.timezone",
        "preserving.locale",
        "preserving.another-day",
    ]
    script = b"#!/bin/bash\nset -e\ncat > /app/x <<'E'\nhi\nE\n"
    assert apply_bytes(script, variants["preserving.slow"].script).startswith(b"#!/bin/bash\nsleep 5 && ")
    assert all(one.id and one.promise.because for one in variants.values())
    for one in variants.values():
        for text in (one.before, one.check, apply_bytes(script, one.script).decode()):
            parsed = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
            assert (one.operator, parsed.returncode, parsed.stderr) == (one.operator, 0, "")


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\necho a >> /app/x\n",
        "#!/bin/sh\nsed -i s/a/b/ /app/x\n",
        "#!/bin/sh\nmv a b\n",
        "#!/bin/sh\npython3 - <<'E'\nprint(1)\nE\n",
        "#!/bin/sh\ncp -r a /app\n",
        "#!/bin/sh\nmkdir /app/x\n",
        "#!/bin/sh\ntee -a x < y\n",
    ],
)
def test_a_script_that_may_not_be_repeatable_is_not_run_twice(script: str) -> None:
    assert "preserving.twice" not in runs(script)


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_repeated_script_runs_once_more_and_ends_as_it_ended(shell: str, tmp_path: Path) -> None:
    log, script = tmp_path / "log", tmp_path / "solve.sh"
    # The edits of a repeatable script, put into one that tells how often it ran.
    (edit,) = runs(f"#!/bin/{shell}\necho a > x\n")["preserving.twice"].script
    data = f'#!/bin/{shell}\necho "ran $1" >> {log}\nexit 5\n'.encode()
    script.write_bytes(apply_bytes(data, (edit,)))
    done = subprocess.run([shell, str(script), "x y"], check=False, timeout=30, env=dict(os.environ))
    assert done.returncode == 5
    assert log.read_text() == "ran x y\nran x y\n"


def test_what_depends_on_the_date_is_not_moved_to_another_day() -> None:
    assert "preserving.another-day" not in runs("true\n", "Write today's date to /app/date.txt.")


@given(st.text(max_size=80))
def test_any_script_gives_circumstances(script: str) -> None:
    assert len(list(run_variants(script, PLAIN))) >= 5


def test_numbers_that_nobody_rounded_are_off_in_their_last_digits_or_rounded() -> None:
    data = b'{"mean": 0.3333333333333333, "price": 2.25, "name": "v0.1234567890123456"}\n'
    variants = made(Output("/app/r.json", data))
    moved, rounded = (json.loads(written(variants[f"preserving.{name}"])) for name in ("last-digits", "rounded"))
    assert moved["mean"] != 1 / 3
    assert math.isclose(moved["mean"], 1 / 3, rel_tol=1e-14)
    assert rounded["mean"] == 0.3333333333
    for each in (moved, rounded):
        assert (each["price"], each["name"]) == (2.25, "v0.1234567890123456")
    assert variants["preserving.last-digits"].sentence.endswith("0.33333333333333354 for 0.3333333333333333")


@pytest.mark.parametrize(
    ("path", "data", "turned"),
    [
        ("/a.csv", b"n,m\n1,2\n3,4\n", b"n,m\n3,4\n1,2\n"),
        ("/a.txt", b"one\ntwo\n", b"two\none\n"),
        ("/a.json", b'[{"a": 1}, {"a": 2.0}]\n', b'[{"a": 2.0}, {"a": 1}]\n'),
    ],
)
def test_rows_are_turned_round_where_no_order_is_stated(path: str, data: bytes, turned: bytes) -> None:
    assert written(made(Output(path, data))["preserving.row-order"]) == turned
    assert "preserving.row-order" not in made(Output(path, data), instruction="Sort them by name.")


@pytest.mark.parametrize(
    ("path", "data", "instruction"),
    [
        ("/a.csv", b'n,m\n"1\n2",3\n3,4\n', PLAIN),
        ("/a.txt", b"a paragraph\n\nanother one\n", PLAIN),
        ("/a.txt", b"one\n", PLAIN),
        ("/a.txt", b"0.5\n", PLAIN),
        ("/a.md", b"one\ntwo\n", PLAIN),
        ("/a.json", b'{"mean": 0.3333333333333333}', "Round to 4 decimals."),
        ("/a.json", b'{"mean": 0.3333333333333333}', "Within a tolerance of 1e-6."),
        ("/a.json", b"[1, 2]", PLAIN),
    ],
)
def test_what_may_be_meant_as_it_is_stays_so(path: str, data: bytes, instruction: str) -> None:
    found = made(Output(path, data), instruction=instruction)
    assert found.keys().isdisjoint({"preserving.last-digits", "preserving.rounded", "preserving.row-order"})
