"""`foolsgold operators`: lists the operators, which make broken variants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mutator.model import Operator
    from mutator.operators.state import StateOperator


@click.command
@click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Write the page docs/operators.md.")
def operators(as_json: bool, as_markdown: bool) -> None:
    """List every operator: what it breaks, in which languages, with an example.

    --operator and --skip-operator take these ids, and the families before their dots.

    \b
    Examples:
      foolsgold operators
      foolsgold operators --json
    """
    from mutator.operators import FAMILIES
    from mutator.operators.state import OPERATORS as STATE_OPERATORS

    every = [operator for family in FAMILIES for operator in family.operators]
    if as_json:
        described = [*map(_described, every), *map(_described_state, STATE_OPERATORS)]
        click.echo(json.dumps({"schema": "foolsgold.operators/1", "operators": described}, indent=2))
    elif as_markdown:
        from harness.commands.operators_page import operators_page

        click.echo(operators_page(), nl=False)
    else:
        from tabulate import tabulate

        rows: list[tuple[str, str, str, str]] = [(op.id, op.fault.value, op.tier.value, op.sentence) for op in every]
        rows += [(op.id, op.fault.value, op.tier.value, op.sentence) for op in STATE_OPERATORS]
        click.echo(tabulate(rows, headers=("operator", "fault", "tier", "what is wrong then")))


def _described_state(operator: StateOperator) -> dict[str, Any]:
    """Changes files that a solution leaves, so it has no languages."""
    return {
        "id": operator.id,
        "fault": operator.fault,
        "tier": operator.tier,
        "languages": [],
        "sentence": operator.sentence,
        "examples": [],
    }


def _described(operator: Operator) -> dict[str, Any]:
    return {
        "id": operator.id,
        "fault": operator.fault,
        "tier": operator.tier,
        "languages": sorted(operator.languages),
        "sentence": operator.sentence,
        "examples": [
            {"language": example.language, "before": example.before, "after": list(example.after)}
            for example in operator.examples
        ],
    }
