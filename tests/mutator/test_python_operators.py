"""What Python's mutants do, beyond the exact texts of each operator's examples."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from mutator.model import Candidate, FaultClass, Tier, apply
from mutator.operators.python import FAMILY
from mutator.operators.python import tree as tree_module
from mutator.sources import read_sources

SNIPPETS = sorted((Path(__file__).parent / "snippets").glob("python-*"))


def mutants(text: str, operator: str) -> dict[str, str]:
    """Sentence -> mutated text."""
    tree = FAMILY.parse(text, "python")
    assert tree is not None
    found = next(op for op in FAMILY.operators if op.id == operator)
    made = {}
    for candidate in found.propose(tree):
        assert FAMILY.valid(tree, candidate)
        made[found.sentence.format_map(candidate.fields)] = apply(text, candidate.edits)
    return made


def run(text: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", text, *arguments], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout


ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("name")
group = parser.add_argument_group("how")
group.add_argument("-n", "--dry-run", action="store_true")
group.add_argument("--times", type=int, default=2)
args = parser.parse_args()
print("would greet" if args.dry_run else "greets", args.name, args.times * "!")
"""
CLICK = """
import click
@click.command()
@click.argument("name")
@click.option("-n", "--dry-run", is_flag=True)
@click.option("--times", type=int, default=2)
def greet(name, dry_run, times):
    print("would greet" if dry_run else "greets", name, times * "!")
greet()
"""
GETOPT = """
import getopt, sys
dry_run, times = False, 2
try:
    options, rest = getopt.getopt(sys.argv[1:], "n", ["dry-run", "times="])
except getopt.GetoptError:
    sys.exit(2)
for option, value in options:
    if option in ("-n", "--dry-run"):
        dry_run = True
    elif option == "--times":
        times = int(value)
print("would greet" if dry_run else "greets", rest[0], times * "!")
"""
BY_HAND = """
import sys
dry_run, times, rest = False, 2, []
for arg in sys.argv[1:]:
    if arg == "--dry-run":
        dry_run = True
    elif arg.startswith("--times="):
        times = int(arg.split("=")[1])
    elif arg.startswith("-"):
        sys.exit(2)
    else:
        rest.append(arg)
print("would greet" if dry_run else "greets", rest[0], times * "!")
"""


@pytest.mark.parametrize("text", [ARGPARSE, CLICK, GETOPT, BY_HAND], ids=["argparse", "click", "getopt", "by hand"])
def test_a_program_without_its_flag_rejects_it_and_does_all_else(text: str) -> None:
    assert run(text, "--dry-run", "--times=3", "you") == (0, "would greet you !!!\n")
    mutated = mutants(text, "python.flag-missing")["`--dry-run` is not accepted"]
    assert run(mutated, "--dry-run", "you")[0] == 2
    assert run(mutated, "--times=3", "you") == (0, "greets you !!!\n")


@pytest.mark.parametrize("text", [ARGPARSE, CLICK, GETOPT, BY_HAND], ids=["argparse", "click", "getopt", "by hand"])
def test_a_program_that_ignores_its_flag_takes_it_and_does_as_without(text: str) -> None:
    mutated = mutants(text, "python.flag-ignored")["`--dry-run` is accepted and ignored"]
    assert run(mutated, "--dry-run", "--times=3", "you") == (0, "greets you !!!\n")


def test_a_flag_whose_value_goes_round_in_a_dictionary_is_ignored_all_the_same() -> None:
    text = ARGPARSE.replace("args.dry_run", 'vars(args)["dry_run"]')
    mutated = mutants(text, "python.flag-ignored")["`--dry-run` is accepted and ignored"]
    assert run(mutated, "--dry-run", "you") == (0, "greets you !!\n")


def test_an_option_read_with_its_argument_is_ignored_without_its_argument_becoming_a_name() -> None:
    text = (
        "import sys\ntimes, rest = 1, []\nargs = sys.argv[1:]\nwhile args:\n    arg = args.pop(0)\n"
        '    if arg == "--times":\n        times = int(args.pop(0))\n'
        '    elif arg.startswith("--times="):\n        times = int(arg.split("=")[1])\n'
        "    else:\n        rest.append(arg)\nprint(rest, times)\n"
    )
    for given in (["--times", "3"], ["--times=3"]):
        assert run(text, *given, "you")[1] == "['you'] 3\n"
        mutated = mutants(text, "python.flag-ignored")["`--times` is accepted and ignored"]
        assert run(mutated, *given, "you")[1] == "['you'] 1\n"
        missing = mutants(text, "python.flag-missing")["`--times` is not accepted"]
        assert "--times" in run(missing, *given, "you")[1]


def test_two_programs_in_one_text_lose_their_options_apart_and_subcommands_together() -> None:
    one = (
        "def {0}(argv):\n    p = argparse.ArgumentParser()\n    p.add_argument('--fast', action='store_true')\n"
        "    args = p.parse_args(argv)\n    return args.fast\n"
    )
    tree = FAMILY.parse(one.format("a") + one.format("b"), "python")
    assert tree is not None
    ignored = next(op for op in FAMILY.operators if op.id == "python.flag-ignored")
    assert [len(candidate.edits) for candidate in ignored.propose(tree)] == [1, 1]
    subcommands = (
        "def main():\n    a.add_argument('--fast')\n    b.add_argument('--fast')\n"
        "def one(args):\n    return args.fast\ndef two(args):\n    return args.fast\n"
    )
    tree = FAMILY.parse(subcommands, "python")
    assert tree is not None
    assert [len(candidate.edits) for candidate in ignored.propose(tree)] == [2]


def test_an_option_that_is_given_to_another_program_is_none_of_this_one() -> None:
    text = 'options = webdriver.ChromeOptions()\noptions.add_argument("--headless")\n'
    assert not list(mutants(text, "python.flag-missing"))


def test_an_argument_of_typer_is_no_option() -> None:
    text = (
        "@app.command()\ndef f(path: str = typer.Argument('x'), n: Annotated[int, typer.Argument()] = 1,"
        " loud: bool = False):\n    print(path, n, loud)\n"
    )
    assert list(mutants(text, "python.flag-missing")) == ["`--loud` is not accepted"]


@pytest.mark.parametrize(
    "table",
    [
        'MOVES = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}\n',
        'MOVES = [("U", -1, 0), ("D", 1, 0), ("L", 0, -1), ("R", 0, 1)]\n',
        (
            "def step(move):\n"
            '    deltas = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}\n'
            "    return deltas[move]\n"
        ),
        'def step(m):\n    return {"U": up(m), "D": down(m), "L": left(m), "R": right(m)}[m.name]\n',
        "match m:\n" + "".join(f'    case "{m}":\n        d = "{m.lower()}"\n' for m in "UDLR"),
        "def step(m):\n" + "".join(f'    {"el" * (m != "U")}if m == "{m}":\n        return {ord(m)}\n' for m in "UDLR"),
    ],
    ids=["dict", "rows", "local dict", "dict looked up at once", "match", "if chain"],
)
def test_every_pair_of_a_direction_table_is_swapped_and_doubled_among_the_coarse_faults(table: str) -> None:
    tree = FAMILY.parse(table, "python")
    assert tree is not None
    pairs = {}
    for name in ("python.mapping-duplicated", "python.mapping-swapped"):
        operator = next(op for op in FAMILY.operators if op.id == name)
        found = list(operator.propose(tree))
        assert {candidate.tier or operator.tier for candidate in found} == {Tier.COARSE}
        pairs[name] = {(c.fields["left"].strip("\"'"), c.fields["right"].strip("\"'")) for c in found}
    assert pairs["python.mapping-duplicated"] == {(a, b) for a in "UDLR" for b in "UDLR" if a != b}
    assert {frozenset(pair) for pair in pairs["python.mapping-swapped"]} == {
        frozenset((a, b)) for a in "UDLR" for b in "UDLR" if a != b
    }


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('def f(n):\n    return {"n": n, "m": g(n)}\n', True),
        ('report = {"n": total, "m": len(rows)}\njson.dump(report, out)\n', True),
        ('rows = [{"n": n, "m": m} for n, m in pairs]\n', True),
        ('settings = {"port": 80, "host": "a"}\njson.dump(settings, out)\n', True),
        ('def f(x):\n    keys = {"n": lambda r: r.n, "m": lambda r: r.m}\n    return rows(key=keys[x])\n', False),
        ('UNITS = {"k": 1000, "M": 1000000}\n', False),
        ('def a(): go()\ndef b(): go()\nCOMMANDS = {"a": a, "b": b}\n', False),
        ('table = {"a": f(1), "b": f(2)}\nfor k, v in table.items():\n    use(k, v)\n', False),
    ],
)
def test_entries_are_missing_from_records_and_mixed_up_in_tables(text: str, output: bool) -> None:
    assert bool(mutants(text, "python.output-key-dropped")) is output
    tree = FAMILY.parse(text, "python")
    assert tree is not None
    swapped = next(op for op in FAMILY.operators if op.id == "python.mapping-swapped")
    tiers = {candidate.tier for candidate in swapped.propose(tree)}
    assert tiers == {Tier.FINE if output else Tier.COARSE}


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ('re.match("^a+", s)\n', "python.aggregation"),
        ('P = re.compile("^a")\nP.match(s)\n', "python.aggregation"),
        ('P = re.compile("^a")\nP.match(s)\n', "python.pattern"),
        ('re.fullmatch("^a$", s)\n', "python.pattern"),
        ("await asyncio.sleep(0)\n", "python.delay-dropped"),
        ("writer = csv.writer(out)\nmatch = LINE.match(line)\n", "python.assignment-dropped"),
        ("def make(x):\n    def inner():\n        return x\n    return inner\n", "python.early-return"),
        ("for attempt in range(MAX_ATTEMPTS):\n    go()\nMAX_ATTEMPTS = 4\n", "python.limit-loosened"),
    ],
)
def test_what_changes_nothing_or_only_breaks_the_program_is_left_out(text: str, operator: str) -> None:
    assert mutants(text, operator) == {}


def test_a_function_that_makes_functions_is_hollow_where_those_are() -> None:
    text = (
        "def role(r):\n    def wrap(view):\n        def inner(*a):\n            return view(*a)\n"
        "        return inner\n    return wrap\n"
    )
    assert list(mutants(text, "python.function-hollow")) == [
        "`wrap()` returns `view` as it is",
        "`inner()` always returns None",
    ]


def test_a_long_table_is_not_mixed_up_in_every_way() -> None:
    table = "CODES = {" + ", ".join(f'"{n:03}": {n * n}' for n in range(500)) + "}\n"
    assert len(mutants(table, "python.mapping-swapped")) <= 24
    assert len(mutants(table, "python.mapping-duplicated")) <= 48


def test_a_disarmed_limiter_lets_everything_through() -> None:
    text = (
        "class Limiter:\n    def __init__(self):\n        self.left = 2\n    def allow(self):\n"
        "        if self.left < 1:\n            return False\n        self.left -= 1\n        return True\n"
    )
    asked = "limiter = Limiter()\nprint([limiter.allow() for _ in range(4)].count(True))\n"
    assert run(text + asked)[1] == "2\n"
    (always,) = mutants(text, "python.guard-always-true").values()
    (disarmed,) = mutants(text, "python.guard-disarmed").values()
    assert run(always + asked)[1] == run(disarmed + asked)[1] == "4\n"


def test_versions_compared_by_their_texts_put_10_before_9() -> None:
    text = 'key = lambda version: tuple(int(n) for n in version.split("."))\nprint(max(["1.9", "1.10"], key=key))\n'
    assert run(text)[1] == "1.10\n"
    (mutated,) = mutants(text, "python.parts-as-text").values()
    assert run(mutated)[1] == "1.9\n"


@pytest.mark.parametrize(
    ("definition", "gives"),
    [
        ("def f() -> dict[str, int]: return g()", "{}"),
        ("def f() -> 'list[str]':\n    return g()", "[]"),
        ("def f() -> int | None:\n    return g()", "None"),
        ("def f() -> Optional[str]:\n    return g()", "None"),
        ("def f() -> tuple[int, str]:\n    return g()", "(0, '')"),
        ("def f():\n    return ' '.join(g())", "''"),
        ("def f():\n    if g():\n        return None\n    return [1]", "None"),
        ("def f():\n    out = {}\n    g(out)\n    return out", "{}"),
        ("def f():\n    g()", "None"),
        ("def f():\n    '''Doc.'''\n    return len(g()), str(g())", "(0, '')"),
        ("def f():\n    return g() * 2", "0"),
        ("f = None\nclass A:\n    def f(self): return g() + 'x'\nf = A().f", "''"),
        ("def f():\n    for x in g():\n        yield x\nf = (lambda f: lambda: list(f()))(f)", "[]"),
        ("import asyncio\nasync def h(): return [x for x in g()]\nf = lambda: asyncio.run(h())", "[]"),
    ],
)
def test_a_hollow_function_gives_the_emptiest_value_of_its_type(definition: str, gives: str) -> None:
    text = f"from __future__ import annotations\n{definition}\n"
    mutated = next(iter(mutants(text, "python.function-hollow").values()))
    assert run(f"{mutated}\nprint(repr(f()))")[1] == f"{gives}\n"


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    def __init__(self):\n        self.x = f()\n",
        "class A:\n    @abstractmethod\n    def f(self):\n        raise NotImplementedError\n",
        "def f(): pass\n",
        "def f():\n    return None\n",
    ],
)
def test_what_is_hollow_already_or_must_build_its_object_is_left_alone(text: str) -> None:
    assert mutants(text, "python.function-hollow") == {}


@pytest.mark.parametrize(
    "text",
    [
        'logging.info("x %s", name)\n',
        'print("Usage: tool")\n',
        'print(f"failed {e}", file=sys.stderr)\n',
        'log.debug("x")\n',
    ],
)
def test_wording_is_only_ever_a_fine_message_fault(text: str) -> None:
    tree = FAMILY.parse(text, "python")
    assert tree is not None
    for operator in FAMILY.operators:
        for candidate in operator.propose(tree):
            assert candidate.stated or (candidate.tier or operator.tier) is Tier.FINE
            assert operator.fault is FaultClass.MESSAGE


def test_line_ends_and_indents_of_the_text_are_kept() -> None:
    text = "def main():\r\n\tfirst()\r\n\tfor x in y:\r\n\t\tsecond(x)\r\n\tthird()\r\n"
    (stopped,) = mutants(text, "python.loop-first-only").values()
    (returned,) = mutants(text, "python.early-return").values()
    assert "\t\tsecond(x)\r\n\t\tbreak\r\n" in stopped
    assert "\treturn\r\n\tthird()\r\n" in returned


def _compile_all(text: str) -> tuple[int, list[str]]:
    """How many mutants pass the local check, and those that are no program for all that."""
    tree = FAMILY.parse(text, "python")
    assert tree is not None
    count, wrong = 0, []
    for operator in FAMILY.operators:
        for candidate in operator.propose(tree):
            if not FAMILY.valid(tree, candidate):
                continue
            count += 1
            try:
                compile(apply(text, candidate.edits), "<mutant>", "exec", dont_inherit=True)
            except SyntaxError as error:
                wrong.append(f"{operator.id} {_shown(candidate)}: {error}")
    return count, wrong


def _shown(candidate: Candidate) -> str:
    return "; ".join(f"{edit.start}-{edit.end} {edit.new!r}" for edit in candidate.edits)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("folder", SNIPPETS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("long", [30, 2000])
def test_every_mutant_of_a_realistic_solution_compiles(
    folder: Path, long: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_LONG", long)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    texts = [source.text for source in read_sources(files, "solve.sh") if source.language == "python"]
    assert texts
    for text in texts:
        if FAMILY.parse(text, "python") is None:
            continue
        count, wrong = _compile_all(text)
        assert wrong == []
        assert count > 0 or len(text) < 40


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("module", ["asyncio.queues", "configparser", "csv", "getopt", "http.server", "sched", "shlex"])
def test_every_mutant_of_a_standard_module_compiles(module: str) -> None:
    path = Path(str(importlib.import_module(module).__file__))
    count, wrong = _compile_all(path.read_text(encoding="utf-8"))
    assert wrong == []
    assert count > 40
