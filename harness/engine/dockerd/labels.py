"""Labels on everything that the engine makes in a daemon, and the removal of what dead runs left there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import docker
from docker.errors import APIError, NotFound

from harness.engine.daemon import daemon_errors
from harness.engine.owner import Owner, megabytes

LABEL = "foolsgold"
"""On every container, network, volume and image; its value is the run."""


def labels(run: str) -> dict[str, str]:
    return {LABEL: run, **Owner.current().labels(LABEL)}


def remove_leftovers(api: docker.APIClient, *, run: str = "", everything: bool = False) -> list[str]:
    """Remove containers, networks and volumes of dead runs, or of the one run named; with everything, images too.

    The things of a run that may be alive stay. While there is such a run, all images stay too, and a line that begins
    with `kept` says so."""
    alive = set()

    def ours(thing_labels: Mapping[str, str] | None) -> bool:
        found = (thing_labels or {}).get(LABEL, "")
        if run:
            return found == run
        owner = Owner.from_labels(thing_labels or {}, LABEL)
        if owner is None:
            return everything  # its run is unknown
        if not owner.is_dead():
            if owner != Owner.current():
                alive.add(found)
            return False
        return True

    removed = []
    wanted = f"{LABEL}={run}" if run else LABEL
    with daemon_errors("Removing leftovers"):
        containers = api.containers(all=True, filters={"label": wanted})
        dead = [container["Id"] for container in containers if ours(container.get("Labels"))]
        _remove_containers(api, dead)
        removed += [f"container {container[:12]}" for container in dead]
        for network in api.networks(filters={"label": wanted}):
            if ours(network.get("Labels")):
                with suppress(NotFound):
                    api.remove_network(network["Id"])
                    removed.append(f"network {network['Name']}")
        for volume in (api.volumes(filters={"label": wanted}) or {}).get("Volumes") or ():
            if ours(volume.get("Labels")):
                with suppress(NotFound):
                    api.remove_volume(volume["Name"])
                    removed.append(f"volume {volume['Name']}")
        if alive and everything:
            removed.append(f"kept the images: {len(alive)} other run{'s' if len(alive) > 1 else ''} may be using them")
        elif everything:
            removed += _remove_images(api)
    return removed


def _remove_images(api: docker.APIClient) -> list[str]:
    removed = []
    # Twice: an image on which another of ours is based can be removed only in the second round.
    for _round in range(2):
        images: list[Any] = api.images(all=False, filters={"label": LABEL})
        for image in images:
            tags = [name for name in image.get("RepoTags") or () if name != "<none>:<none>"]
            # An image that somebody else made from one of ours has our label, but another name.
            names = [name for name in tags if name.startswith(f"{LABEL}/")]
            for name in names or ([] if tags else [image["Id"]]):
                try:
                    api.remove_image(name)
                    removed.append(f"image {name} ({megabytes(image.get('Size', 0))})")
                except APIError as error:
                    if error.status_code not in (404, 409):
                        raise
    return removed


def _remove_containers(api: docker.APIClient, containers: Sequence[str]) -> None:
    """Podman removes none that holds another one's network: such a one goes in the second round."""
    holding = []
    for container in containers:
        try:
            remove_container(api, container)
        except APIError:
            holding.append(container)
    for container in holding:
        remove_container(api, container)


def remove_container(api: docker.APIClient, container: str) -> None:
    """Kill and remove. No error if the container is already gone or being removed."""
    try:
        api.remove_container(container, force=True, v=True)
    except APIError as error:
        if error.status_code not in (404, 409):
            raise
