from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import mutator


def test_the_mutator_knows_nothing_of_the_harness_and_runs_nothing() -> None:
    forbidden = {"harness", "subprocess", "socket", "docker", "requests", "urllib", "time", "datetime", "random"}
    root = Path(mutator.__file__).parent
    found = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(path.name, name) for name in names if name.split(".")[0] in forbidden]
    assert found == []


def test_what_a_language_needs_is_loaded_with_its_first_text() -> None:
    script = (
        "import sys; from mutator.operators import FAMILIES; from mutator.sources import read_sources;"
        "assert [op for family in FAMILIES for op in family.operators];"
        "late = ('tree_sitter_', 'mutmut', 'pytest', 'textual');"
        "print(*sorted(name for name in sys.modules if name.startswith(late)))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
