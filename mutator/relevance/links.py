"""From what a mutant changes to the sentences of the instruction that it breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from mutator.model import Edit, FaultClass, Mutant, Source, SourceKind
from mutator.relevance.amounts import Amounts, is_number
from mutator.relevance.compare import ALONE, SHOWN, Comparison, Link, Seen, where
from mutator.relevance.concepts import stated
from mutator.relevance.requirements import Requirement, requirements
from mutator.relevance.standing import Standing
from mutator.relevance.surroundings import CONTENT, TAKEN_IN, Surroundings, Zone, difference
from mutator.relevance.tokens import KEY, QUOTE, abbreviations, statement_words, tokens_of


@dataclass(frozen=True, slots=True)
class Served:
    """A part of the solution that serves a requirement."""

    source: str
    """The id of the source."""
    start: int
    end: int
    """In the source's text; whole lines."""
    score: float


_CHANGES = {"boundary": "~at least", "order": "~order", "reverse": "~order"}
SURE, CLEAR, OF_ITS_LINE = 2.2, 0.75, 0.6
"""How strong the link of a whole line must be, how far behind it the next one stays, and what it counts for a part."""
STATED_AMOUNT, GOES_BY_AMOUNT = 3.0, 2.0
"""A number that the instruction states is changed; what else is said of it is."""
_LONG_STATEMENT = 400
_SIGN = 3
_BESIDE_AMOUNTS = frozenset(
    ("off-by-one", "aggregation", "order", "conversion-dropped", "arithmetic", "function-hollow")
)
"""Operators that leave the amounts of a statement as they are."""
_GUARDED = ("-disarmed", "-never")
"""Operators after which what a condition guards is never done."""
_FUNCTION = re.compile(
    r"^\s*(?:async |pub |export |static )*(?:def|class|func|fn|function|sub)\s+(\w{3,})", re.MULTILINE
)
_SORTS = re.compile(
    r"\s*(?:[\w.]+ *:?= *(?:list\()?sorted\(|[\w.]+\.sort\w*\(|(?:sort|slices)\.\w+\(|std::sort\()[^\n]*$"
)
_KEY = re.compile(r"[\s,]*[\"'](\w+)[\"']\s*:")
_KEYS = re.compile(r"[\"'](\w+)[\"']\s*:")
_BESIDE, LISTED = 300, 2.5
"""Characters around an entry in which others of its record stand, and what it counts that a sentence lists them."""
_MADE = re.compile(r"^\s*(?:chmod|cp|install|mv)\s[^\n;&|]*?([^\s/;&|]+)\s*(?:$|[;&|])", re.MULTILINE)
LONGEST_SOURCE = 200_000
"""Characters beyond which a source is data and read for edits only."""


class Relevance:
    """Looks mutants up in one instruction, or in any other set of texts.

    With the `sources` that the mutants were made from, links rest on the edit's surroundings as well, and `served` is
    known; without them on the lines that a mutant shows.
    """

    def __init__(self, instruction: str | Sequence[Requirement], sources: Iterable[Source] = ()) -> None:
        self.requirements = requirements(instruction) if isinstance(instruction, str) else tuple(instruction)
        self._sources = {source.id: source for source in sources}
        self._where = where(self.requirements)
        self._standing = Standing(self.requirements)
        self._comparison = Comparison(self.requirements, self._where, self._standing)
        self._given = tuple(
            token for token, said in self._where.items() if " " in token and max(weight for _, weight in said) >= QUOTE
        )
        """What is to stand there as it is written, of more than a word."""
        self._abbreviated = abbreviations(token for token in self._where if token.isalpha() and token.islower())
        self._tokens = lru_cache(maxsize=16384)(self._read)
        self._about_others = lru_cache(maxsize=64)(self._find_others)
        self._read_texts: dict[str, Surroundings] = {}

    # --- mutants

    def links(self, mutant: Mutant, most: int = 3) -> tuple[Link, ...]:
        """The sentences that the mutant breaks, strongest first; none where nothing it changes is stated."""
        source = self._sources.get(mutant.source)
        if source is not None and mutant.changes:
            around, edits = self._surroundings(source), mutant.changes
        else:
            around, edits = Surroundings(mutant.before), difference(mutant.before, mutant.after)
        if not edits:
            return ()
        if mutant.fault is FaultClass.HOLLOW_FUNCTION and mutant.stilled and mutant.changes:
            start, end = map(int, mutant.stilled.split("-"))
            edits = (Edit(start, end, ""),)
        edits = tuple(around.without_line_before(edit) for edit in edits)
        amount = self._by_amount(mutant)
        if amount and is_number(mutant.stated):
            return amount
        number, line = around.constant(edits)
        stated_constant = self._amounts.find(number, line) if number else None
        if stated_constant is not None:
            return (Link(stated_constant.requirement, GOES_BY_AMOUNT, stated_constant.evidence[:SHOWN]),)
        target = "" if source is not None and source.kind is SourceKind.SCRIPT else mutant.target
        concept = _CHANGES.get(mutant.operator.rpartition(".")[2], "")
        if not concept and mutant.stilled and _SORTS.match(mutant.before):
            concept = "~order"
        other = self._of_others(concept)
        if mutant.operator.endswith(".order") and not self._where.get(concept):
            return ()
        found = self._of_key(around, edits, mutant, target, most)
        found = found or self._ranked(around, edits, mutant.scope, target, most, other=other)
        if not found and around.content_of:
            # Nothing says what is in it: then the sentence that asks for the file is meant.
            content = (Zone(around.content_of, CONTENT),)
            found = self._ranked(around, edits, mutant.scope, target, most, content, other)
        return (
            found or self._by_line(around, edits, mutant.scope, target, other) or amount or self._by_key(mutant, edits)
        )

    def _of_key(
        self, around: Surroundings, edits: Sequence[Edit], mutant: Mutant, target: str, most: int
    ) -> tuple[Link, ...]:
        """An entry that is left out is what its key says, before what its value does."""
        if mutant.fault is not FaultClass.DROPPED_OUTPUT or len(edits) != 1 or edits[0].new:
            return ()
        key = _KEY.match(around.text, edits[0].start, edits[0].end)
        if key is None:
            return ()
        beside = around.text[max(edits[0].start - _BESIDE, 0) : edits[0].end + _BESIDE]
        listed = self._listed(key[1], beside, self._of_other_files(around, edits))
        if listed:
            return listed
        found = self._ranked(around, (Edit(*key.span(1), ""),), mutant.scope, target, most)
        given = "/" in around.text[key.end() : edits[0].end]
        return found or (self._by_key(mutant, edits) if given else ())

    def _listed(self, key: str, beside: str, elsewhere: Set[int]) -> tuple[Link, ...]:
        """The one sentence that lists a key with most of those beside it: `each entry carries path and size`."""
        keys = {each for each in _KEYS.findall(beside) if each != key}
        lists: dict[int, list[str]] = {}
        for index, words in enumerate(self._words):
            if key in words:
                lists[index] = sorted(keys & words)
        most = max((len(shared) for shared in lists.values()), default=0)
        best = [index for index, shared in lists.items() if len(shared) == most]
        if most < (2 if key.isalpha() and len(lists) > 1 else 1) or len(best) != 1 or best[0] in elsewhere:
            return ()
        return (Link(best[0], LISTED, (key, *lists[best[0]])[:SHOWN]),)

    @cached_property
    def _words(self) -> list[frozenset[str]]:
        """The words of each sentence and its example, as they are written."""
        return [frozenset(re.findall(r"\w+", f"{each.text} {each.example}")) for each in self.requirements]

    def _by_key(self, mutant: Mutant, edits: Sequence[Edit]) -> tuple[Link, ...]:
        """A key of an output that only one sentence gives as a name."""
        source = self._sources.get(mutant.source)
        if mutant.fault is not FaultClass.DROPPED_OUTPUT or source is None:
            return ()
        key = _KEY.match(source.text, edits[0].start, edits[0].end)
        name = key[1] if key else ""
        words = statement_words(name)
        given = (name, f"'{name}'")
        named = [
            each.index
            for each in self.requirements
            if words
            and words <= each.tokens.keys()
            and (len(words) > 1 or max(each.tokens.get(word, 0.0) for word in given) >= KEY)
        ]
        return (Link(named[0], ALONE, tuple(sorted(words))),) if len(named) == 1 else ()

    def _of_others(self, concept: str) -> frozenset[int]:
        """The sentences that do not speak of what an edit changes."""
        return frozenset(each.index for each in self.requirements if concept and concept not in each.tokens)

    def _find_others(self, file: str) -> frozenset[int]:
        """The sentences about other files than this, where some are about it; none for a program."""
        told = {token for token in self._tokens(file, True) if "." in token or "/" in token}
        named = {each.index for each in self.requirements if not told.isdisjoint({*each.tokens, *each.context})}
        return frozenset(range(len(self.requirements))) - named if named else frozenset()

    def of_text(self, text: str, most: int = 1) -> tuple[Link, ...]:
        """The sentences that a text is about, such as a command and what it prints; none where none is clearly
        meant."""
        return self._ranked(Surroundings(text), (Edit(0, len(text), ""),), "", "", most)

    def _by_amount(self, mutant: Mutant) -> tuple[Link, ...]:
        """Where the instruction states the number that is changed, or that what is changed goes by."""
        line = mutant.before
        if line.count("\n") > 1 or len(line) > _LONG_STATEMENT:
            return ()
        source = self._sources.get(mutant.source)
        beside = [mutant.scope.rpartition(".")[2]]
        elsewhere = frozenset[int]()
        if source is not None and mutant.changes:
            around = self._surroundings(source)
            elsewhere = self._about_others(around.content_of) if around.content_of else elsewhere
            number = around.number(mutant.changes[0].start)
            beside += around.uses(number, number)
        if is_number(mutant.stated):
            found, score = self._amounts.find(mutant.stated, line, "\n".join(beside)), STATED_AMOUNT
        elif mutant.operator.rpartition(".")[2] in _BESIDE_AMOUNTS:
            return ()
        else:
            changed = "".join(source.text[edit.start : edit.end] for edit in mutant.changes) if source else ""
            part = changed if len(changed) > _SIGN else line
            if source is not None and mutant.changes and mutant.operator.endswith(_GUARDED):
                line = "\n".join((line, *around.body(number, number)))  # What is done there is what goes.
                part = line
            found, score = self._amounts.find_any(part, line, "\n".join(beside)), GOES_BY_AMOUNT
        if found is None or found.requirement in elsewhere:
            return ()
        return (Link(found.requirement, score, found.evidence[:SHOWN]),)

    @cached_property
    def _amounts(self) -> Amounts:
        return Amounts(self.requirements)

    def _by_line(
        self, around: Surroundings, edits: Sequence[Edit], scope: str, target: str, other: Set[int]
    ) -> tuple[Link, ...]:
        """What the whole line serves, where the changed words say nothing and one sentence is clearly meant."""
        number = around.number(edits[0].start)
        if number != around.number(max(edits[-1].end - 1, edits[-1].start)) or number in around.remarks:
            return ()
        if around.is_parameter(number, edits[0]):
            return ()  # What other parameters are called is not what one is about.
        line = Edit(around.start(number), around.start(number) + len(around.lines[number]), "")
        # What is said of the next value says nothing of this one.
        apart = {*self._tokens(around.siblings(number, edits[0]), True)}
        apart -= {*self._tokens(around.text[edits[0].start : edits[0].end], True)}
        found = self._ranked(around, (line,), scope, target, 2, other=other, apart=apart)
        scores = sorted((link.score for link in found), reverse=True)
        if not found or scores[0] < SURE or (len(found) > 1 and scores[1] > CLEAR * scores[0]):
            return ()
        return (replace(found[0], score=round(found[0].score * OF_ITS_LINE, 3)),)

    def score(self, links: Sequence[Link]) -> float:
        return links[0].score if links else 0.0

    def _surroundings(self, source: Source) -> Surroundings:
        found = self._read_texts.get(source.id)
        if found is None:
            found = self._read_texts[source.id] = Surroundings(
                source.text, source.language, source.target, self._products
            )
        return found

    def _ranked(
        self,
        around: Surroundings,
        edits: Sequence[Edit],
        scope: str,
        target: str,
        most: int,
        more: Sequence[Zone] = (),
        other: Set[int] = frozenset(),
        apart: Set[str] = frozenset(),
    ) -> tuple[Link, ...]:
        zones: Iterable[Zone]
        if around.is_all(scope):
            scope = ""  # What the only function is called says nothing of any part of it.
        if target and around.whole(edits):
            zones, own = [Zone(target, 1.0, changed=True)], frozenset[str]()
        else:
            zones, own = around.zones(edits, scope), frozenset(self._tokens(target, True)) if target else frozenset()
        near: dict[str, float] = {}
        touched: set[str] = set()
        beside: dict[str, float] = {}
        for zone in (*zones, *more):
            for token in self._zone_tokens(zone):
                if token in apart or (token in own and zone.nearness < 1.0 and zone.text != target):
                    continue
                nearness = zone.named if token == zone.text and self._names_parts else zone.nearness
                nearness = max(nearness, zone.nearness)
                if near.get(token, 0.0) < nearness:
                    near[token] = nearness
                if zone.changed:
                    touched.add(token)
                elif zone.same:
                    beside[token] = zone.same
        for token in self._tokens(around.taken_in(edits), True):
            if token in near and ("/" in token or "." in token):
                near[token] *= TAKEN_IN
        if not touched:
            touched = {token for zone in more for token in self._zone_tokens(zone)} or set(beside)
            near |= {token: max(nearness, near[token]) for token, nearness in beside.items()}
        name = scope.rsplit(".", 1)[-1]
        called = frozenset(token for token in self._tokens(name, True) if token.isalpha())
        names = {name: called} | {each: frozenset((each.lower(),)) for each in around.cases(edits)}
        names = {each: words for each, words in names.items() if each}
        seen = Seen(
            near,
            touched,
            called,
            self._standing.begins(names),
            self._standing.below(names),
            around.is_part(edits, name),
            around.is_large(name),
            around.only_for(edits),
            _statement(around, edits),
            other,
            self._of_other_files(around, edits),
        )
        return self._comparison.best(seen, most, self._counted)

    def _of_other_files(self, around: Surroundings, edits: Sequence[Edit]) -> frozenset[int]:
        """The sentences about other files than the one that this is the content of, or is written to."""
        file = around.content_of or around.written(edits)
        return self._about_others(file) if file else frozenset()

    # --- tokens

    def _zone_tokens(self, zone: Zone) -> Iterator[str]:
        tokens = self._tokens(zone.text, zone.code)
        if zone.concepts:
            tokens = tuple(token for token in tokens if token.startswith("~"))
        if zone.without:
            without = self._tokens(zone.without, zone.code)
            return (token for token in tokens if token not in without)
        return iter(tokens)

    def _read(self, text: str, code: bool) -> tuple[str, ...]:
        """The tokens of a text that the instruction has as well."""
        found: dict[str, None] = {}
        for token in tokens_of(text, code=code):
            if code and token in _TYPES:
                continue
            if token in self._where:
                found[token] = None
            elif token in self._abbreviated:
                found[self._abbreviated[token]] = None
            elif _SERVICE.fullmatch(token) and (other := _of_service(token)) in self._where:
                found[other] = None
        for concept in stated(text, code=code):
            if concept in self._where:
                found[concept] = None
        found |= dict.fromkeys(token for token in self._given if token in text)
        return tuple(found)

    @cached_property
    def _names_parts(self) -> bool:
        """Whether the instruction names functions of the solution, and not only the one that is all of it."""
        functions = {name for source in self._sources.values() for name in _FUNCTION.findall(source.text)}
        return sum(name in self._where for name in functions) > 1

    @cached_property
    def _products(self) -> frozenset[str]:
        """The names of the programs that the solution itself makes."""
        found = {source.target.rsplit("/", 1)[-1] for source in self._sources.values() if source.target}
        for source in self._sources.values():
            if source.language == "shell" and len(source.text) <= LONGEST_SOURCE:
                found.update(name.strip("\"'") for name in _MADE.findall(source.text))
        return frozenset(found - {""})

    @cached_property
    def _counted(self) -> tuple[int, dict[str, int]]:
        """How many lines the solution has, and on how many of them each token stands."""
        counts: dict[str, int] = {}
        lines = 0
        for source in self._sources.values():
            if len(source.text) > LONGEST_SOURCE:
                continue
            for line in source.text.split("\n"):
                if line.strip():
                    lines += 1
                    for token in self._tokens(line[:1000], True):
                        counts[token] = counts.get(token, 0) + 1
        return lines, counts

    # --- the solution

    @cached_property
    def served(self) -> Mapping[int, tuple[Served, ...]]:
        """Requirement -> the lines of the solution that serve it before any other, together where they touch."""
        found: dict[int, list[Served]] = {}
        inside = {
            line.strip()
            for source in self._sources.values()
            if source.kind is not SourceKind.SCRIPT and len(source.text) <= LONGEST_SOURCE
            for line in source.text.split("\n")
        }
        for source in self._sources.values():
            if len(source.text) > LONGEST_SOURCE:
                continue
            around = self._surroundings(source)
            for number, line in enumerate(around.lines):
                if not line.strip() or number in around.remarks:
                    continue
                if source.kind is SourceKind.SCRIPT and line.strip() in inside:
                    continue  # a here-document is a source of its own
                start, end = around.start(number), around.start(number) + len(line)
                links = self._ranked(around, (Edit(start, end, ""),), "", source.target, 1)
                if not links:
                    continue
                parts = found.setdefault(links[0].requirement, [])
                if parts and parts[-1].source == source.id and parts[-1].end + 1 >= start:
                    score = max(parts[-1].score, links[0].score)
                    parts[-1] = Served(source.id, parts[-1].start, end, score)
                else:
                    parts.append(Served(source.id, start, end, links[0].score))
        return {index: tuple(found[index]) for index in sorted(found)}


_TYPES = frozenset("map chan rang struct interfac vec impl uint enum".split())
"""What languages call their own: `map[string]any` speaks of no map."""
_SERVICE = re.compile(r"[b-df-hj-np-tv-z]{3,}")
"""Initials: ssh, http, ntp."""


def _of_service(token: str) -> str:
    """`sshd` in one text and SSH in the other are one service."""
    return token.removesuffix("d") if token.endswith("d") else f"{token}d"


def _statement(around: Surroundings, edits: Sequence[Edit]) -> frozenset[str]:
    """The words of the one line that is touched."""
    number = around.number(edits[0].start)
    if number != around.number(max(edits[-1].end - 1, edits[-1].start)) or len(around.lines[number]) > _LONG_STATEMENT:
        return frozenset()
    line = around.lines[number]
    return statement_words((line if len(edits) > 1 else around.statement(number, edits[0]) or line).strip())
