"""What is wrong with a report.json that says it is a report and is none: the first place that breaks the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.report.proposed import proposed_variants
from harness.report.read import REPORT, schema
from harness.untrusted import clip, visible

if TYPE_CHECKING:
    from jsonschema import ValidationError

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
    from jsonschema import Draft202012Validator  # only where something is wrong, so that no command waits for it

    first = next(Draft202012Validator(json.loads(schema())).iter_errors(found), None)
    return _sentence(first) if first is not None else next(_at_odds(found), "")


def _at_odds(found: Mapping[str, Any]) -> Iterator[str]:
    """What a schema cannot say: places of one report that speak of each other."""
    for position, task in enumerate(found["tasks"]):
        at = f"tasks[{position}]"
        known = {mutant["ref"] for mutant in task["mutants"]}
        for ref in task["survivors"]:
            if ref not in known:
                yield f"{at}.survivors names {_shown(ref)}, which is no mutant of the task"
        for mutant in [*task["mutants"], *proposed_variants(task)]:
            for run in mutant["runs"]:
                if run["tests"] and len(run["tests"]) != len(task["tests"]):
                    yield (
                        f"{at}: a run of {_shown(mutant['ref'])} has results for {len(run['tests'])} tests, and there "
                        f"are {len(task['tests'])}"
                    )


def _sentence(error: ValidationError) -> str:
    """Where the report breaks the schema, and how. Of alternatives the first is meant: the others are mostly null."""
    while error.validator == "anyOf" and error.context:
        error = error.context[0]
    wanted: Any = error.schema
    found: Any = error.instance
    where = error.json_path.removeprefix("$").removeprefix(".")
    where = visible(where) or "it"
    if error.validator == "required":
        missing = next(key for key in wanted["required"] if key not in found)
        return f"{where} has no `{missing}`"
    if error.validator == "additionalProperties":
        unknown = next(key for key in found if key not in wanted["properties"])
        return f"{where} has `{visible(unknown)}`, which no report has"
    if error.validator == "const":
        return f"{where} is not {wanted['const']!r}"
    return f"{where} is {_shown(found)}"


def _shown(value: Any) -> str:
    return visible(clip(json.dumps(value), 60))
