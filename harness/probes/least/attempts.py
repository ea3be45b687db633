"""The variants that are held against a task: the least that is paid, and the reference without one requirement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.probes.least.model import WorkSize
from harness.probes.model import Attempt, Probe
from harness.task.model import Step, Task
from harness.trial.plan import Replacement
from mutator.model import ByteEdit, apply_bytes
from mutator.relevance import Requirement

ENOUGH = f"{Probe.LEAST}.enough"
REQUIREMENT = f"{Probe.LEAST}.requirement"


def replacement(task: Task, step: Step, files: Mapping[str, bytes]) -> Replacement:
    """Of several steps the others are solved as they are."""
    return Replacement(files, step.name if len(task.steps) > 1 else None)


def enough(step: Step, digest: str, put: Replacement, whole: WorkSize, left: WorkSize) -> Attempt:
    return Attempt(
        Probe.LEAST,
        digest,
        ENOUGH,
        f"{left.lines} of {whole.lines} lines of the reference are there, and nothing else",
        step.name,
        because="the rest of the work is missing",
        replacement=put,
    )


def without(step: Step, digest: str, put: Replacement, requirement: Requirement) -> Attempt:
    text = " ".join(requirement.text.split())
    return Attempt(
        Probe.LEAST,
        digest,
        REQUIREMENT,
        f"all that serves this is left out: {text if len(text) <= 120 else f'{text[:119]}…'}",
        step.name,
        because="the instruction states it",
        replacement=put,
    )


def written_again(files: Mapping[str, bytes], gone: Iterable[Mapping[str, object]]) -> dict[str, bytes]:
    """The changed files of an earlier run's attempt, from the edits that its report holds."""
    by_file: dict[str, list[ByteEdit]] = {}
    for one in gone:
        start, end, new = one["start"], one["end"], one["new"]
        assert isinstance(start, int)
        assert isinstance(end, int)
        by_file.setdefault(str(one["file"]), []).append(ByteEdit(start, end, bytes.fromhex(str(new))))
    return {name: apply_bytes(files[name], tuple(edits)) for name, edits in by_file.items()}


def edits_between(files: Mapping[str, bytes], changed: Mapping[str, bytes]) -> Sequence[dict[str, object]]:
    """What turns the reference's files into these, as `written_again` takes it: the lines that go or change."""
    return [
        {"file": name, "start": edit.start, "end": edit.end, "new": edit.new.hex()}
        for name, data in sorted(changed.items())
        for edit in _line_edits(files[name], data)
    ]


def _line_edits(before: bytes, after: bytes) -> Iterable[ByteEdit]:
    """By lines, from the front: what is left of a solution stands in the order in which it stood."""
    from difflib import SequenceMatcher

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for tag, low, high, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield ByteEdit(starts[low], starts[high], b"".join(new[first:last]))
