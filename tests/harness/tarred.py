"""Archives such as boxes pack, with one file in each."""

from __future__ import annotations

import io
import tarfile


def tarred(text: str) -> bytes:
    """An archive with one file of that text."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        entry = tarfile.TarInfo("words")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def untarred(archive: bytes) -> str:
    """The text of that file."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile("words")
        assert file is not None
        return file.read().decode()
