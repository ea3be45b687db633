"""An engine without boxes: a table says what each command does. Files live in a dictionary."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.engine.contract import (
    Box,
    BoxGroup,
    BoxSpec,
    Command,
    Engine,
    EngineReport,
    Exit,
    Image,
    ImageConfig,
    Member,
    Progress,
    Recipe,
    silent,
)
from harness.engine.lists.reach import Asked, Reach


@dataclass(frozen=True)
class Does:
    """What a command does: how it ends, and the files it leaves."""

    status: int | None = 0
    output: bytes = b""
    writes: Mapping[str, bytes] = field(default_factory=dict)
    oom: bool = False
    seconds: float = 0.1
    error: Exception | None = None


Answer = Does | Callable[["FakeBox", Command], Does]


class FakeBox(Box):
    def __init__(self, engine: FakeEngine, spec: BoxSpec) -> None:
        self.engine = engine
        self.spec = spec
        self.files: dict[str, bytes] = dict(engine.image_files)
        self.closed = False
        self.reach = spec.reach
        self.asks: list[Asked] = []

    def allow(self, reach: Reach) -> None:
        self.reach = reach
        self.engine.log.append(f"allow {' '.join(reach.hosts) or ('anything' if reach.anything else 'nothing')}")

    def asked(self) -> tuple[Asked, ...]:
        return tuple(self.asks)

    def run(self, command: Command) -> Exit:
        line = shlex.join(command.argv)
        self.engine.log.append(f"run {line}")
        self.engine.commands.append((self, command))
        for pattern, answer in self.engine.table:
            if re.search(pattern, line):
                does = answer(self, command) if callable(answer) else answer
                if does.error is not None:
                    raise does.error
                self.files.update(does.writes)
                left_running = does.status is None and command.left_running
                return Exit(does.status, does.seconds, does.output, oom=does.oom, left_running=left_running)
        if "rm -f -- " in line:
            for path in line.rstrip("'").split(" -- ")[1].split():
                self.files.pop(path, None)
        if "rm -rf" in line and "mkdir -p" in line:
            found = re.search(r"mkdir -p (/\S+)", line)
            assert found is not None
            for path in [path for path in self.files if path.startswith(found[1] + "/")]:
                del self.files[path]
        return Exit(0, 0.0)

    def put(self, source: Path, target: str) -> None:
        self.engine.log.append(f"put {source.name} {target}")
        if source.is_file():
            self.files[target] = source.read_bytes()
            return
        for path in sorted(source.rglob("*")):
            if path.is_file():
                self.files[f"{target.rstrip('/')}/{path.relative_to(source).as_posix()}"] = path.read_bytes()

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        data = self.files.get(path)
        if data is None:
            return None
        return data[:limit] if limit >= 0 else data[limit:]

    def listing(self, folder: str) -> dict[str, str]:
        below = [path.removeprefix(f"{folder}/") for path in self.files if path.startswith(f"{folder}/")]
        return dict.fromkeys(sorted(below), "") | dict(self.engine.links)

    def files_alone(self, folder: str) -> frozenset[str] | None:
        return frozenset(self.listing(folder)) if self.engine.alone else None

    def close(self) -> None:
        if not self.closed:
            self.engine.log.append("close")
        self.closed = True


class FakeGroup(BoxGroup):
    def close(self) -> None: ...


class FakeEngine(Engine):
    name = "fake"

    def __init__(
        self,
        table: Sequence[tuple[str, Answer]] = (),
        *,
        config: ImageConfig | None = None,
        fidelity: str = "image",
        build_error: Exception | None = None,
        image_files: Mapping[str, bytes] | None = None,
        links: Mapping[str, str] | None = None,
        alone: bool = False,
    ) -> None:
        """`alone`: it tells which folders hold root's files alone; all of its boxes' do."""
        self.alone = alone
        self.links = links or {}
        self.table = list(table)
        self.config = config or ImageConfig(workdir="/app")
        self.fidelity = fidelity
        self.build_error = build_error
        self.image_files = dict(image_files or {})
        self.log: list[str] = []
        self.commands: list[tuple[FakeBox, Command]] = []
        self.boxes: list[FakeBox] = []
        self.closed = False

    def group(
        self,
        members: Sequence[Member],
        image: Image,
        *,
        network: bool,
        internal: frozenset[str],
        reach: Reach | None = None,
    ) -> BoxGroup:
        return FakeGroup()

    def no_lists(self) -> str:
        return ""

    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        self.log.append(f"build {recipe.dockerfile.name if recipe.dockerfile else recipe.image}")
        if self.build_error is not None:
            raise self.build_error
        # The same wherever a copy of the task lies.
        name = "/".join(("", *recipe.dockerfile.parts[-3:])) if recipe.dockerfile else recipe.image
        return Image(f"fake:{name}", self.config, self.fidelity, "debian:bookworm-slim")  # type: ignore[arg-type]  # the tests name only real fidelities

    def open(self, spec: BoxSpec) -> Box:
        self.log.append(f"open {spec.image.id.rpartition('/')[2]}{' network' if spec.network else ''}")
        box = FakeBox(self, spec)
        self.boxes.append(box)
        return box

    def report(self) -> EngineReport:
        return EngineReport("fake", True, "1")

    def clean(self, *, everything: bool = False) -> list[str]:
        return []

    def close(self) -> None:
        self.closed = True
        for box in self.boxes:
            box.close()


SOLVE = r"/solution/solve\.sh\) >"
VERIFY = r"/tests/test\.sh\) >"


def rewarding(text: str, log: str = "", *, status: int | None = 0, name: str = "reward.txt") -> Does:
    """A verifier that writes this reward and this log."""
    return Does(
        status,
        writes={f"/logs/verifier/{name}": text.encode(), "/logs/verifier/test-stdout.txt": log.encode()},
    )
