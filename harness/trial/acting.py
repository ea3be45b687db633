"""Does again in a box what was recorded of somebody: in place of a solution, within its time limit."""

from __future__ import annotations

import shlex
import tempfile
import time
from pathlib import Path
from posixpath import join, normpath

from harness.engine.contract import Box, Command
from harness.task.model import Keys, Step
from harness.trial.actions import Action, Actions, Carry, EditFile, PatchFiles, RunLine, TypeKeys, WriteFile
from harness.trial.record import Phase, PhaseName, Trouble, TroubleKind
from harness.trial.session import CHORE, LOG_KEPT, Session, Stop
from harness.trial.terminal import Terminal
from harness.verifier.test_report import plain
from mutator.unified_diff import WillNotApply, patched, read_diff

LARGEST_EDITED = 32 << 20
LONGEST_WAIT = 60.0
"""Seconds that are waited after keys, however long was waited then."""
SETTLE = 30.0
"""Seconds in which the last typed command may end."""
OUTPUT_READ = 64 << 10
_STATE = "/dev/shm/.foolsgold-carried"  # noqa: S108 - in the box, where nobody else is


class _TimeIsUp(Exception):
    pass


def act(session: Session, box: Box, step: Step, actions: Actions) -> tuple[Terminal | None, str]:
    """The terminal that was typed into, if any was, and all that was printed. What cannot be done again ends the
    trial."""
    doing = _Doing(session, box, step, actions.carry)
    status: int | None = 0
    try:
        for action in actions.each:
            doing.one(action)
        doing.settle()
    except _TimeIsUp:
        status = None
    if actions.carry is not Carry.NOTHING:
        session.chore(box, f"rm -f {_STATE}-folder {_STATE}-variables")
    text = doing.text()
    seconds = round(time.monotonic() - doing.start, 4)
    session.phases.append(Phase(PhaseName.SOLVE, step.name, seconds, status, doing.limit, log=plain(text)[-LOG_KEPT:]))
    return doing.terminal, text


class _Doing:
    def __init__(self, session: Session, box: Box, step: Step, carry: Carry) -> None:
        self.session, self.box, self.carry = session, box, carry
        self.user = step.agent_user
        self.limit = session.solve_limit(step)
        self.start = time.monotonic()
        self.terminal: Terminal | None = None
        self.printed: list[str] = []
        where = box.run(Command(("sh", "-c", "pwd"), CHORE, user=self.user))
        self.workdir = where.output.decode("utf-8", "replace").strip() or "/"

    def left(self) -> float:
        left = self.limit - (time.monotonic() - self.start)
        if left <= 0:
            raise _TimeIsUp
        return left

    def one(self, action: Action) -> None:
        match action:
            case RunLine():
                self.run(action)
            case TypeKeys(keys, seconds):
                if self.terminal is None:
                    self.terminal = Terminal(self.box, self.user)
                waited = min(seconds, LONGEST_WAIT)
                self.terminal.type(
                    Keys(keys, min_timeout=waited, block=False, append_enter=False), self.left(), self.session.cancel
                )
            case WriteFile(path, content, mode):
                self.write(self.place(path), content, mode)
            case EditFile(path, old, new, everywhere):
                text = self.read(self.place(path)).decode("utf-8", "surrogateescape")
                if not old or old not in text:
                    raise _not_made(f"{path} does not have the text that is to be replaced")
                edited = text.replace(old, new, -1 if everywhere else 1)
                self.write(self.place(path), edited.encode("utf-8", "surrogateescape"), None)
            case PatchFiles(diff):
                self.patch(diff)

    def run(self, action: RunLine) -> None:
        done = self.box.run(
            Command(
                ("bash", "-c", _carrying(action.line, self.carry)),
                self.left(),
                cwd=self.place(action.cwd) if action.cwd else None,
                env={"FOOLSGOLD_CWD": "1"} if action.cwd else {},
                user=self.user,
                output_limit=OUTPUT_READ,
                left_running=True,
            )
        )
        self.printed.append(done.output.decode("utf-8", "replace"))
        if done.timed_out:
            raise _TimeIsUp

    def settle(self) -> None:
        """Wait until the terminal comes back to its shell. Where it does not, whatever runs in it goes on."""
        if self.terminal is not None:
            self.terminal.settle(min(self.left(), SETTLE), self.session.cancel)

    def text(self) -> str:
        return "".join(self.printed) + (self.terminal.text() if self.terminal is not None else "")

    def place(self, path: str) -> str:
        return normpath(join(self.workdir, path))

    def read(self, path: str) -> bytes:
        data = self.box.read(path, limit=LARGEST_EDITED + 1)
        if data is None:
            raise _not_made(f"{path} is not there to be changed")
        if len(data) > LARGEST_EDITED:
            raise _not_made(f"{path} is too large to be changed")
        return data

    def write(self, path: str, content: bytes | None, mode: int | None) -> None:
        """`mode`: None keeps that of the file that is there, and its owner."""
        quoted = shlex.quote(path)
        if content is None:
            self.must(f"rm -rf -- {quoted}", path)
            return
        had = self.must(f"stat -L -c '%a %u:%g' -- {quoted}", path).split() if mode is None else []
        with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
            source = Path(folder, "content")
            source.write_bytes(content)
            source.chmod(mode if mode is not None else 0o644)
            self.box.put(source, path)
        if had:
            self.must(f"chown {had[1]} {quoted} && chmod {had[0]} {quoted}", path)
        elif self.user:
            owner = self.user if ":" in self.user else f"{self.user}:"
            self.must(f"chown {shlex.quote(owner)} {quoted}", path)

    def must(self, script: str, path: str) -> str:
        """What it prints. A change that was not made is not one that the tests refused."""
        done = self.session.chore(self.box, script)
        if done.status != 0:
            raise _not_made(f"{path} could not be changed")
        return done.output.decode("utf-8", "replace")

    def patch(self, diff: str) -> None:
        files = read_diff(diff)
        if files is None:
            raise _not_made("the diff is none, or is cut short")
        for one in files:
            path = self.place(one.path)
            before = b"" if one.makes else self.read(path)
            try:
                after = patched(diff, one, before.decode("utf-8", "surrogateescape"))
            except WillNotApply as error:
                raise _not_made(f"the diff does not fit {one.path}: {error}") from error
            content = None if one.removes else after.encode("utf-8", "surrogateescape")
            self.write(path, content, 0o644 if one.makes else None)


def _carrying(line: str, carry: Carry) -> str:
    """The line in a shell that goes on where the last one was."""
    if carry is Carry.NOTHING:
        return line
    folder, variables = f"{_STATE}-folder", f"{_STATE}-variables"
    begin = (
        f'if [ -z "$FOOLSGOLD_CWD" ] && [ -f {folder} ]; then cd "$(cat {folder})" 2>/dev/null; fi\n'
        "unset FOOLSGOLD_CWD\n"
    )
    end = f"pwd > {folder}"
    if carry is Carry.ALL:
        begin = f"[ -f {variables} ] && . {variables}\n{begin}"
        end += f"; export -p > {variables}"
    return f"{begin}trap {shlex.quote(end)} EXIT\n{line}\n"


def _not_made(why: str) -> Stop:
    return Stop(Trouble(TroubleKind.NOT_MADE, why))
