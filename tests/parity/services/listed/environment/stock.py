import socket
from http.server import BaseHTTPRequestHandler, HTTPServer


def call(host, port, data):
    try:
        with socket.create_connection((host, port), 5) as called:
            called.sendall(data)
            return called.recv(99) or b"nothing"
    except OSError:
        return b"nothing"


class Stock(BaseHTTPRequestHandler):
    """Knows one number, and calls for others hosts that are on no list."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path == "/bolts":
            self.wfile.write(b"41\n")
            return
        self.wfile.write(call("198.51.100.7", 80, b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n") + b"\n")
        self.wfile.write(call("below.example", 80, b"GET / HTTP/1.1\r\nHost: below.example\r\n\r\n") + b"\n")
        self.wfile.write(call("198.51.100.7", 443, b"\x00raw") + b"\n")


HTTPServer(("", 8000), Stock).serve_forever()
