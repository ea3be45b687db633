"""JUnit XML: a suite for each task, a case for its verdict, each control and each mutant."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.words import forging_words
from harness.untrusted import clip, shown, visible

SAID = {
    "survived": "The tests paid for it in full",
    "partial": "The tests paid for it in part",
    "error": "It could not be measured, so nobody knows whether the tests catch it",
    "flaky": "The tests disagree with themselves on it",
    "invalid": "It does not parse or build, so it says nothing about the tests",
    "equivalent": "It behaves as the solution does, so it says nothing about the tests",
    "harmless": "It differs from the solution in nothing that matters",
}


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    seconds: float = 0.0
    tag: str = ""
    """failure, error or skipped; '' is a pass."""
    type: str = ""
    message: str = ""
    body: str = ""


UNFINISHED = Case("verdict", 0.0, "error", "unfinished", "The audit ended before this task was done")
LONGEST_TITLE = 500
LONGEST = 20_000
"""Characters of a failure's text: readers hold the whole file in memory."""


def junit(report: Mapping[str, Any]) -> Iterator[str]:
    """The document's text, suite by suite. The tasks are gone through twice: the sums stand before the suites."""
    sums = _Sums()
    for suite in _suites(report):
        sums.add(suite)
    root = _text(ET.Element("testsuites", {"name": "foolsgold", **sums.attributes()}))
    yield "<?xml version='1.0' encoding='utf-8'?>\n"
    if not sums.suites:
        yield f"{root}\n"
        return
    yield f"{root.removesuffix(' />')}>\n"
    for suite in _suites(report):
        ET.indent(suite, level=1)
        yield f"  {_text(suite)}\n"
    yield "</testsuites>\n"


def _suites(report: Mapping[str, Any]) -> Iterator[ET.Element]:
    for task in report["tasks"]:
        yield _suite(task["name"], _cases(task), _beside(task))
    for task in report["unfinished"]:
        yield _suite(task["name"], [UNFINISHED])


def _text(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode")


def _cases(task: Mapping[str, Any]) -> list[Case]:
    return [_verdict(task), *_controls(task), *(_mutant(mutant) for mutant in task["mutants"])]


def _beside(task: Mapping[str, Any]) -> dict[str, str]:
    """What a verdict does not say by itself."""
    told = {"labels": " ".join(task["labels"])} if task["labels"] else {}
    return told | ({"forging": forging_words(task["forging"])} if task["forging"] else {})


def _suite(task: str, cases: Sequence[Case], beside: Mapping[str, str] | None = None) -> ET.Element:
    tags = Counter(case.tag for case in cases)
    name = _xml(task, one_line=True)
    suite = ET.Element(
        "testsuite",
        {
            "name": name,
            "tests": str(len(cases)),
            "failures": str(tags["failure"]),
            "errors": str(tags["error"]),
            "skipped": str(tags["skipped"]),
            "time": f"{sum(case.seconds for case in cases):.3f}",
        },
    )
    if beside:
        properties = ET.SubElement(suite, "properties")
        for key, value in beside.items():
            ET.SubElement(properties, "property", {"name": key, "value": value})
    seen: Counter[str] = Counter()
    for case in cases:
        title = clip(_xml(case.name, one_line=True), LONGEST_TITLE)
        seen[title] += 1
        if seen[title] > 1:
            title = f"{title} ({seen[title]})"
        element = ET.SubElement(suite, "testcase", {"name": title, "classname": name, "time": f"{case.seconds:.3f}"})
        if case.tag:
            told = {"message": clip(_xml(case.message, one_line=True), LONGEST)}
            # Readers of JUnit XML know no type of a skipped case.
            child = ET.SubElement(element, case.tag, told if case.tag == "skipped" else told | {"type": case.type})
            child.text = clip(_xml(case.body), LONGEST) or None
    return suite


class _Sums:
    """What the document's first line says of all suites."""

    def __init__(self) -> None:
        self.suites = 0
        self.counts: Counter[str] = Counter(tests=0, failures=0, errors=0, skipped=0)
        self.seconds = 0.0

    def add(self, suite: ET.Element) -> None:
        self.suites += 1
        self.seconds += float(suite.attrib["time"])
        for key in self.counts:
            self.counts[key] += int(suite.attrib[key])

    def attributes(self) -> dict[str, str]:
        return {key: str(count) for key, count in self.counts.items()} | {"time": f"{self.seconds:.3f}"}


def _verdict(task: Mapping[str, Any]) -> Case:
    told = [
        "\n".join(
            [f"{finding['severity']}: {finding['title']}", *(f"  {visible(line)}" for line in finding["evidence"])]
        )
        for finding in task["findings"]
        if finding["severity"] != "note"
    ]
    tag = {"strong": "", "adequate": "", "unmeasured": "error"}.get(task["verdict"], "failure")
    body = "\n".join(told)
    words = ", ".join((task["verdict"], *task["labels"]))
    return Case("verdict", 0.0, tag, task["verdict"], f"{words}: {task['why']}", body)


def _controls(task: Mapping[str, Any]) -> Iterator[Case]:
    controls = task["controls"]
    if controls is None:
        return
    for number, trial in enumerate(controls["reference"], start=1):
        yield _control(f"control: the reference is paid, run {number}", trial, paid=True)
    if controls["nop"]:
        yield _control("control: doing nothing is not paid", controls["nop"], paid=False)
    if controls["hollow"]:
        yield _control("control: a solution that exits at once is not paid", controls["hollow"], paid=False)
    if controls["reference_at_the_end"]:
        yield _control("control: the reference is paid at the end", controls["reference_at_the_end"], paid=True)


def _control(name: str, trial: Mapping[str, Any], *, paid: bool) -> Case:
    what, seconds = trial["shown"], trial["seconds"]
    if what == "error":
        return Case(
            name, seconds, "error", trial["cause"] or "error", f"It could not be measured: {trial['why'] or ''}"
        )
    good = what == "paid" if paid else what in ("unpaid", "timeout")
    if good:
        return Case(name, seconds)
    rewards = ", ".join(f"{key}={value:g}" for key, value in (trial["rewards"] or {}).items()) or "no reward"
    why = f": {trial['why']}" if trial["why"] else ""
    return Case(name, seconds, "failure", what, f"It was {what} ({rewards}){why}")


def _mutant(mutant: Mapping[str, Any]) -> Case:
    name = f"{mutant['ref']}: {mutant['sentence']}"
    outcome, seconds = mutant["outcome"], sum(run["seconds"] for run in mutant["runs"])
    if outcome in ("killed", "idle", "timeout"):
        return Case(name, seconds)
    tag = {"survived": "failure", "partial": "failure", "error": "error", "flaky": "error"}.get(outcome, "skipped")
    message = f"{SAID.get(outcome, outcome)}: {mutant['sentence']}"
    lines = [f"{mutant['path']}:{mutant['line']}"]
    if mutant["requirement"]:
        lines.append(f"The instruction says: {visible(mutant['requirement']['text'])}")
    if mutant["why"]:
        lines.append(visible(mutant["why"]))
    lines += [mutant["diff"], "", f"To see it: {mutant['repro']}"]
    return Case(name, seconds, tag, outcome, message, "\n".join(lines))


_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str, *, one_line: bool = False) -> str:
    """What XML 1.0 has no way to write is spelled out; ElementTree escapes the rest."""
    safe = visible(text) if one_line else shown(text)
    return _NO_XML.sub("?", safe)
