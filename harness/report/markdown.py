"""A summary short enough for a pull request's comment or a job's page."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report.proposed import paid_first, source_of, sum_of_proposed
from harness.report.ranking import worst
from harness.report.words import (
    DATASET,
    SOURCES,
    WEAKEST_FIRST,
    chosen,
    dataset_cells,
    gone,
    how_far,
    interval,
    place,
    share_of,
    source_rows,
    trained,
    weakness,
)
from harness.untrusted import clip, visible

TASKS, SURVIVORS, FINDINGS, UNFINISHED = 20, 10, 10, 5
SOURCES_TOLD = 10
LONGEST_NAME, LONGEST_SENTENCE = 60, 120
"""Characters. Whatever tasks are called, the whole stays below the 65,536 that a comment on GitHub may have."""
SEVERITIES = ("error", "unmeasured", "warning")


def markdown(report: Mapping[str, Any]) -> str:
    parts = [
        f"### foolsgold: {_headline(report)}",
        *_interrupted(report),
        *_tasks(report),
        *_survivors(report),
        *_proposed(report),
        *_findings(report),
        *_dataset(report),
        _origin(report),
    ]
    return "\n\n".join(parts) + "\n"


def _headline(report: Mapping[str, Any]) -> str:
    total = len(report["tasks"])
    if not total:
        return "no task was audited"
    counts = {word: report["summary"]["verdicts"][word] for word in WEAKEST_FIRST}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{total} task{'s' * (total != 1)}: {told}"


def _interrupted(report: Mapping[str, Any]) -> Iterator[str]:
    if report["interrupted"]:
        left = [f"{_safe(task['name'], LONGEST_NAME)} ({how_far(task)})" for task in report["unfinished"][:UNFINISHED]]
        more = len(report["unfinished"]) - len(left)
        yield f"**{gone(report)}** {', '.join(left)}{f' and {more} more' if more > 0 else ''}"


def _tasks(report: Mapping[str, Any]) -> Iterator[str]:
    ranked = heapq.nsmallest(TASKS, report["tasks"], key=weakness)
    tried = any(task["forging"] for task in report["tasks"])
    valued = bool(trained(report["summary"]))
    if ranked:
        rows = [
            (
                _safe(task["name"], LONGEST_NAME),
                ", ".join((task["verdict"], *task["labels"])),
                *_numbers(task),
                *([_forged(task)] if tried else []),
                *([task["training"]["value"] if task["training"] else "-"] if valued else []),
                _safe(task["why"], LONGEST_SENTENCE),
            )
            for task in ranked
        ]
        forged = ["attacks on the reward: paid / met / tried / not measured"] if tried else []
        value = ["training value"] if valued else []
        yield _table(("task", "verdict", "strength", "paid", *forged, *value, "why"), rows)
    more = len(report["tasks"]) - len(ranked)
    if more:
        yield f"and {more} more tasks"


def _forged(task: Mapping[str, Any]) -> str:
    counts = task["forging"]
    if not counts:
        return "-"
    by_default = f" ({counts['paid_by_default']} by default)" if counts["paid_by_default"] else ""
    return f"{counts['paid']}{by_default} / {counts['effective']} / {counts['tried']} / {counts['not_measured']}"


def _numbers(task: Mapping[str, Any]) -> tuple[str, str]:
    strength = task["strength"]
    if not strength or not strength["share"]["counted"]:
        return "-", "-"
    share = strength["share"]
    paid = f"{strength['by_outcome']['survived']} of {share['counted']}"
    return f"{share_of(strength)} ({interval(share)})", paid


def _survivors(report: Mapping[str, Any]) -> Iterator[str]:
    found, count = worst(report, SURVIVORS)
    if not found:
        return
    rows = [
        (
            _safe(task["name"], LONGEST_NAME),
            _safe(f"{mutant['path']}:{mutant['line']}", LONGEST_NAME),
            _safe(mutant["sentence"], LONGEST_SENTENCE),
            _safe(mutant["requirement"]["text"], LONGEST_SENTENCE) if mutant["requirement"] else "",
            _safe(mutant["ref"], LONGEST_NAME),
        )
        for task, mutant in found
    ]
    yield "**Broken variants that were paid in full**"
    yield _table(("task", "place", "what is wrong", "the instruction says", "mutant"), rows)
    if count > SURVIVORS:
        yield f"and {count - SURVIVORS} more"


def _proposed(report: Mapping[str, Any]) -> Iterator[str]:
    """Variants that somebody else wrote, those that were paid by name."""
    said = sum_of_proposed(report["tasks"])
    if not said:
        return
    yield "**Variants from elsewhere**"
    yield _safe(said, 1000)
    paid = [(task, one) for task in report["tasks"] for one in paid_first(task) if one["outcome"] == "survived"]
    if not paid:
        return
    rows = [
        (
            _safe(task["name"], LONGEST_NAME),
            _safe(source_of(one), LONGEST_NAME),
            _safe(one["sentence"], LONGEST_SENTENCE),
            _safe(one["requirement"]["text"], LONGEST_SENTENCE) if one["requirement"] else "",
            _safe(one["ref"], LONGEST_NAME),
        )
        for task, one in paid[:SURVIVORS]
    ]
    yield _table(("task", "by", "paid although", "the instruction says", "variant"), rows)
    if len(paid) > SURVIVORS:
        yield f"and {len(paid) - SURVIVORS} more"


def _findings(report: Mapping[str, Any]) -> Iterator[str]:
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {severity: [] for severity in SEVERITIES}
    count = 0
    for task in report["tasks"]:
        for finding in task["findings"]:
            if finding["severity"] in found:
                count += 1
                if len(found[finding["severity"]]) < FINDINGS:
                    found[finding["severity"]].append((task["name"], finding))
    told = [one for first in found.values() for one in first][:FINDINGS]
    if not told:
        return
    rows = [
        (
            finding["severity"],
            _safe(name, LONGEST_NAME),
            _safe(finding["title"], LONGEST_SENTENCE),
            _safe(place(finding), LONGEST_NAME),
        )
        for name, finding in told
    ]
    yield "**Findings**"
    yield _table(("severity", "task", "finding", "place"), rows)
    if count > len(told):
        yield f"and {count - len(told)} more"


def _dataset(report: Mapping[str, Any]) -> Iterator[str]:
    if len(report["tasks"]) < 2:
        return
    rows = [dataset_cells(row) for row in report["summary"]["dataset"]]
    if said := chosen(report):
        yield _safe(said, 1000)
    yield _table(DATASET, rows)
    sources = source_rows(report)
    if sources:
        yield _table(SOURCES, [(_safe(name, LONGEST_NAME), *cells) for name, *cells in sources[:SOURCES_TOLD]])
    if len(sources) > SOURCES_TOLD:
        yield f"and {len(sources) - SOURCES_TOLD} more sources"


def _origin(report: Mapping[str, Any]) -> str:
    stood = sorted({task["engine"]["fidelity"] for task in report["tasks"] if task["engine"]["fidelity"]})
    words = [f"foolsgold {report['foolsgold']}", f"engine {report['engine']}"]
    words += [f"fidelity {' and '.join(stood)}"] if stood else []
    return _safe(", ".join([*words, f"seed {report['seed']}"]), 500)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_SPECIAL = re.compile(r"[&<>|`*_\[\]~$\\]")
_LINKING = re.compile(r"(?<=[@#])|(?<=://)|(?<=\bwww)", re.IGNORECASE)


def _safe(text: str, longest: int) -> str:
    """Text that is nothing but text: no markup, and no link, mention or reference to an issue either."""
    plain = clip(visible(text), longest)
    parts = _LINKING.split(plain)
    return "&#8203;".join(_SPECIAL.sub(lambda found: f"&#{ord(found[0])};", part) for part in parts)
