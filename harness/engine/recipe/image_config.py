"""An image's settings for the processes in it, read from a daemon's answer and from HEALTHCHECK lines."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from harness.engine.contract import Healthcheck, ImageConfig
from harness.engine.recipe.dockerfile import Instruction

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_NANO = 1_000_000_000


def read_config(config: Mapping[str, Any]) -> ImageConfig:
    """From the `Config` of an image in Docker's API."""
    return ImageConfig(
        env=dict(entry.partition("=")[::2] for entry in config.get("Env") or ()),
        workdir=config.get("WorkingDir") or "/",
        user=config.get("User") or "",
        entrypoint=tuple(config.get("Entrypoint") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        shell=tuple(config.get("Shell") or ("/bin/sh", "-c")),
        exposed=tuple(sorted(config.get("ExposedPorts") or ())),
        labels=dict(config.get("Labels") or {}),
        healthcheck=_daemons_healthcheck(config.get("Healthcheck") or {}),
    )


def _daemons_healthcheck(found: Mapping[str, Any]) -> Healthcheck | None:
    test = found.get("Test") or []
    if not test or test[0] not in ("CMD", "CMD-SHELL") or len(test) < 2:
        return None

    def seconds(name: str, default: float) -> float:
        return float(found.get(name) or 0) / _NANO or default

    return Healthcheck(
        " ".join(test[1:]) if test[0] == "CMD-SHELL" else shlex.join(test[1:]),
        interval=seconds("Interval", 30.0),
        timeout=seconds("Timeout", 30.0),
        start_period=seconds("StartPeriod", 0.0),
        start_interval=seconds("StartInterval", 5.0),
        retries=int(found.get("Retries") or 0) or 3,
    )


def read_healthcheck(instruction: Instruction) -> Healthcheck | None:
    """A HEALTHCHECK line; None means NONE. Raises ValueError, which says what is wrong, as a builder would."""
    kind, _, rest = instruction.text.partition(" ")
    rest = rest.strip()
    if kind.upper() == "NONE":
        if rest or instruction.flags:
            raise ValueError("HEALTHCHECK NONE takes no arguments")
        return None
    if kind.upper() != "CMD":
        raise ValueError(f"HEALTHCHECK takes CMD or NONE, not {kind}")
    if not rest:
        raise ValueError("HEALTHCHECK CMD has no command")

    def flag(name: str, default: float) -> float:
        text = instruction.flag(name)
        if text is None:
            return default
        seconds = read_duration(text)
        if seconds is None:
            raise ValueError(f"--{name}={text} is not a duration such as 5s or 1m30s")
        return seconds or default

    retries = instruction.flag("retries") or "0"
    if not retries.isdigit():
        raise ValueError(f"--retries={retries} is not a number")
    return Healthcheck(
        _command(rest),
        interval=flag("interval", 30.0),
        timeout=flag("timeout", 30.0),
        start_period=flag("start-period", 0.0),
        start_interval=flag("start-interval", 5.0),
        retries=int(retries) or 3,
    )


def _command(text: str) -> str:
    if text.startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            return text  # a list that cannot be read is a line for the shell
        if words and all(isinstance(word, str) for word in words):
            return shlex.join(words)
    return text


def read_duration(text: str) -> float | None:
    """`1m30s` in seconds; None if the text is not a duration."""
    parts = _DURATION.findall(text)
    if text == "0":
        return 0.0
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))
