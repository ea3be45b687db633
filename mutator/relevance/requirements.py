"""An instruction cut into what it asks for: sentences, items and rows, with the examples that belong to them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from mutator.relevance.concepts import CONCEPT, EVERYWHERE, stated
from mutator.relevance.heads import Placed, abouts
from mutator.relevance.tokens import said_tokens, tokens_of

EXAMPLE = 0.75
"""What a token of an example counts, beside one of the sentence."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence, list item or table row of the instruction."""

    index: int
    text: str
    line: int
    heading: str
    tokens: Mapping[str, float]
    """Token -> how telling its kind is. What stands only in its example counts for less."""
    context: Mapping[str, float] = field(default_factory=dict)
    """The same of the heading and the sentence that introduces it."""
    example: str = ""
    """The code block below it."""
    leads: bool = False
    """Introduces the items below it, and is therefore broken by what breaks all of them."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Token -> the word as the instruction writes it."""
    about: str = ""
    """The command or function whose line stands above it, or that it begins with."""
    head: bool = False
    """Whether it is that line, and others stand below it."""


@dataclass(slots=True)
class _Unit:
    """A piece of the instruction while it is being cut."""

    text: str
    line: int
    heading: str
    context: str
    example: list[str] = field(default_factory=list)
    leads: bool = False
    block: int = 0
    depth: int = 0


def requirements(instruction: str) -> tuple[Requirement, ...]:
    """What the instruction asks for, in its order. Headings and what is said to everybody are no requirement."""
    found: list[Requirement] = []
    units = _Cutter(instruction).units()
    names = list(abouts(Placed(unit.text, unit.heading, unit.block, unit.depth) for unit in units))
    for place, (unit, about) in enumerate(zip(units, names, strict=True)):
        if says_nothing(unit.text):
            continue
        example = "\n".join(unit.example)
        said = said_tokens(unit.text)
        tokens = {token: weight for token, (weight, _) in said.items()}
        for token, weight in tokens_of(example, code=True).items():
            tokens.setdefault(token, weight * EXAMPLE)
        if not tokens:
            continue
        tokens |= {concept: CONCEPT / (1 + (concept in EVERYWHERE)) for concept in stated(unit.text)}
        around = _context(f"{unit.heading}\n{unit.context}")
        found.append(
            Requirement(
                len(found),
                unit.text,
                unit.line,
                unit.heading,
                tokens,
                {token: weight for token, (weight, _) in around.items() if token not in tokens},
                example,
                unit.leads,
                {token: word for token, (_, word) in (around | said).items() if word != token},
                about,
                bool(about) and names[place - 1 : place] != [about] and names[place + 1 : place + 2] == [about],
            )
        )
    return tuple(found)


@lru_cache(maxsize=256)
def _context(text: str) -> dict[str, tuple[float, str]]:
    return said_tokens(text)


# --- what is no requirement

_ADDRESSED = re.compile(
    r"(?:you (?:are (?:given|provided|an?\b|now|working|in\b)|have (?:access|been given|root)"
    r"|will (?:be given|find)|may assume)"
    r"|good luck|happy |thank|welcome|hello|hi\b|hey\b|as (?:an?|the) (?:expert|engineer|senior|developer)"
    r"|(?:this|the) (?:task|challenge|exercise|step) (?:is|tests|evaluates|requires|talks|covers)"
    r"|(?:more|further) (?:steps|information|details)|see (?:also|below|above)|background\b"
    r"|for (?:context|reference)\b)",
    re.IGNORECASE,
)
_THERE = re.compile(
    r"there (?:is|are|exists?)\b|(?:the|an?|your) [\w ./`-]{1,60} (?:is|are)"
    r" (?:located|available|provided|installed|given|stored|placed|found)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:must|shall|should|need(?:s|ed)?|have to|has to|required?|ensure|make sure|do not|don't|never|always|only"
    r"|exactly|write|create|implement|build|add|fix|save|return|print|output|store|configure|install|set|update|use"
    r"|produce|generate|find|compute|calculate|report|convert|remove|replace|keep|at (?:least|most))\b",
    re.IGNORECASE,
)
_CANARY = re.compile(r"canary|\bGUID\b|benchmark data should never", re.IGNORECASE)


def says_nothing(text: str) -> bool:
    """What is said to everybody, or only where things are: context."""
    if _CANARY.search(text) and "example" not in text.lower():
        return len(text) < 400
    bare = text.lstrip("*_>` ")
    if _ADDRESSED.match(bare) or _THERE.match(bare):
        return not _ASKS.search(bare)
    return not re.search(r"\w", bare)


def asks(text: str) -> bool:
    """Whether a sentence says that something must or should be so."""
    return _DEMANDS.search(text) is not None or re.search(r"\bshould\b", text) is not None


_TOLD = re.compile(
    r"(?:we|our|i|i'm|i've|they|last \w+|currently|right now|today|at the moment|so far|previously|symptoms?|motivation"
    r"|profiling|samples?|your \S+ from|your (?:previous|existing|current|earlier)|the (?:old|previous|prior|original)"
    r"|you(?:'ve| have)\b|you already|(?:check|verify|compare|test|validate) (?:\w+ )?(?:with|against)\b"
    r"|you (?:can|may|could|might)|feel free|try |probe |hidden|grading|for example"
    r"|although|despite|due to|because of|unlike"
    r"|run (?:it|as|with)|usage|when (?:i|we) run|i will (?:call|run)|(?:from [\w.]+ )?import \w+)\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:was|were|had|used to|tried|failed|noticed|reported)\b", re.IGNORECASE)
_GRADED = re.compile(
    r"\b(?:is|are) (?:in the )?provided\b|\bwill be (?:checked|graded|validated|verified|tested|compared|re-?run)\b"
    r"|\bthe (?:verifier|grader) (?:\w+ )?(?:compares|checks|verifies|allows|accepts|uses|runs|secures|looks|opens)\b"
    r"|\bwe(?:'ll| will) (?:grade|check|run|verify|validate|test|re-?run|compare)\b",
    re.IGNORECASE,
)
_DEMANDS = re.compile(
    r"\b(?:must|shall|should|need to|have to|has to|required?|ensure|do not|never|always)\b", re.IGNORECASE
)


def tells(text: str) -> bool:
    """Whether a sentence only tells how things came to be, or what one may try."""
    past = _PAST.search(text) and not makes(text)
    return bool(past or _GRADED.search(text) or _TOLD.match(text.lstrip("*_>` "))) and not _DEMANDS.search(text)


_FORBIDS = re.compile(
    r"\W*(?:please )?(?:do not|don't|never|you (?:must|may|can|should)(?: not|not|n't)|no)\s+"
    r"(?:\w+ (?:or|and|to) ){0,2}"
    r"(?:modify|edit|touch|import|use|open|list|mention|reference|hard-?cod\w*|rely|install|cheat|read)\b",
    re.IGNORECASE,
)


def forbids(text: str) -> bool:
    """Whether a sentence only says how the work may not be done: what is left out of it breaks no such sentence."""
    return bool(_FORBIDS.match(text))


_MENTIONS = re.compile(
    r"\b(?:title|body|text|readme|description)\b.{0,30}\bkeywords?\b|\bkeywords?\b.{0,60}\b(?:include|appear|mention|:)"
    r"|^\W*(?:you )?must (?:also )?(?:mention|reference)\b",
    re.IGNORECASE,
)


def only_mentions(text: str) -> bool:
    """Whether a sentence asks for words, and for nothing that is done: `must mention X, Y and Z`."""
    return bool(_MENTIONS.search(text))


_MAKES = re.compile(
    r"\b(?:write|creat|build|implement|deliver|make|sav|plac|put|produc|generat|add|emit|stor|output|updat|extend|modif"
    r"|fix|repair|rewrit|replac)(?:e|es|s|ed)?\b",
    re.IGNORECASE,
)


def makes(text: str) -> bool:
    """Whether a sentence begins by asking for something to be made."""
    return bool(_MAKES.search(text, 0, 60))


# --- cutting

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^(\s*)(?:[-*+•‣–]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+(?=\S)")
_QUOTE = re.compile(r"^\s*>\s?")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^\s*\|?[\s:|=-]{3,}\|?\s*$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TITLE = re.compile(r"^(?:\*\*|__)[^*_]{1,80}(?:\*\*|__):?$|^[\w`'/&() -]{1,40}:$")
_TITLE_WORDS = 5
_WORDS_GIVEN = re.compile(r"([\"'`]).+\1")
"""What a sentence that ends with a colon asks for, as it is to be written."""
_CODE_INDENT = 4
_DESCRIBED = re.compile(r"\s*([\"'`])[\w.-]+\1\s*: [a-z][a-z-]*,? [a-z]")
"""`"limit": most rows at once` in a block: a key and what is meant by it."""


class _Cutter:
    """Reads the lines once. A blank line, an item, a row, a heading or a fence ends the paragraph before it."""

    def __init__(self, instruction: str) -> None:
        plain = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), textwrap.dedent(instruction))
        self._lines = plain.splitlines()
        self._units: list[_Unit] = []
        self._paragraph: list[str] = []
        self._began = 1
        self._heading = ""
        self._leads: list[tuple[int, _Unit]] = []
        """(indent, the sentence that introduces what is indented more, or follows it as items)."""
        self._indent = 0
        self._is_item = False
        self._header = ""
        self._blocks = 0

    def units(self) -> list[_Unit]:
        fence = ""
        for number, line in enumerate(self._lines, start=1):
            opened = _FENCE.match(line)
            if fence:
                if opened and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                    fence = ""
                else:
                    self._example(line, number)
            elif opened:
                self._end()
                fence = opened[1]
            else:
                self._line(line, number)
        self._end()
        return self._units

    def _line(self, line: str, number: int) -> None:
        line = _QUOTE.sub("", line)
        heading = _HEADING.match(line)
        if heading:
            self._end()
            self._heading = heading[1].strip("*_ ")
            self._leads.clear()
            return
        if not line.strip() or (_RULE.match(line) and not _ROW.match(line)):
            self._end()
            self._header = ""
            return
        if _ROW.match(line):
            self._end()
            self._row(line, number)
            return
        item = _ITEM.match(line)
        begins = len(line) - len(line.lstrip())
        if self._paragraph and not item and self._apart(begins, line):
            self._end()
        if not item and not self._paragraph and all(lead < 0 for lead, _ in self._leads) and begins >= _CODE_INDENT:
            self._example(line, number)
            return
        if item:
            self._end()
            self._indent, self._is_item = len(item[1].expandtabs(4)), True
            line = line[item.end() :]
        elif not self._paragraph:
            self._indent, self._is_item = begins, False
        if not self._paragraph:
            self._began = number
        self._paragraph.append(line.strip())

    def _apart(self, begins: int, line: str) -> bool:
        """Whether a line says no more of the paragraph before it: code below a sentence, or a sentence that is indented
        like the items and no item."""
        if self._is_item:
            return 0 < begins <= self._indent and line.lstrip()[:1].isupper()
        if any(line[0] in "{[<" for line in self._paragraph):
            return False  # An object that is shown.
        return begins >= self._indent + _CODE_INDENT and all(lead < 0 for lead, _ in self._leads)

    def _row(self, line: str, number: int) -> None:
        if _RULE.match(line):
            return
        if not self._header:
            following = self._lines[number] if number < len(self._lines) else ""
            self._header = line.strip().strip("|").strip()
            if _RULE.match(following):
                return
        self._units.append(
            _Unit(line.strip().strip("|").strip(), number, self._heading, f"{self._lead(99, True)} {self._header}")
        )

    def _example(self, line: str, number: int) -> None:
        if not line.strip():
            return
        if _DESCRIBED.match(line):
            self._units.append(_Unit(line.strip(), number, self._heading, self._units[-1].text if self._units else ""))
            return
        if self._units and self._units[-1].heading == self._heading:
            self._units[-1].example.append(line)
        else:
            self._units.append(_Unit(line.strip(), number, self._heading, "", [line]))

    def _end(self) -> None:
        if not self._paragraph:
            return
        lines, self._paragraph = self._paragraph, []
        before_it = len(self._units)
        self._blocks += 1
        self._cut(lines)
        for unit in self._units[before_it:]:
            unit.block, unit.depth = self._blocks, self._indent if self._is_item else self._indent - 1

    def _cut(self, lines: list[str]) -> None:
        """One paragraph or item."""
        joined = "\n".join(lines)
        if not self._is_item and _TITLE.match(joined) and len(joined.split()) <= _TITLE_WORDS:
            self._heading = joined.strip("*_: ")
            self._leads.clear()
            return
        context = self._lead(self._indent, self._is_item)
        if not self._is_item and len(lines) > 1 and len({line.split(" ", 1)[0] for line in lines}) == 1:
            rows = enumerate(lines, self._began)  # `tool add NAME` above `tool remove NAME`: each is one of its own
            self._units += [_Unit(line, number, self._heading, context) for number, line in rows]
            return
        last: _Unit | None = None
        for text, offset in _lines_apart(joined):
            before = last or (None if self._is_item or not self._units else self._units[-1])
            if before is not None and before.text.endswith(":") and _WORDS_GIVEN.fullmatch(text):
                before.text += f" {text}"
                before.leads = False
                continue
            parts = list(clauses(text))
            around = f"{context} {text}" if len(parts) > 1 else context
            for part, shift in parts:
                number = self._began + joined.count("\n", 0, offset + shift)
                last = _Unit(" ".join(part.split()), number, self._heading, around)
                self._units.append(last)
        if last is not None:
            last.leads = last.text.rstrip("*_").endswith((":", "{"))
            if last.leads or self._is_item:
                self._leads.append((self._indent if self._is_item else self._indent - 1, last))

    def _lead(self, indent: int, is_item: bool) -> str:
        """What introduces a paragraph at this indent; drops what no longer does."""
        if not is_item and not (self._leads and indent > self._leads[-1][0] + 1):
            self._leads.clear()
            return ""
        while self._leads and self._leads[-1][0] >= indent:
            self._leads.pop()
        return " ".join(unit.text for _, unit in self._leads[-2:])[-400:]


# --- sentences

_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"https?://\S+|\b[\w.-]+@[\w.-]+")
_END = re.compile(
    r"(?<=[.!?])[\"')\]*_]*\s+(?=[A-Z`\"'(\[*_/~$-])|(?<=[a-z0-9)`][a-z0-9)`][.!?])\s+(?=[a-z])|:\s*\n(?=\S)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|no|nr|fig|figs|eq|incl|resp|al|ca|min|max|sec|dept|st|mr|ms|mrs|dr|inc|ltd|jr|sr|vol|pp?)"
    r"|(?:^|\s)(?-i:[A-Z]))\.$",
    re.IGNORECASE,
)
_ENUMERATED = re.compile(r"(?<=\s)(\d)[.)]\s+(?=[A-Z`\"'])")
_PART = re.compile(r";\s+|\s+(?=\((?:\d|[a-h]|i{1,3}|iv)\)\s)")
_LONG = 220
"""Characters beyond which a sentence with semicolons or numbered parts is several."""


def sentences(text: str) -> list[str]:
    """Sentences of a paragraph; a code span, a link, a number or an abbreviation never ends one."""
    return [sentence for sentence, _ in sentences_at(text)]


def sentences_at(text: str) -> Iterator[tuple[str, int]]:
    """(sentence, where it begins)."""
    masked = _LINK.sub(
        lambda match: _mask(match[0]), _SPAN.sub(lambda match: "`" + "x" * (len(match[0]) - 2) + "`", text)
    )
    masked = _enumerated(masked)
    start = 0
    for match in _END.finditer(masked):
        if _ABBREVIATION.search(masked, max(start, match.start() - 12), match.start()):
            continue
        yield from _parts(text, masked, start, match.start() + (match[0][0] == ":"))
        start = match.end()
    yield from _parts(text, masked, start, len(text))


_COMMAND = re.compile(r"^[A-Z][A-Z_]{2,}\b[^\n.:]{0,80}?(?: [—–-]|:) ", re.MULTILINE)
"""How a line begins that says what a command does: `HIDE <id> - hides it`."""


def _lines_apart(paragraph: str) -> Iterator[tuple[str, int]]:
    """The sentences of a paragraph; where its lines tell of one command each, no sentence goes over two of them."""
    begins = [found.start() for found in _COMMAND.finditer(paragraph)]
    cuts = [0, *(place for place in begins if place), len(paragraph)] if len(begins) > 1 else [0, len(paragraph)]
    for start, end in pairwise(cuts):
        for text, offset in sentences_at(paragraph[start:end]):
            yield text, start + offset


_DOES = (
    r"(?:add|append|apply|build|call|check|clear|compare|compute|convert|count|create|delete|do|drop|emit|encode|ensure"
    r"|exclude|extract|fill|find|fix|flag|generate|give|grow|ignore|implement|include|insert|install|keep|load|make|mark"
    r"|merge|move|normali[sz]e|omit|overwrite|parse|pick|preserve|print|produce|read|reject|remember|remove|rename|replace"
    r"|replay|report|restore|resume|resync|return|round|run|save|select|send|set|skip|sort|stop|store|strip|switch|treat"
    r"|trim|truncate|update|use|validate|verify|write)"
    r" (?!of\b|and\b|or\b|is\b|are\b|was\b|must\b|should\b|by\b)[\w`\"'/({\[-]"
)
_BINDS = (
    r"(?:you (?:must|need|should)|(?:it|they|there) (?:must|should|may)|must|shall|should|never|do not|don't|only)\b"
)
_CLAUSE = re.compile(
    rf"(?:,|;| [—–-])\s+(?:and |then |but |so )?(?={_BINDS}|{_DOES})|\s+(?:and|but)\s+(?=(?:then )?{_BINDS})"
)
_ON_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|otherwise|except|where|while|until|after|before|without|instead|either|neither|whether)\b",
    re.IGNORECASE,
)
"""A sentence about one case is one: its parts would say something else."""
_PARENTHESES = re.compile(r"\([^()]*\)")
_NO_SUBJECT = re.compile(r"(?:must|shall|should)\b")
_MANY, _SOME, _SUBJECT = 120, 25, 60
"""Characters of a sentence that may be several clauses, and of each of them."""


_COMMAND_DOES = re.compile(r",\s+(?:and |then )?(?=`?[A-Z][A-Z_]{2,}`? [a-z]+s\b)")
"""`BEGIN opens one, COMMIT ends it`."""
_LABEL = re.compile(r"[\w*_`][^:,;.({\[\"]{3,70}:\s+(?!\{)")
_BETWEEN_ITEMS = re.compile(r"[,;]\s+(?:and |then )?")
_ITEMS, _WORDS, _LABELLED = 4, 3, 140


def clauses(sentence: str) -> Iterator[tuple[str, int]]:
    """The parts of a long sentence that each ask for something by themselves, and where they begin."""
    cuts = [0]
    if len(sentence) > _MANY and not tells(sentence):
        masked = _PARENTHESES.sub(
            lambda match: "x" * len(match[0]),
            _SPAN.sub(lambda match: "`" + "x" * (len(match[0]) - 2) + "`", sentence),
        )
        found = _items(sentence, masked) or list(_COMMAND_DOES.finditer(sentence))
        if not found and not _ON_CONDITION.search(masked):
            found = list(_CLAUSE.finditer(masked))
        for cut in found:
            if _NO_SUBJECT.match(sentence, cut.end()) and cut.start() < _SUBJECT:
                continue  # `The report, report.txt, must be short`
            enough = min(cut.start() - cuts[-1], len(sentence) - cut.end()) >= _SOME
            if enough or found[0].re is _BETWEEN_ITEMS:
                cuts.append(cut.end())
    for start, end in pairwise([*cuts, len(sentence)]):
        part = sentence[start:end].strip()
        if end < len(sentence):
            part = re.sub(r"(?:[,;]| [—–-])?(?:\s+(?:and|then|but|so))?$", "", part)
        yield part, start


def _items(sentence: str, masked: str) -> list[re.Match[str]]:
    """Where `Fields: this, that, a third, and more` goes on with the next of many."""
    label = _LABEL.match(masked)
    if label is None or len(sentence) < _LABELLED:
        return []
    between = list(_BETWEEN_ITEMS.finditer(masked, label.end()))
    edges = [label.end(), *(place for each in between for place in each.span()), len(masked)]
    words = [len(masked[start:end].split()) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    # `nx, ny and nz` and `first, second, third` are each one thing.
    found = [
        each for each, (before, after) in zip(between, pairwise(words), strict=True) if min(before, after) >= _WORDS
    ]
    return found if len(found) + 1 >= _ITEMS else []


def _enumerated(text: str) -> str:
    """With the numbers of `1. this 2. that` as the ends of sentences before them."""
    numbers = list(_ENUMERATED.finditer(text))
    if len(numbers) < 2 or [int(each[1]) for each in numbers] != list(range(1, len(numbers) + 1)):
        return text
    for each in numbers:
        text = f"{text[: each.start() - 1]}.{' ' * (len(each[0]))}{text[each.end() :]}"
    return text


def _mask(link: str) -> str:
    bare = link.rstrip(".,;:!?)")
    return "x" * len(bare) + link[len(bare) :]


def _parts(text: str, masked: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    cuts = [start]
    if end - start > _LONG:
        for match in _PART.finditer(masked, start, end):
            if match.start() - cuts[-1] >= 30:
                cuts.append(match.end())
    for begin, stop in zip(cuts, [*cuts[1:], end], strict=True):
        piece = text[begin:stop]
        bare = piece.strip()
        if bare:
            yield bare, begin + len(piece) - len(piece.lstrip())
