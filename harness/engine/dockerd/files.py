"""Files of a running container: through /proc if its processes run on this machine, else through the daemon."""

from __future__ import annotations

import io
import os
import secrets
import select
import signal
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

import docker
from docker.errors import APIError

from harness.engine import rootpath
from harness.engine.daemon import daemon_errors
from harness.errors import EngineError

_LIST = """cd "$1" 2>/dev/null || exit 0
for f in *; do
  if [ -L "$f" ]; then printf '%s\\0%s\\0' "$f" "$(readlink "$f")"; elif [ -f "$f" ]; then printf '%s\\0\\0' "$f"; fi
done"""


class Files(Protocol):
    def put(self, source: Path, target: str) -> None: ...

    def read(self, path: str, limit: int) -> bytes | None: ...

    def read_halves(self, path: str, limit: int) -> tuple[bytes, int]:
        """The whole file if it has at most `limit` bytes, else its beginning and end; and how many bytes are left
        out."""
        ...

    def listing(self, folder: str) -> dict[str, str]:
        """As `Box.listing`."""
        ...

    def files_alone(self, folder: str) -> frozenset[str] | None:
        """As `Box.files_alone`."""
        ...

    def remove(self, path: str) -> None: ...

    def kill(self) -> bool:
        """Kill the container's first process and wait until all have ended; False if only the daemon can do that."""
        ...

    def close(self) -> None: ...


class ProcFiles:
    """Through /proc/PID/root: no round trip, no tool in the box, and no link leads out of it."""

    def __init__(self, root: int, process: int) -> None:
        self._root = root
        self._process = process

    def put(self, source: Path, target: str) -> None:
        try:
            rootpath.put(self._root, source, target)
        except OSError as error:
            raise EngineError(f"{source} cannot be copied to {target} in the box: {error.strerror}") from error

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            return rootpath.read(self._root, path, limit=limit)
        except OSError as error:
            raise EngineError(f"{path} cannot be read in the box: {error.strerror}") from error

    def read_halves(self, path: str, limit: int) -> tuple[bytes, int]:
        try:
            return rootpath.read_halves(self._root, path, limit=limit)
        except OSError as error:
            raise EngineError(f"{path} cannot be read in the box: {error.strerror}") from error

    def listing(self, folder: str) -> dict[str, str]:
        try:
            return rootpath.listing(self._root, folder)
        except OSError as error:
            raise EngineError(f"{folder} cannot be listed in the box: {error.strerror}") from error

    def files_alone(self, folder: str) -> frozenset[str] | None:
        return rootpath.files_alone(self._root, folder)

    def remove(self, path: str) -> None:
        with suppress(OSError):
            rootpath.remove(self._root, path)

    def kill(self) -> bool:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        gone = select.poll()
        gone.register(self._process, select.POLLIN)
        return bool(gone.poll(2000))

    def close(self) -> None:
        os.close(self._root)
        os.close(self._process)


def proc_files(pid: int, container: str) -> ProcFiles | None:
    """None if process `pid` of this machine is not the container's, or if we are not root there and here. Whose an
    ordinary user's daemon is has its containers' root for himself, and no way to the files of their other users."""
    if pid <= 0:
        return None
    opened: list[int] = []
    try:
        process = os.pidfd_open(pid)
        opened.append(process)
        proc = Path("/proc", str(pid))
        if container not in (proc / "mountinfo").read_text() + (proc / "cgroup").read_text():
            raise ProcessLookupError(pid)
        inside, outside, _count = (proc / "uid_map").read_text().split()[:3]
        if (inside, outside, os.geteuid()) != ("0", "0", 0):
            raise PermissionError(pid)
        opened.append(os.open(proc / "root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        rootpath.read(opened[1], "/")  # fails here on a kernel without openat2
        signal.pidfd_send_signal(process, 0)  # still the process that we examined
    except (OSError, ValueError, AttributeError):
        for descriptor in opened:
            os.close(descriptor)
        return None
    return ProcFiles(opened[1], process)


class DaemonFiles:
    """Through the daemon: for Docker Desktop, remote daemons and foreign user namespaces. Slower, same results."""

    def __init__(self, api: docker.APIClient, container: str) -> None:
        self._api = api
        self._container = container

    def put(self, source: Path, target: str) -> None:
        # First into a new folder, from there by the box's own cp: the daemon would replace links in the path of
        # `target`, and cannot see the mounts in memory.
        stage = f"/.foolsgold-{secrets.token_hex(6)}"
        clean = str(PurePosixPath("/", target))
        archive = io.BytesIO()
        with tarfile.open(mode="w", fileobj=archive) as tar:
            tar.add(source.resolve() if source.is_dir() else source, f"{stage[1:]}/x", filter=_as_root)
        with daemon_errors(f"Copying {source} into the box"):
            self._api.put_archive(self._container, "/", archive.getvalue())
        if source.is_dir():
            script = (
                'mkdir -p "$2"; cd "$1/x"; '
                'find . ! -type d -exec sh -c \'for f; do rm -f "$0/$f"; done\' "$2" {} +; '
                'cp -a . "$2/"'
            )
        else:
            script = 'mkdir -p "$(dirname "$2")" && rm -f "$2" 2>/dev/null; cp -a "$1/x" "$2"'
        status, output = self._exec(["/bin/sh", "-c", f'{script}; s=$?; rm -rf "$1"; exit $s', "sh", stage, clean])
        if status != 0:
            words = output.decode(errors="replace").strip()
            raise EngineError(f"{source} cannot be copied to {target} in the box: {words}")

    def read(self, path: str, limit: int) -> bytes | None:
        part = f"head -c {limit}" if limit >= 0 else f"tail -c {-limit}"
        return self._read(f'exec {part} "$1"', path)

    def read_halves(self, path: str, limit: int) -> tuple[bytes, int]:
        size = self._read('wc -c <"$1"', path)
        if size is None:
            return b"", 0
        whole = int(size.split()[0])
        if whole <= limit:
            return self.read(path, limit) or b"", 0
        head, tail = limit // 2, limit - limit // 2
        return (self.read(path, head) or b"") + (self.read(path, -tail) or b""), whole - limit

    def _read(self, script: str, path: str) -> bytes | None:
        status, output = self._exec(["/bin/sh", "-c", f'[ -f "$1" ] || exit 99; {script}', "sh", path])
        if status not in (0, 99):
            raise EngineError(f"{path} cannot be read in the box: {output.decode(errors='replace').strip()}")
        return None if status == 99 else output

    def listing(self, folder: str) -> dict[str, str]:
        _status, output = self._exec(["/bin/sh", "-c", _LIST, "sh", folder])
        words = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
        return dict(zip(words[::2], words[1::2], strict=False))

    def files_alone(self, _folder: str) -> frozenset[str] | None:
        return None

    def remove(self, path: str) -> None:
        self._exec(["/bin/rm", "-f", path])

    def kill(self) -> bool:
        with suppress(APIError):
            self._api.kill(self._container, signal=signal.SIGKILL)
        return True

    def close(self) -> None:
        pass

    def _exec(self, argv: list[str]) -> tuple[int, bytes]:
        with daemon_errors("Reaching into the box"):
            created = self._api.exec_create(self._container, argv, user="0", workdir="/")
            output = self._api.exec_start(created["Id"])
            status = self._api.exec_inspect(created["Id"])["ExitCode"]
        return (status if status is not None else -1), output


def put_before_start(api: docker.APIClient, container: str, files: Sequence[tuple[Path, str]]) -> None:
    """Copy files and folders into a container that has not started yet."""
    archive = io.BytesIO()
    with tarfile.open(mode="w", fileobj=archive) as tar:
        for source, target in files:
            tar.add(
                source.resolve() if source.is_dir() else source, str(PurePosixPath("/", target))[1:], filter=_as_root
            )
    with daemon_errors("Copying files into the box"):
        api.put_archive(container, "/", archive.getvalue())


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
