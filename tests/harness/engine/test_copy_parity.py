"""COPY, ADD and WORKDIR give the same files on the bwrap engine as BuildKit makes them from the same image."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from harness.engine.bwrap.box import sandbox
from harness.engine.bwrap.image.build import build
from harness.engine.contract import Command, EngineOptions, Recipe
from harness.errors import BuildFailed

pytestmark = [pytest.mark.docker, pytest.mark.bwrap, pytest.mark.slow]

CASES = {
    "a file to a folder with a slash": "COPY one.txt /d/",
    "a file to a new name": "COPY one.txt /d/new",
    "a file to an existing folder without a slash": "RUN mkdir -m 700 /d\nCOPY one.txt /d",
    "a file to a missing deep name": "COPY one.txt /d/e/f/g",
    "a folder's contents to a new folder": "COPY tree /d",
    "a folder's contents to a new folder with a slash": "COPY tree/ /d/x/",
    "a folder's contents into an existing folder": (
        "RUN mkdir -m 711 /d && mkdir -m 700 /d/sub && echo o > /d/one.txt\nCOPY tree /d"
    ),
    "the whole context": "COPY . /d",
    "the whole context below a workdir": "WORKDIR /d/w\nCOPY . .",
    "two files to a folder": "COPY one.txt two.txt /d/",
    "two files to a workdir": "WORKDIR /d\nCOPY one.txt two.txt .",
    "two files to a name without a slash": "COPY one.txt two.txt /d",
    "a pattern": "COPY *.txt /d/",
    "a pattern of one character": "COPY ?ne.txt /d/",
    "a class": "COPY [a-o]ne.txt /d/",
    "a negated class": "COPY [^o]*.txt /d/",
    "a pattern that matches folders": "COPY t* /d/",
    "a pattern below folders": "COPY tree/*/* /d/",
    "a pattern in the middle": "COPY */deep.txt /d/",
    "a pattern that matches nothing": "RUN mkdir /d\nCOPY nothing*.txt /d/",
    "a pattern that matches nothing beside a file": "COPY one.txt nothing* /d/",
    "an escaped bracket": "COPY a[[]1].txt /d/",
    "the exec form with blanks": 'COPY ["with blank.txt", "/d/with blank/"]',
    "a link to a file": "COPY link.txt /d/",
    "a link to a file under a name": "COPY link.txt /d/name",
    "a link to a folder": "COPY linkdir /d/",
    "a folder with links": "COPY links /d/",
    "a broken link in a folder": "COPY broken /d/",
    "links that leave the context, deep in a folder": "COPY leaving /d/",
    "a link that goes up and comes back": "COPY leaving/round.txt /d/",
    "an absolute link means the context's root": "COPY leaving/root.txt /d/",
    "links in a circle inside a folder": "COPY circle /d/",
    "a pipe in a folder": "COPY special /d/",
    "over a link in the destination's name": "RUN mkdir -p /d/real && ln -s real /d/l\nCOPY one.txt /d/l/",
    "over a link to a file": "RUN mkdir /d && echo o > /d/real && ln -s real /d/l\nCOPY one.txt /d/l",
    "a file over a link inside a copied folder": (
        "RUN mkdir /d && echo o > /d/real && ln -s real /d/one.txt\nCOPY tree /d/"
    ),
    "through an absolute link": "RUN mkdir -p /d/real && ln -s /d/real /d/l\nCOPY tree /d/l/x",
    "numeric owner": "COPY --chown=12:34 one.txt tree /d/p/q/",
    "numeric user alone": "COPY --chown=12 one.txt /d/",
    "named owner": "COPY --chown=nobody:daemon tree /d/t",
    "named user alone": "COPY --chown=games tree /d/t",
    "owner of an existing folder stays": "RUN mkdir -p /d/t\nCOPY --chown=games tree /d/t",
    "mode of files": "COPY --chmod=640 one.txt /d/",
    "mode of a folder": "COPY --chmod=755 tree /d/t",
    "executable stays": "COPY run.sh /d/",
    "odd modes": "COPY modes /d/m",
    "hard links": "COPY hard /d/",
    "from a stage": "COPY --from=made /src/own.txt /d/",
    "a folder from a stage": "COPY --from=made /src /d",
    "a folder from a stage by number": "COPY --from=0 /src/ /d/",
    "from a stage with an owner": "COPY --from=made --chown=1:1 /src /d/x",
    "a link from a stage": "COPY --from=made /src/abs /d/",
    "what a stage deleted is not there": "COPY --from=made /gone /d",
    "a name that leaves the context": "COPY ../one.txt /d/",
    "a leading slash": "COPY /one.txt /d/",
    "an archive": "ADD bundle.tar.gz /d/",
    "an archive to a name": "ADD bundle.tar.gz /d/name",
    "an archive with an owner": "ADD --chown=7:8 bundle.tar.gz /d/",
    "an archive is copied by COPY": "COPY bundle.tar.gz /d/",
    "a file by ADD": "ADD one.txt /d/",
    "a folder with an archive by ADD": "ADD packed /d/",
    "what is no archive by ADD": "ADD fake.tar.gz /d/",
    "a workdir chain": "WORKDIR /d\nWORKDIR a/b\nRUN touch here\nWORKDIR ../c\nRUN touch here",
    "an ignored folder with an exception": "COPY ignored /d/",
    "a variable in both places": "ARG N=one\nENV D=/d\nCOPY ${N}.txt ${D}/${N:+new}",
    "the same folder twice": "COPY tree /d/\nCOPY one.txt /d/sub/deep.txt",
    "a file over a file": "RUN mkdir /d && echo long-long-long > /d/f && chmod 600 /d/f\nCOPY one.txt /d/f",
    "a file into a folder of its own name": "RUN mkdir -p /d/one.txt\nCOPY one.txt /d/one.txt",
}
FAILING = {
    "a link to a file of this machine": "COPY leaving/shadow /d/",
    "a folder of this machine behind a link": "COPY leaving/etc/passwd /d/",
    "a link above the context": "COPY leaving/above /d/",
    "a pattern behind a link to this machine": "COPY leaving/etc/pass?d /d/",
    "links in a circle": "COPY circle/a /d/",
    "a missing file": "COPY missing.txt /d/",
    "an ignored file": "COPY hidden.txt /d/",
    "a missing folder of a stage": "COPY --from=made /nothing /d/",
    "a folder over a file": "RUN mkdir /d && touch /d/sub\nCOPY tree /d/",
    "a folder to a file": "RUN touch /d\nCOPY tree /d",
    "a folder over a link": "RUN mkdir -p /d/x && ln -s x /d/sub\nCOPY tree /d/",
    "a file over a folder": "RUN mkdir -p /d/one.txt/x\nCOPY tree /d/",
}
LIST = (
    "cd / && find d ! -type l -printf '%p %y %m %U:%G %n\\n' -o -printf '%p l %U:%G %l\\n' 2>/dev/null | "
    "sed -E 's/( d [0-9]+ [0-9:]+) [0-9]+$/\\1/' | sort > /listing; "
    "find d -type f -exec sha256sum {} + 2>/dev/null | sort >> /listing"
)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for name in (
        "one.txt",
        "two.txt",
        "tree/one.txt",
        "tree/sub/deep.txt",
        "tree/deep.txt",
        "a[1].txt",
        "with blank.txt",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "link.txt").symlink_to("one.txt")
    (root / "linkdir").symlink_to("tree/sub")
    (root / "links").mkdir()
    (root / "links/up").symlink_to("../one.txt")
    (root / "links/abs").symlink_to("/etc/passwd")
    (root / "broken").mkdir()
    (root / "broken/gone").symlink_to("nowhere")
    (root / "leaving/deep").mkdir(parents=True)
    for name, target in {
        "shadow": "/etc/shadow",
        "etc": "/etc",
        "above": "../../../../../../../../etc/passwd",
        "round.txt": "../../../../../../../one.txt",
        "root.txt": "/one.txt",
        "deep/shadow": "/etc/shadow",
        "deep/etc": "/etc",
        "deep/up": "../../..",
    }.items():
        (root / "leaving" / name).symlink_to(target)
    (root / "circle").mkdir()
    (root / "circle/a").symlink_to("b")
    (root / "circle/b").symlink_to("a")
    (root / "circle/self").symlink_to(".")
    (root / "special").mkdir()
    os.mkfifo(root / "special/pipe", 0o644)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "modes").mkdir()
    for mode in (0o600, 0o644, 0o777, 0o4755, 0o1777):
        (root / f"modes/{mode:o}").write_text("x")
        (root / f"modes/{mode:o}").chmod(mode)
    (root / "modes/folder").mkdir()
    (root / "modes/folder").chmod(0o2775)
    (root / "hard").mkdir()
    (root / "hard/a").write_text("hard")
    os.link(root / "hard/a", root / "hard/b")
    with tarfile.open(root / "bundle.tar.gz", "w:gz") as archive:
        for name, kind, mode in (
            ("in", tarfile.DIRTYPE, 0o750),
            ("in/file", tarfile.REGTYPE, 0o640),
            ("in/link", tarfile.SYMTYPE, 0o777),
            ("in/again", tarfile.LNKTYPE, 0o640),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.uid, member.gid = kind, mode, 5, 6
            member.size = 4 if kind == tarfile.REGTYPE else 0
            member.linkname = {tarfile.SYMTYPE: "file", tarfile.LNKTYPE: "in/file"}.get(kind, "")
            archive.addfile(member, io.BytesIO(b"text") if member.size else None)
    (root / "packed").mkdir()
    (root / "packed/bundle.tar.gz").write_bytes((root / "bundle.tar.gz").read_bytes())
    (root / "fake.tar.gz").write_text("no archive")
    for name in ("hidden.txt", "ignored/a.txt", "ignored/keep/b.txt", "ignored/keep/c.log"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".dockerignore").write_text("# comment\nhidden.txt\nignored\n!ignored/keep\n**/*.log\nDockerfile*\nout\n")
    return root


def dockerfile(image: str, cases: dict[str, str]) -> str:
    made = (
        f"FROM {image} AS made\nRUN mkdir -m 750 /src /gone && echo own > /src/own.txt && echo x > /gone/x && "
        "chown -R games:games /src && ln -s /src/own.txt /src/abs && mkdir /src/empty\n"
        "RUN rm /gone/x && touch /gone/y\n"
    )
    stages = [f"FROM {image} AS c{number}\n{text}\nRUN {LIST}\n" for number, text in enumerate(cases.values())]
    last = "".join(f"COPY --from=c{number} /listing /{number}\n" for number in range(len(cases)))
    return f"{made}{''.join(stages)}FROM scratch\n{last}"


def by_buildkit(context: Path, text: str, out: Path) -> subprocess.CompletedProcess[str]:
    file = context / "Dockerfile.parity"
    file.write_text(text)
    command = ["docker", "build", "--quiet", "--file", str(file), "--output", f"type=local,dest={out}", str(context)]
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def by_bwrap(context: Path, text: str, cache: Path) -> Path:
    file = context / "Dockerfile.parity"
    file.write_text(text)
    image = build(Recipe(context, file), EngineOptions(cache=cache, build_network=False))
    merged = cache / "listings"
    merged.mkdir()
    for layer in image.layers:
        for listing in layer.iterdir():
            (merged / listing.name).write_bytes(listing.read_bytes())
    return merged


@pytest.fixture(scope="module")
def listings(context: Path, test_image: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    text = dockerfile(test_image, CASES)
    theirs = tmp_path_factory.mktemp("buildkit")
    result = by_buildkit(context, text, theirs)
    assert result.returncode == 0, result.stderr
    return theirs, by_bwrap(context, text, tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("name", CASES)
def test_the_same_files_come_out(name: str, listings: tuple[Path, Path]) -> None:
    number = str(list(CASES).index(name))
    theirs, ours = (folder / number for folder in listings)
    assert ours.read_text() == theirs.read_text()


@pytest.mark.parametrize("name", FAILING)
def test_what_buildkit_refuses_is_refused(name: str, context: Path, test_image: str, tmp_path: Path) -> None:
    text = dockerfile(test_image, {name: FAILING[name]})
    assert by_buildkit(context, text, tmp_path / "out").returncode != 0
    with pytest.raises(BuildFailed) as raised:
        by_bwrap(context, text, tmp_path / "cache")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line == FAILING[name].splitlines()[-1])
    assert raised.value.line == line


def test_an_image_of_the_daemon_is_used_as_it_is(test_image: str, tmp_path: Path) -> None:
    image = build(Recipe(tmp_path, image=test_image), EngineOptions(cache=tmp_path / "cache"))
    assert image.fidelity == "image"
    box = sandbox.start(image.layers)
    try:
        here = box.run(Command(("python3", "--version"), timeout=20)).output.decode()
    finally:
        box.close()
    there = subprocess.run(
        ["docker", "run", "--rm", test_image, "python3", "--version"], capture_output=True, text=True
    )
    assert here == there.stdout
