from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.contract import KEEP_ALIVE, Healthcheck, Limits, Member
from harness.task import harbor
from harness.task.harbor import load
from harness.task.model import (
    NO_TIME_LIMIT,
    Beside,
    Hook,
    Network,
    NetworkMode,
    ProblemSeverity,
    Scoring,
    Task,
    Unusable,
    Verifier,
)
from tests.harness.task.folders import HARBOR, Files, codes, errors, usable, write

STEPS: Files = {
    "task.toml": """\
multi_step_reward_strategy = "final"
[agent]
timeout_sec = 50
user = "worker"
[verifier]
timeout_sec = 77
env = { A = "task", B = "task" }
[[verifier.collect]]
command = "dump"
[[steps]]
name = "first"
min_reward = 0.5
artifacts = ["/app/first"]
[steps.verifier]
env = { B = "step" }
[steps.healthcheck]
command = "true"
[[steps]]
name = "second"
min_reward = { reward = 1, speed = 0.25 }
[steps.agent]
timeout_sec = 9
user = 1000
network_mode = "no-network"
[steps.verifier]
timeout_sec = 11
user = "root"
[[steps.verifier.collect]]
command = "dump second"
timeout_sec = 5
user = 0
""",
    "instruction.md": None,
    "steps/first/instruction.md": "First.\n",
    "steps/first/tests/test_first.py": "",
    "steps/first/workdir/data.txt": "1\n",
    "steps/second/instruction.md": "Second.\n",
    "steps/second/solution/solve.sh": "#!/bin/sh\n",
    "steps/second/tests/test.sh": "#!/bin/sh\n",
    "steps/second/workdir/setup.sh": "echo ready\n",
}


def toml(text: str) -> Files:
    return {"task.toml": text}


def made(root: Path, changes: Files | None = None) -> Task | Unusable:
    return load(write(root, HARBOR, changes), "t")


def verifier(root: Path, changes: Files) -> Verifier:
    return usable(made(root, changes)).steps[0].verifier


def test_the_smallest_task_gets_the_formats_defaults(tmp_path: Path) -> None:
    task = usable(made(tmp_path))
    assert (task.name, task.format, task.problems) == ("t", harbor.HARBOR, ())
    environment = task.environment
    assert environment.recipe.dockerfile == tmp_path / "environment/Dockerfile"
    assert (environment.recipe.context, environment.recipe.timeout) == (tmp_path / "environment", 600.0)
    assert (environment.command, environment.network) == (KEEP_ALIVE, Network())
    (step,) = task.steps
    assert (step.name, step.instruction, step.agent_timeout) == ("", "Write hello to /app/out.txt.\n", NO_TIME_LIMIT)
    assert step.solution is not None
    assert (step.solution.folder, step.solution.target) == (tmp_path / "solution", "/solution")
    assert (step.verifier.folders, step.verifier.script) == ((tmp_path / "tests",), "/tests/test.sh")
    assert (step.verifier.timeout, step.verifier.scoring) == (600.0, Scoring.REWARD_FILE)
    assert not step.verifier.owns_tests


def test_every_field_of_a_single_step_task_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOLSGOLD_UNSET", raising=False)
    text = """\
version = "1.0"
source = "somewhere"
artifacts = ["/app/out", { source = "/app/log", destination = "log", exclude = ["*.tmp"] }]
[task]
name = "org/task"
[metadata]
difficulty = "hard"
when = 2026-01-02
[agent]
timeout_sec = 12.5
user = "worker"
network_mode = "no-network"
[verifier]
timeout_sec = 34
user = 0
network_mode = "public"
env = { KEY = "${FOOLSGOLD_UNSET:-fallback}" }
[[verifier.collect]]
command = "pg_dump > /logs/artifacts/dump"
[environment]
build_timeout_sec = 60
cpus = 2
memory_mb = 512
storage_mb = 1024
workdir = "/srv"
network_mode = "allowlist"
allowed_hosts = ["PyPI.org."]
env = { MODE = "test" }
healthcheck = { command = "curl localhost", interval_sec = 1, timeout_sec = 2, start_period_sec = 3, retries = 4 }
[solution]
env = { TOKEN = "x" }
"""
    task = usable(made(tmp_path, toml(text)))
    assert task.problems == ()
    assert task.metadata == {
        "difficulty": "hard", "when": "2026-01-02", "task": {"name": "org/task"}, "source": "somewhere",
    }  # fmt: skip
    assert task.artifacts == ("/app/out", "/app/log")
    environment, step = task.environment, task.steps[0]
    assert environment.limits == Limits(memory_mb=512, cpus=2.0, disk_mb=1024)
    assert (environment.workdir, environment.env, environment.recipe.timeout) == ("/srv", {"MODE": "test"}, 60.0)
    assert environment.network == Network(NetworkMode.ALLOWLIST, ("pypi.org",), declared=True)
    assert environment.healthcheck == Healthcheck("curl localhost", 1.0, 2.0, 3.0, 5.0, 4)
    assert (step.agent_timeout, step.agent_user) == (12.5, "worker")
    assert step.agent_network == Network(NetworkMode.NONE, declared=True)
    assert step.solution is not None
    assert step.solution.env == {"TOKEN": "x"}
    assert step.excludes == {"/app/log": ("*.tmp",)}
    verifier = step.verifier
    assert (verifier.timeout, verifier.user, verifier.env) == (34.0, "0", {"KEY": "fallback"})
    assert verifier.network == Network(NetworkMode.PUBLIC, declared=True)
    assert verifier.collect == (Hook("pg_dump > /logs/artifacts/dump"),)


@pytest.mark.parametrize(
    ("section", "limits", "network"),
    [
        ('memory = "2G"', Limits(memory_mb=2048), Network()),
        ('memory = "512m"\nstorage = "10G"', Limits(memory_mb=512, disk_mb=10240), Network()),
        ("allow_internet = false", Limits(), Network(NetworkMode.NONE, declared=True)),
        ("allow_internet = true", Limits(), Network(NetworkMode.PUBLIC, declared=True)),
        ('allow_internet = true\nnetwork_mode = "no-network"', Limits(), Network(NetworkMode.NONE, declared=True)),
    ],
)
def test_older_names_mean_what_they_meant(tmp_path: Path, section: str, limits: Limits, network: Network) -> None:
    environment = usable(made(tmp_path, toml(f'version = "1.0"\n[environment]\n{section}\n'))).environment
    assert (environment.limits, environment.network) == (limits, network)


def test_a_steps_files_and_settings_stand_over_the_tasks(tmp_path: Path) -> None:
    task = usable(made(tmp_path, STEPS))
    assert task.reward_strategy == "final"
    first, second = task.steps
    assert (first.name, first.instruction, first.agent_timeout, first.agent_user) == ("first", "First.\n", 50, "worker")
    assert first.solution is not None
    assert first.solution.folder == tmp_path / "solution"
    assert first.verifier.folders == (tmp_path / "tests", tmp_path / "steps/first/tests")
    assert first.verifier.env == {"A": "task", "B": "step"}
    assert (first.min_reward, first.artifacts) == ({"reward": 0.5}, ("/app/first",))
    assert first.workdir_files == tmp_path / "steps/first/workdir"
    assert first.setup is None
    assert first.healthcheck == Healthcheck("true")
    assert (second.agent_timeout, second.agent_user) == (9, "1000")
    assert second.agent_network == Network(NetworkMode.NONE, declared=True)
    assert second.solution is not None
    assert second.solution.folder == tmp_path / "steps/second/solution"
    assert second.setup == tmp_path / "steps/second/workdir/setup.sh"
    assert second.min_reward == {"reward": 1.0, "speed": 0.25}
    assert (second.verifier.timeout, second.verifier.user) == (11.0, "root")
    assert second.verifier.collect == (Hook("dump"), Hook("dump second", 5.0, "0"))


def test_a_steps_verifier_does_not_inherit_the_tasks_time_limit(tmp_path: Path) -> None:
    assert usable(made(tmp_path, STEPS)).steps[0].verifier.timeout == 600.0


@pytest.mark.parametrize(
    ("changes", "context", "image", "owns_tests"),
    [
        ({"task.toml": '[verifier]\nenvironment_mode = "separate"\n'}, "environment", None, False),
        (
            {"task.toml": '[verifier]\nenvironment_mode = "separate"\n', "tests/Dockerfile": "FROM debian:12\n"},
            "tests", None, True,
        ),
        ({"task.toml": "[verifier.environment]\ncpus = 2\n"}, "environment", None, False),
        ({"task.toml": '[verifier.environment]\ndocker_image = "judge:1"\n'}, "tests", "judge:1", True),
    ],
)  # fmt: skip
def test_a_separate_verifiers_environment_is_found_as_harbor_finds_it(
    tmp_path: Path, changes: Files, context: str, image: str | None, owns_tests: bool
) -> None:
    found = verifier(tmp_path, changes)
    assert found.separate is not None
    assert (found.separate.recipe.context, found.separate.recipe.image) == (tmp_path / context, image)
    assert found.owns_tests is owns_tests
    assert found.folders == (() if owns_tests else (tmp_path / "tests",))


def test_a_separate_verifier_may_bring_its_tests_in_its_image_only(tmp_path: Path) -> None:
    changes = {"task.toml": '[verifier.environment]\ndocker_image = "judge:1"\n', "tests/test.sh": None}
    found = verifier(tmp_path, changes)
    assert found.owns_tests
    assert found.separate is not None
    assert found.separate.files == ()


def test_a_copy_of_the_tasks_environment_keeps_its_settings_and_an_own_one_does_not(tmp_path: Path) -> None:
    text = '[environment]\nenv = { A = "1" }\n[verifier]\nenvironment_mode = "separate"\n'
    copied = verifier(tmp_path / "a", toml(text)).separate
    own = verifier(tmp_path / "b", toml(text + '[verifier.environment]\nworkdir = "/x"\n')).separate
    assert copied is not None
    assert copied.env == {"A": "1"}
    assert own is not None
    assert (own.env, own.workdir) == ({}, "/x")


def test_a_step_may_have_a_verifier_environment_of_its_own(tmp_path: Path) -> None:
    dockerfile = "FROM debian:12\n"
    changes = {**STEPS, "steps/first/tests/Dockerfile": dockerfile, "tests/Dockerfile": dockerfile}
    changes["task.toml"] = str(STEPS["task.toml"]).replace(
        "[steps.verifier]\nenv", '[steps.verifier]\nenvironment_mode = "separate"\nenv', 1
    )
    first, second = usable(made(tmp_path, changes)).steps
    assert first.verifier.separate is not None
    assert first.verifier.separate.recipe.context == tmp_path / "steps/first/tests"
    assert first.verifier.owns_tests
    assert second.verifier.separate is None


def test_an_image_without_a_dockerfile_gets_the_environment_folder_in_its_workdir(tmp_path: Path) -> None:
    image = toml('[environment]\ndocker_image = "busybox:1"\n')
    changes = {**image, "environment/Dockerfile": None, "environment/data.txt": "1"}
    environment = usable(made(tmp_path / "a", changes)).environment
    assert (environment.recipe.image, environment.recipe.dockerfile) == ("busybox:1", None)
    assert environment.files == ((tmp_path / "a/environment", ""),)
    bare = usable(made(tmp_path / "b", {**image, "environment/Dockerfile": None})).environment
    assert (bare.recipe.image, bare.files) == ("busybox:1", ())


def test_an_image_beside_a_dockerfile_is_remembered_and_warned_about(tmp_path: Path) -> None:
    task = usable(made(tmp_path, toml('[environment]\ndocker_image = "org/built:1"\n')))
    assert task.environment.prebuilt == "org/built:1"
    assert task.environment.recipe.dockerfile == tmp_path / "environment/Dockerfile"
    assert task.environment.files == ()
    assert codes(task) == ["image-and-dockerfile"]


def test_canary_lines_are_not_part_of_the_instruction(tmp_path: Path) -> None:
    text = "<!-- some canary GUID 1 -->\n# Canary, do not remove\n\nDo it.\n"
    assert usable(made(tmp_path, {"instruction.md": text})).steps[0].instruction == "Do it.\n"


def test_a_template_takes_this_machines_variable_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOLSGOLD_KEY", "from here")
    task = usable(made(tmp_path, toml('[environment.env]\nKEY = "${FOOLSGOLD_KEY}"\nNOT = "a ${FOOLSGOLD_KEY}"\n')))
    assert task.environment.env == {"KEY": "from here", "NOT": "a ${FOOLSGOLD_KEY}"}
    (problem,) = task.problems
    assert (problem.code, problem.line) == ("host-variable", 2)
    assert "from here" not in problem.message


@pytest.mark.parametrize("section", ["environment", "verifier", "solution"])
def test_a_missing_variable_without_a_default_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    monkeypatch.delenv("FOOLSGOLD_UNSET", raising=False)
    (problem,) = errors(made(tmp_path, toml(f'[{section}.env]\nKEY = "${{FOOLSGOLD_UNSET}}"\n')))
    assert (problem.code, problem.line) == ("missing-variable", 2)
    assert "FOOLSGOLD_UNSET" in problem.message


@pytest.mark.parametrize(
    ("changes", "code", "file", "line"),
    [
        (toml("a = 1\nb = = 2\n"), "bad-toml", "task.toml", 2),
        (toml("a = 1\nb = '''\n"), "bad-toml", "task.toml", 3),
        (toml("a = " + "[" * 5000), "bad-toml", "task.toml", None),
        (toml("a = " + "[" * 80 + "]" * 80), "bad-toml", "task.toml", None),
        (toml("a = 1" + "0" * 5000), "bad-toml", "task.toml", None),
        (toml("a = 2001-99-99\n"), "bad-toml", "task.toml", 1),
        ({"task.toml": b"a = '\xff'\n"}, "bad-encoding", "task.toml", 1),
        ({"instruction.md": None}, "missing-instruction", "instruction.md", None),
        ({"instruction.md": b"\x7fELF\0\0"}, "binary-instruction", "instruction.md", None),
        ({"instruction.md": b"ok\n\xff\xfe"}, "binary-instruction", "instruction.md", 2),
        ({"instruction.md": b"x" * (5 << 20)}, "too-large", "instruction.md", None),
        ({"solution/solve.sh": b"#" * (33 << 20)}, "too-large", "solution/solve.sh", None),
        ({"solution/solve.sh": None}, "missing-solution", "solution/solve.sh", None),
        ({"tests/test.sh": None}, "missing-tests", "tests/test.sh", None),
        ({"environment/Dockerfile": None}, "missing-environment", "environment", None),
        (toml("[environment]\nos = 'Windows'\n"), "needs-windows", "task.toml", 2),
        (toml("[agent]\ntimeout_sec = 'soon'\n"), "bad-value", "task.toml", 2),
        (toml("[agent]\ntimeout_sec = nan\n"), "bad-value", "task.toml", 2),
        (toml("[verifier]\ntimeout_sec = -1\n"), "bad-value", "task.toml", 2),
        (toml("[verifier]\nenv = ['A=1']\n"), "bad-value", "task.toml", 2),
        (toml("[environment]\nnetwork_mode = 'some'\n"), "bad-value", "task.toml", 2),
        (toml("[environment]\nmemory = 'lots'\n"), "bad-value", "task.toml", 2),
        (toml("[environment]\nmemory = '1G'\nmemory_mb = 2\n"), "bad-value", "task.toml", 2),
        (toml("[environment.healthcheck]\nretries = 2\n"), "bad-value", "task.toml", 1),
        (toml("[agent]\nuser = 1.5\n"), "bad-value", "task.toml", 2),
        (toml("agent = 1\n"), "bad-value", "task.toml", 1),
        (toml("metadata = 1\n"), "bad-value", "task.toml", 1),
        (toml("artifacts = ['../x']\n"), "bad-value", "task.toml", 1),
        (toml("steps = 3\n"), "bad-value", "task.toml", 1),
        (
            toml("[verifier]\nenvironment_mode = 'shared'\n[verifier.environment]\n"),
            "bad-value", "task.toml", 2,
        ),
        (toml("[[steps]]\nname = 'a/b'\n"), "bad-value", "task.toml", 2),
        (toml("[[steps]]\nname = 'gone'\n"), "missing-step", "task.toml", 2),
    ],
)  # fmt: skip
def test_what_makes_a_task_unusable_is_said_with_its_place(
    tmp_path: Path, changes: Files, code: str, file: str, line: int | None
) -> None:
    result = made(tmp_path, changes)
    assert isinstance(result, Unusable)
    problem = errors(result)[0]
    assert (problem.code, problem.file, problem.line) == (code, tmp_path / file, line)


@pytest.mark.parametrize(
    ("changes", "code", "line"),
    [
        (toml("[environment]\ngpus = 1\n"), "needs-gpu", 2),
        (toml("[environment]\ntpu = { type = 'v4', topology = '2x2' }\n"), "needs-tpu", 2),
        (toml("[environment.env]\nPORT = 80\n"), "odd-value", 2),
        (toml("[environment]\nallowed_hosts = ['a.example']\n"), "odd-value", 2),
        (toml("[environment]\nmemory = 2048\n"), "odd-value", 2),
        (toml("[agent]\nmax_turns = 3\n"), "unknown-key", 2),
        ({"instruction.md": "\n \n"}, "empty-instruction", None),
        ({"solution/solve.sh": "echo hi\n"}, "missing-shebang", 1),
        ({"solution/solve.sh": ""}, "empty-script", None),
        ({"solution/solve.sh": "#!/bin/sh\r\ntrue\r\n"}, "crlf-script", 1),
        ({"tests/test.sh": "#!/bin/sh\ntrue\ntrue\r\n"}, "crlf-script", 3),
        ({"tests/test.sh": b"\xef\xbb\xbf#!/bin/sh\n"}, "script-bom", 1),
    ],
)
def test_what_somebody_should_know_is_a_warning(tmp_path: Path, changes: Files, code: str, line: int | None) -> None:
    task = usable(made(tmp_path, changes))
    assert [(problem.code, problem.line) for problem in task.problems] == [(code, line)]
    assert task.problems[0].severity is ProblemSeverity.WARNING


def test_an_older_size_that_harbor_ignores_is_ignored(tmp_path: Path) -> None:
    assert usable(made(tmp_path, toml("[environment]\nmemory = 2048\n"))).environment.limits == Limits()


def test_a_gpu_is_remembered_as_lacking(tmp_path: Path) -> None:
    environment = usable(made(tmp_path, toml("[environment]\ngpus = 2\n"))).environment
    assert (environment.gpus, environment.lacks) == (2, ("a GPU",))


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    task = usable(made(tmp_path, toml("answer = 42\n[environment]\ncolor = 'red'\n")))
    assert codes(task) == ["unknown-key", "unknown-key"]
    assert task.metadata == {"answer": 42, "environment.color": "red"}


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    result = made(tmp_path, {"instruction.md": None, "solution/solve.sh": None, "tests/test.sh": None})
    assert codes(result) == ["missing-instruction", "missing-solution", "missing-tests"]


def test_a_missing_solution_tells_what_is_there_instead(tmp_path: Path) -> None:
    result = made(tmp_path, {"solution/solve.sh": None, "solution/solve.py": ""})
    assert "solve.py" in errors(result)[0].message


def test_a_steps_solution_folder_without_a_script_does_not_fall_back_to_the_tasks(tmp_path: Path) -> None:
    result = made(tmp_path, {**STEPS, "steps/second/solution/solve.sh": None, "steps/second/solution/x.py": ""})
    assert codes(result) == ["missing-solution"]


def test_steps_may_not_share_a_name(tmp_path: Path) -> None:
    text = "[[steps]]\nname = 'First'\n[[steps]]\nname = 'first'\n"
    steps = {"steps/First/instruction.md": "x\n", "steps/first/instruction.md": "x\n"}
    (problem,) = errors(made(tmp_path, {**toml(text), **steps}))
    assert (problem.code, problem.line) == ("bad-value", 4)


@pytest.mark.parametrize(
    ("script", "scoring"),
    [
        ("#!/bin/sh\npytest /tests --ctrf /logs/verifier/ctrf.json\n", Scoring.WEIGHTS),
        ("#!/bin/sh\npytest /tests; echo $? > /logs/verifier/reward.txt\n", Scoring.REWARD_FILE),
    ],
)
def test_weights_count_where_the_tests_write_no_reward(tmp_path: Path, script: str, scoring: Scoring) -> None:
    found = verifier(tmp_path, {"tests/test.sh": script, "weights.json": '{"test_a": 0.75, "test_b": 0.25}'})
    assert (found.scoring, found.weights) == (scoring, {"test_a": 0.75, "test_b": 0.25})


@pytest.mark.parametrize("text", ["[]", "{}", '{"a": "x"}', '{"a": -1}', '{"a": 0}', '{"a": NaN}', "{", '{"a": true}'])
def test_weights_that_say_nothing_are_a_problem(tmp_path: Path, text: str) -> None:
    assert errors(made(tmp_path, {"weights.json": text}))[0].code in ("bad-weights", "bad-json")


def test_a_compose_file_adds_to_the_environment(tmp_path: Path) -> None:
    compose = """\
services:
  main:
    build:
      context: app
      args: { WHO: me }
      target: run
    environment: { MODE: dev, PORT: 012 }
    working_dir: /srv
    user: "1000:1000"
    hostname: box
    mem_limit: 256m
    network_mode: none
    healthcheck: { test: [CMD, test, -f, /ready], interval: 1s, retries: 9 }
"""
    changes: Files = {
        "task.toml": '[environment]\nmemory_mb = 128\nenv = { MODE = "task" }\n',
        "environment/docker-compose.yaml": compose,
        "environment/Dockerfile": None,
        "environment/app/Dockerfile": "FROM debian:12 AS run\n",
    }
    task = usable(made(tmp_path, changes))
    environment = task.environment
    assert task.problems == ()
    assert environment.recipe.dockerfile == tmp_path / "environment/app/Dockerfile"
    assert (environment.recipe.build_args, environment.recipe.target) == ({"WHO": "me"}, "run")
    assert environment.env == {"MODE": "task", "PORT": "012"}
    assert (environment.workdir, environment.user, environment.hostname) == ("/srv", "1000:1000", "box")
    assert (environment.limits.memory_mb, environment.command) == (128, KEEP_ALIVE)
    assert environment.network == Network(NetworkMode.NONE, declared=True)
    assert environment.healthcheck is None
    assert environment.service_healthcheck == Healthcheck("test -f /ready", interval=1.0, retries=9)
    assert not environment.image_healthcheck
    assert environment.compose == tmp_path / "environment/docker-compose.yaml"


@pytest.mark.parametrize("walled", [False, True])
def test_a_second_service_is_a_box_beside_the_first(tmp_path: Path, walled: bool) -> None:
    """The main service is there, whether the file names it or not."""
    config = "[environment]\nbuild_timeout_sec = 7.0\n" + 'network_mode = "no-network"\n' * walled
    compose = "services:\n  db:\n    image: postgres:16\n"
    environment = usable(made(tmp_path, {"task.toml": config, "environment/docker-compose.yaml": compose})).environment
    (db,) = environment.sidecars
    assert environment.beside == Beside(Member("main", shares=True))
    assert db.beside == Beside(Member("db", shares=True))
    assert (db.recipe.image, db.recipe.timeout, db.command) == ("postgres:16", 7.0, None)
    assert (environment.command, environment.walled) == (KEEP_ALIVE, walled)


def test_an_image_in_compose_does_not_replace_the_build(tmp_path: Path) -> None:
    compose: Files = {"environment/docker-compose.yaml": "services:\n  main:\n    image: busybox:1\n"}
    assert usable(made(tmp_path / "a", compose)).environment.recipe.dockerfile is not None
    (problem,) = errors(made(tmp_path / "b", {**compose, "environment/Dockerfile": None}))
    assert problem.code == "missing-environment"
    assert "busybox:1" in problem.message


def test_the_digest_is_of_the_files_alone(tmp_path: Path) -> None:
    one, two = usable(made(tmp_path / "one")), usable(made(tmp_path / "two"))
    assert one.digest == two.digest
    assert replace(one, path=two.path).steps != two.steps
    (tmp_path / "two/solution/solve.sh").write_text("#!/bin/sh\n")
    assert usable(load(tmp_path / "two", "t")).digest != one.digest
