"""Programs that read what lies at a fixed place, and write to one: the same again with another input there. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from posixpath import basename, dirname
from random import Random
from typing import Any

from harness.harden.brought import json_document, to_body
from harness.harden.model import BoxCase
from harness.harden.varying import atoms_of, changed_value, otherwise, varied_texts, with_text
from harness.trial.end_state import EndState
from harness.trial.watching.calls import Given

MOST, MOST_OF_ONE, LONGEST = 80, 40, 40_000
_INTERPRETERS = {".py": "python3", ".sh": "bash", ".js": "node", ".rb": "ruby", ".pl": "perl"}


@dataclass(frozen=True, slots=True)
class PlacedStart:
    """A program with what it reads at fixed places, and where it writes."""

    argv: tuple[str, ...]
    cwd: str
    stdin: str
    places: tuple[Given, ...]
    outputs: tuple[str, ...]

    def body(self) -> dict[str, Any]:
        places = [to_body(file) for file in self.places]
        run = {"argv": list(self.argv), "cwd": self.cwd, "stdin": self.stdin, "files": []}
        return {**run, "places": places, "outputs": list(self.outputs)}

    @property
    def cost(self) -> int:
        return 60 + len(" ".join(self.argv)) + sum(len(file.text) for file in self.places)


def placed_starts(
    started: Iterable[tuple[tuple[str, ...], str, str]],
    named: Iterable[str],
    left: EndState,
    known: Mapping[str, Given],
) -> list[PlacedStart]:
    """`started`: how the tests start programs that are given no file, with the folder and the standard input; `named`:
    the paths that the instruction names; `known`: the files of the environment."""
    texts = {path: _decoded(data) for path, data in left.outputs.items()}
    paths = sorted(set(named))
    inputs = {path: file for path in paths if (file := _input(path, left, known)) is not None}
    outputs = [path for path in paths if left.entries.get(path, "").startswith("f ") and path not in inputs]
    starts = list(started)
    run = {word for argv, _, _ in starts for word in argv}
    for path, text in texts.items():  # what the instruction asks for as a program, and no test starts
        argv = _argv(path, text, left)
        if path in paths and path not in run and argv:
            starts.append((argv, dirname(path), ""))
    found = []
    for argv, cwd, stdin in starts:
        text = next((texts[word] for word in reversed(argv) if word in texts), "")
        read = tuple(file for path, file in inputs.items() if _speaks_of(text, path))
        written = tuple(path for path in outputs if path not in argv and _speaks_of(text, path))
        if read:
            found.append(PlacedStart(argv, cwd, stdin, read, written))
    return list(dict.fromkeys(found))


def _input(path: str, left: EndState, known: Mapping[str, Given]) -> Given | None:
    """The environment's text file that is at this place, as far as its name tells; solving leaves it as it is."""
    same = [file for each, file in known.items() if basename(each) == basename(path)]
    if len(same) != 1 or path in left.entries or same[0].binary or not 0 < len(same[0].text) <= LONGEST:
        return None
    return None if same[0].path.endswith(tuple(_INTERPRETERS)) else replace(same[0], path=path)


def _argv(path: str, text: str, left: EndState) -> tuple[str, ...]:
    mode = re.match(r"f (\d+) ", left.entries.get(path, ""))
    if mode is None:
        return ()
    if text.startswith("#!") and int(mode[1], 8) & 0o111:
        return (path,)
    interpreter = next((name for end, name in _INTERPRETERS.items() if path.endswith(end)), "")
    return (interpreter, path) if interpreter else ()


def _speaks_of(text: str, path: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(basename(path))}(?![\w-])", text) is not None


def _decoded(data: str) -> str:
    return b64decode(data).decode("utf-8", "replace")


def with_outputs(cases: Iterable[BoxCase], named: Collection[str], left: EndState) -> Iterator[BoxCase]:
    """Each with the files that its program writes at places which the instruction names: they are looked at as well."""
    texts = {path: _decoded(data) for path, data in left.outputs.items()}
    for case in cases:
        argv = case.body["argv"]
        program = next((texts[word] for word in reversed(argv) if word in texts), "")
        written = sorted(
            path
            for path in named
            if path not in " ".join([*argv, case.body["cwd"]])
            and _is_data(path, texts)
            and _speaks_of(program, path)
            and (left.entries.get(path, "").startswith("f ") or _writes(program, path))
        )
        yield replace(case, body={**case.body, "outputs": written}) if written else case


def _is_data(path: str, texts: Mapping[str, str]) -> bool:
    """No program, which another one may speak of because it starts it."""
    return not path.endswith(tuple(_INTERPRETERS)) and not texts.get(path, "").startswith("#!")


def _writes(text: str, path: str) -> bool:
    """Whether the program's text says so where it speaks of a file that solving does not leave."""
    name = re.escape(basename(path))
    return any(re.search(rf"(?<![\w.-]){name}(?![\w-])", line) and _WRITING.search(line) for line in text.splitlines())


_WRITING = re.compile(r"[\"'][wax]b?[\"']|\bwrite|\bdump|\bsave|\bto_(?:csv|json)\b|>")


# --- cases


def placed_cases(found: Sequence[PlacedStart], seed: int) -> Iterator[BoxCase]:
    """As it lies there, and changed; a JSON document is a case only if it says the same when its order is another."""
    for number, start in enumerate(found):
        yield BoxCase(f"placed-{number}", "run", start.body(), "with what lies at its place", start.cost)
    number = 0
    for start in found:
        for how, one, twin in islice(_changed(start, Random(seed)), MOST_OF_ONE):
            number += 1
            if number > MOST:
                return
            name = f"placed-changed-{number}"
            if twin is not None:
                yield BoxCase(f"{name}-twin", "run", twin.body(), "the same said otherwise", 10**9)
            yield BoxCase(name, "run", one.body(), how, one.cost + 40, f"{name}-twin" if twin is not None else "")


def _changed(start: PlacedStart, rng: Random) -> Iterator[tuple[str, PlacedStart, PlacedStart | None]]:
    seen = {start.places}
    for at, file in enumerate(start.places):
        document = json_document(file.text)
        if document is not None:
            for _ in range(MOST_OF_ONE // 2):
                other = changed_value(document, list(atoms_of(document)), rng, fixed=False)
                one, twin = (with_text(start.places, at, json.dumps(each)) for each in (other, otherwise(other)))
                if one not in seen:
                    seen.add(one)
                    yield (
                        f"with another value in {basename(file.path)}",
                        replace(start, places=one),
                        replace(start, places=twin),
                    )
    for how, places in varied_texts(start.places, rng):
        if places not in seen:
            seen.add(places)
            yield f"what lies at its place {how}", replace(start, places=places), None
