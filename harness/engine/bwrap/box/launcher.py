"""The tool's end of the launchpad: starts it, gives it its ids, and sends it requests."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness.engine import leftovers
from harness.engine.bwrap.box import hostmask, launchpad
from harness.errors import EngineError, EngineUnavailable

_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from harness.engine.bwrap.box.launchpad import main; "
    "main(int(sys.argv[2]), sys.argv[3])"
)


@dataclass(frozen=True, slots=True)
class Started:
    pid: int
    pidfd: int | None
    """None: it ended before we could get its pidfd."""


class Launcher:
    """Thread-safe. One per process is enough; see `shared`."""

    def __init__(self) -> None:
        self.run = leftovers.Scratch.begin()
        self.ids = "all"
        self._lock = threading.Lock()
        self._count = 0
        self.hidden: frozenset[str] = frozenset()
        self.closing: list[Callable[[], None]] = []
        """Things that other modules made for this process's boxes, with the functions that remove them."""
        home = self.run.path / "pad"
        home.mkdir(mode=0o700)
        self.stage = home / launchpad.STAGE
        """The parts of a box's root, in the mount namespace of its first process on the host."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        source = str(Path(harness.__file__).parent.parent)
        with theirs, (self.run.path / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CODE, source, str(theirs.fileno()), str(home)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                start_new_session=True,  # so that Ctrl-C in the terminal reaches the tool alone
            )
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        self._socket.settimeout(30)
        answer = self._receive()[0]
        if answer == b"map":
            self.ids = _map_ids(self.process.pid)
            self._socket.send(b"mapped")
            answer = self._receive()[0]
        problem = json.loads(answer).get("error")
        if problem:
            raise _unavailable(problem)

    @property
    def log(self) -> str:
        with suppress(OSError):
            return (self.run.path / "log").read_text(errors="replace")[-2000:]
        return ""

    def name(self) -> str:
        """A new name for a box, which begins with this process's token."""
        with self._lock:
            self._count += 1
            return f"{self.run.token}.{self._count}"

    def hide(self, path: Path) -> None:
        """Hide a host path from boxes, if it is in a folder that boxes on the host's root see."""
        for one in {path.absolute(), path.resolve()}:
            if len(one.parts) > 2 and one.parts[1] in hostmask.SHOWN:
                with self._lock:
                    self.hidden |= {str(one)}

    def request(self, value: Mapping[str, Any], descriptors: Sequence[int] = ()) -> Started:
        answer, received = self._ask(value, descriptors)
        return Started(answer["pid"], received[0] if received else None)

    def namespace(self, *, forward: bool = False) -> int:
        """A new network namespace with only loopback in it. Returns a descriptor, which the caller closes."""
        _answer, (made,) = self._ask({"do": "namespace", "forward": forward}, ())
        return made

    def listeners(self, namespace: int) -> tuple[socket.socket, socket.socket]:
        """See `walls.listeners`: in a network namespace of this launcher."""
        _answer, (tcp, udp) = self._ask({"do": "listeners"}, (namespace,))
        return socket.socket(fileno=tcp), socket.socket(fileno=udp)

    def volumes(self, count: int, size: int) -> str:
        """Empty folders `0`, `1`, ... in memory, of at most `size` bytes together: the folder that holds them, which
        only boxes see."""
        answer, _ = self._ask({"do": "volumes", "name": self.name(), "count": count, "size": size}, ())
        return str(answer["path"])

    def forget_volumes(self, path: str) -> None:
        with suppress(EngineError):  # the process that had them has ended, and they with it
            self._ask({"do": "forget_volumes", "path": path}, ())

    def show(self, first: int, path: Path, target: str) -> None:
        """Have a folder in a box that runs, read-only; `first`: a descriptor of its first process."""
        self._ask({"do": "show", "path": str(path), "target": target}, (first,))

    def unshow(self, first: int, target: str) -> None:
        self._ask({"do": "hide", "target": target}, (first,))

    def remove(self, path: Path) -> None:
        """Delete a folder whose files may belong to a box's users."""
        with suppress(OSError):
            shutil.rmtree(path)
        if os.path.lexists(path):
            self._ask({"do": "remove", "path": str(path)}, ())

    def _ask(self, value: Mapping[str, Any], descriptors: Sequence[int]) -> tuple[dict[str, Any], list[int]]:
        message = os.memfd_create("request")
        try:
            with os.fdopen(os.dup(message), "wb") as file:
                file.write(json.dumps(value).encode())
            with self._lock:
                socket.send_fds(self._socket, [b"request"], [message, *descriptors])
                raw, received = self._receive()
        except OSError as error:
            raise EngineError(f"The process that starts boxes does not answer: {error}. {self.log}") from error
        finally:
            os.close(message)
        answer: dict[str, Any] = json.loads(raw)
        if "error" in answer:
            raise EngineError(f"A box could not be started: {answer['error']}")
        return answer, received

    def _receive(self) -> tuple[bytes, list[int]]:
        data, descriptors, _flags, _address = socket.recv_fds(self._socket, 65536, 4)
        if not data:
            raise EngineError(f"The process that starts boxes ended. {self.log}".strip())
        return data, list(descriptors)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End the launchpad, and with it every box that it started."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # another thread may be waiting for an answer
        self._socket.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for take_away in self.closing:
            take_away()
        self.run.end()


_shared: tuple[int, Launcher] | None = None
_shared_lock = threading.Lock()


def shared() -> Launcher:
    """This process's launcher, started at the first use and again if it has died."""
    global _shared
    with _shared_lock:
        if _shared is not None and _shared[0] == os.getpid():
            if _shared[1].alive:
                return _shared[1]
            _shared[1].close()
        _shared = (os.getpid(), Launcher())
        return _shared[1]


@atexit.register
def stop() -> None:
    """End this process's launcher, and every box that is still open."""
    global _shared
    with _shared_lock:
        if _shared is not None and _shared[0] == os.getpid():
            _shared[1].close()
        _shared = None


def _map_ids(pid: int) -> str:
    """Map this user's ids into the launchpad's user namespace; `all` or `one`."""
    user, group = os.geteuid(), os.getegid()
    ranges = [_subordinate(Path("/etc/subuid"), user), _subordinate(Path("/etc/subgid"), user)]
    tools = [shutil.which("newuidmap"), shutil.which("newgidmap")]
    if all(ranges) and all(tools):
        for tool, own, found in zip(tools, (user, group), ranges, strict=True):
            assert tool
            assert found
            arguments = [tool, str(pid), "0", str(own), "1", "1", str(found[0]), str(min(found[1], 65535))]
            if subprocess.run(arguments, capture_output=True, check=False).returncode != 0:
                break
        else:
            return "all"
    Path(f"/proc/{pid}/setgroups").write_text("deny")
    for name, own in (("uid_map", user), ("gid_map", group)):
        with suppress(PermissionError):  # the program above may have set one of the two
            Path(f"/proc/{pid}/{name}").write_text(f"0 {own} 1\n")
    return "one"


def _subordinate(file: Path, user: int) -> tuple[int, int] | None:
    """The user's range of at least 1,000 subordinate ids."""
    import pwd

    names = {str(user)}
    with suppress(KeyError):
        names.add(pwd.getpwuid(user).pw_name)
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            owner, first, count = line.split(":")
            if owner in names and int(count) >= 1000:
                return int(first), int(count)
    return None


def _unavailable(problem: str) -> EngineUnavailable:
    if os.geteuid() == 0:
        hint = "Root in a container needs --privileged (or CAP_SYS_ADMIN) for this; or use --engine docker."
    else:
        hint = (
            "This user may not make user namespaces. Allow it (sysctl kernel.unprivileged_userns_clone=1, "
            "user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0), run as root, or use "
            "--engine docker."
        )
    return EngineUnavailable(f"Boxes cannot be made on this machine: {problem}", hint=hint)
