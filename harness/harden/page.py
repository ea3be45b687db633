"""report.html of a hardening: each new test with what it catches, what tells that apart, its proof, and the patch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.judging.strength import percent
from harness.report.html import page_file, policy
from harness.report.html.pack import clean_text

FATES = {
    "caught": "caught",
    "pins-unstated": "told apart by what is not stated",
    "witness-only": "told apart, and in no test",
    "probably-equivalent": "probably equivalent",
    "not-tried": "not tried to the end",
}
CHIPS = {
    "caught": "o-killed",
    "pins-unstated": "o-partial",
    "witness-only": "o-partial",
    "probably-equivalent": "o-equivalent",
    "not-tried": "o-invalid",
}
"""Classes of report.css."""


def page(made: Mapping[str, Any]) -> str:
    """`made`: the content of harden.json."""
    environment = Environment(
        loader=PackageLoader("harness.harden"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["clean"] = clean_text
    environment.filters["percent"] = percent
    style = page_file("report.css")
    own = (files(__name__.rpartition(".")[0]) / "templates" / "harden.js").read_text(encoding="utf-8")
    script = "(() => {\n'use strict';\n" + page_file("dom.js") + "\n" + own + "\n})();\n"
    return environment.get_template("harden.html.j2").render(
        made=made, style=style, script=script, policy=policy(style, script), fates=FATES, chips=CHIPS
    )


def write_page(made: Mapping[str, Any], folder: Path) -> None:
    (folder / "report.html").write_text(page(made), encoding="utf-8", newline="\n")
