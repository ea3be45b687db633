"""The words, names, numbers and signs of a text, each with how telling its kind is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

Add = Callable[[str, float, str], None]

FLAG, PATH, CODE, QUOTE, UNIT, STATUS, NUMBER, DIGIT, CONSTANT, NAME, PAIR, KEY, SPAN, WORD = (
    5.0, 4.0, 4.0, 3.5, 3.0, 3.0, 2.0, 0.5, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0
)  # fmt: skip
CONTEXT_WEIGHT = 0.3
"""Of a token that stands only in the heading or the sentence that introduces it."""

_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"\n]{1,80})\"|(?<![A-Za-z0-9])'([^'\n]{1,80})'(?![A-Za-z0-9])|“([^”\n]{1,80})”")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_PATH = re.compile(
    r"(?<![\w.)])(?:~|\.{1,2})?/[\w.@%+~-]+(?:/[\w.@%+~-]+)*|(?<![\w.])[\w-]+(?:\.[\w-]+)*\.[a-z][a-z0-9]{0,5}\b(?!\()"
)
_LABEL = re.compile(r"[\"'`]([A-Za-z][\w -]{1,30}):(?=[\s\"'`{%$])")
"""How a line that is printed begins: `total: COUNT`."""
_OPTION = re.compile(r"\b(?:args|opts?|options|flags|namespace|parsed|params)(?:\.|\[['\"])(\w{2,})")
"""Where code reads the value of an option."""
_HERE = re.compile(r"[~.]*/?(?:app|tmp|root|home|usr|etc|var|opt|workspace|solution|tests?)?/?")
"""Where everything lies."""
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?)(?:\s?-?(%|r/s|r/m|[kmgt]i?b\b|ms\b|s\b|sec\b|seconds?\b|minutes?\b|hours?\b|days?\b|bytes?\b"
    r"|requests?\b|rows?\b|lines?\b|chars?\b|characters?\b|times?\b|decimals?\b|[kmgt]\b|x\b))?(?![\w])",
    re.IGNORECASE,
)
_RATE = re.compile(r"(?<![\w.])(\d+)\s+\w+\s+(?:per|a|an|each|every)\s+(second|minute)\b", re.IGNORECASE)
_STATUS = re.compile(
    r"\b(?:exit|exits|exited|SystemExit|_exit|status|code)\W{1,3}(?:(?:with|status|code|of)\W{1,2}){0,3}(\d{1,3})\b"
)
_CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_]*(?:-[A-Za-z][A-Za-z0-9]*)*")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SIGNS = re.compile(r"[=(){}\[\]<>;|]|--")
_FOLDERS = re.compile(r"(?<![\w.)])(?:~|\.{1,2})?/(?:[\w.@%+~-]+/)*(?=[\w.@%+~-]+/)")
"""The part of a path whose words say nothing of the file: all but its own folder."""
_HTML = re.compile(r"</?[a-z]+>")

_WORD_NUMBERS = {
    word: str(value)
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"twenty": "20", "thirty": "30", "fifty": "50", "sixty": "60", "hundred": "100", "thousand": "1000"}

_STOP = frozenset(
    """a about above after all also an and any are as at be because been before being below between both but by can
    could did do does done each either else end for from get given has have having here how if in into is it its just
    let like may might more most must need no nor not now of off on once one only or other our out over own per same
    shall should so some such than that the their them then there these they this those through to too under until up
    upon use used uses using via was we were what when where whether which while who will with within without would
    you your file files task system write create make ensure following provide implement exists contain contains
    def return self true false none null import str int len print class elif try except lambda echo then
    done esac function var const let new float dict list append path open args argv main bool func err nil struct
    string void auto std char static public private final void app etc usr bin opt tmp home root include
    please simply able way want python python3 bash sudo""".split()
)


def tokens_of(text: str, *, code: bool = False) -> dict[str, float]:
    """Every token of a text with the weight of its kind. `code`: the text is code, so bare names count as names."""
    return {token: weight for token, (weight, _) in said_tokens(text, code=code).items()}


def said_tokens(text: str, *, code: bool = False) -> dict[str, tuple[float, str]]:
    """Token -> the weight of its kind, and how the text writes it."""
    found: dict[str, tuple[float, str]] = {}

    def add(token: str, weight: float, said: str) -> None:
        if token and found.get(token, _NOTHING)[0] < weight:
            found[token] = (weight, said)

    if not code and "`" in text:
        for match in _SPAN.finditer(text):
            said = match[2].strip()
            if said.isalpha() and len(said) != 2:
                add(f"'{said}'", KEY, said)
            elif len(said) <= 80 and not _HERE.fullmatch(said):
                add(said, DIGIT if len(said) < 3 else CODE, said)
            if _TWO_LETTERS.fullmatch(said) and said not in _SHORT_WORDS:
                add(f"={said}", NAME, said)
            _names(said, said.count(" ") < 2 or bool(_SIGNS.search(said)), add)
    for match in _QUOTED.finditer(text):
        said = match[1] or match[2] or match[3] or ""
        if len(said) > 2 or (len(said) == 1 and said.isalpha()):
            weight = WORD if len(said) == 1 else KEY if said.isalpha() else QUOTE
            add(f"'{said}'" if said.isalpha() else said, weight, said)
    _literals(text, add)
    _names(text, code, add)
    _short_names(text, code, add)
    return found


_NOTHING = (0.0, "")


def _names(text: str, code: bool, add: Add) -> None:
    """Names, their words, and each pair of words that stand beside each other in a name or a sentence."""
    before, spoken, ended = "", "", -1
    for match in _NAME.finditer(_FOLDERS.sub(" ", _HTML.sub(" ", text))):
        name = match[0].strip("$")
        words = _WORD.findall(name)
        named = code or "_" in name.strip("_") or (name[1:] != name[1:].lower() and name != name.upper())
        compound = len(words) > 1
        if named and compound:
            add(name, NAME, name)
        if match.start() - ended > 1 or (code and not compound):
            before = ""
        for word in words:
            lowered = word.lower()
            if lowered in _WORD_NUMBERS:
                add(_WORD_NUMBERS[lowered], _weight_of_number(_WORD_NUMBERS[lowered]), word)
            if len(lowered) < 3 or lowered in _STOP:
                before = ""
                continue
            root = stem(lowered)
            add(root, SPAN if named and not compound else WORD, word)
            if before:
                add(f"{before} {root}", NAME if compound and named else PAIR, name if compound else f"{spoken} {word}")
            before, spoken = root, word
        ended = match.end()


_TWO_LETTERS = re.compile(r"[a-z][a-z0-9]")
_SHORT = re.compile(r"(?<![\w.])[a-z][a-z0-9](?![\w.]\w?)")
_LISTED = re.compile(r"(?<![\w.])[a-z][a-z0-9](?:(?:,? and |, ?| ?[x*\u00d7] ?| )[a-z][a-z0-9]\b)+")
_SHORT_WORDS = frozenset(
    "am an as at be by do go he if in is it me my no of on or so to up us we ok vs mm cm km".split()
)


def _short_names(text: str, code: bool, add: Add) -> None:
    """`sx` and `sy` where an instruction lists them: names of two letters of which one is the same in all."""
    if code:
        for match in _SHORT.finditer(text):
            add(f"={match[0]}", NAME, match[0])
        return
    for match in _LISTED.finditer(text):
        names = [name for name in re.findall(r"[a-z][a-z0-9]", match[0]) if name not in _SHORT_WORDS]
        if len(set(names)) > 1 and (len({name[0] for name in names}) == 1 or len({name[1] for name in names}) == 1):
            for name in names:
                add(f"={name}", NAME, name)


def _literals(text: str, add: Add) -> None:
    for match in _FLAG.finditer(text):
        add(match[0], FLAG if len(match[0]) > 2 else FLAG / 2, match[0])
        for word in _WORD.findall(match[0]):
            if len(word) > 2 and word.lower() not in _STOP:
                add(stem(word.lower()), 2 * WORD, word)
    for match in _LABEL.finditer(text):
        add(f"{match[1]}:", QUOTE, f"{match[1]}:")
    for match in _OPTION.finditer(text):
        add("--" + match[1].replace("_", "-"), FLAG, match[0])
    for match in _PATH.finditer(text):
        path = match[0].rstrip(".")
        name = path.rsplit("/", 1)[-1]
        if not _HERE.fullmatch(path) and ("/" in path or not code_like(path)):
            add(path, PATH, path)
            add(name, NAME if "." in name else WORD, name)
    for match in _CONSTANT.finditer(text):
        add(match[0], CONSTANT, match[0])
    for match in _STATUS.finditer(text):
        add(f"status {match[1]}", STATUS, match[0])
    for match in _RATE.finditer(text):
        add(f"{match[1]}r/{match[2][0].lower()}", UNIT, match[0])
    for match in _NUMBER.finditer(text):
        digits, unit = match[1].replace(",", ""), (match[2] or "").lower()
        if unit:
            unit = unit.removesuffix("s") if len(unit) > 2 and unit.isalpha() else unit
            add(digits + unit, UNIT, match[0])
        add(digits, _weight_of_number(digits), match[1])


def code_like(path: str) -> bool:
    """`e.g` and `self.x` have a dot, and are no file."""
    return len(path.split(".")[0]) < 2 or path.startswith(("self.", "this.", "np.", "os.", "sys.", "e.g", "i.e"))


def _weight_of_number(digits: str) -> float:
    if len(digits) == 1:
        return DIGIT if digits in "01" else 2 * DIGIT
    status = len(digits) == 3 and digits[0] in "12345" and digits.isdigit()
    return STATUS if status else NUMBER


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Enough to make plural, past and -ing forms of a word agree; nothing cleverer."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            base = word[: -len(ending)]
            return base + "y" if ending in ("ies", "ied") else base.removesuffix("e")
    return word.removesuffix("e")


_STATEMENT_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}(?![a-z])")
_OF_THE_LANGUAGE = frozenset(
    "val var let const def func fun return self this none null nil true false int str float long double string bool"
    " list dict set map len append add push range for while else elif switch case new static final public private"
    " void auto print format printf join split get put items values keys mut pub unsigned size".split()
)


@lru_cache(maxsize=16384)
def statement_words(line: str) -> frozenset[str]:
    """The words that the names of a statement are made of, but for those of its language."""
    words = (word.lower() for word in _STATEMENT_WORD.findall(line))
    return frozenset(
        stem(word) for word in words if len(word) >= 3 and word not in _STOP and word not in _OF_THE_LANGUAGE
    )


def abbreviations(words: Iterable[str]) -> dict[str, str]:
    """`addr` for address: a beginning of four letters or more that only one word of the instruction has."""
    found: dict[str, str] = {}
    for word in words:
        for length in range(4, min(len(word), 12)):
            short = word[:length]
            found[short] = "" if short in found else word
    return {short: word for short, word in found.items() if word}
