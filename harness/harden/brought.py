"""Files that a case brings: texts are written in the test itself, data lies in files beside the tests. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join, splitext
from typing import Any

from harness.harden.model import BoxCase, Written
from harness.trial.watching.calls import Given


def to_body(file: Given) -> dict[str, Any]:
    """As foolsgold_cases.py reads it."""
    plain = {"path": file.path, "text": file.text, "age": round(file.age)}
    return {**plain, "binary": True} if file.binary else plain


def from_body(file: Mapping[str, Any]) -> Given:
    return Given(file["path"], file["text"], file["age"], file.get("binary", False))


LARGEST = 120_000
"""Bytes of a file that a case may bring."""


def known_files(contents: Iterable[tuple[str, bytes]]) -> dict[str, Given]:
    """Path -> the file as a case brings it, of those that are not too large."""
    return dict(_known(contents))


def _known(contents: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Given]]:
    for path, data in contents:
        if len(data) <= LARGEST:
            try:
                text, binary = data.decode("utf-8"), b"\0" in data
            except UnicodeDecodeError:
                text, binary = "", True
            yield path, Given(path, data.decode("latin-1") if binary else text, binary=binary)


def brought(case: BoxCase) -> list[Mapping[str, Any]]:
    """Beside the program or at fixed places."""
    return [*case.body.get("files", ()), *case.body.get("places", ())]


def has_data(case: BoxCase) -> bool:
    return any(file.get("binary") for file in brought(case))


def name_beside(file: Mapping[str, Any]) -> str:
    """Of data beside the tests: the same data has the same name."""
    digest = hashlib.sha256(file["text"].encode("latin-1")).hexdigest()[:10]
    return f"input-{digest}{splitext(file['path'])[1]}"


def beside_tests(path: str, tests: Iterable[Written]) -> dict[str, bytes]:
    """`path`: the file that has the tests. Paths below the task's folder -> data."""
    return {
        join(dirname(path), name_beside(file)): file["text"].encode("latin-1")
        for test in tests
        for file in brought(test.case)
        if file.get("binary")
    }


def json_document(text: str) -> Any:
    """The object or list that a text is; None where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
