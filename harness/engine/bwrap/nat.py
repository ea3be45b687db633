"""Outward network for boxes: a network namespace of each box's own, behind address translation."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engine.bwrap.launcher import Launcher
from harness.errors import EngineError


@dataclass(slots=True)
class Lease:
    """One box's network, for as long as the box lives."""

    namespace: int
    """Descriptor of the network namespace."""
    resolv_conf: str

    def close(self) -> None: ...


def lease(launcher: Launcher) -> Lease:
    raise EngineError("Boxes with a network are not made yet.")


def report() -> list[str]:
    return []


def clean(alive: frozenset[str]) -> list[str]:
    return []
