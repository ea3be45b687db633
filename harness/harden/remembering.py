"""What a hardening remembers until it has ended: every trial, so that one that was interrupted goes on where it was.

The cases and tests of a task are worked out anew from the trials that are remembered, and come to the same.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import __version__
from harness.lab.lab import Forgetful, Memory
from harness.lab.store import Planned, Store, is_run

FOLDER = "unfinished"
"""In the folder that is written, until everything is."""


def is_unfinished(output: Path) -> bool:
    """Whether a hardening of this folder was interrupted."""
    return is_run(output / FOLDER)


@contextmanager
def remembering(output: Path | None, asked: Any, names: Sequence[str]) -> Iterator[Memory]:
    """`asked`: all that the trials hang on; what is remembered of anything else is forgotten. `names`: of all versions
    of the tasks that are run. Without a folder nothing is remembered."""
    if output is None:
        yield Forgetful()
        return
    folder = output / FOLDER
    with Store(folder, fresh=not _is_same(folder, asked)) as store:
        store.begin_run([Planned(name, "", "") for name in names], asked)
        yield store


def _is_same(folder: Path, asked: Any) -> bool:
    if not is_run(folder):
        return False
    with Store(folder) as store:
        return bool(store.meta().get("options") == json.loads(json.dumps(asked)))


def forget(output: Path) -> None:
    """Everything is written."""
    shutil.rmtree(output / FOLDER, ignore_errors=True)


def what_trials_hang_on(words: Sequence[str], contents: Callable[[], Iterator[bytes]]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for each in contents():
        digest.update(hashlib.sha256(each).digest())
    return {"foolsgold": __version__, "words": list(words), "contents": digest.hexdigest()}
