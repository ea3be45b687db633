"""What was found of the least that a task pays, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from harness.judging.effects import Effect
from harness.mutants import StepMutants
from harness.probes.model import Attempted
from harness.trial.record import TrialRecord
from mutator.model import ByteEdit
from mutator.parts import Cut, PartKind, cut_solution
from mutator.parts.model import code_lines
from mutator.relevance import Requirement


@dataclass(frozen=True, slots=True)
class WorkSize:
    """How much work a solution is."""

    lines: int = 0
    """Neither blank nor a comment, of all files of the solution."""
    statements: int = 0
    """Commands, statements, definitions, directives."""
    steps: int = 0
    """Commands of shell scripts alone."""
    files: int = 0


def whole_size(steps: Sequence[StepMutants]) -> WorkSize:
    """Of the reference of all steps."""
    return added(size_of(cut_of(step), frozenset()) for step in steps)


def added(sizes: Iterable[WorkSize]) -> WorkSize:
    return WorkSize(*(sum(counts) for counts in zip(*map(astuple, (WorkSize(), *sizes)), strict=True)))


def cut_of(step: StepMutants) -> Cut:
    solution = step.step.solution
    assert solution is not None
    return cut_solution(step.files, step.sources, solution.script.relative_to(solution.folder).as_posix())


def size_of(cut: Cut, removed: frozenset[int]) -> WorkSize:
    files = {**cut.files, **(cut.without(removed) or {})}
    left = [part for part in cut.parts if part.index not in removed]
    return WorkSize(
        sum(code_lines(data.decode("utf-8", "replace")) for data in files.values() if b"\0" not in data),
        sum(part.kind is not PartKind.FILE for part in left),
        sum(part.kind is PartKind.STEP for part in left),
        sum(1 for data in files.values() if data.strip()),
    )


@dataclass(frozen=True, slots=True)
class StatedWork:
    """The part of a reference that surely serves one stated requirement."""

    requirement: Requirement
    work: Mapping[str, tuple[ByteEdit, ...]]
    """File -> the part, as deletions of bytes."""
    lost: bool = False
    """None of it is in the least that is paid, nor anything else that has to do with the requirement."""
    words: tuple[str, ...] = ()
    """Words of the requirement that stand in what is missing, and nowhere in what is left."""
    paid: bool = False
    """The reference without this and nothing else was paid twice."""
    differs: bool = False
    """That was seen to leave or do something else than the reference."""
    effect: Effect | None = None
    label: str = ""
    """Of the attempt that leaves out this alone."""

    @property
    def visible(self) -> bool:
        """Whether a person sees that it is gone: nobody has to believe a link between words."""
        return self.lost and self.paid and self.differs and (bool(self.words) or self.effect is not None)


@dataclass(frozen=True, slots=True)
class RewardStep:
    """The smallest variant that was seen to be paid so much, in one run."""

    share: float
    """Of what the reference is paid above doing nothing."""
    lines: int
    complete: bool = False
    """It was looked for, and no part of it may go without a smaller reward."""


@dataclass(frozen=True, slots=True)
class Least:
    """The smallest part of one step's reference that was seen to be paid in full."""

    step: str
    why_not: str = ""
    """Why nothing is known; '' where the rest tells."""
    trials: int = 0
    complete: bool = False
    """Every part of what is left was tried: none of them may go. Else the trials ended before."""
    needed: int = 0
    """Statements of what is left without which it was not paid."""
    whole: WorkSize = WorkSize()
    enough: WorkSize = WorkSize()
    stated: tuple[StatedWork, ...] = ()
    """What is visibly lost first, then what is lost, then what is not."""
    attempted: tuple[Attempted, ...] = ()
    """The least itself first, where it is less than the whole; then what leaves out one requirement each."""
    rewards: tuple[RewardStep, ...] = ()
    """Of a reward that is paid in part."""
    searched: tuple[TrialRecord, ...] = ()
    """The trials of the search."""

    @property
    def measured(self) -> bool:
        return not self.why_not

    @property
    def lost(self) -> tuple[StatedWork, ...]:
        return tuple(one for one in self.stated if one.lost)

    @property
    def label(self) -> str:
        return self.attempted[0].attempt.label if self.attempted else ""
