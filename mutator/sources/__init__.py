"""A solution folder's contents to sources: every mutable piece with exact spans in its real file."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from mutator.model import Edit, FileText, Fixed, Source, SourceKind, Window, apply_bytes
from mutator.shell.syntax import heredocs
from mutator.sources.before import Before
from mutator.sources.diff import diff_pieces
from mutator.sources.languages import language_of
from mutator.sources.notebook import notebook_pieces
from mutator.sources.piece import SOLUTION, Piece
from mutator.sources.python import python_pieces
from mutator.sources.shell import Place, read_calls, shell_pieces
from mutator.sources.siblings import used_by_calls, used_by_mention
from mutator.spelling.window import Parent
from mutator.spelling.yaml import yaml_scalar_window

__all__ = ["Before", "Skipped", "decode", "read_sources", "reprinted", "whole_file"]

LARGEST = 1_000_000
"""Characters of a piece beyond which it is not parsed: nobody wrote it by hand. What is read line by line may be
longer; a script's here-documents and long texts in quotes do not count as its own."""
_LONG_QUOTES = re.compile(r"'[^']{1000,}'")
_BY_LINE = frozenset({"text", "csv", "jsonl", "ini", "env", "systemd", "cron"})
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of the solution, or a piece of one, that is no source, and why."""

    file: str
    """Or the id that the piece would have as a source."""
    reason: str


def decode(data: bytes) -> FileText | None:
    """UTF-8, else latin-1, which takes any bytes; None for what is binary."""
    if b"\0" in data:
        return None
    skipped = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    try:
        return FileText(data[skipped:].decode("utf-8"), "utf-8", skipped)
    except UnicodeDecodeError:
        return FileText(data.decode("latin-1"), "latin-1")


def reprinted(data: bytes) -> bytes:
    """The file as it is written back with no change: decoded, replaced by itself as a whole, encoded. Its own bytes."""
    text = decode(data)
    if text is None:
        return data
    return apply_bytes(data, (text.outward(Edit(0, len(text.text), text.text)),))


def whole_file(file: str, data: bytes, language: str = "", target: str = "") -> Source:
    """One file as one source, whatever its size."""
    text = decode(data) or FileText(data.decode("latin-1"), "latin-1")
    return Source(file, SourceKind.SIBLING, language or language_of(target or file, text.text), target, text, 1)


def read_sources(
    files: Mapping[str, bytes], script: str, *, skipped: list[Skipped] | None = None, before: Before | None = None
) -> list[Source]:
    """The script's pieces first, then every file of the folder that it uses. `skipped` is told what is left out;
    `before` is what the environment holds, for what is repaired there."""
    skipped = [] if skipped is None else skipped
    texts = _readable(files, skipped)
    if script not in texts:
        return []
    collector = _Collector(texts, skipped, before or Before())
    collector.add_script(script)
    collector.add_used(script)
    return collector.sources


def _readable(files: Mapping[str, bytes], skipped: list[Skipped]) -> dict[str, FileText]:
    texts: dict[str, FileText] = {}
    for name in sorted(files):
        text = decode(files[name])
        if text is None:
            skipped.append(Skipped(name, "binary"))
        else:
            texts[name] = text
    return texts


class _Collector:
    def __init__(self, texts: dict[str, FileText], skipped: list[Skipped], before: Before) -> None:
        self.texts = texts
        self.before = before
        self.skipped = skipped
        self.sources: list[Source] = []
        self.labels: Counter[tuple[str, str]] = Counter()
        self.used: dict[str, str] = {}
        """Sibling -> target."""
        self.languages: dict[str, str] = {}
        """Target -> the language of what is written there, for what changes it later."""

    def add_script(self, script: str) -> None:
        text = self.texts[script]
        if script.endswith((".yaml", ".yml")):
            place, spoken = Place(), "shell"
            for window, typed in yaml_commands(text):
                place = self._add(script, Piece(SourceKind.SCRIPT, "keys" if typed else spoken, "", window), place)
                spoken = prompt_after(window.text, spoken)
            return
        language = language_of(script, text.text, "" if "." in script else "shell")
        target = f"{SOLUTION}/{script}"
        self._add(script, Piece(SourceKind.SCRIPT, language, target, text), Place())

    def add_used(self, script: str) -> None:
        """Siblings, until none brings another."""
        done = {script}
        contents = {name: text.text for name, text in self.texts.items()}
        while True:
            mentioned = used_by_mention(contents, self.texts, [script, *self.used])
            for name in mentioned:
                self.used.setdefault(name, f"{SOLUTION}/{name}")
            queue = sorted(name for name in self.used if name not in done and name in self.texts)
            if not queue:
                break
            for name in queue:
                done.add(name)
                text = self.texts[name]
                language = language_of(self.used[name], text.text) or language_of(name, text.text)
                if language == "text":
                    language = language_of(name, text.text)
                kind = SourceKind.PATCH if language == "diff" else SourceKind.SIBLING
                self._add(name, Piece(kind, language, self.used[name], text), Place())
        for name in sorted(set(self.texts) - done):
            self.skipped.append(Skipped(name, "not used by the script"))

    def _add(self, file: str, piece: Piece, place: Place, depth: int = 0) -> Place:
        """The piece and those within it; the shell's state after it."""
        large = self._is_large(piece)
        cells = list(notebook_pieces(piece.window, piece.target)) if piece.language == "notebook" and not large else []
        if not cells:  # a notebook is its cells
            self._source(file, piece, large=large)
        if depth >= _DEEPEST or large:
            return place
        inner: Iterator[Piece] = iter(cells)
        if piece.language == "shell":
            reading = read_calls(piece.window, place)
            siblings = [name for name in self.texts if name != file]
            for name, target in used_by_calls(reading.calls, siblings, posixpath.dirname(file)).items():
                if self.used.get(name, f"{SOLUTION}/{name}") == f"{SOLUTION}/{name}":
                    self.used[name] = target
            place = reading.place
            inner = shell_pieces(piece.window, reading)
        elif piece.language == "python":
            inner = python_pieces(piece.window, self.languages, self.before)
        elif piece.language == "diff":
            inner = diff_pieces(piece.window, self.languages, self.before)
        for one in inner:
            if _fixed(one.window):
                continue
            self._add(file, one, place if one.kind is SourceKind.INLINE else Place(dict(place.variables)), depth + 1)
        return place

    def _is_large(self, piece: Piece) -> bool:
        length = len(piece.window.text)
        if length > LARGEST and piece.language == "shell":
            length -= sum(body.end - body.start for body in heredocs(piece.window.text))
            length -= sum(map(len, _LONG_QUOTES.findall(piece.window.text)))
        return length > LARGEST and piece.language not in _BY_LINE

    def _source(self, file: str, piece: Piece, *, large: bool) -> None:
        kind = SourceKind.PATCH if piece.language == "diff" else piece.kind
        label = ""
        if kind is SourceKind.SCRIPT:
            label = "script"
        elif isinstance(piece.window, Window):
            label = f"{piece.kind}:{piece.name}"
        if piece.target and kind is not SourceKind.REPLACEMENT:
            self.languages[piece.target] = piece.language
        if label:
            self.labels[file, label] += 1
            number = self.labels[file, label]
            label = label if number == 1 else f"{label}#{number}"
        line = 1 + self.texts[file].text.count("\n", 0, _start(piece.window))
        source = Source(file, kind, piece.language, piece.target, piece.window, line, label)
        if large:
            self.skipped.append(Skipped(source.id, f"more than {LARGEST:,} characters of {piece.language}"))
        else:
            self.sources.append(source)


def _fixed(window: Parent) -> bool:
    """Whether it lies in what a repaired program was before, of which nothing is written here."""
    if not isinstance(window, Window) or not isinstance(window.parent, Window):
        return False
    start, end = window.outer(0), window.outer(len(window.text), at_end=True)
    zones = window.parent.zones
    ends = [*(after for after, _ in zones[1:]), len(window.parent.text)]
    within = [one for (at, one), stop in zip(zones, ends, strict=True) if at < end and start < stop]
    return bool(within) and all(isinstance(one, Fixed) for one in within)


def _start(window: Parent) -> int:
    """Where a text begins in the file's."""
    position = 0
    while isinstance(window, Window):
        position = window.outer(position)
        window = window.parent
    return position


_PROMPTS = {"python": "python", "python3": "python", "ipython": "python", "node": "javascript", "irb": "ruby"}
_LEFT = re.compile(r"(?:exit|quit)(?:\(\))?;?|\.exit")


def prompt_after(command: str, spoken: str) -> str:
    """The language of what is typed next: an interpreter started by itself asks for its own until it is left."""
    said = command.strip()
    if spoken == "shell":
        return _PROMPTS.get(said, "shell")
    return "shell" if _LEFT.fullmatch(said.split("\n")[-1]) else spoken


def yaml_commands(text: FileText) -> Iterator[tuple[Window, bool]]:
    """The command of every step of a solution.yaml, and whether it is keys typed into a program, no command."""
    try:
        root = YAML(typ="safe", pure=True).compose(text.text)
    except (YAMLError, ValueError, RecursionError):
        return
    if isinstance(root, MappingNode):
        root = next((value for _, value in root.value if isinstance(value, SequenceNode)), None)
    for item in root.value if isinstance(root, SequenceNode) else ():
        pairs = item.value if isinstance(item, MappingNode) else [(None, item)]
        said = {key.value: value.value for key, value in pairs if key is not None and isinstance(value, ScalarNode)}
        typed = said.get("append_enter", "true").lower() in ("false", "no", "off")
        for key, value in pairs:
            if isinstance(value, ScalarNode) and (key is None or key.value == "command"):
                window = yaml_scalar_window(
                    text, value.start_mark.index, value.end_mark.index, value.style, value.value
                )
                if window is not None:
                    yield window, typed or any(char < " " and char not in "\n\t" for char in value.value)
