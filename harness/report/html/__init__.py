"""report.html: one file that a browser opens from disk. It needs no network and never runs code of a task.

The overview is markup; each task is a compressed block that the page unpacks when somebody opens the task.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.judging.strength import percent
from harness.report.html.highlight import Colours
from harness.report.html.overview import overview
from harness.report.html.pack import packed
from harness.report.html.task import task_view

__all__ = ["render"]

SCRIPTS = (
    "dom",
    "data",
    "filters",
    "overview",
    "code",
    "mutants",
    "proposed",
    "instruction",
    "least",
    "reference",
    "tests",
    "controls",
    "task",
    "start",
)
"""In their order in the page; they share one scope."""


def render(report: Mapping[str, Any], out: Path) -> None:
    """Write the page to `out`, which is replaced only when the new page is complete.

    `report` is the content of report.json. Its tasks are iterated twice, so they may be read one at a time."""
    environment = Environment(
        loader=PackageLoader("harness.report.html"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found = overview(report)
    style = page_file("report.css")
    script = "(() => {\n'use strict';\n" + "\n".join(page_file(f"{name}.js") for name in SCRIPTS) + "\n})();\n"
    environment.filters["percent"] = lambda share: "-" if share is None else percent(share).replace(" ", "\u00a0")
    environment.filters["whole"] = lambda share: "-" if share is None else f"{share * 100:.0f}\u00a0%"
    parts = environment.get_template("report.html.j2").generate(
        view=found,
        style=style,
        script=script,
        policy=policy(style, script),
        index=packed({**found.index, "here": _own_folder(report["run"], out)}),
        blocks=_blocks(report),
    )
    if out.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(out))
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(parts)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _blocks(report: Mapping[str, Any]) -> Iterator[str]:
    colours = Colours()
    for task in report["tasks"]:
        yield packed(task_view(report, task, colours))


def page_file(name: str) -> str:
    """A file of ours. It goes into the page unescaped, so it must not contain the end of its element."""
    return (files(__name__) / "page" / name).read_text(encoding="utf-8")


def _own_folder(run: str, out: Path) -> str:
    """The run as commands name it, if the page lies in its folder: there the page knows later where the run is."""
    with suppress(OSError):  # the working folder is gone
        if out.parent.resolve() == Path(run).resolve():
            return shlex.quote(run)
    return ""


def policy(style: str, script: str) -> str:
    """Fetch nothing, and allow only the page's own script and style."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
