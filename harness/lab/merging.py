"""Several runs put together as one: shards of a dataset, or runs of different tasks under the same settings."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.lab.store import Store, is_run
from harness.lab.stored import reading
from harness.untrusted import visible

_SAME = ("foolsgold", "engine", "seed", "thresholds", "rules")
"""Facts in which runs must agree; in the others they may differ as machines do."""
_EXACT = "exact"


@dataclass(frozen=True, slots=True)
class RunPart:
    """One of the runs."""

    folder: Path
    db: sqlite3.Connection
    meta: Mapping[str, Any]

    @property
    def shard(self) -> tuple[int, int] | None:
        text = (self.meta.get("selection") or {}).get("shard")
        if text is None:
            return None
        number, _, of = text.partition("/")
        return int(number), int(of)


def merge(folders: Sequence[Path], output: Path, *, partial: bool = False, fresh: bool = False) -> list[str]:
    """Write the runs to `output` as though all of it had been one run. Gives what there is to say about it.

    Raises UsageError where they are not parts of one run; without `partial` also where a shard is missing.
    """
    for folder in folders:
        if not is_run(folder):
            raise UsageError(
                f"There is no run in {visible(str(folder))}.", hint="Name run folders of `foolsgold audit`."
            )
        if output.exists() and folder.samefile(output):
            raise UsageError(f"{visible(str(output))} is one of the runs.", hint="Name another folder with -o.")
    if is_run(output) and not fresh:
        raise UsageError(f"There is a run in {visible(str(output))}.", hint="Name another folder, or add --fresh.")
    with ExitStack() as stack:
        parts = []
        for folder in folders:
            db = stack.enter_context(reading(folder))
            meta = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM meta")}
            parts.append(RunPart(folder, db, meta))
        _must_agree(parts)
        missing = _missing(parts)
        if missing and not partial:
            raise UsageError(
                f"There is no run of the shards {', '.join(missing)}.",
                hint="Name them too, or add --partial for a run without their tasks.",
            )
        tasks = list(_tasks(parts))
        with Store(output, fresh=fresh) as store:
            _fill(store, parts, tasks, _EXACT if parts[0].meta["options"].get("duplicates", "each") != "each" else "")
            store.set_meta(_meta(parts, missing))
    return [f"The shards {', '.join(missing)} are missing: their tasks are not in it."] if missing else []


def _must_agree(parts: Sequence[RunPart]) -> None:
    first = parts[0]
    for part in parts[1:]:
        for what in ("options", "facts", "selection"):
            mine, theirs = _terms(first, what), _terms(part, what)
            if mine != theirs:
                names = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
                raise UsageError(
                    f"{visible(str(part.folder))} is no part of the same run as {visible(str(first.folder))}: they "
                    f"differ in {what}: {', '.join(names)}.",
                    hint="Audit them with the same foolsgold and settings.",
                )
    if len({(part.shard or (0, 0))[1] for part in parts}) > 1:
        raise UsageError("These runs were not split into the same number of shards.", hint="Merge like with like.")
    numbers = [part.shard for part in parts if part.shard is not None]
    if len(set(numbers)) < len(numbers):
        raise UsageError("Two of these runs are the same shard.", hint="Name each shard once.")


def _terms(part: RunPart, what: str) -> dict[str, Any]:
    """What a run was made by, as far as parts of one run have it alike."""
    said: Mapping[str, Any] = part.meta.get(what) or {}
    if what == "facts":
        return {key: said.get(key) for key in _SAME}
    return {key: value for key, value in said.items() if not (what == "selection" and key == "shard")}


def _missing(parts: Sequence[RunPart]) -> list[str]:
    there = {part.shard for part in parts}
    of = (parts[0].shard or (0, 0))[1]
    return [f"{number}/{of}" for number in range(1, of + 1) if (number, of) not in there]


def _meta(parts: Sequence[RunPart], missing: Sequence[str]) -> dict[str, Any]:
    metas = [part.meta for part in parts]
    facts = dict(metas[0].get("facts", {}))
    for key in ("python", "engine_version"):
        words = dict.fromkeys(str(each.get("facts", {}).get(key)) for each in metas)
        if len(words) > 1:
            facts[key] = ", ".join(words)
    seconds: list[Any] = [each.get("seconds") for each in metas]
    selection = metas[0].get("selection")
    if selection is not None:
        there = ", ".join(f"{number}/{of}" for number, of in sorted(part.shard for part in parts if part.shard))
        selection = {**selection, "shard": there if missing else None}
        if selection["shard"] is None and selection["sample"] is None and selection["changed_since"] is None:
            selection = None
    return {
        "options": metas[0].get("options", {}),
        "facts": facts,
        "selection": selection,
        "seconds": None if None in seconds else round(sum(seconds), 3),
    }


# --- tasks, mutants and trials


def _fill(store: Store, parts: Sequence[RunPart], tasks: Sequence[tuple[Any, ...]], once: str) -> None:
    """`once` is not empty where tasks with the same files count as one."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    """Copy -> the task that it is again."""
    for _, name, _, digest, _, brief, result in tasks:
        if result is None and brief is not None:
            last[name] = json.loads(brief)["of"]
        elif result is not None and digest and once and first.setdefault(digest, name) != name:
            last[name] = first[digest]
    rows = []
    for position, name, path, digest, setting, brief, result in tasks:
        if name in last:
            how = json.loads(brief).get("how", once) if result is None else once
            brief, result = json.dumps({"of": _first(name, last), "how": how}), None
        rows.append((name, position, path, digest, setting, brief, result))
    store.fill("task", rows)
    for part in parts:
        for table in ("mutant", "trial"):
            store.fill(table, part.db.execute(_OF_THE_RUN[table]))


_OF_THE_RUN = {
    "mutant": "SELECT mutant.* FROM mutant JOIN task ON task.name = mutant.task WHERE task.position IS NOT NULL",
    "trial": "SELECT trial.* FROM trial JOIN task ON task.name = trial.task WHERE task.position IS NOT NULL",
}


def _tasks(parts: Sequence[RunPart]) -> Iterator[tuple[Any, ...]]:
    """(position in the whole, name, path, digest, setting, brief, result), in the order of the whole."""
    found: list[tuple[Any, ...]] = []
    whose: dict[str, RunPart] = {}
    before = 0
    for part in parts:
        query = (
            "SELECT position, name, path, digest, setting, brief, result FROM task WHERE position IS NOT NULL "
            "ORDER BY position"
        )
        count = 0
        for position, name, *rest in part.db.execute(query):
            if (other := whose.setdefault(name, part)) is not part:
                raise UsageError(
                    f"The task {visible(name)} is in {visible(str(other.folder))} and in {visible(str(part.folder))}.",
                    hint="Merge runs of different tasks.",
                )
            place = before + position if part.shard is None else position * part.shard[1] + part.shard[0] - 1
            found.append((place, name, *rest))
            count += 1
        before += count
    yield from sorted(found, key=lambda row: row[0])


def _first(name: str, last: Mapping[str, str]) -> str:
    while name in last:
        name = last[name]
    return name
