"""The docker engine on a real daemon, where it differs from what every engine must do (test_contract.py)."""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import docker
import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import Box, BoxSpec, Command, Engine, EngineOptions, Limits, Recipe
from harness.engine.dockerd import build as build_module
from harness.engine.dockerd import engine as engine_module
from harness.engine.dockerd.box import DockerBox
from harness.errors import BuildFailed, EngineError, UsageError
from tests.conftest import RecipeOf

pytestmark = pytest.mark.docker

MakeEngine = Callable[..., Engine]


@pytest.fixture
def make(test_image: str) -> Iterator[MakeEngine]:
    """An engine of the test's own, with the mapping it asks for."""
    made: list[Engine] = []

    def engine(images: Mapping[str, str] | None = None) -> Engine:
        made.append(make_engine("docker", EngineOptions(images={"*": test_image} if images is None else images)))
        return made[-1]

    yield engine
    for each in made:
        each.close()


@pytest.fixture(params=["buildx", "api"])
def builder(request: pytest.FixtureRequest, make: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that builds with BuildKit, and one that builds through the daemon's API."""
    if request.param == "api":
        monkeypatch.setattr(build_module, "buildx_version", lambda _daemon: "")
    engine = make()
    assert ("BuildKit (" in " ".join(engine.report().lines)) == (request.param == "buildx")
    return engine


@pytest.fixture(params=["proc", "daemon"])
def reach(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Files through /proc, as on this machine, and through the daemon, as on any other."""
    if request.param == "daemon":
        monkeypatch.setattr(engine_module, "proc_files", lambda _pid, _container: None)
    return str(request.param)


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    with_env = docker.DockerClient.from_env()
    yield with_env
    with_env.close()


def sh(box: Box, script: str, *, timeout: float = 60, user: str | None = None, limit: int = 1 << 20) -> str:
    done = box.run(Command(("sh", "-c", script), timeout, user=user, output_limit=limit))
    assert done.status == 0, done
    return done.output.decode()


# --- building -------------------------------------------------------------------------------------------------------


def test_an_unchanged_environment_is_built_once_and_a_changed_one_again(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(f"FROM python:3.12\nCOPY a /a\nRUN echo {time.time_ns()}\n", {"a": "1", "b": "2"})
    lines: list[str] = []
    first = builder.build(recipe, lines.append)
    assert lines
    lines.clear()
    assert builder.build(recipe, lines.append) == first
    assert lines == []
    (recipe.context / "a").write_text("3")
    assert builder.build(recipe).id != first.id
    assert first.fidelity == "mapped"
    assert "python:3.12" in first.base


def test_threads_that_want_the_same_image_wait_for_the_one_that_builds_it(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(f"FROM x\nRUN sleep 1; echo {time.time_ns()}\n")
    built: list[list[str]] = []

    def build() -> None:
        lines: list[str] = []
        builder.build(recipe, lines.append)
        built.append(lines)

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, built)) == [False, False, True]


def test_a_missing_copy_source_is_named_with_its_line(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of("FROM debian:bookworm\n\n# the log\nWORKDIR /app\nCOPY sample.log /app/\n")
    with pytest.raises(BuildFailed, match=r"Dockerfile:5: .*sample\.log") as caught:
        builder.build(recipe)
    assert (caught.value.line, caught.value.instruction) == (5, "COPY sample.log /app/")
    assert caught.value.certain, "no base image can stand for a file of the build context"


def test_a_failing_command_comes_with_its_line_and_its_own_words(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(
        "FROM debian AS a\nRUN true\nFROM a\nENV A=1\nRUN echo my own words && \\\n    exit 7\nRUN true\n"
    )
    with pytest.raises(BuildFailed) as caught:
        builder.build(recipe)
    assert caught.value.line == 5
    assert "my own words" in caught.value.output
    assert "7" in caught.value.message


def test_a_failure_on_the_named_image_is_certain(make: MakeEngine, test_image: str, recipe_of: RecipeOf) -> None:
    with pytest.raises(BuildFailed) as caught:
        make({}).build(recipe_of(f"FROM {test_image}\nCOPY nothing /\n"))
    assert caught.value.certain


def test_a_dockerfile_that_cannot_be_parsed_is_a_build_failure(builder: Engine, recipe_of: RecipeOf) -> None:
    with pytest.raises(BuildFailed, match=r":2: .*COPPY"):
        builder.build(recipe_of("FROM x\nCOPPY a b\n"))


@pytest.mark.parametrize("line", ["FROM registry.invalid/x:1", "FROM {}\nCOPY --from=registry.invalid/x:1 /a /a"])
def test_a_registry_that_is_not_there_is_no_fault_of_the_task(
    make: MakeEngine, test_image: str, recipe_of: RecipeOf, line: str
) -> None:
    with pytest.raises(EngineError, match=r"registry\.invalid/x:1") as caught:
        make({}).build(recipe_of(line.format(test_image) + "\n"))
    assert "--image" in caught.value.hint


def test_an_unreachable_image_of_a_stage_nobody_needs_does_not_matter(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of("FROM x AS wanted\nRUN touch /wanted\nFROM y\nRUN false\n")
    image = builder.build(replace(recipe, target="wanted"))
    with builder.open(BoxSpec(image)) as box:
        assert sh(box, "ls /wanted") == "/wanted\n"


def test_the_context_is_what_dockerignore_leaves_of_it(builder: Engine, recipe_of: RecipeOf) -> None:
    files = {
        ".dockerignore": "*.log\n!keep.log\nDockerfile\nhidden\n",
        "a.log": "",
        "keep.log": "",
        "b": "",
        "sub/c": "",
    }
    recipe = recipe_of("FROM x\nCOPY . /ctx/\n", {**files, "hidden/d": ""})
    (recipe.context / "run.sh").write_text("#!/bin/sh\n")
    (recipe.context / "run.sh").chmod(0o755)
    (recipe.context / "link").symlink_to("b")
    with builder.open(BoxSpec(builder.build(recipe))) as box:
        assert sh(box, "cd /ctx; find . -type f -o -type l | sort").split() == [
            "./.dockerignore", "./b", "./keep.log", "./link", "./run.sh", "./sub/c",
        ]  # fmt: skip
        assert sh(box, "stat -c '%a %u' /ctx/run.sh; readlink /ctx/link") == "755 0\nb\n"


def test_a_dockerfile_outside_its_context_and_under_another_name_is_used(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of("FROM x\nRUN false\n", {"a": "1"})
    elsewhere = recipe.context.parent / f"{recipe.context.name}.Other"
    elsewhere.write_text("FROM x\nCOPY . /ctx/\n")
    with builder.open(BoxSpec(builder.build(replace(recipe, dockerfile=elsewhere)))) as box:
        assert sh(box, "ls -A /ctx").split() == ["Dockerfile", "a"]


def test_build_arguments_and_stages_reach_the_image(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(
        "ARG BASE=none\nFROM ${BASE}:1 AS a\nARG WORD=unset\nRUN echo $WORD >/word\nFROM x\nCOPY --from=a /word /w\n"
    )
    recipe = replace(recipe, build_args={"BASE": "debian", "WORD": "given words"})
    image = builder.build(recipe)
    with builder.open(BoxSpec(image)) as box:
        assert sh(box, "cat /w") == "given words\n"
    assert builder.build(replace(recipe, build_args={"BASE": "debian", "WORD": "others"})).id != image.id


def test_a_build_that_takes_too_long_is_stopped_and_not_held_against_the_task(
    builder: Engine, recipe_of: RecipeOf
) -> None:
    recipe = replace(recipe_of("FROM x\nRUN echo begun; sleep 100\n"), timeout=3.0)
    began = time.monotonic()
    with pytest.raises(BuildFailed, match="longer than its 3 s") as caught:
        builder.build(recipe)
    assert time.monotonic() - began < 15
    assert not caught.value.certain
    assert caught.value.line == 2


def test_a_line_that_needs_buildkit_is_named_where_there_is_none(
    make: MakeEngine, recipe_of: RecipeOf, monkeypatch: pytest.MonkeyPatch, client: docker.DockerClient
) -> None:
    monkeypatch.setattr(build_module, "buildx_version", lambda _daemon: "")
    with pytest.raises(EngineError, match=r"Dockerfile:3: .*BuildKit") as caught:
        make().build(recipe_of("FROM x\nENV A=1\nRUN --mount=type=cache,target=/c true\n"))
    assert "docker-buildx" in caught.value.hint


def test_buildkits_own_flags_work_with_buildx(docker_engine: Engine, recipe_of: RecipeOf) -> None:
    text = "FROM x\nRUN --mount=type=cache,target=/c touch /c/x /made\nCOPY --chmod=711 a /a\n"
    with docker_engine.open(BoxSpec(docker_engine.build(recipe_of(text, {"a": ""})))) as box:
        assert sh(box, "ls /made; stat -c %a /a") == "/made\n711\n"


def test_a_mapping_covers_the_frontend_too_and_lines_keep_their_numbers(builder: Engine, recipe_of: RecipeOf) -> None:
    text = "# syntax=docker/dockerfile:1\n# escape=`\nFROM x\nRUN echo a > `\n  /made\n"
    image = builder.build(recipe_of(text))
    assert "The builder's own syntax stands in for docker/dockerfile:1." in image.notes
    with pytest.raises(BuildFailed, match="Dockerfile:3"):
        builder.build(recipe_of("# syntax=docker/dockerfile:1\nFROM x\nRUN exit 7\n"))


def test_the_tasks_folder_is_not_written_to(builder: Engine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of("FROM x\nCOPY a /a\n", {"a": "1"})

    def seen() -> list[tuple[str, int, bytes]]:
        files = sorted(path for path in recipe.context.rglob("*"))
        return [(path.name, path.stat().st_mtime_ns, path.read_bytes()) for path in files]

    before = seen()
    builder.build(recipe)
    assert seen() == before


def test_an_image_without_a_dockerfile_is_taken_as_it_is(make: MakeEngine, test_image: str, tmp_path: Path) -> None:
    image = make({}).build(Recipe(tmp_path, image=test_image))
    assert (image.fidelity, image.base) == ("image", test_image)
    mapped = make().build(Recipe(tmp_path, image="python:3.13"))
    assert (mapped.fidelity, mapped.base) == ("mapped", f"{test_image} (standing in for python:3.13)")


# --- stand-ins ------------------------------------------------------------------------------------------------------


def test_a_stand_in_carries_env_workdir_and_user(make: MakeEngine, test_image: str, recipe_of: RecipeOf) -> None:
    engine = make({"*": f'{test_image};ENV GREETING=a "b" $c;WORKDIR /work/here;USER nobody'})
    image = engine.build(recipe_of("FROM ghcr.io/some/thing:1\n"))
    with engine.open(BoxSpec(image)) as box:
        assert sh(box, 'echo "$GREETING"; pwd; whoami') == 'a "b" $c\n/work/here\nnobody\n'


def tiny_root(folder: Path) -> Path:
    """A root filesystem that is a shell and its libraries, and nothing else."""
    shell = str(Path("/bin/sh").resolve())
    listed = subprocess.run(["ldd", shell], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"(/\S+)", listed):
        target = folder / library.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    (folder / "bin").mkdir(exist_ok=True)
    shutil.copy(shell, folder / "bin/sh")
    (folder / "bin/sh").chmod(0o755)
    return folder


@pytest.mark.parametrize("form", ["folder", "tar"])
def test_a_root_filesystem_on_disk_can_stand_in(
    make: MakeEngine, recipe_of: RecipeOf, tmp_path: Path, form: str
) -> None:
    root = tiny_root(tmp_path / "root")
    if form == "tar":
        subprocess.run(["tar", "-cf", tmp_path / "root.tar", "-C", root, "."], check=True)
        root = tmp_path / "root.tar"
    engine = make({"*": str(root)})
    image = engine.build(recipe_of("FROM python:3.12\nENV A=1\n"))
    with engine.open(BoxSpec(image)) as box:
        done = box.run(Command(("/bin/sh", "-c", 'echo "$A"; exit 3'), 10))
        assert (done.status, done.output) == (3, b"1\n")


def test_an_image_without_a_shell_is_refused_in_words(make: MakeEngine, recipe_of: RecipeOf, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()  # a root filesystem in which nothing runs
    (tmp_path / "etc/file").write_text("nothing runs here")
    engine = make({"*": str(tmp_path)})
    with pytest.raises(EngineError, match="no /bin/sh"):
        engine.open(BoxSpec(engine.build(recipe_of("FROM x\n"))))


@pytest.mark.parametrize(("stand_in", "words"), [("host", "own root"), ("/nowhere/root", "does not exist")])
def test_a_stand_in_that_cannot_be_is_a_usage_error(make: MakeEngine, stand_in: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make({"*": stand_in})


# --- boxes ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def plain(docker_engine: Engine, recipe_of: RecipeOf) -> BoxSpec:
    return BoxSpec(docker_engine.build(recipe_of("FROM python:3.12\nWORKDIR /app\n")))


def test_a_plain_box_is_one_process_and_costs_no_exec(docker_engine: Engine, plain: BoxSpec) -> None:
    with docker_engine.open(plain) as box:
        assert sh(box, "cat /proc/1/comm; ls -d /proc/[0-9]* | wc -l").split()[0] in ("sh", "dash")
        assert box.read("/proc/1/comm") in (b"sh\n", b"dash\n")


def test_files_go_in_and_come_out(docker_engine: Engine, plain: BoxSpec, reach: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub/run.sh").write_bytes(b"#!/bin/sh\necho \xff\n")
    (source / "sub/run.sh").chmod(0o750)
    (source / "link").symlink_to("sub/run.sh")
    with docker_engine.open(plain) as box:
        sh(box, "mkdir /tests; echo old >/tests/kept; ln -s /etc/passwd /tests/planted")
        (source / "planted").write_text("new")
        box.put(source, "/tests")
        box.put(source / "planted", "/logs/verifier/deep/er/one")
        listed = "cd /tests; stat -c '%n %a %U %F' * sub/*; readlink link; cat kept planted; head -1 /etc/passwd"
        assert sh(box, listed).splitlines() == [
            "kept 644 root regular file",
            "link 777 root symbolic link",
            "planted 644 root regular file",
            "sub 755 root directory",
            "sub/run.sh 750 root regular file",
            "sub/run.sh",
            "old",
            "newroot:x:0:0:root:/root:/bin/bash",
        ]
        assert box.read("/tests/link") == b"#!/bin/sh\necho \xff\n"
        assert box.read("/tests/sub/run.sh", limit=2) == b"#!"
        assert box.read("/tests/sub/run.sh", limit=-2) == b"\xff\n"
        assert box.read("/logs/verifier/deep/er/one") == b"new"
        assert (box.read("/nowhere"), box.read("/tests"), box.read("/dev/zero")) == (None, None, None)
        sh(box, "mkfifo /logs/verifier/reward.txt")
        assert box.read("/logs/verifier/reward.txt") is None


def test_long_output_keeps_its_ends_and_says_what_is_missing(docker_engine: Engine, plain: BoxSpec, reach: str) -> None:
    with docker_engine.open(plain) as box:
        done = box.run(Command(("seq", "100000"), 30, output_limit=20))
        assert done.output.startswith(b"1\n2\n3\n")
        assert done.output.endswith(b"100000\n")
        assert (len(done.output), done.dropped) == (20, 588895 - 20)


def test_a_timeout_ends_the_whole_box(docker_engine: Engine, plain: BoxSpec, reach: str) -> None:
    with docker_engine.open(plain) as box:
        done = box.run(Command(("sh", "-c", "echo begun; setsid sleep 300 & sleep 300"), 1))
        assert (done.status, done.output) == (None, b"begun\n")
        with pytest.raises(EngineError, match="limit of 1 s"):
            box.run(Command(("true",), 1))


def test_commands_run_as_the_images_user_the_specs_or_their_own(docker_engine: Engine, recipe_of: RecipeOf) -> None:
    image = docker_engine.build(recipe_of("FROM x\nRUN useradd -m worker && useradd -G worker other\nUSER worker\n"))
    with docker_engine.open(BoxSpec(image)) as box:
        assert sh(box, "whoami; echo $HOME; touch /logs/verifier/mine") == "worker\n/home/worker\n"
        assert sh(box, "whoami; echo $HOME", user="root") == "root\n/root\n"
        assert sh(box, "id -nG", user="other") == "other worker\n"
        assert sh(box, "id -u; id -g", user="1234:5678") == "1234\n5678\n"
    with docker_engine.open(BoxSpec(image, user="root")) as box:
        assert sh(box, "whoami") == "root\n"
    with pytest.raises(EngineError, match="stranger"):
        docker_engine.open(BoxSpec(image, user="stranger"))


def test_a_command_that_kills_all_it_can_ends_itself_and_not_the_box(docker_engine: Engine, plain: BoxSpec) -> None:
    with docker_engine.open(plain) as box:
        assert box.run(Command(("sh", "-c", "kill -9 -1"), 10, user="nobody")).status == 137
        assert sh(box, "whoami", user="nobody") == "nobody\n"
        assert box.run(Command(("sh", "-c", "kill -9 -1"), 10)).status == 0  # spares itself and the first process
        assert sh(box, "echo alive") == "alive\n"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK's own unconnected sockets
def test_a_daemon_that_dies_is_named_and_the_end_is_quiet(
    recipe_of: RecipeOf,
    test_image: str,
    client: docker.DockerClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, real = tmp_path / "s", os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    words = [sys.executable, "-m", "tests.harness.engine.relay", str(own), real.removeprefix("unix://")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as relay:
        assert relay.stdout is not None
        assert relay.stdout.readline() == b"ready\n"
        monkeypatch.setenv("DOCKER_HOST", f"unix://{own}")
        engine = make_engine("docker", EngineOptions(images={"*": test_image}))
        image = engine.build(recipe_of("FROM debian:12\n"))
        with engine.open(BoxSpec(image)) as box:
            assert sh(box, "echo alive") == "alive\n"
            container = cast(DockerBox, box).container
            relay.kill()
            relay.wait()
            own.unlink()
            with pytest.raises(EngineError, match="the Docker daemon cannot be reached: No such file"):
                box.run(Command(("sleep", "60"), 60))
        with pytest.raises(EngineError, match="the Docker daemon cannot be reached"):
            engine.open(BoxSpec(image))
        engine.close()
    gc.collect()  # while their warning is expected
    deadline = time.monotonic() + 10
    while (
        client.containers.list(all=True, ignore_removed=True, filters={"id": container}) and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert client.containers.list(all=True, ignore_removed=True, filters={"id": container}) == []


def test_memory_is_limited_and_the_kernels_killing_is_told(docker_engine: Engine, plain: BoxSpec) -> None:
    with docker_engine.open(replace(plain, limits=Limits(memory_mb=128))) as box:
        assert not box.run(Command(("false",), 10)).oom
        done = box.run(Command(("python3", "-c", "x = bytearray(512 << 20)"), 60))
        assert (done.status, done.oom) == (137, True)
        done = box.run(Command(("true",), 10))
        assert (done.status, done.oom) == (0, False)


def test_processes_are_limited(docker_engine: Engine, plain: BoxSpec) -> None:
    with docker_engine.open(replace(plain, limits=Limits(pids=50))) as box:
        script = (
            "import os, sys\nfor i in range(100):\n    try:\n        pid = os.fork()\n    except OSError:\n        "
        )
        script += "print('refused'); break\n    if pid == 0:\n        __import__('time').sleep(2); os._exit(0)\n"
        done = box.run(Command(("python3", "-c", script), 60))
        assert done.output == b"refused\n"


def test_there_is_no_network_unless_asked_for(docker_engine: Engine, plain: BoxSpec) -> None:
    with docker_engine.open(plain) as box:
        assert sh(box, "ls /sys/class/net") == "lo\n"
    with (
        docker_engine.open(replace(plain, network=True)) as one,
        docker_engine.open(replace(plain, network=True)) as two,
    ):
        address = sh(one, "hostname -i").split()[0]
        assert "eth0" in sh(one, "ls /sys/class/net").split()
        serve = "python3 -c 'import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000)' & "
        sh(one, serve + "for i in $(seq 100); do curl -s localhost:8000 >/dev/null && exit 0; sleep 0.05; done; exit 1")
        refused = two.run(Command(("curl", "-s", "--max-time", "2", f"http://{address}:8000/"), 20))
        assert refused.status != 0


def test_a_gpu_is_asked_for_where_the_daemon_has_any_and_not_where_it_has_none(
    docker_engine: Engine, plain: BoxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(docker_engine, engine_module.DockerEngine)
    asks = replace(plain, gpus=1)
    for runtimes, none in ((["runc"], True), (["runc", "nvidia"], False)):
        monkeypatch.setattr(
            docker_engine, "_info", {**docker_engine._info, "Runtimes": {name: {} for name in runtimes}}
        )
        assert bool(docker_engine.no_gpus()) == none
        if none:
            with docker_engine.open(asks) as box:
                assert sh(box, "echo here") == "here\n"
        elif "nvidia" not in docker_engine._api.info()["Runtimes"]:
            # Said by a daemon that was asked for one and has none.
            with pytest.raises(EngineError, match=r"nvidia.*gpu"):
                docker_engine.open(asks)


def test_an_entrypoint_starts_services_and_the_box_stays(docker_engine: Engine, recipe_of: RecipeOf) -> None:
    entry = '#!/bin/sh\necho "$@" >/started\nsleep 301 &\nexec "$@"\n'
    recipe = recipe_of(
        'FROM x\nCOPY entry.sh /entry.sh\nRUN chmod +x /entry.sh\nUSER nobody\nENTRYPOINT ["/entry.sh"]\n'
        "USER root\nWORKDIR /srv\n",
        {"entry.sh": entry},
    )
    with docker_engine.open(BoxSpec(docker_engine.build(recipe), env={"A": "1"})) as box:
        waiting = (
            "for i in $(seq 100); do [ -s /started ] && break; sleep 0.05; done; cat /started; pgrep -f 'sleep 301'"
        )
        assert sh(box, waiting).startswith("sh -c sleep infinity\n")
        assert sh(box, "pwd; echo $A") == "/srv\n1\n"
    with docker_engine.open(BoxSpec(docker_engine.build(recipe), entrypoint=())) as box:
        assert sh(box, "ls /started || echo not started").endswith("not started\n")


def test_an_entrypoint_that_ends_says_so_with_its_last_words(docker_engine: Engine, recipe_of: RecipeOf) -> None:
    image = docker_engine.build(recipe_of('FROM x\nENTRYPOINT ["sh", "-c", "echo my last words; exit 5"]\n'))
    with pytest.raises(EngineError, match=r"(?s)status 5.*my last words"):
        docker_engine.open(BoxSpec(image))


# --- nothing is left ------------------------------------------------------------------------------------------------


def ours(client: docker.DockerClient, run: str) -> list[str]:
    return [
        each.id
        for each in client.containers.list(all=True, ignore_removed=True, filters={"label": f"foolsgold={run}"})
        if each.id
    ]


def test_closing_the_engine_closes_its_boxes_and_leaves_nothing(
    make: MakeEngine, recipe_of: RecipeOf, client: docker.DockerClient
) -> None:
    engine = make()
    assert isinstance(engine, engine_module.DockerEngine)
    image = engine.build(recipe_of('FROM x\nENTRYPOINT ["env"]\n'))
    boxes = [
        engine.open(BoxSpec(image, entrypoint=None if keep else (), network=keep)) for keep in (True, False, False)
    ]
    boxes[1].close()
    boxes[1].close()
    assert client.networks.list(filters={"label": f"foolsgold={engine._run}"})
    engine.close()
    engine.close()
    assert ours(client, engine._run) == []
    assert client.networks.list(filters={"label": f"foolsgold={engine._run}"}) == []
    with pytest.raises(EngineError, match="gone: closed"):
        boxes[0].run(Command(("true",), 1))
    with pytest.raises(EngineError, match="closed"):
        engine.open(BoxSpec(image))


KILLED = """
    import sys, time
    from pathlib import Path
    from harness.engine.choose import make_engine
    from harness.engine.contract import BoxSpec, EngineOptions, Recipe
    engine = make_engine("docker", EngineOptions(images={"*": sys.argv[1]}))
    folder = Path(sys.argv[2])
    image = engine.build(Recipe(folder, folder / "Dockerfile"))
    boxes = [engine.open(BoxSpec(image, entrypoint=None if keep else (), network=keep)) for keep in (True, False)]
    print(engine._run, flush=True)
    time.sleep(100)
"""


def test_what_a_killed_run_left_behind_is_removed_at_the_next_start(
    make: MakeEngine, recipe_of: RecipeOf, client: docker.DockerClient, test_image: str
) -> None:
    folder = recipe_of('FROM x\nENTRYPOINT ["env"]\n').context
    argv = [sys.executable, "-c", textwrap.dedent(KILLED), test_image, str(folder)]
    alive = make()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        run = child.stdout.readline().strip()
        assert len(ours(client, run)) == 2
        assert alive.clean() == []  # it is alive: nothing of it may be touched
        os.kill(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(ours(client, run)) > 1:
        assert time.monotonic() < deadline, "the box whose shell hung on the killed process did not end with it"
        time.sleep(0.05)
    make()
    assert ours(client, run) == []
    assert client.networks.list(filters={"label": f"foolsgold={run}"}) == []


def test_everything_it_made_is_labelled(docker_engine: Engine, plain: BoxSpec, client: docker.DockerClient) -> None:
    with docker_engine.open(plain) as box:
        container = client.containers.get(box.container)  # type: ignore[attr-defined]  # a DockerBox
        assert {"foolsgold", "foolsgold.pid", "foolsgold.place", "foolsgold.boot"} <= set(container.labels)
        assert container.image is not None
        assert container.image.labels["foolsgold"] == "image"
