"""RUN and WORKDIR: the files that a command changes, or the working folder that is made, become a layer."""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.engine.bwrap.image.cache import key_of
from harness.engine.bwrap.image.copying import Copier, Manner
from harness.engine.bwrap.image.scene import (
    BuildScene,
    Made,
    SourceOf,
    StageSoFar,
    check_user,
    missing,
    tree_of,
    user_of,
)
from harness.engine.contract import Command, Exit
from harness.engine.recipe.context import BuildContext, SourceMissing, Tree, fingerprint, is_folder, kind, resolve
from harness.engine.recipe.dockerfile import Instruction, absolute, heredoc_opening
from harness.engine.stack import Layer, Stack
from harness.errors import BuildFailed, EngineError

_OUTPUT_LIMIT = 1 << 16
_TAIL_LINES = 40
_LITTLE_ROOM = 256 << 20
"""If fewer bytes are free, this machine's disk is full, and the task did not reach a limit of its own."""


@dataclass(frozen=True, slots=True)
class _Mount:
    kind: str
    target: str
    tree: Tree | None = None
    path: str = "/"
    writable: bool = False
    facts: tuple[str, ...] = ()


def run(scene: BuildScene, state: StageSoFar, instruction: Instruction, source_of: SourceOf) -> Made:
    argv, script = _command(state, instruction)
    mounts, notes = _mounts(scene, state, instruction, source_of)
    wanted = _wants_network(scene, instruction)
    network = wanted and scene.network
    user = state.config.user
    check_user(scene, state, instruction)
    _check_shell(scene, state, instruction, argv[0])
    facts = [m.facts for m in mounts]
    parts = ("run", state.key, argv, script, sorted(state.env.items()), state.config.workdir, user, facts)
    key = key_of(*parts)
    if wanted and scene.no_network and scene.cache.find(key) is None:
        # What a command makes of having no network is not to be taken for what it makes with one, on another day.
        key = key_of(*parts, "without a network")
        notes = (*notes, f"{scene.dockerfile.path}:{instruction.line} ran {scene.without_network}.")

    def make(folder: Path) -> None:
        result = _in_box(scene, state, instruction, folder, argv, script, mounts, network)
        if result.status != 0:
            raise _run_failed(scene, state, instruction, result, network)
        for mount in mounts:
            _drop_mount_point(folder, Stack(state.seen), mount.target)

    return key, scene.cache.layer(key, str(instruction)[:200], make, deadline=scene.deadline), notes


def _in_box(
    scene: BuildScene,
    state: StageSoFar,
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


def _command(state: StageSoFar, instruction: Instruction) -> tuple[tuple[str, ...], str | None]:
    """The command to run. If it is a heredoc with `#!`, also the text of that script, whose path is the command."""
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


def _wants_network(scene: BuildScene, instruction: Instruction) -> bool:
    if instruction.flag("security") not in (None, "sandbox"):
        raise scene.needs_docker(instruction, "RUN --security=insecure is not possible in a box")
    if instruction.flag("device") is not None:
        raise scene.needs_docker(instruction, "RUN --device needs a device of the machine")
    network = instruction.flag("network")
    if network not in (None, "default", "none"):
        raise scene.needs_docker(instruction, f"RUN --network={network} is not possible in a box")
    return network != "none"


def _check_shell(scene: BuildScene, state: StageSoFar, instruction: Instruction, program: str) -> None:
    view = Stack(state.seen)
    for needed in (program, "/bin/sh"):
        if needed.startswith("/") and kind(view, resolve(view, needed)) is None and not needed.startswith("/dev/"):
            if needed == program:
                raise scene.failed(
                    instruction, f"{program} is not in the image", certain=state.certain, hint=state.hint
                )
            raise scene.needs_docker(instruction, "the image has no /bin/sh, without which nothing runs in a box")


def _mounts(
    scene: BuildScene, state: StageSoFar, instruction: Instruction, source_of: SourceOf
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
                raise scene.failed(instruction, f"it requires the {kind_of} {name}, which is not given", certain=True)
            notes.append(f"{where}: the optional {kind_of} {name} is not there.")
            continue
        if "target" not in fields:
            raise scene.failed(instruction, f"the mount {text} has no target", certain=True)
        if target == "/":
            raise scene.needs_docker(instruction, "RUN --mount over the whole root is not possible in a box")
        if kind_of in ("cache", "tmpfs"):
            # A cache may always be empty. With a shared cache one task's build could change another's.
            found.append(_Mount(kind_of, target, facts=(kind_of, target)))
        elif kind_of == "bind":
            found.append(_bind(scene, instruction, fields, target, source_of))
        else:
            raise scene.needs_docker(instruction, f"RUN --mount=type={kind_of} is not known to the bwrap engine")
    return found, tuple(notes)


def _bind(
    scene: BuildScene, instruction: Instruction, fields: Mapping[str, str], target: str, source_of: SourceOf
) -> _Mount:
    tree, key = tree_of(scene, instruction, fields.get("from"), source_of)
    source = fields.get("source", "/")
    path = resolve(tree, "/" + source)
    if tree.host(path) is None:
        raise missing(scene, instruction, SourceMissing(path), tree is scene.context)
    writable = fields.get("rw") == "true"
    if writable and not is_folder(tree, path):
        raise scene.needs_docker(instruction, "RUN --mount=type=bind,rw of a single file is not possible in a box")
    facts = ("bind", target, source, key or fingerprint(tree, path), str(writable))
    return _Mount("bind", target, tree, path, writable, facts)


def _mount_fields(scene: BuildScene, state: StageSoFar, instruction: Instruction, text: str) -> dict[str, str]:
    names = {"dst": "target", "destination": "target", "src": "source", "ro": "readonly", "readwrite": "rw"}
    fields: dict[str, str] = {}
    for word in next(csv.reader([text]), []):
        name, equals, value = word.partition("=")
        name = names.get(name.strip().lower(), name.strip().lower())
        value = scene.expand(instruction, value, state.env) if equals else "true"
        fields["rw" if name == "readonly" and value == "false" else name] = "true" if name == "readonly" else value
    return fields


def _copied_out(tree: Tree, path: str, folder: Path) -> Path:
    """A copy of the file or folder `path` for a box, which must not change the task's own files or a layer."""
    folder.mkdir(mode=0o755)
    owner = (0, 0) if isinstance(tree, BuildContext) else None
    copier = Copier(tree, Layer([], folder), Manner(owner))
    whole = is_folder(tree, path)
    copier.entry(path, "/" if whole else "/file", "", child=False)
    return folder if whole else folder / "file"


def _drop_mount_point(layer: Path, below: Stack, target: str) -> None:
    """Remove a mount point from the layer: the overlay keeps the empty entry that the mount needed."""
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
    scene: BuildScene, state: StageSoFar, instruction: Instruction, result: Exit, network: bool
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
    no_network = "" if network or instruction.flag("network") == "none" else scene.no_network
    if no_network:
        reason += f" {scene.without_network}"
    elif not network:
        hint = f"It had no network. {hint}".strip()
    certain = state.certain and network and not result.oom
    return scene.failed(instruction, reason, certain=certain, output=tail, hint=hint, no_network=no_network)


def working_folder(scene: BuildScene, state: StageSoFar, instruction: Instruction, path: str) -> Made | None:
    """Make the folder if it is missing; it belongs to the current user of the build."""
    view = Stack(state.seen)
    if is_folder(view, resolve(view, path)):
        return None
    check_user(scene, state, instruction)
    user = user_of(state, state.config.user)
    key = key_of("workdir", state.key, path, user.uid, user.gid)

    def make(folder: Path) -> None:
        try:
            Layer(state.seen, folder).folder(path, owner=(user.uid, user.gid))
        except NotADirectoryError as error:
            raise scene.failed(
                instruction, f"{error} is there and is not a folder", certain=state.certain, hint=state.hint
            ) from error

    return key, scene.cache.layer(key, str(instruction)[:200], make, deadline=scene.deadline), ()
