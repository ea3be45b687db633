"""mutmut's own operators, by its own names, as edits of the text.

mutmut brings a test runner and a terminal interface for one list, so it is imported where the list is asked; the names
are written down here, and a test holds them to the list's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Operator, Tier
from mutator.operators.define import Shown, operator
from mutator.operators.python.define import PYTHON
from mutator.operators.python.nodes import last_name
from mutator.operators.python.tree import PythonTree, item_span

_ABOUT: dict[str, tuple[FaultClass, str]] = {
    "operator_augmented_assignment": (FaultClass.ARITHMETIC, "the assignment"),
    "operator_symmetric_string_methods_swap": (FaultClass.WRONG_LOGIC, "the method in"),
    "operator_unsymmetrical_string_methods_swap": (FaultClass.WRONG_LOGIC, "the method in"),
    "operator_lambda": (FaultClass.HOLLOW_FUNCTION, "the function"),
    "operator_match": (FaultClass.WRONG_LOGIC, "the cases of"),
    "operator_if_exp": (FaultClass.WRONG_LOGIC, "the choice"),
}
"""What of its list a person might write. Its others change names, numbers and texts into what nobody writes, or do what
operators of this family do with more care."""
Mutate = Callable[[Any], Iterable[cst.CSTNode]]


@cache
def _list() -> dict[str, tuple[tuple[type[cst.CSTNode], ...], Mutate]]:
    """The kinds of node that each operator changes, and what it makes of one."""
    from mutmut.mutation import mutators

    kinds: dict[str, tuple[list[type[cst.CSTNode]], Mutate]] = {}
    for kind, mutate in mutators.mutation_operators:
        kinds.setdefault(mutate.__name__, ([], mutate))[0].append(kind)
    return {name: (tuple(types), mutate) for name, (types, mutate) in kinds.items()}


@cache
def _methods() -> frozenset[str]:
    from mutmut.mutation import mutators

    swaps = (*mutators.supported_symmetric_str_methods_swap, *mutators.supported_unsymmetrical_str_methods_swap)
    return frozenset(old for old, _ in swaps)


def _proposal(name: str) -> Callable[[Any], Iterator[Candidate]]:
    def propose(tree: PythonTree) -> Iterator[Candidate]:
        kinds, mutate = _list()[name]
        for node in tree.every(*kinds):
            if _is_left_out(name, node):
                continue
            for changed in mutate(node):
                edit = _difference(tree, node, changed)
                if edit is None:
                    continue
                candidate = tree.mutant(node, edit, old=tree.label(node, 40), new=_said(tree, node, edit))
                if tree.sound(candidate):
                    yield candidate

    return propose


def _is_left_out(name: str, node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and name.endswith("methods_swap") and last_name(node) not in _methods()


def _difference(tree: PythonTree, old: cst.CSTNode, new: cst.CSTNode) -> Edit | None:
    """The least edit that turns the one into the other: mutmut shares with the original whatever it left alone."""
    if type(old) is type(new):
        changed = [name for name in _field_names(type(old)) if getattr(old, name) is not getattr(new, name)]
        if len(changed) == 1:
            before, after = getattr(old, changed[0]), getattr(new, changed[0])
            if isinstance(before, cst.CSTNode) and isinstance(after, cst.CSTNode):
                return _difference(tree, before, after)
            if isinstance(before, tuple | list) and isinstance(after, tuple | list):
                found = _of_sequences(tree, before, after)
                if found is not None:
                    return found
    start, end = tree.outer(old)
    if isinstance(new, cst.BaseSmallStatement):
        new = new.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)  # it is no part of the place
    code = tree.module.code_for_node(new)
    if isinstance(old, cst.BaseBinaryOp | cst.BaseBooleanOp | cst.BaseCompOp | cst.BaseAugOp | cst.BaseUnaryOp):
        code = code.strip()
        if isinstance(old, cst.BaseUnaryOp):
            end = start + len(tree.text[start:end].rstrip())
    return Edit(start, end, code) if start >= 0 else None


def _of_sequences(tree: PythonTree, old: Any, new: Any) -> Edit | None:
    """One item changed, or one gone."""
    if len(old) == len(new):
        pairs = [(a, b) for a, b in zip(old, new, strict=True) if a is not b]
        return _difference(tree, *pairs[0]) if len(pairs) == 1 else None
    if len(old) != len(new) + 1:
        return None
    gone = next((i for i, item in enumerate(new) if item is not old[i]), len(new))
    if isinstance(old[gone], cst.Arg):
        if gone + 1 < len(old):
            return Edit(item_span(tree, old[gone])[0], item_span(tree, old[gone + 1])[0], "")
        return Edit(item_span(tree, old[gone - 1])[1], item_span(tree, old[gone])[1], "")
    if isinstance(old[gone], cst.MatchCase):
        # With its line; what comes before it on the line is white space.
        start = tree.span(old[gone])[0] - len(tree.indent(old[gone]))
        if gone + 1 < len(old):
            following = tree.span(old[gone + 1])[0] - len(tree.indent(old[gone + 1]))
            return Edit(start, following, "")
        return Edit(tree.span(old[gone - 1])[1], tree.span(old[gone])[1], "")
    return None


@cache
def _field_names(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _said(tree: PythonTree, node: cst.CSTNode, edit: Edit) -> str:
    """The node after the edit, on one short line."""
    start, end = tree.outer(node)
    start, end = min(start, edit.start), max(end, edit.end)
    line = " ".join((tree.text[start : edit.start] + edit.new + tree.text[edit.end : end]).split())
    return re.sub(r"(?s)(.{39}).{2,}", r"\1…", line)


_EXAMPLES: dict[str, tuple[Shown, ...]] = {
    "operator_augmented_assignment": (("n += 1\n", ("n = 1\n",), "python"),),
    "operator_symmetric_string_methods_swap": (("s.lower()\n", ("s.upper()\n",), "python"),),
    "operator_unsymmetrical_string_methods_swap": (('s.split(",", 1)\n', ('s.rsplit(",", 1)\n',), "python"),),
    "operator_lambda": (("lambda x: x\n", ("lambda x: None\n",), "python"),),
    "operator_match": (
        (
            "match a:\n    case 1:\n        pass\n    case 2:\n        pass\n",
            (
                "match a:\n    case 2:\n        pass\n",
                "match a:\n    case 1:\n        pass\n",
            ),
            "python",
        ),
    ),
    "operator_if_exp": (
        (
            "a if b or c else d\n",
            (
                "a if (b or c) and False else d\n",
                "a if (b or c) or True else d\n",
            ),
            "python",
        ),
    ),
}

OPERATORS: tuple[Operator, ...] = tuple(
    operator(f"mutmut.{name}", fault, Tier.FINE, PYTHON, what + " `{old}` becomes `{new}`", *_EXAMPLES[name])(
        _proposal(name)
    )
    for name, (fault, what) in _ABOUT.items()
)
