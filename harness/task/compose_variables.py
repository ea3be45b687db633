"""Compose's variables: where their values come from, and how they are put into the values of a file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.task.documents import Document
from harness.task.files import Folder
from harness.task.problems import Problems

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<rule>:?[-?+])(?P<word>(?:[^{}]|\{[^{}]*\})*))?\})"
)


class Speller:
    """Compose's variable interpolation."""

    def __init__(
        self, known: Mapping[str, str], runner: frozenset[str], problems: Problems, document: Document
    ) -> None:
        self.known = known
        self.runner = runner
        self.problems = problems
        self.document = document

    def out(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.out(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.out(item) for item in value]
        return self.text(value) if isinstance(value, str) and "$" in value else value

    def text(self, text: str) -> str:
        return _VARIABLE.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, rule, word = match["bare"] or match["name"], match["rule"] or "", match["word"] or ""
        value = self.known.get(name)
        there = value is not None and (value != "" or ":" not in rule)
        if rule.endswith("+"):
            return self.text(word) if there else ""
        if there:
            if name not in self.runner and name in os.environ:
                self._say("host-variable", f"takes {name} from this machine's environment")
            return value or ""
        if rule.endswith("-"):
            return self.text(word)
        if rule.endswith("?"):
            self.problems.error(
                "missing-variable",
                f"{self.document.file.name} needs the environment variable {name}, which is not set"
                f"{f' ({word})' if word else ''}; set it before running.",
                self.document.file,
            )
        elif value is None:
            self._say("missing-variable", f"uses the variable {name}, which is not set: it is empty, as in Compose")
        return value or ""

    def _say(self, code: str, what: str) -> None:
        self.problems.warning(code, f"{self.document.file.name} {what}.", self.document.file)


def dotenv(folder: Folder, path: Path) -> dict[str, str]:
    """NAME=VALUE lines, without quotes."""
    if not folder.is_file(path):
        return {}
    found = {}
    for line in (folder.text(path) or "").splitlines():
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if not sign or name.startswith("#") or not name.strip():
            continue
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        else:
            value = value.partition(" #")[0].rstrip()
        found[name.strip()] = value
    return found
