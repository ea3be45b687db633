"""What agents did, as runners recorded it: Harbor's trials with an ATIF trajectory, and Terminal-Bench's runs.

Read from Harbor 0.24 to 0.26 and terminal-bench 0.2.18. The text comes from agents and models: whatever does not fit is
left out or makes the recording one that cannot be done again, and it says which.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import basename, normpath
from typing import Any

from harness.attempts.lines import Malformed, box_path
from harness.attempts.model import (
    LARGEST_SOLUTION,
    MOST_FILES,
    CannotBeRun,
    Handed,
    InSteps,
    RecordedEnd,
    Submission,
    TheReference,
)
from harness.attempts.recorded_files import inner, json_of, text_of, trial_name
from harness.attempts.terminal_bench import is_terminal_benchs, read_terminal_benchs
from harness.attempts.tool_calls import changes_nothing, of_call
from harness.errors import UsageError
from harness.trial.actions import Action, Actions, Carry, WriteFile
from harness.untrusted import clip, visible
from harness.verifier.test_report import MOST_TESTS, read_report

RESULT, TRAJECTORY = "result.json", "trajectory.json"


def is_recording(folder: Path) -> bool:
    """Whether a folder is one trial of Harbor's or of Terminal-Bench's."""
    return _is_harbors(folder) or is_terminal_benchs(folder)


def read_recording(task: str, folder: Path) -> Submission:
    """The trial in a folder. `task`: what it is an attempt at; '' where the recording says so."""
    if _is_harbors(folder):
        return _harbor(task, folder)
    if is_terminal_benchs(folder):
        return read_terminal_benchs(task, folder)
    raise UsageError(
        f"{visible(str(folder))} is no recorded trial.",
        hint="A Harbor trial has result.json with a trial_name, a Terminal-Bench trial results.json with a task_id.",
    )


def _is_harbors(folder: Path) -> bool:
    found = json_of(folder / RESULT)
    return isinstance(found, dict) and isinstance(found.get("trial_name"), str) and "task_name" in found


# --- Harbor


def _harbor(task: str, folder: Path) -> Submission:
    result = json_of(folder / RESULT)
    agent = inner(result, "agent_info", "name")
    model = inner(result, "agent_info", "model_info", "name")
    source = "/".join(str(part) for part in (agent, model) if part)
    rewards = _rewards(inner(result, "verifier_result", "rewards"))
    left_out: list[str] = []
    return Submission(
        task or _harbors_task(result),
        trial_name(result["trial_name"]),
        _harbors_way(folder, result, str(agent or ""), left_out),
        clip(visible(source), 100),
        recorded=RecordedEnd(rewards, tests=_tests(folder)),
        left_out=tuple(left_out),
        place=str(folder),
    )


_RESULT_FILES = (".json", ".xml")
_OUTPUT = "test-stdout.txt"
"""What the verifier printed, in its folder and its steps'."""


def _tests(folder: Path) -> dict[str, str]:
    """What became of each test, from what the verifier left: in a folder of its own for each step."""
    steps = folder / "steps"
    names = sorted(os.listdir(steps)) if steps.is_dir() and not steps.is_symlink() else []
    found: dict[str, str] = {}
    for verified in [folder / "verifier", *(steps / name / "verifier" for name in names)]:
        inside = sorted(os.listdir(verified)) if verified.is_dir() and not verified.is_symlink() else []
        files = {name: text_of(verified / name).encode() for name in inside if name.endswith(_RESULT_FILES)}
        report = read_report(files, text_of(verified / _OUTPUT))
        found |= {test.name: test.status.value for test in report.tests[:MOST_TESTS]}
    return found


def _harbors_task(result: Mapping[str, Any]) -> str:
    """The folder's name: what a task of a folder is called."""
    path = inner(result, "task_id", "path")
    name = basename(normpath(path)) if isinstance(path, str) and path else ""
    return name or str(result["task_name"]).rpartition("/")[2]


def _harbors_way(folder: Path, result: Mapping[str, Any], agent: str, left_out: list[str]) -> Handed:
    if agent == "oracle":
        return TheReference()
    if agent == "nop":
        return Actions((), Carry.NOTHING)
    names = [inner(step, "step_name") for step in result.get("step_results") or ()]
    if names:
        return _in_steps(folder, names, left_out)
    return _by_agent(folder, left_out)


def _in_steps(folder: Path, names: list[Any], left_out: list[str]) -> Handed:
    """Each step's files lie in a folder of its own."""
    found: dict[str, Actions] = {}
    for name in names:
        if not isinstance(name, str) or name in (".", "..") or "/" in name:
            return CannotBeRun("a step of it has no usable name")
        handed = _by_agent(folder / "steps" / name, left_out)
        if isinstance(handed, CannotBeRun):
            return CannotBeRun(f"step {name}: {handed.why}")
        found[name] = handed
    return InSteps(found)


def _by_agent(folder: Path, left_out: list[str]) -> Actions | CannotBeRun:
    trajectory = json_of(folder / "agent" / TRAJECTORY)
    if isinstance(trajectory, dict):
        actions = _of_trajectory(trajectory, left_out)
        if actions.each or not left_out:
            return actions
    kept = _artifacts(folder / "artifacts")
    if kept:
        left_out.append("what its agent did; the artifacts that were kept stand for it")
        return Actions(tuple(WriteFile(path, data, mode) for path, data, mode in kept), Carry.NOTHING)
    if isinstance(trajectory, dict):
        return CannotBeRun(f"its trajectory has nothing that can be done again: {left_out[0]}")
    return CannotBeRun("it has no trajectory in agent/trajectory.json, and no artifacts were kept")


def _rewards(found: Any) -> dict[str, float] | None:
    if not isinstance(found, dict) or not found:
        return None
    numbers = {str(key): value for key, value in found.items() if isinstance(value, int | float)}
    return {key: float(value) for key, value in numbers.items()} if len(numbers) == len(found) else None


def _artifacts(folder: Path) -> list[tuple[str, bytes, int]]:
    """What the manifest says was taken from the box, at its places there."""
    entries = json_of(folder / "manifest.json")
    found: dict[str, tuple[bytes, int]] = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("status") != "ok" or entry.get("service") not in (None, "main"):
            continue
        try:
            source = box_path(str(entry.get("source", "")))
        except Malformed:
            continue
        where = folder.parent / str(entry.get("destination", ""))
        if not where.exists():
            where = folder / str(entry.get("destination", ""))
        for inside, data, mode in _kept_files(folder, where):
            found[f"{source}/{inside}" if inside else source] = (data, mode)
    total = sum(len(data) for data, _ in found.values())
    return [] if total > LARGEST_SOLUTION else [(path, *each) for path, each in sorted(found.items())]


def _kept_files(folder: Path, where: Path) -> Iterator[tuple[str, bytes, int]]:
    """(path below `where`, content, mode) of the plain files there, if that lies below `folder`."""
    if not where.resolve().is_relative_to(folder.resolve()):
        return
    paths = [where] if where.is_file() else [Path(at, name) for at, _, names in os.walk(where) for name in names]
    for path in sorted(paths)[:MOST_FILES]:
        info = path.lstat()
        if stat.S_ISREG(info.st_mode) and info.st_size <= LARGEST_SOLUTION:
            inside = path.relative_to(where).as_posix() if path != where else ""
            yield inside, path.read_bytes(), stat.S_IMODE(info.st_mode) & 0o777


# --- ATIF


def _of_trajectory(trajectory: Mapping[str, Any], left_out: list[str]) -> Actions:
    actions: list[Action] = []
    agent = str(inner(trajectory, "agent", "name") or "").lower()
    if trajectory.get("continued_trajectory_ref"):
        left_out.append("the rest of the trajectory, which is in another file")
    steps = trajectory.get("steps")
    for step in steps if isinstance(steps, list) else []:
        if not isinstance(step, dict) or step.get("is_copied_context"):
            continue
        calls = step.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            name = call.get("function_name") if isinstance(call, dict) else None
            arguments = call.get("arguments") if isinstance(call, dict) else None
            if not isinstance(name, str) or not isinstance(arguments, dict):
                continue
            made = list(of_call(name, arguments))
            if not made and not changes_nothing(name):
                left_out.append(f"a call of {clip(visible(name), 60)}")
            actions += made
    return Actions(tuple(actions), _CARRIES.get(agent, Carry.ALL))


_CARRIES = {
    "mini-swe-agent": Carry.NOTHING,
    "codex": Carry.NOTHING,
    "claude-code": Carry.FOLDER,
}
"""Of agents whose commands do not share one shell."""
