"""What daemons and builders say, read without one."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from harness.engine.daemon import connect, hint_for
from harness.engine.dockerd.build import _needed, _with_image
from harness.engine.dockerd.buildkit import read_buildkit_failure
from harness.engine.dockerd.engine import excused_by
from harness.engine.dockerd.job import BuildJob, Failure, failure_error
from harness.engine.recipe.dockerfile import parse, stages
from harness.errors import BuildFailed, EngineError, EngineUnavailable

DOCKERFILE = """\
ARG VERSION=3
FROM debian AS tools
RUN one && \\
    two
FROM debian
ENV A=1
WORKDIR /app
COPY sample.log /app/
RUN <<END
three
END
COPY --from=tools /t /t
COPY --from=other/image:2 /o /o
"""


def job(text: str = DOCKERFILE, *, certain: bool = True, buildkit: bool = True) -> BuildJob:
    folder = Path("/context")
    return BuildJob(folder, folder / "Dockerfile", text, parse(text), "t", {}, 60.0, certain, buildkit=buildkit)


# --- finding a daemon -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9", "nonsense://x"])
def test_a_daemon_that_is_not_there_is_unavailable_at_once_with_advice(host: str) -> None:
    began = time.monotonic()
    with pytest.raises(EngineUnavailable) as caught:
        connect({"DOCKER_HOST": host, "HOME": "/nowhere"})
    assert time.monotonic() - began < 3
    assert host in caught.value.message
    assert "--engine bwrap" in caught.value.hint


def test_a_socket_nobody_answers_on_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(EngineUnavailable):
            connect({"DOCKER_HOST": f"unix://{path}"})
    assert time.monotonic() - began < 4


def test_a_context_that_does_not_exist_is_named() -> None:
    with pytest.raises(EngineUnavailable, match="no-such-context"):
        connect({"DOCKER_CONTEXT": "no-such-context", "HOME": os.environ.get("HOME", "/")})


# --- which line failed ----------------------------------------------------------------------------------------------

OLD_COPY = """\
#4 [stage-1 2/6] WORKDIR /app
#4 CACHED

#5 [stage-1 3/6] COPY sample.log /app/
#5 ERROR: "/sample.log" not found: not found
------
 > [stage-1 3/6] COPY sample.log /app/:
------
ERROR: failed to solve: failed to compute cache key: "/sample.log" not found: not found"""

NEW_COPY = """\
#8 [stage-1 3/6] COPY sample.log /app/
#8 ERROR: failed to calculate checksum of ref abc: "/sample.log": not found
------
 > [stage-1 3/6] COPY sample.log /app/:
------
Dockerfile:8
--------------------
   7 |     WORKDIR /app
   8 | >>> COPY sample.log /app/
--------------------
ERROR: failed to build: failed to solve: failed to compute cache key: "/sample.log": not found"""

OLD_RUN = """\
#6 [tools 2/2] RUN one &&     two
#6 0.335 hello
#6 0.336 world
#6 ERROR: executor failed running [/bin/sh -c one &&     two]: exit code: 1
------
ERROR: failed to solve: executor failed running [/bin/sh -c one &&     two]: exit code: 1"""

PARSE = """\
#1 [internal] load remote build context
ERROR: failed to solve: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: \
failed to create LLB definition: dockerfile parse error line 8: unknown instruction: COPPY"""

PULL = """\
#3 [internal] load metadata for registry.example/other/image:2
#3 ERROR: failed to do request: Head "https://registry.example/v2/other/image/manifests/2": no such host
------
ERROR: failed to solve: other/image:2: failed to resolve source metadata for registry.example/other/image:2: \
failed to do request: Head "https://registry.example/v2/other/image/manifests/2": no such host"""


@pytest.mark.parametrize(
    ("text", "line", "instruction", "words", "output"),
    [
        (OLD_COPY, 8, "COPY sample.log /app/", '"/sample.log"', ""),
        (NEW_COPY, 8, "COPY sample.log /app/", '"/sample.log"', ""),
        (OLD_RUN, 3, "RUN one &&     two", "exit code: 1", "hello\nworld"),
        (PARSE, 8, "COPY sample.log /app/", "unknown instruction: COPPY", ""),
        (PULL, 13, "COPY --from=other/image:2 /o /o", "no such host", ""),
        ("something else entirely", None, "None", "something else entirely", ""),
    ],
    ids=["old copy", "new copy", "run", "parse", "pull", "unknown"],
)
def test_the_failed_line_is_found_in_buildkits_words(
    text: str, line: int | None, instruction: str, words: str, output: str
) -> None:
    failure = read_buildkit_failure(text.splitlines(), parse(DOCKERFILE))
    assert (failure.line, str(failure.instruction)) == (line, instruction)
    assert words in failure.words
    assert failure.output == output


# --- whose fault it is ----------------------------------------------------------------------------------------------

COPY, RUN, FROM, HEREDOC, FROM_STAGE, FROM_IMAGE = (parse(DOCKERFILE).instructions[i] for i in (6, 2, 1, 7, 8, 9))


@pytest.mark.parametrize(
    "failure",
    [
        Failure("COPY failed: stat sample.log: file does not exist", 8, COPY),
        Failure("exit code: 1", 3, RUN, "E: Unable to locate package nothing"),
        Failure('failed to compute cache key: "/t": not found', 12, FROM_STAGE),
        Failure("manifest for debian:99 not found: manifest unknown", 2, FROM),
        Failure("dockerfile parse error line 8: unknown instruction: COPPY", 8, COPY),
    ],
)
def test_what_the_task_got_wrong_is_a_certain_build_failure(failure: Failure) -> None:
    error = failure_error(job(), failure)
    assert isinstance(error, BuildFailed)
    assert error.certain
    assert error.line == failure.line
    assert f"Dockerfile:{failure.line}: " in error.message


def test_on_a_stand_in_nothing_is_certain() -> None:
    error = failure_error(job(certain=False), Failure("exit code: 1", 3, RUN, "not found"))
    assert isinstance(error, BuildFailed)
    assert not error.certain
    assert error.hint


@pytest.mark.parametrize(
    "failure",
    [
        Failure("pull access denied for debian, repository does not exist or may require 'docker login'", 2, FROM),
        Failure("no matching manifest for linux/arm64/v8 in the manifest list entries", 2, FROM),
        Failure("exit code: 100", 3, RUN, "W: Temporary failure resolving 'deb.example'"),
        Failure("exit code: 1", 3, RUN, "SSL: CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_what_may_be_this_machines_fault_is_not_certain(failure: Failure) -> None:
    error = failure_error(job(), failure)
    assert isinstance(error, BuildFailed)
    assert not error.certain
    assert error.hint


@pytest.mark.parametrize(
    "failure",
    [
        Failure('Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host', 2, FROM),
        Failure("invalid from flag value other/image:2: net/http: TLS handshake timeout", 13, FROM_IMAGE),
        Failure("toomanyrequests: You have reached your pull rate limit", 2, FROM),
        Failure("failed to do request: Head https://x: x509: certificate signed by unknown authority", None, None),
        Failure("write /var/lib/docker/x: no space left on device", 3, RUN),
        Failure("exit code: 1", 3, RUN, "cp: error writing 'x': No space left on device"),
        Failure("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", None, None),
        Failure("the --mount option requires BuildKit", 3, RUN),
        Failure("dockerfile parse error line 10: unknown instruction: THREE", 10, HEREDOC),
    ],
)
def test_a_missing_registry_disk_daemon_or_builder_is_never_the_tasks_fault(failure: Failure) -> None:
    error = failure_error(job(), failure)
    assert isinstance(error, EngineError)
    assert error.hint


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_only_the_image_changes_and_every_line_stays_where_it_was() -> None:
    text = (
        "ARG B=x\nFROM --platform=linux/amd64 \\\n  debian:12 AS b\nCOPY --from=debian:12 /a /b\nRUN echo debian:12\n"
    )
    parsed = parse(text)
    for instruction in (parsed.instructions[1], parsed.instructions[2]):
        text = _with_image(text, instruction, "debian:12", "mine")
    assert text == "ARG B=x\nFROM mine AS b\n#\nCOPY --from=mine /a /b\nRUN echo debian:12\n"


def test_a_mounted_image_is_changed_too_and_a_longer_name_is_not() -> None:
    text = "FROM x\nRUN --mount=type=bind,from=debian,target=/d --mount=from=debian-slim,target=/e true\n"
    changed = _with_image(text, parse(text).instructions[1], "debian", "mine")
    assert changed == text.replace("from=debian,", "from=mine,")


def test_stages_the_target_does_not_stand_on_are_not_needed() -> None:
    text = "FROM a AS one\nFROM b AS two\nFROM one AS three\nCOPY --from=0 /x /x\nFROM c AS four\nFROM two\n"
    known = stages(parse(text), {})
    assert [stage.index for stage in _needed(known, known[2])] == [0, 2]
    assert [stage.index for stage in _needed(known, known[4])] == [1, 4]


@pytest.mark.parametrize(
    ("info", "excused"),
    [
        ({"MemoryLimit": True, "PidsLimit": True, "CgroupVersion": "1"}, set()),
        ({"MemoryLimit": False, "PidsLimit": False}, {"memory_is_limited", "processes_are_limited"}),
        # Podman, as an ordinary user, says that it limits them, and does not.
        (
            {"MemoryLimit": True, "PidsLimit": True, "CgroupVersion": "1", "Rootless": True},
            {"memory_is_limited", "processes_are_limited"},
        ),
        ({"MemoryLimit": True, "PidsLimit": True, "CgroupVersion": "2", "Rootless": True}, set()),
    ],
)
def test_what_a_daemon_cannot_limit_is_no_fault_of_the_engine(info: dict[str, object], excused: set[str]) -> None:
    assert {name for name in excused_by(info) if name.endswith("limited")} - {"disk_is_limited"} == excused


def test_a_daemon_that_asks_for_more_files_than_it_may_have_is_told_what_to_set() -> None:
    assert "default_ulimits" in hint_for("runc create failed: error setting rlimit type 7: operation not permitted")
