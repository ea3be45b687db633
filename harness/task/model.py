"""A task, whatever format it came in, as the rest of foolsgold sees it. Reading it runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.engine.contract import Healthcheck, Limits, Recipe


class Format(StrEnum):
    HARBOR = "harbor"
    TERMINAL_BENCH = "terminal-bench"


class Severity(StrEnum):
    ERROR = "error"
    """The task cannot be used."""
    WARNING = "warning"
    """It can, and somebody should know."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One typed thing wrong with a task's files."""

    code: str
    """Stable and kebab-case: `missing-solution`, `bad-toml`, `symlink-escapes`, ..."""
    severity: Severity
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
    compose: Path | None = None
    """A compose file that adds to or replaces the recipe; the loaders resolve single-service files into the
    fields above and report what they cannot express as a Problem."""


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
    """What is copied into the box."""
    script: Path
    """The file in `folder` that is run: solve.sh, solution.sh or solution.yaml."""
    target: str
    """Where the folder stands in the box: /solution or /oracle."""
    env: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[Keys, ...] = ()
    """Only for solution.yaml."""


class Scoring(StrEnum):
    REWARD_FILE = "reward-file"
    """Harbor: reward.json, else reward.txt."""
    PYTEST_TEXT = "pytest-text"
    """Terminal-Bench 1: the terminal's text, parsed; resolved when every parsed test passed."""
    WEIGHTS = "weights"
    """SETA: the weighted share of passed tests."""


@dataclass(frozen=True, slots=True)
class Verifier:
    folders: tuple[Path, ...]
    """Copied to `target` in this order, later over earlier."""
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
    parser: str = "pytest"
    same_shell: bool = False
    extra_files: tuple[tuple[Path, str], ...] = ()
    """(host file, box path) copied besides the folders, such as Terminal-Bench's run-tests.sh."""


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
    healthcheck: Healthcheck | None = None
    min_reward: Mapping[str, float] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    """Unique in one run: the folder's path relative to where discovery began, or its own name."""
    path: Path
    format: Format
    environment: Environment
    steps: tuple[Step, ...]
    digest: str
    """SHA-256 over every file of the folder: names, modes and contents."""
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
