"""CSV for people who count: a row for each mutant, each task, or each trial."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.untrusted import clip, shown

MUTANT_COLUMNS = (
    "task", "step", "mutant", "operator", "fault", "tier", "file", "line", "sentence", "requirement",
    "requirement_line", "relevance", "outcome", "cause", "why", "gap", "crashed", "killed_by",
    "effect_of", "effect_expected", "effect_got", "runs", "rewards",
    "seconds", "verdict", "engine", "fidelity", "format", "digest", "seed", "foolsgold",
)  # fmt: skip
TASK_COLUMNS = (
    "task", "path", "format", "digest", "verdict", "labels", "why", "strength", "low", "high", "detected",
    "counted", "stated_strength", "stated_low", "stated_high", "stated_detected", "stated_counted", "mutants",
    "killed", "idle", "timeout", "survived", "partial", "equivalent", "harmless", "invalid", "error", "flaky",
    "by_assertion", "by_crash", "unexplained", "requirements", "requirements_caught", "mean_gap", "findings",
    "forge_tried", "forge_effective", "forge_paid", "forge_paid_by_default", "forge_not_measured",
    "training", "lines", "statements", "lines_enough", "statements_enough", "least_complete", "requirements_lost",
    "engine", "fidelity", "base", "seconds", "seed", "foolsgold",
)  # fmt: skip
TRIAL_COLUMNS = (
    "task", "step", "kind", "mutant", "run", "shown", "rewards", "problem", "passed", "failed", "errors", "skipped",
    "not_reported", "start_seconds", "solve_seconds", "solve_status", "verify_seconds", "verify_status", "seconds",
    "network", "outcome", "verdict", "engine", "fidelity", "format", "digest", "seed", "foolsgold",
)  # fmt: skip
OUTCOMES = (
    "killed", "idle", "timeout", "survived", "partial", "equivalent", "harmless", "invalid", "error", "flaky",
)  # fmt: skip


def mutants_csv(report: Mapping[str, Any]) -> Iterator[str]:
    return _table(MUTANT_COLUMNS, mutant_rows(report))


def tasks_csv(report: Mapping[str, Any]) -> Iterator[str]:
    return _table(TASK_COLUMNS, task_rows(report))


def trials_csv(report: Mapping[str, Any]) -> Iterator[str]:
    return _table(TRIAL_COLUMNS, trial_rows(report))


def mutant_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (_mutant(report, task, one) for task in report["tasks"] for one in task["mutants"])


def task_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (_task(report, task) for task in report["tasks"])


def trial_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (row for task in report["tasks"] for row in _trials(report, task))


def probe_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The trials of a run's probes, which the CSV leaves out."""
    for task in report["tasks"]:
        for probe in task["probes"]:
            for run in probe["runs"]:
                yield {
                    **_origin(report, task),
                    "task": task["name"],
                    **{key: task[key] for key in ("verdict", "format", "digest")},
                    **_trial(run),
                    **_letters(run["tests"]),
                    "step": probe["step"],
                    "kind": "probe",
                    "probe": f"{probe['probe']}/{probe['id']}",
                    "run": run["run"],
                    "problem": run["problem"],
                    "outcome": probe["outcome"],
                }


def _trials(report: Mapping[str, Any], task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    same = {
        **_origin(report, task),
        "task": task["name"],
        **{key: task[key] for key in ("verdict", "format", "digest")},
    }
    controls = task["controls"] or {"reference": [], "nop": None, "hollow": None, "reference_at_the_end": None}
    records = [*controls["reference"], *(controls[key] for key in ("nop", "hollow", "reference_at_the_end"))]
    for record in records:
        if record is not None:
            problem = (record["trouble"] or record["problem"] or {}).get("message")
            words = Counter(test["status"] for step in record["steps"] for test in step["report"]["tests"])
            tests = {
                "passed": words["passed"] + words["xfailed"],
                "failed": words["failed"] + words["xpassed"],
                "errors": words["error"],
                "skipped": words["skipped"],
                "not_reported": len(task["tests"]) - words.total(),
            }
            kept = tests if words else {}
            yield {**same, **_trial(record), **kept, "kind": record["kind"], "run": record["label"], "problem": problem}
    for mutant in task["mutants"]:
        for run in mutant["runs"]:
            yield {
                **same,
                **_trial(run),
                **_letters(run["tests"]),
                "step": mutant["step"],
                "kind": "mutant",
                "mutant": mutant["id"],
                "run": run["run"],
                "problem": run["problem"],
                "outcome": mutant["outcome"],
            }


def _trial(run: Mapping[str, Any]) -> dict[str, Any]:
    """What a control's run and a mutant's have alike; phases of several steps are added up."""
    row: dict[str, Any] = {key: run[key] for key in ("shown", "seconds", "network")}
    row["rewards"] = run["rewards"]
    for name in ("start", "solve", "verify"):
        phases = [phase for phase in run["phases"] if phase["name"] == name]
        if phases:
            row[f"{name}_seconds"] = round(sum(phase["seconds"] for phase in phases), 4)
            row[f"{name}_status"] = "timeout" if phases[-1]["status"] is None else phases[-1]["status"]
    row.pop("start_status", None)
    return row


def _letters(tests: str | None) -> dict[str, int]:
    if tests is None:
        return {}
    count = Counter(tests)
    return {
        "passed": count["P"] + count["x"],
        "failed": count["F"] + count["X"],
        "errors": count["E"],
        "skipped": count["s"],
        "not_reported": count["-"],
    }


def _mutant(report: Mapping[str, Any], task: Mapping[str, Any], mutant: Mapping[str, Any]) -> dict[str, Any]:
    said = mutant["requirement"] or {}
    runs = mutant["runs"]
    effect = mutant["effect"] or {}
    return {
        **_origin(report, task),
        "task": task["name"],
        "step": mutant["step"],
        "mutant": mutant["id"],
        **{key: mutant[key] for key in ("operator", "fault", "tier", "line", "sentence", "relevance", "outcome")},
        **{key: mutant[key] for key in ("cause", "why", "gap", "crashed")},
        "file": mutant["path"],
        "requirement": said.get("text"),
        "requirement_line": said.get("line"),
        "killed_by": mutant["killed_by"],
        "effect_of": effect.get("input"),
        "effect_expected": effect.get("expected"),
        "effect_got": effect.get("got"),
        "runs": len(runs),
        "rewards": [run["rewards"] for run in runs],
        "seconds": round(sum(run["seconds"] for run in runs), 3),
        "verdict": task["verdict"],
        "format": task["format"],
        "digest": task["digest"],
    }


def _task(report: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        **_origin(report, task),
        **{key: task[key] for key in ("path", "format", "digest", "verdict", "why", "seconds")},
        "task": task["name"],
        "base": task["engine"]["base"],
        "mutants": len(task["mutants"]),
        "findings": [finding["id"] for finding in task["findings"]],
        "labels": " ".join(task["labels"]),
        **{f"forge_{key}": count for key, count in (task["forging"] or {}).items()},
        **_worth(task),
    }
    strength = task["strength"]
    if strength is None:
        return row
    for share, prefix in ((strength["share"], ""), (strength["stated"], "stated_")):
        row[f"{prefix}strength"] = share["value"]
        row |= {f"{prefix}{key}": share[key] for key in ("low", "high", "detected", "counted")}
    row |= {outcome: strength["by_outcome"][outcome] for outcome in OUTCOMES}
    row |= {key: strength[key] for key in ("by_assertion", "by_crash", "unexplained")}
    row |= {key: strength[key] for key in ("requirements", "requirements_caught")}
    return row | {"mean_gap": round(strength["mean_gap"], 4)}


def _worth(task: Mapping[str, Any]) -> dict[str, Any]:
    """How much work the task asks for, as far as that was measured."""
    found, least = task["training"], task["least"]
    if found is None:
        return {}
    row = {"training": found["value"], "lines": found["reference"]["lines"]}
    row |= {"statements": found["reference"]["statements"]}
    if found["enough"] is None or least is None:
        return row
    return {
        **row,
        "lines_enough": found["enough"]["lines"],
        "statements_enough": found["enough"]["statements"],
        "least_complete": least["complete"],
        "requirements_lost": sum(one["lost"] for one in least["requirements"]),
    }


def _origin(report: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "engine": report["engine"],
        "fidelity": task["engine"]["fidelity"],
        "seed": report["seed"],
        "foolsgold": report["foolsgold"],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The table's text, row by row."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    yield out.getvalue()
    for row in rows:
        out.seek(0)
        out.truncate()
        writer.writerow({key: _text(key, value) for key, value in row.items()})
        yield out.getvalue()


def _text(column: str, value: object) -> object:
    return cell(_json(value), whole=True) if column in LISTS else cell(value)


LISTS = frozenset({"killed_by", "rewards", "findings"})
"""Columns that hold JSON, which no part of is any use."""
LONGEST_CELL = 32_000
"""Characters; spreadsheets take 32,767, and Python's csv module 131,072."""


def cell(value: object, *, whole: bool = False) -> object:
    """A spreadsheet runs text that begins like a formula: an apostrophe before it, as before one that is there."""
    if value is None or isinstance(value, int | float):
        return value
    text = shown(str(value))
    text = text if whole else clip(text, LONGEST_CELL)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
"""Those that open one, in ASCII and full width, and the apostrophe itself, so that taking one away gives the text."""
