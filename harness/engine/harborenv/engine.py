"""An environment of Harbor's as an engine: whatever `harbor run --env` takes, by its name or by its import path."""

from __future__ import annotations

import asyncio
import logging
import math
import tempfile
import threading
import uuid
import weakref
from collections.abc import Coroutine, Mapping
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from harness.engine.contract import (
    KEEP_ALIVE,
    Box,
    BoxSpec,
    Engine,
    EngineOptions,
    EngineReport,
    Fidelity,
    Image,
    Progress,
    Recipe,
    silent,
)
from harness.engine.harborenv.box import HarborBox
from harness.engine.harborenv.context import HarborContext, prepare, probe
from harness.errors import BuildFailed, EngineError, EngineUnavailable, NeedsDocker

PREFIX = "harbor:"
_START_SECONDS = 600.0
_STOP_SECONDS = 300.0
_LOCAL = ("docker", "podman")

T = TypeVar("T")

_living: weakref.WeakSet[HarborEngine] = weakref.WeakSet()


def stop() -> None:
    """End whatever any of these engines waits for."""
    for engine in list(_living):
        engine.call_off()


_NOTHING = HarborContext(Path(), "", "")


@dataclass(frozen=True, slots=True)
class HarborImage(Image):
    prepared: HarborContext = _NOTHING


class HarborEngine(Engine):
    unpromised: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            (
                "services_have_names_and_loopbacks_of_their_own",
                "services_are_closed_to_each_other",
                "services_without_a_network_of_their_own_share_one",
                "services_start_in_their_order",
                "services_that_never_get_healthy_stop_the_start",
                "services_end_with_their_main_process",
                "services_begin_afresh_and_leave_nothing",
            ),
            "Harbor's interface starts one box",
        ),
        **dict.fromkeys(
            (
                "a_list_lets_its_hosts_through_and_tells_what_else_was_asked_for",
                "there_is_no_way_round_a_list",
                "a_list_changes_while_its_box_lives",
                "services_keep_to_one_list_and_one_namespace",
            ),
            "what a list of hosts lets through is the provider's affair",
        ),
        "hostname_is_as_asked": "Harbor's interface names no host",
        "processes_are_limited": "Harbor's interface limits no number of processes",
        "disk_is_limited": "whether the disk is limited is the provider's affair",
        "log_folders_are_empty_mount_points_for_everybody": "they are made in the box, as folders of its own",
        "host_addresses_are_out_of_reach_with_a_network": "what else a box reaches is the provider's affair",
    }

    def __init__(self, which: str, options: EngineOptions) -> None:
        """`which`: a type of Harbor's, or `module:Class`. Raises EngineUnavailable."""
        self.name = f"{PREFIX}{which}"
        self.which = which
        self._options = options
        self._harbor = _Harbor(which)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="harbor", daemon=True)
        self._thread.start()
        self._folder = tempfile.TemporaryDirectory(prefix="foolsgold-harbor-")
        self._lock = threading.Lock()
        self._open: set[HarborBox] = set()
        self._always: str | None = None
        _living.add(self)

    def call_off(self) -> None:
        def cancel() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(cancel)

    def wait_for(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Run it in the engine's own loop. Raises TimeoutError, and whatever it raises."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except Late as error:
            if future.done():
                raise
            future.cancel()
            raise TimeoutError(f"no answer within {seconds:g} s") from error

    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        """The provider builds when a box starts, so one is started and looked at."""
        prepared = prepare(recipe, self._options.images, Path(self._folder.name), quick=self.which in _LOCAL)
        progress(f"{self.name} builds {prepared.base}")
        environment = self._harbor.make(
            prepared, {}, self._new_folder(), network=bool(self.always_network()), limits=self._options.limits
        )
        try:
            box = self._start(environment, recipe.timeout)
        except EngineError as error:
            raise BuildFailed(f"{self.name} makes no box of it: {error.message}", certain=False) from error
        try:
            config = probe(box)
        finally:
            box.close()
        notes = (*prepared.notes, f"Its boxes are {self.name}'s: {'; '.join(self._limits())}.")
        # An environment that has stand-ins of its own may say so.
        said: tuple[Fidelity, str] = getattr(environment, "stands_on", None) or ("image", prepared.base)
        fidelity, base = said
        if fidelity == "image" and prepared.mapped:
            fidelity = "mapped"
        return HarborImage(prepared.digest(self.name), config, fidelity, base, notes, prepared)

    def open(self, spec: BoxSpec) -> Box:
        if not isinstance(spec.image, HarborImage):
            raise EngineError(f"The image {spec.image.id} was made by another engine.")
        self._sayable(spec, spec.image.prepared)
        environment = self._harbor.make(
            spec.image.prepared, spec.env, self._new_folder(), network=spec.network, limits=spec.limits
        )
        box = self._start(environment, _START_SECONDS)
        try:
            box.ready(spec)
        except BaseException:
            box.close()
            raise
        return box

    def _sayable(self, spec: BoxSpec, prepared: HarborContext) -> None:
        """Raises where Harbor's interface has no word for what is asked."""
        if not spec.network and self.always_network():
            raise EngineError(f"The task's box is to have no network, and {self.always_network()}")
        asked = {
            "an entrypoint of the compose file's": spec.entrypoint not in (None, ())
            or (spec.entrypoint == () and prepared.entrypoint),
            "a command of the compose file's": spec.command != KEEP_ALIVE,
            "a standard input that stays open": spec.stdin_open,
            "a host name": spec.hostname is not None,
        }
        for what, is_asked in asked.items():
            if is_asked:
                raise NeedsDocker(f"Its box needs {what}, for which Harbor's interface has no word.")

    def _start(self, environment: Any, seconds: float) -> HarborBox:
        box = HarborBox(self.wait_for, environment, self._closed)
        try:
            self.wait_for(environment.start(False), seconds)
        except Exception as error:
            with suppress(Exception):
                self.wait_for(environment.stop(True), _STOP_SECONDS)
            raise EngineError(f"{self.name} starts no box: {_last(error)}") from error
        with self._lock:
            self._open.add(box)
        return box

    def _closed(self, box: HarborBox) -> None:
        with self._lock:
            self._open.discard(box)

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="box-", dir=self._folder.name))

    def always_network(self) -> str:
        if self._always is None:
            self._always = self._harbor.always_network(Path(self._folder.name))
        return self._always

    def _limits(self) -> list[str]:
        lines = ["what a box wrote is found by searching all of it", "nothing that tests install is kept"]
        return [*lines, *([self.always_network()] if self.always_network() else [])]

    def report(self) -> EngineReport:
        lines = [f"Boxes are made by {self._harbor.words}."]
        lines += [f"{line[0].upper()}{line[1:]}." for line in self._limits()]
        lines += ["What a killed run leaves with the provider, foolsgold cannot find: look there.", "Not promised: "]
        lines[-1] += "; ".join(f"{name.replace('_', ' ')} ({why})" for name, why in self.unpromised.items()) + "."
        return EngineReport(self.name, True, f"Harbor {self._harbor.version}", tuple(lines))

    def clean(self, *, everything: bool = False) -> list[str]:
        return []

    def close(self) -> None:
        with self._lock:
            boxes = list(self._open)
        for box in boxes:
            box.close()
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()
        self._folder.cleanup()


class _Harbor:
    """Harbor's own classes, imported only here."""

    def __init__(self, which: str) -> None:
        try:
            from importlib.metadata import version

            from harbor.environments.factory import EnvironmentFactory
            from harbor.models.environment_type import EnvironmentType
        except ImportError as error:
            raise EngineUnavailable(
                f"{PREFIX}{which} needs Harbor, which is not installed here.",
                hint="With Python 3.12 or newer: pip install 'foolsgold[harbor]'.",
            ) from error
        self.version = version("harbor")
        self._factory = EnvironmentFactory
        self._path = which if ":" in which else None
        known = [each.value for each in EnvironmentType]
        if self._path is None and which not in known:
            raise EngineUnavailable(
                f"Harbor {self.version} has no environment {which!r}.",
                hint=f"It has {', '.join(known)}; another's own is named module:Class.",
            )
        self._type = None if self._path else EnvironmentType(which)
        self.words = f"Harbor's environment {which}"
        try:
            self._factory.run_preflight(self._type, self._path)
        except (SystemExit, ImportError, ValueError, AttributeError) as error:
            raise EngineUnavailable(f"{PREFIX}{which} cannot be used here: {error}") from error

    def make(self, prepared: HarborContext, env: Mapping[str, str], folder: Path, *, network: bool, limits: Any) -> Any:
        from harbor.models.task.config import EnvironmentConfig, NetworkMode, NetworkPolicy
        from harbor.models.trial.config import EnvironmentConfig as HowToRun
        from harbor.models.trial.paths import TrialPaths

        task: dict[str, Any] = {"docker_image": prepared.docker_image, "build_timeout_sec": prepared.timeout}
        task |= {"cpus": math.ceil(limits.cpus) or None, "memory_mb": limits.memory_mb or None}
        task |= {"storage_mb": limits.disk_mb or None}
        paths = TrialPaths(folder)
        paths.mkdir()
        policy = NetworkPolicy(network_mode=NetworkMode.PUBLIC if network else NetworkMode.NO_NETWORK)
        try:
            return self._factory.create_environment_from_config(
                config=HowToRun(type=self._type, import_path=self._path, env=dict(env)),
                environment_dir=prepared.folder,
                environment_name=prepared.name,
                session_id=f"foolsgold-{uuid.uuid4().hex[:12]}__env",
                trial_paths=paths,
                task_env_config=EnvironmentConfig(**task),
                logger=_quiet(),
                mounts=[],
                network_policy=policy,
                phase_network_policies=[policy],
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise EngineError(f"{self.words} does not take it: {_last(error)}") from error

    def always_network(self, folder: Path) -> str:
        """Why its boxes always have a network; '' where they can be without."""
        place = folder / "asked"
        place.mkdir(exist_ok=True)
        (place / "Dockerfile").write_text("FROM scratch\n")
        asked = HarborContext(place, "asked", "scratch")
        made = Path(tempfile.mkdtemp(prefix="asked-", dir=folder))
        from harness.engine.contract import Limits

        try:
            self.make(asked, {}, made, network=False, limits=Limits())
        except EngineError:
            return "boxes of this environment are never without a network here"
        return ""


def _quiet() -> logging.Logger:
    """What environments log is theirs; what matters comes as an error."""
    logger = logging.getLogger("foolsgold.harbor")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger


def _last(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text if len(text) <= 1500 else f"... {text[-1500:]}"
