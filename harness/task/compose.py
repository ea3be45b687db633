"""Reads one service of a compose file: the fields of a task's environment, and how it stands among other services.

Compose has many keys that one box cannot follow. A key that affects trials and cannot be followed is a problem; a key
that only matters to a person at the keyboard (ports, labels, restart rules) is ignored.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from harness.engine.contract import KEEP_ALIVE, Healthcheck, Limits, Volume
from harness.engine.recipe.image_config import read_duration
from harness.task.compose_variables import dotenv
from harness.task.documents import plain
from harness.task.fields import Fields, as_number, show
from harness.task.files import Folder
from harness.task.model import GPU, Beside, Environment, Network, NetworkMode, has

RUNNER_FOLDER = "@runner"
"""The value of variables for the runner's own host folders: here a bind mount of one is an empty folder."""

_PASSED_OVER = (
    "annotations", "attach", "build", "container_name", "cpu_count", "cpu_shares", "cpuset", "develop", "expose",
    "image", "init", "labels", "logging", "mem_reservation", "mem_swappiness", "memswap_limit", "oom_kill_disable",
    "oom_score_adj", "platform", "ports", "profiles", "pull_policy", "read_only", "restart", "scale",
    "stop_grace_period", "stop_signal", "storage_opt",
)  # fmt: skip
_NOT_CARRIED = (
    "blkio_config", "configs", "device_cgroup_rules", "dns", "dns_opt", "dns_search", "domainname", "extra_hosts",
    "group_add", "mac_address", "post_start", "pre_stop", "secrets", "shm_size", "sysctls", "ulimits",
)  # fmt: skip
_PRIVILEGES = ("cgroup", "cgroup_parent", "credential_spec", "ipc", "pid", "userns_mode", "uts")
_OTHER_SERVICES = ("links", "external_links", "volumes_from")
_ONE_OF_IT = ("scale", "read_only")
"""Without meaning for the main service, where the runner starts one and tests write."""
_HARMLESS_SECURITY = ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_MEGABYTES = {"": 1 / (1 << 20), "k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0 * 1024}


@dataclass(frozen=True, slots=True)
class Service:
    """The compose file's settings for one container of the task."""

    builds: bool = False
    context: Path | None = None
    dockerfile: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    image: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    user: str | None = None
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    stdin_open: bool = False
    healthcheck: Healthcheck | None = None
    image_healthcheck: bool = True
    """False if the image's own HEALTHCHECK is switched off or replaced."""
    hostname: str | None = None
    network: Network = Network()
    limits: Limits = Limits()
    gpus: int = 0
    files: tuple[tuple[Path, str], ...] = ()
    mounts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    beside: Beside | None = None
    """How it stands among the others; None where it is alone."""
    sidecars: tuple[Environment, ...] = ()
    internal: frozenset[str] = frozenset()


class ServiceReader:
    """Turns one service's keys into a `Service`."""

    def __init__(
        self,
        folder: Folder,
        path: Path,
        fields: Fields,
        networks: Mapping[Any, Any],
        known: Mapping[str, str],
        *,
        sidecar: bool = False,
    ) -> None:
        """Of a sidecar everything that no box follows is an error: what the task would be without is anybody's
        guess."""
        self.folder = folder
        self.path = path
        self.base = path.parent
        self.fields = fields
        self.networks = networks
        self.known = known
        self.sidecar = sidecar
        self.lacks: list[str] = []
        self.bound: list[tuple[Path, bool]] = []
        """Of the task's own files: what is bound, and whether it may be written to."""
        self.volumes: list[Volume] = []
        self.unnamed: list[str] = []

    def service(self) -> Service:
        fields = self.fields
        if fields.raw("extends") is not None:
            self._unsupported("extends", "takes from another service")
        for key in _OTHER_SERVICES:
            if fields.raw(key):
                fields.problems.error(
                    "multi-container", f"{fields.name(key)} needs other containers.", self.path, fields.line(key)
                )
        for key in (*_NOT_CARRIED, *(_ONE_OF_IT if self.sidecar else ())):
            if fields.raw(key) and self.sidecar and not (key == "scale" and fields.raw(key) == "1"):
                self._unsupported(key, "has no counterpart in a box")
            elif fields.raw(key):
                fields.problems.warning(
                    "compose-ignored", f"{fields.name(key)} has no counterpart in a box.", self.path, fields.line(key)
                )
        self._privileges()
        healthcheck, image_healthcheck = self._healthcheck()
        stdin_open = any([fields.flag("stdin_open"), fields.flag("tty")])
        result = replace(
            self._built(),
            image=fields.text("image") or None,
            env=self._env(),
            workdir=fields.text("working_dir") or None,
            user=fields.user("user"),
            entrypoint=self._words("entrypoint"),
            command=self._command(stdin_open),
            stdin_open=stdin_open,
            healthcheck=healthcheck,
            image_healthcheck=image_healthcheck,
            hostname=fields.text("hostname") or None,
            network=self._network(),
        )
        limits, gpus = self._limits()
        files, mounts = self._volumes()
        fields.known(*_PASSED_OVER, *(key for key in fields if key.startswith("x-")))
        for name, _ in fields.unknown():
            if self.sidecar:
                fields.problems.error(
                    "compose-unsupported", f"{name} is not known, and so not followed.", self.path,
                    fields.line(name.rpartition(".")[2]),
                )  # fmt: skip
        # A volume of its own starts with the image's files at that path, so the box's own files will do.
        folders = (*self.unnamed, *(volume.path for volume in self.volumes))
        result = replace(result, limits=limits, gpus=gpus, files=files, mounts=mounts, folders=folders)
        return replace(result, lacks=tuple(self.lacks))

    def _unsupported(self, key: str, message: str, fields: Fields | None = None) -> None:
        fields = fields or self.fields
        fields.problems.error("compose-unsupported", f"{fields.name(key)} {message}.", self.path, fields.line(key))

    def _lack(self, code: str, key: str, what: str) -> None:
        if self.sidecar:
            self._unsupported(key, f"asks for {what}; no box has that")
            return
        self.lacks.append(what)
        self.fields.problems.warning(
            code, f"{self.fields.name(key)} asks for {what}; {has(what)}.", self.path, self.fields.line(key)
        )

    def _built(self) -> Service:
        value = self.fields.raw("build")
        if value is None:
            return Service()
        if isinstance(value, str):
            return Service(builds=True, context=self._context(value, "build"))
        build = self.fields.table("build")
        if build is None:
            return Service()
        for key in ("dockerfile_inline", "additional_contexts", "secrets", "ssh"):
            if build.has(key):
                self._unsupported(key, "is not supported; write it as a Dockerfile and build arguments", build)
        build.known(
            "dockerfile_inline", "additional_contexts", "secrets", "ssh", "cache_from", "cache_to", "labels", "tags",
            "platforms", "pull", "no_cache", "progress", "provenance", "sbom", "network", "extra_hosts", "isolation",
            "privileged", "shm_size", "ulimits", "entitlements",
        )  # fmt: skip
        return Service(
            builds=True,
            context=self._context(build.text("context") or ".", "build"),
            dockerfile=build.text("dockerfile") or None,
            args={name: value for name, value in self._pairs(build, "args") if value is not None},
            target=build.text("target") or None,
        )

    def _context(self, text: str, key: str) -> Path | None:
        if re.match(r"(https?|git|ssh)://|git@|github\.com/|service:|oci-layout:|docker-image:", text):
            self._unsupported(key, f"builds from {show(text)}, not from a folder of the task")
            return None
        return self._inside(text, key)

    def _inside(self, text: str, key: str) -> Path | None:
        path = Path(os.path.normpath(self.base / text))
        if path.is_relative_to(self.folder.root) and self.folder.holds(path):
            return path
        self.fields.problems.error(
            "path-escapes", f"{self.fields.name(key)} is {show(text)}, outside the task folder.", self.path,
            self.fields.line(key),
        )  # fmt: skip
        return None

    def _pairs(self, fields: Fields, key: str) -> Iterator[tuple[str, str | None]]:
        """The pairs of a mapping or a list of K=V; a name without a value gets it from the runner's environment."""
        value = fields.raw(key)
        if value is None:
            return
        if isinstance(value, dict):
            pairs = [(str(name), item) for name, item in value.items()]
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            split = [item.partition("=") for item in value]
            pairs = [(name, text if sign else None) for name, sign, text in split]
        else:
            fields.bad(key, "must be a mapping or a list of NAME=VALUE.")
            return
        for name, item in pairs:
            if not name or "\0" in name or isinstance(item, dict | list) or "\0" in str(item):
                fields.bad(key, f"has an entry {show(name)} that cannot be an environment variable.")
            else:
                yield name, self.known.get(name) if item is None else str(item)

    def _env(self) -> dict[str, str]:
        result: dict[str, str] = {}
        for entry in self._env_files():
            path = self._inside(entry, "env_file")
            if path is not None:
                if not self.folder.is_file(path):
                    self.fields.bad("env_file", f"names {show(entry)}, which is not there.")
                else:
                    result |= dotenv(self.folder, path)
        result |= {name: value for name, value in self._pairs(self.fields, "environment") if value is not None}
        return result

    def _env_files(self) -> list[str]:
        value = self.fields.raw("env_file")
        entries = value if isinstance(value, list) else [] if value is None else [value]
        names = []
        for entry in entries:
            if isinstance(entry, dict):
                name = entry.get("path")
                optional = str(entry.get("required", "true")).lower() == "false"
                if optional and isinstance(name, str) and not (self.base / name).exists():
                    continue
                entry = name
            if isinstance(entry, str):
                names.append(entry)
            else:
                self.fields.bad("env_file", "must name files.")
        return names

    def _words(self, key: str) -> tuple[str, ...] | None:
        value = self.fields.raw(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return tuple(shlex.split(value))
            except ValueError as error:
                self.fields.bad(key, f"cannot be split into words: {error}.")
                return None
        if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
            return tuple("" if item is None else str(item) for item in value)
        self.fields.bad(key, "must be a string or a list of strings.")
        return None

    def _command(self, stdin_open: bool) -> tuple[str, ...] | None:
        words = self._words("command")
        return KEEP_ALIVE if words and _only_waits(words, stdin_open) else words

    def _healthcheck(self) -> tuple[Healthcheck | None, bool]:
        """(the service's own check, whether the image's check counts if the service has none)."""
        check = self.fields.table("healthcheck")
        if check is None:
            return None, True
        check.known("interval", "timeout", "start_period", "start_interval", "retries", "test")
        if check.flag("disable"):
            return None, False
        test = check.raw("test")
        if isinstance(test, list) and test and not any(isinstance(item, dict | list) for item in test):
            words = [str(item) for item in test]
            if words[0] == "NONE":
                return None, False
            if words[0] == "CMD":
                command = shlex.join(words[1:])
            elif words[0] == "CMD-SHELL" and len(words) > 1:
                command = " ".join(words[1:])
            else:
                check.bad("test", "must begin with CMD, CMD-SHELL or NONE.")
                return None, True
        elif isinstance(test, str) and test.strip():
            command = test
        elif test is None:
            check.problems.warning(
                "compose-ignored", f"{check.name('test')} is missing: the image's HEALTHCHECK keeps its own times.",
                self.path, self.fields.line("healthcheck"),
            )  # fmt: skip
            return None, True
        else:
            check.bad("test", "must be a string or a list of strings.")
            return None, True
        retries = as_number(check.raw("retries"))
        own = Healthcheck(
            command,
            interval=_duration(check, "interval", 30.0),
            timeout=_duration(check, "timeout", 30.0),
            start_period=_duration(check, "start_period", 0.0),
            start_interval=_duration(check, "start_interval", 5.0),
            retries=3 if retries is None else max(1, int(retries)),
        )
        return own, False

    def _network(self) -> Network:
        mode = self.fields.text("network_mode")
        joined = self.fields.raw("networks")
        if mode == "none":
            return Network(NetworkMode.NONE, declared=True)
        if mode == "host":
            self._lack("needs-privileges", "network_mode", "the host's network")
        elif mode and mode.startswith(("service:", "container:")):
            self.fields.problems.error(
                "multi-container", f"{self.fields.name('network_mode')} is {show(mode)}: another container's network.",
                self.path, self.fields.line("network_mode"),
            )  # fmt: skip
        names = list(joined) if isinstance(joined, dict | list) else []
        inner = [self.networks.get(name) for name in names if isinstance(name, str)]
        if inner and all(isinstance(net, dict) and str(net.get("internal")).lower() == "true" for net in inner):
            return Network(NetworkMode.NONE, declared=True)
        return Network()

    def _limits(self) -> tuple[Limits, int]:
        fields = self.fields
        deploy = fields.section("deploy")
        deploy.known("mode", "replicas", "restart_policy", "labels", "placement", "update_config", "rollback_config")
        deploy.known("endpoint_mode")
        if self.sidecar and deploy.raw("replicas") not in (None, "1"):
            self._unsupported("replicas", "is not supported: one container of a service is started", deploy)
        resources = deploy.section("resources")
        limits, reserved = resources.section("limits"), resources.section("reservations")
        reserved.known("cpus", "memory", "generic_resources", "pids")
        devices = reserved.raw("devices")
        gpus = 0
        if devices or fields.raw("gpus") or fields.raw("runtime") == "nvidia":
            gpus = 1
            self._lack("needs-gpu", "deploy" if devices else "gpus" if fields.has("gpus") else "runtime", GPU)
        return (
            Limits(
                memory_mb=_megabytes(fields, "mem_limit") or _megabytes(limits, "memory"),
                cpus=_amount(fields, "cpus") or _amount(limits, "cpus"),
                pids=max(0, int(_amount(fields, "pids_limit") or _amount(limits, "pids"))),
            ),
            gpus,
        )

    def _privileges(self) -> None:
        fields = self.fields
        if fields.flag("privileged"):
            self._lack("needs-privileges", "privileged", "a privileged container")
        added = fields.strings("cap_add")
        if added:
            self._lack("needs-privileges", "cap_add", f"the capabilities {', '.join(added)}")
        fields.known("cap_drop")
        if fields.raw("devices"):
            self._lack("needs-privileges", "devices", "host devices")
        options = [option for option in fields.strings("security_opt") if option not in _HARMLESS_SECURITY]
        if options:
            self._lack("needs-privileges", "security_opt", f"the security options {', '.join(options)}")
        for key in _PRIVILEGES:
            value = fields.raw(key)
            if value and value not in ("private", "shareable"):
                self._lack("needs-privileges", key, f"{key} {show(plain(value))}")

    def _volumes(self) -> tuple[tuple[tuple[Path, str], ...], tuple[str, ...]]:
        files: list[tuple[Path, str]] = []
        mounts: list[str] = []
        value = self.fields.raw("volumes")
        entries = value if isinstance(value, list) else []
        if value is not None and not isinstance(value, list):
            self.fields.bad("volumes", "must be a list.")
        for entry in entries:
            kind, source, target, writable = _volume(entry)
            if not target.startswith("/"):
                self.fields.bad("volumes", f"has an entry without an absolute path in the container: {show(entry)}.")
            elif kind == "tmpfs" or source.startswith(RUNNER_FOLDER):
                mounts.append(target)
            elif kind == "bind":
                self._bind(source, target, files, writable)
            elif source:
                self.volumes.append(Volume(source, str(PurePosixPath(target)), writable))
                if isinstance(entry, dict) and isinstance(entry.get("volume"), dict) and self.sidecar:
                    self._unsupported("volumes", f"has options for {show(source)}")
            else:
                self.unnamed.append(str(PurePosixPath(target)))
        temporary = self.fields.raw("tmpfs")
        for entry in temporary if isinstance(temporary, list) else [temporary]:
            if isinstance(entry, str) and entry.startswith("/"):
                mounts.append(entry.partition(":")[0])
            elif entry is not None:
                self.fields.bad("tmpfs", "must name absolute paths.")
        return tuple(files), tuple(dict.fromkeys(str(PurePosixPath(path)) for path in mounts))

    def _bind(self, source: str, target: str, files: list[tuple[Path, str]], writable: bool) -> None:
        path = Path(os.path.normpath(self.base / os.path.expanduser(source)))  # noqa: PTH111 - a plain string here
        if path.is_relative_to(self.folder.root) and self.folder.holds(path) and path.exists():
            files.append((path, target))
            self.bound.append((path, writable))
            self.fields.problems.warning(
                "bind-mount", f"{self.fields.name('volumes')} binds {show(source)}; each box gets a copy of its own.",
                self.path, self.fields.line("volumes"),
            )  # fmt: skip
        else:
            self._lack("needs-host-path", "volumes", f"the host path {show(source)} at {target}")


def _only_waits(words: tuple[str, ...], stdin_open: bool) -> bool:
    """A wait, or a shell at its terminal: both only keep the container running."""
    if len(words) == 3 and words[1] in ("-c", "-lc"):
        words = tuple(words[2].removeprefix("exec ").split())
    name, rest = PurePosixPath(words[0]).name if words else "", words[1:]
    if name == "sleep":
        return rest == ("infinity",)
    return (name == "tail" and rest == ("-f", "/dev/null")) or (stdin_open and name in ("sh", "bash") and not rest)


def _volume(entry: Any) -> tuple[str, str, str, bool]:
    """(bind, volume or tmpfs; source; target; whether it may be written to)."""
    if isinstance(entry, dict):
        writable = str(entry.get("read_only", "false")).lower() != "true"
        kind = str(entry.get("type", "volume"))
        return kind, str(entry.get("source") or ""), str(entry.get("target") or ""), writable
    if not isinstance(entry, str):
        return "volume", "", "", True
    source, sign, rest = entry.partition(":")
    if not sign:
        return "volume", "", source, True
    target, _, mode = rest.partition(":")
    kind = "bind" if source.startswith(("/", ".", "~", RUNNER_FOLDER)) else "volume"
    return kind, source, target, "ro" not in mode.split(",")


def _duration(fields: Fields, key: str, default: float) -> float:
    value = fields.text(key)
    if not value:
        return default
    seconds = read_duration(value)
    if seconds is not None:
        return seconds
    number = as_number(value)
    if number is not None and number >= 0:
        fields.odd(key, f"is {show(value)} without a unit; taken as seconds.")
        return number
    fields.bad(key, f"must be a duration such as 5s or 1m30s, not {show(value)}.")
    return default


def _megabytes(fields: Fields, key: str) -> int:
    value = fields.text(key)
    if not value:
        return 0
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        fields.bad(key, f"must be a size such as 512m or 2g, not {show(value)}.")
        return 0
    return max(1, int(float(match[1]) * _MEGABYTES[match[2].lower()]))


def _amount(fields: Fields, key: str) -> float:
    value = fields.text(key)
    if not value:
        return 0.0
    number = as_number(value)
    if number is None:
        fields.bad(key, f"must be a number, not {show(value)}.")
        return 0.0
    return max(0.0, number)
