"""Recordings of runners: which actions are read of them, and what cannot be done again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.attempts.folders import read_submissions
from harness.attempts.model import CannotBeRun, InSteps, Submission, TheReference
from harness.trial.actions import Action, Actions, Carry, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile
from tests.harness.tasks import write


def trial(folder: Path, agent: str = "scripted", calls: list[tuple[str, Any]] | None = None, **more: Any) -> Submission:
    """A Harbor trial of that agent, read."""
    result = {
        "trial_name": "greet__1",
        "task_name": "org/greet",
        "task_id": {"path": "some/where/greet"},
        "agent_info": {"name": agent, "model_info": {"name": "m"}},
        "verifier_result": {"rewards": {"reward": 1.0}},
        **more,
    }
    steps = [
        {"tool_calls": [{"tool_call_id": "1", "function_name": name, "arguments": arguments}]}
        for name, arguments in calls or []
    ]
    files = {"result.json": json.dumps(result)}
    if calls is not None:
        files["agent/trajectory.json"] = json.dumps({"agent": {"name": agent}, "steps": steps})
    write(folder / "job/greet__1", files)
    (found,) = read_submissions([folder])
    return found


def test_what_became_of_each_test_is_read_with_the_rewards(tmp_path: Path) -> None:
    ctrf = {"results": {"tests": [{"name": "test_a", "status": "passed"}, {"name": "test_b", "status": "failed"}]}}
    write(tmp_path / "one/job/greet__1", {"verifier/ctrf.json": json.dumps(ctrf)})
    assert trial(tmp_path / "one", "oracle").recorded.tests == {"test_a": "passed", "test_b": "failed"}
    log = "tests/test_a.py::test_x PASSED\n==== 1 passed in 0.01s ====\n"
    write(tmp_path / "two/job/greet__1", {"steps/a/verifier/test-stdout.txt": log})
    assert trial(tmp_path / "two", "oracle").recorded.tests == {"tests/test_a.py::test_x": "passed"}
    words = {"test_a": "passed", "test_b": "failed", "test_c": 3}
    result = {"trial_name": "x", "task_id": "greet", "is_resolved": False, "parser_results": words}
    write(tmp_path / "three/greet/1", {"results.json": json.dumps(result)})
    (found,) = read_submissions([tmp_path / "three"])
    assert found.recorded.tests == {"test_a": "passed", "test_b": "failed"}


@pytest.mark.parametrize(
    ("call", "action"),
    [
        (("bash", {"command": "ls"}), RunLine("ls")),
        (("Bash", {"command": "ls"}), RunLine("ls")),
        (("exec_command", {"cmd": "ls", "workdir": "/app"}), RunLine("ls", "/app")),
        (("shell", {"command": ["bash", "-lc", "ls -l"]}), RunLine("ls -l")),
        (("shell", {"command": ["echo", "a b"]}), RunLine("echo 'a b'")),
        (("bash_command", {"keystrokes": "ls\n", "duration": 0.5}), TypeKeys("ls\n", 0.5)),
        (("Write", {"file_path": "/x", "content": "y"}), WriteFile("/x", b"y")),
        (("Edit", {"file_path": "/x", "old_string": "a", "new_string": "b"}), EditFile("/x", "a", "b")),
        (
            ("str_replace_editor", {"command": "create", "path": "/x", "file_text": "y"}),
            WriteFile("/x", b"y"),
        ),
        (
            ("str_replace_editor", {"command": "str_replace", "path": "/x", "old_str": "a", "new_str": "b"}),
            EditFile("/x", "a", "b"),
        ),
        (("apply_patch", {"patch": "--- a\n"}), PatchFiles("--- a\n")),
    ],
)
def test_calls_of_many_agents_are_known(tmp_path: Path, call: tuple[str, Any], action: Action) -> None:
    found = trial(tmp_path, calls=[call])
    assert found.handed == Actions((action,))
    assert found.left_out == ()
    assert (found.task, found.source, found.recorded.rewards) == ("greet", "scripted/m", {"reward": 1.0})


def test_what_only_looks_is_nothing_and_what_is_unknown_is_told(tmp_path: Path) -> None:
    calls = [("Read", {"file_path": "/x"}), ("bash", {"command": "ls"}), ("teleport", {"to": "x"})]
    found = trial(tmp_path, calls=calls)
    assert found.handed == Actions((RunLine("ls"),))
    assert found.left_out == ("a call of teleport",)


def test_agents_carry_what_they_carry(tmp_path: Path) -> None:
    for agent, carry in (("claude-code", Carry.FOLDER), ("mini-swe-agent", Carry.NOTHING), ("openhands", Carry.ALL)):
        found = trial(tmp_path / agent, agent, [("bash", {"command": "ls"})])
        assert isinstance(found.handed, Actions)
        assert found.handed.carry is carry


def test_oracle_nop_and_what_cannot_be_done_again(tmp_path: Path) -> None:
    assert trial(tmp_path / "1", "oracle").handed == TheReference()
    assert trial(tmp_path / "2", "nop").handed == Actions((), Carry.NOTHING)
    assert isinstance(trial(tmp_path / "3").handed, CannotBeRun)
    assert isinstance(trial(tmp_path / "4", step_results=[{}]).handed, CannotBeRun)
    assert isinstance(trial(tmp_path / "6", step_results=[{"step_name": "../x"}]).handed, CannotBeRun)
    assert isinstance(trial(tmp_path / "5", calls=[("teleport", {})]).handed, CannotBeRun)


def test_each_step_of_several_has_a_trajectory_of_its_own(tmp_path: Path) -> None:
    trajectories = {
        f"job/greet__1/steps/{name}/agent/trajectory.json": json.dumps(
            {"steps": [{"tool_calls": [{"function_name": "bash", "arguments": {"command": f"echo {name}"}}]}]}
        )
        for name in ("one", "two", "three")
    }
    write(tmp_path, {**trajectories, "job/greet__1/agent/trajectory.json": "{}"})
    found = trial(tmp_path, step_results=[{"step_name": "one"}, {"step_name": "two"}])
    assert found.handed == InSteps({"one": Actions((RunLine("echo one"),)), "two": Actions((RunLine("echo two"),))})
    without = trial(tmp_path, step_results=[{"step_name": "one"}, {"step_name": "four"}]).handed
    assert without == CannotBeRun(
        "step four: it has no trajectory in agent/trajectory.json, and no artifacts were kept"
    )


def test_artifacts_stand_for_what_nobody_wrote_down_and_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path, {"secret": "s"})
    place = tmp_path / "jobs/job/greet__1/artifacts"
    entries = [
        {"source": "/app", "destination": "artifacts/app", "type": "directory", "status": "ok"},
        {"source": "/etc/x", "destination": "../../../../secret", "type": "file", "status": "ok"},
        {"source": "../y", "destination": "artifacts/app/x", "type": "file", "status": "ok"},
        {"source": "/z", "destination": "artifacts/z", "type": "file", "status": "failed"},
    ]
    write(place, {"manifest.json": json.dumps(entries), "app/x": "y"})
    (place / "app/link").symlink_to(tmp_path / "secret")
    found = trial(tmp_path / "jobs")
    assert found.handed == Actions((WriteFile("/app/x", b"y", 0o644),), Carry.NOTHING)


def test_a_terminal_benchs_run_is_read_from_its_commands_or_its_recording(tmp_path: Path) -> None:
    result = json.dumps({"trial_name": "greet.1", "task_id": "greet", "is_resolved": False})
    commands: list[Any] = [
        ["asciinema rec --stdin /logs/agent.cast", "Enter"],
        ["clear", "Enter"],
        ["echo 'hi'", "Enter"],
        "x\n",
    ]
    commands.append(["bash /tests/run-tests.sh", "Enter"])
    cast = [{"version": 2}, [0.5, "o", "$ "], [1.0, "i", "l"], [1.1, "i", "s\r"], [3.0, "i", "q"]]
    write(
        tmp_path / "run",
        {
            "run_metadata.json": json.dumps({"agent_name": "terminus", "model_name": "m"}),
            "greet/1/results.json": result,
            "greet/1/commands.txt": "".join(
                f"{each!r}\n" for each in [*commands, ["bash /tests/run-tests.sh", "Enter"]]
            ),
            "greet/2/results.json": result,
            "greet/2/sessions/agent.cast": "".join(f"{json.dumps(each)}\n" for each in cast),
            "greet/3/results.json": result,
        },
    )
    one, two, three = read_submissions([tmp_path])
    assert one.handed == Actions((TypeKeys("echo 'hi'\n"), TypeKeys("x\n")))
    assert isinstance(two.handed, Actions)
    first, second = two.handed.each
    assert isinstance(first, TypeKeys)
    assert (first.keys, second) == ("ls\n", TypeKeys("q"))
    assert first.seconds == pytest.approx(1.9)
    assert isinstance(three.handed, CannotBeRun)
    assert {(each.task, each.source) for each in (one, two, three)} == {("greet", "terminus/m")}
    assert one.recorded.rewards == {"reward": 0.0}


def run_of(folder: Path, files: dict[str, str], agent: str = "terminus-2", *commands: Any) -> Submission:
    """A trial of Terminal-Bench's, with these commands between those of its runner, read."""
    begin = [["asciinema rec --stdin /logs/agent.cast", "Enter"], ["clear", "Enter"]]
    tests = [["asciinema rec --stdin /logs/tests.cast", "Enter"], ["clear", "Enter"]]
    end = [["bash /tests/run-tests.sh", "Enter"], ["C-d"], ["C-d"]]
    typed = "".join(f"{each!r}\n" for each in [*begin, *commands, *tests, *end])
    result = {"trial_name": "greet.1", "task_id": "greet", "is_resolved": True}
    write(
        folder,
        {
            "run_metadata.json": json.dumps({"agent_name": agent}),
            "greet/1/results.json": json.dumps(result),
            "greet/1/commands.txt": typed,
            **{f"greet/1/{name}": text for name, text in files.items()},
        },
    )
    (found,) = read_submissions([folder])
    return found


def test_what_an_agent_clears_leaves_and_ends_is_not_taken_for_the_runners_own(tmp_path: Path) -> None:
    typed = [["cat > x", "Enter"], "some text\n", ["C-d"], ["clear", "Enter"], ["exit", "Enter"], "C-c", ["C-m"]]
    found = run_of(tmp_path / "1", {}, "terminus-2", *typed)
    keys = ["cat > x\n", "some text\n", "\x04", "clear\n", "exit\n", "\x03", "\n"]
    assert found.handed == Actions(tuple(map(TypeKeys, keys)))
    moved = run_of(tmp_path / "2", {}, "terminus-1", ["vim x", "Enter"], ["Escape", ":wq", "Enter"], ["Up", "M-x"])
    assert moved.handed == Actions((TypeKeys("vim x\n"), TypeKeys("\x1b:wq\n"), TypeKeys("\x1b[A\x1bx")))


def test_the_oracle_is_the_reference_and_nop_is_nothing_done(tmp_path: Path) -> None:
    assert run_of(tmp_path / "1", {}, "oracle", ["bash /oracle/solution.sh", "Enter"]).handed == TheReference()
    assert run_of(tmp_path / "2", {}, "", ["bash /oracle/solution.sh", "Enter"]).handed == TheReference()
    assert run_of(tmp_path / "3", {}, "nop").handed == Actions((), Carry.NOTHING)
    assert isinstance(run_of(tmp_path / "4", {}, "terminus-2").handed, CannotBeRun)


INSTALLED = (
    ["source /installed-agent/install-agent.sh || echo 'INSTALL_FAIL_STATUS'", "Enter"],
    ["agent -p x", "Enter"],
)


def test_what_an_agent_within_the_box_did_is_in_its_own_log(tmp_path: Path) -> None:
    """What was typed only starts it; done again, that would ask a model, or do nothing."""
    none = run_of(tmp_path / "1", {}, "aider", *INSTALLED).handed
    assert none == CannotBeRun("its agent ran within the box, and left no log of what it did that can be read")
    calls = [("Bash", {"command": "cd /app"}), ("Write", {"file_path": "/app/x", "content": "y"}), ("Teleport", {})]
    said = [
        {"type": "assistant", "message": {"content": [{"type": "tool_use", "name": name, "input": given}]}}
        for name, given in calls
    ]
    printed = "\r\n".join(
        ["$ agent", *(json.dumps(each, separators=(",", ":")) for each in said), '{"type":"assistant",']
    )
    expected = Actions((RunLine("cd /app"), WriteFile("/app/x", b"y")), Carry.FOLDER)
    logged = run_of(tmp_path / "2", {"sessions/agent.log": printed}, "claude-code", *INSTALLED)
    assert (logged.handed, logged.left_out) == (expected, ("a call of Teleport", "a message that is cut short"))
    events = [[0.1, "o", printed[:40]], [0.2, "i", "x"], [0.3, "o", printed[40:]]]
    cast = "\n".join(json.dumps(each) for each in [{"version": 2}, *events])
    assert run_of(tmp_path / "3", {"sessions/agent.cast": cast}, "claude-code", *INSTALLED).handed == expected
    done = [
        {"source": "user", "action": "message", "args": {"content": "x"}},
        {"source": "agent", "action": "run", "args": {"command": "ls"}},
        {"source": "agent", "observation": "run", "content": "x"},
        {"source": "agent", "action": "edit",
         "args": {"command": "str_replace", "path": "/app/x", "old_str": "a", "new_str": "b"}},
        {"source": "agent", "action": "finish", "args": {}},
    ]  # fmt: skip
    found = run_of(tmp_path / "4", {"agent-logs/some.json": json.dumps(done)}, "openhands", *INSTALLED)
    assert found.handed == Actions((RunLine("ls"), EditFile("/app/x", "a", "b")))
    assert found.left_out == ()


def test_a_recording_of_the_third_format_counts_from_event_to_event(tmp_path: Path) -> None:
    events = [
        {"version": 3},
        [0.5, "o", "$ "],
        [0.5, "i", "ls\u2028\r"],
        [1.0, "o", "x"],
        [1.5, "i", "q"],
        [0.1, "x", "0"],
    ]
    cast = "\n".join(json.dumps(each, ensure_ascii=False) for each in events)
    write(tmp_path, {"greet/1/results.json": json.dumps({"task_id": "greet", "is_resolved": None}),
                     "greet/1/sessions/agent.cast": cast})  # fmt: skip
    (found,) = read_submissions([tmp_path])
    assert found.handed == Actions((TypeKeys("ls\u2028\n", 2.5), TypeKeys("q")))
    assert found.recorded.rewards is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"trial_name": 3}', "[" * 100_000])
def test_any_other_result_is_no_recording(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"t/a/result.json": text, "t/b/solve.sh": "x"})
    assert [each.id for each in read_submissions([tmp_path])] == ["t/b"]


@pytest.mark.parametrize("text", ["{", '{"steps": 3}', '{"steps": [3, {"tool_calls": [3, {"function_name": 3}]}]}'])
def test_a_broken_trajectory_breaks_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path / "job/greet__1/agent", {"trajectory.json": text})
    found = trial(tmp_path)
    assert isinstance(found.handed, CannotBeRun | Actions)
