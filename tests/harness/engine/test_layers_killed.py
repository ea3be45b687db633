"""The layer store survives `kill -9` at any moment: whatever is found in it afterwards is whole, and it is cleaned."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from harness.engine.bwrap.image import cache as cache_module
from harness.engine.bwrap.image.cache import Cache

FILES, SIZE, LIMIT = 12, 8192, 400_000
CHURN = f"""
import os, sys
from contextlib import closing
from itertools import count
from pathlib import Path
from harness.engine.bwrap.image import cache as cache_module
cache_module._GRACE = 0.0
for turn in count(int(sys.argv[2])):
    with closing(cache_module.Cache(Path(sys.argv[1]))) as cache:
        key = str(turn % 9)
        def fill(folder):
            for number in range({FILES}):
                (folder / str(number)).write_bytes(key.encode() * {SIZE})
        cache.layer(key, "layer " + key, fill)
        if turn % 4 == 0:
            cache.clean(limit={LIMIT})
        if turn % 7 == 0:
            cache.discard(key)
    print("turned", flush=True)
"""


def test_it_is_whole_whenever_its_users_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once, each killed somewhere while it makes, finds, discards and evicts layers."""
    monkeypatch.setattr(cache_module, "_GRACE", 0.0)
    chance = random.Random(7)
    root = tmp_path / "cache"
    for _round in range(8):
        with ExitStack() as running:
            users = [
                running.enter_context(
                    subprocess.Popen([sys.executable, "-c", CHURN, str(root), number], stdout=subprocess.PIPE)
                )
                for number in ("0", "5")
            ]
            for user in users:
                assert user.stdout is not None
                assert user.stdout.readline() == b"turned\n"
            for user in users:
                time.sleep(chance.uniform(0, 0.05))
                user.kill()
        with closing(Cache(root)) as cache:
            for layer in (root / "layers").iterdir():
                found = cache.find(layer.name)
                assert found is not None
                assert {path.name: path.read_bytes() for path in found.iterdir()} == {
                    str(number): layer.name.encode() * SIZE for number in range(FILES)
                }
            cache.clean(limit=LIMIT)
            assert cache.size()[1] <= LIMIT
            assert list((root / "building").iterdir()) == []
            cache.layer("after", "about", lambda folder: (folder / "whole").touch(), deadline=time.monotonic() + 5)
            cache.discard("after")
