"""A task, in one model for all formats. Reading a task runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from harness.engine.contract import KEEP_ALIVE, Healthcheck, Limits, Member, Recipe, Until
from harness.task.runners import Runner

GPU = "a GPU"
"""What a task may ask for and only some engines have."""
NO_TIME_LIMIT = 86_400.0
"""A day: the limit of a phase for which neither the task nor the format sets one."""


def has(what: str) -> str:
    """Which boxes have that, in words."""
    return "a box has one only on a Docker daemon that has it" if what == GPU else "no box has that"


class ProblemSeverity(StrEnum):
    ERROR = "error"
    """The task cannot be used."""
    WARNING = "warning"
    """The task can be used, but there is something that may matter."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in a task's files."""

    code: str
    """Stable and kebab-case: `missing-solution`, `bad-toml`, `symlink-escapes`, ..."""
    severity: ProblemSeverity
    message: str
    """One sentence: what is wrong and what to do."""
    file: Path
    line: int | None = None


@dataclass(frozen=True, slots=True)
class TaskSource:
    """Where a task lies that is no folder of the user's: in an archive, or in a row of a parquet file."""

    file: Path
    member: str = ""
    """Its folder in the archive."""
    row: int | None = None
    """Its row, counted from 0."""

    @property
    def path(self) -> Path:
        """What names it on a command line."""
        return self.file / (self.member if self.row is None else str(self.row))


class NetworkMode(StrEnum):
    PUBLIC = "public"
    NONE = "no-network"
    ALLOWLIST = "allowlist"


@dataclass(frozen=True, slots=True)
class Network:
    mode: NetworkMode = NetworkMode.PUBLIC
    hosts: tuple[str, ...] = ()
    declared: bool = False
    """The task sets this itself; False: it is the format's default."""


@dataclass(frozen=True, slots=True)
class Beside:
    """How a service stands among the others of its compose file."""

    member: Member
    awaits: Mapping[str, Until] = field(default_factory=dict)
    """Service -> what it has to have come to before this one starts."""
    restarts: bool = False
    """When it ends, the format's runner starts it again, and a box does not."""


@dataclass(frozen=True, slots=True)
class Environment:
    recipe: Recipe
    env: Mapping[str, str] = field(default_factory=dict)
    """Task-level environment variables of every process in the box."""
    workdir: str | None = None
    network: Network = Network()
    limits: Limits = Limits()
    gpus: int = 0
    healthcheck: Healthcheck | None = None
    """The task's own check, which must pass before solving starts, by Harbor's rule."""
    service_healthcheck: Healthcheck | None = None
    """The compose file's check, in place of the image's HEALTHCHECK. The runner waits until the container is
    healthy."""
    image_healthcheck: bool = True
    """False if the compose file switches the image's HEALTHCHECK off."""
    compose: Path | None = None
    """The compose file that was read. Its settings are in the other fields, and those without a field are Problems."""
    prebuilt: str | None = None
    """An image that the task names although `recipe` has a Dockerfile: if it is available, the format's runner takes it
    and builds nothing."""
    user: str | None = None
    """The container's user if a compose file sets one; None means the image's USER."""
    entrypoint: tuple[str, ...] | None = None
    """Replaces the image's ENTRYPOINT; () means no entrypoint, None the image's."""
    command: tuple[str, ...] | None = KEEP_ALIVE
    """The command that the container runs, after its entrypoint, during all phases; None means the image's CMD."""
    stdin_open: bool = False
    """That command has a terminal or an open standard input to wait at, so it does not read an end of input."""
    files: tuple[tuple[Path, str], ...] = ()
    """(host file or folder, box path), copied when the box has started, before anything else; the path '' means the
    workdir. For a prebuilt image's environment/ folder, and for bind mounts of the task's own files."""
    mounts: tuple[str, ...] = ()
    """Further empty, writable folders, in addition to the three under /logs."""
    folders: tuple[str, ...] = ()
    """Made where the image has none: volumes that no other service has."""
    hostname: str | None = None
    beside: Beside | None = None
    """Set where it is one of several services."""
    sidecars: tuple[Environment, ...] = ()
    """The services beside the one that the commands run in; each has a `beside`."""
    internal: frozenset[str] = frozenset()
    """Networks of the compose file that never lead outside."""
    walled: bool = False
    """The task's config limits its network. Then Harbor gives all services without networks of their own one network
    in common."""
    lacks: tuple[str, ...] = ()
    """What the task asks for and no box has, in words: a GPU, privileges, a device. If the reference is then not paid,
    this is the likely reason, and the task is not to blame."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One entry of a solution.yaml: keys to type into a terminal."""

    command: str
    min_timeout: float = 0.0
    max_timeout: float = 180.0
    block: bool = True
    append_enter: bool = True
    span: tuple[int, int] | None = None
    """Byte span of the command's scalar in solution.yaml."""


@dataclass(frozen=True, slots=True)
class Solution:
    folder: Path
    """The folder to copy into the box; nothing is copied if there are `keys`."""
    script: Path
    """The file in `folder` to run: solve.sh, solution.sh or solution.yaml."""
    target: str
    """The folder's path in the box: /solution or /oracle."""
    env: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[Keys, ...] = ()
    """Only for solution.yaml."""
    only: tuple[str, ...] = ()
    """Names in `folder` to copy; empty means all. Terminal-Bench copies only solution.sh."""
    left_out: tuple[Path, ...] = ()
    """Files and folders in `folder` that are not copied."""


class Scoring(StrEnum):
    REWARD_FILE = "reward-file"
    """Harbor: reward.json, else reward.txt."""
    PYTEST_TEXT = "pytest-text"
    """Terminal-Bench 1: the terminal's text, parsed; resolved when every parsed test passed."""
    WEIGHTS = "weights"
    """SETA: the weighted share of passed tests."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A command to run in the box after solving, before artifacts are collected. Its failure is ignored."""

    command: str
    timeout: float = 60.0
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Verifier:
    folders: tuple[Path, ...]
    """Folders to copy to /tests in this order; a later file replaces an earlier one."""
    script: str
    """Path in the box of the script: /tests/test.sh, or /tests/run-tests.sh for Terminal-Bench 1."""
    scoring: Scoring
    timeout: float
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    network: Network | None = None
    """None means the environment's."""
    separate: Environment | None = None
    """The verifier's own environment, if it has one."""
    owns_tests: bool = False
    """Separate mode: the verifier's image already has /tests, so nothing is copied."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Test name -> weight. They count only if `scoring` is WEIGHTS."""
    parser: str = "pytest"
    same_shell: bool = False
    extra_files: tuple[tuple[Path, str], ...] = ()
    """(host file, box path), copied in addition to the folders, such as Terminal-Bench's run-tests.sh."""
    left_out: tuple[Path, ...] = ()
    """Files and folders in `folders` that are not copied."""
    collect: tuple[Hook, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One solve and one verify. A task without [[steps]] has exactly one, named ''."""

    name: str
    instruction: str
    instruction_file: Path
    solution: Solution | None
    verifier: Verifier
    agent_timeout: float
    agent_user: str | None = None
    agent_network: Network | None = None
    workdir_files: Path | None = None
    """The step's own workdir/ folder, copied into the box's workdir before the step."""
    setup: Path | None = None
    """workdir/setup.sh: run with bash from the workdir, as the solving user. If it fails, the step is not verified."""
    healthcheck: Healthcheck | None = None
    min_reward: Mapping[str, float] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    """Box paths that a separate verifier gets, in addition to the task's own."""
    excludes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Artifact path (of the step or the task) -> tar --exclude patterns of files to leave out."""


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """Everything in which the task formats differ for the rest of the program. Each loader has one such value."""

    name: str
    """Stable and kebab-case, for reports."""
    title: str
    """Its name for people."""
    runner: str
    """The name of its own runner."""
    config: str
    """The file that makes a folder a task."""
    parts: tuple[str, ...]
    """Other parts of a task, of which a folder must have one: a config file alone does not hide the tasks below it."""
    load: Callable[[Path, str], Task | Unusable]
    """Reads the task in a folder, with a name. Raises nothing, whatever the folder contains."""
    reward_file: bool
    """The verifier writes its reward to a file. Otherwise the runner computes it from the output of the tests."""
    login_shell: bool
    """The runner starts the tests from a login shell, which reads the solver's startup files."""
    waits_until_healthy: bool
    """The runner waits until the container is healthy, by the image's or the compose file's check."""


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    """Unique in one run: the folder's path below the folder that was searched, or its own name."""
    path: Path
    format: FormatSpec
    runner: Runner
    """By whose rules its trials run: of the format's the newest, unless somebody asks for another."""
    environment: Environment
    steps: tuple[Step, ...]
    digest: str
    """SHA-256 over every file of the folder except .git: names, executable bits, link targets and contents."""
    reward_strategy: str = "mean"
    """For several steps: mean or final."""
    artifacts: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Warnings only; a folder with an error is an `Unusable`."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    unsent: tuple[Path, ...] = ()
    """What the task's own lists leave out of its tests and solutions, by the rules of a runner that reads them."""
    origin: Path | None = None
    """The user's own folder, where `path` is a copy of it that was made to run from."""
    source: TaskSource | None = None
    """Where it was unpacked from; `origin` names it there."""

    @property
    def shown_path(self) -> Path:
        """The folder that users are told of."""
        return self.origin or self.path

    def told(self, text: str) -> str:
        """What was said about the copy, as users know it."""
        return text.replace(str(self.path), str(self.origin)) if self.origin is not None else text

    def run_by(self, runner: Runner) -> Self:
        """The task under that version's rules, if it is one of its format's runner."""
        if runner.name != self.format.name:
            return self
        return self._sending(runner)._counting(runner)

    def _sending(self, runner: Runner) -> Self:
        if not self.unsent:
            return self
        gone = self.unsent if runner.leaves_out else ()
        steps = []
        for step in self.steps:
            solution = replace(step.solution, left_out=gone) if step.solution is not None else None
            steps.append(replace(step, solution=solution, verifier=replace(step.verifier, left_out=gone)))
        return replace(self, steps=tuple(steps))

    def _counting(self, runner: Runner) -> Self:
        asks = [self.environment, *(step.verifier.separate for step in self.steps if step.verifier.separate)]
        parts = [one.limits.cpus for one in asks if not one.limits.cpus.is_integer()]
        if not parts or runner.whole_cpus == self.runner.whole_cpus:
            return replace(self, runner=runner)
        message = f"It asks for {parts[0]:g} cpus: its runner takes whole processors only, and refuses it."
        odd = Problem("odd-value", ProblemSeverity.WARNING, message, self.path / self.format.config)
        others = tuple(problem for problem in self.problems if problem != odd)
        return replace(self, runner=runner, problems=(*others, odd) if runner.whole_cpus else others)

    def on_images(self, images: Mapping[str, str]) -> Self:
        """The task with these stand-ins for the images that its FROMs name."""

        def standing(environment: Environment) -> Environment:
            sidecars = tuple(standing(sidecar) for sidecar in environment.sidecars)
            return replace(environment, recipe=replace(environment.recipe, images=images), sidecars=sidecars)

        steps = []
        for step in self.steps:
            separate = step.verifier.separate
            verifier = replace(step.verifier, separate=standing(separate)) if separate else step.verifier
            steps.append(replace(step, verifier=verifier))
        return replace(self, environment=standing(self.environment), steps=tuple(steps))


@dataclass(frozen=True, slots=True)
class Unusable:
    """A folder that looks like a task and cannot be used, with every reason."""

    name: str
    path: Path
    problems: tuple[Problem, ...]
    source: TaskSource | None = None

    @property
    def shown_path(self) -> Path:
        return self.path
