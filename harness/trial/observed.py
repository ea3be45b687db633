"""Observing a trial when its tests have ended: what they left of the solution's files, and commands run besides."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from posixpath import basename, dirname

from harness.engine.contract import Box, Command
from harness.trial.end_state import NOISE, EndState, state_of
from harness.trial.watching.calls import TWISTS, Besides, Call

PATIENCE = 10.0
"""Seconds for a command that is run besides."""
KEPT = 16_000
MOST_PATHS = 2_000
_OWN = "/dev/shm/.foolsgold-ran"  # noqa: S108 - in the box, where nobody else is
_TWISTED = f"{_OWN}-twisted"
_OUT, _ERR, _BEFORE, _AFTER = f"{_OWN}-out", f"{_OWN}-err", f"{_OWN}-before", f"{_OWN}-after"
_RUN = f"""cd "$1" || exit 126; stdin=$2; shift 2
if command -v timeout >/dev/null; then set -- timeout -s KILL {PATIENCE - 2:g} "$@"; fi
printf %s "$stdin" | "$@" >{_OUT} 2>{_ERR}"""


def after_verifying(box: Box, left: EndState | None, paths: tuple[str, ...]) -> EndState | None:
    changed = [path for path in (left.entries if left else ()) if not NOISE.search(path)]
    wanted = list(dict.fromkeys([*changed, *paths]))
    return state_of(box, wanted[:MOST_PATHS]) if wanted else None


def run_besides(box: Box, besides: tuple[Besides, ...], user: str | None) -> tuple[Call, ...]:
    return tuple(_run(box, one, user) for one in besides)


CASES_PATIENCE = 240.0
CASES_READ = 8 << 20
_CASES = f"{_OWN}-cases"
_RUNNER, _INSIDE = (Path(__file__).parent / "watching" / f"foolsgold_{name}.py" for name in ("cases", "inside"))


# Images without Python often get one from uv when their tests begin.
_UV = "/root/.local/share/uv/python/*/bin/python3 /home/*/.local/share/uv/python/*/bin/python3"
_PYTHON = f"command -v python3 || ls -d {_UV} 2>/dev/null | tail -n 1"


def run_cases(box: Box, cases: str, user: str | None) -> str:
    """What the runner of cases tells, a line for each; '' where the box has no Python to run it."""
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
        given = Path(folder, "given.json")
        given.write_text(cases, encoding="utf-8")
        box.put(given, f"{_CASES}/given.json")
        for program in (_RUNNER, _INSIDE):
            box.put(program, f"{_CASES}/{program.name}")
    script = (
        f"cd {_CASES} && chmod -R a+rX . && : >seen && chmod 666 seen && "
        f'python=$({_PYTHON}) && exec "$python" {_RUNNER.name} given.json >seen 2>/dev/null'
    )
    box.run(Command(("sh", "-c", script), CASES_PATIENCE, user=user))
    return (box.read(f"{_CASES}/seen", limit=CASES_READ) or b"").decode("utf-8", "replace")


def _run(box: Box, one: Besides, user: str | None) -> Call:
    """All in one shell: to enter a box costs more than most of these commands."""
    put = "".join(
        f"rm -rf {shlex.quote(place)}; mkdir -p {shlex.quote(dirname(place))}; "
        f"cp -a {shlex.quote(copy)} {shlex.quote(place)}; "
        for copy, place in one.inputs
    )
    if one.twist:
        place = shlex.quote(one.twisted)
        put += f"[ -f {place} ] && {TWISTS[one.twist]} <{place} >{_TWISTED} && cat {_TWISTED} >{place}; "
    there = "; ".join(
        f"cd {shlex.quote(dirname(place))} && find {shlex.quote(basename(place))} -type f -exec cksum {{}} +"
        for _, place in one.inputs
    )
    script = (
        f"{put}({there or ':'}) >{_BEFORE} 2>/dev/null; : >{_OUT}; : >{_ERR}\n({_RUN}); status=$?\n"
        f"({there or ':'}) >{_AFTER} 2>/dev/null; exit $status"
    )
    done = box.run(Command(("sh", "-c", script, "sh", one.cwd, one.stdin, *one.argv), PATIENCE, user=user))
    files = (_OUT, _ERR, _BEFORE, _AFTER)
    out, err, before, after = (_text(None if done.timed_out else box.read(path, limit=KEPT)) for path in files)
    wrote = _text(_changed(before, after).encode())
    what = shlex.join(one.argv) + (f" ({basename(one.twisted)} {one.twist})" if one.twist else "")
    return Call("run", what, "", one.argv, one.cwd, one.stdin, done.status, out, err, (), wrote)


def _changed(before: str, after: str) -> str:
    """A checksum, a size and a name for each file that is new or has another content, and the names of those gone."""
    was, now = before.splitlines(), sorted(after.splitlines(), key=_name)
    gone = {_name(line) for line in was} - {_name(line) for line in now}
    return "\n".join([*(line for line in now if line not in set(was)), *(f"gone {name}" for name in sorted(gone))])


def _name(line: str) -> str:
    return line.split(" ", 2)[-1]


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")[:4_000].encode("utf-8", "backslashreplace").decode()
