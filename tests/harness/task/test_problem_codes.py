from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SAYING = {"error", "warning", "_lack", "_say", "Problem", "NotUnpacked"}


def codes_in_the_source() -> set[str]:
    """The code each saying call is given, and each default of a parameter called `code`."""
    found: set[str] = set()
    for file in sorted([*(ROOT / "harness/task").glob("*.py"), *(ROOT / "harness/dataset").glob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                given = node.args[:1] if name in SAYING else []
                given += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            elif isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in node.args.kwonlyargs]
                given = [
                    default
                    for name, default in zip(names, node.args.kw_defaults, strict=True)
                    if name == "code" and default is not None
                ]
            else:
                continue
            found |= {item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)}
    return found


def codes_in_the_docs() -> set[str]:
    return set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/formats.md").read_text(), re.MULTILINE))


def test_every_problem_code_is_explained_and_every_explained_code_exists() -> None:
    assert len(codes_in_the_source()) > 30
    assert codes_in_the_docs() == codes_in_the_source()
