"""What an image holds before anybody has solved anything: the texts that are neither the system's nor a library's."""

from __future__ import annotations

import re
import shlex
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from harness.engine.contract import Box, Command

LARGEST, LARGEST_ALL, MOST = 128 << 10, 2 << 20, 300
"""Bytes of one text and of all of them, and how many are kept."""
LISTED = 20_000
PATIENCE = 60.0
_TOLD = "/dev/shm/.foolsgold-survey"  # noqa: S108 - in the box, where nobody else is
_SYSTEM = (
    "/proc", "/sys", "/dev", "/run", "/logs", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/share", "/usr/include",
    "/usr/games", "/usr/local/lib", "/usr/local/include", "/usr/local/share", "/usr/local/go", "/usr/local/cargo",
    "/usr/local/rustup", "/var/lib", "/var/cache", "/var/log", "/var/spool", "/nix", "/snap",
)  # fmt: skip
"""Where the system and its packages are: what lies there is nobody's answer."""
_LIBRARIES = (
    ".git", "node_modules", "site-packages", "dist-packages", "__pycache__", ".cache", ".npm", ".cargo", ".rustup",
    ".m2", ".gradle", ".venv", "venv", "vendor", "target", ".local",
)  # fmt: skip
_SKELETON = re.compile(r"/(?:\.bashrc|\.profile|\.bash_logout|\.wget-hsts|\.gitconfig)$")


@dataclass(frozen=True, slots=True)
class Survey:
    """Plain values, ready for JSON."""

    workdir: str = "/"
    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> content in base64."""
    listed: int = 0
    """Files that were come upon."""
    left_out: int = 0
    """Of them those that were too large or too many to be read."""

    def files(self) -> dict[str, bytes]:
        return {path: b64decode(text) for path, text in self.texts.items()}


def survey(box: Box, workdir: str) -> Survey | None:
    """None where the box lacks the tools. What lies below the working folder comes first."""
    aside = " -o ".join(
        [*(f"-path {shlex.quote(path)}" for path in _SYSTEM), *(f"-name {shlex.quote(name)}" for name in _LIBRARIES)]
    )
    find = rf"find / -xdev \( {aside} \) -prune -o -type f -size +0 -printf '%s\t%p\0' 2>/dev/null"
    done = box.run(Command(("sh", "-c", f"{find} >{_TOLD}; test -s {_TOLD}"), PATIENCE, user="root"))
    told = box.read(_TOLD, limit=8 << 20)
    if done.status != 0 or not told:
        return None
    sizes: dict[str, int] = {}
    for raw in told.split(b"\0")[:LISTED]:
        size, _, name = raw.partition(b"\t")
        try:
            sizes[name.decode()] = int(size)
        except ValueError:  # also of bytes that are no text
            continue
    wanted = [path for path, size in sizes.items() if size <= LARGEST and not _SKELETON.search(path)]
    wanted.sort(key=lambda path: (not _below(path, workdir), len(PurePosixPath(path).parts), path))
    texts: dict[str, str] = {}
    room = LARGEST_ALL
    for path in wanted[:MOST]:
        data = box.read(path, limit=LARGEST) if sizes[path] <= room else None
        if data and b"\0" not in data:
            texts[path] = b64encode(data).decode()
            room -= len(data)
    return Survey(workdir, texts, len(sizes), len(sizes) - len(texts))


def _below(path: str, folders: str) -> bool:
    return folders not in ("", "/") and PurePosixPath(path).is_relative_to(folders)
