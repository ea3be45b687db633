from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.harness.report.runs import KINDS

Report = Callable[[str], dict[str, Any]]


def whole(pieces: Iterable[str]) -> str:
    return "".join(pieces)


def parsed(pieces: Iterable[str]) -> Any:
    """The document whose text the pieces are."""
    return json.loads(whole(pieces))


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A copy of the report of a kind of run, which is made once."""
    made: dict[str, dict[str, Any]] = {}

    def of(kind: str) -> dict[str, Any]:
        if kind not in made:
            made[kind] = KINDS[kind](tmp_path_factory.mktemp(kind))
        return copy.deepcopy(made[kind])

    return of
