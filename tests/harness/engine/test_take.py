"""What is copied out of a box is the box's, lies where it was asked for, and leads nowhere else."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engine import rootpath


@pytest.fixture
def box(tmp_path: Path) -> Path:
    folder = tmp_path / "box"
    (folder / "out").mkdir(parents=True)
    return folder


@pytest.fixture
def root(box: Path) -> Iterator[int]:
    fd = os.open(box, os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def test_a_folder_comes_with_its_files_modes_and_inner_links(box: Path, root: int, tmp_path: Path) -> None:
    (box / "out/sub").mkdir()
    (box / "out/sub/run").write_bytes(b"#!/bin/sh\n")
    (box / "out/sub/run").chmod(0o4755)
    (box / "out/again").symlink_to("sub/run")
    (box / "out/sub/up").symlink_to("../sub")
    target = tmp_path / "here/there"
    assert rootpath.take(root, "/out", target) == []
    assert (target / "again").read_bytes() == b"#!/bin/sh\n"
    assert (target / "sub/up/run").read_bytes() == b"#!/bin/sh\n"
    assert stat.S_IMODE((target / "sub/run").stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "leads",
    ["/etc/passwd", "../secret", "sub/../../secret", "..", "a/b/c/../../../secret", "../../../../../etc/passwd"],
)
def test_a_link_that_may_lead_out_stays_in_the_box(box: Path, root: int, tmp_path: Path, leads: str) -> None:
    (box / "out/a/b").mkdir(parents=True)
    (box / "out/a/b/c").symlink_to(".")  # so that the way back is shorter than it looks
    (box / "out/sub").mkdir()
    (box / "out/reward.txt").symlink_to(leads)
    (tmp_path / "secret").write_text("1")
    target = tmp_path / "target"
    assert rootpath.take(root, "/out", target) == ["reward.txt"]
    assert not os.path.lexists(target / "reward.txt")


def test_what_is_no_file_is_left_out_and_told(box: Path, root: int, tmp_path: Path) -> None:
    os.mkfifo(box / "out/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(box / "out/socket"))
        assert rootpath.take(root, "/out", tmp_path / "target") == ["pipe", "socket"]
    assert list((tmp_path / "target").iterdir()) == []


def test_a_link_that_an_earlier_copy_left_is_replaced_and_not_followed(box: Path, root: int, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    target = tmp_path / "target"
    target.mkdir()
    (target / "log").symlink_to(victim)
    (target / "sub").symlink_to(tmp_path)
    (box / "out/log").write_text("new")
    (box / "out/sub").mkdir()
    (box / "out/sub/victim").write_text("new")
    rootpath.take(root, "/out", target)
    assert victim.read_text() == "safe"
    assert (target / "log").read_text() == (target / "sub/victim").read_text() == "new"


def test_a_file_of_holes_does_not_fill_this_machine(box: Path, root: int, tmp_path: Path) -> None:
    with (box / "out/huge").open("wb") as file:
        file.truncate(rootpath.TAKEN + 1)
    with pytest.raises(OSError, match="would be copied") as caught:
        rootpath.take(root, "/out", tmp_path / "target")
    assert caught.value.errno == errno.EFBIG
    assert not (tmp_path / "target/huge").exists()


def test_one_file_is_read_inside_the_box_whatever_leads_to_it(box: Path, root: int, tmp_path: Path) -> None:
    (box / "out/real").write_text("inside")
    (box / "out/link").symlink_to("/out/real")
    assert rootpath.take(root, "/out/link", tmp_path / "copy") == []
    assert (tmp_path / "copy").read_text() == "inside"
    with pytest.raises(FileNotFoundError):
        rootpath.take(root, "/out/none", tmp_path / "copy")


def test_folders_in_folders_end_somewhere(box: Path, root: int, tmp_path: Path) -> None:
    deep = box / "out" / Path(*["d"] * (rootpath.DEEPEST + 5))
    deep.mkdir(parents=True)
    (left,) = rootpath.take(root, "/out", tmp_path / "target")
    assert left.count("/") == rootpath.DEEPEST
