"""What came of each claim: by the files that the reference left, and by what commands in its box said. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import tomllib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from posixpath import basename
from typing import Any

import yaml

from harness.probes.conform.model import (
    IN_BOX,
    Check,
    ClaimState,
    Exists,
    HasColumns,
    HasCount,
    HasKeys,
    HasMode,
    IsFormat,
    IsSorted,
    Lacks,
    ListensOn,
    Responds,
    Runs,
    Says,
    StatedClaim,
    TriedClaim,
)
from harness.trial.end_state import EndState, services
from harness.trial.watching.calls import Besides, Call

MISSING = 119
"""Exit status of a command that could not be tried: something that it names is not there."""
KILLED = (124, 137)
"""What `timeout` makes of a command that does not end."""
SHOWN = 300
_CRASHED = re.compile(
    r"^Traceback \(most recent call last\)|^panic: |^thread '.*' panicked|^Segmentation fault|"
    r"^(?:Uncaught )?(?:\w+Error|Exception): |: command not found|No such file or directory|"
    r"error: (?:unrecognized arguments|the following arguments are required|no such option|invalid choice)",
    re.MULTILINE,
)

_OUTSIDE = re.compile(
    r"no such table|unable to open database|FileNotFoundError|No such file or directory|No module named|"
    r"\b(?:ModuleNotFound|Import|Permission|Connection)Error\b|Cannot find module|Connection ?refused|"
    r"Name or service not known|Could not resolve|Temporary failure in name|: command not found",
    re.IGNORECASE,
)
"""What a command lacks that somebody else may have to bring: the tests, the network, the image."""


def in_box(claims: Sequence[StatedClaim], left: EndState) -> list[StatedClaim]:
    """Those that a box is needed for. What is only looked at comes before what is run."""
    wanted = [one for one in claims if isinstance(one.check, IN_BOX) and not _untriable(one.check, left)]
    return sorted(wanted, key=lambda one: isinstance(one.check, Runs))


def command(check: Check) -> Besides:
    """What is run for it."""
    match check:
        case Exists(path):
            script = f"test -e {shlex.quote(path)}"
        case HasMode(path, _):
            script = f"[ -e {shlex.quote(path)} ] || exit {MISSING}; stat -c %a {shlex.quote(path)}"
        case ListensOn(port):
            hexed = f"{port:04X}"
            line = f"^ *[0-9]+: [0-9A-F]+:{hexed} [0-9A-F:]+ 0A"
            there = f"cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE '{line}'"
            script = f"for n in 1 2 3 4 5; do {there} && exit 0; sleep 1; done; exit 1"
        case Responds(url, _):
            script = (
                f"command -v curl >/dev/null || exit {MISSING}; "
                f"curl -s -o /dev/null -m 6 -w '%{{http_code}}' {shlex.quote(url)}"
            )
        case Runs(text, _, _, inputs):
            there = " && ".join(f"[ -e {shlex.quote(path)} ]" for path in inputs) or "true"
            script = f"{{ {there}; }} || exit {MISSING}\n{text}"
        case _:
            raise ValueError(f"{check} is not tried in a box")
    shell = "bash" if isinstance(check, Runs) else "sh"
    return Besides((shell, "-c", script), ".")


def _untriable(check: Check, left: EndState) -> str:
    """Why it cannot be tried; '' where it can."""
    if isinstance(check, ListensOn | Responds) and not services(left):
        return "the reference leaves nothing running"
    if isinstance(check, Runs):
        own = {basename(path) for path, entry in left.entries.items() if entry[:1] in "fl"}
        words = re.findall(r"[\w@+.-]+", check.command)
        if not any(word in own for word in words):
            return "it runs nothing that the reference left"
    return ""


def judged(claims: Sequence[StatedClaim], left: EndState, calls: Mapping[Check, Call]) -> list[TriedClaim]:
    return [_judged(one, left, calls.get(one.check)) for one in claims]


def _judged(one: StatedClaim, left: EndState, call: Call | None) -> TriedClaim:
    check = one.check
    if isinstance(check, IN_BOX):
        why = _untriable(check, left)
        if why or call is None:
            return TriedClaim(one, ClaimState.NOT_TRIED, why or "there was no box to try it in")
        tried = _of_call(one, check, call)
        may_be = tried.state is ClaimState.BROKEN and (
            _OUTSIDE.search(call.err) if isinstance(check, Runs) else isinstance(check, Exists) and _named(check, left)
        )
        return replace(tried, claim=replace(one, plain=False)) if may_be else tried
    data = left.outputs.get(check.path)
    if data is None:
        return TriedClaim(one, ClaimState.NOT_TRIED, f"{check.path} is not among what the reference left")
    return _of_content(one, check, b64decode(data))


def _named(check: Exists, left: EndState) -> bool:
    """Whether something that the reference left may write this file once it runs."""
    name = re.compile(rf"(?<![\w.-]){re.escape(basename(check.path))}(?![\w-])".encode())
    return any(name.search(b64decode(data)) for path, data in left.outputs.items() if path != check.path)


# --- what commands said


def _of_call(one: StatedClaim, check: Check, call: Call) -> TriedClaim:
    def told(how: str, holds: bool, expected: str, got: str) -> TriedClaim:
        return TriedClaim(one, ClaimState.HOLDS if holds else ClaimState.BROKEN, how, expected, got)

    if call.status is None or call.status in (MISSING, *KILLED):
        why = "something that it names is not there" if call.status == MISSING else "it did not end in time"
        return TriedClaim(one, ClaimState.NOT_TRIED, why)
    said = call.out.strip()
    match check:
        case Exists(path):
            there = call.status == 0
            return told(f"test -e {path}", there, f"{path} is there", "it is there" if there else "it is not")
        case HasMode(path, mode):
            return told(f"stat -c %a {path}", said == f"{mode:o}", f"{mode:o}", said)
        case ListensOn(port):
            listened = call.status == 0
            return told(f"whether port {port} is listened on", listened, "it is", "it is" if listened else "it is not")
        case Responds(url, status):
            return told(f"GET {url}", said == str(status), str(status), said or "no answer")
        case Runs():
            return _of_run(one, check, call)
    raise ValueError(f"{check} is not tried in a box")


def _of_run(one: StatedClaim, check: Runs, call: Call) -> TriedClaim:
    got = f"status {call.status}"
    state = ClaimState.HOLDS
    expected = "it works"
    if check.status is not None:
        expected = f"status {check.status}"
        if call.status != check.status:
            state = ClaimState.BROKEN
    if check.output is not None and state is ClaimState.HOLDS:
        expected = check.output
        got = call.out or call.err
        if _words(check.output) not in (_words(call.out), _words(call.out + call.err)):
            state = ClaimState.BROKEN
    if check.status is None and check.output is None:
        crash = _CRASHED.search(call.err) if call.status != 0 else None
        if crash is not None:
            state = ClaimState.BROKEN
            got = f"status {call.status}: {_last(call.err)}"
        elif call.status != 0:
            return TriedClaim(one, ClaimState.NOT_TRIED, f"{check.command}: status {call.status}, and none is stated")
    return TriedClaim(one, state, check.command, expected[:SHOWN], got.strip()[:SHOWN])


def _words(text: str) -> list[str]:
    return text.split()


def _last(text: str) -> str:
    return next((line for line in reversed(text.strip().splitlines()) if line.strip()), "")


# --- what is in the files


def _of_content(one: StatedClaim, check: Check, data: bytes) -> TriedClaim:
    found = _content(check, data)
    if isinstance(found, str):
        return TriedClaim(one, ClaimState.NOT_TRIED, found)
    holds, how, expected, got = found
    return TriedClaim(one, ClaimState.HOLDS if holds else ClaimState.BROKEN, how, expected[:SHOWN], got[:SHOWN])


Looked = tuple[bool, str, str, str]
"""(holds, what was looked at, expected, got)."""


def _content(check: Check, data: bytes) -> Looked | str:
    """Or why it cannot be told."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "it is no text"
    match check:
        case IsFormat(path, form):
            trouble = _unreadable(form, text)
            return not trouble, path, form.upper(), trouble
        case Lacks(path, words):
            line = next((line for line in text.splitlines() if words in line), "")
            return words not in text, path, f"without `{words}`", line.strip()
        case Says(path, words):
            return words in text, path, words, text.strip()
        case HasCount(path, count, what):
            return _count(path, count, what, text)
        case IsSorted(path):
            lines = text.splitlines()
            at = next((n for n in range(1, len(lines)) if lines[n] < lines[n - 1]), 0)
            got = f"{lines[at - 1]!r} before {lines[at]!r}" if at else ""
            return not at, path, "its lines sorted", got
        case HasColumns(path, columns):
            first = next(csv.reader(io.StringIO(text), delimiter="\t" if path.endswith(".tsv") else ","), [])
            names = [name.strip().lstrip("\ufeff") for name in first]
            return names == list(columns), f"the first line of {path}", ", ".join(columns), ", ".join(names)
        case HasKeys():
            return _keys(check, text)
    return "it cannot be told from the file"


def _unreadable(form: str, text: str) -> str:
    try:
        if form == "json":
            json.loads(text)
        elif form == "jsonl":
            for line in text.splitlines():
                if line.strip():
                    json.loads(line)
        elif form == "yaml":
            list(yaml.safe_load_all(text))
        elif form == "toml":
            tomllib.loads(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        return str(error).splitlines()[0][:SHOWN] or "it cannot be read"
    return ""


def _count(path: str, count: int, what: str, text: str) -> Looked | str:
    suffix = path.rpartition(".")[2].lower()
    if what.startswith("line"):
        found = len(text.splitlines())
    elif suffix in ("csv", "tsv") and what.rstrip("s").endswith("row"):
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
        found = len(rows) - (1 if "data" in what or count == len(rows) - 1 else 0)
    elif suffix == "json":
        try:
            value = json.loads(text)
        except ValueError:
            return "it is no JSON"
        if not isinstance(value, list):
            return "it is not plain what is counted"
        found = len(value)
    elif suffix == "jsonl":
        found = sum(1 for line in text.splitlines() if line.strip())
    else:
        return "it is not plain what is counted"
    return found == count, path, f"{count} {what}", f"{found}"


def _keys(check: HasKeys, text: str) -> Looked | str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "it is no JSON"
    lacking: list[str] = []
    wrong: list[str] = []
    looked = False
    groups: dict[str, list[tuple[str, str]]] = {}
    kinds = check.kinds or ("",) * len(check.keys)
    for key, kind in zip(check.keys, kinds, strict=True):
        parent, _, name = key.rpartition(".")
        groups.setdefault(parent, []).append((name, kind))
    for parent, members in groups.items():
        for place, holder in _holders(value, parent, [name for name, _ in members]):
            looked = True
            lacking += [f"no {place}{name}" for name, _ in members if name not in holder]
            wrong += [
                f"{place}{name} is {_kind(holder[name])}, not {kind}"
                for name, kind in members
                if name in holder and kind and holder[name] is not None and _kind(holder[name]) != kind
            ]
            if check.only and not parent:
                lacking += [f"{name} is more" for name in holder if name not in {known for known, _ in members}]
    if not looked:
        return "what the reference left has another shape than the keys are stated for"
    faults = [*dict.fromkeys(lacking), *dict.fromkeys(wrong)]
    return not faults, f"the keys of {check.path}", ", ".join(check.keys), "; ".join(faults)


def _holders(value: Any, parent: str, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects that are to have these keys: at the place that is stated, or one floor below where at least half of them
    are found. What has less than half of them has other keys for a reason."""

    def fits(one: Any) -> bool:
        return (
            isinstance(one, dict)
            and 2 * sum(name in one for name in names) >= len(names)
            and any(n in one for n in names)
        )

    for place, one in _at(value, parent.split(".") if parent else [], ""):
        if fits(one):
            yield place, one
        elif isinstance(one, list):
            yield from ((f"{place}[{n}].", each) for n, each in enumerate(one[:50]) if fits(each))
        elif isinstance(one, dict) and not parent:
            yield from ((f"{place}{key}.", each) for key, each in list(one.items())[:50] if fits(each))


def _at(value: Any, parts: list[str], place: str) -> Iterator[tuple[str, Any]]:
    if not parts:
        yield place, value
        return
    first, rest = parts[0], parts[1:]
    if first == "[]":
        if isinstance(value, list):
            for number, each in enumerate(value[:50]):
                yield from _at(each, rest, f"{place.rstrip('.')}[{number}].")
    elif isinstance(value, dict) and first in value:
        yield from _at(value[first], rest, f"{place}{first}.")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object" if isinstance(value, dict) else "null"
