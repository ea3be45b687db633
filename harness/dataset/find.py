"""Which tasks there are in what a user names: folders, archives, parquet files, and lists of them.

Listing reads no task: of an archive the names of its entries, of a parquet file a column of names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.dataset.lists import LISTS, is_list, listed
from harness.dataset.model import AnyTask, Packed, Shelf
from harness.dataset.packs import Archive
from harness.dataset.rows import Parquet
from harness.dataset.streams import COMPRESSED, HEAD, Packing, packing
from harness.errors import UsageError
from harness.task.discover import HINT, below, load_all, passed_over, root_of, unique_names
from harness.task.files import absolute
from harness.task.formats import FORMATS
from harness.task.model import Unusable
from harness.untrusted import shown, visible

SOURCE = "source"
"""What tasks are grouped by where nothing else is asked for: the folder or file that they lie in."""
_PARQUET = (".parquet",)
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.bz2", ".tar.xz", ".zip")
_KINDS = f"a folder, a tar, a zip, a parquet file, a registry.json or dataset.toml, or a list ({', '.join(LISTS)})"


@dataclass(frozen=True, slots=True)
class InFolder:
    """A task in a folder of the user's, not read yet."""

    name: str
    path: Path
    group: str = ""


Listed = InFolder | Packed | Unusable
"""A task of which no more than its name and place is known; or one that is listed somewhere and cannot be had."""


@dataclass(frozen=True, slots=True)
class HowKept:
    """How a dataset is kept, where its files do not say so."""

    column: str = ""
    by: str = SOURCE


def find(paths: Sequence[Path], kept: HowKept = HowKept()) -> list[Listed]:
    """Every task in what `paths` name, in their order and then by name, each with a unique name.

    Raises UsageError for a path that does not exist, cannot be read, or has no task.
    """
    finder = _Finder(kept)
    for path in paths:
        finder.add(path)
    if kept.by != SOURCE and not finder.grouped:
        raise UsageError(
            f"--by {kept.by}: no parquet file here has this column.",
            hint=f"There are: {', '.join([SOURCE, *finder.columns()])}.",
        )
    names = unique_names([(each.name, root) for each, root in finder.found])
    return [
        each if each.name == name else replace(each, name=name)
        for (each, _), name in zip(finder.found, names, strict=True)
    ]


def read(found: Iterable[Listed]) -> list[AnyTask]:
    """The tasks in folders, read; packed ones stay as they are until their turn comes."""
    order: list[Listed] = list(found)
    loaded = iter(load_all((each.name, each.path) for each in order if isinstance(each, InFolder)))
    return [next(loaded) if isinstance(each, InFolder) else each for each in order]


def discover(paths: Sequence[Path], kept: HowKept = HowKept()) -> list[AnyTask]:
    """Every task in what `paths` name."""
    return read(find(paths, kept))


class _Finder:
    def __init__(self, kept: HowKept) -> None:
        self._kept = kept
        self._shelf = Shelf()
        self._seen: set[object] = set()
        self._parquet: list[Parquet] = []
        self.grouped = False
        self.found: list[tuple[Listed, Path]] = []

    def columns(self) -> list[str]:
        return sorted({column for parquet in self._parquet[:1] for column in parquet.columns()})

    def add(self, path: Path, *, named: str = "", within: tuple[Path, ...] = ()) -> None:
        """`named` is what a list calls it; `within` are the lists that lead here."""
        file, inside = _file_in(path)
        before, again = len(self.found), False
        if file is not None and is_list(file) and not inside and not _is_config(file):
            if file in within:
                raise UsageError(f"{visible(str(file))} lists itself.")
            for name, each in listed(file):
                again = True
                if isinstance(each, Unusable):
                    self.found.append((each, file))
                else:
                    self.add(each, named=name, within=(*within, file))
        else:
            for mark, task in self._in(path, file, inside, named):
                again = again or mark in self._seen
                if mark not in self._seen:
                    self._seen.add(mark)
                    self.found.append((task, path))
        if len(self.found) == before and not again:
            raise UsageError(f"There is no task in {visible(str(path))}.", hint=HINT)

    def _in(self, path: Path, file: Path | None, inside: str, named: str) -> Iterator[tuple[object, Listed]]:
        """(what makes it the same task, the task)."""
        if file is None or (_is_config(file) and not inside):
            return self._folder(root_of(path), named)
        kind = _kind(file)
        if kind is Packing.PARQUET:
            return self._rows(file, named or _stem(file), inside)
        if kind in (Packing.ZIP, Packing.TAR) or kind in COMPRESSED:
            return self._archive(file, named or _stem(file), inside)
        raise UsageError(f"{visible(str(path))} is not a folder.", hint=f"Name {_KINDS}.")

    def _folder(self, root: Path, named: str) -> Iterator[tuple[object, Listed]]:
        tasks = below(root)
        for path, name in tasks:
            whole = (named if path == root else f"{named}/{name}") if named else name
            yield os.path.realpath(path), InFolder(whole, path, self._group(whole, root))
        if tasks:
            return
        # A folder without tasks in folders: parquet files, and where there are none, archives.
        files = list(_files_below(root))
        for suffixes, add in ((_PARQUET, self._rows), (_ARCHIVES, self._archive)):
            packed = [file for file in files if file.name.endswith(suffixes)]
            for file in packed:
                name = _stem(file.relative_to(root))
                yield from add(file, f"{named}/{name}" if named else name, "")
            if packed:
                return

    def _archive(self, file: Path, name: str, inside: str) -> Iterator[tuple[object, Listed]]:
        archive = Archive(file)
        members = [each for each in archive.members() if not inside or each == inside or each.startswith(f"{inside}/")]
        top = _common(members)
        for member in members:
            own = member.removeprefix(top).removeprefix("/") if len(members) > 1 else ""
            own = member.rpartition("/")[2] if inside and not own else own
            whole = shown(f"{name}/{own}" if own else name, keep="\n")
            group = self._group(f"{name}/{member.removeprefix(top).removeprefix('/')}", file)
            yield (str(file), member), Packed(whole, archive, member, self._shelf, group)

    def _rows(self, file: Path, name: str, inside: str) -> Iterator[tuple[object, Listed]]:
        parquet = Parquet(file, self._kept.column)
        self._parquet.append(parquet)
        count, names, groups = parquet.read_names(self._kept.by)
        self.grouped = self.grouped or bool(groups)
        if inside and not (inside.isdecimal() and int(inside) < count):
            raise UsageError(
                f"{visible(str(file))} has no row {visible(inside)}.", hint=f"Its rows are 0 to {count - 1}."
            )
        lone = sys.intern(name)
        for row in (int(inside),) if inside else range(count):
            own = (names[row] if names else None) or str(row)
            group = sys.intern(groups[row] or "(none)") if groups else lone
            yield (str(file), row), Packed(shown(f"{name}/{own}"), parquet, row, self._shelf, group)

    def _group(self, name: str, root: Path) -> str:
        return sys.intern(name.rpartition("/")[0] or root.name)


def _file_in(path: Path) -> tuple[Path | None, str]:
    """The file that a path leads to or through, and what it names in there."""
    path = absolute(path)
    try:
        for here in (path, *path.parents):
            if here.is_file():
                return here, path.relative_to(here).as_posix() if here != path else ""
            if here.exists():
                break
    except OSError:
        pass  # whoever reads it says why it cannot be read
    return None, ""


def _is_config(file: Path) -> bool:
    return file.name in {spec.config for spec in FORMATS}


def _kind(file: Path) -> Packing | None:
    try:
        with file.open("rb") as stream:
            return packing(stream.read(HEAD))
    except OSError as error:
        raise UsageError(f"{visible(str(file))} cannot be read: {error.strerror or error}.") from error


def _stem(file: Path) -> str:
    text = file.as_posix() if not file.is_absolute() else file.name
    for suffix in (*_ARCHIVES[1:], ".tar", *_PARQUET):
        if text.endswith(suffix) and text != suffix:
            return text.removesuffix(suffix)
    return text


def _common(members: Sequence[str]) -> str:
    """The folder that holds all of them."""
    if len(members) < 2:
        return ""
    common = os.path.commonpath([each or "." for each in members])
    return "" if common == "." or common in members else common


def _files_below(root: Path) -> Iterator[Path]:
    """In the order of their names, without folders in which nobody keeps tasks."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not passed_over(name))
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))
