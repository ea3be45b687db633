"""Packs values into a block of text without markup characters: JSON, deflated, in base 85."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

from harness.untrusted import shown


def packed(value: Any) -> str:
    text = _json(value)
    if not text.isprintable() or _CONTROL.search(text):
        text = _json(clean(value))
    data = base64.b85encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
    return data.translate(_SAFE)


_CONTROL = re.compile(r"\\[rbfu]")
"""JSON's escapes of unprintable characters, except tab and line end."""

_SAFE = str.maketrans("<&", ",.")
"""Base 85 uses two characters that have a meaning in markup; these replace them."""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def clean(value: Any) -> Any:
    """The same value with safe texts: nothing in them reorders a line or cannot be encoded."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return value


_PLAIN = str.maketrans({"\n": " ", "\t": " "})


def clean_text(text: str) -> str:
    if text.translate(_PLAIN).isprintable():
        return text
    return shown(text.replace("\r\n", "\n"))
