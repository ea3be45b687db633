"""Blind answers: where an output can be one of few, how many of them are paid. Pure."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Severity
from harness.mutants import StepMutants
from harness.probes.forge.attempts import in_its_place
from harness.probes.leak.blocks import blocks
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.replay.attempts import script
from harness.task.model import Task
from harness.trial.plan import Replacement
from mutator.model import short_id
from mutator.operators.state import Output

OPERATOR = f"{Probe.REPLAY}.guess"
EXAMPLE = "guess-example"
MOST = 24
"""Blind answers that are tried; a question with more is no guess."""
LONGEST = 80
"""Characters of an answer."""
LIKELY = 0.2
"""A share of paid guesses from which on it is more than a note."""
_PAIRS = (("yes", "no"), ("true", "false"), ("pass", "fail"), ("valid", "invalid"), ("on", "off"), ("0", "1"))
_SPAN = re.compile(r"`([^`\n]{1,80})`|\"([^\"\n]{1,80})\"")
_CHOICE = re.compile(
    r"\b(?:one of|either|must be|should be|choose (?:one )?(?:from|of|among))\b[^.\n]*?((?:[`\"][^`\"\n]{1,80}[`\"](?:\s*,\s*(?:or\s+)?|\s+or\s+|\s*/\s*|\s*\|\s*)?){2,})",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"\b(?:between|from)\s+(\d{1,3})\s+(?:and|to)\s+(\d{1,3})\b|\b(\d{1,2})\s*(?:-|–|\.\.)\s*(\d{1,2})\b"
)
_ZERO_OR_ONE = re.compile(
    r"(?<![\w.])([01])(?!\w|\.\d)[^.\n]{0,60}?\b(?:or|if|when|for)\b[^.\n]{0,60}?(?<![\w.])(?!\1)[01](?!\w|\.\d)|\b0\s*/\s*1\b"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an output's only value may be."""

    output: Output
    answers: tuple[bytes, ...]
    """As whole contents of the file."""
    example: bytes | None


def attempts(task: Task, step: StepMutants, outputs: Sequence[Output], names: Sequence[str]) -> Iterator[Attempt]:
    """For a task whose every output is one of few. `names`: files of the environment."""
    asked = [_asked(one, step.step.instruction, names) for one in outputs]
    some = [one for one in asked if one is not None]
    if not some or len(some) < len(asked):
        return
    count = 1
    for one in some:
        count *= len(one.answers)
    if 1 < count <= MOST:
        for answers in product(*(one.answers for one in some)):
            made = [Output(one.output.path, answer, one.output.mode) for one, answer in zip(some, answers, strict=True)]
            said = ", ".join(answer.decode("utf-8", "replace").strip()[:LONGEST] for answer in answers)
            yield _attempt(
                task, step, made, f"guess-{short_id(*said.split())}", f"`{said}` is handed in blindly, one of {count}"
            )
    elif all(one.example is not None for one in some):
        made = [Output(one.output.path, one.example or b"", one.output.mode) for one in some]
        yield _attempt(task, step, made, EXAMPLE, "the instruction's own example is handed in")


def _attempt(task: Task, step: StepMutants, made: Sequence[Output], ident: str, sentence: str) -> Attempt:
    return Attempt(
        Probe.REPLAY,
        ident,
        OPERATOR,
        sentence,
        step.step.name,
        because="nothing was worked out",
        replacement=Replacement(in_its_place(task, script(made, sentence))),
    )


def _asked(output: Output, instruction: str, names: Sequence[str]) -> _Asked | None:
    try:
        text = output.data.decode()
    except UnicodeDecodeError:
        return None
    value = _value(text)
    if value is None:
        return None
    example = _example(text, instruction)
    answers = list(dict.fromkeys(text.replace(value, other) for other in _others(value, instruction, names)))
    if not answers and example is None:
        return None
    return _Asked(output, tuple(one.encode() for one in answers), example.encode() if example is not None else None)


def _value(text: str) -> str | None:
    """The only thing that a file says: its text, or the one value of an object with one key."""
    bare = text.strip()
    if not bare or "\n" in bare or len(bare) > LONGEST:
        return None
    try:
        found: Any = json.loads(bare)
    except (ValueError, RecursionError):
        return bare
    if isinstance(found, dict):
        if len(found) != 1:
            return None
        (found,) = found.values()
        if isinstance(found, dict | list) or found is None:
            return None
        said = found if isinstance(found, str) else json.dumps(found)
        return said if said and bare.count(said) == 1 else None
    return None if isinstance(found, list) else bare


def _others(value: str, instruction: str, names: Sequence[str]) -> list[str]:
    """Every answer that it might be, the right one among them; [] where those are not few."""
    low = value.lower()
    for pair in _PAIRS[:-1]:
        if low in pair:
            return [_like(value, word) for word in pair]
    for found in _CHOICE.finditer(instruction):
        choices = [one or other for one, other in _SPAN.findall(found[1])]
        if value in choices:
            return choices
    if re.fullmatch(r"\d{1,3}", value):
        for found in _RANGE.finditer(instruction):
            low_end, high_end = (int(one) for one in (found[1] or found[3], found[2] or found[4]))
            if low_end <= int(value) <= high_end and high_end - low_end < MOST:
                return [str(number) for number in range(low_end, high_end + 1)]
        # A count may be 0 or 1 by chance: only where the instruction has both are they the answers.
        return list(_PAIRS[-1]) if value in _PAIRS[-1] and _ZERO_OR_ONE.search(instruction) else []
    return _names(value, names)


def _like(value: str, word: str) -> str:
    return word.upper() if value.isupper() else word.capitalize() if value.istitle() else word


def _names(value: str, names: Sequence[str]) -> list[str]:
    """Where it is a file of the environment: all of its kind that lie beside it."""
    base, suffix = posixpath.basename(value), posixpath.splitext(value)[1]
    homes = {posixpath.dirname(name) for name in names if posixpath.basename(name) == base}
    if not suffix or not homes:
        return []
    beside = {posixpath.basename(name) for name in names if posixpath.dirname(name) in homes and name.endswith(suffix)}
    return [value[: len(value) - len(base)] + name for name in sorted(beside)]


def _example(text: str, instruction: str) -> str | None:
    """A block of the instruction in the very form of the answer, which is not the answer itself."""
    for block in blocks(instruction):
        said = block.text.strip()
        if said != text.strip() and _form(said) == _form(text.strip()):
            return said + ("\n" if text.endswith("\n") else "")
    return None


def _form(text: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"[A-Za-z]+", "a", text))


def findings(attempted: Sequence[Attempted]) -> Iterator[Finding]:
    mine = [one for one in attempted if one.attempt.operator == OPERATOR and one.measured]
    paid = [one for one in mine if one.paid]
    if not paid:
        return
    share = len(paid) / len(mine)
    by_example = any(one.attempt.id == EXAMPLE for one in paid)
    title = (
        "The instruction's own example is paid as the answer"
        if by_example
        else f"{len(paid)} of {len(mine)} blind answers are paid in full"
    )
    yield finding(
        "guessable",
        title,
        [f"paid in full, twice: {one.attempt.sentence} ({one.attempt.label})" for one in paid[:6]],
        severity=Severity.WARNING if by_example or share >= LIKELY else Severity.NOTE,
        advice=None if by_example or share >= LIKELY else "",
    )
