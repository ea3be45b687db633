"""A task, whatever format it came in, as the rest of foolsgold sees it. Reading it runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.engine.contract import KEEP_ALIVE, Healthcheck, Limits, Recipe

NO_TIME_LIMIT = 86_400.0
"""A day, for a phase that the task and the format leave without a limit."""


class ProblemSeverity(StrEnum):
    ERROR = "error"
    """The task cannot be used."""
    WARNING = "warning"
    """It can, and somebody should know."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One typed thing wrong with a task's files."""

    code: str
    """Stable and kebab-case: `missing-solution`, `bad-toml`, `symlink-escapes`, ..."""
    severity: ProblemSeverity
    message: str
    """One sentence: what is wrong and what to do."""
    file: Path
    line: int | None = None


class NetworkMode(StrEnum):
    PUBLIC = "public"
    NONE = "no-network"
    ALLOWLIST = "allowlist"


@dataclass(frozen=True, slots=True)
class Network:
    mode: NetworkMode = NetworkMode.PUBLIC
    hosts: tuple[str, ...] = ()
    declared: bool = False
    """The task says so itself; False is the format's default."""


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
    """The task's own: gates the start, by Harbor's rule."""
    service_healthcheck: Healthcheck | None = None
    """The compose file's, instead of the image's HEALTHCHECK. The runner waits for the container to be healthy."""
    image_healthcheck: bool = True
    """False where the compose file switches the image's HEALTHCHECK off."""
    compose: Path | None = None
    """The compose file that had a say; what it says is in the other fields, what it cannot say here is a Problem."""
    prebuilt: str | None = None
    """An image that the task names although `recipe` has a Dockerfile: the format's runner takes it, unbuilt,
    where it can be had."""
    user: str | None = None
    """The container's own user where a compose file sets one; None is the image's USER."""
    entrypoint: tuple[str, ...] | None = None
    """Instead of the image's ENTRYPOINT; () is none at all, None is the image's."""
    command: tuple[str, ...] | None = KEEP_ALIVE
    """What the container runs, after its entrypoint, while the phases go on; None is the image's CMD."""
    stdin_open: bool = False
    """That command waits at a terminal or an open standard input instead of finding its end."""
    files: tuple[tuple[Path, str], ...] = ()
    """(host file or folder, box path) copied in once the box has started, before anything else; the path '' is the
    workdir. A prebuilt image's environment/ folder, and bind mounts of the task's own files."""
    mounts: tuple[str, ...] = ()
    """Further empty, writable folders, besides the three under /logs."""
    hostname: str | None = None
    lacks: tuple[str, ...] = ()
    """What the task asks for and no box has, in words: a GPU, privileges, a device. Where the reference is then not
    paid, that is the likelier reason, and says nothing about the task."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One entry of a solution.yaml: what to type into a terminal."""

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
    """What is copied into the box; nothing is where there are `keys`."""
    script: Path
    """The file in `folder` that is run: solve.sh, solution.sh or solution.yaml."""
    target: str
    """Where the folder stands in the box: /solution or /oracle."""
    env: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[Keys, ...] = ()
    """Only for solution.yaml."""
    only: tuple[str, ...] = ()
    """Names in `folder` that are copied; empty means all of it. Terminal-Bench copies solution.sh alone."""


class Scoring(StrEnum):
    REWARD_FILE = "reward-file"
    """Harbor: reward.json, else reward.txt."""
    PYTEST_TEXT = "pytest-text"
    """Terminal-Bench 1: the terminal's text, parsed; resolved when every parsed test passed."""
    WEIGHTS = "weights"
    """SETA: the weighted share of passed tests."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A command run in the box after solving, before artifacts are collected. Its failure changes nothing."""

    command: str
    timeout: float = 60.0
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Verifier:
    folders: tuple[Path, ...]
    """Copied to /tests in this order, later over earlier."""
    script: str
    """Path in the box of what is run: /tests/test.sh, or /tests/run-tests.sh for Terminal-Bench 1."""
    scoring: Scoring
    timeout: float
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    network: Network | None = None
    """None is the environment's."""
    separate: Environment | None = None
    """The verifier's own environment, where it has one."""
    owns_tests: bool = False
    """Separate mode: the verifier's image already carries /tests, nothing is copied."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Test name -> weight. They count where `scoring` is WEIGHTS, and are only known where it is not."""
    parser: str = "pytest"
    same_shell: bool = False
    extra_files: tuple[tuple[Path, str], ...] = ()
    """(host file, box path) copied besides the folders, such as Terminal-Bench's run-tests.sh."""
    collect: tuple[Hook, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One solve and one verify. A single-step task has exactly one, named ''."""

    name: str
    instruction: str
    instruction_file: Path
    solution: Solution | None
    verifier: Verifier
    agent_timeout: float
    agent_user: str | None = None
    agent_network: Network | None = None
    workdir_files: Path | None = None
    """A step's own workdir/ folder, copied into the box's workdir before the step."""
    setup: Path | None = None
    """workdir/setup.sh: run with bash from the workdir, as the solving user; its failure ends the step unverified."""
    healthcheck: Healthcheck | None = None
    min_reward: Mapping[str, float] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    """Box paths that a separate verifier gets, besides the task's own."""
    excludes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Artifact path (of the step or the task) -> tar --exclude patterns left behind."""


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """What differs between the task formats, for whoever has a task of one: its loader fills this in once."""

    name: str
    """Stable and kebab-case, as reports have it."""
    title: str
    """What people call it."""
    runner: str
    """What its own runner is called."""
    config: str
    """The file that makes a folder a task."""
    parts: tuple[str, ...]
    """What a task's folder has besides: a config file alone does not hide the tasks below it."""
    load: Callable[[Path, str], Task | Unusable]
    """Read the task in a folder, under a name; whatever is in there, this returns."""
    reward_file: bool
    """The verifier writes its reward to a file; else the runner makes it from what the tests print."""
    login_shell: bool
    """The runner starts the tests from a login shell, which reads the solver's startup files."""
    waits_until_healthy: bool
    """The runner begins when the container is healthy, by the image's or the compose file's check."""


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    """Unique in one run: the folder's path relative to where discovery began, or its own name."""
    path: Path
    format: FormatSpec
    environment: Environment
    steps: tuple[Step, ...]
    digest: str
    """SHA-256 over every file of the folder but .git: names, executable bits, link targets and contents."""
    reward_strategy: str = "mean"
    """Multi-step: mean or final."""
    artifacts: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Warnings only; a task with an error is never made."""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A folder that looks like a task and cannot be used, with every reason."""

    name: str
    path: Path
    problems: tuple[Problem, ...]
