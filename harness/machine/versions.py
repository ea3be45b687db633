"""What `doctor --versions` prints: the versions of foolsgold and its engines, waiting only a moment for an engine."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Mapping

from harness import __version__
from harness.errors import FoolsgoldError
from harness.untrusted import visible

SECONDS = 3.0


def versions(ask: Mapping[str, Callable[[], str]] | None = None, *, seconds: float = SECONDS) -> str:
    """A line for each. If an engine, such as a daemon that hangs, does not answer in time, its line says so."""
    asked = ENGINES if ask is None else ask
    answers: dict[str, str] = {}
    threads = [
        threading.Thread(target=_answer, args=(name, version, answers), daemon=True) for name, version in asked.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    lines = [f"foolsgold, version {__version__}", f"Python {platform.python_version()} on {_system()}"]
    late = f"no answer within {seconds:g} s"
    return "\n".join([*lines, *(f"{name}: {answers.get(name, late)}" for name in asked)])


def _answer(name: str, version: Callable[[], str], answers: dict[str, str]) -> None:
    try:
        answers[name] = visible(version())
    except FoolsgoldError as error:
        answers[name] = f"not usable here. {visible(error.message)} `foolsgold doctor` says what to do."
    except Exception as error:
        answers[name] = f"not usable here: {visible(f'{type(error).__name__}: {error}')}"


def _system() -> str:
    return f"{platform.system()} {platform.release()}, {platform.machine()}"


def _bwrap() -> str:
    from harness.engine.bwrap.box.program import find

    return f"bubblewrap {find().version}"


def _docker() -> str:
    from harness.engine.daemon import connect

    daemon = connect()
    found = daemon.api.version()
    name = (found.get("Platform") or {}).get("Name") or "Docker"
    return f"{name} {found.get('Version', 'of unknown version')} at {daemon.name}"


ENGINES: Mapping[str, Callable[[], str]] = {"bwrap": _bwrap, "docker": _docker}
