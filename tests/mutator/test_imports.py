from __future__ import annotations

import ast
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
