"""What ties a paid variant to a sentence: what the variant takes away, or only what stands around that. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from mutator.relevance import stated, stem, tokens_of

_PIECE = re.compile(r"\w+|\s+|.", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_OF_NO_DOMAIN = frozenset(
    """and not for else elif then done while return continue break pass None True False none true false null nil void
    int str len min max sum abs any all set list dict sorted reversed range print append get""".split()
)
"""Words that say nothing of what is asked for: there what stands around them has to tell."""
LONGEST = 4_000
"""Characters of the touched lines; in longer ones nothing is looked for."""


def taken_away(before: str, after: str) -> str:
    """What the touched lines lose."""
    old, new = _PIECE.findall(before[:LONGEST]), _PIECE.findall(after[:LONGEST])
    matched = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return "".join("".join(old[low:high]) + " " for tag, low, high, _, _ in matched if tag in ("delete", "replace"))


def only_around(before: str, after: str, evidence: Sequence[str]) -> bool:
    """Whether names are taken away, and none of them is what ties the variant to its sentence: that stands around them,
    as the path of a report does around each of its entries."""
    gone = taken_away(before, after)
    if not any(name not in _OF_NO_DOMAIN for name in _NAME.findall(gone)):
        return False
    concepts = {*stated(gone, code=True), *stated(before, code=True)} - {*stated(after, code=True)}
    lost = {*tokens_of(gone, code=True), *(concept.removeprefix("~") for concept in concepts)}
    lost |= {word.lower() for word in re.findall(r"\w+", gone)}
    return not any(_said(token) & lost for token in evidence)


def _said(token: str) -> set[str]:
    words = {word.lower() for word in re.findall(r"[A-Za-z]+|\d+", token)}
    return {token, token.lower(), *tokens_of(token, code=True), *words, *(stem(word) for word in words)}


_ENTRY = frozenset(
    """output-key-dropped column-dropped mapping-entry-dropped drop-entry swap-values duplicate-value duplicate-entry
    limit-loosened""".split()
)
_QUOTED = re.compile(r"""`([^`]+)`|"([^"]+)"|'([^']+)'|\bthe entry (\w+)""")


def unnamed_entry(operator: str, sentence: str, text: str, evidence: Sequence[str]) -> bool:
    """Whether an entry, key or column of what is written, or a limit, is lost or changed that neither the sentence nor
    its example names: what belongs into a report may be anybody's choice."""
    if operator.rpartition(".")[2] not in _ENTRY:
        return False
    found = _QUOTED.search(sentence)
    if found is None:
        return False
    words = _plain(next(group for group in found.groups() if group))
    said = _plain(_FILE.sub(" ", text))
    return bool(words.strip()) and words not in said and words not in map(_plain, evidence)


_FILE = re.compile(r"\S*/\S+|[\w-]+\.[a-z]{2,4}\b")
"""What a report is called says nothing of what belongs into it."""


def _plain(text: str) -> str:
    """In small letters, words apart: `ghost_slots` and "ghost slots" are the same."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = re.findall(r"[^\W_]+", apart.lower())
    return f" {' '.join(words)} "


_SORTS = re.compile(
    r"\b(?:re)?sort|\b(?:as|des)cending|\balphabetic|\blexicograph|\bchronolog|\brank|\border(?:ed|ing)\b"
    r"|\b(?:in|by) (?:[\w-]+ ){0,4}order\b(?! to\b)|\border (?:of|by|is|matters|must|does)\b"
    r"|\b(?:same|keep|keeps|preserv\w+|stable|this|that|which|exact|original|input) (?:the )?order\b"
    r"|\b\w+est first\b|\breverse|\bfirst\b.{0,40}\bthen\b|\btie|\bnatural(?:ly)?\b",
    re.IGNORECASE,
)


def asks_for_no_order(operator: str, text: str) -> bool:
    """Whether it is sorted otherwise, and the sentence speaks of no order but another one: of bytes, or of goods."""
    return operator.rpartition(".")[2] in ("order", "reverse") and not _SORTS.search(
        re.sub(r"\bbyte[- ]order", "", text)
    )


_ALLOWS = re.compile(
    r"\b(?:you|we) (?:\w+ )?(?:can(?:not|'t)?|may|might|could)\b"
    r"|\bif you (?:like|want|wish|need|prefer)\b|\byou (?:will be|are|have been|were) (?:also )?(?:provided|given)\b"
    r"|\byou have (?!to\b)|\bgives? you\b|\bfeel free\b|\bnot (?:required|necessary)\b",
    re.IGNORECASE,
)
_LETS = re.compile(r"\boptional(?:ly)?\b|\bis (?:ok|okay|fine|allowed|permitted|acceptable)\b", re.IGNORECASE)
_BOUNDS = re.compile(r"`|(?<![\w-])--\w|\b(?:only|at (?:most|least)|up to|no|not|per|unless|until)\b", re.IGNORECASE)
"""An optional argument, or the most that is allowed, is behaviour."""
_FORBIDS_TO_TOUCH = re.compile(
    r"\b(?:do not|don't|must not|should not|may not|never|avoid|without)\s+(?:\w+ly )?"
    r"(?:modify|modifying|chang|edit|touch|alter|renam|delet|remov|rewrit|replac)"
    r"|\bonly file (?:that )?you\b|\bleave\b[^.;\n]*\b(?:as (?:it is|they are|is)|alone|untouched|unchanged)\b",
    re.IGNORECASE,
)


_OF_A_PROGRAM = re.compile(
    r"(?<![\w-])--\w|\b(?:if|when|whenever|unless|while|with|once|dry[- ]run|mode)\b"
    r"|\b(?:it|program|script|tool|command|service|server|function|\w+\(\))`? (?:must|should|shall|may|does|do|will)\b",
    re.IGNORECASE,
)
"""What a program is not to touch under an option, in a case, or at all, is behaviour that variants break."""


_DESCRIBES = re.compile(
    r"[\W\d]*(?:also,? )?there(?:'s| is| are| was| were| exists?)\b"
    r"|[\W\d]*(?:(?:the|this|these|an?|your|our|all) )?"
    r"(?:(?:given|provided|existing|supplied|shipped) (?:[\w-]+ ){1,3}"
    r"|(?:[\w-]+ ){0,2}"
    r"(?:inputs?|data ?sets?|data|samples?|repositor(?:y|ies)|repo|image|container|environment|codebase)"
    r"(?: files?| folders?)? )(?:\S*/\S* )?(?:has|have|contains?|includes?|holds?)\b",
    re.IGNORECASE,
)
"""`There is a second page`, `the data set has three columns`: what is there before any work."""
_ASKS_ALL_THE_SAME = re.compile(
    r"(?<![\w-])--\w|\b(?:must|should|shall|will|needs?|ha(?:s|ve) to|requir\w+|ensure|make sure|exactly|only"
    r"|at (?:least|most)|no|not|never|none|without|each|every|per|for all|once|if|when|unless|until|options?|flags?"
    r"|commands?|arguments?"
    r"|endpoints?|routes?|limits?|outputs?|results?|reports?|prints?|writes?|returns?|exits?|after(?:wards?)?|finally)\b",
    re.IGNORECASE,
)
"""What says how something is to be, or what a program does."""


def _describes(text: str) -> bool:
    found = _DESCRIBES.match(text)
    return found is not None and not _ASKS_ALL_THE_SAME.search(text)


def asks_nothing(text: str) -> bool:
    """Whether a sentence only allows something, tells what is given, or forbids to touch a file: no variant of what the
    solution does breaks that."""
    return bool(
        _ALLOWS.search(text)
        or _describes(text)
        or (_LETS.search(text) and not _BOUNDS.search(text))
        or (_FORBIDS_TO_TOUCH.search(text) and not _OF_A_PROGRAM.search(text))
    )


_ASKS_FOR_A_MENTION = re.compile(
    r"\b(?:mention|contain|includ|refer(?:s|ring)? to|nam(?:e|es|ing)\b|say|stat(?:e|es|ing)\b|quot)", re.IGNORECASE
)


def still_says(operator: str, text: str, evidence: Sequence[str], left: str) -> bool:
    """Whether a sentence asks that a text says something, and what is `left` of the text says all of it elsewhere."""
    if not operator.startswith("data.") or not evidence or not _ASKS_FOR_A_MENTION.search(text):
        return False
    return all(token.lower() in left.lower() for token in evidence)


_PRINTS = ("print-dropped", "drop-print")
_ASKS_TO_SAY = re.compile(
    r"\bprint|\bstdout\b|\bstderr\b|standard (?:output|error)|\bdisplay|\becho|\bconsole\b|\bmessages?\b|\boutputs?\b"
    r"|\breports?\b|\blogs?\b|\blogged\b|\bshow|\bemit|\bwarn|\bsays?\b|\btells?\b|\bwrit",
    re.IGNORECASE,
)


def asks_for_no_word(operator: str, text: str) -> bool:
    """Whether it only says less, and the sentence asks for nothing to be said."""
    return operator.rpartition(".")[2] in _PRINTS and not _ASKS_TO_SAY.search(text)


_A_LITTLE = frozenset(
    """boundary pattern number arithmetic order truth aggregation off-by-one change-number change-value flag-unchecked
    flag-default default negate-condition clamp-dropped conversion-dropped""".split()
)


def of_no_seen_effect(operator: str, *, seen: bool) -> bool:
    """Whether it changes something a little, and nobody saw what comes of that: it may be nothing."""
    return not seen and operator.rpartition(".")[2] in _A_LITTLE
