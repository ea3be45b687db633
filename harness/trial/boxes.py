"""A box as the format's runner makes it: what is asked of the engine for an environment, and when it is ready."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.engine.contract import Box, BoxSpec, Command, Exit, Healthcheck, Image
from harness.task.model import Environment
from harness.verifier.test_report import plain

LOGS = ("/logs/agent", "/logs/verifier", "/logs/artifacts")
_PROBE = 'if command -v timeout >/dev/null; then exec timeout -s KILL "$0" "$@"; else exec "$@"; fi'
"""A probe that hangs is killed and has failed; the box lives on."""

Health = tuple[float, float, Exit]
"""Seconds waited, the limit of each probe, and the last probe."""


def box_spec(image: Image, environment: Environment, network: bool, mounts: tuple[str, ...]) -> BoxSpec:
    return BoxSpec(
        image=image,
        network=network,
        env=environment.env,
        workdir=environment.workdir,
        user=environment.user,
        limits=environment.limits,
        mounts=(*mounts, *(mount for mount in environment.mounts if mount not in mounts)),
        entrypoint=environment.entrypoint,
        command=environment.command,
        stdin_open=environment.stdin_open,
        hostname=environment.hostname,
    )


def healthcheck_of(image: Image, environment: Environment) -> Healthcheck | None:
    """The check that `docker compose up --wait` waits for."""
    return environment.service_healthcheck or (image.config.healthcheck if environment.image_healthcheck else None)


def wait_until_healthy(
    box: Box, check: Healthcheck, shell: tuple[str, ...], limit: float, pause: Callable[[float], bool]
) -> Health | None:
    """Docker's patience, in probes of at most a second apart: no reason to wait half a minute for the first where the
    container is healthy at once. None where `pause` says that nobody waits any more."""
    start = time.monotonic()
    step_seconds = min(check.interval, 1.0)
    # Docker gives up after `retries` times an interval and a probe of at most `timeout`.
    share = check.interval / (check.interval + check.timeout or 1.0)
    spent = 0.0
    seconds = max(1.0, check.timeout)
    probe = ("sh", "-c", _PROBE, f"{seconds:g}", *shell, check.command)
    while True:
        done = box.run(Command(probe, seconds + 30.0))
        waited = time.monotonic() - start
        if waited >= check.start_period:
            spent += step_seconds + done.seconds * share
        if done.status == 0 or done.timed_out or spent >= check.retries * check.interval or waited >= limit:
            return waited, seconds, done
        if pause(step_seconds):
            return None


def not_healthy(check: Healthcheck, found: Health) -> str:
    waited, _, done = found
    text = plain(done.output.decode("utf-8", "replace")).strip()
    last = f": {text.splitlines()[-1]}" if text else ""
    return (
        f"the container's HEALTHCHECK `{check.command}` did not pass within {waited:.0f} s, at last with "
        f"status {done.status}{last}"
    )
