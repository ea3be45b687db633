"""What is carried from the solver's box to a separate verifier's, and at what it gives up."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.contract import BoxSpec, Command, Engine
from harness.task.model import Task
from harness.trial import artifacts
from harness.trial.artifacts import CONVENTION, carried, restore, sources
from harness.trial.build import build
from harness.trial.plan import Plan
from harness.trial.record import Kind, PhaseName, TroubleKind
from harness.trial.session import Session, Stop
from tests.conftest import RecipeOf
from tests.harness.fake_engine import Answer, Does, FakeBox, FakeEngine
from tests.harness.tarred import tarred, untarred
from tests.harness.tasks import harbor

ARCHIVE = "/tmp/.foolsgold-carry.tar"


def packs(_box: FakeBox, command: Command) -> Does:
    return Does(writes={ARCHIVE: tarred(" ".join(command.argv[command.argv.index(ARCHIVE) + 1 :]))})


def kinds(**found: str) -> Answer:
    """`folder` or `file` by the last part of the path."""

    def answer(_box: FakeBox, command: Command) -> Does:
        path = command.argv[-1].split()[3]
        return Does(output=found.get(path.rpartition("/")[2], "").encode())

    return answer


def session(folder: Path, table: list[tuple[str, Answer]], *declared: str, **excludes: tuple[str, ...]) -> Session:
    engine = FakeEngine(table)
    task = harbor(folder / "t")
    step = replace(task.steps[0], excludes={f"/app/{name}": patterns for name, patterns in excludes.items()})
    task = replace(task, artifacts=declared, steps=(step,))
    return Session(engine, task, build(engine, task), Plan(Kind.REFERENCE), threading.Event(), nullcontext)


def box(of: Session) -> FakeBox:
    opened = of.engine.open(BoxSpec(of.built.main))
    assert isinstance(opened, FakeBox)
    return opened


def carry(of: Session) -> dict[str, str | None]:
    """Path -> what was packed; None for a folder of which only something inside is carried."""
    with carried(of, box(of), of.task.steps[0]) as found:
        return {one.source: untarred(one.archive.read_bytes()) if one.archive else None for one in found}


def test_the_convention_comes_first_unless_it_is_declared() -> None:
    assert sources(("/a", "/b"), ("/b", "/c")) == (CONVENTION, "/a", "/b", "/c")
    assert sources((), ("/a", f"{CONVENTION}/")) == ("/a", f"{CONVENTION}/")
    assert sources((), ()) == (CONVENTION,)


def test_a_folder_is_packed_from_inside_and_a_file_by_its_name(tmp_path: Path) -> None:
    table: list[tuple[str, Answer]] = [("echo folder", kinds(out="folder", one="file")), (" tar -cf", packs)]
    of = session(tmp_path, table, "/app/out", "/app/one", "/app/missing", out=("*.tmp", "cache"))
    assert carry(of) == {
        "/app/out": "--exclude=*.tmp --exclude=cache -C /app/out .",
        "/app/one": "-C /app one",
    }
    assert [phase.name for phase in of.phases] == [PhaseName.CARRY]


def test_of_two_that_overlap_the_first_is_kept(tmp_path: Path) -> None:
    table: list[tuple[str, Answer]] = [
        ("echo folder", kinds(app="folder", out="folder", one="file")), (" tar -cf", packs),
    ]  # fmt: skip
    assert list(carry(session(tmp_path / "a", table, "/app", "/app/one"))) == ["/app"]
    inner = carry(session(tmp_path / "b", table, "/app/out", "/app"))
    assert inner == {"/app/out": "-C /app/out .", "/app": None}


def refused(of: Session) -> str:
    with pytest.raises(Stop) as stop, carried(of, box(of), of.task.steps[0]):
        pass
    assert stop.value.trouble is not None
    assert stop.value.trouble.kind is TroubleKind.UNSUPPORTED
    return stop.value.trouble.message


def test_what_tar_cannot_pack_ends_the_trial_and_a_file_that_changes_meanwhile_does_not(tmp_path: Path) -> None:
    there = ("echo folder", kinds(out="folder"))
    broken = Does(2, b"tar: /app/out: Permission denied")
    assert refused(session(tmp_path / "a", [there, (" tar -cf", broken)], "/app/out")).endswith("Permission denied")
    busy = Does(1, b"tar: ./log: file changed as we read it", writes={ARCHIVE: tarred("all the same")})
    assert carry(session(tmp_path / "b", [there, (" tar -cf", busy)], "/app/out")) == {"/app/out": "all the same"}


def test_what_is_too_large_ends_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "CARRY_LIMIT", 1 << 20)
    table: list[tuple[str, Answer]] = [
        ("echo folder", kinds(out="folder")), (" tar -cf", Does(writes={ARCHIVE: bytes((1 << 20) + 1)})),
    ]  # fmt: skip
    assert refused(session(tmp_path, table, "/app/out")) == "the artifact /app/out is larger than 1 MB"


def restored(task: Task, of: Session, status: int = 0) -> list[str]:
    engine = of.engine
    assert isinstance(engine, FakeEngine)
    engine.table.append(("tar -xpf", Does(status, b"no space")))
    with carried(of, box(of), task.steps[0]) as found:
        other = box(of)
        restore(of, other, task.steps[0], found)
    return [command.argv[-1] for where, command in engine.commands if where is other]


def test_a_folder_is_emptied_first_and_what_lies_in_it_comes_back_with_it(tmp_path: Path) -> None:
    table: list[tuple[str, Answer]] = [("echo folder", kinds(app="folder", one="file")), (" tar -cf", packs)]
    of = session(tmp_path, table, "/app/one", "/app")
    file, unpack_file, emptied, unpack_again = restored(of.task, of)
    assert file == "mkdir -p /app && chmod 777 /app"
    assert "rm -rf /app/" in emptied
    assert emptied.endswith("chmod 777 /app")
    assert unpack_file == unpack_again
    assert "-C /app;" in unpack_file


def test_what_cannot_be_unpacked_ends_the_trial(tmp_path: Path) -> None:
    table: list[tuple[str, Answer]] = [("echo folder", kinds(out="folder")), (" tar -cf", packs)]
    of = session(tmp_path, table, "/app/out")
    with pytest.raises(Stop) as stop:
        restored(of.task, of, 2)
    assert stop.value.trouble is not None
    assert stop.value.trouble.message == "the artifact /app/out could not be unpacked for the verifier: no space"


@pytest.mark.bwrap
def test_a_hole_of_a_terabyte_is_too_large_and_told_soon(
    bwrap_engine: Engine, recipe_of: RecipeOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "CARRY_LIMIT", 8 << 20)
    with bwrap_engine.open(BoxSpec(bwrap_engine.build(recipe_of("FROM debian:bookworm-slim\n")))) as opened:
        opened.run(Command(("sh", "-c", "mkdir /app; truncate -s 1T /app/hole; head -c 3M /dev/zero >/app/little"), 10))
        began = time.monotonic()
        with pytest.raises(Stop) as caught:
            artifacts._pack(opened, "/app/hole", False, ())
        assert time.monotonic() - began < 20
        assert "larger than 8 MB" in str(caught.value.trouble)
        assert len(artifacts._pack(opened, "/app/little", False, ())) > 3 << 20
