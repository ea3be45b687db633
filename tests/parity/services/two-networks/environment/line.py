"""Answers each connection's line with the line and `!`, or with what another such server says to it."""

import socket
import sys
from pathlib import Path

port, *further = sys.argv[1:]
with socket.create_server(("", int(port))) as server:
    Path("/tmp/up").touch()
    while True:
        caller, _ = server.accept()
        with caller:
            line = caller.makefile().readline().encode()
            if further:
                host, _, other = further[0].partition(":")
                with socket.create_connection((host, int(other)), 5) as called:
                    called.sendall(line)
                    line = called.makefile().readline().encode()
            else:
                line = line.strip() + b"!\n"
            caller.sendall(line)
