"""What Harbor asks of an environment, in foolsgold's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engine.contract import Limits, Recipe
from harness.engine.recipe.standin import FORM, must_be_there
from harness.errors import UsageError
from harness.task.built import CONFIG, built_environment
from harness.task.files import Folder
from harness.task.model import Environment, ProblemSeverity
from harness.task.problems import Problems


@dataclass(frozen=True, slots=True)
class AskedEnvironment:
    """An environment as Harbor asks for it: its own overrides are in these values already."""

    place: Path
    """The folder with the Dockerfile or the compose file."""
    docker_image: str | None
    env: Mapping[str, str]
    workdir: str | None
    limits: Limits
    build_timeout: float
    force_build: bool
    """Build the Dockerfile, also where an image is named."""


def environment_of(asked: AskedEnvironment) -> Environment:
    """Raises UsageError where nothing can be made of it."""
    problems = Problems()
    base = Environment(Recipe(asked.place), env=asked.env, workdir=asked.workdir, limits=asked.limits)
    folder = Folder(task_folder(asked.place), problems)
    made = built_environment(folder, base, asked.docker_image, asked.build_timeout, asked.place)
    wrong = [problem.message for problem in problems.found if problem.severity is ProblemSeverity.ERROR]
    if made is None or wrong:
        raise UsageError(" ".join(wrong) or f"There is no environment in {asked.place}.")
    if made.lacks:
        raise UsageError(f"It asks for {', '.join(made.lacks)}, which no box has.", hint="Use --env docker.")
    if made.sidecars:
        raise UsageError("It has several containers, and a Harbor environment is one.", hint="Use --env docker.")
    if asked.force_build and made.recipe.dockerfile is not None:
        made = replace(made, prebuilt=None)
    # Harbor itself uploads the folder beside a docker_image.
    return replace(made, files=tuple(entry for entry in made.files if entry != (asked.place, "")))


def task_folder(place: Path) -> Path:
    """The task that an environment's folder belongs to; a step's tests lie deeper in it."""
    return next((above for above in place.parents if (above / CONFIG).is_file()), place.parent)


def stand_ins(given: object) -> dict[str, str]:
    """The mapping of --image, as Harbor hands on what stands behind `--ek image=`: one FROM=BASE, a list of them, or an
    object. Raises UsageError."""
    images: dict[str, str] = {}
    entries: Sequence[object] = given if isinstance(given, list) else [given] if given else []
    for entry in entries:
        if isinstance(entry, dict):
            images |= {str(name): str(base) for name, base in entry.items()}
            continue
        name, equals, base = str(entry).partition("=")
        if not equals or not name or not base:
            raise UsageError(f"The image mapping {entry!r} names no base.", hint=FORM)
        images[name] = base
    must_be_there(images)
    return images
