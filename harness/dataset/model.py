"""A task that is still packed, and what holds it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, Self

from harness.dataset.unpacking import NotUnpacked, Unpacking, UnpackLimits
from harness.engine.leftovers import remove
from harness.task.discover import below, load
from harness.task.model import Problem, ProblemSeverity, Task, TaskSource, Unusable
from harness.task.runners import Runner
from harness.task.snapshot import NO_ROOM, moved

Key = str | int
"""A task's folder in an archive, or its row in a parquet file."""


class Container(Protocol):
    """A file with tasks in it. One is read at a time, by one thread."""

    file: Path

    def source(self, key: Key) -> TaskSource: ...

    def unpack(self, key: Key, into: Unpacking) -> None:
        """Write the task's files. Raises NotUnpacked where that cannot be done."""
        ...

    def close(self) -> None:
        """Whatever is open; the next `unpack` opens it again."""


class Shelf:
    """Keeps open the container that was read last, and no other: a dataset may be a thousand files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: Container | None = None

    @contextmanager
    def taken(self, container: Container) -> Iterator[Container]:
        with self._lock:
            if self._open is not container and self._open is not None:
                self._open.close()
            self._open = container
            yield container

    def __del__(self) -> None:
        if self._open is not None:
            self._open.close()


@dataclass(frozen=True, slots=True)
class Packed:
    """A task in an archive or a parquet file. Nothing of it has been read."""

    name: str
    container: Container = field(repr=False)
    key: Key
    shelf: Shelf = field(repr=False)
    group: str = ""
    """What it is counted with, where a sample is stratified."""
    images: Mapping[str, str] | None = None
    """What stands for its FROMs, where that is not what stands for everybody's."""
    runner: Runner | None = None
    """By whose rules its trials run, where that is not the format's newest runner."""

    @property
    def source(self) -> TaskSource:
        return self.container.source(self.key)

    @property
    def path(self) -> Path:
        """What names it on a command line."""
        return self.source.path

    @property
    def shown_path(self) -> Path:
        return self.path

    def on_images(self, images: Mapping[str, str]) -> Self:
        return replace(self, images=images)

    def run_by(self, runner: Runner) -> Self:
        return replace(self, runner=runner)

    def unread(self) -> Unusable:
        """As much of it as is known."""
        return Unusable(self.name, self.path, (), self.source)

    def unpack(self, scratch: Path) -> Task | Unusable:
        """The task in a folder of its own below `scratch`, and nobody else's; or why it cannot be had."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="task-", dir=scratch))
        except OSError as error:
            return self._unusable(_no_room(error, scratch))
        found = self._unpacked(folder)
        if isinstance(found, Unusable):
            remove(folder)
        return found

    @contextmanager
    def unpacked(self, scratch: Path) -> Iterator[Task | Unusable]:
        """The task, for as long as it is looked at."""
        with tempfile.TemporaryDirectory(prefix="look-", dir=scratch) as folder:
            yield self.unpack(Path(folder))

    def _unpacked(self, folder: Path) -> Task | Unusable:
        root = folder / (self.path.name or "task")
        try:
            into = Unpacking(root, UnpackLimits())
            with self.shelf.taken(self.container) as container:
                container.unpack(self.key, into)
            into.finish()
            root = _only_task(root)
        except NotUnpacked as error:
            return self._unusable(error)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            return self._unusable(_no_room(error, folder))
        loaded = load(root, self.name)
        if isinstance(loaded, Unusable):
            told: Unusable = moved(loaded, root, self.path)
            return replace(told, source=self.source)
        task = replace(loaded, origin=self.path, source=self.source)
        task = task if self.runner is None else task.run_by(self.runner)
        return task if self.images is None else task.on_images(self.images)

    def _unusable(self, error: NotUnpacked) -> Unusable:
        path = self.path
        return Unusable(
            self.name, path, (Problem(error.code, ProblemSeverity.ERROR, error.message, path),), self.source
        )


AnyTask = Task | Unusable | Packed


@contextmanager
def looked_at(task: AnyTask, scratch: Path) -> Iterator[Task | Unusable]:
    """The task, unpacked for as long as it is looked at where it is packed."""
    if isinstance(task, Packed):
        with task.unpacked(scratch) as found:
            yield found
    else:
        yield task


def _only_task(root: Path) -> Path:
    found = [path for path, _ in below(root)]
    if len(found) != 1:
        names = ", ".join(sorted(path.relative_to(root).as_posix() for path in found)[:3])
        message = f"There are {len(found)} tasks in it and not one: {names}." if found else "There is no task in it."
        raise NotUnpacked("not-one-task", message)
    return found[0]


def _no_room(error: OSError, folder: Path) -> NotUnpacked:
    return NotUnpacked("no-snapshot", f"It cannot be unpacked in {folder.parent}: {error.strerror or error}.")
