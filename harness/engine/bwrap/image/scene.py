"""Values that the instructions of one build share, and the state of a stage between two instructions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from harness.engine.bwrap.box import users
from harness.engine.bwrap.image.bases import Base, docker_image
from harness.engine.bwrap.image.cache import MAKE_ROOM, Cache
from harness.engine.contract import Command, Exit, ImageConfig, Progress
from harness.engine.recipe.context import BuildContext, SourceMissing, Tree, resolve
from harness.engine.recipe.dockerfile import Dockerfile, Instruction
from harness.engine.recipe.standin import HOST, find_stand_in
from harness.engine.recipe.words import expand
from harness.engine.stack import Stack
from harness.errors import BuildFailed, EngineError, NeedsDocker

Made = tuple[str, Path, tuple[str, ...]]
"""A layer's key, its folder, and notes."""
SourceOf = Callable[[str, Instruction], tuple[Stack, str]]


class RunningBox(Protocol):
    def run(self, command: Command) -> Exit: ...
    def put(self, source: Path, target: str) -> None: ...
    def close(self) -> None: ...


class Start(Protocol):
    """harness.engine.bwrap.box.sandbox.start, with the engine's own arguments filled in."""

    def __call__(
        self,
        layers: Sequence[Path],
        *,
        upper: Path | None = None,
        network: bool = False,
        env: Mapping[str, str] | None = None,
        workdir: str = "/",
        mounts: Sequence[str] = (),
        binds: Mapping[str, Path] | None = None,
    ) -> RunningBox: ...


@dataclass(frozen=True, slots=True)
class StageSoFar:
    """The state of a stage after some of its instructions."""

    base: Base
    key: str
    layers: tuple[Path, ...]
    seen: tuple[Path, ...]
    config: ImageConfig
    env: Mapping[str, str]
    """The variables for RUN and for expansion: the image's ENV and the stage's ARGs; for each name the later one."""
    notes: tuple[str, ...] = ()
    cmd_set: bool = False
    triggers: tuple[str, ...] = ()
    """ONBUILD instructions that wait for the next FROM."""
    volumes: tuple[tuple[Instruction, str], ...] = ()

    def with_layer(self, key: str, folder: Path, notes: tuple[str, ...]) -> StageSoFar:
        return replace(
            self, key=key, layers=(*self.layers, folder), seen=(*self.seen, folder), notes=(*self.notes, *notes)
        )

    @property
    def certain(self) -> bool:
        """Whether a failure here would also happen with the image that the task names."""
        return self.base.fidelity == "image"

    @property
    def hint(self) -> str:
        if self.certain:
            return ""
        return f"It was built on {self.base.words}, which may be the reason: build it with --engine docker to know."


@dataclass(frozen=True, slots=True)
class BuildScene:
    """Values that all instructions of one build share."""

    dockerfile: Dockerfile
    context: BuildContext
    cache: Cache
    start: Start
    progress: Progress
    network: bool
    """RUN and ADD have one where they want it."""
    no_network: str
    """Why they cannot, where it is this machine that can make none, and what to install; else ''."""
    deadline: float
    base_of: Callable[[str], Base]
    images: Mapping[str, str]

    @property
    def without_network(self) -> str:
        """`no_network` as the end of a sentence."""
        return f"without a network: {self.no_network[:1].lower()}{self.no_network[1:].rstrip('.')}"

    def in_time(self, instruction: Instruction) -> float:
        """Seconds that are left of the build's time limit."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.failed(instruction, "the build's time limit is over", certain=False)
        return left

    def failed(
        self,
        instruction: Instruction,
        message: str,
        *,
        certain: bool,
        output: str = "",
        hint: str = "",
        no_network: str = "",
    ) -> BuildFailed:
        file = self.dockerfile.path
        return BuildFailed(
            f"{file}:{instruction.line}: {message}.",
            file=file,
            line=instruction.line,
            instruction=str(instruction),
            output=output,
            certain=certain,
            hint=hint,
            no_network=no_network,
        )

    def disk_full(self, instruction: Instruction) -> EngineError:
        return EngineError(
            f"{self.dockerfile.path}:{instruction.line}: the disk with the layers, {self.cache.root}, is full.",
            hint=MAKE_ROOM,
        )

    def needs_docker(self, instruction: Instruction, message: str, *, hint: str = "") -> NeedsDocker:
        where = f"{self.dockerfile.path}:{instruction.line}"
        return NeedsDocker(f"{where}: {message}.", where=where, hint=hint)

    def expand(self, instruction: Instruction, word: str, env: Mapping[str, str]) -> str:
        try:
            return expand(word, env, self.dockerfile.syntax)
        except ValueError as error:
            raise self.dockerfile.fail(f"{error}.", instruction) from error

    def other_image(self, name: str, instruction: Instruction, stages: Sequence[str]) -> Base:
        """The image of a --from that is not a stage: a daemon has it, or a folder, tar or other image replaces it."""
        stand_in = find_stand_in(self.images, name)
        if (stand_in is None and docker_image(name) is None) or (stand_in is not None and stand_in.base == HOST):
            known = f" (the stages are {', '.join(stages)})" if stages else ""
            raise self.needs_docker(
                instruction,
                f"files are taken from the image {name}, which is not here{known}",
                hint=f"Run it with --engine docker, or map it: --image {name}=FOLDER-OR-TAR.",
            )
        return self.base_of(name)


def check_user(scene: BuildScene, state: StageSoFar, instruction: Instruction) -> None:
    try:
        user_of(state, state.config.user)
    except EngineError as error:
        raise scene.failed(instruction, error.message.rstrip("."), certain=state.certain, hint=state.hint) from error


def user_of(state: StageSoFar, spec: str) -> users.User:
    view = Stack(state.seen)

    def content(path: str) -> bytes | None:
        host = view.host(resolve(view, path))
        return host.read_bytes() if host is not None and host.is_file() else None

    return users.find(spec, content)


def tree_of(scene: BuildScene, instruction: Instruction, name: str | None, source_of: SourceOf) -> tuple[Tree, str]:
    """The tree that files come from, and a key for it; '' for the context, whose files get keys one by one."""
    return (scene.context, "") if name is None else source_of(name, instruction)


def missing(
    scene: BuildScene,
    instruction: Instruction,
    error: SourceMissing,
    from_context: bool,
    state: StageSoFar | None = None,
) -> BuildFailed:
    if not from_context:
        name = instruction.flag("from") or "the stage"
        certain = state is not None and state.certain
        hint = state.hint if state is not None else ""
        return scene.failed(instruction, f"{error.path} is not in {name}", certain=certain, hint=hint)
    path = error.path.lstrip("/")
    if scene.context.hidden(error.path):
        hint = f"{scene.context.ignore.file} hides it."
    else:
        hint = f"The build context is {scene.context.root.name}/: put the file there or correct the path."
    return scene.failed(instruction, f"{path} is not in the build context", certain=True, hint=hint)
