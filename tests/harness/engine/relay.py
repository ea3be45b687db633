"""A daemon that can be killed without harm to the real one: a process that passes a socket's bytes on to it."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress


def serve(own: str, real: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(own)
        listening.listen(64)
        print("ready", flush=True)
        while True:
            client, _ = listening.accept()
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(real)
            for pair in ((client, daemon), (daemon, client)):
                threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
