"""Guards that no longer guard: checks, locks, limits, retries, timeouts, decorators."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.python.define import operator
from mutator.operators.python.entry import runs_by_itself
from mutator.operators.python.nodes import callee, dotted, is_name, last_name, statements
from mutator.operators.python.tree import PythonTree, drop_item, item_span

_EXITS = re.compile(r"^(exit|_exit|abort|fail|die|error|deny|reject|forbid|unauthorized|bail|usage|send_error|skip)")
CHECK = re.compile(
    r"(?i)^_*(is_?(valid|allowed|authori[sz]ed|authenticated|safe|permitted|expired|locked|owner|admin|member|fresh)"
    r"|has_?(permission|access|role|scope|perm)|can_|may_|check|verify|validate|ensure|require|assert|authenticate"
    r"|authori[sz]e|allow|acquire|compare_digest|checkpw|permit|throttle|try_acquire|consume|take_token|rate_limit"
    r"|sanitize|guard|enforce)"
)
_LOCK = re.compile(
    r"(?i)(lock|mutex|semaphore|\bsem\b|_sem\b|transaction|atomic|synchronized|guard|limiter|throttle|flock|begin)"
)
_GUARD_DECORATOR = re.compile(
    r"(?i)(auth|login|permission|require|role|limit|throttle|retry|retries|validat|timeout|csrf|synchron|atomic|lock"
    r"|backoff|protect|secure|admin|transaction|verif|check|scope|circuit)"
)
ROUTE = frozenset(
    "route get post put patch delete head options websocket errorhandler exception_handler command group event listener"
    " on_event task register middleware before_request after_request validator field_validator model_validator callback"
    " job tool".split()
)
_PLAIN_DECORATOR = frozenset(
    "property staticmethod classmethod dataclass dataclasses abstractmethod wraps overload override final setter getter"
    " deleter cached_property total_ordering contextmanager asynccontextmanager runtime_checkable unique option"
    " argument pass_context pass_obj version_option help_option njit jit parametrize".split()
)


_LIMIT_WORD = re.compile(
    r"(?i)(?<![a-z])(limit|max|quota|budget|burst|capacity|expire[sd]?|banned|blocked|locked)(?![a-z])"
)


def _exit_only(suite: cst.BaseSuite) -> bool:
    """Whether the suite turns the caller away: raises, returns an error, exits or skips this round."""
    body = statements(suite)
    last = body[-1] if body else None
    if last is None or len(body) > 6 or not all(isinstance(s, cst.BaseSmallStatement) for s in body):
        return False
    if isinstance(last, cst.Raise | cst.Continue | cst.Return):
        return True
    return isinstance(last, cst.Expr) and _EXITS.match(last_name(last.value)) is not None


def _refuses(tree: PythonTree, suite: cst.BaseSuite) -> bool:
    """Whether what the suite ends in is a refusal, and not one of the ordinary answers."""
    last = statements(suite)[-1]
    if isinstance(last, cst.Return):
        if last.value is None:
            return True
        code = tree.code(last.value)
        if isinstance(last.value, cst.Name) and len(suite.body) > 1:
            # `response = ...; response.status_code = 429; return response`
            code = tree.text[tree.span(suite.body[0])[0] : tree.span(last)[1]]
        status = re.search(r"\b[45]\d\d\b", code)
        return code in ("False", "None", "1", "2", "-1") or status is not None or "rror" in code
    return not isinstance(last, cst.Continue)


@operator(
    "python.guard-disarmed",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "the check `{test}` never {refuses}",
    (
        (
            "def take(n):\n"
            "    if n < 0:\n"
            "        raise ValueError(n)\n"
            "    if not n:\n"
            "        return None\n"
            "    return n\n"
        ),
        (
            (
                "def take(n):\n"
                "    if False:\n"
                "        raise ValueError(n)\n"
                "    if not n:\n"
                "        return None\n"
                "    return n\n"
            ),
            (
                "def take(n):\n"
                "    if n < 0:\n"
                "        raise ValueError(n)\n"
                "    if False:\n"
                "        return None\n"
                "    return n\n"
            ),
        ),
    ),
    (
        ('for line in lines:\n    if line.startswith("#"):\n        continue\n    use(line)\n'),
        ("for line in lines:\n    if False:\n        continue\n    use(line)\n",),
    ),
)
def guard_disarmed(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.If):
        if not tree.knows(node.test) or not _exit_only(node.body):
            continue
        coarse = _refuses(tree, node.body) or _LIMIT_WORD.search(tree.code(node.test)) is not None
        last = statements(node.body)[-1]
        # A complaint about what lies there is made of nothing that lies there.
        unmet = not isinstance(last, cst.Continue | cst.Return) and runs_by_itself(tree)
        refuses = {cst.Raise: "raises", cst.Return: "returns early", cst.Continue: "skips anything"}
        yield tree.mutant(
            node,
            tree.replace(node.test, "False"),
            tier=Tier.FINE if unmet else None if coarse else Tier.MEDIUM,
            stills=tree.span(node.body),
            test=tree.label(node.test),
            refuses=refuses.get(type(last), "stops anything"),
        )


@operator(
    "python.assertion-dropped",
    FaultClass.NOOP_GUARD,
    Tier.MEDIUM,
    "the assertion `{test}` is gone",
    ('assert size > 0, "empty"\n', ("pass\n",)),
)
def assertion_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Assert):
        start, end = tree.span(node)
        yield tree.mutant(node, Edit(start, end, "pass"), test=tree.label(node.test))


@operator(
    "python.check-dropped",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "the check `{call}` is not made",
    ("validate(order)\nawait slots.acquire()\n", ("pass\nawait slots.acquire()\n", "validate(order)\npass\n")),
)
def check_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for call, at in _checks(tree):
        if isinstance(at, cst.Expr):
            yield tree.mutant(at, Edit(*tree.span(at), "pass"), call=f"{last_name(call)}()")


@operator(
    "python.check-passes",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "`{call}` always passes",
    ("if not hmac.compare_digest(a, b):\n    deny()\n", ("if not True:\n    deny()\n",)),
)
def check_passes(tree: PythonTree) -> Iterator[Candidate]:
    # What is defined here and answers with something else than yes or no (a list of problems) does not pass as True.
    other = {f.name.value for f in tree.every(cst.FunctionDef) if not answers_yes_or_no(tree, f)}
    asked = cst.If | cst.While | cst.UnaryOperation | cst.BooleanOperation | cst.Return | cst.IfExp
    for call, at in _checks(tree):
        if not isinstance(at, cst.Expr) and last_name(call) not in other and isinstance(tree.parent(at), asked):
            yield tree.mutant(at, tree.replace(at, "True"), call=f"{last_name(call)}()")


def _checks(tree: PythonTree) -> Iterator[tuple[cst.Call, cst.BaseExpression | cst.Expr]]:
    """Calls that check, with the await or the whole statement around them."""
    for call in tree.every(cst.Call):
        name = last_name(call)
        if not CHECK.match(name) or name in ("check_call", "check_output", "ensure_future"):
            continue
        up = tree.parent(call)
        awaited = up if isinstance(up, cst.Await) else call
        up = tree.parent(awaited)
        yield call, up if isinstance(up, cst.Expr) else awaited


@operator(
    "python.guard-always-true",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "{name} always returns True",
    (
        (
            "class Limiter:\n"
            "    def allow(self, key):\n"
            '        """Whether one more is allowed."""\n'
            "        self.count += 1\n"
            "        return self.count <= self.limit\n"
        ),
        (
            (
                "class Limiter:\n"
                "    def allow(self, key):\n"
                '        """Whether one more is allowed."""\n'
                "        return True\n"
            ),
        ),
    ),
)
def guard_always_true(tree: PythonTree) -> Iterator[Candidate]:
    for function in tree.every(cst.FunctionDef):
        if not CHECK.match(function.name.value) or not answers_yes_or_no(tree, function):
            continue
        edit = body_edit(tree, function, "return True")
        if edit is not None:
            yield tree.mutant(function, edit, name=tree.called(function))


def answers_yes_or_no(tree: PythonTree, function: cst.FunctionDef) -> bool:
    """Declared as bool, or returns nothing but comparisons, True, False and their combinations."""
    if function.returns is not None:
        return is_name(function.returns.annotation, "bool")
    returned = [node.value for node in tree.own(function, cst.Return)]
    return bool(returned) and all(value is not None and is_truth(value) for value in returned)


def is_truth(value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.Comparison) or is_name(value, "True", "False"):
        return True
    if isinstance(value, cst.UnaryOperation):
        return isinstance(value.operator, cst.Not)
    if isinstance(value, cst.BooleanOperation):
        return is_truth(value.left) and is_truth(value.right)
    return last_name(value) in _ANSWERS or _ASKS.match(last_name(value)) is not None


_ASKS = re.compile(r"(is|has|can|may|try)_|(allow|permit|consume|acquire)(ed|s|_|$)")
_ANSWERS = frozenset(
    "any all isinstance bool startswith endswith compare_digest exists is_file is_dir isdigit issubset isdisjoint"
    " checkpw".split()
)


def body_edit(tree: PythonTree, function: cst.FunctionDef, new: str) -> Edit | None:
    """The whole body after the docstring replaced; None where it says this already."""
    body = [line for line in function.body.body if not _is_doc(line)]
    if not body:
        return None
    first = body[0]
    decorated = first.decorators if isinstance(first, cst.FunctionDef | cst.ClassDef) else ()
    start, end = tree.span(decorated[0] if decorated else first)[0], tree.span(body[-1])[1]
    lines = new.split("\n")
    if isinstance(function.body, cst.SimpleStatementSuite):
        text = "; ".join(lines)
    else:
        text = (tree.newline + tree.indent(first)).join(lines)
    return None if tree.text[start:end] == text else Edit(start, end, text)


def _is_doc(line: cst.CSTNode) -> bool:
    if isinstance(line, cst.SimpleStatementLine):
        line = line.body[0] if len(line.body) == 1 else line
    return isinstance(line, cst.Expr) and isinstance(line.value, cst.SimpleString | cst.ConcatenatedString)


@operator(
    "python.lock-dropped",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "`{lock}` is not taken",
    ("with self._lock:\n    self.n += 1\n", ("if True:\n    self.n += 1\n",)),
    ("with open(path) as fh, LOCK:\n    fh.read()\n", ("with open(path) as fh:\n    fh.read()\n",)),
)
def lock_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.With):
        for index, item in enumerate(node.items):
            name = callee(item.item) or dotted(item.item)
            if item.asname is not None or not (_LOCK.search(name) or is_name(item.item, "conn", "db", "connection")):
                continue
            if len(node.items) == 1:
                start, end = tree.header(node)
                colon = tree.text.rfind(":", start, end)
                yield tree.mutant(node, Edit(start, max(colon, start), "if True"), lock=tree.label(item.item))
            else:
                yield tree.mutant(node, drop_item(tree, node.items, index), lock=tree.label(item.item))


@operator(
    "python.delay-dropped",
    FaultClass.NOOP_GUARD,
    Tier.MEDIUM,
    "`{call}` no longer waits",
    ("time.sleep(delay)\n", ("pass\n",)),
)
def delay_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.Expr):
        call = node.value.expression if isinstance(node.value, cst.Await) else node.value
        name = last_name(call)
        if name not in ("sleep", "backoff", "wait", "join", "drain", "flush", "fsync") or not isinstance(
            call, cst.Call
        ):
            continue
        if name == "sleep" and call.args and tree.code(call.args[0].value) in ("0", "0.0"):
            continue
        # A loop that asks again at once comes to the same end; so does a file that is closed anyway.
        polls = name == "sleep" and tree.within(node, cst.While, cst.FunctionDef, cst.ExceptHandler)
        unseen = isinstance(polls, cst.While) or name in ("drain", "flush", "fsync")
        start, end = tree.span(node)
        yield tree.mutant(node, Edit(start, end, "pass"), tier=Tier.FINE if unseen else None, call=tree.label(call))


@operator(
    "python.decorator-dropped",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "`{name}()` is not decorated with `{decorator}`",
    (
        '@app.get("/me")\n@login_required\ndef me():\n    return "you"\n',
        ('@app.get("/me")\ndef me():\n    return "you"\n',),
    ),
)
def decorator_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.FunctionDef, cst.ClassDef):
        assert isinstance(node, cst.FunctionDef | cst.ClassDef)
        for decorator in node.decorators:
            name = last_name(decorator.decorator)
            if name in _PLAIN_DECORATOR or name in ROUTE:
                continue
            tier = Tier.COARSE if _GUARD_DECORATOR.search(name) else Tier.MEDIUM
            if "cache" in name or "teardown" in name:
                tier = Tier.FINE
            edit = drop_decorator(tree, decorator)
            yield tree.mutant(
                node, edit, tier=tier, name=node.name.value, decorator=tree.label(decorator).split("(")[0]
            )


@operator(
    "python.registration-dropped",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    "`{name}()` is not registered with `{decorator}`",
    (
        '@app.get("/me")\n@login_required\ndef me():\n    return "you"\n',
        ('@login_required\ndef me():\n    return "you"\n',),
    ),
)
def registration_dropped(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.FunctionDef, cst.ClassDef):
        assert isinstance(node, cst.FunctionDef | cst.ClassDef)
        for decorator in node.decorators:
            if last_name(decorator.decorator) in ROUTE:
                edit = drop_decorator(tree, decorator)
                yield tree.mutant(node, edit, name=node.name.value, decorator=tree.label(decorator))


def drop_decorator(tree: PythonTree, decorator: cst.Decorator) -> Edit:
    """With its line, so that what is decorated moves up."""
    start, end = tree.span(decorator)
    following = tree.text.find("\n", end)
    line_end = len(tree.text) if following < 0 else following + 1
    blank = re.compile(r"[ \t]*").match(tree.text, line_end)
    return Edit(start, blank.end() if blank else line_end, "")


_RETRIES = re.compile(r"(?i)(retr(y|ies)|(^|_)tries)")
_TRIES = re.compile(r"(?i)(attempt|retr(y|ies)|(^|_)tries)")


def _rounds(tree: PythonTree) -> frozenset[str]:
    """Names that say how often a loop goes round: a limit of tries, not one that turns anybody away."""
    found: set[str] = set()
    for node in tree.every(cst.For):
        if callee(node.iter) == "range":
            found.update(name.value for name in tree.inside(node.iter, cst.Name))
    return frozenset(found)


@operator(
    "python.retry-disarmed",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "`{loop}` gives up after the first try",
    ("for attempt in range(MAX_RETRIES):\n    fetch()\n", ("for attempt in range(1):\n    fetch()\n",)),
    ("s = Session(retries=3)\n", ("s = Session(retries=0)\n",)),
    ("MAX_RETRIES = 3\n", ("MAX_RETRIES = 1\n",)),
)
def retry_disarmed(tree: PythonTree) -> Iterator[Candidate]:
    for node in tree.every(cst.For):
        call = node.iter
        if isinstance(call, cst.Call) and callee(call) == "range" and call.args:
            said = tree.code(node.target) + tree.code(call)
            if _TRIES.search(said):
                start, end = item_span(tree, call.args[0])[0], item_span(tree, call.args[-1])[1]
                yield tree.mutant(node, Edit(start, end, "1"), loop=tree.label(call))
    for arg in tree.every(cst.Arg):
        if arg.keyword is not None and _TRIES.search(arg.keyword.value) and isinstance(arg.value, cst.Integer):
            yield tree.mutant(arg, tree.replace(arg.value, "0"), loop=tree.label(arg))
    rounds = tree.once(_rounds)
    for number in tree.every(cst.Integer):
        name = _number_name(tree, number)
        given = isinstance(tree.parent(number), cst.Assign | cst.AnnAssign | cst.Param)
        if given and _TRIES.search(name) and (name in rounds or _RETRIES.search(name)) and number.value not in "01":
            yield tree.mutant(number, tree.replace(number, "1"), loop=f"{name} = {number.value}")


_SAFEGUARDS = frozenset(
    "dependencies middlewares middleware permission_classes authentication_classes throttle_classes check"
    " timeout verify strict secure httponly samesite exclusive uselist unique nullable max_age max_workers maxsize"
    " usedforsecurity autoescape shell_escape backoff jitter deadline connect_timeout read_timeout isolation_level"
    " max_length min_length ge le gt lt regex pattern constr errors".split()
)


@operator(
    "python.safeguard-dropped",
    FaultClass.NOOP_GUARD,
    Tier.MEDIUM,
    "`{call}()` is called without `{option}`",
    (
        "subprocess.run(cmd, check=True, timeout=30)\n",
        (
            "subprocess.run(cmd, timeout=30)\n",
            "subprocess.run(cmd, check=True)\n",
        ),
    ),
    (
        '@app.get("/me", dependencies=[Depends(signed_in)])\ndef me(): return get()\n',
        ('@app.get("/me")\ndef me(): return get()\n',),
    ),
)
def safeguard_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """subprocess.run(check=True), requests.get(timeout=5), set_cookie(secure=True)."""
    for call in tree.every(cst.Call):
        for index, arg in enumerate(call.args):
            if arg.keyword is not None and arg.keyword.value in _SAFEGUARDS and not is_name(arg.value, "None"):
                name = last_name(call) or "it"
                if arg.keyword.value == "errors" and name not in _DECODES:
                    continue
                tier = Tier.COARSE if arg.keyword.value in _GATES else None
                tier = Tier.FINE if "worker" in arg.keyword.value else tier
                edit = drop_item(tree, call.args, index)
                yield tree.mutant(call, edit, tier=tier, call=name, option=tree.label(arg, 40))


_DECODES = frozenset("open decode encode read_text write_text bytes str to_numeric to_datetime".split())
_GATES = frozenset(
    "dependencies middlewares middleware permission_classes authentication_classes throttle_classes".split()
)


@operator(
    "python.gate-dropped",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "`{gates}` is empty",
    (
        "class Orders(APIView):\n    permission_classes = [IsAdmin]\n",
        ("class Orders(APIView):\n    permission_classes = []\n",),
    ),
)
def gate_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """What a framework asks before it lets a request in, listed by name."""
    for node in tree.every(cst.Assign):
        listed = isinstance(node.value, cst.List | cst.Tuple) and bool(node.value.elements)
        if listed and dotted(node.targets[0].target).rpartition(".")[2] in _GATES:
            empty = "[]" if isinstance(node.value, cst.List) else "()"
            edit = Edit(*tree.outer(node.value), empty)
            yield tree.mutant(node, edit, gates=tree.label(node.targets[0].target))


_HARD_LIMIT = re.compile(r"(?i)(^|_)(max|limit|rate|burst|capacity|quota)(_|$)")
_LIMIT = re.compile(r"(?i)(^|_)(max|limit|rate|burst|capacity|threshold|quota|window|ttl|expir\w*|size)(_|$)")

_SHAPE = re.compile(
    r"(?i)(?:^|_)(?:(?:state|action|hidden|input|output|embed\w*|batch|grid|block|chunk|kernel|vocab|layer|image|font|fig"
    r"|cell|step|voxel)_size|(?:learn\w*|sampl\w*|frame|bit|baud|dropout|decay)_rate)$"
)
"""How a thing is built, and no limit of it."""


@operator(
    "python.limit-loosened",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    "the limit `{name}` is {new} instead of {old}",
    (
        "MAX_SIZE = 10\nlimiter = Limiter(rate=2.5)\nstate_size = 4\n",
        (
            "MAX_SIZE = 10000\nlimiter = Limiter(rate=2.5)\nstate_size = 4\n",
            "MAX_SIZE = 10\nlimiter = Limiter(rate=2500.0)\nstate_size = 4\n",
        ),
    ),
)
def limit_loosened(tree: PythonTree) -> Iterator[Candidate]:
    rounds = tree.once(_rounds)
    for node in tree.every(cst.Integer, cst.Float):
        name = _number_name(tree, node)
        old = tree.code(node)
        if (
            not _LIMIT.search(name)
            or _SHAPE.search(name)
            or name in rounds
            or _RETRIES.search(name)
            or len(old) > 12
            or old.strip("0._") == ""
        ):
            continue
        value = _number(old)
        if value is None:
            continue
        # What is counted within a shorter time is less.
        window = "window" in name.lower()
        new = repr(1000 * value if not window else 1 if isinstance(value, int) else value / 1000)
        tier = Tier.FINE if "worker" in name or "thread" in name else None if _HARD_LIMIT.search(name) else Tier.MEDIUM
        yield tree.mutant(node, tree.replace(node, new), tier=tier, name=name, new=new, old=old)


def _number(code: str) -> int | float | None:
    try:
        return int(code)
    except ValueError:
        try:
            return float(code)
        except ValueError:
            return None


def _number_name(tree: PythonTree, node: cst.CSTNode) -> str:
    """The name a number is given at once."""
    up = tree.parent(node)
    if isinstance(up, cst.Assign):
        return dotted(up.targets[0].target).rpartition(".")[2]
    if isinstance(up, cst.AnnAssign):
        return dotted(up.target).rpartition(".")[2]
    if isinstance(up, cst.Param):
        return up.name.value
    if isinstance(up, cst.Arg):
        if up.keyword is not None:
            return up.keyword.value
        call = tree.parent(up)
        return "limit" if call is not None and last_name(call) in ("Semaphore", "BoundedSemaphore", "listen") else ""
    return ""


@operator(
    "python.clamp-dropped",
    FaultClass.NOOP_GUARD,
    Tier.MEDIUM,
    "`{value}` is not held to `{bound}`",
    (
        "self.tokens = min(self.capacity, self.tokens + gained)\npage = max(1, page)\n",
        (
            "self.tokens = self.tokens + gained\npage = max(1, page)\n",
            "self.tokens = self.capacity\npage = max(1, page)\n",
            "self.tokens = min(self.capacity, self.tokens + gained)\npage = page\n",
        ),
    ),
)
def clamp_dropped(tree: PythonTree) -> Iterator[Candidate]:
    """min(capacity, tokens) gives either one, unbounded."""
    for call, value, bound in _clamps(tree):
        if not _is_fixed(value):
            edit = tree.replace(call, tree.fitted(call, tree.code(value)))
            yield tree.mutant(call, edit, value=tree.label(value, 40), bound=tree.label(bound, 30))


@operator(
    "python.clamp-fixed",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    "`{call}` is always `{value}`",
    ("page = max(1, page)\n", ("page = 1\n",)),
)
def clamp_fixed(tree: PythonTree) -> Iterator[Candidate]:
    for call, value, bound in _clamps(tree):
        if _is_fixed(value) and not _is_fixed(bound):
            edit = tree.replace(call, tree.fitted(call, tree.code(value)))
            yield tree.mutant(call, edit, call=tree.label(call, 40), value=tree.label(value, 30))


def _clamps(tree: PythonTree) -> Iterator[tuple[cst.Call, cst.BaseExpression, cst.BaseExpression]]:
    """min(a, b) and max(a, b), with what may be left of it and what goes."""
    for call in tree.every(cst.Call):
        plain = len(call.args) == 2 and all(arg.keyword is None and not arg.star for arg in call.args)
        if plain and callee(call) in ("min", "max"):
            first, second = call.args[0].value, call.args[1].value
            yield call, second, first
            yield call, first, second


def _is_fixed(value: cst.BaseExpression) -> bool:
    """A number, or a name written as constants are."""
    if isinstance(value, cst.Call):
        return len(value.args) == 1 and isinstance(value.args[0].value, cst.BaseNumber)
    return isinstance(value, cst.BaseNumber | cst.UnaryOperation) or dotted(value).rpartition(".")[2].isupper()
