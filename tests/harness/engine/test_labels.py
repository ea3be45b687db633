"""What `clean` takes from a daemon: all that dead runs left, with images if asked for, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import docker
import pytest
from docker.errors import APIError

from harness.engine.dockerd.labels import LABEL, remove_leftovers
from harness.engine.owner import Owner

DEAD = replace(Owner.current(), pid=2**22 + 1)
FOREIGN = replace(Owner.current(), place="another-machine pid:[1]")
ALIVE = Owner(1, "0", Owner.current().place, Owner.current().boot)


class Daemon:
    """The few calls of the SDK that cleaning makes."""

    def __init__(self, owners: Mapping[str, Owner]) -> None:
        self.things = {name: {LABEL: name, **owner.labels(LABEL)} for name, owner in owners.items()}
        self.removed: list[str] = []

    def containers(self, **_how: object) -> list[dict[str, Any]]:
        return [{"Id": f"{name}-box", "Labels": labels} for name, labels in self.things.items()]

    def networks(self, **_how: object) -> list[dict[str, Any]]:
        return [{"Id": f"{name}-net", "Name": f"{name}-net", "Labels": labels} for name, labels in self.things.items()]

    def volumes(self, **_how: object) -> dict[str, Any]:
        return {"Volumes": [{"Name": f"{name}-vol", "Labels": labels} for name, labels in self.things.items()] or None}

    def images(self, **_how: object) -> list[dict[str, Any]]:
        tags = [["foolsgold/one:latest"], ["mine:1", "foolsgold/two:latest"], ["mine:2"], None]
        return [{"Id": f"id{number}", "RepoTags": names, "Size": 5_000_000} for number, names in enumerate(tags)]

    def remove_container(self, name: str, **_how: object) -> None:
        self.removed.append(name)

    remove_network = remove_volume = remove_image = remove_container


def removed(owners: Mapping[str, Owner], **how: Any) -> tuple[set[str], list[str]]:
    daemon = Daemon(owners)
    said = remove_leftovers(cast(docker.APIClient, daemon), **how)
    return set(daemon.removed), said


def test_only_dead_runs_are_cleared_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Owner, "is_dead", lambda self: self == DEAD)
    owners = {"dead": DEAD, "foreign": FOREIGN, "alive": ALIVE}
    found, said = removed(owners)
    assert found == {"dead-box", "dead-net", "dead-vol"}
    assert said == ["container dead-box", "network dead-net", "volume dead-vol"]
    found, said = removed(owners, everything=True)
    assert found == {"dead-box", "dead-net", "dead-vol"}
    assert said[-1] == "kept the images: 2 other runs may be using them"


def test_with_everything_our_images_go_and_other_names_for_them_stay() -> None:
    found, said = removed({"dead": DEAD}, everything=True)
    assert found == {"dead-box", "dead-net", "dead-vol", "foolsgold/one:latest", "foolsgold/two:latest", "id3"}
    assert "image foolsgold/one:latest (5.0 MB)" in said


def test_a_run_clears_up_after_itself_whoever_else_is_there() -> None:
    found, _said = removed({"mine": Owner.current(), "dead": DEAD}, run="mine")
    assert found == {"mine-box", "mine-net", "mine-vol"}


class Podman(Daemon):
    """Removes no container while another one that is still there has its network."""

    def remove_container(self, name: str, **_how: object) -> None:
        if name == "holder-box" and "sharing-box" not in self.removed:
            raise APIError("has dependent containers which must be removed before it")
        super().remove_container(name)


def test_a_container_that_holds_another_ones_network_goes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Owner, "is_dead", lambda self: self == DEAD)
    daemon = Podman({"holder": DEAD, "sharing": DEAD})
    said = remove_leftovers(cast(docker.APIClient, daemon))
    assert daemon.removed[:2] == ["sharing-box", "holder-box"]
    assert said[:2] == ["container holder-box", "container sharing-box"]
