"""Wrong values: numbers, truths, statuses, headers, modes, encodings, formats, patterns, paths, texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.statements import is_message
from mutator.operators.python.tree import (
    PythonTree,
    callee,
    dotted,
    drop_item,
    keyword,
    last_name,
    positional,
)


def _inner(tree: PythonTree, node: cst.SimpleString) -> tuple[int, int]:
    """The span between the quotes."""
    start, end = tree.span(node)
    opening = len(node.prefix) + len(node.quote)
    return start + opening, end - len(node.quote)


def _is_plain(node: cst.SimpleString) -> bool:
    return "\\" not in node.value


def _is_wording(tree: PythonTree, node: cst.CSTNode) -> bool:
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
_STATUS_CALL = frozenset(
    "send_response send_error abort HTTPException make_response Response JSONResponse respond send_json json_response"
    " reply PlainTextResponse HTMLResponse RedirectResponse redirect HttpResponse JsonResponse set_status _send write"
    " _respond _json send error start_response".split()
)


def _is_status(tree: PythonTree, node: cst.Integer) -> bool:
    if not re.fullmatch(r"[1-5]\d\d", node.value):
        return False
    up = tree.parent(node)
    if isinstance(up, cst.Arg):
        if up.keyword is not None:
            return up.keyword.value in ("status", "status_code", "code")
        call = tree.parent(up)
        return call is not None and last_name(call) in _STATUS_CALL
    if isinstance(up, cst.Element):
        # `return body, 404`
        row = tree.parent(up)
        return isinstance(row, cst.Tuple) and len(row.elements) > 1 and isinstance(tree.parent(row), cst.Return)
    if isinstance(up, cst.Assign):
        return "status" in dotted(up.targets[0].target).lower()
    return False


@operator(
    "python.status-code",
    FaultClass.WRONG_VALUE,
    Tier.COARSE,
    "{where} answers {new} instead of {old}",
)
def status_code(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Integer):
        if _is_status(tree, node):
            new = "500" if node.value.startswith("2") else "200"
            scope = tree.scope(node)
            where = f"`{scope}()`" if scope else "the program"
            yield tree.mutant(node, tree.replace(node, new), where=where, new=new, old=node.value)


@operator(
    "python.header-dropped",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    "the header {header} is not sent",
)
def header_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Expr):
        call = node.value
        if isinstance(call, cst.Call) and last_name(call) in ("send_header", "add_header", "set_header", "putheader"):
            first = positional(call)[:1]
            named = tree.label(first[0].value, 40) if first else "it"
            yield tree.mutant(node, Edit(*tree.span(node), "pass"), header=named)


@operator(
    "python.file-mode",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.COARSE,
    "{file} is opened with mode '{new}' instead of '{old}'",
)
def file_mode(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        if last_name(call) not in ("open", "fdopen", "ZipFile", "NamedTemporaryFile", "to_csv", "FileHandler"):
            continue
        given = keyword(call, "mode")
        for arg in [given] if given else positional(call)[:2]:
            mode = tree.literal(arg.value)
            new = {"w": "a", "a": "w", "wb": "ab", "ab": "wb", "x": "w", "w+": "a+", "a+": "w+", "wt": "at"}.get(
                mode or ""
            )
            if new is None or not isinstance(arg.value, cst.SimpleString):
                continue
            holder = call.func.value if isinstance(call.func, cst.Attribute) else None
            first = positional(call)[:1]
            file = tree.label(first[0].value, 40) if first and first[0] is not arg else tree.label(holder or call, 40)
            edit = Edit(*_inner(tree, arg.value), new)
            yield tree.mutant(call, edit, file=f"`{file}`", new=new, old=mode or "")


@operator(
    "python.encoding",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.FINE,
    "{new} is used instead of {old}",
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
            yield tree.mutant(node, Edit(*_inner(tree, node), new), old=name, new=new)


_TEXT_METHODS = frozenset(
    "strip lstrip rstrip lower upper casefold title capitalize resolve expanduser absolute rstrip zfill copy deepcopy"
    " replace removeprefix removesuffix splitlines abs quote unquote escape round normpath realpath abspath"
    " normalize fillna dropna drop_duplicates reset_index groupby distinct sort_values expandvars".split()
)


@operator(
    "python.conversion-dropped",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "`{call}` is used without `{name}()`",
)
def conversion_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """x.strip() -> x, round(x, 2) -> x, set(x) -> x."""
    for call in tree.every(cst.Call):
        name = last_name(call)
        up = tree.parent(call)
        if isinstance(up, cst.Expr | cst.Decorator):
            continue
        if isinstance(call.func, cst.Attribute) and name in _TEXT_METHODS and dotted(call.func.value) not in _MODULES:
            edit = Edit(tree.outer(call.func.value)[1], tree.span(call)[1], "")
            yield tree.mutant(call, edit, call=tree.label(call.func.value, 40), name=name)
        elif (
            callee(call) in _CONVERSIONS and len(call.args) >= 1 and not call.args[0].star and not call.args[0].keyword
        ):
            first = call.args[0].value
            if isinstance(first, cst.GeneratorExp) or (len(call.args) > 1 and name not in ("round", "int")):
                continue
            code = tree.code(first)
            kept = code if isinstance(first, cst.Name | cst.Attribute | cst.Call | cst.Subscript) else f"({code})"
            yield tree.mutant(call, tree.replace(call, kept), call=tree.label(first, 40), name=name)


_MODULES = frozenset({"copy", "re", "shutil", "os", "html", "np", "math", "dataclasses", "unicodedata", "pd"})
_CONVERSIONS = frozenset(
    "round int float abs set html.escape escape shlex.quote quote urllib.parse.quote copy.deepcopy copy.copy"
    " os.path.abspath os.path.realpath os.path.normpath os.path.expanduser dict.fromkeys frozenset bool".split()
)


@operator(
    "python.number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "{name} {new} instead of {old}",
)
def number(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Integer, cst.Float):
        assert isinstance(node, cst.Integer | cst.Float)
        up = tree.parent(node)
        if len(node.value) > 18 or (isinstance(node, cst.Integer) and _is_status(tree, node)):
            continue
        if isinstance(up, cst.Index | cst.Slice):
            continue
        base = node.value.lower().replace("_", "")
        if base.startswith("0o"):
            news = ["0o777" if base != "0o777" else "0o600"]
        elif base.startswith(("0x", "0b")) or base.endswith("j"):
            news = [f"{node.value} + 1"]
        elif isinstance(node, cst.Float):
            news = [repr(float(base) * 2) if float(base) else "1.0"]
        else:
            value = int(base)
            news = ["1"] if value == 0 else ["0", "2"] if value == 1 else [str(value + 1), str(value - 1)]
        named = _named(tree, node)
        tier = None if named else Tier.FINE
        for new in news:
            if "inf" not in new:
                name = f"`{named}` is" if named else f"`{tree.label(_statement(tree, node))}` takes"
                text = f"({new})" if " " in new else new
                yield tree.mutant(node, tree.replace(node, text), tier=tier, name=name, new=new, old=node.value)


def _statement(tree: PythonTree, node: cst.CSTNode) -> cst.CSTNode:
    """What to show of the place: the widest expression that is still short."""
    shown = node
    for up in tree.ancestors(node):
        if not isinstance(up, cst.BaseExpression | cst.Arg | cst.Element | cst.Return | cst.ComparisonTarget):
            break
        start, end = tree.span(up)
        if end - start > 50:
            break
        if isinstance(up, cst.BaseExpression | cst.Return):
            shown = up
    return shown


def _named(tree: PythonTree, node: cst.CSTNode) -> str:
    """The name that a literal is given at once: NAME = 5, f(name=5), def f(name=5), {"name": 5}."""
    up = tree.parent(node)
    if isinstance(up, cst.UnaryOperation):
        up = tree.parent(up)
    if isinstance(up, cst.Assign):
        return tree.label(up.targets[0].target, 30)
    if isinstance(up, cst.AnnAssign):
        return tree.label(up.target, 30)
    if isinstance(up, cst.Param):
        return up.name.value
    if isinstance(up, cst.Arg) and up.keyword is not None:
        return up.keyword.value
    if isinstance(up, cst.DictElement) and up.value is node:
        return (tree.literal(up.key) or tree.label(up.key, 30)).replace("`", "'")
    return ""


@operator(
    "python.truth",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "{name} {new} instead of {old}",
)
def truth(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Name):
        if node.value not in ("True", "False") or isinstance(tree.parent(node), cst.While):
            continue
        named = _named(tree, node)
        if not named and isinstance(tree.parent(node), cst.Return):
            named = f"{tree.scope(node)}()"
        new = "False" if node.value == "True" else "True"
        where = f"`{named}` is" if named else f"`{tree.label(_statement(tree, node))}` takes"
        yield tree.mutant(node, tree.replace(node, new), name=where, new=new, old=node.value)


_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.@%+/-]*[\w]|[\w-]+\.[a-z][a-z0-9]{1,5}")


@operator(
    "python.path",
    FaultClass.WRONG_TARGET,
    Tier.COARSE,
    "{new} is used instead of {old}",
)
def path(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.SimpleString):
        text = tree.literal(node)
        if not text or not _is_plain(node) or not _PATH.fullmatch(text) or _is_wording(tree, node):
            continue
        if not _is_file(tree, node, text):
            continue
        head, dot, ending = text.rpartition(".")
        new = f"{head}_old.{ending}" if dot and "/" not in ending else f"{text}_old"
        yield tree.mutant(node, Edit(*_inner(tree, node), new), new=f"'{new}'", old=f"'{text}'")


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
    name = _named(tree, node).lower()
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
)
def key(tree: PythonTree) -> Iterator[Candidate]:
    """Texts that other programs see: dictionary keys, statuses, compared words."""
    for node in tree.every(cst.SimpleString):
        text = tree.literal(node)
        if not text or not _is_plain(node) or not re.fullmatch(r"[\w .:-]{1,40}", text) or text.startswith("-"):
            continue
        where = _said(tree, node)
        if where:
            new = _CHOICES.get(text, f"{text}_" if text[-1].isalnum() else text[:-1])
            yield tree.mutant(node, Edit(*_inner(tree, node), new), where=where, old=f"'{text}'", new=f"'{new}'")


def _said(tree: PythonTree, node: cst.SimpleString) -> str:
    """What a text is, where it matters to others than a reader."""
    up = tree.parent(node)
    if isinstance(up, cst.DictElement):
        return "the key" if up.key is node else "the value" if tree.literal(up.key) is not None else ""
    if isinstance(up, cst.Index) and isinstance(tree.parent(tree.parent(up) or up), cst.Subscript):
        return "the key"
    if isinstance(up, cst.ComparisonTarget) or (isinstance(up, cst.Comparison) and up.left is node):
        return "the word"
    if isinstance(up, cst.Return):
        return "the answer"
    if isinstance(up, cst.Assign) and isinstance(up.targets[0].target, cst.Subscript | cst.Attribute | cst.Name):
        return "the value"
    if isinstance(up, cst.Arg) and up.keyword is None:
        call = tree.parent(up)
        if call is not None and last_name(call) in (
            "get",
            "setdefault",
            "getenv",
            "getattr",
            "has_key",
            "pop",
            "field",
        ):
            return "the key"
        if call is not None and last_name(call) in ("strptime", "strftime", "split", "join", "partition", "rpartition"):
            return "the separator or format"
    return ""


@operator(
    "python.number-format",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    "`{old}` is written as `{new}`",
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
            yield tree.mutant(node, edit, old=found.group(), new=new)
    for call in tree.every(cst.Call):
        given = positional(call)
        if callee(call) == "round" and len(given) == 2 and isinstance(given[1].value, cst.Integer):
            digits_code = given[1].value.value
            if digits_code.isdigit() and len(digits_code) < 3:
                fewer = str(int(digits_code) - 1 if int(digits_code) else 1)
                edit = tree.replace(given[1].value, fewer)
                new = tree.code(call).replace(digits_code, fewer)
                yield tree.mutant(call, edit, old=tree.label(call), new=" ".join(new.split())[:50])


def _is_format_spec(tree: PythonTree, node: cst.FormattedStringText) -> bool:
    up = tree.parent(node)
    return isinstance(up, cst.FormattedStringExpression)


@operator(
    "python.pattern",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "the pattern {old} becomes {new}",
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
    start, end = _inner(tree, node)
    body = tree.text[start:end]
    edits = []
    if body.startswith("^"):
        edits.append(Edit(start, start + 1, ""))
    if body.endswith("$") and not body.endswith("\\$"):
        edits.append(Edit(end - 1, end, ""))
    for found in re.finditer(r"(?<![\\(\[])[+*](?![?+])", body):
        other = "*" if found.group() == "+" else "+"
        edits.append(Edit(start + found.start(), start + found.end(), other))
    for edit in edits[:4]:
        new = body[: edit.start - start] + edit.new + body[edit.end - start :]
        yield tree.mutant(call, edit, old=f"`{body[:40]}`", new=f"`{new[:40]}`")


_SQL = re.compile(r"(?is)^\s*(select|insert|update|delete|create|with|alter|replace|drop|pragma)\b")
_SQL_FAULTS = tuple(
    (re.compile(fault, re.IGNORECASE | re.DOTALL), new)
    for fault, new in (
        (r"\bORDER\s+BY\s+[\w.,\s()]+?(?=\s+LIMIT|\s*[;)\"']|\s*$)", ""),
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
        (r"\bLIMIT\s+\d+", ""),
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
)
def sql(tree: PythonTree) -> Iterator[Candidate]:
    """Queries written as texts."""
    for node in tree.every(cst.SimpleString):
        start, end = _inner(tree, node)
        body = tree.text[max(start, 0) : end]
        if len(body) > 5000 or not _SQL.match(body):
            continue
        query = " ".join(body.split())[:40]
        for fault, new in _SQL_FAULTS:
            for found in fault.finditer(body):
                if "?" in found.group() or "%s" in found.group():
                    # A parameter without its place would only raise an error.
                    continue
                edit = Edit(start + found.start(), start + found.end(), new)
                old = " ".join(found.group().split())
                change = f"`{old}` is `{new}`" if new else f"`{old}` is gone"
                yield tree.mutant(node, edit, query=query, change=change)


@operator(
    "python.text",
    FaultClass.WRONG_VALUE,
    Tier.FINE,
    "the text {old} is empty",
)
def text(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.SimpleString):
        value = tree.literal(node)
        if value and value.lower() not in _WORDS_OF_PYTHON and not _is_wording(tree, node):
            start, end = _inner(tree, node)
            yield tree.mutant(node, Edit(start, end, ""), old=tree.label(node, 40))


_WORDS_OF_PYTHON = frozenset(
    "r w a rb wb ab x r+ w+ a+ rt wt utf-8 utf8 ascii latin-1 utf-8-sig replace ignore strict".split()
)
"""Modes and encodings: without them there is only an error."""


@operator(
    "python.message",
    FaultClass.MESSAGE,
    Tier.FINE,
    "the message {old} is empty",
)
def message(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.SimpleString):
        if tree.literal(node) and _is_wording(tree, node):
            start, end = _inner(tree, node)
            yield tree.mutant(node, Edit(start, end, ""), old=tree.label(node, 40))
