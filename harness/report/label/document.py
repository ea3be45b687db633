"""A label: one task of a report in few words and numbers, with the digests of what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.judging.outcome import OutcomeKind

SCHEMA = "foolsgold.label/1"
_SAYS_NOTHING = frozenset({OutcomeKind.ERROR, OutcomeKind.INVALID, OutcomeKind.FLAKY})


def label_of(report: Mapping[str, Any], entry: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    """`entry` is the task's in the report."""
    strength = entry["strength"]
    return {
        "schema": SCHEMA,
        "task": entry["name"],
        "format": entry["format"],
        "runner": entry.get("runner"),
        "verdict": entry["verdict"],
        "why": entry["why"],
        "strength": _share(strength["share"]) if strength else None,
        "stated": _share(strength["stated"]) if strength else None,
        "labels": list(entry["labels"]),
        "findings": {finding["id"]: finding["severity"] for finding in sorted(entry["findings"], key=_by_id)},
        "survivors": len(entry["survivors"]),
        "rewards": _rewards(entry["controls"]),
        "attempts": _attempts(entry["probes"]),
        "tool": {"name": "foolsgold", "version": report["foolsgold"]},
        "engine": {
            "name": report["engine"],
            "version": report["engine_version"],
            "fidelity": entry["engine"]["fidelity"],
        },
        "seed": report["seed"],
        "digests": dict(digests),
        **({"source": dict(entry["source"])} if entry.get("source") else {}),
    }


def columns(label: Mapping[str, Any]) -> dict[str, Any]:
    """The same as one row without nesting, for tables; `source_row` joins it with the rows of a parquet file."""
    strength, engine, source = label["strength"] or {}, label["engine"], label.get("source") or {}
    return {
        "task": label["task"],
        "source_file": source.get("file"),
        "source_member": source.get("member"),
        "source_row": source.get("row"),
        "foolsgold_verdict": label["verdict"],
        "foolsgold_strength": strength.get("value"),
        "foolsgold_strength_low": strength.get("low"),
        "foolsgold_strength_high": strength.get("high"),
        "foolsgold_counted": strength.get("counted"),
        "foolsgold_survivors": label["survivors"],
        "foolsgold_labels": list(label["labels"]),
        "foolsgold_findings": list(label["findings"]),
        "foolsgold_runner": label.get("runner"),
        "foolsgold_version": label["tool"]["version"],
        "foolsgold_engine": engine["name"],
        "foolsgold_fidelity": engine["fidelity"],
        "foolsgold_seed": label["seed"],
        **{f"foolsgold_digest_{part}": digest for part, digest in label["digests"].items()},
        "foolsgold_signature": (label.get("signature") or {}).get("value"),
        "foolsgold_signed_by": (label.get("signature") or {}).get("public_key"),
    }


def _by_id(finding: Mapping[str, Any]) -> str:
    ident: str = finding["id"]
    return ident


def _share(share: Mapping[str, Any]) -> dict[str, Any]:
    return {key: share[key] for key in ("value", "low", "high", "detected", "counted")}


def _rewards(controls: Mapping[str, Any] | None) -> dict[str, Any]:
    """Of each run of the reference, and of doing nothing and a hollow solution; null where a run gave none."""
    if controls is None:
        return {"reference": [], "nop": None, "hollow": None}
    last = controls["reference_at_the_end"]
    references = [*controls["reference"], *([last] if last else [])]
    return {
        "reference": [record["rewards"] for record in references],
        "nop": controls["nop"]["rewards"] if controls["nop"] else None,
        "hollow": controls["hollow"]["rewards"] if controls["hollow"] else None,
    }


def _attempts(probes: list[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Of each kind of probe: how many gave an answer, and how many of those were paid in full."""
    found: dict[str, dict[str, int]] = {}
    for probe in probes:
        if probe["outcome"] in _SAYS_NOTHING:
            continue
        counts = found.setdefault(probe["probe"], {"tried": 0, "paid": 0})
        counts["tried"] += 1
        counts["paid"] += probe["outcome"] == OutcomeKind.SURVIVED
    return dict(sorted(found.items()))
