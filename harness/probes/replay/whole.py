"""The whole of what the reference left, without its work: files byte by byte, and a table in each program's place."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import base64
import posixpath
import re
import shlex
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harness.mutants import StepMutants
from harness.probes.forge.attempts import in_its_place
from harness.probes.model import Attempt, Probe
from harness.probes.replay.attempts import NotMade, write_lines
from harness.task.model import Task
from harness.task.texts import verifier_texts
from harness.trial.end_state import LARGEST_ALL, MOST_OUTPUTS, NOISE, EndState, outputs_of, services
from harness.trial.plan import Replacement
from harness.trial.standins import LANGUAGES, PLACE, RECORDED, RUN, Recorded, StandInProgram, stand_in, table_of
from mutator.operators.state import Output
from mutator.sources.languages import language_of

OPERATOR = f"{Probe.REPLAY}.{RECORDED}"
_SYSTEM = re.compile(
    r"^/(?:etc|usr/(?!local/bin/)|bin|sbin|lib|lib64|boot|root/\.|proc|sys)(?:/|$|\b)|^/var/(?!tmp/|www/|data/)"
)
"""Where work sets up a machine: to write that again is to do the work."""
_INERT = frozenset("json jsonl csv yaml toml ini env text markdown xml base64 pdf diff".split())
_SOURCES = frozenset("c cpp go rust java kotlin csharp typescript swift haskell ocaml scala cobol fortran zig".split())
"""What is compiled: of itself it does nothing."""
_COMPILES = re.compile(
    r"\b(?:gcc|g\+\+|clang|rustc|cargo|javac|mvn|gradle|dotnet|tsc|ghc|cobc|gfortran|cmake)\b|\bgo (?:build|run|test)\b"
    r"|[\"']make[\"'],|\bmake -|(?:&&|;)\s*make\b|[\"']go[\"'], *[\"'](?:build|run|test)"
)
_LIVING: Mapping[str, re.Pattern[str]] = {
    "the time": re.compile(
        r"\bdatetime\.(?:now|utcnow|today)\b|\bdate\.today\b|\btime\.(?:time|time_ns|monotonic|perf_counter|strftime|localtime|gmtime)\("
        r"|\bfrom time import\b|\bnew Date\(\)|\bDate\.now\b|\btime\.Now\(|\bInstant\.now|\bSystemTime::now|\bclock_gettime\b"
        r"|\btime\(NULL\)|\$\(date\b|`date\b|\bstrftime\b|\bTime\.now\b|\bEPOCHSECONDS\b"
    ),
    "randomness": re.compile(
        r"\brandom\.(?!seed\b)\w+\(|\bimport random\b|\bfrom random import\b|\bsecrets\.|\buuid\.?[14]\b|\burandom\b|\$\{?RANDOM\b|\bMath\.random\b"
        r"|\brand(?:int)?\(|\bcrypto\.random|\brand::|\bmt_rand\b|\bmktemp\b|\bshuf\b"
    ),
    "a server": re.compile(
        r"\bhttp\.server\b|\bsocketserver\b|\bHTTPServer\b|\.listen\(|\bListenAndServe\b|\buvicorn\b|\bapp\.run\(|\bsocket\.socket\("
        r"|\bserve_forever\b|\bTcpListener\b"
    ),
}
_SEEDED = re.compile(
    r"\bseed\s*\(|\bRandom\(\d|\bdefault_rng\(\d|\bRandomState\(\d|\bseed_from_u64\b|\brandom_state\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Material:
    """What a replay is made of."""

    data: tuple[Output, ...]
    """Written as they are."""
    emptied: tuple[Output, ...]
    """Sources of compiled programs, of which only the name is left."""
    links: tuple[tuple[str, str], ...]
    """(path, target)."""
    programs: tuple[StandInProgram, ...]
    modes: Mapping[str, int]
    """Of the programs."""
    watch: tuple[str, ...]
    """Folders that the reference wrote into."""


def material(task: Task, step: StepMutants, left: EndState) -> Material | NotMade:
    """What the reference left, each thing as what stands for it."""
    if services(left):
        return NotMade("the reference leaves a service running")
    if step.step.verifier.separate is not None:
        return NotMade("the tests run in an environment of their own")
    paths = [path for path, entry in left.entries.items() if entry[:1] != "d" and not NOISE.search(path)]
    if not paths:
        return NotMade("the reference leaves no file")
    if len(paths) > MOST_OUTPUTS:
        return NotMade(f"the reference leaves {len(paths)} files")
    outputs = {one.path: one for one in outputs_of(left)}
    data: list[Output] = []
    emptied: list[Output] = []
    links: list[tuple[str, str]] = []
    programs: dict[str, tuple[str, str, int]] = {}
    texts = [text.decode("utf-8", "replace") for text in step.files.values()]
    for path in paths:
        fields = left.entries[path].split(" ", 4)
        mode = int(fields[1], 8)
        if _SYSTEM.match(path):
            return NotMade(f"{path} belongs to the system: to write it again is the work itself")
        if fields[0] == "l":
            links.append((path, fields[4].split(" ")[0]))
        elif fields[0] != "f":
            return NotMade(f"{path} is neither a file nor a folder")
        elif (kind := _kind(path, mode, outputs.get(path))) in (*LANGUAGES, ""):
            programs[path] = (kind, _first_line(outputs.get(path)), mode)
            if path in outputs:
                texts.append(outputs[path].data.decode("utf-8", "replace"))
        elif path not in outputs:
            return NotMade(f"{path} is too large")
        elif kind in _SOURCES:
            emptied.append(Output(path, b"", mode))
        elif kind in _INERT:
            data.append(outputs[path])
        else:
            return NotMade(f"{path} is {kind}: its text is the work itself")
    why = _alive(texts) if programs else _dated(data)
    if not why and emptied and _COMPILES.search("\n".join(verifier_texts(task, step.step).values())):
        why = "the tests build a program of their own from what the reference leaves"
    if why:
        return NotMade(why)
    standins = [stand_in(path, at, kind, first) for at, (path, (kind, first, _)) in enumerate(programs.items())]
    watch = dict.fromkeys(posixpath.dirname(path) for path in paths)
    modes = {path: mode for path, (_, _, mode) in programs.items()}
    return Material(tuple(data), tuple(emptied), tuple(links), tuple(standins), modes, tuple(watch))


def _kind(path: str, mode: int, output: Output | None) -> str:
    """A language; '' for a program that only the kernel can start, "text" for what is no program."""
    if output is None:
        return "" if mode & 0o111 else "data"
    if output.data.startswith(b"\x7fELF"):
        return "" if mode & 0o111 else "text"
    try:
        text = output.data.decode()
    except UnicodeDecodeError:
        return "text"  # pictures, archives and the like
    language = language_of(path, text)
    if language == "python" and posixpath.basename(path) == "__init__.py":
        return "c"  # nobody runs it
    if mode & 0o111 and language not in LANGUAGES and text.startswith("#!"):
        return ""
    return language or "text"


def _first_line(output: Output | None) -> str:
    return output.data.split(b"\n", 1)[0].decode("utf-8", "replace").strip() if output is not None else ""


def _alive(texts: Sequence[str]) -> str:
    for what, pattern in _LIVING.items():
        for text in texts:
            found = pattern.search(text)
            if found and not (what == "randomness" and _SEEDED.search(text)):
                said = " ".join(found[0].split())
                return f"a program is {what}" if what == "a server" else f"a program reads {what} (`{said}`)"
    return ""


_DATE = re.compile(rb"\b(20\d\d-\d\d-\d\d)(?:[T ]\d\d:\d\d)?|\b(1[6-9]\d{8})(?:\.\d+)?\b|\b(1[6-9]\d{11})\b")


def _dated(data: Sequence[Output], now: datetime | None = None) -> str:
    """An output with the day of its making in it."""
    now = now or datetime.now(UTC)
    days = {(now + timedelta(days=days)).date().isoformat().encode() for days in (-1, 0, 1)}
    for one in data:
        for found in _DATE.finditer(one.data):
            seconds = float(found[2] or 0) or float(found[3] or 0) / 1000
            if found[1] in days or abs(seconds - now.timestamp()) < 2 * 86_400:
                return f"{one.path} has the time of its making in it (`{found[0].decode()}`)"
    return ""


def unsteady(left: EndState, again: EndState | None) -> str:
    """Why the reference's own outputs are no answers to repeat; '' where they are."""
    if again is None:
        return "it could not be seen twice what the reference leaves"
    differ = [path for path in left.outputs if left.outputs[path] != again.outputs.get(path)]
    return f"{differ[0]} is another in every run of the reference" if differ else ""


def unrecorded(first: Recorded | None, second: Recorded | None) -> str:
    """Why there is no table of what the tests run; '' where there is one."""
    if first is None or second is None:
        return "the reference is not paid, or not to the end, while it is written down what the tests run"
    for each in (first, second):
        if each.trouble:
            return each.trouble[0]
    if not first.files:
        return "the tests run no program of the solution's"
    if first.answers() != second.answers():
        return "the same calls are answered otherwise in another run, as where a program reads time or randomness"
    return ""


def attempt(task: Task, step: StepMutants, of: Material, recorded: Recorded) -> Attempt:
    count = len(recorded.calls())
    what = "the outputs are written byte by byte"
    if of.programs:
        calls = f"{count} recorded call{'s' if count > 1 else ''}"
        only = f"a table of {calls} answers in the place of {', '.join(one.path for one in of.programs)[:200]}"
        what = f"{only}, and {what}" if of.data else only
    return Attempt(
        Probe.REPLAY,
        RECORDED,
        OPERATOR,
        what,
        step.step.name,
        because="nothing is worked out",
        replacement=Replacement(in_its_place(task, solution(of, recorded, what))),
    )


def not_made(step: StepMutants) -> Attempt:
    return Attempt(
        Probe.REPLAY,
        RECORDED,
        OPERATOR,
        "what the reference left is written again, with nothing behind it",
        step.step.name,
        because="nothing is worked out",
    )


def solution(of: Material, recorded: Recorded, about: str) -> str:
    run = Output(f"{PLACE}/run", RUN.encode(), 0o755)
    watch = Output(f"{PLACE}/watch", "".join(f"{each}\n" for each in of.watch).encode(), 0o644)
    coded = base64.encodebytes(table_of(recorded)).decode()
    table = [f"base64 -d <<'FOOLSGOLD' | tar -C {PLACE} -xf -", f"{coded}FOOLSGOLD"]
    return written(of, [run, watch], about, [f"mkdir -p {PLACE}/table {PLACE}/seen", *table])


def written(of: Material, behind: Sequence[Output], about: str, lines_behind: Sequence[str] = ()) -> str:
    """A solution that writes what the reference left. `behind`: what answers for the programs, if there are any, and
    what else there is to do for that."""
    lines = ["#!/bin/sh", f"# None of the work is done here: {about}.", "set -e"]
    for one in sorted([*of.data, *of.emptied], key=lambda output: output.path):
        lines += write_lines(one)
    if of.programs:
        for one in behind:
            lines += write_lines(one)
        lines += [*lines_behind, f"chmod -R a+rwX {PLACE}"]
    for program in of.programs:
        lines += write_lines(Output(program.path, program.text.encode(), of.modes[program.path]))
    for path, target in of.links:
        lines += [
            f"mkdir -p {shlex.quote(posixpath.dirname(path))}",
            f"ln -sfn {shlex.quote(target)} {shlex.quote(path)}",
        ]
    return "\n".join(lines) + "\n"


def too_large(of: Material, recorded: Recorded) -> bool:
    size = sum(len(one.data) for one in of.data) + sum(len(b64decode(each)) for each in recorded.files.values())
    return size > LARGEST_ALL
