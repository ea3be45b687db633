"""What Harbor asks of an environment becomes what our engine is asked for; what no box can have is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.contract import Limits
from harness.errors import UsageError
from harness.harbor.definition import AskedEnvironment, environment_of, stand_ins, task_folder


def asked(place: Path, *, image: str | None = None, force: bool = False) -> AskedEnvironment:
    return AskedEnvironment(place, image, {"NAME": "value"}, "/work", Limits(memory_mb=512), 60.0, force)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "task.toml").write_text("")
    folder = tmp_path / "environment"
    folder.mkdir()
    return folder


def test_a_dockerfile_is_built_with_harbors_own_settings(place: Path) -> None:
    (place / "Dockerfile").write_text("FROM debian\n")
    made = environment_of(asked(place))
    assert (made.recipe.dockerfile, made.recipe.timeout) == (place / "Dockerfile", 60.0)
    assert (dict(made.env), made.workdir, made.limits.memory_mb) == ({"NAME": "value"}, "/work", 512)


def test_an_image_wins_over_the_dockerfile_unless_a_build_is_forced(place: Path) -> None:
    (place / "Dockerfile").write_text("FROM debian\n")
    assert environment_of(asked(place, image="made:1")).prebuilt == "made:1"
    assert environment_of(asked(place, image="made:1", force=True)).prebuilt is None


def test_files_beside_an_image_are_uploaded_by_harbor_and_not_twice(place: Path) -> None:
    (place / "data.txt").write_text("x")
    made = environment_of(asked(place, image="made:1"))
    assert (made.recipe.image, made.files) == ("made:1", ())


def test_a_compose_file_says_how_its_main_service_runs(place: Path) -> None:
    (place / "Dockerfile").write_text("FROM debian\n")
    (place / "docker-compose.yaml").write_text(
        "services:\n  main:\n    environment: {FROM_COMPOSE: '1'}\n    command: [serve]\n    hostname: goldbox\n"
    )
    made = environment_of(asked(place))
    assert (made.command, made.hostname, made.env["FROM_COMPOSE"]) == (("serve",), "goldbox", "1")


def test_what_no_box_has_is_refused(place: Path) -> None:
    (place / "Dockerfile").write_text("FROM debian\n")
    (place / "docker-compose.yaml").write_text("services:\n  main:\n    privileged: true\n")
    with pytest.raises(UsageError, match="which no box has"):
        environment_of(asked(place))


def test_an_empty_folder_is_no_environment(place: Path) -> None:
    with pytest.raises(UsageError, match="no Dockerfile"):
        environment_of(asked(place))


def test_a_steps_tests_belong_to_the_task_above(place: Path) -> None:
    assert task_folder(place.parent / "steps/one/tests") == place.parent
    assert task_folder(Path("/nowhere/environment")) == Path("/nowhere")


@pytest.mark.parametrize(
    ("given", "images"),
    [
        (None, {}),
        ("*=host", {"*": "host"}),
        (["a=b", "c:1=d:2"], {"a": "b", "c:1": "d:2"}),
        ({"a": "b"}, {"a": "b"}),
    ],
)
def test_stand_ins_come_as_harbors_options_bring_them(given: object, images: dict[str, str]) -> None:
    assert stand_ins(given) == images


@pytest.mark.parametrize("given", ["host", "=host", "a=", {"a": "/not/there"}])
def test_a_stand_in_that_says_nothing_is_an_error(given: object) -> None:
    with pytest.raises(UsageError):
        stand_ins(given)
