"""Statements of SQLite over the network: `--serve`, or the statements to be run and their rows to be printed."""

import json
import socket
import socketserver
import sqlite3
import sys
from pathlib import Path


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            with sqlite3.connect("/var/lib/db/db.sqlite") as db:
                rows = db.execute(json.loads(line)).fetchall()
            self.wfile.write(json.dumps(rows).encode() + b"\n")


if sys.argv[1:] == ["--serve"]:
    with socketserver.TCPServer(("", 5432), Session) as server:
        Path("/tmp/up").touch()
        server.serve_forever()
with socket.create_connection(("db", 5432), 5) as called, called.makefile() as answers:
    for statement in sys.argv[1:]:
        called.sendall(json.dumps(statement).encode() + b"\n")
        for row in json.loads(answers.readline()):
            print(*row, sep="|")
