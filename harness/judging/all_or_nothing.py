"""Verifiers that can be seen to pay all or nothing: their first failing test decides."""

from __future__ import annotations

import re

from harness.judging.outcome import Baseline
from harness.task.model import Scoring, Task
from harness.task.texts import verifier_texts

_REWARD_WRITE = re.compile(r"reward\.(?:txt|json)")
_LITERAL = re.compile(
    r"""(?:echo|printf)\s+(?:-n\s+)?["']?[01](?:\.0*)?(?:\\n)?["']?\s*>\s*["']?[\w/.$\{\}-]*reward\.txt["']?"""
)


def all_or_nothing(task: Task, against: Baseline | None) -> bool:
    """Whether the verifier can be seen to pay 1 or 0 by a literal and nothing in between: then the first failing test
    decides."""
    if against is None or len(task.steps) > 1 or not task.format.reward_file:
        return False
    step = task.steps[0]
    if step.verifier.scoring is Scoring.WEIGHTS or list(against.reference.values()) != [1]:
        return False
    mentions = [
        line.partition(" #")[0]
        for text in verifier_texts(task, step).values()
        for line in text.splitlines()
        if _REWARD_WRITE.search(line) and not line.lstrip().startswith("#")
    ]
    return bool(mentions) and all(len(_LITERAL.findall(line)) == len(_REWARD_WRITE.findall(line)) for line in mentions)
