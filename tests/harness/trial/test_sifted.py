"""What of an artifact reaches a separate verifier, as the `data` filter of Python's tarfile says."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from harness.trial.sifted import NotSifted, sift


def member(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode, made.linkname = kind, mode, link
    made.size = 2 if kind == tarfile.REGTYPE else 0
    return made


MEMBERS = {
    "./": member("./", tarfile.DIRTYPE, 0o777),
    "plain": member("./plain", mode=0o4777),
    "shut": member("./shut", mode=0o060),
    "run": member("./d/run", mode=0o751),
    "hard": member("./hard", tarfile.LNKTYPE, 0o644, "./plain"),
    "inside": member("./d/inside", tarfile.SYMTYPE, 0o777, "../plain"),
    "outside": member("./d/outside", tarfile.SYMTYPE, 0o777, "../../etc/passwd"),
    "absolute": member("./absolute", tarfile.SYMTYPE, 0o777, "/etc/passwd"),
    "pipe": member("./pipe", tarfile.FIFOTYPE),
    "device": member("./device", tarfile.CHRTYPE),
    "above": member("../above"),
    "rooted": member("/rooted"),
}


def packed(folder: Path) -> Path:
    archive = folder / "0.tar"
    with tarfile.open(archive, "w") as tar:
        for one in MEMBERS.values():
            tar.addfile(one, io.BytesIO(b"x\n") if one.isreg() else None)
    return archive


def test_what_is_taken_and_with_which_modes(tmp_path: Path) -> None:
    archive = packed(tmp_path)
    sift(archive, 100, strict=True)
    with tarfile.open(archive) as tar:
        found = {one.name: oct(one.mode) for one in tar}
    assert found == {
        "./plain": "0o755",
        "./shut": "0o640",
        "./d/run": "0o751",
        "./hard": "0o644",
        "./d/inside": "0o755",
        "rooted": "0o644",
    }


def test_where_it_is_not_strict_only_setuid_and_the_folders_own_mode_stay_behind(tmp_path: Path) -> None:
    archive = packed(tmp_path)
    sift(archive, 100, strict=False)
    with tarfile.open(archive) as tar:
        found = {one.name: oct(one.mode) for one in tar}
    assert len(found) == len(MEMBERS) - 1
    assert (found["./plain"], found["./shut"], found["./absolute"]) == ("0o777", "0o60", "0o777")


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="this Python has no such filter")
def test_it_is_what_pythons_own_filter_takes(tmp_path: Path) -> None:
    archive = packed(tmp_path)
    sift(archive, 100, strict=True)
    with tarfile.open(archive) as tar:
        kept = {one.name.removeprefix("./"): one.mode for one in tar}
    theirs = {}
    for one in MEMBERS.values():
        try:
            filtered = tarfile.data_filter(one, str(tmp_path / "there"))
        except tarfile.FilterError:
            continue
        theirs[filtered.name.removeprefix("./").rstrip("/") or "."] = filtered.mode
    assert theirs.pop(".") is None  # its own folder's mode is not carried
    assert kept.keys() == theirs.keys()
    assert {name: mode for name, mode in kept.items() if theirs[name] is not None} == {
        name: mode for name, mode in theirs.items() if mode is not None
    }


def test_no_more_is_read_than_there_is_room_for_and_nothing_but_an_archive(tmp_path: Path) -> None:
    with pytest.raises(NotSifted, match="more than is carried"):
        sift(packed(tmp_path), 5, strict=True)
    broken = tmp_path / "1.tar"
    broken.write_bytes(b"no archive" * 100)
    with pytest.raises(NotSifted):
        sift(broken, 100, strict=False)
