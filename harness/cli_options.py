"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from harness.engine.choose import ENGINES
from harness.errors import UsageError


def engine_options(command: Any) -> Any:
    """The options every command that makes boxes has."""
    for option in reversed(
        (
            click.option(
                "--engine",
                "engine_name",
                type=click.Choice(ENGINES),
                default="auto",
                show_default=True,
                help="What makes the boxes: docker where a daemon answers, else bwrap.",
            ),
            click.option(
                "--image",
                "images",
                metavar="FROM=BASE",
                multiple=True,
                help="What stands for a FROM: `host`, a folder or tar with a root filesystem, or (docker) an image. "
                "`*` is every FROM without an entry of its own. May be given several times.",
            ),
        )
    ):
        command = option(command)
    return command


def read_images(entries: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        name, equals, base = entry.partition("=")
        if not (equals and name and base):
            raise UsageError(
                f"--image {entry} does not say what stands for what.",
                hint="Write FROM=BASE, such as --image python:3.12-slim=host or --image '*=debian.tar'.",
            )
        found[name] = base
    return found
