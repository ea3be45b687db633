"""Whole Dockerfiles of the kinds that tasks have give the same tree, settings and processes on both engines."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.engine.contract import BoxSpec, Command, Engine, EngineOptions, ImageConfig
from harness.errors import BuildFailed
from tests.conftest import RecipeOf

pytestmark = [pytest.mark.docker, pytest.mark.bwrap, pytest.mark.slow]


@dataclass(frozen=True)
class Case:
    dockerfile: str
    files: Mapping[str, str | bytes]


def bundle() -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        member = tarfile.TarInfo("in/file")
        member.size, member.uid, member.gid, member.mode = 2, 7, 8, 0o640
        archive.addfile(member, io.BytesIO(b"hi"))
    return whole.getvalue()


USERS = """FROM debian:12
RUN groupadd -g 2000 dev && useradd -m -u 1500 -g dev -s /bin/bash miner \\
    && mkdir /data && chown miner:dev /data && chmod 2770 /data
USER miner
WORKDIR /home/miner/app
RUN touch mine && id -un > who && umask > mask && echo $HOME > home
COPY --chown=miner:dev a.txt b/
COPY a.txt root.txt
USER root
RUN echo x > /data/rooted
"""
VALUES = r"""FROM debian:12
WORKDIR srv
WORKDIR a
ENV A="with space" B='q "x" $A' C=plain
ENV OLD form with spaces
ENV D=${A:-no} E=${NONE:-default} F=$C-$C
RUN printf '%s|' "$A" "$B" "$C" "$OLD" "$D" "$E" "$F" > env; pwd > where
WORKDIR ../b
RUN pwd > where
"""
STAGES = """ARG TAG=bookworm
FROM debian:${TAG} AS build
WORKDIR /src
COPY main.sh .
RUN sed s/NAME/world/ main.sh > out.sh && chmod 750 out.sh
FROM debian:${TAG}
ARG TAG
COPY --from=build --chown=games:daemon /src/out.sh /usr/local/bin/out
COPY --from=0 /src /copy
RUN echo "$TAG" > /tag
"""
LINKS = """FROM debian:12
RUN mkdir -p /l/real && echo 1 > /l/real/f && ln -s real /l/link && ln /l/real/f /l/hard \\
    && mkfifo /l/fifo && chmod 4755 /l/real/f
RUN rm -r /usr/share/doc; mv /l/real /l/moved; ln -sfn moved /l/link
COPY new /l/link/
"""
PLATFORM = """ARG BASE=debian:12
FROM --platform=$BUILDPLATFORM $BASE AS one
ARG TARGETARCH
ARG TARGETOS=none
RUN echo $TARGETARCH-$TARGETOS > /arch
FROM one AS two
ARG X=1
RUN echo x$X > /x
FROM two
RUN echo ${X-unset} > /y; cat /arch /x > /z
"""
SETTINGS = """FROM debian:12
ONBUILD RUN false
EXPOSE 80 443/udp
LABEL a=b "long name"="with = sign"
STOPSIGNAL SIGKILL
HEALTHCHECK --interval=3s --retries=2 CMD test -e /
CMD ["forgotten"]
ENTRYPOINT exec sleep 9
"""
COMMIT = """FROM debian:12
WORKDIR /repo
ENV GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
RUN git init -q . && git config user.email a@b.example && git config user.name n \\
    && echo 1 > f && git add f && git commit -qm one && git rev-parse HEAD > /head
"""

VOLUMES = """FROM debian:12
ARG WHERE=/data
RUN mkdir /vol && echo before > /vol/before && chown 7:8 /vol
VOLUME /vol $WHERE
RUN echo after > /vol/after
VOLUME ["/more", "/deep/er"]
USER games
VOLUME /late
COPY f /more/f
"""
WAITING = """FROM debian:12 AS one
ONBUILD RUN echo triggered >> /trig
RUN ls / | grep -c trig > /first || true
FROM one AS two
RUN ls / | grep -c trig > /second || true
FROM two
RUN ls / | grep -c trig > /third || true
"""
SHAPES = """FROM debian:12
RUN mkdir -p /e/dir /real && ln -s /real /e/link && echo old > /e/file && ln -s /e/file /e/flink
COPY d /e/dir
COPY d/x d/sub /e/dir/
COPY d/x /e/newname
COPY d/x /e/link
COPY d/x /e/flink
COPY d /e/link/
COPY ["with space.txt", "ü.txt", "/sp ace/"]
COPY ./d/./x /norm/../norm2/x
"""

CASES = {
    "stages and an ARG before FROM": Case(STAGES, {"main.sh": "echo NAME\n"}),
    "another shell": Case(
        'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a=(1 2 3); echo ${a[1]} > /two\n'
        'RUN (false | true) || echo failed > /pipefail\nRUN ["sh", "-c", "echo exec > /exec"]\n',
        {},
    ),
    "a user of its own": Case(USERS, {"a.txt": "a"}),
    "relative workdirs and values with blanks": Case(VALUES, {}),
    "archives": Case(
        "FROM debian:12\nADD b.tgz /opt/x/\nADD b.tgz /opt/y\nADD --chown=1:2 one /opt/\nCOPY b.tgz /opt/raw\n",
        {"b.tgz": bundle(), "one": "1"},
    ),
    "modes and patterns": Case(
        "FROM debian:12\nCOPY --chmod=755 bin/*.sh /usr/local/bin/\n"
        "COPY --chmod=0640 --chown=nobody [a-c]*.txt /etc/conf/\nCOPY dir*/ /d/\n",
        dict.fromkeys(("bin/a.sh", "bin/b.sh", "bin/c.py", "a1.txt", "b.txt", "d.txt", "dir1/x", "dir2/y"), "x"),
    ),
    "exceptions in .dockerignore": Case(
        "FROM debian:12\nCOPY . /app\n",
        {
            ".dockerignore": "*\n!src\nsrc/**/*.log\n!src/keep.log\n",
            **dict.fromkeys(("a", "src/b", "src/c.log", "src/keep.log", "src/deep/d.log", "src/deep/e"), "x"),
        },
    ),
    "build mounts": Case(
        "# syntax=docker/dockerfile:1\nFROM debian:12\n"
        "RUN --mount=type=cache,target=/usr/local/share echo kept > /usr/local/share/x; ls /usr/local/share > /cached\n"
        "RUN --mount=type=bind,source=one,target=/mnt cat /mnt/f > /copied\n",
        {"one/f": "one"},
    ),
    "links, deletions and renames": Case(LINKS, {"new": "n"}),
    "platforms and arguments of stages": Case(PLATFORM, {}),
    "settings": Case(SETTINGS, {}),
    "another escape and carriage returns": Case(
        "# escape=`\r\nFROM debian:12\r\nRUN echo a && `\r\n  echo b > /b\r\n", {}
    ),
    "a pinned digest": Case(f"FROM debian:12@sha256:{'a' * 64}\nRUN echo pinned > /pinned\n", {}),
    "a repository": Case(COMMIT, {}),
    "volumes": Case(VOLUMES, {"f": "f"}),
    "what waits for the next FROM": Case(WAITING, {}),
    "destinations of many shapes": Case(
        SHAPES, dict.fromkeys(("d/x", "d/.hidden", "d/sub/z", "with space.txt", "ü.txt"), "x")
    ),
}
INSTALLS = {
    "packages of the system": Case(
        "FROM ubuntu:22.04\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get update && \\\n    # what it needs\n"
        "    apt-get install -y --no-install-recommends hello \\\n    && rm -rf /var/lib/apt/lists/*\n",
        {},
    ),
    "packages of Python": Case(
        "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt ./\n"
        "RUN pip install --no-cache-dir --no-compile -r requirements.txt\nCOPY . .\n",
        {"requirements.txt": "iniconfig==2.0.0\n", "src/a.py": "print(1)\n"},
    ),
}
SKIPPED = " -o ".join(
    f"-path {path}"
    for path in (
        *("./proc", "./sys", "./dev", "./logs", "./run", "./tmp", "./var/log", "./var/cache/ldconfig"),
        # What Docker puts into every container that starts, and what the tools write with a time in it.
        *("./.dockerenv", "./etc/mtab", "./etc/hosts", "./etc/hostname", "./etc/resolv.conf", "./repo/.git/index"),
    )
)
LIST = f"""cd /
find . \\( {SKIPPED} -o -name __pycache__ \\) -prune -o -printf '%p %y %m %U:%G %l\\n'
find app srv opt l copy home etc d data repo usr/local/bin -type f ! -path etc/ld.so.cache ! -path 'etc/*-' \\
  ! -path '*/.git/index' ! -path etc/hosts ! -path etc/hostname ! -path etc/resolv.conf ! -path etc/shadow \\
  -exec sha256sum {{}} + 2>/dev/null
# The third field is the day on which useradd ran, which may be an earlier one where a build cache had the layer.
cut -d : -f 1,2,4- etc/shadow
find . -maxdepth 1 -type f ! -name .dockerenv -exec sha256sum {{}} +
true
"""


@pytest.fixture(scope="module")
def on_the_same_image(test_image: str) -> EngineOptions:
    return EngineOptions(images={"*": test_image})


@pytest.fixture(scope="module")
def both(on_the_same_image: EngineOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Engine]]:
    from harness.engine.bwrap.engine import BwrapEngine
    from harness.engine.dockerd import DockerEngine

    cache: Path = tmp_path_factory.mktemp("parity-cache")
    with DockerEngine(on_the_same_image) as docker, BwrapEngine(replace(on_the_same_image, cache=cache)) as bwrap:
        yield {"docker": docker, "bwrap": bwrap}


def made(engine: Engine, case: Case, recipe_of: RecipeOf) -> tuple[list[str], ImageConfig]:
    image = engine.build(recipe_of(case.dockerfile, case.files))
    with engine.open(BoxSpec(image, entrypoint=(), user="root", workdir="/")) as box:
        listed = box.run(Command(("sh", "-c", LIST), 120, output_limit=1 << 26))
    assert listed.status == 0
    labels = {name: value for name, value in image.config.labels.items() if name != "foolsgold"}
    return sorted(listed.output.decode("utf-8", "replace").splitlines()), replace(image.config, labels=labels)


def compare(case: Case, both: Mapping[str, Engine], recipe_of: RecipeOf) -> None:
    theirs, their_config = made(both["docker"], case, recipe_of)
    ours, our_config = made(both["bwrap"], case, recipe_of)
    assert len(ours) > 1000
    assert {"docker": sorted(set(theirs) - set(ours)), "bwrap": sorted(set(ours) - set(theirs))} == {
        "docker": [],
        "bwrap": [],
    }
    assert our_config == their_config


@pytest.mark.parametrize("name", CASES)
def test_both_engines_make_the_same_of_it(name: str, both: Mapping[str, Engine], recipe_of: RecipeOf) -> None:
    compare(CASES[name], both, recipe_of)


@pytest.mark.network
@pytest.mark.parametrize("name", INSTALLS)
def test_both_engines_install_the_same(name: str, both: Mapping[str, Engine], recipe_of: RecipeOf) -> None:
    compare(INSTALLS[name], both, recipe_of)


@pytest.mark.parametrize(("image", "tool"), [("node:20", "npm"), ("golang:1.22", "go"), ("rust:1", "cargo")])
def test_a_tool_that_the_stand_in_lacks_is_no_certain_fault_of_the_task(
    image: str, tool: str, both: Mapping[str, Engine], recipe_of: RecipeOf
) -> None:
    for engine in both.values():
        with pytest.raises(BuildFailed, match=r"Dockerfile:2: ") as raised:
            engine.build(recipe_of(f"FROM {image}\nRUN {tool} version\n"))
        assert not raised.value.certain
        assert re.search(r"stand-in|in place of", raised.value.hint)
        assert f"{tool}: not found" in raised.value.output
