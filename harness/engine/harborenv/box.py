"""A box that an environment of Harbor's made, driven by what every one of them has: exec, and the upload of a file."""

from __future__ import annotations

import binascii
import math
import secrets
import shlex
import tarfile
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from harness.engine.contract import Box, BoxSpec, Command, Exit
from harness.engine.shell import command_line
from harness.errors import EngineError

_CHORE = 120.0
_STOP_SECONDS = 300.0
_SLACK = 30.0
"""Seconds that an answer may take longer than what it is about."""
_LONG = 100_000
"""Characters of a line beyond which it goes into a file: one argument of a program holds little more."""
_TMP = "/tmp"  # noqa: S108 - in the box
_GONE = 128 + 9
_TELL = """s=$?; n=$(wc -c <{out} 2>/dev/null || echo 0); echo; echo {word} $s $n
if [ "$n" -le {limit} ]; then base64 <{out}
else head -c {head} {out} | base64; echo -; tail -c {tail} {out} | base64; fi
echo {word}
rm -f {out}"""
_LIST = r"""cd {folder} 2>/dev/null || exit 0
for name in *; do
  if [ -L "$name" ]; then printf 'l\0%s\0%s\0' "$name" "$(readlink "$name")"
  elif [ -f "$name" ]; then printf 'f\0%s\0\0' "$name"; fi
done | head -c 4000000"""


class WaitFor(Protocol):
    def __call__(self, work: Coroutine[Any, Any, Any], seconds: float) -> Any: ...


class HarborBox(Box):
    def __init__(self, wait_for: WaitFor, environment: Any, on_close: Callable[[HarborBox], None]) -> None:
        self._wait_for = wait_for
        self._environment = environment
        self._on_close = on_close
        self._user: str | None = None
        self._workdir: str | None = None
        self._session: tuple[str, ...] = ()
        self._dead = ""

    def ready(self, spec: BoxSpec) -> None:
        """What the box is asked to have besides what its image has."""
        folders = [*spec.mounts]
        script = "".join(
            f"mkdir -p {shlex.quote(path)} && chmod 777 {shlex.quote(path)} || exit 1; " for path in folders
        )
        script += "".join(f"mkdir -p {shlex.quote(path)} || exit 1; " for path in spec.folders)
        self._workdir = spec.workdir
        if spec.workdir:
            script += f"mkdir -p {shlex.quote(spec.workdir)} || exit 1; "
        script += "command -v setsid >/dev/null && echo setsid; exit 0"
        done = self._run(Command(("sh", "-c", script), _CHORE, user="root", cwd="/"))
        if done.status != 0:
            raise EngineError(f"The box's folders cannot be made: {done.output.decode('utf-8', 'replace')[-300:]}")
        # What a command does to its process group is not done to the shell that tells its status.
        self._session = tuple(done.output.decode("utf-8", "replace").split())
        self._user = spec.user or None

    def run(self, command: Command) -> Exit:
        return self._run(command)

    def _run(self, command: Command) -> Exit:
        self._alive()
        word = secrets.token_hex(12)
        out = f"{_TMP}/.foolsgold-{word}"
        cwd = command.cwd or self._workdir or ""
        line = command_line(command.argv, output=out, cwd=cwd, env=command.env, prefix=self._session)
        head = command.output_limit // 2
        tell = _TELL.format(out=out, word=word, limit=command.output_limit, head=head, tail=command.output_limit - head)
        user = command.user if command.user is not None else self._user
        began = time.monotonic()
        answer = self._exec(f": >{out}; chmod 600 {out}; {line}; {tell}", command.timeout, user)
        seconds = time.monotonic() - began
        if answer is not None:
            found = _read(answer[1], word)
            if found is not None:
                return Exit(found[0], seconds, *found[1:])
            return self._killed(out, command, answer, seconds)
        output, dropped = self._output_so_far(out, command.output_limit)
        if command.left_running:
            return Exit(None, seconds, output, dropped, left_running=True)
        self._dead = "Its last command was stopped at its timeout."
        self._stop()
        return Exit(None, seconds, output, dropped)

    def _killed(self, out: str, command: Command, answer: tuple[int, str], seconds: float) -> Exit:
        """The shell that was to tell the status is gone, or there never was one."""
        alive = self._exec("echo alive", _CHORE, "root")
        if answer[0] != _GONE or alive is None or "alive" not in alive[1]:
            raise EngineError(f"The environment does not run commands: it ended with {answer[0]}: {answer[1][-500:]}")
        return Exit(_GONE, seconds, *self._output_so_far(out, command.output_limit))

    def _output_so_far(self, out: str, limit: int) -> tuple[bytes, int]:
        word = secrets.token_hex(12)
        tell = _TELL.format(out=out, word=word, limit=limit, head=limit // 2, tail=limit - limit // 2)
        answer = self._exec(f"true; {tell.rpartition(chr(10))[0]}", _CHORE, "root")
        found = _read(answer[1], word) if answer is not None else None
        return (found[1], found[2]) if found is not None else (b"", 0)

    def _exec(self, line: str, timeout: float, user: str | None) -> tuple[int, str] | None:
        """(status, output); None where it did not end in time."""
        if len(line.encode("utf-8", "surrogateescape")) > _LONG:
            line = self._from_a_file(line)
        whole = max(1, math.ceil(timeout))
        try:
            done = self._wait_for(
                self._environment.exec(line, cwd="/", timeout_sec=whole, user=user or None), whole + _SLACK
            )
        except TimeoutError:
            return None
        except Exception as error:
            # No type of its own: environments say it in words.
            if "timed out" in str(error).lower():
                return None
            raise EngineError(f"The environment does not run a command: {error}") from error
        said = f"{done.stdout or ''}\n{done.stderr or ''}"
        if done.return_code == 124 and "timed out" in said.lower():
            return None
        return int(done.return_code), said

    def _from_a_file(self, line: str) -> str:
        path = f"{_TMP}/.foolsgold-{secrets.token_hex(12)}.sh"
        with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
            script = Path(folder, "line.sh")
            script.write_bytes(f"rm -f {path}\n{line}\n".encode("utf-8", "surrogateescape"))
            script.chmod(0o644)
            self._upload(script, path)
        return f"chmod 644 {path} 2>/dev/null; . {path}"

    def _upload(self, source: Path, target: str) -> None:
        try:
            self._wait_for(self._environment.upload_file(source, target), _CHORE * 5)
        except Exception as error:
            raise EngineError(f"The environment takes no file: {error}") from error

    def put(self, source: Path, target: str) -> None:
        self._alive()
        pure = PurePosixPath("/", target)
        whole = source.is_dir()
        with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
            packed = Path(folder, "put.tar")
            with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as archive:
                for path in sorted(source.rglob("*")) if whole else [source]:
                    name = path.relative_to(source).as_posix() if whole else pure.name
                    archive.add(path, name, recursive=False, filter=_as_root)
            inside = f"{_TMP}/.foolsgold-{secrets.token_hex(12)}.tar"
            self._upload(packed, inside)
        place = shlex.quote(str(pure if whole else pure.parent))
        script = f"mkdir -p {place} && tar -xpf {inside} -C {place}; s=$?; rm -f {inside}; exit $s"
        done = self._run(Command(("sh", "-c", script), _CHORE * 5, user="root", cwd="/"))
        if done.status != 0:
            raise EngineError(f"Cannot copy {source} to {target}: {done.output.decode('utf-8', 'replace')[-500:]}")

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        which = "head" if limit >= 0 else "tail"
        quoted = shlex.quote(path if path.startswith("/") else f"./{path}")
        script = f"test -f {quoted} || exit 44; exec {which} -c {abs(limit)} {quoted}"
        done = self._run(Command(("sh", "-c", script), _CHORE, user="root", output_limit=abs(limit) + 4096))
        return done.output if done.status == 0 else None

    def listing(self, folder: str) -> dict[str, str]:
        script = _LIST.format(folder=shlex.quote(folder if folder.startswith("/") else f"./{folder}"))
        done = self._run(Command(("sh", "-c", script), _CHORE, user="root", output_limit=4 << 20))
        fields = done.output.decode("utf-8", "surrogateescape").split("\0")
        entries = zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
        return dict(sorted((name, leads) for kind, name, leads in entries if kind))

    def _alive(self) -> None:
        if self._environment is None:
            raise EngineError("The box is closed.")
        if self._dead:
            raise EngineError(f"The box is dead. {self._dead}")

    def _stop(self) -> None:
        environment, self._environment = self._environment, None
        if environment is None:
            return
        try:
            self._wait_for(environment.stop(True), _STOP_SECONDS)
        except Exception as error:
            raise EngineError(f"A box may be left with its provider: {error}") from error

    def close(self) -> None:
        try:
            self._stop()
        finally:
            self._on_close(self)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _read(said: str, word: str) -> tuple[int, bytes, int] | None:
    """(status, output, bytes left out) of what `_TELL` tells; None where it told nothing."""
    # In a line of its own: a shell that complains of the command names the file with the word.
    _, found, rest = said.partition(f"\n{word} ")
    if not found:
        return None
    first, _, body = rest.partition("\n")
    body, whole, _ = body.partition(word)
    if not whole:
        return None
    with suppress(ValueError, binascii.Error):
        status, size = (int(part) for part in first.split())
        output = b"".join(b64decode("".join(part.split())) for part in body.split("-"))
        return status, output, max(0, size - len(output))
    return None
