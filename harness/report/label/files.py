"""Labels on the disk: beside each task's folder or all in one file, and whether they still fit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.dataset.find import discover
from harness.dataset.model import AnyTask, Packed, looked_at
from harness.errors import UsageError
from harness.report.label.document import SCHEMA, columns, label_of
from harness.report.label.parts import changed, digests
from harness.report.label.signing import signature_problem
from harness.task.model import Task, Unusable
from harness.untrusted import visible

SUFFIX = ".foolsgold.json"
"""`my-task.foolsgold.json` is beside the folder `my-task`: in the folder it would change what it is about."""


def beside(task: Path) -> Path:
    return task.with_name(f"{task.name}{SUFFIX}")


def beside_file(file: Path) -> Path:
    """Where the labels of tasks lie that are packed into one file."""
    return file.with_name(f"{file.name}.foolsgold.jsonl")


def labels_of(report: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any] | str]]:
    """Each finished task's folder, or what names it in its file, and its label, or why it has none."""
    for entry in report["tasks"]:
        path = Path(entry["path"])
        if entry["digest"] is None:
            yield path, "it could not be read when it was audited"
            continue
        with _now(path) as task:
            if task is None:
                yield path, "there is no such task any more"
            elif task.digest != entry["digest"]:
                yield path, "it was changed since the audit"
            else:
                yield path, label_of(report, entry, digests(task))


@contextmanager
def _now(path: Path) -> Iterator[Task | None]:
    """The task that is there, for as long as it is looked at."""
    try:
        found = discover([path])
    except UsageError:
        found = []
    if len(found) != 1 or (isinstance(found[0], Task) and found[0].path != path.resolve()):
        yield None
        return
    with looked_at(found[0], Path(tempfile.gettempdir())) as task:
        yield task if isinstance(task, Task) else None


def written_beside(task: Path, label: Mapping[str, Any]) -> Path:
    target = beside(task)
    _write(target, json.dumps(label, indent=2, ensure_ascii=False) + "\n")
    return target


def write_jsonl(target: Path, labels: Iterable[Mapping[str, Any]]) -> None:
    _write(target, "".join(json.dumps(label, ensure_ascii=False) + "\n" for label in labels))


def write_parquet(target: Path, labels: Iterable[Mapping[str, Any]]) -> None:
    """A row for each label; the column `task` joins them with the rows that the tasks came from."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "Parquet needs the library pyarrow.", hint="Install it: pip install 'foolsgold[parquet]'."
        ) from error
    rows = [columns(label) for label in labels]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), target)


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a task's label is about what is there now."""

    task: str
    problem: str = ""
    """'' where it fits."""


def fits(paths: Iterable[Path], by: str | None) -> Iterator[Fit]:
    """Each task's, from the label beside it or from a .jsonl among the paths; `by` is whose signature it must have."""
    given = list(paths)
    collected = {label["task"]: label for path in given if path.suffix == ".jsonl" for label in _read_jsonl(path)}
    tasks = [path for path in given if path.suffix != ".jsonl"]
    kept = _Kept(collected)
    for each in discover(tasks) if tasks else ():
        label = kept.of(each)
        with looked_at(each, Path(tempfile.gettempdir())) as task:
            yield Fit(each.name, _problem(task, label, by))


class _Kept:
    """Finds each task's label."""

    def __init__(self, collected: Mapping[str, Mapping[str, Any]]) -> None:
        self._collected = collected
        self._files: dict[Path, dict[tuple[Any, Any], Mapping[str, Any]]] = {}

    def of(self, task: AnyTask) -> Mapping[str, Any] | None:
        if self._collected:
            return self._collected.get(task.name)
        if not isinstance(task, Packed):
            return read_label(beside(task.path))
        file, row = task.source.file, task.source.row
        if file not in self._files:
            path = beside_file(file)
            labels = _read_jsonl(path) if path.exists() else ()
            self._files = {file: {(each["source"]["member"], each["source"]["row"]): each for each in labels}}
        return self._files[file].get((None if row is not None else task.source.member, row))


def _problem(task: Task | Unusable, label: Mapping[str, Any] | None, by: str | None) -> str:
    if isinstance(task, Unusable):
        return "the task cannot be read any more"
    if label is None:
        return "it has no label"
    wrong = signature_problem(label, by)
    if wrong:
        return wrong
    parts = changed(label["digests"], digests(task))
    return f"{' and '.join(parts)} changed since it was labelled" if parts else ""


def read_label(path: Path) -> dict[str, Any] | None:
    """None where there is none."""
    try:
        return _checked(json.loads(path.read_bytes()), path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{visible(str(path))} is no label that can be read: {error}") from error


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            for line in file:
                yield _checked(json.loads(line), path)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{visible(str(path))} holds no labels that can be read: {error}") from error


def _checked(label: Any, path: Path) -> dict[str, Any]:
    if not isinstance(label, dict) or label.get("schema") != SCHEMA or not isinstance(label.get("digests"), dict):
        raise UsageError(f"{visible(str(path))} holds what is no {SCHEMA}.")
    return label
