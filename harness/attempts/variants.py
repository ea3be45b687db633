"""Solutions that somebody else meant to be wrong, as variants that an audit runs besides its own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from harness.attempts.folders import read_submissions
from harness.attempts.matching import matched
from harness.attempts.model import OnReference, Submission, Truth, WholeSolution, handed_json
from harness.errors import UsageError
from harness.stages.result import ProposedFor, ProposedVariant
from harness.untrusted import clip, visible

LONGEST = 1_000
"""Characters of what a variant's maker says of it."""


def read_variants(names: Sequence[str], places: Sequence[Path]) -> ProposedFor:
    """What is labelled wrong, or was meant to be, among the solutions in these places. Raises UsageError."""
    found = [each for each in read_submissions(places) if (each.label or each.meant) is Truth.WRONG]
    if not found:
        raise UsageError(
            f"Nothing in {visible(', '.join(map(str, places)))} is said to be wrong.",
            hint="`foolsgold propose --kind wrong` writes such variants; or a solution is labelled `wrong`.",
        )
    mine, others = matched(names, found)
    said = json.dumps([[each.task, each.id, each.source, handed_json(each.handed)] for each in found], sort_keys=True)
    by_task = {name: tuple(map(_variant, each)) for name, each in mine.items()}
    return ProposedFor(by_task, sha256(said.encode()).hexdigest(), others)


def _variant(one: Submission) -> ProposedVariant:
    about, handed = one.about, one.handed
    named = about.get("breaks")
    return ProposedVariant(
        one.id,
        _text(one.source),
        diff=handed.diff if isinstance(handed, OnReference) else "",
        files=handed.files if isinstance(handed, WholeSolution) else {},
        unfit=""
        if isinstance(handed, OnReference | WholeSolution)
        else "it is no change of the reference's files; `foolsgold attempts` runs such",
        what=_text(about.get("what")),
        breaks=_text(named.get("text")) if isinstance(named, dict) else "",
        request=_digest(about.get("request_sha256")),
        answer=_digest(about.get("answer_sha256")),
    )


def _text(said: object) -> str:
    """A line of it."""
    return clip(" ".join(said.split()), LONGEST) if isinstance(said, str) else ""


def _digest(said: object) -> str:
    return said if isinstance(said, str) and re.fullmatch("[0-9a-f]{64}", said) else ""
