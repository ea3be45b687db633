"""Every engine keeps the contract: the self-check's boxes, one test a check, and what needs an image of its own."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from harness.engine.checks import CHECKS
from harness.engine.contract import BoxSpec, Command, Engine, Healthcheck, Image
from harness.engine.selfcheck import CheckOutcome, run_selfcheck
from harness.errors import EngineError
from tests.conftest import Ordinary, RecipeOf

UNMEASURED = {"docker": {"disk_is_limited", "host_addresses_are_out_of_reach_with_a_network"}}
"""Checks that an engine cannot keep everywhere: docker limits a box's disk only on some storage drivers, and the bridge
of a container with a network leads to the host's own addresses."""


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
    if result.outcome is CheckOutcome.NOT_MEASURED and name in UNMEASURED.get(engine_name, ()):
        return
    assert result.outcome is CheckOutcome.PASSED, result.reason


def test_what_an_image_lacks_is_not_measured_and_no_fault_of_the_engine(engine: Engine, recipe_of: RecipeOf) -> None:
    image = engine.build(recipe_of("FROM debian:bookworm-slim\nRUN rm -f $(which -a python3)\n"))
    names = [name for name in CHECKS if "service" in name or "list" in name]
    results = run_selfcheck(engine, image, names=names)
    assert [result.name for result in results if result.outcome is CheckOutcome.FAILED] == []
    assert "the image has no python3" in {result.reason for result in results}


def test_an_entrypoint_runs_beside_the_commands_with_a_plain_sleep(engine: Engine, recipe_of: RecipeOf) -> None:
    script = '#!/bin/sh\necho "$@" > /tmp/words\npwd > /tmp/where\nshift\nexec "$@"\n'
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
    with engine.open(BoxSpec(image, entrypoint=())) as box:
        assert box.run(Command(("test", "-e", "/tmp/words"), 20)).status == 1


@pytest.mark.bwrap
@pytest.mark.parametrize("subordinate_ids", [True, False])
def test_the_contract_holds_for_an_ordinary_user(ordinary: Ordinary, subordinate_ids: bool) -> None:
    """With a range of subordinate ids (in CI), and without the programs that map one."""
    words = [
        "from harness.commands.main import main; main()",
        "doctor",
        "--engine",
        "bwrap",
        "--image",
        "*=host",
        "--json",
    ]
    if not subordinate_ids:
        words[0] = (
            "from harness.engine.bwrap.box import launcher; launcher._subordinate = lambda file, user: None; "
            + words[0]
        )
    ran = ordinary.run("-c", *words, timeout=280)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (bwrap,) = json.loads(ran.stdout)["engines"]
    outcomes = {check["name"]: check["outcome"] for check in bwrap["checks"]}
    assert list(outcomes) == list(CHECKS)
    unmeasured = {name for name, outcome in outcomes.items() if outcome == "not measured"}
    if not subordinate_ids:
        assert unmeasured == {"commands_run_as_other_users", "owners_can_be_changed"}
        assert any("usermod --add-subuids" in line for line in bwrap["report"]["lines"])
    else:
        assert not unmeasured


MAIN = """#!/bin/sh
printf '%s|' "$@" > /tmp/words
id -un > /tmp/who
shift
exec "$@"
"""
SERVES = ("sh", "-c", "echo $$ > /tmp/serving; exec sleep 600")


@pytest.mark.parametrize(
    ("entrypoint", "command", "words", "serving"),
    [
        (None, SERVES, "-x|sh|-c|echo $$ > /tmp/serving; exec sleep 600|", True),
        (None, None, "-x|sleep|500|", False),
        ((), SERVES, "", True),
        (("/enter", "-y"), ("sleep", "400"), "-y|sleep|400|", False),
        (("sh", "-c", "echo > /tmp/serving; sleep 300"), None, "", True),
    ],
    ids=["command", "image's command", "no entrypoint", "both", "entrypoint alone voids the image's command"],
)
def test_entrypoint_and_command_of_the_container_can_be_overridden(
    engine: Engine,
    recipe_of: RecipeOf,
    entrypoint: tuple[str, ...] | None,
    command: tuple[str, ...] | None,
    words: str,
    serving: bool,
) -> None:
    image = engine.build(
        recipe_of(
            "FROM debian:bookworm-slim\nCOPY --chmod=755 enter /enter\n"
            'CMD ["unused"]\nENTRYPOINT ["/enter", "-x"]\nCMD ["sleep", "500"]\n',
            {"enter": MAIN},
        )
    )
    wait = "for i in $(seq 25); do test -s /tmp/who -o -e /tmp/serving && break; sleep 0.1; done; cat /tmp/words"
    with engine.open(BoxSpec(image, entrypoint=entrypoint, command=command)) as box:
        assert box.run(Command(("sh", "-c", f"{wait} 2>/dev/null"), 20)).output.decode() == words
        assert (box.run(Command(("sh", "-c", "sleep 0.2; test -e /tmp/serving"), 20)).status == 0) == serving


def test_the_containers_own_user_is_that_of_its_main_process(engine: Engine, plain: Image) -> None:
    command = ("sh", "-c", "id -un > /tmp/who; sleep 600")
    with engine.open(BoxSpec(plain, user="nobody", command=command)) as box:
        wait = "for i in $(seq 25); do test -s /tmp/who && break; sleep 0.1; done; cat /tmp/who"
        assert box.run(Command(("sh", "-c", wait), 20)).output == b"nobody\n"


def test_a_shell_as_the_command_waits_at_an_open_input_and_ends_without_one(engine: Engine, plain: Image) -> None:
    look = Command(("sleep", "0.3"), 20)
    with engine.open(BoxSpec(plain, command=("bash",), stdin_open=True)) as box:
        assert [box.run(look).status for _ in range(2)] == [0, 0]

    def use() -> None:
        with engine.open(BoxSpec(plain, command=("bash",))) as box:
            for _ in range(20):
                box.run(look)

    with pytest.raises(EngineError, match="status 0"):
        use()


HEALTHCHECKS = {
    "--interval=5s --timeout=3s --start-period=1m --retries=7 CMD curl -f localhost || exit 1": Healthcheck(
        "curl -f localhost || exit 1", 5.0, 3.0, 60.0, retries=7
    ),
    'CMD ["test", "-f", "/a b"]': Healthcheck("test -f '/a b'", 30.0),
    "NONE": None,
}


@pytest.mark.parametrize("text", HEALTHCHECKS)
def test_the_images_healthcheck_is_known_and_not_run_by_the_engine(
    engine: Engine, recipe_of: RecipeOf, text: str
) -> None:
    image = engine.build(recipe_of(f"FROM debian:bookworm-slim\nHEALTHCHECK CMD false\nHEALTHCHECK {text}\n"))
    assert image.config.healthcheck == HEALTHCHECKS[text]


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
