"""The proof of new tests: the task with them, run on what is right, on what was paid, and on nothing done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.harden.proving import ProofTrials, Trialed
from harness.harden.results import Known, Wanted
from harness.harden.shell_calls import functions_of
from harness.harden.tests_of import ExtendedFile
from harness.harden.trials import JUDGED, WATCHED, Trials, results_of
from harness.harden.writing import Style, style_of
from harness.judging.outcome import Shown, showing
from harness.lab.lab import Place
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.trial.plan import Purpose
from harness.trial.record import TrialRecord

ROUNDS = 3
"""Tests that are thrown away are written otherwise so often."""


def names_of_versions(task: Task) -> list[str]:
    """Of the task as it is, and of it with the tests of each round: what is remembered of one is not the other's."""
    return [task.name, *(f"{task.name}, tests {number}" for number in range(ROUNDS * len(task.steps)))]


async def prove_in_trials(
    trials: Trials, wanted: Wanted, known: Known, folder: Path, beside: Callable[[Task], Place], number: int
) -> ProofTrials:
    [read] = discover([folder])
    assert not isinstance(read, Unusable), read.problems
    images = trials.place.task.environment.recipe.images
    named = replace(read, name=names_of_versions(trials.place.task)[number + 1])
    place = beside(named.on_images(images).run_by(trials.place.task.runner))
    try:
        await place.take()
        await place.build("harden")
        proof = trials.elsewhere(place)
        proof.place.doing("proving new tests")
        evidence = await _evidence(proof, wanted, known, JUDGED)
        new = [one for one in evidence.reference if one.results]
        if known.place.pytest and (not new or not _all_named(evidence, known)):
            evidence = await _evidence(proof, wanted, known, WATCHED)
        trials.left = proof.left
        return evidence
    finally:
        place.leave()


def _all_named(evidence: ProofTrials, known: Known) -> bool:
    """Whether the verifier's report has every test of the file, those that pass among them."""
    names = style_of(known.place.text, pytest=True).names
    mine = {name for name in names if name.startswith("test_")}
    return any(mine <= set(one.results) for one in evidence.reference)


async def _evidence(trials: Trials, wanted: Wanted, known: Known, purpose: Purpose) -> ProofTrials:
    references = [trials.reference(f"proof {number}", purpose, number + 3) for number in range(wanted.times)]
    first = await trials.all(references[:1])
    if not results_of(first[0]):  # nothing is told of single tests: the rest would tell nothing either
        return ProofTrials([_trialed("the reference", first[0])])
    plans = [*references[1:], trials.nop("proof", purpose)]
    plans += [trials.survivor(one, "proof", purpose) for one in known.survivors]
    plans += [trials.attempt(one, "proof", purpose) for one in known.attempts]
    plans += [trials.right(one, "proof", purpose) for one in wanted.rights]
    records = iter([*first, *await trials.all(plans)])
    evidence = ProofTrials()
    evidence.reference = [_trialed("the reference", next(records)) for _ in references]
    evidence.nop = [_trialed("doing nothing", next(records))]
    for one in known.survivors:
        record = next(records)
        evidence.survivors[one.label] = [_trialed(one.sentence, record)] if record.trouble is None else []
    for attempt in known.attempts:
        record = next(records)
        # Whether an unsure one is right is for the task's own tests to say.
        own = {name: passed for name, passed in results_of(record).items() if name in _own_names(known)}
        # A shell script does not say which of its own checks failed.
        right = not known.place.script and all(own.values())
        if record.trouble is None and (attempt.sure or right):
            evidence.variants.append(_trialed(attempt.sentence, record))
    evidence.rights = [_trialed(one.name, next(records)) for one in wanted.rights]
    return evidence


def _own_names(known: Known) -> frozenset[str]:
    return style_in(known.place).names if known.place.text else frozenset()


def style_in(place: ExtendedFile) -> Style:
    if place.script:
        return Style(pytest=False, double_quotes=False, names=functions_of(place.text))
    return style_of(place.text, pytest=place.pytest)


def _trialed(what: str, record: TrialRecord) -> Trialed:
    return Trialed(what, results_of(record), _paid(record))


def _paid(record: TrialRecord) -> bool:
    return showing(record).shown is Shown.PAID
