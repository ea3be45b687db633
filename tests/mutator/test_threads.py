from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mutator.generate import generate
from mutator.operators import FAMILIES
from mutator.relevance import Relevance
from mutator.select import select
from mutator.sources import read_sources
from tests.mutator.solutions import EVERY, Folder


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def chosen(folder: Folder) -> list[str]:
    sources = read_sources(folder.files, folder.script)
    made = list(generate(sources, folder.files, FAMILIES))
    languages = {source.id: source.language for source in sources}
    return [each.mutant.id for each in select(made, Relevance("", sources), languages).chosen]


def test_many_threads_at_once_make_what_one_makes(restless: None) -> None:
    """An audit reads several tasks side by side; Python's own warnings about their texts are errors in this test."""
    folders = [folder for folder in EVERY if "fixtures" not in folder.name][:24]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(chosen, folders * 2))
    assert together == [chosen(folder) for folder in folders] * 2
