"""Variants that somebody else wrote, as mutants: the least edits, in the piece of the solution that they are in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from mutator.generate import Lines, excerpt, least, leftmost, unparsed, whole_lines
from mutator.model import (
    ByteEdit,
    Edit,
    FaultClass,
    FileText,
    Mutant,
    Source,
    SourceKind,
    Tier,
    Unwritable,
    apply,
    apply_bytes,
    short_id,
)
from mutator.operators import FAMILIES
from mutator.select import canonical
from mutator.sources import read_sources

GIVEN = "given"
"""Stands for the operator: nobody knows by what rule it was made."""
_MOST_PAIRS = 4_000_000
"""Lines before times lines after beyond which a change is one edit from its first line to its last."""
_NUMBER = re.compile(r"#\d+$")


def given_mutant(
    sources: Sequence[Source], files: Mapping[str, bytes], script: str, file: str, after: bytes, sentence: str
) -> Mutant:
    """The change of one file to `after`, in the smallest piece of it that holds all of the change."""
    before = files[file]
    for source, edits in _pieces(sources, {**files, file: after}, script, file):
        try:
            byte_edits = source.rewrite(edits)
        except Unwritable:
            continue
        if apply_bytes(before, byte_edits) == after:
            return _mutant(source, edits, byte_edits, before, after, sentence)
    whole = Source(file, SourceKind.SIBLING, "text", "", FileText(before.decode("latin-1"), "latin-1"), 1)
    edits = _edits(whole.text, after.decode("latin-1"))
    return _mutant(whole, edits, whole.rewrite(edits), before, after, sentence)


def meaning(source: Source, edits: tuple[Edit, ...] = ()) -> str | None:
    """What the piece says with the edits, the same for all that compile to the same; None where only the text can
    tell."""
    return canonical(apply(source.text, edits), source.language)


def newly_unparsed(before: Mapping[str, bytes], after: Mapping[str, bytes], script: str) -> list[str]:
    """Files that have a piece in them that is no text of its language, and was one before."""

    def broken(files: Mapping[str, bytes]) -> set[str]:
        return {source.file for source in unparsed(read_sources(files, script), FAMILIES)}

    return sorted(broken(after) - broken(before))


def _pieces(
    sources: Sequence[Source], changed: Mapping[str, bytes], script: str, file: str
) -> Iterator[tuple[Source, tuple[Edit, ...]]]:
    """The pieces of the file that are there before and after, the smallest first, each with what changes in it."""
    mine = [source for source in sources if source.file == file]
    there = {source.id: source for source in read_sources(changed, script) if source.file == file}
    for source in sorted(mine, key=lambda one: len(one.text)):
        other = there.get(source.id)
        if other is not None and other.language == source.language and other.text != source.text:
            edits = _edits(source.text, other.text)
            if edits:
                yield source, edits


def _edits(before: str, after: str) -> tuple[Edit, ...]:
    """Line by line, and of each run of lines the least."""
    old, new = before.split("\n"), after.split("\n")
    shorter = min(len(old), len(new))
    low = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    most = shorter - low
    high = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    left, right = old[low : len(old) - high], new[low : len(new) - high]
    if len(left) * len(right) > _MOST_PAIRS:
        runs = [(0, len(left), 0, len(right))]
    else:
        matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
        runs = [(a, b, c, d) for how, a, b, c, d in matcher.get_opcodes() if how != "equal"]
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line) + 1)
    found = (_run(before, starts, old, low + a, low + b, right[c:d]) for a, b, c, d in runs)
    return tuple(whole_lines(before, edit) for edit in found if edit.new or edit.end > edit.start)


def _run(text: str, starts: Sequence[int], old: Sequence[str], first: int, end: int, new: Sequence[str]) -> Edit:
    """The lines from `first` on, `end` not among them, with their line ends; the last of a text has none."""
    lines = "".join(f"{line}\n" for line in new)
    if end < len(old):
        return least(text, Edit(starts[first], starts[end], lines))
    if not first:
        return least(text, Edit(0, len(text), lines[:-1]))
    return least(text, Edit(starts[first] - 1, len(text), "".join(f"\n{line}" for line in new)))


def _mutant(
    source: Source,
    edits: tuple[Edit, ...],
    byte_edits: tuple[ByteEdit, ...],
    data: bytes,
    changed: bytes,
    sentence: str,
) -> Mutant:
    before, after = excerpt(source.text, edits, Lines(source.text))
    return Mutant(
        id=short_id(GIVEN, _NUMBER.sub("", source.id), sha256(changed).hexdigest(), before, after),
        operator=GIVEN,
        fault=FaultClass.WRONG_LOGIC,
        tier=Tier.MEDIUM,
        source=source.id,
        file=source.file,
        target=source.target,
        scope="",
        line=Lines(data).number(byte_edits[0].start),
        edits=byte_edits,
        sentence=sentence,
        before=before,
        after=after,
        digest=short_id(source.id, *(repr(leftmost(source.text, edit)) for edit in edits)),
        changes=edits,
    )
