"""What `foolsgold harden` prints. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.judging.strength import percent
from harness.untrusted import shown, visible


def told_test(task: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    return f"# {visible(task['name'])}, {visible(test['file'])}: {_proof(test)}\n{shown(test['code'])}\n"


def _proof(test: Mapping[str, Any]) -> str:
    proof = test["proof"]
    reference, variants, rights = proof["reference"], proof["variants"], proof["rights"]
    parts = [
        f"passes on the reference {reference['passed']} of {reference['runs']} times",
        f"fails on {len(proof['catches'])} paid variants",
        f"passes on {variants['passed']} of {variants['runs']} right variants",
    ]
    if rights["runs"]:
        parts.append(f"on {rights['passed']} of {rights['runs']} right solutions of yours")
    return ", ".join(parts)


def told(made: Mapping[str, Any], folder: Path | None) -> str:
    return "\n".join(_lines(made, folder))


def _lines(made: Mapping[str, Any], folder: Path | None) -> Iterator[str]:
    for task in made["tasks"]:
        yield from _of_task(task, folder)
    totals = made["totals"]
    yield ""
    yield (
        f"{totals['hardened']} of {totals['tasks']} tasks hardened: {_new(totals['tests'])} "
        f"{totals['caught']} of {totals['survivors']} variants that were paid; "
        f"{totals['unstated']} more would pin what is not stated, "
        f"{totals['alike']} are probably equivalent. {totals['thrown_away']} tests were thrown away."
    )
    if totals["before"] is not None:
        before, now = (f"{percent(totals[when]['score'])} of {totals[when]['counted']}" for when in ("before", "after"))
        yield f"Of the broken variants that count {before} were caught before, and {now} are now."
    if folder is not None and totals["hardened"]:
        yield f"The whole tasks and a patch each are in {visible(str(folder))}, and report.html shows all of it."
        yield "To check them once more:"
        yield f"  foolsgold check {shlex.quote(str(folder))}"


def _new(tests: int) -> str:
    return "1 new test catches" if tests == 1 else f"{tests} new tests catch"


def _of_task(task: Mapping[str, Any], folder: Path | None) -> Iterator[str]:
    name = visible(task["name"])
    if task["why_not"]:
        yield f"{name}: left as it is: {visible(task['why_not'])}"
    else:
        caught = sum(each["fate"] == "caught" for each in task["survivors"])
        line = f"{name}: {_new(len(task['tests']))} {caught} of {len(task['survivors'])} paid variants"
        if task["after"]:
            line += f"; {task['before']['verdict']} before, {task['after']['verdict']} now"
        if task["checked"]:
            line += f"; its controls are {task['checked']}"
        yield line
        for test in task["tests"]:
            yield f"  {visible(test['name'])}: {_proof(test)}"
    if task["trials"]["spent"]:
        yield f"  the budget of {task['trials']['budget']} trials ended it; --budget allows more"
    for why, count in Counter(each["why"] for each in task["thrown_away"]).items():
        yield f"  thrown away: {count}, {visible(why)}"
    for each in task["survivors"]:
        if each["witness"] is not None and each["fate"] != "caught":
            witness = each["witness"]
            told = f"{visible(witness['how'])}, {visible(witness['says'])}"
            yield f"  {each['ref']} is not caught, {visible(witness['reason'])}: {told}"
        elif each["fate"] == "probably-equivalent":
            tried = visible(each["tried"] or "")
            yield f"  {each['ref']} is probably equivalent, {visible(each['sentence'])}; tried: {tried}"
        elif each["fate"] == "not-tried":
            yield f"  {each['ref']} was not tried to the end" + (f": {visible(each['tried'])}" if each["tried"] else "")
