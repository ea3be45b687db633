"""Which paid variants accuse nobody by themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.judging.effects import Effect, Measured
from harness.stages.verdict import _slight


@pytest.mark.parametrize(
    ("operator", "effect", "slight"),
    [
        ("code.drop-entry", Measured(same=True), True),
        ("code.drop-entry", Measured(), False),
        ("code.drop-entry", Measured(Effect("/app/a.json", "`1`", "`2`")), False),
        ("code.drop-statement", Measured(same=True), False),
    ],
)
def test_an_entry_that_nothing_ever_gives_accuses_nobody(operator: str, effect: Measured, slight: bool) -> None:
    mutant = SimpleNamespace(operator=operator, sentence="")
    result = SimpleNamespace(mutant=mutant, effect=effect, requirement=None, links=())
    assert _slight(cast(Any, result)) is slight


@pytest.mark.parametrize(
    ("sentence", "requirement", "slight"),
    [
        ("`limit_req zone=a burst=10` loses `burst=10`", "Allow 10 requests per second.", True),
        ("`limit_req zone=a burst=10` is tightened: burst=1 for burst=10", "Allow bursts, burst=10.", False),
        ("`limit_req zone=a` is left out: requests are not rate limited here", "Allow 10 requests per second.", False),
    ],
)
def test_an_option_of_a_limit_that_a_sentence_does_not_name_accuses_nobody_of_it(
    sentence: str, requirement: str, slight: bool
) -> None:
    result = SimpleNamespace(
        mutant=SimpleNamespace(operator="nginx.some", sentence=sentence),
        effect=None,
        requirement=SimpleNamespace(text=requirement, tokens={}),
        links=(SimpleNamespace(evidence=("requests",)),),
        diff="",
    )
    assert _slight(cast(Any, result)) is slight
