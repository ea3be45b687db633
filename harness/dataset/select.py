"""Which of the tasks that were found are run: those that changed, a sample of them, a shard of that; in this order."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.dataset.changed import changed_since
from harness.dataset.find import SOURCE, HowKept, InFolder, Listed, find, read
from harness.dataset.model import AnyTask, Packed
from harness.dataset.sample import ALL, Stratum, drawn
from harness.errors import UsageError
from harness.task.model import Unusable


@dataclass(frozen=True, slots=True)
class Shard:
    """Every so many-eth task, so that shards of one dataset are as large and as slow as one another."""

    number: int
    """From 1."""
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def read(cls, text: str) -> Shard:
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--shard {text}: this is no shard.", hint="Write --shard 3/16 for the third of sixteen.")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class TasksAsked:
    """What is to be run of what is found; by default all of it."""

    sample: int | None = None
    by: str | None = None
    """The column, or `source`, by whose values a sample is stratified."""
    seed: int = 0
    shard: Shard | None = None
    since: str | None = None
    column: str = ""

    @property
    def kept(self) -> HowKept:
        return HowKept(self.column, self.by or SOURCE)

    @property
    def all(self) -> bool:
        return self.sample is None and self.shard is None and self.since is None


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for, and out of how many tasks it was chosen."""

    asked: TasksAsked
    found: int
    changed: int | None = None
    """How many of them changed since the revision."""
    strata: tuple[Stratum, ...] = ()
    """Of the sample."""
    groups: Mapping[str, str] | None = None
    """Sampled task -> its stratum; of all shards."""

    @property
    def of_all_shards(self) -> int:
        """How many tasks are run in all."""
        if self.asked.sample is not None:
            return sum(stratum.sampled for stratum in self.strata)
        return self.found if self.changed is None else self.changed

    def to_json(self) -> dict[str, Any]:
        asked = self.asked
        return {
            "found": self.found,
            "changed_since": asked.since,
            "changed": self.changed,
            "sample": None
            if asked.sample is None
            else {
                "size": asked.sample,
                "by": asked.by,
                "seed": asked.seed,
                "strata": [asdict(stratum) for stratum in self.strata],
                "groups": dict(self.groups or {}),
            },
            "shard": str(asked.shard) if asked.shard else None,
        }


class Chosen(list[AnyTask]):
    """The tasks of a run, and how they were chosen; None where they are all that there are."""

    def __init__(self, tasks: Iterable[AnyTask], selection: Selection | None = None) -> None:
        super().__init__(tasks)
        self.selection = selection

    def each(self, change: Callable[[AnyTask], AnyTask]) -> Chosen:
        """The same tasks, changed."""
        return Chosen(map(change, self), self.selection)


def choose(paths: Sequence[Path], asked: TasksAsked = TasksAsked()) -> Chosen:
    """The tasks to run, those in folders read. Raises UsageError where there are none."""
    if asked.by is not None and asked.sample is None:
        raise UsageError("--by stratifies a sample, and none is asked for.", hint="Add --sample with a number.")
    listed = find(paths, asked.kept)
    if asked.all:
        return Chosen(read(listed))
    found, changed = len(listed), None
    if asked.since is not None:
        listed = _changed(listed, asked.since)
        changed = len(listed)
    strata: tuple[Stratum, ...] = ()
    groups: dict[str, str] | None = None
    if asked.sample is not None:
        every = [_group(each) if asked.by is not None else ALL for each in listed]
        places, strata = drawn([each.name for each in listed], every, asked.sample, asked.seed)
        groups = {listed[place].name: every[place] for place in sorted(places)}
        listed = [listed[place] for place in sorted(places)]
    if asked.shard is not None:
        listed = listed[asked.shard.number - 1 :: asked.shard.of]
    return Chosen(read(listed), Selection(asked, found, changed, strata, groups))


def _group(each: Listed) -> str:
    return (each.group if isinstance(each, InFolder | Packed) else "") or "(none)"


def _changed(listed: list[Listed], since: str) -> list[Listed]:
    """Those with a file that changed; of those in an archive, all where the archive did."""
    places = dict.fromkeys(_place(each) for each in listed if not isinstance(each, Unusable))
    changed = changed_since(since, places)
    touched = {above for path in changed for above in _upwards(path)}
    return [each for each in listed if isinstance(each, Unusable) or os.path.realpath(_place(each)) in touched]


def _place(each: InFolder | Packed) -> Path:
    return each.container.file if isinstance(each, Packed) else each.path


def _upwards(path: str) -> Iterator[str]:
    while path not in ("/", ""):
        yield path
        path = path.rpartition("/")[0]
