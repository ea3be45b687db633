"""Where new tests can go: the file of a task's tests that is extended, and why a task has none. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.harden.shell_calls import is_shell, rewards_of
from harness.task.model import Step, Task


@dataclass(frozen=True, slots=True)
class ExtendedFile:
    """A file that new tests can be added to."""

    path: str
    """Below the task's folder."""
    text: str
    pytest: bool
    """Its tests are run by pytest; otherwise by a runner of the task's own that calls its functions."""
    script: bool = False
    """It is a shell script that writes the reward itself."""


def instruction_of(task: Task, last: Step) -> str:
    """Of this step and those before it: it takes for granted what they have asked for."""
    return "\n\n".join(step.instruction for step in task.steps[: task.steps.index(last) + 1])


def extendable(step: Step, texts: Mapping[str, str]) -> ExtendedFile | str:
    """`texts`: its verifier's by path. A sentence where nothing can be added."""
    if step.verifier.separate is not None:
        return "its tests run in an image of their own, where the solution's programs are not"
    files = {path: text for path, text in texts.items() if path.endswith(".py") and _tests(text)}
    if not files and (script := _script(texts)) is not None:
        return script
    if not files:
        return (
            f"its tests are {_kind(texts)}, and new ones can be added to Python's test functions, or to a shell script "
            "that writes 0 or 1 to /logs/verifier/reward.txt"
        )
    scripts = "\n".join(text for path, text in texts.items() if path not in files)
    uses_pytest = re.search(r"\bpytest\b|\bpy\.test\b", scripts) is not None
    named = [path for path in files if re.search(rf"\b{re.escape(_stem(path))}\b", scripts)]
    path = max(named or files, key=lambda each: (_tests(files[each]), each))
    return ExtendedFile(path, files[path], uses_pytest)


def _script(texts: Mapping[str, str]) -> ExtendedFile | None:
    """A single shell script that pays all or nothing: what it runs besides would not know of a new test."""
    shell = {path: text for path, text in texts.items() if is_shell(path, text)}
    rewards = {path: rewards_of(text) for path, text in shell.items()}
    found = [path for path, written in rewards.items() if written]
    if len(found) != 1 or not rewards[found[0]] <= {"0", "1", "0.0", "1.0"}:
        return None
    return ExtendedFile(found[0], shell[found[0]], pytest=False, script=True)


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".py")


def _tests(text: str) -> int:
    """How many test functions it has at its top, or in classes; none where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return 0
    return sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for node in ast.walk(tree)
    )


def _kind(texts: Mapping[str, str]) -> str:
    endings = {path.rsplit(".", 1)[-1] for path in texts}
    for ending, name in (
        ("py", "a Python script without test functions"),
        ("go", "in Go"),
        ("js", "in JavaScript"),
        ("ts", "in TypeScript"),
        ("java", "in Java"),
        ("rs", "in Rust"),
        ("bats", "in bats"),
        ("sh", "a shell script"),
    ):
        if ending in endings:
            return name
    return "of a kind that is not known"
