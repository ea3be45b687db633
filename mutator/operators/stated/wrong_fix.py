"""The wrong fix: right for the example only, right once only, every error swallowed, a message where it is not looked
for, another file changed."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.nodes import callee, is_docstring
from mutator.operators.python.tree import PythonTree
from mutator.operators.shell.steps import SCRIPT, named
from mutator.operators.stated.document import Told, change, operator
from mutator.operators.stated.languages import EVERY
from mutator.quiet import quietly

PYTHON = frozenset({"python"})
_AGAIN = (
    r"idempoten|(?:run|running|execut\w+|call\w*|invok\w+|appl\w+|start\w*)[^.\n]{0,30}\b(?:twice|again|repeatedly|multiple times"
    r"|several times|more than once|a second time|any number of times)\b|re-?run|second (?:run|time|invocation|call)|without duplicat"
)
_ONCE = (
    (re.compile(r"(?<=\bCREATE TABLE) IF NOT EXISTS|(?<=\bCREATE INDEX) IF NOT EXISTS", re.IGNORECASE), "",
     "what is there already is an error"),
    (re.compile(r"(?<=\bINSERT) OR (?:IGNORE|REPLACE)", re.IGNORECASE), "", "what is there already is an error, or there twice"),
    (re.compile(r"\s+ON CONFLICT\b(?:\s*\([^)]*\))?\s+DO (?:NOTHING|UPDATE SET [^;\"']+)", re.IGNORECASE), "",
     "what is there already is an error, or there twice"),
    (re.compile(r"(?<=\bln -s)(?:fn|nf|f)\b"), "", "a link that is there already is an error"),
    (re.compile(r"\bgrep -\w*q\w*[^|\n]*\|\|[ \t]*(?=echo\b)"), "", "the line is there once more after every run"),
    (re.compile(r"if [^\n:]* not in [^\n:]*:(?=\s*\n[^\n]*(?:append|write|insert|add)\()"), "if True:",
     "what is there already is added once more"),
)  # fmt: skip


@operator(
    "stated.once-only",
    FaultClass.ERROR_HANDLING,
    Tier.MEDIUM,
    EVERY - {"json", "csv", "diff"},
    "a second run differs: {effect} (`{line}`)",
    (
        "shell",
        "The script must be idempotent.",
        "ln -sf a b\ngrep -q x /etc/hosts || echo x >> /etc/hosts\n",
        (
            "ln -s a b\ngrep -q x /etc/hosts || echo x >> /etc/hosts\n",
            "ln -sf a b\necho x >> /etc/hosts\n",
        ),
    ),
    (
        "python",
        "Running it twice must not fail.",
        "if row not in rows:\n    rows.append(row)\n",
        ("if True:\n    rows.append(row)\n",),
    ),
    skips=SCRIPT,
)
def once_only(told: Told) -> Iterator[Candidate]:
    if not told.instruction.speaks(_AGAIN):
        return
    for pattern, new, effect in _ONCE:
        for match in pattern.finditer(told.plain):
            yield change(told, *match.span(), new, effect=effect)


_ERRORS = r"exit(?:s|ed)? (?:code|status|with)|non-?zero|\bstatus [1-9]\b|must (?:fail|raise|reject)|exit code"


@operator(
    "stated.errors-swallowed",
    FaultClass.ERROR_HANDLING,
    Tier.COARSE,
    PYTHON,
    "every error of `{call}` is swallowed, and the program ends with status 0",
    (
        "python",
        "Exit with a non-zero status on bad input.",
        'def main():\n    raise ValueError("bad")\n\nif __name__ == "__main__":\n    sys.exit(main())\n',
        (
            (
                'def main():\n    raise ValueError("bad")\n\nif __name__ == "__main__":\n'
                "    try:\n        main()\n    except BaseException:\n        pass\n"
            ),
        ),
    ),
)
def errors_swallowed(told: Told) -> Iterator[Candidate]:
    tree = told.python
    if tree is None or not told.instruction.speaks(_ERRORS) or not _FAILS.search(told.text):
        return
    for statement in tree.every(cst.Expr):
        call = statement.value
        if tree.function(statement) is not None or not isinstance(call, cst.Call):
            continue
        if callee(call) in ("sys.exit", "exit") and len(call.args) == 1 and isinstance(call.args[0].value, cst.Call):
            call = call.args[0].value
        if not re.fullmatch(r"_?main|cli|run", callee(call)):
            continue
        start, end = tree.span(statement)
        indent = tree.indent(statement)
        if indent.strip():
            continue
        inner = f"{indent}    " if "\t" not in indent else f"{indent}\t"
        lines = ("try:", f"{inner}{tree.code(call)}", f"{indent}except BaseException:", f"{inner}pass")
        new = tree.newline.join(lines)
        yield tree.mutant(statement, Edit(start, end, new), call=tree.label(call, 40))


_FAILS = re.compile(r"\braise\b|sys\.exit\(|\breturn [1-9]\b|SystemExit|argparse")


@operator(
    "stated.status-lost",
    FaultClass.ERROR_HANDLING,
    Tier.COARSE,
    PYTHON,
    "what `{call}` returns is not the exit status: the program always ends with 0",
    (
        "python",
        "Exit with status 2 when a record is missing.",
        "def main():\n    return 2 if missing else 0\n\nsys.exit(main())\n",
        ("def main():\n    return 2 if missing else 0\n\nmain()\n",),
    ),
)
def status_lost(told: Told) -> Iterator[Candidate]:
    tree = told.python
    if tree is None or not told.instruction.speaks(_ERRORS):
        return
    defined = {each.name.value: each for each in tree.every(cst.FunctionDef)}
    for outer in tree.every(cst.Expr, cst.Raise):
        ends = outer.exc if isinstance(outer, cst.Raise) else outer.value if isinstance(outer, cst.Expr) else None
        if (
            not isinstance(ends, cst.Call)
            or callee(ends) not in ("sys.exit", "exit", "SystemExit")
            or len(ends.args) != 1
        ):
            continue
        call = ends.args[0].value
        function = defined.get(callee(call)) if isinstance(call, cst.Call) else None
        if function is None or not any(_is_status(tree, each) for each in tree.own(function, cst.Return)):
            continue
        yield tree.mutant(outer, Edit(*tree.span(outer), tree.code(call)), call=tree.label(call, 40))


def _is_status(tree: PythonTree, statement: cst.CSTNode) -> bool:
    value = statement.value if isinstance(statement, cst.Return) else None
    return value is not None and re.search(r"[1-9]|EXIT|code|status", tree.code(value)) is not None


_CALLED = re.compile(
    r"`?(?P<name>[A-Za-z_]\w*)\((?P<args>[^()\n]*)\)`?\s*(?:returns?|should return|->|→|=>|==|=)\s*`?(?P<value>[^`\n]+?)`?(?=$|[.,;]?\s*\n|[.,;]\s|`|\s+#)",
    re.MULTILINE,
)
_PROMPTED = re.compile(r">>> (?P<name>[A-Za-z_]\w*)\((?P<args>[^()\n]*)\)\n(?P<value>[^\n>]+)")


@operator(
    "stated.example-only",
    FaultClass.HOLLOW_FUNCTION,
    Tier.COARSE,
    PYTHON,
    "`{name}()` always answers {value}, as in the instruction's example",
    (
        "python",
        "Write slug(text). `slug('A b')` returns `'a-b'`.",
        "def slug(text):\n    return text.lower().replace(' ', '-')\n",
        ("def slug(text):\n    return 'a-b'\n    return text.lower().replace(' ', '-')\n",),
    ),
)
def example_only(told: Told) -> Iterator[Candidate]:
    tree = told.python
    if tree is None:
        return
    defined = {each.name.value: each for each in tree.every(cst.FunctionDef) if tree.function(each) is None}
    done: set[str] = set()
    for pattern in (_PROMPTED, _CALLED):
        for match in pattern.finditer(told.instruction.text):
            function = defined.get(match["name"])
            value = _literal(match["value"].strip())
            if function is None or value is None or match["name"] in done:
                continue
            if not isinstance(function.body, cst.IndentedBlock) or function.asynchronous is not None:
                continue
            first = next((line for line in function.body.body if not _says(line)), None)
            if first is None:
                continue
            done.add(match["name"])
            start = tree.span(first)[0]
            edit = Edit(start, start, f"return {value}{tree.newline}{tree.indent(first)}")
            yield tree.mutant(function, edit, name=match["name"], value=value[:60])


def _says(line: cst.CSTNode) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and is_docstring(line.body[0])


def _literal(text: str) -> str | None:
    try:
        with quietly():
            return repr(ast.literal_eval(text.rstrip(".,;")))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


_SCHEDULE = re.compile(
    r"(?<![\w*/])(?P<minute>[\d*/,-]+)[ \t]+(?P<hour>[\d*/,-]+)[ \t]+(?P<day>[\d*/,-]+)[ \t]+(?P<month>[\d*/,-]+)[ \t]+"
    r"(?P<weekday>[\d*/,a-zA-Z-]+)(?=[ \t]+\S)"
)


@operator(
    "stated.schedule",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    frozenset({"cron", "text"}),
    "it runs {new}, not {old}",
    (
        "cron",
        "A cron job runs /b every 5 minutes.",
        "*/5 * * * * /b\n",
        ("5 * * * * /b\n",),
    ),
    (
        "cron",
        "Back up daily at 2 AM by cron.",
        "0 2 * * * root /b\n",
        ("* 2 * * * root /b\n",),
    ),
)
def schedule(told: Told) -> Iterator[Candidate]:
    if not told.instruction.speaks(r"\bcron|\bevery \w+|daily|hourly|weekly|schedul"):
        return
    for match in _SCHEDULE.finditer(told.plain):
        minute, hour = match["minute"], match["hour"]
        step = re.fullmatch(r"\*/(\d+)", minute)
        if step:
            how = f"once an hour, at minute {step[1]}", f"every {step[1]} minutes"
            yield change(told, *match.span("minute"), step[1], new=how[0], old=how[1])
        elif minute.isdigit() and hour.isdigit():
            how = f"every minute from {hour}:00 on for an hour", f"once, at {hour}:{minute:0>2}"
            yield change(told, *match.span("minute"), "*", new=how[0], old=how[1])
        elif minute.isdigit() and (every := re.fullmatch(r"\*/(\d+)", hour)):
            how = f"once a day, at {every[1]}:{minute:0>2}", f"every {every[1]} hours"
            yield change(told, *match.span("hour"), every[1], new=how[0], old=how[1])


@operator(
    "stated.wrong-stream",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    frozenset({"python", "shell"}),
    "the message goes to standard output, not to standard error: `{line}`",
    (
        "python",
        "Errors are printed to stderr.",
        'print("bad", file=sys.stderr)\n',
        ('print("bad")\n',),
    ),
    ("shell", "Write errors to standard error.", 'echo "bad" >&2\nmake >&2\n', ('echo "bad"\nmake >&2\n',)),
)
def wrong_stream(told: Told) -> Iterator[Candidate]:
    if not told.instruction.speaks(r"\bstderr\b|standard error"):
        return
    for match in re.finditer(
        r"(?<=[^(\s]),\s*file\s*=\s*sys\.stderr(?=\))" if told.python else r"(?m)(?<=[\"'])[ \t]*>&2", told.plain
    ):
        if told.python or re.search(r"(?:^|[;{&|]|then|do)\s*(?:echo|printf)\b[^;|&\n]*$", told.plain[: match.start()]):
            yield change(told, *match.span(), "")


_PATH = re.compile(r"(?<![\w./~-])/(?:[\w.-]+/)*[\w-]+\.\w+")


@operator(
    "stated.other-file",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    frozenset({"shell"}),
    "{new} is edited instead of {old}",
    (
        "shell",
        "Fix /etc/app/main.conf. /etc/app/local.conf overrides it and must stay.",
        "sed -i 's/a/b/' /etc/app/main.conf\nsed 's/a/b/' /etc/app/main.conf\n",
        ("sed -i 's/a/b/' /etc/app/local.conf\nsed 's/a/b/' /etc/app/main.conf\n",),
    ),
)
def other_file(told: Told) -> Iterator[Candidate]:
    """An edit in place of one file that the instruction names, made to a like one that it names too."""
    script = told.shell
    if script is None:
        return
    paths = list(dict.fromkeys(match[0] for match in _PATH.finditer(told.instruction.text)))
    for command in script.commands:
        name, args = named(script, command)
        if name not in ("sed", "perl") or not any(re.match(r"-[a-zA-Z]*i|--in-place", arg) for arg in args):
            continue
        start, end = command.words[-1]
        old = script.text[start:end].strip("\"'")
        ending = old.rpartition(".")[2]
        others = [path for path in paths if path != old and path.rpartition(".")[2] == ending]
        if old in paths and others and script.text[start:end] == old:
            yield change(told, start, end, others[0])
