"""What `foolsgold audit` prints at its end: one screen, whatever the run found.

What to do first, then task by task the weakest first with a line a finding, then where the rest is."""

from __future__ import annotations

import heapq
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from harness.findings.labels import MEANING, label_of
from harness.report.first import First, MissingTest, standing, what_first, why_dropped
from harness.report.proposed import sum_of_proposed
from harness.report.verbose import paid_cell
from harness.report.words import (
    added_up,
    chosen,
    counts,
    gone,
    how_far,
    place,
    share_of,
    trained,
    weakness,
)
from harness.untrusted import clip, visible, wrapped

LINES = 60
"""At most, of a run of any size."""
WIDTH = 80
TASKS = 10
GATE = 4
SHORTEST_NAME = 16
SEVERITIES = ("error", "unmeasured", "warning")
"""Notes are counted, and told where somebody looks at the task."""

CHOSEN = 4
"""Lines on how the tasks were chosen."""
UNFINISHED = 3
"""Of an interrupted run, so many tasks say how far they came."""

Task = Mapping[str, Any]
Finding = Mapping[str, Any]


def terminal(report: Mapping[str, Any], *, gate: str = "", width: int = WIDTH) -> str:
    """Every line is at most `width` long, but for commands and paths, which are to be copied."""
    width = max(width, 40)
    ranked = heapq.nsmallest(TASKS, report["tasks"], key=weakness)
    first = what_first(standing(report, task) for task in report["tasks"])
    top = _top(first, width) if first else [_none(report), ""]
    end = [*_sums(report, width), *_gate(gate, report, width), *_next(report, first)]
    room = LINES - len(top) - len(end)
    return "\n".join([*top, *_tasks(ranked, len(report["tasks"]), first, room, width), *end])


def _none(report: Mapping[str, Any]) -> str:
    return "No task has ended yet." if report["unfinished"] else "No task was audited."


# --- what to do first


def _top(first: First, width: int) -> list[str]:
    one = first.weakest
    lines = ["Do this first", ""]
    if one.verdict != "strong" or first.missing:
        lines += [clip(f"  Look at {visible(one.name)}: {one.verdict}.", width)]
        lines += wrapped(visible(one.why[:1].upper() + one.why[1:]), width, "    ")[:3]
    task = ""
    for number, test in enumerate(first.missing, start=1):
        if test.task != task:
            task = test.task
            what = "Tests to write for" if test.sure else "Perhaps to be tested in"
            lines += [clip(f"  {what} {visible(task)}:", width)]
        lines += _missing(number, test, width)
    lines += _named(
        "Mend or drop", [f"{visible(each.name)} ({why_dropped(each)})" for each in first.drop], first.dropped, width
    )
    lines += _named("Sound", [visible(each.name) for each in first.sound], first.sounds, width)
    return [*lines, ""]


def _missing(number: int, test: MissingTest, width: int) -> Iterator[str]:
    at = f" ({visible(test.place)})" if test.place else ""
    more = f", and {len(test.paid) - 1} more" if len(test.paid) > 1 else ""
    lines, most = [""] * 3, 2 * width
    while len(lines) > 2 and most > 0:
        most -= 10
        says = (
            f'"{clip(visible(test.says), most)}"'
            if test.says
            else "What the instruction does not state: if it matters, state it, too"
        )
        lines = wrapped(f"{number}. {says}{at}", width, "    ", following="       ")
    yield from (clip(line, width) for line in lines[:2])
    yield f"       paid although {clip(visible(test.paid[0]), max(width - 21 - len(more), 20))}{more}"
    yield f"       {test.command}"


def _named(what: str, names: Sequence[str], of: int, width: int) -> list[str]:
    """As many names as two lines have room for."""
    if not names:
        return []
    room = 2 * width - 40
    taken = [name for at, name in enumerate(names) if at == 0 or len(", ".join(names[: at + 1])) <= room]
    left = of - len(taken)
    said = f"{what}: {', '.join(taken)}" + (f", and {left} more" if left else "")
    return [clip(line, width) for line in wrapped(said, width, "  ", following="    ")[:2]]


# --- task by task


def _tasks(ranked: Sequence[Task], of: int, first: First | None, room: int, width: int) -> Iterator[str]:
    if first is None:
        return
    named = {(test.task, test.line) for test in first.missing}
    told = [list(_about(task, named, width, said=task["name"] == first.weakest.name)) for task in ranked]
    more = of - len(ranked)
    shares = _allotted([len(lines) for lines in told], room - len(ranked) - 6 - bool(more))
    table = list(_table(ranked, width))
    yield from table[:2]
    for line, lines, share in zip(table[2:], told, shares, strict=True):
        yield line
        yield from lines[:share]
    if more:
        yield f"and {more} more task{'s' if more > 1 else ''}"
    hidden = sum(len(lines) - share for lines, share in zip(told, shares, strict=True))
    yield "caught + idle (caught as if nothing were done) + paid + left out = tried"
    yield "left out: equivalent, with no difference that matters, or unclear"
    if hidden:
        yield f"{hidden} more finding{'s' if hidden > 1 else ''} of these tasks: foolsgold show RUN TASK"
    yield ""


HEADERS = ("task, weakest first", "verdict", "strength", "caught", "idle", "paid", "left out", "tried")


def _table(ranked: Sequence[Task], width: int) -> Iterator[str]:
    rows = [HEADERS, *(_row(task) for task in ranked)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADERS))]
    widths[0] = min(widths[0], max(width - sum(widths[1:]) - 2 * (len(HEADERS) - 1), SHORTEST_NAME))
    for number, row in enumerate(rows):
        cells = [clip(row[0], widths[0]).ljust(widths[0]), row[1].ljust(widths[1])]
        cells += [cell.rjust(wide) for cell, wide in zip(row[2:], widths[2:], strict=True)]
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "  ".join("-" * wide for wide in widths)


def _row(task: Task) -> tuple[str, ...]:
    name = visible(task["name"])
    if not task["strength"]:
        return name, task["verdict"], *("-",) * 6
    found = counts(task["strength"]["by_outcome"])
    numbers = (found.caught, found.idle, paid_cell(found), found.left_out, found.tried)
    return name, task["verdict"], share_of(task["strength"]), *map(str, numbers)


def _about(task: Task, named: set[tuple[str, int]], width: int, *, said: bool) -> Iterator[str]:
    """A line each: why its verdict is what it is where neither the top (`said`) nor a finding says so, its labels
    where no finding stands for them, and its findings."""
    told = [finding for word in SEVERITIES for finding in task["findings"] if finding["severity"] == word]
    said = said or any(task["why"] in finding["title"] for finding in told)
    if task["verdict"] in ("unmeasured", "broken", "unsound", "flaky") and not said:
        yield clip(f"  {task['verdict']}: {visible(task['why'])}", width)
    by_finding = {label_of(finding["id"]) for finding in told if finding["severity"] != "unmeasured"}
    for label, meaning in MEANING.items():
        if label in task["labels"] and label not in by_finding:
            yield clip(f"  {label}: {meaning}", width)
    for finding in told:
        line = (finding["place"] or {}).get("line")
        if finding["id"].startswith("stated-requirement") and (task["name"], line) in named:
            continue  # a test to write already
        marked = label_of(finding["id"]) if finding["severity"] != "unmeasured" else None
        line_of = f"  {marked or finding['severity']}: {visible(finding['title'])}"
        at = f" ({place(finding)})" if finding["place"] else ""
        yield clip(line_of, width) + (at if len(line_of) + len(at) <= width else "")


def _allotted(wanted: Sequence[int], room: int) -> list[int]:
    """How many lines each task gets, in turns, the first ones first."""
    given = [0] * len(wanted)
    while room > 0 and given != list(wanted):
        for at, many in enumerate(wanted):
            if given[at] < many and room > 0:
                given[at] += 1
                room -= 1
    return given


# --- the end


def _sums(report: Mapping[str, Any], width: int) -> Iterator[str]:
    summary = report["summary"]
    failed = [visible(task["name"]) for task in report["tasks"] if task["internal_error"]]
    if failed:
        yield clip(f"foolsgold itself failed on {', '.join(failed)}. Please report it with what this prints:", width)
        yield f"  foolsgold report {shlex.quote(visible(report['run']))} --verbose"
    if report["interrupted"]:
        yield from wrapped(f"{gone(report)} What was done is kept.", width, "")
        begun = [task for task in report["unfinished"] if task["progress"]]
        yield from (clip(f"  {visible(task['name'])}: {how_far(task)}", width) for task in begun[:UNFINISHED])
    elsewhere = sum(task["engine"]["fidelity"] not in (None, "image") for task in report["tasks"])
    if elsewhere:
        of = f"{elsewhere} of {len(report['tasks'])} tasks"
        yield f"{of} ran on a stand-in, not on the image that they name."
    if said := chosen(report):
        yield from wrapped(said, width, "")[:CHOSEN]
    if summary["tasks"]:
        words = [f"{count} {word}" for word, count in summary["verdicts"].items() if count]
        many = f"{summary['tasks']} task{'' if summary['tasks'] == 1 else 's'}"
        yield from wrapped(f"{many}: {', '.join(words) or 'none is done'}.", width, "")
        yield from wrapped(f"{added_up(counts(summary['outcomes']))}.", width, "")
        if said := sum_of_proposed(report["tasks"]):
            yield from wrapped(said, width, "")
        if trained(summary):
            yield trained(summary)


def _gate(gate: str, report: Mapping[str, Any], width: int) -> Iterator[str]:
    """Its last line is the sum."""
    lines = gate.splitlines()
    if len(lines) > GATE:
        run = shlex.quote(visible(report["run"]))
        lines = [*lines[: GATE - 2], f"gate: and {len(lines) - GATE + 1} more: foolsgold gate {run}", lines[-1]]
    yield from (clip(line, width) for line in lines)


def _next(report: Mapping[str, Any], first: First | None) -> Iterator[str]:
    if first is None:
        return
    run = shlex.quote(visible(report["run"]))
    yield ""
    yield "The rest:"
    yield f"  {visible(str(PurePath(report['run']) / 'report.html'))}"
    yield f"  foolsgold show {run} {shlex.quote(visible(first.weakest.name))}"
    yield f"  foolsgold report {run} --verbose"
