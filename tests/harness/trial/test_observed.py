"""Observing trials on real boxes: what is left before and after the verifier, what tests call, and commands besides."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import BoxSpec, Command, Engine, EngineOptions, Recipe
from harness.judging.outcome import Shown, showing
from harness.judging.varied import varied
from harness.trial.build import build
from harness.trial.end_state import changes, look, same
from harness.trial.plan import Observe, Plan
from harness.trial.record import Kind, record_from_json
from harness.trial.runner import run_trial
from harness.trial.watching.calls import Besides, Observed
from tests.conftest import stand_in
from tests.harness.tasks import harbor, terminal_bench
from tests.harness.watching.test_boxes import DOCKERFILE, verifier

SOLUTION = """\
#!/bin/bash
echo ok > /app/out.txt
cat > /app/tool.sh <<'EOF'
#!/bin/sh
read -r line
echo "$line $1" >> "$2/seen"
echo "$1: $(cat "$2/seen" | wc -l)"
[ "$1" = bad ] && { echo "no $1" >&2; exit 3; }
exit 0
EOF
chmod 755 /app/tool.sh
"""
TESTS = """\
import subprocess


def test_out(tmp_path):
    (tmp_path / "seen").write_text("one\\n")
    done = subprocess.run(["/app/tool.sh", "a", str(tmp_path)], input="x\\n", capture_output=True, text=True)
    assert done.stdout == "a: 2\\n"
"""


def observed(engine: Engine, folder: Path, changed: dict[str, str], purpose: Observe, **more: str) -> Observed:
    make = terminal_bench if "run-tests.sh" in changed else harbor
    task = make(folder, {**changed, **more})
    record = run_trial(engine, task, build(engine, task), Plan(Kind.REFERENCE, "observed", purpose=purpose))
    assert showing(record).shown is Shown.PAID, record
    assert record.observed is not None
    assert record_from_json(record.to_json()) == record
    return record.observed


def test_files_are_seen_before_and_after_the_verifier_and_commands_run_besides(engine: Engine, tmp_path: Path) -> None:
    script = (
        "#!/bin/bash\necho again > /app/out.txt; rm /app/tool.sh; touch /app/more\necho 1 > /logs/verifier/reward.txt\n"
    )
    besides = (
        Besides(("sh", "-c", "cat; echo told >&2; pwd; exit 4"), "/app", "given"),
        Besides(("sleep", "60"), "/app"),
        Besides(("true",), "/not/there"),
    )
    files = {"solution/solve.sh": SOLUTION, "tests/test.sh": script}
    found = observed(engine, tmp_path / "task", files, Observe(besides, ("/app/more", "/app/never")))
    assert found.left is not None
    assert found.after is not None
    assert {"/app/out.txt", "/app/tool.sh"} <= found.left.entries.keys()
    assert "/app/more" not in found.left.entries
    assert {"/app/out.txt", "/app/more"} <= found.after.entries.keys()
    assert not {"/app/tool.sh", "/app/never"} & found.after.entries.keys()
    assert found.left.outputs["/app/out.txt"] != found.after.outputs["/app/out.txt"]
    assert found.calls is None
    first, second, third = found.besides
    assert (first.status, first.out, first.err) == (4, "given/app\n", "told\n")
    assert second.status in (137, None)
    assert third.status == 126


FORMATS = {
    "harbor": {
        "environment/Dockerfile": DOCKERFILE,
        "solution/solve.sh": SOLUTION,
        "tests/test_out.py": TESTS,
        "tests/test.sh": verifier("pytest /tests/test_out.py"),
    },
    "terminal-bench": {
        "Dockerfile": DOCKERFILE,
        "solution.sh": SOLUTION,
        "tests/test_out.py": TESTS,
        "run-tests.sh": "#!/bin/bash\npytest -rA /tests/test_out.py\n",
    },
}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
def test_what_tests_run_is_run_again_on_a_copy_of_its_input(engine: Engine, tmp_path: Path, format_name: str) -> None:
    first = observed(engine, tmp_path / "task", FORMATS[format_name], Observe())
    assert first.calls is not None
    (call,) = [call for call in first.calls if call.argv[:1] == ("/app/tool.sh",)]
    assert (call.out, call.status, call.stdin) == ("a: 2\n", 0, "x\n")
    folder = call.argv[2]
    besides = (
        *varied(first.calls, ["/app/tool.sh"], ""),
        Besides(("/app/tool.sh", "bad", folder), "/", "y\n", call.inputs),
    )
    again = observed(engine, tmp_path / "again", FORMATS[format_name], Observe(besides))
    turned = next(each for each in again.besides if "backwards" in each.what)
    assert turned.out == "a: 2\n"
    last = again.besides[-1]
    # Each finds the input as it was before the test.
    assert (last.status, last.out, last.err) == (3, "bad: 2\n", "no bad\n")
    assert re.fullmatch(r"\d+ 10 test_out0/seen", last.wrote)
    assert len(again.besides) == len(besides)


@pytest.mark.bwrap
def test_cases_are_done_in_the_step_that_is_asked_for(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        "task.toml": '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n',
        **dict.fromkeys(("instruction.md", "tests/test.sh", "solution/solve.sh")),
    }
    for name in ("one", "two"):
        files[f"steps/{name}/instruction.md"] = f"Write {name} to /app/out.txt.\n"
        files[f"steps/{name}/solution/solve.sh"] = f"#!/bin/bash\necho {name} > /app/out.txt\n"
        files[f"steps/{name}/tests/test.sh"] = "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n"
    task = harbor(tmp_path, files)
    cases = {"seconds": 30, "patience": 5, "cases": [{"id": "left", "kind": "look", "paths": ["/app/out.txt"]}]}
    with make_engine("bwrap", EngineOptions(images=stand_in("bwrap"))) as engine:
        built = build(engine, task)
        for step, seen in (("one", "one\n"), ("", "two\n")):
            purpose = Observe(cases=json.dumps(cases), step=step)
            record = run_trial(engine, task, built, Plan(Kind.REFERENCE, "cases", purpose=purpose))
            assert record.trouble is None
            assert record.observed is not None
            assert json.loads(record.observed.cases)["seen"]["/app/out.txt"]["text"] == seen


@pytest.mark.bwrap
def test_cases_are_done_where_the_tests_run(tmp_path: Path) -> None:
    files = {
        "task.toml": 'artifacts = ["/app/out.txt"]\n[verifier]\nenvironment_mode = "separate"\n',
        "solution/solve.sh": "#!/bin/bash\necho ok > /app/out.txt\necho aside > /app/aside.txt\n",
        "tests/Dockerfile": "FROM debian:bookworm-slim\nCOPY . /tests\n",
        "tests/test.sh": "#!/bin/bash\ngrep -qx ok /app/out.txt && echo 1 > /logs/verifier/reward.txt\n",
    }
    task = harbor(tmp_path, files)
    looked = {"id": "left", "kind": "look", "paths": ["/app/out.txt", "/app/aside.txt", "/tests/test.sh"]}
    purpose = Observe(cases=json.dumps({"seconds": 30, "patience": 5, "cases": [looked]}))
    with make_engine("bwrap", EngineOptions(images=stand_in("bwrap"))) as engine:
        record = run_trial(engine, task, build(engine, task), Plan(Kind.REFERENCE, "cases", purpose=purpose))
    assert showing(record).shown is Shown.PAID, record
    assert record.observed is not None
    seen = json.loads(record.observed.cases)["seen"]
    assert {path: state["kind"] for path, state in seen.items()} == {
        "/app/out.txt": "file",
        "/app/aside.txt": "none",
        "/tests/test.sh": "file",
    }


@pytest.mark.parametrize(
    "name", [pytest.param("bwrap", marks=pytest.mark.bwrap), pytest.param("docker", marks=pytest.mark.docker)]
)
def test_extended_attributes_and_capabilities_are_part_of_what_is_left(name: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    attribute = "import os; os.setxattr('/srv/a', 'user.kind', b'%s')"
    scripts = {
        "one": f'echo a >/srv/a; python3 -c "{attribute % "one"}"',
        "again": f'echo a >/srv/a; python3 -c "{attribute % "one"}"',
        "other": f'echo a >/srv/a; python3 -c "{attribute % "other"}"',
        "none": "echo a >/srv/a",
    }
    with make_engine(name, EngineOptions(images=stand_in(name))) as engine:
        image = engine.build(Recipe(tmp_path, tmp_path / "Dockerfile"))
        states = {}
        for label, script in scripts.items():
            with engine.open(BoxSpec(image=image)) as box:
                before = look(box)
                assert before is not None
                if box.run(Command(("sh", "-c", script), 60)).status != 0:
                    pytest.skip("the box has no way to set an attribute")
                states[label] = changes(box, before, "/solution")
    one = states["one"]
    assert one is not None
    told = {label: state is not None and same(one, state, frozenset()) for label, state in states.items()}
    assert told == {"one": True, "again": True, "other": False, "none": False}
