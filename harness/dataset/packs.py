"""Archives of tasks: which tasks are in one, told from the names of its entries."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from harness.dataset.archive import AnyArchive, Tar, Zip, normal, open_archive
from harness.dataset.model import Key
from harness.dataset.streams import HEAD, Packing, packing
from harness.dataset.unpacking import NotUnpacked, Unpacking
from harness.errors import UsageError
from harness.task.discover import RUN_MARK, passed_over
from harness.task.formats import FORMATS
from harness.task.model import TaskSource
from harness.untrusted import visible

_CONFIGS = frozenset(spec.config for spec in FORMATS)
_PARTS = frozenset(part for spec in FORMATS for part in spec.parts)


class Archive:
    """A tar or zip with tasks in it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._stream: IO[bytes] | None = None
        self._archive: AnyArchive | None = None
        self._begins: Mapping[str, array[int]] = {}

    def members(self) -> list[str]:
        """The folders of its tasks in the order of their names; '' where the archive itself is one."""
        try:
            self._begins = tasks_in(self._opened().entries())
        except NotUnpacked as error:
            raise UsageError(f"{visible(str(self.file))}: {error.message}", hint="Is it whole?") from error
        finally:
            self.close()
        return sorted(self._begins)

    def source(self, key: Key) -> TaskSource:
        return TaskSource(self.file, str(key))

    def unpack(self, key: Key, into: Unpacking) -> None:
        self._opened().unpack(self._begins[str(key)], str(key), into)

    def _opened(self) -> AnyArchive:
        if self._archive is None:
            self._stream = open_archive(self.file)
            head = self._stream.read(HEAD)
            self._stream.seek(0)
            self._archive = Zip(self._stream) if packing(head) is Packing.ZIP else Tar(self._stream)
        return self._archive

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def tasks_in(entries: Iterable[tuple[str, int]]) -> dict[str, array[int]]:
    """Task folder -> where its entries begin, by the rules for folders on a disk."""
    named = [(name, begin) for spelled, begin in entries if (name := normal(spelled)) is not None]
    roots = _roots([name for name, _ in named])
    found: dict[str, array[int]] = {root: array("Q") for root in roots}
    for name, begin in named:
        root = _root_of(name, roots)
        if root is not None and name != root:
            found[root].append(begin)
    return found


def _roots(names: list[str]) -> set[str]:
    """Folders with a config file, without those that are a task's own and those in which nobody keeps tasks."""
    configs: set[str] = set()
    runs: set[str] = set()
    for name in names:
        folder, _, last = name.rpartition("/")
        if last in _CONFIGS:
            configs.add(folder)
        elif last == RUN_MARK:
            runs.add(folder)
    whole = {folder for name in names for folder in _having_parts(name) if folder in configs}
    return {folder for folder in configs if not _hidden(folder, whole, runs)}


def _having_parts(name: str) -> Iterable[str]:
    """The folders of which it shows that they have a part of a task."""
    parts = name.split("/")
    return ("/".join(parts[:at]) for at, part in enumerate(parts) if part in _PARTS)


def _hidden(folder: str, whole: set[str], runs: set[str]) -> bool:
    parts = folder.split("/") if folder else []
    above = ["/".join(parts[:end]) for end in range(len(parts))]
    return any(map(passed_over, parts)) or not whole.isdisjoint(above) or not runs.isdisjoint([*above, folder])


def _root_of(name: str, roots: set[str]) -> str | None:
    """The innermost of them: one may be a config file alone, above tasks."""
    folder = name
    while folder:
        if folder in roots:
            return folder
        folder = folder.rpartition("/")[0]
    return "" if "" in roots else None
