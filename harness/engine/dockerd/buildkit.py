"""A build by BuildKit, through the docker command line's buildx plugin."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from harness.engine.contract import Progress
from harness.engine.daemon import Daemon
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
from harness.engine.recipe.dockerfile import Dockerfile, Instruction
from harness.errors import EngineError


def buildx_version(daemon: Daemon) -> str:
    """The version that `docker buildx` prints, '' if the docker command line or the plugin is missing."""
    if shutil.which("docker") is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):
        answer = subprocess.run(
            ["docker", "buildx", "version"],
            env={**os.environ, **daemon.cli_env},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return answer.stdout.strip() if answer.returncode == 0 else ""
    return ""


def build_with_buildx(daemon: Daemon, job: BuildJob, progress: Progress) -> None:
    """BuildKit reads the context folder itself, as it does for the formats' own runners."""
    with tempfile.TemporaryDirectory(prefix="foolsgold-build-") as scratch:
        dockerfile = job.original
        if dockerfile is None or dockerfile.read_text(errors="surrogateescape") != job.text:
            dockerfile = Path(scratch, "Dockerfile")
            dockerfile.write_text(job.text, errors="surrogateescape")
            beside = job.original.with_name(job.original.name + ".dockerignore") if job.original else None
            if beside is not None and beside.is_file():
                shutil.copy(beside, Path(scratch, "Dockerfile.dockerignore"))
        argv = [*_with_us(), "docker", "buildx", "build", "--builder", daemon.builder, "--progress=plain", "--load"]
        argv += ["--file", str(dockerfile), "--tag", job.tag]
        argv += [f"--label={name}={value}" for name, value in job.labels.items()]
        argv += [f"--build-arg={name}={value}" for name, value in job.build_args.items()]
        argv += [f"--target={job.target}"] if job.target else []
        argv += [] if job.network else ["--network=none"]
        lines: list[str] = []
        status = _run_lines([*argv, str(job.context)], daemon, job, lines, progress)
    if status == 0:
        return
    if not any(line.startswith("#") for line in lines):
        raise EngineError("docker buildx failed before it built anything: " + " ".join(lines)[-1000:])
    raise failure_error(job, read_buildkit_failure(lines, job.parsed))


def _run_lines(argv: list[str], daemon: Daemon, job: BuildJob, lines: list[str], progress: Progress) -> int:
    env = {**os.environ, **daemon.cli_env, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "NO_COLOR": "1"}
    process = subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill_group(process)

    timer = threading.Timer(job.timeout, stop)
    timer.start()
    try:
        assert process.stdout is not None
        with process.stdout, stoppable(partial(_kill_group, process)):
            for raw in process.stdout:
                line = raw.rstrip()
                lines.append(line)
                progress(line)
        status = process.wait()
    finally:
        timer.cancel()
        _kill_group(process)
        process.wait()
    if late.is_set():
        raise too_slow(job, read_buildkit_failure(lines, job.parsed), lines)
    return status


def _with_us() -> list[str]:
    """Words before the command that end the build with this process, even if this process is killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _kill_group(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


_STEP = re.compile(r"^#(\d+) \[(?:(\S+) )?(\d+)/\d+\] (.*)$")
_TIMED = re.compile(r"^#\d+ \d+\.\d+ (.*)$")
_POINTED = re.compile(r"^\S+:(\d+)$")
_SOLVE = re.compile(
    r"^ERROR: (?:failed to build: )?(?:failed to solve: )?(?:rpc error: code = \w+ desc = )?"
    r"(?:failed to solve with frontend \S+: )*(?:failed to create LLB definition: )?(.*)$"
)


def read_buildkit_failure(lines: list[str], parsed: Dockerfile | None) -> Failure:
    """Read from `--progress=plain`: newer builders print `Dockerfile:LINE`, older ones only the step."""
    words, failed, line = "", "", None
    steps: dict[str, tuple[str, int, str]] = {}
    outputs: dict[str, list[str]] = {}
    for text in lines:
        number = text[1:].partition(" ")[0] if text.startswith("#") else ""
        if step := _STEP.match(text):
            steps[step[1]] = (step[2] or "", int(step[3]), step[4])
        elif number and (timed := _TIMED.match(text)):
            outputs.setdefault(number, []).append(timed[1])
        elif number and text.startswith(f"#{number} ERROR"):
            failed = number
            words = words or text.partition(" ERROR: ")[2]
        elif parsed is not None and (pointed := _POINTED.match(text)):
            line = int(pointed[1])
        elif number and text.startswith((f"#{number} DONE", f"#{number} CACHED")):
            steps.pop(number, None)
        if solved := _SOLVE.match(text):
            words = solved[1]
    if not words and steps:  # stopped from outside: the step that began and did not end
        failed = list(steps)[-1]
    if match := PARSE_LINE.search(words):
        line = int(match[1])
    instruction = instruction_at(parsed, line) if line is not None else None
    if instruction is None and parsed is not None and failed in steps:
        instruction = _by_step(parsed, *steps[failed])
    if instruction is None and parsed is not None:
        instruction = _by_image(parsed, words)
    if line is None and instruction is not None:
        line = instruction.line
    output = outputs.get(failed, [])
    return Failure(words or "\n".join(lines[-5:]), line, instruction, "\n".join(output[-TAIL_LINES:]))


def _by_step(parsed: Dockerfile, stage: str, number: int, text: str) -> Instruction | None:
    """The instruction of a step. Within a stage, BuildKit numbers the instructions that change the file system."""
    bodies: list[list[Instruction]] = []
    for instruction in parsed.instructions:
        if instruction.name == "FROM":
            bodies.append([instruction])
        elif bodies and instruction.name in ("ADD", "COPY", "RUN", "WORKDIR"):
            bodies[-1].append(instruction)
    name = stage.rpartition(" ")[2]
    chosen: list[list[Instruction]] = []
    for index, body in enumerate(bodies):
        words = body[0].text.split()
        own = words[2].lower() if len(words) == 3 else f"stage-{index}"
        if not name or own == name.lower():
            chosen.append(body)
    keyword = text.split(" ")[0].upper()
    for body in chosen[-1:]:
        if number <= len(body) and body[number - 1].name == keyword:
            return body[number - 1]
    return next((each for body in chosen for each in body if each.name == keyword), None)


def _by_image(parsed: Dockerfile, words: str) -> Instruction | None:
    """The instruction whose image the builder could not pull."""
    for instruction in parsed.instructions:
        wanted = instruction.text.split()[0] if instruction.name == "FROM" else instruction.flag("from")
        name = re.sub(r"[:@].*$", "", wanted or "")
        if name and "$" not in name and re.search(rf"[/ \"]{re.escape(name)}[:/@ ]", words):
            return instruction
    return None
