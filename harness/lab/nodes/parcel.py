"""A task's folder as one thing that can be sent to another machine."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import EngineError
from harness.lab.jobs import TaskRef, image_ids
from harness.task.model import Task
from harness.task.snapshot import digest_of, moved
from harness.trial.plan import Built

Likeness = tuple[object, ...]
"""In what a task's images must be the same on two machines, for trials on both to be of one task."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a machine needs of a task that it does not have yet."""

    ref: TaskRef
    task: Task
    """As it is where it was read."""
    folder: tuple[Awaitable[bytes]]
    """What `pack` made, to be fetched by who lacks it. In a tuple, for Ray would fetch it unasked otherwise."""
    like: Likeness | None = None
    """None where nobody has built it yet."""


def likeness(built: Built) -> Likeness:
    return (image_ids(built), built.main.fidelity, not built.no_network, not built.no_lists, not built.no_gpus)


def pack(folder: Path) -> bytes:
    """Everything in it, as it is: modes, links and times too. Nobody's in particular."""
    made = io.BytesIO()

    def nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT, dereference=False) as tar:
        tar.add(folder, ".", filter=nobodys)
    return made.getvalue()


def unpack(data: bytes, target: Path) -> None:
    """Into a folder that is not there yet. What `pack` made holds no way out of it: it never goes through a link."""

    def ours(entry: tarfile.TarInfo, _path: str) -> tarfile.TarInfo:
        return entry.replace(uid=None, gid=None, uname=None, gname=None, deep=False)  # type: ignore[arg-type]  # None: as whoever unpacks

    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r") as tar:
        tar.extractall(target, filter=ours)  # noqa: S202 - our own


def received(parcel: Parcel, data: bytes, folder: Path) -> Task:
    """The task from a folder of this machine, of the very version that was sent."""
    copy = folder / (parcel.task.path.name or "task")
    unpack(data, copy)
    if digest_of(copy) != parcel.ref.digest:
        raise EngineError(f"What was sent of {parcel.ref.name} is not what came here.")
    task: Task = moved(parcel.task, parcel.task.path, copy)
    return replace(task, origin=parcel.task.origin or parcel.task.path)
