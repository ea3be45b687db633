"""Finds the Docker-compatible daemon as the docker command line does; if there is none, the error says why."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.utils
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, TLSParameterError

from harness.errors import EngineError, EngineUnavailable

PING_SECONDS = 2.0
CALL_SECONDS = 120.0
"""How long one call may take. Even on a busy machine a container starts within seconds."""


@dataclass(frozen=True, slots=True)
class Daemon:
    api: docker.APIClient
    name: str
    """Where it was found, in words that a user understands."""
    address: str
    tls: Any
    local: bool
    """It is reached through a socket file, so its containers may be processes of this machine."""
    cli_env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that make the docker command line use the same daemon."""
    builder: str = "default"
    """The name that buildx has for this daemon's own builder."""


@dataclass(frozen=True, slots=True)
class _Address:
    name: str
    base_url: str
    tls: Any = False
    cli_env: Mapping[str, str] = field(default_factory=dict)
    builder: str = "default"


def connect(environ: Mapping[str, str] | None = None) -> Daemon:
    """The daemon of DOCKER_HOST, else of the docker context in use, else of the first known socket that answers."""
    environ = os.environ if environ is None else environ
    failures = []
    for address in _addresses(environ):
        try:
            return _open(address)
        except (DockerException, requests.RequestException, OSError, ValueError) as error:
            failures.append(f"{address.name}: {_first_words(error)}")
    if not failures:
        failures = [f"none of its usual sockets exists ({', '.join(map(str, _sockets(environ)))})"]
    raise EngineUnavailable(
        "No Docker daemon answers: " + "; ".join(failures) + ".", hint=_remedy(" ".join(failures), environ)
    )


def _addresses(environ: Mapping[str, str]) -> Iterator[_Address]:
    host = environ.get("DOCKER_HOST")
    if host:
        try:
            kwargs = docker.utils.kwargs_from_env(environment=dict(environ))
        except TLSParameterError as error:
            raise EngineUnavailable(
                f"DOCKER_HOST={host}: {_first_words(error)}", hint="Check DOCKER_CERT_PATH and DOCKER_TLS_VERIFY."
            ) from error
        yield _Address(f"DOCKER_HOST={host}", kwargs.get("base_url", host), kwargs.get("tls", False))
        return
    context = _context(environ)
    if context is not None:
        yield context
        return
    for path in _sockets(environ):
        if path.exists():
            url = f"unix://{path}"
            yield _Address(str(path), url, cli_env={"DOCKER_HOST": url})


def _context(environ: Mapping[str, str]) -> _Address | None:
    """The docker context in use, unless it is the default one."""
    asked = environ.get("DOCKER_CONTEXT")
    try:
        context = ContextAPI.get_context(asked)
    except (DockerException, OSError, ValueError, KeyError) as error:
        raise EngineUnavailable(
            f"The docker context {asked or 'in use'} cannot be read: {_first_words(error)}.",
            hint="See `docker context ls`; choose one with DOCKER_CONTEXT or `docker context use`.",
        ) from error
    if context is None:
        raise EngineUnavailable(
            f"There is no docker context named {asked!r}." if asked else "The docker context in use does not exist.",
            hint="See `docker context ls`; choose one with DOCKER_CONTEXT or `docker context use`.",
        )
    if context.Name == "default" or not context.Host:
        return None
    return _Address(
        f"docker context {context.Name} ({context.Host})",
        context.Host,
        context.TLSConfig or False,
        {"DOCKER_CONTEXT": context.Name},
        context.Name,
    )


def _sockets(environ: Mapping[str, str]) -> list[Path]:
    """Docker's own, rootless Docker's, Docker Desktop's and Podman's, in this order."""
    home = Path(environ.get("HOME", "/"))
    sockets = [Path("/var/run/docker.sock")]
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime:
        sockets.append(Path(runtime, "docker.sock"))
    sockets += [home / ".docker/run/docker.sock", home / ".docker/desktop/docker.sock"]
    if runtime:
        sockets.append(Path(runtime, "podman/podman.sock"))
    sockets.append(Path("/run/podman/podman.sock"))
    return sockets


def _open(address: _Address) -> Daemon:
    def client(seconds: float, version: str) -> docker.APIClient:
        return docker.APIClient(
            base_url=address.base_url,
            tls=address.tls,
            version=version,
            timeout=seconds,  # type: ignore[arg-type]  # the stub says int, requests takes fractions
            use_ssh_client=True,
        )

    if address.base_url.startswith("unix://"):
        _ping(address.base_url.removeprefix("unix://"))
    probe = client(PING_SECONDS, "auto")
    version = probe.api_version
    probe.close()
    return Daemon(
        client(CALL_SECONDS, version),
        address.name,
        address.base_url,
        address.tls,
        address.base_url.startswith(("unix://", "http+unix://")) and platform.system() == "Linux",
        address.cli_env,
        address.builder,
    )


def _ping(path: str) -> None:
    """Raises OSError if nobody answers on the socket file. In that case the SDK would leave its own socket open."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PING_SECONDS)
        probe.connect(path)
        probe.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
        if not probe.recv(1):
            raise ConnectionResetError("it hung up")


def _remedy(failures: str, environ: Mapping[str, str]) -> str:
    if "ermission denied" in failures:
        return "You may not use its socket: join the docker group, use sudo, or take --engine bwrap."
    if environ.get("DOCKER_HOST") or environ.get("DOCKER_CONTEXT"):
        return "Start that daemon or unset the variable; without Docker, take --engine bwrap (Linux)."
    return (
        "Start it (Docker Desktop, `systemctl start docker`, `podman system service`), set DOCKER_HOST, "
        "or take --engine bwrap (Linux)."
    )


def _first_words(error: BaseException) -> str:
    """An HTTP library nests the reason five deep; the innermost one is the clearest."""
    reason: BaseException = error
    while True:
        inner = reason.__cause__ or reason.__context__
        if inner is None or isinstance(inner, EngineError):  # what we were doing when it happened
            break
        reason = inner
    words = (reason.strerror if isinstance(reason, OSError) else None) or str(reason) or str(error)
    return " ".join(words.split())[:300]


class DaemonGone(EngineError):
    """The daemon does not answer any more."""


@contextmanager
def daemon_errors(doing: str) -> Iterator[None]:
    """Any problem between us and the daemon is the engine's failure, never the task's."""
    try:
        yield
    except APIError as error:
        words = str(error.explanation or error)
        raise EngineError(f"{doing}: the Docker daemon says: {words.strip()}", hint=hint_for(words)) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise DaemonGone(
            f"{doing}: the Docker daemon cannot be reached: {_first_words(error)}",
            hint="Is it still running? `docker info` tells.",
        ) from error


def hint_for(words: str) -> str:
    if "no space left" in words.lower():
        return "The daemon's disk is full: `foolsgold clean --all` or `docker system prune` makes room."
    if "setting rlimit" in words.lower():
        return (
            "The daemon asks for more open files or processes than it may have. For Podman, give less in "
            'containers.conf: `default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]` below [containers].'
        )
    if "too many open files" in words.lower():
        return "The daemon ran out of file descriptors: use fewer --jobs or raise its limit."
    return ""
