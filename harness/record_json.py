"""Trial records back from JSON, by the types of their fields."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from harness.record import TrialRecord


def record_from_json(data: Mapping[str, Any]) -> TrialRecord:
    built = _build(TrialRecord, data)
    assert isinstance(built, TrialRecord)
    return built


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _build(kind: Any, value: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        chosen = [each for each in typing.get_args(kind) if each is not type(None)]
        return None if value is None else _build(chosen[0], value) if len(chosen) == 1 else value
    if origin is tuple:
        inner = typing.get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_build(inner[0], each) for each in value)
        return tuple(_build(each, part) for each, part in zip(inner, value, strict=True))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(
            **{
                field.name: _build(hints[field.name], value[field.name])
                for field in fields(kind)
                if field.name in value
            }
        )
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value
