"""What is wrong with a report.json that says it is a report and is none: the first place that breaks the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.report.read import REPORT, schema
from harness.untrusted import clip, visible

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int,),
    "null": (type(None),),
}
_ANY_OF_THESE = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What code that trusts a report may run into where it should not have."""


@contextmanager
def whole(*runs: Path) -> Iterator[None]:
    """Whatever breaks on the reports of these runs is their fault where they break their schema, else a bug of ours."""
    try:
        yield
    except _ANY_OF_THESE as error:
        for run in runs:
            path = run / REPORT if run.is_dir() else run
            said = wrong_with(path)
            if said:
                raise UsageError(
                    f"{visible(str(path))} is no whole report: {said}.",
                    hint="Something else than foolsgold wrote or changed it. The same `foolsgold audit` with --resume "
                    "writes it anew.",
                ) from error
        raise


def wrong_with(path: Path) -> str:
    """Nothing where the file keeps the schema, or is not there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, RecursionError) as error:
        return f"it cannot be read: {error}"
    known = json.loads(schema())
    return next(_wrong(found, known, known["$defs"], ""), "") or next(_at_odds(found), "")


def _at_odds(found: Mapping[str, Any]) -> Iterator[str]:
    """What a schema cannot say: places of one report that speak of each other."""
    for position, task in enumerate(found["tasks"]):
        at = f"tasks[{position}]"
        known = {mutant["ref"] for mutant in task["mutants"]}
        for ref in task["survivors"]:
            if ref not in known:
                yield f"{at}.survivors names {_shown(ref)}, which is no mutant of the task"
        for mutant in task["mutants"]:
            for run in mutant["runs"]:
                if run["tests"] and len(run["tests"]) != len(task["tests"]):
                    yield (
                        f"{at}: a run of {_shown(mutant['ref'])} has results for {len(run['tests'])} tests, and there "
                        f"are {len(task['tests'])}"
                    )


def _wrong(value: Any, wanted: Mapping[str, Any], defs: Mapping[str, Any], at: str) -> Iterator[str]:
    """As much of JSON Schema as decides what shape a value has."""
    where = at or "it"
    if "$ref" in wanted:
        yield from _wrong(value, defs[wanted["$ref"].rpartition("/")[2]], defs, at)
    if "anyOf" in wanted:
        each = [list(_wrong(value, one, defs, at)) for one in wanted["anyOf"]]
        if all(each):
            yield each[0][0]
    if "const" in wanted and value != wanted["const"]:
        yield f"{where} is not {wanted['const']!r}"
    if "enum" in wanted and value not in wanted["enum"]:
        yield f"{where} is {_shown(value)}"
    if "type" in wanted and not _is(value, wanted["type"]):
        yield f"{where} is {_shown(value)}"
        return
    if isinstance(value, int | float) and not wanted.get("minimum", value) <= value <= wanted.get("maximum", value):
        yield f"{where} is {value}"
    if isinstance(value, dict):
        inner = wanted.get("properties", {})
        for key in wanted.get("required", ()):
            if key not in value:
                yield f"{where} has no `{key}`"
        other = wanted.get("additionalProperties")
        for key, each in value.items():
            below = f"{at}.{visible(key)}" if at else visible(key)
            if key in inner:
                yield from _wrong(each, inner[key], defs, below)
            elif isinstance(other, dict):
                yield from _wrong(each, other, defs, below)
    elif isinstance(value, list) and "items" in wanted:
        for position, each in enumerate(value):
            yield from _wrong(each, wanted["items"], defs, f"{at}[{position}]")


def _is(value: Any, names: str | list[str]) -> bool:
    every = [names] if isinstance(names, str) else names
    if isinstance(value, bool):
        return "boolean" in every
    return any(isinstance(value, _TYPES[name]) for name in every)


def _shown(value: Any) -> str:
    return visible(clip(json.dumps(value), 60))
