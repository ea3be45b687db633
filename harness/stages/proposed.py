"""After the mutants: variants that somebody else wrote, such as a model. They are run and judged as mutants are and
told apart: how many there are, and how hard they are, is their maker's choice, so no share of a task counts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from harness.judging.outcome import Outcome, OutcomeKind
from harness.mutants import StepMutants, diff
from harness.stages.equivalence import Reference
from harness.stages.mutants import Untried
from harness.stages.result import Double, MutantResult, Proposed, ProposedVariant
from harness.task.model import Task
from harness.trial.end_state import same
from harness.trial.plan import Replacement
from harness.trial.record import Kind
from mutator.given import given_mutant, meaning, newly_unparsed
from mutator.select import REFERENCE
from mutator.unified_diff import WillNotApply, patched_files

SAME_TEXT, SAME_CODE, SAME_END = "the text", "the compiled code", "what it leaves"


@dataclass(frozen=True, slots=True)
class ToTry:
    """Proposed variants before anything ran."""

    given: int
    each: tuple[tuple[ProposedVariant, Untried], ...] = ()
    invalid: tuple[tuple[ProposedVariant, str], ...] = ()
    doubles: tuple[Double, ...] = ()

    @property
    def untried(self) -> list[Untried]:
        return [one for _, one in self.each]


class _NotToBeTried(Exception):
    """Why a proposed variant cannot be run."""


def to_try(
    task: Task, steps: Sequence[StepMutants], mutants: Sequence[Untried], variants: Sequence[ProposedVariant]
) -> ToTry:
    """Those that are a change of the reference and no double, of each other or of `mutants`."""
    if not variants:
        return ToTry(0)
    known: dict[Key, str] = {key: REFERENCE for step in steps for key in _of_reference(step)}
    by_step = {step.step.name: step for step in steps}
    for untried in mutants:
        for key, _ in _keys(by_step[untried.result.step], untried):
            known.setdefault(key, untried.result.label)
    each: list[tuple[ProposedVariant, Untried]] = []
    invalid: list[tuple[ProposedVariant, str]] = []
    doubles: list[Double] = []
    for variant in variants:
        try:
            made = _untried(task, steps, variant)
        except _NotToBeTried as error:
            invalid.append((variant, str(error)))
            continue
        if made is None:
            doubles.append(Double(variant, REFERENCE, SAME_TEXT))
            continue
        keys = _keys(by_step[made.result.step], made)
        twin = next(((known[key], how) for key, how in keys if key in known), None)
        if twin is not None:
            doubles.append(Double(variant, *twin))
            continue
        known |= {key: made.result.label for key, _ in keys}
        each.append((variant, made))
    return ToTry(len(variants), tuple(each), tuple(invalid), tuple(doubles))


def told_apart(
    proposed: ToTry, results: Sequence[MutantResult], own: Sequence[MutantResult], reference: Reference | None
) -> Proposed:
    """Which of them count: `own` mutants leave the same as some, and so do some of their own."""
    kept: list[tuple[ProposedVariant, MutantResult]] = []
    doubles = list(proposed.doubles)
    for (variant, _), result in zip(proposed.each, results, strict=True):
        twin = _same_end(result, [*own, *(one for _, one in kept)], reference)
        if twin is not None:
            doubles.append(Double(variant, twin.label, SAME_END, result))
        else:
            kept.append((variant, result))
    return Proposed(proposed.given, tuple(kept), proposed.invalid, tuple(doubles))


def _same_end(result: MutantResult, others: Sequence[MutantResult], reference: Reference | None) -> MutantResult | None:
    """Another one of which it is known that it leaves the same: a trial took its verdict, or both were looked at."""
    if result.outcome.kind is OutcomeKind.EQUIVALENT:
        return None
    took = {record.same_as for record in result.records if record.same_as}
    for other in others:
        if f"{Kind.MUTANT} {other.label}" in took:
            return other
        one, two = result.left, other.left
        if one is None or two is None or reference is None or one.processes:
            continue
        if result.survived and other.survived and same(one, two, reference.unsteady):
            return other
    return None


# --- from what was written to what is run


def _untried(task: Task, steps: Sequence[StepMutants], variant: ProposedVariant) -> Untried | None:
    """None where nothing is changed."""
    if variant.unfit:
        raise _NotToBeTried(variant.unfit)
    several = len(task.steps) > 1 or task.steps[0].name != ""
    below = {step.step.name: f"steps/{step.step.name}/solution/" if several else "" for step in steps}
    own = {f"{below[step.step.name]}{name}": data for step in steps for name, data in step.files.items()}
    made = _written(task, own, variant, several=several)
    if made.keys() != own.keys():
        raise _NotToBeTried("it has other files than the reference solution; `foolsgold attempts` runs such")
    changed = [name for name in made if made[name] != own[name]]
    if not changed:
        return None
    if len(changed) > 1:
        raise _NotToBeTried("it changes several files, and a mutant changes one; `foolsgold attempts` runs such")
    step = next(each for each in steps if changed[0].startswith(below[each.step.name]))
    return _of_step(task, step, changed[0].removeprefix(below[step.step.name]), made[changed[0]], variant)


def _written(task: Task, own: Mapping[str, bytes], variant: ProposedVariant, *, several: bool) -> Mapping[str, bytes]:
    if variant.files:
        return variant.files
    solution = next(step.solution for step in task.steps if step.solution is not None)
    try:
        return patched_files(own, variant.diff, "" if several else solution.folder.name)
    except WillNotApply as error:
        raise _NotToBeTried(str(error)) from error


def _of_step(task: Task, step: StepMutants, file: str, after: bytes, variant: ProposedVariant) -> Untried:
    assert step.step.solution is not None
    script = step.step.solution.script.relative_to(step.step.solution.folder).as_posix()
    if broken := newly_unparsed(step.files, {**step.files, file: after}, script):
        raise _NotToBeTried(f"its {broken[0]} does not parse")
    sentence = variant.what or f"{variant.id}, which {variant.source or 'somebody'} meant to be wrong"
    mutant = given_mutant(step.sources, step.files, script, file, after, sentence)
    links = step.relevance.links(mutant)
    requirement = step.relevance.requirements[links[0].requirement] if links else None
    result = MutantResult(
        step.step.name, mutant, links, requirement, diff(step.files, mutant), Outcome(OutcomeKind.ERROR), ()
    )
    return Untried(result, Replacement({file: after}, step.step.name if len(task.steps) > 1 else None))


# --- doubles

Key = tuple[str, ...]


def _keys(step: StepMutants, untried: Untried) -> list[tuple[Key, str]]:
    """What two that are one have in common, and how that is called."""
    name, mutant = step.step.name, untried.result.mutant
    keys: list[tuple[Key, str]] = [
        (("text", name, file, sha256(data).hexdigest()), SAME_TEXT) for file, data in untried.replacement.files.items()
    ]
    source = next((one for one in step.sources if one.id == mutant.source), None)
    said = meaning(source, mutant.changes) if source is not None and mutant.changes else None
    if said is not None:
        keys.append((("code", name, mutant.source, said), SAME_CODE))
    return keys


def _of_reference(step: StepMutants) -> Iterator[Key]:
    for source in step.sources:
        said = meaning(source)
        if said is not None:
            yield "code", step.step.name, source.id, said
