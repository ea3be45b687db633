"""A case beside what came of it on the reference and on a survivor, as text for people. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.harden.model import BoxCase, Seen
from harness.harden.pins import before_of

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Sides:
    """What was given, and what came of it on either side."""

    given: str
    reference: str
    survivor: str


def sides(case: BoxCase, reference: Seen, survivor: Seen) -> Sides:
    return Sides(_given(case), _came(case, reference, survivor), _came(case, survivor, reference))


def _given(case: BoxCase) -> str:
    return _short("\n".join(_GIVEN[case.kind](case)))


def _came(case: BoxCase, seen: Seen, other: Seen) -> str:
    if "trouble" in seen:
        return "it could not be done: " + str(seen["trouble"])
    return _short("\n".join(_CAME[case.kind](case, seen, other)))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n... {len(text) - LONGEST} more characters"


def _file(name: str, text: str) -> str:
    return f"{name}:\n{text.rstrip(chr(10))}"


def _run_given(case: BoxCase) -> Iterator[str]:
    yield f"$ {shlex.join(case.body['argv'])}"
    if case.body["stdin"]:
        yield _file("standard input", case.body["stdin"])
    yield from map(_brought, case.body["files"])


def _brought(file: Mapping[str, Any]) -> str:
    return f"{file['path']}: {len(file['text'])} bytes" if file.get("binary") else _file(file["path"], file["text"])


def _run_came(case: BoxCase, seen: Seen, other: Seen) -> Iterator[str]:
    if not seen.get("ends"):
        yield "it does not end"
        return
    yield f"status {seen['status']}"
    if seen["out"]:
        yield seen["out"].rstrip("\n")
    if seen["err"].strip() and seen["err"] != other.get("err"):
        yield _file("standard error", seen["err"])
    before = {file["path"]: before_of(file) for file in case.body["files"]}
    mine, theirs = seen["files"], other.get("files", {})
    for name in sorted({*before, *mine, *theirs}):
        if name not in mine and (name in before or name in theirs):
            yield f"{name} is not there"
        elif mine[name] != theirs.get(name) or (theirs and mine[name] != before.get(name)):
            yield _file(name, mine[name])


def _look_given(case: BoxCase) -> Iterator[str]:
    yield "the files that are there when the solution has ended"


def _look_came(case: BoxCase, seen: Seen, other: Seen) -> Iterator[str]:
    for path, state in sorted(seen.items()):
        if state == other.get(path):
            continue
        if state["kind"] == "none":
            yield f"{path} is not there"
        elif state.get("text") is not None:
            yield _file(f"{path} ({_state(state)})", state["text"])
        else:
            yield f"{path} ({_state(state)})"


def _state(state: Mapping[str, Any]) -> str:
    parts = [state["kind"], f"mode {state['mode']}" if state.get("mode") else "", state.get("digest") or ""]
    return ", ".join(part for part in parts if part)


def _ask_given(case: BoxCase) -> Iterator[str]:
    yield f"{case.body['host']}:{case.body['port']}"
    for step in case.body["steps"]:
        yield f"wait {step['sleep']} s" if step.get("sleep") else _request(step)


def _request(step: Mapping[str, Any]) -> str:
    times = f", {step['times']} times" if step["times"] > 1 else ""
    return f"{step['method']} {step['path']} from {step['client']}{times}"


def _ask_came(case: BoxCase, seen: Seen, other: Seen) -> Iterator[str]:
    for step, said in zip(case.body["steps"], seen["steps"], strict=False):
        if said:
            counts = ", ".join(f"{status}: {count}" for status, count in sorted(said["counts"].items()))
            yield f"{_request(step)}: {counts}{', held back' if said['slow'] else ''}"
            yield from (said["body"].splitlines() if step["times"] == 1 else ())


def _own_given(case: BoxCase) -> Iterator[str]:
    yield case.how
    yield from map(_brought, case.body["files"])


def _own_came(case: BoxCase, seen: Seen, other: Seen) -> Iterator[str]:
    if seen.get("ends") is False:
        yield "the test does not end"
        return
    yield "its checks pass" if seen.get("passed") else f"it fails: {seen.get('why', '')}"
    for (_, _, what), note in zip(case.body["numbers"], seen.get("notes", ()), strict=False):
        yield f"{what} is {note}"


def _call_given(case: BoxCase) -> Iterator[str]:
    yield f"from {case.body['module']}"
    for step in case.body["steps"]:
        yield called(step)


def called(step: Mapping[str, Any]) -> str:
    """A call as Python has it, without what it is a method of."""
    named = (f"{name}={value}" for name, value in step["named"].items())
    return f"{step['name']}({', '.join((*step['args'], *named))})"


def _call_came(case: BoxCase, seen: Seen, other: Seen) -> Iterator[str]:
    if not seen.get("ends"):
        yield "it does not end"
        return
    for step, said in zip(case.body["steps"], seen["steps"], strict=False):
        if "value" in said or "raises" in said:
            yield said["value"] if "value" in said else f"{step['name']} raises {said['raises']}"


_GIVEN = {"run": _run_given, "look": _look_given, "ask": _ask_given, "own": _own_given, "call": _call_given}
_CAME = {"run": _run_came, "look": _look_came, "ask": _ask_came, "own": _own_came, "call": _call_came}
