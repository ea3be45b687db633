"""What a solution leaves behind: the lists that are compared, and what real boxes say."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import BoxSpec, Command, Engine, EngineOptions, Recipe
from harness.trial.end_state import EndState, changes, look, same, unsteady
from tests.conftest import RecipeOf, stand_in

FILE = "f 644 0 0  aa"


def test_a_steady_reference_has_nothing_aside() -> None:
    state = EndState({"/app/a": FILE})
    assert unsteady(state, state) == frozenset()
    assert same(state, EndState({"/app/a": FILE}), frozenset())


@pytest.mark.parametrize(
    "mutant", [EndState({}), EndState({"/app/a": "f 755 0 0  aa"}), EndState({"/app/a": FILE, "/app/b": FILE})]
)
def test_any_other_path_mode_or_content_is_another_state(mutant: EndState) -> None:
    assert not same(EndState({"/app/a": FILE}), mutant, frozenset())


def test_noise_that_differs_from_run_to_run_is_set_aside() -> None:
    one, other = EndState({"/var/log/x.log": "1", "/app/a": FILE}), EndState({"/var/log/x.log": "2", "/app/a": FILE})
    assert unsteady(one, other) == frozenset({"/var/log/x.log"})
    assert same(one, EndState({"/app/a": FILE}), frozenset({"/var/log/x.log"}))


def test_a_result_that_differs_from_run_to_run_proves_nothing() -> None:
    assert unsteady(EndState({"/app/now.txt": "1"}), EndState({"/app/now.txt": "2"})) is None


def test_a_service_has_a_memory_that_no_file_shows() -> None:
    serving = EndState({"/app/a": FILE}, ("python3 server.py",))
    assert unsteady(serving, serving) is None
    assert not same(EndState({"/app/a": FILE}), serving, frozenset())


SCRIPTS = {
    "the same": ("echo a >/srv/a; chmod 600 /srv/a", True),
    "the same in another order": (": >/srv/a; chmod 600 /srv/a; echo a >>/srv/a", True),
    "other content": ("echo b >/srv/a; chmod 600 /srv/a", False),
    "another mode": ("echo a >/srv/a", False),
    "one more file": ("echo a >/srv/a; chmod 600 /srv/a; : >/srv/b", False),
    "nothing": (":", False),
    "a link": ("ln -s /etc/hostname /srv/a", False),
    "something removed": ("echo a >/srv/a; chmod 600 /srv/a; rm /usr/share/common-licenses/MIT-X11 /etc/issue", False),
    "a service": ("echo a >/srv/a; chmod 600 /srv/a; sleep 300 >/dev/null 2>&1 &", False),
}


@pytest.mark.parametrize(
    "name", [pytest.param("bwrap", marks=pytest.mark.bwrap), pytest.param("docker", marks=pytest.mark.docker)]
)
def test_boxes_tell_what_a_solution_left(name: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    with make_engine(name, EngineOptions(images=stand_in(name))) as engine:
        image = engine.build(Recipe(tmp_path, tmp_path / "Dockerfile"))
        found: dict[str, EndState] = {}
        for label, (script, _) in {"reference": SCRIPTS["the same"], **SCRIPTS}.items():
            with engine.open(BoxSpec(image=image)) as box:
                for _ in range(len(found)):  # as a healthcheck asks once more where the machine is slow
                    assert box.run(Command(("true",), 60)).status == 0
                before = look(box)
                assert before is not None
                assert box.run(Command(("sh", "-c", script), 60)).status in (0, 1)
                state = changes(box, before, "/solution")
                assert state is not None
                assert not any(path.startswith("/run") for path in state.entries), "the engine's own"
                found[label] = state
    reference = found.pop("reference")
    assert unsteady(reference, found["the same"]) is not None
    aside = unsteady(reference, found["the same"]) or frozenset()
    assert {label: same(reference, state, aside) for label, state in found.items()} == {
        label: expected for label, (_, expected) in SCRIPTS.items()
    }


MESS = """set -e
mkdir -p /srv/new/deep /app; echo a >/srv/new/deep/file; ln -s /usr /srv/new/way; touch "/srv/new/two words"
rm /etc/issue; chmod 700 /opt; mv /usr/share/common-licenses /srv/licences; mkfifo /tmp/pipe
echo 127.0.0.2 other >>/etc/hosts; rmdir /srv/new/deep 2>/dev/null || true; ln -sfn / /srv/new/root
"""


@pytest.mark.bwrap
def test_what_a_box_says_it_wrote_is_all_that_a_search_finds(
    bwrap_engine: Engine, recipe_of: RecipeOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = bwrap_engine.build(recipe_of("FROM debian:bookworm-slim\n"))
    with bwrap_engine.open(BoxSpec(image=image)) as box:
        before = look(box)
        assert before is not None
        assert box.run(Command(("sh", "-c", MESS), 60)).status == 0
        written = box.written()
        assert written is not None
        assert len(written) < 200
        quick = changes(box, before, "/solution")
        monkeypatch.setattr(type(box), "written", lambda _: None)
        assert quick is not None
        assert quick == changes(box, before, "/solution")
        assert {"/srv/new/deep/file", "/srv/new/way", "/etc", "/opt", "/srv/licences", "/etc/hosts"} <= {*quick.entries}


@pytest.mark.bwrap
def test_a_hole_of_a_terabyte_is_not_read(bwrap_engine: Engine, recipe_of: RecipeOf) -> None:
    with bwrap_engine.open(BoxSpec(bwrap_engine.build(recipe_of("FROM debian:bookworm-slim\n")))) as box:
        before = look(box)
        assert before is not None
        box.run(Command(("sh", "-c", "echo a >/srv/a"), 10))
        assert changes(box, before, "/solution") is not None
        box.run(Command(("truncate", "-s", "1T", "/srv/hole"), 10))
        began = time.monotonic()
        assert changes(box, before, "/solution") is None
        assert time.monotonic() - began < 20


def test_where_a_service_stands_beside_no_two_ends_are_known_to_be_the_same() -> None:
    """Whatever it was told may be in its memory alone."""
    left = EndState({"/app/out": "f 644 0 0  abc"})
    beside = replace(left, beside={"clerk": {}})
    assert unsteady(left, left) == frozenset()
    assert unsteady(beside, beside) is None
    assert same(left, left, frozenset())
    assert not same(beside, beside, frozenset())
