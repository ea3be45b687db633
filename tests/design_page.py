"""The second half of docs/design.md: every module with what its docstring says first. Run it to write the page anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/design.md"
MARK = "## Every module\n"


def page() -> str:
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return f"{head}{MARK}\n" + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "What each says of itself; `tests/design_page.py` writes this part anew."
    for package in ("mutator", "harness"):
        folders = sorted({path.parent for path in _modules(package)})
        for folder in folders:
            yield from ("", f"### {folder.relative_to(ROOT).as_posix()}/", "", "| | |", "|---|---|")
            for path in _modules(package):
                if path.parent == folder and (said := _said(path)):
                    yield f"| `{path.name}` | {said} |"


def _modules(package: str) -> list[Path]:
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "tasks" not in path.parts]


def _said(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
