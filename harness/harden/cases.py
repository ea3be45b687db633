"""From what the tests did on the reference to cases: the same again, and the same with other input. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice, pairwise
from posixpath import basename, commonpath, dirname, join, normpath
from random import Random
from typing import Any

from harness.harden.brought import from_body, json_document, to_body
from harness.harden.kin import Kin, kin_in, some_kin, with_kin
from harness.harden.model import FOLDER, BoxCase
from harness.harden.varying import (
    MOST_LESS,
    SPOILT,
    Combiner,
    Files,
    atoms_of,
    changed_value,
    otherwise,
    reductions,
    varied_texts,
)
from harness.judging.varied import is_interpreter, words_of_call
from harness.trial.watching.calls import Call, Given

PASSING = "/tmp"  # noqa: S108 - in a box: where tests make folders that are gone afterwards
STDIN = ""
"""The path of standard input among what a program is given."""
MOST_OWN, MOST_CHANGED, MOST_COMBINED, MOST_OTHER, MOST_TWICE, MOST_KIN = 40, 170, 50, 40, 8, 40
_OPTION = re.compile(r"(?<![\w/.-])(--[A-Za-z][\w-]*|-[A-Za-z])(?:[ =]([A-Z][A-Z0-9_]*|<[^>\n]+>)(?![a-z]))?")
_SECRET = re.compile(r"[^\x20-\x7e\n\t\u00a0-\uffff]")


@dataclass(frozen=True, slots=True)
class ProgramStart:
    """How a test started a program of the solution's: with {folder} for the folder that it made."""

    argv: tuple[str, ...]
    cwd: str
    stdin: str
    files: Files
    """Their paths are below {folder}."""
    program: str
    at: int
    """Which word of argv the program is."""

    def body(self) -> dict[str, Any]:
        return {
            "argv": list(self.argv),
            "cwd": self.cwd,
            "stdin": self.stdin,
            "files": [to_body(file) for file in self.files],
        }

    @property
    def inputs(self) -> Files:
        """Its files, and what it is given on standard input."""
        return (*self.files, *([Given(STDIN, self.stdin)] if self.stdin else []))

    @property
    def cost(self) -> int:
        return len(" ".join(self.argv)) + len(self.stdin) + sum(len(file.text) + 20 for file in self.files)


def starts(calls: Iterable[Call], left: Iterable[str]) -> list[ProgramStart]:
    """Each way once, in the order of the tests."""
    own = frozenset(left)
    found = [start for call in calls if call.kind == "run" if (start := _start(call, own)) is not None]
    return list(dict.fromkeys(found))


def _start(call: Call, own: frozenset[str]) -> ProgramStart | None:
    argv = words_of_call(call)
    places = [place for _, place in call.inputs]
    passing = [place for place in places if not _is_program(place, own) and not _outside(place)]
    if passing and not call.given:
        return None  # what it worked on is not known, and is gone when the tests have ended
    given = tuple(file for file in call.given if not _is_program(file.path, own))
    root = _root(places, given)
    # A program that the test copied is started where the solution left it.
    at = next((n for n, word in enumerate(argv) if _is_program(normpath(join(call.cwd or "/", word)), own)), None)
    if at is None and len(argv) == 3 and argv[:2] == ("sh", "-c"):
        at = 2 if any(path in argv[2] for path in own) else None
    if at is None or (at > 0 and not is_interpreter(argv[0])):
        return None
    program = normpath(join(call.cwd or "/", argv[at])) if argv[:2] != ("sh", "-c") else argv[2]
    if root is None:
        words = tuple(_passing(word) if n > at else word for n, word in enumerate(argv))
        if call.cwd.startswith(f"{PASSING}/"):
            return None if places else ProgramStart(words, FOLDER, call.stdin, (), program, at)
        return ProgramStart(words, call.cwd, call.stdin, (), program, at)
    words = tuple(_passing(_moved(word, root, call.cwd, given)) if n > at else word for n, word in enumerate(argv))
    files = tuple(replace(file, path=file.path[len(root) :].lstrip("/"), age=_whole(file.age)) for file in given)
    if any(_SECRET.search(file.text) for file in files if not file.binary):
        return None
    inside = call.cwd == root or call.cwd.startswith(f"{root}/")
    cwd = FOLDER + call.cwd[len(root) :] if inside and not _outside(root) else call.cwd
    cwd = FOLDER if cwd.startswith(f"{PASSING}/") else cwd  # that folder is gone
    return ProgramStart(words, cwd, call.stdin, files, program, at)


def _outside(root: str) -> bool:
    return not f"{root}/".startswith(f"{PASSING}/")


def _moved(word: str, root: str, cwd: str, given: Files) -> str:
    """A word with the folder's name for the path; a relative name of a file that is brought becomes a whole one where
    the program runs elsewhere."""
    if word == root or word.startswith(f"{root}/") or f"{root}/" in word:
        return word.replace(root, FOLDER)
    path = normpath(join(cwd or "/", word))
    if _outside(root) and any(file.path == path for file in given):
        return FOLDER + path[len(root) :]
    return word


def _passing(word: str) -> str:
    """What is to be written to a folder that was the test's own goes to the case's."""
    return re.sub(rf"{PASSING}/(?:[\w.@+-]+/)*(?=[\w.@+-])", f"{FOLDER}/", word)


def _root(places: Sequence[str], given: Files) -> str | None:
    if not given:
        return None
    folders = [place for place in places if any(file.path.startswith(f"{place}/") for file in given)]
    folders += [dirname(file.path) for file in given if not any(file.path.startswith(f"{each}/") for each in folders)]
    found = commonpath(folders)
    return found if found != "/" and PASSING not in places else None


def _is_program(path: str, own: frozenset[str]) -> bool:
    return path in own


def _whole(age: float) -> float:
    """Nothing for what was made just before."""
    return float(round(age)) if age > 120 else 0.0


# --- cases

Changed = tuple[str, ProgramStart, ProgramStart | None]
"""How a start was changed, the start, and the same said otherwise."""


def run_cases_of(
    found: Sequence[ProgramStart], instruction: str, environment: Mapping[str, str], seed: int
) -> Iterator[BoxCase]:
    """The tests' own calls, then changed ones. `environment`: its files' texts by path."""
    rng = Random(seed)
    for number, start in enumerate(found[:MOST_OWN]):
        yield BoxCase(f"run-{number}", "run", start.body(), "as the tests call it", start.cost)
    why = "" if _AGAIN.search(instruction) else "that it can be run again"
    for number, start in enumerate(found[:MOST_TWICE]):
        body = {**start.body(), "times": 2}
        yield BoxCase(f"twice-{number}", "run", body, "as the tests call it, twice", start.cost + 30, unstated=why)
    changed = islice(_changed(found, instruction, environment, rng), MOST_CHANGED)
    for number, (how, start, twin) in enumerate(changed, start=1):
        name = f"changed-{number}"
        if twin is not None:
            yield BoxCase(f"{name}-twin", "run", twin.body(), "the same said otherwise", 10**9)
        cost = start.cost + 40
        yield BoxCase(name, "run", start.body(), how, cost, f"{name}-twin" if twin is not None else "")


def _changed(
    found: Sequence[ProgramStart], instruction: str, environment: Mapping[str, str], rng: Random
) -> Iterator[Changed]:
    seen = {(start.argv, start.stdin, start.files) for start in found}
    for how, start, twin in _all_changed(found, instruction, environment, rng):
        key = (start.argv, start.stdin, start.files)
        if key not in seen:
            seen.add(key)
            yield how, start, twin


def _all_changed(
    found: Sequence[ProgramStart], instruction: str, environment: Mapping[str, str], rng: Random
) -> Iterator[Changed]:
    kinds: dict[tuple[str, tuple[str, ...]], list[ProgramStart]] = {}
    for start in found:
        kinds.setdefault((start.program, tuple(file.path for file in start.inputs)), []).append(start)
    kin = kin_in(instruction)
    for alike in kinds.values():
        yield from _with_options(alike, instruction)
    for alike in kinds.values():
        yield from islice(_of_kin(alike, kin), MOST_KIN)
        yield from _combined(alike, environment, kin, rng)
    for alike in kinds.values():
        for start in alike[:4]:
            for how, inputs in varied_texts(start.inputs, rng):
                if _is_spoilt(start.inputs, inputs) and not SPOILT.search(instruction):
                    continue  # what is to come of it, nobody has said
                yield f"the input {how}", _with_inputs(start, inputs), None


_AGAIN = re.compile(
    r"\b(?:again|twice|idempoten\w*|overwrit\w*|re-?runn?\w*|repeated|existing (?:output|file)"
    r"|already (?:there|exists?))\b",
    re.IGNORECASE,
)


def _is_spoilt(before: Files, after: Files) -> bool:
    """Data of which a part is gone."""
    return any(file.binary and file != other for file, other in zip(before, after, strict=True))


def _with_inputs(start: ProgramStart, inputs: Files) -> ProgramStart:
    files, stdin = _apart(inputs)
    return ProgramStart(start.argv, start.cwd, stdin, files, start.program, start.at)


def _apart(inputs: Files) -> tuple[Files, str]:
    """The files, and what comes on standard input."""
    files = tuple(file for file in inputs if file.path != STDIN)
    return files, next((file.text for file in inputs if file.path == STDIN), "")


def _with_words(start: ProgramStart, words: Sequence[str]) -> ProgramStart:
    argv = (*start.argv[: start.at + 1], *words)
    return ProgramStart(argv, start.cwd, start.stdin, start.files, start.program, start.at)


def _with_options(alike: Sequence[ProgramStart], instruction: str) -> Iterator[Changed]:
    """Options that the instruction names and takes no value, alone and in pairs with what the tests give; and options
    that the tests give, left out and in another place."""
    flags: dict[str, None] = {}
    for option, value in _OPTION.findall(instruction):
        if not value:
            flags[option] = None
    valued = {option for option, value in _OPTION.findall(instruction) if value}
    own = [option for option in flags if option not in valued and len(option) > 2][:6]
    for start in sorted(alike, key=lambda each: each.cost)[:6]:
        rest = start.argv[start.at + 1 :]
        for option in own:
            if option not in rest:
                yield f"with {option}", _with_words(start, [*rest, option]), None
        for one, other in pairwise(own):
            if one not in rest and other not in rest:
                yield f"with {one} and {other}", _with_words(start, [*rest, one, other]), None


def _documents(start: ProgramStart) -> list[Any]:
    """None in place of an input that is no JSON; nothing where none is."""
    found = [None if file.binary else json_document(file.text) for file in start.inputs]
    return found if any(each is not None for each in found) else []


def _of_kin(alike: Sequence[ProgramStart], kin: Kin) -> Iterator[Changed]:
    """With a word in place of another that the instruction lists beside it."""
    for start in alike:
        documents = _documents(start)
        for at, document in enumerate(documents):
            for old, new, other in with_kin(document, kin):
                made = [other if number == at else each for number, each in enumerate(documents)]
                twin = _with_documents(start, [otherwise(each) for each in made])
                yield f"with {new} in place of {old}", _with_documents(start, made), twin


def _combined(
    alike: Sequence[ProgramStart], environment: Mapping[str, str], kin: Kin, rng: Random
) -> Iterator[Changed]:
    alike = [start for start in alike if _documents(start)]
    whole = [start for start in alike if None not in _documents(start)]
    if whole:
        yield from _combined_anew(whole, environment, kin, rng)
    for start, documents in islice(zip(cycle(alike), cycle(list(map(_documents, alike))), strict=False), MOST_OTHER):
        atoms = list(atoms_of(documents))
        at = rng.choice([number for number, each in enumerate(documents) if each is not None])
        other = documents[at]
        for _ in range(rng.choice((1, 1, 2))):
            other = changed_value(other, atoms, rng, fixed=False)
        made = [other if number == at else each for number, each in enumerate(documents)]
        one = _with_documents(start, made)
        yield "with another value", one, _with_documents(start, [otherwise(each) for each in made])


def _combined_anew(
    alike: Sequence[ProgramStart], environment: Mapping[str, str], kin: Kin, rng: Random
) -> Iterator[Changed]:
    files = alike[0].inputs
    examples = [_documents(start) for start in alike]
    shown = [
        next((text for path, text in environment.items() if basename(path) == basename(file.path)), "")
        for file in files
    ]
    if all(json_document(text) is not None for text in shown):
        examples.append([json_document(text) for text in shown])
    combiner = Combiner(examples)
    for _ in range(MOST_COMBINED):
        made = [some_kin(each, kin, rng) for each in combiner.make(rng)]
        one = _with_documents(alike[0], made)
        yield "with its records combined anew", one, _with_documents(alike[0], [otherwise(each) for each in made])


def _with_documents(start: ProgramStart, documents: Sequence[Any]) -> ProgramStart:
    pairs = zip(start.inputs, documents, strict=True)
    return _with_inputs(
        start, tuple(file if each is None else Given(file.path, json.dumps(each), file.age) for file, each in pairs)
    )


def reduced(case: BoxCase) -> Iterator[BoxCase]:
    """The case with one thing less in its input, each by itself."""
    if case.kind != "run":
        return
    stdin = [Given(STDIN, case.body["stdin"])] if case.body["stdin"] else []
    inputs = (*map(from_body, case.body["files"]), *stdin)
    for number, less in enumerate(islice(reductions(inputs, " ".join(case.body["argv"])), MOST_LESS)):
        files, text = _apart(less)
        body = {**case.body, "files": [to_body(file) for file in files], "stdin": text}
        cost = case.cost - sum(len(file.text) + 20 for file in inputs) + sum(len(file.text) + 20 for file in less)
        yield BoxCase(f"{case.id}-less-{number}", "run", body, case.how, cost, unstated=case.unstated)


# --- what is left


def look_case(paths: Iterable[str]) -> BoxCase:
    return BoxCase("left", "look", {"paths": sorted(set(paths))}, "what solving leaves", 60)


_PATH = re.compile(r"(?<![\w.~/-])(/(?:[\w.@+-]+/)*[\w.@+-]*[\w@+-])")


def paths_in(instruction: str) -> set[str]:
    return {
        path for path in _PATH.findall(instruction) if path.count("/") > 1 and not path.startswith(("/proc", "/sys"))
    }


# --- servers

_LIMIT = re.compile(r"\brate|\blimit|\bburst|\bper (?:second|minute)|\bthrottl|\b429\b|\b503\b", re.IGNORECASE)
BURST, PAUSE, MOST_BURSTS = 12, 2.2, 4


def ask_cases(calls: Iterable[Call], instruction: str) -> Iterator[BoxCase]:
    """The tests' own requests; and where a limit is spoken of, many at once, from another client, and after a pause."""
    seen: dict[tuple[str, str, str], None] = {}
    for call in calls:
        method, _, path = call.what.partition(" ")
        if call.kind == "ask" and method in ("GET", "HEAD", "DELETE", "OPTIONS") and ":" in call.to:
            seen.setdefault((call.to, method, path))
    for number, (to, method, path) in enumerate(list(seen)[:20]):
        host, _, port = to.rpartition(":")
        if not port.isdigit() or not (host == "localhost" or host.startswith("127.")):
            continue
        server = {"host": host, "port": int(port)}
        request = {"method": method, "path": path}
        once = {**request, "times": 1, "client": f"127.1.{number}.1"}
        yield BoxCase(f"ask-{number}", "ask", {**server, "steps": [once]}, "as the tests ask it", 40)
        if _LIMIT.search(instruction) and method == "GET" and number < MOST_BURSTS:
            mine, other, third = (f"127.1.{number}.{last}" for last in (2, 3, 4))
            many = {**request, "times": BURST}
            steps: list[dict[str, Any]] = [{**many, "client": mine}, {**request, "times": 1, "client": other}]
            yield BoxCase(f"burst-{number}", "ask", {**server, "steps": steps}, "many requests at once", 80)
            again = [{**many, "client": third}, {"sleep": PAUSE}, {**many, "client": third}]
            yield BoxCase(f"again-{number}", "ask", {**server, "steps": again}, "many requests, and after a pause", 120)
            few = [{**request, "times": count, "client": f"127.1.{number}.{count + 10}"} for count in (2, 3, 4, 5)]
            yield BoxCase(f"few-{number}", "ask", {**server, "steps": few}, "a few requests at once", 100)
