"""Tasks with several containers, beyond what Harbor itself can be asked about: see tests/parity/services."""

from __future__ import annotations

from pathlib import Path

from harness.engine.contract import Engine
from harness.task.model import Task
from harness.task.network import plan_network
from harness.trial.build import build
from harness.trial.ends import Ends
from harness.trial.plan import LeftBehind, Plan
from harness.trial.record import Kind, TrialRecord, TroubleKind
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, read, terminal_bench

SERVICES = Path(__file__).parents[1] / "parity/services"
MAIN = "services:\n  client:\n    build: .\n    command: [sh, -c, sleep infinity]\n"
SIDE = "  side:\n    image: debian:bookworm-slim\n    command: [sh, -c, '{script}']\n"


def trial(engine: Engine, task: Task, kind: Kind = Kind.REFERENCE) -> TrialRecord:
    return run_trial(engine, task, build(engine, task), Plan(kind))


def test_without_a_network_all_services_have_one_loopback(engine: Engine) -> None:
    task = read(SERVICES / "walled")
    assert trial(engine, task).rewards == {"reward": 1.0}
    assert trial(engine, task, Kind.NOP).rewards == {"reward": 0.0}


def test_all_services_keep_to_one_list_and_none_calls_for_another(engine: Engine) -> None:
    task = read(SERVICES / "listed")
    networks = plan_network(task, "on", no_lists=engine.no_lists()).tries[0]
    record = run_trial(engine, task, build(engine, task), Plan(Kind.REFERENCE, networks=networks))
    assert record.rewards == {"reward": 1.0}
    assert {"other.example", "below.example"} <= {one.host for one in record.asked if not one.let}


def test_a_service_that_its_runner_would_start_again_leaves_nothing_measured(engine: Engine, tmp_path: Path) -> None:
    compose = "services:\n" + SIDE.format(script="sleep 0.7; exit 4") + "    restart: always\n"
    solve = "#!/bin/sh\nsleep 1.5; echo ok > /app/out.txt\n"
    record = trial(engine, harbor(tmp_path, {"environment/docker-compose.yaml": compose, "solution/solve.sh": solve}))
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.ENGINE
    assert "the service side, whose process ended with status 4; the runner would have" in record.trouble.message
    assert record.rewards is None


def test_only_harbor_minds_a_service_that_ends_at_once(engine: Engine, tmp_path: Path) -> None:
    """terminal-bench starts its containers and does not look at them again."""
    side = SIDE.format(script="exit 0")
    task = harbor(tmp_path / "harbor", {"environment/docker-compose.yaml": "services:\n" + side})
    record = trial(engine, task)
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.HEALTHCHECK
    assert "the service side, whose process ended with status 0" in record.trouble.message
    task = terminal_bench(tmp_path / "terminal-bench", {"docker-compose.yaml": MAIN + side})
    assert trial(engine, task).rewards == {"reward": 1.0}


ASKED = """
services:
  main:
    volumes: ["desk:/desk"]
  clerk:
    image: debian:bookworm-slim
    command: [sh, -c, "touch /up; until [ -e /desk/ask ]; do sleep 0.02; done; mkdir /own; cp /desk/ask /own/kept;
      touch /desk/done; exec sleep infinity"]
    volumes: ["desk:/desk"]
    healthcheck: {test: test -e /up, interval: 50ms}
volumes:
  desk:
"""
ASK = "#!/bin/sh\necho word > /desk/new; mv /desk/new /desk/ask; until [ -e /desk/done ]; do sleep 0.02; done\n"


def test_what_solving_changes_in_a_volume_and_in_a_service_of_its_own_is_seen(engine: Engine, tmp_path: Path) -> None:
    task = harbor(tmp_path, {"environment/docker-compose.yaml": ASKED, "solution/solve.sh": ASK})
    left = run_trial(engine, task, build(engine, task), Plan(Kind.REFERENCE, purpose=LeftBehind())).state
    assert left is not None
    assert {"/desk/ask", "/desk/done"} <= left.entries.keys()
    assert "/own/kept" not in left.entries
    assert (left.beside["clerk"]["/own/kept"], left.ended) == (left.entries["/desk/ask"], ())
    assert "/up" not in left.beside["clerk"]


def test_what_the_main_box_left_does_not_stand_for_what_its_sidecars_hold() -> None:
    """So that no verdict of another trial is taken for it."""
    assert Ends(read(SERVICES / "stock-service")).aside is None
