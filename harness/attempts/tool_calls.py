"""What the tools of many agents did in the box when they were called."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from harness.trial.actions import Action, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile

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


def changes_nothing(name: str) -> bool:
    return _ONLY_LOOKS.search(name) is not None and name.lower() not in _RUNS | _WRITES | _EDITS | _EDITORS


def of_call(name: str, given: Mapping[str, Any]) -> Iterator[Action]:
    """What a tool's call did in the box; nothing where that is not known."""
    tool = name.lower()
    path = first_text(given, "file_path", "path", "filename", "target_file", "absolute_path", "filePath")
    keys = given.get("keystrokes")
    if isinstance(keys, str):
        duration = given.get("duration", given.get("duration_sec", 0.0))
        yield TypeKeys(keys, float(duration) if isinstance(duration, int | float) and 0 <= duration < 1e6 else 0.0)
    elif tool in _EDITORS or (tool in _EDITS | {"edit"} and given.get("command") in ("create", "str_replace")):
        yield from _editor(given, path)
    elif tool in _WRITES and path:
        content = first_text(given, "content", "contents", "file_text", "text")
        if content is not None:
            yield WriteFile(path, _bytes(content))
    elif tool in _EDITS and path:
        edits = given.get("edits")
        for each in edits if isinstance(edits, list) else [given]:
            yield from _edit(each, path)
    elif tool in _PATCHES:
        text = first_text(given, "input", "patch", "diff", "value")
        if text is not None and "*** Begin Patch" not in text:
            yield PatchFiles(text)
    elif tool in _RUNS or tool == "swe_agent_action":
        line = given.get("command", given.get("cmd", given.get("code", given.get("raw_action"))))
        if isinstance(line, list) and all(isinstance(word, str) for word in line):
            line = line[-1] if line[:2] in (["bash", "-lc"], ["bash", "-c"], ["sh", "-c"]) else shlex.join(line)
        if isinstance(line, str):
            where = first_text(given, "workdir", "cwd", "working_directory", "directory")
            yield RunLine(line, where or "")


def _editor(given: Mapping[str, Any], path: str | None) -> Iterator[Action]:
    if path is None:
        return
    content = first_text(given, "file_text", "content")
    if given.get("command") in ("create", "write") and content is not None:
        yield WriteFile(path, _bytes(content))
    elif given.get("command") == "str_replace":
        yield from _edit(given, path)


def _edit(given: Any, path: str) -> Iterator[Action]:
    if not isinstance(given, dict):
        return
    old = first_text(given, "old_string", "old_str", "old_text", "search")
    new = first_text(given, "new_string", "new_str", "new_text", "replace")
    if old == "" and new:
        yield WriteFile(path, _bytes(new))
    elif old and new is not None:
        yield EditFile(path, old, new, given.get("replace_all") is True)


def first_text(given: Mapping[str, Any], *names: str) -> str | None:
    return next((given[name] for name in names if isinstance(given.get(name), str)), None)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
