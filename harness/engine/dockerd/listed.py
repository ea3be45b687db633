"""A container's network namespace with a list: nothing leads out of it but the gate.

The container has no network of the daemon's. Its namespace is entered through /proc, so the daemon has to run here.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker

from harness.engine.daemon import Daemon
from harness.engine.dockerd.files import put_before_start
from harness.engine.lists import walls
from harness.engine.lists.gate import Gatekeeper
from harness.errors import EngineError

_CLONE_NEWNET = 0x40000000
_SECONDS = 20
_libc = ctypes.CDLL(None, use_errno=True)


def no_lists(daemon: Daemon) -> str:
    """Why no container's network can keep to a list here and what to do, in one sentence; '' where one can."""
    if not daemon.local or os.geteuid() != 0:
        return (
            "The docker engine keeps to a list of hosts only as root, with the daemon of this machine: use --engine "
            "bwrap."
        )
    return walls.no_tools()


def name_resolver(api: docker.APIClient, container: str) -> None:
    """Before it starts. Podman names none in a container that it gives no network."""
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
        file = Path(folder, "resolv.conf")
        file.write_text(f"nameserver {walls.RESOLVER}\n")
        file.chmod(0o644)
        put_before_start(api, container, [(file, "/etc/resolv.conf")])


def put_behind(gate: Gatekeeper, pid: int) -> None:
    """Let the gate be the only way out for the namespace of process `pid`, which has a loopback and nothing else."""
    try:
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise EngineError(f"A box's list of hosts could not be kept: {error}", hint="Use --engine bwrap.") from error
    try:
        # A thread of its own goes there, and does not come back.
        with ThreadPoolExecutor(1) as thread:
            tcp, udp = thread.submit(_listeners, namespace).result()
        rules = walls.rules(tcp, udp)
        gate.serve(tcp, udp, namespace, lambda each: _run(each, walls.COUNTED))
        _run(namespace, ["ip", "-batch", "-"], "\n".join(walls.links()) + "\n")
        _run(namespace, ["iptables-restore", "-w", "--noflush"], rules)
    except OSError as error:
        raise EngineError(f"A box's list of hosts could not be kept: {error}") from error
    finally:
        os.close(namespace)


def _listeners(namespace: int) -> tuple[socket.socket, socket.socket]:
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return walls.listeners()


def _run(namespace: int, command: Sequence[str], text: str = "") -> str:
    entered = ["nsenter", f"--net=/proc/self/fd/{namespace}", "--", *command]
    try:
        ran = subprocess.run(
            entered, input=text, capture_output=True, text=True, pass_fds=(namespace,), timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"A box's list of hosts could not be kept: {error}") from error
    if ran.returncode != 0:
        raise EngineError(
            f"A box's list of hosts could not be kept: {' '.join(command)} said {ran.stderr.strip() or ran.returncode}",
            hint="Root needs CAP_NET_ADMIN for this. Or use --engine bwrap.",
        )
    return ran.stdout
