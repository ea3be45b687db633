"""All engines, and the choice between them: the named one, or for `auto` the first that can be used here."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from harness.engine.contract import Engine, EngineOptions
from harness.engine.recipe.standin import must_be_there
from harness.errors import EngineUnavailable, UsageError


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine: its package in harness/engine, and how to make it. The package is imported only when the engine is
    used, so that nobody needs the libraries of the other one."""

    name: str
    module: str
    engine: str
    """The module's class: EngineOptions in, an Engine out, or EngineUnavailable with what is missing."""
    under_way: str
    """The module whose `stop` ends the engine's work in other threads, such as builds."""
    own_root: bool
    """Its boxes can use this machine's own root as their base, which `--image NAME=host` asks for."""

    def make(self, options: EngineOptions, *which: str) -> Engine:
        make: Callable[..., Engine] = getattr(import_module(self.module), self.engine)
        return make(*which, options)


SPECS = (
    EngineSpec("docker", "harness.engine.dockerd", "DockerEngine", "harness.engine.dockerd.job", own_root=False),
    EngineSpec(
        "bwrap", "harness.engine.bwrap.engine", "BwrapEngine", "harness.engine.bwrap.box.launcher", own_root=True
    ),
)
"""In the order in which `auto` tries them."""
HARBOR = EngineSpec(
    "harbor:", "harness.engine.harborenv.engine", "HarborEngine", "harness.engine.harborenv.engine", own_root=False
)
"""Any environment of Harbor's, which the user names behind it. `auto` never takes one."""
ENGINES = ("auto", *sorted(spec.name for spec in SPECS))


def make_engine(name: str, options: EngineOptions) -> Engine:
    """The engine called `name`, ready to use; raises EngineUnavailable with what is missing and what to do, and
    UsageError for an image that nothing can stand for."""
    must_be_there(options.images)
    if name == "auto":
        return _first_usable(options)
    for spec in SPECS:
        if spec.name == name:
            return spec.make(options)
    if name.startswith(HARBOR.name) and name != HARBOR.name:
        return HARBOR.make(options, name.removeprefix(HARBOR.name))
    raise UsageError(
        f"There is no engine named {name!r}.",
        hint=f"Engines: {', '.join(ENGINES)}, and {HARBOR.name} with the name of one of Harbor's environments.",
    )


def call_off(seconds: float) -> None:
    """End the engines' work in other threads, such as builds, and wait up to `seconds` until those threads have cleaned
    up. For a process that is about to end."""
    for spec in (*SPECS, HARBOR):
        module = sys.modules.get(spec.under_way)
        if module is not None:
            module.stop()
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))


def _first_usable(options: EngineOptions) -> Engine:
    own_root = any(stand_in.partition(";")[0].strip() == "host" for stand_in in options.images.values())
    tried = [spec for spec in SPECS if spec.own_root or not own_root]
    missing: list[tuple[EngineSpec, EngineUnavailable]] = []
    for spec in tried:
        try:
            return spec.make(options)
        except EngineUnavailable as error:
            missing.append((spec, error))
    if len(missing) == 1:
        raise missing[0][1]
    raise EngineUnavailable(
        "\n".join(["No engine can be used here.", *(f"{spec.name}: {error.message}" for spec, error in missing)]),
        hint="\n".join(error.hint for _, error in missing if error.hint),
    ) from missing[-1][1]
