"""One request to an endpoint: sent, read within bounds, and sent again where that may help. The only user of httpx."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.errors import UsageError
from harness.proposals.endpoint import Endpoint
from harness.proposals.reply import MOST_BYTES, BadReply, Events, Reply, error_of, whole_reply
from harness.proposals.spending import NOTHING, Purse, Tokens, estimated_tokens
from harness.untrusted import clip, visible

if TYPE_CHECKING:
    import httpx

TRIES = 5
WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try, where the endpoint asks for no other."""
PATIENCE = 300.0
"""An endpoint that wants a longer pause than this is left alone: a later call goes on."""
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_FOR_ALL = frozenset({401, 402, 403, 404, 405})
"""Statuses that say the same to every request."""
_NO_MORE = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_ERROR_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. Its digest names it; the endpoint's address and how the answer comes are no part of it."""

    digest: str
    body: Mapping[str, Any]
    most: Tokens
    """The prompt by estimate, and the longest answer that it asks for."""


@dataclass(frozen=True, slots=True)
class Answered:
    reply: Reply
    tokens: Tokens
    tries: int
    seconds: float


class Unanswered(Exception):
    """`for_all`: no other request would fare better, so none is sent. `spared`: it was not sent, for want of budget."""

    def __init__(self, reason: str, *, for_all: bool = False, spared: bool = False, used: Tokens = NOTHING) -> None:
        super().__init__(reason)
        self.reason, self.for_all, self.spared, self.used = reason, for_all, spared, used


class _Again(Exception):
    def __init__(self, reason: str, wait: float | None = None, used: Tokens = NOTHING) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.used = reason, wait, used


class Asker:
    """Asks one endpoint, with a pause for all requests where it asks one of them for it."""

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient, purse: Purse) -> None:
        self._endpoint, self._client, self._purse = endpoint, client, purse
        self._pause_until = 0.0

    async def ask(self, request: Request) -> Answered:
        """Raises Unanswered."""
        begun = time.monotonic()
        reason = ""
        for number in range(TRIES):
            await self._pause()
            if not await self._purse.hold(request.most):
                raise Unanswered(_but_tried("the budget has no room for a request", reason), spared=True)
            used = NOTHING
            try:
                reply = await self._once(request)
                used = self._used(request, reply)
                return Answered(reply, used, number + 1, time.monotonic() - begun)
            except _Again as error:
                used, reason = error.used, error.reason
                wait = error.wait
            except Unanswered as error:
                used = error.used
                raise
            except asyncio.CancelledError:
                used = self._estimate(request, "")
                raise
            finally:
                await self._purse.pay(request.most, used)
            if number < TRIES - 1:
                await self._wait(wait, number, reason)
        raise Unanswered(f"{reason}; tried {TRIES} times")

    async def _pause(self) -> None:
        while (left := self._pause_until - time.monotonic()) > 0:
            await asyncio.sleep(left)

    async def _wait(self, wanted: float | None, number: int, reason: str) -> None:
        if wanted is None:
            await asyncio.sleep(WAITS[min(number, len(WAITS) - 1)])
            return
        if wanted > PATIENCE:
            raise Unanswered(f"{reason}; it wants a pause of {wanted:.0f} s", for_all=True)
        self._pause_until = max(self._pause_until, time.monotonic() + wanted)

    def _used(self, request: Request, reply: Reply) -> Tokens:
        return reply.tokens or self._estimate(request, reply.text)

    def _estimate(self, request: Request, text: str) -> Tokens:
        return Tokens(request.most.prompt, estimated_tokens(text), estimated=True)

    async def _once(self, request: Request) -> Reply:
        import httpx

        events = Events()
        try:
            async with asyncio.timeout(self._endpoint.seconds):
                reply = await self._answer(request, events)
        except TimeoutError as error:
            reason = f"no whole answer within {self._endpoint.seconds:g} s"
            raise _Again(reason, used=self._estimate(request, events.text)) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Again(f"no connection: {self._said(str(error))}") from error
        except httpx.TransportError as error:
            reason = f"the connection was lost: {self._said(str(error) or type(error).__name__)}"
            raise _Again(reason, used=self._estimate(request, events.text)) from error
        except BadReply as error:
            reason = f"the answer cannot be used: {self._said(error.reason)}"
            if error.code in _NO_MORE:
                raise Unanswered(reason, for_all=True) from error
            used = self._estimate(request, events.text)
            if not error.again:
                raise Unanswered(reason, used=used) from error
            raise _Again(reason, used=used) from error
        return replace(reply, text=self._endpoint.hide(reply.text), refusal=self._endpoint.hide(reply.refusal))

    async def _answer(self, request: Request, events: Events) -> Reply:
        body = dict(request.body)
        if self._endpoint.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        headers = {
            "Accept": "text/event-stream, application/json" if self._endpoint.stream else "application/json",
            "Accept-Encoding": "identity",  # so that a small answer cannot become a huge one
            "Content-Type": "application/json",
            "User-Agent": f"foolsgold/{__version__}",
        }
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        data = json.dumps(body, ensure_ascii=True).encode()
        url = f"{self._endpoint.url}/chat/completions"
        async with self._client.stream("POST", url, content=data, headers=headers) as response:
            if response.status_code != 200:
                await self._refuse(response)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise BadReply("it is compressed, which was not asked for")
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind == "text/event-stream":
                async for part in response.aiter_raw():
                    events.feed(part)
                    if events.ended:
                        break
                return events.reply()
            if kind != "application/json":
                raise BadReply(f"its content type is {kind or 'not said'}")
            return whole_reply(await _bounded(response, MOST_BYTES))

    async def _refuse(self, response: httpx.Response) -> None:
        status = response.status_code
        if 300 <= status < 400:
            raise Unanswered(f"status {status}: it points elsewhere, and the key goes nowhere else", for_all=True)
        with contextlib.suppress(BadReply):
            code, message = error_of(await _bounded(response, _ERROR_BYTES))
            reason = f"status {status}: {self._said(message)}".rstrip(": ")
            if status in _FOR_ALL or code in _NO_MORE:
                raise Unanswered(reason, for_all=True)
            if status in _AGAIN:
                raise _Again(reason, wait=asked_pause(response.headers.get("retry-after", "")))
            raise Unanswered(reason)
        raise Unanswered(f"status {status}, with a very long text")

    def _said(self, text: str) -> str:
        return clip(visible(self._endpoint.hide(text)).strip(), 300)


@asynccontextmanager
async def asker(endpoint: Endpoint, purse: Purse) -> AsyncIterator[Asker]:
    """Raises UsageError where the library is not there."""
    try:
        import httpx
    except ImportError as error:
        raise UsageError("Asking a model needs httpx.", hint="Install it: pip install 'foolsgold[model]'.") from error
    limits = httpx.Limits(max_connections=endpoint.at_once)
    timeout = httpx.Timeout(endpoint.seconds, connect=min(15.0, endpoint.seconds), pool=None)
    try:
        client = httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False)
    except (ImportError, ValueError) as error:  # its own words may hold the proxy's password
        raise UsageError(
            "The proxy that the environment names cannot be used.",
            hint="Look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY.",
        ) from error
    async with client:
        yield Asker(endpoint, client, purse)


async def _bounded(response: httpx.Response, most: int) -> bytes:
    found = bytearray()
    async for part in response.aiter_raw():
        found += part
        if len(found) > most:
            raise BadReply(f"it is longer than {most / (1 << 20):g} MB")
    return bytes(found)


def asked_pause(text: str, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After, which is a number or a date; None where it says nothing that can be read."""
    text = text.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def _but_tried(reason: str, before: str) -> str:
    return f"{reason}, after: {before}" if before else reason
