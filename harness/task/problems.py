"""Collects the problems of one task while it is read."""

from __future__ import annotations

from pathlib import Path

from harness.task.model import Problem, ProblemSeverity
from harness.untrusted import shown


class Problems:
    """The problems found so far, each once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def error(self, code: str, message: str, file: Path, line: int | None = None) -> None:
        self._add(code, ProblemSeverity.ERROR, message, file, line)

    def warning(self, code: str, message: str, file: Path, line: int | None = None) -> None:
        self._add(code, ProblemSeverity.WARNING, message, file, line)

    @property
    def fatal(self) -> bool:
        return any(problem.severity is ProblemSeverity.ERROR for problem in self.found)

    def _add(self, code: str, severity: ProblemSeverity, message: str, file: Path, line: int | None) -> None:
        problem = Problem(code, severity, shown(message, keep="\n"), file, line)
        if problem not in self.found:
            self.found.append(problem)
