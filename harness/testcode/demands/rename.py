"""The witness of a hidden name: the reference with that name changed, consistently and everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from posixpath import basename, dirname, splitext

from harness.testcode.demands.model import Demand, DemandKind, Renaming
from mutator.model import ByteEdit, apply_bytes


def rename(demand: Demand, solution: Mapping[str, bytes]) -> Renaming | None:
    """None if the name cannot be changed safely: the program builds it while it runs, or it is not a name."""
    match demand.kind:
        case DemandKind.PATH | DemandKind.FILE_NAME | DemandKind.COMMAND:
            return _file(demand, solution)
        case DemandKind.FLAG:
            return _option(demand.text, solution)
        case DemandKind.KEY | DemandKind.COLUMN:
            return _key(demand.text, solution)
        case DemandKind.PORT:
            new = str(int(demand.text) + 1111) if int(demand.text) < 60_000 else str(int(demand.text) - 1111)
            taken = any(new.encode() in data for data in solution.values())
            return None if taken else _everywhere(demand.text, new, rf"(?<![\w.]){demand.text}(?![\w.])", solution)
        case DemandKind.NAME:
            module, _, name = demand.text.rpartition(".")
            return (
                _identifier(demand, name, solution) if module else _file(replace(demand, text=f"{name}.py"), solution)
            )
        case DemandKind.URL:
            return _everywhere(
                demand.text, f"{demand.text.rstrip('/')}-2", rf"{_quoted(demand.text)}(?![\w/-])", solution
            )
        case _:
            return None


def _quoted(text: str) -> str:
    return re.escape(text)


def _file(demand: Demand, solution: Mapping[str, bytes]) -> Renaming | None:
    path = demand.text.rstrip("/")
    name = basename(path)
    root, ending = splitext(name)
    new = f"{root}_2{ending}"
    if any(new.encode() in data for data in solution.values()):
        return None
    # Imports name a module without its ending.
    root = re.escape(root)
    pattern = rf"(?<![\w-]){_quoted(name)}(?![\w-])(?!\.\w)"
    spans: dict[str, list[ByteEdit]] = {}
    _collect(pattern, new, solution, spans)
    if not spans:
        return None
    if ending == ".py":
        module = (
            rf"(?<=^import ){root}\b|(?<=^from ){root}(?= import)|(?<=\n)(?P<lead>[ \t]*(?:from|import) ){root}\b"
            rf"|(?<=-m ){root}\b|(?<=[\"'\s]){root}(?=:[A-Za-z_]\w*\b)"
        )
        _collect(module, splitext(new)[0], solution, spans, keep="lead")
    if _put_together(root, ending, name, solution):
        return None
    edits = {file: tuple(sorted(found, key=lambda edit: edit.start)) for file, found in spans.items()}
    files = {file: apply_bytes(solution[file], made) for file, made in edits.items()}
    for file in solution:
        if basename(file) == name:
            folder = dirname(file)
            files[f"{folder}/{new}" if folder else new] = files.get(file, solution[file])
    return Renaming(path, path[: len(path) - len(name)] + new, edits, files)


def _put_together(root: str, ending: str, name: str, solution: Mapping[str, bytes]) -> bool:
    """Whether a part of the solution may build the name from pieces. Then one part would write the new file and another
    one read the old."""
    alone = re.compile(rf"[\"']{root}[\"']".encode())
    longer = re.compile(rf"(?<![\w-]){_quoted(name)}\.\w".encode())
    joins = re.compile(rf"[\"'}}]{_quoted(ending)}[\"']".encode()) if ending else None
    return any(
        longer.search(data) or (joins is not None and alone.search(data) and joins.search(data))
        for data in solution.values()
    )


def _option(text: str, solution: Mapping[str, bytes]) -> Renaming | None:
    """None if the program reads the option by a derived name, as with argparse and click: `args.dry_run` would refer to
    an option that no longer exists."""
    name = text.lstrip("-").replace("-", "_")
    read = re.compile(rf"\.{re.escape(name)}\b|\b{re.escape(name)}\s*[,:=)]|[\"']{re.escape(name)}[\"']".encode())
    if len(name) > 1 and any(read.search(data) for data in solution.values()):
        return None
    return _everywhere(text, f"{text}-2", rf"(?<![\w-]){_quoted(text)}(?![\w-])", solution)


def _key(text: str, solution: Mapping[str, bytes]) -> Renaming | None:
    """Rename only between quotes, or as a column in a line of columns. None if a part of the solution uses another
    spelling, which would still refer to the old name."""
    word = _quoted(text)
    unquoted = re.compile(rf"\.{word}\b(?!\s*\()|\bdict\([^)]*\b{word}\s*=|[{{,]\s*{word}\s*:|itertuples\(".encode())
    if any(unquoted.search(data) for data in solution.values()):
        return None
    in_quotes = rf"(?<=[\"']){word}(?=[\"'])|(?<=\\\"){word}(?=\\\")"
    found = _everywhere(text, f"{text}_2", in_quotes, solution)
    if found is not None:
        return found
    in_columns = rf"(?<=[,\"'\s]){word}(?=,[A-Za-z_])|(?<=[A-Za-z_],){word}(?=[,\"'\s])"
    found = _everywhere(text, f"{text}_2", in_columns, solution)
    if found is None and re.search(r"\w_\w", text):
        # A name of several words has no other meaning by chance, so label and variables are renamed together.
        found = _everywhere(text, f"{text}_2", rf"(?<![\w-]){word}(?![\w-])", solution)
    return found


def _identifier(demand: Demand, text: str, solution: Mapping[str, bytes]) -> Renaming | None:
    if not text.isidentifier() or text.startswith("__"):
        return None
    module = demand.text.rpartition(".")[0].split(".")[-1]
    if text == module or any(splitext(basename(file))[0] == text for file in solution):
        return None
    return _everywhere(text, f"{text}_2", rf"(?<!\w){text}(?!\w)", solution)


def _everywhere(old: str, new: str, pattern: str, solution: Mapping[str, bytes]) -> Renaming | None:
    if any(new.encode() in data for data in solution.values()):
        return None
    spans: dict[str, list[ByteEdit]] = {}
    _collect(pattern, new, solution, spans)
    if not spans:
        return None
    edits = {file: tuple(found) for file, found in spans.items()}
    return Renaming(old, new, edits, {file: apply_bytes(solution[file], made) for file, made in edits.items()})


def _collect(
    pattern: str, new: str, solution: Mapping[str, bytes], into: dict[str, list[ByteEdit]], *, keep: str = ""
) -> None:
    compiled = re.compile(pattern.encode())
    for file, data in solution.items():
        if b"\0" in data[:4096]:
            continue
        for match in compiled.finditer(data):
            start = match.end(keep) if keep and match[keep] is not None else match.start()
            edits = into.setdefault(file, [])
            if not any(edit.start < match.end() and start < edit.end for edit in edits):
                edits.append(ByteEdit(start, match.end(), new.encode()))
        if file in into and not into[file]:
            del into[file]
