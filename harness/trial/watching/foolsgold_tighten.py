"""A pytest plugin, copied into a box, that records the values that loose assertions check.

The test files in the box were rewritten to pass those values through the functions below, each of which returns its
last argument. It works with the task's own Python (3.7 and later) and pytest (5 and later), changes no result, and
imports only the standard library.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Generator  # noqa: UP035 - collections.abc has no such types in old versions of Python

import pytest

OUT = os.environ.get("FOOLSGOLD_LOOK", "")
LONGEST = 600
"""Characters of a value that are recorded. A longer value is recorded by its beginning and a digest."""
MOST = 400
"""The most values of one test that are recorded."""
DEEPEST = 8
LARGEST = 64 << 20

current = ""
told = 0


def tell(**said: Any) -> None:
    if not OUT:
        return
    try:
        file = os.open(OUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, (json.dumps(said) + "\n").encode("utf-8", "replace"))
        finally:
            os.close(file)
    except OSError:
        pass


def note(number: int, text: str) -> None:
    global told
    told += 1
    if current and told <= MOST:
        if len(text) > LONGEST:
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            text = f"{text[:LONGEST]}... ({len(text)} characters, sha256 {digest})"
        tell(test=current, number=number, value=text)


def plain(value: Any, depth: int = 0) -> Any:
    """The value, if its text is complete. Raises TypeError for anything else."""
    if value is None or isinstance(value, (str, bool, int, float, bytes)):
        return value
    if isinstance(value, Path):
        return str(value)
    if depth < DEEPEST and isinstance(value, (list, tuple)):
        return [plain(each, depth + 1) for each in value]
    if depth < DEEPEST and isinstance(value, (set, frozenset)):
        return sorted((plain(each, depth + 1) for each in value), key=repr)
    if depth < DEEPEST and isinstance(value, dict):
        return {repr(key): plain(each, depth + 1) for key, each in value.items()}
    raise TypeError


def value(number: int, value: Any) -> Any:
    with suppress(Exception):  # a value of the task may raise anything; its test must go on
        note(number, repr(plain(value)))
    return value


def truth(number: int, value: Any) -> Any:
    with suppress(Exception):  # a value of the task may raise anything; its test must go on
        note(number, "true" if value else "false")
    return value


def lines(number: int, text: Any, whole: Any) -> Any:
    """Record the lines of `whole` that contain `text`."""
    with suppress(Exception):  # a value of the task may raise anything; its test must go on
        if isinstance(whole, bytes) and isinstance(text, bytes):
            text, whole_text = text.decode("latin-1"), whole.decode("latin-1")
        else:
            whole_text = whole
        if isinstance(whole_text, str) and isinstance(text, str):
            several = "\n" in text
            found = [whole_text] if several else [line.strip() for line in whole_text.splitlines() if text in line]
            note(number, "\n".join(found))
        else:
            note(number, repr(plain(whole)))
    return whole


def contents(number: int, path: Any) -> Any:
    with suppress(Exception):  # a value of the task may raise anything; its test must go on
        note(number, _contents(os.fspath(path)))
    return path


def _contents(path: str) -> str:
    there = Path(path)
    if there.is_dir():
        return "folder: " + ", ".join(sorted(each.name for each in there.iterdir()))
    if not there.is_file() or there.stat().st_size > LARGEST:
        return "nothing to read"
    data = there.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}"


def status(number: int, ended: Any) -> Any:
    with suppress(Exception):  # a value of the task may raise anything; its test must go on
        note(number, str(int(getattr(ended, "returncode", ended))))
    return ended


for function in (value, truth, lines, contents, status):
    setattr(builtins, f"foolsgold_{function.__name__}", function)


def pytest_configure() -> None:
    tell(begun=True)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, None, None]:
    global current, told
    current, told = item.nodeid, 0
    yield
    current = ""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" or not report.passed:
        tell(test=item.nodeid, outcome=report.outcome)
