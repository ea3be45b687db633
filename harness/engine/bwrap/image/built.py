"""An image of the bwrap engine: the layers from which it starts boxes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.engine.contract import Image


@dataclass(frozen=True, slots=True)
class BwrapImage(Image):
    layers: tuple[Path, ...] = ()
    """Lowest first. The first may be `/`, this machine's own root; a box sees only its public part."""
