"""The way out of this machine for a box's connections: names are asked for here, and connections made from here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from harness.engine.lists.reach import Address, Reach, address_in

_SECONDS = 10.0
_names: dict[str, str] = {}
_servers: dict[str, tuple[str, int]] = {}


@contextmanager
def standing_for(name: str, address: str, server: tuple[str, int]) -> Iterator[None]:
    """Meanwhile that name has that address only, and whoever calls the address, at any port, gets that server of this
    process. For checks, which have no host outside to call."""
    _names[name], _servers[address] = address, server
    try:
        yield
    finally:
        del _names[name], _servers[address]


async def addresses_of(name: str) -> list[str]:
    """[] where this machine finds none."""
    if name in _names:
        return [_names[name]]
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(loop.getaddrinfo(name, 0, type=socket.SOCK_STREAM), _SECONDS)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def connect(address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises OSError."""
    return await asyncio.wait_for(asyncio.open_connection(*_servers.get(address, (address, port))), _SECONDS)


def refusal(address: Address, reach: Reach) -> str:
    """Why no box may reach this address, whatever names it; '' where one may."""
    if address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast:
        return "it is at an address of this machine or this link"
    if not address.is_global and not reach.names(address):
        return "it is at a private address, which the list does not name"
    return "it is at an address of this machine" if _own(address) else ""


def _own(address: Address) -> bool:
    """Only an address of this machine can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False


async def allowed_addresses(host: str, reach: Reach) -> tuple[list[str], str]:
    """(where a host may be reached, why nowhere)."""
    literal = address_in(host)
    found = [host] if literal is not None else await addresses_of(host)
    why = "this machine finds no such name"
    fine = []
    for text in found:
        address = address_in(text)
        refused = refusal(address, reach) if address is not None else why
        if refused:
            why = refused
        else:
            fine.append(text)
    return fine, "" if fine else why
