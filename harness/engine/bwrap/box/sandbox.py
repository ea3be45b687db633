"""One box on bubblewrap: a stack of layers, a shell on a pipe, and nothing left when it is closed."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shlex
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.engine import rootpath
from harness.engine.box_end import BoxEnd, EndLook
from harness.engine.bwrap.box import beside, cgroups, kernel, launcher, listed, nat, processes, program, seccomp, users
from harness.engine.bwrap.box.giving import NOTHING_SHARED, TICK, give, staged_changes, staged_end, tree
from harness.engine.bwrap.box.group import InCommon
from harness.engine.bwrap.box.launchpad import OUT, PART_SLASH
from harness.engine.bwrap.box.pipes import Descriptors, ShellPipe, until_closed
from harness.engine.bwrap.box.trust import carried
from harness.engine.changes import Changes
from harness.engine.contract import Box, Command, Exit, Kept, Limits
from harness.engine.lists.gate import Gatekeeper
from harness.engine.shell import Shell, ShellGone, command_line
from harness.errors import EngineError

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CAPABILITIES = (
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
"""Container runtimes' default set without MKNOD, because root could make block devices with it."""
HOST = Path("/")
_MB = 1 << 20
_FULL = 64 << 10
"""Bytes: a disk with less room than this takes no file that anybody would write."""
_START_SECONDS = 60.0
_END_SECONDS = 30.0
_BACK_SECONDS = 10.0
_SETSID: dict[tuple[Path, ...], bool] = {}
"""Stack of layers -> whether its setsid works. The layers of a stack never change."""


def start(
    layers: Sequence[Path],
    *,
    upper: Path | None = None,
    network: bool = False,
    gate: Gatekeeper | None = None,
    env: Mapping[str, str] | None = None,
    workdir: str = "/",
    hostname: str = "",
    mounts: Sequence[str] = (),
    folders: Sequence[str] = (),
    open_folders: Sequence[str] = (),
    binds: Mapping[str, Path] | None = None,
    limits: Limits = Limits(),
    user: str = "",
    begun: int = 0,
    hidden: Sequence[Path] = (),
    shared: InCommon | None = None,
) -> Sandbox:
    """Start a box on `layers`, lowest first; the first may be `/`, of which a box sees the public part.

    What the box writes goes to the folder `upper` (made if missing; complete when the box is closed), or without
    `upper` to memory that is freed with the box. `binds` are read-only: box path -> host path. `user` is the default
    user of commands. `gate`: the only way out of its network, where it has one. From now on no box of this process that
    stands on `/` sees the host paths `hidden`. `shared`: what it has in common with boxes beside it, its network among
    that; the box closes it.
    """
    if any("\0" in text for text in (workdir, hostname, user, *(env or {}), *(env or {}).values())):
        raise EngineError(
            "A box was asked for with a NUL byte in its environment, workdir, user or name, which none can have.",
            hint="Look at the task's env values.",
        )
    pad = launcher.shared()
    for path in hidden:
        pad.hide(path)
    box = Sandbox(
        pad,
        name=pad.name(),
        layers=tuple(layers),
        upper=upper,
        env=dict(env or {}),
        workdir=workdir,
        hostname=hostname or secrets.token_hex(6),
        user=user,
        limits=limits,
        mounts=tuple(mounts),
        folders=tuple(folders),
        open_folders=tuple(open_folders),
        begun=begun,
        _lease=shared.lease if shared else None,
        volumes=shared.volumes if shared else (),
    )
    try:
        box.begin(network, gate, dict(binds or {}))
    except BaseException:
        box.close()
        raise
    return box


@dataclass(slots=True)
class Sandbox(Box):
    """A box that runs, or has been closed. Not thread-safe."""

    launcher: launcher.Launcher
    name: str
    layers: tuple[Path, ...]
    upper: Path | None
    env: dict[str, str]
    workdir: str
    hostname: str
    user: str
    limits: Limits
    mounts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    open_folders: tuple[str, ...] = ()
    begun: int = 0
    """How many of the layers, the highest, are no part of the image."""
    volumes: tuple[tuple[str, str, bool], ...] = ()
    """See `InCommon`."""
    pid: int = 0
    """Of the box's first process, as the host numbers it."""
    _monitor: int = -1
    _first: int = -1
    _root: int = -1
    _stage: int = -1
    """The folder with what the box writes; none if it is not visible from here."""
    _pipe: ShellPipe | None = None
    _shell: Shell | None = None
    _group: cgroups.ControlGroup | None = None
    _lease: nat.Lease | None = None
    _home: str = ""
    """Root's home, if the image's environment does not set HOME."""
    _way: int | None = None
    """Which of `users.prefixes` this box has the program for."""
    _session: tuple[str, ...] = ()
    _outputs: int = 0
    _since: int = 0
    """When it began, in nanoseconds."""
    _dead: str = ""
    """Why this box runs no more commands; '' while it does."""
    _closed: bool = False

    def begin(self, outward: bool, gate: Gatekeeper | None, binds: dict[str, Path]) -> None:
        """Start the processes; `start` calls it once."""
        self._since = time.time_ns() - TICK
        sizes = Sizes.of(self.limits)
        self._group = cgroups.make(self.name, memory=sizes.memory_group, pids=sizes.pids, cpus=self.limits.cpus)
        if self._lease is None and outward:
            self._lease = listed.lease(self.launcher, gate) if gate else nat.lease(self.launcher)
        trust, bundles = carried(proxies=self._lease.proxies) if outward and self._lease else ({}, {})
        box_env = {"PATH": DEFAULT_PATH, "HOSTNAME": self.hostname, **trust, **self.env}
        host = bool(self.layers) and self.layers[0] == HOST
        request = {
            "do": "start",
            "program": str(program.find().path),
            "bwrap": self._arguments(),
            "seccomp": _filter(),
            "host": host,
            "hidden": sorted(self.launcher.hidden),
            "layers": [str(layer) for layer in (self.layers[1:] if host else self.layers)],
            "upper": str(self.upper) if self.upper else "",
            "renames": self.begun > 0,
            "disk": sizes.disk,
            "cgroups": self._group.procs,
            "rlimits": sizes.rlimits(self._group),
            "devpts": "newinstance,ptmxmode=0666,mode=620" + (",gid=5" if self.launcher.ids == "all" else ""),
            "files": self._files(),
            "mounts": list(self.mounts),
            "folders": list(self.folders),
            "open_folders": list(self.open_folders),
            "volumes": list(self.volumes),
            "addresses": list(self._lease.addresses) if self._lease else [],
            "binds": {path: str(source) for path, source in (bundles | binds).items()},
            "workdir": self.workdir,
            "env": box_env,
        }
        with Descriptors() as ours:
            in_read, in_write = ours.pipe()
            out_read, out_write = ours.pipe()
            err_read, err_write = ours.pipe()
            info_read, info_write = ours.pipe()
            given = [in_read, out_write, err_write, info_write]
            started = self.launcher.request(request, [*given, *([self._lease.namespace] if self._lease else [])])
            self._monitor = -1 if started.pidfd is None else started.pidfd
            monitor = started.pid
            for fd in given:
                ours.close(fd)
            os.set_blocking(out_read, False)
            os.set_blocking(in_write, False)
            self._pipe = ShellPipe(ours.keep(out_read), ours.keep(in_write))
            try:
                self._meet(info_read)
                with suppress(OSError):
                    stage = f"/proc/{monitor}/root{self.launcher.stage}"
                    self._stage = os.open(stage, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            except (ShellGone, TimeoutError, OSError) as error:
                raise self._failed_start(err_read, error) from error

    def _meet(self, info: int) -> None:
        assert self._pipe is not None
        deadline = time.monotonic() + _START_SECONDS
        self.pid = json.loads(until_closed(info, deadline) or b'{"child-pid": 0}')["child-pid"]
        if not self.pid:
            raise ShellGone("bubblewrap ended before the box stood.")
        self._first = os.pidfd_open(self.pid)
        self._shell = Shell(self._pipe, self._go_on)
        known = _SETSID.get(self.layers)
        setup = "command -v setsid >/dev/null && setsid true" if known is None else ":"
        ran = self._shell.start(_START_SECONDS, setup=setup)
        if ran.status is None:
            raise TimeoutError("the box's shell does not answer")
        has_setsid = _SETSID.setdefault(self.layers, ran.status == 0)
        self._session = ("setsid",) if has_setsid else ()
        self._root = os.open(f"/proc/{self.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        if "HOME" not in self.env:
            self._home = self._who("")[0].home
            self._shell.run(f"export HOME={shlex.quote(self._home)}", _START_SECONDS)

    def _failed_start(self, stderr: int, error: Exception) -> EngineError:
        self.kill()
        with suppress(TimeoutError):
            output = until_closed(stderr, time.monotonic() + 2).decode("utf-8", "replace").strip()
            if "/bin/sh" in output:
                output += " (every box needs a shell at /bin/sh)"
            return EngineError(
                f"A box could not be started: {output or error}",
                hint="Run `foolsgold doctor` to see what this machine allows.",
            )
        return EngineError(f"A box could not be started: {error}")

    def _arguments(self) -> list[str]:
        arguments = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        arguments += ["--hostname", self.hostname, "--die-with-parent", "--new-session", "--as-pid-1"]
        arguments += ["--cap-drop", "ALL"]
        for name in CAPABILITIES:
            if self._lease is None or name not in self._lease.without:
                arguments += ["--cap-add", name]
        return [*arguments, "--clearenv"]

    def _files(self) -> dict[str, str]:
        lease = self._lease
        own = lease.own.partition("/")[0] if lease and lease.own else "127.0.0.1"
        hosts = (
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
            f"ff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n{own}\t{self.hostname}\n"
        )
        hosts += "".join(f"{address}\t{' '.join(names)}\n" for address, names in (lease.hosts if lease else ()))
        names = lease.resolv_conf if lease else ""
        return {"/etc/hosts": hosts, "/etc/hostname": f"{self.hostname}\n", "/etc/resolv.conf": names}

    def run(self, command: Command) -> Exit:
        shell = self._alive()
        assert self._group is not None
        line, output = self._line(command, between=command.left_running)
        before = self._group.kills()
        try:
            ran = shell.run(line, command.timeout)
        except ShellGone as error:
            self._dead = error.message
            self.kill()
            if self._group.kills() == before:
                raise
            # The kernel killed the box's first process, and with it all others.
            return Exit(128 + signal.SIGKILL, 0.0, oom=True)
        out_of_memory = self._group.kills() > before
        with _as_engine_error("read a command's output"):
            text, dropped = rootpath.read_halves(self._root, output, limit=command.output_limit)
        left_running = ran.status is None and command.left_running and self.take_back(shell)
        if ran.status is not None:
            with suppress(OSError):
                rootpath.remove(self._root, output)
        elif not left_running:
            self._dead = "Its last command was stopped at its timeout."
            self.kill()
        return Exit(ran.status, ran.seconds, text, dropped, out_of_memory, left_running)

    def _line(self, command: Command, *, between: bool) -> tuple[str, str]:
        """The line of shell code for a command, and the file in the box with its output."""
        who, become = self._who(self.user if command.user is None else command.user)
        env = dict(command.env)
        if self._home and who.home != self._home:
            env.setdefault("HOME", who.home)
        self._outputs += 1
        output = f"{OUT}/{self._outputs}"
        prefix = (*self._session, *become)
        cwd = command.cwd or self.workdir
        return command_line(command.argv, output=output, cwd=cwd, env=env, prefix=prefix, between=between), output

    def begin_beside(self, command: Command) -> beside.CommandBeside:
        """Begin a command and leave it running; its timeout is that of whoever waits for it."""
        shell = self._alive()
        line, output = self._line(command, between=False)
        return beside.begin(self, shell, self._root, line, output, command.output_limit)

    def end_beside(self, begun: beside.CommandBeside) -> Exit:
        self._alive()
        return beside.end(self._root, begun)

    def take(self, source: str, target: Path) -> list[str]:
        """See `rootpath.take`."""
        self._alive()
        with _as_engine_error(f"copy {source} out of the box"):
            return rootpath.take(self._root, source, target)

    def _go_on(self) -> None:
        """The tool's own processes in the box go on, whatever stopped them: the box's programs cannot make it wait."""
        for pid in processes.children(self.pid):
            if processes.stopped(pid):
                self._signal(pid, signal.SIGCONT)

    def owns(self, pid: int) -> bool:
        """Whether this child of the shell is the tool's own: nothing else that the shell started reads from the tool,
        and an orphan that it got does not."""
        ours = processes.opened(self.pid, 0)
        return bool(ours) and processes.opened(pid, 0) == ours

    def _signal(self, pid: int, number: signal.Signals) -> None:
        """To a child of the shell, if it is the tool's own."""
        with suppress(ProcessLookupError, PermissionError):
            child = os.pidfd_open(pid)
            try:
                if self.owns(pid):
                    signal.pidfd_send_signal(child, number)
            finally:
                os.close(child)

    def take_back(self, shell: Shell) -> bool:
        """Kill the process that the shell waits for, so that the shell is free and the command continues."""
        for pid in processes.children(self.pid):
            self._signal(pid, signal.SIGKILL)
        try:
            return shell.run("( : )", _BACK_SECONDS).status == 0
        except ShellGone:
            return False

    def background(self, argv: Sequence[str], *, output: str, stdin_open: bool = False, ends_all: bool = False) -> None:
        """Start `argv` as the default user and leave it running; its output and its status (`<output>.exit`) are in
        OUT. Its standard input is empty or, with `stdin_open`, never ends. `ends_all`: when it ends, everything else in
        the box but the shell ends too."""
        who, become = self._who(self.user)
        path = f"{OUT}/{output}"
        env = {"HOME": who.home} if self._home and who.home != self._home else {}
        prefix = (*self._session, *become)
        line = command_line(argv, output=path, cwd=self.workdir, env=env, prefix=prefix, stdin="&0")
        whole = f"( {line}; echo $? >{shlex.quote(path)}.exit{'; kill -9 -1' if ends_all else ''} )"
        whole = f"( sleep infinity | {whole} ) &" if stdin_open else f"{whole} </dev/null >/dev/null &"
        self._alive().run(whole, _START_SECONDS)

    def put(self, source: Path, target: str) -> None:
        self._alive()
        with _as_engine_error(f"copy {source} to {target} in the box"):
            rootpath.put(self._root, source, target)

    def read(self, path: str, *, limit: int = _MB) -> bytes | None:
        self._alive()
        with _as_engine_error(f"read {path} from the box"):
            return rootpath.read(self._root, path, limit=limit)

    def listing(self, folder: str) -> dict[str, str]:
        self._alive()
        with _as_engine_error(f"list {folder} of the box"):
            return rootpath.listing(self._root, folder)

    def files_alone(self, folder: str) -> frozenset[str] | None:
        self._alive()
        return rootpath.files_alone(self._root, folder)

    def full(self) -> bool:
        self._alive()
        with _as_engine_error("look at the box's disk"):
            disk = os.fstatvfs(self._root)
        return disk.f_blocks > 0 and (disk.f_bfree * disk.f_frsize < _FULL or disk.f_files > 0 >= disk.f_ffree)

    def written(self) -> list[bytes] | None:
        self._alive()
        if self._stage < 0 or self.upper is not None:
            return None
        with _as_engine_error("list what the box wrote"):
            layers = {b"": b"upper"}
            with suppress(FileNotFoundError), rootpath.opened(self._stage, "parts", os.O_RDONLY) as parts:
                names = [name for name in os.listdir(parts) if not name.endswith(".work")]
                layers |= {
                    os.fsencode("/" + name.replace(PART_SLASH, "/")): b"parts/" + os.fsencode(name) for name in names
                }
            found = [path for below, layer in layers.items() for path in tree(self._stage, layer, below)]
            for place, _, _ in self.volumes:
                with rootpath.opened(self._root, place, os.O_RDONLY | os.O_DIRECTORY) as folder:
                    found += tree(folder, b".", os.fsencode(place))
            return [*found, *(os.fsencode(path) for path in self._files())]

    def changes(self) -> Changes | None:
        self._alive()
        if self._stage < 0 or self.upper is not None:
            return None
        with _as_engine_error("look at what the box changed"):
            return staged_changes(self._stage, self.layers, (*self.mounts, *self.open_folders), self._files())

    def end(self, look: EndLook) -> BoxEnd | None:
        shell = self._alive()
        if self._stage < 0 or self.upper is not None or processes.children(self.pid):
            return None
        if shell.run(NOTHING_SHARED, _START_SECONDS).status != 0:
            return None
        return staged_end(self._stage, self.layers, self.begun, self.mounts, self._files(), look, self._since)

    def give(self, kept: Kept) -> None:
        give(self, kept)

    def show(self, folder: Path, target: str) -> None:
        """Have a folder of the host in the box, read-only, until it is taken away again."""
        self._alive()
        self.launcher.show(self._first, folder, target)

    def unshow(self, target: str) -> None:
        self.launcher.unshow(self._first, target)

    def _alive(self) -> Shell:
        if self._closed or self._shell is None:
            raise EngineError("The box is closed.")
        if self._dead:
            raise EngineError(f"The box is dead. {self._dead}")
        return self._shell

    def _who(self, spec: str) -> tuple[users.User, tuple[str, ...]]:
        """The user, and the words that change to that user. A box's users may change between commands, so names are
        read each time."""
        found = users.find(spec, lambda path: rootpath.read(self._root, path, limit=4 * _MB))
        if found.is_root:
            return found, ()
        ways = users.prefixes(found)
        if self._way is not None:
            return found, ways[self._way]
        for number, way in enumerate(ways):
            probe = " ".join(shlex.quote(word) for word in (*way, "true"))
            if self._alive().run(f"{probe} </dev/null >/dev/null 2>&1", 10).status == 0:
                self._way = number
                return found, way
        if self.launcher.ids == "one":
            raise EngineError(
                f"The command runs as user {spec!r}, and an ordinary user's box has only root.",
                hint="Give this user subordinate ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                "NAME, and the uidmap package), run as root, or use --engine docker.",
            )
        raise EngineError(
            f"The command runs as user {spec!r}, and the box has neither setpriv nor chroot to become it.",
            hint="Install util-linux or coreutils in the image, or use --engine docker.",
        )

    def kill(self) -> None:
        """Kill everything in the box and wait until it is gone."""
        if self._monitor < 0:
            return
        # When the first process ends, all others end too, and bubblewrap waits for its end.
        for fd in (self._first, self._monitor):
            if fd >= 0:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
                if processes.ended(self._monitor, _END_SECONDS):
                    return

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.kill()
        if self._pipe is not None:
            os.close(self._pipe.reading)
            os.close(self._pipe.writing)
        for fd in (self._monitor, self._first, self._root, self._stage):
            if fd >= 0:
                os.close(fd)
        if self._lease is not None:
            self._lease.close()
        if self._group is not None:
            self._group.kill()
            self._group.remove()
        if self.upper is not None:
            _finish_layer(self.upper, self.launcher)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a box may use, in bytes and processes."""

    memory: int
    disk: int
    pids: int

    @classmethod
    def of(cls, limits: Limits) -> Sizes:
        """Limits that the task does not set get values that keep this machine usable."""
        total = _memory_of_machine()
        disk = limits.disk_mb * _MB or min(10 << 30, total // 2)
        return cls(limits.memory_mb * _MB or total * 4 // 5, disk, limits.pids or 4096)

    @property
    def memory_group(self) -> int:
        """The kernel counts the box's files, which are in memory, towards this limit. So it is higher than the task's
        own limit, or programs would be killed that have not used that up."""
        return self.memory + self.disk

    def rlimits(self, group: cgroups.ControlGroup) -> dict[str, tuple[int, int]]:
        """Limits in place of the control groups that this machine does not let us make."""
        limits = {"RLIMIT_NOFILE": (1 << 16, 1 << 16)}
        if "memory" not in group.folders:
            limits["RLIMIT_DATA"] = (self.memory, self.memory)
        if "pids" not in group.folders:
            limits["RLIMIT_NPROC"] = (self.pids, self.pids)
        return limits


@cache
def _memory_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@cache
def _filter() -> str:
    return seccomp.program().hex()


def _finish_layer(upper: Path, pad: launcher.Launcher) -> None:
    """Make one layer from what the box wrote, and write it to the disk."""
    parts = Path(f"{upper}.parts")
    if parts.is_dir():
        for part in sorted(parts.iterdir()):
            if part.name.endswith(".work") or not any(part.iterdir()):
                continue
            target = upper / part.name.replace(PART_SLASH, "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                target.rmdir()
            part.rename(target)
        pad.remove(parts)
    work = Path(f"{upper}.work")
    if os.path.lexists(work):
        pad.remove(work)
    if upper.is_dir():
        folder = os.open(upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            kernel.sync_filesystem(folder)
        finally:
            os.close(folder)


@contextmanager
def _as_engine_error(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise EngineError(f"The box's disk is full: cannot {what}.", hint="Raise its disk limit.") from error
        raise EngineError(f"Cannot {what}: {error}") from error
