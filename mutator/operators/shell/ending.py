"""How a script ends: too early, at once, past its errors, with another status."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mutator.model import Candidate, Edit, FaultClass, SourceKind, Tier
from mutator.operators.define import operator
from mutator.operators.shell.document import Script, Step
from mutator.operators.shell.steps import LANGUAGES, SCRIPT, head, role_of


def _acts(script: Script, roles: frozenset[str]) -> list[Step]:
    """Statements at the top of the script whose role is not among these."""
    top = (step for step in script.steps if step.container.type == "program")
    return [step for step in top if role_of(script, step.start, step.end)[0] not in roles]


@operator(
    "shell.exit-early",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    LANGUAGES,
    "the script ends before `{step}`",
    ("set -e\na\nb\nc\nd\n", ("set -e\na\nb\nexit 0\nc\nd\n",)),
)
def exit_early(script: Script) -> Iterator[Candidate]:
    """In the middle of the steps that do something."""
    steps = _acts(script, frozenset({"none", "assign", "look", "export"}))
    if len(steps) < 3:
        return
    step = steps[len(steps) // 2]
    line = script.text.rfind("\n", 0, step.start) + 1
    if script.plain[line : step.start].strip():
        return
    fields = {"step": script.said(step.start, step.end)}
    yield Candidate((Edit(line, line, "exit 0\n"),), fields, "", (line, line), stills=(line, len(script.text)))


@operator(
    "shell.hollow-script",
    FaultClass.HOLLOW_FUNCTION,
    Tier.MEDIUM,
    LANGUAGES,
    "the script ends before it does anything",
    ("#!/bin/sh\nset -e\na\nb\n", ("#!/bin/sh\nset -e\nexit 0\na\nb\n",)),
    skips=SCRIPT | {SourceKind.INLINE, SourceKind.PRINTED, SourceKind.REPLACEMENT},
)
def hollow_script(script: Script) -> Iterator[Candidate]:
    """Before the first step that does something."""
    steps = _acts(script, frozenset({"none"}))
    if not steps:
        return
    line = script.text.rfind("\n", 0, steps[0].start) + 1
    if not script.plain[line : steps[0].start].strip():
        yield Candidate((Edit(line, line, "exit 0\n"),), {}, "", (line, line), stills=(line, len(script.text)))


_ERREXIT = re.compile(r"-[a-z]*e|-o\s+errexit")


@operator(
    "shell.drop-errexit",
    FaultClass.ERROR_HANDLING,
    Tier.FINE,
    LANGUAGES,
    "`{step}` is left out: the script goes on after a failure",
    ("set -euo pipefail\na\n", ("a\n",)),
    ("set -x\na\n", ()),
    skips=SCRIPT,
)
def drop_errexit(script: Script) -> Iterator[Candidate]:
    for step in script.steps:
        command = head(script, step.start)
        words = script.words(command) if command else []
        if words[:1] == ["set"] and _ERREXIT.search(" ".join(words[1:])):
            edits, check = script.without(step)
            yield Candidate(edits, {"step": script.said(step.start, step.end)}, step.function, check)


@operator(
    "shell.drop-fallback",
    FaultClass.ERROR_HANDLING,
    Tier.FINE,
    LANGUAGES,
    "`|| {step}` is left out",
    ("a || exit 1\nb || true\nc && d || e\n", ("a\nb || true\nc && d || e\n", "a || exit 1\nb || true\nc && d\n")),
)
def drop_fallback(script: Script) -> Iterator[Candidate]:
    for chain in script.chains:
        for index, (_, _, mark) in enumerate(chain.operators):
            start, end = chain.parts[index + 1]
            said = script.said(start, end)
            if mark != "||" or said in ("true", ":", "echo"):
                continue
            before = chain.parts[index][1]
            if any(before <= body.start < start for body in script.tree.heredocs):
                continue
            edits = script.removal(before, end)
            yield Candidate(edits, {"step": said}, chain.function, (chain.start, chain.end))


@operator(
    "shell.change-exit",
    FaultClass.ERROR_HANDLING,
    Tier.MEDIUM,
    LANGUAGES,
    "`{word} {old}` becomes `{word} {new}`",
    ("f() { return 1; }\nexit 0\nexit\n", ("f() { return 0; }\nexit 0\nexit\n", "f() { return 1; }\nexit 1\nexit\n")),
    skips=SCRIPT,
)
def change_exit(script: Script) -> Iterator[Candidate]:
    for command in script.commands:
        words = script.words(command)
        if len(words) != 2 or words[0] not in ("exit", "return") or not words[1].isdigit():
            continue
        start, end = command.words[1]
        new = "1" if words[1] == "0" else "0"
        fields = {"word": words[0], "old": words[1], "new": new}
        yield Candidate((Edit(start, end, new),), fields, command.function, (command.start, command.end))
