"""What a dataset's folder holds, and a config file to begin with. Reads the tasks' files and runs none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.mutants import Wish, task_mutants
from harness.settings.catalogue import DEPTHS
from harness.task.discover import is_task_folder
from harness.task.files import absolute
from harness.task.model import ProblemSeverity, Task, Unusable
from harness.untrusted import clip, visible, wrapped

SAMPLE = 20
"""How many tasks, evenly spread, are read closely; the others are assumed to be like them."""
CONTROLS = 6
"""Trials of a task besides its mutants: three references, two that do nothing, and one at the end."""
AGAIN = 1.3
"""Trials that a mutant costs on average: one that was paid runs twice more, one kill in ten once more."""
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Sampled:
    tasks: tuple[Task, ...]
    unusable: tuple[Unusable, ...]
    sampled: int
    without_solution: int
    """Tasks that have no reference solution: only their controls can be looked at."""
    too_few: int
    """Sampled tasks whose solution has fewer variants than a verdict needs."""
    mutants: float
    """Mutants of a sampled task at standard depth, on average."""
    lacking: dict[str, int]
    """What tasks ask for and no box has -> how many."""
    images: int
    """Tasks that stand on an image instead of a Dockerfile."""
    minutes_at_most: float
    """The tasks' own time limits, solving and verifying, on average."""

    @property
    def trials(self) -> int:
        return round(len(self.tasks) * (CONTROLS + AGAIN * self.mutants))


def look(tasks: Sequence[Task | Unusable], *, least: int) -> Sampled:
    """`least` is how many mutants a verdict needs."""
    usable = tuple(task for task in tasks if isinstance(task, Task))
    sample = _spread(usable, SAMPLE)
    counts = [
        sum(len(step.selection.chosen) for step in task_mutants(task, Wish(budget=DEPTHS["standard"])))
        for task in sample
    ]
    limits = [step.agent_timeout + step.verifier.timeout for task in usable for step in task.steps]
    return Sampled(
        usable,
        tuple(task for task in tasks if isinstance(task, Unusable)),
        len(sample),
        sum(all(step.solution is None for step in task.steps) for task in usable),
        sum(count < least for count in counts),
        sum(counts) / len(counts) if counts else 0.0,
        dict(Counter(what for task in usable for what in task.environment.lacks).most_common()),
        sum(task.environment.recipe.dockerfile is None for task in usable),
        sum(limits) / len(limits) / 60 if limits else 0.0,
    )


def _spread(tasks: Sequence[Task], most: int) -> list[Task]:
    if len(tasks) <= most:
        return list(tasks)
    return [tasks[position * len(tasks) // most] for position in range(most)]


def described(found: Sampled, *, engine: str, why: str, jobs: int, width: int = 80) -> str:
    """What a user wants to know before the first audit."""
    return "\n".join(_lines(found, engine, why, jobs, width))


def _lines(found: Sampled, engine: str, why: str, jobs: int, width: int) -> Iterator[str]:
    total = len(found.tasks) + len(found.unusable)
    formats = Counter(task.format.name for task in found.tasks)
    kinds = ", ".join(f"{count} {name}" for name, count in formats.most_common()) or "none can be read"
    yield from wrapped(f"Tasks: {total} ({kinds}).", width, "", following="  ")
    steps = sum(len(task.steps) > 1 for task in found.tasks)
    if steps:
        yield f"  {steps} with several steps."
    if found.without_solution:
        yield from wrapped(f"{found.without_solution} without a reference solution: nothing to break.", width, "  ")
    if found.unusable:
        yield f"  {len(found.unusable)} cannot be used:"
        for task in found.unusable[:SHOWN]:
            errors = [problem for problem in task.problems if problem.severity is ProblemSeverity.ERROR]
            said = errors[0].message if errors else "it cannot be read"
            yield from wrapped(f"{task.name}: {clip(visible(said), 160)}", width, "    ", following="      ")
        if len(found.unusable) > SHOWN:
            yield f"    and {len(found.unusable) - SHOWN} more"
    warned = Counter(problem.code for task in found.tasks for problem in task.problems)
    if warned:
        codes = ", ".join(f"{count} x {code}" for code, count in warned.most_common(SHOWN))
        yield from wrapped(f"Warnings about their files: {codes}. `foolsgold check` shows each.", width, "  ")
    for what, count in list(found.lacking.items())[:SHOWN]:
        yield from wrapped(f"{count} ask for what no box has: {what}.", width, "  ", following="    ")
    yield from wrapped(f"Engine: {engine or 'none'}, because {why}", width, "", following="  ")
    if engine == "bwrap" and found.images:
        yield from wrapped(
            f"{found.images} stand on an image and have no Dockerfile: name what stands for it with --image, or use "
            "--engine docker.",
            width,
            "  ",
        )
    if found.tasks:
        yield from _time(found, jobs, width)


def _time(found: Sampled, jobs: int, width: int) -> Iterator[str]:
    of = "" if found.sampled == len(found.tasks) else f" (in {found.sampled} of them that were looked at)"
    yield from wrapped(
        f"Broken variants: about {found.mutants:.0f} a task at standard depth{of}, so about {found.trials:,} trials.",
        width,
        "",
        following="  ",
    )
    if found.too_few:
        yield from wrapped(f"{found.too_few} of {found.sampled} have too few for a verdict.", width, "  ")
    each = [f"{seconds} s: {_span(found.trials * seconds / jobs)}" for seconds in (1, 5, 30)]
    yield from wrapped(
        f"Time, {jobs} trials at once, besides building: where solving and verifying once takes {', '.join(each)}. "
        f"The tasks' own limits allow {found.minutes_at_most:.0f} min. `--depth quick` takes about a third.",
        width,
        "",
        following="  ",
    )


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def place(path: Path) -> Path:
    """The folder for the file: a task's own folder is never looked into, so its parent."""
    path = absolute(path)
    return path.parent if is_task_folder(path) else path


def config_text(found: Sampled) -> str:
    formats = Counter(task.format.name for task in found.tasks)
    kinds = ", ".join(f"{count} {name}" for name, count in formats.most_common()) or "no usable task"
    return _CONFIG.format(kinds=kinds, depths=", ".join(f'"{name}" ({number})' for name, number in DEPTHS.items()))


_CONFIG = """\
# How foolsgold audits the tasks below this folder ({kinds}).
# Every setting may also be a flag of the same name, which is stronger: `foolsgold audit --help`.
# `foolsgold config` shows what is in force, and where it comes from.

# What makes the boxes: "docker", "bwrap", or "auto" (docker where a daemon answers, else bwrap).
engine = "auto"

# How many broken variants a step gets: {depths}.
depth = "standard"

# Runs of the reference solution; it must be paid in full each time.
repeat = 3

# Trials at once. Without it, as many as the machine has cores.
# jobs = 4

# A network for the boxes: "auto" (where the task allows it and the reference needs it), "on" or "off".
# network = "off"

# Times the tasks' own time limits, for a slow machine.
# timeout-factor = 2.0

# The bar. Without it a task fails that is weak, unsound, broken or flaky.
# fail-under = 80
# fail-on = ["nop-partly-paid", "stated-requirement-untested"]

# What is known and accepted; `foolsgold baseline RUN -o accepted.toml` writes it.
# baseline = "accepted.toml"

# What stands for an image that cannot be had here: "host", a folder or tar with a root filesystem, or another image.
# [image]
# "python:3.12-*" = "host"

# Other terms for some tasks, by name or by path below this folder.
# [[override]]
# tasks = ["slow-*"]
# timeout-factor = 3.0
# budget = 20
"""
