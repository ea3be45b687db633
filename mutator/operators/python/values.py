"""Wrong values: numbers, truths, statuses, headers, modes; conversions left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.another_name import another_number
from mutator.operators.python.define import operator
from mutator.operators.python.nodes import callee, dotted, keyword, last_name, positional
from mutator.operators.python.tree import PythonTree

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
    (
        ('def get(self):\n    self.send_response(404)\n    return {"ok": True}, 201\n'),
        (
            ('def get(self):\n    self.send_response(200)\n    return {"ok": True}, 201\n'),
            ('def get(self):\n    self.send_response(404)\n    return {"ok": True}, 500\n'),
        ),
    ),
    (
        "raise HTTPException(status.HTTP_404_NOT_FOUND)\nself.send_response(HTTPStatus.OK)\n",
        (
            "raise HTTPException(200)\nself.send_response(HTTPStatus.OK)\n",
            "raise HTTPException(status.HTTP_404_NOT_FOUND)\nself.send_response(HTTPStatus.INTERNAL_SERVER_ERROR)\n",
        ),
    ),
)
def status_code(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Integer):
        if _is_status(tree, node):
            new = "500" if node.value.startswith("2") else "200"
            where = _answering(tree, node)
            edit = tree.replace(node, new)
            yield tree.mutant(node, edit, stated=node.value, where=where, new=new, old=node.value)
    for attribute in tree.every(cst.Attribute):
        holder, _, name = dotted(attribute).rpartition(".")
        if isinstance(tree.parent(attribute), cst.Attribute):
            continue
        if re.fullmatch(r"HTTP_[1-5]\d\d_\w+", name):
            new, short = ("500", "500") if name[5] == "2" else ("200", "200")
        elif holder.endswith("HTTPStatus") and name.isupper():
            short = "INTERNAL_SERVER_ERROR" if name in _FINE_STATUS else "OK"
            new = f"{holder}.{short}"
        else:
            continue
        edit = tree.replace(attribute, new)
        value = "".join(re.findall(r"\d\d\d", name)) or str(HTTPStatus[name].value if name in _STATUSES else "")
        yield tree.mutant(attribute, edit, stated=value, where=_answering(tree, attribute), new=short, old=name)


def _answering(tree: PythonTree, node: cst.CSTNode) -> str:
    scope = tree.scope(node)
    return f"`{scope}()`" if scope else "the program"


_STATUSES = frozenset(HTTPStatus.__members__)
_FINE_STATUS = frozenset({"OK", "CREATED", "ACCEPTED", "NO_CONTENT", "PARTIAL_CONTENT"})


@operator(
    "python.header-dropped",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    "the header {header} is not sent",
    ('self.send_header("Content-Type", "text/html")\n', ("pass\n",)),
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
    (
        'open(path, "w")\nlog.open(mode="a")\n',
        ('open(path, "w")\nlog.open(mode="w")\n',),
    ),
)
def file_mode(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        if last_name(call) not in ("open", "fdopen", "ZipFile", "NamedTemporaryFile", "to_csv", "FileHandler"):
            continue
        given = keyword(call, "mode")
        for arg in [given] if given else positional(call)[:2]:
            mode = tree.literal(arg.value)
            # The other way round nothing changes where the file is not there before.
            new = {"a": "w", "ab": "wb", "x": "w", "xb": "wb", "a+": "w+", "at": "wt"}.get(mode or "")
            if new is None or not isinstance(arg.value, cst.SimpleString):
                continue
            holder = call.func.value if isinstance(call.func, cst.Attribute) else None
            first = positional(call)[:1]
            file = tree.label(first[0].value, 40) if first and first[0] is not arg else tree.label(holder or call, 40)
            edit = Edit(*tree.inner(arg.value), new)
            yield tree.mutant(call, edit, file=f"`{file}`", new=new, old=mode or "")


@operator(
    "python.parts-as-text",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    "the parts of `{text}` stay texts, so that 10 comes before 9",
    (
        ('key = [int(n) for n in version.split(".")]\nother = tuple(map(int, version.split(".")))\n'),
        (
            ('key = [n for n in version.split(".")]\nother = tuple(map(int, version.split(".")))\n'),
            ('key = [int(n) for n in version.split(".")]\nother = tuple(version.split("."))\n'),
        ),
    ),
)
def parts_as_text(tree: PythonTree) -> Iterator[Candidate]:
    """[int(n) for n in version.split(".")] and map(int, version.split("."))."""
    for call in tree.every(cst.Call):
        up = tree.parent(call)
        if callee(call) == "int" and len(call.args) == 1 and isinstance(up, cst.ListComp | cst.GeneratorExp):
            text = up.for_in.iter
            if last_name(text) in _SPLITS:
                edit = tree.replace(call, tree.fitted(call, tree.code(call.args[0].value)))
                yield tree.mutant(call, edit, text=tree.label(text))
        elif callee(call) == "map" and len(call.args) == 2 and tree.code(call.args[0].value) == "int":
            text = call.args[1].value
            if last_name(text) in _SPLITS:
                yield tree.mutant(call, tree.replace(call, tree.code(text)), text=tree.label(text))


_SPLITS = frozenset({"split", "findall", "groups"})


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
    (
        "name = raw.strip().lower()\nn = round(x, 2)\n",
        (
            "name = raw.strip()\nn = round(x, 2)\n",
            "name = raw.lower()\nn = round(x, 2)\n",
            "name = raw.strip().lower()\nn = x\n",
        ),
    ),
)
def conversion_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """x.strip() -> x, round(x, 2) -> x, set(x) -> x."""
    for call in tree.every(cst.Call):
        name = last_name(call)
        up = tree.parent(call)
        if isinstance(up, cst.Expr | cst.Decorator):
            continue
        if isinstance(call.func, cst.Attribute) and name in _TEXT_METHODS and dotted(call.func.value) not in _MODULES:
            if isinstance(call.func.value, cst.Attribute) and call.func.value.attr.value in ("str", "dt", "cat"):
                # What is left is a column's way to its methods, and no column.
                continue
            if isinstance(up, cst.Assign) and tree.code(up.targets[0].target) == tree.code(call.func.value):
                # Then the whole statement is left out.
                continue
            edit = Edit(tree.outer(call.func.value)[1], tree.span(call)[1], "")
            tier = (
                Tier.FINE
                if name in ("reset_index", "splitlines", "copy", "deepcopy", "encode", "decode", "groupby")
                else None
            )
            yield tree.mutant(call, edit, tier=tier, call=tree.label(call.func.value, 40), name=name)
        elif (
            callee(call) in _CONVERSIONS and len(call.args) >= 1 and not call.args[0].star and not call.args[0].keyword
        ):
            first = call.args[0].value
            if isinstance(up, cst.Assign) and tree.code(up.targets[0].target) == tree.code(first):
                continue
            if isinstance(first, cst.GeneratorExp) or (len(call.args) > 1 and name not in ("round", "int")):
                continue
            simple = isinstance(first, cst.Name | cst.Attribute | cst.Call | cst.Subscript)
            kept = tree.code(first) if simple else tree.fitted(call, tree.code(first))
            # What is no number stops the next sum, and what is one already stays as it is.
            tier = Tier.FINE if name in ("int", "float", "bool", "copy", "deepcopy", "abspath", "realpath") else None
            yield tree.mutant(call, tree.replace(call, kept), tier=tier, call=tree.label(first, 40), name=name)


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
    (
        "LIMIT = 5\nf(0)\nos.chmod(path, 0o600)\n",
        (
            "LIMIT = 6\nf(0)\nos.chmod(path, 0o600)\n",
            "LIMIT = 4\nf(0)\nos.chmod(path, 0o600)\n",
            "LIMIT = 5\nf(1)\nos.chmod(path, 0o600)\n",
            "LIMIT = 5\nf(0)\nos.chmod(path, 0o777)\n",
        ),
    ),
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
            news = [repr(float(base) * 2 if float(base) >= 1 else float(base) / 2) if float(base) else "1.0"]
        else:
            value = int(base)
            news = ["1"] if value == 0 else ["0", "2"] if value == 1 else [str(value + 1), str(value - 1)]
            if not named(tree, node):
                news = news[:1]
            if value >= 100:
                news = [str(another_number(value))]
        name = named(tree, node)
        tier = Tier.FINE if not name or _HARDLY_SEEN.search(name) else None
        for new in news:
            if "inf" not in new:
                where = f"`{name}` is" if name else f"`{tree.label(_statement(tree, node))}` takes"
                text = f"({new})" if " " in new else new
                edit = tree.replace(node, text)
                yield tree.mutant(node, edit, tier=tier, stated=node.value, name=where, new=new, old=node.value)


_HARDLY_SEEN = re.compile(
    r"(?i)(^|_)(indent|width|maxsize|timeout|interval|delay|sleep|backoff|buffering|chunk(_?size)?|buf(fer)?(_?size)?|backlog"
    r"|poll|stacklevel|max_?workers|concurrency|seed)$"
)
"""One more or less of it is for looks, or for speed."""


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


def named(tree: PythonTree, node: cst.CSTNode) -> str:
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
        table = tree.parent(tree.parent(up) or up)
        holder = tree.label(table.targets[0].target, 20) if isinstance(table, cst.Assign) else ""
        key = tree.label(up.key, 30).replace("`", "'")
        return f"{holder}[{key}]" if holder else key
    return ""


@operator(
    "python.truth",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "{name} {new} instead of {old}",
    ("run(fast=True)\n", ("run(fast=False)\n",)),
)
def truth(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Name):
        if node.value not in ("True", "False") or isinstance(tree.parent(node), cst.While):
            continue
        name = named(tree, node)
        if not name and isinstance(tree.parent(node), cst.Return):
            name = f"{tree.scope(node)}()"
        new = "False" if node.value == "True" else "True"
        tier = Tier.FINE if name in _UNSEEN_SWITCHES else None
        where = f"`{name}` is" if name else f"`{tree.label(_statement(tree, node))}` takes"
        edit = tree.replace(node, new)
        yield tree.mutant(node, edit, tier=tier, stated=name or "", name=where, new=new, old=node.value)


_UNSEEN_SWITCHES = frozenset(
    "verbose quiet"
    " frozen slots kw_only daemon show_default add_completion debug reload flush copy threaded use_reloader"
    " line_buffering autoflush err".split()
)
