"""Which networks a task's boxes get where an engine has none without, and where phases list hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.lists.reach import Reach
from harness.task.model import Network, NetworkMode
from harness.task.network import Extent, Networks, plan_network
from tests.harness.tasks import harbor, read

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


LIST = 'network_mode = "allowlist"\nallowed_hosts = ["a.example"]\n'
NONE, PUBLIC = 'network_mode = "no-network"\n', 'network_mode = "public"\n'


@pytest.mark.parametrize(
    ("environment", "agent", "verifier", "main"),
    [
        (LIST, "", "", True),
        (NONE, LIST, "", True),
        (NONE, "", LIST, True),
        (PUBLIC, LIST, NONE, True),
        (NONE, NONE, NONE, False),
    ],
)
def test_with_a_list_each_phase_gets_what_it_declares(
    tmp_path: Path, environment: str, agent: str, verifier: str, main: bool
) -> None:
    toml = f'version = "1.0"\n[environment]\n{environment}[agent]\n{agent}[verifier]\n{verifier}'
    task = harbor(tmp_path, {"task.toml": toml})
    plan = plan_network(task)
    extent = Extent.LISTED if main else Extent.WHOLE
    assert plan.tries == (Networks(main=main, extent=extent),)
    assert bool(plan.notes) is (PUBLIC in environment and main)
    assert plan_network(task, "off").tries == (Networks(),)
    assert plan_network(task, "record").tries == (Networks(main=main, extent=Extent.RECORDED),)
    kept = plan_network(task, no_lists="install it")
    assert kept.tries == (Networks(),)
    assert kept.lacking == ("install it" if main else "")


def test_a_network_that_cannot_be_made_is_no_matter_where_a_list_is_kept(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"task.toml": f'version = "1.0"\n[environment]\n{LIST}'})
    assert plan_network(task, lacking="slirp4netns").tries == (Networks(main=True, extent=Extent.LISTED),)


@pytest.mark.parametrize(
    ("policy", "extent", "reach"),
    [
        (Network(), Extent.WHOLE, None),
        (Network(NetworkMode.ALLOWLIST, ("a.example",)), Extent.WHOLE, None),
        (Network(NetworkMode.ALLOWLIST, ("a.example",)), Extent.LISTED, Reach(("a.example",))),
        (Network(NetworkMode.ALLOWLIST, ("a.example",)), Extent.RECORDED, Reach(anything=True)),
        (Network(NetworkMode.NONE), Extent.RECORDED, Reach()),
        (Network(NetworkMode.NONE), Extent.LISTED, Reach()),
        (Network(), Extent.LISTED, Reach(anything=True)),
    ],
)
def test_what_a_phase_reaches(policy: Network, extent: Extent, reach: Reach | None) -> None:
    assert Networks(main=True, extent=extent).reach(policy) == reach
