"""Who is asked: an endpoint's address, its model and its key. The key is in no text that this program writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.errors import UsageError
from harness.untrusted import visible

MODEL, URL, KEY = "FOOLSGOLD_MODEL", "FOOLSGOLD_MODEL_URL", "FOOLSGOLD_MODEL_KEY"
"""Environment variables. Those of other programs are not read: a key for one endpoint would go to another."""
HIDDEN = "[key]"
SHORTEST_SECRET = 12
"""Characters. What is shorter is a placeholder, such as `EMPTY` or `none`, for servers that want some key and look at
none; it may well be a word of an answer."""
_LONGEST_KEY = 8192


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` is the base address, such as https://host/v1."""

    url: str
    key: str = field(default="", repr=False)
    stream: bool = True
    seconds: float = 600.0
    """How long one answer may take, from its request to its end."""
    at_once: int = 4

    def hide(self, text: str) -> str:
        """What the endpoint said, without the key, which some repeat in their messages."""
        return text.replace(self.key, HIDDEN) if len(self.key) >= SHORTEST_SECRET else text

    @property
    def unprotected(self) -> bool:
        """The key goes over a network as plain text."""
        parts = urlsplit(self.url)
        return bool(self.key) and parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def named_model(setting: str | None, environ: Mapping[str, str]) -> str:
    model = setting or environ.get(MODEL, "")
    if not model:
        raise UsageError("No model is named.", hint=f"Name one with --model, or set {MODEL}.")
    return model


def named_url(flag: str | None, environ: Mapping[str, str]) -> str:
    url = flag or environ.get(URL, "")
    if not url:
        raise UsageError("No endpoint is named.", hint=f"Name one with --model-url https://HOST/v1, or set {URL}.")
    wanted = "Write the base address alone, such as https://HOST/v1; the key has a place of its own."
    try:
        parts = urlsplit(url)
        bare = parts.hostname and (parts.port or 1) and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        bare = False
    if not bare or parts.scheme not in ("http", "https") or not url.isascii() or not url.isprintable() or " " in url:
        # Whatever else stands in it may be a key.
        raise UsageError("The endpoint's address is none that can be asked.", hint=wanted)
    return url.rstrip("/")


def named_key(file: Path | None, environ: Mapping[str, str]) -> str:
    """'' where there is none: endpoints on one's own machine need none."""
    if file is None:
        return _fit_key(environ.get(KEY, ""), KEY)
    try:
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_KEY + 1).decode("ascii", "replace")
    except OSError as error:
        raise UsageError(f"The key's file {visible(str(file))} cannot be read: {error.strerror}.") from error
    if not text.strip():
        raise UsageError(f"The key's file {visible(str(file))} is empty.", hint="Write the key into it, on one line.")
    return _fit_key(text, visible(str(file)))


def _fit_key(text: str, where: str) -> str:
    key = text.strip()
    if len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            f"What {where} holds is no key.", hint="A key is one line of printable ASCII without white space."
        )
    return key


def options(given: Mapping[str, str]) -> Mapping[str, Any]:
    """Further fields of every request: JSON where it is some, else text."""
    found: dict[str, Any] = {}
    for name, text in given.items():
        if name in ("model", "messages", "stream", "stream_options", "n", "tools", "functions"):
            raise UsageError(
                f"--model-option {name} is no option of a model here.",
                hint="Options are fields such as temperature, top_p, reasoning_effort and max_completion_tokens.",
            )
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError):
            found[name] = text
    return found
