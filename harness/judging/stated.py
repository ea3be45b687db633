"""What an instruction states of an output, as far as a test may pin it. Pure.

A line is stated exactly where the instruction shows its form; loosely where all of its words are the instruction's or
the input's, and only its numbers and its order were worked out. Whatever else the reference says is its own wording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.judging.stated_keys import keys_shown
from harness.judging.tolerance import Tolerance, stated_tolerance

_SPAN = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^[ ]*(```|~~~)[^\n]*\n(.*?)^[ ]*\1", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^(?: {4}|\t)(.+)$", re.MULTILINE)
_QUOTED = re.compile(r"[\"\u201c]([^\"\u201c\u201d\n]{2,80})[\"\u201d]")
_PLACE = re.compile(r"<[A-Za-z][^<>\n]*>|\{[A-Za-z_][^{}\n]*\}|\b[A-Z][A-Z0-9_]+\b|\b[A-Z]\b")
"""What stands for a value in a form."""
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"[A-Za-z]{2,}")
TOKEN = re.compile(r"-?\d+(?:\.\d+)?|[A-Za-z_][\w-]*")
_FORMAT = r"(?:json|xml|ya?ml|csv|toml|html|db|database|sqlite\w*|utf\S*|ascii|python|bash|shell|file|zip|tar)\b"
"""A valid one of these is well-formed, and may have only one content."""
_MANY = re.compile(
    r"\bany (?:of them|one|such|valid|correct|optimal|shortest|solution|answer)\b"
    rf"|\b(?:a|any|one) valid\b(?! {_FORMAT})"
    r"|\bany will do\b|\bmore than one (?:solution|answer)|\bseveral (?:solutions|answers)"
    r"|\bif there (?:is|are) (?:a tie|ties|multiple|several)"
    r"|\b(?:multiple|many|several) (?:valid|correct|possible|optimal) "
    r"|\bones? of (?:the|your) choice|\b(?:ties?|cho(?:ose|ice|sen)|pick\w*|order\w*)\b[^.\n]{0,40}\barbitrar"
    r"|\barbitrar\w+ (?:choice|order|one|pick|tie)"
    r"|(?<!not )\brandom(?!\w* (?:access|bytes|data|dir\w*|files?|inputs?|names?|paths?|ports?|te?mp))",
    re.IGNORECASE,
)
_ANY_ORDER = re.compile(
    r"\bany order|\border (?:does|do|is|of \w+ does) not|\bregardless of (?:the )?order|\bno particular order"
    r"|\bunordered",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:re)?sort|\border(?:ed)?\b|\b(?:as|des)cending|\balphabetic|\blexicograph|\bchronolog|\brank|\b(?:new|old|larg|small|high|low"
    r"|long|short)est first\b|\breverse|\bfirst\b.{0,40}\bthen\b",
    re.IGNORECASE,
)
_ESTIMATED = re.compile(
    r"\bestimat|\bapproximat|\baccuracy\b|\baccurate (?:to|within)\b|\bprecision\b|\btoleranc|\bwithin \d"
    r"|\bclose to (?:the |its |their )?(?:true|real|exact|actual|correct|right|expected|reference|ideal|optim\w+|-?\d)"
    r"|\b(?:relative|absolute) error|\bnoise\b|\bnoisy\b|\bheuristic|\broughly\b|\bsimulat|\boptimi[sz]|\bpredict"
    r"|\btrain(?:ed|ing)?\b|\b(?:learn\w*|language|neural|regression|statistical) models?\b"
    r"|\bmodel (?:weights|file|output)",
    re.IGNORECASE,
)
_WHICH_SPREAD = re.compile(
    r"\bpopulation\b|\bsample (?:std|st\w*dev\w*|standard|variance|deviation)|\b(?:un)?biased\b|\bddof\b|\bbessel"
    r"|\b[nN] ?[-\u2212] ?1\b|\bpstdev\b|\bpvariance\b",
    re.IGNORECASE,
)
_WHICH_QUANTILE = re.compile(r"\binterpolat|\bnearest[- ]rank|\binclusive\b|\bexclusive\b|\bnumpy\b", re.IGNORECASE)
_ALWAYS = frozenset({"true", "false", "null", "none"})


def words_of(text: str) -> set[str]:
    """In small letters, an `s` at the end left out, names in parts."""
    found = _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))
    return {_stem(word.lower()) for word in found}


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def tokens(line: str) -> list[str]:
    return TOKEN.findall(line)


@dataclass(frozen=True, slots=True)
class StatedOutput:
    """An instruction, read for what it states of outputs."""

    instruction: str
    words: frozenset[str]
    """Its own, and those of the environment's files."""
    forms: tuple[re.Pattern[str], ...]
    """Lines as it shows them, with something in place of a value."""
    literals: frozenset[str]
    """Texts that it shows without any."""
    shapes: frozenset[str]
    """Lines that it shows, without their numbers."""
    keys: frozenset[str]
    """Names that it, or a file of the environment, shows as keys."""
    many: bool
    """Several answers may be right."""
    any_order: bool
    """It says that an order is free."""
    orders: bool
    """It speaks of an order."""
    tolerance: Tolerance | None
    estimated: bool
    """Its numbers are not exact, or may not be."""

    @property
    def says_which_spread(self) -> bool:
        return _WHICH_SPREAD.search(self.instruction) is not None

    @property
    def says_which_quantile(self) -> bool:
        return _WHICH_QUANTILE.search(self.instruction) is not None

    @property
    def unordered(self) -> bool:
        """No order is anybody's requirement."""
        return self.any_order or not self.orders

    def exactly(self, line: str) -> bool:
        """It shows this line, or its form."""
        plain = line.strip()
        if plain in self.literals:
            return True
        return not self.many and (
            any(form.fullmatch(plain) for form in self.forms) or (_shape(plain) in self.shapes and "#" in _shape(plain))
        )

    def fixed(self, line: str) -> bool:
        return line.strip() in self.literals

    def loosely(self, line: str, given: set[str]) -> bool:
        """Each of its words is the instruction's, or the input's: `given`."""
        return not self.many and not self.unknown(line, given)

    def unknown(self, text: str, given: set[str]) -> set[str]:
        return words_of(text) - self.words - given - _ALWAYS

    def unknown_key(self, key: str, given: set[str]) -> bool:
        """Whether a document's key is shown neither here nor by the input: then another right answer may call it
        otherwise, whatever words the two have in common."""
        words = words_of(key)
        return bool(words) and key not in self.keys and bool(words - given)

    def names(self, path: str) -> bool:
        """It names this file."""
        name = path.rsplit("/", 1)[-1]
        return (
            path in self.instruction
            or re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", self.instruction) is not None
        )

    def number(self, value: int) -> bool:
        return re.search(rf"(?<![\w.]){value}(?![\w]|\.\d)", self.instruction) is not None


def read_stated(instruction: str, environment: Iterable[str]) -> StatedOutput:
    shown = [found[1] for found in _SPAN.finditer(instruction)]
    blocks = [line.strip() for found in _FENCE.finditer(instruction) for line in found[2].splitlines()]
    blocks += [found[1].strip() for found in _INDENTED.finditer(instruction)]
    quoted = [found[1] for found in _QUOTED.finditer(instruction)]
    lines = [line.strip() for line in (*shown, *blocks, *quoted) if line.strip()]
    words, texts = words_of(instruction), list(environment)
    for text in texts:
        words |= words_of(text[:200_000])
    return StatedOutput(
        instruction,
        frozenset(words),
        tuple(form for form in map(_form, dict.fromkeys(lines)) if form is not None),
        frozenset(line for line in lines if not _PLACE.search(line)),
        frozenset(_shape(line) for line in lines),
        keys_shown(instruction, lines, texts),
        _MANY.search(instruction) is not None,
        _ANY_ORDER.search(instruction) is not None,
        _ORDER.search(instruction) is not None,
        stated_tolerance(instruction),
        _ESTIMATED.search(instruction) is not None,
    )


def _form(line: str) -> re.Pattern[str] | None:
    """None where nothing of the line is fixed enough to be known again."""
    places = _PLACE.findall(line)
    fixed = "".join(_PLACE.split(line))
    if not places or (not _WORD.search(fixed) and not (len(places) > 1 and re.search(r"\S", fixed))):
        return None
    parts = [re.escape(part) for part in _PLACE.split(line)]
    return re.compile(r"\S.*?".join(parts))


def _shape(line: str) -> str:
    return _NUMBER.sub("#", line.strip())


_MACHINE = re.compile(r"^/(?:etc|usr|var|opt|lib|srv|boot|run|home/[^/]+/\.|root/\.)|/\.")
"""Where a machine is set up, and what keeps its own records: nobody names each of those files."""


def of_no_name(path: str, instruction: str) -> bool:
    """Whether a file is none that the instruction names, nor lies in a folder that it names: one that a solution needs
    on its way."""
    if not path.startswith("/") or " " in path or _MACHINE.search(path):
        return False
    folder, _, name = path.rpartition("/")
    named = [name, *folder.split("/")[2:]]
    return not any(re.search(rf"(?<![\w.-]){re.escape(part)}(?![\w-])", instruction) for part in named if part)


def of_a_machine(path: str) -> bool:
    return _MACHINE.search(path) is not None
