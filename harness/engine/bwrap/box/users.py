"""Finds the ids of the user who runs a command, in the box's own files and by the rules of container runtimes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from harness.errors import EngineError

_FILE_LIMIT = 4 << 20

ReadFile = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class User:
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str

    @property
    def is_root(self) -> bool:
        return self.uid == 0 and self.gid == 0


def find(spec: str, read: ReadFile) -> User:
    """`spec` is a name or a uid, optionally with `:group`; empty means root. A name must be in passwd, a uid need
    not."""
    who, colon, group = spec.partition(":")
    who = who or "0"
    entry = next((line for line in _lines(read, "/etc/passwd", 7) if who in (line[0], line[2])), None)
    if entry is None and not who.isdigit():
        raise EngineError(
            f"There is no user {who!r} in the box's /etc/passwd.",
            hint="The image must make it (RUN useradd ...), or the task must name another user.",
        )
    uid, gid, home = (int(entry[2]), int(entry[3]), entry[5]) if entry else (int(who), 0, "/")
    groups = _lines(read, "/etc/group", 4)
    if colon:
        found = next((line for line in groups if group in (line[0], line[2])), None)
        if found is None and not group.isdigit():
            raise EngineError(f"There is no group {group!r} in the box's /etc/group.")
        return User(uid, int(found[2]) if found else int(group), (), home or "/")
    name = entry[0] if entry else ""
    more = tuple(int(line[2]) for line in groups if name and name in line[3].split(","))
    return User(uid, gid, more, home or "/")


def _lines(read: ReadFile, path: str, fields: int) -> tuple[list[str], ...]:
    return _parsed(read(path) or b"", fields)


@lru_cache(maxsize=8)
def _parsed(content: bytes, fields: int) -> tuple[list[str], ...]:
    """Cached, because the same two files are read for every command."""
    lines = (line.split(":") for line in content.decode("utf-8", "replace").splitlines())
    return tuple(
        parts for parts in lines if len(parts) >= fields and parts[2].isdigit() and (fields < 7 or parts[3].isdigit())
    )


def prefixes(user: User) -> list[tuple[str, ...]]:
    """Ways to become `user`, best first; which of these programs exist differs between boxes."""
    groups = ",".join(str(group) for group in (user.gid, *user.groups))
    return [
        ("setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", f"--groups={groups}", "--"),
        ("chroot", "--skip-chdir", f"--userspec={user.uid}:{user.gid}", f"--groups={groups}", "/"),
    ]
