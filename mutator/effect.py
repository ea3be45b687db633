"""What a mutant leaves without effect: which are the same fault said twice, and which leave nothing of the solution."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import basename

from mutator.model import Candidate, Edit, Source, SourceKind

_NOTHING = re.compile(r"(?:pass|:|;|\{\s*\}|return(?: None)?|exit 0|None|\s)*")
"""What stands where something was, and does nothing."""
_AROUND = " \t\r\n;{}"
_RUN_WITH = frozenset(
    {"python", "python3", "bash", "sh", "node", "ruby", "perl", "source", ".", "exec", "sudo", "nohup"}
)
_KEPT = 0.3
"""The share of a solution that must keep its effect, else any verifier that fails for nothing notices."""
_LARGE = 20
"""Characters of code that a solution must have before a share of it says anything."""


def stilled(text: str, candidate: Candidate) -> tuple[int, int] | None:
    """The part of `text` that no longer has any effect, where that is all the fault is."""
    if candidate.stills:
        start, end = candidate.stills
    elif len(candidate.edits) == 1 and _NOTHING.fullmatch(candidate.edits[0].new):
        start, end = candidate.edits[0].start, candidate.edits[0].end
    else:
        return None
    start, end = min(start, len(text)), min(end, len(text))
    while start < end and text[start] in _AROUND:
        start += 1
    while start < end and text[end - 1] in _AROUND:
        end -= 1
    return (start, end) if start < end else None


_CALLS = re.compile(r"\b(?!(?:if|for|while|switch|elif|catch|and|or|not|return|in)\b)([A-Za-z_]\w*)\s*\0")
_ARGUMENTS = re.compile(r"\([^()]*\)")
_KEEPS_A_VALUE = re.compile(r"(?<![=!<>])=(?!=)|\breturn\s+[\w(]|\byield\b")
_ELSE = re.compile(r"[\s;}]*(?:else|elif)\b")
_FEW_LINES = 2


def never_called(text: str, span: tuple[int, int] | None, hollow: str) -> str:
    """The one function that is called nowhere any more, or does nothing when it is, where that is all the effect.
    `hollow`: the one that does nothing."""
    if span is None:
        return ""
    gone = text[slice(*span)]
    if not hollow and _ELSE.match(text, span[1]):
        return ""
    called = {hollow} if hollow else set(_CALLS.findall(_without_arguments(gone)))
    if len(called) != 1 or (not hollow and (gone.count("\n") > _FEW_LINES or _KEEPS_A_VALUE.search(gone))):
        return ""
    (name,) = called
    if len(re.findall(rf"\b{re.escape(name)}\s*\(", text)) != _DEFINED_AND_CALLED:
        return ""
    return name if hollow or re.search(_DEFINES.replace("NAME", re.escape(name)), text, re.MULTILINE) else ""


def _without_arguments(code: str) -> str:
    """A sign stands for each pair of brackets: what is called within them only gives a value."""
    while (found := _ARGUMENTS.sub("\0", code)) != code:
        code = found
    return code


_DEFINED_AND_CALLED = 2
_DEFINES = (
    r"^[^\n=]*\b(?:def|func|fun|fn|function|sub)\b[^\n=]*\bNAME\s*\("
    r"|^\s*(?:[\w:<>*&\[\]]+\s+)+[*&]?NAME\s*\([^;\n]*\)[^;\n]*\{"
)
_ASIDE = re.compile(
    r"len\((?:sys\.argv|os\.Args|args|argv)\)|len\((?:parts|fields|tokens|words)\) *(?:[!<]=?|==) *\d"
    r"|\bargc\b|\bargv\.length\b|\$#|(?:['\"(\s])[Uu]sage:"
    r"|\btime\.(?:time|perf_counter|monotonic)\(|\bperf_counter\("
    r"|\b(?:if|=)\s*(?:not )?(?:self\.|args\.)?(?:verbose|debug|quiet)\b"
)
"""How many arguments there are, how long it took, how much is told."""
_TRIES_ITSELF = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test\.\w+|[^/]*\.(?:test|spec)\.\w+)$")
_FEW = 4
"""Lines: what changes more is no aside."""


def aside(source: Source, before: str, after: str) -> bool:
    """Whether a change is about what few would miss: usage, timing, how much is told, a solution's own tests."""
    if _TRIES_ITSELF.search(source.target or source.file):
        return True
    if before.count("\n") > _FEW:
        return False
    kept = set(after.split("\n"))
    return _ASIDE.search("\n".join(line for line in before.split("\n") if line not in kept)) is not None


_REFUSES = re.compile(
    r"\s*(?:(?:\}?\s*else )?(?:el)?if\b[^\n]*[:{]?\s*)?"
    r"(?:raise\b|throw\b|panic!?\(|bail!\(|die\b|fatal|return [^\n]*\b(?:Err|Errorf|errors\.New|Error)\()"
)


def refuses(source: Source, edits: Sequence[Edit], before: str) -> bool:
    """Whether what changes is an error that is raised, or the one condition on which it is."""
    start = source.text.rfind("\n", 0, edits[0].start) + 1
    return before.count("\n") < _FEW and _REFUSES.match(source.text, start) is not None


class Bulk:
    """How much of a whole solution a mutant leaves without effect."""

    def __init__(self, sources: Sequence[Source]) -> None:
        tops = [source for source in sources if source.kind in (SourceKind.SCRIPT, SourceKind.SIBLING)]
        self._all = sum(_code(source.text) for source in tops or sources)
        self._scripts = "\n".join(source.text for source in sources if source.kind is SourceKind.SCRIPT)
        self._runs: dict[str, int] = {}
        self._programs = {
            basename(source.target or source.file): _code(source.text)
            for source in sources
            if (source.target and source.kind in (SourceKind.HEREDOC, SourceKind.SIBLING, SourceKind.PRINTED))
            or source.kind is SourceKind.PATCH
        }

    def ruined(self, source: Source, span: tuple[int, int] | None, edits: Sequence[Edit]) -> bool:
        """Whether next to nothing of the solution still has an effect."""
        if self._all < _LARGE:
            return False
        gone = [span] if span else [(edit.start, edit.end) for edit in edits]
        size = sum(_code(source.text[start:end]) for start, end in gone)
        if source.language == "shell" and span:
            size += self._not_run(source.text[slice(*span)])
        return size > (1.0 - _KEPT) * self._all

    def _not_run(self, command: str) -> int:
        """The size of the programs that were run by this command and by nothing else."""
        if len(command) > 300 or _MADE_RUNNABLE.match(command):
            return 0
        names = {basename(word.strip("'\"")) for word in command.replace("./", " ").split()} & self._programs.keys()
        return sum(self._programs[name] for name in sorted(names - _RUN_WITH) if self._runs_of(name) <= 1)

    def _runs_of(self, name: str) -> int:
        """In how many lines of the scripts a program is run."""
        if name not in self._runs:
            run = re.compile(rf"^[^#\n]*(?:^|[\s/&;(]){re.escape(name)}\b(?!.*<<)", re.MULTILINE)
            lines = run.findall(self._scripts)
            self._runs[name] = sum(not re.search(r">|\b(?:chmod|cat|cp)\b", line) for line in lines)
        return self._runs[name]


_MADE_RUNNABLE = re.compile(r"(?:sudo )?chmod\b")
"""Who starts a program with its interpreter does without."""


def _code(text: str) -> int:
    """Characters of lines that do something: neither comments nor a script's preparations and messages."""
    return sum(len(line.strip()) for line in text.splitlines() if not _IDLE.match(line))


_IDLE = re.compile(
    r"\s*(?:#|//|echo [^>]*$"
    r"|(?:sudo )?(?:apt|apt-get|pip3?|uv|curl|source|set|cd|export|chmod|mkdir|ls)\b(?! run)[^>]*$)"
)
