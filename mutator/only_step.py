"""Steps that are the only ones of their kind: without them nothing is there at all, or the tests do the same."""

from __future__ import annotations

import re
from collections.abc import Callable

from mutator.blunt import Change
from mutator.model import FaultClass, SourceKind

_RUNS = re.compile(
    r"^\s*(?:if [^\n]*\n\s*)?(?:\w+=\S+ )*(?:timeout \S+ )?"
    r"(?:(?:python3?|node|bash|sh|ruby|perl|php|Rscript|java) (?!-m (?:pip|venv|http|grpc)|- |-$|-\s*<<)\S"
    r"|go run|cargo run|dotnet run|\./\S|/(?:app|root|home|workspace|opt|srv|tmp)/\S)[^\n]*(?<!&)$",
    re.MULTILINE,
)


def _only_run(change: Change) -> bool:
    """The one run of a program: where its output is asked for nothing is there, and where the program is, the tests
    run it themselves."""
    if change.source.kind is not SourceKind.SCRIPT or change.fault is not FaultClass.DROPPED_STEP or not change.shell:
        return False
    start, end = change.edits[0].start, change.edits[-1].end
    step = change.source.text[start:end].lstrip(";&| \n")
    if step.count("\n") > _FEW_LINES or "<<" in step or not _RUNS.match(step):
        return False
    if _BUILDS.match(step):
        return True
    return len(_RUNS.findall(_HERE.sub("", change.source.text))) <= max(len(_RUNS.findall(step)), 1)


_FEW_LINES = 4
_BUILDS = re.compile(r"^\s*(?:bash|sh|\.) \S*\b(?:build|compile|run|test)\w*(?:\.sh)?\s*$")
_HERE = re.compile(r"<<-?\s*[\\\"']?(\w+)[\"']?[^\n]*\n.*?^\s*\1$", re.MULTILINE | re.DOTALL)
_RUNS_ITSELF = re.compile(r"\bexec\(open\(|\brunpy\.|\bexec\(compile\(")


def _how_it_is_run(change: Change) -> bool:
    """An option of the solution's own run of a program: it ends with an error, or the tests run it themselves."""
    if change.operator.id != "shell.drop-flag" or change.source.kind is not SourceKind.SCRIPT:
        return False
    return _RUNS.match(change.gone.split("\n", 1)[0].removesuffix("\\").rstrip()) is not None


def _run_within(change: Change) -> bool:
    """A program that runs another one whole, and does not."""
    return change.operator.id.endswith("call-dropped") and _RUNS_ITSELF.search(change.gone) is not None


_PROGRAM = re.compile(
    r"^\s*(?:sudo )?(?:cat|tee)\b[^\n]*?([\w-]+)\.(?:py|go|rs|js|ts|mjs|c|cc|cpp|java|kt|cs|rb|php)\b[^\n]*<<"
    r"|^\s*(?:sudo )?cat <<[^\n]*>\s*\S*?([\w-]+)\.(?:py|go|rs|js|ts|mjs|c|cc|cpp|java|kt|cs|rb|php)\b",
    re.MULTILINE,
)

_SCRIPT = re.compile(r"^\s*(?:sudo )?cat (?:>\s*[^\s<]+ <<|<<)[^\n]*\n#!", re.MULTILINE)
"""A program that says itself what runs it."""


def _no_program(change: Change) -> bool:
    """The one program that a script writes, or one that another is made of: nothing runs."""
    if change.source.kind is not SourceKind.SCRIPT or change.fault is not FaultClass.DROPPED_STEP or not change.shell:
        return False
    text = change.source.text
    start, end = change.edits[0].start, change.edits[-1].end
    step = text[start:end].lstrip(";&| \n")
    written = _PROGRAM.match(step)
    if written is None:
        return _SCRIPT.match(step) is not None and len(_SCRIPT.findall(text)) == 1 and not _PROGRAM.search(text)
    name = written[1] or written[2]
    return (
        len(_PROGRAM.findall(text)) == 1 or re.search(rf"\b{re.escape(name)}\b", text[:start] + text[end:]) is not None
    )


_NAMED = re.compile(r"^\s*(?:local |export |readonly |declare )?[A-Za-z_]\w*=(?!\s*$)(?!\"?\$\()[^\n;&|]*$")


def _no_name(change: Change) -> bool:
    """A name for a path or a text that is not set: all that uses it goes wrong."""
    return change.shell and change.fault is FaultClass.DROPPED_STEP and _NAMED.match(change.gone) is not None


_TAKES_IN = re.compile(
    r"\bopen\(|\.read(?:_text|_bytes|lines?|all)?\(|stdin\b|\bos\.(?:Open|ReadFile)\b|\bfopen\(|readFile"
)


def _nothing_in(change: Change) -> bool:
    """A function that reads what all the others work on."""
    if change.fault is not FaultClass.HOLLOW_FUNCTION or change.shell:
        return False
    start, end = change.candidate.stills or (change.edits[0].start, change.edits[-1].end)
    body = change.source.text[start:end]
    return _TAKES_IN.search(body) is not None and _KEEPS.search(body) is None


_KEEPS = re.compile(r"\.dump\(|\.savefig\(|\.save\(|\.to_\w+\([\w\"'/]|write_text\(|write_bytes\(|[\"'][wa]b?[\"']\)")

_ASSERTS = re.compile(r"^\s*assert\b", re.MULTILINE)
_LEAVES = re.compile(r"\bsubprocess\b|\bos\.system|\bshutil\.|\.(?:rename|replace|unlink|chmod|commit|execute)\(")


def _checks_itself(change: Change) -> bool:
    """A piece of a script that only looks whether the solution works."""
    if change.source.kind not in (SourceKind.HEREDOC, SourceKind.INLINE) or change.source.target:
        return False
    text = change.source.text
    return (
        change.source.language == "python"
        and bool(_ASSERTS.search(text))
        and not (_KEEPS.search(text) or _LEAVES.search(text))
    )


RULES: tuple[Callable[[Change], bool], ...] = (
    _only_run,
    _run_within,
    _no_program,
    _no_name,
    _nothing_in,
    _checks_itself,
    _how_it_is_run,
)
