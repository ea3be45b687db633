"""Unified diffs: files, hunks and their lines by offset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Line:
    mark: str
    """` `, `-`, `+`, or `\\` for the note about a missing line end."""
    start: int
    end: int
    """Its line end included."""


@dataclass(slots=True)
class Hunk:
    start: int
    end: int
    header_end: int
    old: tuple[int, int, int]
    """(offset of the numbers after `-`, offset behind them, count of lines)."""
    new: tuple[int, int, int]
    old_line: int
    new_line: int
    lines: list[Line]

    def header(self, old: int, new: int) -> tuple[tuple[int, int, str], tuple[int, int, str]]:
        """Edits (start, end, text) that give the counts."""
        return (
            (self.old[0], self.old[1], f"{self.old_line},{old}"),
            (self.new[0], self.new[1], f"{self.new_line},{new}"),
        )


@dataclass(slots=True)
class FileDiff:
    start: int
    end: int
    path: str
    """Of the new file, or of the old one where it is deleted."""
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def makes(self) -> bool:
        """There is no such file before."""
        return len(self.hunks) == 1 and (self.hunks[0].old_line, self.hunks[0].old[2]) == (0, 0)

    @property
    def removes(self) -> bool:
        return len(self.hunks) == 1 and (self.hunks[0].new_line, self.hunks[0].new[2]) == (0, 0)


def read_diff(text: str) -> list[FileDiff] | None:
    """None where there is no hunk, or one does not hold the lines that its header counts."""
    files: list[FileDiff] = []
    position = 0
    section = 0
    path = ""
    while position < len(text):
        end = _line_end(text, position)
        line = text[position:end]
        if line.startswith(("diff ", "Index: ")):
            if files:
                files[-1].end = min(files[-1].end, position) if files[-1].hunks else position
            section = position
            path = ""
        elif line.startswith("--- ") and text.startswith("+++ ", end):
            if not text.startswith(("diff ", "Index: "), section) or (files and files[-1].start == section):
                section = position
            after = _line_end(text, end)
            path = _path(text[end + 4 : after]) or _path(line[4:])
            files.append(FileDiff(section, after, path))
            end = after
        elif match := _HUNK.match(line):
            hunk = _hunk(text, position, end, match)
            if hunk is None or not files:
                return None
            files[-1].hunks.append(hunk)
            files[-1].end = hunk.end
            end = hunk.end
        position = end
    files = [one for one in files if one.hunks]
    return files or None


class WillNotApply(Exception):
    """A hunk whose lines are not in the file; the message says which."""


def patched(text: str, one: FileDiff, before: str) -> str:
    """The file with the hunks of `one`, of the diff `text`, applied. A hunk may lie elsewhere than it says."""
    lines = _cut(before)
    moved = 0
    for number, hunk in enumerate(one.hunks, 1):
        old, new = _side(text, hunk, "-"), _side(text, hunk, "+")
        start = max(hunk.old_line - (1 if old else 0), 0) + moved
        at = _nearest(lines, old, start)
        if at is None:
            raise WillNotApply(f"hunk {number} (line {hunk.old_line}) is of other lines")
        lines[at : at + len(old)] = new
        moved = at - start + moved + len(new) - len(old)
    return "".join(lines)


def patched_files(own: Mapping[str, bytes], diff: str, folder: str = "") -> dict[str, bytes]:
    """The files with the diff applied, whose paths may begin with the `folder` that they lie in. Raises
    WillNotApply."""
    found = read_diff(diff)
    if found is None:
        raise WillNotApply("its patch is no unified diff, or is cut short")
    made = dict(own)
    for one in found:
        parts = [part for part in one.path.split("/") if part not in ("", ".")]
        if ".." in parts or one.path.startswith("/"):
            raise WillNotApply(f"its patch leaves the solution folder: {one.path}")
        while parts and parts[0] == folder and "/".join(parts) not in own and len(parts) > 1:
            parts = parts[1:]
        name = "/".join(parts)
        if not one.makes and name not in made:
            raise WillNotApply(f"its patch changes {one.path}, which the reference solution does not have")
        before = b"" if one.makes else made[name]
        try:
            after = patched(diff, one, before.decode("utf-8", "surrogateescape"))
        except WillNotApply as error:
            raise WillNotApply(f"its patch does not fit {one.path}: {error}") from error
        if one.removes:
            del made[name]
        else:
            made[name] = after.encode("utf-8", "surrogateescape")
    return made


def _cut(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _side(text: str, hunk: Hunk, mark: str) -> list[str]:
    found: list[str] = []
    before = ""
    for line in hunk.lines:
        if line.mark == "\\":
            if before in (" ", mark):
                found[-1] = found[-1].removesuffix("\n")
        elif line.mark in (" ", mark):
            raw = text[line.start : line.end]
            found.append(raw[1:] if raw[0] in " +-" else raw)  # the blank of an empty line may be gone
        before = line.mark
    return found


def _nearest(lines: list[str], wanted: list[str], start: int) -> int | None:
    if not wanted:
        return min(start, len(lines))
    places = range(len(lines) - len(wanted) + 1)
    fitting = (at for at in places if lines[at] == wanted[0] and lines[at : at + len(wanted)] == wanted)
    return min(fitting, key=lambda at: abs(at - start), default=None)


def _line_end(text: str, position: int) -> int:
    newline = text.find("\n", position)
    return len(text) if newline < 0 else newline + 1


def _path(name: str) -> str:
    name = name.split("\t")[0].strip().strip('"')
    if name == "/dev/null":
        return ""
    return name[2:] if name.startswith(("a/", "b/")) else name


def _hunk(text: str, start: int, header_end: int, match: re.Match[str]) -> Hunk | None:
    old = int(match[2]) if match[2] is not None else 1
    new = int(match[4]) if match[4] is not None else 1
    lines: list[Line] = []
    left, right = old, new
    position = header_end
    while position < len(text):
        mark = text[position]
        end = _line_end(text, position)
        if left <= 0 and right <= 0 and mark != "\\":
            break
        if mark in "\n\r":
            mark = " "  # Editors strip the blank of an empty context line.
        if mark not in " +-\\":
            return None
        left -= mark in " -"
        right -= mark in " +"
        lines.append(Line(mark, position, end))
        position = end
    if left or right:
        return None

    def numbers(line: int, count: int) -> tuple[int, int]:
        return start + match.start(line), start + (match.end(count) if match[count] is not None else match.end(line))

    return Hunk(
        start, position, header_end, (*numbers(1, 2), old), (*numbers(3, 4), new), int(match[1]), int(match[3]), lines
    )
