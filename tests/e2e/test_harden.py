"""`foolsgold harden` on real boxes: tests that catch what was paid, and refuse nothing that is right."""

from __future__ import annotations

import contextlib
import html
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.harden.document import schema
from tests.conftest import stand_in
from tests.harness.tasks import HARBOR, write

CASES = Path(__file__).parents[2] / "fixtures" / "cases"
RIGHTS = Path(__file__).parents[1] / "harness" / "harden" / "rights"
FOOLSGOLD = [sys.executable, "-c", "from harness.commands.main import main; main()"]
PROGRAM = """\
#!/usr/bin/env python3
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("--loud", action="store_true")
args = parser.parse_args()
greeting = f"hello {args.name}"
print(greeting.upper() if args.loud else greeting)
"""
TASK = {
    **HARBOR,
    "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 60\n[environment]\nnetwork_mode = "no-network"\n',
    "instruction.md": "Write `/app/greet.py`, a Python program. `/app/greet.py NAME` prints `hello NAME`.\n\n"
    "With `--loud` all of it is in capital letters, such as `HELLO NAME`.\n",
    "solution/solve.sh": "#!/bin/bash\ninstall -m 755 /solution/greet.py /app/greet.py\n",
    "solution/greet.py": PROGRAM,
    "tests/test.sh": "#!/bin/bash\npython3 /tests/run.py && echo 1 > /logs/verifier/reward.txt || "
    "echo 0 > /logs/verifier/reward.txt\n",
    "tests/run.py": """\
import json, traceback
import test_greet

results = []
for name, test in sorted(vars(test_greet).items()):
    if name.startswith("test_"):
        try:
            test()
            results.append({"name": name, "status": "passed", "duration": 0})
        except Exception:
            traceback.print_exc()
            results.append({"name": name, "status": "failed", "duration": 0})
report = {"results": {"tool": {"name": "run"}, "summary": {}, "tests": results}}
json.dump(report, open("/logs/verifier/ctrf.json", "w"))
raise SystemExit(any(each["status"] == "failed" for each in results))
""",
    "tests/test_greet.py": """\
import subprocess


def test_a_name_is_greeted():
    done = subprocess.run(["/app/greet.py", "ada"], capture_output=True, text=True)
    assert done.stdout == "hello ada\\n"
""",
}
RIGHT = """\
#!/bin/sh
cat > /app/greet.py <<'PY'
#!/usr/bin/env python3
import sys
words = [word for word in sys.argv[1:] if word != "--loud"]
text = " ".join(["hello", words[0]])
sys.stdout.write((text if len(words) == len(sys.argv) - 1 else "".join(c.upper() for c in text)) + "\\n")
PY
chmod 755 /app/greet.py
"""


def foolsgold(*words: str, engine: str = "bwrap", images: bool = False) -> subprocess.CompletedProcess[str]:
    stand_ins = [word for name, base in stand_in(engine).items() for word in ("--image", f"{name}={base}")]
    more = ["--engine", engine, *stand_ins] if images else []
    return subprocess.run([*FOOLSGOLD, *words, *more, "--no-progress"], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the task `greet` and the run that audited it, to be copied: neither is where it was then, so that
    each copy of the run finds the task beside it."""
    root = tmp_path_factory.mktemp("audited") / "then"
    write(root / "greet", TASK)
    options = ("--probe", "none", "--operator", "python")
    with contextlib.chdir(root):  # the folders are named as one names them in a shell
        done = foolsgold("audit", "greet", "-o", "run", *options, images=True)
    assert (root / "run/report.json").is_file(), done.stdout + done.stderr
    assert json.loads((root / "run/report.json").read_text())["tasks"][0]["survivors"], done.stdout + done.stderr
    return root.rename(root.with_name("kept"))


@pytest.mark.bwrap
def test_what_was_paid_is_caught_and_nothing_right_is_refused(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(audited, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    task, run, right, out = (tmp_path / name for name in ("greet", "run", "right", "out"))
    write(right, {"solve.sh": RIGHT})
    before = tmp_path / "before"
    shutil.copytree(task, before)
    shown = foolsgold("harden", "run", "--dry-run", "--times", "1")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "def test_with_loud_all_of_it_is_in_capital_letters" in shown.stdout
    assert (task / "tests" / "test_greet.py").read_text() == TASK["tests/test_greet.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["before", "greet", "right", "run"]
    done = foolsgold("harden", "run", "-o", "out", "--right", str(right), "--check", "--times", "3", "--in-place")
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads((out / "harden.json").read_text())
    Draft202012Validator(json.loads(schema())).validate(made)
    (entry,) = made["tasks"]
    assert {each["fate"] for each in entry["survivors"]} == {"caught"}, done.stdout
    assert entry["checked"] == "good"
    for test in entry["tests"]:
        proof = test["proof"]
        assert proof["reference"] == {"passed": 3, "runs": 3}
        assert proof["rights"] == {"passed": 1, "runs": 1}
        assert proof["variants"]["passed"] == proof["variants"]["runs"] > 0
        assert proof["nop"] == "fails"
    witnesses = [each["witness"] for each in entry["survivors"]]
    assert any("HELLO" in each["reference"] and "HELLO" not in each["survivor"] for each in witnesses)
    assert entry["patch"] in html.unescape((out / "report.html").read_text())
    # The patch makes the folder of the task, and touches its tests only.
    subprocess.run(["git", "apply", str(out / "greet.patch")], cwd=before, check=True)
    hardened = (out / "greet" / "tests" / "test_greet.py").read_text()
    assert hardened != TASK["tests/test_greet.py"]
    for folder in (before, task):
        for path in (each for each in folder.rglob("*") if each.is_file()):
            name = path.relative_to(folder).as_posix()
            assert path.read_text() == (hardened if name == "tests/test_greet.py" else TASK[name])
    # What has changed since the run is refused by name, in one sentence.
    again = foolsgold("harden", str(run), "-o", str(tmp_path / "again"))
    assert again.returncode == 2
    assert "The task greet has changed since the run" in again.stderr
    assert not (tmp_path / "again").exists()


@pytest.mark.bwrap
def test_what_a_right_attempt_fails_is_thrown_away(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is loud only once the tests have ended: in every case it does what the reference does, and in the task's own
    tests it does not."""
    shutil.copytree(audited, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    late = RIGHT.replace("import sys", "import os, sys").replace(
        "== len(sys.argv) - 1", "== len(sys.argv) - 1 or not os.path.exists('/logs/verifier/ctrf.json')"
    )
    write(tmp_path / "given/right/late", {"solve.sh": late})
    attempted = foolsgold("attempts", "greet", "--solutions", "given", "-o", "made", "--repeat", "1", images=True)
    assert "Labelled right: 1 of 1" in attempted.stdout, attempted.stdout + attempted.stderr
    done = foolsgold("harden", "run", "-o", "out", "--right", "made", "--no-audit", "--times", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    (entry,) = json.loads((tmp_path / "out/harden.json").read_text())["tasks"]
    assert entry["thrown_away"]
    assert {each["why"] for each in entry["thrown_away"]} == {"it refuses a right solution: made/right/late"}
    assert all(test["proof"]["rights"] == {"passed": 1, "runs": 1} for test in entry["tests"])
    assert not any("HELLO ADA" in test["code"] for test in entry["tests"])


SCRIPT = """\
#!/bin/bash
check() {
    [ "$(/app/greet.py ada)" = "hello ada" ]
}
if check; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
"""


@pytest.mark.bwrap
def test_a_shell_script_of_tests_gets_new_ones_in_its_own_language(tmp_path: Path) -> None:
    task, run, right, out = (tmp_path / name for name in ("greet", "run", "right", "out"))
    write(
        task, {name: text for name, text in TASK.items() if not name.startswith("tests/")} | {"tests/test.sh": SCRIPT}
    )
    write(right, {"solve.sh": RIGHT})
    options = ("--probe", "none", "--operator", "python", "--budget", "8", "--repeat", "1")
    audited = foolsgold("audit", str(task), "-o", str(run), *options, images=True)
    assert (run / "report.json").is_file(), audited.stdout + audited.stderr
    done = foolsgold("harden", str(run), "-o", str(out), "--right", str(right), "--check", "--times", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    (entry,) = json.loads((out / "harden.json").read_text())["tasks"]
    assert {each["fate"] for each in entry["survivors"]} == {"caught"}, done.stdout
    assert (entry["file"], entry["checked"]) == ("tests/test.sh", "good")
    for test in entry["tests"]:
        assert test["proof"]["reference"] == {"passed": 2, "runs": 2}
        assert test["proof"]["rights"] == {"passed": 1, "runs": 1}
        assert test["code"] in (out / "greet" / "tests" / "test.sh").read_text()
    assert "/app/greet.py ada --loud" in entry["patch"]


@pytest.mark.audits
@pytest.mark.bwrap
def test_where_many_answers_are_right_the_tests_own_oracle_judges_and_no_right_solution_is_refused(
    tmp_path: Path,
) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    options = ("--probe", "none", "--budget", "6", "--repeat", "1")
    audited = foolsgold("audit", str(CASES / "sokoban-solver-faulty"), "-o", str(run), *options, images=True)
    assert (run / "report.json").is_file(), audited.stdout + audited.stderr
    rights = [word for name in ("one", "other") for word in ("--right", str(RIGHTS / name))]
    done = foolsgold("harden", str(run), "-o", str(out), *rights, "--no-audit", "--times", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    (entry,) = json.loads((out / "harden.json").read_text())["tasks"]
    assert entry["survivors"]
    assert {each["fate"] for each in entry["survivors"]} == {"caught"}, done.stdout
    assert not entry["thrown_away"]
    for test in entry["tests"]:
        assert test["proof"]["rights"] == {"passed": 2, "runs": 2}
        assert "assert replay(" in test["code"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("harden", "nowhere", "-o", "out"), "There is no nowhere"),
        (("harden", ".", "--dry-run", "--in-place"), "--in-place and --dry-run do not go together."),
        (("harden", "."), "No folder to write to is named."),
        (("harden", ".", "-o", "."), ". is there already."),
    ],
)
def test_wrong_input_ends_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = foolsgold(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
