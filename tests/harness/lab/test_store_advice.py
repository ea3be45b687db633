"""The run's memory: what is said where it cannot be written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.lab.store import Store, StoreError


def test_a_database_that_somebody_holds_is_no_full_disk(tmp_path: Path) -> None:
    with Store(tmp_path) as store, closing(sqlite3.connect(tmp_path / "run.db", isolation_level=None)) as other:
        store._db.execute("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as caught:
            store.set_meta({"seconds": 1})
        other.execute("ROLLBACK")
    assert caught.value.hint.startswith("Another program holds it open")


def test_a_database_that_may_not_be_written_is_no_full_disk(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA query_only = 1")
        with pytest.raises(StoreError, match="readonly") as caught:
            store.set_meta({"seconds": 1})
    assert caught.value.hint.startswith("Give yourself the right to write there")


def test_a_full_disk_is_told_to_be_made_room_on(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="full") as caught:
            store.set_meta({"text": "x" * 100_000})
    assert caught.value.hint.startswith("Make room there")


def test_a_database_that_is_damaged_is_no_full_disk(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA writable_schema = 1")
        store._db.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'meta'")
        store._db.execute("PRAGMA writable_schema = RESET")
        with pytest.raises(StoreError, match="malformed") as caught:
            store.set_meta({"seconds": 1})
    assert caught.value.hint.startswith("--fresh sets it aside")
