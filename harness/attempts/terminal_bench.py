"""Runs of Terminal-Bench (0.2.18): what was typed into its terminal, and what an agent within the box said that it did.

A run's folder has commands.txt, every entry that its terminal was given, the recordings of asciinema in sessions/, and
what its agent logged in agent-logs/.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.attempts.model import CannotBeRun, Handed, RecordedEnd, Submission, TheReference
from harness.attempts.recorded_files import inner, json_of, text_of, trial_name
from harness.attempts.tool_calls import changes_nothing, of_call
from harness.trial.actions import Action, Actions, Carry, TypeKeys
from harness.untrusted import clip, visible
from harness.verifier.test_report import MOST_TESTS
from mutator.quiet import quietly

RESULT, COMMANDS = "results.json", "commands.txt"
LONGEST_PAUSE = 5.0
"""Seconds between two keys of a terminal's recording that are waited again."""
Entry = Sequence[str]
"""What the terminal was given at once: texts, and tmux's names of keys."""


def is_terminal_benchs(folder: Path) -> bool:
    found = json_of(folder / RESULT)
    return isinstance(found, dict) and isinstance(found.get("task_id"), str) and "is_resolved" in found


def read_terminal_benchs(task: str, folder: Path) -> Submission:
    result = json_of(folder / RESULT)
    resolved = result.get("is_resolved")
    rewards = {"reward": float(resolved)} if isinstance(resolved, bool) else None
    run = _run_of(folder)
    source = "/".join(str(part) for part in (run.get("agent_name"), run.get("model_name")) if part)
    left_out: list[str] = []
    return Submission(
        task or str(result["task_id"]),
        trial_name(result.get("trial_name") or folder.name),
        _way(folder, run.get("agent_name"), left_out),
        clip(visible(source), 100),
        recorded=RecordedEnd(rewards, tests=_tests(result.get("parser_results"))),
        left_out=tuple(left_out),
        place=str(folder),
    )


def _tests(found: Any) -> dict[str, str]:
    """What its parser made of the tests' output: a word for each."""
    told = found.items() if isinstance(found, dict) else ()
    return {str(name): word for name, word in list(told)[:MOST_TESTS] if isinstance(word, str)}


def _run_of(folder: Path) -> Mapping[str, Any]:
    """run_metadata.json, beside the run's tasks."""
    for above in list(folder.parents)[:3]:
        found = json_of(above / "run_metadata.json")
        if isinstance(found, dict):
            return found
    return {}


def _way(folder: Path, agent: Any, left_out: list[str]) -> Handed:
    entries = _agents_own(list(_entries(folder / COMMANDS)))
    if agent == "oracle" or entries == [_ORACLE]:
        return TheReference()
    if agent == "nop":
        return Actions((), Carry.NOTHING)
    if any(_INSTALLED in text for entry in entries for text in entry):
        return _within_the_box(folder, left_out)
    typed = [TypeKeys("".join(map(_key, entry))) for entry in entries]
    if not typed:
        casts = sorted((folder / "sessions").glob("*.cast")) if (folder / "sessions").is_dir() else []
        typed = [keys for cast in casts if cast.name != "tests.cast" for keys in _cast_keys(cast)]
    if not typed:
        return CannotBeRun("neither its commands.txt nor a recording in sessions/ holds what was typed")
    return Actions(tuple(typed))


# --- what was typed

_INSTALLED = "/installed-agent/"
_ORACLE = ["bash /oracle/solution.sh", "Enter"]
_RECORDS = "asciinema rec "
_TESTS = re.compile(r"^bash \S*/run-tests\.sh\s*$")
_KEYS = {
    "Enter": "\n", "KPEnter": "\n", "Tab": "\t", "BTab": "\x1b[Z", "Space": " ", "Escape": "\x1b", "BSpace": "\x7f",
    "Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C", "Left": "\x1b[D", "Home": "\x1b[1~", "End": "\x1b[4~",
    "IC": "\x1b[2~", "DC": "\x1b[3~", "PageUp": "\x1b[5~", "PgUp": "\x1b[5~", "PPage": "\x1b[5~",
    "PageDown": "\x1b[6~", "PgDn": "\x1b[6~", "NPage": "\x1b[6~",
}  # fmt: skip
_WITH_CONTROL = re.compile(r"(?:C-|\^)([A-Za-z@\[\]\\^_])")


def _entries(path: Path) -> Iterator[list[str]]:
    """Each line is a text or a list of texts, as Python writes them."""
    for line in text_of(path).split("\n"):
        try:
            with quietly():
                keys = ast.literal_eval(line)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        words: Any = [keys] if isinstance(keys, str) else keys
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            yield words


def _agents_own(entries: Sequence[list[str]]) -> list[list[str]]:
    """Without what the runner types: it begins a recording and clears the screen, at last runs the tests, perhaps in a
    session of their own, and ends every session. What an agent cleared, left or ended itself stays."""
    begins = [at for at, entry in enumerate(entries) if entry[0].startswith(_RECORDS)]
    first = begins[0] + 1 if begins[:1] == [0] else 0
    if first and entries[first : first + 1] == [["clear", "Enter"]]:
        first += 1
    tests = (at for at, entry in enumerate(entries) if at >= first and _TESTS.match(entry[0]))
    end = min([*begins[1:], *tests], default=None)
    own = list(entries[first:end])
    return own[:-1] if end is None and first and own[-1:] == [["C-d"]] else own


def _key(word: str) -> str:
    """tmux takes an argument for a key where it is the name of one, and types it otherwise."""
    control = _WITH_CONTROL.fullmatch(word)
    if control is not None:
        return chr(ord(control[1].upper()) & 0x1F).replace("\r", "\n")
    if len(word) == 3 and word.startswith("M-"):
        return f"\x1b{word[2]}"
    return _KEYS.get(word, word)


def _cast_keys(path: Path) -> Iterator[TypeKeys]:
    """asciinema's input events, of its second format or its third; a key that comes soon after another is one entry
    with it."""
    header, *lines = text_of(path).split("\n")
    try:
        since_the_last = inner(json.loads(header), "version") == 3
    except (ValueError, RecursionError):
        return
    text, last, now = "", 0.0, 0.0
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not (isinstance(event, list) and len(event) == 3 and isinstance(event[0], int | float)):
            continue
        now = now + event[0] if since_the_last else float(event[0])
        if event[1] != "i" or not isinstance(event[2], str):
            continue
        if text and text.endswith(("\r", "\n")):
            yield TypeKeys(text.replace("\r", "\n"), min(max(now - last, 0.0), LONGEST_PAUSE))
            text = ""
        text, last = text + event[2], now
    if text:
        yield TypeKeys(text.replace("\r", "\n"))


# --- an agent that ran within the box


def _within_the_box(folder: Path, left_out: list[str]) -> Handed:
    """Only the agent was started by what was typed: what it did is in its own log, where it keeps one that is known."""
    made = list(_of_openhands(folder / "agent-logs", left_out))
    if made:
        return Actions(tuple(made))
    for name in ("agent.log", "agent.cast"):
        made = list(_of_stream(folder / "sessions" / name, left_out))
        if made:
            return Actions(tuple(made), Carry.FOLDER)
    return CannotBeRun("its agent ran within the box, and left no log of what it did that can be read")


def _of_openhands(folder: Path, left_out: list[str]) -> Iterator[Action]:
    """A list of events, some of which are the agent's actions."""
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        events = json_of(path)
        for event in events if isinstance(events, list) else []:
            action, given = inner(event, "action"), inner(event, "args")
            if inner(event, "source") != "agent" or not isinstance(action, str) or not isinstance(given, dict):
                continue
            name = "str_replace_editor" if action == "edit" else action
            yield from _called(name, given, left_out, passed_over=("message", "system", "recall"))


def _of_stream(path: Path, left_out: list[str]) -> Iterator[Action]:
    """What Claude Code and its like print as JSON, a message a line, among whatever else the terminal showed."""
    shown = text_of(path)
    if path.suffix == ".cast":
        shown = "".join(_printed(shown))
    for line in shown.replace("\r", "").split("\n"):
        at = line.find('{"type":"assistant"')
        if at < 0:
            continue
        try:
            said, _ = json.JSONDecoder().raw_decode(line, at)
        except (ValueError, RecursionError):
            left_out.append("a message that is cut short")
            continue
        content = inner(said, "message", "content")
        for part in content if isinstance(content, list) else []:
            name, given = inner(part, "name"), inner(part, "input")
            if inner(part, "type") == "tool_use" and isinstance(name, str) and isinstance(given, dict):
                yield from _called(name, given, left_out)


def _printed(cast: str) -> Iterator[str]:
    for line in cast.split("\n")[1:]:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, list) and len(event) == 3 and event[1] == "o" and isinstance(event[2], str):
            yield event[2]


def _called(
    name: str, given: Mapping[str, Any], left_out: list[str], passed_over: Sequence[str] = ()
) -> Iterator[Action]:
    made = list(of_call(name, given))
    if not made and not changes_nothing(name) and name not in passed_over:
        left_out.append(f"a call of {clip(visible(name), 60)}")
    yield from made
