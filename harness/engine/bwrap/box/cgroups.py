"""Memory, process and cpu limits of a box by control groups (v1, v2 or both), if this machine lets us make them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.engine import leftovers

ROOT = Path("/sys/fs/cgroup")
FOLDER = "foolsgold"
WANTED = ("memory", "pids", "cpu")


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """One box's group in each hierarchy that has a wanted controller."""

    folders: Mapping[str, Path]
    """Controller -> folder; with v2 all controllers have the same folder."""
    unified: frozenset[str]

    @property
    def procs(self) -> list[str]:
        return [str(folder / "cgroup.procs") for folder in sorted(set(self.folders.values()))]

    def kills(self) -> int:
        """How often the kernel has killed a process of the group because memory ran out."""
        folder = self.folders.get("memory")
        if folder is None:
            return 0
        file = folder / ("memory.events" if "memory" in self.unified else "memory.oom_control")
        with suppress(OSError):
            for line in file.read_text().splitlines():
                name, _, value = line.partition(" ")
                if name == "oom_kill":
                    return int(value)
        return 0

    def processes(self) -> set[int]:
        found: set[int] = set()
        for file in self.procs:
            with suppress(OSError):
                found |= {int(line) for line in Path(file).read_text().split()}
        return found - {0}  # 0 stands for a process of a namespace that is not visible from here

    def kill(self) -> None:
        """Kill the processes left in it. If bubblewrap dies while a box starts, the box's first process waits for
        ever."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def is_orphaned(self) -> bool:
        """Whether the tool that made it is dead, wherever it ran: no process in it was started from outside by a
        launchpad."""
        inside = self.processes()
        return not any(_starts_boxes(parent) for parent in {_parent(pid) for pid in inside} - inside)

    def remove(self) -> bool:
        """Remove the group. The kernel may take a moment to release a dead box's last process."""
        left = set(self.folders.values())
        for pause in (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
            time.sleep(pause)
            for folder in sorted(left):
                with suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    left.discard(folder)
            if not left:
                return True
        return False


def _parent(pid: int) -> int:
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _starts_boxes(pid: int) -> bool:
    with suppress(OSError):
        return b"launchpad" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@cache
def hierarchies() -> tuple[Mapping[str, Path], frozenset[str]]:
    """Folders in which each wanted controller's groups can be made, and which of the controllers are v2."""
    found: dict[str, Path] = {}
    unified: set[str] = set()
    for name in WANTED:
        old = ROOT / name
        if (old / "tasks").exists() and _makes_groups(old / FOLDER):
            found[name] = old / FOLDER
    top = ROOT if (ROOT / "cgroup.controllers").exists() else ROOT / "unified"
    missing = [name for name in WANTED if name not in found]
    with suppress(OSError):
        offered = (top / "cgroup.controllers").read_text().split()
        for base in (top, _own_v2(top)):
            usable = [name for name in missing if name in offered and name not in found]
            if usable and _makes_groups(base / FOLDER):
                for name in usable:
                    if _delegates(base, name) and _delegates(base / FOLDER, name):
                        found[name] = base / FOLDER
                        unified.add(name)
    return found, frozenset(unified)


def _own_v2(top: Path) -> Path:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return top / line[3:].strip("/")
    return top


def _makes_groups(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _delegates(folder: Path, controller: str) -> bool:
    control = folder / "cgroup.subtree_control"
    try:
        if controller not in control.read_text().split():
            control.write_text(f"+{controller}")
    except OSError:
        return False
    return True


def make(name: str, *, memory: int, pids: int, cpus: float) -> ControlGroup:
    """A group named `name` with those limits that this machine can enforce; `memory` in bytes, zero for no limit."""
    bases, unified = hierarchies()
    folders = {controller: base / name for controller, base in bases.items() if controller != "cpu" or cpus}
    group = ControlGroup(folders, unified)
    for folder in set(folders.values()):
        folder.mkdir(exist_ok=True)
    for controller, folder in folders.items():
        v2 = controller in unified
        if controller == "memory" and memory:
            _write(folder, {"memory.max" if v2 else "memory.limit_in_bytes": str(memory)})
            _write(
                folder, {"memory.swap.max": "0"} if v2 else {"memory.memsw.limit_in_bytes": str(memory)}, optional=True
            )
        elif controller == "pids" and pids:
            _write(folder, {"pids.max": str(pids)})
        elif controller == "cpu" and cpus:
            quota, period = str(int(cpus * 100_000)), "100000"
            _write(
                folder,
                {"cpu.max": f"{quota} {period}"} if v2 else {"cpu.cfs_period_us": period, "cpu.cfs_quota_us": quota},
                optional=not v2,
            )
    return group


def _write(folder: Path, values: Mapping[str, str], *, optional: bool = False) -> None:
    for name, value in values.items():
        try:
            (folder / name).write_text(value)
        except OSError:
            if not optional:
                raise


def left_over(alive: frozenset[str]) -> list[ControlGroup]:
    """Groups of runs whose token (the name up to the first dot) is not among `alive`."""
    bases, unified = hierarchies()
    found: dict[str, dict[str, Path]] = {}
    for controller, base in bases.items():
        with suppress(OSError):
            for entry in base.iterdir():
                token = entry.name.split(".")[0]
                if entry.is_dir() and token not in alive and not leftovers.maker_lives(token):
                    found.setdefault(entry.name, {})[controller] = entry
    return [ControlGroup(folders, unified) for _name, folders in sorted(found.items())]
