"""Last stage: from what trials showed to findings, numbers and one word. Pure: nothing runs here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

from harness.findings.catalogue import finding
from harness.findings.controls import Standing, control_findings, standing
from harness.findings.files import changed_finding, file_findings
from harness.findings.given_away import joined
from harness.findings.internal import internal_finding, trace_of
from harness.findings.labels import COUNTING, labels
from harness.findings.model import Finding, Label, Severity
from harness.findings.mutants import mutant_findings
from harness.findings.permissive import Tightened, permissive_findings, unread_finding
from harness.findings.proposed import PaidProposal, proposed_findings
from harness.findings.requirements import Seen, is_number, only_waits
from harness.findings.slight import only_refuses, own_options, slight
from harness.findings.tied import (
    asks_for_no_order,
    asks_for_no_word,
    asks_nothing,
    of_no_seen_effect,
    only_around,
    still_says,
    unnamed_entry,
)
from harness.findings.unheeded import Unheeded, unheeded, unheeded_findings
from harness.judging.controls import Controls
from harness.judging.kill_matrix import Matrix, failing, matrix
from harness.judging.outcome import CAUGHT, OutcomeKind, Shown, showing
from harness.judging.reuse import Reuse, told
from harness.judging.stated import of_no_name
from harness.judging.strength import Judged, Offer, Strength, Verdict, percent, strength, verdict
from harness.judging.sure import Sureness
from harness.judging.timings import Timings, timings
from harness.judging.training import Needed, Training, training
from harness.mutants import StepMutants, nothing_worth
from harness.probes import vacuous
from harness.probes.choose import INSTRUCTION_PAID, probe_findings, unworked
from harness.probes.least import findings as least
from harness.probes.model import Probe
from harness.probes.replay import attempts as fakes
from harness.stages.probing import Probed
from harness.stages.result import Audited, AuditSettings, MutantResult, Proposed
from harness.task.model import Task, Unusable
from harness.task.texts import verifier_texts
from harness.testcode.assertions import read_test_files
from harness.testcode.assertions.lead import Lead, TestFunction
from harness.trial.record import Kind, TrialRecord
from harness.verifier.reward import Rewards
from mutator.model import apply
from mutator.relevance import stated, tokens_of
from mutator.relevance.removes import cleans_up

VOID = "the reference was not paid at the end, so the kills are void"
FAKED = "outputs of the right shape are paid, whatever is in them"


@dataclass(frozen=True)
class Examined:
    """Everything that is known of a task when nothing more runs."""

    task: Task
    settings: AuditSettings
    controls: Controls
    paid: Rewards
    """What the reference is paid at least."""
    said: Sequence[Finding]
    """What the task's own texts say."""
    steps: Sequence[StepMutants]
    tried: Sequence[MutantResult]
    probed: Probed
    last: TrialRecord
    """The reference, after everything that it vouches for."""
    last_failed: TrialRecord | None
    """Its run before, where something could not be fetched."""
    reuse: Reuse
    tightened: Tightened = field(default_factory=Tightened)
    """What loose assertions looked at."""
    sureness: Sureness | None = None
    """Where it was enough before all variants had run."""
    proposed: Proposed | None = None
    """What came of variants that somebody else wrote: no number and no word is made of it."""

    @cached_property
    def matrix(self) -> Matrix | None:
        return kill_matrix(self.controls, self.tried)

    @cached_property
    def unheeded(self) -> list[tuple[MutantResult, Unheeded]]:
        """The variants that were paid although a test did not pass for them."""
        return unheeded_of(self.controls, self.tried)

    @property
    def timings(self) -> Timings:
        """Of everything that was run in a box to judge the task."""
        controls = self.controls
        alone = (controls.prepared.offline, controls.nop, controls.hollow, self.last, self.last_failed)
        proof = [one for one in self.reuse.proof if not any(one is each for each in controls.references)]
        records = [*controls.references, *proof, *self.probed.watched.values()]
        records += [record for record in alone if record is not None]
        records += [record for each in self.tried for record in each.records]
        records += self.proposed.records if self.proposed is not None else ()
        records += [record for each in self.probed.attempted for record in each.records]
        records += self.probed.least.searched if self.probed.least is not None else ()
        return timings(controls.prepared.build_seconds, self.reuse.seconds, records)

    @cached_property
    def looked(self) -> vacuous.Looked:
        """What the tests were seen to do."""
        if Probe.VACUOUS not in self.settings.probes:
            return vacuous.NOT_ASKED
        watched = self.probed.watched
        if not watched:
            return vacuous.NO_PYTEST
        controls = self.controls
        return vacuous.looked_at(
            watched.get(Kind.REFERENCE), watched.get(Kind.NOP), controls.references[-1], controls.nop
        )

    @cached_property
    def suspected(self) -> tuple[list[Finding], list[Lead]]:
        """What the tests' texts let suspect: with a survivor for a witness a finding, else a lead."""
        return suspicions(self.task, self.tightened)

    @cached_property
    def watched(self) -> tuple[list[Finding], list[Lead]]:
        """What is wrong with the tests as they were seen to run, and the leads that this makes no fact of."""
        _, leads = self.suspected
        if Probe.VACUOUS not in self.settings.probes:
            return [], leads
        reference, nop = self.controls.references[-1], self.controls.nop
        others = [one for one in (nop, self.controls.hollow) if one is not None]
        others += [record for result in self.tried for record in result.records]
        noticed = {name for record in others for name in failing(record)}
        never = self.matrix.vacuous if self.matrix is not None else ()
        return vacuous.of_task(self.task, self.looked, reference, nop, noticed, never, leads)


Finder = Callable[[Examined], Iterable[Finding]]


def _of_mutants(found: Examined) -> Iterable[Finding]:
    texts = "\n".join(text for step in found.task.steps for text in verifier_texts(found.task, step).values())
    steps = {each.step.name: each for each in found.steps}
    # A test that fails without being heeded tests its requirement all the same: the fault lies with the reward.
    unheeded = {one.label for one, _ in found.unheeded}
    tried = [_seen_in(steps[result.step], result) for result in found.tried if result.label not in unheeded]
    return mutant_findings(found.task, tried, found.matrix, texts, "")


def _of_the_unheeded(found: Examined) -> Iterable[Finding]:
    return unheeded_findings({f"{one.mutant.sentence} ({one.label})": how for one, how in found.unheeded})


def _of_probes(found: Examined) -> Iterable[Finding]:
    probed, of = found.probed, found.probed.outputs
    noticed = noticed_paths(found.tried)
    return probe_findings(found.task, probed.attempted, found.paid, of.given, noticed, of.table, of.claims)


def _of_the_proposed(found: Examined) -> Iterable[Finding]:
    tried = found.proposed.tried if found.proposed is not None else ()
    paid = [
        PaidProposal(f"{result.mutant.sentence} ({result.label})", variant.source, result.requirement is not None)
        for variant, result in tried
        if result.survived
    ]
    return proposed_findings(paid, len(tried))


def _of_the_end(found: Examined) -> Iterator[Finding]:
    last = showing(found.last)
    if last.shown is not Shown.PAID:
        yield finding(
            "reference-not-paid-at-the-end",
            "The reference was paid before the mutants ran and is not any more, so their kills are void.",
            (last.why or "it was paid less than in full",),
        )


FINDERS: tuple[Finder, ...] = (
    lambda found: found.said,
    lambda found: control_findings(found.controls),
    _of_mutants,
    _of_the_unheeded,
    lambda found: found.suspected[0],
    lambda found: found.watched[0],
    _of_probes,
    lambda found: least.findings(found.task, found.probed.least),
    _of_the_proposed,
    _of_the_end,
)
"""Everything that can be said of a task; a new finding is a function here."""


def sound(controls: Controls) -> bool:
    return standing(control_findings(controls)) is Standing.GOOD


def verdict_of(found: Examined, command: str) -> Audited:
    """`command` audits the task again."""
    numbers = strength([judged(result) for result in found.tried])
    findings = [finding for finder in FINDERS for finding in finder(found)]
    word, why = _word(found, numbers, _offer(found, findings))
    return Audited(
        found.task,
        word,
        why,
        found.controls,
        tuple(found.steps),
        tuple(found.tried),
        numbers,
        _ranked(found.task, findings, command),
        found.probed.attempted,
        found.probed.hidden,
        found.looked,
        tuple(found.watched[1]),
        found.last,
        found.timings,
        told(found.reuse, (record for each in found.tried for record in each.records)),
        round(found.controls.seconds + sum(record.seconds for record in _ran(found)), 3),
        claims=found.probed.outputs.claims,
        thresholds=found.settings.thresholds,
        sureness=found.sureness,
        least=found.probed.least,
        proposed=found.proposed,
        size=found.probed.size,
        training=_training(found, findings),
        last_failed=found.last_failed,
    )


def _ran(found: Examined) -> Iterator[TrialRecord]:
    yield from (record for each in found.tried for record in each.records)
    yield from found.proposed.records if found.proposed is not None else ()


def _training(found: Examined, findings: Sequence[Finding]) -> Training:
    least, size = found.probed.least, found.probed.size
    needed = None
    if least is not None and least.measured:
        needed = Needed(least.enough.statements, least.needed, least.complete)
    paid = [*unworked(found.probed.attempted)]
    if any(one.id == "guessable" and one.severity in COUNTING for one in findings):
        paid.append("blind guesses are paid")
    if Label.GIVEN_AWAY in labels(findings) and INSTRUCTION_PAID not in paid:
        paid.append("the answer is given away")
    return training(size.statements if size is not None else 0, needed, paid, found.settings.thresholds)


def _offer(found: Examined, findings: Sequence[Finding]) -> Offer:
    plain = any(one.id in UNTESTED and one.severity in COUNTING for one in findings)
    return Offer(sum(each.selection.left for each in found.steps), not found.settings.wish.in_part, plain)


UNTESTED = ("stated-requirement-untested", "stated-requirement-undertested")


def _word(found: Examined, numbers: Strength, offer: Offer) -> tuple[Verdict, str]:
    if showing(found.last).shown is not Shown.PAID:
        return Verdict.UNMEASURED, VOID
    word, why = verdict(numbers, found.settings.thresholds, offer)
    if offer.whole and not any(each.selection.chosen for each in found.steps):
        why = f"no broken variant was tried; {nothing_worth(sum(each.selection.poor for each in found.steps))}"
    if (sure := found.sureness) is not None:
        doubt = percent(1 - sure.sure)
        of = f"{sure.ran} of {sure.of} were run"
        why = f"{why}; {of}, and the others would change the verdict in at most {doubt} of tasks"
    if fakes.fakes_paid(found.probed.attempted) and word is not Verdict.WEAK:
        return Verdict.WEAK, f"{FAKED}; {why}"
    return word, why


def verdict_of_controls(controls: Controls, said: Sequence[Finding], settings: AuditSettings, command: str) -> Audited:
    """For a task whose controls are not sound: the gravest finding decides."""
    found = control_findings(controls)
    word, why = _word_of_controls(found)
    return Audited(
        controls.task,
        word,
        why,
        controls,
        findings=_ranked(controls.task, [*said, *found], command),
        seconds=round(controls.seconds, 3),
        thresholds=settings.thresholds,
    )


def _word_of_controls(findings: Sequence[Finding]) -> tuple[Verdict, str]:
    if not findings:
        return Verdict.UNMEASURED, "the reference has no reward to compare with"
    worst = findings[0]
    if worst.severity is not Severity.ERROR:
        return Verdict.UNMEASURED, worst.title
    if "flaky" in worst.id:
        return Verdict.FLAKY, worst.title
    if worst.id.startswith(("build", "reference", "healthcheck", "environment", "verifier")):
        return Verdict.BROKEN, worst.title
    return Verdict.UNSOUND, worst.title


def unusable(task: Unusable, command: str) -> Audited:
    findings = file_findings(task, command)
    why = findings[0].title if findings else "it cannot be read"
    return Audited(task, Verdict.UNMEASURED, why, findings=findings)


def of_the_start(audited: Audited, changes: str, command: str) -> Audited:
    """With what has become of the user's folder meanwhile: the result is of what it was before."""
    found = [*audited.findings, *changed_finding(changes)]
    return replace(audited, findings=_ranked(audited.task, found, command)) if changes else audited


def internal_error(task: Task | Unusable, error: BaseException, command: str) -> Audited:
    found = (internal_finding(task.name, error, command),)
    return Audited(task, Verdict.UNMEASURED, "foolsgold itself failed", findings=found, internal=trace_of(error))


def _ranked(task: Task | Unusable, findings: Sequence[Finding], command: str) -> tuple[Finding, ...]:
    """The gravest first, each with its task and the command that shows it."""
    order = list(Severity)
    told = [replace(one, task=task.name, command=one.command or command) for one in joined(findings)]
    return tuple(sorted(told, key=lambda finding: order.index(finding.severity)))


# --- what findings need of mutants


def unheeded_of(controls: Controls, tried: Sequence[MutantResult]) -> list[tuple[MutantResult, Unheeded]]:
    told = [(one, unheeded(controls.references, one.paid)) for one in tried]
    return [(one, how) for one, how in told if how is not None]


def judged(result: MutantResult) -> Judged:
    requirement = f"{result.step}/{result.requirement.index}" if result.requirement is not None else None
    return Judged(result.mutant.id, result.mutant.fault, result.outcome, requirement)


def seen(result: MutantResult, instruction: str = "") -> Seen:
    mutant, links = result.mutant, result.links
    evidence = links[0].evidence if links else ()
    same = result.effect is not None and result.effect.same
    is_slight = slight(mutant.operator, mutant.sentence, result.diff, result.requirement, evidence, same=same)
    evidence = own_options(evidence, f"{mutant.scope}\n{mutant.before}\n{mutant.after}")
    return Seen(
        mutant.id,
        result.step,
        mutant.sentence,
        mutant.place,
        result.outcome.kind,
        result.requirement,
        evidence,
        links[0].score if links else 0.0,
        only_waits(result.diff),
        slight=is_slight,
        beside=result.survived and _beside(result, evidence, instruction),
        unseen=result.effect is not None and result.effect.looked and result.effect.effect is None,
    )


def _seen_in(step: StepMutants, result: MutantResult) -> Seen:
    one = seen(result, step.step.instruction)
    beside = one.beside or (result.survived and _still_says(step, result, one.evidence))
    return replace(one, serves=_serves(step, result), beside=beside)


def _still_says(step: StepMutants, result: MutantResult, evidence: Sequence[str]) -> bool:
    mutant, requirement = result.mutant, result.requirement
    text = next((one.text for one in step.sources if one.id == mutant.source), "")
    if requirement is None or not text:
        return False
    return still_says(mutant.operator, requirement.text, evidence, apply(text, mutant.changes))


def _beside(result: MutantResult, evidence: Sequence[str], instruction: str) -> bool:
    """Whether the sentence says nothing of what the variant loses, whatever words they share."""
    mutant, requirement = result.mutant, result.requirement
    if requirement is None:
        return False
    text = requirement.text
    effect = result.effect.effect if result.effect is not None else None
    return (
        asks_nothing(text)
        or unnamed_entry(mutant.operator, mutant.sentence, text, evidence)
        or asks_for_no_order(mutant.operator, text)
        or asks_for_no_word(mutant.operator, text)
        or only_refuses(mutant.operator, result.diff, requirement)
        or cleans_up(mutant.before, mutant.after, text)
        or of_no_seen_effect(mutant.operator, seen=effect is not None)
        or (effect is not None and of_no_name(effect.input, instruction))
    )


def _serves(step: StepMutants, result: MutantResult) -> bool:
    """Whether it changes what serves its requirement before any other, and what ties it to that most stands in the
    changed lines themselves, or names what they are part of, and does not only stand around them."""
    mutant, requirement = result.mutant, result.requirement
    if requirement is None or not mutant.changes:
        return requirement is not None
    changed = f"{mutant.scope}\n{mutant.before}\n{mutant.after}"
    stands = {*tokens_of(changed, code=True), *stated(changed, code=True), *re.findall(r"\w+", changed)}
    most = next((token for token in result.links[0].evidence if not is_number(token)), "")
    if stands.isdisjoint({f"~{most}", most, *tokens_of(most, code=True)}):
        return False
    # A directive is short, and all of it says one thing: what stands around its value is what the value is for.
    if not mutant.operator.startswith("nginx.") and only_around(mutant.before, mutant.after, result.links[0].evidence):
        return False
    return any(
        part.source == mutant.source and edit.start <= part.end and part.start <= edit.end
        for part in step.relevance.served.get(requirement.index, ())
        for edit in mutant.changes
    )


def noticed_paths(tried: Sequence[MutantResult]) -> frozenset[str]:
    """Files of the box whose text was broken in the solution, to a test's notice; a sibling is known by its name."""
    caught = [one for one in tried if one.outcome.kind in CAUGHT]
    return frozenset(one.mutant.target or PurePosixPath(one.mutant.file).name for one in caught)


def kill_matrix(controls: Controls, tried: Sequence[MutantResult]) -> Matrix | None:
    killed = {result.mutant.id: result.telling for result in tried if result.outcome.kind is OutcomeKind.KILLED}
    untouched = [record for record in (controls.nop, controls.hollow) if record is not None]
    return matrix(controls.references, untouched, killed)


def suspicions(task: Task, found: Tightened) -> tuple[list[Finding], list[Lead]]:
    unread: dict[str, None] = {}
    tests: list[TestFunction] = []
    for step in task.steps:
        more, unreadable = read_test_files(verifier_texts(task, step))
        unread |= dict.fromkeys(unreadable)
        tests += more
    findings, leads = permissive_findings(tests, found)
    return [*findings, *unread_finding(list(unread))], list(dict.fromkeys(leads))
