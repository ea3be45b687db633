"""One of several things left out: an operand of a command, an item of a list in a text, an element of a literal; or only
what the instruction names as an example kept."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import basename

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.nodes import dotted
from mutator.operators.python.tree import PythonTree, drop_item
from mutator.operators.shell.document import Script, gap
from mutator.operators.shell.steps import only_looks
from mutator.operators.stated.document import Told, change, operator
from mutator.operators.stated.languages import EVERY
from mutator.sources.shell import unwrap

SHELL = frozenset({"shell"})
PYTHON = frozenset({"python"})
_TAKE_SEVERAL = frozenset(
    "mkdir cat rm cp mv touch chmod chown chgrp systemctl service tee useradd groupadd gzip tar zip ln sort"
    " git usermod export setfacl setcap a2enmod a2ensite ufw sysctl locale-gen shred grep sed paste comm join".split()
)
_PACKAGES = frozenset("apt-get apt yum dnf apk pip pip3 npm gem cpan".split())
_EACH = 2
"""Mutants of one list."""


def _named(told: Told, word: str) -> bool:
    """Whether the instruction speaks of a word, or of what a path ends in."""
    bare = word.strip("\"'").rstrip("/")
    if re.search(r"[$*?`]", bare) or bare.startswith("-"):
        return False
    return told.instruction.says(bare) or ("/" in bare and told.instruction.says(basename(bare)))


def _last_named(told: Told, words: Sequence[str]) -> list[int]:
    """The positions of a few that are named, those that are forgotten most easily first."""
    named = [index for index, word in enumerate(words) if _named(told, word)]
    return [*named[-1:], *named[:-1]][:_EACH]


@operator(
    "stated.operand",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    SHELL,
    "`{item}` is left out of `{command}`",
    (
        "shell",
        "Create the users alice and bob. Both /srv/in and /srv/out belong to root.",
        "for u in alice bob; do useradd $u; done\nchown root /srv/in /srv/out\n",
        (
            "for u in alice; do useradd $u; done\nchown root /srv/in /srv/out\n",
            "for u in bob; do useradd $u; done\nchown root /srv/in /srv/out\n",
            "for u in alice bob; do useradd $u; done\nchown root /srv/in\n",
            "for u in alice bob; do useradd $u; done\nchown root /srv/out\n",
        ),
    ),
)
def operand(told: Told) -> Iterator[Candidate]:
    script = told.shell
    if script is None:
        return
    found = [*_loops(script), *_operands(script)]
    for (start, end), spans in sorted(found):
        words = [script.text[slice(*span)] for span in spans]
        for index in _last_named(told, words):
            if _needed_later(script, words[index], end) or not _is_wanted(told, script.text[start:end], words[index]):
                continue
            first = gap(script, spans[index][0])
            fields = {"item": words[index], "command": script.said(start, end, 60)}
            yield Candidate((Edit(first, spans[index][1], ""),), fields, told.scope(start), (start, end))


def _loops(script: Script) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
    for marked in script.loops:
        node = marked.node
        values = [(each.start_byte, each.end_byte) for each in node.children_by_field_name("value")]
        looks = only_looks(script, node.start_byte, node.end_byte)
        if node.type == "for_statement" and len(values) > 1 and not looks:
            yield (node.start_byte, node.end_byte), values


def _operands(script: Script) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
    for command in script.commands:
        words = script.words(command)
        at = unwrap(words) if words else 0
        name = basename(words[at]) if at < len(words) else ""
        if name not in _TAKE_SEVERAL and name not in _PACKAGES:
            continue
        spans = [span for span, word in zip(command.words, words, strict=True) if not word.startswith("-")][at + 1 :]
        first = _first_operand(name, [script.text[slice(*span)] for span in spans])
        last = len(spans) - (1 if name in ("cp", "mv", "ln") else 0)
        if last - first > 1:
            yield (command.start, command.end), spans[first:last]


def _first_operand(name: str, words: Sequence[str]) -> int:
    """Behind a mode, an owner, a pattern or what the program is told to do."""
    leading = {"chmod", "chown", "chgrp", "systemctl", "git", "grep", "sed", "setcap", "tar", "zip", "usermod"}
    return 1 if name in leading | _PACKAGES and words else 0


def _is_wanted(told: Told, command: str, word: str) -> bool:
    """Tools that the solution installs for itself are no requirement."""
    if not re.match(rf"(?:sudo )?(?:{'|'.join(_PACKAGES)})\b", command):
        return True
    return told.instruction.speaks(rf"install[^.\n]*\b{re.escape(word)}\b")


def _needed_later(script: Script, word: str, after: int) -> bool:
    """Where the script goes on with it, its loss is a failure that nobody would hand in."""
    bare = word.strip("\"'").rstrip("/")
    return re.search(rf"(?<![\w.-]){re.escape(bare)}(?![\w-])", script.text[after:]) is not None


_ITEM = r"[A-Za-z*][\w.@*/:+-]*"
_LISTED = re.compile(
    rf"(?P<brace>\{{{_ITEM}(?:,{_ITEM})+\}})|(?P<comma>(?<![\w.-]){_ITEM}(?:,[ ]?{_ITEM})+(?=[)\]}}>;&?]|$|\\n))"
    rf"|(?P<bar>(?<![\w|])[\w.\\-]+(?:\|[\w.\\-]+)+(?![\w|]))"
)
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")


@operator(
    "stated.item",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    EVERY - {"csv", "sql", "diff"},
    "`{item}` is missing from `{list}`",
    (
        "shell",
        "The certificate names example.com and www.example.com. Make the folders src and docs.",
        "mkdir -p app/{src,docs}\nopenssl req -addext 'subjectAltName=DNS:example.com,DNS:www.example.com'\n",
        (
            "mkdir -p app/{src,docs}\nopenssl req -addext 'subjectAltName=DNS:example.com'\n",
            "mkdir -p app/{src}\nopenssl req -addext 'subjectAltName=DNS:example.com,DNS:www.example.com'\n",
        ),
    ),
    (
        "python",
        "Count lines with ERROR or FATAL.",
        'BAD = re.compile(r"ERROR|FATAL|x")\nmodes = "r,w"\nprint("ERROR,FATAL")\n',
        ('BAD = re.compile(r"ERROR|x")\nmodes = "r,w"\nprint("ERROR,FATAL")\n',),
    ),
    ("nginx", "Allow only `TLSv1.2,TLSv1.3`.", 'set $x "TLSv1.2,TLSv1.3";\n', ('set $x "TLSv1.2";\n',)),
)
def item(told: Told) -> Iterator[Candidate]:
    quoted = _QUOTED if told.language not in ("text", "sed", "awk", "env", "ini", "systemd") else None
    for outer in quoted.finditer(told.plain) if quoted else ():
        for match in _LISTED.finditer(told.plain, outer.start() + 1, outer.end() - 1):
            yield from _shorter(told, match)
    if told.language == "shell":
        for match in _LISTED.finditer(told.plain):
            if match["brace"] and told.text[max(match.start() - 1, 0)] != "$":
                yield from _shorter(told, match)


def _shorter(told: Told, match: re.Match[str]) -> Iterator[Candidate]:
    kind = match.lastgroup or "comma"
    start, end = match.span()
    inner = (start + 1, end - 1) if kind == "brace" else (start, end)
    mark = "|" if kind == "bar" else ","
    parts = told.text[slice(*inner)].split(mark)
    if len(parts) < 2 or not told.counts(start, end) or _TELLS.search(told.context(start)):
        return
    before, after = told.text[start - 1 : start], told.text[end : end + 1]
    if kind == "comma" and not (before in "\"'=: " and after in "\"'"):
        return
    named = [index for index, part in enumerate(parts) if _named(told, _plain_part(part))]
    if len(named) < 2 and not (named and len(parts) == 2):
        return
    index = named[-1]
    offsets = [inner[0] + sum(len(part) + 1 for part in parts[:at]) for at in range(len(parts))]
    if index:
        edit = (offsets[index] - 1, offsets[index] + len(parts[index]))
    else:
        edit = (offsets[0], offsets[1])
    yield change(told, *edit, "", item=parts[index].strip(), list=_said(told.text[start:end]))


_TELLS = re.compile(
    r"(?i)usage|help|errorf?\(|errors\.|\bdie\b|fatal\w*\(|fail\w*\(|print|echo|write|header|omitempty|\bjson:|select |assert|require|grep -\w*q|join|title"
)
"""Lines in which a list is only told, is a row of names, or is compared with what was made before."""


def _plain_part(part: str) -> str:
    """Without what a pattern or a kind of name adds: `\\.jpg`, `DNS:example.com`."""
    return re.sub(r"^(?:\\[.b]|\.|DNS:|IP:|\^|\*\.)+|\\b$|\$$", "", part.strip())


def _said(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _literals(told: Told, tree: PythonTree) -> Iterator[tuple[cst.List | cst.Tuple | cst.Set, list[str]]]:
    """Lists of plain texts that are no command line and no header of a table."""
    for node in tree.every(cst.List, cst.Tuple, cst.Set):
        assert isinstance(node, cst.List | cst.Tuple | cst.Set)
        texts = [tree.literal(element.value) for element in node.elements]
        words = [text for text in texts if text]
        if len(words) < 2 or len(words) != len(node.elements) or not told.counts(*tree.span(node)):
            continue
        if _chooses(node, tree.parent(node)):
            yield node, words


def _chooses(node: cst.CSTNode, up: cst.CSTNode | None) -> bool:
    """Whether a list says what is gone through, allowed or known: a loop, a membership, a name's or a key's value."""
    if isinstance(up, cst.Assign):
        return (
            re.search(r"(?i)cmd|command|args|argv|header|columns|expected|fieldnames", dotted(up.targets[0].target))
            is None
        )
    if isinstance(up, cst.ComparisonTarget):
        return isinstance(up.operator, cst.In | cst.NotIn)
    return (isinstance(up, cst.For | cst.CompFor) and up.iter is node) or isinstance(up, cst.DictElement)


@operator(
    "stated.element",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    PYTHON,
    "`{item}` is missing from `{list}`",
    (
        "python",
        "Every record must have `id`, `name` and `email`.",
        'REQUIRED = ["id", "name", "email"]\nsubprocess.run(["name", "email"])\n',
        (
            'REQUIRED = ["id", "name"]\nsubprocess.run(["name", "email"])\n',
            'REQUIRED = ["name", "email"]\nsubprocess.run(["name", "email"])\n',
        ),
    ),
)
def element(told: Told) -> Iterator[Candidate]:
    tree = told.python
    if tree is None:
        return
    for node, words in _literals(told, tree):
        named = sum(_named(told, word) for word in words)
        if (isinstance(node, cst.Tuple) and len(words) == 2) or named < 2 or 2 * named < len(words):
            continue
        for index in _last_named(told, words):
            edit = drop_item(tree, node.elements, index)
            yield tree.mutant(node, edit, item=words[index], list=tree.label(node, 60))


@operator(
    "stated.only-examples",
    FaultClass.NOOP_GUARD,
    Tier.MEDIUM,
    PYTHON,
    "only what the instruction names is known, {kept}: `{gone}` and the like are not",
    (
        "python",
        "Strip dangerous tags such as `<script>` from the page.",
        'BAD = ["<script>", "<iframe>", "<object>"]\nGOOD = ["b", "i"]\n',
        ('BAD = ["<script>"]\nGOOD = ["b", "i"]\n',),
    ),
)
def only_examples(told: Told) -> Iterator[Candidate]:
    tree = told.python
    if tree is None or not told.instruction.speaks(r"\b(such as|like|e\.g\.|for example|for instance|including|etc)\b"):
        return
    for node, words in _literals(told, tree):
        named = [index for index, word in enumerate(words) if _named(told, word)]
        up = tree.parent(node)
        name = dotted(up.targets[0].target) if isinstance(up, cst.Assign) else ""
        if not named or len(words) - len(named) < 2 or len(named) > len(words) // 2 or not _REFUSES.search(name):
            continue
        spans = [tree.outer(element.value) for element in node.elements]
        kept = ", ".join(tree.text[slice(*spans[index])] for index in named)
        gone = next(word for index, word in enumerate(words) if index not in named)
        edit = Edit(spans[0][0], spans[-1][1], kept)
        yield tree.mutant(node, edit, kept=_said(kept), gone=gone)


_REFUSES = re.compile(
    r"(?i)block|black|deny|denied|forbid|bad|danger|bann|sensitiv|secret|pattern|keyword|ignor|skip|exclu|susp|unsafe|reserv"
    r"|stop|invalid|known|suffix|extension|event|tag|attr"
)
"""Names of lists that are never complete: what is refused, hidden or looked for."""
