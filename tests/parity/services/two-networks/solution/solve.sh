#!/bin/bash
set -e
mkdir -p /app
python3 - > /app/said.txt <<'END'
import socket
with socket.create_connection(("counter", 4000), 5) as s:
    s.sendall(b"open\n")
    print(s.makefile().readline().strip())
END
