"""Which engine: the one named, or for `auto` docker where a daemon answers, else bwrap."""

from __future__ import annotations

import sys
import threading
import time

from harness.engine.contract import Engine, EngineOptions
from harness.errors import EngineUnavailable, UsageError

ENGINES = ("auto", "bwrap", "docker")


def make_engine(name: str, options: EngineOptions) -> Engine:
    """The engine called `name`, ready to use; raises EngineUnavailable with what is missing and what to do."""
    if name == "docker":
        return _docker(options)
    if name == "bwrap":
        return _bwrap(options)
    if name == "auto":
        return _first_usable(options)
    raise UsageError(f"There is no engine named {name!r}.", hint=f"Engines: {', '.join(ENGINES)}.")


def call_off(seconds: float) -> None:
    """End what the engines of this process still do in other threads, such as builds, and give those threads some
    time to tidy up. For a process that is about to end."""
    for name in ("harness.engine.bwrap.box.launcher", "harness.engine.dockerd.job"):
        module = sys.modules.get(name)
        if module is not None:
            module.stop()
    deadline = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))


def _first_usable(options: EngineOptions) -> Engine:
    if any(stand_in.partition(";")[0].strip() == "host" for stand_in in options.images.values()):
        return _bwrap(options)  # only bwrap can stand on this machine's own root
    try:
        return _docker(options)
    except EngineUnavailable as no_docker:
        try:
            return _bwrap(options)
        except EngineUnavailable as no_bwrap:
            raise EngineUnavailable(
                f"No engine can be used here.\ndocker: {no_docker.message}\nbwrap: {no_bwrap.message}",
                hint=f"{no_docker.hint}\n{no_bwrap.hint}".strip(),
            ) from no_bwrap


# The engines are imported when asked for, so that choosing one does not load (or need) the other's libraries.
def _docker(options: EngineOptions) -> Engine:
    from harness.engine.dockerd import DockerEngine

    return DockerEngine(options)


def _bwrap(options: EngineOptions) -> Engine:
    from harness.engine.bwrap.engine import BwrapEngine

    return BwrapEngine(options)
