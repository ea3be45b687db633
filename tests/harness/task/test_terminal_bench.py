from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.contract import KEEP_ALIVE
from harness.task import terminal_bench
from harness.task.documents import parse_yaml
from harness.task.files import Folder
from harness.task.model import Keys, Scoring, Task, Unusable
from harness.task.problems import Problems
from harness.task.terminal_bench import load
from tests.harness.task.folders import COMPOSE, TERMINAL_BENCH, Files, codes, errors, usable, write

KEYS = """\
# what to type
- command: vim /app/é.txt
  min_timeout_sec: 0.5
  block: false
- command: "i\\"hi\\"\\e:wq"
  append_enter: false
- command: |
    make all
    make check
  max_timeout_sec: 20
  block: true
"""


def made(root: Path, changes: Files | None = None) -> Task | Unusable:
    return load(write(root, TERMINAL_BENCH, changes), "t")


def test_the_usual_task_is_read_in_full(tmp_path: Path) -> None:
    text = """\
instruction: |-
  Write hello.
  Twice.
author_name: somebody
difficulty: hard
category: files
tags: [a, b]
parser_name: pytest
max_agent_timeout_sec: 100
max_test_timeout_sec: 20.5
estimated_duration_sec:
expert_time_estimate_min: 5
"""
    task = usable(made(tmp_path, {"task.yaml": text}))
    assert (task.format, task.problems) == (terminal_bench.TERMINAL_BENCH, ())
    assert task.metadata == {
        "author_name": "somebody", "difficulty": "hard", "category": "files", "tags": ["a", "b"],
        "expert_time_estimate_min": 5,
    }  # fmt: skip
    environment = task.environment
    assert (environment.recipe.context, environment.recipe.dockerfile) == (tmp_path, tmp_path / "Dockerfile")
    assert (environment.env, environment.command) == ({"TEST_DIR": "/tests"}, KEEP_ALIVE)
    assert environment.mounts == ("/logs", "/agent-logs")
    (step,) = task.steps
    assert (step.instruction, step.agent_timeout) == ("Write hello.\nTwice.", 100.0)
    assert step.solution is not None
    assert (step.solution.script, step.solution.target) == (tmp_path / "solution.sh", "/oracle")
    assert (step.solution.folder, step.solution.only) == (tmp_path, ("solution.sh",))
    verifier = step.verifier
    assert (verifier.folders, verifier.script) == ((tmp_path / "tests",), "/tests/run-tests.sh")
    assert verifier.extra_files == ((tmp_path / "run-tests.sh", "/tests/run-tests.sh"),)
    assert (verifier.timeout, verifier.user, verifier.same_shell) == (20.5, "root", False)
    assert (verifier.scoring, verifier.parser) == (Scoring.PYTEST_TEXT, "pytest")


def test_time_limits_default_to_the_formats(tmp_path: Path) -> None:
    step = usable(made(tmp_path)).steps[0]
    assert (step.agent_timeout, step.verifier.timeout) == (360.0, 60.0)


def test_tests_in_the_same_shell_run_as_its_user(tmp_path: Path) -> None:
    step = usable(made(tmp_path, {"task.yaml": "instruction: x\nrun_tests_in_same_shell: true\n"})).steps[0]
    assert (step.verifier.same_shell, step.verifier.user) == (True, None)


@pytest.mark.parametrize(
    ("text", "instruction"),
    [
        ("descriptions:\n- key: hard\n  description: Hard.\n- key: base\n  description: Base.\n", "Base."),
        ("descriptions:\n- key: other\n  description: Only.\n", "Only."),
        ("description: Plain.\n", "Plain."),
        ("instruction: New.\ndescriptions:\n- {key: base, description: Old.}\n", "New."),
    ],
)
def test_older_ways_of_saying_the_instruction_are_read(tmp_path: Path, text: str, instruction: str) -> None:
    task = usable(made(tmp_path, {"task.yaml": text}))
    assert (task.steps[0].instruction, codes(task)) == (instruction, [])


def test_keystrokes_know_where_they_stand_in_the_file(tmp_path: Path) -> None:
    solution = usable(made(tmp_path, {"solution.sh": None, "solution.yaml": KEYS})).steps[0].solution
    assert solution is not None
    assert solution.script == tmp_path / "solution.yaml"
    vim, typed, build = solution.keys
    assert vim == Keys("vim /app/é.txt", 0.5, 180.0, block=False, append_enter=True, span=vim.span)
    assert (typed.command, typed.block, typed.append_enter) == ('i"hi"\x1b:wq', False, False)
    assert (build.command, build.max_timeout, build.block) == ("make all\nmake check\n", 20.0, True)
    data = KEYS.encode()
    spelled = [data[key.span[0] : key.span[1]].decode() for key in solution.keys if key.span]
    assert spelled[:2] == ["vim /app/é.txt", '"i\\"hi\\"\\e:wq"']
    assert spelled[2].startswith("|\n    make all\n")
    assert spelled[2].rstrip().endswith("make check")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1), st.booleans())
def test_a_quoted_keystroke_is_exactly_its_span(commands: list[str], bom: bool) -> None:
    spelled = [json.dumps(command, ensure_ascii=False) for command in commands]
    text = "".join(f"- min_timeout_sec: 1 # é\n  command: {item}\n" for item in spelled)
    data = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    with TemporaryDirectory() as folder:
        task = usable(made(Path(folder), {"solution.sh": None, "solution.yaml": data}))
    solution = task.steps[0].solution
    assert solution is not None
    assert [key.command for key in solution.keys] == commands
    assert [data[key.span[0] : key.span[1]].decode() for key in solution.keys if key.span] == spelled


def test_solution_sh_goes_before_solution_yaml(tmp_path: Path) -> None:
    solution = usable(made(tmp_path, {"solution.yaml": KEYS})).steps[0].solution
    assert solution is not None
    assert (solution.script.name, solution.keys) == ("solution.sh", ())


def test_setas_weights_are_the_score(tmp_path: Path) -> None:
    verifier = usable(made(tmp_path, {"weights.json": '{"test_out": 1.0}'})).steps[0].verifier
    assert (verifier.scoring, verifier.weights) == (Scoring.WEIGHTS, {"test_out": 1.0})


def test_a_lone_service_of_another_name_is_the_client(tmp_path: Path) -> None:
    task = usable(made(tmp_path, {"docker-compose.yaml": COMPOSE.replace("client:", "box:")}))
    assert task.environment.env == {"TEST_DIR": "/tests"}


def test_an_image_needs_no_dockerfile(tmp_path: Path) -> None:
    compose = "services:\n  client:\n    image: busybox:1\n"
    environment = usable(made(tmp_path, {"docker-compose.yaml": compose, "Dockerfile": None})).environment
    assert (environment.recipe.image, environment.recipe.dockerfile) == ("busybox:1", None)
    assert environment.command is None


def test_without_compose_the_dockerfile_is_built_and_a_warning_given(tmp_path: Path) -> None:
    task = usable(made(tmp_path, {"docker-compose.yaml": None}))
    assert codes(task) == ["missing-compose"]
    assert task.environment.recipe.dockerfile == tmp_path / "Dockerfile"
    assert task.environment.env == {"TEST_DIR": "/tests"}


def test_a_build_context_may_be_a_folder_of_the_task(tmp_path: Path) -> None:
    compose = "services:\n  client:\n    build: client\n"
    changes: Files = {"docker-compose.yaml": compose, "Dockerfile": None, "client/Dockerfile": "FROM debian:12\n"}
    recipe = usable(made(tmp_path, changes)).environment.recipe
    assert (recipe.context, recipe.dockerfile) == (tmp_path / "client", tmp_path / "client/Dockerfile")


@pytest.mark.parametrize(
    ("changes", "code", "file", "line"),
    [
        ({"task.yaml": "instruction: [\n"}, "bad-yaml", "task.yaml", 2),
        ({"task.yaml": "instruction: x\n\tdifficulty: y\n"}, "bad-yaml", "task.yaml", 2),
        ({"task.yaml": "- a\n"}, "bad-yaml", "task.yaml", 1),
        ({"task.yaml": ""}, "bad-yaml", "task.yaml", 1),
        ({"task.yaml": "difficulty: easy\n"}, "missing-instruction", "task.yaml", None),
        ({"task.yaml": 'instruction: "a\\0b"\n'}, "binary-instruction", "task.yaml", 1),
        ({"task.yaml": "instruction: {a: b}\n"}, "bad-value", "task.yaml", 1),
        ({"task.yaml": "instruction: x\nparser_name: swebench\n"}, "unsupported-parser", "task.yaml", 2),
        ({"task.yaml": "instruction: x\nmax_test_timeout_sec: long\n"}, "bad-value", "task.yaml", 2),
        ({"solution.sh": None}, "missing-solution", "", None),
        ({"run-tests.sh": None}, "missing-tests", "run-tests.sh", None),
        ({"Dockerfile": None}, "missing-environment", "docker-compose.yaml", None),
        ({"Dockerfile": None, "docker-compose.yaml": None}, "missing-environment", "", None),
        ({"docker-compose.yaml": "services: {client: {}}\n"}, "missing-environment", "docker-compose.yaml", None),
        ({"docker-compose.yaml": COMPOSE + "  db:\n    dns: x\n"}, "compose-unsupported", "docker-compose.yaml", 14),
        (
            {"docker-compose.yaml": "services:\n  a: {image: x}\n  b: {image: y}\n"},
            "multi-container",
            "docker-compose.yaml",
            2,
        ),
        ({"docker-compose.yaml": "services: {}\n"}, "bad-value", "docker-compose.yaml", None),
        ({"solution.sh": None, "solution.yaml": "command: x\n"}, "bad-value", "solution.yaml", 1),
        ({"solution.sh": None, "solution.yaml": "[]\n"}, "bad-value", "solution.yaml", 1),
        ({"solution.sh": None, "solution.yaml": "- command: x\n- y\n"}, "bad-value", "solution.yaml", 2),
        ({"solution.sh": None, "solution.yaml": "- command: x\n- block: true\n"}, "bad-value", "solution.yaml", 2),
    ],
)
def test_what_makes_a_task_unusable_is_said_with_its_place(
    tmp_path: Path, changes: Files, code: str, file: str, line: int | None
) -> None:
    result = made(tmp_path, changes)
    assert isinstance(result, Unusable)
    problem = errors(result)[0]
    assert (problem.code, problem.file, problem.line) == (code, tmp_path / file, line)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{a: " * 200_000,
        "- " * 200_000,
        "a: &a [b]\nb: &b [" + "*a," * 400 + "]\nc: [" + "*b," * 400 + "]\n",
        "a: &a\n  b: *a\n",
        "? {a: 1}\n: 2\n",
        "a: 2001-99-99\n",
        "a: !!python/object/apply:os.system [true]\n",
        "a: !!int x\n",
        "--- 1\n--- 2\n",
    ],
)
def test_yaml_made_to_hurt_is_a_problem_and_no_more(tmp_path: Path, text: str) -> None:
    problems = Problems()
    parse_yaml(Folder(tmp_path, problems), tmp_path / "x.yaml", text)
    assert [problem.code for problem in problems.found] == ["bad-yaml"]
