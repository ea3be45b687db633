"""Reads a compose file: the service that the commands run in, and the services beside it.

A service beside it is read strictly. What no box follows is refused with its name and line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.engine.contract import Member, Recipe, Until
from harness.task.compose import Service, ServiceReader
from harness.task.compose_variables import Speller, dotenv
from harness.task.documents import Document, read_yaml
from harness.task.fields import Fields, show
from harness.task.files import Folder
from harness.task.model import Beside, Environment

_NETWORK_KEYS = ("driver", "internal", "name", "attachable", "labels", "enable_ipv6")
_VOLUME_KEYS = ("driver", "name", "labels")
_RESTARTS = ("always", "unless-stopped", "on-failure")


def read_service(folder: Folder, path: Path, main: str, variables: Mapping[str, str], *, any_name: bool) -> Service:
    """Read the service `main` and those beside it; with `any_name`, a single service of another name instead.

    If the file does not name `main`, the result is empty but for what is beside it. Problems go to `folder.problems`.
    """
    document = read_yaml(folder, path, strings=True)
    if document is None:
        return Service()
    problems = folder.problems
    known = dotenv(folder, path.parent / ".env") | dict(os.environ) | dict(variables)
    whole = Fields(document, problems, document.data)
    whole.known("version", "name", "volumes", "configs", "secrets", "networks")
    if whole.has("include"):
        problems.error("compose-unsupported", f"{folder.name(path)} includes other files.", path, whole.line("include"))
    whole.known("include", *(key for key in document.data if key.startswith("x-")))
    services = whole.section("services")
    services.known(*services)
    selected = frozenset(known.get("COMPOSE_PROFILES", "").replace(" ", "").split(","))
    names = [name for name in services if name == main or _starts(services.raw(name), selected)]
    if main not in names and any_name and len(names) == 1:
        main = names[0]
    others = [name for name in names if name != main]
    if any_name and main not in names:
        code, line = ("multi-container", services.line(others[0])) if others else ("bad-value", None)
        problems.error(code, f"{folder.name(path)} has no service {main}.", path, line)
        return Service()
    spell = Speller(known, frozenset(variables), problems, document)
    return _File(folder, path, document, whole, services, spell).read(main, others)


def environment_of(service: Service, recipe: Recipe) -> Environment:
    """What a service asks of its own box."""
    return Environment(
        recipe,
        env=service.env,
        workdir=service.workdir,
        limits=service.limits,
        service_healthcheck=service.healthcheck,
        image_healthcheck=service.image_healthcheck,
        user=service.user,
        entrypoint=service.entrypoint,
        command=service.command,
        stdin_open=service.stdin_open,
        files=service.files,
        mounts=service.mounts,
        folders=service.folders,
        hostname=service.hostname,
    )


def _starts(service: Any, selected: frozenset[str]) -> bool:
    """A service with profiles is built and started only if one of them is selected, as a `.env` file can do."""
    profiles = service.get("profiles") if isinstance(service, dict) else None
    if not profiles or "*" in selected:
        return True
    return not selected.isdisjoint(profiles if isinstance(profiles, list) else [str(profiles)])


@dataclass(frozen=True, slots=True)
class _Read:
    """A service, and what only matters among several."""

    fields: Fields
    service: Service
    reader: ServiceReader


@dataclass(frozen=True, slots=True)
class _File:
    folder: Folder
    path: Path
    document: Document
    whole: Fields
    services: Fields
    spell: Speller

    def read(self, main: str, others: list[str]) -> Service:
        read = {name: self._one(name, sidecar=name != main) for name in (main, *others)}
        if any(one is None for one in read.values()):
            return Service()
        there = {name: one for name, one in read.items() if one is not None}
        service = there[main].service
        if not others:
            for name in _awaited(there[main].fields):
                self._unknown_service(there[main].fields, name)
            return service
        self._tops()
        self._bound_twice(there)
        besides = {name: self._beside(name, there, main) for name in there}
        self._in_circles({name: tuple(beside.awaits) for name, beside in besides.items()}, there)
        sidecars = tuple(self._sidecar(there[name], besides[name]) for name in others)
        return replace(service, beside=besides[main], sidecars=sidecars, internal=frozenset(self._internal()))

    def _one(self, name: str, *, sidecar: bool) -> _Read | None:
        raw = self.services.raw(name) or {}
        if not isinstance(raw, dict):
            self.services.bad(name, "must be a mapping of keys to values.")
            return None
        fields = Fields(self.document, self.folder.problems, self.spell.out(raw), ("services", name))
        fields.known("depends_on", "networks", "restart", "container_name", "network_mode")
        networks = self.document.data.get("networks")
        tables = networks if isinstance(networks, dict) else {}
        reader = ServiceReader(self.folder, self.path, fields, tables, self.spell.known, sidecar=sidecar)
        return _Read(fields, reader.service(), reader)

    def _unsupported(self, fields: Fields, key: str, message: str) -> None:
        self.folder.problems.error("compose-unsupported", f"{fields.name(key)} {message}.", self.path, fields.line(key))

    def _unknown_service(self, fields: Fields, name: str) -> None:
        fields.bad("depends_on", f"names {show(name)}, which the file does not start.")

    def _tops(self) -> None:
        """The file's own networks and volumes."""
        for key, keys in (("networks", _NETWORK_KEYS), ("volumes", _VOLUME_KEYS)):
            section = self.whole.section(key)
            for name in section:
                one = section.section(name)
                for option in one:
                    if option not in keys:
                        self._unsupported(one, option, "is not supported")
                driver = one.raw("driver")
                if driver not in (None, "bridge" if key == "networks" else "local"):
                    self._unsupported(one, "driver", f"is {show(driver)}")

    def _internal(self) -> Iterator[str]:
        tables = self.document.data.get("networks")
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict) and str(table.get("internal")).lower() == "true":
                yield str(name)

    def _bound_twice(self, there: Mapping[str, _Read]) -> None:
        """Each box gets a copy of what it binds, so that what one service writes another would not see."""
        for name, one in there.items():
            for other_name, other in there.items():
                for path, writable in one.reader.bound:
                    if name != other_name and any(
                        (writable or theirs) and (path.is_relative_to(bound) or bound.is_relative_to(path))
                        for bound, theirs in other.reader.bound
                    ):
                        message = f"binds {show(path.name)} as {other_name} does; each box would have a copy of its own"
                        self._unsupported(one.fields, "volumes", message)

    def _beside(self, name: str, there: Mapping[str, _Read], main: str) -> Beside:
        fields = there[name].fields
        awaits = {}
        for other, (until, required) in _awaited(fields).items():
            if other not in there or other == name:
                if required:
                    self._unknown_service(fields, other)
            elif until is None:
                fields.bad("depends_on", f"has a condition for {show(other)} that Compose does not know.")
            elif other == main and until is not Until.STARTED:
                self._unsupported(fields, "depends_on", f"waits until {other} is more than started")
            else:
                awaits[other] = until
        used = {volume.name for other, one in there.items() if other != name for volume in one.reader.volumes}
        volumes = tuple(volume for volume in there[name].reader.volumes if volume.name in used)
        mode = fields.raw("network_mode")
        networks, aliases = ((), ()) if mode == "none" else self._networks(fields)
        container = fields.raw("container_name")
        aliases += (str(container),) if container else ()
        shares = mode is None and fields.raw("networks") is None
        member = Member(name, aliases, networks, shares=shares, volumes=volumes)
        policy = str(fields.raw("restart") or "no").partition(":")[0]
        return Beside(member, awaits, restarts=policy in _RESTARTS)

    def _networks(self, fields: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The networks that a service joins, and its further names."""
        value = fields.raw("networks")
        if value is None:
            return ("default",), ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value), ()
        if not isinstance(value, dict):
            fields.bad("networks", "must name networks.")
            return (), ()
        aliases: list[str] = []
        joined = fields.section("networks")
        for name in joined:
            for option, given in (joined.raw(name) or {}).items() if isinstance(joined.raw(name), dict) else ():
                if option == "aliases" and isinstance(given, list):
                    aliases += [str(alias) for alias in given]
                elif option not in ("priority", "gw_priority"):
                    self._unsupported(joined, name, f"has {option}, which is not supported")
        return tuple(joined), tuple(aliases)

    def _in_circles(self, awaits: Mapping[str, tuple[str, ...]], there: Mapping[str, _Read]) -> None:
        done: set[str] = set()
        left = set(awaits)
        while free := {name for name in left if done.issuperset(awaits[name])}:
            done |= free
            left -= free
        for name in sorted(left):
            there[name].fields.bad("depends_on", "waits for itself, by way of others.")

    def _sidecar(self, one: _Read, beside: Beside) -> Environment:
        return replace(environment_of(one.service, self._recipe(one.service, one.fields)), beside=beside)

    def _recipe(self, service: Service, fields: Fields) -> Recipe:
        if not service.builds:
            if not service.image:
                fields.bad("image", "is missing, and there is nothing to build.")
            return Recipe(self.folder.root, image=service.image or "")
        context = service.context or self.folder.root
        dockerfile = Path(os.path.normpath(context / (service.dockerfile or "Dockerfile")))
        if service.context is not None and not self.folder.is_file(dockerfile):
            fields.bad("build", f"has no {self.folder.name(dockerfile)} to build from.")
        return Recipe(context, dockerfile, build_args=service.args, target=service.target)


def _awaited(fields: Fields) -> dict[str, tuple[Until | None, bool]]:
    """Service -> the condition, None for one that is none; and whether that service has to be there."""
    value = fields.raw("depends_on")
    if value is None:
        return {}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return dict.fromkeys(value, (Until.STARTED, True))
    if not isinstance(value, dict):
        fields.bad("depends_on", "must name services.")
        return {}
    found: dict[str, tuple[Until | None, bool]] = {}
    for name, table in value.items():
        options = table if isinstance(table, dict) else {}
        condition = str(options.get("condition", Until.STARTED))
        required = str(options.get("required", "true")).lower() != "false"
        found[str(name)] = (Until(condition) if condition in set(Until) else None, required)
    return found
