"""The operators on data: something missing, swapped, changed, retyped, reordered or cut short."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mutator.model import Candidate, Edit, FaultClass, Tier, apply
from mutator.operators.another_name import another_name
from mutator.operators.data import blocks, lines, structured
from mutator.operators.data.document import Container, Document, Entry, Kind
from mutator.operators.define import operator, operators_in

LANGUAGES = frozenset((*structured.LANGUAGES, *lines.LANGUAGES))
KEYED = LANGUAGES - {"cron", "dockerfile", "text"}
LARGE = 1_000_000
"""Characters beyond which only whole lines are looked at."""
MANY = 12
REPARSE = 20_000
"""Characters up to which the whole text is parsed again to check a mutant."""


def sample(entries: Sequence[Entry]) -> list[Entry]:
    """All of a few; of many alike the first, middle and last ones, since one row more tells nothing new."""
    if len(entries) <= MANY:
        return list(entries)
    middle = len(entries) // 2
    return [*entries[:4], *entries[middle : middle + 2], *entries[-2:]]


def _containers(document: Document) -> Iterator[Container]:
    """Like `sample`, for the many alike containers of one depth (rows of a table, objects of a list)."""
    by_depth: dict[tuple[int, Kind], list[Container]] = {}
    for container in document.containers:
        by_depth.setdefault((container.depth, container.kind), []).append(container)
    kept = {
        id(container)
        for group in by_depth.values()
        for container in (group if len(group) <= 4 * MANY else [*group[:MANY], *group[-2:]])
    }
    return (container for container in document.containers if id(container) in kept)


def _tier(container: Container) -> Tier:
    return Tier.COARSE if container.depth < 2 else Tier.MEDIUM


def _said(document: Document, entry: Entry) -> str:
    text = " ".join(document.text[entry.value[0] : entry.value[1]].split())
    return text if len(text) <= 60 else text[:57] + "..."


def _label(document: Document, container: Container, entry: Entry) -> str:
    if entry.kind is Kind.ROW:
        return f"the line `{_said(document, entry)}`"
    return f"`{container.name_of(entry)}`"


ROWS = frozenset({"csv", "cron", "dockerfile", "text"})


@operator(
    "data.drop-entry",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    LANGUAGES,
    "{entry} is left out",
    ('{"a": 1, "b": [2]}', ('{"b": [2]}', '{"a": 1}', '{"a": 1, "b": []}'), "json"),
    ("a: 1\nb:\n  - x\n  - y\n", ("b:\n  - x\n  - y\n", "a: 1\n", "a: 1\nb:\n  - y\n", "a: 1\nb:\n  - x\n"), "yaml"),
    ("[a]\nx = 1\n[b]\ny = 2\n", ("[b]\ny = 2\n", "[a]\nx = 1\n", "[a]\n[b]\ny = 2\n", "[a]\nx = 1\n[b]\n"), "toml"),
    ("[s]\na=1\nb: 2\n", ("", "[s]\nb: 2\n", "[s]\na=1\n"), "ini"),
    ("A=1\n# c\nexport B=x\n", ("# c\nexport B=x\n", "A=1\n# c\n"), "env"),
    ("id,n\n1,a\n", ("1,a\n", "id,n\n"), "csv"),
    ("# m h\n0 3 * * * /bin/a\n", ("# m h\n",), "cron"),
    ("FROM a\nRUN b && \\\n  # why\n  c d\n", ("RUN b && \\\n  # why\n  c d\n", "FROM a\n"), "dockerfile"),
    (
        'a "b" {\n  c = 1\n}\nd = [2]\n',
        ("d = [2]\n", 'a "b" {\n  c = 1\n}\n', 'a "b" {\n}\nd = [2]\n', 'a "b" {\n  c = 1\n}\nd = []\n'),
        "hcl",
    ),
    ("A = 1\nb: c\n\td\n", ("b: c\n\td\n", "A = 1\n", "A = 1\nb: \n\td\n", "A = 1\nb: c\n"), "makefile"),
)
def drop_entry(document: Document) -> Iterator[Candidate]:
    for container in _containers(document):
        if len(container.entries) == 1 and not container.removable:
            continue
        if container.entries and container.entries[0].loss == (0, 0) and container.entries[0].end:
            continue
        for entry in sample(container.entries):
            yield Candidate(
                (Edit(*entry.loss, ""),),
                {"entry": _label(document, container, entry)},
                container.path,
                tier=Tier.FINE if entry.name in _PROSE else _tier(container),
                stated=entry.name or _said(document, entry),
            )


_PROSE = frozenset({"Description", "Documentation", "description", "author", "license", "homepage"})
"""Keys that only people read."""


@operator(
    "data.truncate",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.FINE,
    LANGUAGES,
    "{name} is cut short: {kept} of {all} entries are left",
    ("[1, 2, 3, 4]", ("[1, 2]",), "json"),
    ("a\nb\nc\nd\n", ("a\nb\n",), "text"),
)
def truncate(document: Document) -> Iterator[Candidate]:
    for container in _containers(document):
        entries = container.entries
        if len(entries) < 4 or entries[0].loss == (0, 0):
            continue
        half = len(entries) // 2
        start = entries[half].loss[0] if entries[half].kind is Kind.ROW else entries[half - 1].end
        end = entries[-1].loss[1] if entries[half].kind is Kind.ROW else entries[-1].end
        name = container.path or "the document"
        fields = {"name": name, "kept": str(half), "all": str(len(entries))}
        yield Candidate((Edit(start, end, ""),), fields, container.path)


_OPPOSITE = {"true": "false", "false": "true", "yes": "no", "no": "yes", "on": "off", "off": "on"}


@operator(
    "data.flip-boolean",
    FaultClass.CONFIG_LOOSENED,
    Tier.COARSE,
    KEYED,
    "`{entry}` becomes {new}",
    ('{"debug": false}', ('{"debug": true}',), "json"),
    ("[S]\nA=Yes\n", ("[S]\nA=No\n",), "systemd"),
)
def flip_boolean(document: Document) -> Iterator[Candidate]:
    for container, entry, said in _scalars(document, Kind.BOOLEAN):
        flipped = _OPPOSITE[said.lower()]
        new = flipped.upper() if said.isupper() else flipped.capitalize() if said[0].isupper() else flipped
        fields = {"entry": container.name_of(entry), "new": new}
        yield Candidate((Edit(*entry.value, new),), fields, container.path, stated=entry.name)


@operator(
    "data.swap-values",
    FaultClass.SWAPPED_MAPPING,
    Tier.MEDIUM,
    LANGUAGES,
    "{one} and {two} have each other's values",
    ("a: 1\nb: 2\n", ("a: 2\nb: 1\n",), "yaml"),
    ("id,n\n1,a\n2,b\n", ("1,a\nid,n\n2,b\n", "id,n\n2,b\n1,a\n"), "csv"),
)
def swap_values(document: Document) -> Iterator[Candidate]:
    """Of named entries, and rows of a table: the lines of a text are nobody's values."""
    for container in _containers(document):
        if container.kind is not Kind.MAPPING and document.language != "csv":
            continue
        chosen = sample([entry for entry in container.entries if entry.value[1] > entry.value[0]])
        for first, second in pairwise(chosen):
            one, two = document.text[slice(*first.value)], document.text[slice(*second.value)]
            if first.kind is not second.kind or one == two or first.kind in (Kind.OTHER, Kind.MAPPING, Kind.SEQUENCE):
                continue
            fields = {"one": _label(document, container, first), "two": _label(document, container, second)}
            stated = f"{first.name}\n{second.name}" if first.name and second.name else one
            edits = Edit(*first.value, two), Edit(*second.value, one)
            tier = Tier.FINE if first.kind is Kind.ROW else None
            yield Candidate(edits, fields, container.path, tier=tier, stated=stated)


@operator(
    "data.duplicate-value",
    FaultClass.SWAPPED_MAPPING,
    Tier.MEDIUM,
    KEYED,
    "`{two}` has the value of `{one}`",
    ('{"U": "up", "D": "down"}', ('{"U": "up", "D": "up"}',), "json"),
)
def duplicate_value(document: Document) -> Iterator[Candidate]:
    for container in _containers(document):
        if container.kind is not Kind.MAPPING:
            continue
        chosen = sample([entry for entry in container.entries if entry.value[1] > entry.value[0]])
        for first, second in pairwise(chosen):
            one, two = document.text[slice(*first.value)], document.text[slice(*second.value)]
            if first.kind is second.kind and one != two and first.kind in (Kind.STRING, Kind.NUMBER):
                fields = {"one": container.name_of(first), "two": container.name_of(second)}
                yield Candidate((Edit(*second.value, one),), fields, container.path, stated=second.name)


@operator(
    "data.change-number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    KEYED,
    "`{entry}` is {new}, not {old}",
    ("port = 80\n", ("port = 81\n", "port = 0\n"), "toml"),
    ('{"a": 0}', ('{"a": 1}',), "json"),
)
def change_number(document: Document) -> Iterator[Candidate]:
    for container, entry, said in _scalars(document, Kind.NUMBER):
        for new in _other_numbers(said):
            fields = {"entry": container.name_of(entry), "old": said, "new": new}
            yield Candidate((Edit(*entry.value, new),), fields, container.path, stated=said)


def _other_numbers(said: str) -> tuple[str, ...]:
    plain = re.fullmatch(r"([-+]?)(\d+)(\.\d+)?", said)
    if plain is None:
        return ("0",) if re.fullmatch(r"[-+]?0*\.?0*", said) is None else ()
    sign, whole, fraction = plain[1], plain[2], plain[3] or ""
    more = f"{sign}{str(int(whole) + 1).rjust(len(whole), '0')}{fraction}"
    return (more,) if int(whole) == 0 and not fraction.strip(".0") else (more, "0" + (".0" if fraction else ""))


@operator(
    "data.change-type",
    FaultClass.WRONG_VALUE,
    Tier.FINE,
    frozenset(structured.LANGUAGES) - frozenset(blocks.LANGUAGES),
    "`{entry}` is the text {old}, not the value",
    ('{"a": 1, "b": true}', ('{"a": "1", "b": true}', '{"a": 1, "b": "true"}'), "json"),
)
def change_type(document: Document) -> Iterator[Candidate]:
    for kind in (Kind.NUMBER, Kind.BOOLEAN):
        for container, entry, said in _scalars(document, kind):
            if said.lower() in ("yes", "no", "on", "off"):  # texts already, to a YAML 1.2 reader
                continue
            fields = {"entry": container.name_of(entry), "old": said}
            yield Candidate((Edit(*entry.value, f'"{said}"'),), fields, container.path)


@operator(
    "data.reverse",
    FaultClass.WRONG_ORDER,
    Tier.FINE,
    LANGUAGES,
    "the order of {name} is reversed",
    ("a: [x, y, z]\n", ("a: [z, y, x]\n",), "yaml"),
    ("a\nb\n", ("b\na\n",), "text"),
)
def reverse(document: Document) -> Iterator[Candidate]:
    for container in _containers(document):
        entries = container.entries
        scalars = (Kind.STRING, Kind.NUMBER, Kind.BOOLEAN, Kind.ROW)
        if container.kind is not Kind.SEQUENCE or not 1 < len(entries) <= 200:
            continue
        if any(entry.kind not in scalars for entry in entries):
            continue
        texts = [document.text[slice(*entry.value)] for entry in entries]
        if texts != texts[::-1]:
            edits = tuple(Edit(*entry.value, text) for entry, text in zip(entries, reversed(texts), strict=True))
            kept = tuple(edit for edit in edits if document.text[edit.start : edit.end] != edit.new)
            yield Candidate(kept, {"name": container.path or "the document"}, container.path)


@operator(
    "data.duplicate-row",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.FINE,
    ROWS,
    "the line `{entry}` occurs twice",
    ("id\n1\n2", ("id\n1\n2\n2",), "csv"),
    ("a\n", ("a\na\n",), "text"),
)
def duplicate_row(document: Document) -> Iterator[Candidate]:
    for container in document.containers:
        rows = [entry for entry in container.entries if entry.kind is Kind.ROW]
        for entry in sample(rows)[-1:] if rows else []:
            whole = document.text[slice(*entry.loss)]
            new = whole if whole.endswith("\n") else "\n" + whole
            fields = {"entry": _said(document, entry)}
            yield Candidate((Edit(entry.loss[1], entry.loss[1], new),), fields, container.path)


@operator(
    "data.change-line-number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    frozenset({"cron", "dockerfile", "text"}),
    "`{entry}` says {new}, not {old}",
    ("5 3 * * * root /a\n", ("6 3 * * * root /a\n", "5 4 * * * root /a\n"), "cron"),
)
def change_line_number(document: Document) -> Iterator[Candidate]:
    for container in document.containers:
        for entry in sample([entry for entry in container.entries if entry.kind is Kind.ROW]):
            said = document.text[slice(*entry.value)]
            for match in list(re.finditer(r"(?<![\w.])\d+(?![\w.])", said))[:4]:
                new = _other_numbers(match[0])[0]
                start = entry.value[0] + match.start()
                fields = {"old": match[0], "new": new, "entry": _said(document, entry)}
                edit = Edit(start, start + len(match[0]), new)
                yield Candidate((edit,), fields, container.path, stated=match[0])


_PATHLIKE = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|[~.]{0,2}/)\S+$")


@operator(
    "data.change-string",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    KEYED,
    "`{entry}` is `{new}`, not `{old}`",
    ('{"a": "x"}', ('{"a": "xs"}',), "json"),
    ("A=x\n", ("A=xs\n",), "env"),
)
def change_string(document: Document) -> Iterator[Candidate]:
    for container, entry, said in _scalars(document, Kind.STRING):
        quote = said[0] if said[:1] in ("'", '"') and len(said) > 1 and said.endswith(said[0]) else ""
        if quote and said.startswith(quote * 3):
            continue
        inner = said[1:-1] if quote else said
        if not inner.strip():
            continue
        folder, slash, last = inner.rpartition("/") if _PATHLIKE.match(inner) else ("", "", inner)
        stem, dot, ending = last.partition(".")
        if not stem:
            continue
        new = f"{folder}{slash}{another_name(stem)}{dot}{ending}"
        if new == inner:
            continue
        start = entry.value[0] + len(quote)
        fields = {"entry": container.name_of(entry), "old": inner, "new": new}
        yield Candidate((Edit(start, start + len(inner), new),), fields, container.path, stated=inner)


def _scalars(document: Document, kind: Kind) -> Iterator[tuple[Container, Entry, str]]:
    for container in _containers(document):
        for entry in sample(container.entries):
            if entry.kind is kind:
                yield container, entry, document.text[slice(*entry.value)]


class Data:
    name = "data"
    languages = LANGUAGES
    operators = operators_in(globals())

    def parse(self, text: str, language: str) -> Document | None:
        if not text.strip():
            return None
        if len(text) > LARGE:
            return lines.read(text, "text") if language in (*ROWS, *lines.LANGUAGES) else None
        return structured.read(text, language) if language in structured.LANGUAGES else lines.read(text, language)

    def valid(self, tree: Document, candidate: Candidate) -> bool:
        if tree.language not in structured.LANGUAGES or len(tree.text) > REPARSE:
            return True
        mutated = apply(tree.text, candidate.edits)
        if tree.language == "json":
            try:
                json.loads(mutated)
            except ValueError:
                return structured.errors(mutated, "json") == 0
            return True
        return structured.errors(mutated, tree.language) == 0


FAMILY = Data()
