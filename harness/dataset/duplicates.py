"""Tasks that are another one again: the same files, or the same instruction and tests but for names.

Near ones are found by MinHash over the words of what the solver reads and what the tests say. Names of a task's own
(its paths, its identifiers) are one and the same word, so that a task made again under other names is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.dataset.model import AnyTask
from harness.errors import UsageError
from harness.task.model import Step, Task
from harness.task.texts import verifier_texts

NEAR = 0.9
"""Share of their shingles that two tasks must have in common to be counted as one."""
_HASHES, _BANDS, _SEED = 128, 16, 1
_SHINGLE = 3
"""Words."""


class Duplicates(StrEnum):
    """Which tasks are audited once."""

    EACH = "each"
    """None: every task by itself."""
    EXACT = "exact"
    """Those with the same digest."""
    NEAR = "near"
    """Also those with the same instruction and tests but for names."""


@dataclass(frozen=True, slots=True)
class TaskCopy:
    """A task that is not audited, because another one of the run is the same."""

    task: AnyTask
    of: str
    how: Duplicates
    standing: str = "copy"


class SeenTasks:
    """The tasks of a run so far, in their order. Not thread-safe."""

    def __init__(self, which: Duplicates) -> None:
        self._which = which
        self._digests: dict[str, str] = {}
        self._names: list[str] = []
        self._hashes: list[Any] = []
        self._index = _index() if which is Duplicates.NEAR else None

    def copy_of(self, task: Task) -> tuple[str, Duplicates] | None:
        """The earlier task that it is again, and in which way; from now on it is one of the earlier."""
        if self._which is Duplicates.EACH:
            return None
        first = self._digests.setdefault(task.digest, task.name)
        if first != task.name:
            return first, Duplicates.EXACT
        near = self._near(task)
        return (near, Duplicates.NEAR) if near is not None else None

    def _near(self, task: Task) -> str | None:
        if self._index is None:
            return None
        import rensa

        mine = rensa.RMinHash(num_perm=_HASHES, seed=_SEED)
        mine.update(sorted(set(shingles(words(task)))))
        near: list[int] = sorted(self._index.query(mine))
        for key in near:
            if self._hashes[key].jaccard(mine) >= NEAR:
                return str(self._names[key])
        self._index.insert(len(self._names), mine)
        self._names.append(task.name)
        self._hashes.append(mine)
        return None


def _index() -> Any:
    try:
        import rensa
    except ImportError as error:
        raise UsageError(
            "Finding tasks that are nearly the same needs rensa.", hint="pip install 'foolsgold[near]'"
        ) from error
    return rensa.RMinHashLSH(threshold=NEAR, num_perm=_HASHES, num_bands=_BANDS)


_WORD = re.compile(r"[^\W_]+|[^\w\s]")
_OWN = re.compile(r"`[^`\s]{1,200}`|[\w.~-]*/[\w./~-]*|\b\w*(?:_\w+)+\b|\b(?=\w*\d)(?=\w*[^\W\d])\w+\b")
"""What stands in backquotes, a path, an identifier with an underscore, a word with a digit in it; no number."""


def words(task: Task) -> list[str]:
    """What a solver reads and what the tests say, with every name of the task's own as the same word."""
    texts = [step.instruction for step in task.steps]
    texts += [text for step in task.steps for _, text in sorted(_tests(task, step))]
    return _WORD.findall(_OWN.sub(" NAME ", "\n".join(texts)).lower())


def _tests(task: Task, step: Step) -> Iterator[tuple[str, str]]:
    yield from verifier_texts(task, step).items()


def shingles(found: Sequence[str]) -> Iterator[str]:
    for at in range(max(1, len(found) - _SHINGLE + 1)):
        yield " ".join(found[at : at + _SHINGLE])
