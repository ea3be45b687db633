"""The house rules of the source: who may import whom, what is named how, and how long a file and a function may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_PROGRAM, LONGEST_FUNCTION = 600, 300, 60

FLOORS = (
    {"errors", "untrusted", "verifier", "mutator"},
    {"engine", "testcode"},
    {"task", "machine"},
    {"dataset"},
    {"trial", "mutants"},
    {"judging", "harbor", "proposals"},
    {"findings", "lab"},
    {"probes"},
    {"stages"},
    {"audit", "check"},
    {"report"},
    {"settings", "demo"},
    {"runs"},
    {"attempts"},
    {"harden"},
    {"api"},
    {"commands"},
)
"""Rooms from the ground up. A room imports from floors below its own and from itself, so that there is no circle."""

OF_THE_LAB = {"stages", "audit", "check", "report", "settings", "runs", "attempts", "harden", "api", "commands"}
"""Who may import the lab: whoever runs trials or reads what is remembered of them."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the packages by its dotted name; a package's own module has the package's name."""
    found = {}
    for package in ("mutator", "harness", "foolsgold"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "tasks" in parts:  # the demo's tasks are looked at, not imported
                continue
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def room(module: str) -> str:
    """'' for what is in no room: the packages that people import, and how the program is started."""
    package, *inside = module.split(".")
    return package if package == "mutator" else inside[0] if inside else ""


def imports(path: Path) -> Iterator[str]:
    """Modules of the two packages that a file imports anywhere, also where it is used."""
    for node in ast.walk(tree(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in modules() else node.module
                for alias in node.names
            ]
        yield from (name for name in names if name.split(".")[0] in ("harness", "mutator"))


def arrows() -> set[tuple[str, str]]:
    """(module, module that it imports), between rooms."""
    found = {(module, other) for module, path in modules().items() for other in imports(path)}
    return {(module, other) for module, other in found if room(module) != room(other)}


def test_every_room_has_its_floor() -> None:
    floors = [name for names in FLOORS for name in names]
    assert len(floors) == len(set(floors))
    assert {room(module) for module in modules()} - {"", "__main__"} <= set(floors)


def test_a_room_imports_from_below_only() -> None:
    level = {name: number for number, names in enumerate(FLOORS) for name in names}
    # `python -m harness` and the package's own names are above everything.
    level |= {"": len(FLOORS), "__main__": len(FLOORS)}
    upwards = {
        f"{module} imports {other}"
        for module, other in arrows()
        if level[room(other)] >= level[room(module)] and other != "harness"  # the version
    }
    assert upwards == set()


def test_only_who_runs_trials_knows_the_lab() -> None:
    assert {f"{a} imports {b}" for a, b in arrows() if room(b) == "lab" and room(a) not in OF_THE_LAB} == set()


def test_what_judges_and_what_reads_tests_knows_no_engine() -> None:
    pure = {"judging", "testcode", "verifier", "mutator"}
    assert {f"{a} imports {b}" for a, b in arrows() if room(b) == "engine" and room(a) in pure} == set()


def test_one_engine_never_imports_another() -> None:
    engines = ("harness.engine.bwrap", "harness.engine.dockerd", "harness.engine.harborenv")
    assert all(engine in modules() for engine in engines)
    crossing = {
        f"{module} imports {other}"
        for module, path in modules().items()
        for other in imports(path)
        for mine in engines
        for theirs in engines
        if mine != theirs and f"{module}.".startswith(f"{mine}.") and f"{other}.".startswith(f"{theirs}.")
    }
    assert crossing == set()


def test_what_contributors_are_pointed_to_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:harness|mutator|tests)/[\w./]+)`", text)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_one_name_is_one_thing() -> None:
    """A class that other modules may know has a name of its own."""
    where: dict[str, list[str]] = {}
    for module, path in modules().items():
        for node in tree(path).body if module.startswith("harness") else ():
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where.setdefault(node.name, []).append(module)
    assert {name: here for name, here in where.items() if len(here) > 1} == {}


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    long = {module for module, path in modules().items() if path.read_text().count("\n") > LONGEST_FILE}
    assert long == set()
    # What happens to a task, in order, is read in one sitting.
    assert modules()["harness.audit"].read_text().count("\n") <= LONGEST_PROGRAM


def test_no_function_is_longer_than_a_screen() -> None:
    """A function inside another one counts to the outer one."""
    long = {
        f"{module}.{node.name}"
        for module, path in modules().items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == set()
