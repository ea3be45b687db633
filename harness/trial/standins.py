"""Stand-ins in the place of a solution's programs: they write down what the tests run, or answer from what was written
down. Both do the same with words, files and input, so that the same call is known again.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.engine.contract import Box, Command

PLACE = "/var/tmp/foolsgold-replay"  # noqa: S108 - in the box, where nobody else is
RECORDED = "recorded"
"""Label of the reference's runs in which it is written down what the tests run."""
LARGEST_TABLE, MOST_FILES = 4 << 20, 4_000
"""Bytes of all that was written down, packed, and files in it."""
PATIENCE = 120.0
RUN = r"""#!/bin/sh
# Answers for a program as it answered when it was recorded: nothing is worked out here.
# usage: run NUMBER INTERPRETER PROGRAM [WORD]...
here=@PLACE@
number=$1 with=$2 program=$3
shift 3
said=$(printf '%s ' "${program##*/}" "$@" | tr '\n' ' ' | cut -c1-400)
now=$(mktemp -d "$here/now.XXXXXX") || exit 98
if [ -t 0 ]; then : >"$now/stdin"; else cat >"$now/stdin" 2>/dev/null; fi

sum() { sha256sum | cut -c1-64; }
inside() {
  ( cd "$1" 2>/dev/null && find . -xdev -type f ! -path '*/.git/*' ! -path '*/__pycache__/*' -exec sha256sum {} + \
    2>/dev/null | LC_ALL=C sort -k2 | head -n 4000 ) | sum
}
# Where a file lies is no input in folders for temporary files: there the name may be another each time.
passing() { case $1 in /tmp/*|/var/tmp/*|/dev/shm/*) ;; *) false ;; esac; }
word() {
  case $1 in /*) at=$1 ;; *) at=$PWD/$1 ;; esac
  if [ -f "$at" ]; then
    if passing "$at"; then printf 'file '; else printf 'file:%s ' "$1"; fi
    sum <"$at"
  elif [ -d "$at" ]; then
    if passing "$at/"; then printf 'folder '; inside "$at"; else printf 'folder:%s\n' "$1"; fi
  elif [ "${1#*/}" != "$1" ] && passing "$at"; then
    printf 'path:%s\n' "${at##*/}"
  else
    printf 'word:%s\n' "$1"
  fi
}
{
  echo "program:$number"
  for one; do
    case $one in -*=*) printf 'word:%s\n' "${one%%=*}"; word "${one#*=}" ;; *) word "$one" ;; esac
  done
  if passing "$PWD/"; then printf 'in '; inside .; else printf 'in:%s\n' "$PWD"; fi
  if [ -s "$now/stdin" ]; then printf 'stdin '; sum <"$now/stdin"; fi
} >"$now/key"
key=$(sum <"$now/key" | cut -c1-16)

# The folders in which it may write: the same ones in the same order whenever the same is called.
{
  pwd
  cat "$here/watch"
  for one; do
    case $one in -*=*) one=${one#*=} ;; esac
    [ ! -d "$one" ] || printf '%s\n' "$one"
    case $one in */*) [ ! -d "${one%/*}" ] || printf '%s\n' "${one%/*}" ;; esac
  done
} | grep -v -E '^/*$|^/(usr/bin|usr/lib|bin|sbin|lib|lib64|etc|proc|sys|dev|run|tests|logs|boot)(/|$)' >"$now/roots"

if [ -e "$here/recording" ]; then
  mkdir "$here/busy" 2>/dev/null || : >"$here/trouble-parallel"
  : >"$here/begun-${now##*.}"
  for one in "$here"/program/*; do
    path=$(cat "$one/path")
    cp -p "$one/own" "$path.foolsgold" && mv -f "$path.foolsgold" "$path" || : >"$here/trouble-put-back"
  done
  list() {
    ( cd "$1" && find . -xdev \( -name .git -o -name __pycache__ -o -name 'foolsgold-replay' \) -prune -o \
      \( -type f -o -type l \) -printf '%p\t%T@\t%s\t%m\n' -o -type d -printf '%p\n' || : >"$here/trouble-find" ) |
      LC_ALL=C sort
  }
  count=0
  while read -r root; do count=$((count + 1)); list "$root" >"$now/before.$count"; done <"$now/roots"
  if [ "$with" = - ]; then set -- "$program" "$@"; else set -- "$with" "$program" "$@"; fi
  "$@" <"$now/stdin" >"$now/out" 2>"$now/err"
  echo $? >"$now/status"
  count=0
  while read -r root; do
    count=$((count + 1))
    list "$root" >"$now/after.$count"
    LC_ALL=C comm -13 "$now/before.$count" "$now/after.$count" | cut -f1 >"$now/new"
    cut -f1 "$now/after.$count" | LC_ALL=C sort >"$now/there"
    cut -f1 "$now/before.$count" | LC_ALL=C sort | LC_ALL=C comm -23 - "$now/there" >"$now/$count.gone"
    [ -s "$now/$count.gone" ] || rm -f "$now/$count.gone"
    [ ! -s "$now/new" ] || tar -C "$root" -cf "$now/$count.tar" --no-recursion -T "$now/new" || : >"$here/trouble-tar"
  done <"$now/roots"
  for one in "$here"/program/*; do
    path=$(cat "$one/path")
    cp -p "$one/standin" "$path.foolsgold" && mv -f "$path.foolsgold" "$path"
  done
  n=0
  while ! mkdir "$here/table/$key-$n" 2>/dev/null && [ $n -lt 999 ]; do n=$((n + 1)); done
  known=$here/table/$key-$n
  printf %s "$said" >"$known/said"
  cp "$now/key" "$now/out" "$now/err" "$now/status" "$known/"
  for one in "$now"/*.tar "$now"/*.gone; do [ ! -e "$one" ] || cp "$one" "$known/"; done
  rm -f "$here/begun-${now##*.}"
  rmdir "$here/busy" 2>/dev/null
else
  n=0
  while ! mkdir "$here/seen/$key-$n" 2>/dev/null && [ $n -lt 999 ]; do n=$((n + 1)); done
  while [ ! -d "$here/table/$key-$n" ] && [ $n -gt 0 ]; do n=$((n - 1)); done
  known=$here/table/$key-$n
  if [ ! -d "$known" ]; then
    echo "this call is not in the table" >&2
    exit 97
  fi
  count=0
  while read -r root; do
    count=$((count + 1))
    if [ -e "$known/$count.gone" ]; then
      ( cd "$root" && LC_ALL=C sort -r "$known/$count.gone" | while read -r one; do rm -rf "$one"; done )
    fi
    [ ! -e "$known/$count.tar" ] || tar -C "$root" -xpf "$known/$count.tar"
  done <"$now/roots"
fi
rm -rf "$now"
cat "$known/out"
cat "$known/err" >&2
exit "$(cat "$known/status")"
""".replace("@PLACE@", PLACE)
_INSTALL = f"""set -e
cd {PLACE}
mkdir -p table seen
find . -type d -exec chmod 777 {{}} +
: >recording
for one in program/*; do
  path=$(cat "$one/path")
  cp -p "$path" "$one/own"
  chmod --reference="$path" "$one/standin"
  chown --reference="$path" "$one/standin"
done
{{ cat watch; echo "${{1:-/}}"; }} | grep -v '^/*$' | sort -u | while read -r folder; do
  find "$folder" -xdev -type f -size -2048k -exec sha256sum {{}} + 2>/dev/null || true
done | cut -c1-64 | sort -u | head -n 20000 >known
for one in program/*; do
  path=$(cat "$one/path")
  cp -p "$one/standin" "$path.foolsgold"
  mv -f "$path.foolsgold" "$path"
done"""
_PACK = f"cd {PLACE} && rm -rf now.* && ls >listed && tar -czf {PLACE}.tgz table known listed"
_MEMBER = re.compile(
    r"(?:\./)?(?:known|listed|table/[0-9a-f]{16}-\d{1,3}/(?:key|said|out|err|status|\d{1,3}\.(?:tar|gone)))"
)


@dataclass(frozen=True, slots=True)
class StandInProgram:
    """What stands in a program's place; it hands every call to `run`."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the tests ran of the solution's programs."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Of the table: `HASH-N/out` and so on -> content in base64."""
    known: tuple[str, ...] = ()
    """Digests of the files that were there when solving had ended."""
    trouble: tuple[str, ...] = ()
    """Why it is no whole record."""

    def calls(self) -> tuple[RecordedCall, ...]:
        folders = sorted({name.partition("/")[0] for name in self.files})
        wrote = {name.partition("/")[0] for name in self.files if name.endswith((".tar", ".gone"))}
        return tuple(
            RecordedCall(
                self._text(f"{one}/said").strip(),
                self._text(f"{one}/key"),
                self._data(f"{one}/out"),
                self._data(f"{one}/err"),
                _status(self._text(f"{one}/status").strip()),
                one in wrote,
            )
            for one in folders
        )

    def _text(self, name: str) -> str:
        return self._data(name).decode("utf-8", "replace")

    def _data(self, name: str) -> bytes:
        return b64decode(self.files.get(name, ""))

    def answers(self) -> Mapping[str, object]:
        """What two records have to agree in: everything but the times of what was written."""
        return {name: _contents(data) if name.endswith(".tar") else data for name, data in self.files.items()}


@dataclass(frozen=True, slots=True)
class RecordedCall:
    said: str
    """The command line, for people."""
    key: str
    """What it is known by, a line each: words, contents of files and folders, and standard input."""
    out: bytes = b""
    err: bytes = b""
    status: int = 0
    wrote: bool = False
    """It wrote or removed files."""

    @property
    def program(self) -> int:
        """Which of the programs."""
        first = self.key.partition("\n")[0].removeprefix("program:")
        return int(first) if first.isdigit() else -1


def _status(said: str) -> int:
    """The text comes from a box: what is no exit status counts as a failure."""
    return int(said) if re.fullmatch(r"\d{1,3}", said, re.ASCII) else 1


def _contents(data: str) -> object:
    try:
        with tarfile.open(fileobj=io.BytesIO(b64decode(data))) as packed:
            return [(one.name, one.mode, one.linkname, _read(packed, one)) for one in packed]
    except (tarfile.TarError, OSError, EOFError):
        return data


def _read(packed: tarfile.TarFile, one: tarfile.TarInfo) -> bytes:
    file = packed.extractfile(one) if one.isfile() and one.size <= LARGEST_TABLE else None
    return file.read() if file is not None else b""


# --- what stands in a program's place

_HAND_ON: Mapping[str, str] = {
    "python": (
        "import os\nimport sys\n\nif __name__ != '__main__':\n    open('{place}/imported', 'w').close()\n"
        "    raise ImportError('there is nothing behind it')\n"
        "os.execv('/bin/sh', ['sh', '{place}/run', '{number}', sys.executable, *sys.argv])\n"
    ),
    "shell": 'exec /bin/sh {place}/run {number} {interpreter} "$0" "$@"\n',
    "javascript": (
        "import('node:child_process').then(({{ spawnSync }}) => {{\n"
        "  const words = ['{place}/run', '{number}', process.execPath, ...process.argv.slice(1)];\n"
        "  process.exit(spawnSync('/bin/sh', words, {{ stdio: 'inherit' }}).status);\n}});\n"
    ),
    "ruby": "require 'rbconfig'\nexec('/bin/sh', '{place}/run', '{number}', RbConfig.ruby, $0, *ARGV)\n",
    "perl": "exec('/bin/sh', '{place}/run', '{number}', $^X, $0, @ARGV);\n",
}
LANGUAGES = frozenset(_HAND_ON)
"""Languages whose programs may be started by naming an interpreter."""


def stand_in(path: str, number: int, language: str, first: str) -> StandInProgram:
    """For the program with this number. `language`: '' for what only the kernel can start. `first`: its first line."""
    if not language:
        body, shebang, interpreter = _HAND_ON["shell"], "#!/bin/sh", "-"
    else:
        body, shebang = _HAND_ON[language], first if first.startswith("#!") else ""
        words = [word for word in shebang[2:].split() if not word.startswith("-") and not word.endswith("/env")]
        interpreter = words[0].rpartition("/")[2] if words else "bash"
    text = body.format(place=PLACE, number=number, interpreter=interpreter)
    return StandInProgram(path, (f"{shebang}\n" if shebang else "") + text)


# --- in the box


def install(box: Box, standins: Sequence[StandInProgram], watch: Sequence[str], workdir: str) -> str:
    """Why they could not be put there, '' where they were."""
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
        for number, one in enumerate(standins):
            own = Path(folder, "program", str(number))
            own.mkdir(parents=True)
            (own / "path").write_text(one.path)
            (own / "standin").write_text(one.text)
        Path(folder, "run").write_text(RUN)
        Path(folder, "watch").write_text("".join(f"{each}\n" for each in watch))
        box.put(Path(folder), PLACE)
    done = box.run(Command(("sh", "-c", _INSTALL, "sh", workdir), PATIENCE, user="root"))
    if done.status == 0:
        return ""
    said = done.output.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
    return f"the programs could not be recorded: {said[0]}"


_TOO_MUCH = "what the programs print and write is too much for a table"


def read_recorded(box: Box) -> Recorded:
    done = box.run(Command(("sh", "-c", _PACK), PATIENCE, user="root"))
    data = box.read(f"{PLACE}.tgz", limit=LARGEST_TABLE + 1) if done.status == 0 else None
    if data is None:
        return Recorded(trouble=("nothing of what was recorded could be read",))
    if len(data) > LARGEST_TABLE:
        return Recorded(trouble=(_TOO_MUCH,))
    members = _members(data)
    if members is None:
        return Recorded(trouble=(_TOO_MUCH,))
    found = {name.removeprefix("./"): b64encode(content).decode() for name, content in members}
    listed = b64decode(found.pop("listed", "")).decode("utf-8", "replace").split()
    known = b64decode(found.pop("known", "")).decode("ascii", "replace").split()
    files = {name.removeprefix("table/"): data for name, data in sorted(found.items())}
    return Recorded(files, tuple(known), tuple(_trouble(listed)))


def _trouble(listed: Sequence[str]) -> Iterator[str]:
    if "imported" in listed:
        yield "the tests import a program and call its functions"
    if any(name.startswith("begun-") for name in listed):
        yield "a program still ran when the tests were through with it, as a service does"
    if "trouble-parallel" in listed:
        yield "the tests run several programs at once"
    if any(name.startswith("trouble-") and name != "trouble-parallel" for name in listed):
        yield "what the programs do could not be written down"


def _members(data: bytes) -> list[tuple[str, bytes]] | None:
    """Plain files of known names; whatever else a box may have put there is left out. None where they are too much:
    a table that lacks an answer would only seem to be refused."""
    room = 2 * LARGEST_TABLE
    found: list[tuple[str, bytes]] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as packed:
            for count, one in enumerate(packed):
                if not one.isfile() or not _MEMBER.fullmatch(one.name):
                    continue
                room -= one.size
                if room < 0 or count > MOST_FILES:
                    return None
                found.append((one.name, _read(packed, one)))
    except (tarfile.TarError, OSError, EOFError):
        return None
    return found


def table_of(recorded: Recorded) -> bytes:
    """The table as a tar archive, always the same bytes for the same record."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as packed:
        for name, data in sorted(recorded.files.items()):
            content = b64decode(data)
            member = tarfile.TarInfo(f"table/{name}")
            member.size, member.mode = len(content), 0o644
            packed.addfile(member, io.BytesIO(content))
    return made.getvalue()
