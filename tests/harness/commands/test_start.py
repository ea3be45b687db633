"""A command's help, its version and its completion start fast: they load nothing that only the command's work needs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.commands.main import COMMANDS, cli

HEAVY = frozenset(
    {"asyncio", "coverage", "crossplane", "docker", "httpx", "jinja2", "jsonschema", "libcst", "msgspec", "mutmut"}
    | {"pygments", "pytest", "requests", "rich", "ruamel", "sqlite3", "tabulate", "textual", "tomlkit", "tree_sitter"}
    | {"urllib3", "yaml"}
)
"""Packages, and whatever begins like a grammar's."""
WORK = ("harness.audit", "harness.check", "harness.mutants", "harness.report.document", "mutator")
LOADED = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("\\n".join(sys.modules)))
from harness.__main__ import main
main()
"""


def loaded(*words: str, **env: str) -> tuple[str, set[str]]:
    """(what it printed, the modules it loaded)."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout, set(done.stderr.splitlines())


def heavy(modules: set[str]) -> list[str]:
    tops = {module.partition(".")[0] for module in modules}
    return sorted(
        (tops & HEAVY)
        | {top for top in tops if top.startswith("tree_sitter")}
        | {name for name in modules for work in WORK if name == work or name.startswith(f"{work}.")}
    )


@pytest.mark.parametrize("words", [("--help",), ("--version",), *((name, "--help") for name in COMMANDS)], ids=" ".join)
def test_a_help_loads_nothing_that_only_the_work_needs(words: tuple[str, ...]) -> None:
    printed, modules = loaded(*words)
    assert printed
    assert heavy(modules) == []


@pytest.mark.parametrize("words", ["foolsgold ", "foolsgold a", "foolsgold audit --", "foolsgold audit --depth "])
def test_completion_loads_nothing_that_only_the_work_needs(words: str) -> None:
    at = str(words.count(" "))
    printed, modules = loaded(_FOOLSGOLD_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=at)
    assert printed
    assert heavy(modules) == []


def test_the_work_does_load_it() -> None:
    """Else the tests above would pass for want of looking."""
    _, modules = loaded("operators", "--json")
    assert {"libcst", "tree_sitter", "mutator", "mutator.operators"} <= set(heavy(modules))


def test_the_help_lists_every_command_in_the_order_of_the_table() -> None:
    printed, modules = loaded("--help")
    listed = [line.split()[0] for line in printed.partition("Commands:\n")[2].splitlines()]
    assert listed == list(COMMANDS)
    assert not [name for name in COMMANDS if f"harness.commands.{name}" in modules]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_function_of_its_name_in_the_file_of_its_name(name: str) -> None:
    command = cli.commands[name]
    assert command.name == name
    assert command.callback is not None
    assert command.callback.__module__ == f"harness.commands.{name}"


def test_a_mistyped_command_is_told_what_was_meant() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "adit"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "No such command 'adit'" in done.stderr
    assert "audit" in done.stderr
