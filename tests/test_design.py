from __future__ import annotations

import ast
import re

from tests.design_page import PAGE, ROOT, page


def test_the_page_has_every_module_with_what_it_says_of_itself() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.design_page writes it anew"


def test_every_module_says_what_it_is() -> None:
    silent = []
    for package in ("mutator", "harness"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "tasks" in path.parts or path.name == "__init__.py":
                continue
            if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))):
                silent.append(path.relative_to(ROOT).as_posix())
    assert silent == []


def test_what_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:harness|mutator|tests|docs)/[\w/.-]+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
