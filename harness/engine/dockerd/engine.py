"""The docker engine: images by `build`, boxes as containers with one process each."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError
from docker.types import DeviceRequest, LogConfig

from harness.engine.contract import (
    Box,
    BoxSpec,
    Engine,
    EngineOptions,
    EngineReport,
    Image,
    Keeping,
    Kept,
    Limits,
    Member,
    NotKept,
    Progress,
    Recipe,
    silent,
)
from harness.engine.daemon import Daemon, DaemonGone, connect, daemon_errors, hint_for
from harness.engine.dockerd import keeping, listed
from harness.engine.dockerd.box import OUTPUT, START_SECONDS, DockerBox, plain_user
from harness.engine.dockerd.build import Builder, DockerImage
from harness.engine.dockerd.files import DaemonFiles, Files, ProcFiles, proc_files, put_before_start
from harness.engine.dockerd.group import DockerGroup
from harness.engine.dockerd.keeping import upper_of
from harness.engine.dockerd.labels import LABEL, labels, remove_container, remove_leftovers
from harness.engine.dockerd.pipe import SocketPipe
from harness.engine.lists import walls
from harness.engine.lists.gate import Gatekeeper
from harness.engine.lists.reach import Reach
from harness.errors import EngineError

PIDS = 4096
OUTPUT_MB = 256
"""The most that the commands of one box can print."""
LOGS_MB = 2048
SECOND = 1_000_000_000


class DockerEngine(Engine):
    name = "docker"

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._daemon: Daemon = connect()
        self._api: docker.APIClient = self._daemon.api
        self._run = uuid.uuid4().hex
        self._labels = labels(self._run)
        with daemon_errors("Asking the daemon about itself"):
            self._info: dict[str, Any] = self._api.info()
            self._version: dict[str, Any] = self._api.version()
        self.excused = excused_by(self._info)
        self._builder = Builder(self._daemon, self._version, options)
        self._lock = threading.Lock()
        self._boxes: set[DockerBox] = set()
        self._network = ""
        self._closed = False
        # Removing a killed container takes the daemon 40 ms. No trial needs to wait for that.
        self._remover = ThreadPoolExecutor(max_workers=2, thread_name_prefix="remove-container")
        self._swept = remove_leftovers(self._api)

    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        return self._builder.build(recipe, progress)

    def open(self, spec: BoxSpec) -> Box:
        return self._box(spec)

    def _box(self, spec: BoxSpec) -> DockerBox:
        image = spec.image
        if not isinstance(image, DockerImage):
            raise EngineError("The docker engine was given an image that another engine built.")
        if self._closed:
            raise EngineError("The docker engine is closed.")
        own = ExitStack()
        try:
            if spec.main and spec.network and spec.reach is not None and spec.group is None:
                # Its own program finds its network complete: another container holds that.
                alone = Member("main", shares=True)
                group = self.group([alone], image, network=True, internal=frozenset(), reach=spec.reach)
                own.callback(group.close)
                spec = replace(spec, group=group, member=alone.name)
            return self._open(spec, image, own)
        except BaseException:
            own.close()
            raise

    def _open(self, spec: BoxSpec, image: DockerImage, own: ExitStack) -> DockerBox:
        container = self._create(spec, image)
        try:
            if isinstance(spec.group, DockerGroup):
                with daemon_errors("Joining a network"):
                    spec.group.join(spec.member, container)
            if spec.files:
                put_before_start(self._api, container, spec.files)
            if self._builder.podman and spec.network and spec.reach is not None:
                listed.name_resolver(self._api, container)
            return self._start(spec, image, container, own)
        except BaseException:
            self._remove(container)
            raise

    def group(
        self,
        members: Sequence[Member],
        image: Image,
        *,
        network: bool,
        internal: frozenset[str],
        reach: Reach | None = None,
    ) -> DockerGroup:
        def holder(stack: ExitStack) -> DockerBox:
            spec = BoxSpec(image, network=network, reach=reach, mounts=(), entrypoint=(), user="0")
            box = stack.enter_context(self.open(spec))
            assert isinstance(box, DockerBox)
            return box

        return DockerGroup(
            self._api,
            members,
            self._labels,
            network=network,
            internal=internal,
            reach=reach,
            holder=holder,
            later=self._remover.submit,
            podman=self._builder.podman,
        )

    def keep(self, key: str, about: str, spec: BoxSpec, what: Keeping) -> Kept | None:
        """For as long as somebody has it: what other audits install is another day's."""
        if what.stacks:
            return None
        try:
            return keeping.keep(spec, what, self._box)
        except OSError as error:
            raise NotKept(f"it could not be written down: {error}") from error

    def no_lists(self) -> str:
        return listed.no_lists(self._daemon)

    def no_gpus(self) -> str:
        return "" if "nvidia" in (self._info.get("Runtimes") or {}) else "This Docker daemon has no GPU for containers."

    def report(self) -> EngineReport:
        version = f"{self._platform()} {self._version.get('Version', 'of unknown version')}"
        machine = f"{self._info.get('NCPU', '?')} CPUs, {self._info.get('MemTotal', 0) >> 20} MB"
        system = self._info.get("OperatingSystem", "unknown system")
        storage = self._info.get("Driver", "unknown")
        lines = [
            f"Daemon: {self._daemon.name}, {system}, storage {storage}, {machine}.",
            self._builder.describe(),
        ]
        if not _can_limit(self._info, "MemoryLimit"):
            lines.append("This daemon cannot limit memory: a task may use all there is.")
        if not _can_limit(self._info, "PidsLimit"):
            lines.append("This daemon cannot limit the number of processes: a fork bomb reaches the whole machine.")
        return EngineReport(self.name, True, version, tuple(lines))

    def clean(self, *, everything: bool = False) -> list[str]:
        swept, self._swept = self._swept, []
        return [*swept, *remove_leftovers(self._api, everything=everything)]

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            boxes = list(self._boxes)
        for box in boxes:
            box.close()
        self._remover.shutdown(wait=True)
        try:
            self._sweep()
        except DaemonGone:
            pass  # boxes end with this process; if the daemon died, the next start removes what it kept
        finally:
            self._api.close()

    def _platform(self) -> str:
        return str((self._version.get("Platform") or {}).get("Name") or "Docker").strip() or "Docker"

    def _create(self, spec: BoxSpec, image: DockerImage) -> str:
        limits = self._limits(spec.limits)
        group = spec.group if isinstance(spec.group, DockerGroup) else None
        keeps = spec.network and spec.reach is not None
        alone = {"network_mode": self._bridge() if spec.network and not keeps else "none"}
        names = {"dns": [walls.RESOLVER]} if keeps else {}
        hostname = None if group is not None and group.shares(spec.member) else spec.hostname
        host = self._api.create_host_config(
            **(group.settings(spec.member, image.reference) if group is not None else alone | names),
            # The container ends with its shell, and the shell with us: nothing stays even if this process is killed.
            auto_remove=not spec.main,
            mem_limit=f"{limits.memory_mb}m",
            memswap_limit=f"{limits.memory_mb}m",
            nano_cpus=int(limits.cpus * SECOND) or None,
            pids_limit=limits.pids,
            device_requests=_gpus(spec.gpus) if not self.no_gpus() else None,
            tmpfs={
                OUTPUT: f"rw,exec,suid,dev,mode=1777,size={OUTPUT_MB}m",
                **dict.fromkeys(spec.mounts, f"rw,exec,suid,dev,mode=0777,size={limits.disk_mb or LOGS_MB}m"),
            },
            # Docker writes the box's own name there only if it gives the box an address.
            extra_hosts={hostname: "127.0.0.1"} if hostname and (keeps or not spec.network) and group is None else None,
            log_config=LogConfig(type="json-file", config={"max-size": "1m"}) if spec.main else LogConfig(type="none"),
        )
        arguments: dict[str, Any] = {
            "image": image.reference,
            "host_config": host,
            "labels": self._labels,
            "environment": dict(spec.env),
            # Of a network in common Docker sets the name once.
            "hostname": hostname,
            "networking_config": group.endpoint(spec.member) if group is not None else None,
            "working_dir": spec.workdir,
            "volumes": list(spec.folders),
            "user": plain_user(image.config.user if spec.user is None else spec.user),
        }
        if spec.main:
            arguments |= {"entrypoint": list(spec.main), "command": [], "stdin_open": spec.stdin_open}
        else:
            arguments |= {"entrypoint": ["/bin/sh"], "command": [], "stdin_open": True}
        if image.config.healthcheck:
            # The caller runs the healthcheck; the daemon would keep running it next to every command.
            arguments["healthcheck"] = {"test": ["NONE"]}
        with daemon_errors("Creating a box"):
            return str(self._api.create_container(**arguments)["Id"])

    def _start(self, spec: BoxSpec, image: DockerImage, container: str, own: ExitStack) -> DockerBox:
        pipe = None if spec.main else self._attach(container)
        try:
            with daemon_errors("Starting a box"):
                try:
                    self._api.start(container)
                except APIError as error:
                    raise _cannot_start(str(error.explanation or error), image) from error
                facts = self._api.inspect_container(container)
        except BaseException:
            if pipe is not None:
                pipe.close()
            raise
        pid = int(facts["State"].get("Pid") or 0)
        files: Files | None = proc_files(pid, container) if self._daemon.local else None
        gate = spec.group.gate if isinstance(spec.group, DockerGroup) else None
        if spec.network and spec.reach is not None and spec.group is None:
            gate = Gatekeeper(spec.reach)
            own.callback(gate.close)
        # What is written to a volume lies elsewhere. Podman's archives are owned by others.
        knows = isinstance(files, ProcFiles) and not facts.get("Mounts") and not self._builder.podman
        box = DockerBox(
            self._api,
            container,
            files or DaemonFiles(self._api, container),
            user=image.config.user if spec.user is None else spec.user,
            workdir=spec.workdir or image.config.workdir or "/",
            main=pipe,
            ends=spec.sidecar and bool(spec.main),
            gate=gate,
            upper=upper_of(Path("/proc", str(pid), "mountinfo").read_text(), spec.mounts) if knows else None,
            own=own,
            on_close=self._forget,
        )
        try:
            if gate is not None and spec.group is None:
                if files is None:
                    raise EngineError(
                        "This daemon's containers are not this user's processes here: none keeps to a list of hosts.",
                        hint="Use --engine bwrap.",
                    )
                listed.put_behind(gate, pid)
            box.start()
            # A mount over a folder of the image takes that folder's mode, whatever mode was asked for.
            if spec.mounts or spec.open_folders:
                box.make_open((*spec.mounts, *spec.open_folders))
            with self._lock:
                if self._closed:
                    raise EngineError("The docker engine was closed while a box started.")
                self._boxes.add(box)
        except BaseException:
            box.close()
            raise
        return box

    def _attach(self, container: str) -> SocketPipe:
        with daemon_errors("Attaching to a box"):
            params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            return SocketPipe(self._api.attach_socket(container, params=params))

    def _forget(self, box: DockerBox) -> None:
        with self._lock:
            self._boxes.discard(box)
        if not box.removes_itself:
            with suppress(RuntimeError):  # the engine is closing and removes everything itself
                self._remover.submit(self._remove, box.container)

    def _remove(self, container: str) -> None:
        with suppress(APIError, OSError):  # `_sweep` removes it when the engine closes
            remove_container(self._api, container)

    def _sweep(self) -> None:
        """Remove everything of this run that the daemon has not yet removed by itself."""
        deadline = time.monotonic() + START_SECONDS
        with daemon_errors("Removing boxes"):
            while self._api.containers(all=True, filters={"label": f"{LABEL}={self._run}"}):
                remove_leftovers(self._api, run=self._run)
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"Containers with the label {LABEL}={self._run} cannot be removed.",
                        hint="See `docker ps --all` and the daemon's log; `foolsgold clean` tries again.",
                    )
                time.sleep(0.02)
        remove_leftovers(self._api, run=self._run)

    def _limits(self, asked: Limits) -> Limits:
        """The task's limits, else the user's, else ones that protect this machine: three quarters of its memory."""
        default = self._options.limits
        most = int(self._info.get("MemTotal") or 0) * 3 // 4 >> 20
        return Limits(
            memory_mb=asked.memory_mb or default.memory_mb or most or 4096,
            cpus=min(asked.cpus or default.cpus, float(self._info.get("NCPU") or math.inf)),
            pids=asked.pids or default.pids or PIDS,
            disk_mb=asked.disk_mb or default.disk_mb,
        )

    def _bridge(self) -> str:
        """The run's network: its boxes can reach the outside, but not one another."""
        with self._lock, daemon_errors("Making a network"):
            if not self._network:
                name = f"foolsgold-{self._run[:12]}"
                options = {"com.docker.network.bridge.enable_icc": "false"}
                self._api.create_network(name, driver="bridge", options=options, labels=self._labels)
                self._network = name
            return self._network


def _gpus(count: int) -> list[DeviceRequest] | None:
    """As Compose asks for what a file reserves."""
    return [DeviceRequest(driver="nvidia", count=count, capabilities=[["gpu"]])] if count else None


def _can_limit(info: Mapping[str, Any], what: str) -> bool:
    """Whether the daemon limits it. Podman says so of an ordinary user's containers too, where it has no way to."""
    powerless = bool(info.get("Rootless")) and str(info.get("CgroupVersion")) == "1"
    return bool(info.get(what, True)) and not powerless


def excused_by(info: Mapping[str, Any]) -> dict[str, str]:
    """What a daemon cannot do, by its own words. Checks of it are not measured where they fail."""
    found = {
        "host_addresses_are_out_of_reach_with_a_network": "Docker's bridge leads to this machine's own addresses, for "
        "every container",
        "disk_is_limited": "the daemon's storage driver cannot limit the disk here",
    }
    if not _can_limit(info, "MemoryLimit"):
        found["memory_is_limited"] = "this daemon cannot limit memory"
    if not _can_limit(info, "PidsLimit"):
        found["processes_are_limited"] = "this daemon cannot limit the number of processes"
    return found


def _cannot_start(words: str, image: DockerImage) -> EngineError:
    low = words.lower()
    if "/bin/sh" in low and ("no such file" in low or "not found" in low):
        return EngineError(
            f"The image {image.base} has no /bin/sh, so nothing can be run in it.",
            hint="The task's environment needs a shell: solve.sh and test.sh could not run there either.",
        )
    if "unable to find user" in low or "no matching entries in passwd" in low:
        hint = "The image's USER, or the user the task names, is not in the image."
        return EngineError(f"A box cannot start: {words.strip()}", hint=hint)
    return EngineError(f"A box cannot start: {words.strip()}", hint=hint_for(words))
