"""What is asked of hardening a task, what is known before anything is written, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.harden.choosing import Seens
from harness.harden.model import Pin, Survivor, Written
from harness.harden.proving import Proven
from harness.harden.sides import Sides
from harness.harden.tests_of import ExtendedFile
from harness.harden.trials import Right
from harness.judging.controls import ControlSettings
from harness.judging.stated import StatedOutput
from harness.mutants import StepMutants
from harness.probes.model import Attempt
from harness.task.model import Step, Task


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of one task."""

    survivors: tuple[Survivor, ...]
    controls: ControlSettings
    rights: tuple[Right, ...] = ()
    times: int = 5
    """Runs of the reference that prove a test."""
    budget: int = 400
    """The most trials."""
    unstated: bool = False
    """Keep tests that pin what the instruction does not state."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ProvenTest:
    """A test, and what was shown of it."""

    test: Written
    proof: Proven
    path: str
    """The file that has it, below the task's folder."""


@dataclass(frozen=True, slots=True)
class ToldApart:
    """What tells a survivor from the reference."""

    how: str
    says: str
    sides: Sides
    reason: str = ""
    """Why it is in no test; '' where it is in one."""
    unstated: bool = False
    """It pins what the instruction does not state."""


@dataclass
class Hardened:
    """What came of one task."""

    task: Task
    why: str = ""
    """Why it was left as it is; '' where tests were written."""
    changed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The files that have new tests: path -> the text before, and after."""
    script: str = ""
    """Of a task whose tests cannot be extended: the tests that would be, as a program of their own."""
    kept: list[ProvenTest] = field(default_factory=list)
    thrown: list[ProvenTest] = field(default_factory=list)
    told: dict[str, ToldApart] = field(default_factory=dict)
    """Survivor -> what tells it apart, in a test or in none."""
    alike: dict[str, str] = field(default_factory=dict)
    """Survivors that nothing told apart, with what was tried."""
    untried: dict[str, str] = field(default_factory=dict)
    """Survivors that could not be held against the reference, with the reason."""
    caught: dict[str, list[str]] = field(default_factory=dict)
    """Survivor -> names of the tests that catch it."""
    trials: int = 0
    nop_unpaid: bool = True
    spent: bool = False
    """The budget ended it."""
    data: dict[str, bytes] = field(default_factory=dict)
    """Input of new tests that is no text, by its path beside the tests."""
    internal: str = ""
    """The trace, where foolsgold itself failed on this task."""


@dataclass(frozen=True)
class Known:
    """What is known of one step of the task, the only one of most tasks, before anything is written."""

    step: Step
    survivors: tuple[Survivor, ...]
    """That are to be caught by its tests."""
    stated: StatedOutput
    place: ExtendedFile
    steps: list[StepMutants]
    tried: Mapping[str, int]
    """How many cases of each kind."""
    programs: bool
    """The instruction or the tests name a program that solving leaves: then files alone do not tell what is alike."""
    pins: list[Pin]
    """Steady on everything that is right."""
    reference: Seens
    wrong: Mapping[str, Sequence[Seens]]
    attempts: tuple[Attempt, ...]
