"""Whether a table of answers that is paid is a fault: what the instruction claims, and what the tests vary. Pure."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location, Severity
from harness.probes.model import Attempted, Probe
from harness.probes.replay import blind
from harness.task.model import Task
from harness.task.texts import relative
from harness.trial.standins import RECORDED, Recorded
from mutator.relevance.requirements import requirements

VARIED = 3
"""Inputs that only the tests know, from which on they are taken to vary them."""
SHOWN = 4
ALIKE = "One text in answer to every call, whatever the program is given, is paid in full"
_COMPARE = "Compare all of what the program prints with what is right for that input, and do not look for words in it."
_NOTHING = sha256(b"").hexdigest()
_THINGS = (
    r"(?:inputs?|files?|documents?|maps?|levels?|boards?|puzzles?|data ?sets?|data|arguments?|values?|numbers?|integers?|strings?|texts?"
    r"|words?|names?|paths?|expressions?|configurations?|configs?|cases?|graphs?|images?|logs?|trees?|queries|programs?|sizes?|lengths?"
    r"|depths?|director(?:y|ies)|folders?|instances?|matri(?:x|ces)|records?|rows?|keys?)"
)
_UNSEEN = re.compile(
    rf"\b(?:unseen|hidden|held[- ]out|secret|undisclosed)\s+(?:[\w-]+\s+){{0,2}}{_THINGS}\b|\b(?:have not|haven't|has not|not been|never)\s+seen\b"
    rf"|\b(?:other|different|further|new)\s+(?:[\w-]+\s+){{0,1}}{_THINGS}\b(?=[^.]*\b(?:test|check|grad|verif|run|evaluat)\w*)",
    re.IGNORECASE,
)
_ANY = re.compile(
    rf"\b(?:any|arbitrary|all (?:possible|valid))\s+(?:(?!of\b)[\w-]+\s+){{0,2}}{_THINGS}\b|\bin general\b|\bgenerali[sz]e|\bgeneral-purpose\b"
    r"|\bhard-?cod",
    re.IGNORECASE,
)
_TOOL = re.compile(
    r"\b(?:an?|the|this|your)\s+(?:[\w-]+\s+){0,4}(?:tool|program|script|solver|command|utility|cli|parser|planner|compiler|interpreter|converter"
    r"|formatter|checker|linter|generator|calculator)\b[^.]*?\b(?:that|which|called|takes?|accepts?|reads?|given|for)\b"
    r"|\bread(?:s|ing)? (?:the|a|an) [\w ]{0,20}(?:[A-Z]{3,}|argument|input)|\bexamples? of (?:each|one|it|them|such)\b",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that asks for more than a few answers."""

    text: str
    line: int
    unseen: bool
    """It says that the tests use what the solver has not seen."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the tests ran of the solution's programs."""

    calls: tuple[str, ...]
    own: tuple[str, ...]
    """Those with an input that only the tests know."""
    takes_input: bool


def claim(instruction: str) -> Claim | None:
    """The sentence that says most plainly that the work is to be general."""
    for number, pattern in enumerate((_UNSEEN, _ANY, _TOOL)):
        for one in requirements(instruction):
            if pattern.search(one.text):
                return Claim(one.text, one.line, number == 0)
    return None


def table(recorded: Recorded, instruction: str) -> Table:
    """Known is what was in the box when solving had ended, and what the instruction has."""
    known = {*recorded.known, _NOTHING}
    calls: dict[str, str] = {}
    own: dict[str, str] = {}
    takes = False
    for call in recorded.calls():
        calls[call.key] = call.said
        for line in call.key.splitlines():
            new = _input(line, known, instruction)
            takes = takes or new is not None
            if new:
                own[call.key] = call.said
    return Table(tuple(calls.values()), tuple(own.values()), takes)


def _input(line: str, known: set[str], instruction: str) -> bool | None:
    """None for what is no input; else whether only the tests know it."""
    kind, _, value = line.partition(":")
    if kind == "word":
        return None if value.startswith("-") and len(value) > 1 else value not in instruction
    what, _, digest = line.rpartition(" ")
    if what in ("in", "folder", "stdin", "file") or what.startswith("file:"):
        return None if digest == _NOTHING else digest not in known
    return None


def findings(task: Task, attempted: Sequence[Attempted], found: Table | None) -> Iterator[Finding]:
    """Only where it is a fault. That whoever has the results may hand them in again goes without saying of most tasks;
    the report has it among what was handed in without work."""
    mine = {one.attempt.id: one for one in attempted if one.attempt.probe is Probe.REPLAY and one.paid}
    if found is not None and found.takes_input and blind.ID in mine:
        evidence = [_paid(mine[blind.ID]), f"what the tests ask: {_some(tuple(dict.fromkeys(found.calls)))}"]
        yield _finding(task, ALIKE, evidence, claim(task.steps[0].instruction), _COMPARE)
        return
    one = mine.get(RECORDED)
    if one is None:
        return
    said = claim(task.steps[0].instruction)
    evidence = [_paid(one)]
    if found is None or not found.calls:
        grave = said is not None and said.unseen
        title = "What the reference wrote, written again without any of the work, is paid in full"
    else:
        few = len(found.own) < VARIED
        grave = few and (said is not None or found.takes_input)
        title = f"A table of {_many(len(found.calls), 'answer')} in the program's place is paid in full"
        evidence.append(_varied(found))
        if said is None:
            evidence.append("the program takes input, and the tests could give it another each time")
    if not grave:
        return
    yield _finding(task, title, evidence, said)


def _paid(one: Attempted) -> str:
    return f"paid in full, twice, where {one.attempt.sentence} ({one.attempt.label})"


def _finding(task: Task, title: str, evidence: Sequence[str], said: Claim | None, advice: str | None = None) -> Finding:
    more = [f"line {said.line} asks for more: {said.text}"] if said is not None else []
    where = Location(relative(task, task.steps[0].instruction_file), said.line if said is not None else None)
    told = [*evidence[:1], *more, *evidence[1:]]
    return finding("special-casing-paid", title, told, where, severity=Severity.WARNING, advice=advice)


def _varied(found: Table) -> str:
    if not found.own:
        return f"the tests use no input that is not in the image or the instruction: {_some(found.calls)}"
    return f"the tests bring {_many(len(found.own), 'input')} of their own, always the same: {_some(found.own)}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _some(calls: Sequence[str]) -> str:
    more = f"; and {len(calls) - SHOWN} more" if len(calls) > SHOWN else ""
    return "; ".join(f"`{one[:100]}`" for one in calls[:SHOWN]) + more
