"""The docker engine keeps what the tests' preparation left, and puts it into other containers."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.contract import BoxSpec, Command, Engine
from harness.engine.dockerd.keeping import upper_of
from harness.trial.build import build
from harness.trial.plan import Judge, Means, Plan, Ready, Replacement
from harness.trial.record import Kind
from harness.trial.recording import make_ready
from harness.trial.runner import run_trial
from tests.conftest import RecipeOf
from tests.harness.trial.test_reuse_boxes import COUNTS, SOLVE, log, made

REUSED = Judge(reuse=frozenset({Means.PREPARATION}))


@pytest.mark.docker
def test_a_trial_that_goes_on_from_there_ends_as_the_plain_one(tmp_path: Path, docker_engine: Engine) -> None:
    """Its tests see modes, owners, links with several names, what was removed and what took another's place."""
    task = made(tmp_path)
    built = build(docker_engine, task)
    plan = Plan(Kind.REFERENCE)
    ready = make_ready(docker_engine, task, built, plan.networks, cancel=threading.Event(), turn=nullcontext)
    assert isinstance(ready, Ready), ready
    plain = run_trial(docker_engine, task, built, plan, ready=ready)
    reused = run_trial(docker_engine, task, built, replace(plan, purpose=REUSED), ready=ready)
    assert (plain.reused, reused.reused, reused.not_reused) == (False, True, "")
    assert plain.rewards == reused.rewards == {"reward": 1.0}
    assert log(plain) == log(reused)
    meddles = replace(plan, replacement=Replacement({"solve.sh": f"{SOLVE}echo mine > /usr/bin/shower\n".encode()}))
    met = run_trial(docker_engine, task, built, replace(meddles, purpose=REUSED), ready=ready)
    assert not met.reused
    assert "/usr/bin/shower" in met.not_reused


CHANGES = """
echo own > /srv/new; mkdir -p /srv/made/deep; chmod 700 /srv/made; rm /etc/motd; ln -s /nowhere /srv/link
rm -rf /etc/skel; mkdir /etc/skel; echo other > /etc/skel/one; chmod 750 /var/mail; echo more >> /etc/issue
echo '10.9.8.7 elsewhere' >> /etc/hosts; echo log > /logs/verifier/log
"""


@pytest.mark.bwrap
@pytest.mark.docker
def test_both_engines_say_the_same_of_what_a_box_changed(
    docker_engine: Engine, bwrap_engine: Engine, recipe_of: RecipeOf
) -> None:
    recipe = recipe_of("FROM debian:bookworm-slim\nRUN mkdir -p /srv /etc/skel; echo old > /etc/skel/old\n")
    said = []
    for engine in (docker_engine, bwrap_engine):
        with engine.open(BoxSpec(engine.build(recipe))) as box:
            assert box.run(Command(("sh", "-ec", CHANGES), 20, user="root")).status == 0
            found = box.changes()
            assert found is not None
            # Where a box's mounts are is made in one engine's image and in the other's box.
            entries = {path: kind for path, kind in found.entries.items() if path not in ("/logs", "/run")}
            said.append((entries, found.passed & {"/etc", "/srv", "/var"}))
    docker, bwrap = said
    assert docker == bwrap


def test_where_a_container_writes_is_told_by_its_mounts(tmp_path: Path) -> None:
    for name in ("upper", "image", "init"):
        (tmp_path / name).mkdir()
    root = f"9 1 0:5 / / rw - overlay overlay rw,lowerdir={tmp_path}/init:{tmp_path}/image,upperdir={tmp_path}/upper"
    other = f"9 1 0:5 / /mnt rw - overlay overlay rw,lowerdir={tmp_path}/init,upperdir={tmp_path}/image"
    found = upper_of(f"{other}\n{root},workdir={tmp_path}/work\n", ())
    assert found is not None
    assert found.folder == tmp_path / "upper"
    (tmp_path / "image/file").write_text("of the image")
    assert found.below("/file") is not None
    assert upper_of(other, ()) is None
    assert upper_of(root.replace("/upper", "/elsewhere"), ()) is None, "another machine's"
    assert upper_of(root.replace(f"{tmp_path}/init", "l/ABC"), ()) is None
    assert upper_of("9 1 8:1 / / rw - ext4 /dev/vda rw", ()) is None


@pytest.mark.docker
def test_time_random_numbers_and_counters_are_had_anew(tmp_path: Path, docker_engine: Engine) -> None:
    task = made(tmp_path, COUNTS)
    built = build(docker_engine, task)
    plan = Plan(Kind.REFERENCE, purpose=REUSED)
    ready = make_ready(docker_engine, task, built, plan.networks, cancel=threading.Event(), turn=nullcontext)
    assert isinstance(ready, Ready), ready
    one, other = (run_trial(docker_engine, task, built, plan, ready=ready) for _ in range(2))
    assert one.reused
    assert other.reused
    (port, now, count), (port2, now2, count2) = log(one).split(), log(other).split()
    assert (port != port2, now != now2, count, count2) == (True, True, "1", "1")
