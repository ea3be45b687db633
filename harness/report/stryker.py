"""The mutation-testing report schema (version 2) that Stryker's tools and viewers read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.report.json_stream import Members, json_text
from harness.untrusted import shown, visible
from mutator.model import ByteEdit, apply_bytes

STATUS = {
    "killed": "Killed",
    "idle": "Killed",
    "timeout": "Timeout",
    "survived": "Survived",
    "partial": "Survived",
    "error": "RuntimeError",
    "flaky": "Ignored",
    "invalid": "CompileError",
    "equivalent": "Ignored",
    "harmless": "Ignored",
}
"""The schema knows no partial pay: what was paid at all is shown as undetected, with the reward as the reason. Errors
and what runs disagree on are outside its score, as they are outside ours."""

PRISM = {"shell": "bash", "diff": "diff", "env": "bash", "systemd": "ini", "cron": "bash", "dockerfile": "docker"}
"""Languages that its viewer calls by another name."""


def stryker(report: Mapping[str, Any]) -> Iterator[str]:
    """The document's text, file by file."""
    thresholds = report["thresholds"]
    yield from json_text(
        {
            "schemaVersion": "2.0",
            "thresholds": {"high": round(thresholds["strong"] * 100), "low": round(thresholds["adequate"] * 100)},
            "framework": {"name": "foolsgold", "version": report["foolsgold"]},
            "config": {
                "engine": report["engine"],
                "seed": report["seed"],
                "interrupted": report["interrupted"],
                "left_out": left_out(report),
            },
            "files": Members(_once(_files(report))),
            "testFiles": Members(_once(_test_files(report))),
        }
    )


def _files(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for task in report["tasks"]:
        ids = {name: test["id"] for name, (_, test) in _tests(task).items()}
        for file in task["files"]:
            if file["text"] is not None:
                mutants = [one for one in task["mutants"] if (one["step"], one["file"]) == (file["step"], file["file"])]
                yield (
                    _name(task, file["path"]),
                    {
                        "language": PRISM.get(file["language"], file["language"]),
                        "source": file["text"],
                        "mutants": [_mutant(task, file, one, ids) for one in mutants],
                    },
                )


def _test_files(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for task in report["tasks"]:
        files: dict[str, Any] = {}
        for path, test in _tests(task).values():
            files.setdefault(path, {"tests": []})["tests"].append(test)
        yield from files.items()


def _once(members: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Names of two tasks may look the same once they are fit to be shown; then the second gets a number."""
    seen: Counter[str] = Counter()
    for name, value in members:
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), value


def left_out(report: Mapping[str, Any]) -> list[str]:
    """Files too large to be shown, whose mutants this format therefore cannot place."""
    return [_name(task, file["path"]) for task in report["tasks"] for file in task["files"] if file["text"] is None]


def _tests(task: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    """Test name -> (its file, its definition). Names without a file are put in one that is called after the task."""
    found = {}
    for name in task["matrix"]["tests"] if task["matrix"] else ():
        file, colons, rest = name.partition("::")
        path = _name(task, file if colons else "tests")
        found[name] = (path, {"id": f"{visible(task['name'])}::{visible(name)}", "name": visible(rest or name)})
    return found


def _mutant(
    task: Mapping[str, Any], file: Mapping[str, Any], mutant: Mapping[str, Any], tests: Mapping[str, str]
) -> dict[str, Any]:
    place, lines = mutant["location"], file["text"].split("\n")
    missing = mutant["tests_not_run"]
    found: dict[str, Any] = {
        "id": "/".join(visible(part) for part in (task["name"], mutant["step"], mutant["id"]) if part),
        "mutatorName": mutant["operator"],
        "description": visible(mutant["sentence"]),
        "replacement": _replacement(file, mutant),
        "location": {
            "start": _position(lines, place["line"], place["column"]),
            "end": _position(lines, place["end_line"], place["end_column"]),
        },
        "status": STATUS[mutant["outcome"]],
        "killedBy": [tests[name] for name in mutant["killed_by"] if name in tests],
        "duration": round(sum(run["seconds"] for run in mutant["runs"][:1]) * 1000, 3),
    }
    if missing is not None:
        ran = [name for name in tests if name not in missing]
        found |= {"coveredBy": [tests[name] for name in ran], "testsCompleted": len(ran)}
    if mutant["outcome"] != "survived" and (reason := _reason(mutant)):
        found["statusReason"] = reason
    return found


def _reason(mutant: Mapping[str, Any]) -> str:
    if mutant["outcome"] == "partial":
        return f"paid in part, {mutant['gap']:g} short of the solution's own reward"
    why = shown(mutant["why"] or "")
    return f"{mutant['outcome']}: {why}".rstrip(": ") if STATUS[mutant["outcome"]] == "Ignored" else why


def _position(lines: Sequence[str], line: int, column: int) -> dict[str, int]:
    """The viewer counts as JavaScript does, in UTF-16 units."""
    before = lines[line - 1][: column - 1]
    return {"line": line, "column": len(before.encode("utf-16-le")) // 2 + 1}


def _replacement(file: Mapping[str, Any], mutant: Mapping[str, Any]) -> str:
    """What stands at the mutant's location afterwards."""
    data: bytes = file["text"].encode(file["encoding"])
    first, last = mutant["edits"][0]["start"], mutant["edits"][-1]["end"]
    edits = tuple(
        ByteEdit(edit["start"] - first, edit["end"] - first, bytes.fromhex(edit["new"])) for edit in mutant["edits"]
    )
    return apply_bytes(data[first:last], edits).decode(file["encoding"], "replace")


def _name(task: Mapping[str, Any], path: str) -> str:
    return f"{visible(task['name'])}/{visible(path)}"
