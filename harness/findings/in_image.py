"""Answers and tests that the image holds: what the reference leaves, or the verifier's files, found in it before. Pure.

What the reference itself works from is material, and so is what the instruction names; neither is a leak.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.findings.catalogue import finding
from harness.findings.given_away import Passage, own_share
from harness.findings.model import Finding

SIMILAR = 0.8
"""From this share of a file's own words on, another one has its content."""
LEAST_BYTES = 16
LEAST_WORDS = 3
SHOWN = 4
COMMONPLACE = frozenset("/ /app /root /home /opt /srv /workspace /tmp /data /usr/local".split())
"""Folders that every other instruction names without meaning what lies in them."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of the image that says what another one says."""

    path: str
    """In the image."""
    of: str
    """What it is a copy of: a path in the box for an output, a path of the task for a solution or test."""
    share: float
    passages: tuple[Passage, ...]
    """Side by side: the line of the original and the line of the image's file. Empty where all is the same."""


def answers_in_image(
    image: Mapping[str, bytes],
    outputs: Mapping[str, bytes],
    script: tuple[str, bytes],
    instruction: str,
    solution: str,
    workdir: str,
    tests: str = "",
) -> list[Copy]:
    """`outputs`: what the reference leaves; `script`: its own name in the task, and text; `solution`: all its texts;
    `tests`: the verifier's. What the tests compare with is the answer, even where the instruction says so."""
    commonplace = {*COMMONPLACE, workdir}
    found: dict[str, Copy] = {}
    for path, data in image.items():
        name = PurePosixPath(path).name
        expected = _named(tests, name)
        if path in outputs or _named(solution, name) or (not expected and told_by(instruction, path, commonplace)):
            continue
        for of, whole in (*outputs.items(), script):
            copy = _copy(path, data, of, whole, image.get(of, b""), 1 if expected else LEAST_WORDS)
            if copy is not None and (path not in found or copy.share > found[path].share):
                found[path] = copy
    return list(found.values())


def tests_in_image(image: Mapping[str, bytes], tests: Mapping[str, str], instruction: str, workdir: str) -> list[Copy]:
    """`tests`: those of the verifier's files that hold tests."""
    commonplace = {*COMMONPLACE, workdir}
    found: dict[str, Copy] = {}
    for path, data in image.items():
        if told_by(instruction, path, commonplace):
            continue
        for of, text in tests.items():
            copy = _copy(path, data, of, text.encode(), b"")
            if copy is not None and (path not in found or copy.share > found[path].share):
                found[path] = copy
    return list(found.values())


def _copy(path: str, data: bytes, of: str, whole: bytes, before: bytes, least_words: int = LEAST_WORDS) -> Copy | None:
    """`before`: what stood in the original's place in the image, which is nobody's answer."""
    if len(whole) < LEAST_BYTES or whole == before:
        return None
    if data.strip() == whole.strip() and len(set(re.findall(rb"\w+", whole))) >= least_words:
        return Copy(path, of, 1.0, ())
    if b"\0" in whole:
        return None
    found = own_share(
        data.decode("utf-8", "replace"), of, whole.decode("utf-8", "replace"), [before.decode("utf-8", "replace")]
    )
    if found is None or found.share < SIMILAR:
        return None
    return Copy(path, of, found.share, found.passages)


def _named(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None


def in_image_findings(
    answers: Sequence[Copy], tests: Sequence[Copy], witnesses: Mapping[str, str]
) -> Iterator[Finding]:
    """`witnesses`: path in the image -> what came of putting it where the answer belongs."""
    for copy in answers:
        said = "holds all of" if not copy.passages else f"holds {copy.share:.0%} of"
        yield finding(
            "answer-in-image",
            f"The image gives the answer away: {copy.path} {said} {copy.of} before anybody has worked",
            (*((witnesses[copy.path],) if copy.path in witnesses else ()), *_side_by_side(copy)),
        )
    for copy in tests:
        yield finding(
            "tests-in-image",
            f"The image holds the tests: {copy.path} is {copy.of}"
            + ("" if not copy.passages else f", or {copy.share:.0%} of it"),
            _side_by_side(copy),
        )


def _side_by_side(copy: Copy) -> tuple[str, ...]:
    lines = [
        f"{copy.of}, line {one.line}: {_short(one.text)}\n{copy.path}, line {one.said_line}: {_short(one.said)}"
        for one in sorted(sorted(copy.passages, key=lambda one: -len(one.text))[:SHOWN], key=lambda one: one.line)
    ]
    if len(copy.passages) > SHOWN:
        lines.append(f"and {len(copy.passages) - SHOWN} more lines")
    return tuple(lines) or (f"{copy.path} and {copy.of} say the same",)


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}..."


def told_by(instruction: str, path: str, commonplace: Collection[str]) -> bool:
    """Whether a text names the file, or a folder that it is in. Working folders and the like tell nothing."""
    whole = PurePosixPath(path)
    if path in instruction or re.search(rf"(?<![\w.-]){re.escape(whole.name)}(?![\w-])", instruction):
        return True
    for folder in whole.parents:
        if str(folder) in commonplace or folder.name == "":
            continue
        if re.search(rf"{re.escape(str(folder))}(?![\w-])|(?<![\w.-]){re.escape(folder.name)}/", instruction):
            return True
    return False
