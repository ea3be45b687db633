"""What one trial is to run, and the images, limits and turns that it runs with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, NamedTuple

from harness.engine.changes import Changes
from harness.engine.contract import Image, Kept
from harness.task.network import Networks
from harness.testcode.beginning import Beginning
from harness.testcode.preparation.cut import Preparation
from harness.trial.actions import Actions
from harness.trial.circumstances import Circumstances
from harness.trial.record import Kind, PhaseName, TrialRecord, Which
from harness.trial.standins import StandInProgram
from harness.trial.watching.calls import Besides

OUTPUTS = "outputs"
"""Label of the reference's runs in which it is looked at what it leaves."""
Turn = Callable[[], AbstractContextManager[None]]
"""Held while a task's programs run."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Solution files with other contents: how a mutant, or a hollow solution, is told to a trial."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    """Path relative to the solution folder -> content. The mode is the original file's."""
    step: str | None = None
    """The step whose solution is meant; None is every step that has such a file."""
    alone: bool = False
    """They are all there is: none of the reference's own files is put beside them."""


@dataclass(frozen=True, slots=True)
class Built:
    """A task's images."""

    main: Image
    verifiers: Mapping[str, Image] = field(default_factory=dict)
    """Step name -> the image of its separate verifier."""
    sidecars: Mapping[str, Image] = field(default_factory=dict)
    """The image of each service beside a main one. By its name; beside a separate verifier by `STEP/NAME`."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    no_network: str = ""
    """Why boxes of it can have no network where it was built, and what to install; '' where they can."""
    always_network: str = ""
    """Why boxes of it always have a network; '' where they can be without."""
    no_lists: str = ""
    """Why no network of its boxes can keep to a list of hosts; '' where they can."""
    no_gpus: str = ""
    """Why its boxes have no GPU, although it asks for one; '' where they have, or it asks for none."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a task's tests prepared once, on the image before anybody solved anything."""

    kept: Kept
    preparation: Preparation
    seconds: float
    """What it took to have it: next to nothing where it was kept already."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the first statements of a task's solution left, run once."""

    beginning: Beginning
    layers: tuple[tuple[int, Kept], ...]
    """How many statements are done by then, and what they left above the layers before."""
    token: str
    """Names the audit, of which alone it is."""
    keys: tuple[str, ...]
    """Under which it is kept."""
    seconds: float
    """What it took to have it."""
    saves: Mapping[int, float]
    """How many statements are done by a layer's end -> what they took."""

    def shared(self, text: str) -> tuple[int, tuple[Kept, ...]]:
        """How many statements a solution of this text need not run, and what it begins with instead."""
        same = self.beginning.shared(text)
        fitting = [(done, kept) for done, kept in self.layers if done <= same]
        return (fitting[-1][0], tuple(kept for _, kept in fitting)) if fitting else (0, ())

    def changed(self, done: int, later: Changes) -> Changes:
        """What a box differs in from its image that began with the first layers; `later`: from what it began with."""
        parts = [kept.changes for reached, kept in self.layers if reached <= done]
        entries = {path: what for one in [*parts, later] for path, what in one.entries.items()}
        return Changes(entries, frozenset().union(later.passed, *(one.passed for one in parts)))

    @property
    def statements(self) -> tuple[str, ...]:
        done = self.layers[-1][0]
        text = self.beginning.text
        return tuple(text[one.start : one.end] for one in self.beginning.statements[:done] if one.pieces)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds by step name, instead of the task's own limits."""

    solve: Mapping[str, float] = field(default_factory=dict)
    verify: Mapping[str, float] = field(default_factory=dict)


class TrialKey(NamedTuple):
    """Names a trial among those of its task."""

    kind: Kind
    label: str
    purpose: str
    run: Which
    network: bool


class Means(StrEnum):
    """What a trial may take from others instead of doing it again."""

    PREPARATION = "kept preparation"
    """The tests go on from what their preparation left on the controls, where the solution allows that."""
    BEGINNING = "kept beginning"
    """The solution goes on from what the reference's first statements left, where its own are the same."""
    END = "same end"
    """What leaves what an earlier trial left takes its verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """What every purpose has for which the tests run."""

    reuse: frozenset[Means] = frozenset()


@dataclass(frozen=True, slots=True)
class Judge(Verifying):
    """See what the solution is paid."""

    first_failure: bool = False
    """Let pytest stop at the first failing test."""
    hang: bool = False
    """Look at what still runs where a time limit ends it."""

    @property
    def name(self) -> str:
        return _named("judge", "first failure" if self.first_failure else "", *sorted(self.reuse))


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """See what solving leaves behind, and verify nothing."""

    contents: bool = False
    """With the contents of the files."""
    step: str = ""
    """The step whose solving it is, where there are several: those before it are verified."""

    @property
    def name(self) -> str:
        said = "left behind, contents" if self.contents else "left behind"
        return f"{said} by {self.step}" if self.step else said


@dataclass(frozen=True, slots=True)
class SurveyImage:
    """See what the image holds, and run nothing."""

    name: ClassVar[str] = "survey image"


@dataclass(frozen=True, slots=True)
class WatchTests(Verifying):
    """Write down what each of pytest's tests reaches. Such a run is never judged."""

    @property
    def name(self) -> str:
        return _named("watch tests", *sorted(self.reuse))


@dataclass(frozen=True, slots=True)
class TightenTests(Verifying):
    """Write down what loose assertions look at, in tests that were rewritten for that. Such a run is never judged."""

    files: Mapping[str, Mapping[str, bytes]]
    """Step name -> path below /tests -> the rewritten test."""

    @property
    def name(self) -> str:
        return _named("tighten tests", *sorted(self.reuse))


@dataclass(frozen=True, slots=True)
class Observe(Verifying):
    """See what the solution leaves and does: its files after solving and after verifying, and what comes back of what
    the tests run, ask and call. Such a run is never judged."""

    besides: tuple[Besides, ...] = ()
    """Run in this order when the tests have ended."""
    paths: tuple[str, ...] = ()
    """Looked at after verifying, besides those that solving changed."""
    texts: bool = False
    """With the texts of what the tests give programs to work on."""
    cases: str = ""
    """What foolsgold_cases.py is to run last, as it reads it."""
    step: str = ""
    """In which step; '' for the last. The trial ends there."""

    @property
    def name(self) -> str:
        more = "and more" if self.besides or self.paths else ""
        if self.texts or self.cases:
            more = "with cases" if self.cases else "with texts"
        return _named("observe", more, *sorted(self.reuse))


@dataclass(frozen=True, slots=True)
class RecordPrograms(Verifying):
    """Write down what the tests run of the solution's programs, by what stands in their place. Such a run is never
    judged."""

    standins: tuple[StandInProgram, ...]
    watch: tuple[str, ...]
    """Folders in which the programs may write, besides those that a call names."""

    @property
    def name(self) -> str:
        return _named("record programs", *sorted(self.reuse))


@dataclass(frozen=True, slots=True)
class TryClaims:
    """Run these commands on what solving left, one after the other, and verify nothing."""

    commands: tuple[Besides, ...]
    name: ClassVar[str] = "try claims"


def _named(*parts: str) -> str:
    return ", ".join(filter(None, parts))


Purpose = Judge | LeftBehind | SurveyImage | WatchTests | TightenTests | Observe | RecordPrograms | TryClaims


@dataclass(frozen=True, slots=True)
class Plan:
    """What one trial runs."""

    kind: Kind
    label: str = ""
    replacement: Replacement = field(default_factory=Replacement)
    networks: Networks = field(default_factory=Networks)
    limits: TimeLimits = field(default_factory=TimeLimits)
    known: frozenset[str] = frozenset()
    """Complaints that a paid reference's verifier log has too: they prove nothing against this trial."""
    circumstances: Circumstances = field(default_factory=Circumstances)
    purpose: Purpose = Judge()
    run: Which = Which.FIRST
    actions: Actions | None = None
    """What is done in the box, one after the other, in place of running a solution."""
    by_step: Mapping[str, Replacement | Actions] = field(default_factory=dict)
    """Step name -> what is run or done in it, where each has its own."""

    def replacement_in(self, step: str) -> Replacement:
        found = self.by_step.get(step)
        return found if isinstance(found, Replacement) else self.replacement

    def actions_in(self, step: str) -> Actions | None:
        found = self.by_step.get(step)
        return found if isinstance(found, Actions) else self.actions

    def may_use(self, means: Means) -> bool:
        return isinstance(self.purpose, Verifying) and means in self.purpose.reuse

    @property
    def key(self) -> TrialKey:
        return TrialKey(self.kind, self.label, self.purpose.name, self.run, self.networks.any)


def key_of(record: TrialRecord) -> TrialKey:
    return TrialKey(record.kind, record.label, record.purpose, record.run, record.network)


def known_complaints(record: TrialRecord) -> frozenset[str]:
    return frozenset(line for step in record.steps for line in step.signs)


def limits_from(reference: TrialRecord, *, floor: float, factor: float) -> TimeLimits:
    """A mutant's limits from the reference's measured time, so that a hang costs seconds; never above its own limit."""

    def of(name: PhaseName) -> dict[str, float]:
        phases = [phase for phase in reference.phases if phase.name is name]
        return {p.step: min(p.limit or math.inf, max(floor, factor * p.seconds)) for p in phases}

    return TimeLimits(of(PhaseName.SOLVE), of(PhaseName.VERIFY))
