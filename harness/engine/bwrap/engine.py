"""The embedded engine: it needs Linux, but no daemon."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from harness.engine import leftovers
from harness.engine.box_end import BoxEnd, EndLook
from harness.engine.bwrap import keeping
from harness.engine.bwrap.box import cgroups, launcher, nat, program, sandbox, seccomp
from harness.engine.bwrap.box.beside import CommandBeside
from harness.engine.bwrap.box.group import BwrapGroup
from harness.engine.bwrap.box.launchpad import OUT
from harness.engine.bwrap.image.build import build, cache_folder
from harness.engine.bwrap.image.built import BwrapImage
from harness.engine.bwrap.image.cache import DEFAULT_LIMIT, open_cache
from harness.engine.changes import Changes
from harness.engine.contract import (
    MAIN_HINT,
    Box,
    BoxGroup,
    BoxSpec,
    Command,
    Ended,
    Engine,
    EngineOptions,
    EngineReport,
    Exit,
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
from harness.engine.lists import walls
from harness.engine.lists.gate import Gatekeeper
from harness.engine.lists.reach import Asked, Reach
from harness.engine.owner import megabytes
from harness.errors import EngineError, EngineUnavailable, FoolsgoldError

_MAIN = "main"


class BwrapEngine(Engine):
    name = "bwrap"

    def __init__(self, options: EngineOptions | None = None) -> None:
        if sys.platform != "linux":
            raise EngineUnavailable("The bwrap engine needs Linux.", hint="Use --engine docker.")
        self.options = options or EngineOptions()
        self._lock = threading.Lock()
        self._open: set[BwrapBox] = set()
        program.find()
        seccomp.program()
        launcher.shared()
        self._swept: list[str] = []
        self._swept = self.clean()
        for folder in (Path.cwd(), cache_folder(self.options), *self.options.hidden):
            launcher.shared().hide(folder)

    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        # Boxes on the host's root must not see the solutions and tests of this task and its neighbours.
        task = recipe.context.absolute().parent
        launcher.shared().hide(task.parent if len(task.parts) > 3 else task)
        return build(recipe, self.options, progress)

    def open(self, spec: BoxSpec) -> Box:
        if not isinstance(spec.image, BwrapImage):
            raise EngineError(f"The image {spec.image.id} was made by another engine.")
        box = BwrapBox(self, spec, spec.image)
        with self._lock:
            self._open.add(box)
        return box

    def group(
        self,
        members: Sequence[Member],
        image: Image,
        *,
        network: bool,
        internal: frozenset[str],
        reach: Reach | None = None,
    ) -> BoxGroup:
        disk = sandbox.Sizes.of(self.options.limits).disk
        return BwrapGroup(launcher.shared(), members, network=network, internal=internal, disk=disk, reach=reach)

    def keep(self, key: str, about: str, spec: BoxSpec, what: Keeping) -> Kept | None:
        try:
            return keeping.keep(open_cache(cache_folder(self.options)), key, about, spec, what, self._writing_to)
        except OSError as error:
            raise NotKept(f"it could not be written down: {error}") from error

    def drop(self, key: str) -> None:
        open_cache(cache_folder(self.options)).discard(keeping.name_of(key))

    def _writing_to(self, spec: BoxSpec, folder: Path) -> Box:
        assert isinstance(spec.image, BwrapImage)
        box = BwrapBox(self, spec, spec.image, folder)
        with self._lock:
            self._open.add(box)
        return box

    def closed(self, box: BwrapBox) -> None:
        with self._lock:
            self._open.discard(box)

    def no_network(self) -> str:
        return nat.no_network()

    def no_lists(self) -> str:
        return walls.no_tools()

    def report(self) -> EngineReport:
        lines = []
        try:
            found = program.find()
            pad = launcher.shared()
        except FoolsgoldError as error:
            return EngineReport(self.name, False, "", (error.message, *([error.hint] if error.hint else [])))
        version = f"bubblewrap {found.version} on Linux {platform.release()}"
        if os.geteuid() == 0:
            lines.append("Runs as root: users, chown, su and apt work in boxes as in a container.")
        elif pad.ids == "all":
            lines.append("Runs as an ordinary user with subordinate ids: users, chown, su and apt work in boxes.")
        else:
            lines.append(
                "Runs as an ordinary user with one id: boxes have only root, so chown to other users, su and apt's own "
                "user fail. To mend it: apt-get install uidmap; "
                "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME"
            )
        bases, unified = cgroups.hierarchies()
        if bases:
            versions = "v2" if set(bases) <= unified else "v1" if not unified else "v1 and v2"
            lines.append(f"Limits by control groups ({versions}): {', '.join(bases)}.")
        missing = [name for name in cgroups.WANTED if name not in bases]
        if missing:
            lines.append(
                f"No control groups for {', '.join(missing)} here: memory and processes are limited by rlimits, "
                "each process by itself; cpus are not limited. To limit them, run as root on a host with a writable "
                "/sys/fs/cgroup."
            )
        lines.append("Files written in a box are kept in memory and count towards its disk limit.")
        cache = cache_folder(self.options)
        if cache.is_dir():
            count, size = open_cache(cache).size()
            lines.append(
                f"{count} cached layers take {megabytes(size)} in {cache}. Above {megabytes(DEFAULT_LIMIT)} those "
                "unused for longest are removed; `foolsgold clean --all` removes all."
            )
        lines += [*nat.report(), *filter(None, [walls.no_tools()])]
        try:
            with self._probe():
                pass
        except FoolsgoldError as error:
            return EngineReport(self.name, False, version, (*lines, error.message))
        return EngineReport(self.name, True, version, tuple(lines))

    def _probe(self) -> sandbox.Sandbox:
        """Open a box on the host's own root, as proof that boxes work here."""
        return sandbox.start([sandbox.HOST], limits=Limits(disk_mb=16))

    def clean(self, *, everything: bool = False) -> list[str]:
        """Boxes end with the tool that made them. Only control groups, firewall rules and empty folders outlive a
        kill -9."""
        alive, dead = leftovers.others()
        removed, self._swept = self._swept, []
        removed += [f"network of a crashed run ({what})" for what in nat.clean(alive)]
        groups = []
        for group in cgroups.left_over(alive):
            if group.is_orphaned():
                group.kill()
            if group.remove():
                groups.append(group)
        removed += [
            f"control group {name}" for group in groups for name in {path.name for path in group.folders.values()}
        ]
        for path in dead:
            shutil.rmtree(path, ignore_errors=True)
            removed.append(f"run folder {path}")
        cache = cache_folder(self.options)
        if cache.is_dir():
            removed += open_cache(cache).clean(everything=everything)
        return removed

    def close(self) -> None:
        with self._lock:
            boxes = list(self._open)
        for box in boxes:
            box.close()


class BwrapBox(Box):
    def __init__(self, engine: BwrapEngine, spec: BoxSpec, image: BwrapImage, upper: Path | None = None) -> None:
        self._engine = engine
        group = spec.group if isinstance(spec.group, BwrapGroup) else None
        self._own_gate = Gatekeeper(spec.reach) if spec.network and spec.reach is not None and group is None else None
        self._gate = group.gate if group is not None else self._own_gate
        try:
            self._sandbox = self._started(spec, image, upper, group)
        except BaseException:
            self._close_gate()
            raise
        self._main = spec.main
        self._sidecar = spec.sidecar
        try:
            for source, target in spec.files:
                self._sandbox.put(source, target)
            if self._main:
                self._sandbox.background(self._main, output=_MAIN, stdin_open=spec.stdin_open, ends_all=spec.sidecar)
        except BaseException:
            self._sandbox.close()
            self._close_gate()
            raise

    def _started(
        self, spec: BoxSpec, image: BwrapImage, upper: Path | None, group: BwrapGroup | None
    ) -> sandbox.Sandbox:
        defaults = self._engine.options.limits
        return sandbox.start(
            (*image.layers, *keeping.layers_of(spec)),
            begun=len(spec.on),
            upper=upper,
            network=spec.network,
            gate=self._own_gate,
            env={**image.config.env, **spec.env},
            workdir=spec.workdir or image.config.workdir or "/",
            hostname=spec.hostname or "",
            mounts=spec.mounts,
            folders=spec.folders,
            open_folders=spec.open_folders,
            limits=Limits(
                memory_mb=spec.limits.memory_mb or defaults.memory_mb,
                cpus=spec.limits.cpus or defaults.cpus,
                pids=spec.limits.pids or defaults.pids,
                disk_mb=spec.limits.disk_mb or defaults.disk_mb,
            ),
            user=image.config.user if spec.user is None else spec.user,
            shared=group.shared(spec.member) if group is not None else None,
        )

    def run(self, command: Command) -> Exit:
        if self._main:
            self._main_lives()
        return self._sandbox.run(command)

    def begin_beside(self, command: Command) -> CommandBeside:
        """Begin a command beside those that run, and leave it running."""
        if self._main:
            self._main_lives()
        return self._sandbox.begin_beside(command)

    def end_beside(self, begun: CommandBeside) -> Exit:
        """What a command ended with whose `watch` says that it has ended."""
        return self._sandbox.end_beside(begun)

    def take(self, source: str, target: Path) -> list[str]:
        """Copy a file or a folder's contents out of the box; see `rootpath.take`."""
        return self._sandbox.take(source, target)

    def _main_lives(self) -> None:
        """If the main process has ended, the container, and so this box, has ended too."""
        status = self._sandbox.read(f"{OUT}/{_MAIN}.exit")
        if not status:
            return
        output = (self._sandbox.read(f"{OUT}/{_MAIN}", limit=-2000) or b"").decode("utf-8", "replace")
        main = shlex.join(self._main)[:300]
        raise EngineError(
            f"The container's own process `{main}` ended with status {status.decode().strip()}, and the container with "
            f"it. It said: {output.strip() or 'nothing'}",
            hint=MAIN_HINT,
        )

    def ended(self) -> Ended | None:
        status = self._sandbox.read(f"{OUT}/{_MAIN}.exit") if self._main and self._sidecar else None
        if not status or not status.strip():
            return None
        output = (self._sandbox.read(f"{OUT}/{_MAIN}", limit=-2000) or b"").decode("utf-8", "replace")
        return Ended(int(status), output)

    def put(self, source: Path, target: str) -> None:
        self._sandbox.put(source, target)

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        return self._sandbox.read(path, limit=limit)

    def listing(self, folder: str) -> dict[str, str]:
        return self._sandbox.listing(folder)

    def files_alone(self, folder: str) -> frozenset[str] | None:
        return self._sandbox.files_alone(folder)

    def full(self) -> bool:
        return self._sandbox.full()

    def written(self) -> list[bytes] | None:
        return self._sandbox.written()

    def changes(self) -> Changes | None:
        return self._sandbox.changes()

    def end(self, look: EndLook) -> BoxEnd | None:
        return self._sandbox.end(look) if not self._main else None

    def give(self, kept: Kept) -> None:
        self._sandbox.give(kept)

    def allow(self, reach: Reach) -> None:
        if self._gate is None:
            super().allow(reach)
        else:
            self._gate.allow(reach)

    def asked(self) -> tuple[Asked, ...]:
        return self._gate.asked if self._gate is not None else ()

    def close(self) -> None:
        self._sandbox.close()
        self._close_gate()
        self._engine.closed(self)

    def _close_gate(self) -> None:
        if self._own_gate is not None:
            self._own_gate.close()
