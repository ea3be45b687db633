"""Typing into a terminal of a box, as solution.yaml asks: tmux where the box has it, else a shell on a pipe."""

from __future__ import annotations

import shlex
import threading
import time

from harness.engine.contract import Box, Command
from harness.task.model import Keys
from harness.trial.record import Trouble, TroubleKind
from harness.trial.session import CHORE, Stop

_SESSION = "agent"
_ENTER = frozenset({"Enter", "C-m", "KPEnter", "C-j", "^M", "^J"})
_DIR = "/tmp/.foolsgold-terminal"  # noqa: S108 - a path inside the box
_POLL = 0.02


class Terminal:
    """One shell session. Keys are typed in order; a blocking key waits until its command has ended."""

    def __init__(self, box: Box, user: str | None) -> None:
        self._box = box
        self._user = user
        self._blocks = 0
        self._tmux = self._run("command -v tmux >/dev/null") == 0
        started = self._start_tmux() if self._tmux else self._start_pipe()
        if started != 0:
            raise Stop(Trouble(TroubleKind.UNSUPPORTED, "no terminal session could be started in the box"))

    def type(self, keys: Keys, left: float, cancel: threading.Event) -> bool:
        """Type one entry; False where a blocking command did not end within its time, or within `left`."""
        typed = [keys.command, "Enter"] if keys.append_enter else [keys.command]
        if not keys.block or not _executes(typed[-1]):
            self._send(typed)
            cancel.wait(min(keys.min_timeout, left))
            return True
        while typed and _executes(typed[-1]):
            last = typed.pop()
            if last not in _ENTER and last.rstrip("\r\n"):
                typed.append(last.rstrip("\r\n"))
        self._blocks += 1
        done = f"{_DIR}/done.{self._blocks}"
        self._send([*typed, f"; : > {done}", "Enter"])
        return self._wait_for(done, min(keys.max_timeout, left), cancel)

    def settle(self, limit: float, cancel: threading.Event) -> None:
        """Wait until it comes back to its shell, or that has ended; at most so long."""
        self._blocks += 1
        done = f"{_DIR}/done.{self._blocks}"
        self._send([":", f"; : > {done}", "Enter"])
        deadline = time.monotonic() + limit
        while not cancel.is_set() and not self._wait_for(done, min(1.0, limit), cancel):
            if self._ended() or time.monotonic() >= deadline:
                return

    def _ended(self) -> bool:
        alive = f"tmux has-session -t {_SESSION}" if self._tmux else f'[ -d "/proc/$(cat {_DIR}/shell)" ]'
        return self._run(f"{alive} 2>/dev/null") != 0

    def text(self) -> str:
        """Everything on the screen and above it."""
        if self._tmux:
            argv = ("tmux", "capture-pane", "-p", "-S", "-", "-t", _SESSION)
            return self._box.run(Command(argv, CHORE, user=self._user, output_limit=4 << 20)).output.decode(
                "utf-8", "replace"
            )
        return (self._box.read(f"{_DIR}/screen", limit=4 << 20) or b"").decode("utf-8", "replace")

    def _start_tmux(self) -> int | None:
        return self._run(
            f"mkdir -p -m 777 {_DIR} && tmux new-session -x 160 -y 40 -d -s {_SESSION} \\; "
            f"set-option -t {_SESSION} history-limit 50000"
        )

    def _start_pipe(self) -> int | None:
        """A login shell that reads a pipe held open by a sleeping process: typing ahead works as on a screen."""
        return self._run(
            f"mkdir -p -m 777 {_DIR} && cd {_DIR} && mkfifo keys && (sleep 2147483647 > keys &) && cd - >/dev/null && "
            f"(sh -c 'echo $$ > {_DIR}/shell; exec bash -li' < {_DIR}/keys > {_DIR}/screen 2>&1 &)"
        )

    def _send(self, typed: list[str]) -> None:
        if self._tmux:
            self._box.run(Command(("tmux", "send-keys", "-t", _SESSION, *typed), CHORE, user=self._user))
            return
        for name in typed:
            if name not in _ENTER and _is_key_name(name):
                raise Stop(
                    Trouble(
                        TroubleKind.UNSUPPORTED,
                        f"what is typed presses {name}, which needs tmux, and the box has none",
                        "Install tmux in the task's image, as Terminal-Bench itself demands.",
                    )
                )
        text = "".join("\n" if name in _ENTER else name for name in typed)
        # Open for both ways: where the shell has ended nobody reads any more, and nothing waits for a reader.
        self._run(f"printf %s {shlex.quote(text)} 1<> {_DIR}/keys")

    def _wait_for(self, path: str, timeout: float, cancel: threading.Event) -> bool:
        deadline = time.monotonic() + timeout
        while not cancel.is_set():
            # The loop runs in the box for at most a second at a time, so that an interrupt is seen.
            turns = max(1, int(min(1.0, timeout) / _POLL))
            looked = self._run(
                f"i=0; while [ ! -e {path} ]; do i=$((i+1)); [ $i -gt {turns} ] && exit 1; sleep {_POLL}; done"
            )
            if looked == 0:
                return True
            if time.monotonic() >= deadline:
                return False
        return False

    def _run(self, script: str) -> int | None:
        return self._box.run(Command(("sh", "-c", script), CHORE, user=self._user)).status


def _executes(key: str) -> bool:
    return key in _ENTER or key.endswith(("\r", "\n"))


def _is_key_name(name: str) -> bool:
    """tmux reads these as a key to press rather than as text."""
    single = {"Escape", "Tab", "Space", "BSpace", "Up", "Down", "Left", "Right", "Home", "End", "PageUp", "PageDown"}
    return name in single or (len(name) == 3 and name[:2] in ("C-", "M-", "S-"))
