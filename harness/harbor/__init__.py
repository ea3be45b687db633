"""Our boxes as an environment of Harbor's: `harbor run --env harness.harbor:BwrapEnvironment`. Needs Harbor, which
needs Python 3.12; nothing else of foolsgold imports this."""

from harness.harbor.environment import BwrapEnvironment

__all__ = ["BwrapEnvironment"]
