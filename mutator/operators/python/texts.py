"""Wrong texts: paths, keys, formats, encodings, patterns, queries, wording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.another_name import another_name, another_text
from mutator.operators.python.define import operator
from mutator.operators.python.nodes import callee, dotted, last_name, positional
from mutator.operators.python.order import compiled_patterns
from mutator.operators.python.statements import WRITERS, is_message
from mutator.operators.python.tree import PythonTree, drop_item
from mutator.operators.python.values import named


def is_plain(node: cst.SimpleString) -> bool:
    return "\\" not in node.value


def is_wording(tree: PythonTree, node: cst.CSTNode) -> bool:
    """In a message, a help text or an exception's text."""
    at: cst.CSTNode = node
    for up in tree.ancestors(node):
        if isinstance(up, cst.Raise):
            return True
        if isinstance(up, cst.Call) and up.func is not at:
            if is_message(tree, up) or callee(up) in ("print", "click.echo", "typer.echo"):
                return True
            if last_name(up) in ("ArgumentParser", "NewType", "TypeVar", "namedtuple", "getLogger", "abort"):
                return True
        if isinstance(up, cst.Arg) and up.keyword is not None and up.keyword.value in _WORDED:
            return True
        if isinstance(up, cst.BaseSmallStatement):
            return False
        at = up
    return False


_WORDED = frozenset("help description epilog metavar prog usage version detail".split())


@operator(
    "python.encoding",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.FINE,
    "{new} is used instead of {old}",
    ('open(path, encoding="utf-8")\n', ('open(path, encoding="latin-1")\n',)),
)
def encoding(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.SimpleString):
        name = (tree.literal(node) or "").lower()
        new = {"utf-8": "latin-1", "utf8": "latin-1", "utf-8-sig": "utf-8", "latin-1": "utf-8", "ascii": "utf-16"}.get(
            name
        )
        up = tree.parent(node)
        if new is None or not isinstance(up, cst.Arg):
            continue
        call = tree.parent(up)
        by_name = up.keyword is not None and up.keyword.value == "encoding"
        if by_name or (call is not None and last_name(call) in ("encode", "decode", "bytes", "str")):
            yield tree.mutant(node, Edit(*tree.inner(node), new), old=name, new=new)


_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.@%+/-]*[\w]|[\w-]+\.[a-z][a-z0-9]{1,8}")


@operator(
    "python.path",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    "{new} is used instead of {old}",
    (
        'open("/app/out.json", "w")\nopen("rows.txt")\n(base / "notes.txt").write_text(x)\n',
        (
            'open("/app/outs.json", "w")\nopen("rows.txt")\n(base / "notes.txt").write_text(x)\n',
            'open("/app/out.json", "w")\nopen("rows.txt")\n(base / "note.txt").write_text(x)\n',
        ),
    ),
    ('open("/app/out.json", "w")\n', ()),
    (
        'OUT_PATH = "/app/a.csv"\nplt.savefig("b.png")\n',
        ('OUT_PATH = "/app/as.csv"\nplt.savefig("b.png")\n', 'OUT_PATH = "/app/a.csv"\nplt.savefig("bs.png")\n'),
    ),
)
def path(tree: PythonTree) -> Iterator[Candidate]:
    """One of several files that are written, by a name somebody might give it.

    Where a file is read, or is the only one, nothing is left that works.
    """
    written = []
    for node in tree.every(cst.SimpleString):
        text = tree.literal(node)
        if not text or not is_plain(node) or not _PATH.fullmatch(text) or is_wording(tree, node):
            continue
        if (_is_file(tree, node, text) or "/" not in text) and _is_written(tree, node):
            written.append((node, text))
    if len({text for _, text in written}) < 2:
        return
    for node, text in written:
        folder, slash, name = text.rpartition("/")
        stem, dot, ending = name.partition(".")
        new = f"{folder}{slash}{another_name(stem)}{dot}{ending}"
        edit = Edit(*tree.inner(node), new)
        yield tree.mutant(node, edit, stated=text, new=f"'{new}'", old=f"'{text}'")


def _is_written(tree: PythonTree, node: cst.CSTNode) -> bool:
    name = named(tree, node).lower()
    if re.search(r"(^|_)(out|output|result|report|dest|target)", name):
        return True
    for up in tree.ancestors(node):
        if isinstance(up, cst.Call):
            if last_name(up) in WRITERS:
                return True
            if last_name(up) == "open":
                return any(re.fullmatch(r"[wax]b?t?\+?", tree.literal(arg.value) or "") for arg in up.args)
        if isinstance(up, cst.BaseSmallStatement):
            break
    return False


def _is_file(tree: PythonTree, node: cst.CSTNode, text: str) -> bool:
    """A path by its shape, or a bare file name where a file is meant."""
    if text.startswith(("/", "~", "./", "../")):
        return text.count("/") > 1 or _opened(tree, node)
    return _opened(tree, node)


def _opened(tree: PythonTree, node: cst.CSTNode) -> bool:
    up = tree.parent(node)
    if isinstance(up, cst.BinaryOperation):
        return isinstance(up.operator, cst.Divide)
    call = tree.parent(up) if isinstance(up, cst.Arg) else None
    if call is not None and last_name(call) in ("open", "Path", "PurePath", "join", "connect", "exists", "joinpath"):
        return True
    name = named(tree, node).lower()
    return any(word in name for word in ("path", "file", "dir", "output", "dest", "target", "db"))


_CHOICES = {
    "GET": "POST",
    "POST": "GET",
    "asc": "desc",
    "desc": "asc",
    "left": "right",
    "right": "left",
    "inner": "outer",
    "outer": "inner",
    "utc": "local",
    "sha256": "sha1",
    "md5": "sha1",
    "sha1": "md5",
    "sha512": "sha256",
    "first": "last",
    "last": "first",
    "true": "false",
    "false": "true",
    "yes": "no",
    "no": "yes",
    "records": "columns",
}


@operator(
    "python.key",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "{where} {old} is written {new}",
    (
        'state["open"] = "new"\nif order == "desc":\n    pass\n',
        (
            'state["opens"] = "new"\nif order == "desc":\n    pass\n',
            'state["open"] = "New"\nif order == "desc":\n    pass\n',
            'state["open"] = "new"\nif order == "asc":\n    pass\n',
        ),
    ),
)
def key(tree: PythonTree) -> Iterator[Candidate]:
    """Texts that other programs see: dictionary keys, statuses, compared words."""
    for node in tree.every(cst.SimpleString):
        text = tree.literal(node)
        if not text or not is_plain(node) or not re.fullmatch(r"[\w .:-]{1,40}", text) or text.startswith("-"):
            continue
        where = _said(tree, node)
        if where != "the separator or format" and text not in _CHOICES and tree.once(_spoken)[text] > 1:
            # What is written under another name and read under this one only stops the program.
            continue
        if where:
            new = _CHOICES.get(text) or (another_name(text) if where == "the key" else another_text(text))
            # Several words are for a person to read.
            tier = Tier.FINE if where == "the value" and " " in text else None
            yield tree.mutant(
                node, Edit(*tree.inner(node), new), tier=tier, stated=text, where=where, old=f"'{text}'", new=f"'{new}'"
            )


def _spoken(tree: PythonTree) -> Counter[str]:
    """How often each text or name stands in the program."""
    return Counter(re.findall(r"\w+(?:[ .:-]\w+)*(?=['\"])|\w+", tree.text))


def _said(tree: PythonTree, node: cst.SimpleString) -> str:
    """What a text is, where it matters to others than a reader."""
    up = tree.parent(node)
    if isinstance(up, cst.DictElement):
        return "the key" if up.key is node else "the value" if tree.literal(up.key) is not None else ""
    if isinstance(up, cst.Index):
        # Where it is read, the program would only stop.
        place = tree.parent(tree.parent(up) or up)
        written = isinstance(place, cst.Subscript) and isinstance(tree.parent(place), cst.AssignTarget)
        return "the key" if written else ""
    if isinstance(up, cst.ComparisonTarget) or (isinstance(up, cst.Comparison) and up.left is node):
        return "the word"
    if isinstance(up, cst.Return):
        return "the answer"
    if isinstance(up, cst.Assign) and isinstance(up.targets[0].target, cst.Subscript | cst.Attribute | cst.Name):
        return "the value"
    if isinstance(up, cst.Arg) and up.keyword is None:
        call = tree.parent(up)
        if isinstance(call, cst.Call) and last_name(call) in (
            "get",
            "setdefault",
            "getenv",
            "getattr",
            "has_key",
            "pop",
            "field",
        ):
            return "the key" if up is positional(call)[0] or last_name(call) == "getattr" else "the default"
        if call is not None and last_name(call) in ("strptime", "strftime", "split", "join", "partition", "rpartition"):
            return "the separator or format"
    return ""


@operator(
    "python.number-format",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    "`{old}` is written as `{new}`",
    (
        'f"{x:.2f}"\n"%.1f" % x\nround(x, 3)\n',
        (
            'f"{x:.1f}"\n"%.1f" % x\nround(x, 3)\n',
            'f"{x:.2f}"\n"%.0f" % x\nround(x, 3)\n',
            'f"{x:.2f}"\n"%.1f" % x\nround(x, 2)\n',
        ),
    ),
)
def number_format(tree: PythonTree) -> Iterator[Candidate]:
    """f"{x:.2f}", "%.2f" % x, "{:>10}".format(x), round(x, 2)."""
    for node in tree.every(cst.FormattedStringText, cst.SimpleString):
        assert isinstance(node, cst.FormattedStringText | cst.SimpleString)
        start, end = tree.span(node)
        for found in re.finditer(r"\.(\d)([fge%])", tree.text[max(start, 0) : end]):
            if isinstance(node, cst.FormattedStringText) and not _is_format_spec(tree, node):
                continue
            before = tree.text[start + found.start() - 2 : start + found.start()]
            if isinstance(node, cst.SimpleString) and not re.search(r"[%:\d]", before):
                continue
            digits = int(found.group(1))
            new = f".{digits - 1 if digits else 1}{found.group(2)}"
            edit = Edit(start + found.start(), start + found.end(), new)
            yield tree.mutant(node, edit, stated=str(digits), old=found.group(), new=new)
    for call in tree.every(cst.Call):
        given = positional(call)
        if callee(call) == "round" and len(given) == 2 and isinstance(given[1].value, cst.Integer):
            digits_code = given[1].value.value
            if digits_code.isdigit() and len(digits_code) < 3:
                fewer = str(int(digits_code) - 1 if int(digits_code) else 1)
                edit = tree.replace(given[1].value, fewer)
                new = tree.code(call).replace(digits_code, fewer)
                shown = " ".join(new.split())[:50]
                yield tree.mutant(call, edit, stated=digits_code, old=tree.label(call), new=shown)


def _is_format_spec(tree: PythonTree, node: cst.FormattedStringText) -> bool:
    up = tree.parent(node)
    return isinstance(up, cst.FormattedStringExpression)


@operator(
    "python.pattern",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "the pattern {old} becomes {new}",
    (
        're.search(r"^a+$", s)\nre.match(r"^b$", s)\n',
        (
            're.search(r"a+$", s)\nre.match(r"^b$", s)\n',
            're.search(r"^a+", s)\nre.match(r"^b$", s)\n',
            're.search(r"^a*$", s)\nre.match(r"^b$", s)\n',
            're.search(r"^a+$", s)\nre.match(r"^b", s)\n',
        ),
    ),
)
def pattern(tree: PythonTree) -> Iterator[Candidate]:
    """Anchors and repetitions of regular expressions."""
    for call in tree.every(cst.Call):
        if not _PATTERN_CALL.fullmatch(callee(call)):
            continue
        first = positional(call)[:1]
        if first and isinstance(first[0].value, cst.SimpleString):
            yield from _loosened(tree, call, first[0].value)


@operator(
    "python.pattern-flag-dropped",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "the pattern in `{call}` is used without `{flag}`",
    ('re.findall("a", s, re.I)\n', ('re.findall("a", s)\n',)),
)
def pattern_flag_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        for index, arg in enumerate(call.args):
            if index and _PATTERN_FLAG.fullmatch(tree.code(arg.value)) and _PATTERN_CALL.fullmatch(callee(call)):
                edit = drop_item(tree, call.args, index)
                yield tree.mutant(call, edit, call=tree.label(call, 40), flag=tree.code(arg.value))


_PATTERN_CALL = re.compile(r"re\.(compile|match|search|fullmatch|findall|finditer|sub|split|subn)")
_PATTERN_FLAG = re.compile(r"re\.[A-Z]+")


def _loosened(tree: PythonTree, call: cst.Call, node: cst.SimpleString) -> Iterator[Candidate]:
    start, end = tree.inner(node)
    body = tree.text[start:end]
    edits = []
    if body.startswith("^") and _used_by(tree, call) - {"match", "fullmatch"}:
        edits.append(Edit(start, start + 1, ""))
    if body.endswith("$") and not body.endswith("\\$") and _used_by(tree, call) - {"fullmatch"}:
        edits.append(Edit(end - 1, end, ""))
    for found in re.finditer(r"(?<![\\(\[])[+*](?![?+])", body):
        other = "*" if found.group() == "+" else "+"
        edits.append(Edit(start + found.start(), start + found.end(), other))
    for edit in edits[:4]:
        old, new = tree.around(node, edit)
        yield tree.mutant(call, edit, old=f"`{old}`", new=f"`{new}`")


def _used_by(tree: PythonTree, call: cst.Call) -> set[str]:
    """The ways in which the call's pattern is looked for: `match` holds it to the beginning by itself."""
    how = callee(call).removeprefix("re.")
    if how != "compile":
        return {how}
    up = tree.parent(call)
    name = dotted(up.targets[0].target) if isinstance(up, cst.Assign) else ""
    return tree.once(_pattern_uses).get(name) or {"search"}


def _pattern_uses(tree: PythonTree) -> dict[str, set[str]]:
    """Compiled pattern -> the methods called on it; anything else done with it may be any of them."""
    names = tree.once(compiled_patterns)
    found: dict[str, set[str]] = {}
    for node in tree.every(cst.Name, cst.Attribute):
        up = tree.parent(node)
        if isinstance(up, cst.AssignTarget) or dotted(node) not in names:
            continue
        method = isinstance(up, cst.Attribute) and up.value is node
        found.setdefault(dotted(node), set()).add(up.attr.value if isinstance(up, cst.Attribute) and method else "")
    return found


_SQL = re.compile(r"(?is)^\s*(select|insert|update|delete|create|with|alter|replace|drop|pragma)\b")
_SQL_FAULTS = tuple(
    (re.compile(fault, re.IGNORECASE | re.DOTALL), new)
    for fault, new in (
        (r"\s*\bORDER\s+BY\s+[\w.,\s()]+?(?=\s+LIMIT|\s*[;)\"']|\s*$)", ""),
        (r"\bDESC\b", "ASC"),
        (r"\bASC\b", "DESC"),
        (r"\bDISTINCT\s+", ""),
        (r"\bOR\s+(?:REPLACE|IGNORE)\s+", ""),
        (r"\bUNIQUE\b", ""),
        (r"\bNOT\s+NULL\b", ""),
        (r"\bPRIMARY\s+KEY\b", ""),
        (r"\bLEFT\s+(?:OUTER\s+)?JOIN\b", "JOIN"),
        (r"\bUNION\s+ALL\b", "UNION"),
        (r"\bDO\s+UPDATE\s+SET\b.*?(?=\s*\bWHERE\b|\s*[;\"']|\s*$)", "DO NOTHING"),
        (r"\s*\bLIMIT\s+\d+", ""),
        (r"\bCOUNT\(", "SUM("),
        (r"\bSUM\(", "COUNT("),
        (r"\bMAX\(", "MIN("),
        (r"\bMIN\(", "MAX("),
        (r"\bAND\b", "OR"),
        (r">=", ">"),
        (r"<=", "<"),
    )
)


@operator(
    "python.sql",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "{change} in the query `{query}`",
    (
        'db.execute("SELECT a FROM t WHERE b >= ? ORDER BY a DESC LIMIT 5")\n',
        (
            'db.execute("SELECT a FROM t WHERE b >= ? LIMIT 5")\n',
            'db.execute("SELECT a FROM t WHERE b >= ? ORDER BY a ASC LIMIT 5")\n',
            'db.execute("SELECT a FROM t WHERE b >= ? ORDER BY a DESC")\n',
            'db.execute("SELECT a FROM t WHERE b > ? ORDER BY a DESC LIMIT 5")\n',
        ),
    ),
    ('db.execute("INSERT OR REPLACE INTO t VALUES (?)")\n', ('db.execute("INSERT INTO t VALUES (?)")\n',)),
)
def sql(tree: PythonTree) -> Iterator[Candidate]:
    """Queries written as texts."""
    for node in tree.every(cst.SimpleString):
        start, end = tree.inner(node)
        body = tree.text[max(start, 0) : end]
        first = _first_piece(tree, node)
        if len(body) > 5000 or not _SQL.match(tree.literal(first) or ""):
            continue
        query = " ".join((tree.literal(first) or "").split())[:40]
        for fault, new in _SQL_FAULTS:
            for found in fault.finditer(body):
                if "?" in found.group() or "%s" in found.group():
                    # A parameter without its place would only raise an error.
                    continue
                edit = Edit(start + found.start(), start + found.end(), new)
                old = " ".join(found.group().split())
                change = f"`{old}` is `{new}`" if new else f"`{old}` is gone"
                yield tree.mutant(node, edit, query=query, change=change)


def _first_piece(tree: PythonTree, node: cst.BaseExpression) -> cst.BaseExpression:
    """Where a query is written as several texts in a row, the first one says that it is a query."""
    up = tree.parent(node)
    while isinstance(up, cst.ConcatenatedString):
        node, up = up, tree.parent(up)
    return node.left if isinstance(node, cst.ConcatenatedString) else node


@operator(
    "python.text",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "the text {old} is written {new}",
    ('f("Hello")\n', ('f("hello")\n',)),
)
def text(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.SimpleString):
        value = tree.literal(node)
        if not value or value.lower() in _WORDS_OF_PYTHON or is_wording(tree, node) or not is_plain(node):
            continue
        if (
            value.startswith("-")
            or tree.once(_spoken)[value] > 1
            or _said(tree, node)
            or isinstance(tree.parent(node), cst.Index)
            or _PATH.fullmatch(value)
            or not re.fullmatch(r"[\w .,:;!?'/@-]*[^\W\d_][\w .,:;!?'/@-]*", value)
        ):
            continue
        new = another_text(value)
        edit = Edit(*tree.inner(node), new)
        yield tree.mutant(node, edit, stated=value, old=tree.label(node, 40), new=f"'{new}'")


_WORDS_OF_PYTHON = frozenset(
    "get post put delete patch head options"
    " r w a rb wb ab x r+ w+ a+ rt wt utf-8 utf8 ascii latin-1 utf-8-sig replace ignore strict".split()
)
"""Modes and encodings: without them there is only an error."""


@operator(
    "python.message",
    FaultClass.MESSAGE,
    Tier.MEDIUM,
    "the message {old} is empty",
    ('raise ValueError("bad")\n', ('raise ValueError("")\n',)),
)
def message(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.SimpleString):
        words = tree.literal(node)
        if (
            words
            and re.search(r"\w\w", words)
            and is_wording(tree, node)
            and not isinstance(tree.parent(node), cst.Index)
        ):
            start, end = tree.inner(node)
            yield tree.mutant(node, Edit(start, end, ""), stated=words, old=tree.label(node, 40))
