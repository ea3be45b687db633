"""docs/troubleshooting.md has every error that foolsgold raises on purpose, as the code words it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.errors import ExitCode, FoolsgoldError

PAGE = (Path(harness.__file__).parents[1] / "docs/troubleshooting.md").read_text(encoding="utf-8")
PLACE = "…"
"""What stands on the page for whatever a message fills in."""


def every_class() -> list[type[FoolsgoldError]]:
    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        # Harbor is not installed beside these tests; what is only for it defines no error.
        if not module.name.startswith(("harness.demo.", "harness.__main__", "harness.harbor.")):
            importlib.import_module(module.name)
    found: list[type[FoolsgoldError]] = []
    left: list[type[FoolsgoldError]] = [FoolsgoldError]
    while left:
        one = left.pop()
        found.append(one)
        left += one.__subclasses__()
    return found


CLASSES = {one.__name__: one for one in every_class() if one.__module__.startswith("harness")}


def worded(node: ast.expr) -> Iterator[str]:
    """The text of a message, with a sign for each part that only a run knows."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(next(worded(part)) if isinstance(part, ast.Constant) else PLACE for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from worded(one)
            yield from worded(other)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield f"{next(worded(left))}{next(worded(right))}"
        case _:
            yield PLACE


def messages() -> Iterator[tuple[str, str]]:
    """(where, message) of every error that is made anywhere."""
    for path in sorted(Path(harness.__file__).parent.rglob("*.py")):
        if "demo/tasks" in path.as_posix():
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES and node.args:
                for text in worded(node.args[0]):
                    line = " ".join(text.split())
                    yield f"{path.name}:{node.lineno}", re.sub(f"{PLACE}+", PLACE, line)


MESSAGES = list(messages())
OWN_WORDS = [(where, text) for where, text in MESSAGES if len(re.findall(r"[A-Za-z]{2,}", text)) >= 2]
"""Those that are more than what somebody else said, such as a builder."""


def test_the_messages_are_found() -> None:
    texts = {text for _, text in MESSAGES}
    assert "Another audit is writing to …." in texts
    assert "--resume and --fresh contradict each other." in texts
    assert len(OWN_WORDS) > 100


@pytest.mark.parametrize(("where", "text"), OWN_WORDS, ids=[where for where, _ in OWN_WORDS])
def test_every_message_is_on_the_page(where: str, text: str) -> None:
    assert f"`{text}`" in PAGE or f"`` {text} ``" in PAGE, f"{where}: {text}"


def test_nothing_is_on_the_page_that_no_code_says() -> None:
    texts = {text for _, text in MESSAGES}
    told = [one or other for one, other in re.findall(r"^\| (?:`` (.+?) ``|`([^`]+)`)", PAGE, re.MULTILINE)]
    assert len(told) > 30
    assert [text for text in told if text not in texts and text not in CLASSES] == []


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_is_on_the_page_with_its_exit_code(name: str) -> None:
    code = CLASSES[name].exit_code
    assert re.search(rf"^\| `{name}` \| .* \| {int(code)} \|$", PAGE, re.MULTILINE), name


def test_every_class_has_an_exit_code_of_its_own_kind() -> None:
    for name, one in CLASSES.items():
        assert one.exit_code in (ExitCode.USAGE, ExitCode.UNMEASURED) or one is FoolsgoldError, name
