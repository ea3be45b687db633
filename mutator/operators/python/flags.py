"""Command-line options that are gone, ignored, inverted or default to something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.nodes import dotted, keyword, last_name, positional, statements
from mutator.operators.python.options import (
    argparse_options,
    argparse_uses,
    click_options,
    first_value,
    typer_call,
    typer_options,
)
from mutator.operators.python.tree import PythonTree, add_argument, body_start, drop_item, item_span

_OPTION = re.compile(r"--?[A-Za-z0-9][\w-]*")


def _drop_parameter(tree: PythonTree, function: cst.FunctionDef, param: cst.Param) -> Edit | None:
    """None where a lone `*` or `/` beside it would be left hanging."""
    params = function.params
    for group in (params.posonly_params, params.params, params.kwonly_params):
        if param in group:
            lone = len(group) == 1
            if lone and (group is not params.params or isinstance(params.star_arg, cst.ParamStar | cst.Param)):
                return None
            if lone and (params.posonly_params or params.star_kwarg is not None):
                return None
            return drop_item(tree, group, list(group).index(param))
    return None


def _set_first(tree: PythonTree, function: cst.FunctionDef, name: str, value: str) -> Edit | None:
    """`name = value` as the first statement of the body."""
    first = body_start(function)
    if first is None:
        return None
    start = tree.span(_first_line(first))[0]
    on_header = isinstance(function.body, cst.SimpleStatementSuite)
    end = "; " if on_header else tree.newline + tree.indent(first)
    return None if not on_header and tree.indent(first).strip() else Edit(start, start, f"{name} = {value}{end}")


def _first_line(statement: cst.CSTNode) -> cst.CSTNode:
    decorators = statement.decorators if isinstance(statement, cst.FunctionDef | cst.ClassDef) else ()
    return decorators[0] if decorators else statement


@operator(
    "python.flag-missing",
    FaultClass.MISSING_FLAG,
    Tier.COARSE,
    "`{flag}` is not accepted",
    (
        ('p.add_argument("--dry-run", action="store_true")\np.add_argument("path")\n'),
        ('p.set_defaults(dry_run=False)\np.add_argument("path")\n',),
    ),
    (
        ('@click.command()\n@click.option("--count", default=3)\ndef run(count):\n    print(count)\n'),
        ("@click.command()\ndef run():\n    count = 3\n    print(count)\n",),
    ),
    (
        ('@app.command()\ndef run(name: str, loud: bool = typer.Option(False, "--loud")):\n    print(name)\n'),
        ("@app.command()\ndef run(name: str):\n    loud = False\n    print(name)\n",),
    ),
    (
        'opts, _ = getopt.getopt(argv, "n:v", ["dry-run"])\n',
        (
            'opts, _ = getopt.getopt(argv, "v", ["dry-run"])\n',
            'opts, _ = getopt.getopt(argv, "n:", ["dry-run"])\n',
            'opts, _ = getopt.getopt(argv, "n:v", [])\n',
        ),
    ),
    (
        'for a in argv:\n    if a == "--n":\n        n = 1\n    elif a.startswith("--n="):\n        n = a[4:]\n',
        ("for a in argv:\n    if False:\n        n = 1\n    elif False:\n        n = a[4:]\n",),
    ),
    (
        ('match arg:\n    case "-v" | "--verbose":\n        level = 2\n    case _:\n        usage()\n'),
        (('match arg:\n    case "":\n        level = 2\n    case _:\n        usage()\n'),),
    ),
)
def flag_missing(tree: PythonTree) -> Iterator[Candidate]:
    for option in argparse_options(tree):
        call = option.node
        assert isinstance(call, cst.Call)
        holder = call.func.value if isinstance(call.func, cst.Attribute) else None
        if holder is None or not isinstance(tree.parent(call), cst.Expr):
            continue
        instead = f"{tree.code(holder)}.set_defaults({option.name}={option.default})"
        yield tree.mutant(call, tree.replace(call, instead), flag=option.flag)
    for option, decorator, function, param in click_options(tree):
        dropped, fixed = _drop_parameter(tree, function, param), _set_first(tree, function, option.name, option.default)
        if dropped is not None and fixed is not None:
            yield tree.mutant(function, _drop_decorator(tree, function, decorator), dropped, fixed, flag=option.flag)
    for option, function, param in typer_options(tree):
        dropped, fixed = _drop_parameter(tree, function, param), _set_first(tree, function, option.name, option.default)
        if dropped is not None and fixed is not None:
            yield tree.mutant(function, dropped, fixed, flag=option.flag)
    declared = set()
    for candidate in _getopt_missing(tree):
        declared.add(candidate.fields["flag"])
        yield candidate
    # What getopt takes before anything is compared is ignored there, not refused.
    compared: dict[str, list[cst.BaseExpression]] = {}
    for node, flag in tree.once(_compared_flags):
        if flag not in declared:
            compared.setdefault(flag, []).append(node)
    for flag, nodes in compared.items():
        yield tree.mutant(nodes[0], *(tree.replace(node, "False") for node in nodes), flag=flag)
    for case, flag in _matched_flags(tree):
        match = tree.parent(case)
        assert isinstance(match, cst.Match)
        if len(match.cases) > 1 and flag not in declared:
            start, end = tree.outer(case.pattern)
            yield tree.mutant(case, Edit(start, end, '""'), flag=flag)


def _drop_decorator(tree: PythonTree, function: cst.FunctionDef, decorator: cst.Decorator) -> Edit:
    start, end = tree.span(decorator)
    following = tree.text.find("\n", end)
    line_end = len(tree.text) if following < 0 else following + 1
    rest = tree.text[line_end:]
    return Edit(start, line_end + len(rest) - len(rest.lstrip(" \t")), "")


def _getopt_missing(tree: PythonTree) -> Iterator[Candidate]:
    for call in tree.every(cst.Call):
        if last_name(call) not in ("getopt", "gnu_getopt"):
            continue
        arguments = positional(call)
        short = tree.literal(arguments[1].value) if len(arguments) > 1 else None
        for found in re.finditer(r"\w:*", short or ""):
            start, end = tree.span(arguments[1].value)
            at = tree.text.find(short or "", start, end)
            if at >= 0:
                edit = Edit(at + found.start(), at + found.end(), "")
                yield tree.mutant(call, edit, flag="-" + found.group().rstrip(":"))
        names = arguments[2].value if len(arguments) > 2 else None
        if isinstance(names, cst.List | cst.Tuple):
            for index, element in enumerate(names.elements):
                name = tree.literal(element.value)
                if name:
                    yield tree.mutant(call, drop_item(tree, names.elements, index), flag="--" + name.rstrip("="))


def _compared_flags(tree: PythonTree) -> list[tuple[cst.BaseExpression, str]]:
    """`arg == "--x"`, `arg in ("-x", "--x")`, `arg.startswith("--x=")`."""
    found: list[tuple[cst.BaseExpression, str]] = []
    for node in tree.every(cst.Comparison, cst.Call):
        if isinstance(node, cst.Call):
            given = tree.literal(node.args[0].value) if last_name(node) == "startswith" and node.args else None
            if given and given.endswith("=") and _OPTION.fullmatch(given[:-1]):
                found.append((node, given[:-1]))
            continue
        assert isinstance(node, cst.Comparison)
        if len(node.comparisons) != 1:
            continue
        right = node.comparisons[0].comparator
        operation = node.comparisons[0].operator
        if isinstance(operation, cst.Equal):
            flag = tree.literal(right) or tree.literal(node.left) or ""
            if _OPTION.fullmatch(flag) and not flag[1:].isdigit():
                found.append((node, flag))
        elif isinstance(operation, cst.In) and isinstance(right, cst.Tuple | cst.List | cst.Set):
            flags = [tree.literal(element.value) or "" for element in right.elements]
            if flags and all(_OPTION.fullmatch(flag) for flag in flags):
                found.append((node, max(flags, key=len)))
    return found


def _sought_flags(tree: PythonTree) -> list[tuple[cst.BaseExpression, str]]:
    """`"--x" in sys.argv`"""
    found: list[tuple[cst.BaseExpression, str]] = []
    for node in tree.every(cst.Comparison):
        flag = tree.literal(node.left) or ""
        target = node.comparisons[0]
        if len(node.comparisons) != 1 or not isinstance(target.operator, cst.In) or not _OPTION.fullmatch(flag):
            continue
        if not isinstance(target.comparator, cst.SimpleString | cst.Tuple | cst.List | cst.Set):
            found.append((node, flag))
    return found


def flag_tests(tree: PythonTree) -> frozenset[cst.CSTNode]:
    """The conditions that ask for an option."""
    return frozenset(node for node, _ in (*tree.once(_compared_flags), *tree.once(_sought_flags)))


def _matched_flags(tree: PythonTree) -> Iterator[tuple[cst.MatchCase, str]]:
    for case in tree.every(cst.MatchCase):
        values = tree.inside(case.pattern, cst.SimpleString)
        flags = [tree.literal(value) or "" for value in values]
        if flags and all(_OPTION.fullmatch(flag) for flag in flags):
            yield case, max(flags, key=len)


@operator(
    "python.flag-ignored",
    FaultClass.MISSING_FLAG,
    Tier.COARSE,
    "`{flag}` is accepted and ignored",
    (
        (
            'p.add_argument("--dry-run", action="store_true")\n'
            "args = p.parse_args()\n"
            "if not args.dry_run:\n"
            "    remove(path)\n"
        ),
        (
            (
                'p.add_argument("--dry-run", action="store_true")\n'
                "args = p.parse_args()\n"
                "if not False:\n"
                "    remove(path)\n"
            ),
        ),
    ),
    (
        'p.add_argument("--size", default=4)\nrun(**vars(p.parse_args()))\n',
        (
            (
                'p.add_argument("--size", default=4, dest="unused"); p.set_defaults(size=4)\n'
                "run(**vars(p.parse_args()))\n"
            ),
        ),
    ),
    (
        ('@click.option("--fast/--slow", default=True)\ndef run(fast):\n    """Go."""\n    go(fast)\n'),
        (
            (
                '@click.option("--fast/--slow", default=True)\n'
                "def run(fast):\n"
                '    """Go."""\n'
                "    fast = True\n"
                "    go(fast)\n"
            ),
        ),
    ),
    ('force = "--force" in sys.argv\n', ("force = False\n",)),
    (
        'while args:\n    arg = args.pop(0)\n    if arg == "--n":\n        n = int(args.pop(0))\n',
        ('while args:\n    arg = args.pop(0)\n    if arg == "--n":\n        int(args.pop(0))\n',),
    ),
    (
        ('for arg in sys.argv[1:]:\n    if arg == "--force":\n        force = True\n'),
        ('for arg in sys.argv[1:]:\n    if arg == "--force":\n        pass\n',),
    ),
)
def flag_ignored(tree: PythonTree) -> Iterator[Candidate]:
    for option, uses in argparse_uses(tree):
        if uses:
            edits = [tree.replace(use, tree.fitted(use, option.default)) for use in uses]
            yield tree.mutant(uses[0], *edits, flag=option.flag)
        elif isinstance(tree.parent(option.node), cst.Expr):
            call = option.node
            assert isinstance(call, cst.Call)
            kept = keyword(call, "dest")
            if kept is None:
                # Its value lands where nobody looks.
                holder = tree.code(call.func).rpartition(".")[0]
                start, end = tree.outer(call)
                extra = add_argument(tree, call, 'dest="unused"')
                setting = Edit(end, end, f"; {holder}.set_defaults({option.name}={option.default})")
                yield tree.mutant(call, extra, setting, flag=option.flag)
    for option, _, function, _ in click_options(tree):
        fixed = _set_first(tree, function, option.name, option.default)
        if fixed is not None:
            yield tree.mutant(function, fixed, flag=option.flag)
    for option, function, _ in typer_options(tree):
        fixed = _set_first(tree, function, option.name, option.default)
        if fixed is not None:
            yield tree.mutant(function, fixed, flag=option.flag)
    sought = [node for node, _ in tree.once(_sought_flags)]
    flags: dict[str, list[Edit]] = {}
    first: dict[str, cst.CSTNode] = {}
    for node, flag in (*tree.once(_compared_flags), *tree.once(_sought_flags)):
        up = tree.parent(node)
        first.setdefault(flag, node)
        if node in sought:
            flags.setdefault(flag, []).append(tree.replace(node, "False"))
        elif isinstance(up, cst.If) and up.test is node:
            flags.setdefault(flag, []).extend(_without_effect(tree, up.body))
    for flag, edits in flags.items():
        if edits:
            yield tree.mutant(first[flag], *edits, flag=flag)
    for case, flag in _matched_flags(tree):
        start, end = _body_span(tree, case.body)
        yield tree.mutant(case, Edit(start, end, "pass"), flag=flag)


def _body_span(tree: PythonTree, suite: cst.BaseSuite) -> tuple[int, int]:
    return tree.span(suite.body[0])[0], tree.span(suite.body[-1])[1]


def _without_effect(tree: PythonTree, suite: cst.BaseSuite) -> list[Edit]:
    """What an option's branch does, undone. Where it reads the option's argument or counts on, it still does: the loop
    would hang without, or take the argument for something else."""
    if not any(_consumes(tree, statement) for statement in statements(suite)):
        start, end = _body_span(tree, suite)
        return [] if tree.text[start:end] == "pass" else [Edit(start, end, "pass")]
    edits = []
    for statement in statements(suite):
        if isinstance(statement, cst.Assign):
            target = statement.targets[0].target
            if not _consumes(tree, statement):
                edits.append(Edit(*tree.span(statement), "pass"))
            elif _takes_next(tree, statement) and len(statement.targets) == 1:
                edits.append(Edit(tree.outer(target)[0], tree.outer(statement.value)[0], ""))
    return edits


def _consumes(tree: PythonTree, statement: cst.CSTNode) -> bool:
    """`args.pop(0)`, `next(args)`, `i += 1`, `i = i + 1`, `args = args[1:]`"""
    if isinstance(statement, cst.AugAssign):
        return True
    if isinstance(statement, cst.Assign):
        target = dotted(statement.targets[0].target)
        if target and any(dotted(name) == target for name in tree.inside(statement, cst.Name, cst.Attribute)[1:]):
            return True
    return _takes_next(tree, statement)


def _takes_next(tree: PythonTree, statement: cst.CSTNode) -> bool:
    return any(last_name(call) in ("pop", "shift", "popleft", "next") for call in tree.inside(statement, cst.Call))


@operator(
    "python.flag-inverted",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{flag}` does the opposite",
    ('p.add_argument("--quiet", action="store_true")\n', ('p.add_argument("--quiet", action="store_false")\n',)),
)
def flag_inverted(tree: PythonTree) -> Iterator[Candidate]:
    opposite = {"store_true": "store_false", "store_false": "store_true"}
    for option in argparse_options(tree):
        assert isinstance(option.node, cst.Call)
        action = keyword(option.node, "action")
        kind = tree.literal(action.value) if action else None
        if action and kind in opposite:
            start, end = tree.span(action.value)
            quoted = tree.text[start:end].replace(kind, opposite[kind])
            yield tree.mutant(option.node, Edit(start, end, quoted), flag=option.flag)


@operator(
    "python.flag-alias-missing",
    FaultClass.MISSING_FLAG,
    Tier.MEDIUM,
    "`{alias}` is not accepted for `{flag}`",
    ('p.add_argument("-o", "--output")\n', ('p.add_argument("--output")\n',)),
)
def flag_alias_missing(tree: PythonTree) -> Iterator[Candidate]:
    click = (option for option, *_ in click_options(tree))
    for option in (*argparse_options(tree), *click):
        assert isinstance(option.node, cst.Call)
        for arg in option.names:
            alias = tree.literal(arg.value) or ""
            if len(option.names) > 1 and alias.startswith("-") and alias != option.flag and "/" not in alias:
                edit = drop_item(tree, option.node.args, list(option.node.args).index(arg))
                yield tree.mutant(option.node, edit, alias=alias, flag=option.flag)


@operator(
    "python.flag-default",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    "`{flag}` defaults to {new} instead of {old}",
    (
        ('p.add_argument("--mode", choices=["a", "b"], default="a")\np.add_argument("--n", type=int, default=4)\n'),
        (
            ('p.add_argument("--mode", choices=["a", "b"], default="b")\np.add_argument("--n", type=int, default=4)\n'),
            ('p.add_argument("--mode", choices=["a", "b"], default="a")\np.add_argument("--n", type=int, default=5)\n'),
        ),
    ),
)
def flag_default(tree: PythonTree) -> Iterator[Candidate]:
    calls = [(call, flag) for call, flag in _declarations(tree)]
    for call, flag in calls:
        default = keyword(call, "default")
        if default is not None:
            yield from _other_default(tree, call, default.value, flag)
    for option, _, param in typer_options(tree):
        declared = typer_call(param)
        value = param.default if param.default is not declared else first_value(tree, declared)
        if value is not None:
            yield from _other_default(tree, param, value, option.flag)


def _declarations(tree: PythonTree) -> Iterator[tuple[cst.Call, str]]:
    """Every option or positional argument of argparse and click, with the name a user knows it by."""
    for call in tree.every(cst.Call):
        if last_name(call) in ("add_argument", "option", "argument"):
            names = [tree.literal(arg.value) or "" for arg in positional(call)]
            long = [name for name in names if name.startswith("--")] or [name for name in names if name]
            if long:
                yield call, long[0].partition("/")[0]


def _other_default(tree: PythonTree, at: cst.CSTNode, value: cst.BaseExpression, flag: str) -> Iterator[Candidate]:
    old = tree.code(value)
    new = {"True": "False", "False": "True"}.get(old)
    if isinstance(value, cst.Integer) and value.value.isdigit() and len(value.value) < 20:
        new = str(int(value.value) + 1)
    elif isinstance(value, cst.SimpleString):
        new = '""' if tree.literal(value) else None
        choices = keyword(at, "choices") if isinstance(at, cst.Call) else None
        if choices and isinstance(choices.value, cst.List | cst.Tuple):
            others = [
                tree.code(e.value) for e in choices.value.elements if tree.literal(e.value) != tree.literal(value)
            ]
            new = others[0] if others else new
    elif isinstance(value, cst.Float):
        new = f"{value.value} * 2"
    if new is not None:
        yield tree.mutant(at, tree.replace(value, new), flag=flag, new=new, old=tree.label(value))


@operator(
    "python.flag-unchecked",
    FaultClass.NOOP_GUARD,
    Tier.MEDIUM,
    "`{flag}` is no longer checked: {option} is dropped",
    (
        'p.add_argument("--mode", choices=["a", "b"], required=True)\n',
        (
            'p.add_argument("--mode", required=True)\n',
            'p.add_argument("--mode", choices=["a", "b"])\n',
        ),
    ),
)
def flag_unchecked(tree: PythonTree) -> Iterator[Candidate]:
    for call, flag in _declarations(tree):
        for index, arg in enumerate(call.args):
            if arg.keyword is not None and arg.keyword.value in ("choices", "required", "type", "nargs"):
                start, end = item_span(tree, arg)
                yield tree.mutant(
                    call, drop_item(tree, call.args, index), flag=flag, option=f"`{tree.text[start:end]}`"
                )
