"""The GitHub Action, and the workflow that uses it: its steps are taken out and run, as GitHub's runner runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.commands.audit import audit
from harness.commands.gate import gate
from tests.harness.report.test_schemas import sarif_schema, violations

CHECKOUT = Path(__file__).parents[2]
WORKFLOW = CHECKOUT / "examples/github-actions/foolsgold.yml"
ACTION = CHECKOUT / "action.yml"
CONFIG = """\
engine = "bwrap"
repeat = 1
jobs = 2
[image]
"*" = "host"
[[override]]
tasks = ["tasks/*"]
budget = 6
fail-under = 20
threshold = { least = 3 }
"""


def action() -> Any:
    return yaml.safe_load(ACTION.read_text())


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = action()["runs"]["steps"]
    return found


def named(name: str) -> dict[str, Any]:
    [step] = [step for step in steps() if step.get("name") == name]
    return step


def filled(text: str, inputs: Mapping[str, str]) -> str:
    """As much of GitHub's expressions as the action uses: inputs, their `||`, and where the action is."""

    def one(found: re.Match[str]) -> str:
        for word in found[1].split("||"):
            name = word.strip()
            value = str(CHECKOUT) if name == "github.action_path" else inputs[name.removeprefix("inputs.")]
            if value:
                return value
        return ""

    return re.sub(r"\$\{\{ (.+?) \}\}", one, text)


class Runner:
    """As much of GitHub's runner as the scripts see."""

    def __init__(self, folder: Path, workspace: Path, path: str = "", **inputs: str) -> None:
        self.workspace = workspace
        own = {name: given.get("default", "") for name, given in action()["inputs"].items()}
        own["base"] = ""
        self.inputs = {**own, **inputs}
        self.summary = folder / "summary.md"
        temporary = folder / "runner-temp"
        temporary.mkdir()
        self.summary.touch()
        self.env = {
            **os.environ,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(temporary),
            "PATH": path or f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        # What `shell: bash` means there.
        step = named(name)
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        env = self.env | {key: filled(value, self.inputs) for key, value in step.get("env", {}).items()}
        return subprocess.run(
            words, cwd=self.workspace, env=env, capture_output=True, text=True, check=False, timeout=280
        )


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


def repository(folder: Path, *tasks: str) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet")
    for task in tasks:
        shutil.copytree(CHECKOUT / "fixtures/formats" / task, folder / "tasks" / task)
    (folder / "tasks/README.md").write_text("Tasks.\n")
    (folder / "foolsgold.toml").write_text(CONFIG)
    return folder


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_the_actions_scripts_run_in_bash_and_take_what_others_write_as_words() -> None:
    for step in steps():
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"], "an expression in a script is an injection"


def test_the_workflow_has_no_more_rights_than_it_needs_and_gives_the_action_inputs_that_it_has() -> None:
    found = yaml.safe_load(WORKFLOW.read_text())
    assert found["permissions"] == {"contents": "read", "security-events": "write"}
    # YAML 1.1 reads the key `on` as true.
    assert "pull_request_target" not in found[True]
    [job] = found["jobs"].values()
    [use] = [step for step in job["steps"] if step["uses"].startswith("OWNER/foolsgold@")]
    assert use["with"].keys() <= action()["inputs"].keys()
    for name, command in (("options", audit), ("gate", gate)):
        command.make_context(command.name, [*use["with"][name].split(), "x"])


def test_every_input_is_used_and_every_one_used_is_declared() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", ACTION.read_text()))
    assert used == action()["inputs"].keys()
    assert all(given["description"] for given in action()["inputs"].values())


def test_without_a_commit_to_compare_with_every_task_is_audited(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", "no-network")
    commit(folder)
    assert found(tmp_path, folder, "") == ["tasks"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("tasks/README.md", []),
        ("tasks/no-network/instruction.md", ["tasks/no-network"]),
        ("tasks/no-network/tests/deep/er/new file.txt", ["tasks/no-network"]),
        ("elsewhere/task.toml", []),
    ],
)
def test_a_changed_file_belongs_to_its_task(tmp_path: Path, change: str, expected: list[str]) -> None:
    folder = repository(tmp_path / "repository", "no-network", "plain-python-verifier")
    base = commit(folder)
    path = folder / change
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed\n")
    commit(folder)
    assert found(tmp_path, folder, base) == expected


def test_a_deleted_file_changes_its_task_and_a_deleted_task_is_none(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", "no-network", "plain-python-verifier", "name with spaces")
    base = commit(folder)
    shutil.rmtree(folder / "tasks/no-network")
    shutil.rmtree(folder / "tasks/name with spaces/tests")
    (folder / "tasks/plain-python-verifier/instruction.md").rename(folder / "tasks/plain-python-verifier/other.md")
    commit(folder)
    assert found(tmp_path, folder, base) == ["tasks/name with spaces", "tasks/plain-python-verifier"]


def found(tmp_path: Path, folder: Path, base: str) -> list[str]:
    runner = Runner(tmp_path, folder, base=base)
    done = runner.run("Find the changed tasks")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_change_of_no_task_audits_nothing_and_passes(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", "no-network")
    base = commit(folder)
    append(folder / "tasks/README.md", "More.\n")
    commit(folder)
    runner = Runner(tmp_path, folder, base=base)
    for name in ("Find the changed tasks", "Audit", "Gate"):
        done = runner.run(name)
        assert done.returncode == 0, done.stderr
    assert runner.summary.read_text() == "No task was changed.\n"
    assert not (folder / "foolsgold.sarif").exists()


@pytest.mark.bwrap
def test_changed_tasks_are_audited_reported_and_held_to_the_gate(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repository", "no-network", "plain-python-verifier")
    base = commit(folder)
    append(folder / "tasks/plain-python-verifier/instruction.md", "\nThank you.\n")
    shutil.copytree(CHECKOUT / "fixtures/formats/nop-paid-half", folder / "tasks/nop-paid-half")
    commit(folder)
    runner = Runner(tmp_path, folder, base=base)
    for name in ("Find the changed tasks", "Audit"):
        done = runner.run(name)
        assert done.returncode == 0, f"{name}\n{done.stdout}\n{done.stderr}"
    report = json.loads((folder / "foolsgold-run/report.json").read_text())
    assert [task["name"] for task in report["tasks"]] == ["nop-paid-half", "plain-python-verifier"]
    summary = runner.summary.read_text()
    assert "nop-paid-half" in summary
    assert "plain-python-verifier" in summary
    log = json.loads((folder / named("Show the findings on the changed lines")["with"]["sarif_file"]).read_text())
    assert violations(log, sarif_schema()) == []
    [run] = log["runs"]
    places = {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for location in result["locations"]
    }
    assert places
    assert all((folder / place).exists() for place in places), places
    assert (folder / named("Keep the run")["with"]["path"] / "report.json").is_file()
    assert (folder / named("Keep the report for people")["with"]["path"]).read_text().startswith("<!doctype html>")
    assert action()["outputs"]["run"]["value"] == named("Keep the run")["with"]["path"]
    done = runner.run("Gate")
    assert done.returncode == 1
    assert "gate: nop-paid-half fails: nop-partly-paid" in done.stdout
    assert "plain-python-verifier" not in done.stdout
    append(
        folder / "foolsgold.toml",
        '[[override]]\ntasks = ["nop-*"]\naccept = { nop-partly-paid = "a base rate, on purpose" }\n',
    )
    done = runner.run("Gate")
    assert (done.returncode, done.stdout) == (
        0,
        "gate: 2 of 2 tasks pass, 1 of them with something accepted (exit code 0)\n",
    )


@pytest.mark.network
@pytest.mark.slow
def test_the_install_step_makes_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_COMPILE", "1")  # which is half of the time, and what is asked starts next to nothing
    venv.create(tmp_path / "venv", with_pip=True)
    path = f"{tmp_path / 'venv/bin'}:{os.environ['PATH']}"
    source = tmp_path / "source"
    for part in ("harness", "mutator", "pyproject.toml", "README.md", "LICENSE"):
        if (CHECKOUT / part).is_dir():
            shutil.copytree(CHECKOUT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif (CHECKOUT / part).exists():
            shutil.copy(CHECKOUT / part, source / part)
    runner = Runner(tmp_path, tmp_path, path, package=str(source))
    done = runner.run("Install")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^foolsgold, version \S+$", done.stdout, re.MULTILINE)
