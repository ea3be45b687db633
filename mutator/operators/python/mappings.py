"""Tables that map one thing to another: entries swapped, doubled or gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.nodes import callee, dotted, keyword, last_name
from mutator.operators.python.statements import is_message
from mutator.operators.python.tree import PythonTree, definitions, drop_item

_ALL_PAIRS = 8
"""Tables up to this size have every pair of entries mixed up; longer ones neighbours and opposites only."""
_MOST_PAIRS = 24


@dataclass(frozen=True)
class _Entry:
    key: str
    start: int
    end: int
    """The span of the value."""


@dataclass(frozen=True)
class _Table:
    node: cst.CSTNode
    name: str
    entries: tuple[_Entry, ...]
    tier: Tier
    record: bool


def _tables(tree: PythonTree) -> Iterator[_Table]:
    for node in tree.every(cst.Dict, cst.List, cst.Tuple, cst.Match, cst.If, cst.Call):
        if isinstance(node, cst.Dict):
            found = _dict_entries(tree, node)
        elif isinstance(node, cst.List | cst.Tuple):
            found = _row_entries(tree, node)
        elif isinstance(node, cst.Match):
            found = _case_entries(tree, node)
        elif isinstance(node, cst.If):
            found = _chain_entries(tree, node)
        elif isinstance(node, cst.Call) and callee(node) == "dict":
            found = [
                (_Entry(repr(arg.keyword.value), *tree.outer(arg.value)), arg.value) for arg in node.args if arg.keyword
            ]
        else:
            continue
        if len(found) < 2:
            continue
        # A table holds like things; a record of unlike fields is mixed up less often.
        record = isinstance(node, cst.Dict) and (_is_output(tree, node) or _is_given(tree, node))
        kinds = {_kind(value) for _, value in found}
        alike = not record and len(kinds) == 1
        name = _record(tree, node) if record else _table_name(tree, node)
        counts = kinds == {"number"} and isinstance(node, cst.Dict) and not name.strip("`").isupper()
        tier = Tier.MEDIUM if alike and counts else Tier.COARSE if alike else Tier.FINE
        yield _Table(node, name, tuple(entry for entry, _ in found), tier, record)


_Found = list[tuple[_Entry, cst.CSTNode]]


def _dict_entries(tree: PythonTree, node: cst.Dict) -> _Found:
    return [
        (_Entry(tree.label(e.key, 30), *tree.outer(e.value)), e.value)
        for e in node.elements
        if isinstance(e, cst.DictElement)
        and isinstance(e.key, cst.BaseString | cst.BaseNumber | cst.Name | cst.Attribute | cst.Tuple)
    ]


def _row_entries(tree: PythonTree, node: cst.List | cst.Tuple) -> _Found:
    """[("R", 0, 1), ("D", 1, 0)]: what follows the first element is its value."""
    found: _Found = []
    for element in node.elements:
        row = element.value
        if not isinstance(row, cst.Tuple | cst.List) or len(row.elements) < 2:
            return []
        key = row.elements[0].value
        if not isinstance(key, cst.SimpleString | cst.Name | cst.Attribute) or (
            isinstance(key, cst.SimpleString) and not key.value
        ):
            return []
        start, end = tree.outer(row.elements[1].value)[0], tree.outer(row.elements[-1].value)[1]
        found.append((_Entry(tree.label(key, 30), start, end), row))
    return found


def _case_entries(tree: PythonTree, node: cst.Match) -> _Found:
    found: _Found = []
    for case in node.cases:
        captures = isinstance(case.pattern, cst.MatchAs) or tree.inside(case.pattern, cst.MatchAs, cst.MatchStar)
        if captures or case.guard is not None:
            # Another case's body would not know the names.
            continue
        place = _simple_body(tree, case.body)
        if place is not None:
            found.append((_Entry(tree.label(case.pattern, 30), *place[0]), place[1]))
    return found


def _chain_entries(tree: PythonTree, node: cst.If) -> _Found:
    """if x == "a": ... elif x == "b": ... with the same subject throughout."""
    if isinstance(tree.parent(node), cst.If):
        return []
    found: _Found = []
    subject = ""
    at: cst.CSTNode | None = node
    while isinstance(at, cst.If):
        test = at.test
        if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
            return []
        target = test.comparisons[0]
        if not isinstance(target.operator, cst.Equal | cst.In) or (subject and tree.code(test.left) != subject):
            return []
        subject = tree.code(test.left)
        place = _simple_body(tree, at.body)
        if place is None:
            return []
        told = isinstance(target.comparator, cst.BaseString | cst.BaseNumber | cst.Tuple | cst.Attribute)
        key = tree.label(target.comparator, 30) if told else f"`{tree.label(test, 30)}`"
        found.append((_Entry(key, *place[0]), place[1]))
        at = at.orelse
    return found


def _simple_body(tree: PythonTree, suite: cst.BaseSuite) -> tuple[tuple[int, int], cst.CSTNode] | None:
    """The value a one-statement body gives: what is returned or assigned, or the whole of a short line."""
    lines = suite.body
    if len(lines) != 1:
        return None
    line = lines[0]
    small = line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    if not small or not all(isinstance(s, cst.BaseSmallStatement) for s in small):
        return None
    only = small[0]
    if isinstance(only, cst.Raise | cst.Pass | cst.Continue | cst.Break):
        return None
    if len(small) == 1 and isinstance(only, cst.Return) and only.value is not None:
        return tree.outer(only.value), only.value
    return (tree.span(small[0])[0], tree.span(small[-1])[1]), only


def _kind(node: cst.CSTNode) -> str:
    if isinstance(node, cst.UnaryOperation):
        return _kind(node.expression)
    if isinstance(node, cst.Integer | cst.Float):
        return "number"
    if isinstance(node, cst.Name | cst.Attribute):
        return "truth" if dotted(node) in ("True", "False", "None") else "name"
    if isinstance(node, cst.Tuple | cst.List):
        return f"{type(node).__name__}:{len(node.elements)}"
    return type(node).__name__


def _table_name(tree: PythonTree, node: cst.CSTNode) -> str:
    """Where the table is, for a sentence."""
    up = tree.parent(node)
    if isinstance(node, cst.Match):
        return f"the match on `{tree.label(node.subject, 30)}`"
    if isinstance(node, cst.If) and isinstance(node.test, cst.Comparison):
        return f"the choice by `{tree.label(node.test.left, 30)}`"
    if isinstance(up, cst.Assign):
        return f"`{tree.label(up.targets[0].target, 40)}`"
    if isinstance(up, cst.AnnAssign):
        return f"`{tree.label(up.target, 40)}`"
    scope = tree.scope(node)
    return f"a table in `{scope}()`" if scope else "a table"


def _pairs(tree: PythonTree, entries: Sequence[_Entry], *, record: bool = False) -> list[tuple[int, int]]:
    """What is easily taken for one another first: opposites, transposed values, neighbours; then the rest. Long tables
    are capped, and of a record only neighbours count."""
    count = len(entries)
    values = [tree.text[e.start : e.end] for e in entries]
    near = list(combinations(range(min(count, 64)), 2))
    opposites = [(i, j) for i, j in near if _opposite(values[i], values[j])]
    transposed = [(i, j) for i, j in near if _transposed(values[i], values[j])]
    neighbours = [(i, i + 1) for i in range(count - 1)]
    rest = list(combinations(range(count), 2)) if count <= _ALL_PAIRS and not record else []
    likely = dict.fromkeys((*opposites, *transposed, *neighbours, *rest))
    found = [pair for pair in likely if values[pair[0]] != values[pair[1]]]
    if record:
        found = [pair for pair in neighbours if values[pair[0]] != values[pair[1]]]
    if len(found) <= _MOST_PAIRS or count <= _ALL_PAIRS:
        return found
    step = len(found) / _MOST_PAIRS
    return [found[int(index * step)] for index in range(_MOST_PAIRS)]


def _opposite(left: str, right: str) -> bool:
    """Equal but for signs: (0, 1) and (0, -1)."""
    return left != right and re.sub(r"[-+\s]", "", left) == re.sub(r"[-+\s]", "", right)


def _transposed(left: str, right: str) -> bool:
    """The same parts the other way round: (0, 1) and (1, 0)."""
    parts = [part.strip() for part in left.strip("()[] ").split(",")]
    return len(parts) > 1 and parts[::-1] == [part.strip() for part in right.strip("()[] ").split(",")]


@operator(
    "python.mapping-duplicated",
    FaultClass.SWAPPED_MAPPING,
    Tier.COARSE,
    "{left} is mapped like {right} in {table}",
    (
        'MOVES = {"U": (-1, 0), "D": (1, 0), "R": (0, 1)}\n',
        (
            'MOVES = {"U": (-1, 0), "D": (-1, 0), "R": (0, 1)}\n',
            'MOVES = {"U": (-1, 0), "D": (1, 0), "R": (1, 0)}\n',
            'MOVES = {"U": (-1, 0), "D": (1, 0), "R": (-1, 0)}\n',
            'MOVES = {"U": (1, 0), "D": (1, 0), "R": (0, 1)}\n',
            'MOVES = {"U": (-1, 0), "D": (0, 1), "R": (0, 1)}\n',
            'MOVES = {"U": (0, 1), "D": (1, 0), "R": (0, 1)}\n',
        ),
    ),
    (
        'if op == "+":\n    r = a + b\nelif op == "-":\n    r = a - b\n',
        (
            'if op == "+":\n    r = a + b\nelif op == "-":\n    r = a + b\n',
            'if op == "+":\n    r = a - b\nelif op == "-":\n    r = a - b\n',
        ),
    ),
    (
        'match op:\n    case "add": return a + b\n    case "sub": return a - b\n',
        (
            'match op:\n    case "add": return a + b\n    case "sub": return a + b\n',
            'match op:\n    case "add": return a - b\n    case "sub": return a - b\n',
        ),
    ),
    (
        'UNITS = [("k", 1000), ("M", 1000000)]\n',
        (
            'UNITS = [("k", 1000), ("M", 1000)]\n',
            'UNITS = [("k", 1000000), ("M", 1000000)]\n',
        ),
    ),
)
def mapping_duplicated(tree: PythonTree) -> Iterator[Candidate]:
    for table in _tables(tree):
        pairs = _pairs(tree, table.entries, record=table.record)
        # A later entry copied from an earlier one and never changed is the likelier slip.
        for i, j in [*((later, earlier) for earlier, later in pairs), *pairs]:
            left, right = table.entries[i], table.entries[j]
            edit = Edit(left.start, left.end, tree.text[right.start : right.end])
            yield tree.mutant(table.node, edit, tier=table.tier, left=left.key, right=right.key, table=table.name)


@operator(
    "python.mapping-swapped",
    FaultClass.SWAPPED_MAPPING,
    Tier.COARSE,
    "{left} and {right} are swapped in {table}",
    (
        'MOVES = {"U": (-1, 0), "D": (1, 0), "R": (0, 1)}\n',
        (
            'MOVES = {"U": (1, 0), "D": (-1, 0), "R": (0, 1)}\n',
            'MOVES = {"U": (-1, 0), "D": (0, 1), "R": (1, 0)}\n',
            'MOVES = {"U": (0, 1), "D": (1, 0), "R": (-1, 0)}\n',
        ),
    ),
    ("d = dict(low=1, high=9)\n", ("d = dict(low=9, high=1)\n",)),
)
def mapping_swapped(tree: PythonTree) -> Iterator[Candidate]:
    for table in _tables(tree):
        for i, j in _pairs(tree, table.entries, record=table.record):
            left, right = table.entries[i], table.entries[j]
            edits = (
                Edit(left.start, left.end, tree.text[right.start : right.end]),
                Edit(right.start, right.end, tree.text[left.start : left.end]),
            )
            yield tree.mutant(table.node, *edits, tier=table.tier, left=left.key, right=right.key, table=table.name)


@operator(
    "python.row-duplicated",
    FaultClass.SWAPPED_MAPPING,
    Tier.MEDIUM,
    "{left} of {table} repeats {right}",
    (
        "STEPS = [(0, 1), (1, 0), (0, -1)]\n",
        (
            "STEPS = [(0, 1), (1, 0), (0, 1)]\n",
            "STEPS = [(0, 1), (0, 1), (0, -1)]\n",
            "STEPS = [(0, 1), (1, 0), (1, 0)]\n",
        ),
    ),
)
def row_duplicated(tree: PythonTree) -> Iterator[Candidate]:
    """[(0, 1), (1, 0), ...]: rows without a key, such as the neighbours of a cell."""
    for node in tree.sequences():
        rows = [element.value for element in node.elements]
        if len(rows) < 2 or _row_entries(tree, node) or not all(isinstance(row, cst.Tuple) for row in rows):
            continue
        entries = [_Entry(f"`{tree.label(row, 30)}`", *tree.outer(row)) for row in rows]
        for i, j in _pairs(tree, entries):
            edit = Edit(entries[j].start, entries[j].end, tree.text[entries[i].start : entries[i].end])
            yield tree.mutant(node, edit, left=entries[j].key, right=entries[i].key, table=_table_name(tree, node))


_OUTPUT = frozenset(
    "dump dumps jsonify JSONResponse json_response append write writerow writerows send emit Response respond"
    " send_json reply update put post insert_one render render_template".split()
)


def _is_output(tree: PythonTree, node: cst.Dict) -> bool:
    """A record that is returned, dumped or kept, rather than a table that is looked into."""
    entries = [element for element in node.elements if isinstance(element, cst.DictElement)]
    if not entries or any(tree.literal(entry.key) is None for entry in entries):
        return False
    up = tree.parent(node)
    if isinstance(up, cst.Subscript | cst.Attribute):
        return False
    target = (
        up.targets[0].target if isinstance(up, cst.Assign) else up.target if isinstance(up, cst.AnnAssign) else None
    )
    if target is not None:
        name = dotted(target)
        if name in tree.once(_looked_into):
            return False
        if name in tree.once(_given_out):
            return True
    for above in tree.ancestors(node):
        if isinstance(above, cst.Return | cst.Yield):
            return True
        if isinstance(above, cst.Call) and last_name(above) in _OUTPUT:
            return True
        if isinstance(above, cst.BaseSmallStatement):
            break
    values = [entry.value for entry in entries]
    own = tree.once(definitions)
    chooses = all(isinstance(value, cst.Lambda) or dotted(value) in own for value in values)
    return not chooses and not all(_is_constant(value) for value in values)


def _is_given(tree: PythonTree, node: cst.Dict) -> bool:
    """Headers, parameters, settings of a call."""
    up = tree.parent(node)
    return isinstance(up, cst.Arg) and last_name(tree.parent(up) or up) not in _MAPPINGS


_MAPPINGS = frozenset("MappingProxyType OrderedDict dict maketrans defaultdict ChainMap frozendict Enum Map".split())


def _looked_into(tree: PythonTree) -> frozenset[str]:
    """Names by which a key that is not fixed is looked up, or all entries are gone through."""
    found: set[str] = set()
    for node in tree.every(cst.Subscript):
        index = node.slice[0].slice
        if isinstance(index, cst.Index) and tree.literal(index.value) is None:
            found.add(dotted(node.value))
    for call in tree.every(cst.Call):
        if not isinstance(call.func, cst.Attribute) or (call.args and tree.literal(call.args[0].value) is not None):
            continue
        if call.func.attr.value in ("get", "items", "keys", "values"):
            found.add(dotted(call.func.value))
    for comparison in tree.every(cst.ComparisonTarget):
        if isinstance(comparison.operator, cst.In | cst.NotIn):
            found.add(dotted(comparison.comparator))
    return frozenset(found)


def _given_out(tree: PythonTree) -> frozenset[str]:
    """Names that are returned, dumped or written."""
    found = {dotted(node.value) for node in tree.every(cst.Return) if node.value is not None}
    for call in tree.every(cst.Call):
        if last_name(call) in _OUTPUT:
            found.update(dotted(arg.value) for arg in call.args)
    return frozenset(found - {""})


def _is_constant(value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.UnaryOperation):
        return _is_constant(value.expression)
    if isinstance(value, cst.Tuple | cst.List):
        return all(_is_constant(element.value) for element in value.elements)
    return isinstance(value, cst.BaseNumber | cst.SimpleString)


@operator(
    "python.output-key-dropped",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    "{key} is missing from {record}",
    (
        'def report(n):\n    return {"total": n, "status": "ok"}\n',
        (
            'def report(n):\n    return {"status": "ok"}\n',
            'def report(n):\n    return {"total": n}\n',
        ),
    ),
    (
        "def show(n):\n    return jsonify(id=n, name=names[n])\n",
        (
            "def show(n):\n    return jsonify(name=names[n])\n",
            "def show(n):\n    return jsonify(id=n)\n",
        ),
    ),
)
def output_key_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        if last_name(call) != "jsonify":
            continue
        for index, arg in enumerate(call.args):
            if arg.keyword is not None:
                edit = drop_item(tree, call.args, index)
                yield tree.mutant(call, edit, key=f'"{arg.keyword.value}"', record="the answer")
    for node in tree.every(cst.Dict):
        if not _is_output(tree, node):
            continue
        for index, element in enumerate(node.elements):
            if isinstance(element, cst.DictElement):
                edit = drop_item(tree, node.elements, index)
                key = tree.label(element.key, 30)
                tier = Tier.FINE if _is_read(tree, element) else None
                yield tree.mutant(node, edit, tier=tier, key=key, record=_record(tree, node))


def _is_read(tree: PythonTree, element: cst.DictElement) -> bool:
    """Whether the program itself looks the key up later on, and stops where it is not there."""
    name = tree.literal(element.key)
    if name is None:
        return False
    start, end = tree.outer(element.value)
    read = re.compile(rf"\[\s*['\"]{re.escape(name)}['\"]\s*\](?!\s*=[^=])")
    return any(not start <= found.start() < end for found in read.finditer(tree.text))


def _record(tree: PythonTree, node: cst.CSTNode) -> str:
    up = tree.parent(node)
    scope = tree.scope(node)
    if isinstance(up, cst.Return):
        return f"what `{scope}()` returns"
    if isinstance(up, cst.Arg):
        return f"the record given to `{last_name(tree.parent(up) or up)}()`"
    return _table_name(tree, node).replace("a table", "a record")


@operator(
    "python.mapping-entry-dropped",
    FaultClass.SWAPPED_MAPPING,
    Tier.MEDIUM,
    "{key} is missing from {table}",
    (
        'SIZES = {\n    "s": 1,\n    "m": 2,\n}\n',
        (
            'SIZES = {\n    "m": 2,\n}\n',
            'SIZES = {\n    "s": 1,\n}\n',
        ),
    ),
)
def mapping_entry_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Dict):
        if _is_output(tree, node):
            continue
        up = tree.parent(node)
        holder = dotted(up.targets[0].target) if isinstance(up, cst.Assign) else ""
        # A table that is asked for every key by brackets stops the program at the first that is missing.
        tier = Tier.FINE if holder and re.search(rf"\b{re.escape(holder)}\[", tree.text) else None
        for index, element in enumerate(node.elements[: 4 * _ALL_PAIRS]):
            if isinstance(element, cst.DictElement):
                yield tree.mutant(
                    node,
                    drop_item(tree, node.elements, index),
                    tier=tier,
                    key=tree.label(element.key, 30),
                    table=_table_name(tree, node),
                )


_COLUMNS = re.compile(r"(?i)(field|column|header|col)s?(_?names)?$")


@operator(
    "python.column-dropped",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    "column {column} is missing from {rows}",
    (
        'out = csv.DictWriter(fh, fieldnames=["id", "name", "price"])\n',
        (
            'out = csv.DictWriter(fh, fieldnames=["name", "price"])\n',
            'out = csv.DictWriter(fh, fieldnames=["id", "price"])\n',
            'out = csv.DictWriter(fh, fieldnames=["id", "name"])\n',
        ),
    ),
)
def column_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.sequences():
        up = tree.parent(node)
        target = ""
        if isinstance(up, cst.Assign):
            target = dotted(up.targets[0].target).rpartition(".")[2]
        elif isinstance(up, cst.Arg):
            call = tree.parent(up)
            target = up.keyword.value if up.keyword else "header" if last_name(call or up) == "writerow" else ""
        if len(node.elements) < 2 or not _COLUMNS.search(target):
            continue
        for index, element in enumerate(node.elements):
            yield tree.mutant(
                node,
                drop_item(tree, node.elements, index),
                column=tree.label(element.value, 30),
                rows=f"`{target}`"
                if isinstance(up, cst.Assign)
                else "the header row"
                if target == "header"
                else "the output",
            )


@operator(
    "python.option-dropped",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    "{option} is dropped from `{call}()`",
    (
        "json.dump(data, fh, indent=2, sort_keys=True)\n",
        (
            "json.dump(data, fh, sort_keys=True)\n",
            "json.dump(data, fh, indent=2)\n",
        ),
    ),
)
def option_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """How something is written: json.dumps(sort_keys=True), csv.writer(delimiter=";"), print(sep="")."""
    for call in tree.every(cst.Call):
        name = last_name(call)
        if is_message(tree, call):
            continue
        for index, arg in enumerate(call.args):
            if arg.keyword is not None and arg.keyword.value in _WRITTEN.get(name, ()):
                # Only what decides about the data, and not about its looks, is sure to be noticed.
                tier = Tier.FINE if arg.keyword.value in ("indent", "separators", "newline") else Tier.MEDIUM
                edit = drop_item(tree, call.args, index)
                yield tree.mutant(call, edit, tier=tier, option=f"`{tree.label(arg, 40)}`", call=name)


_DUMP = ("sort_keys", "indent", "ensure_ascii", "default", "separators", "cls", "allow_nan")
_TABLE = ("delimiter", "quoting", "quotechar", "lineterminator", "extrasaction", "restval", "dialect")
_WRITTEN: dict[str, tuple[str, ...]] = {
    "dump": (*_DUMP, "sort_keys", "default_flow_style", "allow_unicode"),
    "safe_dump": ("sort_keys", "default_flow_style", "allow_unicode", "indent"),
    "dumps": _DUMP,
    "writer": _TABLE,
    "reader": _TABLE,
    "DictWriter": _TABLE,
    "DictReader": _TABLE,
    "to_csv": ("index", "sep", "header", "columns", "na_rep", "float_format"),
    "to_json": ("orient", "indent", "lines"),
    "print": ("sep", "end", "file"),
    "open": ("newline",),
    "read_csv": ("dtype", "parse_dates", "sep", "na_values", "keep_default_na"),
}


@operator(
    "python.arguments-swapped",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    "`{call}()` is called with {left} and {right} the wrong way round",
    ("shutil.copy(src, dst)\n", ("shutil.copy(dst, src)\n",)),
)
def arguments_swapped(tree: PythonTree) -> Iterator[Candidate]:
    """Calls whose two arguments are a source and a target."""
    for call in tree.every(cst.Call):
        first = [arg for arg in call.args if arg.keyword is None and not arg.star][:2]
        if last_name(call) not in _TWO_SIDED or len(first) < 2 or keyword(call, "key"):
            continue
        if any(isinstance(arg.value, cst.BaseString | cst.BaseNumber) for arg in first):
            # A literal tells which is which.
            continue
        (a, b), (c, d) = tree.outer(first[0].value), tree.outer(first[1].value)
        yield tree.mutant(
            call,
            Edit(a, b, tree.text[c:d]),
            Edit(c, d, tree.text[a:b]),
            call=last_name(call),
            left=f"`{tree.label(first[0].value, 30)}`",
            right=f"`{tree.label(first[1].value, 30)}`",
        )


_TWO_SIDED = frozenset(
    "copy copy2 copyfile copytree move rename replace symlink link divmod pow atan2 relpath issubclass swap translate"
    " transfer sub maketrans connect compare diff subtract divide difference issubset issuperset".split()
)
