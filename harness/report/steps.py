"""The part of report.json that a task's author wrote: instruction, its requirements, and the tests' own text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.findings.requirements import how_tested
from harness.stages.result import Audited, MutantResult
from harness.stages.verdict import seen, unheeded_of
from harness.task.model import Step, Task, Unusable
from harness.task.texts import relative, verifier_texts
from mutator.quiet import quietly
from mutator.relevance import Requirement, requirements

LONGEST_TEST = 128 << 10
"""Characters beyond which a test file is named in the report and not shown."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def steps_json(one: Audited) -> list[dict[str, Any]]:
    if isinstance(one.task, Unusable):
        return []
    texts = {step.name: verifier_texts(one.task, step) for step in one.task.steps}
    tests = "\n".join(text for found in texts.values() for text in found.values())
    # As for the findings: what a test notices without being heeded says nothing against its requirement.
    aside = (
        {result.label for result, _ in unheeded_of(one.controls, one.mutants)} if one.controls is not None else set()
    )
    heeded = [result for result in one.mutants if result.label not in aside]
    return [_step(one.task, step, heeded, texts[step.name], tests) for step in one.task.steps]


def _step(
    task: Task, step: Step, results: Sequence[MutantResult], texts: Mapping[str, str], tests: str
) -> dict[str, Any]:
    mine = [result for result in results if result.step == step.name]
    return {
        "name": step.name,
        "instruction": {"path": relative(task, step.instruction_file), "text": step.instruction},
        "requirements": [_requirement(step.instruction, one, mine, tests) for one in requirements(step.instruction)],
        "tests": [
            {"path": path, "text": text if len(text) <= LONGEST_TEST else None, "functions": list(_functions(text))}
            for path, text in texts.items()
        ],
    }


# --- requirements


def _requirement(instruction: str, said: Requirement, results: Sequence[MutantResult], tests: str) -> dict[str, Any]:
    """`mutants` break it before anything else that is stated; `also` bear on it besides."""
    first = [result for result in results if result.links and result.links[0].requirement == said.index]
    also = [result for result in results if said.index in {link.requirement for link in result.links[1:]}]
    start, end = span(instruction, said)
    return {
        "index": said.index,
        "text": said.text,
        "heading": said.heading,
        "line": said.line,
        "start": start,
        "end": end,
        "state": how_tested([seen(result, instruction) for result in first], tests).state,
        "mutants": [result.mutant.id for result in first],
        "also": [result.mutant.id for result in also],
    }


def span(instruction: str, said: Requirement) -> tuple[int, int] | tuple[None, None]:
    """Where the instruction says it, in characters. The requirement has single spaces where that may break lines."""
    lines = instruction.splitlines(keepends=True)
    start = sum(map(len, lines[: said.line - 1]))
    found = re.compile(r"\s+".join(map(re.escape, said.text.split()))).search(instruction, start)
    return found.span() if found else (None, None)


# --- tests


def _functions(text: str) -> Iterator[dict[str, Any]]:
    """The test functions of a Python file, with the lines on which they assert."""
    try:
        with quietly():
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for name, node in _named(tree):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        yield {"name": name, "line": first, "end_line": node.end_lineno or node.lineno, "asserts": _asserts(node)}


def _named(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function) and node.name.startswith("test"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}", inner


def _asserts(function: Function) -> list[Mapping[str, int]]:
    found = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and _asserting(node)]
    return [
        {"line": node.lineno, "end_line": node.end_lineno or node.lineno}
        for node in sorted(found, key=lambda node: node.lineno)
    ]


def _asserting(node: ast.stmt) -> bool:
    """An assert, or a statement such as `self.assertEqual(...)`."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return isinstance(node, ast.Assert)
    called = node.value.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name.startswith("assert") or name == "fail"
