"""What checks work with: an engine, an image, and the functions that most checks call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from harness.engine.contract import Box, BoxSpec, Command, Engine, Exit, Image, Limits


class CheckFailed(Exception):
    pass


class NotMeasured(Exception):
    pass


@dataclass(frozen=True, slots=True)
class CheckedEngine:
    engine: Engine
    image: Image

    @contextmanager
    def box(
        self,
        *,
        network: bool = False,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        user: str | None = "root",
        limits: Limits = Limits(),
        hostname: str | None = None,
    ) -> Iterator[Box]:
        spec = BoxSpec(
            self.image,
            network=network or bool(self.engine.always_network()),
            env=env or {},
            workdir=workdir,
            user=user,
            limits=limits,
            entrypoint=(),
            hostname=hostname,
        )
        with self.engine.open(spec) as box:
            yield box

    def without_network(self) -> None:
        """Called by what is about boxes without a network."""
        if why := self.engine.always_network():
            raise NotMeasured(why)

    def must_have_python(self) -> None:
        """Called before services are started whose program is Python's."""
        with self.box() as box:
            _must_have_python(box)

    def excuse(self, check: str) -> None:
        """Called when the check would fail: the check is not measured if the engine cannot do this by its nature."""
        if check in self.engine.excused:
            raise NotMeasured(self.engine.excused[check])


Check = Callable[[CheckedEngine], None]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def that(true: object, message: str) -> None:
    if not true:
        raise CheckFailed(message)


def sh(
    box: Box, script: str, *, timeout: float = 30, env: Mapping[str, str] | None = None, user: str | None = None
) -> Exit:
    return box.run(Command(("sh", "-c", script), timeout, env=env or {}, user=user))


def text(box: Box, script: str, *, user: str | None = None) -> str:
    """The output of a script that must succeed."""
    ran = sh(box, script, user=user)
    that(ran.status == 0, f"{script!r} ended with {ran.status}: {ran.output[-500:]!r}")
    return ran.output.decode("utf-8", "replace").strip()


def python(box: Box, code: str, *, timeout: float = 30, user: str | None = None) -> Exit:
    _must_have_python(box)
    return box.run(Command(("python3", "-c", code), timeout, user=user))


def _must_have_python(box: Box) -> None:
    if sh(box, "command -v python3").status != 0:
        raise NotMeasured("the image has no python3")
