"""Statements, loops and exceptions that are gone or end too soon."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.entry import runs_by_itself, stilled_by
from mutator.operators.python.guards import CHECK, body_edit
from mutator.operators.python.nodes import (
    callee,
    dotted,
    is_docstring,
    is_name,
    keyword,
    last_name,
    positional,
    statements,
)
from mutator.operators.python.spans import Span
from mutator.operators.python.tree import PythonTree, definitions

_MESSAGE = re.compile(r"(?i)^(log|logger|logging|_log|_logger|LOG|warnings|console|self\.log(ger)?|self\._log(ger)?)\.")
_MESSAGES = frozenset(
    "debug info warning warn error exception critical log echo secho basicConfig getLogger setLevel addHandler".split()
)
_EFFECT = re.compile(
    r"(?i)^(write|save|commit|execute|insert|update|remove|unlink|mkdir|makedirs|copy|move|rename|append|add|send|put"
    r"|post|dump|run|call|start|replace|chmod|chown|symlink|link|touch|delete|discard|extend|set|push|pop|clear|create"
    r"|store|apply|install|upsert|sort|reverse|emit|publish|enqueue|register|schedule|end_headers|rollback|shuffle"
    r"|rmtree|truncate|setdefault|subscribe|heap|migrate|generate|build|export|print_report|main)"
)
_ELSEWHERE = frozenset(
    "add_argument set_defaults send_header add_header set_header putheader sleep backoff wait join drain flush fsync"
    " __init__ super exit abort _exit".split()
)


def is_message(tree: PythonTree, call: cst.CSTNode) -> bool:
    """Logging, a plain printed line or anything for standard error: wording that few tests look at."""
    if not isinstance(call, cst.Call):
        return False
    name = callee(call)
    if name in ("print", "click.echo", "typer.echo"):
        target = keyword(call, "file")
        if (target is not None and "stderr" in tree.code(target.value)) or keyword(call, "err"):
            return True
        return all(isinstance(arg.value, cst.SimpleString) for arg in positional(call))
    return name == "sys.stderr.write" or (last_name(call) in _MESSAGES and _MESSAGE.match(name) is not None)


@operator(
    "python.message-dropped",
    FaultClass.MESSAGE,
    Tier.FINE,
    "the message `{call}` is not given",
    (
        'logging.info("done")\nprint("done")\n',
        (
            'pass\nprint("done")\n',
            'logging.info("done")\npass\n',
        ),
    ),
)
def message_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Expr):
        if is_message(tree, node.value):
            yield tree.mutant(node, Edit(*tree.span(node), "pass"), call=tree.label(node.value))


@operator(
    "python.print-dropped",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    "`{call}` is not printed",
    ("print(json.dumps(report))\n", ("pass\n",)),
)
def print_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """What a program that writes files prints besides is mostly how far it has come."""
    tier = Tier.FINE if tree.once(_writes_files) else None
    for node in tree.every(cst.Expr):
        if is_message(tree, node.value):
            continue
        if callee(node.value) in ("print", "sys.stdout.write", "click.echo", "typer.echo", "pprint", "pprint.pprint"):
            own = Tier.FINE if _COMPLAINS.search(tree.code(node.value)) else tier
            stills = (0, len(tree.text)) if tree.once(_results) == [node] else None
            edit = Edit(*tree.span(node), "pass")
            yield tree.mutant(node, edit, tier=own, stills=stills, call=tree.label(node.value))


_COMPLAINS = re.compile(r"(?i)\(\s*[rf]*['\"](?:error|warning|failed|fatal|usage)")


def _results(tree: PythonTree) -> list[cst.CSTNode]:
    """The prints of what was found out, where nothing else is left behind."""
    if tree.once(_writes_files):
        return []
    return [
        node
        for node in tree.every(cst.Expr)
        if isinstance(node.value, cst.Call)
        and last_name(node.value) in ("print", "echo")
        and not is_message(tree, node.value)
        and not all(isinstance(arg.value, cst.SimpleString | cst.BaseNumber) for arg in node.value.args)
    ]


def _writes_files(tree: PythonTree) -> bool:
    for call in tree.every(cst.Call):
        name = last_name(call)
        if name in WRITERS:
            return True
        given = keyword(call, "mode")
        modes = [given] if given else positional(call)[:2] if name == "open" else []
        if name == "open" and any(re.fullmatch(r"[wax]b?t?\+?", tree.literal(arg.value) or "") for arg in modes):
            return True
    return False


WRITERS = frozenset("write_text write_bytes to_csv to_json to_parquet to_excel savefig imwrite save savez".split())


@operator(
    "python.call-dropped",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    "`{call}` is not called",
    (
        'conn.commit()\nawait queue.put(item)\nlogger.info("x")\n',
        (
            'pass\nawait queue.put(item)\nlogger.info("x")\n',
            'conn.commit()\npass\nlogger.info("x")\n',
        ),
    ),
)
def call_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Expr):
        call = node.value.expression if isinstance(node.value, cst.Await) else node.value
        name = last_name(call)
        if not isinstance(call, cst.Call) or name in _ELSEWHERE or CHECK.match(name) or is_message(tree, call):
            continue
        if callee(call) in ("print", "sys.stdout.write", "click.echo", "typer.echo", "pprint", "pprint.pprint"):
            continue
        tier = Tier.COARSE if _EFFECT.match(name.lstrip("_")) else None
        if callee(call) in tree.once(definitions):
            tier = Tier.COARSE
        if (
            name in _HARDLY_SEEN
            or callee(call) in _HARDLY_SEEN
            or _writes_blank(tree, call)
            or keyword(call, "exist_ok")
        ):
            tier = Tier.FINE
        stills = stilled_by(tree, callee(call), _body_of(tree, callee(call))) if tier is Tier.COARSE else None
        if name in ("run", "serve_forever", "run_app", "mainloop", "run_forever") and tree.function(node) is None:
            stills = 0, len(tree.text)  # It is not started at all, as if its script were not run.
        if node in tree.once(_writes) and len(tree.once(_writes)) == 1:
            stills = 0, len(tree.text)
        if name in ("append", "extend", "add") and _only_one(tree, node, call):
            tier = Tier.FINE  # Nothing is in it then, and nothing comes of it.
        words = [tree.literal(arg.value) for arg in call.args]
        stated = words[0] if name in ("append", "write") and len(words) == 1 and words[0] else ""
        edit = Edit(*tree.span(node), "pass")
        yield tree.mutant(node, edit, tier=tier, stills=stills, stated=stated or "", call=tree.label(call))


def _only_one(tree: PythonTree, node: cst.CSTNode, call: cst.Call) -> bool:
    """Whether a list with a plain name is filled by this alone."""
    holder = call.func.value if isinstance(call.func, cst.Attribute) else None
    if not isinstance(holder, cst.Name):
        return False
    function = tree.function(node)
    start, end = tree.span(function) if function is not None else (0, len(tree.text))
    filled = rf"\b{holder.value}(?:\.(?:append|extend|add|insert|update)\(|\s*\+=)"
    return len(re.findall(filled, tree.text[start:end])) == 1


def _writes(tree: PythonTree) -> list[cst.CSTNode]:
    """The statements by which anything is left behind or said: with the only one gone there is no result."""
    return [
        node
        for node in tree.every(cst.Expr)
        if isinstance(node.value, cst.Call)
        and (last_name(node.value) in WRITERS | {"dump", "write", "writelines", "writerow", "writerows"})
        and not is_message(tree, node.value)
    ]


def _body_of(tree: PythonTree, name: str) -> Span:
    """Of the function of that name, or nothing."""
    for function in tree.every(cst.FunctionDef):
        if function.name.value == name:
            edit = body_edit(tree, function, "pass")
            return (edit.start, edit.end) if edit else (0, 0)
    return 0, 0


_HARDLY_SEEN = frozenset(
    "close shutdown server_close add_signal_handler signal.signal sys.setrecursionlimit setlocale gc.collect"
    " warnings.filterwarnings simplefilter setdefaulttimeout faulthandler.enable setproctitle add_done_callback"
    " call_on_close".split()
)


def _writes_blank(tree: PythonTree, call: cst.Call) -> bool:
    """The line end after everything."""
    given = [tree.literal(arg.value) for arg in call.args]
    return last_name(call) == "write" and len(given) == 1 and given[0] is not None and not given[0].strip()


@operator(
    "python.assignment-dropped",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    "`{statement}` is left out",
    (
        (
            "def f(x):\n"
            "    best = None\n"
            "    x = x.strip()\n"
            "    if x:\n"
            "        best = x\n"
            '    row["name"] = x\n'
            "    count += 1\n"
            "    return best\n"
        ),
        (
            (
                "def f(x):\n"
                "    best = None\n"
                "    pass\n"
                "    if x:\n"
                "        best = x\n"
                '    row["name"] = x\n'
                "    count += 1\n"
                "    return best\n"
            ),
            (
                "def f(x):\n"
                "    best = None\n"
                "    x = x.strip()\n"
                "    if x:\n"
                "        pass\n"
                '    row["name"] = x\n'
                "    count += 1\n"
                "    return best\n"
            ),
            (
                "def f(x):\n"
                "    best = None\n"
                "    x = x.strip()\n"
                "    if x:\n"
                "        best = x\n"
                "    pass\n"
                "    count += 1\n"
                "    return best\n"
            ),
            (
                "def f(x):\n"
                "    best = None\n"
                "    x = x.strip()\n"
                "    if x:\n"
                "        best = x\n"
                '    row["name"] = x\n'
                "    pass\n"
                "    return best\n"
            ),
        ),
    ),
)
def assignment_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """Only where the name or place has a value before, so that the program still runs."""
    firsts = _first_assigned(tree)
    for node in tree.every(cst.Assign, cst.AugAssign):
        tier: Tier | None = None
        if isinstance(node, cst.Assign):
            target = node.targets[0].target
            if len(node.targets) != 1 or not _has_value_before(tree, node, target, firsts):
                continue
            if isinstance(target, cst.Subscript) and _text_key(tree, target):
                tier = Tier.COARSE
        else:
            assert isinstance(node, cst.AugAssign)
            target = node.target
        yield tree.mutant(node, Edit(*tree.span(node), "pass"), tier=tier, statement=tree.label(node))


@operator(
    "python.deletion-dropped",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    "`{target}` is not deleted",
    ("del cache[key]\n", ("pass\n",)),
)
def deletion_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Del):
        yield tree.mutant(node, Edit(*tree.span(node), "pass"), target=tree.label(node.target))


def _text_key(tree: PythonTree, target: cst.Subscript) -> bool:
    index = target.slice[0].slice
    return isinstance(index, cst.Index) and tree.literal(index.value) is not None


def _is_attribute(tree: PythonTree, name: cst.Name) -> bool:
    up = tree.parent(name)
    return isinstance(up, cst.Attribute) and up.attr is name


_Firsts = dict[tuple[cst.CSTNode, str], int]


def _first_assigned(tree: PythonTree) -> _Firsts:
    """Where each block first gives a name its value."""
    firsts: _Firsts = {}
    for node in tree.every(cst.Assign):
        line = tree.parent(node)
        block = tree.parent(line) if line is not None else None
        target = node.targets[0].target
        if block is not None and isinstance(target, cst.Name):
            firsts.setdefault((block, target.value), tree.span(node)[0])
    return firsts


def _has_value_before(tree: PythonTree, node: cst.Assign, target: cst.BaseExpression, firsts: _Firsts) -> bool:
    if isinstance(target, cst.Subscript):
        return True
    function = tree.function(node)
    if isinstance(target, cst.Attribute):
        return function is not None and function.name.value not in ("__init__", "__new__", "setUp", "__post_init__")
    if not isinstance(target, cst.Name):
        return False
    if any(name.value == target.value and not _is_attribute(tree, name) for name in tree.inside(node.value, cst.Name)):
        return True
    # Assigned earlier in an enclosing block of the same function: `best = None ... best = x`.
    own = tree.outer(node)[0]
    blocks = [up for up in tree.ancestors(node) if isinstance(up, cst.IndentedBlock | cst.Module)]
    for block in blocks[1:]:
        if firsts.get((block, target.value), own) < own:
            return True
        if isinstance(tree.parent(block), cst.FunctionDef | cst.ClassDef):
            break
    return False


@operator(
    "python.loop-skipped",
    FaultClass.DROPPED_STEP,
    Tier.FINE,
    "the loop over `{iterable}` never runs",
    ("for row in rows:\n    use(row)\n", ("for row in ():\n    use(row)\n",)),
)
def loop_skipped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.For):
        # An empty tuple, which `async for` cannot take.
        if node.asynchronous is None:
            stills = tree.span(node.body)
            yield tree.mutant(node, tree.replace(node.iter, "()"), stills=stills, iterable=tree.label(node.iter))


@operator(
    "python.loop-first-only",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    "the loop over `{iterable}` stops after the first round",
    ("for row in rows:\n    use(row)\n", ("for row in rows:\n    use(row)\n    break\n",)),
)
def loop_first_only(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.For):
        if not isinstance(node.body, cst.IndentedBlock):
            continue
        last = node.body.body[-1]
        only = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else None
        if isinstance(only, cst.Return | cst.Break | cst.Raise | cst.Continue):
            continue
        if _TRIES.search(tree.code(node.iter) + tree.code(node.target)):
            continue
        end = tree.span(last)[1]
        indent = tree.indent(node.body.body[0])
        if indent.strip() == "":
            yield tree.mutant(node, Edit(end, end, f"{tree.newline}{indent}break"), iterable=tree.label(node.iter))


_TRIES = re.compile(r"(?i)(attempt|retr(y|ies)|tries)")


@operator(
    "python.early-return",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    "{name} returns half way, before `{statement}`",
    (
        "def main():\n    load()\n    work()\n    save()\n",
        ("def main():\n    load()\n    work()\n    return\n    save()\n",),
    ),
)
def early_return(tree: PythonTree) -> Iterator[Candidate]:
    for function in tree.every(cst.FunctionDef):
        if not isinstance(function.body, cst.IndentedBlock) or function.name.value in ("__init__", "__new__"):
            continue
        returned = tree.own(function, cst.Return, cst.Yield)
        if any(not isinstance(node, cst.Return) or node.value is not None for node in returned):
            continue
        lines = [line for line in function.body.body if not is_docstring(_first(line))]
        if len(lines) < 3:
            continue
        line = lines[(len(lines) + 1) // 2]
        decorators = line.decorators if isinstance(line, cst.FunctionDef | cst.ClassDef) else ()
        start = tree.span(decorators[0] if decorators else line)[0]
        name = tree.label(line, 40)
        edit = Edit(start, start, f"return{tree.newline}{tree.indent(function.body.body[0])}")
        stills = start, tree.span(function.body)[1]
        tier = Tier.FINE if function.name.value == "main" else None
        yield tree.mutant(function, edit, tier=tier, stills=stills, name=tree.called(function), statement=name)


def _first(line: cst.CSTNode) -> cst.CSTNode:
    return line.body[0] if isinstance(line, cst.SimpleStatementLine) else line


@operator(
    "python.jump-dropped",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "the `{jump}` under `{where}` is gone",
    (
        ("for row in rows:\n    if row.bad:\n        log(row)\n        continue\n    use(row)\n"),
        (("for row in rows:\n    if row.bad:\n        log(row)\n        pass\n    use(row)\n"),),
    ),
)
def jump_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Break, cst.Continue, cst.Return):
        branch = tree.within(node, cst.If, cst.For, cst.While, cst.ExceptHandler, cst.FunctionDef)
        if not isinstance(branch, cst.If) or _only_statement(branch):
            continue
        if isinstance(node, cst.Return) and node.value is not None:
            continue
        loop = tree.within(node, cst.While)
        if isinstance(node, cst.Break) and loop is not None and is_name(loop.test, "True"):
            continue
        jump = tree.label(node)
        yield tree.mutant(node, Edit(*tree.span(node), "pass"), jump=jump, where=tree.label(branch.test))


def _only_statement(branch: cst.If) -> bool:
    """Then `if False` says the same."""
    return len(statements(branch.body)) == 1 and branch.orelse is None


@operator(
    "python.raise-dropped",
    FaultClass.ERROR_HANDLING,
    Tier.MEDIUM,
    "`{error}` is not raised",
    (
        ("def check(x):\n    try:\n        use(x)\n    except KeyError:\n        log(x)\n        raise\n"),
        (("def check(x):\n    try:\n        use(x)\n    except KeyError:\n        log(x)\n        pass\n"),),
    ),
)
def raise_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Raise):
        branch = tree.within(node, cst.If, cst.ExceptHandler, cst.FunctionDef)
        if isinstance(branch, cst.If) and _only_statement(branch):
            continue
        function = tree.function(node)
        if function is not None and statements(function.body)[0] is node:
            continue
        error = tree.label(node.exc) if node.exc else "the error at hand"
        tier = Tier.FINE if runs_by_itself(tree) else None
        yield tree.mutant(node, Edit(*tree.span(node), "pass"), tier=tier, error=error)


@operator(
    "python.exception-swallowed",
    FaultClass.ERROR_HANDLING,
    Tier.COARSE,
    "{error} is caught and nothing is done about it",
    ("try:\n    use(x)\nexcept KeyError:\n    sys.exit(1)\n", ("try:\n    use(x)\nexcept KeyError:\n    pass\n",)),
)
def exception_swallowed(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.ExceptHandler):
        body = statements(node.body)
        if len(body) == 1 and isinstance(body[0], cst.Pass | cst.Continue):
            continue
        start, end = tree.span(node.body.body[0])[0], tree.span(node.body.body[-1])[1]
        only_message = all(isinstance(s, cst.Expr) and is_message(tree, s.value) for s in body)
        tier = Tier.FINE if only_message or runs_by_itself(tree) else None
        yield tree.mutant(node, Edit(start, end, "pass"), tier=tier, error=_caught(tree, node))


def _caught(tree: PythonTree, node: cst.ExceptHandler) -> str:
    return f"`{tree.label(node.type)}`" if node.type else "any error"


@operator(
    "python.exception-uncaught",
    FaultClass.ERROR_HANDLING,
    Tier.MEDIUM,
    "{error} is not caught",
    (
        ("try:\n    use(x)\nexcept (KeyError, OSError) as e:\n    pass\nexcept:\n    pass\n"),
        (
            "try:\n    use(x)\nexcept (OSError,) as e:\n    pass\nexcept:\n    pass\n",
            "try:\n    use(x)\nexcept (KeyError,) as e:\n    pass\nexcept:\n    pass\n",
            ("try:\n    use(x)\nexcept (KeyError, OSError) as e:\n    pass\nexcept ():\n    pass\n"),
        ),
    ),
)
def exception_uncaught(tree: PythonTree) -> Iterator[Candidate]:
    tier = Tier.FINE if runs_by_itself(tree) else None
    for node in tree.every(cst.ExceptHandler):
        if node.type is None:
            colon = tree.header(node)[1] - 1
            yield tree.mutant(node, Edit(colon, colon, " ()"), tier=tier, error="any error")
        elif isinstance(node.type, cst.Tuple) and len(node.type.elements) > 1:
            for element in node.type.elements:
                others = [tree.code(e.value) for e in node.type.elements if e is not element]
                one = f"({', '.join(others)}{',' if len(others) == 1 else ''})"
                yield tree.mutant(node, tree.replace(node.type, one), tier=tier, error=f"`{tree.label(element.value)}`")
        else:
            yield tree.mutant(node, tree.replace(node.type, "()"), tier=tier, error=_caught(tree, node))


@operator(
    "python.exception-widened",
    FaultClass.ERROR_HANDLING,
    Tier.FINE,
    "any exception is taken for {error}",
    ("try:\n    use(x)\nexcept KeyError:\n    pass\n", ("try:\n    use(x)\nexcept Exception:\n    pass\n",)),
)
def exception_widened(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.ExceptHandler):
        if node.type is not None and dotted(node.type) not in ("Exception", "BaseException"):
            yield tree.mutant(node, tree.replace(node.type, "Exception"), error=_caught(tree, node))


@operator(
    "python.cleanup-dropped",
    FaultClass.ERROR_HANDLING,
    Tier.MEDIUM,
    "`{cleanup}` is not done at the end",
    ("try:\n    use(x)\nfinally:\n    x.close()\n", ("try:\n    use(x)\nfinally:\n    pass\n",)),
)
def cleanup_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Try, cst.TryStar):
        assert isinstance(node, cst.Try | cst.TryStar)
        if node.finalbody is None:
            continue
        body = node.finalbody.body
        start, end = tree.span(body.body[0])[0], tree.span(body.body[-1])[1]
        cleanup = " ".join(tree.text[start:end].split())
        yield tree.mutant(node, Edit(start, end, "pass"), cleanup=cleanup[:50])


@operator(
    "python.exit-status",
    FaultClass.WRONG_VALUE,
    Tier.COARSE,
    "{exit} ends with status {new} instead of {old}",
    (
        "def main():\n    if bad:\n        sys.exit(2)\n    return 0\n",
        (
            "def main():\n    if bad:\n        sys.exit(0)\n    return 0\n",
            "def main():\n    if bad:\n        sys.exit(2)\n    return 1\n",
        ),
    ),
)
def exit_status(tree: PythonTree) -> Iterator[Candidate]:
    """sys.exit(1), and `return 1` of a main function."""
    for node in tree.every(cst.Call, cst.Return):
        value: cst.BaseExpression | None = None
        if isinstance(node, cst.Call) and callee(node) in _EXITS:
            coded = keyword(node, "code") or keyword(node, "status")
            first = positional(node)[:1] or ([coded] if coded else [])
            value = first[0].value if first else None
            named = f"`{tree.label(node)}`"
        elif isinstance(node, cst.Return):
            function = tree.function(node)
            if function is not None and re.match(r"_?(main|run|cli|cmd_|command)", function.name.value):
                value = node.value
            named = f"`{function.name.value}()`" if function else ""
        if value is None:
            continue
        if isinstance(value, cst.Integer) and value.value.isdigit() and len(value.value) <= 3:
            new = "0" if int(value.value) else "1"
        elif isinstance(node, cst.Call) and isinstance(value, cst.BaseString | cst.IfExp):
            new = "0"
        else:
            continue
        tier = Tier.FINE if runs_by_itself(tree) else None
        yield tree.mutant(node, tree.replace(value, new), tier=tier, exit=named, new=new, old=tree.label(value, 30))


_EXITS = frozenset(
    "sys.exit exit os._exit SystemExit quit ctx.exit parser.exit typer.Exit click.exceptions.Exit".split()
)
