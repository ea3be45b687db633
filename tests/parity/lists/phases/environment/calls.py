"""Calls hosts that no list here names, and prints what comes of it."""

import socket


def call(host, port, data):
    try:
        with socket.create_connection((host, port), 5) as called:
            called.sendall(data)
            return called.recv(99) or b"nothing"
    except OSError:
        return b"nothing"


for host, port, data in (
    ("198.51.100.7", 80, b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n"),
    ("198.51.100.7", 443, b"\x00raw"),
    ("other.example", 80, b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n"),
    ("below.example", 80, b"GET / HTTP/1.1\r\nHost: below.example\r\n\r\n"),
    ("169.254.169.254", 80, b"GET / HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n"),
):
    print(host, port, call(host, port, data).decode())
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
    other.settimeout(1)
    try:
        other.connect(("198.51.100.7", 53))
        other.send(b"anything")
        print("datagrams", other.recv(99).decode())
    except OSError:
        print("datagrams", "nothing")
with socket.create_server(("127.0.0.1", 0)) as own:
    socket.create_connection(own.getsockname(), 5).close()
    print("itself", "here")
