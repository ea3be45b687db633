"""foolsgold from Python: `foolsgold.audit("tasks/my-task")`. docs/api.md has the examples.

Importing it loads nothing; each name is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import __version__

if TYPE_CHECKING:
    from harness.api import Report, TaskMutants, audit, check, discover, mutants, report
    from harness.errors import ExitCode, FoolsgoldError

__all__ = [
    "ExitCode",
    "FoolsgoldError",
    "Report",
    "TaskMutants",
    "__version__",
    "audit",
    "check",
    "discover",
    "mutants",
    "report",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from harness import api, errors

    return getattr(errors if hasattr(errors, name) else api, name)


def __dir__() -> list[str]:
    return __all__
