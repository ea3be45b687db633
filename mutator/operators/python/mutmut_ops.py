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
from mutator.operators.python.statements import is_message
from mutator.operators.python.tree import PythonTree, item_span

_ABOUT: dict[str, tuple[FaultClass, str]] = {
    "operator_number": (FaultClass.WRONG_VALUE, "the number in"),
    "operator_string": (FaultClass.WRONG_VALUE, "the text in"),
    "operator_name": (FaultClass.WRONG_VALUE, "the name in"),
    "operator_assignment": (FaultClass.WRONG_VALUE, "the assignment"),
    "operator_augmented_assignment": (FaultClass.ARITHMETIC, "the assignment"),
    "operator_remove_unary_ops": (FaultClass.WRONG_LOGIC, "the sign in"),
    "operator_dict_arguments": (FaultClass.WRONG_VALUE, "a key of"),
    "operator_arg_removal": (FaultClass.WRONG_VALUE, "an argument of"),
    "operator_symmetric_string_methods_swap": (FaultClass.WRONG_LOGIC, "the method in"),
    "operator_unsymmetrical_string_methods_swap": (FaultClass.WRONG_LOGIC, "the method in"),
    "operator_lambda": (FaultClass.HOLLOW_FUNCTION, "the function"),
    "operator_keywords": (FaultClass.WRONG_LOGIC, "the word in"),
    "operator_swap_op": (FaultClass.WRONG_LOGIC, "the sign in"),
    "operator_match": (FaultClass.WRONG_LOGIC, "the cases of"),
    "operator_if_exp": (FaultClass.WRONG_LOGIC, "the choice"),
}
_SWAPPED = (cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.ComparisonTarget, cst.AugAssign)
_NARROWED: dict[str, tuple[type[cst.CSTNode], ...]] = {
    "operator_swap_op": _SWAPPED,
    "operator_keywords": (cst.BaseCompOp, cst.Break, cst.Continue),
}
"""mutmut asks these of every node; no other gives them anything."""
_LEFT_ALONE = frozenset({"len", "isinstance"})
"""mutmut does not touch the arguments of these."""

Mutate = Callable[[Any], Iterable[cst.CSTNode]]


@cache
def _list() -> dict[str, tuple[tuple[type[cst.CSTNode], ...], Mutate]]:
    """The kinds of node that each operator changes, and what it makes of one."""
    from mutmut.mutation import mutators

    kinds: dict[str, tuple[list[type[cst.CSTNode]], Mutate]] = {}
    for kind, mutate in mutators.mutation_operators:
        kinds.setdefault(mutate.__name__, ([], mutate))[0].append(kind)
    return {name: (_NARROWED.get(name, tuple(types)), mutate) for name, (types, mutate) in kinds.items()}


@cache
def _methods() -> frozenset[str]:
    from mutmut.mutation import mutators

    swaps = (*mutators.supported_symmetric_str_methods_swap, *mutators.supported_unsymmetrical_str_methods_swap)
    return frozenset(old for old, _ in swaps)


def _proposal(name: str) -> Callable[[Any], Iterator[Candidate]]:
    def propose(tree: PythonTree) -> Iterator[Candidate]:
        kinds, mutate = _list()[name]
        for node in tree.every(*kinds):
            if _is_left_out(tree, name, node):
                continue
            for changed in mutate(node):
                edit = _difference(tree, node, changed)
                if edit is None:
                    continue
                candidate = tree.mutant(node, edit, old=tree.label(node, 40), new=_said(tree, node, edit))
                if tree.sound(candidate):
                    yield candidate

    return propose


def _is_left_out(tree: PythonTree, name: str, node: cst.CSTNode) -> bool:
    if isinstance(node, cst.BaseNumber):
        # Python itself refuses to read a number of thousands of digits.
        return len(node.value) > 300  # type: ignore[attr-defined]  # every number has it
    if isinstance(node, cst.SimpleString):
        return node.value.count("\\N") > 0 or any(is_message(tree, up) for up in _calls_around(tree, node))
    if isinstance(node, cst.Call):
        if name == "operator_arg_removal":
            return last_name(node) in _LEFT_ALONE or is_message(tree, node)
        return name.endswith("methods_swap") and last_name(node) not in _methods()
    if isinstance(node, cst.Break):
        # mutmut makes it a return, which only a function can hold.
        return tree.function(node) is None
    return False


def _calls_around(tree: PythonTree, node: cst.CSTNode) -> Iterator[cst.Call]:
    for up in tree.ancestors(node):
        if isinstance(up, cst.Call):
            yield up
        elif isinstance(up, cst.BaseSmallStatement):
            return


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
    "operator_number": (("x = 1\n", ("x = 2\n",), "python"),),
    "operator_string": (
        (
            'x = "Ab"\n',
            (
                'x = "XXAbXX"\n',
                'x = "ab"\n',
                'x = "AB"\n',
            ),
            "python",
        ),
    ),
    "operator_name": (
        (
            "x = deepcopy(True)\n",
            (
                "x = copy(True)\n",
                "x = deepcopy(False)\n",
            ),
            "python",
        ),
    ),
    "operator_assignment": (
        (
            "x = 1\ny: int = None\n",
            (
                "x = None\ny: int = None\n",
                'x = 1\ny: int = ""\n',
            ),
            "python",
        ),
    ),
    "operator_augmented_assignment": (("n += 1\n", ("n = 1\n",), "python"),),
    "operator_remove_unary_ops": (("not a\n", ("a\n",), "python"),),
    "operator_dict_arguments": (
        (
            "dict(a=1, b=2)\n",
            (
                "dict(aXX=1, b=2)\n",
                "dict(a=1, bXX=2)\n",
            ),
            "python",
        ),
    ),
    "operator_arg_removal": (
        (
            "f(a, b=c)\n",
            (
                "f(None, b=c)\n",
                "f(a, b=None)\n",
                "f(b=c)\n",
                "f(a)\n",
            ),
            "python",
        ),
    ),
    "operator_symmetric_string_methods_swap": (("s.lower()\n", ("s.upper()\n",), "python"),),
    "operator_unsymmetrical_string_methods_swap": (('s.split(",", 1)\n', ('s.rsplit(",", 1)\n',), "python"),),
    "operator_lambda": (("lambda x: x\n", ("lambda x: None\n",), "python"),),
    "operator_keywords": (
        (
            "while a is b:\n    continue\n",
            (
                "while a is not b:\n    continue\n",
                "while a is b:\n    break\n",
            ),
            "python",
        ),
    ),
    "operator_swap_op": (
        (
            "a + b == -c\n",
            (
                "a - b == -c\n",
                "a + b != -c\n",
                "a + b == +c\n",
            ),
            "python",
        ),
    ),
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
