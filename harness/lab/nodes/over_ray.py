"""A Ray cluster: the only module that knows Ray. Nothing is downloaded, nothing told to anybody, no dashboard."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import warnings
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from harness.engine.contract import EngineOptions
from harness.errors import EngineUnavailable, UsageError
from harness.lab.nodes.driver import Link, Lost, MachineFacts, Nodes, Shown
from harness.lab.nodes.worker import NodeWorker

ENDS = 5.0
"""Seconds that machines may take to end what they run."""
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""No telemetry; and where Ray is started here, trials run like everything else."""


def ray_nodes(address: str, engine: str, options: EngineOptions, jobs: int | None, shown: Shown) -> Nodes:
    """`address` is `ray` for RAY_ADDRESS, the cluster that this machine is part of, or else one that begins and ends
    with this process; or `ray://host:port`, which is Ray's client."""
    return Nodes(RayCluster(address if "://" in address else ""), engine, options, jobs, shown)


class RayCluster:
    def __init__(self, address: str) -> None:
        os.environ.update({key: value for key, value in _SETTINGS.items() if key not in os.environ})
        try:
            import ray
        except ImportError as error:
            raise UsageError(
                f"Ray cannot be used here: {error}.", hint="Install it: pip install 'foolsgold[ray]'."
            ) from error
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own:
            _connect(ray, address)
        self._actor = ray.remote(_actor_class())

    def machines(self) -> Mapping[str, MachineFacts]:
        try:
            alive = [node for node in self._ray.nodes() if node["Alive"]]
        except Exception as error:
            raise Lost(str(error)) from error
        hosts = Counter(node["NodeManagerHostname"] for node in alive)
        return {
            node["NodeID"]: MachineFacts(_name(node, hosts), int(node["Resources"]["CPU"]))
            for node in alive
            if node["Resources"].get("CPU", 0) >= 1
        }

    def start(self, machine: str, turns: int) -> Link:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        facts = self.machines().get(machine)
        if facts is None:
            raise Lost("it is gone")
        here = NodeAffinitySchedulingStrategy(machine, soft=False)
        # What fails is begun anew by the driver, which knows what is to be run again.
        options = {"num_cpus": min(turns, facts.processors), "max_restarts": 0, "max_task_retries": 0}
        actor = self._actor.options(scheduling_strategy=here, **options).remote(facts.name)
        return _RayLink(self._ray, actor)

    def put(self, data: bytes) -> Awaitable[bytes]:
        held: Awaitable[bytes] = self._ray.put(data)
        return held

    def close(self, links: Sequence[Link]) -> None:
        ray = self._ray
        with suppress(Exception):  # whatever is gone already need not be ended
            ended = [link.actor.end.remote() for link in links if isinstance(link, _RayLink)]
            ray.wait(ended, num_returns=len(ended), timeout=ENDS)
        for link in links:
            link.kill()
        if self._own:
            self._own = False
            with _same_signals():
                ray.shutdown()


def _actor_class() -> type[NodeWorker]:
    """A class of its own, whose methods Ray can add to."""

    class FoolsgoldNode(NodeWorker):
        pass

    FoolsgoldNode.__module__ = __name__
    return FoolsgoldNode


def _name(node: Mapping[str, Any], hosts: Mapping[str, int]) -> str:
    host = node["NodeManagerHostname"]
    return host if hosts[host] == 1 else f"{host}/{node['NodeID'][:6]}"


def _connect(ray: Any, address: str) -> None:
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    if not address.startswith("ray://"):
        settings["include_dashboard"] = False
    try:
        with _same_signals(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray's own making, about itself
            ray.init(address=address or None, **settings)
    except Exception as error:
        where = address or os.environ.get("RAY_ADDRESS") or "here"
        raise EngineUnavailable(
            f"No Ray cluster can be reached or started ({where}): {str(error).strip() or type(error).__name__}",
            hint="`ray status` shows whether it runs. Outside the cluster the address is ray://HOST:10001.",
        ) from error


@contextmanager
def _same_signals() -> Iterator[None]:
    """Ray takes signals for itself; how this process ends is its own business."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _RayLink:
    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self.actor = ray, actor

    def ask(self, seconds: float, what: str, *values: object) -> Any:
        try:
            return self._ray.get(getattr(self.actor, what).remote(*values), timeout=seconds)
        except Exception as error:
            if isinstance(error, self._ray.exceptions.GetTimeoutError):
                raise TimeoutError from error
            raise self._as_ours(error) from error

    async def call(self, what: str, *values: object) -> Any:
        try:
            return await getattr(self.actor, what).remote(*values)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise self._as_ours(error) from error

    def tell(self, what: str, *values: object) -> None:
        try:
            getattr(self.actor, what).remote(*values)
        except Exception as error:
            raise self._as_ours(error) from error

    def kill(self) -> None:
        with suppress(Exception):  # it is gone
            self._ray.kill(self.actor, no_restart=True)

    def _as_ours(self, error: Exception) -> Exception:
        """A bug of ours comes back with its traceback as text; anything else is a machine lost."""
        exceptions = self._ray.exceptions
        if isinstance(error, exceptions.RayTaskError) and not isinstance(error, exceptions.RayActorError):
            return RuntimeError(str(error))
        return Lost((str(error).strip() or type(error).__name__).splitlines()[0])
