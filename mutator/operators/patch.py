"""Patches: hunks, changes and lines left out, with the counts of the hunk's header kept true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mutator.model import Candidate, Edit, FaultClass, Tier, apply
from mutator.operators.define import operator, operators_in
from mutator.sources.names import by_name
from mutator.unified_diff import FileDiff, Hunk, Line, read_diff

LANGUAGES = frozenset({"diff"})


@dataclass(slots=True)
class Patch:
    text: str
    files: list[FileDiff]


def parse(text: str, language: str) -> Patch | None:
    files = read_diff(text)
    return None if files is None else Patch(text, files)


def valid(patch: Patch, candidate: Candidate) -> bool:
    first, last = candidate.check or (0, len(patch.text))
    inside = tuple(Edit(edit.start - first, edit.end - first, edit.new) for edit in candidate.edits)
    changed = apply(patch.text[first:last], inside)
    return not changed or read_diff("--- a\n+++ b\n" + changed) is not None or read_diff(changed) is not None


_TWO = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n c\n@@ -9 +9 @@\n-d\n+e\n"
_RUNS = "--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n-a\n+b\n+c\n d\n-e\n+f\n"


@operator(
    "patch.drop-file",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "the patch leaves {file} as it was",
    (
        "diff a b\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\ndiff c d\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-c\n+d\n",
        (
            "diff c d\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-c\n+d\n",
            "diff a b\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        ),
    ),
)
def drop_file(patch: Patch) -> Iterator[Candidate]:
    if len(patch.files) < 2:
        return
    for one in patch.files:
        yield Candidate((Edit(one.start, one.end, ""),), {"file": one.path}, one.path, (one.start, one.end))


@operator(
    "patch.drop-hunk",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "hunk {number} of the patch of {file} (line {line}) is left out",
    (_TWO, ("--- a/x\n+++ b/x\n@@ -9 +9 @@\n-d\n+e\n", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n c\n")),
)
def drop_hunk(patch: Patch) -> Iterator[Candidate]:
    for one in patch.files:
        if len(one.hunks) < 2:
            continue
        for number, hunk in enumerate(one.hunks, 1):
            fields = {"file": one.path, "number": str(number), "line": str(hunk.new_line)}
            yield Candidate((Edit(hunk.start, hunk.end, ""),), fields, one.path, (hunk.start, hunk.end))


def _runs(hunk: Hunk) -> list[list[Line]]:
    """Lines that change side by side."""
    runs: list[list[Line]] = []
    previous = " "
    for line in hunk.lines:
        if line.mark in "+-":
            if previous == " ":
                runs.append([])
            runs[-1].append(line)
        if line.mark != "\\":
            previous = " " if line.mark == " " else "x"
    return runs


def _without(patch: Patch, file: FileDiff, hunk: Hunk, lines: list[Line], fields: dict[str, str]) -> Candidate:
    """These changes undone: added lines go, removed lines stay."""
    added = sum(line.mark == "+" for line in lines)
    kept = len(lines) - added
    edits = (
        Edit(*hunk.header(hunk.old[2], hunk.new[2] - added + kept)[1]),
        *(Edit(one.start, one.end, "") if one.mark == "+" else Edit(one.start, one.start + 1, " ") for one in lines),
    )
    return Candidate(edits, fields, file.path, (hunk.start, hunk.end))


def _notes(hunk: Hunk) -> bool:
    """`\\ No newline at end of file` belongs to the line before it, which must then not go alone."""
    return any(line.mark == "\\" for line in hunk.lines)


def _hunks(patch: Patch) -> Iterator[tuple[FileDiff, Hunk]]:
    for file in patch.files:
        for hunk in file.hunks:
            if not _notes(hunk):
                yield file, hunk


@operator(
    "patch.drop-change",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    LANGUAGES,
    "the change `{change}` of the patch of {file} is left out",
    (
        _RUNS,
        (
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n d\n-e\n+f\n",
            "--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n-a\n+b\n+c\n d\n e\n",
        ),
    ),
)
def drop_change(patch: Patch) -> Iterator[Candidate]:
    for file, hunk in _hunks(patch):
        runs = _runs(hunk)
        if len(runs) < 2:
            continue
        for run in runs:
            said = _said(patch, run)
            yield _without(patch, file, hunk, run, {"file": file.path, "change": said})


@operator(
    "patch.drop-added-line",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    LANGUAGES,
    "the patch of {file} does not add `{line}`",
    (
        _RUNS,
        (
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+c\n d\n-e\n+f\n",
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n d\n-e\n+f\n",
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n+c\n d\n-e\n",
        ),
    ),
)
def drop_added_line(patch: Patch) -> Iterator[Candidate]:
    for file, hunk in _hunks(patch):
        if by_name(file.path) not in _BY_LINE:
            continue
        added = [line for line in hunk.lines if line.mark == "+"]
        for line in _few(added):
            if len(added) > 1 and _stands_alone(patch, hunk, line):
                yield _without(patch, file, hunk, [line], {"file": file.path, "line": _said(patch, [line])})


_OPENS = re.compile(
    r"[\[({,:=+|&\\.]$|^\W*(?:else|elif|except|finally|case|default|then|do|fi|done|end|def|func|fn|class"
    r"|import|from|use|using|package|#include|@|return|let|const|var)\b|^[\])}]"
)
"""Ends of lines that go on, and lines that others need."""


def _stands_alone(patch: Patch, hunk: Hunk, line: Line) -> bool:
    """Whether a text that has to be read by a program still may be without it."""
    said = patch.text[line.start + 1 : line.end].strip()
    at = hunk.lines.index(line)
    before = patch.text[hunk.lines[at - 1].start + 1 : hunk.lines[at - 1].end].strip() if at else ""
    balanced = all(said.count(one) == said.count(other) for one, other in ("()", "[]", "{}"))
    names = re.match(r"(\w+)\s*:?=(?!=)", said)
    needed = names is not None and len(re.findall(rf"\b{names[1]}\b", patch.text)) > 1
    return (
        bool(said) and balanced and not needed and not _OPENS.search(said) and not re.search(r"[\[({,:=+|&\\]$", before)
    )


@operator(
    "patch.keep-removed-line",
    FaultClass.DROPPED_STEP,
    Tier.FINE,
    LANGUAGES,
    "the patch of {file} does not remove `{line}`",
    ("--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n b\n", ()),
    (
        "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n-a\n b\n-c\n+d\n",
        ("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n b\n-c\n+d\n",),
    ),
)
def keep_removed_line(patch: Patch) -> Iterator[Candidate]:
    for file, hunk in _hunks(patch):
        if by_name(file.path) not in _BY_LINE:
            continue
        replaced = {line.start for run in _runs(hunk) if any(one.mark == "+" for one in run) for line in run}
        for line in _few([line for line in hunk.lines if line.mark == "-"]):
            if len(_runs(hunk)) > 1 and line.start not in replaced and _stands_alone(patch, hunk, line):
                yield _without(patch, file, hunk, [line], {"file": file.path, "line": _said(patch, [line])})


_BY_LINE = frozenset(
    {"", "text", "csv", "jsonl", "ini", "env", "systemd", "cron", "nginx", "dockerfile", "yaml", "toml"}
)
"""What a line can be taken from. A program is read as it is after the patch, and loses statements, not lines."""
_MANY = 12


def _few(lines: list[Line]) -> list[Line]:
    """Of many lines the first and the last ones: one more like them tells nothing new."""
    return lines if len(lines) <= _MANY else [*lines[: _MANY // 2], *lines[-_MANY // 2 :]]


def _said(patch: Patch, lines: list[Line]) -> str:
    line = next((one for one in lines if one.mark == "+"), lines[0])
    words = " ".join(patch.text[line.start + 1 : line.end].split())
    return words if len(words) <= 60 else words[:59] + "…"


class PatchFamily:
    name = "patch"
    languages = LANGUAGES
    operators = operators_in(globals())

    def parse(self, text: str, language: str) -> Patch | None:
        return parse(text, language)

    def valid(self, tree: Patch, candidate: Candidate) -> bool:
        return valid(tree, candidate)


FAMILY = PatchFamily()
