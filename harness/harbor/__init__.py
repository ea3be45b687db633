"""Our boxes as an environment of Harbor's: `harbor run --env harness.harbor:BwrapEnvironment`. Nothing else of
foolsgold needs Harbor, so it is imported only where that name is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.harbor.environment import BwrapEnvironment

__all__ = ["BwrapEnvironment"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness.harbor.environment import BwrapEnvironment

    return BwrapEnvironment
