"""Every mutant of every solution against the real parser of its language; the reference is the measure."""

from __future__ import annotations

import configparser
import io
import json
import subprocess
import tomllib
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import crossplane
import pytest
import yaml

from mutator.generate import Tally, generate
from mutator.model import Mutant, apply_bytes
from mutator.operators import FAMILIES, families
from mutator.operators.code.dialects import DIALECTS, parser
from mutator.sources import read_sources
from tests.mutator.solutions import EVERY, Folder


def _python(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(text, "", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _reads(parser: Callable[[str], object], *errors: type[Exception]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            parser(text)
        except errors:
            return False
        return True

    return reads


def _ini(text: str) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    parser.read_file(io.StringIO(text))


def _run(*command: str) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        done = subprocess.run(command, input=text.encode("utf-8", "surrogateescape"), capture_output=True, timeout=30)
        return done.returncode == 0 and done.stderr == b""

    return reads


def _grammar(language: str) -> Callable[[str], bool]:
    return lambda text: not parser(language, text).parse(text.encode()).root_node.has_error


READERS: dict[str, Callable[[str], bool]] = {
    "python": _python,
    "shell": _run("/bin/bash", "-n"),
    "json": _reads(json.loads, ValueError),
    "yaml": _reads(lambda text: list(yaml.safe_load_all(text)), yaml.YAMLError),
    "toml": _reads(tomllib.loads, tomllib.TOMLDecodeError),
    "ini": _reads(_ini, configparser.Error),
    "systemd": _reads(_ini, configparser.Error),
    "diff": _run("git", "apply", "--numstat", "-"),
    **{language: _grammar(language) for language in DIALECTS},
}
MOST = 60
"""Mutants of one solution that are read again, a little more or less."""


def _texts(folder: Folder, mutant: Mutant) -> tuple[bytes, dict[str, str]]:
    """The mutated file, and the pieces of the solution as they read then."""
    mutated = apply_bytes(folder.files[mutant.file], mutant.edits)
    sources = read_sources({**folder.files, mutant.file: mutated}, folder.script)
    return mutated, {source.id: source.text for source in sources}


def _nginx(path: Path, text: str) -> bool:
    path.write_text(text if "http" in text or "events" in text else f"events {{}}\nhttp {{\n{text}\n}}\n")
    return bool(crossplane.parse(str(path), single=True, check_ctx=False)["status"] == "ok")


def _broken(folder: Folder, tmp_path: Path) -> Iterator[tuple[str, Mutant]]:
    sources = {source.id: source for source in read_sources(folder.files, folder.script)}
    readers: dict[str, Callable[[str], bool]] = {**READERS, "nginx": partial(_nginx, tmp_path / "nginx.conf")}
    good = {
        name: source.language in readers and readers[source.language](source.text) for name, source in sources.items()
    }
    whole = folder.script.endswith(".sh") and READERS["shell"](folder.files[folder.script].decode("latin-1"))
    made = list(generate(list(sources.values()), folder.files, families(folder.instruction)))
    for number, mutant in enumerate(made):
        # Of the many of a long program a part will do.
        if number % (len(made) // MOST + 1):
            continue
        mutated, texts = _texts(folder, mutant)
        language = sources[mutant.source].language
        if good[mutant.source] and mutant.source in texts and not readers[language](texts[mutant.source]):
            yield language, mutant
        # What is said in a here-document or in quotes must leave the script around it whole.
        if whole and mutant.file == folder.script and language != "shell":
            done = subprocess.run(["/bin/bash", "-n"], input=mutated, capture_output=True, timeout=30)
            if done.returncode or done.stderr:
                yield "script", mutant


@pytest.mark.parametrize("folder", EVERY, ids=lambda folder: folder.name)
def test_every_mutant_is_still_of_its_language(folder: Folder, tmp_path: Path) -> None:
    assert [(language, mutant.sentence, mutant.after) for language, mutant in _broken(folder, tmp_path)] == []


@pytest.mark.parametrize(("extension", "text"), [("py", "def f(:\n  x"), ("json", "{broken"), ("yaml", "a: [b")])
def test_a_text_that_is_not_of_its_language_has_no_mutants_and_is_counted(extension: str, text: str) -> None:
    files = {"solve.sh": f"cat > /app/x.{extension} <<'EOF'\n{text}\nEOF\n".encode()}
    tally = Tally()
    made = list(generate(read_sources(files, "solve.sh"), files, FAMILIES, tally=tally))
    assert {mutant.source for mutant in made} == {"solve.sh:script"}
    assert tally.unparsed == [f"solve.sh:heredoc:/app/x.{extension}"]
