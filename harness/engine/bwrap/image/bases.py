"""The base of a stage: an image's layers, a root filesystem that the user names, or this machine's own root."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from harness.engine.bwrap.box import hostmask
from harness.engine.bwrap.image import python
from harness.engine.bwrap.image.cache import Cache, key_of
from harness.engine.bwrap.image.copying import is_zstd, unpack
from harness.engine.bwrap.image.families import DEFAULT_PATH, Family, family_of
from harness.engine.contract import Command, Exit, Fidelity, ImageConfig, Progress, silent
from harness.engine.recipe.context import is_folder, kind, resolve
from harness.engine.recipe.image_config import read_config
from harness.engine.recipe.standin import HOST, StandIn, check_path, find_stand_in
from harness.engine.stack import ROOT, Layer, Stack
from harness.errors import EngineError, EngineUnavailable, UsageError

HOST_LAYOUT = "2"
"""Raised when the contents of the layer over the host's root change."""


@dataclass(frozen=True, slots=True)
class Base:
    id: str
    layers: tuple[Path, ...]
    """The layers for boxes, lowest first."""
    seen: tuple[Path, ...]
    """The same layers as a box sees them: on top of the host's root is the layer that hides its private part."""
    config: ImageConfig
    fidelity: Fidelity
    words: str
    notes: tuple[str, ...] = ()
    triggers: tuple[str, ...] = field(default=())
    """ONBUILD instructions of the image."""


class Check(Protocol):
    """Runs one command in a box over these layers and throws the box away."""

    def __call__(self, layers: tuple[Path, ...], command: Command) -> Exit: ...


def find_base(
    reference: str, images: Mapping[str, str], cache: Cache, check: Check, progress: Progress = silent
) -> Base:
    """The base for `FROM reference`. UsageError if a mapping names something that does not exist."""
    stand_in = find_stand_in(images, reference)
    if stand_in is None:
        if reference == "scratch":
            return Base("scratch", (), (), ImageConfig(env={"PATH": DEFAULT_PATH}), "image", "scratch")
        image = docker_image(reference)
        if image is not None:
            return _docker_base(image, reference, cache, progress)
        return host_base(family_of(reference), reference, cache, check, progress)
    if stand_in.base == HOST:
        base = host_base(family_of(reference), reference, cache, check, progress)
    elif stand_in.path is not None:
        base = _given_base(stand_in.path, reference, cache, progress)
    else:
        image = docker_image(stand_in.base)
        if image is None:
            raise UsageError(
                f"{reference} is mapped to the image {stand_in.base}, which no Docker daemon here has.",
                hint=f"Load or pull {stand_in.base}, or map {reference} to `host`, a folder or a tar (./path).",
            )
        base = _docker_base(image, stand_in.base, cache, progress)
        words = f"the image {stand_in.base} in place of {reference}"
        base = replace(base, fidelity="mapped", words=words, notes=(f"{words}, as --image says.",))
    return _with_settings(base, stand_in)


def _with_settings(base: Base, stand_in: StandIn) -> Base:
    config = replace(
        base.config,
        env={**base.config.env, **stand_in.env},
        workdir=stand_in.workdir or base.config.workdir,
        user=stand_in.user or base.config.user,
    )
    return replace(base, config=config)


# --- a folder or a tar ----------------------------------------------------------------------------------------------


def _given_base(path: Path, reference: str, cache: Cache, progress: Progress) -> Base:
    path = path.absolute()
    check_path(path, reference)
    if path.is_dir():
        identity, folder = _folder_digest(path), path
    else:
        identity = _file_digest(path, path.stat().st_mtime_ns)
        progress(f"unpacking {path.name}")
        folder = cache.layer(
            key_of("tar", identity, os.geteuid()), f"base {path.name}", lambda to: _unpack_tar(path, to)
        )
    words = f"{path} in place of {reference}"
    return Base(
        identity,
        (folder,),
        (folder,),
        ImageConfig(env={"PATH": DEFAULT_PATH}),
        "mapped",
        words,
        (f"{words}, as --image says.",),
    )


def _unpack_tar(path: Path, target: Path) -> None:
    try:
        with tarfile.open(path) as archive:
            unpack(archive, Layer([], target), "/")
    except (tarfile.TarError, OSError, EOFError) as error:
        zstd = is_zstd(path)
        raise UsageError(
            f"{path} cannot be unpacked: {'it is compressed with zstd' if zstd else error}.",
            hint=f"Give it uncompressed or as .gz, .bz2 or .xz{f': zstd -d {path}' if zstd else '.'}",
        ) from error
    if (target / "manifest.json").is_file() and not (target / "usr").exists() and not (target / "bin").exists():
        raise UsageError(
            f"{path} is an image as `docker save` writes it, not a root filesystem.",
            hint="Make one: docker export $(docker create IMAGE) > root.tar",
        )


@lru_cache(maxsize=32)
def _file_digest(path: Path, _changed: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=32)
def _folder_digest(root: Path) -> str:
    """Names, kinds, sizes and times of everything in it. A base folder must not change while we run."""
    digest = hashlib.sha256(os.fsencode(root))
    for path, folders, names in os.walk(root):
        folders.sort()
        for name in sorted([*folders, *names]):
            with suppress(OSError):
                info = os.lstat(os.path.join(path, name))  # noqa: PTH118 - tens of thousands of them
                size = info.st_size if stat.S_ISREG(info.st_mode) else 0
                digest.update(
                    f"{name}\0{info.st_mode} {size} {info.st_mtime_ns} {info.st_uid}:{info.st_gid}\0".encode(
                        errors="surrogateescape"
                    )
                )
    return digest.hexdigest()


# --- an image that a Docker daemon has
# -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _DockerImage:
    api: Any
    facts: Mapping[str, Any]
    local: bool


def docker_image(reference: str) -> _DockerImage | None:
    """The image from a daemon on this machine; None if there is no daemon or it has no such image."""
    from docker.errors import DockerException
    from requests import RequestException

    from harness.engine.daemon import connect

    try:
        daemon = connect()
        api: Any = daemon.api
        return _DockerImage(api, api.inspect_image(reference), daemon.local)
    except (EngineUnavailable, DockerException, RequestException, OSError):
        return None


def _docker_base(image: _DockerImage, reference: str, cache: Cache, progress: Progress) -> Base:
    identity = str(image.facts["Id"])
    layers = _layers_in_place(image)
    if layers is None:
        progress(f"exporting {reference}")
        about = f"image {reference}"
        layers = (cache.layer(key_of("docker", identity, os.geteuid()), about, lambda to: _export(image, to)),)
    facts = image.facts.get("Config") or {}
    config = read_config(facts)
    return Base(
        identity,
        layers,
        layers,
        replace(config, env={"PATH": DEFAULT_PATH, **config.env}),
        "image",
        f"the image {reference}",
        triggers=tuple(facts.get("OnBuild") or ()),
    )


def _layers_in_place(image: _DockerImage) -> tuple[Path, ...] | None:
    """The daemon's own layer folders, if it keeps them as overlay layers that we may read."""
    driver = image.facts.get("GraphDriver") or {}
    data = driver.get("Data") or {}
    if not image.local or driver.get("Name") != "overlay2" or os.geteuid() != 0 or not data.get("UpperDir"):
        return None
    folders = [Path(path) for path in data.get("LowerDir", "").split(":")[::-1] if path] + [Path(data["UpperDir"])]
    return tuple(folders) if all(folder.is_dir() for folder in folders) else None


def _export(image: _DockerImage, target: Path) -> None:
    container = image.api.create_container(image.facts["Id"], command=["true"])
    try:
        with tempfile.TemporaryFile(dir=target.parent) as whole:
            for chunk in image.api.export(container["Id"]):
                whole.write(chunk)
            whole.seek(0)
            with tarfile.open(fileobj=whole) as archive:
                unpack(archive, Layer([], target), "/")
    except (tarfile.TarError, OSError) as error:
        raise EngineError(f"The image could not be exported from Docker: {error}.") from error
    finally:
        image.api.remove_container(container["Id"], force=True, v=True)


# --- this machine's own root ----------------------------------------------------------------------------------------


def host_base(family: Family, reference: str, cache: Cache, check: Check, progress: Progress = silent) -> Base:
    """This machine's root without its private parts, changed to resemble the family's image as far as possible."""
    identity = host_identity()
    mask = cache.layer(
        key_of("mask", HOST_LAYOUT, identity, sorted(os.listdir("/"))),
        "what boxes do not see of this machine",
        lambda to: hostmask.build(to, userxattr=os.geteuid() != 0),
    )
    below = (ROOT, mask)
    interpreters = python.interpreters()
    keep_local = _is_local(family, Stack(below))
    notes: list[str] = []
    chosen: python.Interpreter | None = None
    wants_python = family.python == "local" or not Path("/usr/bin/python3").exists()
    if wants_python:
        wanted = python.wanted_version(family.tag)
        layer, chosen = _python_layer(cache, below, [identity, keep_local], interpreters, wanted, check, progress)
        notes += _about_python(chosen, wanted, reference)
    else:
        unknown = not family.python
        key = key_of("host", HOST_LAYOUT, identity, os.geteuid(), keep_local, unknown)
        layer = cache.layer(
            key,
            "this machine's root",
            lambda to: _dress_host(Layer(below, to), interpreters, keep_local=keep_local, unknown=unknown),
        )
    layers = [layer]
    if family.folders:
        layers.append(_folders_layer(cache, (*below, layer), family, identity))
    env = {"PATH": DEFAULT_PATH, **family.env}
    if chosen is not None and len(chosen.version) > 2:
        env["PYTHON_VERSION"] = ".".join(map(str, chosen.version))
    seen = (*below, *layers)
    missing = _missing_tools(family, Stack(seen), env["PATH"])
    if missing:
        notes.append(f"This machine has no {' and no '.join(missing)}, which {reference} has.")
    words = f"this machine's own root ({_system_name()}) in place of {reference}"
    return Base(
        key_of("host", identity, [path.parent.name for path in layers], env, family.workdir),
        (ROOT, *layers),
        seen,
        ImageConfig(env=env, workdir=family.workdir),
        "host",
        words,
        (f"Its boxes are based on {words}.", *notes),
    )


def host_identity() -> str:
    """A text that changes when packages are installed or removed, or the system is upgraded."""
    digest = hashlib.sha256(platform.machine().encode())
    for name in ("/etc/os-release", "/var/lib/dpkg/status", "/lib/apk/db/installed"):
        with suppress(OSError):
            digest.update(Path(name).read_bytes())
    for name in (
        "/var/lib/rpm",
        "/usr/lib/sysimage/rpm",
        "/var/lib/pacman/local",
        "/usr/bin",
        "/usr/local/bin",
        "/etc",
    ):
        with suppress(OSError):
            digest.update(f"{name} {Path(name).stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def _system_name() -> str:
    with suppress(OSError, KeyError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return platform.system()


def _python_layer(
    cache: Cache,
    below: tuple[Path, ...],
    identity: list[object],
    known: list[python.Interpreter],
    wanted: tuple[int, ...],
    check: Check,
    progress: Progress,
) -> tuple[Path, python.Interpreter | None]:
    """A layer with the best interpreter that runs in a box. The choice depends on this machine alone."""

    def make(interpreter: python.Interpreter, folder: Path) -> None:
        progress(f"making a base with {interpreter}")
        layer = Layer(below, folder)
        fix_packages(layer)
        python.clear_local(layer, keep_tools=bool(identity[1]))
        python.fill(layer, interpreter, known)
        python.compile_pip(layer, interpreter)
        probe = Command(("/usr/local/bin/python3", "-c", "import ctypes, ssl, zlib, pip"), timeout=60.0)
        result = check((ROOT, folder), probe)
        if result.status != 0:
            raise _Unfit(result.output.decode(errors="replace").strip()[-300:])

    for interpreter in python.by_preference(known, wanted):
        key = key_of("python", HOST_LAYOUT, identity, os.geteuid(), interpreter.facts)
        try:
            about = f"this machine's root with {interpreter}"
            return cache.layer(key, about, lambda to, it=interpreter: make(it, to)), interpreter  # type: ignore[misc]
        except _Unfit as error:
            progress(f"{interpreter} at {interpreter.prefix} does not run in a box: {error}")
    bare = key_of("host", HOST_LAYOUT, identity, os.geteuid(), "bare")
    return cache.layer(bare, "this machine's root", lambda to: fix_packages(Layer(below, to))), None


class _Unfit(Exception):
    """An interpreter that does not work outside the folder that it was built for."""


def _about_python(chosen: python.Interpreter | None, wanted: tuple[int, ...], reference: str) -> list[str]:
    if chosen is None:
        return ["No Python of this machine runs in a box, so there is none."]
    if wanted and chosen.version[: min(2, len(wanted))] != wanted[:2]:
        asked = ".".join(map(str, wanted))
        return [f"{reference} has Python {asked}; this machine has none, so it is {chosen}."]
    if len(wanted) > 2 and chosen.version[2:] != wanted[2:]:
        return [f"{reference} has Python {'.'.join(map(str, wanted))}; here it is {chosen}."]
    return []


def _dress_host(layer: Layer, known: list[python.Interpreter], *, keep_local: bool, unknown: bool) -> None:
    fix_packages(layer)
    python.clear_local(layer, keep_tools=keep_local)
    if kind(layer.view, "/usr/bin/pip3") is None:
        python.add_system_pip(layer, known, python=False)
    if unknown and kind(layer.view, "/usr/bin/python") is None:
        layer.link("/usr/local/bin/python", "/usr/bin/python3")


def fix_packages(layer: Layer) -> None:
    """The settings with which official images make packages install in a container, and no others."""
    if is_folder(layer.view, "/etc/dpkg/dpkg.cfg.d"):
        # No sync after every file, and packages do not start the services that they install.
        layer.write("/etc/dpkg/dpkg.cfg.d/docker-apt-speedup", "force-unsafe-io\n")
        layer.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    if is_folder(layer.view, "/var/lib/apt/lists"):
        layer.empty("/var/lib/apt/lists")
    if os.geteuid() != 0 and is_folder(layer.view, "/etc/apt/apt.conf.d"):
        # With one user id, apt cannot switch to the user _apt.
        layer.write("/etc/apt/apt.conf.d/00-one-user", 'APT::Sandbox::User "root";\n')
    for name in layer.view.names("/usr/lib"):
        if name.startswith("python3") and kind(layer.view, f"/usr/lib/{name}/EXTERNALLY-MANAGED") is not None:
            layer.hide(f"/usr/lib/{name}/EXTERNALLY-MANAGED")
    for source, target in (("dot.bashrc", ".bashrc"), ("dot.profile", ".profile")):
        original = Path("/usr/share/base-files", source)
        if original.is_file():
            layer.write(f"/root/{target}", original.read_text(errors="surrogateescape"))


def _folders_layer(cache: Cache, seen: tuple[Path, ...], family: Family, identity: str) -> Path:
    def make(folder: Path) -> None:
        layer = Layer(seen, folder)
        for path in family.folders:
            layer.folder(path)

    return cache.layer(
        key_of("folders", identity, seen[-1].parent.name, list(family.folders)), f"folders of {family.name}", make
    )


def _missing_tools(family: Family, view: Stack, path: str) -> list[str]:
    return [tool for tool in family.tools if not _find_tool(tool, view, path)]


def _find_tool(tool: str, view: Stack, path: str) -> str:
    folders = (folder for folder in path.split(":") if folder.startswith("/"))
    return next((folder for folder in folders if kind(view, resolve(view, f"{folder}/{tool}")) is not None), "")


def _is_local(family: Family, view: Stack) -> bool:
    """Whether the family's main tools are at /usr/local of this machine and nowhere else."""
    if family.python == "local":
        return False
    path = ":".join(folder for folder in DEFAULT_PATH.split(":") if "/local/" not in folder)
    wanted = [tool for tool in family.tools if not _find_tool(tool, view, path)]
    return any(_find_tool(tool, view, family.env.get("PATH", DEFAULT_PATH)) for tool in wanted)
