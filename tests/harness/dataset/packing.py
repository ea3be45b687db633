"""Tasks packed as datasets keep them, made on the spot."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from tests.harness.tasks import HARBOR, write


def tarred(files: Mapping[str, str | bytes | None], *, mode: str = "w:gz", prefix: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            if content is not None:
                add(tar, prefix + name, content if isinstance(content, bytes) else content.encode())
    return out.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", **more: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o755 if name.endswith(".sh") else 0o644
    for key, value in more.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(content))


def zipped(files: Mapping[str, str | bytes | None], *, prefix: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if content is not None:
                info = zipfile.ZipInfo(prefix + name)
                info.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
                archive.writestr(info, content)
    return out.getvalue()


def parquet(file: Path, cells: Sequence[bytes | None], **columns: Sequence[Any]) -> Path:
    table = pyarrow.table({**columns, "task_binary": pyarrow.array(cells, pyarrow.binary())})
    pyarrow.parquet.write_table(table, file, row_group_size=7)
    return file


def numbered(number: int, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """A task of its own."""
    asked = f"- Write `ok` to /app/out.txt.\n- Write {number} to /app/number.\n"
    solved = f"#!/bin/bash\necho ok > /app/out.txt\necho {number} > /app/number\n"
    return {**HARBOR, "instruction.md": asked, "solution/solve.sh": solved, **(changes or {})}


def dataset(folder: Path, names: Sequence[str]) -> Path:
    for number, name in enumerate(names):
        write(folder / name, numbered(number))
    return folder
