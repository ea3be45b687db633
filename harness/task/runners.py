"""The formats' own runners in the versions that are known, and every rule in which these differ."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Runner:
    """One version of a runner. A trial asks it for each rule that another version has otherwise."""

    name: str
    """Of the format that it is the runner of."""
    version: str
    release: str
    """The release that it stands for: trials were compared with that one's."""
    title: str
    removes_rewards: bool = False
    """Root removes reward.txt and reward.json before every verification; if that fails, there is none. Otherwise what
    the solution left there counts."""
    leaves_out: bool = False
    """What a .harborignore in the tests or the solution names reaches no box. Otherwise it is a file as any other."""
    sifts_artifacts: bool = False
    """A separate verifier gets of the artifacts no special files, no links that lead out, and nothing that others may
    write."""
    whole_cpus: bool = False
    """A task that asks for a fraction of a processor is refused."""
    mounts_logs: bool = False
    """The folders below /logs are mounts of the machine's own: they are new in every box, and nothing can remove them.
    Otherwise they are the box's own, which are made where the image has none, and copied out when it has verified."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


RUNNERS: tuple[Runner, ...] = (
    Runner("harbor", "0.24", "0.24.0", "Harbor 0.24", whole_cpus=True, mounts_logs=True),
    Runner("harbor", "0.26", "0.26.0", "Harbor 0.26", removes_rewards=True, leaves_out=True, sifts_artifacts=True),
    Runner("terminal-bench", "0.2", "0.2.18", "Terminal-Bench 0.2", mounts_logs=True),
)
"""Of each format the oldest first."""


def newest(name: str) -> Runner:
    return next(runner for runner in reversed(RUNNERS) if runner.name == name)


CHOICES = tuple(str(runner) for runner in RUNNERS if runner.name == "harbor")
"""What `--runner` can be: only Harbor has several."""


def runner_of(text: str) -> Runner:
    """Raises UsageError."""
    for runner in RUNNERS:
        if str(runner) == text:
            return runner
    raise UsageError(f"There is no runner {text!r}.", hint=f"There are: {', '.join(CHOICES)}.")
