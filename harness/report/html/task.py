"""The data of a task's page: everything that the page shows, each thing once. Similar values are placed together, so
that the block compresses well. data.js restores the original form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from harness.report.addresses import repro_command
from harness.report.first import missing, show_command
from harness.report.html.diffs import folded
from harness.report.html.highlight import Colours
from harness.report.html.overview import engine_name
from harness.report.html.pack import clean_text
from harness.report.proposed import paid_first, proposed_words, source_of
from harness.report.verbose import reused_sentences
from harness.report.words import least_words

STATES = {"forge": "forged", "hidden": "hidden"}
"""A word in a finding's id -> the state of the requirement. The page also shows these findings in the instruction."""


OUTCOMES = (
    "survived", "partial", "killed", "timeout", "idle", "harmless", "equivalent", "invalid", "error", "flaky",
)  # fmt: skip
"""In the order of the page."""


def task_view(report: Mapping[str, Any], task: Mapping[str, Any], colours: Colours) -> dict[str, Any]:
    names = {name: number for number, name in enumerate(task["tests"])}
    files = [_file(file, colours) for file in task["files"]]
    ranked = _ranked(task["mutants"])
    ranks = {(one["step"], one["id"]): rank for rank, one in enumerate(ranked)}
    return {
        "name": task["name"],
        "path": task["path"],
        "format": task["format"],
        "digest": task["digest"],
        "verdict": task["verdict"],
        "why": task["why"],
        "labels": task["labels"],
        "missing": [
            {
                "says": one.says,
                "place": one.place,
                "paid": one.paid,
                "ids": one.ids,
                "command": one.command,
                "sure": one.sure,
            }
            for one in missing(report, task)
        ],
        "show": show_command(report, task["name"]),
        "forging": task["forging"],
        "engine": task["engine"],
        "engine_name": engine_name(report, task),
        "strength": {key: value for key, value in task["strength"].items() if key != "by_fault"}
        if task["strength"]
        else None,
        "findings": [{**finding, "state": _state(finding["id"])} for finding in task["findings"]],
        "leads": task["leads"],
        "thresholds": task["thresholds"],
        "steps": [_step(step, ranks) for step in task["steps"]],
        "mutants": _mutants(task, ranked, names, files),
        "proposed": _proposed(task),
        "files": files,
        "tests": _tests_view(task, names),
        "test_files": list(_test_files(task, colours)),
        "matrix": bool(task["matrix"]),
        "training": task["training"],
        "least": _least(report, task),
        "controls": list(_controls(task)),
        "not_run": task["not_run"],
        "seconds": task["seconds"],
        "timings": task.get("timings"),
        "reused": reused_sentences(task),
        "internal_error": task["internal_error"],
    }


def _state(finding: str) -> str | None:
    return next((state for word, state in STATES.items() if word in finding), None)


# --- mutants

KEPT = ("step", "operator", "fault", "tier", "path", "target", "scope", "outcome", "gap", "crashed", "cause")


def _ranked(mutants: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The most important first."""
    return sorted(mutants, key=lambda one: (OUTCOMES.index(one["outcome"]), -one["relevance"], one["id"]))


def _mutants(
    task: Mapping[str, Any],
    ranked: Sequence[Mapping[str, Any]],
    names: Mapping[str, int],
    files: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """A column for each field; columns with similar words are next to each other."""
    seen = Counter(one["id"] for one in ranked)
    texts = {(file["step"], file["path"]): file["text"] for file in files}
    repros: dict[tuple[str, ...], int] = {}
    columns: dict[str, list[Any]] = {
        "sentence": [one["sentence"] for one in ranked],
        "diff": [folded(clean_text(one["diff"]), texts.get((one["step"], one["path"]))) for one in ranked],
        "why": [one["why"] for one in ranked],
        # The part of a mutant's link after the task: its id, which is the same in another run.
        "id": [one["id"] if seen[one["id"]] == 1 else f"{one['step']}/{one['id']}" for one in ranked],
        **{key: [one[key] for one in ranked] for key in KEPT},
        "line": [one["location"]["line"] for one in ranked],
        "killed_by": [[names[name] for name in one["killed_by"] if name in names] for one in ranked],
        "runs": [[_run(run) for run in one["runs"]] for one in ranked],
        # The text around the id is the same for all.
        "repro": [repros.setdefault(tuple(one["repro"].split(one["id"])), len(repros)) for one in ranked],
        "log": [one["log"] for one in ranked],
        "effect": [one["effect"] for one in ranked],
    }
    return {"columns": columns, "repros": [list(pieces) for pieces in repros]}


def _run(run: Mapping[str, Any]) -> list[Any]:
    return [run["run"], run["rewards"], run["tests"], round(run["seconds"], 2), run["network"], run["problem"]]


# --- variants that somebody else wrote


def _proposed(task: Mapping[str, Any]) -> dict[str, Any] | None:
    said = list(proposed_words(task))
    if not said:
        return None
    kept = ("id", "outcome", "sentence", "path", "line", "requirement", "effect", "why", "runs", "repro", "killed_by")
    return {
        "said": said,
        "variants": [
            {
                **{key: one[key] for key in kept},
                "diff": clean_text(one["diff"]),
                "source": source_of(one),
                "name": one["proposed"]["id"],
                "breaks": one["proposed"]["breaks"],
            }
            for one in paid_first(task)
        ],
    }


# --- the instruction


def _step(step: Mapping[str, Any], ranks: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    name = step["name"]

    def ranked(idents: Sequence[str]) -> list[int]:
        return sorted(ranks[name, ident] for ident in idents if (name, ident) in ranks)

    return {
        "name": name,
        "path": step["instruction"]["path"],
        "parts": list(_parts(step["instruction"]["text"], step["requirements"])),
        "requirements": [
            {
                **{key: one[key] for key in ("index", "text", "line", "state")},
                "mutants": ranked(one["mutants"]),
                "also": ranked(one["also"]),
            }
            for one in step["requirements"]
        ],
    }


def _parts(text: str, requirements: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """The instruction in pieces: (text, the requirement that it states, or None)."""
    at = 0
    for requirement in sorted((one for one in requirements if one["start"] is not None), key=lambda one: one["start"]):
        if requirement["start"] < at:
            continue
        if requirement["start"] > at:
            yield [text[at : requirement["start"]], None]
        yield [text[requirement["start"] : requirement["end"]], requirement["index"]]
        at = requirement["end"]
    if at < len(text):
        yield [text[at:], None]


# --- code


def _file(file: Mapping[str, Any], colours: Colours) -> dict[str, Any]:
    return {
        "step": file["step"],
        "path": file["path"],
        "language": file["language"],
        "bytes": file["bytes"],
        **_code(file["text"], file["language"], file["path"], colours),
    }


def _code(text: str | None, language: str, path: str, colours: Colours) -> dict[str, Any]:
    if text is None:
        return {"text": None, "runs": ""}
    cleaned = clean_text(text)
    known = "" if language in ("", "text") else language
    return {"text": cleaned, "runs": colours.runs(cleaned, known, path)}


def _test_files(task: Mapping[str, Any], colours: Colours) -> Iterator[dict[str, Any]]:
    for step in task["steps"]:
        for file in step["tests"]:
            yield {
                "step": step["name"],
                "path": file["path"],
                "functions": file["functions"],
                **_code(file["text"], "", file["path"], colours),
            }


# --- the least that is paid


def _least(report: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any] | None:
    found = task["least"]
    if found is None:
        return None
    paths = {file["file"]: file["path"] for file in task["files"] if file["step"] == found["step"]}

    def places(of: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{"path": paths[one["file"]], "lines": one["lines"]} for one in of if one["file"] in paths]

    ref = f"{task['name']}/{found['probe']}"
    kept = ("line", "text", "lost", "visible", "words", "effect")
    return {
        "said": least_words(task),
        "gone": places(found["gone"]),
        "requirements": [
            {**{key: one[key] for key in kept}, "work": places(one["work"])} for one in found["requirements"]
        ],
        "command": repro_command(report["run"], ref, "least") if found["probe"] else None,
    }


# --- tests


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
    """(file, function) of a test whose source is known: the function of its name in the file that its id names."""
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
    shown: set[tuple[str, str]] = set()
    for name, record in named:
        if record:
            kept = ("shown", "why", "cause", "label", "rewards", "network", "seconds")
            yield {
                "name": name,
                **{key: record[key] for key in kept},
                "problem": record["problem"]["message"] if record["problem"] else None,
                "trouble": record["trouble"]["message"] if record["trouble"] else None,
                "notes": [note["text"] for step in record["steps"] for note in step["notes"]],
                "phases": [_phase(phase, record, shown) for phase in record["phases"]],
            }


def _phase(phase: Mapping[str, Any], record: Mapping[str, Any], shown: set[tuple[str, str]]) -> dict[str, Any]:
    """A phase for the page. Runs that were paid in full share one log."""
    key = (phase["name"], phase["step"])
    again = record["shown"] == "paid" and key in shown
    if record["shown"] == "paid":
        shown.add(key)
    return {
        "name": phase["name"],
        "step": phase["step"],
        "seconds": round(phase["seconds"], 3),
        "status": phase["status"],
        "log": "" if again else phase["log"],
    }


_KINDS = (
    ("nop", "nop"),
    ("hollow", "hollow"),
    ("reference at the end, not fetched", "reference_at_the_end_not_fetched"),
    ("reference at the end", "reference_at_the_end"),
)
