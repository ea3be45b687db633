from __future__ import annotations

import json
from pathlib import Path

from harness.commands import operators_page
from mutator.operators import FAMILIES

EVERY = {operator.id for family in FAMILIES for operator in family.operators}


def test_only_operators_that_there_are_have_a_measured_yield() -> None:
    yields = json.loads(Path(operators_page.__file__).with_name("yields.json").read_text())
    assert yields["operators"].keys() <= EVERY
    assert all(one["tried"] >= one["idle"] + one["equivalent"] + one["paid"] for one in yields["operators"].values())


def test_a_page_says_what_each_operator_gave() -> None:
    page = operators_page.operators_page()
    assert page.count("\nMeasured: of ") == len(
        json.loads(Path(operators_page.__file__).with_name("yields.json").read_text())["operators"]
    )
