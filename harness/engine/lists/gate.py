"""The only way out of a box with a list: a resolver and a relay, in a thread of this process.

Their sockets were made in the box's network namespace (`walls`), the connections that they make are this machine's own
(`outside`). A name is asked for and called from here, so a box that lies about a name reaches the named host all the
same, or none.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, cast

from harness.engine.lists import dns, outside, walls
from harness.engine.lists.opening import MOST, Opening, opening
from harness.engine.lists.reach import MOST as MOST_ASKED
from harness.engine.lists.reach import NO_TCP, NOT_LISTED, Asked, Reach, address_in, plain

T = TypeVar("T")

_SECONDS_TO_SAY = 5.0
"""As long as Harbor's own relay waits for a connection to say what it is."""
_CONNECTIONS = 256
"""At once, of one box."""
_NAMES = 4
"""Looked up at once for one box, so that none holds up the others."""
_SO_ORIGINAL_DST = 80
_CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Gatekeeper:
    """Thread-safe. Of one box, or of all boxes of a group."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._loop = _running_loop()
        self._asked: dict[Asked, None] = {}
        self._counted: list[tuple[int, Callable[[int], str]]] = []
        self._servers: list[asyncio.Server] = []
        self._resolvers: list[asyncio.DatagramTransport] = []
        self._looking_up = asyncio.Semaphore(_NAMES)
        self._connections: dict[asyncio.Task[None], str] = {}
        """With the host that each goes to; '' until that is known."""

    def serve(self, tcp: socket.socket, udp: socket.socket, namespace: int, counted: Callable[[int], str]) -> None:
        """Takes the sockets over. `namespace`: a descriptor of theirs; `counted`: what `walls.COUNTED` prints there."""
        self._counted.append((os.dup(namespace), counted))
        self._do(self._serve(tcp, udp))

    def allow(self, reach: Reach) -> None:
        """From now on; connections to hosts that may no longer be reached end."""
        self._do(self._allow(reach))

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What the kernel refused comes last."""
        refused = dict.fromkeys(how for each, counted in self._counted for how in walls.refused(counted(each)))
        return (*self._asked, *(Asked("", 0, how, let=False, why=NO_TCP) for how in refused))

    def close(self) -> None:
        while self._counted:
            os.close(self._counted.pop()[0])
        if self._loop.is_running():
            self._do(self._close())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, tcp: socket.socket, udp: socket.socket) -> None:
        self._servers.append(await asyncio.start_server(self._accept, sock=tcp, limit=2 * MOST))
        transport, _ = await self._loop.create_datagram_endpoint(lambda: _Resolver(self), sock=udp)
        self._resolvers.append(transport)

    async def _allow(self, reach: Reach) -> None:
        self._reach = reach
        for task, host in self._connections.items():
            if not host or not reach.lets(host):
                task.cancel()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for resolver in self._resolvers:
            resolver.abort()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _note(self, host: str, port: int, how: str, why: str = "") -> None:
        asked = Asked(_shown(host), port, how, not why, why)
        if len(self._asked) < MOST_ASKED:
            self._asked.setdefault(asked)

    # Names

    async def resolve(self, data: bytes) -> bytes | None:
        asked = dns.question(data)
        if asked is None:
            return None
        reach = self._reach
        if not reach.lets(asked.name):
            self._note(asked.name, 0, "dns", NOT_LISTED)
            return dns.no_such_name(asked)
        if not asked.wants_an_address:
            return dns.answer(asked, ())
        async with self._looking_up:
            addresses, why = await outside.allowed_addresses(asked.name, reach)
        self._note(asked.name, 0, "dns", why)
        if not addresses:
            return dns.no_such_name(asked)
        return dns.answer(asked, [each for each in addresses if ":" not in each])

    # Connections

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._connections) < _CONNECTIONS:
                self._connections[task] = ""
                await self._connection(task, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the box, or who it talked to, has gone
        except asyncio.CancelledError:
            pass  # ended by us: nothing waits for this task
        finally:
            self._connections.pop(task, None)
            with suppress(OSError, RuntimeError):
                writer.transport.abort()

    async def _connection(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        target = _called(writer)
        if target is None:
            return
        address, port = target
        if (address, port) == (walls.RESOLVER, 53):
            await self._resolve_all(reader, writer)
            return
        first, said = await _first_bytes(reader)
        if said.how == "connect" and not said.broken:
            if self._refused(said.host, said.port, "connect"):
                return
            address, port = said.host, said.port
            writer.write(_CONNECTED)
            first, said = await _first_bytes(reader, first[said.length :])
        how, host = (said.how, said.host) if said.host else ("address", address)
        if said.broken:
            self._note(host, port, said.how, said.broken)
            return
        if self._refused(host, port, how):
            return
        self._connections[task] = host
        async with self._looking_up:
            addresses, why = await outside.allowed_addresses(host, self._reach)
        self._note(host, port, how, why)
        for each in addresses:
            with suppress(OSError):
                there = await outside.connect(each, port)
                break
        else:
            return
        try:
            there[1].write(first)
            await _both_ways(reader, writer, *there)
        finally:
            there[1].transport.abort()

    def _refused(self, host: str, port: int, how: str) -> bool:
        if self._reach.lets(host):
            return False
        self._note(host, port, how, NOT_LISTED)
        return True

    async def _resolve_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length,) = struct.unpack(">H", await reader.readexactly(2))
            said = await self.resolve(await reader.readexactly(length))
            if said is None:
                return
            writer.write(struct.pack(">H", len(said)) + said)
            await writer.drain()


class _Resolver(asyncio.DatagramProtocol):
    def __init__(self, gate: Gatekeeper) -> None:
        self._gate = gate
        self._transport: asyncio.DatagramTransport | None = None
        self._answering: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._answering) < _CONNECTIONS:
            task = asyncio.ensure_future(self._answer(data, addr))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        said = await self._gate.resolve(data)
        if said is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(said, addr)


async def _first_bytes(reader: asyncio.StreamReader, data: bytes = b"") -> tuple[bytes, Opening]:
    """What a connection begins with, and what that says."""
    said = opening(data) if data else None
    try:
        async with asyncio.timeout(_SECONDS_TO_SAY):
            while said is None:
                more = await reader.read(MOST)
                data += more
                said = opening(data, ended=not more)
    except TimeoutError:
        said = opening(data, ended=True)
    assert said is not None
    return data, said


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(MOST):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()


def _called(writer: asyncio.StreamWriter) -> tuple[str, int] | None:
    """The address that the box called; None if it was the relay's own."""
    theirs = writer.get_extra_info("socket")
    try:
        raw = theirs.getsockopt(socket.SOL_IP, _SO_ORIGINAL_DST, 16)
    except OSError:
        return None
    address, port = socket.inet_ntoa(raw[4:8]), int.from_bytes(raw[2:4])
    return None if (address, port) == writer.get_extra_info("sockname")[:2] else (address, port)


def _shown(host: str) -> str:
    address = address_in(host)
    return str(address) if address is not None else plain(host)[:253].encode("ascii", "backslashreplace").decode()


_loops: dict[int, asyncio.AbstractEventLoop] = {}
"""Of each process, whose threads do not go on in its children."""
_lock = threading.Lock()


def _running_loop() -> asyncio.AbstractEventLoop:
    with _lock:
        if os.getpid() not in _loops:
            loop = asyncio.new_event_loop()
            loop.set_default_executor(ThreadPoolExecutor(_NAMES * 8, thread_name_prefix="foolsgold-names"))
            threading.Thread(target=loop.run_forever, name="foolsgold-gates", daemon=True).start()
            _loops[os.getpid()] = loop
        return _loops[os.getpid()]
