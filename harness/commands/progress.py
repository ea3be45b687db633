"""The progress of a run on stderr: a live picture on a terminal, elsewhere a line for each finished task."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from harness.check import Checked
from harness.commands.console import colors
from harness.dataset.duplicates import TaskCopy
from harness.judging.outcome import Outcome, OutcomeKind
from harness.lab.nodes.driver import NodeShown
from harness.runs import Silent
from harness.stages.result import Audited
from harness.trial.record import Kind
from harness.untrusted import visible

ROWS = 8
"""The most tasks that are shown at once."""
BAR = 20
NAME = 34
"""Longer task names are cut."""
ENOUGH = 4
"""How many mutants must have been tried before the time left is estimated from them."""


class Progress(Protocol):
    """How a check or an audit reports its progress; called from several threads."""

    def doing(self, task: str, what: str) -> None: ...

    def planned(self, task: str, mutants: int) -> None: ...

    def tried(self, task: str, outcome: Outcome) -> None: ...

    def done(self, done: Checked | Audited | TaskCopy) -> None: ...

    def nodes(self, nodes: Sequence[NodeShown]) -> None: ...

    def close(self) -> None: ...


def progress(job: str, total: int, *, show: bool = True, stream: TextIO | None = None) -> Progress:
    """For `total` tasks of a job such as `auditing`; shows nothing without `show`."""
    stream = stream or sys.stderr
    if not show or not total:
        return Silent()
    console = Console(file=stream, highlight=False, markup=False, color_system=colors())
    # Not `is_terminal`: FORCE_COLOR makes that true for a file, which must not get cursor movements.
    if stream.isatty() and not console.is_dumb_terminal:
        return Watched(job, total, console)
    return Lines(total, stream)


class Lines(Silent):
    """One line for each finished task."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total, self._stream = total, stream
        self._lock = threading.Lock()
        self._count = 0
        self._nodes: frozenset[str] = frozenset()

    def done(self, done: Checked | Audited | TaskCopy) -> None:
        with self._lock:
            self._count += 1
            line = f"[{self._count}/{self._total}] {visible(done.task.name)}: {_word(done)}"
            if isinstance(done, Audited) and done.mutants:
                line += f", {len(done.survivors)} of {len(done.mutants)} mutants paid"
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def nodes(self, nodes: Sequence[NodeShown]) -> None:
        """A line for each that comes or goes."""
        with self._lock:
            lines = [_machine(node) for node in nodes]
            new, self._nodes = [line for line in lines if line not in self._nodes], frozenset(lines)
            self._stream.writelines(f"{line}\n" for line in new)
            self._stream.flush()


def _machine(node: NodeShown) -> str:
    said = f"machine {visible(node.name)}: "
    if node.gone:
        return f"{said}{visible(node.gone.splitlines()[0])}"
    return f"{said}{node.turns} at once{f', {node.note}' if node.note else ''}"


def machines(nodes: Sequence[NodeShown]) -> str:
    """All of them in one line."""
    there = [node for node in nodes if not node.gone]
    words = [f"{visible(node.name)} {node.under_way} of {node.turns}, {node.done} done" for node in there]
    words += [f"{visible(node.name)} gone" for node in nodes if node.gone]
    return "   ".join(words)


def _word(done: Checked | Audited | TaskCopy) -> str:
    return str(done.verdict if isinstance(done, Audited) else done.standing)


class Watched:
    """A picture that is redrawn in place, and removed at the end."""

    def __init__(self, job: str, total: int, console: Console) -> None:
        self._lock = threading.Lock()
        self._run = RunShown(job, total, time.monotonic())
        self._console = console
        self._live = Live(
            console=console,
            get_renderable=self._picture,
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
        )
        _watched.append(_descriptor(console))
        self._live.start()

    def _picture(self) -> Text:
        width, height = self._console.size
        with self._lock:
            return picture(
                self._run, time.monotonic(), width=width, height=height, ascii_only=self._console.options.ascii_only
            )

    def doing(self, task: str, what: str) -> None:
        with self._lock:
            self._run.doing(task, what, time.monotonic())

    def planned(self, task: str, mutants: int) -> None:
        with self._lock:
            self._run.planned(task, mutants, time.monotonic())

    def tried(self, task: str, outcome: Outcome) -> None:
        with self._lock:
            self._run.tried(task, outcome.kind is OutcomeKind.SURVIVED, time.monotonic())

    def done(self, done: Checked | Audited | TaskCopy) -> None:
        with self._lock:
            self._run.done(done.task.name, _word(done))

    def nodes(self, nodes: Sequence[NodeShown]) -> None:
        with self._lock:
            self._run.machines = machines(nodes)

    def close(self) -> None:
        try:
            self._live.stop()
        finally:
            # Also if a second Ctrl-C comes in between.
            self._console.show_cursor(True)
            with suppress(ValueError):
                _watched.remove(_descriptor(self._console))


_watched: list[int] = []
"""Descriptors of terminals whose cursor is hidden."""


def _descriptor(console: Console) -> int:
    return console.file.fileno()


def give_back() -> None:
    """Show the cursor again, for a process that ends at once. Takes no lock, because a signal handler must not."""
    for descriptor in _watched:
        with suppress(OSError):
            os.write(descriptor, b"\x1b[?25h\r\n")


# --- the state of a run


@dataclass
class TaskRow:
    """A task that is running."""

    name: str
    touched: float
    phase: str = ""
    detail: str = ""
    """The image that is being built."""
    planned: int | None = None
    """The number of its mutants; None before they are made."""
    tried: int = 0
    paid: int = 0
    begun: set[str] = field(default_factory=set)
    """Mutants whose trial began in this run. Results from an earlier run do not count, because they took no time."""
    fresh: int = 0


@dataclass
class RunShown:
    job: str
    total: int
    start: float
    rows: dict[str, TaskRow] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    """The task names in the order in which they are drawn, so that no line moves."""
    words: Counter[str] = field(default_factory=Counter)
    """Verdicts, or standings, of the finished tasks."""
    finished: int = 0
    past_tasks: int = 0
    past_tried: int = 0
    past_paid: int = 0
    past_fresh: int = 0
    """The same numbers for the finished tasks, `past_tasks` of which had mutants. Mutants that they did not try will
    not be tried."""
    first_trial: float | None = None
    """The time when the first mutant's trial began."""
    machines: str = ""
    """What each machine does, where there are several."""

    def doing(self, task: str, what: str, now: float) -> None:
        row = self._row(task, now)
        word, _, label = what.partition(" ")
        kind = word.rstrip(",")
        if kind == Kind.MUTANT and row.planned is not None:
            row.begun.add(label)
            if self.first_trial is None:
                self.first_trial = now
        row.phase, row.detail = _phase(kind, what, row)

    def planned(self, task: str, mutants: int, now: float) -> None:
        row = self._row(task, now)
        row.planned = mutants
        row.phase, row.detail = "mutants", ""

    def tried(self, task: str, paid: bool, now: float) -> None:
        row = self._row(task, now)
        row.tried += 1
        row.paid += paid
        row.fresh += row.fresh < len(row.begun)

    def done(self, task: str, word: str) -> None:
        self.finished += 1
        self.words[word] += 1
        if task in self.shown:
            self.shown.remove(task)
        row = self.rows.pop(task, None)
        if row is None or row.planned is None:
            return
        self.past_tasks += 1
        self.past_tried += row.tried
        self.past_paid += row.paid
        self.past_fresh += row.fresh

    def _row(self, task: str, now: float) -> TaskRow:
        row = self.rows.setdefault(task, TaskRow(task, now))
        row.touched = now
        if task not in self.shown:
            if len(self.shown) < ROWS:
                self.shown.append(task)
            else:
                oldest = min(self.shown, key=lambda name: self.rows[name].touched)
                self.shown[self.shown.index(oldest)] = task
        return row

    @property
    def mutants(self) -> tuple[int, int, int]:
        """How many mutants were tried, are planned, and were paid."""
        rows = self.rows.values()
        return (
            self.past_tried + sum(row.tried for row in rows),
            self.past_tried + sum(row.planned or 0 for row in rows),
            self.past_paid + sum(row.paid for row in rows),
        )

    @property
    def whole(self) -> float:
        """The expected number of mutants. A task without a number yet counts with the average of the others."""
        having = self.past_tasks + sum(row.planned is not None for row in self.rows.values())
        known = self.mutants[1]
        waiting = self.total - self.finished - sum(row.planned is not None for row in self.rows.values())
        return known + waiting * (known / having if having else 0.0)

    @property
    def share(self) -> float:
        tried, known, _ = self.mutants
        if not known:
            return self.finished / self.total
        return min(1.0, tried / self.whole) if self.whole else 0.0

    def left(self, now: float) -> float | None:
        """Seconds left at the pace so far; None while too little is known."""
        tried, known, _ = self.mutants
        if not known:
            return (now - self.start) / self.finished * (self.total - self.finished) if self.finished else None
        fresh = self.past_fresh + sum(row.fresh for row in self.rows.values())
        if self.first_trial is None or fresh < ENOUGH:
            return None
        return (now - self.first_trial) / fresh * max(0.0, self.whole - tried)


def _phase(kind: str, what: str, row: TaskRow) -> tuple[str, str]:
    """(phase, the image that is being built), from a task's progress message."""
    if kind not in tuple(Kind):
        return (what, "") if what == "making mutants" else ("building", what)
    if kind == Kind.ATTEMPT:
        return "attempts", ""
    if row.planned is None or (row.tried < row.planned and kind in (Kind.NOP, Kind.HOLLOW, Kind.REFERENCE)):
        return "controls", ""
    if kind == Kind.MUTANT:
        return ("mutants" if row.tried < row.planned else "comparing what survivors leave"), ""
    return ("probes" if kind == Kind.PROBE else "last controls"), ""


# --- the picture


def picture(run: RunShown, now: float, *, width: int, height: int, ascii_only: bool = False) -> Text:
    """The lines, cut to the width of the terminal and limited to its height."""
    full, empty = ("#", "-") if ascii_only else ("━", "─")
    filled = int(run.share * BAR)
    head = Text(f"{run.job}  ")
    head.append(full * filled, "green")
    head.append(empty * (BAR - filled), "dim")
    head.append(f"  {run.finished} of {run.total} task{'' if run.total == 1 else 's'}  {clock(now - run.start)}")
    left = run.left(now)
    if left is not None:
        head.append(f"  {about(left)} left", "dim")
    lines = [head]
    counts = _counts(run)
    if counts:
        lines.append(Text(f"  {counts}"))
    if run.machines:
        lines.append(Text(f"  {run.machines}", "dim"))
    # One line stays free for the cursor, one may be needed for those that are not shown.
    room = max(0, min(ROWS, height - len(lines) - 2))
    names = run.shown[:room]
    column = min(max((Text(visible(name)).cell_len for name in names), default=0), NAME, max(8, width // 2 - 4))
    lines += [_line(run.rows[name], column) for name in names]
    more = len(run.rows) - len(names)
    if more > 0 and names:
        lines.append(Text(f"  and {more} more running", "dim"))
    for line in lines:
        line.truncate(max(1, width - 1), overflow="crop" if ascii_only else "ellipsis")
    return Text("\n", no_wrap=True).join(lines)


def _counts(run: RunShown) -> str:
    tried, known, paid = run.mutants
    words = [f"{tried} of {known} mutants tried", f"{paid} paid"] if known else []
    words += [f"{count} {word}" for word, count in run.words.most_common()]
    return ", ".join(words)


def _line(row: TaskRow, column: int) -> Text:
    name = Text(visible(row.name))
    name.truncate(column, overflow="ellipsis", pad=True)
    line = Text("  ").append_text(name).append("  ")
    if row.planned is None:
        return line.append(f"{row.phase}: {visible(row.detail)}" if row.detail else row.phase, "dim")
    line.append(f"{row.tried:>3}/{row.planned} mutants")
    line.append(f", {row.paid} paid", "yellow" if row.paid else "dim")
    if row.phase != "mutants":
        line.append(f", {row.phase}", "dim")
    return line


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def about(seconds: float) -> str:
    """Rounded, because it is an estimate."""
    if seconds < 60:
        return "<1 min"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
