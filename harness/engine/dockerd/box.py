"""One running container, driven by a shell on its socket."""

from __future__ import annotations

import os
import shlex
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from harness.engine.changes import FILE, Changes
from harness.engine.contract import MAIN_HINT, OWN_FOLDER, Command, Ended, Exit, Kept
from harness.engine.daemon import DaemonGone, daemon_errors
from harness.engine.dockerd.files import Files
from harness.engine.dockerd.keeping import OF_EVERY_CONTAINER, PackedChanges, Upper, WritingBox
from harness.engine.dockerd.pipe import SocketPipe
from harness.engine.lists.gate import Gatekeeper
from harness.engine.lists.reach import Asked, Reach
from harness.engine.shell import Shell, ShellGone, command_line
from harness.errors import EngineError

OUTPUT = OWN_FOLDER
"""A separate mount, so that the output of commands neither fills the image nor appears in the task's folders."""
START_SECONDS = 60.0
ROOT = frozenset({"", "0", "root", "0:0", "root:root", "root:0", "0:root"})
_OOM_FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def plain_user(user: str) -> str:
    """The user's name; one and the same for all ways to write root."""
    return "0:0" if user in ROOT else user


class DockerBox(WritingBox):
    def __init__(
        self,
        api: docker.APIClient,
        container: str,
        files: Files,
        *,
        user: str,
        workdir: str,
        main: SocketPipe | None,
        ends: bool = False,
        gate: Gatekeeper | None = None,
        upper: Upper | None = None,
        own: ExitStack,
        on_close: Callable[[DockerBox], None],
    ) -> None:
        self._api = api
        self.container = container
        self.gate = gate
        """The only way out of its network, where that keeps to a list."""
        self.upper = upper
        """Where it writes, where that is known."""
        self._given: tuple[bytes | None, ...] = ()
        """The daemon's own files in it, as they were."""
        self._own = own
        """What ends with this box."""
        self._ends = ends
        """It may end by itself, perhaps before anybody runs a command in it."""
        self.removes_itself = main is not None
        """The container ends with our shell, and then the daemon removes it."""
        self._files = files
        self._user = plain_user(user)
        self._workdir = workdir
        self._pipes: dict[str, SocketPipe] = {}
        self._shells: dict[str, Shell] = {}
        self._busy: list[SocketPipe] = []
        """Pipes of shells whose command was left running."""
        self._on_close = on_close
        self._closing = threading.Lock()
        self._dead = ""
        self._count = 0
        self._main = main
        self._oom_file = ""
        self._ooms = 0

    def start(self) -> None:
        """Start the shell; afterwards the box is ready for `run`."""
        if self._ends:
            return
        if self._main is not None:
            self._add_shell(self._user, self._main)
        else:
            self._shell(self._user)
        self._ooms = self._oom_kills()
        self._given = self._daemons_files() if self.upper is not None else ()

    def run(self, command: Command) -> Exit:
        self._check_alive()
        user = plain_user(command.user) if command.user is not None else self._user
        shell = self._shell(user)
        self._count += 1
        output = f"{OUTPUT}/{self._count}"
        line = command_line(command.argv, output=output, cwd=command.cwd or self._workdir, env=command.env)
        try:
            ran = shell.run(line, command.timeout)
        except ShellGone:
            return self._shell_lost(user, output, command)
        text, dropped = self._files.read_halves(output, command.output_limit)
        oom = self._new_oom()
        left_running = ran.status is None and command.left_running and self._leave_running(user)
        if ran.status is not None:
            self._files.remove(output)
        elif not left_running:
            self._dead = f"a command ran into its limit of {command.timeout:g} s"
            self._files.kill()
        return Exit(ran.status, ran.seconds, text, dropped, oom, left_running)

    def _leave_running(self, user: str) -> bool:
        """Leave the shell to the command that it waits for, and start another one."""
        del self._shells[user]
        self._busy.append(self._pipes.pop(user))
        try:
            return self._shell(user).run("( : )", START_SECONDS).status == 0
        except EngineError:
            return False

    def make_open(self, folders: Sequence[str]) -> None:
        """See `BoxSpec.open_folders`. What cannot be made is not there, as under the formats' own runners."""
        words = shlex.join(folders)
        self.run(Command(("sh", "-c", f"mkdir -p {words} && chmod 777 {words}"), START_SECONDS, user="root", cwd="/"))

    def put(self, source: Path, target: str) -> None:
        self._check_alive()
        self._files.put(source, target)

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        self._check_alive()
        return self._files.read(path, limit)

    def listing(self, folder: str) -> dict[str, str]:
        self._check_alive()
        return self._files.listing(folder)

    def files_alone(self, folder: str) -> frozenset[str] | None:
        self._check_alive()
        return self._files.files_alone(folder)

    def changes(self) -> Changes | None:
        self._check_alive()
        if self.upper is None:
            return None
        try:
            found = self.upper.changes()
        except OSError:
            return None
        now = zip(OF_EVERY_CONTAINER, self._given, self._daemons_files(), strict=True)
        return replace(found, entries={**found.entries, **{path: FILE for path, then, is_ in now if then != is_}})

    def _daemons_files(self) -> tuple[bytes | None, ...]:
        return tuple(self._files.read(path, 1 << 20) for path in OF_EVERY_CONTAINER)

    def give(self, kept: Kept) -> None:
        self._check_alive()
        if not isinstance(kept, PackedChanges):
            raise EngineError("What was kept is not this engine's.")
        if kept.gone:
            self._remove(kept.gone)
        with kept.archive.open() as file, daemon_errors("Putting what was kept into the box"):
            self._api.put_archive(self.container, "/", file)

    def _remove(self, paths: Sequence[str]) -> None:
        """By the box's own programs: whatever a link planted in the box leads to is in the box."""
        with tempfile.NamedTemporaryFile(prefix="foolsgold-") as listed:
            listed.write(b"".join(os.fsencode(path) + b"\0" for path in paths))
            listed.flush()
            self._files.put(Path(listed.name), f"{OUTPUT}/gone")
        script = f"cd / && xargs -0 -r rm -rf -- <{OUTPUT}/gone; s=$?; rm -f {OUTPUT}/gone; exit $s"
        done = self.run(Command(("sh", "-c", script), START_SECONDS, user="root", cwd="/"))
        if done.status != 0:
            said = done.output.decode("utf-8", "replace").strip()[-300:]
            raise EngineError(f"What was kept could not be put over the box: {said or done.status}")

    def ended(self) -> Ended | None:
        if not self._ends or self._dead == "closed":
            return None
        state = self._state()
        if state.get("Status") not in ("exited", "dead"):
            return None
        with daemon_errors("Reading a service's output"):
            log = self._api.logs(self.container, tail=20)
        output = log.decode("utf-8", "replace") if isinstance(log, bytes) else ""
        return Ended(int(state.get("ExitCode", -1)), output)

    def close(self) -> None:
        with self._closing:
            if self._dead == "closed":
                return
            self._dead = "closed"
        try:
            self._files.kill()
        finally:
            for pipe in {*self._pipes.values(), *self._busy, *([self._main] if self._main else [])}:
                with suppress(OSError):
                    pipe.close()
            self._files.close()
            self._own.close()
            self._on_close(self)

    def allow(self, reach: Reach) -> None:
        if self.gate is None:
            super().allow(reach)
        else:
            self.gate.allow(reach)

    def asked(self) -> tuple[Asked, ...]:
        return self.gate.asked if self.gate is not None else ()

    def _check_alive(self) -> None:
        if self._dead:
            raise EngineError(f"The box is gone: {self._dead}.")

    def _add_shell(self, user: str, pipe: SocketPipe) -> Shell:
        self._pipes[user] = pipe
        shell = self._shells[user] = Shell(pipe)
        try:
            started = shell.start(START_SECONDS)
        except ShellGone as error:
            raise self._lost("its shell ended at once") from error
        if started.status is None:
            raise EngineError(f"The box's shell did not answer within {START_SECONDS:g} s.")
        return shell

    def _shell(self, user: str) -> Shell:
        """The shell of a user. The first command of another user starts one by an exec; later commands use it too."""
        known = self._shells.get(user)
        if known is not None:
            return known
        with daemon_errors("Starting a shell in the box"):
            try:
                created = self._api.exec_create(self.container, ["/bin/sh"], stdin=True, user=user, workdir="/")
                hijacked = self._api.exec_start(created["Id"], socket=True)
            except APIError as error:
                words = str(error.explanation or error).strip()
                if error.status_code == 409 or not self._state().get("Running", True):
                    raise self._lost("it stopped") from error
                raise EngineError(f"No shell can be started in the box as user {user}: {words}") from error
        return self._add_shell(user, SocketPipe(hijacked))

    def _shell_lost(self, user: str, output: str, command: Command) -> Exit:
        """A command that kills every process it can (`kill -9 -1`) also kills the shell of an exec, as it would under
        the format's runner. The box itself stays alive."""
        del self._shells[user]  # the next command starts another
        self._pipes.pop(user).close()
        if not self._state().get("Running"):
            raise self._lost(f"it ended while it ran {command.argv[0]}")
        text, dropped = self._files.read_halves(output, command.output_limit)
        return Exit(137, 0.0, text, dropped, self._new_oom())

    def _state(self) -> dict[str, Any]:
        try:
            with daemon_errors("Looking at the box"):
                return dict(self._api.inspect_container(self.container)["State"])
        except DaemonGone:
            raise
        except EngineError:
            return {}

    def _lost(self, how: str) -> EngineError:
        state = self._state()
        for _ in range(10):  # a busy daemon notices it late
            if not state.get("Running"):
                break
            time.sleep(0.1)
            state = self._state()
        self._dead = how
        words = f"The box died: {how}"
        if state.get("OOMKilled"):
            words += ", out of memory"
        if state.get("Error"):
            words += f" ({state['Error']})"
        if "ExitCode" in state and not state.get("Running"):
            words += f", status {state['ExitCode']}"
        with suppress(APIError, OSError):
            log = self._api.logs(self.container, tail=20)
            if isinstance(log, bytes) and log.strip():
                words += ":\n" + log.decode(errors="replace").rstrip()
        return EngineError(words, hint=MAIN_HINT)

    def _oom_kills(self) -> int:
        for path in (self._oom_file,) if self._oom_file else _OOM_FILES:
            content = self._files.read(path, 4096)
            if content is None:
                continue
            self._oom_file = path
            for line in content.splitlines():
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
        return 0

    def _new_oom(self) -> bool:
        before, self._ooms = self._ooms, self._oom_kills()
        return self._ooms > before
