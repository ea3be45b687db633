"""The build context: the files of a folder that a Dockerfile sees (.dockerignore), and those that a COPY names."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MAX_LINKS = 255


class Tree(Protocol):
    """A read-only file tree. Paths are absolute and normalized; none of their folders may be a link (see `resolve`)."""

    def host(self, path: str) -> Path | None:
        """The entry's path on this machine (a link is not followed), None if there is none."""

    def names(self, path: str) -> list[str]:
        """The entries of a folder, sorted."""


class LinkLoop(ValueError):
    """Links that lead to no file."""


def kind(tree: Tree, path: str) -> os.stat_result | None:
    host = tree.host(path)
    return None if host is None else host.lstat()


def is_folder(tree: Tree, path: str) -> bool:
    found = kind(tree, path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def resolve(tree: Tree, path: str, *, last: bool = True) -> str:
    """`path` with links followed inside the tree, never out of it. Parts that do not exist stay as they are written.

    With `last` False the last component is not followed if it is a link."""
    todo = [part for part in path.split("/") if part and part != "."][::-1]
    here, links = "/", 0
    while todo:
        part = todo.pop()
        if part == "..":
            here = posixpath.dirname(here)
            continue
        entry = posixpath.join(here, part)
        host = tree.host(entry)
        if host is not None and host.is_symlink() and (todo or last):
            links += 1
            if links > MAX_LINKS:
                raise LinkLoop(f"{path.lstrip('/')} is a link in a circle")
            target = str(host.readlink())
            here = "/" if target.startswith("/") else here
            todo.extend([piece for piece in target.split("/") if piece and piece != "."][::-1])
            continue
        here = entry
    return here


# --- .dockerignore --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    matches: Callable[[str], bool]
    exception: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """Patterns in order; the last one that matches a path or one of its parents decides."""

    rules: tuple[_Rule, ...] = ()
    file: str = ""

    @property
    def has_exceptions(self) -> bool:
        return any(rule.exception for rule in self.rules)

    def hides(self, path: str) -> bool:
        """`path` without a leading slash."""
        parts = path.split("/")
        prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        hidden = False
        for rule in self.rules:
            if rule.exception == hidden and any(map(rule.matches, prefixes)):
                hidden = not rule.exception
        return hidden


NOTHING_IGNORED = Ignore()


def ignore_rules(lines: Iterable[str], file: str = "") -> Ignore:
    """Raises ValueError, which names a pattern that cannot be read."""
    rules = []
    for raw in lines:
        line = raw.removeprefix("\ufeff")
        text = line.strip()
        if line.startswith("#") or not text:
            continue
        exception = text.startswith("!")
        pattern = posixpath.normpath(text[exception:].strip() or ".").lstrip("/")
        if exception and not text[1:].strip():
            raise ValueError("the pattern '!' is empty")
        rules.append(_Rule(_matcher(pattern or "."), exception))
    return Ignore(tuple(rules), file)


def read_ignore(context: Path, dockerfile: Path | None) -> Ignore:
    """`<Dockerfile>.dockerignore` next to the Dockerfile if it exists, else the context's .dockerignore."""
    beside = [] if dockerfile is None else [dockerfile.with_name(dockerfile.name + ".dockerignore")]
    for file in [*beside, context / ".dockerignore"]:
        if file.is_file():
            return ignore_rules(file.read_text(errors="surrogateescape").splitlines(), file.name)
    return NOTHING_IGNORED


def _matcher(pattern: str) -> Callable[[str], bool]:
    """One .dockerignore pattern: Go's filepath.Match plus `**` for any number of folders."""
    if match_pattern(pattern) is None:
        raise ValueError(f"the pattern {pattern} cannot be read")
    result, exact, at = "", True, 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern[at : at + 1] == "*":
            first = at == 1
            at += 1
            at += pattern[at : at + 1] == "/"
            if at >= len(pattern):
                result += ".*"
            elif first and not re.search(r"[*?\[\]\\]", pattern[at:]):
                # A leading ** before plain text matches by the end of the path: `**.log` also hides a/b.log.
                result += "(?:.*/)?" if pattern[2:3] == "/" else ".*"
            else:
                result += "(?:.*/)?"
            exact = False
        elif char in "*?":
            result += "[^/]*" if char == "*" else "[^/]"
            exact = False
        elif char == "\\":
            result += re.escape(pattern[at : at + 1] or "\\")
            at += 1
            exact = False
        elif char == "[":
            piece, at = _class(pattern, at)
            result += piece
            exact = False
        else:
            result += re.escape(char)
    if exact:
        return pattern.__eq__
    regex = re.compile(result, re.DOTALL)
    return lambda path: regex.fullmatch(path) is not None


# --- Go's filepath.Match --------------------------------------------------------------------------------------------


def match_pattern(pattern: str) -> re.Pattern[str] | None:
    """Go's filepath.Match as a regular expression for the whole path, None if the pattern is malformed."""
    result, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            result += "[^/]*"
        elif char == "?":
            result += "[^/]"
        elif char == "\\":
            if at == len(pattern):
                return None
            result += re.escape(pattern[at])
            at += 1
        elif char == "[":
            try:
                piece, at = _class(pattern, at)
            except ValueError:
                return None
            result += piece
        else:
            result += re.escape(char)
    return re.compile(result, re.DOTALL)


def _class(pattern: str, at: int) -> tuple[str, int]:
    """The bracket expression that begins after `[` at `at`: (regular expression, where it ends)."""
    start, negated = at, False
    ranges: list[tuple[str, str]] = []
    if pattern[at : at + 1] == "^":
        negated = True
        at += 1

    def one(at: int) -> tuple[str, int]:
        if pattern[at : at + 1] in ("", "-", "]"):
            raise ValueError(f"the brackets in {pattern} cannot be read")
        at += pattern[at] == "\\"
        if at >= len(pattern):
            raise ValueError(f"the brackets in {pattern} cannot be read")
        return pattern[at], at + 1

    while not (pattern[at : at + 1] == "]" and ranges):
        low, at = one(at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = one(at + 1)
        ranges.append((low, high))
        if at >= len(pattern):
            raise ValueError(f"the brackets in {pattern[start:]} are never closed")
    inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high)
    if not inside:
        return ("[^/]" if negated else "(?!)"), at + 1
    return (f"(?!/)[^{inside}]" if negated else f"(?!/)[{inside}]"), at + 1


def has_wildcards(path: str) -> bool:
    at = 0
    while at < len(path):
        if path[at] == "\\":
            at += 1
        elif path[at] in "*?[":
            return True
        at += 1
    return False


# --- the context as a tree ------------------------------------------------------------------------------------------


class BuildContext:
    """A folder of this machine without what .dockerignore hides, and without pipes, sockets and devices."""

    def __init__(self, root: Path, ignore: Ignore = NOTHING_IGNORED) -> None:
        self.root = root
        self.ignore = ignore
        self._visible: dict[str, bool] = {}

    def host(self, path: str) -> Path | None:
        if path == "/":
            return self.root
        entry = self.root / path.lstrip("/")
        try:
            mode = entry.lstat().st_mode
        except OSError:
            return None
        plain = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
        return entry if plain and self._shows(path, entry) else None

    def names(self, path: str) -> list[str]:
        folder = self.root / path.lstrip("/")
        return sorted(name for name in os.listdir(folder) if self.host(posixpath.join(path, name)) is not None)

    def hidden(self, path: str) -> bool:
        """Whether it exists and .dockerignore hides it."""
        entry = self.root / path.lstrip("/")
        return os.path.lexists(entry) and not self._shows(path, entry)

    def _shows(self, path: str, entry: Path) -> bool:
        if not self.ignore.rules:
            return True
        known = self._visible.get(path)
        if known is None:
            known = not self.ignore.hides(path.lstrip("/"))
            if not known and self.ignore.has_exceptions and not entry.is_symlink() and entry.is_dir():
                # A hidden folder is still listed if an exception may show something in it.
                known = any(self._shows(posixpath.join(path, name), entry / name) for name in os.listdir(entry))
            self._visible[path] = known
        return known


class SourceMissing(LookupError):
    """A source that does not exist."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def select(tree: Tree, source: str) -> list[tuple[str, str]]:
    """The entries that a COPY source names: (name of the copy, path with links followed). A pattern may match nothing;
    a plain path that does not exist raises SourceMissing."""
    clean = posixpath.normpath("/" + source)
    clean = "/" + clean.lstrip("/")
    parts = clean.split("/")[1:]
    first = next((index for index, part in enumerate(parts) if has_wildcards(part)), None)
    if first is None:
        plain = resolve(tree, _unescaped(clean))
        if tree.host(plain) is None:
            raise SourceMissing(_unescaped(clean))
        return [(posixpath.basename(_unescaped(clean)), plain)]
    base = resolve(tree, "/" + "/".join(map(_unescaped, parts[:first])))
    if tree.host(base) is None:
        raise SourceMissing(base)
    regex = match_pattern("/".join(parts[first:]))
    if regex is None or not is_folder(tree, base):
        return []
    depth = len(parts) - first
    matches = [path for path in _below(tree, base, depth) if regex.fullmatch(posixpath.relpath(path, base))]
    return [(posixpath.basename(path), resolve(tree, path)) for path in matches]


def _below(tree: Tree, folder: str, depth: int) -> Iterator[str]:
    for name in tree.names(folder):
        path = posixpath.join(folder, name)
        yield path
        if depth > 1 and is_folder(tree, path):
            yield from _below(tree, path, depth - 1)


def _unescaped(path: str) -> str:
    return re.sub(r"\\(.)", r"\1", path)


def walk(tree: Tree, path: str) -> Iterator[str]:
    """`path` and everything below it, parents first, in a stable order; links are not followed."""
    yield path
    if is_folder(tree, path):
        for name in tree.names(path):
            yield from walk(tree, posixpath.join(path, name))


def fingerprint(tree: Tree, path: str) -> str:
    """Digest of names, kinds, modes and contents from `path` down. Times and owners do not count."""
    digest = hashlib.sha256()
    for entry in walk(tree, path):
        host = tree.host(entry)
        if host is None:
            continue
        info = host.lstat()
        digest.update(
            f"{entry[len(path) :]}\0{stat.S_IFMT(info.st_mode)} {stat.S_IMODE(info.st_mode)}\0".encode(
                errors="surrogateescape"
            )
        )
        if stat.S_ISREG(info.st_mode):
            with host.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        elif stat.S_ISLNK(info.st_mode):
            digest.update(os.fsencode(host.readlink()))
    return digest.hexdigest()
