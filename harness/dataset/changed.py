"""Which files of a git checkout differ from a revision. git is asked, and runs nothing that the checkout names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from harness.errors import UsageError
from harness.untrusted import visible

_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false",
    "-c", "diff.external=",
)  # fmt: skip


def changed_since(revision: str, places: Iterable[Path]) -> set[str]:
    """Real paths of the files that were changed, added or removed since the working tree left `revision`, tracked or
    not, in every checkout that one of the places lies in."""
    found: set[str] = set()
    seen: set[str] = set()
    for place in places:
        folder = place if place.is_dir() else place.parent
        if any(f"{os.path.realpath(folder)}{os.sep}".startswith(f"{top}{os.sep}") for top in seen):
            continue
        top = os.path.realpath(_git(folder, "rev-parse", "--show-toplevel", of=place).rstrip("\n"))
        seen.add(top)
        found |= {os.path.realpath(f"{top}/{name}") for name in _names(Path(top), revision)}
    return found


def _names(top: Path, revision: str) -> list[str]:
    if revision.startswith("-"):
        raise UsageError(f"--changed-since {revision}: this is no revision.")
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", of=revision)
    base = _git(top, "merge-base", commit.strip(), "HEAD", of=revision).strip()
    listed = ("-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
    changed = _git(top, "diff", *listed, base, of=revision)
    added = _git(top, "ls-files", "-z", "--others", "--exclude-standard", of=revision)
    return [name for name in (changed + added).split("\0") if name]


def _git(folder: Path, *words: str, of: object) -> str:
    try:
        done = subprocess.run(
            ["git", *_SAFE, *words], cwd=folder, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        raise UsageError(f"--changed-since needs git: {error.strerror or error}.") from error
    if done.returncode:
        said = visible(os.fsdecode(done.stderr).strip()) or "git does not know it in this checkout"
        raise UsageError(
            f"--changed-since: {visible(str(of))}: {said}.",
            hint="Tasks must lie in a git checkout that has the revision; one of a CI may have to be fetched deeper.",
        )
    return os.fsdecode(done.stdout)
