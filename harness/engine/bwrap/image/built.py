"""What the bwrap engine starts a box from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.engine.contract import Image


@dataclass(frozen=True, slots=True)
class BwrapImage(Image):
    layers: tuple[Path, ...] = ()
    """Lowest first. The first may be `/`: this machine's own root, of which a box sees only the public part."""
