"""What a separate verifier gets to see: declared artifacts, carried from one box to another at their own paths."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.engine.contract import Box, Command
from harness.task.model import Step
from harness.trial.record import Phase, PhaseName, Trouble, TroubleKind
from harness.trial.session import Session, Stop
from harness.trial.sifted import NotSifted, sift

CONVENTION = "/logs/artifacts"
"""Carried whether declared or not."""
CARRY_LIMIT = 256 << 20
CARRY_TIMEOUT = 300.0
_ARCHIVE = "/tmp/.foolsgold-carry.tar"  # noqa: S108 - a path inside the box


@dataclass(frozen=True, slots=True)
class Artifact:
    source: str
    folder: bool
    archive: Path | None
    """None: an earlier artifact lies inside this folder, and the runner keeps only that one."""


def sources(task_artifacts: tuple[str, ...], step_artifacts: tuple[str, ...]) -> tuple[str, ...]:
    """What is collected, in order: the convention folder first unless it is declared."""
    declared = tuple(dict.fromkeys((*task_artifacts, *step_artifacts)))
    if any(source.rstrip("/") == CONVENTION for source in declared):
        return declared
    return (CONVENTION, *declared)


def _overlap(one: str, other: str) -> bool:
    a, b = PurePosixPath(one), PurePosixPath(other)
    return a == b or a in b.parents or b in a.parents


@contextmanager
def carried(session: Session, box: Box, step: Step) -> Iterator[tuple[Artifact, ...]]:
    """Collect a step's artifacts from its box into archives. One that is not there is left out, as the runner does."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
        found: list[Artifact] = []
        for source in sources(session.task.artifacts, step.artifacts):
            kind = _kind(session, box, source)
            if not kind:
                continue
            clash = [claimed for claimed in found if _overlap(claimed.source, source)]
            if clash:
                if kind == "folder" and any(PurePosixPath(source) in PurePosixPath(c.source).parents for c in clash):
                    found.append(Artifact(source, True, None))
                continue
            archive = Path(folder) / f"{len(found)}.tar"
            archive.write_bytes(_pack(box, source, kind == "folder", step.excludes.get(source, ())))
            _sift(archive, source, strict=session.task.runner.sifts_artifacts)
            found.append(Artifact(source, kind == "folder", archive))
        session.phases.append(Phase(PhaseName.CARRY, step.name, round(time.monotonic() - start, 4)))
        yield tuple(found)


def _sift(archive: Path, source: str, *, strict: bool) -> None:
    try:
        sift(archive, CARRY_LIMIT, strict=strict)
    except NotSifted as error:
        raise Stop(
            Trouble(TroubleKind.UNSUPPORTED, f"what was packed of the artifact {source} cannot be read: {error}")
        ) from error


def _kind(session: Session, box: Box, source: str) -> str:
    """folder, file, or '' for what is not there. A link to a file is copied as a link, which leads nowhere outside."""
    quoted = shlex.quote(source)
    said = session.chore(
        box, f"if [ -d {quoted} ]; then echo folder; elif [ -f {quoted} ] && [ ! -L {quoted} ]; then echo file; fi"
    )
    return said.output.decode("utf-8", "replace").strip()


def _pack(box: Box, source: str, folder: bool, excludes: tuple[str, ...]) -> bytes:
    path = PurePosixPath(source)
    members = ("-C", source, ".") if folder else ("-C", str(path.parent), path.name)
    argv = ("tar", "-cf", _ARCHIVE, *(f"--exclude={pattern}" for pattern in excludes), *members)
    # Not a byte more than is read of it, whatever a file pretends to be: a hole of a terabyte takes no room.
    bounded = ("sh", "-c", f'ulimit -f {CARRY_LIMIT // 512 + 1}; exec "$@"', "sh", *argv)
    done = box.run(Command(bounded, CARRY_TIMEOUT, user="root", cwd="/"))
    said = done.output.decode("utf-8", "replace").strip()
    data = box.read(_ARCHIVE, limit=CARRY_LIMIT + 1) or b""
    if len(data) > CARRY_LIMIT:
        raise Stop(
            Trouble(
                TroubleKind.UNSUPPORTED,
                f"the artifact {source} is larger than {CARRY_LIMIT >> 20} MB",
                "Declare the files that the verifier needs instead of a whole folder.",
            )
        )
    # A service or a solution that still runs may write meanwhile: what tar read is then as good as any moment's.
    if done.status != 0 and not (done.status == 1 and "as we read it" in said):
        raise Stop(Trouble(TroubleKind.UNSUPPORTED, f"the artifact {source} could not be packed with tar: {said}"))
    box.run(Command(("rm", "-f", _ARCHIVE), 60.0, user="root", cwd="/"))
    return data


def restore(session: Session, box: Box, step: Step, artifacts: tuple[Artifact, ...]) -> None:
    """Put them into the verifier's box: a folder is emptied first, a file's parent is made, both open to all."""
    start = time.monotonic()
    for artifact in artifacts:
        target = artifact.source if artifact.folder else str(PurePosixPath(artifact.source).parent)
        if artifact.folder:
            session.empty(box, target, open_to_all=True)
        else:
            session.chore(box, f"mkdir -p {shlex.quote(target)} && chmod 777 {shlex.quote(target)}")
        inside = (
            [artifact] if artifact.archive else [a for a in artifacts if a is not artifact and _within(a, artifact)]
        )
        for one in inside:
            _unpack(box, one)
    session.phases.append(Phase(PhaseName.CARRY, step.name, round(time.monotonic() - start, 4)))


def _within(inner: Artifact, outer: Artifact) -> bool:
    return inner.archive is not None and PurePosixPath(outer.source) in PurePosixPath(inner.source).parents


def _unpack(box: Box, artifact: Artifact) -> None:
    assert artifact.archive is not None
    target = artifact.source if artifact.folder else str(PurePosixPath(artifact.source).parent)
    box.put(artifact.archive, _ARCHIVE)
    quoted = shlex.quote(target)
    unpack = f"mkdir -p {quoted} && tar -xpf {_ARCHIVE} --no-same-owner -C {quoted}"
    script = f"{unpack}; s=$?; rm -f {_ARCHIVE}; exit $s"
    done = box.run(Command(("sh", "-c", script), CARRY_TIMEOUT, user="root", cwd="/"))
    if done.status != 0:
        said = done.output.decode("utf-8", "replace").strip()
        raise Stop(
            Trouble(
                TroubleKind.UNSUPPORTED,
                f"the artifact {artifact.source} could not be unpacked for the verifier: {said}",
            )
        )
