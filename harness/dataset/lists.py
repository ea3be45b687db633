"""Files that only say where tasks are: a list of paths, Harbor's registry, Harbor's dataset.toml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.task.model import Problem, ProblemSeverity, Unusable
from harness.untrusted import visible

DATASET = "dataset.toml"
LISTS = (".txt", ".list")
_LARGEST = 256 << 20


def is_list(file: Path) -> bool:
    return file.suffix in (*LISTS, ".json") or file.name == DATASET


def listed(file: Path) -> Iterator[tuple[str, Path | Unusable]]:
    """(name, path), '' where the path names it; or why a task that is listed cannot be had."""
    if file.name == DATASET:
        return _dataset(file, _text(file))
    if file.suffix == ".json":
        return _registry(file, _text(file))
    return _paths(file, _text(file))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"{visible(str(file))} has more than {_LARGEST >> 20} MB, which is no list of tasks.")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{visible(str(file))} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{visible(str(file))} is no text.", hint="A list has a path in each line.") from error


def _paths(file: Path, text: str) -> Iterator[tuple[str, Path | Unusable]]:
    """A path a line, from the list's own folder; empty lines and those that begin with # are left out."""
    for line in text.splitlines():
        if (path := line.strip()) and not path.startswith("#"):
            yield "", file.parent / Path(path).expanduser()


def _registry(file: Path, text: str) -> Iterator[tuple[str, Path | Unusable]]:
    """Harbor's registry.json: datasets, each with its tasks, of which those without a git address lie here."""
    try:
        datasets = json.loads(text)
        found = [
            (f"{dataset['name']}@{dataset['version']}", str(task["name"]), str(task["path"]), task.get("git_url"))
            for dataset in datasets
            for task in dataset["tasks"]
        ]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{visible(str(file))} is no registry of Harbor's: {type(error).__name__}: {error}.",
            hint="It is a list of datasets, each with a name, a version and tasks with a name and a path.",
        ) from error
    for dataset, name, path, address in found:
        whole = f"{dataset}/{name}"
        if address is not None:
            message = f"It lies in a git repository, {address}, and nothing is fetched: clone it, and list the folder."
            yield whole, _not_here(whole, file, message)
            continue
        places = [file.parent / Path(path).expanduser(), Path.cwd() / path]
        yield whole, next((place for place in places if place.exists()), places[0])


def _dataset(file: Path, text: str) -> Iterator[tuple[str, Path | Unusable]]:
    """Harbor's dataset.toml names tasks of its registry; those that lie beside it are taken."""
    try:
        names = [str(task["name"]) for task in tomllib.loads(text).get("tasks", [])]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{visible(str(file))} is no dataset of Harbor's: {error}.") from error
    here = _names_below(file.parent)
    for name in names:
        path = here.get(name) or file.parent / name.rpartition("/")[2]
        if path.is_dir():
            yield name, path
        else:
            message = f"{file.name} names {name}, and no task beside it has that name: nothing is fetched."
            yield name, _not_here(name, file, message)


def _names_below(folder: Path) -> dict[str, Path]:
    """The names that tasks beside a dataset.toml give themselves."""
    found: dict[str, Path] = {}
    for config in sorted(folder.glob("*/task.toml")):
        try:
            said: Any = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("task", {}).get("name")
        except (OSError, ValueError, RecursionError, AttributeError):
            continue  # its loader says what is wrong with it
        if isinstance(said, str):
            found.setdefault(said, config.parent)
    return found


def _not_here(name: str, file: Path, message: str) -> Unusable:
    return Unusable(name, file / name, (Problem("not-here", ProblemSeverity.ERROR, message, file / name),))
