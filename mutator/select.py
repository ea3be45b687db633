"""Which mutants to run: each behaviour once, coarse before fine, most relevant first, spread over the solution."""

from __future__ import annotations

import heapq
import io
import json
import textwrap
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import CodeType

from mutator.model import Mutant, Tier
from mutator.relevance import Link, Relevance

REFERENCE = "reference"
"""Stands in `Selection.duplicates` for the solution itself: the mutant says the same in other words."""
TIERS = (Tier.COARSE, Tier.MEDIUM, Tier.FINE)


@dataclass(frozen=True, slots=True)
class Chosen:
    mutant: Mutant
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    chosen: tuple[Chosen, ...]
    """In the order in which to run them."""
    duplicates: Mapping[str, str]
    """Mutant id -> id of the one that stands for it."""
    left: int
    """Distinct mutants beyond the budget."""


def select(
    mutants: Iterable[Mutant],
    relevance: Relevance,
    languages: Mapping[str, str],
    *,
    budget: int | None = 60,
    seed: int = 0,
) -> Selection:
    """`languages` maps a source's id to its language. The same mutants, instruction and seed give the same answer."""
    distinct, duplicates = _distinct(mutants, languages)
    chosen: list[Chosen] = []
    for tier in TIERS:
        room = None if budget is None else budget - len(chosen)
        if room is not None and room <= 0:
            break
        entries = [Chosen(mutant, relevance.links(mutant)) for mutant in distinct if mutant.tier is tier]
        chosen += _spread(entries, room, seed)
    return Selection(tuple(chosen), duplicates, len(distinct) - len(chosen))


def _distinct(mutants: Iterable[Mutant], languages: Mapping[str, str]) -> tuple[list[Mutant], dict[str, str]]:
    """The first of each set of mutants that mean the same; of equals the coarser one stays."""
    ordered = sorted(enumerate(mutants), key=lambda item: (TIERS.index(item[1].tier), item[0]))
    by_text: dict[str, str] = {}
    by_meaning: dict[bytes, str] = {}
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
        by_text[mutant.digest] = mutant.id
        by_meaning[meaning] = mutant.id
        kept.append((position, mutant))
    return [mutant for _, mutant in sorted(kept, key=lambda item: item[0])], duplicates


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
        with warnings.catch_warnings(action="ignore"):
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


_CROWDED = 1000
"""Behind so many the order is by what each is worth then: it decides about nothing any more, and costs the most."""


def _spread(entries: Sequence[Chosen], room: int | None, seed: int) -> list[Chosen]:
    """Greedy: the entry that tells most given what is already chosen. Every repetition of a fault class, source,
    scope or place lowers what a further one is worth, so no corner takes the budget."""
    taken: Counter[tuple[str, str]] = Counter()

    def base(entry: Chosen) -> float:
        return 1.0 + min(entry.links[0].score if entry.links else 0.0, 12.0)

    def corners(entry: Chosen) -> tuple[tuple[str, str], ...]:
        mutant = entry.mutant
        return (
            ("fault", mutant.fault),
            ("source", mutant.source),
            ("scope", f"{mutant.source}\0{mutant.scope}"),
            ("place", f"{mutant.file}\0{mutant.line}"),
            ("kind", f"{mutant.operator}\0{mutant.source}\0{mutant.scope}"),
        )

    weight = {"fault": 0.5, "source": 0.35, "scope": 0.5, "place": 1.0, "kind": 1.0}

    def crowding(entry: Chosen, first: int = 0) -> float:
        return sum(weight[kind] * taken[kind, name] for kind, name in corners(entry)[first:])

    def tie(entry: Chosen) -> str:
        """Operators propose the likeliest faults first; only another seed than 0 shuffles what is worth the same."""
        return sha256(f"{seed}\0{entry.mutant.id}".encode()).hexdigest() if seed else ""

    # What shares relevance, fault class and source is told apart by the other corners alone, which few entries share:
    # a choice changes the order in a few piles only, and little of it there.
    piles: dict[tuple[float, str, str], list[tuple[float, str, int]]] = {}
    for index, entry in enumerate(entries):
        pile = piles.setdefault((base(entry), entry.mutant.fault, entry.mutant.source), [])
        heapq.heappush(pile, (0.0, tie(entry), index))
    chosen: list[Chosen] = []
    while piles and len(chosen) < min(_CROWDED, len(entries) if room is None else room):
        best: tuple[float, str, int] | None = None
        chosen_from = next(iter(piles))
        for key, pile in piles.items():
            while pile[0][0] != (now := crowding(entries[pile[0][2]], 2)):
                heapq.heapreplace(pile, (now, *pile[0][1:]))
            _, order, index = pile[0]
            worth = (-key[0] / (1.0 + crowding(entries[index])), order, index)
            if best is None or worth < best:
                best, chosen_from = worth, key
        _, _, index = heapq.heappop(piles[chosen_from])
        if not piles[chosen_from]:
            del piles[chosen_from]
        chosen.append(entries[index])
        taken.update(corners(entries[index]))
    rest = [(order, index) for pile in piles.values() for _, order, index in pile]
    rest.sort(key=lambda one: (-base(entries[one[1]]) / (1.0 + crowding(entries[one[1]])), *one))
    return [*chosen, *(entries[index] for _, index in rest)][:room]
