"""One build, and who is to blame if it fails: the task, this machine, or unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.engine.daemon import hint_for
from harness.engine.recipe.dockerfile import Dockerfile, Instruction
from harness.errors import BuildFailed, EngineError

TAIL_LINES = 60
PARSE_LINE = re.compile(r"parse error (?:on )?line (\d+)")


_running: set[Callable[[], None]] = set()


@contextmanager
def stoppable(stop: Callable[[], None]) -> Iterator[None]:
    """While this is open, a build is running, and `stop` ends it."""
    _running.add(stop)
    try:
        yield
    finally:
        _running.discard(stop)


def stop() -> None:
    """End every build of this process, whichever thread waits for it."""
    for end in tuple(_running):
        end()


@dataclass(frozen=True, slots=True)
class BuildJob:
    context: Path
    original: Path | None
    """The task's own Dockerfile; None if the text below is not from a file."""
    text: str
    """The text that is sent: the task's Dockerfile, maybe with mapped FROM lines; every line keeps its place."""
    parsed: Dockerfile | None
    """None if only the builder can read it."""
    tag: str
    labels: Mapping[str, str]
    timeout: float
    certain: bool
    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    network: bool = True
    buildkit: bool = False
    """True: BuildKit builds it. False: the daemon's own builder."""

    @property
    def shown(self) -> str:
        if self.original is None:
            return "Dockerfile"
        with suppress(ValueError):
            return str(self.original.relative_to(self.context))
        return self.original.name


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a build failed and why, in the builder's own words; the line is None if the builder did not name it."""

    words: str
    line: int | None = None
    instruction: Instruction | None = None
    output: str = ""


def instruction_at(parsed: Dockerfile | None, line: int) -> Instruction | None:
    for instruction in parsed.instructions if parsed else ():
        if instruction.line <= line <= instruction.end_line:
            return instruction
    return None


_NO_REGISTRY = re.compile(
    r"no such host|i/o timeout|TLS handshake timeout|connection refused|network is unreachable|x509|toomanyrequests|"
    r"Client\.Timeout|context deadline exceeded|Temporary failure|server misbehaving|EOF$|received unexpected HTTP|"
    r"50[0234] |proxyconnect|no route to host|connection reset|failed to do request",
    re.IGNORECASE,
)
_NO_NETWORK = re.compile(
    r"Temporary failure (?:in name resolution|resolving)|Could not resolve host|Name or service not known|"
    r"Network is unreachable|Failed to establish a new connection|getaddrinfo|EAI_AGAIN|no such host|"
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|unable to get local issuer|SSL certificate problem|"
    r"certificate signed by unknown authority|Could not connect to|Connection timed out|connect: connection refused",
    re.IGNORECASE,
)
_DAEMON_GONE = re.compile(
    r"Cannot connect to the Docker daemon|error during connect|code = Unavailable|transport is closing|"
    r"error reading from server",
    re.IGNORECASE,
)
_NO_IMAGE = re.compile(r"manifest unknown|manifest for \S+ not found|: not found$|name unknown", re.IGNORECASE)
_NO_ACCESS = re.compile(
    r"pull access denied|unauthorized|authentication required|denied:|insufficient_scope", re.IGNORECASE
)
_NO_PLATFORM = re.compile(r"no matching manifest for|no match for platform", re.IGNORECASE)
_NO_BUILDKIT = re.compile(
    r"requires BuildKit|unknown flag: (?:mount|chmod|link|network|security|parents|exclude)", re.IGNORECASE
)
PULL_HINT = (
    "Is a registry reachable from the Docker daemon? Pull the image by hand (`docker pull`), or name a stand-in with "
    "--image FROM=BASE."
)


def failure_error(job: BuildJob, failure: Failure) -> BuildFailed | EngineError:
    words = failure.words.strip() or "the build failed and the builder did not say why"
    place = f"{job.shown}:{failure.line}: " if failure.line else f"{job.shown}: "
    everything = f"{words}\n{failure.output}"
    if "no space left on device" in everything.lower():
        return EngineError(f"{place}{words}", hint=hint_for(everything) or "The daemon's disk is full.")
    instruction = failure.instruction
    if _DAEMON_GONE.search(words):
        return EngineError(f"{place}{words}", hint="Is the Docker daemon still running? `docker info` tells.")
    if not failure.output and _wants_image(job.parsed, instruction):
        error = pull_error(place, words)
        if error is not None:
            if isinstance(error, BuildFailed):
                error.file, error.line = str(job.original or ""), failure.line
                error.instruction = str(instruction or "")
            return error
    if _NO_BUILDKIT.search(words) or _is_unread_heredoc(job, words):
        if job.buildkit:
            return EngineError(
                f"{place}this line needs a newer BuildKit than this daemon has: {words}",
                hint="Use a newer Docker daemon (23 or later knows heredocs), or --engine bwrap.",
            )
        return EngineError(
            f"{place}this line needs BuildKit, and there is no client for it here: {words}",
            hint="Install the docker command line with its buildx plugin (Debian: docker-buildx).",
        )
    if instruction is not None and instruction.name == "RUN" and _NO_NETWORK.search(failure.output):
        return BuildFailed(
            f"{place}{words}",
            file=str(job.original or ""),
            line=failure.line,
            instruction=str(instruction),
            output=failure.output,
            certain=False,
            hint="Its output speaks of a network that is not there; give the Docker daemon's builds one and try again.",
        )
    certain = job.certain or _is_missing_in_context(instruction, words)
    return BuildFailed(
        f"{place}{words}",
        file=str(job.original or ""),
        line=failure.line,
        instruction=str(instruction or ""),
        output=failure.output,
        certain=certain,
        hint="" if certain else "A stand-in for the image it names may be the reason.",
    )


def _is_missing_in_context(instruction: Instruction | None, words: str) -> bool:
    """Whether a file is missing in the task's own folder, and so would be missing with any image."""
    if instruction is None or instruction.name not in ("COPY", "ADD") or instruction.flag("from") is not None:
        return False
    return "not found" in words or "no such file or directory" in words.lower()


def _wants_image(parsed: Dockerfile | None, instruction: Instruction | None) -> bool:
    """Whether the failed step may have pulled an image: a FROM, or a COPY from something that is not a stage."""
    if instruction is None or parsed is None or instruction.name == "FROM":
        return True
    source = instruction.flag("from")
    froms = [each.text.split() for each in parsed.instructions if each.name == "FROM"]
    names = {words[2].lower() for words in froms if len(words) == 3} | {str(index) for index in range(len(froms))}
    return source is not None and source.lower() not in names


def pull_error(place: str, words: str) -> BuildFailed | EngineError | None:
    """Why an image could not be pulled; None if the words are about something else."""
    if _NO_PLATFORM.search(words):
        return BuildFailed(f"{place}{words}", certain=False, hint="This machine has another processor than the image.")
    if _NO_ACCESS.search(words):
        return BuildFailed(f"{place}{words}", certain=False, hint="`docker login` where it is private, or " + PULL_HINT)
    if _NO_REGISTRY.search(words):
        return EngineError(f"{place}the image cannot be pulled: {words}", hint=PULL_HINT)
    if _NO_IMAGE.search(words):
        return BuildFailed(f"{place}the registry has no such image: {words}", certain=True)
    return None


def _is_unread_heredoc(job: BuildJob, words: str) -> bool:
    """Whether the builder does not know heredocs: it reads their first line as an instruction."""
    match = PARSE_LINE.search(words)
    if match is None or job.parsed is None or "unknown instruction" not in words:
        return False
    inside = instruction_at(job.parsed, int(match[1]))
    return inside is not None and bool(inside.heredocs)


def too_slow(job: BuildJob, failure: Failure, lines: list[str]) -> BuildFailed:
    place = f"{job.shown}:{failure.line}: " if failure.line else f"{job.shown}: "
    return BuildFailed(
        f"{place}the build took longer than its {job.timeout:g} s.",
        file=str(job.original or ""),
        line=failure.line,
        instruction=str(failure.instruction or ""),
        output=failure.output or "\n".join(lines[-TAIL_LINES:]),
        certain=False,
        hint="Give it more time in the task (build_timeout_sec), or a faster network or machine.",
    )
