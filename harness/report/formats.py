"""Every format of a report. Each is imported where it is asked for: a command's help needs their names alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.untrusted import visible

Report = dict[str, Any]
"""The report document, as report.json holds it."""
HTML = "html"
"""The one that is always a file."""


def _terminal(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.terminal import terminal

    return terminal(report), "\n"


def _markdown(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.markdown import markdown

    return (markdown(report),)


def _json(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.json_stream import report_json

    return report_json(report)


def _sarif(report: Report, root: Path) -> Iterable[str]:
    from harness.report.sarif import sarif

    return sarif(report, root)


def _junit(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.junit import junit

    return junit(report)


def _stryker(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.stryker import stryker

    return stryker(report)


def _csv(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.rows import mutants_csv

    return mutants_csv(report)


def _csv_tasks(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.rows import tasks_csv

    return tasks_csv(report)


def _csv_trials(report: Report, _root: Path) -> Iterable[str]:
    from harness.report.rows import trials_csv

    return trials_csv(report)


FORMATS: Mapping[str, Callable[[Report, Path], Iterable[str]]] = {
    "terminal": _terminal,
    "markdown": _markdown,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "stryker": _stryker,
    "csv": _csv,
    "csv-tasks": _csv_tasks,
    "csv-trials": _csv_trials,
}
"""Format -> what makes its text, piece by piece, of a report and the root that its paths are relative to."""


def write(report: Report, form: str, output: Path, root: Path) -> None:
    """Write a report in one of FORMATS or as HTML; whole or not at all."""
    try:
        if form == HTML:
            from harness.report.html import render

            render(report, output)
        else:
            write_whole(FORMATS[form](report, root), output)
    except OSError as error:
        raise unwritable(output, error) from error


ENOUGH = 1 << 16
"""Bytes that are written at once."""


def gathered(pieces: Iterable[str]) -> Iterator[bytes]:
    """Many small pieces as a few larger ones, in bytes."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece.encode("utf-8", "backslashreplace"))
        size += len(held[-1])
        if size >= ENOUGH:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def write_whole(pieces: Iterable[str], output: Path) -> int:
    """Whole or not at all; but what is no plain file, such as a pipe, stays what it is. Gives the bytes written."""
    if output.exists() and not output.is_file():
        return _fill(output, pieces)
    part = output.with_name(f".{output.name}.part")
    try:
        count = _fill(part, pieces)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return count


def _fill(path: Path, pieces: Iterable[str]) -> int:
    with path.open("wb") as file:
        return sum(file.write(data) for data in gathered(pieces))


def unwritable(output: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{visible(str(output))} cannot be written: {error.strerror or error}.", hint="Name another file with -o."
    )
