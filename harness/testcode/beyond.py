"""What a tests' text may look at besides what the files hold: then two solutions that left the same files may still not
be the same to it. In doubt it does. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TIMES = re.compile(
    r"[acm]time(?!out)|st_birth|-[acB]?newer|\s-(?:nt|ot|[acm]min)\s|st_ino|last.?modified|"
    r"\bstat\b[^\n]*%[wWxXyYzZi]|(?<![.\w])stat\s+(?!-c|-f|--)[\w/$\"'~]|\bls\s+-\w*[ltuci]|\bdate\s+(?:-r|--ref)",
    re.IGNORECASE,
)
_ALL_FILES = re.compile(
    r"""\b(?:find|e?grep|rg|du|ls|tar|rsync|cp|tree)\b[^\n|;&]*\s["']?/["'*]?(?=\s|$|[)|;])|"""
    r"""["'](?:/\S*/)?(?:find|e?grep|rg|du|ls|tar|rsync|cp|tree)["'][^\]\n]*["']/["'*]|"""
    r"""(?:walk|scandir|listdir|Path|glob|join|chdir|Dir|readdir\w*|WalkDir)\W{1,3}["']/["'*]"""
)
_LOGS = re.compile(r"/logs(?!/(?:verifier|artifacts)\b)|oracle|\bagent\b|agent-logs", re.IGNORECASE)


_FETCHES = re.compile(
    r"(?<![\w.-])(?:apt-get|apt|apk|dnf|yum|pip[\d.]*|uvx?|conda|np[mx]|yarn|pnpm|cargo|gem|curl|wget|"
    r"git clone|go get|go install)\s"
)


def fetches(text: str) -> bool:
    """Whether a script calls what asks the network for something, as a rule."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return any(_FETCHES.search(line) for line in lines)


def reads_times(texts: Iterable[str]) -> bool:
    """When files were written."""
    return any(_TIMES.search(text) for text in texts)


def reads_solution(texts: Iterable[str], names: Iterable[str]) -> bool:
    """The solution's own files, by one of these names or among all files."""
    named = re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in names) or r"(?!)")
    return any(named.search(text) or _ALL_FILES.search(text) for text in texts)


def reads_logs(texts: Iterable[str]) -> bool:
    """What the solution printed."""
    return any(_LOGS.search(text) for text in texts)
