"""SARIF 2.1.0: findings and survivors as results that code scanning shows beside the lines they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from harness.findings.catalogue import LEAD_HELP, SURVIVOR_HELP, entry_of
from harness.report.terminal import ranked_survivors
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


def sarif(report: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Places below `root` are relative to it; others are whole file: addresses."""
    results = [*_findings(report, root), *_survivors(report, root), *_leads(report, root)]
    rules = {result["ruleId"]: result.pop("rule") for result in results}
    numbers = {ident: number for number, ident in enumerate(sorted(rules))}
    for result in results:
        result["ruleIndex"] = numbers[result["ruleId"]]
    internal = any(task["internal_error"] for task in report["tasks"])
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "foolsgold",
                        "version": report["foolsgold"],
                        "rules": [rules[ident] for ident in sorted(rules)],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the working tree."}}},
                "invocations": [
                    {
                        "executionSuccessful": not internal and not report["interrupted"],
                        "toolExecutionNotifications": list(_notifications(report)),
                    }
                ],
                "results": results,
                "properties": {
                    "engine": report["engine"],
                    "seed": report["seed"],
                    "summary": _counts(report),
                    "labels": {visible(task["name"]): task["labels"] for task in report["tasks"]},
                    "forging": {visible(task["name"]): task["forging"] for task in report["tasks"]},
                },
            }
        ],
    }


def _notifications(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for task in report["tasks"]:
        if task["internal_error"]:
            yield {"level": "error", "message": {"text": _text(f"{task['name']}: {task['internal_error']}")}}
    for task in report["unfinished"]:
        yield {"level": "warning", "message": {"text": _text(f"{task['name']}: the audit ended before it was done.")}}


def _counts(report: Mapping[str, Any]) -> dict[str, Any]:
    return {key: report["summary"][key] for key in ("tasks", "verdicts", "mutants", "outcomes")}


def _findings(report: Mapping[str, Any], root: Path) -> Iterator[dict[str, Any]]:
    for task in report["tasks"]:
        for finding in task["findings"]:
            entry = entry_of(finding["id"])
            where = finding["place"] or {"file": CONFIG.get(task["format"] or "", ""), "line": None}
            region = {"startLine": where["line"] or 1} if where["file"] else None
            lines = [finding["title"], *(f"- {visible(line)}" for line in finding["evidence"])]
            if finding["advice"]:
                lines.append(finding["advice"])
            # What could not be found out is `open`, and SARIF gives such a result no level.
            level = LEVELS.get(finding["severity"])
            yield {
                "ruleId": finding["id"],
                "rule": _rule(finding["id"], entry.says, entry.advice, level or "warning"),
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


def _survivors(report: Mapping[str, Any], root: Path) -> Iterator[dict[str, Any]]:
    for task, mutant in ranked_survivors(report):
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
        lines.append(f"To see it: {visible(mutant['repro'])}")
        key = "\0".join((task["name"], mutant["step"], mutant["id"]))
        fingerprint = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        result = {
            "ruleId": f"survivor/{mutant['fault']}",
            "rule": _rule(
                f"survivor/{mutant['fault']}",
                f"A broken variant of the solution is paid in full: {mutant['fault'].replace('-', ' ')}.",
                SURVIVOR_HELP,
                "warning",
            ),
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
        yield result


def _leads(report: Mapping[str, Any], root: Path) -> Iterator[dict[str, Any]]:
    for task in report["tasks"]:
        seen: Counter[str] = Counter()
        for lead in task["leads"]:
            kind, ident = LEAD_KINDS[lead["id"]], f"lead/{lead['id']}"
            seen[lead["fingerprint"]] += 1
            fingerprint = f"{lead['fingerprint']}:{seen[lead['fingerprint']]}"
            yield {
                "ruleId": ident,
                "rule": _rule(ident, f"{kind.about.capitalize()} {kind.does}.", LEAD_HELP, "note"),
                "kind": "fail",
                "level": "note",
                "message": {"text": _text(f"{task['name']}: {lead['sentence']}")},
                "locations": [_location(task, lead["file"], {"startLine": lead["line"]}, root)],
                "partialFingerprints": {"foolsgold/v1": fingerprint, "primaryLocationLineHash": fingerprint},
                "properties": {"task": visible(task["name"]), "test": visible(lead["test"])},
            }


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
