"""Reads from an instruction what a machine can try on the reference's end state. Pure.

What is left out here is not lost, only not tried: a sentence with a condition, a placeholder or two paths says less than
it seems to.
"""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from harness.probes.conform.commands import command_claims
from harness.probes.conform.model import (
    Exists,
    HasColumns,
    HasCount,
    HasKeys,
    HasMode,
    IsFormat,
    IsSorted,
    Lacks,
    ListensOn,
    Responds,
    Says,
    StatedClaim,
)
from harness.probes.leak.blocks import Block, blocks
from mutator.relevance.requirements import Requirement, requirements, tells

MOST = 120
_PATH = re.compile(r"(?<![\w./:~<>-])(/(?:[\w.@+-]+/)*[\w.@+-]*[\w@+-])/?(?![\w/<*{-])")
_SPAN = re.compile(r"`([^`\n]{1,120})`")
_NUMBERS = {
    word: number
    for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_COUNT = re.compile(
    r"\bexactly\s+(\d{1,6}|"
    + "|".join(_NUMBERS)
    + r")\s+(?:[\w-]+\s+)?(lines?|rows?|data rows?|entries|elements?|items|records|objects)\b(?!\s+(?:per|for each|each))",
    re.IGNORECASE,
)
_PER = re.compile(
    r"\b(?:per|each|every|for all|when|if|unless|whenever|in case|otherwise|given|any|after|once|until|before|invalid|error|fail\w*|multiple|e\.g|for example|such as|like)\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:if|when|whenever|unless|in case|otherwise|may|might|could|can|optional(?:ly)?|e\.g|for example|such as|not|never|no longer|instead of|rather than|don't|do not|without|after|during|at run ?time|each time|would|will be (?:used|tested|run|checked)|hidden)\b|n't\b",
    re.IGNORECASE,
)
_MAKES = re.compile(
    r"^(?:[\d.)*+-]+\s*)?(?:\*\*)?(?:then |finally |also |and |please |you (?:must|should|need to|have to) |your (?:task|goal|job) is to )?"
    r"(?:write|create|save|store|put|place|produce|generate|output|add|build|export|dump)\b"
    r"(?!\s*(?:\*\*)?\s*:|\s+(?:directory|folder|format|location|path)\b)",
    re.IGNORECASE,
)
_RUNTIME = re.compile(
    r"\b(?:the|your|this) (?:script|program|tool|code|cli|command|application|app|server|service|function|binary|solution)\b[^.]*\b(?:should|must|will|shall|to)?\s*(?:writes?|creates?|saves?|produces?|generates?|outputs?|stores?|read)\b|\bthat (?:writes|creates|saves|produces|generates|outputs|reads)\b|\bwhich (?:writes|creates|saves|reads)\b|\bfrom\s+`?/|\breads?\b",
    re.IGNORECASE,
)
_ROUTES = re.compile(r"\b(?:endpoints?|routes?|GET|POST|PUT|PATCH|DELETE|URLs?|URIs?|https?|HTTP)\b")
_GIVEN = re.compile(
    r"\b(?:in|inside|within|from|of|using|with|per|by|via|against|provided|existing|given)\s+(?:(?:the|all|every|each|its|entire|whole|complete|full|original|existing|current|given|provided|source|input|contents? of)\s+)*(?:file\s+|folder\s+|directory\s+)?[`'\"]?$",
    re.IGNORECASE,
)
"""Before a path that is there already, or that something else is within."""
_REMOVES = re.compile(
    r"\b(?:delet|remov|eras|shred|wip|purg|uninstall|decommission)(?:e|ed|es|ing|s)?\b|\bclean(?:ed|s|ing)? up\b|\b(?:must|should) not (?:exist|remain|be (?:there|left|present))\b|\bno longer (?:exists?|be)\b",
    re.IGNORECASE,
)
_THERE = re.compile(r"\b(?:but|currently|configured to|supposed to)\b", re.IGNORECASE)
"""In a sentence about what is, not about what is to be."""
_PROGRAM = re.compile(
    r"\b(?:script|program|tool|code|cli|command|application|app|server|service|function|binary|solution|it)\b.*"
    r"\b(?:that|which|should|must|will|shall|needs? to|has to)\b\s*(?:[\w-]+\s+){0,3}:?\s*$",
    re.IGNORECASE,
)
"""Of a sentence whose items say what a program does when it runs."""
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_KEYS = re.compile(r"\b(?:keys?|fields?|properties|attributes)\b", re.IGNORECASE)
_COLUMNS = re.compile(
    r"\b(?:columns?|headers?)\b(?:\s+(?:row|line|names?|order))?[^`\w]{0,3}(?:\s*(?:are|is|must be|should be|of|named|in (?:this|the following|that) order|exactly|row|line|must read|:|—|-))*\s*:?\s*",
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"\bexactly (?:these|the following|the)?\s*(?:[\w-]+ )?(?:top-level )?(?:keys|fields)\b|\bno (?:other|extra|additional) (?:keys|fields)\b|\bonly (?:these|the following) (?:keys|fields)\b",
    re.IGNORECASE,
)
_MODE = re.compile(
    r"\b(?:mode|permissions?|chmod)(?:\s+(?:of|to|are|is|be|set|must|should|exactly))*\s*:?\s*`?(0?[0-7]{3})\b`?|`(0?[0-7]{3})`\s+(?:permissions?|mode)",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"\bmust\s+not\s+(?:contain|include|mention)\s+(?:the\s+(?:word|text|string|line)\s+|any\s+)?`([^`]+)`",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(?:containing|contains|that says)\s+(?:only\s+|exactly\s+)?(?:the\s+)?(?:single\s+)?(?:text|words?|lines?|string)\s+[`\"“]([^`\"“”\n]+)[`\"”]"
    r"|\bwith\s+[`\"“]([^`\"“”\n]+)[`\"”]\s+as\s+(?:the|its)\s+contents?\b",
    re.IGNORECASE,
)
_LISTENS = re.compile(
    r"\b(?:listen(?:s|ing)?|run(?:s|ning)?|serv(?:e|es|ing)|available|reachable|accessible)\b[^.`]{0,40}\bport\s+`?(\d{2,5})\b",
    re.IGNORECASE,
)
_RESPONDS = re.compile(
    r"`(?:GET\s+|curl\s+(?:-\w+\s+)*)?(https?://(?:localhost|127\.0\.0\.1)(?::\d+)?[^\s`]*)`[^.`]*?\b(?:returns?|responds?(?: with)?|answers?(?: with)?|yields?)\b[^.`]{0,30}`?\b([2345]\d\d)\b",
    re.IGNORECASE,
)
_SORTED = re.compile(
    r"\b(?:lines?|one (?:\w+ )?per line)\b[^.]*\bsorted (?:alphabetically|lexicographically|in (?:alphabetical|lexicographic\w*|ascending) order)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"<[^>]*>|\.\.\.|…|^\s*$|^(?:string|str|int|integer|float|number|bool|boolean|object|array|list|null|any)$|\|",
    re.IGNORECASE,
)
_FORMS = {"json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "yaml": "yaml", "yml": "yaml", "toml": "toml"}


def claims(instruction: str) -> list[StatedClaim]:
    """In the order of the instruction, each once."""
    found = list(requirements(instruction))
    made: list[StatedClaim] = []
    within = _programs(instruction)
    for one in found:
        made += _of_sentence(one, within=one.line in within)
    made += _of_lists(found)
    made += _of_examples(instruction, found)
    made += command_claims(instruction, found)
    gone = {path for one in found if _REMOVES.search(one.text) for path in paths(one.text)}
    made = [one for one in made if not (isinstance(one.check, Exists) and one.check.path in gone)]
    made.sort(key=lambda one: one.line)
    unique: dict[object, StatedClaim] = {}
    for each in made:
        before = unique.get(each.check)
        if before is None or (each.plain and not before.plain):
            unique[each.check] = each
    return list(unique.values())[:MOST]


def paths(text: str) -> list[str]:
    """Absolute paths, each once."""
    found = dict.fromkeys(match[1].rstrip(".") for match in _PATH.finditer(text))
    return [
        path
        for path in found
        if not re.fullmatch(
            r"/(?:app|tmp|root|home|usr|etc|var|opt|dev(?:/\w+)?|proc|bin|data|tests?|logs?|workspace)", path
        )
    ]


# --- a sentence


def _programs(instruction: str) -> frozenset[int]:
    """The lines of lists that say what a program does."""
    within: set[int] = set()
    program = False
    for number, line in enumerate(instruction.splitlines(), 1):
        if _BULLET.match(line):
            within |= {number} if program else set()
        elif line.strip() and not line[0].isspace():
            program = _PROGRAM.search(line) is not None
    return frozenset(within)


def _of_sentence(one: Requirement, within: bool) -> Iterator[StatedClaim]:
    """`within` a list of what a program does: nothing of it is there before that runs."""
    text = one.text
    named = [] if tells(text) else paths(text)
    if _ROUTES.search(text):
        named = [path for path in named if "." in path.rpartition("/")[2]]
    hedged = within or _HEDGED.search(text) is not None
    if named and _MAKES.search(text):
        given = [path for path in named if _GIVEN.search(text[: text.index(path)])]
        plain = not hedged and not _RUNTIME.search(text) and len(named) == 1 and not given
        for path in named:
            if not path.startswith(("/tests", "/solution", "/oracle", "/logs")) and (
                plain or "." in path.rpartition("/")[2]
            ):
                yield _claim(one, Exists(path), plain)
                form = _FORMS.get(path.rpartition(".")[2].lower())
                if form and plain:
                    yield _claim(one, IsFormat(path, form))
    if len(named) == 1:
        yield from _of_one_path(one, named[0], hedged)
    for found in _LISTENS.finditer(text):
        yield _claim(one, ListensOn(int(found[1])), plain=not hedged and not _THERE.search(text))
    for found in _RESPONDS.finditer(text):
        yield _claim(one, Responds(found[1], int(found[2])), plain=not _PER.search(text))


def _of_one_path(one: Requirement, path: str, hedged: bool) -> Iterator[StatedClaim]:
    text = one.text
    if (found := _LACKS.search(text)) is not None:
        yield _claim(one, Lacks(path, found[1]), plain=not re.search(r"\b(?:if|when|unless|output)\b", text))
    if (found := _SAYS.search(text)) is not None and not re.search(r"[<{]|\.\.\.", found[1] or found[2]):
        yield _claim(one, Says(path, found[1] or found[2]), plain=not hedged and not _RUNTIME.search(text))
    if (found := _COUNT.search(text)) is not None and not _PER.search(text):
        number = int(found[1]) if found[1].isdigit() else _NUMBERS[found[1].lower()]
        yield _claim(one, HasCount(path, number, found[2].lower()), plain=not hedged)
    if (found := _MODE.search(text)) is not None:
        yield _claim(one, HasMode(path, int(found[1] or found[2], 8)), plain=not hedged)
    if _SORTED.search(text):
        yield _claim(one, IsSorted(path), plain=not hedged)
    suffix = path.rpartition(".")[2].lower()
    if suffix in ("csv", "tsv") and (columns := _columns(text)):
        yield _claim(one, HasColumns(path, columns), plain=not hedged and not _RUNTIME.search(text))
    if suffix == "json" and (keys := _keys_behind(path, text)):
        yield _claim(one, HasKeys(path, keys, only=_ONLY.search(text) is not None), plain=not hedged)


_BEHIND = re.compile(
    r"`?\s*[^`.;]{0,60}?\b(?:keys?|fields?|properties)\b[\s:(—-]*(?:(?:are|named|called)\b[\s:(]*)?", re.IGNORECASE
)


def _keys_behind(path: str, text: str) -> tuple[str, ...]:
    """`PATH with the keys a and b`: nothing else that is named stands between."""
    found = _BEHIND.match(text, text.index(path) + len(path))
    return tuple(name for name in _listed(text[found.end() :]) if "." not in name) if found else ()


def _columns(text: str) -> tuple[str, ...]:
    """Names after the word, in one span or in several, or with commas and without blanks."""
    found = _COLUMNS.search(text)
    if found is None:
        return ()
    rest = text[found.end() :]
    first = re.match(r"`([^`]+)`", rest)
    if first is None:
        bare = re.match(r"([A-Za-z_]\w*(?:,[A-Za-z_]\w*)+)(?![\w,])", rest)
        return tuple(bare[1].split(",")) if bare else ()
    if "," in first[1]:
        return tuple(name.strip() for name in first[1].split(","))
    return _listed(rest)


def _listed(text: str) -> tuple[str, ...]:
    """`a`, `b` and `c` at the beginning of a text."""
    found = re.match(r"(?:`[\w.-]+`(?:\s*\([^)]*\))?(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*)?)+", text)
    names = tuple(re.findall(r"`([\w.-]+)`", found[0])) if found else ()
    return names if len(names) > 1 else ()


def _claim(one: Requirement, check: Any, plain: bool = True) -> StatedClaim:
    return StatedClaim(one.text, one.line, check, plain)


# --- items below a sentence

_ITEM = re.compile(r"^(?:\*\*)?[`\"]([A-Za-z_][\w-]*)[`\"](?:\*\*)?\s*(?:\(([^)]*)\))?\s*(?:[:—–-]|is\b|are\b|$)")


def _of_lists(found: Sequence[Requirement]) -> Iterator[StatedClaim]:
    """`Write /app/x.json with these keys:` and an item for each."""
    for at, one in enumerate(found):
        named = paths(one.text)
        if not (one.leads and len(named) == 1 and named[0].endswith(".json") and _KEYS.search(one.text)):
            continue
        keys: list[str] = []
        kinds: list[str] = []
        for item in found[at + 1 :]:
            match = _ITEM.match(item.text)
            if match is None:
                break
            if re.search(r"\b(?:optional|only (?:if|when)|if (?:present|any|available))\b", item.text, re.IGNORECASE):
                continue
            keys.append(match[1])
            kinds.append(_kind_named(match[2] or ""))
        if len(keys) > 1:
            plain = not _HEDGED.search(one.text)
            yield _claim(one, HasKeys(named[0], tuple(keys), tuple(kinds), _ONLY.search(one.text) is not None), plain)


def _kind_named(text: str) -> str:
    low = text.strip().lower()
    for kind, words in (
        ("text", "string|str|text"),
        ("number", "int|integer|float|number"),
        ("truth", "bool|boolean"),
        ("list", "list|array"),
        ("object", "object|dict|map"),
    ):
        if re.fullmatch(rf"(?:an? )?(?:{words})", low):
            return kind
    return ""


# --- examples


def _of_examples(instruction: str, found: Sequence[Requirement]) -> Iterator[StatedClaim]:
    unsure = [one.text for one in found if _OPTIONAL.search(one.text)]
    for block in blocks(instruction):
        path = _path_of(block)
        if path is None:
            continue
        sentence = " ".join(block.before.split())[-400:]
        loose = _HEDGED.search(re.split(r"(?<=[.!?])\s", block.before.strip())[-1]) is not None
        if path.endswith(".json"):
            example = _example(block.text)
            keys, kinds = _keys_of(example, unsure)
            if keys:
                yield StatedClaim(sentence, block.line, HasKeys(path, keys, kinds), plain=not loose)
        elif path.endswith(".csv"):
            first = block.text.strip().split("\n", 1)[0]
            names = tuple(name.strip() for name in first.split(","))
            if len(names) > 1 and all(re.fullmatch(r"[A-Za-z_][\w .-]*", name) for name in names):
                yield StatedClaim(sentence, block.line, HasColumns(path, names), plain=not loose)


def _path_of(block: Block) -> str | None:
    """The file that the sentence above a block is about."""
    if block.language not in ("json", "jsonc", "json5", "", "csv", "text"):
        return None
    last = re.split(r"(?<=[.!?])\s", block.before.strip())[-1]
    named = [path for path in paths(last) if path.endswith((".json", ".csv"))]
    return named[0] if len(named) == 1 else None


def _example(text: str) -> Any:
    """JSON, also with comments, dots for what is left out, and commas at the end."""
    plain = re.sub(r"(?m)//[^\n\"]*$", "", text)
    plain = re.sub(r",?\s*(?:\.\.\.|…)\s*(?=[\]}])", "", plain)
    plain = re.sub(r",(\s*[\]}])", r"\1", plain)
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        return None


_OPTIONAL = re.compile(
    r"\boptional(?:ly)?\b|\bonly (?:if|when|for|present|included|set)\b|\bomit|\bif (?:any|present|available|there)\b|\bwhen\b|\bmay be\b"
    r"|\bleft out\b|\babsent\b|\bmissing\b|\bunless\b",
    re.IGNORECASE,
)


def _keys_of(example: Any, unsure: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without those that a sentence about what may be left out names."""
    found: dict[str, str] = {}
    _walk(example, "", found)
    sure = {
        key: kind
        for key, kind in found.items()
        if not any(re.search(rf"\b{re.escape(key.rpartition('.')[2])}\b", text) for text in unsure)
    }
    return tuple(sure), tuple(sure.values())


def _walk(value: Any, at: str, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            # A key with a dot, a blank or an angle is data, or stands for data.
            if not re.fullmatch(r"[A-Za-z_][\w-]*", key):
                continue
            here = f"{at}{key}"
            found[here] = _kind_of(inner)
            _walk(inner, f"{here}.", found)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        _walk(value[0], f"{at}[].", found)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "" if _PLACEHOLDER.search(value) else "text"
    return "list" if isinstance(value, list) else "object" if isinstance(value, dict) else ""
