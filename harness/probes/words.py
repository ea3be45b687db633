"""Tests that only read a program's text: its words are kept, as a comment or a text that nobody uses, and all that they
did is gone. Whoever pays that has never run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location
from harness.mutants import StepMutants
from harness.probes.model import Attempt, Attempted, Probe
from harness.task.model import Task
from harness.task.texts import verifier_texts
from harness.trial.plan import Replacement
from mutator.model import Edit, Source, SourceKind, Unwritable, apply_bytes, short_id

_KINDS = frozenset({SourceKind.HEREDOC, SourceKind.SIBLING, SourceKind.PRINTED})
_BLOCKS = frozenset("javascript typescript java c cpp go rust kotlin php csharp sql css".split())
"""Languages with `/* ... */`."""
_LINES = frozenset("nginx yaml toml ini env dockerfile make systemd cron ruby perl r".split())
"""Languages in which `#` makes a comment of a line."""
_END = "FOOLSGOLD_WORDS"
_READS = re.compile(r"\bread_text\b|\.read(?:lines)?\(|\bopen\(|\bgrep\b|\bcat\b|readFile")


def attempts(task: Task, step: StepMutants) -> Iterator[Attempt]:
    """Of programs that the tests name and whose text they may read."""
    reading = [text for text in verifier_texts(task, step.step).values() if _READS.search(text)]
    for source in step.sources:
        name = basename(source.target)
        if source.kind not in _KINDS or not name or source.target.startswith(("/solution/", "/oracle/", "/tests/")):
            continue
        said = words_only(source.text, source.language)
        if said is None or not any(_named(text, name) for text in reading):
            continue
        files = _written(source, said, step.files)
        if files is not None:
            yield Attempt(
                Probe.WORDS,
                short_id(source.id, said),
                f"{Probe.WORDS}.{source.language}",
                f"{source.target} says all that it said, where nothing of it is run",
                step.step.name,
                because="none of it does anything",
                path=source.target,
                replacement=Replacement(files, step.step.name if len(task.steps) > 1 else None),
            )


def words_only(text: str, language: str) -> str | None:
    """The same text, line for line, without any effect; None where there is no way to write that."""
    if not text.strip():
        return None
    ending = "" if text.endswith("\n") else "\n"
    if language == "python":
        quotes = next((each for each in ("'''", '"""') if each not in text and not text.rstrip().endswith(each[0])), "")
        return f"r{quotes}\n{text}{ending}{quotes}\n" if quotes else None
    if language == "shell":
        first, rest = text.split("\n", 1) if text.startswith("#!") and "\n" in text else ("", text)
        head = f"{first}\n" if first else ""
        return None if _END in text else f"{head}: <<'{_END}'\n{rest}{ending}{_END}\n"
    if language in _BLOCKS:
        return None if "*/" in text else f"/*\n{text}{ending}*/\n"
    if language in _LINES:
        return "".join(f"# {line}" for line in text.splitlines(keepends=True))
    return None


def _written(source: Source, said: str, files: Mapping[str, bytes]) -> dict[str, bytes] | None:
    try:
        edits = source.rewrite((Edit(0, len(source.text), said),))
    except Unwritable:
        return None
    return {source.file: apply_bytes(files[source.file], edits)}


def _named(tests: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", tests) is not None


def findings(task: Task, attempted: Sequence[Attempted]) -> Iterator[Finding]:
    for one in attempted:
        if one.attempt.probe is Probe.WORDS and one.paid:
            path = one.attempt.path
            yield finding(
                "source-read-not-run",
                f"The tests read the text of {path} and never see it work",
                (f"paid in full, twice: {one.attempt.sentence} ({one.attempt.label})",),
                _place(task, basename(path)),
            )


def _place(task: Task, name: str) -> Location | None:
    """Where the tests first name it."""
    for step in task.steps:
        for file, text in verifier_texts(task, step).items():
            for number, line in enumerate(text.splitlines(), 1):
                if _named(line, name):
                    return Location(file, number)
    return None
