from __future__ import annotations

from pathlib import Path

from harness.probes.vacuous import CONFIRMS
from harness.testcode.assertions.lead import Lead, LeadKind
from harness.testcode.demands import DemandKind
from mutator.operators.preserving import CODE_OPERATORS, OUTPUT_OPERATORS, run_variants

DOCS = Path(__file__).parents[3] / "docs"


def rows(page: str) -> dict[str, str]:
    lines = (DOCS / page).read_text().splitlines()
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def test_the_page_on_over_strict_verifiers_has_every_operator_and_its_promise() -> None:
    promises = {one.operator.id: one.promise for one in CODE_OPERATORS}
    promises |= {one.id: one.promise for one in OUTPUT_OPERATORS}
    promises |= {one.operator: one.promise for one in run_variants("#!/bin/sh\necho a > b\n", "")}
    found = rows("over-strict.md")
    assert found.keys() == promises.keys()
    for name, promise in promises.items():
        assert f"| {promise.preserves}: {promise.because} |" in found[name]
        assert found[name].endswith("| yes |") is promise.depends_on_instruction


def test_the_page_on_hidden_requirements_has_every_kind_of_demand() -> None:
    text = (DOCS / "hidden.md").read_text()
    assert [kind for kind in DemandKind if f"`{kind}`" not in text] == []


def test_the_page_on_leads_has_each_of_them_with_what_it_means_and_what_would_confirm_it() -> None:
    found = rows("leads.md")
    leads = [Lead(kind, "tests/test_a.py", 1, "test_a", "") for kind in LeadKind]
    assert {name for name in found if name.startswith("lead-")} == {lead.id for lead in leads}
    for lead in leads:
        meaning = lead.sentence.removeprefix("test_a ")
        assert found[lead.id] == f"| `{lead.id}` | {meaning} | {lead.confirmed_by} |"
    assert set(CONFIRMS) <= found.keys()
