"""What is inside a database or an archive, seen by value and pinned by value."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.harden.helpers_written import helpers_of
from harness.harden.model import BoxCase, Pin
from harness.harden.pins import Pins
from harness.judging.stated import read_stated
from harness.trial.watching.foolsgold_inside import inside

INSTRUCTION = (
    "Write `/app/out` with the table `sums(id INTEGER PRIMARY KEY, name TEXT, total INTEGER, checksum TEXT)`, the "
    "SHA256 of the name in its checksum, and the index `by_total`. It has `ada.txt`, in which `ada: COUNT` is said."
)
SCHEMA = "CREATE TABLE sums(id INTEGER PRIMARY KEY, name TEXT, total INTEGER, checksum TEXT)"
ROWS = [(1, "ada", 3, "0f" * 32), (2, "ada", 4, "1e" * 32)]


def database(schema: str = SCHEMA, rows: Any = ROWS, index: str = "CREATE INDEX by_total ON sums(total)") -> Any:
    def make(path: Path) -> None:
        path.unlink(missing_ok=True)
        opened = sqlite3.connect(path)
        opened.execute(schema)
        opened.executemany("INSERT INTO sums VALUES (?, ?, ?, ?)", rows)
        opened.execute(index)
        opened.commit()
        opened.close()

    return make


def zipped(text: str, member: str = "ada.txt") -> Any:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, text)

    return make


def tarred(text: str, member: str = "ada.txt", mode: Any = "w:gz") -> Any:
    def make(path: Path) -> None:
        with tarfile.open(path, mode) as archive:
            info = tarfile.TarInfo(member)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))

    return make


def seen_of(path: Path) -> dict[str, Any]:
    return {str(path): {"kind": "file", "mode": "644", "text": None, "digest": "x", "inside": inside(path)}}


def pins_of(path: Path) -> list[Pin]:
    case = BoxCase("left", "look", {"paths": [str(path)]}, "what solving leaves", 60)
    stated = read_stated(INSTRUCTION.replace("/app/out", str(path)), [])
    return [pin for pin in Pins(case, stated, "").of(seen_of(path)) if not pin.unstated]


def passes(pin: Pin) -> bool:
    names: dict[str, Any] = {"Path": Path}
    for module in pin.needs - {"pathlib"}:
        names[module] = __import__(module)
    try:
        exec("\n\n".join([*helpers_of(pin.code, ""), *pin.code]), names)
    except (AssertionError, KeyError, sqlite3.Error):
        return False
    return True


@pytest.mark.parametrize(
    ("right", "also_right", "wrong", "says"),
    [
        (database(), database(rows=ROWS[::-1]), database(SCHEMA.replace(" PRIMARY KEY", "")), "the primary key id in"),
        (database(), database(), database(SCHEMA.replace("total INTEGER", "total TEXT")), "total as INTEGER in sums"),
        (database(), database(), database(rows=[*ROWS[:1], (2, "ada", 5, "1e" * 32)]), "these rows at total in sums"),
        (database(), database(), database(rows=[*ROWS[:1], (2, "ada", 4, "2d" * 32)]), "these rows at checksum in"),
        (database(), database(), database(rows=ROWS[:1]), "2 rows in sums"),
        (database(), database(), database(index="CREATE INDEX by_total ON sums(name)"), "the index by_total on total"),
        (zipped("ada: 3\n"), zipped("ada: 3"), zipped("ada: 4\n"), "ada.txt in {} has the line 'ada: 3'"),
        (tarred("ada: 3\n"), tarred("ada: 3\n", mode="w"), tarred("ada: 4\n"), "ada.txt in {} has the line 'ada: 3'"),
        (tarred("ada: 3\n"), tarred("ada: 3"), tarred("ada: 3\n", "bob.txt"), "has the member ada.txt"),
    ],
)
def test_what_is_inside_is_pinned_by_value(
    right: Callable[[Path], None],
    also_right: Callable[[Path], None],
    wrong: Callable[[Path], None],
    says: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "out"
    right(path)
    pins = pins_of(path)
    assert [pin for pin in pins if not passes(pin)] == []
    also_right(path)
    assert [pin.says for pin in pins if not passes(pin) or not pin.holds(seen_of(path))] == []
    wrong(path)
    caught = [pin for pin in pins if not pin.holds(seen_of(path))]
    assert any(says.format(path) in pin.says for pin in caught), [pin.says for pin in caught]
    assert [pin.says for pin in caught if passes(pin)] == []
    assert [pin.says for pin in pins if pin not in caught and not passes(pin)] == []


def test_what_the_instruction_does_not_speak_of_is_not_pinned(tmp_path: Path) -> None:
    path = tmp_path / "out"
    database()(path)
    opened = sqlite3.connect(path)
    opened.execute("CREATE TABLE scratch(note TEXT)")
    opened.commit()
    opened.close()
    assert not any("scratch" in pin.says for pin in pins_of(path))


def test_what_cannot_be_looked_into_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out"
    for data in (b"\0\1\2", b"SQLite format 3\0 and no more", b"PK\x03\x04", b"\x1f\x8b cut"):
        path.write_bytes(data)
        assert inside(path) is None
    assert inside(tmp_path / "nothing") is None
    path.write_bytes(gzip.compress(b"ada: 3\n"))
    assert inside(path) == {"kind": "gzip", "text": "ada: 3\n"}
    assert any(pin.says.endswith("has the line 'ada: 3'") and passes(pin) for pin in pins_of(path))
