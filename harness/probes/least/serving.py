"""Which parts of a solution serve which stated requirement, and what of a requirement's own words is gone with them."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from harness.findings.tied import asks_nothing
from harness.judging.effects import Effect
from harness.mutants import StepMutants
from mutator.model import FaultClass, Mutant, Tier
from mutator.operators.stated.requirement import is_sentence
from mutator.parts import Cut, Part, PartKind
from mutator.parts.model import code_lines
from mutator.relevance import Requirement, stated
from mutator.relevance.requirements import tells

SURE, CLEAR = 2.5, 0.8
"""How strong the link of a part must be, and how far behind it the next one stays."""
LARGEST_SHARE = 0.6
"""Of all parts: what serves more than that is no single requirement but the task."""
LONGEST = 400
"""Characters of a requirement; a longer one states several things."""
MOST = 800
"""Parts that are looked up."""
_NAME = re.compile(r"\b(?:def|class|func|fn|function|sub)\s+(\w+)|^\s*(\w+)\s*\(\)", re.MULTILINE)
_WORDS = re.compile(
    r"`([^`\n]+)`|(?<![\w-])(--[A-Za-z][\w-]*)|[\"“]([^\"”\n]{3,40})[\"”]|(?<![\w.])(/[\w.-]+(?:/[\w.-]+)+)"
)
_FORBIDS = re.compile(r"\W*(?:please |you (?:must|should|may) )?(?:do not|don't|not|never|avoid)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"<[^>]*>|\[[^\]]*\]|\{[^}]*\}|\b[A-Z][A-Z_]+\b|\b[A-Z]\b|\.\.\.|->|>=|<=|…")
SHORTEST = 4
"""Letters of a word that is looked for."""
MOST_PLACES = 4
"""Parts that have a word; one that is everywhere is no one's."""
MOST_SAID = 2
"""Requirements that have it."""


@dataclass(frozen=True, slots=True)
class ServingParts:
    """Parts that serve one requirement."""

    requirement: int
    parts: frozenset[int]
    words: tuple[str, ...] = ()
    """What the requirement says in so many letters, or asks for, and no other part has; none where links say that the
    parts serve it."""


@dataclass(frozen=True, slots=True)
class Serving:
    groups: tuple[ServingParts, ...]
    """Surest first."""
    touched: Mapping[int, frozenset[int]]
    """Requirement -> all parts that have anything to do with it."""

    def lost(self, group: ServingParts, removed: Set[int]) -> bool:
        """Whether nothing of what the group does is left."""
        return group.parts <= removed and (bool(group.words) or self.touched[group.requirement] <= removed)


def serving(step: StepMutants, cut: Cut) -> Serving:
    relevance = step.relevance
    sure: dict[int, set[int]] = {}
    best: dict[int, float] = {}
    touched: dict[int, set[int]] = {}
    leaves = [part for part in cut.parts if part.edits and not cut.within[part.index]][:MOST]
    for part in leaves:
        links = relevance.links(_as_mutant(cut, part))
        for link in links:
            touched.setdefault(link.requirement, set()).add(part.index)
        if not links or links[0].score < SURE or any(each.score > CLEAR * links[0].score for each in links[1:]):
            continue
        if _states_one_thing(relevance.requirements[links[0].requirement]):
            sure.setdefault(links[0].requirement, set()).add(part.index)
            best[links[0].requirement] = max(best.get(links[0].requirement, 0.0), links[0].score)
    linked = [
        ServingParts(index, _with_containers(cut, sure[index]))
        for index in sorted(sure, key=lambda index: (-best[index], index))
        if len(sure[index]) <= max(LARGEST_SHARE * len(leaves), 1)
    ]
    solution = step.step.solution
    script = solution.script.relative_to(solution.folder).as_posix() if solution is not None else ""
    named = list(_named(relevance.requirements, cut, script))
    seen = {(group.requirement, group.parts) for group in named}
    groups = [*named, *(group for group in linked if (group.requirement, group.parts) not in seen)]
    return Serving(tuple(groups), {index: frozenset(parts) for index, parts in touched.items()})


def _named(requirements: Sequence[Requirement], cut: Cut, script: str) -> Iterator[ServingParts]:
    """By words that a requirement quotes, and by what it asks for in a way that code says in few ways: the parts that
    have them, where they are few."""
    working = (part for part in cut.parts[:MOST] if part.edits and not _only_says(cut, part, script))
    own = {part.index: code_of(_own_text(cut, part)) for part in working}
    half = len(own) // 2
    for requirement, sought in _sought(requirements):
        by_parts: dict[frozenset[int], list[str]] = {}
        for word in sought:
            having = [index for index, text in own.items() if has(word, text)]
            parts = cut.whole(having)
            if having and len(having) <= MOST_PLACES and len(parts) <= half:
                by_parts.setdefault(parts, []).append(word)
        for parts, words in by_parts.items():
            yield ServingParts(requirement.index, parts, tuple(words))


_SAYS = re.compile(r"\s*(?:echo|printf)\s[^|>]*\s*")


def _only_says(cut: Cut, part: Part, script: str) -> bool:
    """Whether it is a step of the solution's own script that tells whoever runs it something: no work is in that."""
    source = cut.sources[part.source]
    own = source.file == script and source.id == f"{script}:script"
    return own and part.kind is PartKind.STEP and _SAYS.fullmatch(code_of(cut.text(part))) is not None


def _sought(requirements: Sequence[Requirement]) -> Iterator[tuple[Requirement, list[str]]]:
    """What is said in more than two places ties nothing to any of them."""
    told = [(each, [*quoted(each.text), *asked(each.text)]) for each in requirements if _may_be_lost(each)]
    spread = Counter(word for _, words in told for word in words)
    for requirement, words in told:
        few = [word for word in words if spread[word] <= MOST_SAID]
        if few:
            yield requirement, few


def _may_be_lost(requirement: Requirement) -> bool:
    """What is forbidden or left to whoever works on the task is not broken by doing less."""
    text = requirement.text
    if requirement.leads or len(text) > LONGEST or asks_nothing(text):
        return False
    return not tells(text) and not _FORBIDS.match(text)


def _own_text(cut: Cut, part: Part) -> str:
    """Its text without that of the parts within it."""
    text = cut.text(part)
    for index in cut.within[part.index]:
        if cut.parts[index].parent == part.index:
            text = text.replace(cut.text(cut.parts[index]), "", 1)
    return text


def _states_one_thing(requirement: Requirement) -> bool:
    text = requirement.text
    return _may_be_lost(requirement) and is_sentence(text)


def _with_containers(cut: Cut, parts: set[int]) -> frozenset[int]:
    """With what holds nothing else: an `if` whose every statement goes."""
    found = set(parts)
    for part in reversed(cut.parts):
        inside = cut.within[part.index]
        if inside and part.kind is not PartKind.FILE and found.issuperset(inside):
            found.add(part.index)
    return frozenset(found)


def _as_mutant(cut: Cut, part: Part) -> Mutant:
    source = cut.sources[part.source]
    return Mutant(
        "", "", FaultClass.DROPPED_STEP, Tier.COARSE, source.id, part.file, source.target, _scope(cut, part), 1, (), "",
        "", "", "", changes=part.edits,
    )  # fmt: skip


def _scope(cut: Cut, part: Part) -> str:
    """The function that it is within."""
    for above in cut.above(part.index):
        outer = cut.parts[above]
        if outer.kind is PartKind.FUNCTION:
            found = _NAME.search(cut.text(outer))
            return (found[1] or found[2]) if found else ""
    return ""


ASKED: Mapping[str, re.Pattern[str]] = {
    "~order": re.compile(r"\bsort(?:ed|s)?\b|\b(?:ascending|descending|alphabetical)"),
    "~exit status": re.compile(
        r"\bexit\w*\b[^.]{0,40}\b(?:status|code)\b[^.]{0,12}\b[1-9]\d*\b|\bexits? [1-9]\b|non-?zero"
    ),
    "~permissions": re.compile(r"\bpermissions?\b|\bmode\b[^.]{0,12}\b0?[0-7]{3}\b"),
    "~owner": re.compile(r"\bown(?:ed|er|ership)\b"),
    "~rate": re.compile(r"rate[- ]limit|\brequests? per (?:second|minute)"),
    "~retry": re.compile(r"\bretr(?:y|ies|ied)\b"),
    "~time limit": re.compile(r"\btime-?out|time limit"),
    "~rounding": re.compile(r"\bround(?:ed)?\b (?:to|up|down)|\bdecimal places?\b"),
    "~letter case": re.compile(r"case-?(?:in)?sensitiv|lower-?case|upper-?case"),
}
"""What a sentence asks for that code says in few ways, so that it is seen whether any of it is left."""


def asked(text: str) -> list[str]:
    return [concept for concept, pattern in ASKED.items() if pattern.search(text.lower())]


def quoted(text: str) -> list[str]:
    """Options, paths, and the fixed pieces of what stands in code or quotes: `kept back: NAME (held)` has two."""
    found: dict[str, None] = {}
    for match in _WORDS.finditer(text):
        said = next(group for group in match.groups() if group is not None)
        pieces = [said] if said.startswith(("-", "/")) and " " not in said else _PLACEHOLDER.split(said)
        for piece in pieces:
            word = piece.strip(" ()[]{},;").partition("(")[0]
            if len(word) >= SHORTEST and re.search(r"[A-Za-z]{3}", word):
                found[word] = None
    return list(found)


_GENERAL = frozenset(
    "all and any app are each every file files for from has have must not should that the with".split()
)


def speaks_of(text: str, effect: Effect) -> bool:
    """Whether a difference can be that which a requirement is about. What a command gives is; of a file the requirement
    has to name something: the file, or what stood there. A mode of another file is no one's."""
    if " " in effect.input or not effect.input.startswith("/"):
        return True
    said = _words_of(text)
    name = _words_of(posixpath.basename(effect.input))
    if re.match(r"(?:has mode|belongs to|has owner)\b", effect.expected):
        return bool(said & name) or any(number in said for number in re.findall(r"\d+", effect.expected))
    return bool(said & (name | _words_of(f"{effect.expected} {effect.got}")))


def _words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}|\d{2,}", text.lower())) - _GENERAL


def has(word: str, code: str) -> bool:
    if word.startswith("~"):
        return word in stated(code, code=True)
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", code) is not None


def code_of(text: str) -> str:
    """Without the lines that are only comments."""
    return "\n".join(line for line in text.splitlines() if code_lines(line))


def lost_words(words: Iterable[str], gone: str, left: Sequence[str]) -> tuple[str, ...]:
    """Those in what is gone and nowhere in what is left, as a person reads them."""
    lost = (word for word in words if has(word, gone) and not any(has(word, text) for text in left))
    return tuple(word.removeprefix("~") for word in lost)
