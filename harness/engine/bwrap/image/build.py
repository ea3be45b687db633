"""Replays a Dockerfile on a base; every instruction that changes files becomes a cached layer."""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.engine.bwrap.box import nat, sandbox
from harness.engine.bwrap.image.bases import Base, find_base
from harness.engine.bwrap.image.built import BwrapImage
from harness.engine.bwrap.image.cache import MAKE_ROOM, Cache, default_cache, key_of, open_cache
from harness.engine.bwrap.image.copy_step import add_or_copy
from harness.engine.bwrap.image.platforms import platform_arguments
from harness.engine.bwrap.image.run_step import run, working_folder
from harness.engine.bwrap.image.scene import BuildScene, StageSoFar, Start
from harness.engine.contract import Command, EngineOptions, Exit, ImageConfig, Progress, Recipe, silent
from harness.engine.recipe.context import BuildContext, LinkLoop, read_ignore
from harness.engine.recipe.dockerfile import (
    Dockerfile,
    Instruction,
    Stage,
    absolute,
    find_stage,
    global_arguments,
    pairs,
    parse,
    read,
    stages,
)
from harness.engine.recipe.image_config import read_healthcheck
from harness.engine.recipe.words import expand, split
from harness.engine.stack import Stack
from harness.errors import BuildFailed, EngineError

RECORDED = frozenset({"EXPOSE", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "STOPSIGNAL", "VOLUME"})


def cache_folder(options: EngineOptions) -> Path:
    return options.cache or default_cache()


def build(
    recipe: Recipe,
    options: EngineOptions,
    progress: Progress = silent,
    *,
    start: Start = sandbox.start,
) -> BwrapImage:
    """The recipe's image. Raises BuildFailed, NeedsDocker, UsageError or EngineError."""
    cache = open_cache(cache_folder(options))
    try:
        return _built(recipe, options, progress, cache, start)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EngineError(f"The disk with the layers, {cache.root}, is full.", hint=MAKE_ROOM) from error
        raise EngineError(f"The environment could not be put together in {cache.root}: {error}") from error


def _built(recipe: Recipe, options: EngineOptions, progress: Progress, cache: Cache, start: Start) -> BwrapImage:
    deadline = time.monotonic() + recipe.timeout
    images = {**options.images, **recipe.images}

    def check(layers: tuple[Path, ...], command: Command) -> Exit:
        with closing(start(layers)) as box:
            return box.run(command)

    if recipe.dockerfile is None:
        base = find_base(recipe.image or "scratch", images, cache, check, progress)
        return _image(_first_state(base))
    dockerfile = read(recipe.dockerfile)
    try:
        ignore = read_ignore(recipe.context, recipe.dockerfile)
    except ValueError as error:
        raise BuildFailed(f".dockerignore: {error}.", file=".dockerignore") from error
    platform = platform_arguments()
    arguments = global_arguments(dockerfile, recipe.build_args, platform)
    known = stages(dockerfile, arguments)
    no_network = nat.no_network() if options.build_network else ""
    scene = BuildScene(
        dockerfile=dockerfile,
        context=BuildContext(recipe.context, ignore),
        cache=cache,
        start=start,
        progress=progress,
        network=options.build_network and not no_network,
        no_network=no_network,
        deadline=deadline,
        base_of=lambda reference: find_base(reference, images, cache, check, progress),
        images=images,
    )
    builder = _Builder(scene, known, arguments, recipe.build_args)
    wanted = known[-1]
    if recipe.target:
        target = find_stage(known, recipe.target)
        if target is None:
            raise BuildFailed(f"{dockerfile.path} has no stage named {recipe.target}.", file=dockerfile.path)
        wanted = target
    return _image(builder.with_mount_points(builder.stage(wanted)))


def _image(state: StageSoFar) -> BwrapImage:
    config = state.config
    facts: list[object] = [dict(config.env), config.workdir, config.user, config.entrypoint, config.cmd, config.shell]
    facts += [asdict(config.healthcheck) if config.healthcheck else None]
    return BwrapImage(
        id=key_of("image", state.key, *facts),
        config=config,
        fidelity=state.base.fidelity,
        base=state.base.words,
        notes=tuple(dict.fromkeys(state.notes)),
        layers=state.layers,
    )


def _first_state(base: Base) -> StageSoFar:
    env = dict(base.config.env)
    return StageSoFar(base, base.id, base.layers, base.seen, base.config, env, base.notes, triggers=base.triggers)


class _Builder:
    def __init__(
        self, scene: BuildScene, known: tuple[Stage, ...], arguments: Mapping[str, str], build_args: Mapping[str, str]
    ) -> None:
        self.scene = scene
        self.known = known
        self.arguments = arguments
        self.build_args = build_args
        self.done: dict[int, StageSoFar] = {}

    @property
    def dockerfile(self) -> Dockerfile:
        return self.scene.dockerfile

    def stage(self, stage: Stage) -> StageSoFar:
        """The finished stage. Only stages that the final one needs are built."""
        if stage.index not in self.done:
            state = self.begin(stage)
            triggered = self.triggered(state.triggers, stage)
            state = replace(state, triggers=())
            for instruction in (*triggered, *stage.body):
                state = self.step(state, instruction, stage)
            self.done[stage.index] = state
        return self.done[stage.index]

    def begin(self, stage: Stage) -> StageSoFar:
        if not stage.base.isdigit():
            earlier = find_stage(self.known[: stage.index], stage.base)
            if earlier is not None:
                return replace(self.stage(earlier), cmd_set=False)
        return _first_state(self.scene.base_of(stage.base))

    def triggered(self, triggers: tuple[str, ...], stage: Stage) -> tuple[Instruction, ...]:
        """The ONBUILD instructions of the stage's base, which run as if they came right after the FROM."""
        found: list[Instruction] = []
        for text in triggers:
            inner = parse(f"FROM scratch\n{text}\n", self.dockerfile.path).instructions[1:]
            line = stage.instruction.line
            found.extend(replace(each, line=line, end_line=line) for each in inner)
        return tuple(found)

    def expand(self, instruction: Instruction, word: str, env: Mapping[str, str]) -> str:
        try:
            return expand(word, env, self.dockerfile.syntax)
        except ValueError as error:
            raise self.dockerfile.fail(f"{error}.", instruction) from error

    def step(self, state: StageSoFar, instruction: Instruction, stage: Stage) -> StageSoFar:
        self.scene.in_time(instruction)
        self.scene.progress(f"{self.dockerfile.path}:{instruction.line}: {instruction}")
        try:
            return self._step(state, instruction, stage)
        except LinkLoop as error:
            raise self.scene.failed(instruction, str(error), certain=state.certain, hint=state.hint) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self.scene.disk_full(instruction) from error
            raise

    def _step(self, state: StageSoFar, instruction: Instruction, stage: Stage) -> StageSoFar:
        match instruction.name:
            case "RUN":
                return self.layered(state, run(self.scene, state, instruction, self.source(stage)))
            case "COPY" | "ADD":
                return self.layered(state, add_or_copy(self.scene, state, instruction, self.source(stage)))
            case "WORKDIR":
                return self.workdir(state, instruction)
            case "ENV" | "LABEL":
                return self.named_values(state, instruction)
            case "ARG":
                return self.argument(state, instruction)
            case name if name in RECORDED:
                return self.recorded(state, instruction)
            case _:
                return self.setting(state, instruction)

    def layered(self, state: StageSoFar, made: tuple[str, Path, tuple[str, ...]] | None) -> StageSoFar:
        if made is None:
            return state
        key, folder, notes = made
        return state.with_layer(key, folder, notes)

    def with_mount_points(self, state: StageSoFar) -> StageSoFar:
        """A container has a folder for every VOLUME, even if the image has none."""
        for instruction, path in state.volumes:
            by_root = replace(state, config=replace(state.config, user=""))
            state = self.layered(state, working_folder(self.scene, by_root, instruction, path))
        return state

    def source(self, stage: Stage) -> SourceOf:
        return SourceOf(self, stage)

    def workdir(self, state: StageSoFar, instruction: Instruction) -> StageSoFar:
        path = absolute(state.config.workdir, self.expand(instruction, instruction.text, state.env)).rstrip("/") or "/"
        state = replace(state, config=replace(state.config, workdir=path))
        return self.layered(state, working_folder(self.scene, state, instruction, path))

    def named_values(self, state: StageSoFar, instruction: Instruction) -> StageSoFar:
        values = {
            self.expand(instruction, name, state.env): self.expand(instruction, value or "", state.env)
            for name, value in pairs(instruction.text, self.dockerfile.syntax)
        }
        if instruction.name == "LABEL":
            return replace(state, config=replace(state.config, labels={**state.config.labels, **values}))
        config = replace(state.config, env={**state.config.env, **values})
        return replace(state, config=config, env={**state.env, **values})

    def argument(self, state: StageSoFar, instruction: Instruction) -> StageSoFar:
        env = dict(state.env)
        for name, default in pairs(instruction.text, self.dockerfile.syntax, bare=True):
            name = self.expand(instruction, name, env)
            if name in self.build_args:
                env[name] = self.build_args[name]
            elif default is not None:
                env[name] = self.expand(instruction, default, env)
            elif name in self.arguments:
                env[name] = self.arguments[name]
        return replace(state, env=env)

    def recorded(self, state: StageSoFar, instruction: Instruction) -> StageSoFar:
        if instruction.name == "HEALTHCHECK":
            try:
                return replace(state, config=replace(state.config, healthcheck=read_healthcheck(instruction)))
            except ValueError as error:
                raise self.dockerfile.fail(f"{error}.", instruction) from error
        if instruction.name == "ONBUILD":
            return replace(state, triggers=(*state.triggers, instruction.text))
        if instruction.name not in ("EXPOSE", "VOLUME"):
            return state
        try:
            if instruction.json is not None:
                words = [expand(word, state.env, self.dockerfile.syntax) for word in instruction.json]
            else:
                words = split(instruction.text, state.env, self.dockerfile.syntax)
        except ValueError as error:
            raise self.dockerfile.fail(f"{error}.", instruction) from error
        if instruction.name == "VOLUME":
            made = tuple((instruction, absolute("/", path)) for path in words)
            return replace(state, volumes=(*state.volumes, *made))
        named = (port if "/" in port else f"{port}/tcp" for port in words)
        return replace(state, config=replace(state.config, exposed=tuple(sorted({*state.config.exposed, *named}))))

    def setting(self, state: StageSoFar, instruction: Instruction) -> StageSoFar:
        """USER, SHELL, ENTRYPOINT and CMD."""
        config = state.config
        match instruction.name:
            case "USER":
                config = replace(config, user=self.expand(instruction, instruction.text, state.env))
            case "SHELL":
                config = replace(config, shell=instruction.json or config.shell)
            case "ENTRYPOINT":
                cmd = config.cmd if state.cmd_set else ()
                config = replace(config, entrypoint=self.command_words(config, instruction), cmd=cmd)
            case "CMD":
                config = replace(config, cmd=self.command_words(config, instruction))
                return replace(state, config=config, cmd_set=True)
        return replace(state, config=config)

    @staticmethod
    def command_words(config: ImageConfig, instruction: Instruction) -> tuple[str, ...]:
        if instruction.json is not None:
            return instruction.json
        return (*config.shell, instruction.text) if instruction.text else ()


@dataclass(frozen=True, slots=True)
class SourceOf:
    """Finds what `--from=NAME` refers to in one stage."""

    builder: _Builder
    stage: Stage

    def __call__(self, name: str, instruction: Instruction) -> tuple[Stack, str]:
        """The tree, and a key for its contents."""
        builder, stage = self.builder, self.stage
        earlier = find_stage(builder.known[: stage.index], name)
        if earlier is not None:
            state = builder.stage(earlier)
            return Stack(state.seen), state.key
        if name.isdigit() or find_stage(builder.known, name) is not None:
            raise builder.dockerfile.fail(f"--from={name}: there is no such stage before this one.", instruction)
        base = builder.scene.other_image(name, instruction, [each.name for each in builder.known if each.name])
        return Stack(base.seen), base.id
