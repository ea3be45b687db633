"""Carried into a box beside foolsgold_cases.py: what is inside a file that is no text, by value.

A database's tables, an archive's members, what was compressed: two files that hold the same may differ in every byte.
It runs with whatever Python (3.7 and later) the task has, and imports nothing but the standard library.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

LARGEST, MOST_ROWS, MOST_TABLES, MOST_MEMBERS, LONGEST_MEMBER = 1 << 20, 60, 30, 60, 6_000


def inside(path: Path) -> dict[str, Any] | None:
    """None where it is of no kind that can be looked into."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        data = path.read_bytes()
        if data.startswith(b"SQLite format 3\0"):
            return database(path)
        if data.startswith(b"PK\x03\x04"):
            return members_of_zip(data)
        if data.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(LARGEST)
            return members_of_tar(data) if is_tar(data) else {"kind": "gzip", "text": as_text(data)}
        return members_of_tar(data) if is_tar(data) else None
    except Exception:  # whatever is wrong with it, there is nothing to be seen
        return None


def is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def as_text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8") if len(data) <= LONGEST_MEMBER and b"\0" not in data else None
    except UnicodeDecodeError:
        return None


def members_of_zip(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = [each for each in archive.infolist() if not each.filename.endswith("/")][:MOST_MEMBERS]
        return {"kind": "zip", "members": {each.filename: as_text(archive.read(each)) for each in found}}


def members_of_tar(data: bytes) -> dict[str, Any]:
    members: dict[str, Any] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for each in archive:
            file = archive.extractfile(each) if each.isreg() and len(members) < MOST_MEMBERS else None
            if file is not None:
                members[each.name] = as_text(file.read(LONGEST_MEMBER + 1))
    return {"kind": "tar", "members": members}


def database(path: Path) -> dict[str, Any] | None:
    try:
        import sqlite3
    except ImportError:
        return None
    with tempfile.TemporaryDirectory() as folder:  # to open it may change it
        copy = Path(folder, "copy")
        for end in ("", "-wal"):
            if Path(f"{path}{end}").exists():
                shutil.copyfile(f"{path}{end}", f"{copy}{end}")
        opened = sqlite3.connect(str(copy))
        try:
            return tables(opened)
        finally:
            opened.close()


def tables(opened: Any) -> dict[str, Any]:
    made = opened.execute("SELECT type, name, tbl_name FROM sqlite_master ORDER BY name").fetchall()
    found: dict[str, Any] = {}
    for name in [each[1] for each in made if each[0] == "table" and not each[1].startswith("sqlite_")][:MOST_TABLES]:
        columns = [[each[1], each[2], each[5]] for each in opened.execute(f"PRAGMA table_info({quoted(name)})")]
        (count,) = opened.execute(f"SELECT COUNT(*) FROM {quoted(name)}").fetchone()  # noqa: S608 - a name, quoted
        # What has bytes in it is not compared.
        plain = [each[0] for each in columns if not has_bytes(opened, name, each[0])]
        listed = ", ".join(map(quoted, plain))
        rows = opened.execute(f"SELECT {listed} FROM {quoted(name)}").fetchall() if count <= MOST_ROWS and plain else []  # noqa: S608 - a name, quoted
        found[name] = {"columns": columns, "plain": plain, "count": count, "rows": sorted(map(list, rows), key=repr)}
    indexes = {
        each[1]: [column[2] for column in opened.execute(f"PRAGMA index_info({quoted(each[1])})")]
        for each in made
        if each[0] == "index" and not each[1].startswith("sqlite_")
    }
    return {"kind": "sqlite", "tables": found, "indexes": indexes}


def has_bytes(opened: Any, table: str, column: str) -> bool:
    one = f"SELECT 1 FROM {quoted(table)} WHERE typeof({quoted(column)}) = 'blob' LIMIT 1"  # noqa: S608 - a name, quoted
    return opened.execute(one).fetchone() is not None


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
