"""Facts about a verifier, read from its texts, that decide which attacks can work. Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from harness.mutants import solution_files
from harness.task.model import FormatSpec, Scoring, Task
from harness.task.runners import Runner
from harness.task.texts import verifier_texts
from harness.trial.artifacts import CONVENTION
from harness.verifier.reward import Rewards
from mutator.quiet import quietly
from mutator.sources import read_sources

FORGE = "/tmp/.foolsgold-forge"  # noqa: S108 - in the box, where nobody else is
MARK = f"{FORGE}/effective"
"""A file that a change makes the moment the verifier meets it."""

TOOLS = (
    "python3", "python", "pytest", "uv", "uvx", "curl", "cat", "test", "diff", "cmp", "grep", "jq", "node", "npm",
    "npx", "go", "cargo", "mvn", "gradle", "make", "ruby", "php", "perl", "awk", "sed",
)  # fmt: skip
"""Commands on whose result a verifier's script may rely. Without the shells, which the runner itself starts."""

_STARTUP = re.compile(
    r"\bbash\s+-\w*[li]|\bsu\s|\bsudo\s+-\w*i|(?:source|\.)\s+\S*(?:bashrc|profile|/etc/environment)|\bBASH_ENV\b"
)


@dataclass(frozen=True, slots=True)
class ForgeFacts:
    format: FormatSpec
    runner: Runner
    scoring: Scoring
    parser: str
    rewards: Rewards
    """The reward of the reference, which a forged reward repeats."""
    script: str
    """The verifier's script, in the box."""
    texts: Mapping[str, str]
    """The verifier's files, by their path in the task folder."""
    names: Mapping[str, tuple[str, ...]]
    """Python test file -> its test functions."""
    separate: bool = False
    several: bool = False
    same_shell: bool = False
    disk_mb: int = 0
    artifacts: tuple[str, ...] = ()
    """The paths that a separate verifier sees."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """File that the reference writes, by its path in the box -> its language."""
    instruction: str = ""

    @property
    def shell(self) -> str:
        """The verifier's shell scripts without their comments."""
        scripts = [
            text for path, text in self.texts.items() if path.endswith(".sh") or re.match(r"#!.*\b(ba|da|z)?sh\b", text)
        ]
        return re.sub(r"(?m)(^|\s)#.*$", r"\1", "\n".join(scripts))

    @property
    def everything(self) -> str:
        return "\n".join(self.texts.values())

    @property
    def pytest(self) -> bool:
        return "pytest" in self.everything

    @property
    def python(self) -> bool:
        return self.pytest or any(path.endswith(".py") for path in self.texts) or "python" in self.shell

    @property
    def by_name(self) -> bool:
        """The reward is computed from tests' names in the output: an exit status alone pays nothing."""
        return self.scoring is not Scoring.REWARD_FILE

    @property
    def reads_startup_files(self) -> bool:
        return self.format.login_shell or _STARTUP.search(self.shell) is not None

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(tool for tool in TOOLS if runs(self.shell, tool))

    @property
    def folders(self) -> tuple[str, ...]:
        """Declared artifacts that look like folders."""
        return tuple(path for path in self.artifacts if path != CONVENTION and not PurePosixPath(path).suffix)

    def reaches(self, path: str) -> bool:
        """Whether the verifier sees this path of the solver's box."""
        if not self.separate:
            return True
        return any(PurePosixPath(path).is_relative_to(artifact) for artifact in self.artifacts)


def runs(shell: str, tool: str) -> bool:
    """Whether a script has the tool in the place of a command, also after `if`, `env`, `timeout 5` and so on."""
    before = r"(?:^|[;&|({`!]|\$\(|\b(?:if|then|else|do|while|until|exec|env|sudo|time|timeout\s+\S+|-w|\S+=\S*)\s)"
    return re.search(rf"(?m){before}\s*{re.escape(tool)}(?=[\s;&|)`]|$)", shell) is not None


def facts_of(task: Task, rewards: Rewards) -> ForgeFacts | None:
    """None if a step has no solution that could be replaced."""
    steps = [step for step in task.steps if step.solution is not None]
    if not steps or len(steps) < len(task.steps):
        return None
    last = steps[-1]
    texts = {path: text for step in steps for path, text in verifier_texts(task, step).items()}
    targets: dict[str, str] = {}
    for step in steps:
        assert step.solution is not None
        script = step.solution.script.relative_to(step.solution.folder).as_posix()
        for source in read_sources(solution_files(step.solution), script):
            if source.target.startswith("/"):
                targets.setdefault(source.target, source.language)
    return ForgeFacts(
        task.format,
        task.runner,
        last.verifier.scoring,
        last.verifier.parser,
        rewards,
        last.verifier.script,
        texts,
        {path: names for path, text in texts.items() if (names := tuple(names_of_tests(path, text)))},
        any(step.verifier.separate is not None for step in steps),
        len(task.steps) > 1 or bool(last.name),
        last.verifier.same_shell,
        task.environment.limits.disk_mb,
        tuple(dict.fromkeys((CONVENTION, *task.artifacts, *(path for step in steps for path in step.artifacts)))),
        targets,
        "\n".join(step.instruction for step in steps),
    )


def names_of_tests(path: str, text: str) -> Iterator[str]:
    if not path.endswith(".py"):
        return
    try:
        with quietly():
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from re.findall(r"(?m)^(?:async )?def (test\w*)\(", text)
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}"
