"""What agents did, as runners recorded it: Harbor's trials with an ATIF trajectory, and Terminal-Bench's runs.

Read from Harbor 0.24 to 0.26 and terminal-bench 0.2.18. The text comes from agents and models: whatever does not fit is
left out or makes the recording one that cannot be done again, and it says which.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import basename, normpath
from typing import Any

from harness.attempts.lines import Malformed, box_path, name_of
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
from harness.errors import UsageError
from harness.trial.actions import Action, Actions, Carry, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile
from harness.untrusted import clip, visible
from mutator.quiet import quietly

LARGEST_RECORDING = 64 << 20
RESULT, TRAJECTORY = "result.json", "trajectory.json"
_TB_RESULT, _COMMANDS = "results.json", "commands.txt"
LONGEST_PAUSE = 5.0
"""Seconds between two keys of a terminal's recording that are waited again."""


def is_recording(folder: Path) -> bool:
    """Whether a folder is one trial of Harbor's or of Terminal-Bench's."""
    return _is_harbors(folder) or _is_terminal_benchs(folder)


def read_recording(task: str, folder: Path) -> Submission:
    """The trial in a folder. `task`: what it is an attempt at; '' where the recording says so."""
    if _is_harbors(folder):
        return _harbor(task, folder)
    if _is_terminal_benchs(folder):
        return _terminal_bench(task, folder)
    raise UsageError(
        f"{visible(str(folder))} is no recorded trial.",
        hint="A Harbor trial has result.json with a trial_name, a Terminal-Bench trial results.json with a task_id.",
    )


def _is_harbors(folder: Path) -> bool:
    found = _json(folder / RESULT)
    return isinstance(found, dict) and isinstance(found.get("trial_name"), str) and "task_name" in found


def _is_terminal_benchs(folder: Path) -> bool:
    found = _json(folder / _TB_RESULT)
    return isinstance(found, dict) and isinstance(found.get("task_id"), str) and "is_resolved" in found


# --- Harbor


def _harbor(task: str, folder: Path) -> Submission:
    result = _json(folder / RESULT)
    agent = _inner(result, "agent_info", "name")
    model = _inner(result, "agent_info", "model_info", "name")
    source = "/".join(str(part) for part in (agent, model) if part)
    rewards = _rewards(_inner(result, "verifier_result", "rewards"))
    left_out: list[str] = []
    return Submission(
        task or _harbors_task(result),
        _name(result["trial_name"]),
        _harbors_way(folder, result, str(agent or ""), left_out),
        clip(visible(source), 100),
        recorded=RecordedEnd(rewards),
        left_out=tuple(left_out),
        place=str(folder),
    )


def _harbors_task(result: Mapping[str, Any]) -> str:
    """The folder's name: what a task of a folder is called."""
    path = _inner(result, "task_id", "path")
    name = basename(normpath(path)) if isinstance(path, str) and path else ""
    return name or str(result["task_name"]).rpartition("/")[2]


def _harbors_way(folder: Path, result: Mapping[str, Any], agent: str, left_out: list[str]) -> Handed:
    if agent == "oracle":
        return TheReference()
    if agent == "nop":
        return Actions((), Carry.NOTHING)
    names = [_inner(step, "step_name") for step in result.get("step_results") or ()]
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
    trajectory = _json(folder / "agent" / TRAJECTORY)
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
    entries = _json(folder / "manifest.json")
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
    agent = str(_inner(trajectory, "agent", "name") or "").lower()
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
            made = list(_of_call(name, arguments))
            if not made and not _changes_nothing(name):
                left_out.append(f"a call of {clip(visible(name), 60)}")
            actions += made
    return Actions(tuple(actions), _CARRIES.get(agent, Carry.ALL))


_CARRIES = {
    "mini-swe-agent": Carry.NOTHING,
    "codex": Carry.NOTHING,
    "claude-code": Carry.FOLDER,
}
"""Of agents whose commands do not share one shell."""

_RUNS = frozenset(
    "bash shell sh terminal exec execute run execute_bash execute_command exec_command local_shell shell_command "
    "run_command run_shell_command run_terminal_cmd run_terminal_command bash_command developer.shell "
    "developer__shell".split()
)
_WRITES = frozenset("write write_file create_file writefile write_to_file create".split())
_EDITS = frozenset("edit edit_file replace str_replace multiedit multi_edit search_replace".split())
_EDITORS = frozenset(
    "str_replace_editor str_replace_based_edit_tool str_replace_based_edit text_editor developer.text_editor".split()
)
_PATCHES = frozenset(("apply_patch", "applypatch"))
_ONLY_LOOKS = re.compile(
    r"read|view|^cat$|^ls$|list|glob|grep|search|find|think|todo|plan|finish|submit|done|complete|web|fetch|notify|"
    r"message|task_?output|bash_?output|get_|wait",
    re.IGNORECASE,
)


def _changes_nothing(name: str) -> bool:
    return _ONLY_LOOKS.search(name) is not None and name.lower() not in _RUNS | _WRITES | _EDITS | _EDITORS


def _of_call(name: str, given: Mapping[str, Any]) -> Iterator[Action]:
    """What a tool's call did in the box; nothing where that is not known."""
    tool = name.lower()
    path = _first_text(given, "file_path", "path", "filename", "target_file", "absolute_path", "filePath")
    keys = given.get("keystrokes")
    if isinstance(keys, str):
        duration = given.get("duration", given.get("duration_sec", 0.0))
        yield TypeKeys(keys, float(duration) if isinstance(duration, int | float) and 0 <= duration < 1e6 else 0.0)
    elif tool in _EDITORS or (tool in _EDITS | {"edit"} and given.get("command") in ("create", "str_replace")):
        yield from _editor(given, path)
    elif tool in _WRITES and path:
        content = _first_text(given, "content", "contents", "file_text", "text")
        if content is not None:
            yield WriteFile(path, _bytes(content))
    elif tool in _EDITS and path:
        edits = given.get("edits")
        for each in edits if isinstance(edits, list) else [given]:
            yield from _edit(each, path)
    elif tool in _PATCHES:
        text = _first_text(given, "input", "patch", "diff", "value")
        if text is not None and "*** Begin Patch" not in text:
            yield PatchFiles(text)
    elif tool in _RUNS or tool == "swe_agent_action":
        line = given.get("command", given.get("cmd", given.get("code", given.get("raw_action"))))
        if isinstance(line, list) and all(isinstance(word, str) for word in line):
            line = line[-1] if line[:2] in (["bash", "-lc"], ["bash", "-c"], ["sh", "-c"]) else shlex.join(line)
        if isinstance(line, str):
            where = _first_text(given, "workdir", "cwd", "working_directory", "directory")
            yield RunLine(line, where or "")


def _editor(given: Mapping[str, Any], path: str | None) -> Iterator[Action]:
    if path is None:
        return
    content = _first_text(given, "file_text", "content")
    if given.get("command") in ("create", "write") and content is not None:
        yield WriteFile(path, _bytes(content))
    elif given.get("command") == "str_replace":
        yield from _edit(given, path)


def _edit(given: Any, path: str) -> Iterator[Action]:
    if not isinstance(given, dict):
        return
    old = _first_text(given, "old_string", "old_str", "old_text", "search")
    new = _first_text(given, "new_string", "new_str", "new_text", "replace")
    if old == "" and new:
        yield WriteFile(path, _bytes(new))
    elif old and new is not None:
        yield EditFile(path, old, new, given.get("replace_all") is True)


def _first_text(given: Mapping[str, Any], *names: str) -> str | None:
    return next((given[name] for name in names if isinstance(given.get(name), str)), None)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# --- Terminal-Bench


def _terminal_bench(task: str, folder: Path) -> Submission:
    result = _json(folder / _TB_RESULT)
    resolved = result.get("is_resolved")
    rewards = {"reward": float(resolved)} if isinstance(resolved, bool) else None
    return Submission(
        task or str(result["task_id"]),
        _name(result.get("trial_name") or folder.name),
        _terminal_benchs_way(folder),
        _agent_of_run(folder),
        recorded=RecordedEnd(rewards),
        place=str(folder),
    )


def _agent_of_run(folder: Path) -> str:
    """From run_metadata.json, beside the run's tasks."""
    for above in list(folder.parents)[:3]:
        found = _json(above / "run_metadata.json")
        if isinstance(found, dict):
            parts = [found.get("agent_name"), found.get("model_name")]
            return clip(visible("/".join(str(part) for part in parts if part)), 100)
    return ""


def _terminal_benchs_way(folder: Path) -> Handed:
    typed = list(_typed_commands(folder / _COMMANDS))
    if not typed:
        casts = sorted((folder / "sessions").glob("*.cast")) if (folder / "sessions").is_dir() else []
        typed = [keys for cast in casts if cast.name != "tests.cast" for keys in _cast_keys(cast)]
    if not typed:
        return CannotBeRun("neither its commands.txt nor a recording in sessions/ holds what was typed")
    return Actions(tuple(typed))


_OF_THE_RUNNER = re.compile(r"^(?:asciinema rec\b|clear$|bash (?:/tests|\$?\{?T_?\w*\}?)/?run-tests\.sh|exit$|C-d$)")
_TMUX_KEYS = {"Enter": "\n", "C-m": "\n", "Tab": "\t", "Space": " ", "C-c": "\x03", "C-d": "\x04", "Escape": "\x1b"}


def _typed_commands(path: Path) -> Iterator[TypeKeys]:
    """Each line is a text or a list of texts, as Python writes them: what tmux was given. The runner's own are left
    out."""
    for line in _text(path).splitlines():
        try:
            with quietly():
                keys = ast.literal_eval(line)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        words: Any = [keys] if isinstance(keys, str) else keys
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            continue
        if words and not _OF_THE_RUNNER.match(words[0].strip()):
            yield TypeKeys("".join(str(_TMUX_KEYS.get(word, word)) for word in words))


def _cast_keys(path: Path) -> Iterator[TypeKeys]:
    """asciinema's input events; a key that comes soon after another is one entry with it."""
    text, last = "", 0.0
    for line in _text(path).splitlines()[1:]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not (isinstance(event, list) and len(event) == 3 and event[1] == "i" and isinstance(event[2], str)):
            continue
        now = float(event[0]) if isinstance(event[0], int | float) else last
        if text and text.endswith(("\r", "\n")):
            yield TypeKeys(text.replace("\r", "\n"), min(max(now - last, 0.0), LONGEST_PAUSE))
            text = ""
        text, last = text + event[2], now
    if text:
        yield TypeKeys(text.replace("\r", "\n"))


# --- files


def _name(text: Any) -> str:
    try:
        return name_of(str(text))
    except Malformed as error:
        raise UsageError(f"A recorded trial has no usable name: {error}.") from error


def _inner(found: Any, *names: str) -> Any:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(path: Path) -> str:
    """'' where there is no plain file of a sound size."""
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST_RECORDING:
            return ""
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _json(path: Path) -> Any:
    text = _text(path)
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
