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
        for step in task.steps:
            if step.verifier.separate is not None:
                verifiers[step.name], more = build_environment(engine, step.verifier.separate, progress)
                notes += more
    except FoolsgoldError as error:
        error.message, error.hint = task.told(error.message), task.told(error.hint)
        raise
    seconds = time.monotonic() - start
    return Built(main, verifiers, seconds, tuple(dict.fromkeys(notes)), engine.no_network(), engine.always_network())


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
