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
    result = SimpleNamespace(mutant=SimpleNamespace(operator=operator), effect=effect, requirement=None)
    assert _slight(cast(Any, result)) is slight
