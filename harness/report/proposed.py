"""What came of variants that somebody else wrote, in report.json and in words: never among the mutants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.judging.outcome import OutcomeKind
from harness.judging.strength import share_json, share_of
from harness.report.words import added_up, counts
from harness.stages.result import Audited, MutantResult, ProposedVariant
from harness.stages.verdict import judged
from harness.untrusted import visible

_OWN = ("operator", "fault", "tier")
"""What a mutant has by the rule that it is made by."""

WORDS: Mapping[str, str] = {
    "survived": "paid",
    "partial": "paid in part",
    "killed": "caught",
    "timeout": "caught for it hangs",
    "idle": "caught as if nothing were done",
    "harmless": "no difference that matters",
    "equivalent": "equivalent",
    "invalid": "invalid",
    "error": "unclear",
    "flaky": "unclear",
}
"""An outcome in a line about one variant."""


def proposed_json(one: Audited, mutant_json: Callable[[MutantResult], dict[str, Any]]) -> dict[str, Any] | None:
    """None where nobody asked for any. `mutant_json`: a result as the report has those of mutants."""
    found = one.proposed
    if found is None:
        return None
    tried = [judged(result) for result in found.results]
    outcomes = Counter(each.outcome.kind for each in tried)
    return {
        "given": found.given,
        "by_outcome": {kind.value: outcomes[kind] for kind in OutcomeKind},
        "share": share_json(share_of(tried)),
        "stated": share_json(share_of(each for each in tried if each.requirement is not None)),
        "variants": [
            {
                **{key: value for key, value in mutant_json(result).items() if key not in _OWN},
                "proposed": {
                    **_origin(variant),
                    "breaks": variant.breaks or None,
                    "request_sha256": variant.request or None,
                    "answer_sha256": variant.answer or None,
                },
            }
            for variant, result in found.tried
        ],
        "invalid": [{**_origin(variant), "why": why} for variant, why in found.invalid],
        "doubles": [{**_origin(each.variant), "of": each.of, "same": each.same} for each in found.doubles],
    }


def _origin(variant: ProposedVariant) -> dict[str, Any]:
    return {"id": variant.id, "source": variant.source or None}


def proposed_variants(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of a report's task that were run and are no doubles."""
    found = task.get("proposed")
    return list(found["variants"]) if found is not None else []


def with_variants(task: dict[str, Any], variants: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The task with these in their place."""
    found = task.get("proposed")
    return task if found is None else {**task, "proposed": {**found, "variants": list(variants)}}


def paid_first(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its proposed variants: paid ones first, of these those that break what is stated."""
    order = list(WORDS)
    return sorted(
        proposed_variants(task), key=lambda one: (order.index(one["outcome"]), one["requirement"] is None, one["id"])
    )


def source_of(variant: Mapping[str, Any]) -> str:
    return variant["proposed"]["source"] or "somebody"


def proposed_words(task: Mapping[str, Any]) -> Iterator[str]:
    """How many there are and what they came to, in a line; then a line for each that was not run or counts nowhere."""
    found = task.get("proposed")
    if found is None:
        return
    yield sum_of_proposed([task])
    for each in found["invalid"]:
        yield f"cannot be run: {visible(each['id'])}: {visible(each['why'])}"
    for each in found["doubles"]:
        yield f"double: {visible(each['id'])} is {visible(each['of'])} once more: {each['same']} is the same"


def sum_of_proposed(tasks: Iterable[Mapping[str, Any]]) -> str:
    """What came of all of them, in a sentence; '' where nobody asked for any."""
    by: set[str] = set()
    outcomes: Counter[str] = Counter()
    given = doubles = invalid = asked = 0
    for task in tasks:
        found = task.get("proposed")
        if found is None:
            continue
        asked += 1
        given += found["given"]
        doubles, invalid = doubles + len(found["doubles"]), invalid + len(found["invalid"])
        outcomes.update(found["by_outcome"])
        by |= {one["source"] or "somebody" for one in _all(found)}
    if not asked:
        return ""
    tried = counts(outcomes)
    ran = f"{tried.tried} run ({added_up(tried).partition(': ')[2]})" if tried.tried else "none run"
    aside = [f"{doubles} double{'' if doubles == 1 else 's'}"] if doubles else []
    aside += [f"{invalid} that cannot be run"] if invalid else []
    return (
        f"{given} wrong variant{'' if given == 1 else 's'} proposed"
        f"{f' by {_few(by)}' if by else ''}: {', '.join([ran, *aside])}; the strength and the verdict are without them."
    )


def _few(names: set[str]) -> str:
    first = sorted(map(visible, names))
    return " and ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")


def _all(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (each["proposed"] for each in found["variants"])
    yield from found["invalid"]
    yield from found["doubles"]
