"""What a solution left in its box, as a value that can be compared: changed paths and running processes.

A variant that leaves exactly what the reference leaves is no wrong solution, whatever its text looks like.
"""

from __future__ import annotations

import os
import re
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from shlex import quote

from harness.engine.contract import OWN_FOLDER, Box, Command
from harness.errors import EngineError
from mutator.operators.state import Output

MOST = 20_000
"""Changed paths beyond which a state is not compared."""
LARGEST_STATE = 1 << 30
"""Bytes of all changed files, holes counted like data, beyond which a state is not compared: each is read whole."""
LARGEST, LARGEST_ALL, MOST_OUTPUTS = 1 << 20, 4 << 20, 60
"""Bytes of one output, of all of a task, and how many of them are kept."""
PATIENCE = 60.0
FIELDS = 5
"""Of a line after its path: type, mode, owner, group, link."""
_OWN = "/dev/shm/.foolsgold-state"  # noqa: S108 - in the box, where nobody else is
_MARK, _LIST, _SIZES, _TOLD, _WRITTEN = (f"{_OWN}{end}" for end in ("-mark", "-list", "-sizes", "", "-written"))
_ASIDE = ("/proc", "/sys", "/dev", "/logs", OWN_FOLDER)

# The clock of change times ticks in hundredths of a second.
_LOOK = f"set -e; find / -maxdepth 0 -printf '' ; sleep 0.02; : >{_MARK}; sleep 0.02"
# Named pipes are never read: only what `find` calls a file is. A folder tells by its names what was removed from it.
_PRINT = r"-printf '%p\t%y\t%m\t%U\t%G\t%l\0'"
_NEWER = f"-cnewer {_MARK} {_PRINT}"
_EVERYWHERE = "find / " + " ".join(f"-path {path} -prune -o" for path in _ASIDE) + f" {_NEWER}"
_AMONG_WRITTEN = "xargs -0 -r sh -c " + quote('find "$@" -maxdepth 0 ' + _NEWER) + f" sh <{_WRITTEN}"
# A path that is not there any more is left out, which is what is to be seen.
_THESE = "{ xargs -0 -r sh -c " + quote('find "$@" -maxdepth 0 ' + _PRINT) + f" sh <{_WRITTEN} || true; }}"
# Extended attributes, access control lists and capabilities among them. Whoever can set one can list it.
_ATTRIBUTES = """
import os, sys
for line in open(sys.argv[1], "rb").read().split(b"\\0"):
    path = line.split(b"\\t")[0]
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False)) if path else []
        values = [name + "=" + os.getxattr(path, name, follow_symlinks=False).hex() for name in names]
    except OSError:
        continue
    if values:
        sys.stdout.buffer.write(b"# file: " + path + b"\\n" + os.fsencode("\\n".join(values)) + b"\\n\\n")
"""
_WITHOUT_PYTHON = f"""
cut -z -f1 {_LIST} | xargs -0 -r getfattr -h -d -m - -e hex --absolute-names --
cut -z -f1 {_LIST} | xargs -0 -r getfacl -p -s --"""
_COMPARE = rf"""set -e
FIND >{_LIST} || [ -s {_LIST} ]
grep -z "$(printf '\tf\t')" {_LIST} | cut -z -f1 | xargs -0 -r sh -c 'find "$@" -maxdepth 0 -printf "%s\n"' sh >{_SIZES}
total=0
while read -r size; do total=$((total + size)); done <{_SIZES}
[ "$total" -le {LARGEST_STATE} ]
cat {_LIST}
printf '\n\0'
grep -z "$(printf '\tf\t')" {_LIST} | cut -z -f1 | xargs -0 -r sha256sum -z --
printf '\n\0'
grep -z "$(printf '\td\t')" {_LIST} | cut -z -f1 |
  xargs -0 -r sh -c 'find "$@" -mindepth 1 -maxdepth 1 -printf "%h\t%f\0"' sh
printf '\n\0'
( python3 -I -c {quote(_ATTRIBUTES)} {_LIST} || {{ {_WITHOUT_PYTHON}
}} ) 2>/dev/null || true
"""
# Without the shell that asks, and the one it was asked through.
_PROCESSES = r"""for p in /proc/[0-9]*; do
  case ${p#/proc/} in $$|$PPID) continue ;; esac
  c=$(tr '\0\n' '  ' <$p/cmdline) && [ -n "$c" ] && echo "${p#/proc/} $c"
done 2>/dev/null; true"""

NOISE = re.compile(
    r"^/(?:var/log|var/cache|var/lib/(?:apt|dpkg|systemd|ucf)|var/tmp|tmp|run|var/run)(?:/|$)"
    r"|/(?:__pycache__|\.cache|\.npm|\.pytest_cache)(?:/|$)|\.pyc$|\.pid$|\.log$|^/etc/ld\.so\.cache$"
)
"""Where two runs of the same solution may differ without anybody caring."""


@dataclass(frozen=True, slots=True)
class EndState:
    """What changed while solving."""

    entries: Mapping[str, str] = field(default_factory=dict)
    """Path -> type, mode, owner, link, content's digest and, where there are any, that of its extended attributes; a
    folder's content is its names."""
    processes: tuple[str, ...] = ()
    """Command lines of what was started and still runs, sorted. What such a process has in its memory shows nowhere."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Path -> content in base64, of the files that are no noise and not large; only where they were asked for."""
    beside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Service beside the one that was solved in -> what changed in its own box meanwhile, as in `entries`. Volumes that
    several have are among the entries of each. What a service has in its memory shows nowhere."""
    ended: tuple[str, ...] = ()
    """The services of which the main process had ended by then."""


_BARE_SHELL = re.compile(r"(?:/\S*/)?(?:ba|da|a)?sh")


def services(state: EndState) -> list[str]:
    """What still runs, but for a shell without words: such a one is how an engine gets into a box."""
    return [each for each in state.processes if not _BARE_SHELL.fullmatch(each.strip())]


Before = frozenset[str]


def look(box: Box) -> Before | None:
    """Remember how the box is now. None where it lacks the tools."""
    marked = box.run(Command(("sh", "-c", _LOOK), PATIENCE, user="root"))
    return processes(box) if marked.status == 0 else None


def processes(box: Box) -> Before | None:
    """The command lines of what runs, each with its process. None where it cannot be told."""
    done = box.run(Command(("sh", "-c", _PROCESSES), PATIENCE, user="root"))
    return frozenset(done.output.decode("utf-8", "replace").splitlines()) if done.status == 0 else None


def changes(box: Box, before: Before, ignore: str, *, keep: bool = False) -> EndState | None:
    """What changed since `look`, without what lies below `ignore`; None where it cannot be told. `keep`: with the
    contents of the files."""
    written = box.written()
    if written is not None:
        _put_list(box, written)
    entries = _listed(box, _EVERYWHERE if written is None else _AMONG_WRITTEN, ignore)
    running = processes(box)
    if entries is None or running is None:
        return None
    started = sorted(line.partition(" ")[2] for line in running - before)
    return EndState(entries, tuple(started), _contents(box, entries) if keep else {})


def look_beside(beside: Mapping[str, Box]) -> None:
    """The same of the services beside, as far as they run."""
    for box in beside.values():
        with _ends_meanwhile(box):
            look(box)


def with_services(left: EndState, beside: Mapping[str, Box]) -> EndState:
    """That, with what changed in the boxes beside since `look_beside`."""
    entries: dict[str, Mapping[str, str]] = {}
    for name, box in beside.items():
        with _ends_meanwhile(box):
            state = changes(box, frozenset(), "")
            if state is not None:
                entries[name] = state.entries
    ended = sorted(name for name, box in beside.items() if box.ended() is not None)
    return replace(left, beside=entries, ended=tuple(ended))


@contextmanager
def _ends_meanwhile(box: Box) -> Iterator[None]:
    """No command runs in a service that has ended, and that is no fault of the engine's."""
    try:
        yield
    except EngineError:
        if box.ended() is None:
            raise


def state_of(box: Box, paths: Iterable[str]) -> EndState | None:
    """How these paths are now, with their contents, whenever they changed; None where it cannot be told."""
    _put_list(box, [os.fsencode(path) for path in paths])
    entries = _listed(box, _THESE, "")
    return EndState(entries, (), _contents(box, entries)) if entries is not None else None


def _listed(box: Box, find: str, ignore: str) -> dict[str, str] | None:
    script = _COMPARE.replace("FIND", find)
    found = box.run(Command(("sh", "-c", f"({script}) >{_TOLD} 2>/dev/null"), PATIENCE, user="root"))
    text = box.read(_TOLD, limit=16 << 20)
    if found.status != 0 or not text:
        return None
    parts = text.split(b"\n\0")
    if len(parts) != 4 or parts[0].count(b"\0") > MOST:
        return None
    return _entries(_lines(parts[0]), _lines(parts[1]), _lines(parts[2]), _attributes(parts[3]), ignore)


def _put_list(box: Box, paths: list[bytes]) -> None:
    aside = tuple(os.fsencode(path) for path in _ASIDE)
    with tempfile.NamedTemporaryFile() as file:
        for path in paths:
            if not any(path == folder or path.startswith(folder + b"/") for folder in aside):
                file.write(path + b"\0")
        file.flush()
        box.put(Path(file.name), _WRITTEN)


def _contents(box: Box, entries: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    room = LARGEST_ALL
    for path, entry in entries.items():
        if not entry.startswith("f ") or NOISE.search(path) or len(kept) >= MOST_OUTPUTS:
            continue
        data = box.read(path, limit=LARGEST + 1)
        if data is not None and len(data) <= min(LARGEST, room):
            kept[path] = b64encode(data).decode()
            room -= len(data)
    return kept


def outputs_of(state: EndState) -> list[Output]:
    return [
        Output(path, b64decode(text), int(state.entries[path].split(" ")[1], 8)) for path, text in state.outputs.items()
    ]


def _lines(part: bytes) -> list[str]:
    return [raw.decode("utf-8", "surrogateescape") for raw in part.split(b"\0") if raw]


def _attributes(part: bytes) -> dict[str, str]:
    """Path -> its extended attributes and lists, in one text; getfattr and getfacl write alike."""
    found: dict[str, list[str]] = {}
    path = ""
    for line in part.decode("utf-8", "surrogateescape").splitlines():
        if line.startswith("# file: "):
            path = line.removeprefix("# file: ")
        elif line.strip() and not line.startswith(("#", *_OF_THE_SYSTEM)):
            found.setdefault(path, []).append(line)
    return {path: "\n".join(sorted(lines)) for path, lines in found.items()}


_OF_THE_SYSTEM = ("trusted.overlay.", "user.overlay.", "security.selinux", "security.ima", "security.evm")


def _entries(
    paths: list[str], digests: list[str], names: list[str], attributes: Mapping[str, str], ignore: str
) -> dict[str, str] | None:
    """None where a path has characters that the lists cannot carry."""
    contents = {line[66:]: line[:64] for line in digests}
    inside: dict[str, list[str]] = {}
    for line in names:
        folder, _, name = line.partition("\t")
        inside.setdefault(folder or "/", []).append(name)
    entries: dict[str, str] = {}
    for line in paths:
        path, *fields = line.split("\t")
        if len(fields) != FIELDS or "\n" in line:
            return None
        if _below(path, ignore):
            continue
        kind = fields[0]
        if kind == "f" and path not in contents:
            return None
        if kind == "d":
            listed = "\0".join(sorted(inside.get(path, ())))
            contents[path] = sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()
        more = (sha256(attributes[path].encode("utf-8", "surrogateescape")).hexdigest(),) if path in attributes else ()
        entries[_printable(path)] = _printable(" ".join((*fields, contents.get(path, ""), *more)))
    return dict(sorted(entries.items()))


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _below(path: str, folder: str) -> bool:
    return bool(folder) and (path == folder or path.startswith(folder.rstrip("/") + "/"))


def unsteady(first: EndState, second: EndState) -> frozenset[str] | None:
    """The paths in which two runs of the reference differ; None where nothing can be told from their state: more than
    noise differs, or something runs whose memory may, a service beside among them."""
    paths = {path for path in {*first.entries, *second.entries} if first.entries.get(path) != second.entries.get(path)}
    if (
        first.processes
        or second.processes
        or first.beside
        or second.beside
        or not all(NOISE.search(path) for path in paths)
    ):
        return None
    return frozenset(paths)


def same(reference: EndState, mutant: EndState, aside: frozenset[str]) -> bool:
    paths = {*reference.entries, *mutant.entries} - aside
    return (
        not mutant.processes
        and not mutant.beside
        and all(reference.entries.get(path) == mutant.entries.get(path) for path in paths)
    )
