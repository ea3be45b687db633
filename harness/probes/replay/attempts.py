"""Fakes of a task whose deliverable is data: right files with right shapes, and no value that was worked out."""

from __future__ import annotations

import base64
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.findings.catalogue import finding
from harness.findings.model import Finding
from harness.judging.outcome import Cause, Outcome, OutcomeKind
from harness.mutants import StepMutants
from harness.probes.forge.attempts import in_its_place
from harness.probes.model import Attempt, Attempted, Probe
from harness.probes.replay.shape import Filling, fake
from harness.task.model import Task
from harness.task.texts import verifier_texts
from harness.trial.end_state import NOISE, EndState, outputs_of, services
from harness.trial.plan import Replacement
from mutator.operators.state import Output
from mutator.sources.languages import language_of

DATA = frozenset({"json", "jsonl", "csv", "yaml", "toml", "ini", "env", "text"})
_SYSTEM = re.compile(r"^/(?:etc|usr|bin|sbin|lib|lib64|boot|var|opt|root/\.)(?:/|$|\.)")
"""Where work sets up a machine: what is written there is no data."""
_MOST = 256 << 10
"""Bytes of all fakes of a task."""
LEAST_VALUES = 2
"""Values that have to be others in all: one word alone may be as good as any other."""
SHAPE = f"{Probe.REPLAY}.shape-"
_FREE = re.compile(
    r"\brandom|\bdummy\b|\bfake\b|\bmock\b|\bsynthetic|\barbitrar|\bplaceholder|\bof your (?:own )?choice\b"
    r"|\bany (?:text|content|contents|values?|words?|names?|message)\b|\bmade[- ]up\b|\binvent",
    re.IGNORECASE,
)
"""Where the values themselves are left to whoever works on the task."""
SENTENCE = {
    Filling.NONSENSE: "the outputs have the right names and shapes, and every value is nonsense of its kind",
    Filling.ZEROS: "the outputs have the right names and shapes, and every value is 0, empty or false",
    Filling.STATED: "the outputs have the right names and shapes and what the instruction's example gives, and every "
    "other value is nonsense of its kind",
}


@dataclass(frozen=True, slots=True)
class NotMade:
    """Why a task has no fake."""

    why: str


@dataclass(frozen=True, slots=True)
class Data:
    """What a fake is made of."""

    outputs: tuple[Output, ...]
    alone: bool
    """The reference leaves nothing else."""


def data_of(left: EndState) -> Data | NotMade:
    """The reference's outputs that are data. What else it leaves is no part of a fake: where the tests want that, they
    do not pay."""
    if services(left):
        return NotMade("the reference leaves a program running")
    left_there = [path for path, entry in left.entries.items() if entry[:1] != "d" and not NOISE.search(path)]
    outputs = {one.path: one for one in outputs_of(left)}
    data = [
        outputs[path]
        for path in left_there
        if path in outputs and not _SYSTEM.match(path) and not outputs[path].mode & 0o111 and _is_data(outputs[path])
    ]
    if not data:
        return NotMade("the reference leaves no data in a text")
    return Data(tuple(data), len(data) == len(left_there))


def _is_data(output: Output) -> bool:
    try:
        text = output.data.decode()
    except UnicodeDecodeError:
        return False
    return language_of(output.path, text) in DATA


def attempts(task: Task, step: StepMutants, left: EndState) -> Iterator[Attempt]:
    data = data_of(left)
    if isinstance(data, NotMade) or not (data.alone or _asked_for(data, task, step)):
        return
    if _FREE.search(step.step.instruction):
        return  # then nonsense may be right
    outputs = data.outputs
    before: list[list[Output]] = []
    for filling in Filling:
        faked = [(one, fake(one.path, one.data, filling, step.step.instruction)) for one in outputs]
        made = [Output(one.path, found[0], one.mode) for one, found in faked if found is not None]
        changed = sum(found[1] for _, found in faked if found is not None)
        # An empty output is left as it is: there is nothing to work out.
        kept = [one for one, found in faked if found is None and not one.data.strip()]
        if made in before or changed < LEAST_VALUES or len(made) + len(kept) < len(outputs):
            continue
        before.append(made)
        if sum(len(one.data) for one in made) > _MOST:
            continue
        yield Attempt(
            Probe.REPLAY,
            f"shape-{filling}",
            f"{SHAPE}{filling}",
            SENTENCE[filling],
            step.step.name,
            because="nothing was worked out",
            replacement=Replacement(in_its_place(task, script([*made, *kept], SENTENCE[filling]))),
        )


def _asked_for(data: Data, task: Task, step: StepMutants) -> bool:
    """Whether data may be all that is looked at: somebody names one of the files."""
    texts = [step.step.instruction, *verifier_texts(task, step.step).values()]
    names = {posixpath.basename(one.path) for one in data.outputs}
    return any(name in text for name in names for text in texts)


def script(outputs: Sequence[Output], about: str) -> str:
    """A solution that writes these files and does nothing else."""
    lines = ["#!/bin/sh", f"# None of the work is done here: {about}.", "set -e"]
    for one in sorted(outputs, key=lambda output: output.path):
        lines += write_lines(one)
    return "\n".join(lines) + "\n"


def write_lines(one: Output) -> list[str]:
    """Commands that write a file."""
    path = shlex.quote(one.path)
    return [
        f"mkdir -p {shlex.quote(posixpath.dirname(one.path))}",
        f"base64 -d >{path} <<'FOOLSGOLD'",
        base64.encodebytes(one.data).decode() + "FOOLSGOLD",
        f"chmod {one.mode:o} {path}",
    ]


def judged(attempted: Sequence[Attempted], left: EndState, again: EndState | None) -> list[Attempted]:
    """The fakes and guesses that were paid count where another run of the reference leaves the same data: else its
    values are free."""
    data, other = data_of(left), data_of(again) if again is not None else None
    if isinstance(data, Data) and isinstance(other, Data) and data.outputs == other.outputs:
        return list(attempted)
    free = Outcome(OutcomeKind.ERROR, "the reference's own outputs differ from run to run", cause=Cause.NOT_MADE)
    return [replace(one, outcome=free) if one.attempt.probe is Probe.REPLAY else one for one in attempted]


def fakes_paid(attempted: Sequence[Attempted]) -> list[Attempted]:
    return [one for one in attempted if _is_fake(one) and one.paid]


def _is_fake(one: Attempted) -> bool:
    return one.attempt.operator.startswith(SHAPE)


def findings(attempted: Sequence[Attempted]) -> Iterator[Finding]:
    if paid := fakes_paid(attempted):
        yield finding(
            "shape-only-paid",
            "Outputs of the right shape are paid in full, whatever is in them",
            tuple(f"paid in full, twice, where {one.attempt.sentence} ({one.attempt.label})" for one in paid),
        )
