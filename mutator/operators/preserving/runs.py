"""The reference in other circumstances: slower, twice, elsewhere, on another day. A right solution is right there too,
and a verifier that pays only in one place on one day does not measure the solution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mutator.model import ByteEdit, short_id
from mutator.operators.preserving.promise import Promise
from mutator.shell.commands import read_commands
from mutator.shell.syntax import read_shell


@dataclass(frozen=True, slots=True)
class RunVariant:
    """A trial of the reference with these circumstances, in this order: the box gets `hostname` and `env`, runs
    `before` as root before solving, and `check` after solving, the way a solution is run. Where `check` does not exit
    with 0 the circumstance was not made, and the variant is not measured."""

    id: str
    operator: str
    sentence: str
    promise: Promise
    env: Mapping[str, str] = field(default_factory=dict)
    """Of every process in the box, solving and verifying. `$PATH` in a value is the box's own."""
    hostname: str = ""
    before: str = ""
    check: str = "true"
    script: tuple[ByteEdit, ...] = ()
    """Edits of the solution's script."""


SLOW = "preserving.slow"
TWICE = "preserving.twice"
PATH = "preserving.longer-path"
HOSTNAME = "preserving.hostname"
TIMEZONE = "preserving.timezone"
LOCALE = "preserving.locale"
DAY = "preserving.another-day"
OPERATORS = (SLOW, TWICE, PATH, HOSTNAME, TIMEZONE, LOCALE, DAY)

SECONDS = 5
DAYS = 400
_FAKETIME = """\
for lib in /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1 \\
    /usr/lib64/faketime/libfaketime.so.1 /usr/local/lib/faketime/libfaketime.so.1; do
    if [ -e "$lib" ]; then
        echo "+DAYSd" > /etc/faketimerc && echo "$lib" >> /etc/ld.so.preload
        break
    fi
done
""".replace("DAYS", str(DAYS))
"""Every program that is linked dynamically sees another day; only where the library is in the box."""

_MARK = "/dev/shm/.foolsgold-made"  # noqa: S108 - in the box, where nobody else is
"""Left by a solution that ran as it was to."""
_LOCALE = r"""told() { locale charmap; printf 'a\nB\n' | sort; }
[ "$LC_ALL" = C.UTF-8 ] && [ "$(told)" != "$(unset LC_ALL; told)" ]"""
"""Many an image has this locale already: then nothing is another than it was."""

_TIME = (
    r"\b(?:today|now|current (?:date|time|day|year)|date|time ?zone|utc|local time|clock|cron|schedul\w+|expir\w+"
    r"|certificate|days?|ssl|tls)\b"
)


def run_variants(script: str, instruction: str) -> Iterator[RunVariant]:
    """Those that the instruction does not forbid, surest first. `script`: the solution's shell script, '' for none."""
    made = [*_of_script(script), *_of_box()]
    fair = [one for one in made if not one.promise.asked(instruction)]
    yield from sorted(fair, key=lambda one: one.promise.depends_on_instruction)


def _of_script(script: str) -> Iterator[RunVariant]:
    at = _after_shebang(script)
    if at is None:
        return
    yield _variant(
        SLOW,
        f"the solution takes {SECONDS} seconds longer",
        Promise(
            "all that the solution does",
            "how long solving takes is not what it leaves behind",
            unless=r"\bwithin \d+ (?:seconds?|minutes?)|\btime limit\b",
        ),
        script=(ByteEdit(at, at, f"sleep {SECONDS} && : > {_MARK}\n".encode()),),
        check=f"[ -e {_MARK} ]",
    )
    if _is_repeatable(script):
        again = (
            'if [ -z "$FOOLSGOLD_AGAIN" ]; then FOOLSGOLD_AGAIN=1 "${BASH:-sh}" "$0" "$@" || true; '
            f"else : > {_MARK}; fi\n"
        )
        yield _variant(
            TWICE,
            "the solution is run twice",
            Promise(
                "the files that the solution leaves",
                "it only makes folders and writes whole files anew, so a second run writes the same",
                unless=r"\bidempoten|\bonce\b|\bappend",
            ),
            script=(ByteEdit(at, at, again.encode()),),
            check=f"[ -e {_MARK} ]",
        )


def _of_box() -> Iterator[RunVariant]:
    yield _variant(
        PATH,
        "PATH has two more folders at its end",
        Promise(
            "every command that is found", "a folder at the end of PATH hides nothing", unless=r"(?-i:\$PATH\b|\bPATH=)"
        ),
        env={"PATH": "$PATH:/opt/site/bin:/opt/more/bin"},
        before="mkdir -p /opt/site/bin /opt/more/bin",
        check='case "$PATH" in *:/opt/site/bin:/opt/more/bin) ;; *) exit 1 ;; esac',
    )
    yield _variant(
        HOSTNAME,
        "the machine has another name",
        Promise(
            "all that the solution does", "a box's name is given to it anew for every run", unless=r"\bhost ?name\b"
        ),
        hostname="berth-17",
        check='[ "$(cat /proc/sys/kernel/hostname)" = berth-17 ]',
    )
    zone = Promise(
        "all that does not depend on the time of day",
        "a machine may stand anywhere",
        depends_on_instruction=True,
        unless=_TIME,
    )
    yield _variant(
        TIMEZONE,
        "the machine's clock is 14 hours ahead of UTC",
        zone,
        env={"TZ": "XXX-14"},
        check='[ "$(date +%z)" = +1400 ]',
    )
    yield _variant(
        LOCALE,
        "texts are in UTF-8 by the C locale's rules",
        Promise(
            "all that does not depend on the order of letters",
            "C.UTF-8 is part of every C library of today",
            depends_on_instruction=True,
            unless=r"\b(?:locale|LANG|LC_\w+|bytewise|collat\w+|ascii|encoding)\b",
        ),
        env={"LC_ALL": "C.UTF-8"},
        check=_LOCALE,
    )
    yield _variant(
        DAY,
        f"it is {DAYS} days later",
        Promise(
            "all that does not depend on the date",
            "a task is worked on for years",
            depends_on_instruction=True,
            unless=_TIME,
        ),
        before=f'now=$(date +%s)\n{_FAKETIME}echo "$now" > /run/foolsgold-day',
        check=f"[ $(( $(date +%s) - $(cat /run/foolsgold-day) )) -ge {(DAYS - 1) * 86_400} ]",
    )


def _after_shebang(script: str) -> int | None:
    """In bytes; None where it is no shell script, or one that cannot be read."""
    if (
        not script.strip()
        or re.match(r"#!(?![^\n]*\b(?:ba|da|z|k|a)?sh\b)", script)
        or read_shell(script).root.has_error
    ):
        return None
    return len(script[: script.find("\n") + 1].encode()) if script.startswith("#!") else 0


_REPEATABLE = frozenset("cat echo printf chmod set true : tee export cd test [ install".split())


def _is_repeatable(script: str) -> bool:
    """Whether a second run surely leaves what the first one left."""
    tree = read_shell(script)
    commands = read_commands(tree)
    if tree.root.has_error or not commands or not script.startswith("#!"):
        return False
    for command in commands:
        words = [script[start:end] for start, end in command.words]
        outputs = [redirect for redirect in command.redirects if ">" in redirect.op]
        if any(">>" in redirect.op for redirect in outputs) or command.captured or not words:
            return False
        name, rest = words[0], words[1:]
        known = name in _REPEATABLE or name == "cp" or (name == "mkdir" and "-p" in rest)
        if not known or (name == "tee" and any(word.startswith("-") for word in rest)):
            return False
        if name == "cp" and any(re.match(r"-\w*[rRa]", word) for word in rest):
            return False  # where the folder is there already, the copy lands within it
        if name == "cat" and any(word == script[slice(*(r.target or (0, 0)))] for word in rest for r in outputs):
            return False
    return True


def _variant(
    operator: str,
    sentence: str,
    promise: Promise,
    *,
    env: Mapping[str, str] | None = None,
    hostname: str = "",
    before: str = "",
    check: str = "true",
    script: tuple[ByteEdit, ...] = (),
) -> RunVariant:
    identity = short_id(operator, repr(env), hostname, before, repr(script))
    return RunVariant(identity, operator, sentence, promise, env or {}, hostname, before, check, script)
