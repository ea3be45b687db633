"""How JSON quotes: strings, of which several may make up one text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mutator.model import Edit, Window
from mutator.spelling.window import Parent, WindowBuilder


@dataclass(frozen=True, slots=True)
class JsonString:
    def __call__(self, window: Window, edit: Edit) -> str:
        return json.dumps(edit.new, ensure_ascii=False)[1:-1]


_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")


def json_strings_window(parent: Parent, spans: Sequence[tuple[int, int]]) -> Window | None:
    """The text that string literals (their spans with quotes) make up when they are joined."""
    builder = WindowBuilder(parent)
    for start, end in spans:
        builder.zone(JsonString(), start + 1)
        position = start + 1
        for match in _ESCAPE.finditer(parent.text, start + 1, end - 1):
            builder.plain(position, match.start())
            builder.escape(json.loads(f'"{match[0]}"'), match.start(), match.end())
            position = match.end()
        builder.plain(position, end - 1)
    return builder.window() if spans else None
