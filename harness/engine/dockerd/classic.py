"""A build by the daemon's own builder, through its API: used without buildx, and on Podman."""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException

from harness.engine.contract import Progress
from harness.engine.daemon import Daemon, daemon_errors
from harness.engine.dockerd.job import (
    PARSE_LINE,
    TAIL_LINES,
    BuildJob,
    Failure,
    failure_error,
    instruction_at,
    stoppable,
    too_slow,
)
from harness.engine.recipe.context import BuildContext, read_ignore, walk


class _BuildClient(docker.APIClient):
    """Keeps the response, so that a timer can end a read that waits for a silent build."""

    answer: requests.Response | None = None

    def _post(self, url: Any, **kwargs: Any) -> Any:
        self.answer = super()._post(url, **kwargs)  # type: ignore[misc]  # the stubs leave it out
        return self.answer

    def cut(self) -> None:
        if self.answer is not None:
            with suppress(OSError, ValueError, RuntimeError):
                raw: urllib3.HTTPResponse = self.answer.raw
                raw.shutdown()


def build_with_api(daemon: Daemon, job: BuildJob, progress: Progress) -> None:
    """Send the context as a tar. It always includes .dockerignore, which the daemon reads, and the Dockerfile."""
    api = _BuildClient(
        base_url=daemon.address,
        tls=daemon.tls,
        version=daemon.api.api_version,
        timeout=job.timeout + 30,  # type: ignore[arg-type]  # the stub says int, requests takes fractions
        use_ssh_client=True,
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        api.cut()

    timer = threading.Timer(job.timeout, stop)
    lines: list[str] = []
    step = 0
    error = ""
    timer.start()
    try:
        with tempfile.TemporaryFile(prefix="foolsgold-context-") as archive, stoppable(api.cut):
            name = _write_context(job, archive)
            archive.seek(0)
            for chunk in _stream(api, job, archive, name):
                error = error or str(chunk.get("error") or "")
                for line in str(chunk.get("stream") or chunk.get("status") or "").splitlines():
                    if match := re.match(r"Step (\d+)/\d+ :", line, re.IGNORECASE):
                        step = int(match[1])
                        lines.clear()
                    elif line.strip():
                        lines.append(line)
                    if line.strip():
                        progress(line)
    except (APIError, DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as problem:
        if late.is_set():
            pass
        elif isinstance(problem, APIError) and problem.status_code == 400:
            error = str(problem.explanation or problem)
        else:
            with daemon_errors("Building the image"):
                raise problem
    finally:
        timer.cancel()
        api.close()
    if late.is_set():
        raise too_slow(job, _classic_failure(job, step, "", lines), lines)
    if error:
        raise failure_error(job, _classic_failure(job, step, error, lines))


def _stream(api: _BuildClient, job: BuildJob, archive: Any, name: str) -> Iterator[dict[str, Any]]:
    yield from api.build(
        fileobj=archive,
        custom_context=True,
        dockerfile=name,
        tag=job.tag,
        buildargs=dict(job.build_args),
        target=job.target or "",
        labels=dict(job.labels),
        network_mode=None if job.network else "none",
        rm=True,
        forcerm=True,
        decode=True,
    )


def _write_context(job: BuildJob, archive: Any) -> str:
    """Write the context's visible files and the Dockerfile; the Dockerfile's name in the archive."""
    inside = job.shown if job.original is not None and job.original.is_relative_to(job.context) else ""
    name = inside or ".foolsgold.Dockerfile"
    tree = BuildContext(job.context, read_ignore(job.context, job.original))
    with tarfile.open(mode="w", fileobj=archive, format=tarfile.PAX_FORMAT) as tar:
        for path in walk(tree, "/"):
            host = tree.host(path)
            if host is None or path in ("/", f"/{name}", "/.dockerignore") or host.is_socket():
                continue
            tar.add(host, path[1:], recursive=False, filter=_plain)
        ignore = job.context / ".dockerignore"
        if ignore.is_file():
            tar.add(ignore, ".dockerignore")
        data = job.text.encode(errors="surrogateescape")
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(data), 0o644
        if inside:
            entry.mode = (job.context / inside).stat().st_mode & 0o7777
        tar.addfile(entry, io.BytesIO(data))
    return name


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _classic_failure(job: BuildJob, step: int, words: str, lines: list[str]) -> Failure:
    """The failed instruction: the daemon numbers all instructions of the file in order."""
    line, instruction = None, None
    if match := PARSE_LINE.search(words):
        line = int(match[1])
        instruction = instruction_at(job.parsed, line)
    elif job.parsed is not None and 0 < step <= len(job.parsed.instructions):
        instruction = job.parsed.instructions[step - 1]
        line = instruction.line
    output = [each for each in lines if not each.startswith((" --->", "Removing intermediate container"))]
    return Failure(words, line, instruction, "\n".join(output[-TAIL_LINES:]))
