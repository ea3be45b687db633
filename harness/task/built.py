"""A Harbor environment: a section's settings, and the Dockerfile or compose file beside them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from harness.engine.contract import KEEP_ALIVE, Limits, Recipe
from harness.task.compose import RUNNER_FOLDER, Service
from harness.task.compose_file import read_service
from harness.task.fields import show
from harness.task.files import Folder
from harness.task.model import Environment, NetworkMode

CONFIG = "task.toml"
COMPOSE = "docker-compose.yaml"
SERVICE = "main"

_BUILT_IMAGE = "built-by-the-runner"


def built_environment(
    folder: Folder, environment: Environment, image: str | None, timeout: float, place: Path, key: str = "environment"
) -> Environment | None:
    """The environment of a section's settings and the files in `place`, by the rules of Harbor's docker environment;
    None with a problem where there is nothing to make it of. `image`: the section's docker_image."""
    dockerfile, compose = place / "Dockerfile", place / COMPOSE
    has_dockerfile, has_compose = os.path.lexists(dockerfile), os.path.lexists(compose)
    service = Service()
    if has_compose:
        service = _service(folder, environment, image, compose)
        environment = _with_service(environment, service, compose, timeout)
    if image is not None and service.image not in (None, _BUILT_IMAGE):
        image = service.image
    if image is None and not has_dockerfile and not has_compose:
        if folder.shut(place):
            return None
        folder.problems.error(
            "missing-environment",
            f"[{key}] names no docker_image, and {folder.name(place)}/ has no Dockerfile or {COMPOSE}.",
            place,
        )
        return None
    context = service.context or (place if folder.is_folder(place) else folder.root)
    recipe = Recipe(context, build_args=service.args, target=service.target, timeout=timeout)
    named = Path(os.path.normpath(recipe.context / (service.dockerfile or "Dockerfile")))
    if folder.is_file(named):
        if image is not None:
            folder.problems.warning(
                "image-and-dockerfile",
                f"[{key}].docker_image is {show(image)} and there is {folder.name(named)}: Harbor takes the "
                "image. If it is not available, the Dockerfile is built.",
                folder.path(CONFIG),
            )
        return replace(environment, recipe=replace(recipe, dockerfile=named), prebuilt=image)
    if image is None:
        hint = f"; to use the image {show(service.image)} as it is, set docker_image" if service.image else ""
        folder.problems.error("missing-environment", f"{folder.name(named)} is not there to build from{hint}.", place)
        return None
    if not has_compose and folder.names(place):
        environment = replace(environment, files=((place, ""), *environment.files))
    return replace(environment, recipe=replace(recipe, image=image))


def _service(folder: Folder, environment: Environment, image: str | None, compose: Path) -> Service:
    limits = environment.limits
    variables = {
        **environment.env,
        "MAIN_IMAGE_NAME": _BUILT_IMAGE,
        "CONTEXT_DIR": str(compose.parent),
        "CPUS": f"{limits.cpus:g}" if limits.cpus else "",
        "MEMORY": f"{limits.memory_mb}M" if limits.memory_mb else "",
        "TEST_DIR": "/tests",
    }
    if image:
        variables["PREBUILT_IMAGE_NAME"] = image
    for kind in ("verifier", "agent", "artifacts"):
        suffix = "ARTIFACTS" if kind == "artifacts" else f"{kind.upper()}_LOGS"
        variables[f"HOST_{suffix}_PATH"] = RUNNER_FOLDER
        variables[f"ENV_{suffix}_PATH"] = f"/logs/{kind}"
    return read_service(folder, compose, SERVICE, variables, any_name=False)


def _with_service(environment: Environment, service: Service, compose: Path, timeout: float) -> Environment:
    """task.toml and the compose file merged; for each field the one wins that wins in Harbor."""
    own = environment.limits
    return replace(
        environment,
        compose=compose,
        env={**service.env, **environment.env},
        workdir=environment.workdir or service.workdir,
        user=service.user,
        entrypoint=service.entrypoint,
        command=service.command if service.command is not None else KEEP_ALIVE,
        stdin_open=service.stdin_open,
        network=environment.network if environment.network.declared else service.network,
        limits=Limits(
            memory_mb=own.memory_mb or service.limits.memory_mb,
            cpus=own.cpus or service.limits.cpus,
            pids=service.limits.pids,
            disk_mb=own.disk_mb,
        ),
        gpus=environment.gpus or service.gpus,
        service_healthcheck=service.healthcheck,
        image_healthcheck=service.image_healthcheck,
        files=service.files,
        mounts=tuple(path for path in service.mounts if not path.startswith("/logs/")),
        folders=service.folders,
        hostname=service.hostname,
        beside=service.beside,
        sidecars=tuple(
            replace(sidecar, recipe=replace(sidecar.recipe, timeout=timeout)) for sidecar in service.sidecars
        ),
        internal=service.internal,
        walled=environment.network.mode is not NetworkMode.PUBLIC,
        lacks=tuple(dict.fromkeys((*environment.lacks, *service.lacks))),
    )
