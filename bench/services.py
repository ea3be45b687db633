"""What a second service costs: a box alone and a box beside a service that does nothing, round after round in turn.

    python bench/services.py --rounds 30 --engine bwrap

The service is healthy at the first look, so that what is measured is what the engine does, and nothing that a service
takes by itself. A third way has one that is up after 0.2 s and is to be looked at every 5 s, as real ones are: what a
trial would save if its service were still up. The start lasts until the first command has ended; the whole, until
everything is gone.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from harness.engine.choose import make_engine
from harness.engine.contract import Box, BoxSpec, Command, Engine, EngineOptions, Healthcheck, Image, Member, Recipe
from harness.engine.services import Companion, opened

LIMIT = 3.0
AT_ONCE = Healthcheck("true", interval=0.01, timeout=5.0, retries=1)
LATER = Healthcheck("test -e /up", interval=5.0, timeout=5.0, retries=10)
SLOW = ("sh", "-c", "sleep 0.2; touch /up; exec sleep infinity")


def alone(engine: Engine, image: Image, own: ExitStack) -> Box:
    return own.enter_context(engine.open(BoxSpec(image)))


def beside(engine: Engine, image: Image, own: ExitStack) -> Box:
    return _beside(engine, image, own, ("sleep", "infinity"), AT_ONCE)


def beside_a_slow_one(engine: Engine, image: Image, own: ExitStack) -> Box:
    return _beside(engine, image, own, SLOW, LATER)


def _beside(engine: Engine, image: Image, own: ExitStack, command: tuple[str, ...], check: Healthcheck) -> Box:
    side = BoxSpec(image, mounts=(), entrypoint=(), command=command)
    services = [Companion(BoxSpec(image), Member("main")), Companion(side, Member("side"), check=check)]
    return own.enter_context(opened(engine, services, "main"))


WAYS = {"one service": alone, "two services": beside, "up after 0.2 s": beside_a_slow_one}


def measure(engine: Engine, image: Image, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(seconds to start, seconds in all) of each round but the first, which is not counted."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for number in range(rounds + 1):
        for name, way in WAYS.items():
            began = time.perf_counter()
            with ExitStack() as own:
                done = way(engine, image, own).run(Command(("true",), 20))
                assert done.status == 0, done
                started = time.perf_counter() - began
            if number:
                seconds[name].append((started, time.perf_counter() - began))
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--engine", choices=("bwrap", "docker"), default="bwrap")
    parser.add_argument("--image", default="host", help="What stands for the FROM.")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        make_engine(asked.engine, EngineOptions(images={"*": asked.image})) as engine,
    ):
        dockerfile = Path(folder, "Dockerfile")
        dockerfile.write_text("FROM debian:bookworm-slim\n")
        found = measure(engine, engine.build(Recipe(Path(folder), dockerfile)), asked.rounds)
    print(f"{asked.engine}, Linux {platform.release()}, {asked.rounds} rounds in turn, medians in ms:")
    for name, rounds in found.items():
        start, whole = (statistics.median(one[part] for one in rounds) * 1000 for part in (0, 1))
        print(f"{name:14} start {start:7.1f}   start to end {whole:7.1f}")
    one, two, _ = found.values()
    ratios = [statistics.median(two[at][part] / one[at][part] for at in range(len(one))) for part in (0, 1)]
    print(f"two / one, median of the rounds: start {ratios[0]:.2f}, start to end {ratios[1]:.2f} (at most {LIMIT:g})")
    return 0 if ratios[0] <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
