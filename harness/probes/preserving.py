"""Right solutions: the reference said, laid out or run otherwise. A verifier that rejects one is too narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Severity
from harness.judging.outcome import OutcomeKind, Shown, showing
from harness.mutants import StepMutants, mutated_file
from harness.probes.model import Attempt, Attempted, Probe
from harness.trial.circumstances import Circumstances
from harness.trial.plan import Replacement
from mutator.model import apply_bytes
from mutator.operators.preserving import Promise, code_variants, output_variants, run_variants
from mutator.operators.preserving.outputs import WRAPPER
from mutator.operators.state import Output

SHOWN = 5
LONG_AGO = 1_600_000_000
"""A day in 2020, the same for every run: files that are older than that are old."""


def of_solution(step: StepMutants) -> Iterator[Attempt]:
    """Surest first, kinds of change in turn."""
    yield from _in_turn([_of_code(step), _of_runs(step)])


def _of_code(step: StepMutants) -> Iterator[Attempt]:
    seen: set[str] = set()
    for one in code_variants(step.sources, step.files, step.step.instruction):
        mutant = one.mutant
        # One variant of each kind says what that kind can say.
        if mutant.operator in seen:
            continue
        seen.add(mutant.operator)
        files = {mutant.file: mutated_file(step.files, mutant)}
        yield _attempt(step, mutant.id, mutant.operator, mutant.sentence, one.promise, Replacement(files))


def _of_runs(step: StepMutants) -> Iterator[Attempt]:
    solution = step.step.solution
    assert solution is not None
    script = solution.script.relative_to(solution.folder).as_posix()
    # Keys for a terminal are no script that could be edited.
    data = step.files.get(script, b"") if not solution.keys else b""
    for one in run_variants(data.decode("utf-8", "replace"), step.step.instruction):
        replacement = Replacement({script: apply_bytes(data, one.script)}) if one.script else Replacement()
        surroundings = Circumstances(dict(one.env), one.hostname, one.before, seen=one.check)
        yield _attempt(step, one.id, one.operator, one.sentence, one.promise, replacement, surroundings)


def of_outputs(step: StepMutants, outputs: Sequence[Output]) -> Iterator[Attempt]:
    seen: set[str] = set()
    apart = step.step.verifier.separate is not None
    for one in output_variants(outputs, step.step.instruction, now=LONG_AGO):
        # A separate verifier gets the declared files only, and not what a wrapper calls.
        if one.operator.id in seen or (apart and one.operator.id == WRAPPER.id):
            continue
        seen.add(one.operator.id)
        change = Circumstances(actions=one.actions)
        yield _attempt(step, one.id, one.operator.id, one.sentence, one.promise, Replacement(), change, one.path)


def _attempt(
    step: StepMutants,
    ident: str,
    operator: str,
    sentence: str,
    promise: Promise,
    replacement: Replacement,
    circumstances: Circumstances | None = None,
    path: str = "",
) -> Attempt:
    return Attempt(
        Probe.PRESERVING,
        ident,
        operator,
        sentence,
        step.step.name,
        f"it keeps {promise.preserves}: {promise.because}",
        not promise.depends_on_instruction,
        path,
        replacement,
        circumstances or Circumstances(),
    )


def _in_turn(parts: Sequence[Iterator[Attempt]]) -> Iterator[Attempt]:
    for together in zip_longest(*parts):
        yield from (one for one in together if one is not None)


def findings(attempted: Sequence[Attempted]) -> Iterator[Finding]:
    mine = [one for one in attempted if one.attempt.probe is Probe.PRESERVING]
    rejected = [one for one in mine if one.rejected]
    # Where the verifier paid and rejected one and the same, two rejections of another may be chance, too.
    unsteady = sum(_disagrees(one) for one in mine)
    surest = Severity.NOTE if unsteady else Severity.WARNING
    for sure, severity in ((True, surest), (False, Severity.NOTE)):
        for one in rejected:
            if one.attempt.sure is not sure:
                continue
            failing = ", ".join(one.outcome.killed_by[:SHOWN])
            yield finding(
                "rejects-right-solution",
                f"The verifier rejects a right solution: {one.attempt.sentence}",
                (
                    f"{one.attempt.because}" + ("" if sure else "; whether it may is for the instruction to say"),
                    *((f"failed: {failing}",) if failing else ()),
                    *((f"the verifier says: {one.outcome.why}",) if one.outcome.why else ()),
                    *((f"it was of two minds about {unsteady} others, so this may be chance",) if unsteady else ()),
                ),
                severity=severity,
            )


def _disagrees(one: Attempted) -> bool:
    """Paid in one run and not in another; a time limit that a busy machine ran into does not count."""
    shown = {showing(record).shown for record in one.records}
    return one.outcome.kind is OutcomeKind.FLAKY and Shown.PAID in shown and Shown.UNPAID in shown
