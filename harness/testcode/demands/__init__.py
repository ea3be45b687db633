"""Hidden requirements: demands of the tests that nothing states which the solver can read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import basename

from harness.testcode.demands.javascript import read_javascript
from harness.testcode.demands.model import (
    Demand,
    DemandKind,
    HiddenLead,
    HiddenReport,
    Reading,
    Renaming,
    Unread,
)
from harness.testcode.demands.python import read_python
from harness.testcode.demands.rename import rename
from harness.testcode.demands.shell import read_shell_tests
from harness.testcode.demands.told import Stated

__all__ = [
    "Demand",
    "DemandKind",
    "HiddenLead",
    "HiddenReport",
    "Reading",
    "Renaming",
    "Unread",
    "hidden_requirements",
    "read_tests",
]

LARGEST = 2_000_000
"""A larger test file is data and is not read."""
_READERS = {
    ".py": read_python,
    ".sh": read_shell_tests,
    ".bash": read_shell_tests,
    ".bats": read_shell_tests,
    ".js": read_javascript,
    ".mjs": read_javascript,
    ".cjs": read_javascript,
    ".ts": read_javascript,
}
_ORDER = list(DemandKind)


def read_tests(tests: Mapping[str, bytes]) -> tuple[list[Reading], list[Unread]]:
    """The demands of the Python, shell and JavaScript files among the tests, and the files that could not be read."""
    readings: list[Reading] = []
    unread: list[Unread] = []
    for name in sorted(tests):
        reader = _READERS.get(name[name.rfind(".") :].lower() if "." in basename(name) else "")
        data = tests[name]
        if reader is None:
            continue
        if len(data) > LARGEST:
            unread.append(Unread(name, f"larger than {LARGEST:,} bytes"))
            continue
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            unread.append(Unread(name, "not UTF-8"))
            continue
        read = reader(name, text)
        if isinstance(read, Unread):
            unread.append(read)
        else:
            readings.append(read)
    return readings, unread


def hidden_requirements(
    tests: Mapping[str, bytes], instruction: str, environment: Mapping[str, bytes], solution: Mapping[str, bytes]
) -> HiddenReport:
    """`tests`, `environment` and `solution`: path -> content. A demand becomes a lead only if the reference contains
    the same word. Otherwise the environment meets the demand, or the value is the result of a computation."""
    readings, unread = read_tests(tests)
    stated = Stated(instruction, environment)
    given = frozenset(word for reading in readings for word in reading.given)
    answers = _Answers(solution)
    distinct = _distinct(demand for reading in readings for demand in reading.demands)
    leads: list[HiddenLead] = []
    known = elsewhere = 0
    for demand in distinct:
        if stated.has(demand, given):
            known += 1
        elif not answers.has(demand):
            elsewhere += 1
        else:
            leads.append(HiddenLead(demand, stated.searched(demand), rename(demand, solution)))
    leads.sort(key=lambda lead: (_ORDER.index(lead.demand.kind), lead.demand.file, lead.demand.line))
    return HiddenReport(tuple(leads), len(distinct), known, elsewhere, tuple(unread))


def _distinct(demands: Iterable[Demand]) -> list[Demand]:
    found: dict[tuple[DemandKind, str], Demand] = {}
    for demand in demands:
        kind = DemandKind.PATH if demand.kind is DemandKind.FILE_NAME else demand.kind
        name = basename(demand.text.rstrip("/")) if kind is DemandKind.PATH else demand.text
        found.setdefault((kind, name), demand)
    return list(found.values())


class _Answers:
    """The texts of the reference, in which demands are searched for."""

    def __init__(self, solution: Mapping[str, bytes]) -> None:
        texts = [data.decode("utf-8", "replace") for data in solution.values() if b"\0" not in data[:4096]]
        self._text = "\n".join((*solution, *texts))
        self._tokens = frozenset(re.findall(r"\w+", self._text))

    def has(self, demand: Demand) -> bool:
        match demand.kind:
            case DemandKind.PATH | DemandKind.FILE_NAME:
                return self._names(basename(demand.text.rstrip("/")))
            case DemandKind.COMMAND:
                return re.search(rf"/{re.escape(demand.text)}(?![\w.-])", self._text) is not None
            case DemandKind.NUMBER:
                return True  # a solution meets a threshold without containing it
            case DemandKind.NAME:
                # Only names of a module that the solution writes; other modules belong to the environment.
                module, _, last = demand.text.rpartition(".")
                made = re.escape((module or last).split(".")[-1])
                return re.search(rf"(?<![\w-]){made}(?:\.py\b|/)", self._text) is not None and self._names(last)
            case DemandKind.MESSAGE:
                return demand.text.lower() in self._text.lower()
            case DemandKind.URL:
                last = demand.text.rstrip("/").rsplit("/", 1)[-1]
                return self._names(last)
            case _:
                return self._names(demand.text)

    def _names(self, text: str) -> bool:
        if not all(token in self._tokens for token in re.findall(r"\w+", text)):
            return False
        return re.search(rf"(?<![\w]){re.escape(text)}(?![\w])", self._text) is not None
