"""docs/operators.md: every operator in words and by its examples, which are also its tests."""

from __future__ import annotations

import difflib
import json
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mutator.model import Candidate, Example, Family, Operator, apply
from mutator.operators import FAMILIES, families
from mutator.operators.state import OPERATORS as STATE_OPERATORS

EXAMPLES = 2
"""How many examples of each operator, and mutants of each example, are shown."""
_TITLES = {
    "shell": "Shell scripts", "sed": "sed programs", "awk": "awk and jq programs", "patch": "Patches",
    "python": "Python", "nginx": "nginx", "data": "Data and configuration", "code": "Code in other languages",
    "sql": "SQL", "stated": "What the instruction states",
}  # fmt: skip


def operators_page() -> str:
    """Markdown."""
    count = sum(len(family.operators) for family in FAMILIES) + len(STATE_OPERATORS)
    parts = [
        f"""# Operators

The {count} ways in which foolsgold breaks a solution. Each has a fault class, the kind of wrong solution that it stands
for, and a tier: `coarse` mutants run first, `fine` ones last; a single mutant may have a lower tier than its
operator. The sentence says what is wrong in the variant; words in CAPITALS are filled in. If the changed text would not
parse, there is no mutant. `--operator` and `--fault` of [`foolsgold mutants`](mutants.md) choose among them.

{_measuring()}

This page is written by `foolsgold operators --markdown`; its examples are the operators' tests.
"""
    ]
    for family in FAMILIES:
        parts.append(f"\n## {_TITLES.get(family.name, family.name)}\n\n")
        parts.append(f"Languages: {', '.join(sorted(family.languages))}.\n")
        parts += [_section(family, operator) for operator in family.operators]
    parts.append(
        "\n## Files and services that the reference leaves\n\nThese operators change the box after solving.\n\n"
        "| operator | fault class | tier | what is wrong then |\n|---|---|---|---|\n"
    )
    parts += [f"| `{op.id}` | {op.fault} | {op.tier} | {_template(op.sentence)} |\n" for op in STATE_OPERATORS]
    return "".join(parts)


@cache
def _yields() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("yields.json").read_text())
    return found


def _measuring() -> str:
    yields = _yields()
    tried = sum(one["tried"] for one in yields["operators"].values())
    said = (
        f"What is said to be measured comes from {tried} mutants of {yields['tasks']} audited tasks"
        f" (`{yields['made by']}`). New are sets of tests that caught one and no mutant before it in its task; idle are"
        " those that every test caught which doing nothing fails: they tell nothing."
    )
    return textwrap.fill(said, 119, break_long_words=False, break_on_hyphens=False)


def _measured(name: str) -> str:
    one = _yields()["operators"].get(name)
    if one is None:
        return ""
    told = (f"{one['signatures']} new", f"{one['idle']} idle", f"{one['equivalent']} equivalent", f"{one['paid']} paid")
    return f"\nMeasured: of {one['tried']} tried {', '.join(told)}.\n"


def _template(sentence: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: match[1].upper(), sentence)


def _section(family: Family, operator: Operator) -> str:
    where = "" if operator.languages == family.languages else f", in {', '.join(sorted(operator.languages))}"
    title = f"\n### {operator.id}\n\n{operator.fault}, {operator.tier}{where}: {_template(operator.sentence)}\n"
    examples = [example for example in operator.examples if example.after] or list(operator.examples)
    return f"{title}{_measured(operator.id)}" + "".join(
        _shown(family, operator, example) for example in examples[:EXAMPLES]
    )


def _shown(family: Family, operator: Operator, example: Example) -> str:
    language = example.language or min(operator.languages)
    if not example.after:
        return f"\n{language}, no mutant:\n\n{_fenced(language, example.before)}"
    blocks = []
    for candidate in list(_candidates(family, operator, example, language))[:EXAMPLES]:
        sentence = operator.sentence.format_map(candidate.fields)
        changed = _changed(example.before, apply(example.before, candidate.edits))
        blocks.append(f"\n{language}: {sentence}\n\n{_fenced('diff', changed)}")
    return "".join(blocks)


def _candidates(family: Family, operator: Operator, example: Example, language: str) -> Iterator[Candidate]:
    family = next(each for each in families(example.instruction) if each.name == family.name)
    tree = family.parse(example.before, language)
    if tree is not None:
        yield from (candidate for candidate in operator.propose(tree) if family.valid(tree, candidate))


def _changed(before: str, after: str) -> str:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return "\n".join(line for line in lines if not line.startswith("?"))


def _fenced(language: str, text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}\n"
