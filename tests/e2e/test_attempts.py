"""`foolsgold attempts` and `foolsgold regrade` on real boxes, by the example solutions of examples/attempts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.attempts.document import schema
from tests.conftest import stand_in
from tests.harness.proposals.server import candidates, serving, streamed
from tests.harness.tasks import HARBOR, TERMINAL_BENCH, write

pytestmark = pytest.mark.bwrap

ROOT = Path(__file__).parents[2]
EXAMPLES, CASES = ROOT / "examples/attempts", ROOT / "fixtures/cases"
PAID_WRONG = {
    "cleanup-dry-run-faulty": {"dry-run-is-no-option", "dry-run-removes"},
    "nginx-rate-limit-faulty": {"no-limit", "thousand-a-second"},
    "pkg-resolver-faulty": {"never-upgrades", "no-totals"},
    "sokoban-solver-faulty": {"hopeless-is-no-error", "right-and-down-mixed-up"},
    "ledger-off-by-one-faulty": set(),
    "missing-sample-log-mended": set(),
}
"""The wrong solutions of the examples that the cases' tests pay."""
UNLABELLED = ("cleanup-dry-run-faulty", "pkg-resolver-faulty", "missing-sample-log-mended")


def foolsgold(*words: object) -> subprocess.CompletedProcess[str]:
    stand_ins = [word for name, base in stand_in("bwrap").items() for word in ("--image", f"{name}={base}")]
    line = [sys.executable, "-m", "harness", *map(str, words), *stand_ins, "--engine", "bwrap", "--no-progress"]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)


def foolsgold_alone(*words: object) -> subprocess.CompletedProcess[str]:
    """Of a command that has no engine."""
    line = [sys.executable, "-m", "harness", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def document(folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((folder / "attempts.json").read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(schema("attempts"))).validate(made)
    return made


def named(made: Mapping[str, Any], word: str) -> dict[str, set[str]]:
    return {task["name"]: {each["id"] for each in task["attempts"] if each["named"] == word} for task in made["tasks"]}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """All of them with their labels, and those of two cases again without."""
    root = tmp_path_factory.mktemp("attempts")
    shutil.copytree(EXAMPLES, root / "given")
    for solution in (path for case in UNLABELLED for path in (EXAMPLES / case).glob("*/*")):
        target = root / "given" / solution.parts[-3] / f"unlabelled-{'-'.join(solution.parts[-2:])}"
        if solution.is_dir():
            shutil.copytree(solution, target)
        else:
            shutil.copy(solution, target)
    cases = [CASES / case for case in PAID_WRONG]
    done = foolsgold("attempts", *cases, "--solutions", root / "given", "-o", root / "out", "--repeat", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    return root / "out", done


def test_every_wrong_one_that_is_paid_is_named_and_no_right_one(
    examples: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, done = examples
    made = document(out)
    labelled = named(made, "paid-but-different")
    assert {task: {each for each in ids if "unlabelled" not in each} for task, ids in labelled.items()} == {
        task: {f"wrong/{name}" for name in names} for task, names in PAID_WRONG.items()
    }
    assert {each for ids in named(made, "refused-but-the-same").values() for each in ids} == set()
    assert {(each["label"], each["fate"]) for task in made["tasks"] for each in task["attempts"]} == {
        ("right", "paid"), ("wrong", "paid"), ("wrong", "refused"), (None, "paid"), (None, "refused"),
    }  # fmt: skip
    summary = made["summary"]
    assert (summary["true_positives"]["number"], summary["true_positives"]["of"]) == (12, 12)
    assert (summary["false_positives"]["number"], summary["false_positives"]["of"]) == (8, 12)
    for name in ("cleanup-dry-run-faulty/wrong/dry-run-removes", "nginx-rate-limit-faulty/wrong/no-limit"):
        assert name in done.stdout
    assert "/right/" not in done.stdout
    assert "Labelled wrong: 8 of 12 (66.6 %" in done.stdout


def test_without_labels_what_is_stated_decides_and_the_truth_is_bounded(
    examples: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    made = document(examples[0])
    unlabelled = {
        f"{task['name']}/{each['id']}": each
        for task in made["tasks"]
        for each in task["attempts"]
        if "unlabelled" in each["id"]
    }
    found = {name for name, each in unlabelled.items() if each["named"] == "paid-but-different"}
    assert found == {
        "cleanup-dry-run-faulty/unlabelled-wrong-dry-run-is-no-option",
        "cleanup-dry-run-faulty/unlabelled-wrong-dry-run-removes",
        "pkg-resolver-faulty/unlabelled-wrong-never-upgrades",
        "pkg-resolver-faulty/unlabelled-wrong-no-totals",
    }
    missed = unlabelled["cleanup-dry-run-faulty/unlabelled-wrong-dry-run-removes"]["missed"]
    assert [each["requirement"] for each in missed] == ["`--dry-run` removes nothing and prints what would be removed."]
    assert made["summary"]["doubles"] == len(unlabelled) == 12
    assert {each["named"] for name, each in unlabelled.items() if "-right-" in name} == {None}
    # 8 are labelled wrong and 4 seen to be; of the others nobody knows, but for one that ends like the reference.
    assert made["summary"]["paid_wrongly"] == {"of": 30, "least": 12, "most": 30 - 12 - 1}


def test_mended_tests_refuse_the_wrong_and_pay_the_right_in_a_regrade(
    examples: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    shutil.copytree(CASES / "cleanup-dry-run-mended", tmp_path / "mended/cleanup-dry-run-faulty")
    done = foolsgold(
        "regrade", examples[0], "--tests", tmp_path / "mended", "-o", tmp_path / "regrade.json", "--repeat", "1"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads((tmp_path / "regrade.json").read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(schema("regrade"))).validate(made)
    changed = {(row["task"], row["id"]) for row in made["changed"] if "unlabelled" not in row["id"]}
    assert changed == {("cleanup-dry-run-faulty", f"wrong/{name}") for name in PAID_WRONG["cleanup-dry-run-faulty"]}
    assert {row["after"]["fate"] for row in made["changed"]} == {"refused"}
    assert (made["not_paid_any_more"], made["paid_now"]) == (4, 0)
    assert made["before"]["false_positives"]["number"] == 2
    assert made["after"]["false_positives"]["number"] == 0
    assert len(made["without_new_tests"]) == 5


LINES: list[dict[str, Any]] = [
    {"id": "typed", "actions": [{"type": "echo o"}, {"type": "k > /app/out.txt\n"}]},
    {"id": "carried", "actions": [{"run": "mkdir /tmp/x; cd /tmp/x; export WORD=ok"}, {"run": "echo $WORD > out"},
                                  {"run": "cp /tmp/x/out /app/out.txt"}]},
    {"id": "not carried", "carry": "nothing",
     "actions": [{"run": "export WORD=ok"}, {"run": "echo $WORD > /app/out.txt"}]},
    {"id": "edited",
     "actions": [{"write": "out.txt", "content": "ko\n"}, {"edit": "out.txt", "old": "ko", "new": "ok"}]},
    {"id": "will not apply", "actions": [{"edit": "out.txt", "old": "ko", "new": "ok"}]},
    {"id": "patched", "box_diff": "--- /dev/null\n+++ b/out.txt\n@@ -0,0 +1 @@\n+ok\n"},
    {"id": "astray", "actions": [{"run": "echo ok > out.txt"}], "recorded": {"rewards": {"reward": 0}}},
    {"id": "other files", "actions": [{"run": "echo ok > out.txt"}], "recorded": {"files": {"/app/out.txt": "no\n"}}},
    {"id": "as recorded", "actions": [{"run": "echo ok > out.txt; true"}],
     "recorded": {"rewards": {"reward": 1}, "files": {"/app/out.txt": "ok\n"}}},
    {"id": "alone", "solution": {"solve.sh": '[ "$(ls /solution)" = solve.sh ] && echo ok > /app/out.txt\n'}},
    {"id": "leaves the folder", "patch": "--- a/../x\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n"},
    {"id": "no script", "solution": {"x": "y"}},
]  # fmt: skip
FATES = {
    "typed": "paid", "carried": "paid", "not carried": "refused", "edited": "paid", "will not apply": "unreadable",
    "patched": "paid", "astray": "astray", "other files": "astray", "as recorded": "paid",
    "alone": "paid", "leaves the folder": "unreadable", "no script": "unreadable",
}  # fmt: skip


SORT, MERGE = "sort -u names.txt > sorted.txt", "cp sorted.txt a; sort -u a late.txt > sorted.txt"
IN_STEPS: list[dict[str, Any]] = [
    {"id": "folders", "solution": {"steps/sort/solution/solve.sh": SORT, "steps/merge/solution/solve.sh": MERGE}},
    {"id": "done", "steps": {"sort": {"actions": [{"run": SORT}]}, "merge": {"actions": [{"run": MERGE}]}}},
    {"id": "came to the first", "steps": {"sort": {"actions": [{"run": SORT}]}}},
    {"id": "patched", "patch": "--- a/steps/merge/solution/solve.sh\n+++ b/steps/merge/solution/solve.sh\n"
     "@@ -2,2 +2,2 @@\n cp sorted.txt before.txt\n-sort -u before.txt late.txt > sorted.txt\n"
     "+sort before.txt > sorted.txt\n"},
    {"id": "one step", "solution": {"steps/sort/solution/solve.sh": SORT}},
    {"id": "no step", "actions": [{"run": SORT}]},
    {"id": "other step", "steps": {"sort": {"actions": []}, "shuffle": {"actions": []}}},
]  # fmt: skip
IN_STEPS_FATES = {
    "folders": "paid", "done": "paid", "came to the first": "partly", "patched": "partly", "one step": "unreadable",
    "no step": "unreadable", "other step": "unreadable",
}  # fmt: skip


TYPED: dict[str, tuple[Any, ...]] = {
    "as recorded": (True, ["echo ok > /app/out.txt", "Enter"]),
    "astray": (True, "true\n"),
    "with a key": (True, "cd /app\n", ["echo o", "k > out.txt", "Space", "C-j"]),
    "refused": (False, "echo no > /app/out.txt\n", ["exit", "Enter"]),
}


def test_each_form_is_run_in_a_box_and_what_ends_elsewhere_is_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "out", {**HARBOR, "solution/helper": "x"})
    write(tmp_path / "typed", TERMINAL_BENCH)
    for name, (resolved, *typed) in TYPED.items():
        result = {"trial_name": name, "task_id": "typed", "is_resolved": resolved}
        commands = "".join(f"{each!r}\n" for each in [*typed, ["bash /tests/run-tests.sh", "Enter"]])
        write(tmp_path / f"run/typed/{name}", {"results.json": json.dumps(result), "commands.txt": commands})
    lines = tmp_path / "some.jsonl"
    handed = [{"task": "out", **line} for line in LINES] + [{"task": "multi-step", **line} for line in IN_STEPS]
    lines.write_text("".join(f"{json.dumps(line)}\n" for line in handed), encoding="utf-8")
    tasks = (tmp_path / "out", ROOT / "fixtures/formats/multi-step", tmp_path / "typed")
    given = ("--solutions", lines, "--solutions", tmp_path / "run")
    done = foolsgold("attempts", *tasks, *given, "-o", tmp_path / "made", "--repeat", "1")
    made = document(tmp_path / "made")
    task, of_steps, typed_into = made["tasks"]
    assert {each["id"]: each["fate"] for each in typed_into["attempts"]} == {
        "as recorded": "paid", "astray": "astray", "with a key": "paid", "refused": "refused",
    }, done.stdout + done.stderr  # fmt: skip
    assert {each["id"]: each["fate"] for each in task["attempts"]} == FATES, done.stdout + done.stderr
    assert {each["id"]: each["fate"] for each in of_steps["attempts"]} == IN_STEPS_FATES, done.stdout + done.stderr
    assert {each["why"] for each in of_steps["attempts"] if each["fate"] == "unreadable"} == {
        "it has nothing in steps/merge/solution/, and the task has that step",
        "the task has several steps, and it does not say in which of them it is done",
        "the task has no step shuffle",
    }
    in_steps = {each["id"]: each for each in of_steps["attempts"]}
    assert in_steps["done"]["missed"] == in_steps["folders"]["missed"] == []
    (missed,) = in_steps["came to the first"]["missed"]
    assert (missed["step"], missed["input"]) == ("merge", "/app/sorted.txt")
    assert missed["requirement"].startswith("Add its names to `/app/sorted.txt`")
    why = {each["id"]: each["why"] for each in task["attempts"]}
    assert why["other files"] == "/app/out.txt has another content than when it was recorded"
    assert why["leaves the folder"] == "its patch leaves the solution folder: ../x"
    assert "Not judged: 9" in done.stdout


def test_what_a_model_proposes_is_run_and_judged_and_nothing_but_its_answers_is_asked_for(tmp_path: Path) -> None:
    program = "with open('/app/out.txt', 'w') as file:\n    file.write('ok\\n')\n"
    task = {"solution/solve.sh": "#!/bin/bash\npython3 /solution/out.py\n", "solution/out.py": program}
    write(tmp_path / "tasks/out", {**HARBOR, **task})
    loud, cut, other = program.replace("ok", "OK"), program.replace("'w'", ""), "printf 'ok\\n' > /app/out.txt\n"
    about = {"breaks": "R1", "what": "It is in capitals."}
    answers = (
        candidates(*({"files": {"out.py": text}, **about} for text in (loud, loud, cut[:-2], program))),
        candidates({"files": {"solve.sh": other}}),
        candidates({"files": {"solve.sh": "echo no > /app/out.txt\n"}}),
        candidates({"files": {"solve.sh": "echo ok > /app/out.txt\n"}}),
    )
    kinds = [word for kind in ("wrong", "right", "attempt") for word in ("--kind", kind)]
    words = ["propose", tmp_path / "tasks", *kinds, "--number", 2, "--at-once", 1, "-o", tmp_path / "proposed"]
    with serving(*map(streamed, answers)) as served:
        env = {
            **os.environ,
            "FOOLSGOLD_MODEL": "some-model",
            "FOOLSGOLD_MODEL_URL": served.url,
            "NO_PROXY": "127.0.0.1",
        }
        line = [sys.executable, "-m", "harness", *map(str, words), "--no-progress"]
        done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        asked = len(served.seen)
        lines = tmp_path / "proposed/candidates.jsonl"
        done = foolsgold("attempts", tmp_path / "tasks", "--solutions", lines, "-o", tmp_path / "run", "--repeat", "1")
        few = ("--budget", "1", "--probe", "none", "--repeat", "1", "-o", tmp_path / "audited", "--json")
        audit = foolsgold("audit", tmp_path / "tasks", "--mutate-with", tmp_path / "proposed", *few)
        assert len(served.seen) == asked == 4
    [variant] = json.loads(audit.stdout)["tasks"][0]["proposed"]["variants"]
    assert (variant["outcome"], variant["sentence"]) == ("killed", "It is in capitals."), audit.stderr
    assert (variant["path"], variant["proposed"]["source"]) == ("solution/out.py", "some-model")
    repro = foolsgold_alone("repro", tmp_path / "audited", variant["id"], "-o", tmp_path / "again")
    assert repro.returncode == 0, repro.stderr
    assert (tmp_path / "again/solution/out.py").read_text() == loud
    proposed = json.loads((tmp_path / "proposed/propose.json").read_text(encoding="utf-8"))["kinds"]["wrong"]
    assert (proposed["candidates"], proposed["doubles"]) == (1, 1)
    assert proposed["invalid_because"] == {"its out.py does not parse": 1, "it is the reference itself": 1}
    (task,) = document(tmp_path / "run")["tasks"]
    found = {each["id"].partition("-")[0]: each for each in task["attempts"]}
    assert sorted((each["meant"], each["fate"]) for each in task["attempts"] if each["meant"]) == [
        ("right", "paid"), ("wrong", "refused"),
    ]  # fmt: skip
    assert [each["fate"] for each in task["attempts"] if not each["meant"]] == ["refused", "paid"]
    assert {each["source"] for each in task["attempts"]} == {"some-model"}
    assert {each["label"] for each in task["attempts"]} == {None}
    for each in task["attempts"]:
        stored = json.loads((tmp_path / f"proposed/exchanges/{each['about']['request_sha256']}.json").read_text())
        assert stored["answer_sha256"] == each["about"]["answer_sha256"]
    assert found["wrong"]["about"]["what"] == "It is in capitals."
    assert found["right"]["same_end"]
