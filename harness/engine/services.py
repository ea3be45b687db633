"""Several boxes side by side, as `docker compose up` starts them: in order, and each when it may.

Compose's own runner waits for a service in the middle of a start; here the services start one after the other, which
comes to the same, since none starts before what it waits for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from harness.engine.contract import Box, BoxSpec, Command, Ended, Engine, Exit, Healthcheck, Member, Until
from harness.errors import EngineError
from harness.verifier.test_report import plain

AT_ONCE = 0.5
"""Seconds after which `docker compose up --wait` looks at a service for the first time. Without a healthcheck that is
all it waits for: what has ended by then has failed, unless another service waited for its end."""
_TICK = 0.02
_PROBE = 'if command -v timeout >/dev/null; then exec timeout -s KILL "$0" "$@"; else exec "$@"; fi'
"""A probe that hangs is killed and has failed; the box lives on."""

Health = tuple[float, float, Exit]
"""Seconds waited, the limit of each probe, and the last probe."""


class ServiceFailed(Exception):
    """A service did not come to what the runner waits for, and the runner would have gone no further."""


@dataclass(frozen=True, slots=True)
class Companion:
    """One of the services."""

    spec: BoxSpec
    member: Member
    awaits: Mapping[str, Until] = field(default_factory=dict)
    check: Healthcheck | None = None
    restarts: bool = False


@contextmanager
def opened(
    engine: Engine,
    companions: Sequence[Companion],
    main: str,
    *,
    internal: frozenset[str] = frozenset(),
    all_healthy: bool = True,
    limit: float = 600.0,
    pause: Callable[[float], bool] | None = None,
    meet: Callable[[str, Box], object] | None = None,
) -> Iterator[Box]:
    """The box of the service `main`, beside the others. Raises ServiceFailed and EngineError; everything is gone at
    the end. `all_healthy`: the runner goes on once all are healthy, and fails if one has ended; whether `main` is
    healthy is the caller's affair. `limit`: seconds for each wait; `pause`: waits so long, or tells that
    nobody waits any more. `meet`: is told the name and the box of each of the others, when all stand."""
    ordered = in_order(companions)
    own = next(one for one in companions if one.member.name == main)
    members = [one.member for one in companions]
    waiting = _Waiting(limit, pause or threading.Event().wait)
    with ExitStack() as stack:
        group = engine.group(members, own.spec.image, network=own.spec.network, internal=internal, reach=own.spec.reach)
        stack.callback(group.close)
        boxes: dict[str, Box] = {}
        began: dict[str, float] = {}
        for one in ordered:
            for name, until in one.awaits.items():
                other = next(each for each in companions if each.member.name == name)
                waiting.until(until, other, boxes[name], needed_by=one.member.name)
            spec = replace(one.spec, group=group, member=one.member.name, sidecar=one is not own)
            began[one.member.name] = time.monotonic()
            boxes[one.member.name] = stack.enter_context(engine.open(spec))
        beside = [one for one in ordered if one is not own]
        ends = {name for one in companions for name, until in one.awaits.items() if until is Until.COMPLETED}
        for one in beside if all_healthy else ():
            if one.member.name not in ends:
                waiting.until_fine(one, boxes[one.member.name], began[one.member.name])
        for one in beside if meet is not None else ():
            meet(one.member.name, boxes[one.member.name])
        yield boxes[main]
        for one in beside:
            ended = boxes[one.member.name].ended() if one.restarts and one.member.name not in ends else None
            if ended is not None:
                raise _started_again(one, ended)


def in_order(companions: Sequence[Companion]) -> list[Companion]:
    """Each behind those that it waits for."""
    done: list[Companion] = []
    left = list(companions)
    while left:
        names = {one.member.name for one in done}
        free = [one for one in left if names.issuperset(one.awaits)]
        if not free:
            raise EngineError(f"The services {', '.join(one.member.name for one in left)} wait for each other.")
        done += free
        left = [one for one in left if one not in free]
    return done


@dataclass(frozen=True, slots=True)
class _Waiting:
    limit: float
    pause: Callable[[float], bool]

    def until(self, until: Until, one: Companion, box: Box, needed_by: str = "") -> None:
        name = one.member.name
        if until is Until.COMPLETED:
            deadline = time.monotonic() + self.limit
            while (ended := box.ended()) is None:
                if time.monotonic() > deadline:
                    raise ServiceFailed(f"the service {name} did not end within {self.limit:g} s")
                self._pause(_TICK)
            if ended.status != 0:
                raise _failed(one, ended)
            return
        if until is Until.STARTED:
            return
        if one.check is None:
            # As Compose does on its way to the service that waits.
            raise ServiceFailed(f"the service {needed_by} waits until {name} is healthy, which has no healthcheck")
        self.until_healthy(one, box, one.check)

    def until_fine(self, one: Companion, box: Box, began: float) -> None:
        """What `up --wait` waits for."""
        if one.check is not None:
            self.until_healthy(one, box, one.check)
            return
        self._pause(max(0.0, began + AT_ONCE - time.monotonic()))
        ended = box.ended()
        if ended is not None:
            raise (_started_again(one, ended) if one.restarts else _failed(one, ended))

    def until_healthy(self, one: Companion, box: Box, check: Healthcheck) -> None:
        name = one.member.name
        try:
            found = wait_until_healthy(box, check, one.spec.image.config.shell, self.limit, self.pause)
        except EngineError:
            ended = box.ended()
            if ended is None:
                raise
            raise _failed(one, ended) from None
        if found is None:
            raise EngineError("interrupted")
        if found[2].status != 0:
            ended = box.ended()
            how = _ended(ended) if ended else not_healthy(check, found)
            raise ServiceFailed(f"of the service {name}, {how}")

    def _pause(self, seconds: float) -> None:
        if self.pause(seconds):
            raise EngineError("interrupted")


def _failed(one: Companion, ended: Ended) -> ServiceFailed:
    return ServiceFailed(f"the service {one.member.name}, {_ended(ended)}")


def _started_again(one: Companion, ended: Ended) -> EngineError:
    what = f"the service {one.member.name}, {_ended(ended)}"
    return EngineError(f"{what}; the runner would have started it again, which no box does.")


def _ended(ended: Ended) -> str:
    last = plain(ended.output).strip().splitlines()[-1:]
    return f"whose process ended with status {ended.status}{f': {last[0]}' if last else ''}"


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
