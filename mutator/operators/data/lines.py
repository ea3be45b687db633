"""Formats whose unit is the line: INI, systemd, .env, CSV, cron, Dockerfiles and plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mutator.operators.data.document import Container, Document, Entry, Kind

LANGUAGES = ("ini", "systemd", "env", "csv", "cron", "dockerfile", "text")

_SECTION = re.compile(r"\s*\[([^\]\n]*)\]\s*(?:[;#].*)?$")
_SETTING = re.compile(r"(\s*)([^\s=:#;\[][^=:\n]*?)\s*([=:])[ \t]*(.*?)[ \t]*$")
_VARIABLE = re.compile(r"(\s*)(?:export\s+)?([A-Za-z_][\w.-]*)=(.*?)[ \t]*$")
_BOOLEAN = re.compile(r"(?:true|false|yes|no|on|off)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_CRON = re.compile(r"\s*(?:@\w+|\S+(?:\s+\S+){4})\s+\S")
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+\S")


def read(text: str, language: str) -> Document | None:
    document = Document(text, language)
    match language:
        case "ini" | "systemd":
            _settings(document)
        case "env":
            _rows(document, "variable", _VARIABLE)
        case "csv":
            _table(document)
        case "cron":
            _rows(document, "line", _CRON)
        case "dockerfile":
            _instructions(document)
        case _:
            _rows(document, "line", None)
    document.containers = [container for container in document.containers if container.entries]
    return document if document.containers else None


def lines(text: str) -> Iterator[tuple[int, int, int]]:
    """(start, end without the newline, start of the next line) of every line."""
    start = 0
    while start < len(text):
        newline = text.find("\n", start)
        after = len(text) if newline < 0 else newline + 1
        end = after if newline < 0 else newline
        if end > start and text[end - 1] == "\r":
            end -= 1
        yield start, end, after
        start = after


def kind_of(said: str) -> Kind:
    if _BOOLEAN.fullmatch(said):
        return Kind.BOOLEAN
    return Kind.NUMBER if _NUMBER.fullmatch(said) else Kind.STRING


def _settings(document: Document) -> None:
    sections = Container(Kind.MAPPING, "", 0)
    current = Container(Kind.MAPPING, "", 0)
    document.containers += [sections, current]
    for start, end, after in lines(document.text):
        line = document.text[start:end]
        section = _SECTION.match(line)
        if section:
            if sections.entries:
                last = sections.entries[-1]
                last.end = start
                last.loss = (last.start, start)
            sections.entries.append(
                Entry(section[1], Kind.MAPPING, start, len(document.text), (start, end), (start, len(document.text)))
            )
            current = Container(Kind.MAPPING, section[1], 1)
            document.containers.append(current)
            continue
        setting = _SETTING.match(line)
        if setting:
            value = (start + setting.start(4), start + setting.end(4))
            current.entries.append(Entry(setting[2], kind_of(setting[4]), start, end, value, (start, after)))


def _rows(document: Document, _what: str, shape: re.Pattern[str] | None) -> None:
    kind = Kind.MAPPING if shape is _VARIABLE else Kind.SEQUENCE
    container = Container(kind, "", 0)
    document.containers.append(container)
    for index, (start, end, after) in enumerate(lines(document.text)):
        line = document.text[start:end]
        if not line.strip() or (shape is not None and line.lstrip().startswith("#")):
            continue
        if shape is _VARIABLE:
            match = _VARIABLE.match(line)
            if match:
                value = (start + match.start(3), start + match.end(3))
                container.entries.append(Entry(match[2], kind_of(match[3]), start, end, value, (start, after)))
            continue
        if shape is None or shape.match(line):
            container.entries.append(Entry(str(index), Kind.ROW, start, end, (start, end), (start, after)))


def _instructions(document: Document) -> None:
    """A Dockerfile's, each with the lines that it goes on in."""
    container = Container(Kind.SEQUENCE, "", 0)
    document.containers.append(container)
    goes_on = False
    for index, (start, end, after) in enumerate(lines(document.text)):
        line = document.text[start:end].strip()
        if goes_on and (not line or line.startswith("#")):
            continue
        begins = not goes_on and not line.startswith("#") and _INSTRUCTION.match(line) is not None
        if begins:
            container.entries.append(Entry(str(index), Kind.ROW, start, end, (start, end), (start, after)))
        elif goes_on:
            last = container.entries[-1]
            last.end, last.value, last.loss = end, (last.start, end), (last.start, after)
        goes_on = (begins or goes_on) and line.endswith("\\")


def _table(document: Document) -> None:
    header = document.text.split("\n", 1)[0]
    separator = max(",;\t|", key=header.count)
    if separator not in header:
        separator = ","
    cell = re.compile(rf'(?:"(?:[^"]|"")*"|[^{re.escape(separator)}"\n]*)(?={re.escape(separator)}|$)')
    table = Container(Kind.SEQUENCE, "", 0)
    document.containers.append(table)
    names: list[str] = []
    for index, (start, end, after) in enumerate(lines(document.text)):
        line = document.text[start:end]
        if not line.strip():
            continue
        table.entries.append(Entry(str(index), Kind.ROW, start, end, (start, end), (start, after)))
        spans: list[tuple[int, int]] = []
        position = 0
        while position <= len(line):
            match = cell.match(line, position)
            if match is None:
                spans = []
                break
            spans.append((start + match.start(), start + match.end()))
            position = match.end() + 1
        if not names:
            names = [document.text[first:last].strip('"') for first, last in spans] or ["?"]
            continue
        if len(spans) == len(names):
            row = Container(Kind.MAPPING, f"row {index}", 1, removable=False)
            for name, (first, last) in zip(names, spans, strict=True):
                row.entries.append(Entry(name, kind_of(document.text[first:last]), first, last, (first, last)))
            document.containers.append(row)
