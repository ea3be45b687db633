"""Paths on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class AnyPath(click.Path):
    """Not an empty one, as a variable that is not set leaves it: that would be the folder one is in."""

    def __init__(self, **wanted: Any) -> None:
        super().__init__(path_type=Path, **wanted)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("The path is empty. Name one.", param, ctx)
        return super().convert(value, param, ctx)
