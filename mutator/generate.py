"""Sources to mutants: every operator of every family that speaks a source's language, each proposal checked.

Work per mutant is bounded by the size of its edit, not of its source, so the whole is linear in the solution.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from mutator.blunt import Change, blunt
from mutator.effect import Bulk, aside, never_called, refuses, stilled
from mutator.model import (
    ByteEdit,
    Candidate,
    Edit,
    Family,
    FaultClass,
    FileText,
    Mutant,
    Operator,
    Source,
    SourceKind,
    Tier,
    Unwritable,
    Window,
    short_id,
)
from mutator.pragma import protected
from mutator.unlikely import unlikely


@dataclass(slots=True)
class Count:
    """What came of an operator's proposals, so that nothing is dropped in silence."""

    emitted: int = 0
    invalid: int = 0
    unwritable: int = 0
    skipped: int = 0
    """By a pragma."""
    unchanged: int = 0
    elsewhere: int = 0
    """In lines of a repaired program that the solution leaves as they were."""


@dataclass(slots=True)
class Tally:
    operators: dict[str, Count] = field(default_factory=dict)
    unparsed: list[str] = field(default_factory=list)
    """Sources with a known language whose text is not of it."""
    unspoken: list[str] = field(default_factory=list)
    """Sources whose language no family speaks."""

    def of(self, operator: str) -> Count:
        return self.operators.setdefault(operator, Count())

    @property
    def invalid(self) -> int:
        return sum(count.invalid + count.unwritable for count in self.operators.values())

    @property
    def pragma(self) -> int:
        """Left alone because the task's author says so."""
        return sum(count.skipped for count in self.operators.values())


class Lines:
    """Line numbers of offsets."""

    def __init__(self, text: str | bytes) -> None:
        newline: str | bytes = "\n" if isinstance(text, str) else b"\n"
        self._starts = [0]
        position = -1
        while (position := text.find(newline, position + 1)) >= 0:  # type: ignore[arg-type]  # both are of one kind
            self._starts.append(position + 1)
        self._length = len(text)

    def number(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The offsets of the whole lines that hold text[start:end], without the last newline."""
        first = self._starts[self.number(start) - 1]
        after = self.number(max(end - 1, start))
        last = self._starts[after] - 1 if after < len(self._starts) else self._length
        return first, max(last, first)


_NUMBERED = re.compile(r"#\d+$")
Accept = Callable[[Operator], bool]


def generate(
    sources: Sequence[Source],
    files: Mapping[str, bytes],
    families: Sequence[Family],
    *,
    accept: Accept = lambda _operator: True,
    tally: Tally | None = None,
) -> Iterator[Mutant]:
    """Every valid mutant, source by source in the order of the text. `tally` is filled as they are drawn."""
    tally = Tally() if tally is None else tally
    lines = {name: Lines(data) for name, data in files.items()}
    seen: Counter[bytes] = Counter()
    bulk = Bulk(sources)
    for source in sources:
        speakers = [family for family in families if source.language in family.languages]
        if not speakers:
            tally.unspoken.append(source.id)
            continue
        text_lines = Lines(source.text)
        guarded = bool(protected(_outermost(source.window).text))
        parsed = False
        for family in speakers:
            tree = family.parse(source.text, source.language)
            if tree is None:
                continue
            parsed = True
            for operator in family.operators:
                if source.language not in operator.languages or source.kind in operator.skips or not accept(operator):
                    continue
                count = tally.of(operator.id)
                for candidate in operator.propose(tree):
                    mutant = _mutant(
                        source, family, tree, operator, candidate, text_lines, lines, guarded, seen, count, bulk
                    )
                    if mutant is not None:
                        yield mutant
        if not parsed:
            tally.unparsed.append(source.id)


def unparsed(sources: Iterable[Source], families: Sequence[Family]) -> Iterator[Source]:
    """Those that none of the families that speak their language can read."""
    for source in sources:
        speakers = [family for family in families if source.language in family.languages]
        if speakers and all(family.parse(source.text, source.language) is None for family in speakers):
            yield source


def _mutant(
    source: Source,
    family: Family,
    tree: object,
    operator: Operator,
    candidate: Candidate,
    text_lines: Lines,
    file_lines: Mapping[str, Lines],
    guarded: bool,
    seen: Counter[bytes],
    count: Count,
    bulk: Bulk,
) -> Mutant | None:
    edits = tuple(whole_lines(source.text, least(source.text, edit)) for edit in candidate.edits)
    edits = tuple(edit for edit in edits if edit.new or edit.end > edit.start)
    if not edits:
        count.unchanged += 1
        return None
    before, after = excerpt(source.text, edits, text_lines)
    if guarded and any(_protected(source.window, edit) for edit in edits):
        count.skipped += 1
        return None
    byte_edits = _accepted(source, family, tree, candidate, edits, count)
    if byte_edits is None:
        return None
    count.emitted += 1
    # Without the number that tells pieces of one name apart, since a piece before would change it.
    key = "\0".join((operator.id, _NUMBERED.sub("", source.id), candidate.scope, before, after))
    told = sha256(key.encode("utf-8", "surrogatepass")).digest()
    seen[told] += 1
    span = stilled(source.text, candidate)
    change = Change(source, operator, candidate, edits, before, after, span)
    return Mutant(
        id=short_id(key, str(seen[told])),
        operator=operator.id,
        fault=operator.fault,
        tier=Tier.FINE if aside(source, before, after) else candidate.tier or operator.tier,
        source=source.id,
        file=source.file,
        target=source.target,
        scope=candidate.scope,
        line=file_lines[source.file].number(byte_edits[0].start),
        edits=byte_edits,
        sentence=operator.sentence.format_map(candidate.fields),
        before=before,
        after=after,
        digest=short_id(source.id, *(repr(leftmost(source.text, edit)) for edit in edits)),
        stilled=f"{span[0]}-{span[1]}" if span else "",
        never_called=never_called(
            source.text,
            span,
            candidate.scope.rpartition(".")[2] if operator.fault is FaultClass.HOLLOW_FUNCTION else "",
        ),
        stated=candidate.stated,
        ruins=bulk.ruined(source, span, edits),
        blunt=blunt(change),
        unlikely=unlikely(change),
        refuses=refuses(source, edits, before),
        changes=edits,
    )


def _accepted(
    source: Source, family: Family, tree: object, candidate: Candidate, edits: tuple[Edit, ...], count: Count
) -> tuple[ByteEdit, ...] | None:
    """The edits in the bytes of the file; None, and counted, where the result is not of its language or not written."""
    byte_edits = None
    if source.kind is SourceKind.REPLACEMENT:  # mostly of lines that are not written here: the cheaper look first
        byte_edits = _written(source, edits) or _written(source, candidate.edits)
        if byte_edits is None:
            count.elsewhere += 1
            return None
    if not family.valid(tree, candidate):
        count.invalid += 1
        return None
    byte_edits = byte_edits or _written(source, edits) or _written(source, candidate.edits)
    count.unwritable += byte_edits is None
    return byte_edits


def _written(source: Source, edits: tuple[Edit, ...]) -> tuple[ByteEdit, ...] | None:
    try:
        return source.rewrite(edits)
    except Unwritable:
        return None


def _outermost(window: Window | FileText) -> FileText:
    while isinstance(window, Window):
        window = window.parent
    return window


def _protected(window: Window | FileText, edit: Edit) -> bool:
    """By a pragma beside it, or beside what it stands in: the command of a here-document."""
    while True:
        if protected(window.text).holds(edit.start, edit.end):
            return True
        if isinstance(window, FileText):
            return False
        try:
            edit = window.widen(edit)
        except Unwritable:
            return False
        window = window.parent


def least(text: str, edit: Edit) -> Edit:
    """The same change with what both sides share cut off."""
    start, end, new = edit.start, edit.end, edit.new
    while start < end and new and text[end - 1] == new[-1]:
        end -= 1
        new = new[:-1]
    shared = 0
    limit = min(end - start, len(new))
    while shared < limit and text[start + shared] == new[shared]:
        shared += 1
    return Edit(start + shared, end, new[shared:])


def whole_lines(text: str, edit: Edit) -> Edit:
    """The same deletion, from the start of a line to the end of one where it can be said so: its place is then that of
    what goes, and its excerpt no more than that."""
    start, end = edit.start, edit.end
    if edit.new or start == end:
        return edit
    if end < len(text) and text[start] == "\n" == text[end]:
        return Edit(start + 1, end + 1, "")
    indent = start - (text.rfind("\n", 0, start) + 1)
    if (
        0 < indent < end - start
        and text[end - indent - 1] == "\n"
        and text.startswith(text[start - indent : start], end - indent)
    ):
        return Edit(start - indent, end - indent, "")
    return edit


_FARTHEST = 10_000


def leftmost(text: str, edit: Edit) -> Edit:
    """Equal changes of a text become equal edits: of the places where a run may be said to go or come, the first that
    is not too far away."""
    start, end, new = edit.start, edit.end, edit.new
    floor = max(start - _FARTHEST, 0)
    if start == end and new:
        moved = 0
        while start - moved > floor and text[start - moved - 1] == new[-1 - moved % len(new)]:
            moved += 1
        turn = len(new) - moved % len(new)
        return Edit(start - moved, start - moved, new[turn:] + new[:turn])
    if not new and start < end:
        while start > floor and text[start - 1] == text[end - 1]:
            start -= 1
            end -= 1
    return Edit(start, end, new)


def excerpt(text: str, edits: Sequence[Edit], lines: Lines) -> tuple[str, str]:
    """The touched lines before and after, runs that are apart joined by a line of their own."""
    runs: list[tuple[int, int, list[Edit]]] = []
    for edit in edits:
        first, last = lines.span(edit.start, edit.end)
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]), [*runs[-1][2], edit])
        else:
            runs.append((first, last, [edit]))
    before, after = [], []
    for first, last, members in runs:
        before.append(text[first:last])
        parts: list[str] = []
        done = first
        for edit in members:
            parts += (text[done : edit.start], edit.new)
            done = edit.end
        parts.append(text[done : max(last, done)])
        after.append("".join(parts))
    return shortened("\n...\n".join(before)), shortened("\n...\n".join(after))


LONG = 20_000


def shortened(text: str) -> str:
    """The two ends of a long text, and what tells the rest of it apart."""
    if len(text) <= LONG:
        return text
    half = LONG // 2
    told = sha256(text[half:-half].encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{text[:half]}\n... {len(text) - LONG} characters, {told} ...\n{text[-half:]}"
