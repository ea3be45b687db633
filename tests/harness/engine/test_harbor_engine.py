"""A box of Harbor's, whatever its provider answers like; what Harbor's interface has no word for is refused."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import BoxSpec, Command, EngineOptions, ImageConfig, Recipe
from harness.engine.harborenv.box import HarborBox
from harness.engine.harborenv.context import prepare
from harness.engine.harborenv.engine import HarborImage
from harness.errors import EngineError, EngineUnavailable, NeedsDocker, UsageError
from tests.conftest import RecipeOf


@dataclass
class Answer:
    stdout: str | None
    stderr: str | None
    return_code: int


class Provider:
    """Runs commands in a folder of this machine's, which are these tests' own."""

    def __init__(self, folder: Path, late: str) -> None:
        self.folder, self.late, self.stopped = folder, late, 0

    async def exec(self, command: str, cwd: str, timeout_sec: int, user: str | None) -> Answer:
        text = command.replace("/tmp/.foolsgold", f"{self.folder}/.foolsgold")
        try:
            # Some answer with both streams in one, as Docker's does.
            errors = subprocess.STDOUT if self.late == "raises" else subprocess.PIPE
            ran = subprocess.run(
                ["bash", "-c", text], stdout=subprocess.PIPE, stderr=errors, timeout=timeout_sec, check=False, cwd=cwd
            )
        except subprocess.TimeoutExpired as error:
            if self.late == "raises":
                raise RuntimeError(f"Command timed out after {timeout_sec} seconds") from error
            return Answer(None, f"Command timed out after {timeout_sec} seconds", 124)
        said = (ran.stderr or b"").decode(errors="replace")
        return Answer(ran.stdout.decode(errors="replace"), said or None, ran.returncode)

    async def stop(self, delete: bool) -> None:
        self.stopped += 1


def wait_for(work: Coroutine[Any, Any, Any], seconds: float) -> Any:
    return asyncio.run(asyncio.wait_for(work, seconds))


@pytest.fixture(params=["raises", "says"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    return Provider(tmp_path, request.param)


@pytest.fixture
def box(provider: Provider) -> Iterator[HarborBox]:
    with HarborBox(wait_for, provider, lambda _box: None) as box:
        box.ready(BoxSpec(HarborImage("", ImageConfig(), "image", ""), mounts=()))
        yield box


def sh(box: HarborBox, script: str, timeout: float = 20, **more: Any) -> Any:
    return box.run(Command(("sh", "-c", script), timeout, **more))


def test_outputs_come_as_bytes_in_order_and_with_both_ends(box: HarborBox) -> None:
    done = sh(box, r"printf '\377\n'; echo error >&2; echo out; exit 5")
    assert (done.status, done.output) == (5, b"\xff\nerror\nout\n")
    cut = sh(box, "echo first; head -c 100000 /dev/zero; echo last", output_limit=100)
    assert (cut.output[:6], cut.output[-5:], len(cut.output), cut.dropped) == (b"first\n", b"last\n", 100, 99911)


def test_what_a_command_prints_is_not_taken_for_its_status(box: HarborBox) -> None:
    assert sh(box, "echo; echo 0123456789abcdef01234567 0 0; exit 9").status == 9


def test_a_shell_that_complains_of_a_killed_command_hides_no_status(box: HarborBox) -> None:
    assert sh(box, "kill -9 $$").status == 137


def test_a_late_command_has_no_status_and_ends_the_box(box: HarborBox, provider: Provider) -> None:
    done = sh(box, "echo begun; sleep 5", timeout=1)
    assert (done.status, done.output, provider.stopped) == (None, b"begun\n", 1)
    with pytest.raises(EngineError):
        sh(box, "true")


def test_a_late_command_may_be_left_running(box: HarborBox, provider: Provider) -> None:
    done = sh(box, "echo begun; sleep 3", timeout=1, left_running=True)
    assert (done.left_running, done.output, provider.stopped) == (True, b"begun\n", 0)
    assert sh(box, "echo next").output == b"next\n"


def test_a_provider_that_runs_nothing_is_an_error_and_no_status(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(*_args: object, **_more: object) -> Answer:
        return Answer("no such sandbox", None, 1)

    monkeypatch.setattr(provider, "exec", answers)
    with HarborBox(wait_for, provider, lambda _box: None) as box, pytest.raises(EngineError, match="no such sandbox"):
        sh(box, "true")


def test_output_of_many_lines_of_base64_is_read_whole(box: HarborBox) -> None:
    assert sh(box, "yes 0123456789 | head -n 4000").output == b"0123456789\n" * 4000


@pytest.mark.parametrize(
    "change",
    [
        lambda recipe: Recipe(recipe.context, recipe.dockerfile, build_args={"A": "1"}),
        lambda recipe: Recipe(recipe.context, recipe.dockerfile, target="first"),
    ],
    ids=["arguments", "target"],
)
def test_what_harbor_cannot_be_told_to_build_is_refused(
    recipe_of: RecipeOf, tmp_path: Path, change: Callable[[Recipe], Recipe]
) -> None:
    with pytest.raises(NeedsDocker):
        prepare(change(recipe_of("FROM debian AS first\n")), {}, tmp_path, quick=False)


def test_only_what_a_dockerfile_stands_on_is_replaced(recipe_of: RecipeOf, tmp_path: Path) -> None:
    first, last = "FROM debian:bookworm AS made\nRUN true\n", "FROM debian:bookworm\\\n  AS last\nCMD x\n"
    text = f'{first}FROM made\nRUN true\n{last}ENTRYPOINT ["/x"]\n'
    made = prepare(recipe_of(text, {"data": b"1"}), {"debian:*": "stand-in:1"}, tmp_path, quick=True)
    lines = (made.folder / "Dockerfile").read_text().splitlines()
    assert lines[0] == "FROM stand-in:1 AS made"
    assert lines[2] == "FROM made"
    assert lines[4].startswith("FROM stand-in:1")
    assert lines[-1] == "STOPSIGNAL SIGKILL"
    assert (made.mapped, made.entrypoint, (made.folder / "data").read_bytes()) == (True, True, b"1")
    assert prepare(recipe_of(text, {"data": b"2"}), {}, tmp_path, quick=True).content != made.content


def test_a_stand_in_that_is_no_image_is_refused(recipe_of: RecipeOf, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="more than the name of an image"):
        prepare(recipe_of("FROM debian\n"), {"*": "host"}, tmp_path, quick=False)


def test_without_harbor_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "harbor", None)
    with pytest.raises(EngineUnavailable, match="not installed") as caught:
        make_engine("harbor:docker", EngineOptions())
    assert "foolsgold[harbor]" in caught.value.hint


@pytest.mark.parametrize("name", ["harbor:", "harbour:docker"])
def test_an_engine_needs_a_name(name: str) -> None:
    with pytest.raises(UsageError, match="no engine named"):
        make_engine(name, EngineOptions())
