"""Every prompt with its answer, a file each by the digest of the request: what was answered once is not asked again."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.proposals.reply import Reply
from harness.proposals.spending import Tokens
from harness.untrusted import visible

SCHEMA = "foolsgold.exchange/1"


@dataclass(frozen=True, slots=True)
class Exchange:
    request: Mapping[str, Any]
    sample: int
    url: str
    reply: Reply
    tokens: Tokens
    asked_at: str = ""

    @property
    def digest(self) -> str:
        return request_digest(self.request, self.sample)

    @property
    def answer_digest(self) -> str:
        return hashlib.sha256(self.reply.text.encode()).hexdigest()


def request_digest(request: Mapping[str, Any], sample: int) -> str:
    """`sample` tells requests apart that ask the same in the same words, for another answer."""
    text = json.dumps({"request": request, "sample": sample}, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Exchanges:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, exchange: Exchange) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        reply = asdict(exchange.reply)
        del reply["tokens"]
        document = {
            "schema": SCHEMA,
            "request_sha256": exchange.digest,
            "sample": exchange.sample,
            "url": exchange.url,
            "asked_at": exchange.asked_at,
            "request": exchange.request,
            "answer_sha256": exchange.answer_digest,
            "answer": reply,
            "tokens": asdict(exchange.tokens),
        }
        write_whole(self._path(exchange.digest), json.dumps(document, indent=1, ensure_ascii=True) + "\n")

    def get(self, digest: str) -> Exchange | None:
        """Raises UsageError where what is there is not what was stored."""
        path = self._path(digest)
        try:
            found = json.loads(path.read_bytes())
            exchange = Exchange(
                found["request"],
                found["sample"],
                found["url"],
                Reply(**found["answer"]),
                Tokens(**found["tokens"]),
                found["asked_at"],
            )
            whole = exchange.digest == digest and exchange.answer_digest == found["answer_sha256"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            whole = False
        if not whole:
            raise UsageError(
                f"{visible(str(path))} is not the exchange that was stored there.",
                hint="Its digests do not fit. Put it back as it was, or remove it to have it asked again.",
            )
        return exchange

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"


def write_whole(path: Path, text: str) -> None:
    """At once or not at all, also where the process ends meanwhile."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
