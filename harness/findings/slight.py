"""Which paid variants accuse no sentence of the instruction by themselves: right results may come of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mutator.relevance import Requirement

_OPTION_OF_LIMIT = re.compile(r"(?:loses `|tightened: |loosened: )(\w+)=")
_COUNTS_ARGUMENTS = re.compile(
    r"\blen\(\s*(?:sys\.|os\.)?(?:argv|args)\b|\bargc\b|\$#|\b(?:argv|args)\.(?:length|len|size)\b|\bNArg\(\)",
    re.IGNORECASE,
)
_OF_ARGUMENTS = re.compile(
    r"\barguments?\b|\busage\b|\bexit(?:s|ing)?\b|\bwithout\b|\bmissing\b|\bomitted\b", re.IGNORECASE
)
_CHECKS_BOUNDS = re.compile(
    r"^\s*(?:if|while|\}?\s*else if|elif)\b.*(?:[<>]=?\s*(?:len\(|\w+\.(?:len|size|length)\b)|\blen\([^()]*\)\s*[<>]=?)"
)
_GIVES_UP = re.compile(
    r"^\s*(?:break|continue|raise\b.*|return(?:\s+(?:None|null|nil|false|False|-1))?|(?:sys\.)?exit\b.*)\s*;?\s*$"
)
_DROPS_CHECK = ("guard-disarmed", "drop-guard")


def slight(
    operator: str, sentence: str, diff: str, requirement: Requirement | None, evidence: Sequence[str], *, same: bool
) -> bool:
    """Whether it changes no more than a number, which may stay within what is asked, or drops a check of what is given,
    where the requirement says nothing of refusing, or an entry that nothing ever gives (`same`), or changes an option
    of a limit that the requirement does not name; or where only a record that the requirement shows ties the two."""
    kind, text = operator.rpartition(".")[2], requirement.text if requirement is not None else ""
    if requirement is not None:
        option = _OPTION_OF_LIMIT.search(sentence) if operator.startswith("nginx.") else None
        if option is not None:
            return option[1] not in text
        if only_shown(text, evidence, diff):
            return True
    if kind == "drop-entry" and same:
        return True
    if kind in ("arithmetic", "number") or "mode" in kind.split("-"):
        return True
    if _COUNTS_ARGUMENTS.search(_gone(diff)) and not _OF_ARGUMENTS.search(text):
        return True
    checks = (kind in _DROPS_CHECK and not operator.startswith("nginx.")) or (kind == "branch-never" and _bounds(diff))
    return checks and not (requirement is not None and "~refusal" in requirement.tokens)


_REFUSES = re.compile(
    r"^\s*(?:\w+\.)*(?:fail|die|fatal\w*|exit|abort|panic|throw|raise|usage|e?println?!?|f?printf|F?[Pp]rint\w*|error|cerr)\b"
    r"|^\s*(?:std::cerr|return\s+(?:-?[1-9]\d*|\w*[eE]rr\w*\b.*|nil, .*|None|null|false|False)\s*;?$)",
)
_CLOSES = re.compile(r"^\s*[})\]]*;?\s*$")


def only_refuses(operator: str, diff: str, requirement: Requirement | None) -> bool:
    """Whether a branch goes that does nothing but refuse, and the sentence says nothing of refusing: without it what
    stands behind it may refuse as well."""
    if operator.rpartition(".")[2] != "never" or (requirement is not None and "~refusal" in requirement.tokens):
        return False
    first, *body = [line for line in _gone(diff).splitlines() if line.strip()] or [""]
    inside = [line for line in body if not _CLOSES.match(line)]
    return first.lstrip("} \t").startswith("if") and bool(inside) and all(map(_REFUSES.match, inside))


_USAGE = re.compile(r"""(["'])[^"'\n]*\busage\b[^"'\n]*\1""", re.IGNORECASE)


def own_options(evidence: Sequence[str], changed: str) -> tuple[str, ...]:
    """Without the options that only stand around what is changed, or in a message there on how to call the program."""
    plain = _USAGE.sub("", changed).replace("-", "_")
    return tuple(token for token in evidence if token[0] != "-" or _stands(token.lstrip("-").replace("-", "_"), plain))


def _stands(name: str, plain: str) -> bool:
    """As a word of its own, or the first of a name: `out` stands in `outPath` and not in `without`."""
    return re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![a-z])", plain) is not None


def _bounds(diff: str) -> bool:
    """Whether the one branch that is gone only gives up where there is no more to be read."""
    lines = _lines(diff)
    at = [number for number, line in enumerate(lines) if line.startswith("-")]
    if len(at) != 1 or not _CHECKS_BOUNDS.search(lines[at[0]][1:]):
        return False
    after = [line[1:] for line in lines[at[0] + 1 :] if line.startswith(" ")]
    return bool(after) and _GIVES_UP.search(after[0]) is not None


def _lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))]


def _gone(diff: str, sign: str = "-") -> str:
    return "\n".join(line[1:] for line in _lines(diff) if line.startswith(sign))


_KEY = r"""(["'])KEY\1\s*(?::|=>|\]\s*=(?!=))"""
"""A key where a record is written: not where one is read, as in `row["name"]`."""
_FORM = frozenset("format form formatted structure schema shape json array object list record output file".split())
_RECORD = re.compile(r"""\{[^{}\n]*["'][\w -]+["']\s*:[^{}\n]*\}""")


def only_shown(text: str, evidence: Sequence[str], diff: str) -> bool:
    """Whether a sentence shares with a variant only words of a record that it shows, and the variant writes every key
    of that as before: what is filtered, sorted or computed is no matter of the form."""
    records = " ".join(_RECORD.findall(text))
    prose = set(re.findall(r"\w+", _RECORD.sub(" ", text).lower())) - _FORM
    if not records or any(word in prose for token in evidence for word in re.findall(r"\w+", token.lower())):
        return False
    gone, new = _gone(diff), _gone(diff, "+")
    keys = re.findall(r"""["']([\w -]+)["']\s*:""", records)
    return all(_written(key, gone) <= _written(key, new) for key in keys)


def _written(key: str, text: str) -> int:
    return len(re.findall(_KEY.replace("KEY", re.escape(key)), text))
