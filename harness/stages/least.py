"""Beside the mutants: looks for the least of the reference that is paid in full, and what of the instruction it lacks.

One variant after another, since each answer decides what is tried next. What is held against the task is run again,
plainly; a verifier that then says something else has measured nothing.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.judging.effects import About
from harness.judging.outcome import TRANSIENT, OutcomeKind, judge, settle, unconfirmed
from harness.judging.strength import weight
from harness.lab.lab import IDLE, Place
from harness.mutants import StepMutants
from harness.probes.least import attempts
from harness.probes.least.model import Least, RewardStep, StatedWork, WorkSize, added, cut_of, size_of, whole_size
from harness.probes.least.search import Answer, FoundLeast, Search, Variant
from harness.probes.least.serving import Serving, ServingParts, asked, code_of, lost_words, quoted, serving, speaks_of
from harness.probes.model import Attempt, Attempted, Probe
from harness.stages.effects import Pattern, effect_of
from harness.stages.mutants import Terms
from harness.task.model import Step
from harness.trial.plan import Judge, Plan, Replacement
from harness.trial.record import Kind, TrialRecord, Which
from mutator.parts import Cut
from mutator.relevance import Requirement

WITNESSES = 5
"""Lost requirements that are looked at one by one."""
OF_A_WITNESS = 3
"""Trials of each: its first run, the plain one, and one that is observed."""
CONFIRMING = 2
NOTHING_TO_CUT = "nothing of its solution is in a language that can be cut into statements"
STEPS = 3
"""Of a partial reward, whose least is looked for."""
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")

SharedPattern = Callable[[], Awaitable[Pattern | None]]


@dataclass
class _Trials:
    """Every trial of the search, and what is known from them."""

    place: Place
    terms: Terms
    step: Step
    others: WorkSize
    """Of the steps before it, which are solved as they are."""
    records: dict[str, TrialRecord] = field(default_factory=dict)
    searched: list[TrialRecord] = field(default_factory=list)
    shares: dict[str, tuple[frozenset[int], float]] = field(default_factory=dict)
    """A variant's digest -> what it lacks, and the share of the reward that it was paid."""

    def plan(self, variant: Variant, run: Which) -> Plan:
        first = run is Which.FIRST
        purpose = Judge()
        if first:
            purpose = Judge(self.terms.first_failure, reuse=self.terms.reuse.on)
        return Plan(
            Kind.PROBE,
            f"{Probe.LEAST}/{variant.digest}",
            self.put(variant),
            self.terms.networks,
            self.terms.limits if first else self.terms.own_limits,
            self.terms.known,
            purpose=purpose,
            run=run,
        )

    def size(self, cut: Cut, removed: frozenset[int]) -> WorkSize:
        return added((size_of(cut, removed), self.others))

    def put(self, variant: Variant) -> Replacement:
        return attempts.replacement(self.place.task, self.step, variant.files)

    async def answer(self, variant: Variant, wanted: float = 1.0) -> Answer:
        """Whether it is paid this share of the reward."""
        record = await self.place.trial(self.plan(variant, Which.FIRST), IDLE)
        self.searched.append(record)
        outcome = unconfirmed(judge(record, self.terms.against))
        if outcome.kind is OutcomeKind.ERROR and outcome.cause in TRANSIENT:
            record = await self.place.trial(self.plan(variant, Which.CONFIRM), IDLE)
            outcome = unconfirmed(judge(record, self.terms.against))
            self.searched.append(record)
        self.records[variant.digest] = record
        if outcome.kind is OutcomeKind.ERROR:
            return Answer.UNKNOWN
        paid = outcome.kind in (OutcomeKind.SURVIVED, OutcomeKind.PARTIAL)
        share = round(1 - weight(outcome), 4) if paid else 0.0
        self.shares[variant.digest] = variant.removed, share
        return Answer.PAID if share >= wanted else Answer.UNPAID

    async def confirmed(self, attempt: Attempt, variant: Variant, runs: Sequence[Which]) -> Attempted:
        """With plain runs, in which nothing is reused and no test is left out."""
        first = self.records.get(variant.digest)
        records = [first] if first is not None else []
        for run in runs:
            known = first is not None and first.run is run
            if not known:
                records.append(await self.place.trial(self.plan(variant, run), IDLE))
        outcomes = [unconfirmed(judge(record, self.terms.against)) for record in records]
        pairs = [(record, outcome.kind) for record, outcome in zip(records, outcomes, strict=True)]
        self.terms.reuse.hold_against(pairs, attempt.label)
        return Attempted(attempt, settle(outcomes), tuple(records))


async def find_least(
    place: Place, steps: Sequence[StepMutants], terms: Terms, most: int, pattern: SharedPattern
) -> Least:
    """Of several steps the least of the last: the others build on one another. `most`: trials that it may take."""
    task, step = place.task, steps[-1]
    cut = await place.think(lambda: cut_of(step), IDLE)
    if not any(part.edits for part in cut.parts):
        return Least(step.step.name, NOTHING_TO_CUT)
    served = await place.think(lambda: serving(step, cut), IDLE)
    trials = _Trials(place, terms, step.step, await place.think(lambda: whole_size(steps[:-1]), IDLE))
    aside = CONFIRMING + (OF_A_WITNESS - 1) * min(WITNESSES, len(served.groups))
    groups = {number: group.parts for number, group in enumerate(served.groups)}
    most = max(most - aside, 1)
    found = await _search(place, trials, Search(cut, groups, most), 1.0)
    told = await _told(trials, step, cut, found, served, pattern)
    if not told.measured or len(task.steps) > 1:  # there the others have their part in whatever is paid
        return told
    rewards, ran = await _reward_steps(trials, cut, most - found.trials)
    return replace(told, rewards=rewards, trials=told.trials + ran)


async def _search(place: Place, trials: _Trials, search: Search, share: float) -> FoundLeast:
    """Reading and cutting take a processor a while, so they are done where everything is that nobody waits for."""
    running = search.run()
    answer: Answer | None = None

    def following() -> Variant | FoundLeast:
        try:
            return next(running) if answer is None else running.send(answer)
        except StopIteration as end:
            found: FoundLeast = end.value
            return found

    while True:
        wanted = await place.think(following, IDLE)
        if isinstance(wanted, FoundLeast):
            return wanted
        answer = await trials.answer(wanted, share)


async def _reward_steps(trials: _Trials, cut: Cut, most: int) -> tuple[tuple[RewardStep, ...], int]:
    """The least for each share that variants were paid in part, the largest first; and how many trials it took."""
    found: dict[float, RewardStep] = {}
    left = most
    for number in range(STEPS):
        shares = {share for _, share in trials.shares.values() if 0 < share < 1} - set(found)
        if not shares or left <= 0:
            break
        share = max(shares)
        search = Search(cut, {}, left // (STEPS - number), _smallest(trials, cut, share))
        for digest, (removed, paid) in trials.shares.items():
            search.answers[digest] = Answer.PAID if paid >= share else Answer.UNPAID
            if paid < share:
                search.unpaid.append(removed)
        least = await _search(trials.place, trials, search, share)
        left -= least.trials
        found[share] = RewardStep(share, size_of(cut, least.removed).lines, least.complete)
    for share in {share for _, share in trials.shares.values() if 0 < share < 1} - set(found):
        found[share] = RewardStep(share, size_of(cut, _smallest(trials, cut, share)).lines)
    return tuple(found[share] for share in sorted(found)), most - left


def _smallest(trials: _Trials, cut: Cut, share: float) -> frozenset[int]:
    """What the smallest variant lacks that was paid so much."""
    paid = [removed for removed, each in trials.shares.values() if each >= share]
    return min(paid, key=lambda removed: size_of(cut, removed).lines)


async def _told(
    trials: _Trials,
    step: StepMutants,
    cut: Cut,
    found: FoundLeast,
    served: Serving,
    pattern: SharedPattern,
) -> Least:
    tried: list[Attempted] = []
    enough = whole = trials.size(cut, frozenset())
    if found.removed:
        variant = Variant(found.removed, cut.without(found.removed) or {})
        enough = trials.size(cut, found.removed)
        attempt = attempts.enough(step.step, variant.digest, trials.put(variant), whole, enough)
        tried.append(await trials.confirmed(attempt, variant, (Which.CONFIRM, Which.REPEAT)))
        if not tried[0].paid:
            outcome = tried[0].outcome
            why = f"what was paid once was not again: {outcome.why or outcome.kind}"
            ran = found.trials + CONFIRMING
            return Least(step.step.name, why, ran, whole=whole, attempted=tuple(tried), searched=tuple(trials.searched))
    stated = [_work(cut, group, found, served, step) for group in served.groups]
    looked = 0
    visible: set[int] = set()
    # Those first that were seen to be paid, for without one requirement's work the rest may stop.
    for number in sorted(range(len(stated)), key=lambda number: (number not in found.groups, number)):
        group, one = served.groups[number], stated[number]
        if one.lost and group.requirement not in visible and looked < WITNESSES:
            files = cut.without(group.parts)
            if files is None:
                continue
            looked += 1
            variant = Variant(group.parts, files)
            witness, stated[number] = await _witness(trials, step, cut, found, variant, one, pattern)
            if witness.attempt.label not in {each.attempt.label for each in tried}:
                tried.append(witness)
            if stated[number].visible:
                visible.add(group.requirement)
    return Least(
        step.step.name,
        trials=found.trials + (CONFIRMING if found.removed else 0) + (OF_A_WITNESS - 1) * looked,
        complete=found.complete,
        needed=sum(bool(cut.parts[index].edits) for index in found.needed),
        whole=whole,
        enough=enough,
        stated=tuple(_once(stated)),
        attempted=tuple(tried),
        searched=tuple(trials.searched),
    )


def _once(stated: Sequence[StatedWork]) -> list[StatedWork]:
    """Each requirement as it is most plainly gone, the plainest first."""
    order = sorted(stated, key=lambda one: (not one.visible, not one.lost, one.requirement.index))
    first: dict[int, StatedWork] = {}
    for one in order:
        first.setdefault(one.requirement.index, one)
    return list(first.values())


def _work(cut: Cut, group: ServingParts, found: FoundLeast, served: Serving, step: StepMutants) -> StatedWork:
    work = {file: tuple(edits) for file, edits in cut.gone(group.parts).items()}
    return StatedWork(step.relevance.requirements[group.requirement], work, served.lost(group, found.removed))


async def _witness(
    trials: _Trials,
    step: StepMutants,
    cut: Cut,
    found: FoundLeast,
    variant: Variant,
    one: StatedWork,
    pattern: SharedPattern,
) -> tuple[Attempted, StatedWork]:
    """The reference without this requirement's work and nothing else."""
    attempt = attempts.without(step.step, variant.digest, trials.put(variant), one.requirement)
    known = variant.digest in trials.records
    attempted = await trials.confirmed(attempt, variant, (Which.CONFIRM,) if known else (Which.CONFIRM, Which.REPEAT))
    if not attempted.paid:
        return attempted, one
    gone = "\n".join(code_of(cut.text(part)) for part in cut.outermost(variant.removed))
    sought = [*quoted(one.requirement.text), *asked(one.requirement.text)]
    words = lost_words(sought, gone, _left(cut, found))
    seen = replace(one, paid=True, words=words, label=attempt.label)
    reference = await pattern()
    if reference is None:
        # A folder that is not made may be there already; of other words what is left behind has none.
        return attempted, replace(seen, differs=any(not word.startswith("/") for word in words))
    about = _about(step, one.requirement, gone, cut, variant.removed)
    measured, differs = await effect_of(
        trials.place, trials.terms, Kind.PROBE, attempt.label, attempt.replacement, about, reference
    )
    if measured.harmless:
        return attempted, seen
    if measured.effect is not None and speaks_of(one.requirement.text, measured.effect):
        return attempted, replace(seen, differs=True, effect=measured.effect)
    # What a sentence asks for without naming it may stand in many places: only what is seen tells which of them it was.
    named = lost_words([word for word in sought if not word.startswith("~")], gone, _left(cut, found))
    return attempted, replace(seen, differs=differs or measured.effect is not None, words=named)


def _left(cut: Cut, found: FoundLeast) -> list[str]:
    files = {**cut.files, **(cut.without(found.removed) or {})}
    return [code_of(data.decode("utf-8", "replace")) for data in files.values()]


def _about(step: StepMutants, requirement: Requirement, removed: str, cut: Cut, parts: frozenset[int]) -> About:
    sources = [cut.parts[index].source for index in sorted(parts)]
    target = next((cut.sources[source].target for source in sources if source in cut.sources), "")
    options = frozenset(_OPTION.findall(requirement.text))
    return About(step.step.instruction, removed, removed, target, options)
