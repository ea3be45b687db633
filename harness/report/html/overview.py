"""The dataset page: numbers over all tasks, and a row for each task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from harness.judging.strength import Verdict, wilson
from harness.report.first import First, FirstSoFar, TaskInBrief, standing, why_dropped
from harness.report.html.pack import clean_text
from harness.report.words import added_up, chosen, counts, source_rows, strata_rows, weakness
from harness.untrusted import clip

BINS = 10
SHOWN = 300
"""The most characters of a sentence at the top of the page."""
SEARCHED = 1500
"""The most characters of a task's sentences that the text filter searches."""

VERDICTS = {
    Verdict.UNSOUND: "It pays for no work, or more than can be earned.",
    Verdict.WEAK: "Too much broken work is paid.",
    Verdict.BROKEN: "Its environment or its reference does not work.",
    Verdict.FLAKY: "The same work is paid in one run and not in another.",
    Verdict.UNMEASURED: "There are too few results for a verdict.",
    Verdict.ADEQUATE: "Its tests catch most broken work.",
    Verdict.STRONG: "Its tests catch broken work.",
}
"""The most urgent first."""


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a whole with its 95 % interval, and its start in a bar of all shares."""

    name: str
    meaning: str
    count: float
    """Not a whole number if partial pay counts by its gap."""
    of: int
    share: float | None
    low: float | None
    high: float | None
    start: float = 0.0

    @property
    def caught(self) -> str:
        return f"{self.count:,.0f}" if float(self.count).is_integer() else f"{self.count:,.1f}"


@dataclass(frozen=True, slots=True)
class Bin:
    low: int
    high: int
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class PageLink:
    name: str
    href: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class TestToWrite:
    says: str
    place: str
    paid: str
    more: int
    command: str
    task: PageLink
    """Its first paid variant on the task's page."""
    sure: bool


@dataclass(frozen=True, slots=True)
class Time:
    """What all trials of all tasks took for one thing."""

    name: str
    seconds: float
    share: float
    """Of the longest."""


@dataclass(frozen=True, slots=True)
class FirstView:
    """What to do first, ready to be shown."""

    weakest: PageLink
    why: str
    tests: tuple[TestToWrite, ...]
    drop: tuple[PageLink, ...]
    more_to_drop: int
    sound: tuple[PageLink, ...]
    more_sound: int


@dataclass(frozen=True, slots=True)
class Overview:
    run: str
    engine: str
    version: str
    seed: int
    seconds: float | None
    interrupted: bool
    unfinished: tuple[str, ...]
    tasks: int
    mutants: int
    counted: int
    detected: float
    paid: int
    strength: Part
    verdicts: tuple[Part, ...]
    """Only verdicts that occur."""
    chosen: str
    """How the tasks were chosen; '' where it is simply all of them."""
    dataset: tuple[Part, ...]
    strata: tuple[tuple[str, ...], ...]
    """The same for each stratum of a sample that has several."""
    sources: tuple[tuple[str, ...], ...]
    """Those that pay variants whose tests did not pass."""
    faults: tuple[Part, ...]
    """Weakest first."""
    bins: tuple[Bin, ...]
    added_up: str
    times: tuple[Time, ...]
    """Of all tasks, only what took any."""
    first: FirstView | None
    findings: tuple[tuple[str, int], ...]
    formats: tuple[str, ...]
    engines: tuple[str, ...]
    index: Mapping[str, Any]


def overview(report: Mapping[str, Any]) -> Overview:
    """Iterates over the tasks once, and keeps only each task's row and the numbers."""
    members: dict[str, list[str]] = {}
    for part in report["summary"]["dataset"]:
        for name in part["tasks"]:
            members.setdefault(name, []).append(part["row"])
    faults = _Faults()
    rows, first, spent = [], FirstSoFar(), Counter[str]()
    for task in report["tasks"]:
        spent.update((task.get("timings") or {}).get("seconds", {}))
        rows.append(_row(report, task, members.get(task["name"], [])))
        first.add(standing(report, task))
        faults.add(task)
    outcomes = report["summary"]["outcomes"]
    shares = [row["share"] for row in rows if row["share"]]
    counted, detected = sum(one["counted"] for one in shares), sum(one["detected"] for one in shares)
    findings = Counter(name for row in rows for name in row["findings"])
    unfinished = tuple(clean_text(task["name"]) for task in report["unfinished"])
    return Overview(
        run=clean_text(report["run"]),
        engine=clean_text(report["engine"]),
        version=clean_text(report["foolsgold"]),
        seed=report["seed"],
        seconds=report["seconds"],
        interrupted=report["interrupted"],
        unfinished=unfinished,
        tasks=len(rows),
        mutants=report["summary"]["mutants"],
        counted=counted,
        detected=detected,
        paid=outcomes["survived"],
        strength=_part("all", "", detected, counted),
        verdicts=tuple(_verdicts([row["verdict"] for row in rows])),
        chosen=clean_text(chosen(report)),
        dataset=tuple(
            Part(row["row"], row["meaning"], len(row["tasks"]), row["measured"], row["share"], row["low"], row["high"])
            for row in report["summary"]["dataset"]
        ),
        strata=tuple(tuple(map(clean_text, row)) for row in strata_rows(report)),
        sources=tuple(tuple(map(clean_text, row)) for row in source_rows(report)),
        faults=tuple(faults.parts()),
        bins=tuple(_bins(shares)),
        added_up=added_up(counts(outcomes)),
        times=tuple(_times(spent)),
        first=_first(first.found()),
        findings=tuple(sorted(findings.items())),
        formats=tuple(sorted({row["format"] for row in rows if row["format"]})),
        engines=tuple(sorted({row["engine"] for row in rows})),
        index={"rows": rows, "run": report["run"], "engine": report["engine"], "version": report["foolsgold"],
               "seed": report["seed"], "options": report["options"], "python": report["python"],
               "engine_version": report["engine_version"]},
    )  # fmt: skip


def _first(found: First | None) -> FirstView | None:
    if found is None:
        return None
    one = found.weakest
    return FirstView(
        PageLink(clean_text(one.name), link(clean_text(one.name)), one.verdict),
        clean_text(one.why[:1].upper() + one.why[1:]),
        tuple(
            TestToWrite(
                clean_text(clip(test.says, SHOWN)),
                clean_text(test.place),
                clean_text(clip(test.paid[0], SHOWN)),
                len(test.paid) - 1,
                clean_text(test.command),
                PageLink(clean_text(test.task), link(clean_text(test.task), test.ids[0])),
                test.sure,
            )
            for test in found.missing
        ),
        tuple(_links(found.drop)),
        found.dropped - len(found.drop),
        tuple(_links(found.sound)),
        found.sounds - len(found.sound),
    )


def _times(spent: Mapping[str, float]) -> Iterator[Time]:
    longest = max(spent.values(), default=0.0)
    for name, seconds in spent.items():
        if seconds > 0:
            yield Time(name, seconds, seconds / longest)


def _links(tasks: Sequence[TaskInBrief]) -> Iterator[PageLink]:
    for task in tasks:
        name = clean_text(task.name)
        yield PageLink(name, link(name), why_dropped(task))


def link(task: str, mutant: str = "") -> str:
    """The address of a task or variant, which data.js reads."""
    parts = [*task.split("/"), *(mutant.split("/") if mutant else ())]
    return "#" + ("/".join(quote(part, safe="!'()*~") for part in parts) or "/")


def engine_name(report: Mapping[str, Any], task: Mapping[str, Any]) -> str:
    """The engine and the base of its boxes."""
    fidelity = task["engine"]["fidelity"]
    return f"{report['engine']}, {fidelity}" if fidelity else str(report["engine"])


def _row(report: Mapping[str, Any], task: Mapping[str, Any], rows: list[str]) -> dict[str, Any]:
    strength = task["strength"]
    paid = [one for one in task["mutants"] if one["outcome"] in ("survived", "partial")]
    searched = [
        task["why"],
        *task["labels"],
        *(finding["title"] for finding in task["findings"]),
        *(one["sentence"] for one in paid),
    ]
    return {
        "name": task["name"],
        "weakness": list(weakness(task)),
        "verdict": task["verdict"],
        "labels": task["labels"],
        "why": task["why"],
        "format": task["format"] or "",
        "engine": engine_name(report, task),
        "rows": rows,
        "share": strength["share"] if strength else None,
        "stated": strength["stated"] if strength else None,
        "outcomes": strength["by_outcome"] if strength else None,
        "findings": list(dict.fromkeys(finding["id"] for finding in task["findings"])),
        "faults": sorted({one["fault"] for one in paid}),
        "seconds": task["seconds"],
        "said": "\n".join(searched)[:SEARCHED],
    }


def _part(name: str, meaning: str, count: float, of: int, start: float = 0.0) -> Part:
    low, high = wilson(count, of)
    return Part(name, meaning, count, of, count / of if of else None, low, high, start)


def _verdicts(words: Sequence[str]) -> Iterator[Part]:
    found = Counter(words)
    start = 0
    for verdict, meaning in VERDICTS.items():
        if found[verdict]:
            yield _part(verdict.value, meaning, found[verdict], len(words), start / len(words))
            start += found[verdict]


class _Faults:
    """How many variants of each fault class were caught, over all tasks."""

    def __init__(self) -> None:
        self.detected: dict[str, float] = {}
        self.counted: Counter[str] = Counter()

    def add(self, task: Mapping[str, Any]) -> None:
        for fault, share in (task["strength"]["by_fault"] if task["strength"] else {}).items():
            self.detected[fault] = self.detected.get(fault, 0.0) + share["detected"]
            self.counted[fault] += share["counted"]

    def parts(self) -> list[Part]:
        parts = [_part(name, "", self.detected[name], count) for name, count in self.counted.items() if count]
        return sorted(parts, key=lambda part: (part.share or 0.0, -part.of, part.name))


def _bins(shares: Sequence[Mapping[str, Any]]) -> Iterator[Bin]:
    counts = [0] * BINS
    for share in shares:
        if share["counted"]:
            counts[min(int(share["value"] * BINS), BINS - 1)] += 1
    most = max(counts, default=0) or 1
    for index, count in enumerate(counts):
        yield Bin(index * 100 // BINS, (index + 1) * 100 // BINS, count, count / most)
