"""What `foolsgold show RUN [TASK]` prints: findings and paid variants, a line each, to be searched. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, cast

from harness.report.proposed import WORDS, paid_first, proposed_words, source_of
from harness.report.ranking import ranked
from harness.report.words import added_up, counts, effect_lines, gone, how_far, interval, place, share_of, weakness
from harness.untrusted import clip, visible

LONGEST = 160
"""Characters of a sentence: one line is one thing, whatever a task wrote."""

Task = Mapping[str, Any]


def run_listing(report: Mapping[str, Any]) -> str:
    """Every task, the weakest first."""
    found = [(weakness(task), "\n".join(_task(task))) for task in report["tasks"]]
    lines = [f"{said}\n" for _, said in sorted(found, key=lambda pair: pair[0])]
    if report["interrupted"]:
        lines.append(gone(report))
        lines += [f"  {visible(task['name'])}: {how_far(task)}" for task in report["unfinished"]]
        lines.append("")
    if not report["tasks"]:
        lines.append("No task of this run has ended.")
    return "\n".join([*lines, _further(report)])


def task_listing(report: Mapping[str, Any], task: Task) -> str:
    return "\n".join([*_task(task), "", _further(report)])


def task_named(report: Mapping[str, Any], name: str) -> Task | None:
    """The task of that name, or the only one whose name begins with it."""
    begun: list[Task] = []
    for task in report["tasks"]:
        if task["name"] == name:
            return cast("Task", task)
        if name and task["name"].startswith(name):
            begun = [*begun[:1], task]
    return begun[0] if len(begun) == 1 else None


def _task(task: Task) -> Iterator[str]:
    words = ", ".join((task["verdict"], *task["labels"]))
    yield f"{visible(task['name'])}: {words}. {_line(task['why'][:1].upper() + task['why'][1:])}"
    strength = task["strength"]
    if strength:
        said = added_up(counts(strength["by_outcome"]))
        share = strength["share"]
        yield f"  {said}." + (f" Strength {share_of(strength)} ({interval(share)})." if share["counted"] else "")
    for finding in task["findings"]:
        at = f" ({place(finding)})" if finding["place"] else ""
        yield f"  {finding['severity']} {finding['id']}: {_line(finding['title'])}{at}"
    for _, mutant in ranked(task):
        yield f"  paid {_variant(mutant)}"
        yield from (_line(f"    {line}") for line in effect_lines(mutant))
    for mutant in task["mutants"]:
        if mutant["outcome"] == "partial":
            yield f"  paid in part {_variant(mutant)}"
        elif mutant["outcome"] == "harmless":
            yield f"  no difference that matters {_variant(mutant)}"
            yield _line(f"    {mutant['why']}")
    yield from (_line(f"  {said}") for said in proposed_words(task))
    for variant in paid_first(task):
        yield f"  {WORDS[variant['outcome']]}, by {_line(source_of(variant))}, {_variant(variant)}"
        yield from (_line(f"    {line}") for line in effect_lines(variant))


def _variant(mutant: Mapping[str, Any]) -> str:
    return f"{visible(mutant['ref'])}: {_line(mutant['sentence'])} ({visible(mutant['path'])}:{mutant['line']})"


def _line(text: str) -> str:
    return clip(visible(text), LONGEST)


def _further(report: Mapping[str, Any]) -> str:
    run = shlex.quote(visible(report["run"]))
    return f"One broken variant with its diff and what the tests said: foolsgold show {run} ID"
