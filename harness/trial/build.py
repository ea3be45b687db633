"""A task's images: its own environment's, and those of its separate verifiers."""

from __future__ import annotations

import time
from dataclasses import replace

from harness.engine.contract import Engine, Image, Progress, silent
from harness.errors import FoolsgoldError
from harness.task.model import Environment, Task
from harness.trial.plan import Built


def build(engine: Engine, task: Task, progress: Progress = silent) -> Built:
    """Build the task's environment and those of its separate verifiers."""
    start = time.monotonic()
    verifiers = {}
    try:
        main, notes = build_environment(engine, task.environment, progress)
        sidecars, more = _build_sidecars(engine, task.environment, "", progress)
        notes += more
        for step in task.steps:
            if step.verifier.separate is not None:
                verifiers[step.name], more = build_environment(engine, step.verifier.separate, progress)
                beside, others = _build_sidecars(engine, step.verifier.separate, f"{step.name}/", progress)
                sidecars |= beside
                notes += (*more, *others)
    except FoolsgoldError as error:
        error.message, error.hint = task.told(error.message), task.told(error.hint)
        raise
    seconds = time.monotonic() - start
    notes = tuple(dict.fromkeys(notes))
    return Built(
        main,
        verifiers,
        sidecars,
        seconds,
        notes,
        engine.no_network(),
        engine.always_network(),
        engine.no_lists(),
        engine.no_gpus() if task.environment.gpus else "",
    )


def _build_sidecars(
    engine: Engine, environment: Environment, prefix: str, progress: Progress
) -> tuple[dict[str, Image], tuple[str, ...]]:
    """The images of the services beside one environment, and notes on them."""
    images = {}
    notes: tuple[str, ...] = ()
    for sidecar in environment.sidecars:
        assert sidecar.beside is not None
        name = sidecar.beside.member.name
        images[f"{prefix}{name}"], more = build_environment(engine, sidecar, progress)
        notes += tuple(f"{name}: {note}" for note in more)
    return images, notes


def build_environment(engine: Engine, environment: Environment, progress: Progress) -> tuple[Image, tuple[str, ...]]:
    """The image of one environment, and notes on it."""
    recipe = environment.recipe
    if environment.prebuilt is None:
        image = engine.build(recipe, progress)
        return image, image.notes
    try:
        image = engine.build(replace(recipe, dockerfile=None, image=environment.prebuilt), progress)
    except FoolsgoldError as error:
        why = error.message
    else:
        # A stand-in for the prebuilt image would lack what its Dockerfile puts in.
        if image.fidelity == "image":
            return image, image.notes
        why = "it cannot be had here"
    image = engine.build(recipe, progress)
    return image, (f"built from its Dockerfile instead of taking {environment.prebuilt}: {why}", *image.notes)
