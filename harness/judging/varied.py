"""A few commands more than the tests run: their own invocations of the solution's programs, each changed in one thing.
Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from posixpath import basename, join, normpath

from harness.trial.watching.calls import TWISTS, Besides, Call

MOST, MOST_OF_A_PROGRAM = 30, 18
_NUMBER = re.compile(r"-?\d+$")
_INTERPRETER = re.compile(r"(?:python|pypy|node|ruby|perl|php|lua|bash|sh|dash|zsh|Rscript|java|deno|awk|gawk)[\d.]*$")
_OPTION = re.compile(r"(?<![\w/.-])--?[A-Za-z][\w-]*")
MOST_OPTIONS = 6
_SHELL = re.compile(r"[|&;<>()$`*?#~\n]")


def varied(calls: Iterable[Call], left: Iterable[str], instruction: str) -> tuple[Besides, ...]:
    """`left`: files that the solution left. Programs that are none of its own are not run."""
    options = list(dict.fromkeys(_OPTION.findall(instruction)))[:MOST_OPTIONS]
    own = frozenset(left)
    found: dict[Besides, None] = {}
    seen: set[tuple[str, ...]] = set()
    for call in sorted(calls, key=lambda call: (call.status != 0, not call.inputs)):
        argv = words_of_call(call)
        at = _place_of_program(argv, call, own)
        program = tuple(basename(word) for word in argv[: (at or 0) + 1])
        if call.kind != "run" or at is None or program in seen:
            continue
        seen.add(program)
        before, rest = argv[: at + 1], argv[at + 1 :]
        tried = {
            **dict.fromkeys(_twisted(before, rest, call)),
            **dict.fromkeys(
                Besides((*before, *other), call.cwd, stdin, call.inputs)
                for other, stdin in _changed(rest, call, options)
            ),
        }
        found |= dict.fromkeys(list(tried)[:MOST_OF_A_PROGRAM])
    return tuple(found)[:MOST]


def _place_of_program(argv: Sequence[str], call: Call, own: frozenset[str]) -> int | None:
    """Which word names a program of the solution's, or a copy of one that the test made; None where none does."""
    for at, word in enumerate(argv):
        if at and not is_interpreter(argv[0]):
            return None
        path = normpath(join(call.cwd or "/", word))
        copied = any(path.startswith(f"{place}/") for _, place in call.inputs)
        if path in own or (copied and any(basename(each) == basename(path) for each in own)):
            return at
    return None


def is_interpreter(word: str) -> bool:
    return _INTERPRETER.match(basename(word)) is not None


def words_of_call(call: Call) -> tuple[str, ...]:
    """Without the shell around a command that needs none."""
    if call.argv[:2] == ("sh", "-c") and len(call.argv) == 3 and not _SHELL.search(call.argv[2]):
        try:
            return tuple(shlex.split(call.argv[2]))
        except ValueError:
            return call.argv
    return call.argv


def _twisted(before: Sequence[str], rest: Sequence[str], call: Call) -> Iterator[Besides]:
    """The same command with its first input file changed, or with what it reads from its standard input."""
    for word in rest:
        path = normpath(join(call.cwd or "/", word))
        if any(path == place or path.startswith(f"{place}/") for _, place in call.inputs):
            for twist in TWISTS:
                yield Besides((*before, *rest), call.cwd, call.stdin, call.inputs, twist, path)
            return


def _changed(rest: Sequence[str], call: Call, options: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    for option in options:
        if option not in rest:
            yield (*rest, option), call.stdin
    yield (), ""
    if rest:
        yield tuple(rest[:-1]), call.stdin
        yield (*rest[:-1], f"{rest[-1]}.missing"), call.stdin
    for at, word in enumerate(rest):
        if _NUMBER.match(word):
            for other in (0, int(word) + 1, int(word) - 1, -1):
                yield (*rest[:at], str(other), *rest[at + 1 :]), call.stdin
        elif word.startswith("-"):
            yield (*rest[:at], *rest[at + 1 :]), call.stdin
    yield (*rest, "--unknown-option"), call.stdin
    if call.stdin:
        yield tuple(rest), ""
        yield tuple(rest), call.stdin.rstrip("\n").rpartition("\n")[0]
