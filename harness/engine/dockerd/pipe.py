"""The pipe to a container's shell: a socket that the daemon hijacked for it."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

from harness.engine.shell import ShellGone

_HEADER = struct.Struct(">BxxxL")


class SocketPipe:
    """`harness.engine.shell.Pipe` over an attached or exec socket. Without a terminal the daemon wraps everything the
    container writes in frames: one byte for the stream, three unused, four for the length, then the data."""

    def __init__(self, hijacked: Any) -> None:
        self._hijacked = hijacked  # keeps the HTTP response that owns the socket alive
        self._socket: socket.socket = getattr(hijacked, "_sock", hijacked)
        self._wire = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, data: bytes, deadline: float) -> None:
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            raise ShellGone("The shell that drives the box is gone.") from error

    def receive(self) -> bytes | None:
        self._socket.settimeout(None)
        try:
            data = self._socket.recv(1 << 16)
            while pending := getattr(self._socket, "pending", int)():  # TLS: already read, so poll does not see it
                data += self._socket.recv(pending)
        except OSError:
            return b""
        if not data:
            return b""
        self._wire += data
        payload = b""
        while len(self._wire) >= _HEADER.size:
            _stream, length = _HEADER.unpack_from(self._wire)
            end = _HEADER.size + length
            if len(self._wire) < end:
                break
            payload += self._wire[_HEADER.size : end]
            self._wire = self._wire[end:]
        return payload or None

    def close(self) -> None:
        self._socket.close()
        self._hijacked.close()
