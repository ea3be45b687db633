"""Which mutants to run: each behaviour once, every stated requirement before any twice, spread over the solution."""

from __future__ import annotations

import heapq
import io
import json
import re
import textwrap
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from types import CodeType, MappingProxyType

from mutator.model import FaultClass, Mutant, Tier
from mutator.quiet import quietly
from mutator.relevance import Relevance
from mutator.relevance.amounts import is_number
from mutator.worth import Chosen, Stated, is_detail

REFERENCE = "reference"
"""Stands in `Selection.duplicates` for the solution itself: the mutant says the same in other words."""
TIERS = (Tier.COARSE, Tier.MEDIUM, Tier.FINE)


@dataclass(frozen=True, slots=True)
class Selection:
    chosen: tuple[Chosen, ...]
    """In the order in which to run them."""
    duplicates: Mapping[str, str]
    """Mutant id -> id of the one that stands for it."""
    left: int
    """Mutants worth a trial beyond the budget; of a whole list any."""
    poor: int = 0
    """Distinct mutants that are not worth a trial, and that the list ends before."""


def select(
    mutants: Iterable[Mutant],
    relevance: Relevance,
    languages: Mapping[str, str],
    *,
    budget: int | None = 60,
    seed: int = 0,
    whole: bool = False,
    elsewhere: Mapping[str, str] = MappingProxyType({}),
) -> Selection:
    """`languages` maps a source's id to its language. The same mutants, instruction and seed give the same answer.
    `elsewhere`: `anywhere` of what another step lists already -> its id.

    A list ends where what is left is not worth a trial, however short it is, unless it is to be `whole` or no budget
    limits it: where nothing is worth a trial it is empty."""
    distinct, duplicates = _distinct(mutants, languages)
    duplicates |= {each.id: elsewhere[said] for each in distinct if (said := anywhere(each)) in elsewhere}
    distinct = [each for each in distinct if each.id not in duplicates]
    stated = Stated((requirement.text for requirement in relevance.requirements), distinct)
    entries = [stated.placed(mutant, relevance.links(mutant)) for mutant in distinct]
    served = frozenset(relevance.served)
    likely = [entry for entry in entries if not entry.mutant.ruins and not entry.mutant.blunt]
    ordered = _few_of_a_kind(_ordered(_no_detail(likely, served), seed, served))
    blunt = _ordered([entry for entry in entries if entry.mutant.blunt and not entry.mutant.ruins], seed, served)
    ruins = _ordered([entry for entry in entries if entry.mutant.ruins], seed, served)
    worth = [entry for entry in ordered if not is_detail(entry)]
    everything = [*worth, *(entry for entry in ordered if is_detail(entry)), *blunt, *ruins]
    end = len(everything) if budget is None or whole else len(worth)
    chosen = everything[:end][:budget]
    return Selection(tuple(chosen), duplicates, end - len(chosen), len(everything) - end)


def _distinct(mutants: Iterable[Mutant], languages: Mapping[str, str]) -> tuple[list[Mutant], dict[str, str]]:
    """The first of each set of mutants that mean the same; of equals the coarser one stays."""
    ordered = sorted(enumerate(mutants), key=lambda item: (TIERS.index(item[1].tier), item[0]))
    by_text: dict[str, str] = {}
    by_meaning: dict[bytes, str] = {}
    by_effect: dict[tuple[str, str], str] = {}
    gone: dict[str, list[Mutant]] = {}
    by_copy: dict[str, tuple[str, str]] = {}
    by_call: dict[tuple[str, str], str] = {}
    kept: list[tuple[int, Mutant]] = []
    duplicates: dict[str, str] = {}
    for position, mutant in ordered:
        if mutant.digest in by_text:
            duplicates[mutant.id] = by_text[mutant.digest]
            continue
        language = languages.get(mutant.source, "")
        said = canonical(mutant.after, language)
        if said is not None and said == canonical(mutant.before, language):
            duplicates[mutant.id] = REFERENCE
            continue
        meaning = _meaning(mutant, said)
        if meaning in by_meaning:
            duplicates[mutant.id] = by_meaning[meaning]
            continue
        copied = by_copy.setdefault(anywhere(mutant), (mutant.source, mutant.id)) if mutant.scope else ("", "")
        if copied[0] != mutant.source and copied[1]:
            duplicates[mutant.id] = copied[1]
            continue
        same = by_effect.get((mutant.source, mutant.stilled)) if mutant.stilled else None
        same = same or _wrapped(mutant, gone.get(mutant.file, ()))
        same = same or (by_call.get((mutant.source, mutant.never_called)) if mutant.never_called else None)
        if same:
            duplicates[mutant.id] = same
            continue
        if mutant.stilled:
            by_effect[mutant.source, mutant.stilled] = mutant.id
            gone.setdefault(mutant.file, []).append(mutant)
        if mutant.never_called:
            by_call[mutant.source, mutant.never_called] = mutant.id
        by_text[mutant.digest] = mutant.id
        by_meaning[meaning] = mutant.id
        kept.append((position, mutant))
    return [mutant for _, mutant in sorted(kept, key=lambda item: item[0])], duplicates


def anywhere(mutant: Mutant) -> str:
    """Equal for the same change of the same function in two copies of a program, however each is laid out."""
    said = "\0".join("".join(text.split()) for text in (mutant.before, mutant.after))
    return f"{mutant.operator}\0{mutant.scope}\0{said}"


def _wrapped(mutant: Mutant, others: Iterable[Mutant]) -> str | None:
    """The one that takes away this and hardly more: the command in which a program is written, the loop around it."""
    if not mutant.stilled:
        return None
    start, end = mutant.edits[0].start, mutant.edits[-1].end
    for other in others:
        first, last = other.edits[0].start, other.edits[-1].end
        share = 0.5 if other.source != mutant.source else 0.75
        if first <= start and end <= last and end - start > share * (last - first):
            return other.id
    return None


def _meaning(mutant: Mutant, said: str | None) -> bytes:
    """A digest of what the touched lines say after the change, blind to formatting where the language allows.

    Only mutants of the same lines of the same file can be equal by it.
    """
    where = f"{mutant.file}\0{mutant.line}\0{mutant.before}\0"
    return sha256((where + (said if said is not None else mutant.digest)).encode("utf-8", "surrogatepass")).digest()


def canonical(text: str, language: str) -> str | None:
    """A form that is equal for texts that mean the same; None where nothing but the text itself can tell."""
    if language == "python":
        return _canonical_python(text)
    if language == "json":
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except ValueError:
            return None
    return None


@lru_cache(maxsize=1024)
def _canonical_python(text: str) -> str | None:
    """Of the touched lines alone. The lines as they were are asked for again by each mutant of them."""
    body = textwrap.dedent(text)
    # In a function of its own a return, a yield or an await compiles wherever the lines were taken from. A header
    # gets a body that does something, or the test before it would not count.
    inside = " " if body.rstrip().endswith(":") else ""
    wrapped = "async def _():\n" + textwrap.indent(body, " ", lambda _line: True) + f"\n {inside}_()\n"
    try:
        with quietly():
            return _bytecode(compile(wrapped, "", "exec"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:  # a part of a statement: its tokens without comments and layout
        tokens = [
            token.string
            for token in tokenize.generate_tokens(io.StringIO(body).readline)
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE)
        ]
    except (tokenize.TokenError, SyntaxError):
        return None
    return " ".join(tokens)


def _bytecode(code: CodeType) -> str:
    """What a code object does, without where it stood."""
    constants = (_bytecode(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts)
    names = code.co_names, code.co_varnames, code.co_freevars
    return repr((code.co_code, code.co_exceptiontable, tuple(constants), *names))


def _no_detail(entries: Sequence[Chosen], served: frozenset[int]) -> list[Chosen]:
    """What alone breaks a requirement that the solution serves is no mere detail, unless all hangs on words that the
    instruction does not say. Two of them are enough."""
    broken = {entry.links[0].requirement for entry in entries if entry.links and not is_detail(entry)}
    alone: dict[int, list[int]] = {}
    for place, entry in enumerate(entries):
        if (
            is_detail(entry)
            and (not entry.mutant.stated or entry.mutant.tier is not Tier.FINE)
            and not entry.mutant.unlikely
            and entry.links
            and entry.links[0].requirement in served - broken
        ):
            alone.setdefault(entry.links[0].requirement, []).append(place)
    raised = {
        place
        for places in alone.values()
        for place in sorted(places, key=lambda place: -entries[place].links[0].score)[:_ALONE]
    }
    return [
        Chosen(replace(entry.mutant, tier=Tier.MEDIUM), entry.links) if place in raised else entry
        for place, entry in enumerate(entries)
    ]


_ALONE = 2
_LONGEST = 300
"""So many are put in order one by one; behind them nobody looks, and what each is worth by itself is order enough."""
_WORTH = {Tier.COARSE: 1.0, Tier.MEDIUM: 0.75, Tier.FINE: 0.25}
_ASIDE = 0.5
_NOTHING_THERE = re.compile(r"(?:<=|==|<) *0\b|^\s*if (?:not |!)[\w.]+\s*[:{]|is None|% 2 |\[:\d\] *!=|magic|MAGIC")
_ALL_GOES = frozenset((FaultClass.DROPPED_STEP, FaultClass.DROPPED_OUTPUT, FaultClass.HOLLOW_FUNCTION))
_CROWDING = {
    "requirement": 0.6,
    "fault": 0.15,
    "operator": 0.25,
    "source": 0.1,
    "scope": 0.4,
    "statement": 3.0,
    "entry": 1.0,
    "tier": 0.1,
}
"""How much less each that shares it makes a further one worth."""


class _Taken:
    """What has been chosen, and what another mutant would add to it."""

    def __init__(self, entries: Sequence[Chosen], seed: int, served: frozenset[int]) -> None:
        self._entries = entries
        self._served = served
        self._worth = [_worth(entry) for entry in entries]
        self._corners = [_corners(entry) for entry in entries]
        # Operators propose the likeliest faults first; only another seed than 0 shuffles what is worth the same.
        ties = (f"{seed}\0{entry.mutant.id}" if seed else "" for entry in entries)
        self._ties = [sha256(tie.encode()).hexdigest() if tie else "" for tie in ties]
        self._counts: Counter[tuple[str, str]] = Counter()
        self.count = 0

    def add(self, place: int) -> None:
        self._counts.update(corner for corner, _ in self._corners[place])
        self.count += 1

    def standing(self, place: int) -> Standing:
        """Smaller is better, and it never gets smaller."""
        counts = self._counts
        crowding = 1.0
        turn = Turn.LATER
        for corner, weight in self._corners[place]:
            count = counts.get(corner, 0)
            if corner[0] == "tier":
                crowding *= 1.0 + weight * count
                continue
            crowding += weight * count
            if corner[0] == "requirement" and corner[1] and not count and not _hardly_anybodys(self._entries[place]):
                turn = Turn.SERVED if int(corner[1]) in self._served else Turn.STATED
        return turn, -self._worth[place] / crowding, self._ties[place], place

    def had_its_share(self, place: int, turn: Turn) -> bool:
        """A tenth may come of one operator, and a few in any case: a small budget has more than ten good ones. What is
        the first to break a requirement that the solution serves is taken all the same."""
        if turn is Turn.SERVED:
            return False
        entry = self._entries[place]
        least = _LEAST_OF_AN_OPERATOR if turn is Turn.LATER else _WHILE_COVERING
        return self._counts["operator", entry.mutant.operator] >= max(least, -(-(self.count + 1) // 10))


class Turn(IntEnum):
    """What a further mutant would be the first of."""

    SERVED = 0
    """The first that breaks a requirement which a part of the solution visibly serves."""
    STATED = 1
    """The first that breaks another sentence."""
    LATER = 2


Standing = tuple[Turn, float, str, int]


def _worth(entry: Chosen) -> float:
    mutant = entry.mutant
    score = entry.links[0].score if entry.links else _WORDS if mutant.stated and mutant.tier is not Tier.FINE else 0.0
    enough = 1.0 if mutant.unlikely else _ENOUGH
    return _WORTH[mutant.tier] * (1.0 + min(score, enough)) * (_standing_aside(mutant) if entry.aside else 1.0)


def _standing_aside(mutant: Mutant) -> float:
    """Of what fills a short list: a case, a bound or an operand left out before a statement or a function gone, for
    of a program's statements most are needed by all the others."""
    if mutant.unlikely:
        return _ASIDE / 4
    rare = (
        mutant.fault in _ALL_GOES
        or mutant.operator == "python.raise-dropped"
        or _NOTHING_THERE.search(mutant.before) is not None
    )
    return _ASIDE / 2 if rare else _ASIDE


_ENOUGH = 8.0
"""Of a link's score: beyond, it says no more."""
_WORDS = 2.0
"""What it is worth that the instruction states the very words that are changed, where no sentence is linked."""
_LEAST_OF_AN_OPERATOR = 4
_WHILE_COVERING = 5


def _corners(entry: Chosen) -> tuple[tuple[tuple[str, str], float], ...]:
    mutant = entry.mutant
    named = [
        ("requirement", str(entry.links[0].requirement) if entry.links else ""),
        ("fault", mutant.fault),
        ("operator", mutant.operator),
        ("source", mutant.source),
        ("scope", f"{mutant.source}\0{mutant.scope}"),
        ("tier", mutant.tier),
    ]
    if mutant.fault is FaultClass.SWAPPED_MAPPING:
        # A table is many statements in one line; each operator goes through its entries evenly.
        named += [("entry", f"{mutant.operator}\0{mutant.file}\0{edit.start}") for edit in mutant.edits[:4]]
    else:
        named.append(("statement", f"{mutant.file}\0{mutant.line}"))
    return tuple((corner, _CROWDING[corner[0]]) for corner in named)


def _hardly_anybodys(entry: Chosen) -> bool:
    return entry.mutant.unlikely or (entry.mutant.tier is Tier.FINE and not entry.links)


_MOST_OF_A_TABLE = 12
"""Entries of one table exchanged, or mapped alike: beyond these they say the same of a verifier."""
_MOST_ALIKE = 4
"""Mutants of one function with one kind of fault that break one sentence: beyond these they say the same, too. Of one
number, one option of a program, or the same change of the same words elsewhere, the first says it all."""


_OF_A_BOOLEAN = ("flip-boolean", "drop-statement", "python.truth", "assignment-dropped")
_BOOLEAN = re.compile(r"(?<![=!<>])=\s*(?:true|false|True|False)\b")
"""A field that is set to true, and is not, or is set to false: it was that before."""


def _few_of_a_kind(ordered: Sequence[Chosen]) -> list[Chosen]:
    """Further ones of a table, or alike in all that tells them apart, stand aside."""
    counts: Counter[tuple[object, ...]] = Counter()
    kept: list[Chosen] = []
    for entry in ordered:
        kinds = _kinds(entry) if not is_detail(entry) else {}
        if any(counts[kind] >= most for kind, most in kinds.items()):
            entry = replace(entry, aside=True)
        else:
            counts.update(kinds.keys())
        kept.append(entry)
    return kept


def _kinds(entry: Chosen) -> dict[tuple[object, ...], int]:
    """What a mutant has in common with others, and how many of them are enough."""
    mutant = entry.mutant
    if mutant.fault is FaultClass.SWAPPED_MAPPING:
        return {(mutant.file, mutant.line): _MOST_OF_A_TABLE}
    kinds: dict[tuple[object, ...], int] = {(mutant.operator, mutant.before.strip(), mutant.after.strip()): 1}
    if is_number(mutant.stated):
        kinds[mutant.file, mutant.line, mutant.stated] = 1
    if mutant.operator.endswith(_OF_A_BOOLEAN) and _BOOLEAN.search(mutant.before):
        kinds[mutant.file, mutant.line, "boolean"] = 1
    if mutant.before.lstrip().startswith("chmod "):
        kinds[mutant.file, mutant.line, "mode"] = 1
    if mutant.fault is FaultClass.MISSING_FLAG:
        kinds[mutant.operator, mutant.sentence] = 1
    if mutant.scope and entry.links:
        kinds[entry.links[0].requirement, mutant.source, mutant.scope, mutant.fault] = _MOST_ALIKE
    return kinds


def _ordered(entries: Sequence[Chosen], seed: int, served: frozenset[int]) -> list[Chosen]:
    """One for each stated requirement before a second for any; then what adds most to those already taken."""
    taken = _Taken(entries, seed, served)
    heap = [taken.standing(place) for place, entry in enumerate(entries) if not is_detail(entry)]
    later = [taken.standing(place) for place, entry in enumerate(entries) if is_detail(entry)]
    heapq.heapify(heap)
    waiting: list[Standing] = []
    """Of operators that have had their share for now."""
    limited = True
    ordered: list[int] = []
    while len(ordered) < _LONGEST:
        if not heap and limited:
            heap, waiting, limited = [*waiting, *later], [], False
            heapq.heapify(heap)
        if not heap:
            break
        # What one adds only ever falls as others are taken: the first is the best once its own figure is up to date.
        place = heap[0][3]
        now = taken.standing(place)
        if now > heap[0]:
            heapq.heapreplace(heap, now)
            continue
        heapq.heappop(heap)
        if limited and taken.had_its_share(place, now[0]):
            waiting.append(now)
            continue
        ordered.append(place)
        taken.add(place)
        if len(ordered) % 10 == 0:
            heap = [*heap, *waiting]
            heapq.heapify(heap)
            waiting = []
    left = [*heap, *waiting, *(later if limited else [])]
    rest = sorted(taken.standing(item[3]) for item in left)
    return [entries[place] for place in (*ordered, *(item[3] for item in rest))]
