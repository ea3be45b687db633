"""A box as the format's runner makes it: what is asked of the engine for an environment, and when it is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from harness.engine.contract import Box, BoxSpec, Engine, Healthcheck, Image
from harness.engine.lists.reach import Reach
from harness.engine.services import Companion, opened
from harness.task.model import Environment, NetworkMode, Task

LOGS = ("/logs/agent", "/logs/verifier", "/logs/artifacts")


def box_spec(
    image: Image, environment: Environment, network: bool, mounts: tuple[str, ...], reach: Reach | None = None
) -> BoxSpec:
    return BoxSpec(
        image=image,
        network=network,
        reach=reach if network else None,
        env=environment.env,
        workdir=environment.workdir,
        user=environment.user,
        limits=environment.limits,
        gpus=environment.gpus,
        mounts=(*mounts, *(mount for mount in environment.mounts if mount not in mounts)),
        folders=environment.folders,
        entrypoint=environment.entrypoint,
        command=environment.command,
        stdin_open=environment.stdin_open,
        hostname=environment.hostname,
    )


def healthcheck_of(image: Image, environment: Environment) -> Healthcheck | None:
    """The check that `docker compose up --wait` waits for."""
    return environment.service_healthcheck or (image.config.healthcheck if environment.image_healthcheck else None)


def walled(task: Task) -> bool:
    """Whether any of the task's phases has a limited network, by its config. Harbor then gives all services one network
    namespace, but for those with networks of their own."""
    phases = [step.agent_network for step in task.steps] + [step.verifier.network for step in task.steps]
    return task.environment.walled or any(one is not None and one.mode is not NetworkMode.PUBLIC for one in phases)


def open_services(
    engine: Engine,
    spec: BoxSpec,
    environment: Environment,
    images: Mapping[str, Image],
    *,
    walled: bool,
    all_healthy: bool,
    pause: Callable[[float], bool],
    meet: Callable[[str, Box], object] | None = None,
) -> AbstractContextManager[Box]:
    """The box of that environment beside its sidecars."""
    own = environment.beside
    assert own is not None
    companions = [Companion(spec, replace(own.member, shares=walled and own.member.shares), own.awaits)]
    for sidecar in environment.sidecars:
        beside = sidecar.beside
        assert beside is not None
        image = images[beside.member.name]
        its = replace(box_spec(image, sidecar, spec.network, (), spec.reach), files=sidecar.files)
        member = replace(beside.member, shares=walled and beside.member.shares)
        companions.append(Companion(its, member, beside.awaits, healthcheck_of(image, sidecar), beside.restarts))
    return opened(
        engine,
        companions,
        own.member.name,
        internal=environment.internal,
        all_healthy=all_healthy,
        limit=environment.recipe.timeout,
        pause=pause,
        meet=meet,
    )
