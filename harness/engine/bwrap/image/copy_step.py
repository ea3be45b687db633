"""COPY and ADD: put files into a layer, from the build context, another stage, the Dockerfile itself or a URL."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.engine.bwrap.image.cache import key_of
from harness.engine.bwrap.image.copying import (
    CannotCopy,
    Copier,
    Manner,
    Owner,
    is_zstd,
    open_archive,
    parse_mode,
    unpack,
)
from harness.engine.bwrap.image.scene import BuildScene, Made, SourceOf, StageSoFar, missing, tree_of, user_of
from harness.engine.contract import Command
from harness.engine.recipe.context import BuildContext, SourceMissing, Tree, fingerprint, ignore_rules, resolve, select
from harness.engine.recipe.dockerfile import Instruction, absolute, heredoc_opening
from harness.engine.recipe.words import Syntax, expand
from harness.engine.stack import ROOT, Layer
from harness.errors import EngineError

_URL = re.compile(r"https?://", re.IGNORECASE)
_GIT = re.compile(r"(git@|git://|ssh://)|https?://.*\.git(#.*)?$", re.IGNORECASE)


def add_or_copy(scene: BuildScene, state: StageSoFar, instruction: Instruction, source_of: SourceOf) -> Made:
    *sources, dest = instruction.json or instruction.text.split()
    dest = absolute(state.config.workdir, scene.expand(instruction, dest, state.env))
    heredocs = {heredoc.name: heredoc for heredoc in instruction.heredocs}
    tree, tree_key = tree_of(scene, instruction, instruction.flag("from"), source_of)
    manner, facts, notes = _manner(scene, state, instruction, from_context=tree is scene.context)
    jobs: list[_Job] = []
    contents: list[_Job] = []  # the builder copies inline files after all others
    for raw in sources:
        opening = heredoc_opening(raw) if heredocs else None
        if opening is not None and opening.name in heredocs:
            heredoc = heredocs[opening.name]
            text = heredoc.content
            if heredoc.expand:
                text = _expanded_body(scene, instruction, text, state.env)
            contents.append(_Inline(heredoc.name, text))
            continue
        source = scene.expand(instruction, raw, state.env)
        if _GIT.match(source):
            raise scene.needs_docker(instruction, f"{source} is a git repository")
        if _URL.match(source):
            if instruction.name == "COPY":
                raise scene.failed(instruction, "a URL can only be the source of ADD", certain=True)
            jobs.append(_Download(source, instruction.flag("checksum") or ""))
        else:
            jobs.append(_Files(tree, tree_key, source, instruction.on("parents"), _unpacks(instruction)))
    jobs += contents
    try:
        key = key_of(instruction.name, state.key, dest, facts, [job.facts() for job in jobs])

        def make(folder: Path) -> None:
            with scene.cache.scratch() as scratch:
                for number, job in enumerate(jobs):
                    (scratch / str(number)).mkdir()
                    layer = Layer(state.seen, folder)
                    job.do(scene, state, instruction, layer, dest, manner, scratch / str(number))

        return key, scene.cache.layer(key, str(instruction)[:200], make, deadline=scene.deadline), notes
    except SourceMissing as error:
        raise missing(scene, instruction, error, tree is scene.context, state) from error
    except CannotCopy as error:
        raise scene.failed(instruction, str(error), certain=state.certain, hint=state.hint) from error
    except PermissionError as error:
        raise scene.failed(instruction, f"{error.filename} may not be read", certain=False) from error


class _Job(Protocol):
    def facts(self) -> list[object]:
        """Everything that its result depends on. Raises SourceMissing."""

    def do(
        self,
        scene: BuildScene,
        state: StageSoFar,
        instruction: Instruction,
        layer: Layer,
        dest: str,
        manner: Manner,
        scratch: Path,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class _Files:
    tree: Tree
    key: str
    source: str
    parents: bool
    unpack: bool

    def facts(self) -> list[object]:
        if self.key:
            return [self.key, self.source, self.parents, self.unpack]
        if self.parents:
            return [self.source, True, fingerprint(self.tree, resolve(self.tree, self.source.partition("/./")[0]))]
        named = select(self.tree, self.source)
        return [self.source, self.unpack, [(name, fingerprint(self.tree, path)) for name, path in named]]

    def do(
        self,
        scene: BuildScene,
        state: StageSoFar,
        instruction: Instruction,
        layer: Layer,
        dest: str,
        manner: Manner,
        scratch: Path,
    ) -> None:
        copier = Copier(self.tree, layer, manner)
        if self.parents:
            copier.copy_with_parents(self.source, dest)
            return
        for name, path in select(self.tree, self.source):
            host = self.tree.host(path)
            if self.unpack and host is not None and host.is_file():
                if is_zstd(host):
                    raise scene.needs_docker(instruction, f"{self.source} is compressed with zstd")
                archive = open_archive(host)
                if archive is not None:
                    with archive:
                        unpack(archive, layer, dest, manner.folder_owner)
                    continue
            copier.copy_named(name, path, dest)


@dataclass(frozen=True, slots=True)
class _Inline:
    name: str
    text: str

    def facts(self) -> list[object]:
        return [self.name, self.text]

    def do(
        self,
        scene: BuildScene,
        state: StageSoFar,
        instruction: Instruction,
        layer: Layer,
        dest: str,
        manner: Manner,
        scratch: Path,
    ) -> None:
        file = scratch / posixpath.basename(self.name)
        file.write_text(self.text, errors="surrogateescape")
        file.chmod(0o644)
        Copier(BuildContext(scratch), layer, manner).copy_named(file.name, f"/{file.name}", dest)


_FETCH = """
if command -v curl >/dev/null; then exec curl -fsSL --retry 2 -o /fetched "$1"
elif command -v wget >/dev/null; then exec wget -q -O /fetched "$1"
elif command -v python3 >/dev/null; then
  exec python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], "/fetched")' "$1"
else echo "no curl, wget or python3 to fetch it with"; exit 1; fi
"""


@dataclass(frozen=True, slots=True)
class _Download:
    url: str
    checksum: str

    def facts(self) -> list[object]:
        return [self.url, self.checksum]

    def do(
        self,
        scene: BuildScene,
        state: StageSoFar,
        instruction: Instruction,
        layer: Layer,
        dest: str,
        manner: Manner,
        scratch: Path,
    ) -> None:
        if not scene.network:
            message = f"{self.url} cannot be fetched: the build has no network"
            raise scene.failed(instruction, message, certain=False, no_network=scene.no_network)
        upper = scratch / "upper"
        upper.mkdir(mode=0o755)
        with closing(scene.start((ROOT,), upper=upper, network=True)) as box:
            result = box.run(Command(("/bin/sh", "-c", _FETCH, "sh", self.url), scene.in_time(instruction)))
        fetched = upper / "fetched"
        if result.status != 0 or not fetched.is_file():
            output = result.output.decode("utf-8", "replace")
            raise scene.failed(instruction, f"{self.url} could not be fetched", certain=False, output=output)
        if self.checksum:
            name, _, wanted = self.checksum.partition(":")
            with fetched.open("rb") as stream:
                if name != "sha256" or hashlib.file_digest(stream, "sha256").hexdigest() != wanted:
                    raise scene.failed(instruction, f"{self.url} is not {self.checksum}", certain=True)
        fetched.chmod(0o600)
        path = self.url.partition("?")[0].partition("#")[0].partition("://")[2].partition("/")[2]
        name = posixpath.basename(path) or "__unnamed__"
        Copier(BuildContext(upper), layer, manner).copy_named(name, "/fetched", dest)


def _unpacks(instruction: Instruction) -> bool:
    return instruction.name == "ADD" and (instruction.flag("unpack") is None or instruction.on("unpack"))


def _manner(
    scene: BuildScene, state: StageSoFar, instruction: Instruction, *, from_context: bool
) -> tuple[Manner, list[object], tuple[str, ...]]:
    owner: Owner | None = (0, 0) if from_context else None
    notes: tuple[str, ...] = ()
    chown = instruction.flag("chown")
    if chown:
        owner = _owner(scene, state, instruction, scene.expand(instruction, chown, state.env))
        if owner != (0, 0) and os.geteuid() != 0:
            where = f"{scene.dockerfile.path}:{instruction.line}"
            notes = (f"{where}: --chown is not kept, an ordinary user cannot give files away.",)
    chmod = scene.expand(instruction, instruction.flag("chmod") or "", state.env)
    exclude = [scene.expand(instruction, pattern, state.env) for pattern in instruction.all_flags("exclude")]
    try:
        manner = Manner(owner, parse_mode(chmod) if chmod else None, ignore_rules(exclude))
    except ValueError as error:
        raise scene.failed(instruction, str(error), certain=True) from error
    return manner, [list(owner) if owner else None, chmod, exclude], notes


def _owner(scene: BuildScene, state: StageSoFar, instruction: Instruction, spec: str) -> Owner:
    who, colon, _group = spec.partition(":")
    if who.isdigit() and not colon:
        return int(who), int(who)  # a uid without a group is also the gid
    try:
        user = user_of(state, spec)
    except EngineError as error:
        raise scene.failed(instruction, error.message.rstrip("."), certain=state.certain, hint=state.hint) from error
    return user.uid, user.gid


def _expanded_body(scene: BuildScene, instruction: Instruction, text: str, env: Mapping[str, str]) -> str:
    try:
        return expand(text, env, Syntax(quotes=False))
    except ValueError as error:
        raise scene.dockerfile.fail(f"{error}.", instruction) from error
