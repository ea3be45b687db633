"""The file of accepted findings and mutants: read, checked, and written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.findings.catalogue import FINDINGS
from harness.report.gate import Accepted, Gate
from harness.settings.catalogue import suggestion
from harness.settings.in_force import task_matches
from harness.task.documents import toml_line
from harness.task.files import absolute
from harness.untrusted import visible

TABLE = "accepted"
KEYS = ("task", "finding", "mutant", "reason")
HEAD = """\
# Findings and mutants that are known and accepted. Every entry needs a reason.
"""


def read_baseline(path: Path, *, reasons: bool = True) -> tuple[Accepted, ...]:
    """Raises UsageError, with the line, for an entry that is wrong. Without `reasons`, an entry may lack its reason."""
    try:
        text = path.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"The baseline {path} cannot be read: {error.strerror or error}.",
            hint="`foolsgold baseline RUN -o FILE` writes one.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    for key in data:
        if key != TABLE:
            raise _wrong(path, text, (key, 0), f"there is no `{key}`", f"Entries are [[{TABLE}]] tables.")
    entries = data.get(TABLE, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _wrong(path, text, (TABLE,), f"`{TABLE}` is no list of tables", f"Write [[{TABLE}]].")
    return tuple(_entry(path, text, entry, number, reasons) for number, entry in enumerate(entries))


def _entry(path: Path, text: str, entry: Mapping[str, Any], number: int, reasons: bool) -> Accepted:
    at = (TABLE, number)
    for key, value in entry.items():
        if key not in KEYS:
            raise _wrong(path, text, (*at, key), f"an entry has no `{key}`", suggestion(key, KEYS))
        if not isinstance(value, str):
            raise _wrong(path, text, (*at, key), f"`{key}` is no text", "Put it in quotes.")
    task, finding, mutant, reason = (entry.get(key, "").strip() for key in KEYS)
    if not task:
        raise _wrong(path, text, at, "an entry names no task", 'Write task = "name", or "folder/*" for several.')
    if not finding and not mutant:
        raise _wrong(path, text, at, "an entry names neither a finding nor a mutant", "Name one, or both.")
    if finding and finding not in FINDINGS:
        raise _wrong(path, text, (*at, "finding"), f"there is no finding `{finding}`", suggestion(finding, FINDINGS))
    if reasons and not reason:
        raise _wrong(path, text, (*at, "reason"), "an entry has no reason", "Say why it is accepted.")
    line = toml_line(text, at)
    return Accepted(task, finding, mutant, reason, f"{path}:{line}" if line else str(path))


def _wrong(path: Path, text: str, where: tuple[str | int, ...], message: str, hint: str) -> UsageError:
    line = toml_line(text, where)
    return UsageError(f"{path}{f':{line}' if line else ''}: {message}.", hint=hint)


def about(entries: Sequence[Accepted], name: str, path: Path, root: Path) -> list[Accepted]:
    """The entries that apply to this task; `root` is the baseline's folder."""
    return [entry for entry in entries if task_matches(entry.task, name, path, root)]


def baseline_text(report: Mapping[str, Any], found: Gate, target: Path, known: Sequence[Accepted] = ()) -> str:
    """TOML entries, reasons still empty, for all that keeps the run's tasks from passing; `known` are there already."""
    root = absolute(target).parent
    have = {(entry.finding, entry.mutant, entry.task) for entry in known}
    parts: list[str] = []
    for task, judgement in zip(report["tasks"], found.judgements, strict=False):
        path = Path(judgement.path)
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else judgement.task
        parts += [
            _toml(_literal(name), entry, _comment(task, entry))
            for entry in judgement.missing
            if not any((entry.finding, entry.mutant, spelled) in have for spelled in (_literal(name), judgement.task))
        ]
    return "\n".join(parts)


def _literal(name: str) -> str:
    """A pattern that matches only this name."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _comment(task: Mapping[str, Any], entry: Accepted) -> str:
    if entry.finding:
        return str(next(finding["title"] for finding in task["findings"] if entry.finds(finding)))
    mutant = next(mutant for mutant in task["mutants"] if mutant["id"] == entry.mutant)
    return f"{mutant['path']}:{mutant['line']}: {mutant['sentence']}"


def _quoted(text: str) -> str:
    """A JSON string is also a TOML string, as long as it has no escapes for characters beyond ASCII."""
    return json.dumps(text, ensure_ascii=False)


def _toml(task: str, entry: Accepted, comment: str) -> str:
    lines = [f"# {visible(comment)}", f"[[{TABLE}]]", f"task = {_quoted(task)}"]
    lines += [f"finding = {_quoted(entry.finding)}"] if entry.finding else []
    lines += [f"mutant = {_quoted(entry.mutant)}"] if entry.mutant else []
    return "\n".join([*lines, 'reason = ""', ""])
