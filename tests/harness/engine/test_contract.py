"""Every engine keeps the contract: the self-check's boxes, one test a check, and what needs an image of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.engine.checks import CHECKS
from harness.engine.contract import BoxSpec, Command, Engine, Image
from harness.engine.selfcheck import Outcome, run_selfcheck
from harness.errors import EngineError
from tests.conftest import RecipeOf

UNMEASURED = {"docker": {"disk_is_limited"}}
"""Checks that an engine cannot run everywhere: docker limits a box's disk only on some storage drivers."""


@pytest.fixture
def plain(engine: Engine, engine_name: str, recipe_of: RecipeOf, _plain_images: dict[str, Image]) -> Image:
    if engine_name not in _plain_images:
        _plain_images[engine_name] = engine.build(recipe_of("FROM debian:bookworm-slim\nENV FLAVOUR=plain\n"))
    return _plain_images[engine_name]


@pytest.fixture(scope="module")
def _plain_images() -> dict[str, Image]:
    return {}


@pytest.mark.parametrize("name", CHECKS)
def test_the_contract_holds(engine: Engine, engine_name: str, plain: Image, name: str) -> None:
    (result,) = run_selfcheck(engine, plain, names=[name])
    if result.outcome is Outcome.NOT_MEASURED and name in UNMEASURED.get(engine_name, ()):
        return
    assert result.outcome is Outcome.PASSED, result.reason


def test_an_entrypoint_runs_beside_the_commands_with_a_plain_sleep(engine: Engine, recipe_of: RecipeOf) -> None:
    script = '#!/bin/sh\necho "$@" > /tmp/words\npwd > /tmp/where\nexec "$@"\n'
    image = engine.build(
        recipe_of(
            'FROM debian:bookworm-slim\nWORKDIR /app\nCOPY --chmod=755 enter /enter\nENTRYPOINT ["/enter", "-x"]\n',
            {"enter": script},
        )
    )
    with engine.open(BoxSpec(image)) as box:
        wait_for = (
            "for i in 1 2 3 4 5 6 7 8 9; do test -s /tmp/where && break; sleep 0.2; done; cat /tmp/words /tmp/where"
        )
        ran = box.run(Command(("sh", "-c", wait_for), 20))
        words, where = ran.output.decode().splitlines()
        assert words.startswith("-x sh -c sleep infinity")
        assert where == "/app"
    with engine.open(BoxSpec(image, entrypoint=False)) as box:
        assert box.run(Command(("test", "-e", "/tmp/words"), 20)).status == 1


def test_an_entrypoint_that_ends_ends_the_box_with_its_words(engine: Engine, recipe_of: RecipeOf) -> None:
    image = engine.build(
        recipe_of(
            "FROM debian:bookworm-slim\nCOPY --chmod=755 enter /enter\nENTRYPOINT /enter\n",
            {"enter": "#!/bin/sh\necho no licence >&2\nexit 3\n"},
        )
    )

    def use() -> None:
        with engine.open(BoxSpec(image)) as box:
            for _attempt in range(50):
                box.run(Command(("sleep", "0.1"), 20))

    with pytest.raises(EngineError, match="no licence"):
        use()


def test_the_images_user_and_workdir_are_the_commands(engine: Engine, recipe_of: RecipeOf) -> None:
    image = engine.build(
        recipe_of(
            "FROM debian:bookworm-slim\nRUN useradd --create-home --uid 4321 miner\nUSER miner\nWORKDIR /home/miner\n"
        )
    )
    ask = Command(("sh", "-c", 'id -un; pwd; echo "$HOME"'), 20)
    with engine.open(BoxSpec(image)) as box:
        assert box.run(ask).output.decode().split() == ["miner", "/home/miner", "/home/miner"]
    with engine.open(BoxSpec(image, user="root", workdir="/")) as box:
        assert box.run(ask).output.decode().split() == ["root", "/", "/root"]


@pytest.mark.parametrize("make", [lambda image: BoxSpec(image, env={"A": "1\0"})], ids=["NUL in a value"])
def test_what_no_box_can_have_is_the_engines_error(
    engine: Engine, plain: Image, make: Callable[[Image], BoxSpec]
) -> None:
    def use() -> None:
        with engine.open(make(plain)) as box:
            box.run(Command(("true",), 10))

    with pytest.raises(EngineError):
        use()
