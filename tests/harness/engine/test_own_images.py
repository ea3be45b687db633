"""An environment may have stand-ins of its own, before those of the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engine.contract import BoxSpec, Command, Engine
from harness.errors import UsageError
from tests.conftest import RecipeOf, stand_in


def said(engine: Engine, recipe_of: RecipeOf, images: dict[str, str]) -> bytes:
    recipe = replace(recipe_of("FROM a-name-that-nobody-has:1\n"), images=images)
    with engine.open(BoxSpec(engine.build(recipe))) as box:
        return box.run(Command(("sh", "-c", 'printf "%s" "$COLOUR"'), 20)).output


def test_a_recipes_own_stand_in_comes_before_the_engines(engine: Engine, recipe_of: RecipeOf) -> None:
    base = stand_in(engine.name)["*"]
    assert said(engine, recipe_of, {}) == b""
    assert said(engine, recipe_of, {"a-name-*": f"{base};ENV COLOUR=red"}) == b"red"
    assert said(engine, recipe_of, {"other": f"{base};ENV COLOUR=red"}) == b""


@pytest.mark.docker
def test_docker_cannot_stand_one_environment_on_this_machine_either(docker_engine: Engine, recipe_of: RecipeOf) -> None:
    with pytest.raises(UsageError, match="own root"):
        said(docker_engine, recipe_of, {"*": "host"})
