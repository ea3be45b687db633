"""mutmut's operators give the texts that mutmut itself would write."""

from __future__ import annotations

import libcst as cst
import pytest
from mutmut.mutation.mutators import mutation_operators

from mutator.model import apply
from mutator.operators.python.mutmut_ops import OPERATORS
from mutator.operators.python.tree import parse

PROGRAM = '''
def price(rows, *, tax = 0.2, name="Shop"):
    """Left alone."""
    total = 0
    for row in rows:
        if row is None or not row.ok:
            continue
        if row.kind  not  in ("a", r"B\\d", "caf\\xe9"):
            break
        total += row.size *(row.price + 1)
        total -= ~row.mask & 0xff
    label: str = name.lower().strip("x").split(",", 1)[0]
    made = dict(total=total,
                label=label,)
    made = build(made, rows, key=lambda r: (r.a, -r.b), *rows)
    match label:
        case "a":
            return None
        case "b" | "c":
            return made
    while True:
        x = 2 ** 3 // total % 5 << 1 if made else total or 7
        return copy.deepcopy(x)


def outside():
    y = 1; z = True
    return (y) and z
'''


def test_the_names_are_mutmuts_own() -> None:
    assert {op.id for op in OPERATORS} <= {f"mutmut.{op.__name__}" for _, op in mutation_operators}


def _by_mutmut(name: str) -> set[str]:
    module = cst.parse_module(PROGRAM)
    made: set[str] = set()

    def visit(node: cst.CSTNode) -> None:
        for kind, mutate in mutation_operators:
            if mutate.__name__ == name and isinstance(node, kind):
                for changed in mutate(node):
                    new = module.deep_replace(node, changed)
                    assert isinstance(new, cst.Module)
                    made.add(_plain(new.code))
        for child in node.children:
            if not isinstance(child, cst.Annotation):
                visit(child)

    visit(module)
    return made


def _plain(code: str) -> str:
    """Blanks and last commas do not count: mutmut leaves its own around what it changes."""
    return "".join(code.split()).replace(",)", ")")


@pytest.mark.parametrize("name", [op.id.removeprefix("mutmut.") for op in OPERATORS])
def test_the_edits_say_what_mutmut_writes(name: str) -> None:
    operator = next(op for op in OPERATORS if op.id == f"mutmut.{name}")
    tree = parse(PROGRAM)
    assert tree is not None
    ours = [candidate for candidate in operator.propose(tree) if tree.valid(candidate)]
    texts = {_plain(apply(PROGRAM, candidate.edits)) for candidate in ours}
    assert texts == _by_mutmut(name)
    assert len(texts) > 0
