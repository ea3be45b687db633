"""What a dataset's page says of its tests' strength: a section in Markdown, and a badge. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from harness.judging.strength import Verdict

USABLE = (Verdict.STRONG, Verdict.ADEQUATE)
_COLOURS: Mapping[str, str] = {
    Verdict.STRONG: "#2e7d32",
    Verdict.ADEQUATE: "#558b2f",
    Verdict.WEAK: "#c77700",
    Verdict.FLAKY: "#c77700",
    Verdict.UNMEASURED: "#6b6b6b",
}
_OF_A_FAULT = "#b3261e"
_EACH = 6.6
"""Pixels of a character at the badge's size, about."""


def card(report: Mapping[str, Any], labels: Sequence[Mapping[str, Any]]) -> str:
    """To be put into a dataset's README.md."""
    verdicts = Counter(label["verdict"] for label in labels)
    fidelities = Counter(label["engine"]["fidelity"] or "none" for label in labels)
    counted = sum(label["strength"]["counted"] for label in labels if label["strength"])
    audited = (
        f"{len(labels)} tasks were audited with foolsgold {report['foolsgold']}: each reference solution was broken on "
        f"purpose, {counted:,} broken variants in all, and the task's own tests were run on each."
    )
    lines = [
        "## Test strength",
        "",
        audited,
        "",
        "| verdict | tasks |",
        "|---|---:|",
        *(f"| {verdict} | {verdicts[verdict]} |" for verdict in Verdict if verdicts[verdict]),
        "",
        "| what is wrong | tasks | of those measured | 95 % interval |",
        "|---|---:|---:|---|",
        *map(_row, report["summary"]["dataset"]),
        "",
        f"Engine: {report['engine']}; base of the boxes: "
        + ", ".join(f"{name} ({count})" for name, count in sorted(fidelities.items()))
        + f"; seed {report['seed']}. Each task's label names the content that it is about by digests: "
        "`foolsgold label --verify` says where it does not fit any more.",
        "",
    ]
    return "\n".join(lines)


def _row(row: Mapping[str, Any]) -> str:
    known = row["share"] is not None
    share = f"{row['share']:.1%}" if known else "unknown"
    interval = f"{row['low']:.1%} to {row['high']:.1%}" if known else ""
    return f"| {row['row']} | {len(row['tasks'])} | {share} | {interval} |"


def badge(labels: Sequence[Mapping[str, Any]]) -> str:
    """One task's strength and verdict, or how many of several are strong or adequate. SVG, with nothing to fetch."""
    if len(labels) == 1:
        (label,) = labels
        share = label["strength"] and label["strength"]["value"]
        said = f"{label['verdict']}, {share:.0%}" if share is not None else str(label["verdict"])
        colour = _COLOURS.get(label["verdict"], _OF_A_FAULT)
    else:
        good = sum(label["verdict"] in USABLE for label in labels)
        said = f"{good} of {len(labels)} strong or adequate"
        colour = _COLOURS[Verdict.STRONG if good == len(labels) else Verdict.WEAK]
    return _svg("test strength", said, colour)


def _svg(name: str, said: str, colour: str) -> str:
    left, right = round(len(name) * _EACH) + 12, round(len(said) * _EACH) + 12
    title = escape(f"{name}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14">{escape(name)}</text><text x="{left + right / 2}" y="14">{escape(said)}</text>'
        "</g></svg>\n"
    )
