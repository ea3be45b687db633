"""The least that is paid, and the training value, as report.json tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.probes.least.attempts import edits_between
from harness.probes.least.model import OtherLeast, StatedWork
from harness.probes.model import Attempted
from harness.stages.result import Audited

LONGEST_TEXT = 64 << 10
"""Bytes of a file of the least beyond which it is named and not shown."""
Lines = list[list[int]]


def training_json(one: Audited) -> dict[str, Any] | None:
    if one.training is None or one.size is None:
        return None
    return {
        "value": one.training.value,
        "why": one.training.why,
        "because": list(one.training.because),
        "reference": asdict(one.size),
        "enough": asdict(one.least.enough) if one.least is not None and one.least.measured else None,
    }


def least_json(one: Audited) -> dict[str, Any] | None:
    """None where nobody looked."""
    least = one.least
    if least is None:
        return None
    files = next((each.files for each in one.steps if each.step.name == least.step), {})
    attempted = {each.attempt.label: each for each in least.attempted}
    enough = attempted.get(least.label)
    edits = _edits(files, enough)
    return {
        "step": least.step,
        "why_not": least.why_not or None,
        "trials": least.trials,
        "complete": least.complete,
        "needed": least.needed,
        "reference": asdict(least.whole),
        "enough": asdict(least.enough),
        "probe": least.label or None,
        "edits": edits,
        "gone": _places(files, edits),
        "left": list(_left(files, enough)),
        "requirements": [_stated(each, files, attempted) for each in least.stated],
        "rewards": [asdict(one) for one in least.rewards],
        "others": [_other(each, files, attempted) for each in least.others],
    }


def _edits(files: Mapping[str, bytes], attempted: Attempted | None) -> list[dict[str, Any]]:
    return list(edits_between(files, attempted.attempt.replacement.files)) if attempted is not None else []


def _stated(one: StatedWork, files: Mapping[str, bytes], attempted: Mapping[str, Attempted]) -> dict[str, Any]:
    work = [{"file": file, "start": edit.start, "end": edit.end} for file in one.work for edit in one.work[file]]
    return {
        "index": one.requirement.index,
        "line": one.requirement.line,
        "text": one.requirement.text,
        "lost": one.lost,
        "visible": one.visible,
        "words": list(one.words),
        "effect": asdict(one.effect) if one.effect is not None else None,
        "probe": one.label or None,
        "edits": _edits(files, attempted.get(one.label)),
        "work": _places(files, work),
    }


def _other(one: OtherLeast, files: Mapping[str, bytes], attempted: Mapping[str, Attempted]) -> dict[str, Any]:
    edits = _edits(files, attempted.get(one.label))
    return {"probe": one.label, "enough": asdict(one.enough), "edits": edits, "gone": _places(files, edits)}


def _places(files: Mapping[str, bytes], edits: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """File -> its lines, from 1 and with the last, that change."""
    found: dict[str, Lines] = {}
    for edit in edits:
        data, start, end = files[edit["file"]], edit["start"], edit["end"]
        first = data.count(b"\n", 0, start) + 1
        last = max(data.count(b"\n", 0, max(end - 1, start)) + 1, first)
        if start < end:
            found.setdefault(edit["file"], []).append([first, last])
    return [{"file": file, "lines": lines} for file, lines in sorted(found.items())]


def _left(files: Mapping[str, bytes], enough: Attempted | None) -> Iterator[dict[str, Any]]:
    """What is enough, file by file; nothing where that is the whole."""
    if enough is None:
        return
    for name, data in {**files, **enough.attempt.replacement.files}.items():
        if data.strip() and b"\0" not in data:
            shown = data.decode("utf-8", "replace") if len(data) <= LONGEST_TEXT else None
            yield {"file": name, "text": shown}


def edits_of(task: Mapping[str, Any], label: str) -> Sequence[Mapping[str, Any]] | None:
    """How an attempt of this probe changes the reference, as a report tells it; None where it knows no such one."""
    least = task["least"]
    if least is None:
        return None
    if least["probe"] == label:
        return list(least["edits"])
    more = [*least["requirements"], *least.get("others", ())]  # reports of before have none
    return next((one["edits"] for one in more if one["probe"] == label), None)
