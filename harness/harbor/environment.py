"""Harbor's environment on our embedded engine: the box of any agent of Harbor's, and of its verifiers."""

from __future__ import annotations

import asyncio
import atexit
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from harbor.environments.base import BaseEnvironment, ExecResult, HealthcheckError, SandboxBuildFailedError
from harbor.environments.capabilities import EnvironmentCapabilities, EnvironmentResourceCapabilities
from harbor.environments.definition import require_agent_environment_definition
from harbor.models.task.config import NetworkMode, NetworkPolicy
from harbor.models.trial.config import ResourceMode

from harness.engine.bwrap.box import cgroups
from harness.engine.bwrap.box.beside import CommandBeside
from harness.engine.bwrap.engine import BwrapBox, BwrapEngine
from harness.engine.contract import Command, EngineOptions, Exit, Fidelity, Image, Limits
from harness.engine.lists.reach import Reach
from harness.engine.services import not_healthy, wait_until_healthy
from harness.errors import BuildFailed, EngineError, FoolsgoldError, NeedsDocker
from harness.harbor.definition import AskedEnvironment, environment_of, stand_ins
from harness.task.model import Environment
from harness.trial.boxes import LOGS, box_spec, healthcheck_of
from harness.trial.build import build_environment

OUTPUT_LIMIT = 64 << 20
"""Bytes of a command's output that are handed on: the first and last halves."""
_CHORE = 30.0
_LISTS = (
    "network_allowlist",
    "network_allowlist_hostnames",
    "network_allowlist_wildcard_hostnames",
    "network_allowlist_ipv4_addresses",
    "network_allowlist_ipv6_addresses",
    "network_allowlist_ipv4_cidrs",
    "network_allowlist_ipv6_cidrs",
)

T = TypeVar("T")

_engines: dict[tuple[Any, ...], BwrapEngine] = {}
_lock = threading.Lock()


def _engine(images: dict[str, str], hidden: Path) -> BwrapEngine:
    """One for all trials of a job, which need not see each other's results."""
    key = (*sorted(images.items()), hidden)
    with _lock:
        if key not in _engines:
            engine = BwrapEngine(EngineOptions(images=images, hidden=(hidden,)))
            atexit.register(engine.close)
            _engines[key] = engine
        return _engines[key]


class BwrapEnvironment(BaseEnvironment):
    """`--ek image='*=host'` names stand-ins for base images, as `foolsgold audit --image` does."""

    def __init__(self, *args: Any, image: object = None, **kwargs: Any) -> None:
        self._images = stand_ins(image)
        policies = [kwargs.get("network_policy"), *(kwargs.get("phase_network_policies") or ())]
        self._listed = any(each is not None and each.network_mode is NetworkMode.ALLOWLIST for each in policies)
        """A phase allows some hosts only, so that the box's network can be changed while it runs."""
        super().__init__(*args, **kwargs)
        foreign = [path for path in self._mount_targets() if not path.startswith("/logs/")]
        if foreign:
            raise ValueError(f"{self.type()} boxes have none of this machine's folders: {', '.join(foreign)}.")
        # A box is used from one thread, which outlives whoever stops waiting for it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="foolsgold-box")
        self._box: BwrapBox | None = None
        self._called_off = threading.Event()
        self.stands_on: tuple[Fidelity, str] | None = None
        """Once it has been started: how near to the named image the box is, and what it is based on."""

    @staticmethod
    def type() -> str:
        return "foolsgold-bwrap"

    @property
    def capabilities(self) -> EnvironmentCapabilities:
        lists = dict.fromkeys(_LISTS, self._listed)
        return EnvironmentCapabilities(disable_internet=True, dynamic_network_policy=self._listed, **lists)

    @classmethod
    def resource_capabilities(cls) -> EnvironmentResourceCapabilities:
        bases, _ = cgroups.hierarchies()
        # Older releases know nothing of fractions and leave the word out.
        return EnvironmentResourceCapabilities(cpu_limit="cpu" in bases, memory_limit=True, fractional_cpus=True)

    @classmethod
    def preflight(cls, kwargs: dict[str, Any] | None = None) -> None:
        try:
            stand_ins((kwargs or {}).get("image"))
            report = BwrapEngine().report()
        except FoolsgoldError as error:
            raise SystemExit(str(error)) from error
        if not report.usable:
            raise SystemExit("\n".join(("No boxes can be made here.", *report.lines)))

    def _validate_definition(self) -> None:
        require_agent_environment_definition(self.environment_dir, docker_image=self.task_env_config.docker_image)

    # The box

    async def start(self, force_build: bool) -> None:
        self._box = await self._do(partial(self._open, force_build))
        await self._upload_environment_dir_after_start()

    async def stop(self, delete: bool) -> None:
        """The box is gone either way: nothing of it can be kept."""
        self._called_off.set()
        await self._do(self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], T]) -> T:
        """In the box's own thread, and to its end, also where nobody waits for it any more."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    def _open(self, force_build: bool) -> BwrapBox:
        environment = environment_of(self._asked(force_build))
        engine = _engine(self._images, self.trial_paths.trial_dir.absolute().parent)
        if self._listed and engine.no_lists():
            raise EngineError(f"The task allows some hosts only. {engine.no_lists()}")
        if self._network_is_public and not self._listed and engine.no_network():
            raise EngineError(f"The task may use the network, and boxes can have none here. {engine.no_network()}")
        try:
            image, notes = build_environment(engine, environment, self._progress)
        except (BuildFailed, NeedsDocker) as error:
            raise SandboxBuildFailedError(str(error)) from error
        self._tell(image, notes)
        logs = tuple(self._mount_targets()) or LOGS
        reach = _reach(self._network_policy) if self._listed else None
        # Harbor mounts nothing into an environment that is not its own: it makes folders there and copies them out.
        network = self._listed or self._network_is_public
        box = engine.open(box_spec(image, environment, network, logs, reach, mounted=False))
        assert isinstance(box, BwrapBox)
        self._box = box  # closed by `stop`, whatever happens from here on
        for source, target in environment.files:
            box.put(source, target or environment.workdir or image.config.workdir or "/")
        self._wait_until_healthy(box, image, environment)
        return box

    async def _apply_network_policy(self, network_policy: NetworkPolicy) -> None:
        if self._box is not None:
            await self._do(partial(self._box.allow, _reach(network_policy)))

    def _asked(self, force_build: bool) -> AskedEnvironment:
        config = self.task_env_config
        return AskedEnvironment(
            place=self.environment_dir.absolute(),
            docker_image=config.docker_image,
            env=self._startup_env(),
            workdir=config.workdir,
            limits=Limits(
                memory_mb=self._resource_limit_value("memory", auto_mode=ResourceMode.LIMIT) or 0,
                cpus=float(self._resource_limit_value("cpu", auto_mode=ResourceMode.LIMIT) or 0),
                disk_mb=config.storage_mb or 0,
            ),
            build_timeout=config.build_timeout_sec,
            force_build=force_build,
        )

    def _progress(self, line: str) -> None:
        if self._called_off.is_set():
            raise EngineError("The build was called off.")
        self.logger.debug(line)

    def _tell(self, image: Image, notes: tuple[str, ...]) -> None:
        """What the box stands on, for whoever reads the trial's results."""
        if image.fidelity != "image":
            self.logger.warning(f"{self.environment_name} runs on {image.base}, not on the image that it names.")
        for note in notes:
            self.logger.info(note)
        self.stands_on = (image.fidelity, image.base)
        told = {"engine": "bwrap", "image": image.id, "base": image.base, "fidelity": image.fidelity, "notes": notes}
        name = self.session_id.rpartition("__")[2] or "env"
        path = self.trial_paths.trial_dir / f"box-{name}.json"
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")

    def _wait_until_healthy(self, box: BwrapBox, image: Image, environment: Environment) -> None:
        check = healthcheck_of(image, environment)
        if check is None:
            return
        found = wait_until_healthy(box, check, image.config.shell, environment.recipe.timeout, self._called_off.wait)
        if found is None or found[2].status != 0:
            # By this name Harbor knows that such a trial has no reward.
            raise HealthcheckError("It was called off." if found is None else not_healthy(check, found))

    def _close(self) -> None:
        if self._box is not None:
            self._box.close()
            self._box = None

    def _there(self) -> BwrapBox:
        if self._box is None:
            raise EngineError("The box has not been started, or has been stopped.")
        return self._box

    # Commands

    async def exec(
        self,
        command: str,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout_sec: int | None = None,
        user: str | int | None = None,
    ) -> Any:
        """As Harbor's own: at the timeout the command is left running, and so it is where nobody waits any more."""
        who = self._resolve_user(user)
        asked = Command(
            ("bash", "-c", command),
            timeout_sec or 0.0,
            env=self._merge_env(env) or {},
            cwd=cwd or self.task_env_config.workdir,
            user=None if who is None else str(who),
            output_limit=OUTPUT_LIMIT,
        )
        begun = await self._begin(asked)
        try:
            await asyncio.wait_for(_ended(begun), timeout_sec or None)
        except TimeoutError as error:
            begun.forget()
            raise RuntimeError(f"Command timed out after {timeout_sec} seconds") from error
        except BaseException:
            begun.forget()
            raise
        done = await self._do(lambda: self._there().end_beside(begun))
        text = await self._handed_on(done)
        return ExecResult(stdout=text or None, stderr=None, return_code=done.status)

    async def _begin(self, asked: Command) -> CommandBeside:
        begin = asyncio.get_running_loop().run_in_executor(self._thread, lambda: self._there().begin_beside(asked))
        try:
            return await asyncio.shield(begin)
        except asyncio.CancelledError:
            begin.add_done_callback(_forget)
            raise

    async def _handed_on(self, done: Exit) -> str:
        text = done.output.decode("utf-8", "replace")
        if done.dropped:
            half = OUTPUT_LIMIT // 2
            head, tail = (part.decode("utf-8", "replace") for part in (done.output[:half], done.output[half:]))
            text = f"{head}\n[{done.dropped} bytes left out]\n{tail}"
        tell = self._output_callback()
        if tell is not None and text:
            await tell(text, "stdout")
        return text

    # Files

    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        await self._do(lambda: self._put_file(Path(source_path), target_path))

    def _put_file(self, source: Path, target: str) -> None:
        """Into `target` where that is a folder, as `docker cp` does."""
        box = self._there()
        is_folder = Command(("test", "-d", target), _CHORE, user="root", cwd="/")
        if target.endswith("/") or box.run(is_folder).status == 0:
            target = f"{target.rstrip('/')}/{source.name}"
        box.put(source, target)

    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        await self._do(lambda: self._there().put(Path(source_dir), target_dir))

    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        target = Path(target_path)
        if target.is_dir():
            target /= PurePosixPath(source_path).name
        left = await self._do(lambda: self._there().take(source_path, target))
        if left:
            raise EngineError(f"{source_path} is no file.")

    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        left = await self._do(lambda: self._there().take(f"{source_dir}/.", Path(target_dir)))
        for path in left:
            self.logger.warning(f"{source_dir}/{path} stays in the box: it is no file, or a link that leads elsewhere.")


def _forget(begin: asyncio.Future[CommandBeside]) -> None:
    if not begin.cancelled() and begin.exception() is None:
        begin.result().forget()


async def _ended(begun: CommandBeside) -> None:
    if begun.watch < 0:
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(begun.watch, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(begun.watch)


def _reach(policy: NetworkPolicy) -> Reach:
    return Reach(tuple(policy.allowed_hosts), anything=policy.network_mode is NetworkMode.PUBLIC)
