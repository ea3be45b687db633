"""Every solution that the tests know: the folders of snippets/ and the tasks of fixtures/."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

SNIPPETS = Path(__file__).parent / "snippets"
FIXTURES = Path(__file__).parents[2] / "fixtures"
INSTRUCTION = "instruction.md"
SCRIPTS = ("solve.sh", "solution.sh", "solution.yaml")


@dataclass(frozen=True)
class Folder:
    name: str
    """snippets/pragmas, fixtures/cases/nginx-rate-limit-mended."""
    files: dict[str, bytes]
    script: str
    instruction: str = ""


def snippets() -> list[Folder]:
    return [_folder(f"snippets/{path.name}", path) for path in sorted(SNIPPETS.iterdir())]


def fixtures() -> list[Folder]:
    found = []
    for path in sorted(path for script in SCRIPTS for path in FIXTURES.rglob(script)):
        name = path.parent.relative_to(FIXTURES.parent).as_posix().removesuffix("/solution")
        # In Terminal-Bench's layout the solution is one file among the task's own.
        alone = path.parent.name != "solution"
        stated = _instruction(path.parent if alone else path.parent.parent)
        folder = Folder(name, {path.name: path.read_bytes()}, path.name) if alone else _folder(name, path.parent)
        found.append(replace(folder, instruction=stated))
    return found


def _folder(name: str, root: Path) -> Folder:
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    files.pop(INSTRUCTION, None)
    return Folder(name, files, next(script for script in SCRIPTS if script in files), _instruction(root))


def _instruction(root: Path) -> str:
    path = root / INSTRUCTION
    return path.read_text() if path.is_file() else ""


EVERY = (*snippets(), *fixtures())
