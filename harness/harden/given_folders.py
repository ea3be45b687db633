"""Programs that are given a folder at a fixed place: the same with a copy of it, which may be changed. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from posixpath import basename, join, normpath

from harness.harden.brought import LARGEST, known_files
from harness.harden.cases import ProgramStart
from harness.harden.model import FOLDER
from harness.trial.end_state import EndState
from harness.trial.watching.calls import Given

MOST_FILES = 20


def with_copies(
    started: Iterable[ProgramStart], left: EndState, environment: Mapping[str, Given]
) -> Iterator[ProgramStart]:
    """Of the starts that bring no file those of which a word is such a folder. What is in it is known of what solving
    leaves, and of the environment as far as a folder's name tells."""
    contents = known_files((path, b64decode(data)) for path, data in left.outputs.items())
    for start in started:
        for at, word in enumerate(start.argv) if not start.files else ():
            path = normpath(join(start.cwd or "/", word))
            files = _files_in(path, contents, environment) if at > start.at else ()
            if files and len(files) <= MOST_FILES and sum(len(file.text) for file in files) <= LARGEST:
                argv = (*start.argv[:at], f"{FOLDER}/{basename(path)}", *start.argv[at + 1 :])
                yield replace(start, argv=argv, files=files)
                break


def _files_in(path: str, left: Mapping[str, Given], environment: Mapping[str, Given]) -> tuple[Given, ...]:
    name = basename(path)
    found = {each.split(f"{name}/", 1)[1]: file for each, file in environment.items() if f"/{name}/" in f"/{each}"} | {
        each[len(path) + 1 :]: file for each, file in left.items() if each.startswith(f"{path}/")
    }
    return tuple(replace(file, path=f"{name}/{below}") for below, file in sorted(found.items())) if name else ()
