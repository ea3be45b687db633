"""The Python at /usr/local of a host base, as in the official python images, from an interpreter of this machine."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.engine.recipe.context import is_folder, kind
from harness.engine.stack import Layer

_LEFT_OUT = shutil.ignore_patterns("site-packages", "test", "tests", "idle_test", "*.a", "*.o", "turtledemo")
_WHEELS = ("usr/share/python-wheels", "usr/share/python3-wheels")
_SCRIPT = """#!{python}
import sys
{before}from pip._internal.cli.main import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    version: tuple[int, ...]
    """(3, 12) or (3, 12, 1)."""
    prefix: Path

    @property
    def minor(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def binary(self) -> Path:
        return self.prefix / "bin" / f"python{self.minor}"

    @property
    def library(self) -> Path:
        return self.prefix / "lib" / f"python{self.minor}"

    @property
    def of_system(self) -> bool:
        """It belongs to the host's distribution: every host base has it, and it follows the distribution's rules."""
        return self.prefix == Path("/usr")

    @property
    def facts(self) -> list[object]:
        """Everything that a layer made from it depends on."""
        info = self.binary.stat()
        return [str(self.prefix), list(self.version), info.st_size, info.st_mtime_ns]

    def __str__(self) -> str:
        return "Python " + ".".join(map(str, self.version))


def interpreters() -> list[Interpreter]:
    """Every usable interpreter of this machine that this user may read; foolsgold's own is the first."""
    own = Path(sys.base_prefix).resolve()
    found: dict[tuple[Path, str], Interpreter] = {}
    for prefix, version in [(own, tuple(sys.version_info[:3])), *_candidates()]:
        with suppress(OSError):
            candidate = Interpreter(version, prefix.resolve())
            whole = (candidate.library / "os.py").is_file() and os.access(candidate.binary, os.R_OK | os.X_OK)
            if whole and candidate.prefix != Path("/"):
                found.setdefault((candidate.prefix, candidate.minor), candidate)
    return list(found.values())


def _candidates() -> Iterator[tuple[Path, tuple[int, ...]]]:
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    for folder in (*_listed(pyenv), *_listed(uv)):
        match = re.fullmatch(r"(?:cpython-)?(3)\.(\d+)\.(\d+)(?:-[\w.-]*)?", folder.name)
        if match and "freethreaded" not in folder.name:
            yield folder, (int(match[1]), int(match[2]), int(match[3]))
    prefixes = [Path("/usr/local"), Path("/usr"), *_listed(Path("/opt"))]
    prefixes += [Path(entry).parent for entry in os.environ.get("PATH", "").split(":") if entry.endswith("/bin")]
    for prefix in prefixes:
        with suppress(OSError):  # PATH may contain another user's folders
            for name in os.listdir(prefix / "bin"):
                match = re.fullmatch(r"python3\.(\d+)", name)
                if match:
                    yield prefix, (3, int(match[1]))


def _listed(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def wanted_version(tag: str) -> tuple[int, ...]:
    """The version that a tag such as `3.12-slim` asks for, () if it names none."""
    match = re.match(r"(?:python)?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?![\d.])", tag)
    return tuple(int(part) for part in match.groups() if part) if match else ()


def by_preference(found: list[Interpreter], wanted: tuple[int, ...]) -> list[Interpreter]:
    """Best first: the wanted version, then its minor version with the nearest patch, then foolsgold's own."""

    def distance(candidate: Interpreter) -> tuple[int, int, int]:
        same = candidate.version[: min(2, len(wanted))] == wanted[:2]
        patch = candidate.version[2] if len(candidate.version) > 2 else -1
        off = abs(patch - wanted[2]) if len(wanted) > 2 else -patch
        return (0 if same else 1, 0 if same and not candidate.of_system else 1, off)

    if len(wanted) < 2:
        return list(found)
    ranked = sorted((each for each in found if each.version[:2] == wanted[:2]), key=distance)
    return ranked + [each for each in found if each not in ranked]


def fill(layer: Layer, interpreter: Interpreter, known: list[Interpreter]) -> None:
    """Put the interpreter and pip at /usr/local."""
    if interpreter.of_system:
        _as_environment(layer, interpreter)
    else:
        _as_copy(layer, interpreter)
    for name in ("python3", "python"):
        layer.link(f"/usr/local/bin/{name}", f"python{interpreter.minor}")
    packages = layer.folder(f"/usr/local/lib/python{interpreter.minor}/site-packages")
    unpack_pip(layer, packages, [interpreter, *known])
    for name in ("pip", "pip3", f"pip{interpreter.minor}"):
        script = _SCRIPT.format(python=f"/usr/local/bin/python{interpreter.minor}", before="")
        layer.write(f"/usr/local/bin/{name}", script, 0o755)


def clear_local(layer: Layer, *, keep_tools: bool) -> None:
    """Empty /usr/local: in an image it has only the image's own tools, on a machine in use all kinds of things.

    With `keep_tools`, remove only other Pythons and the programs that run on them."""
    if not keep_tools:
        layer.folder("/usr/local")
        layer.empty("/usr/local")
        for name in ("bin", "etc", "games", "include", "lib", "sbin", "share/man", "src"):
            layer.folder(f"/usr/local/{name}")
        layer.link("/usr/local/man", "share/man")
        return
    local = "/usr/local"
    for folder, pattern in (("lib", r"python[23].*|libpython.*"), ("bin", r"(python|pip|pydoc|idle|2to3).*")):
        path = posixpath.join(local, folder)
        if not is_folder(layer.view, path):
            continue
        for name in layer.view.names(path):
            entry = posixpath.join(path, name)
            if re.fullmatch(pattern, name) or (folder == "bin" and _is_python_script(layer, entry)):
                layer.hide(entry)
    if kind(layer.view, f"{local}/pyvenv.cfg") is not None:
        layer.hide(f"{local}/pyvenv.cfg")


def _is_python_script(layer: Layer, path: str) -> bool:
    host = layer.view.host(path)
    if host is None or host.is_symlink() or not host.is_file():
        return False
    with suppress(OSError), host.open("rb") as stream:
        line = stream.readline(200)
        return line.startswith(b"#!") and b"python" in line
    return False


def _as_environment(layer: Layer, interpreter: Interpreter) -> None:
    """A virtual environment over the distribution's interpreter: it does not see that one's packages, and pip may
    install into it."""
    layer.write("/usr/local/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n")
    layer.link(f"/usr/local/bin/python{interpreter.minor}", str(interpreter.binary))


def _as_copy(layer: Layer, interpreter: Interpreter) -> None:
    prefix, minor = interpreter.prefix, interpreter.minor
    layer.folder("/usr/local/bin")
    binary = layer.place(f"/usr/local/bin/python{minor}")
    shutil.copyfile(interpreter.binary, binary)
    _move_library_path(binary, prefix)
    layer.dress(f"/usr/local/bin/python{minor}", 0o755, (0, 0))
    for library in sorted((prefix / "lib").glob("libpython*.so*")):
        layer.folder("/usr/local/lib")
        place = layer.place(f"/usr/local/lib/{library.name}")
        shutil.copy2(library, place, follow_symlinks=False)
    for part in (f"lib/python{minor}", f"include/python{minor}"):
        source = prefix / part
        if source.is_dir():
            layer.folder(posixpath.dirname(f"/usr/local/{part}"))
            target = layer.place(f"/usr/local/{part}")
            shutil.copytree(source, target, symlinks=True, ignore=_LEFT_OUT, ignore_dangling_symlinks=True)
            _belong_to_root(target, layer.may_chown)
    config = prefix / "bin" / f"python{minor}-config"
    if config.is_file():
        layer.write(f"/usr/local/bin/python{minor}-config", config.read_text(errors="surrogateescape"), 0o755)
    for file in _texts(layer.root / "usr/local", minor):
        text = file.read_bytes()
        if os.fsencode(prefix) in text:
            file.write_bytes(text.replace(os.fsencode(prefix), b"/usr/local"))


def _texts(local: Path, minor: str) -> Iterator[Path]:
    """Files that contain the path for which the interpreter was built."""
    library = local / f"lib/python{minor}"
    yield from library.glob("_sysconfigdata*.py")
    yield from library.glob("config-*/Makefile")
    yield from (local / "bin").glob("python*-config")


def _move_library_path(binary: Path, prefix: Path) -> None:
    """An interpreter with a shared libpython looks for it in the folder that it was built for, which no box sees.
    Overwrite the search path in its header; the new path must not be longer."""
    content = binary.read_bytes()
    old, new = os.fsencode(prefix / "lib") + b"\0", b"/usr/local/lib\0"
    if content.startswith(b"\x7fELF") and old in content and len(old) >= len(new):
        binary.write_bytes(content.replace(old, new.ljust(len(old), b"\0")))


def _belong_to_root(folder: Path, may_chown: bool) -> None:
    for path, folders, names in os.walk(folder):
        for name in (".", *folders, *names):
            entry = Path(path, name)
            if may_chown:
                os.chown(entry, 0, 0, follow_symlinks=False)
            if not entry.is_symlink():
                mode = stat.S_IMODE(entry.lstat().st_mode)
                entry.chmod(mode & 0o777 | 0o444 | (0o111 if entry.is_dir() else 0) & 0o755)


def unpack_pip(layer: Layer, packages: str, known: list[Interpreter]) -> bool:
    """Install pip (and its companions) from a wheel of some Python of this machine, else foolsgold's own pip."""
    folder = layer.root / packages.lstrip("/")
    for wheels in _wheel_sets(known):
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        _belong_to_root(folder, layer.may_chown)
        return True
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.distribution("pip").files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(file.locate()), target)
        _belong_to_root(folder, layer.may_chown)
        return True
    return False


def _wheel_sets(known: list[Interpreter]) -> Iterator[list[Path]]:
    folders = [interpreter.library / "ensurepip/_bundled" for interpreter in known]
    configured = sysconfig.get_config_var("WHEEL_PKG_DIR")
    folders += [Path(configured)] if configured else []
    folders += [Path("/", name) for name in _WHEELS]
    for index, folder in enumerate(folders):
        wheels = sorted(folder.glob("pip-*.whl"))
        if wheels:
            # Up to 3.11 an interpreter's bundle also has setuptools, like the official images.
            extra = sorted(folder.glob("setuptools-*.whl")) if index == 0 else []
            yield [wheels[-1], *extra[-1:]]


def add_system_pip(layer: Layer, known: list[Interpreter], *, python: bool) -> bool:
    """pip commands for the distribution's own python3 if it has none; no file of the distribution is replaced."""
    packages = layer.folder("/usr/local/share/pip")
    if not unpack_pip(layer, packages, known):
        return False
    before = f"sys.path.insert(0, {packages!r})\n"
    for name in ("pip", "pip3"):
        layer.write(f"/usr/local/bin/{name}", _SCRIPT.format(python="/usr/bin/python3", before=before), 0o755)
    if python:
        layer.link("/usr/local/bin/python", "/usr/bin/python3")
    return True


def compile_pip(layer: Layer, interpreter: Interpreter) -> None:
    """Compile pip: without byte code, each start of pip in a new box would take a second more."""
    packages = f"/usr/local/lib/python{interpreter.minor}/site-packages"
    folder = layer.root / packages.lstrip("/")
    arguments = ["-I", "-m", "compileall", "-q", "-d", packages, str(folder)]
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run([str(interpreter.binary), *arguments], check=False, capture_output=True, timeout=120)
    _belong_to_root(folder, layer.may_chown)
