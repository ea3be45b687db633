"""Environments of Harbor's for tests, named by import path. Imported only by a Python that has Harbor."""

from __future__ import annotations

from typing import Any

from harness.harbor import BwrapEnvironment


class OnThisMachine(BwrapEnvironment):
    """Our boxes, on this machine's own root."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, image="*=host")
