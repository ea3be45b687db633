"""A server of our own that speaks chat completions, well or badly, as each test has it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Exchanged"], None]


@dataclass
class Exchanged:
    """A request as it came, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    def send(self, data: bytes, *, kind: str = "application/json", status: int = 200, **headers: str) -> None:
        self.begin(kind, status, length=len(data), **headers)
        self.write(data)

    def begin(self, kind: str, status: int = 200, *, length: int | None = None, **headers: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        if length is not None:
            self.handler.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.close_connection = True

    def write(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass
class Served:
    url: str
    seen: list[Exchanged] = field(default_factory=list)


@contextmanager
def serving(*answers: Answer) -> Iterator[Served]:
    """The first request gets the first answer, and so on; the last is for all that follow."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            each = Exchanged(self, self.path, dict(self.headers), json.loads(data))
            with lock:
                number = len(served.seen)
                served.seen.append(each)
            try:
                answers[min(number, len(answers) - 1)](each)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    served = Served(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- answers that are some


def events(*documents: Any, done: bool = True) -> bytes:
    data = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in documents)
    return data + (b"data: [DONE]\n\n" if done else b"")


def piece(text: str | None = None, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    delta = {"content": text, **delta} if text is not None else delta
    return {"model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
LAST = {"model": "m-1", "choices": [], "usage": USAGE}


def completion(text: str | None, *, finish: str = "stop", usage: Any = USAGE, **message: Any) -> bytes:
    return json.dumps(
        {
            "model": "m-1",
            "choices": [{"index": 0, "message": {"content": text, **message}, "finish_reason": finish}],
            "usage": usage,
        }
    ).encode()


def streamed(text: str | Callable[[Exchanged], str]) -> Answer:
    """As a stream of small pieces, as models answer."""

    def answer(each: Exchanged) -> None:
        said = text if isinstance(text, str) else text(each)
        parts = [said[at : at + 7] for at in range(0, len(said), 7)]
        each.begin("text/event-stream; charset=utf-8")
        each.write(b": so that the connection stays\n\n")
        each.write(events(piece(role="assistant"), *map(piece, parts), piece(finish="stop"), LAST))

    return answer


def plain(text: str | Callable[[Exchanged], str]) -> Answer:
    return lambda each: each.send(completion(text if isinstance(text, str) else text(each)))


def status(number: int, message: str = "no", code: str = "", **headers: str) -> Answer:
    data = json.dumps({"error": {"message": message, "code": code}}).encode()
    return lambda each: each.send(data, status=number, **headers)


def mark(prompt: str) -> str:
    """With which the lines begin that part an answer, as the prompt says."""
    found = re.search(r"Lines that begin with (\S+)", prompt)
    assert found is not None
    return found[1]


def candidate(prompt: str, files: dict[str, str], *, breaks: str = "", what: str = "It differs.") -> str:
    m = mark(prompt)
    fields = [f"breaks: {breaks}"] if breaks else []
    told = [line for name, text in files.items() for line in (f"{m} file {name}", text.removesuffix("\n"))]
    return "\n".join([f"{m} candidate", *fields, f"what: {what}", *told, f"{m} end", ""])


def candidates(*made: dict[str, Any]) -> Callable[[Exchanged], str]:
    """What a model answers that keeps to the form."""
    return lambda each: "\n".join(candidate(each.prompt, **one) for one in made)


def in_turn(answers: Sequence[Answer]) -> Answer:
    """Each request gets one of them, in the order in which they come."""
    left, lock = list(answers), threading.Lock()

    def answer(each: Exchanged) -> None:
        with lock:
            one = left.pop(0)
        one(each)

    return answer
