"""harden.json: what was written for each task, how it was proven, and what is left. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from harness import __version__
from harness.harden.model import Survivor
from harness.harden.results import Hardened, ProvenTest, ToldApart, Wanted
from harness.harden.writing import patch_of

SCHEMA = "foolsgold.harden/1"


def schema() -> str:
    """The JSON Schema that every harden.json of this version keeps."""
    return resources.files("harness.harden").joinpath("schema/harden-1.json").read_text(encoding="utf-8")


def document(
    report: Mapping[str, Any],
    done: Sequence[tuple[Mapping[str, Any], Wanted, Hardened]],
    again: Mapping[str, Any],
) -> dict[str, Any]:
    """`again`: the hardened tasks' own entries of a report, by name."""
    tasks = [_task(entry, wanted, hardened, again.get(entry["name"])) for entry, wanted, hardened in done]
    return {
        "schema": SCHEMA,
        "foolsgold": __version__,
        "run": str(report["run"]),
        "totals": {
            "tasks": len(tasks),
            "hardened": sum(bool(task["tests"]) for task in tasks),
            "survivors": sum(len(task["survivors"]) for task in tasks),
            "caught": sum(each["fate"] == "caught" for task in tasks for each in task["survivors"]),
            "unstated": sum(each["fate"] == "pins-unstated" for task in tasks for each in task["survivors"]),
            "alike": sum(each["fate"] == "probably-equivalent" for task in tasks for each in task["survivors"]),
            "tests": sum(len(task["tests"]) for task in tasks),
            "thrown_away": sum(len(task["thrown_away"]) for task in tasks),
            "before": _together([task["before"] for task in tasks if task["after"]]),
            "after": _together([task["after"] for task in tasks if task["after"]]),
        },
        "tasks": tasks,
    }


def _task(
    entry: Mapping[str, Any], wanted: Wanted, hardened: Hardened, again: Mapping[str, Any] | None
) -> dict[str, Any]:
    patch = patch_of(hardened.changed, hardened.data)
    return {
        "name": entry["name"],
        "path": entry["path"],
        "digest": entry["digest"],
        "why_not": hardened.why or None,
        "file": next(iter(hardened.changed), None),
        "tests": [_test(kept) for kept in hardened.kept],
        "thrown_away": [{"name": each.test.name, "why": each.proof.refused} for each in hardened.thrown],
        "survivors": [_of_survivor(one, hardened) for one in wanted.survivors],
        "trials": {"run": hardened.trials, "budget": wanted.budget, "spent": hardened.spent},
        "nop_unpaid": hardened.nop_unpaid,
        "patch": patch or None,
        "script": hardened.script or None,
        "internal_error": hardened.internal or None,
        "before": _strength(entry),
        "after": _strength(again) if again is not None and "verdict" in again else None,
        "checked": again.get("checked") if again is not None else None,
    }


def _of_survivor(one: Survivor, hardened: Hardened) -> dict[str, Any]:
    told = hardened.told.get(one.label)
    return {
        "id": one.label,
        "ref": one.ref,
        "sentence": one.sentence,
        "diff": one.diff,
        "requirement": one.requirement or None,
        "fate": _fate(one, hardened),
        "tests": hardened.caught.get(one.label, []),
        "witness": _witness(told) if told is not None else None,
        "tried": hardened.alike.get(one.label) or hardened.untried.get(one.label),
    }


def _fate(one: Survivor, hardened: Hardened) -> str:
    told = hardened.told.get(one.label)
    if one.label in hardened.caught:
        return "caught"
    if told is not None:
        return "pins-unstated" if told.unstated else "witness-only"
    return "probably-equivalent" if one.label in hardened.alike else "not-tried"


def _witness(told: ToldApart) -> dict[str, Any]:
    return {
        "how": told.how,
        "says": told.says,
        "reason": told.reason or None,
        "given": told.sides.given,
        "reference": told.sides.reference,
        "survivor": told.sides.survivor,
    }


def _test(kept: ProvenTest) -> dict[str, Any]:
    proof = kept.proof
    return {
        "name": kept.test.name,
        "file": kept.path,
        "requirement": kept.test.requirement or None,
        "how": kept.test.case.how,
        "pins": [{"says": pin.says, "unstated": pin.unstated or None} for pin in kept.test.pins],
        "code": kept.test.code,
        "proof": {
            "reference": _of(proof.reference),
            "catches": list(proof.catches),
            "variants": _of(proof.variants),
            "rights": _of(proof.rights),
            "nop": proof.nop,
        },
    }


def _of(counts: tuple[int, int]) -> dict[str, int]:
    return {"passed": counts[0], "runs": counts[1]}


def _together(strengths: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Over all tasks that were audited again; None where none was."""
    measured = [each for each in strengths if each["counted"]]
    if not measured:
        return None
    detected, counted = (sum(each[key] for each in measured) for key in ("detected", "counted"))
    return {"detected": detected, "counted": counted, "score": detected / counted}


def _strength(entry: Mapping[str, Any]) -> dict[str, Any]:
    share = (entry["strength"] or {}).get("share") or {}
    verify = (entry.get("timings") or {}).get("seconds", {})
    return {
        "verdict": entry["verdict"],
        "why": entry["why"],
        "score": share.get("value"),
        "detected": share.get("detected"),
        "counted": share.get("counted"),
        "survivors": sum(each["outcome"] == "survived" for each in entry["mutants"]),
        "findings": sorted({finding["id"] for finding in entry["findings"]}),
        "seconds_verifying": verify.get("verifying"),
    }
