"""Where a program begins: without it nothing else of the text runs."""

from __future__ import annotations

import re
from collections import Counter

import libcst as cst

from mutator.operators.python.nodes import callee
from mutator.operators.python.spans import Span
from mutator.operators.python.tree import PythonTree, definitions


def stilled_by(tree: PythonTree, name: str, body: Span) -> Span | None:
    """What has no effect without the function of that name: all of it, its own body, or who knows."""
    if name == tree.once(_entry) or tree.once(definitions) == {name}:
        return 0, len(tree.text)
    return body if body[1] and tree.once(_calls)[name] == 1 else None


def is_read_once(tree: PythonTree, name: str) -> bool:
    """Whether what it returns is used at one place only: a stage of the program, without which there is no result."""
    return tree.once(_calls)[name] == 1


def is_called(tree: PythonTree, name: str) -> bool:
    return tree.once(_calls)[name] > 0


def runs_by_itself(tree: PythonTree) -> bool:
    """Whether it works off what lies there, once: no arguments, no requests, nothing to get wrong for anybody."""
    return bool(tree.once(_starts)) and not _ASKS.search(tree.text)


_ASKS = re.compile(
    r"\b(?:argparse|click|typer|sys\.argv|stdin|input\(|[Ff]lask|fastapi|FastAPI|aiohttp|http\.server|socketserver|socket"
    r"|tornado|bottle|starlette|grpc|getopt|os\.environ|select|asyncio\.start_server)"
)


def _starts(tree: PythonTree) -> list[str]:
    """What the text itself calls."""
    return [callee(call) for call in tree.every(cst.Call) if tree.function(call) is None]


def _entry(tree: PythonTree) -> str:
    """The function that the text itself calls, where it calls one only."""
    local = tree.once(definitions)
    called = {
        callee(call)
        for call in tree.every(cst.Call)
        if callee(call) in local and tree.function(call) is None and tree.within(call, cst.ClassDef) is None
    }
    return called.pop() if len(called) == 1 else ""


def _calls(tree: PythonTree) -> Counter[str]:
    """How often each name is spoken of, its definition apart."""
    return Counter(name.value for name in tree.every(cst.Name) if isinstance(name, cst.Name)) - Counter(
        tree.once(definitions)
    )
