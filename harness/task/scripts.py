"""Checks the beginning of a script for what would make it fail in a Linux box."""

from __future__ import annotations

from pathlib import Path

from harness.task.files import SCRIPT_LIMIT, Folder


def look_at(folder: Folder, path: Path, *, direct: bool) -> bool:
    """Warn about features that make a runner fail; False if the script cannot be read at all.

    `direct`: the runner executes the file itself, so that its first line chooses the interpreter. Otherwise the runner
    starts bash with it.
    """
    data = folder.read(path, SCRIPT_LIMIT)
    if data is None:
        return False
    name = folder.name(path)
    first = data.partition(b"\n")[0]
    if not data.strip():
        folder.problems.warning("empty-script", f"{name} is empty: it does nothing.", path)
    elif first.startswith(b"\xef\xbb\xbf"):
        folder.problems.warning(
            "script-bom", f"{name} begins with a byte order mark, which hides its first line; remove it.", path, 1
        )
    elif direct and not first.startswith(b"#!"):
        folder.problems.warning(
            "missing-shebang", f"{name} has no #! line: the shell that starts it runs it as its own.", path, 1
        )
    if b"\r\n" in data:
        line = data[: data.index(b"\r\n")].count(b"\n") + 1
        if direct and first.startswith(b"#!") and first.endswith(b"\r"):
            message = f"{name} has Windows line ends: its interpreter, carriage return included, will not be found"
        else:
            message = f"{name} has Windows line ends: the shell takes each carriage return as part of a word"
        folder.problems.warning("crlf-script", f"{message}. Save it with Unix line ends.", path, line)
    return True
