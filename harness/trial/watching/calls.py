"""What tests ran, asked and called, and what came back, as plain values. The text comes from a box: whatever does not
fit is left out."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.trial.end_state import EndState

MOST = 400
RECORDER = "foolsgold_record"


@dataclass(frozen=True, slots=True)
class Given:
    """A file that a test gave a program to work on."""

    path: str
    text: str
    age: float = 0.0
    """Seconds since its last modification, when the program was started."""
    binary: bool = False
    """It is no text: each character of `text` is a byte."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a function of the solution's own, as it can be made again. Values are written as in Python."""

    file: str
    module: str
    """As the test had imported it."""
    name: str
    """The function, the method, or the class of which an object is made."""
    args: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    on: int = -1
    """The object that is made or whose method it is: how many the test had made before; -1 for a plain function."""
    makes: bool = False
    cwd: str = ""
    python: str = ""
    """The interpreter that ran the tests."""


@dataclass(frozen=True, slots=True)
class Call:
    """One of a test's calls; or a command that foolsgold ran besides."""

    kind: str
    """run: a program; ask: a server; call: a function of the solution's own."""
    what: str
    """The command line, the request, or the function with its arguments."""
    test: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    stdin: str = ""
    status: int | None = None
    """Exit or HTTP status; None for what has none, or never ended."""
    out: str = ""
    """What it printed, answered or returned."""
    err: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    """Copies of what a test gave the program to work on, each with its place."""
    wrote: str = ""
    """What it wrote at these places, a line for each file, and what is gone; of a command that was run besides."""
    given: tuple[Given, ...] = ()
    """The files at these places, where the plan asks for their texts and they are not long."""
    to: str = ""
    """The server that is asked: its host and port."""
    called: Called | None = None
    """Of a function: the call with its values, where the plan asks for texts and all of them are plain."""


TWISTS: Mapping[str, str] = {
    "with its rows as columns": (
        """awk '{ if (length > w) w = length; l[NR] = $0 } END { for (c = 1; c <= w; c++) { t = ""; """
        """for (r = 1; r <= NR; r++) { x = substr(l[r], c, 1); t = t (x == "" ? " " : x) } print t } }'"""
    ),
    "with its lines in reverse order": "tac",
    "with each line backwards": "rev",
    "without its last line": "sed '$d'",
    "cut after 20 bytes": "head -c 20",
    "with one of its signs made a blank": (  # the first that stands there only once
        """awk '{ l[NR] = $0; for (i = 1; i <= length; i++) """
        """{ c = substr($0, i, 1); if (c !~ /[A-Za-z0-9 ]/) n[c]++ } } """
        """END { for (r = 1; r <= NR; r++) { for (i = 1; !d && i <= length(l[r]); i++) """
        """if (n[substr(l[r], i, 1)] == 1) { l[r] = substr(l[r], 1, i - 1) " " substr(l[r], i + 1); d = 1 } """
        """print l[r] } }'"""
    ),
    "empty": "true",
}
"""Other inputs for a program, each by the filter that makes it of the one that a test made."""


@dataclass(frozen=True, slots=True)
class Besides:
    """A command to run when the tests have ended."""

    argv: tuple[str, ...]
    cwd: str
    stdin: str = ""
    inputs: tuple[tuple[str, str], ...] = ()
    """Copies, each to be put to its place first."""
    twist: str = ""
    """How the text of a file among them is changed then: a name of `TWISTS`."""
    twisted: str = ""
    """That file."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of one trial."""

    left: EndState | None = None
    """After solving, with the files' contents."""
    after: EndState | None = None
    """After verifying, of the paths that solving changed or the plan names; None where the box was gone."""
    calls: tuple[Call, ...] | None = None
    """What the tests ran, asked and called; None where no pytest was there to be listened to."""
    besides: tuple[Call, ...] = ()
    """What the plan had run besides, in its order."""
    cases: str = ""
    """What the runner of cases told."""
    step: str = ""
    """In which step."""


def read_calls(data: bytes | None) -> tuple[Call, ...] | None:
    """None where the recorder was never loaded."""
    begun = False
    calls: list[Call] = []
    for raw in (data or b"").splitlines():
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if not isinstance(said, dict):
            continue
        begun = begun or said.get("begun") is True
        call = _call(said) if "kind" in said else None
        if call is not None and len(calls) < MOST:
            calls.append(call)
    return tuple(calls) if begun else None


def _call(said: dict[str, Any]) -> Call | None:
    status = said.get("status")
    texts = [said.get(name, "") for name in ("kind", "what", "test", "cwd", "stdin", "out", "err")]
    argv, inputs = said.get("argv", []), said.get("inputs", [])
    if isinstance(status, bool) or not (status is None or isinstance(status, int)):
        return None
    if not isinstance(argv, list) or not all(isinstance(each, str) for each in [*texts, *argv]):
        return None
    if not isinstance(inputs, list) or not all(_is_pair(each) for each in inputs):
        return None
    kind, what, test, cwd, stdin, out, err = (_text(each) for each in texts)
    words = tuple(_text(word) for word in argv)
    to = said.get("to", "")
    return Call(
        kind,
        what,
        test,
        words,
        cwd,
        stdin,
        status,
        out,
        err,
        _pairs(inputs),
        given=_given(said.get("texts")),
        to=to if isinstance(to, str) else "",
        called=_called(said.get("called")),
    )


def _called(said: Any) -> Called | None:
    if not isinstance(said, dict):
        return None
    words = [said.get(name) for name in ("file", "module", "name", "cwd", "python")]
    args, named, on, makes = (said.get(name) for name in ("args", "named", "on", "makes"))
    if not all(isinstance(word, str) and word.isprintable() for word in words) or not isinstance(makes, bool):
        return None
    if not isinstance(args, list) or not isinstance(named, dict) or isinstance(on, bool) or not isinstance(on, int):
        return None
    if not all(_is_literal(value) for value in (*args, *named.values())) or not all(map(str.isidentifier, named)):
        return None
    file, module, name, cwd, python = map(str, words)
    if not name.isidentifier():
        return None
    return Called(file, module, name, tuple(args), tuple(named.items()), on, makes, cwd, python)


def _is_literal(value: Any) -> bool:
    try:
        return isinstance(value, str) and repr(ast.literal_eval(value)) is not None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _given(said: Any) -> tuple[Given, ...]:
    """All of them, or none."""
    found: list[Given] = []
    for each in said if isinstance(said, list) else []:
        if not (isinstance(each, list) and len(each) == 4 and isinstance(each[0], str) and isinstance(each[1], str)):
            return ()
        age, binary = each[2:]
        if not isinstance(binary, bool) or (binary and max(each[1], default="") > "\xff"):
            return ()
        if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age < 1e10:
            return ()
        path, text = (part.encode("utf-8", "backslashreplace").decode() for part in each[:2])
        found.append(Given(path, text, float(age), binary))
    return tuple(found)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _pairs(found: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(copy), _text(place)) for copy, place in found)


def _text(value: str) -> str:
    return value[:4_000].encode("utf-8", "backslashreplace").decode()
