"""What Harbor builds an environment of: a folder with a Dockerfile, with stand-ins for what it starts from."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.engine.contract import Box, Command, ImageConfig, Recipe
from harness.engine.recipe.dockerfile import find_stage, global_arguments, read, stages
from harness.engine.recipe.standin import HOST, find_stand_in
from harness.errors import EngineError, NeedsDocker, UsageError

_OF_A_COMMAND = ("HOME", "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "TERM", "_")
"""What a command has in its environment that is none of the image's."""
_PROBE = "for tool in base64 head tail wc tar; do command -v $tool >/dev/null || echo $tool; done"


@dataclass(frozen=True, slots=True)
class HarborContext:
    folder: Path
    name: str
    base: str
    docker_image: str | None = None
    timeout: float = 600.0
    mapped: bool = False
    entrypoint: bool = False
    """Its Dockerfile sets one."""
    notes: tuple[str, ...] = ()
    content: str = ""
    """A digest of all that it is built of."""

    def digest(self, engine: str) -> str:
        return hashlib.sha256("\n".join((engine, self.docker_image or "", self.content)).encode()).hexdigest()


def prepare(recipe: Recipe, images: Mapping[str, str], work: Path, *, quick: bool) -> HarborContext:
    """`quick`: have the containers end at once when they are stopped, as `sleep infinity` does not by itself.
    Raises NeedsDocker for what Harbor's environments have no word for."""
    images = {**images, **recipe.images}
    folder = Path(tempfile.mkdtemp(prefix="context-", dir=work))
    if recipe.dockerfile is None:
        named = recipe.image or "scratch"
        stand_in = _image(images, named)
        return HarborContext(
            folder,
            _name(named),
            named,
            stand_in or named,
            recipe.timeout,
            stand_in is not None,
            notes=_said(named, stand_in),
        )
    if recipe.build_args or recipe.target:
        raise NeedsDocker(
            "Its compose file builds with arguments or a target, for which Harbor's interface has no word."
        )
    dockerfile = read(recipe.dockerfile)
    known = stages(dockerfile, global_arguments(dockerfile, {}, {}))
    lines = recipe.dockerfile.read_text(encoding="utf-8").split("\n")
    base = ""
    notes: list[str] = []
    for stage in known:
        if stage.base == "scratch" or find_stage(known[: stage.index], stage.base) is not None:
            continue
        base = stage.base
        stand_in = _image(images, stage.base)
        if stand_in is not None:
            words = stage.instruction.text.split()
            first, end = stage.instruction.line - 1, stage.instruction.end_line
            lines[first:end] = [" ".join(["FROM", stand_in, *words[1:]]), *["#"] * (end - first - 1)]
            notes += _said(stage.base, stand_in)
    if quick:
        lines.append("STOPSIGNAL SIGKILL")
    shutil.copytree(recipe.context, folder, symlinks=True, dirs_exist_ok=True)
    (folder / "docker-compose.yaml").unlink(missing_ok=True)  # read already: what counts of it is in the recipe
    target = folder / "Dockerfile"
    target.unlink(missing_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sets = any(each.name == "ENTRYPOINT" for each in dockerfile.instructions)
    content = _content(folder)
    return HarborContext(
        folder, _name(content), base or "scratch", None, recipe.timeout, bool(notes), sets, tuple(notes), content
    )


def _image(images: Mapping[str, str], reference: str) -> str | None:
    stand_in = find_stand_in(images, reference)
    if stand_in is None:
        return None
    if stand_in.base == HOST or stand_in.path is not None or stand_in.env or stand_in.workdir or stand_in.user:
        raise UsageError(
            f"The stand-in for {reference} is more than the name of an image, and Harbor's environments take no more.",
            hint="Name an image, without ENV, WORKDIR or USER, or take --engine bwrap or docker.",
        )
    return stand_in.base


def _said(named: str, stand_in: str | None) -> tuple[str, ...]:
    return (f"Its boxes are based on {stand_in} in place of {named}.",) if stand_in else ()


def _name(content: str) -> str:
    return f"foolsgold-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _content(folder: Path) -> str:
    found = hashlib.sha256()
    for where, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(where, name)
            mode = path.lstat().st_mode
            data = b""
            if path.is_symlink():
                data = os.fsencode(path.readlink())
            elif path.is_file():
                data = path.read_bytes()
            found.update(
                f"{path.relative_to(folder)}\0{mode:o}\0{len(data)}\0".encode("utf-8", "surrogateescape") + data
            )
    return found.hexdigest()


def probe(box: Box) -> ImageConfig:
    """What commands in a box have of the image: environment, working folder and user. Raises EngineError where the
    image lacks the tools by which files are copied and outputs are read."""
    lacking = box.run(Command(("sh", "-c", _PROBE), 60))
    if lacking.status != 0 or lacking.output.strip():
        missing = lacking.output.decode("utf-8", "replace").split()
        raise EngineError(f"The image lacks {', '.join(missing) or 'a shell'}, which boxes of Harbor's are driven by.")
    told = box.run(Command(("sh", "-c", "pwd; id -un; env -0 2>/dev/null || env | tr '\\n' '\\0'"), 60)).output
    where, who, env = told.split(b"\n", 2)
    variables = dict(entry.decode("utf-8", "replace").partition("=")[::2] for entry in env.split(b"\0") if entry)
    user = who.decode()
    return ImageConfig(
        env={name: value for name, value in variables.items() if name not in _OF_A_COMMAND},
        workdir=where.decode("utf-8", "surrogateescape"),
        user="" if user == "root" else user,
    )
