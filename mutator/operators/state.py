"""Faults in what the reference left behind, for the audit to make after solving: files lost, emptied, cut short,
swapped or changed in one value, wrong modes, services stopped.

Pure like every family: it reads the bytes of the outputs and says what to do to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mutator.model import FaultClass, Tier, apply, short_id
from mutator.operators.data import FAMILY as DATA


@dataclass(frozen=True, slots=True)
class Output:
    """A file the reference made or changed."""

    path: str
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Service:
    """A process the reference left running."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Write:
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Remove:
    path: str


@dataclass(frozen=True, slots=True)
class Chmod:
    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class Stop:
    pid: int


Action = Write | Remove | Chmod | Stop


@dataclass(frozen=True, slots=True)
class StateMutant:
    id: str
    operator: str
    fault: FaultClass
    tier: Tier
    path: str
    """The output it changes, or the service's name."""
    actions: tuple[Action, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class StateOperator:
    id: str
    fault: FaultClass
    tier: Tier
    sentence: str


REMOVE = StateOperator("state.delete", FaultClass.DROPPED_OUTPUT, Tier.COARSE, "{path} is missing")
EMPTY = StateOperator("state.empty", FaultClass.CORRUPTED_OUTPUT, Tier.COARSE, "{path} is empty")
TRUNCATE = StateOperator("state.truncate", FaultClass.CORRUPTED_OUTPUT, Tier.COARSE, "{path} ends half-way")
SWAP = StateOperator(
    "state.swap", FaultClass.SWAPPED_MAPPING, Tier.COARSE, "{path} and {other} have each other's content"
)
SHUFFLE = StateOperator(
    "state.shuffle-numbers", FaultClass.CORRUPTED_OUTPUT, Tier.COARSE, "the numbers in {path} stand in another order"
)
SCALE = StateOperator(
    "state.scale-numbers",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    "the numbers in {path} are {factor} times too large",
)
SIGN = StateOperator(
    "state.flip-signs", FaultClass.CORRUPTED_OUTPUT, Tier.MEDIUM, "the numbers in {path} have the other sign"
)
NUDGE = StateOperator("state.off-by-one", FaultClass.BOUNDARY, Tier.MEDIUM, "one number in {path} is {new}, not {old}")
DATA_CHANGE = StateOperator("state.data", FaultClass.CORRUPTED_OUTPUT, Tier.MEDIUM, "in {path} {what}")
MODE = StateOperator("state.mode", FaultClass.WRONG_PERMISSION, Tier.MEDIUM, "{path} has mode {new}, not {old}")
STOP = StateOperator("state.stop-service", FaultClass.DROPPED_STEP, Tier.COARSE, "{path} does not run")
OPERATORS = (REMOVE, EMPTY, TRUNCATE, SWAP, SHUFFLE, SCALE, SIGN, NUDGE, DATA_CHANGE, MODE, STOP)

LARGE = 1_000_000
NUMBERS = 2_000
"""Numbers of one file that are changed together at most; a longer file changes in its first ones."""
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]|-\d)")
_LANGUAGE = {
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "toml": "toml",
    "ini": "ini",
    "cfg": "ini",
    "conf": "ini",
    "csv": "csv",
    "tsv": "csv",
    "env": "env",
    "txt": "text",
    "md": "text",
    "log": "text",
}


def mutants(outputs: Sequence[Output], services: Sequence[Service] = ()) -> Iterator[StateMutant]:
    """Every fault of every output, in the order of the outputs' names."""
    ordered = sorted(outputs, key=lambda output: output.path)
    for output in ordered:
        yield from _of_file(output)
    for first, second in pairwise([output for output in ordered if output.data]):
        if first.data != second.data and _ending(first.path) == _ending(second.path):
            actions = (Write(first.path, second.data), Write(second.path, first.data))
            yield _mutant(SWAP, first.path, actions, other=second.path)
    for service in services:
        yield _mutant(STOP, service.name, (Stop(service.pid),))


def _of_file(output: Output) -> Iterator[StateMutant]:
    path, data = output.path, output.data
    yield _mutant(REMOVE, path, (Remove(path),))
    if data:
        yield _mutant(EMPTY, path, (Write(path, b""),))
    if len(data) > 1:
        yield _mutant(TRUNCATE, path, (Write(path, data[: len(data) // 2]),))
    yield from _modes(output)
    text = _text(data)
    if text is not None:
        yield from _numbers(path, text)
        yield from _data(path, text)


def _modes(output: Output) -> Iterator[StateMutant]:
    wrong = [output.mode & ~0o111] if output.mode & 0o111 else []
    wrong += [output.mode | 0o044] if not output.mode & 0o044 else []
    wrong += [output.mode & ~0o444] if output.mode & 0o444 and not wrong else []
    for mode in wrong:
        yield _mutant(MODE, output.path, (Chmod(output.path, mode),), new=f"{mode:04o}", old=f"{output.mode:04o}")


def _text(data: bytes) -> str | None:
    if len(data) > LARGE or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _numbers(path: str, text: str) -> Iterator[StateMutant]:
    found = list(_NUMBER.finditer(text))[:NUMBERS]
    if not found:
        return
    said = [match[0] for match in found]
    turned = said[1:] + said[:1]
    if turned != said:
        yield _mutant(SHUFFLE, path, (_rewritten(path, text, found, turned),))
    if any(float(each) for each in said):
        yield _mutant(SCALE, path, (_rewritten(path, text, found, [_times(each) for each in said]),), factor="10")
        flipped = [each[1:] if each.startswith("-") else f"-{each}" for each in said]
        yield _mutant(SIGN, path, (_rewritten(path, text, found, flipped),))
    for index in sorted({0, len(found) // 2, len(found) - 1}):
        new = _next(said[index])
        changed = [*said[:index], new, *said[index + 1 :]]
        yield _mutant(NUDGE, path, (_rewritten(path, text, found, changed),), old=said[index], new=new)


def _rewritten(path: str, text: str, found: Sequence[re.Match[str]], new: Sequence[str]) -> Write:
    parts: list[str] = []
    done = 0
    for match, said in zip(found, new, strict=True):
        parts += (text[done : match.start()], said)
        done = match.end()
    parts.append(text[done:])
    return Write(path, "".join(parts).encode())


def _times(said: str) -> str:
    whole, point, fraction = said.partition(".")
    return f"{whole}0" if not point else f"{whole}{fraction[0]}.{fraction[1:] or '0'}"


def _next(said: str) -> str:
    whole, point, fraction = said.partition(".")
    return f"{int(whole) + 1}{point}{fraction}"


def _data(path: str, text: str) -> Iterator[StateMutant]:
    """The data family's faults, on an output in a format it knows."""
    language = _LANGUAGE.get(_ending(path), "text")
    tree = DATA.parse(text, language)
    if tree is None:
        return
    for operator in DATA.operators:
        if language not in operator.languages or operator.id == "data.truncate":
            continue
        for candidate in operator.propose(tree):
            if DATA.valid(tree, candidate):
                what = operator.sentence.format_map(candidate.fields)
                action = Write(path, apply(text, candidate.edits).encode())
                yield _mutant(DATA_CHANGE, path, (action,), operator=operator.id, fault=operator.fault, what=what)


def _ending(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def _mutant(
    made_by: StateOperator,
    path: str,
    actions: tuple[Action, ...],
    *,
    operator: str = "",
    fault: FaultClass | None = None,
    **fields: str,
) -> StateMutant:
    identity = f"{made_by.id}.{operator.removeprefix('data.')}" if operator else made_by.id
    return StateMutant(
        short_id(identity, *(repr(action) for action in actions)),
        identity,
        fault or made_by.fault,
        made_by.tier,
        path,
        actions,
        made_by.sentence.format(path=path, **fields),
    )
