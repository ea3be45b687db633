"""The bwrap engine where the root filesystem is itself an overlay, as in a container."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from harness.engine.bwrap.image import cache
from harness.engine.bwrap.image.cache import IN_MEMORY

pytestmark = pytest.mark.bwrap

CHECKOUT = Path(__file__).parent.parent.parent.parent

ENTER = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
for folder in dev proc sys; do mount --rbind /$folder $folder; done
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p "./$2" "./$3" tmp/was
mount --rbind "$2" "./$2"
mount --rbind "$3" "./$3"
pivot_root . tmp/was
umount -l /tmp/was
cd "$2"
shift 3
exec "$@"
"""
"""In a mount namespace: a root that is an overlay over this machine's, with the two folders named as they are."""

USE = """
import sys, tempfile
from pathlib import Path
from harness.engine.choose import make_engine
from harness.engine.contract import BoxSpec, Command, EngineOptions, Recipe
from harness.errors import EngineError

context = Path(tempfile.mkdtemp(dir="/dev/shm"))
(context / "Dockerfile").write_text("FROM debian:12\\nRUN echo built > /etc/built && rm /etc/debian_version\\n")
cache = Path(sys.argv[1]) if sys.argv[1] else None
with make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=cache)) as engine:
    try:
        image = engine.build(Recipe(context=context, dockerfile=context / "Dockerfile"))
    except EngineError as error:
        print(error)
        sys.exit()
    with engine.open(BoxSpec(image)) as box:
        print(box.run(Command(("sh", "-c", "cat /etc/built; ls /etc/debian_version /root"), 20)).output.decode())
"""


def use(folder: Path, cache: str) -> str:
    if os.geteuid() != 0:
        pytest.skip("making such a root takes root")
    place = folder / "place"
    place.mkdir()
    enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]
    given = [str(place), str(CHECKOUT), sys.prefix, sys.executable, "-c", USE, cache]
    done = subprocess.run(
        [*enter, *given],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_boxes_stand_on_a_root_that_is_an_overlay(tmp_path: Path) -> None:
    said = use(tmp_path, "/tmp/cache")
    assert said.startswith("built\n"), said
    assert "cannot access '/etc/debian_version'" in said


def test_root_needs_no_setting_there_because_memory_takes_the_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    known = IN_MEMORY.exists()
    try:
        said = use(tmp_path, "")
        assert said.startswith("built\n"), said
        assert (IN_MEMORY / "layers").is_dir()
        assert stat.S_IMODE(IN_MEMORY.stat().st_mode) == 0o700
    finally:
        if not known:
            shutil.rmtree(IN_MEMORY, ignore_errors=True)


def test_a_folder_in_memory_that_somebody_else_made_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root looks for one")
    folder = tmp_path / "in-memory"
    folder.mkdir()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(cache, "IN_MEMORY", folder)
    monkeypatch.setattr(cache, "PLENTY", 0)
    monkeypatch.setattr(cache, "_holds_layers", lambda folder: False)
    assert cache.default_cache() == folder
    os.chown(folder, 12345, 12345)
    assert cache.default_cache() == cache.SYSTEM
    folder.rmdir()
    folder.symlink_to("/etc")
    assert cache.default_cache() == cache.SYSTEM
    folder.unlink()
    monkeypatch.setattr(cache, "PLENTY", 1 << 60)
    assert cache.default_cache() == cache.SYSTEM


def test_a_cache_on_such_a_root_is_refused_with_what_to_do(tmp_path: Path) -> None:
    said = use(tmp_path, "/var/cache/foolsgold-on-overlay")
    assert "cannot hold layers" in said
    assert "XDG_CACHE_HOME" in said
