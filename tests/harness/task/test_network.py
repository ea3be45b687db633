"""Which networks a task's boxes get where an engine has none without."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.task.network import Networks, plan_network
from tests.harness.tasks import read

FORMATS = Path(__file__).parents[3] / "fixtures/formats"
WHY = "boxes of this environment are never without a network here"


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_a_task_that_allows_a_network_has_it_at_once_and_is_told(mode: str) -> None:
    plan = plan_network(read(FORMATS / "plain-python-verifier"), mode, always=WHY)
    assert [tried.main for tried in plan.tries] == [True]
    assert any(WHY in note for note in plan.notes)


def test_a_task_that_forbids_it_still_asks_for_boxes_without() -> None:
    """Which its engine refuses, so that it is not measured."""
    assert plan_network(read(FORMATS / "no-network"), always=WHY).tries == (Networks(),)


def test_so_does_a_user_who_forbids_it() -> None:
    assert plan_network(read(FORMATS / "plain-python-verifier"), "off", always=WHY).tries == (Networks(),)
