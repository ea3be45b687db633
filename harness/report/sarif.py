"""SARIF 2.1.0: findings and survivors as results that code scanning shows beside the lines they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from harness.findings.catalogue import LEAD_HELP, SURVIVOR_HELP, about
from harness.report.json_stream import Elements, json_text
from harness.report.ranking import ranked
from harness.report.spool import Spool
from harness.report.words import effect_lines
from harness.task.formats import FORMATS
from harness.testcode.assertions.lead import LEAD_KINDS
from harness.untrusted import clip, shown, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
CONFIG = {spec.name: spec.config for spec in FORMATS}
"""Where a finding without a place of its own is shown: what makes the folder a task."""
LEVELS = {"error": "error", "warning": "warning", "note": "note"}
LONGEST_MESSAGE, LONGEST_DIFF = 8_000, 20_000
"""Characters; what a task wrote may be of any length, and code scanning refuses files above some megabytes."""


def sarif(report: Mapping[str, Any], root: Path) -> Iterator[str]:
    """The document's text, result by result. Places below `root` are relative to it; others are whole file: addresses.

    The rules stand before the results that name them by number, and survivors are ranked over all tasks: so the tasks
    are gone through once for what stands before the results, which keeps the survivors aside."""
    with Spool() as survivors:
        ahead = _Ahead()
        for task in report["tasks"]:
            paid = ranked(task)
            ahead.add(task, [mutant for _, mutant in paid])
            for number, (rank, mutant) in enumerate(paid, start=ahead.survivors - len(paid)):
                survivors.put((*rank, number), _survivor(task, mutant, root))
        yield from json_text(_document(report, ahead, Elements(_results(report, root, survivors, ahead))))


class _Ahead:
    """What stands before the results and is known only from all tasks."""

    def __init__(self) -> None:
        self.rules: dict[str, dict[str, Any]] = {}
        self.notifications: list[dict[str, Any]] = []
        self.labels: dict[str, Any] = {}
        self.forging: dict[str, Any] = {}
        self.survivors = 0

    def add(self, task: Mapping[str, Any], paid: Sequence[Mapping[str, Any]]) -> None:
        for finding in task["findings"]:
            self.rules[finding["id"]] = _finding_rule(finding)
        self.survivors += len(paid)
        for mutant in paid:
            self.rules[f"survivor/{mutant['fault']}"] = _survivor_rule(mutant)
        for lead in task["leads"]:
            self.rules[f"lead/{lead['id']}"] = _lead_rule(lead["id"])
        name = visible(task["name"])
        self.labels[name], self.forging[name] = task["labels"], task["forging"]
        if task["internal_error"]:
            text = _text(f"{task['name']}: {task['internal_error']}")
            self.notifications.append({"level": "error", "message": {"text": text}})


def _document(report: Mapping[str, Any], ahead: _Ahead, results: Elements) -> dict[str, Any]:
    unfinished = [
        {"level": "warning", "message": {"text": _text(f"{task['name']}: the audit ended before it was done.")}}
        for task in report["unfinished"]
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "foolsgold",
                        "version": report["foolsgold"],
                        "rules": [ahead.rules[ident] for ident in sorted(ahead.rules)],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the working tree."}}},
                "invocations": [
                    {
                        "executionSuccessful": not ahead.notifications and not report["interrupted"],
                        "toolExecutionNotifications": [*ahead.notifications, *unfinished],
                    }
                ],
                "results": results,
                "properties": {
                    "engine": report["engine"],
                    "seed": report["seed"],
                    "summary": _counts(report),
                    "labels": ahead.labels,
                    "forging": ahead.forging,
                },
            }
        ],
    }


def _results(report: Mapping[str, Any], root: Path, survivors: Spool, ahead: _Ahead) -> Iterator[dict[str, Any]]:
    numbers = {ident: number for number, ident in enumerate(sorted(ahead.rules))}
    for result in chain(_findings(report, root), survivors, _leads(report, root)):
        yield {**result, "ruleIndex": numbers[result["ruleId"]]}


def _counts(report: Mapping[str, Any]) -> dict[str, Any]:
    return {key: report["summary"][key] for key in ("tasks", "verdicts", "mutants", "outcomes")}


def _findings(report: Mapping[str, Any], root: Path) -> Iterator[dict[str, Any]]:
    for task in report["tasks"]:
        for finding in task["findings"]:
            where = finding["place"] or {"file": CONFIG.get(task["format"] or "", ""), "line": None}
            region = {"startLine": where["line"] or 1} if where["file"] else None
            lines = [finding["title"], *(f"- {visible(line)}" for line in finding["evidence"])]
            if finding["advice"]:
                lines.append(finding["advice"])
            # What could not be found out is `open`, and SARIF gives such a result no level.
            level = LEVELS.get(finding["severity"])
            yield {
                "ruleId": finding["id"],
                "kind": "fail" if level else "open",
                "level": level or "none",
                "message": {"text": _text(f"{task['name']}: " + "\n".join(lines))},
                "locations": [_location(task, where["file"], region, root)],
                "partialFingerprints": {
                    "foolsgold/v1": finding["fingerprint"],
                    "primaryLocationLineHash": f"{finding['fingerprint']}:1",
                },
                "properties": {
                    "task": visible(task["name"]),
                    "severity": finding["severity"],
                    "command": visible(finding["command"]),
                },
            }


def _survivor(task: Mapping[str, Any], mutant: Mapping[str, Any], root: Path) -> dict[str, Any]:
    said = mutant["requirement"]
    place = mutant["location"]
    region = {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }
    lines = [f"{task['name']}: the tests still pay when {mutant['sentence']}"]
    if said:
        lines.append(f"The instruction says: {visible(said['text'])}")
    lines += [line.strip() for line in effect_lines(mutant)]
    lines.append(f"To see it: {visible(mutant['repro'])}")
    key = "\0".join((task["name"], mutant["step"], mutant["id"]))
    fingerprint = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    result = {
        "ruleId": f"survivor/{mutant['fault']}",
        "kind": "fail",
        "level": "warning" if said else "note",
        "message": {"text": _text("\n".join(lines))},
        "locations": [_location(task, mutant["path"], region, root)],
        "partialFingerprints": {
            "foolsgold/v1": fingerprint,
            "primaryLocationLineHash": f"{fingerprint}:1",
        },
        "properties": {
            "task": visible(task["name"]),
            "mutant": visible(mutant["ref"]),
            "operator": mutant["operator"],
            "relevance": mutant["relevance"],
            "diff": clip(shown(mutant["diff"]), LONGEST_DIFF),
        },
    }
    if said:
        region = {"startLine": said["line"]}
        related = _location(task, said["file"], region, root)
        result["relatedLocations"] = [related | {"id": 1, "message": {"text": "What the instruction says."}}]
    return result


def _leads(report: Mapping[str, Any], root: Path) -> Iterator[dict[str, Any]]:
    for task in report["tasks"]:
        seen: Counter[str] = Counter()
        for lead in task["leads"]:
            ident = f"lead/{lead['id']}"
            seen[lead["fingerprint"]] += 1
            fingerprint = f"{lead['fingerprint']}:{seen[lead['fingerprint']]}"
            yield {
                "ruleId": ident,
                "kind": "fail",
                "level": "note",
                "message": {"text": _text(f"{task['name']}: {lead['sentence']}")},
                "locations": [_location(task, lead["file"], {"startLine": lead["line"]}, root)],
                "partialFingerprints": {"foolsgold/v1": fingerprint, "primaryLocationLineHash": fingerprint},
                "properties": {"task": visible(task["name"]), "test": visible(lead["test"])},
            }


def _finding_rule(finding: Mapping[str, Any]) -> dict[str, Any]:
    entry = about(finding["id"])
    return _rule(finding["id"], entry.says, entry.advice, LEVELS.get(finding["severity"]) or "warning")


def _lead_rule(ident: str) -> dict[str, Any]:
    kind = LEAD_KINDS[ident]
    return _rule(f"lead/{ident}", f"{kind.about.capitalize()} {kind.does}.", LEAD_HELP, "note")


def _survivor_rule(mutant: Mapping[str, Any]) -> dict[str, Any]:
    said = f"A broken variant of the solution is paid in full: {mutant['fault'].replace('-', ' ')}."
    return _rule(f"survivor/{mutant['fault']}", said, SURVIVOR_HELP, "warning")


def _rule(ident: str, sentence: str, advice: str, level: str) -> dict[str, Any]:
    return {
        "id": ident,
        "shortDescription": {"text": sentence},
        "fullDescription": {"text": sentence},
        "help": {"text": advice},
        "defaultConfiguration": {"level": level},
    }


def _location(task: Mapping[str, Any], file: str, region: Mapping[str, int] | None, root: Path) -> dict[str, Any]:
    path = Path(task["path"]) / file
    artifact: dict[str, str]
    if path.is_relative_to(root):
        artifact = {"uri": _uri(path.relative_to(root).as_posix()), "uriBaseId": ROOT}
    else:
        artifact = {"uri": _file_uri(path)}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if region:
        physical["region"] = dict(region)
    return {"physicalLocation": physical}


def _file_uri(path: Path) -> str:
    absolute = PurePosixPath("/") / path.as_posix()
    return f"file://{_uri(absolute.as_posix())}"


def _uri(path: str) -> str:
    """As bytes, so that a file name that is no UTF-8 is said exactly."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"))


def _text(text: str) -> str:
    """SARIF reads [words](address) in a message as a link: a task may not place one."""
    return clip(shown(text), LONGEST_MESSAGE).replace("](", "] (")
