"""Replaying Dockerfiles: what comes out, what is cached, and how failures are told."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.engine.bwrap.box import hostmask, sandbox
from harness.engine.bwrap.image import cache as cache_module
from harness.engine.bwrap.image.build import build
from harness.engine.bwrap.image.built import BwrapImage
from harness.engine.bwrap.image.cache import Cache
from harness.engine.bwrap.image.families import family_of
from harness.engine.bwrap.image.python import Interpreter, by_preference, wanted_version
from harness.engine.contract import Command, EngineOptions, Exit, Recipe
from harness.engine.stack import Stack
from harness.errors import BuildFailed, NeedsDocker, UsageError

Build = Callable[..., BwrapImage]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return folder


class Starts:
    """Counts the boxes a build starts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *arguments: Any, **options: Any) -> sandbox.Sandbox:
        self.count += 1
        return sandbox.start(*arguments, **options)


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def build_of(tmp_path: Path, starts: Starts) -> Build:
    """Build a Dockerfile's text with files beside it; bases are the host's root unless mapped otherwise."""

    def make(
        dockerfile: str, images: Mapping[str, str] | None = None, network: bool = False, **more: Any
    ) -> BwrapImage:
        files = more.pop("files", {})
        cache = more.pop("cache", tmp_path / "cache")
        context = write(tmp_path / "context", {**files, "Dockerfile": dockerfile})
        options = EngineOptions(images={"*": "host"} if images is None else images, cache=cache, build_network=network)
        return build(Recipe(context, context / "Dockerfile", **more), options, start=starts)

    return make


def content(image: BwrapImage, path: str) -> str | None:
    host = Stack(image.layers).host(path)
    return None if host is None else host.read_text()


def inside(image: BwrapImage, script: str, *, network: bool = False) -> Exit:
    config = image.config
    box = sandbox.start(image.layers, env=config.env, workdir=config.workdir, user=config.user, network=network)
    with closing(box):
        return box.run(Command(("/bin/sh", "-c", script), timeout=60))


# --- without a box --------------------------------------------------------------------------------------------------


def test_settings_end_up_in_the_image(build_of: Build) -> None:
    image = build_of(
        """
        ARG TAG=none
        FROM scratch
        ARG TAG
        ARG WHO=you
        ENV GREETING="hello ${WHO}" OLD=1
        ENV OLD the ${OLD} rest
        LABEL a=b c="d e" tag=$TAG
        EXPOSE 80 443/udp $OLD
        USER ${WHO}:staff
        SHELL ["/bin/bash", "-ec"]
        STOPSIGNAL SIGKILL
        HEALTHCHECK CMD true
        VOLUME /data
        MAINTAINER nobody
        ONBUILD RUN x
        CMD ["lost"]
        ENTRYPOINT run it
        CMD ["--flag", "$WHO"]
        """,
        build_args={"WHO": "me"},
    )
    config = image.config
    assert {name: config.env[name] for name in ("GREETING", "OLD")} == {"GREETING": "hello me", "OLD": "the 1 rest"}
    assert dict(config.labels) == {"a": "b", "c": "d e", "tag": "none"}
    assert config.exposed == ("1/tcp", "443/udp", "80/tcp", "rest/tcp", "the/tcp")
    assert config.user == "me:staff"
    assert config.entrypoint == ("/bin/bash", "-ec", "run it")
    assert config.cmd == ("--flag", "$WHO")
    assert (image.fidelity, image.base) == ("image", "scratch")


def test_an_entrypoint_forgets_the_bases_cmd_and_keeps_its_own(build_of: Build) -> None:
    base = "FROM scratch AS a\nCMD x\nFROM a\n"
    assert build_of(base).config.cmd == ("/bin/sh", "-c", "x")
    assert build_of(base + 'ENTRYPOINT ["e"]\n').config.cmd == ()
    assert build_of(base + 'CMD ["y"]\nENTRYPOINT ["e"]\n').config.cmd == ("y",)


def test_variables_of_one_env_line_do_not_see_each_other(build_of: Build) -> None:
    image = build_of("FROM scratch\nENV A=1\nENV A=2 B=$A\nENV C=${A}${B}\n")
    assert [image.config.env[name] for name in "ABC"] == ["2", "1", "21"]


def test_arguments_do_not_reach_the_image(build_of: Build) -> None:
    image = build_of("FROM scratch\nARG A=1\nENV B=$A\nFROM scratch\nENV C=x$A\n")
    assert image.config.env["C"] == "x"
    assert "A" not in image.config.env


def test_platform_arguments_have_values(build_of: Build) -> None:
    image = build_of(
        "FROM --platform=$BUILDPLATFORM scratch\nARG TARGETOS\nARG TARGETARCH\nENV P=$TARGETOS/$TARGETARCH\n"
    )
    assert image.config.env["P"].startswith("linux/")
    assert len(image.config.env["P"]) > len("linux/")


def test_files_written_in_the_dockerfile(build_of: Build) -> None:
    image = build_of(
        "FROM scratch\nARG N=5\nCOPY <<a.txt <<'b.txt' <<-c.txt /d/\n$N \"q\" 'r' \\$N\na.txt\n$N\nb.txt\n"
        "\ttabs\n\tc.txt\n"
        "COPY --chmod=755 <<EOF /run.sh\n#!/bin/sh\nEOF\n"
    )
    assert content(image, "/d/a.txt") == "5 \"q\" 'r' $N\n"
    assert content(image, "/d/b.txt") == "$N\n"
    assert content(image, "/d/c.txt") == "tabs\n"
    host = Stack(image.layers).host("/run.sh")
    assert host is not None
    assert host.stat().st_mode & 0o777 == 0o755


def test_the_same_recipe_has_the_same_id_and_a_changed_file_another(build_of: Build, tmp_path: Path) -> None:
    text = "FROM scratch\nCOPY a.txt /a\nENV X=1\n"
    first = build_of(text, files={"a.txt": "one", "other": "x"})
    assert build_of(text, files={"other": "changed"}).id == first.id
    assert build_of(text, cache=tmp_path / "elsewhere").id == first.id
    assert build_of(text.replace("X=1", "X=2")).id != first.id
    assert build_of(text, files={"a.txt": "two"}).id != first.id


def test_only_the_stages_that_are_needed_are_built(build_of: Build) -> None:
    text = "FROM scratch AS broken\nCOPY nothing /\nFROM scratch AS good\nCOPY <<f /f\nx\nf\nFROM good\n"
    assert content(build_of(text), "/f") == "x\n"
    assert content(build_of(text, target="good"), "/f") == "x\n"
    with pytest.raises(BuildFailed):
        build_of(text, target="broken")
    with pytest.raises(BuildFailed, match="no stage named other"):
        build_of(text, target="other")


@pytest.mark.parametrize(
    ("lines", "line", "words", "hint"),
    [
        ("COPY data/sample.log /app/", 3, "data/sample.log is not in the build context", "context/"),
        ("COPY hidden.txt /app/", 3, "hidden.txt is not in the build context", ".dockerignore hides it"),
        ("COPY one.txt \\\n  missing.txt /app/", 3, "missing.txt is not in the build context", ""),
        ("RUN <<EOF\nx", 3, "never ended", ""),
        ("COPY --from=7 /a /b", 3, "no such stage", ""),
        ("COPY --from=later /a /b\nFROM scratch AS later", 3, "no such stage", ""),
        ("COPY --chmod=rwx one.txt /b", 3, "--chmod", ""),
        ("COPY --chown=ghost one.txt /b", 3, "no user 'ghost'", ""),
        ("COPY https://example.org/x /b", 3, "only be the source of ADD", ""),
        ('ENV A="${B:?is needed}"', 3, "B: is needed", ""),
        ("RUN --mount=type=secret,id=key,required=true x", 3, "requires the secret key", ""),
        ("RUN --mount=type=bind,source=nothing,target=/x x", 3, "nothing is not in the build context", ""),
    ],
)
def test_a_definite_fault_names_its_line_and_is_certain(
    build_of: Build, lines: str, line: int, words: str, hint: str
) -> None:
    files = {"one.txt": "1", "hidden.txt": "2", ".dockerignore": "hidden.txt"}
    with pytest.raises(BuildFailed) as raised:
        build_of(
            f"FROM scratch AS first\nENV X=1\n{lines}\n", files=files, target=None if "later" not in lines else "first"
        )
    error = raised.value
    assert words in error.message
    assert hint in error.hint
    assert (error.file, error.line, error.certain) == ("Dockerfile", line, True)
    assert error.message.startswith(f"Dockerfile:{line}: ")
    assert error.instruction.split()[0] == lines.split()[0]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("COPY --from=ghcr.io/example/tool:1 /tool /bin/", "ghcr.io/example/tool:1"),
        ("ADD https://example.org/repo.git /src", "git repository"),
        ("ADD git@example.org:x/y.git /src", "git repository"),
        ("RUN --security=insecure x", "insecure"),
        ("RUN --network=host x", "--network=host"),
        ("RUN --mount=type=odd,target=/x y", "type=odd"),
        ("ADD packed.tar.zst /", "zstd"),
    ],
)
def test_what_only_docker_can_do_says_so_with_its_line(build_of: Build, tmp_path: Path, lines: str, words: str) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context/packed.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd....")
    with pytest.raises(NeedsDocker) as raised:
        build_of(f"FROM scratch\nENV X=1\n{lines}\n")
    assert raised.value.where == "Dockerfile:3"
    assert words in raised.value.message
    assert "--engine docker" in raised.value.hint


def test_an_image_to_copy_from_may_be_a_mapped_folder(build_of: Build, tmp_path: Path) -> None:
    write(tmp_path / "tool", {"usr/bin/tool": "binary"})
    text = "FROM scratch\nCOPY --from=ghcr.io/example/tool:1 /usr/bin/* /bin/\n"
    assert content(build_of(text, {"ghcr.io/example/tool:1": str(tmp_path / "tool")}), "/bin/tool") == "binary"
    with pytest.raises(BuildFailed, match="/usr/bin/other is not in"):
        build_of(text.replace("*", "other"), {"*": str(tmp_path / "tool")})


def test_a_folder_or_a_tar_stands_for_an_image_with_settings_of_its_own(build_of: Build, tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"etc/os-release": "X", "usr/share/f": "from the base"})
    for suffix, mode in (("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz")):
        with tarfile.open(tmp_path / f"root.{suffix}", mode) as archive:  # type: ignore[call-overload]
            archive.add(root, ".")
        base = tmp_path / f"root.{suffix}"
        settings = "ENV A=b c;WORKDIR /work;USER 7"
        image = build_of("FROM some/image:1\nWORKDIR sub\n", {"some/image:1": f"{base};{settings}"})
        assert content(image, "/usr/share/f") == "from the base"
        assert (image.config.env["A"], image.config.workdir, image.config.user) == ("b c", "/work/sub", "7")
        assert image.fidelity == "mapped"
        assert str(base) in image.base
    image = build_of("FROM some/image:1\n", {"*": str(root)})
    assert content(image, "/usr/share/f") == "from the base"
    (root / "usr/share/f").chmod(0o600)


@pytest.mark.parametrize(
    ("base", "words"),
    [("/nowhere/at/all", "does not exist"), ("./empty", "not a root filesystem"), ("./junk", "cannot be unpacked")],
)
def test_a_mapping_to_nothing_is_a_usage_error(
    build_of: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk").write_text("no tar")
    with pytest.raises(UsageError, match=words):
        build_of("FROM x\n", {"x": base})


@pytest.mark.parametrize(
    ("reference", "name", "tag", "python"),
    [
        ("python:3.12-slim", "python", "3.12-slim", "local"),
        ("docker.io/library/python:3.12@sha256:abc", "python", "3.12", "local"),
        ("ghcr.io/laude-institute/t-bench/python-3-13:20250620", "python-3-13", "3.13", "local"),
        ("ghcr.io/laude-institute/t-bench/ubuntu-24-04:latest", "ubuntu-24-04", "24.04", "system"),
        ("ghcr.io/astral-sh/uv:python3.11-bookworm", "uv", "3.11", "local"),
        ("golang:1.22", "golang", "1.22", "system"),
        ("localhost:5000/own", "own", "", ""),
        ("ubuntu", "ubuntu", "", "system"),
    ],
)
def test_a_known_image_is_known_by_its_name(reference: str, name: str, tag: str, python: str) -> None:
    family = family_of(reference)
    assert (family.name, family.tag, family.python) == (name, tag, python)


def test_the_nearest_interpreter_is_taken() -> None:
    def at(*version: int, prefix: str = "/opt/x") -> Interpreter:
        return Interpreter(version, Path(prefix))

    own = at(3, 11, 4)
    found = [own, at(3, 12, 1), at(3, 12, 8), at(3, 12, prefix="/usr"), at(3, 13, 0)]
    for tag, expected in (
        ("3.12.2-slim", (3, 12, 1)),
        ("3.12", (3, 12, 8)),
        ("3.13-rc", (3, 13, 0)),
        ("3.9", (3, 11, 4)),
        ("3", (3, 11, 4)),
        ("slim", (3, 11, 4)),
        ("latest", (3, 11, 4)),
    ):
        assert by_preference(found, wanted_version(tag))[0].version == expected, tag


# --- the cache ------------------------------------------------------------------------------------------------------


def test_a_layer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")

    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        cache.layer("key", "about", fail)
    assert cache.find("key") is None
    assert list((tmp_path / "cache/building").iterdir()) == []


def test_clean_removes_what_crashed_and_the_longest_unused_above_the_limit(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")

    def fill(folder: Path) -> None:
        (folder / "f").write_bytes(b"x" * 8192)

    for number in range(3):
        made = cache.layer(str(number), f"layer {number}", fill)
        os.utime(made.parent, (number, number) if number < 2 else None)
    (cache.root / "building/1-dead").mkdir()
    (cache.root / "building/1-dead.lock").touch()
    said = cache.clean(limit=20000)
    assert len(said) == 2
    assert [cache.find(str(number)) is not None for number in range(3)] == [False, True, True]
    assert list((cache.root / "building").iterdir()) == []
    with closing(Cache(cache.root)):
        assert "another foolsgold" in cache.clean(everything=True)[-1]
        assert "another foolsgold" in cache.clean(limit=0)[-1], "its boxes may stand on the oldest layer"
    with closing(Cache(cache.root)):
        assert "another foolsgold" in cache.clean(everything=True)[-1], "and this one still uses them too"
    cache.clean(everything=True)
    assert [cache.find(str(number)) for number in range(3)] == [None, None, None]


def test_nobody_waits_while_layers_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    cache.layer("key", "about", lambda folder: (folder / "f").touch())
    honest = cache_module._remove
    removed: list[str] = []

    def remove(folder: Path) -> None:
        removed.extend(path.name for path in folder.iterdir())
        assert cache.find("key") is None
        with (cache.root / "in-use").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # as whoever opens the cache
        honest(folder)

    monkeypatch.setattr(cache_module, "_remove", remove)
    assert len(cache.clean(everything=True)) == 1
    assert removed == ["key"]
    assert list((cache.root / "building").iterdir()) == []


def test_who_waits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Cache(tmp_path / "cache").close()
    with (tmp_path / "cache/in-use").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(cache_module, "_PATIENCE", -1.0)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(lock, fcntl.LOCK_UN))
        Cache(tmp_path / "cache").close()
    assert capsys.readouterr().err == f"Waiting for another foolsgold, which is making room in {tmp_path / 'cache'}.\n"


def test_a_build_that_is_killed_leaves_no_layer_and_no_lock(tmp_path: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from harness.engine.bwrap.image.cache import Cache
def make(folder):
    (folder / "half").write_text("x")
    print("building", flush=True)
    time.sleep(100)
Cache(Path({str(tmp_path / "cache")!r})).layer("key", "about", make)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "building\n"
        child.kill()
    with closing(Cache(tmp_path / "cache")) as cache:
        assert cache.find("key") is None
        assert len(cache.clean()) == 1
        assert list((cache.root / "building").iterdir()) == []
        made = cache.layer("key", "about", lambda folder: (folder / "whole").touch(), deadline=time.monotonic() + 5)
        assert [path.name for path in made.iterdir()] == ["whole"]


# --- with boxes -----------------------------------------------------------------------------------------------------


@pytest.mark.bwrap
def test_every_form_of_run(build_of: Build) -> None:
    image = build_of(
        """
        FROM debian:12
        WORKDIR /app
        ARG A=arg
        ENV B="two words"
        RUN echo "$A $B $PWD" > shell
        RUN ["/bin/sh", "-c", "echo $0 > exec", "zero"]
        RUN <<EOF
        cd /
        echo "heredoc $B" > /app/heredoc
        EOF
        RUN <<EOF
        #!/usr/bin/python3
        open("script", "w").write("$B")
        EOF
        RUN cat <<EOF > complex && echo more >> complex
        expanded $B
        EOF
        SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
        RUN echo "${BASH_VERSION:+bash} $-" > bash
        RUN echo one \\
            # a comment

            two > continued
        """
    )
    assert content(image, "/app/shell") == "arg two words /app\n"
    assert content(image, "/app/exec") == "zero\n"
    assert content(image, "/app/heredoc") == "heredoc two words\n"
    assert content(image, "/app/script") == "$B"
    assert content(image, "/app/complex") == "expanded two words\nmore\n"
    assert (content(image, "/app/bash") or "").startswith("bash e")
    assert content(image, "/app/continued") == "one two\n"
    assert image.fidelity == "host"
    assert "this machine's own root" in image.notes[0]


@pytest.mark.bwrap
def test_a_second_build_starts_no_box_and_a_change_rebuilds_what_follows(build_of: Build, starts: Starts) -> None:
    text = "FROM debian:12\nRUN echo first > /one\nCOPY a.txt /\nRUN cat a.txt > /two\nRUN echo last > /three\n"
    first = build_of(text, files={"a.txt": "1"})
    made = starts.count
    assert build_of(text).layers == first.layers
    assert starts.count == made
    changed = build_of(text, files={"a.txt": "2"})
    assert starts.count == made + 2
    assert changed.layers[: len(first.layers) - 3] == first.layers[:-3]
    assert content(changed, "/two") == "2"


@pytest.mark.bwrap
def test_a_run_that_fails_on_a_stand_in_is_not_certain_and_shows_its_output(build_of: Build) -> None:
    with pytest.raises(BuildFailed) as raised:
        build_of("FROM debian:12\nRUN echo fine\nRUN echo before; \\\n  no-such-command; exit 42\n", network=False)
    error = raised.value
    assert error.message == "Dockerfile:3: RUN failed with exit status 42."
    assert "before" in error.output
    assert "no-such-command" in error.output
    assert not error.certain
    assert "--engine docker" in error.hint
    assert error.instruction.startswith("RUN echo before;")


@pytest.mark.bwrap
def test_a_build_that_takes_too_long_is_stopped(build_of: Build) -> None:
    with pytest.raises(BuildFailed, match="time limit") as raised:
        build_of("FROM debian:12\nRUN echo started; sleep 100\n", timeout=8.0)
    assert not raised.value.certain


@pytest.mark.bwrap
def test_mounts_are_there_while_a_command_runs_and_leave_nothing(build_of: Build) -> None:
    image = build_of(
        """
        FROM debian:12 AS made
        RUN mkdir /made && echo from-stage > /made/f
        FROM debian:12
        WORKDIR /app
        RUN --mount=type=bind,source=data,target=/in \\
            --mount=type=bind,from=made,source=/made/f,target=one-file \\
            --mount=type=bind,source=data,target=/rw,rw \\
            --mount=type=cache,target=/root/.cache/pip \\
            --mount=type=tmpfs,target=/fast/er \\
            --mount=type=secret,id=token \\
            echo own > /rw/new && touch /root/.cache/pip/x /fast/er/x && ! touch /in/x 2>/dev/null && \\
            cat /in/a one-file /rw/a /rw/new > out
        """,
        files={"data/a": "context\n"},
    )
    assert content(image, "/app/out") == "context\nfrom-stage\ncontext\nown\n"
    last = image.layers[-1]
    assert [name for name in ("in", "rw", "fast", "root/.cache/pip/x") if (last / name).exists()] == []
    assert not (last / "app/one-file").exists()
    assert any("secret token" in note for note in image.notes)


@pytest.mark.bwrap
def test_commands_run_as_the_user(build_of: Build) -> None:
    image = build_of(
        """
        FROM debian:12
        RUN useradd -m -u 1234 worker
        COPY --chown=worker a.txt /home/worker/
        USER worker
        WORKDIR /home/worker/sub
        RUN id -un > /tmp/who; echo "$HOME" >> /tmp/who; touch here /home/worker/a.txt; ! touch /etc/x 2>/dev/null
        """,
        files={"a.txt": "x"},
    )
    assert content(image, "/tmp/who") == "worker\n/home/worker\n"
    assert inside(image, "stat -c %U . here ../a.txt; id -un").output.decode().split() == ["worker"] * 4
    with pytest.raises(BuildFailed, match="no user 'ghost'"):
        build_of("FROM debian:12\nUSER ghost\nRUN true\n")


@pytest.mark.bwrap
def test_what_a_command_deletes_stays_deleted(build_of: Build) -> None:
    image = build_of(
        "FROM debian:12\nRUN mkdir -p /d/e && touch /d/e/a /d/b /d/c\n"
        "RUN rm -r /d/e /d/b && mkdir /d/e && ln /d/c /d/l\n"
    )
    assert Stack(image.layers).names("/d") == ["c", "e", "l"]
    assert inside(image, "find /d | sort; stat -c %h /d/c").output.decode().split() == [
        "/d",
        "/d/c",
        "/d/e",
        "/d/l",
        "2",
    ]


@pytest.mark.bwrap
def test_the_host_is_not_seen_by_a_build(build_of: Build, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    image = build_of(
        f"FROM debian:12\nRUN ls {secret} /root/.ssh /home/* > /out 2>&1; cat /etc/shadow > /shadow; true\n"
    )
    assert "No such file" in (content(image, "/out") or "")
    assert "$" not in (content(image, "/shadow") or "")


@pytest.mark.bwrap
def test_python_images_have_a_python_and_pip_of_their_own(build_of: Build) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    image = build_of(f"FROM python:{version}-slim\nRUN python -c 'import sys, ssl; print(sys.prefix)' > /prefix\n")
    assert content(image, "/prefix") == "/usr/local\n"
    script = "for c in python python3 pip pip3; do command -v $c; done; python3 -V; pip list --format=json; pip -V"
    said = inside(image, script).output.decode()
    assert said.startswith("/usr/local/bin/python\n/usr/local/bin/python3\n/usr/local/bin/pip\n/usr/local/bin/pip3\n")
    assert f"Python {version}" in said
    packages = {each["name"] for line in said.splitlines() if line.startswith("[") for each in json.loads(line)}
    assert packages <= {"pip", "setuptools", "wheel"}
    assert "foolsgold" not in said


@pytest.mark.bwrap
@pytest.mark.network
@pytest.mark.parametrize("base", ["python:3.12-slim", "debian:12", "example.org/custom:1"])
def test_pip_installs_on_a_host_base(build_of: Build, base: str) -> None:
    image = build_of(f"FROM {base}\nRUN pip install --no-cache-dir iniconfig\n", network=True)
    assert inside(image, "python3 -c 'import iniconfig'").status == 0


@pytest.mark.bwrap
@pytest.mark.network
@pytest.mark.slow
def test_apt_installs_on_a_host_base(build_of: Build) -> None:
    image = build_of(
        "FROM debian:12\nRUN ls /var/lib/apt/lists > /lists\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends hello\n",
        network=True,
    )
    assert content(image, "/lists") == ""
    assert "world" in inside(image, "hello").output.decode()


@pytest.mark.bwrap
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize(
    ("base", "line", "size", "where"),
    [
        ("debian:12", "RUN head -c 30000000 /dev/zero > /big", "24m", "Dockerfile:2: the"),
        ("debian:12", "COPY big /big", "24m", "Dockerfile:2: the"),
        ("python:3.12", "RUN true", "1m", "The"),  # no room for the base itself
        ("debian:12", "RUN true", "20k", "The"),  # nor for as much as a lock
    ],
)
def test_a_full_disk_is_the_engines_error_and_not_the_tasks(
    tmp_path: Path, base: str, line: str, size: str, where: str
) -> None:
    context = write(tmp_path / "context", {"Dockerfile": f"FROM {base}\n{line}\n", "big": "x" * 30_000_000})
    program = f"""
import sys
from pathlib import Path
from harness.engine.bwrap.image.build import build
from harness.engine.contract import EngineOptions, Recipe
from harness.errors import EngineError
context = Path({str(context)!r})
cache = Path({str(tmp_path / "disk/cache")!r})
try:
    build(Recipe(context, context / "Dockerfile"),
          EngineOptions(images={{"*": "host"}}, cache=cache, build_network=False))
except EngineError as error:
    print(error.message, error.hint, *(cache / "building").glob("*"))
"""
    (tmp_path / "disk").mkdir()
    mount = f'mount -t tmpfs -o size={size} none {tmp_path}/disk && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert said.startswith(f"{where} disk with the layers, "), said
    assert said.endswith("another disk.\n")


@pytest.mark.bwrap
@pytest.mark.slow
def test_two_processes_build_the_same_thing_once(tmp_path: Path) -> None:
    context = write(tmp_path / "context", {"Dockerfile": "FROM debian:12\nRUN sleep 1; date +%N > /when\n"})
    program = f"""
import sys
from pathlib import Path
from harness.engine.bwrap.image.build import build
from harness.engine.stack import Stack
from harness.engine.contract import EngineOptions, Recipe
context = Path({str(context)!r})
image = build(Recipe(context, context / "Dockerfile"),
              EngineOptions(images={{"*": "host"}}, cache=Path({str(tmp_path / "cache")!r}), build_network=False))
print(image.id, Stack(image.layers).host("/when").read_text().strip())
"""
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(3)]
    said = {child.communicate(timeout=120)[0] for child in children}
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len(said) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes the marks of what is gone")
def test_what_goes_away_on_the_host_while_it_is_looked_at_is_no_error(tmp_path: Path) -> None:
    """Programs make and remove closed folders below /etc at any time."""
    host = tmp_path / "host"
    (host / "etc").mkdir(parents=True)
    (host / "etc/kept").write_text("kept")
    (host / "etc/secret").mkdir(mode=0o700)
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            (host / "etc/brief").mkdir(mode=0o700)
            (host / "etc/brief").rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for number in range(150):
            layer = tmp_path / f"layer{number}"
            layer.mkdir()
            hostmask.build(layer, host=host)
            assert (layer / "etc/secret").is_dir()
    finally:
        over.set()
        thread.join()
