"""The instructions that change files: RUN, COPY, ADD and WORKDIR, each one layer."""

from __future__ import annotations

import csv
import hashlib
import os
import posixpath
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from harness.engine.bwrap.box import users
from harness.engine.bwrap.image.bases import Base, docker_image
from harness.engine.bwrap.image.cache import MAKE_ROOM, Cache, key_of
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
from harness.engine.bwrap.image.stack import ROOT, Layer, Stack
from harness.engine.contract import Command, Exit, ImageConfig, Progress
from harness.engine.recipe.context import (
    Folder,
    Missing,
    Tree,
    fingerprint,
    ignore_rules,
    is_folder,
    kind,
    resolve,
    select,
)
from harness.engine.recipe.dockerfile import Dockerfile, Instruction, absolute, heredoc_opening
from harness.engine.recipe.standin import HOST, find_stand_in
from harness.engine.recipe.words import Syntax, expand
from harness.errors import BuildFailed, EngineError, NeedsDocker

Made = tuple[str, Path, tuple[str, ...]]
"""A layer's key, its folder, and notes."""
SourceOf = Callable[[str, Instruction], tuple[Stack, str]]

_URL = re.compile(r"https?://", re.IGNORECASE)
_GIT = re.compile(r"(git@|git://|ssh://)|https?://.*\.git(#.*)?$", re.IGNORECASE)
_OUTPUT_LIMIT = 1 << 16
_TAIL_LINES = 40
_LITTLE_ROOM = 256 << 20
"""Bytes: where fewer are free, it is this machine's disk that is full, and not a limit of the task's own making."""


class RunningBox(Protocol):
    def run(self, command: Command) -> Exit: ...
    def put(self, source: Path, target: str) -> None: ...
    def close(self) -> None: ...


class Start(Protocol):
    """harness.engine.bwrap.box.sandbox.start, with what the engine adds."""

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
class State:
    """What a stage has become so far."""

    base: Base
    key: str
    layers: tuple[Path, ...]
    seen: tuple[Path, ...]
    config: ImageConfig
    env: Mapping[str, str]
    """Of RUN and of variables in the file: the image's ENV and the stage's ARGs, the later one of a name."""
    notes: tuple[str, ...] = ()
    cmd_set: bool = False
    triggers: tuple[str, ...] = ()
    """ONBUILD instructions that wait for the next FROM."""
    volumes: tuple[tuple[Instruction, str], ...] = ()

    def with_layer(self, key: str, folder: Path, notes: tuple[str, ...]) -> State:
        return replace(
            self, key=key, layers=(*self.layers, folder), seen=(*self.seen, folder), notes=(*self.notes, *notes)
        )

    @property
    def certain(self) -> bool:
        """Whether what fails here would fail with the image the task names, too."""
        return self.base.fidelity == "image"

    @property
    def hint(self) -> str:
        if self.certain:
            return ""
        return f"It was built on {self.base.words}, which may be the reason: build it with --engine docker to know."


@dataclass(frozen=True, slots=True)
class Scene:
    """What every instruction of one build shares."""

    dockerfile: Dockerfile
    context: Folder
    cache: Cache
    start: Start
    progress: Progress
    network: bool
    deadline: float
    base_of: Callable[[str], Base]
    images: Mapping[str, str]

    def in_time(self, instruction: Instruction) -> float:
        """Seconds that are left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.failed(instruction, "the build's time limit is over", certain=False)
        return left

    def failed(
        self, instruction: Instruction, message: str, *, certain: bool, output: str = "", hint: str = ""
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
        """The image of a --from that is no stage: one that a daemon has, or that a folder, tar or image stands for."""
        stand_in = find_stand_in(self.images, name)
        if (stand_in is None and docker_image(name) is None) or (stand_in is not None and stand_in.base == HOST):
            known = f" (the stages are {', '.join(stages)})" if stages else ""
            raise self.needs_docker(
                instruction,
                f"files are taken from the image {name}, which is not here{known}",
                hint=f"Run it with --engine docker, or map it: --image {name}=FOLDER-OR-TAR.",
            )
        return self.base_of(name)


# --- RUN ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mount:
    kind: str
    target: str
    tree: Tree | None = None
    path: str = "/"
    writable: bool = False
    facts: tuple[str, ...] = ()


def run(scene: Scene, state: State, instruction: Instruction, source_of: SourceOf) -> Made:
    argv, script = _command(state, instruction)
    mounts, notes = _mounts(scene, state, instruction, source_of)
    network = _wants_network(scene, instruction) and scene.network
    user = state.config.user
    _check_user(scene, state, instruction)
    _check_shell(scene, state, instruction, argv[0])
    key = key_of(
        "run", state.key, argv, script, sorted(state.env.items()), state.config.workdir, user, [m.facts for m in mounts]
    )

    def make(folder: Path) -> None:
        result = _in_box(scene, state, instruction, folder, argv, script, mounts, network)
        if result.status != 0:
            raise _run_failed(scene, state, instruction, result, network)
        for mount in mounts:
            _drop_mount_point(folder, Stack(state.seen), mount.target)

    return key, scene.cache.layer(key, str(instruction)[:200], make, deadline=scene.deadline), notes


def _in_box(
    scene: Scene,
    state: State,
    instruction: Instruction,
    upper: Path,
    argv: tuple[str, ...],
    script: str | None,
    mounts: Sequence[_Mount],
    network: bool,
) -> Exit:
    with ExitStack() as stack:
        scratch = stack.enter_context(scene.cache.scratch())
        binds: dict[str, Path] = {}
        filled: dict[str, Path] = {}
        for number, mount in enumerate(mounts):
            if mount.tree is not None:
                copied = _copied_out(mount.tree, mount.path, scratch / f"bind{number}")
                (filled if mount.writable else binds)[mount.target] = copied
        if script is not None:
            file = scratch / "script"
            file.write_text(script)
            file.chmod(0o755)
            binds[argv[0]] = file
        empty = [mount.target for mount in mounts if mount.target not in binds]
        box = scene.start(
            state.layers,
            upper=upper,
            network=network,
            env=state.env,
            workdir=state.config.workdir,
            mounts=empty,
            binds=binds,
        )
        stack.enter_context(closing(box))
        for target, source in filled.items():
            box.put(source, target)
        command = Command(argv, scene.in_time(instruction), user=state.config.user, output_limit=_OUTPUT_LIMIT)
        return box.run(command)


def _command(state: State, instruction: Instruction) -> tuple[tuple[str, ...], str | None]:
    """What to run, and the text of the script where a heredoc with `#!` is one (its path is the command)."""
    if instruction.json is not None:
        return instruction.json, None
    text = instruction.text
    heredocs = instruction.heredocs
    if heredocs:
        if heredoc_opening(text) is not None:
            if heredocs[0].content.startswith("#!"):
                return (f"/dev/pipes/{heredocs[0].name}",), heredocs[0].content
            text = heredocs[0].content
        else:
            text += "".join(f"\n{heredoc.body}{heredoc.name}" for heredoc in heredocs)
    return (*state.config.shell, text), None


def _wants_network(scene: Scene, instruction: Instruction) -> bool:
    if instruction.flag("security") not in (None, "sandbox"):
        raise scene.needs_docker(instruction, "RUN --security=insecure is not possible in a box")
    if instruction.flag("device") is not None:
        raise scene.needs_docker(instruction, "RUN --device needs a device of the machine")
    network = instruction.flag("network")
    if network not in (None, "default", "none"):
        raise scene.needs_docker(instruction, f"RUN --network={network} is not possible in a box")
    return network != "none"


def _check_shell(scene: Scene, state: State, instruction: Instruction, program: str) -> None:
    view = Stack(state.seen)
    for needed in (program, "/bin/sh"):
        if needed.startswith("/") and kind(view, resolve(view, needed)) is None and not needed.startswith("/dev/"):
            if needed == program:
                raise scene.failed(
                    instruction, f"{program} is not in the image", certain=state.certain, hint=state.hint
                )
            raise scene.needs_docker(instruction, "the image has no /bin/sh, without which nothing runs in a box")


def _check_user(scene: Scene, state: State, instruction: Instruction) -> None:
    try:
        _user(state, state.config.user)
    except EngineError as error:
        raise scene.failed(instruction, error.message.rstrip("."), certain=state.certain, hint=state.hint) from error


def _user(state: State, spec: str) -> users.User:
    view = Stack(state.seen)

    def content(path: str) -> bytes | None:
        host = view.host(resolve(view, path))
        return host.read_bytes() if host is not None and host.is_file() else None

    return users.find(spec, content)


def _mounts(
    scene: Scene, state: State, instruction: Instruction, source_of: SourceOf
) -> tuple[list[_Mount], tuple[str, ...]]:
    found: list[_Mount] = []
    notes: list[str] = []
    where = f"{scene.dockerfile.path}:{instruction.line}"
    for text in instruction.all_flags("mount"):
        fields = _mount_fields(scene, state, instruction, text)
        kind_of = fields.get("type", "bind")
        target = absolute(state.config.workdir, fields.get("target", "")).rstrip("/") or "/"
        if kind_of in ("secret", "ssh"):
            name = fields.get("id") or target.rpartition("/")[2] or "default"
            if fields.get("required") == "true":
                raise scene.failed(instruction, f"it requires the {kind_of} {name}, and nobody gives one", certain=True)
            notes.append(f"{where}: the optional {kind_of} {name} is not there.")
            continue
        if "target" not in fields:
            raise scene.failed(instruction, f"the mount {text} has no target", certain=True)
        if target == "/":
            raise scene.needs_docker(instruction, "RUN --mount over the whole root is not possible in a box")
        if kind_of in ("cache", "tmpfs"):
            # A cache may always be empty. Sharing one between tasks would let one task's build change another's.
            found.append(_Mount(kind_of, target, facts=(kind_of, target)))
        elif kind_of == "bind":
            found.append(_bind(scene, instruction, fields, target, source_of))
        else:
            raise scene.needs_docker(instruction, f"RUN --mount=type={kind_of} is not known to the bwrap engine")
    return found, tuple(notes)


def _bind(
    scene: Scene, instruction: Instruction, fields: Mapping[str, str], target: str, source_of: SourceOf
) -> _Mount:
    tree, key = _tree(scene, instruction, fields.get("from"), source_of)
    source = fields.get("source", "/")
    path = resolve(tree, "/" + source)
    if tree.host(path) is None:
        raise _missing(scene, instruction, Missing(path), tree is scene.context)
    writable = fields.get("rw") == "true"
    if writable and not is_folder(tree, path):
        raise scene.needs_docker(instruction, "RUN --mount=type=bind,rw of a single file is not possible in a box")
    facts = ("bind", target, source, key or fingerprint(tree, path), str(writable))
    return _Mount("bind", target, tree, path, writable, facts)


def _mount_fields(scene: Scene, state: State, instruction: Instruction, text: str) -> dict[str, str]:
    names = {"dst": "target", "destination": "target", "src": "source", "ro": "readonly", "readwrite": "rw"}
    fields: dict[str, str] = {}
    for word in next(csv.reader([text]), []):
        name, equals, value = word.partition("=")
        name = names.get(name.strip().lower(), name.strip().lower())
        value = scene.expand(instruction, value, state.env) if equals else "true"
        fields["rw" if name == "readonly" and value == "false" else name] = "true" if name == "readonly" else value
    return fields


def _copied_out(tree: Tree, path: str, folder: Path) -> Path:
    """A copy of the file or folder `path` for a box to see: neither the task's own files nor layers may change."""
    folder.mkdir(mode=0o755)
    owner = (0, 0) if isinstance(tree, Folder) else None
    copier = Copier(tree, Layer([], folder), Manner(owner))
    whole = is_folder(tree, path)
    copier.entry(path, "/" if whole else "/file", "", child=False)
    return folder if whole else folder / "file"


def _drop_mount_point(layer: Path, below: Stack, target: str) -> None:
    """An overlay keeps the empty places that were made to mount something on."""
    path = resolve(below, target)
    while path != "/" and kind(below, path) is None:
        entry = layer / path.lstrip("/")
        with suppress(FileNotFoundError):
            if entry.is_dir():
                try:
                    entry.rmdir()
                except OSError:
                    return
            elif entry.stat().st_size == 0:
                entry.unlink()
        path = posixpath.dirname(path)


def _run_failed(
    scene: Scene, state: State, instruction: Instruction, result: Exit, network: bool
) -> BuildFailed | EngineError:
    output = result.output.decode("utf-8", "replace")
    tail = "\n".join(output.rstrip().splitlines()[-_TAIL_LINES:])
    if "no space left on device" in output.lower() and scene.cache.free() < _LITTLE_ROOM:
        return scene.disk_full(instruction)
    if result.timed_out:
        return scene.failed(
            instruction, "RUN did not end within the build's time limit", certain=False, output=tail, hint=state.hint
        )
    reason = f"RUN failed with exit status {result.status}"
    if result.oom:
        reason += " after the kernel stopped something for want of memory"
    hint = state.hint
    if not network:
        hint = f"It had no network. {hint}".strip()
    return scene.failed(
        instruction, reason, certain=state.certain and network and not result.oom, output=tail, hint=hint
    )


# --- WORKDIR --------------------------------------------------------------------------------------------------------


def working_folder(scene: Scene, state: State, instruction: Instruction, path: str) -> Made | None:
    """The folder is made where it is missing, and belongs to the user of the moment."""
    view = Stack(state.seen)
    if is_folder(view, resolve(view, path)):
        return None
    _check_user(scene, state, instruction)
    user = _user(state, state.config.user)
    key = key_of("workdir", state.key, path, user.uid, user.gid)

    def make(folder: Path) -> None:
        try:
            Layer(state.seen, folder).folder(path, owner=(user.uid, user.gid))
        except NotADirectoryError as error:
            raise scene.failed(
                instruction, f"{error} is there and is not a folder", certain=state.certain, hint=state.hint
            ) from error

    return key, scene.cache.layer(key, str(instruction)[:200], make, deadline=scene.deadline), ()


# --- COPY and ADD ---------------------------------------------------------------------------------------------------


def _tree(scene: Scene, instruction: Instruction, name: str | None, source_of: SourceOf) -> tuple[Tree, str]:
    """Where files come from, and a key for it; '' for the context, whose files are looked at one by one."""
    return (scene.context, "") if name is None else source_of(name, instruction)


def add_or_copy(scene: Scene, state: State, instruction: Instruction, source_of: SourceOf) -> Made:
    *sources, dest = instruction.json or instruction.text.split()
    dest = absolute(state.config.workdir, scene.expand(instruction, dest, state.env))
    heredocs = {heredoc.name: heredoc for heredoc in instruction.heredocs}
    tree, tree_key = _tree(scene, instruction, instruction.flag("from"), source_of)
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
    except Missing as error:
        raise _missing(scene, instruction, error, tree is scene.context, state) from error
    except CannotCopy as error:
        raise scene.failed(instruction, str(error), certain=state.certain, hint=state.hint) from error
    except PermissionError as error:
        raise scene.failed(instruction, f"{error.filename} may not be read", certain=False) from error


class _Job(Protocol):
    def facts(self) -> list[object]:
        """What its result depends on. Raises Missing."""

    def do(
        self,
        scene: Scene,
        state: State,
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
        scene: Scene,
        state: State,
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
        scene: Scene,
        state: State,
        instruction: Instruction,
        layer: Layer,
        dest: str,
        manner: Manner,
        scratch: Path,
    ) -> None:
        file = scratch / posixpath.basename(self.name)
        file.write_text(self.text, errors="surrogateescape")
        file.chmod(0o644)
        Copier(Folder(scratch), layer, manner).copy_named(file.name, f"/{file.name}", dest)


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
        scene: Scene,
        state: State,
        instruction: Instruction,
        layer: Layer,
        dest: str,
        manner: Manner,
        scratch: Path,
    ) -> None:
        if not scene.network:
            raise scene.failed(instruction, f"{self.url} cannot be fetched: the build has no network", certain=False)
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
        Copier(Folder(upper), layer, manner).copy_named(name, "/fetched", dest)


def _unpacks(instruction: Instruction) -> bool:
    return instruction.name == "ADD" and (instruction.flag("unpack") is None or instruction.on("unpack"))


def _manner(
    scene: Scene, state: State, instruction: Instruction, *, from_context: bool
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


def _owner(scene: Scene, state: State, instruction: Instruction, spec: str) -> Owner:
    who, colon, _group = spec.partition(":")
    if who.isdigit() and not colon:
        return int(who), int(who)  # a lone uid is the gid too
    try:
        user = _user(state, spec)
    except EngineError as error:
        raise scene.failed(instruction, error.message.rstrip("."), certain=state.certain, hint=state.hint) from error
    return user.uid, user.gid


def _expanded_body(scene: Scene, instruction: Instruction, text: str, env: Mapping[str, str]) -> str:
    try:
        return expand(text, env, Syntax(quotes=False))
    except ValueError as error:
        raise scene.dockerfile.fail(f"{error}.", instruction) from error


def _missing(
    scene: Scene, instruction: Instruction, error: Missing, from_context: bool, state: State | None = None
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
