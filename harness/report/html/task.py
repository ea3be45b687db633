"""A task as its page shows it: of the report what is shown, and each thing once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from harness.report.html.highlight import runs
from harness.report.html.overview import engine_name
from harness.report.html.pack import clean_text

STATES = {"forge": "forged", "hidden": "hidden"}
"""A word in a finding's id -> what it says about a requirement: these findings stand beside the instruction too."""


def task_view(report: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    names = _tests(task)
    anchors = _anchors(task["mutants"])
    return {
        "name": task["name"],
        "path": task["path"],
        "format": task["format"],
        "digest": task["digest"],
        "verdict": task["verdict"],
        "why": task["why"],
        "engine": task["engine"],
        "engine_name": engine_name(report, task),
        "strength": task["strength"],
        "findings": [{**finding, "state": _state(finding["id"])} for finding in task["findings"]],
        "steps": [_step(step) for step in task["steps"]],
        "mutants": [_mutant(one, anchors[index], names) for index, one in enumerate(task["mutants"])],
        "files": [_file(file) for file in task["files"]],
        "tests": _tests_view(task, names),
        "test_files": list(_test_files(task)),
        "matrix": bool(task["matrix"]),
        "controls": list(_controls(task)),
        "not_run": task["not_run"],
        "seconds": task["seconds"],
        "internal_error": task["internal_error"],
    }


def _state(finding: str) -> str | None:
    return next((state for word, state in STATES.items() if word in finding), None)


def _anchors(mutants: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stands after the task in a mutant's link: its id, which another run gives it too."""
    seen = Counter(one["id"] for one in mutants)
    return [one["id"] if seen[one["id"]] == 1 else f"{one['step']}/{one['id']}" for one in mutants]


def _mutant(one: Mapping[str, Any], anchor: str, names: Mapping[str, int]) -> dict[str, Any]:
    kept = ("step", "operator", "fault", "tier", "path", "target", "scope", "sentence", "diff", "outcome", "why", "gap",
            "crashed", "cause", "log", "runs", "repro", "relevance", "evidence")  # fmt: skip
    place, said = one["location"], one["requirement"]
    last = place["end_line"] - (place["end_column"] == 1 and place["end_line"] > place["line"])
    missing = one["tests_not_run"]
    return {
        **{key: one[key] for key in kept},
        "id": anchor,
        "line": place["line"],
        "last": last,
        "requirement": {"text": said["text"], "line": said["line"], "file": said["file"]} if said else None,
        "killed_by": [names[name] for name in one["killed_by"] if name in names],
        "unlisted": [name for name in one["killed_by"] if name not in names],
        "not_run": None if missing is None else [names[name] for name in missing if name in names],
    }


# --- the instruction


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("index", "text", "heading", "line", "state", "mutants", "also")
    return {
        "name": step["name"],
        "path": step["instruction"]["path"],
        "parts": list(_parts(step["instruction"]["text"], step["requirements"])),
        "requirements": [{key: one[key] for key in kept} for one in step["requirements"]],
    }


def _parts(text: str, requirements: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """The instruction in pieces: (text, the requirement that it states or None)."""
    at = 0
    for said in sorted((one for one in requirements if one["start"] is not None), key=lambda one: one["start"]):
        if said["start"] < at:
            continue
        if said["start"] > at:
            yield [text[at : said["start"]], None]
        yield [text[said["start"] : said["end"]], said["index"]]
        at = said["end"]
    if at < len(text):
        yield [text[at:], None]


# --- code


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "step": file["step"],
        "path": file["path"],
        "language": file["language"],
        "bytes": file["bytes"],
        **_code(file["text"], file["language"], file["path"]),
    }


def _code(text: str | None, language: str, path: str) -> dict[str, Any]:
    if text is None:
        return {"text": None, "runs": ""}
    cleaned = clean_text(text)
    known = "" if language in ("", "text") else language
    return {"text": cleaned, "runs": runs(cleaned, known, path)}


def _test_files(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for step in task["steps"]:
        for file in step["tests"]:
            yield {
                "step": step["name"],
                "path": file["path"],
                "functions": file["functions"],
                **_code(file["text"], "", file["path"]),
            }


# --- tests


def _tests(task: Mapping[str, Any]) -> dict[str, int]:
    """Test name -> its number, in the order of the reference's runs."""
    found = task["matrix"]["tests"] if task["matrix"] else []
    controls = task["controls"] or {}
    reported = [
        test["name"]
        for record in [*controls.get("reference", ()), controls.get("nop"), controls.get("hollow")]
        if record
        for step in record["steps"]
        for test in step["report"]["tests"]
    ]
    return {name: number for number, name in enumerate(dict.fromkeys([*found, *reported]))}


def _tests_view(task: Mapping[str, Any], names: Mapping[str, int]) -> list[dict[str, Any]]:
    matrix = task["matrix"] or {"vacuous": (), "decorative": (), "enough": ()}
    vacuous, decorative, enough = (set(matrix[key]) for key in ("vacuous", "decorative", "enough"))
    controls = task["controls"] or {}
    references = [_reported(record) for record in controls.get("reference", ())]
    nop, hollow = _reported(controls.get("nop")), _reported(controls.get("hollow"))
    return [
        {
            "name": name,
            "place": _place(name, task),
            "vacuous": name in vacuous,
            "decorative": name in decorative,
            "enough": name in enough,
            "reference": [found[name]["status"] for found in references if name in found],
            "nop": nop[name]["status"] if name in nop else None,
            "nop_said": nop[name]["message"] if name in nop else "",
            "hollow": hollow[name]["status"] if name in hollow else None,
            "seconds": next((found[name]["seconds"] for found in references if name in found), None),
        }
        for name in names
    ]


def _reported(record: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    return {test["name"]: test for step in record["steps"] for test in step["report"]["tests"]} if record else {}


def _place(name: str, task: Mapping[str, Any]) -> list[int] | None:
    """(file, function) of the test whose source is known: the function of that name, in the file that is named."""
    where, _, function = re.sub(r"\[.*\]$", "", name, flags=re.DOTALL).rpartition("::")
    owner = where.rpartition("::")[2]
    words = set(re.split(r"[/.:]+", where))
    found: list[tuple[tuple[bool, bool], list[int]]] = []
    files = (file for step in task["steps"] for file in step["tests"])
    for number, file in enumerate(files):
        for index, known in enumerate(file["functions"]):
            *classes, last = known["name"].split("::")
            if last == function:
                rank = (PurePosixPath(file["path"]).stem in words, not classes or owner.endswith(classes[0]))
                found.append((rank, [number, index]))
    return max(found, key=lambda item: item[0])[1] if found else None


# --- controls


def _controls(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    controls = task["controls"] or {}
    named = [("reference", record) for record in controls.get("reference", ())]
    named += [(name, controls.get(key)) for name, key in _KINDS]
    for name, record in named:
        if record:
            kept = ("shown", "why", "cause", "label", "rewards", "network", "seconds", "phases")
            yield {
                "name": name,
                **{key: record[key] for key in kept},
                "problem": record["problem"]["message"] if record["problem"] else None,
                "trouble": record["trouble"]["message"] if record["trouble"] else None,
                "notes": [note["text"] for step in record["steps"] for note in step["notes"]],
            }


_KINDS = (("nop", "nop"), ("hollow", "hollow"), ("reference at the end", "reference_at_the_end"))
