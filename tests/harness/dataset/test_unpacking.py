"""Archives that mean harm: nothing is written outside, nothing leads outside, nothing floods the disk or the memory."""

from __future__ import annotations

import gzip
import io
import resource
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.find import discover
from harness.dataset.model import Packed
from harness.dataset.unpacking import NotUnpacked, Unpacking, UnpackLimits
from harness.task.model import Task, Unusable
from tests.harness.dataset.packing import add, parquet, tarred, zipped
from tests.harness.tasks import HARBOR


def with_entry(name: str, content: bytes = b"", **more: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in HARBOR.items():
            add(tar, path, str(text).encode())
        add(tar, name, content, **more)
    return out.getvalue()


def linked(*links: tuple[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, text in HARBOR.items():
            add(tar, path, str(text).encode())
        for name, target in links:
            add(tar, name, type=tarfile.SYMTYPE, linkname=target)
        add(tar, "tests/through/evil", b"written")
    return out.getvalue()


def zip_link(target: str) -> bytes:
    out = io.BytesIO(zipped(HARBOR))
    with zipfile.ZipFile(out, "a") as archive:
        info = zipfile.ZipInfo("tests/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, target)
    return out.getvalue()


UNSAFE: dict[str, Callable[[], bytes]] = {
    "a path upwards": lambda: with_entry("../outside", b"x"),
    "a path upwards later": lambda: with_entry("tests/../../outside", b"x"),
    "an absolute path": lambda: with_entry("/tmp/foolsgold-outside", b"x"),
    "a link upwards": lambda: with_entry("tests/link", type=tarfile.SYMTYPE, linkname="../../outside"),
    "an absolute link": lambda: with_entry("tests/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link outside": lambda: with_entry("tests/link", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
    "a hard link to nothing": lambda: with_entry("tests/link", type=tarfile.LNKTYPE, linkname="nothing"),
    "a device": lambda: with_entry("tests/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "a FIFO": lambda: with_entry("tests/pipe", type=tarfile.FIFOTYPE),
    "a file through a link": lambda: linked(("tests/through", "../solution")),
    "links that lead out together": lambda: linked(("tests/a", "solution/.."), ("out", "tests/deep/../../..")),
    "a zip's link upwards": lambda: zip_link("../../outside"),
    "a zip's path upwards": lambda: zipped({**HARBOR, "../outside": "x"}),
    "a file and a folder": lambda: with_entry("tests/test.sh/inner", b"x"),
}


def unpack(tmp_path: Path, cell: bytes) -> Task | Unusable:
    (tmp_path / "in" / "here").mkdir(parents=True)
    (task,) = discover([parquet(tmp_path / "x.parquet", [cell])])
    assert isinstance(task, Packed)
    return task.unpack(tmp_path / "in" / "here")


@pytest.mark.parametrize("what", list(UNSAFE))
def test_what_leads_out_of_its_folder_is_refused_whole(tmp_path: Path, what: str) -> None:
    found = unpack(tmp_path, UNSAFE[what]())
    assert isinstance(found, Unusable), what
    assert [problem.code for problem in found.problems] == ["unsafe-archive"]
    assert [path for path in (tmp_path / "in").rglob("*") if path.name != "here"] == []
    assert not Path("/tmp/foolsgold-outside").exists()


def test_a_link_that_is_only_outside_by_way_of_another_is_refused(tmp_path: Path) -> None:
    """Each of them looks harmless: `deep/up/..` is `deep` by its letters, and above the task on the disk."""
    into = Unpacking(tmp_path / "t", UnpackLimits())
    into.folder("deep/er")
    into.link("deep/er/up", "../..")
    into.link("out", "deep/er/up/..")
    with pytest.raises(NotUnpacked, match="out of the task"):
        into.finish()


def test_links_inside_and_names_twice_are_kept_as_tar_keeps_them(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in HARBOR.items():
            add(tar, path, str(text).encode())
        add(tar, "tests/again", b"first")
        add(tar, "tests/again", b"second")
        add(tar, "tests/same", type=tarfile.LNKTYPE, linkname="tests/again")
        add(tar, "tests/link", type=tarfile.SYMTYPE, linkname="../solution/solve.sh")
    found = unpack(tmp_path, out.getvalue())
    assert isinstance(found, Task), found.problems
    assert (found.path / "tests/again").read_bytes() == (found.path / "tests/same").read_bytes() == b"second"
    assert (found.path / "tests/link").readlink() == Path("../solution/solve.sh")
    assert (found.path / "solution/solve.sh").stat().st_mode & 0o111


def flood(size: int) -> bytes:
    """A tar with a file of zeros, which gzip makes a thousandth."""
    return tarred({**HARBOR, "tests/zeros": bytes(size)})


def test_a_file_that_is_too_large_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.dataset.model.UnpackLimits", lambda: UnpackLimits(size=1 << 20))
    found = unpack(tmp_path, flood(8 << 20))
    assert isinstance(found, Unusable)
    assert [problem.code for problem in found.problems] == ["archive-too-large"]
    assert "1 MB" in found.problems[0].message
    assert [path for path in (tmp_path / "in").rglob("*") if path.name != "here"] == []


def test_a_zip_that_lies_about_its_sizes_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.dataset.model.UnpackLimits", lambda: UnpackLimits(size=1 << 20))
    found = unpack(tmp_path, zipped({**HARBOR, "tests/zeros": bytes(8 << 20)}))
    assert isinstance(found, Unusable)
    assert [problem.code for problem in found.problems] == ["archive-too-large"]


def test_a_header_is_not_read_into_memory_whatever_its_size(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 3 << 30
    bomb = gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(64 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = unpack(tmp_path, bomb)
    assert isinstance(found, Unusable)
    assert [problem.code for problem in found.problems] == ["damaged-archive"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


def test_many_entries_and_deep_folders_end_it(tmp_path: Path) -> None:
    into = Unpacking(tmp_path / "t", UnpackLimits(entries=10, depth=3))
    with pytest.raises(NotUnpacked, match="3 folders"):
        into.folder("a/b/c/d")
    for number in range(9):
        into.file(str(number), [b"x"], program=False)
    with pytest.raises(NotUnpacked, match="10 files"):
        into.file("9", [b"x"], program=False)
