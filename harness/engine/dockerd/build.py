"""Makes a tagged image from a recipe: finds the base of each FROM, reuses an image that exists, chooses the builder."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tarfile
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import requests
from docker.errors import APIError, DockerException, ImageNotFound

from harness.engine.contract import EngineOptions, Fidelity, Image, Progress, Recipe
from harness.engine.daemon import Daemon, daemon_errors
from harness.engine.dockerd.buildkit import build_with_buildx, buildx_version
from harness.engine.dockerd.classic import build_with_api
from harness.engine.dockerd.job import PULL_HINT, BuildJob, pull_error
from harness.engine.dockerd.labels import LABEL
from harness.engine.recipe.context import BuildContext, fingerprint, read_ignore
from harness.engine.recipe.dockerfile import Dockerfile, Instruction, Stage, find_stage, global_arguments, parse, stages
from harness.engine.recipe.image_config import read_config
from harness.engine.recipe.standin import HOST, StandIn, find_stand_in, parse_stand_in
from harness.errors import BuildFailed, EngineError, UsageError

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


@dataclass(frozen=True, slots=True)
class DockerImage(Image):
    reference: str = ""
    """The name from which containers are created."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The Dockerfile that is sent, and its base images."""

    text: str
    parsed: Dockerfile | None
    base: str
    mapped: tuple[tuple[str, str], ...]
    """(image, its stand-in), each once."""
    images: tuple[str, ...]
    """The digests of its base images, as far as they are known here."""
    notes: tuple[str, ...] = ()


class Builder:
    """Thread-safe: one thread builds an environment while others that need it wait."""

    def __init__(self, daemon: Daemon, version: Mapping[str, Any], options: EngineOptions) -> None:
        self._daemon = daemon
        self._api = daemon.api
        self._options = options
        self._labels = {LABEL: "image"}
        components = [str(each.get("Name", "")) for each in version.get("Components") or ()]
        self.podman = any("podman" in name.lower() for name in components)
        system, processor = str(version.get("Os") or "linux"), str(version.get("Arch") or "amd64")
        platform = {"PLATFORM": f"{system}/{processor}", "OS": system, "ARCH": processor, "VARIANT": ""}
        self._platform = {f"{side}{name}": value for side in ("BUILD", "TARGET") for name, value in platform.items()}
        self._buildx = "" if self.podman else buildx_version(daemon)
        self._lock = threading.Lock()
        self._building: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        _hold(options.images)

    def describe(self) -> str:
        if self.podman:
            return "Images are built by Podman."
        if self._buildx:
            return f"Images are built by BuildKit ({self._buildx})."
        return (
            "Images are built by the daemon's old builder; Dockerfiles that need BuildKit are refused. "
            "Install the buildx plugin (Debian: docker-buildx)."
        )

    def build(self, recipe: Recipe, progress: Progress) -> DockerImage:
        images = {**self._options.images, **recipe.images}
        _hold(recipe.images)
        if recipe.dockerfile is None:
            return self._prebuilt(recipe.image or "", images, progress)
        plan = self._plan(recipe, recipe.dockerfile, images, progress)
        digest = _digest(
            plan.text,
            _context_fingerprint(recipe),
            dict(sorted(recipe.build_args.items())),
            recipe.target or "",
            plan.images,
            self._options.build_network,
        )
        tag = f"foolsgold/{digest[:32]}"
        with self._only_one(tag):
            found = self._inspect(tag)
            if found is None:
                self._run(recipe, plan, tag, progress)
                found = self._inspect(tag)
            if found is None:
                raise EngineError(
                    f"The image {tag} was built and is not there.",
                    hint="Does the docker command line talk to another daemon than DOCKER_HOST names?",
                )
        image = _image(digest, tag, found, plan.base, plan.mapped)
        return replace(image, notes=(*image.notes, *plan.notes))

    def _run(self, recipe: Recipe, plan: _Plan, tag: str, progress: Progress) -> None:
        job = BuildJob(
            context=recipe.context,
            original=recipe.dockerfile,
            text=plan.text,
            parsed=plan.parsed,
            tag=tag,
            labels=self._labels,
            timeout=recipe.timeout,
            certain=not plan.mapped,
            build_args=recipe.build_args,
            target=recipe.target,
            network=self._options.build_network,
            buildkit=bool(self._buildx),
        )
        if self._buildx:
            build_with_buildx(self._daemon, job, progress)
        else:
            build_with_api(self._daemon, job, progress)

    def _prebuilt(self, name: str, images: Mapping[str, str], progress: Progress) -> DockerImage:
        if not name:
            raise EngineError("The task names neither a Dockerfile nor an image.")
        stand_in = find_stand_in(images, name)
        reference = name if stand_in is None else self._stand_in(stand_in, progress)
        if stand_in is None:
            self._have(reference, f"{name}: ", progress)
        found = self._inspect(reference)
        if found is None:
            raise EngineError(f"The image {reference} was pulled and is not there.")
        mapped = () if stand_in is None else ((name, stand_in.base),)
        return _image(_digest(found["Id"]), found["Id"], found, _base_words(name, mapped), mapped)

    # --- base images ---

    def _plan(self, recipe: Recipe, dockerfile: Path, images: Mapping[str, str], progress: Progress) -> _Plan:
        try:
            text = dockerfile.read_bytes().decode(errors="surrogateescape")
        except OSError as error:
            raise BuildFailed(f"{dockerfile.name} cannot be read: {error.strerror}.", file=str(dockerfile)) from error
        try:
            parsed = parse(text, dockerfile.name)
            known = stages(parsed, global_arguments(parsed, recipe.build_args, self._platform))
        except BuildFailed:
            # The builder decides whether it can read this. We only need to understand the lines that we change.
            if images:
                raise
            return _Plan(text, None, "an image its Dockerfile names", (), ())
        last = find_stage(known, recipe.target) if recipe.target else known[-1]
        if last is None:
            raise parsed.fail(f"there is no stage named {recipe.target}.", known[-1].instruction)
        mapped: dict[str, str] = {}
        digests: dict[str, str] = {}
        for stage in _needed(known, last):
            for instruction, image in _images_of(stage, known, parsed):
                stand_in = find_stand_in(images, image)
                if stand_in is None:
                    self._have(image, f"{dockerfile.name}:{instruction.line}: ", progress, instruction, dockerfile)
                    digests[image] = self._id(image)
                else:
                    reference = self._stand_in(stand_in, progress)
                    text = _with_image(text, instruction, image, reference)
                    mapped[image] = stand_in.base
                    digests[image] = self._id(reference)
        base = _base_words(_first_image(known, last), tuple(mapped.items()))
        text, frontend = _with_own_frontend(text, images)
        notes = (f"The builder's own syntax stands in for {frontend}.",) if frontend else ()
        sent = parsed if not mapped else parse(text, dockerfile.name)
        bases = tuple(f"{image}={digest}" for image, digest in sorted(digests.items()))
        return _Plan(text, sent, base, tuple(mapped.items()), bases, notes)

    def _have(
        self,
        image: str,
        place: str,
        progress: Progress,
        instruction: Instruction | None = None,
        dockerfile: Path | None = None,
    ) -> None:
        """Pull an image that is missing. This happens before the build, so that an unreachable registry does not look
        like a failed build."""
        with self._only_one(image):
            if self._inspect(image) is not None:
                return
            progress(f"pulling {image}")
            words = self._pull(image)
        if not words:
            return
        place += "" if image in place else f"{image}: "
        error = pull_error(place, words) or EngineError(f"{place}the image cannot be pulled: {words}")
        error.hint = error.hint or PULL_HINT
        if isinstance(error, BuildFailed) and instruction is not None:
            error.file, error.line, error.instruction = str(dockerfile), instruction.line, str(instruction)
        raise error

    def _pull(self, image: str) -> str:
        """'' when it is here now, else the daemon's words."""
        name, _, tag = image.partition("@")
        if not tag:
            head, colon, tail = image.rpartition(":")
            name, tag = (head, tail) if colon and "/" not in tail else (image, "latest")
        try:
            for line in self._api.pull(name, tag=tag, stream=True, decode=True):
                if line.get("error"):
                    return str(line["error"])
        except APIError as error:
            return str(error.explanation or error)
        except (DockerException, requests.RequestException) as error:
            raise EngineError(f"The Docker daemon was lost while it pulled {image}: {error}") from error
        return ""

    # --- stand-ins ---

    def _stand_in(self, stand_in: StandIn, progress: Progress) -> str:
        """The name of an image made from a stand-in that the user named."""
        path = stand_in.path
        if path is not None:
            reference = self._imported(path, progress)
        else:
            reference = stand_in.base
            self._have(reference, f"--image ...={reference}: ", progress)
        if not (stand_in.env or stand_in.workdir or stand_in.user):
            return reference
        lines = [f"FROM {reference}"]
        lines += [f"ENV {name}={_quoted(value)}" for name, value in stand_in.env.items()]
        lines += [f"WORKDIR {_quoted(stand_in.workdir)}"] if stand_in.workdir else []
        lines += [f"USER {stand_in.user}"] if stand_in.user else []
        text = "\n".join(lines) + "\n"
        tag = f"foolsgold/base-{_digest(self._id(reference), text)[:32]}"
        with self._only_one(tag), tempfile.TemporaryDirectory(prefix="foolsgold-base-") as empty:
            if self._inspect(tag) is None:
                job = BuildJob(Path(empty), None, text, None, tag, self._labels, timeout=600, certain=False)
                build_with_api(self._daemon, job, progress)
        return tag

    def _imported(self, path: Path, progress: Progress) -> str:
        tag = f"foolsgold/root-{_root_fingerprint(path)[:32]}"
        changes = [f"LABEL {name}={json.dumps(value)}" for name, value in self._labels.items()]
        with self._only_one(tag):
            if self._inspect(tag) is None:
                progress(f"importing {path}")
                with daemon_errors(f"Importing {path}"), _root_tar(path) as source:
                    chunks = iter(lambda: source.read(1 << 20), b"")
                    self._api.import_image(src=chunks, repository=tag, tag="latest", changes=changes, stream_src=True)
        return tag

    # --- the daemon's images ---

    def _inspect(self, reference: str) -> dict[str, Any] | None:
        with daemon_errors(f"Looking for the image {reference}"):
            try:
                return dict(self._api.inspect_image(reference))  # type: ignore[no-untyped-call]  # the stubs leave it out
            except ImageNotFound:
                return None

    def _id(self, reference: str) -> str:
        found = self._inspect(reference)
        return str(found["Id"]) if found else ""

    def _only_one(self, name: str) -> threading.Lock:
        with self._lock:
            return self._building[name]


def _needed(known: tuple[Stage, ...], last: Stage) -> list[Stage]:
    """The stages that the image needs, in the file's order; the others are never built."""
    wanted, todo = {last.index}, [last]
    while todo:
        stage = todo.pop()
        sources = [stage.base, *(source for each in stage.body for source in _sources(each))]
        for source in sources:
            other = find_stage(known[: stage.index], source)
            if other is not None and other.index not in wanted:
                wanted.add(other.index)
                todo.append(other)
    return [stage for stage in known if stage.index in wanted]


def _sources(instruction: Instruction) -> Iterator[str]:
    """The names in COPY --from and RUN --mount=from=, each a stage or an image."""
    source = instruction.flag("from")
    if source:
        yield source
    for mount in instruction.all_flags("mount"):
        for setting in mount.split(","):
            name, _, value = setting.partition("=")
            if name == "from" and value:
                yield value


def _hold(images: Mapping[str, str]) -> None:
    """Raise UsageError for a mapping that the docker engine cannot follow."""
    for value in images.values():
        stand_in = parse_stand_in(value)
        if stand_in.base == HOST:
            raise UsageError(
                "The docker engine cannot stand an image on this machine's own root (--image ...=host).",
                hint="Name another image, or a folder or tar with a root filesystem, or take --engine bwrap.",
            )


def _images_of(stage: Stage, known: tuple[Stage, ...], parsed: Dockerfile) -> Iterator[tuple[Instruction, str]]:
    earlier = known[: stage.index]
    if stage.base != "scratch" and find_stage(earlier, stage.base) is None:
        yield stage.instruction, stage.base
    for instruction in stage.body:
        for source in _sources(instruction):
            if find_stage(earlier, source) is None and "$" not in source:
                yield instruction, source


def _first_image(known: tuple[Stage, ...], last: Stage) -> str:
    stage = last
    while (below := find_stage(known[: stage.index], stage.base)) is not None:
        stage = below
    return stage.base


def _with_image(text: str, instruction: Instruction, image: str, reference: str) -> str:
    """The Dockerfile with one instruction's image replaced; every other line keeps its place."""
    lines = text.split("\n")
    first, end = instruction.line - 1, instruction.end_line
    if instruction.name == "FROM":
        words = instruction.text.split()
        rest = " ".join([reference, *words[1:]])
        lines[first:end] = [f"FROM {rest}", *["#"] * (end - first - 1)]
    else:
        pattern = re.compile(rf"(from=[\"']?){re.escape(image)}(?=[\"',\s]|$)")
        lines[first:end] = [pattern.sub(lambda match: match[1] + reference, line) for line in lines[first:end]]
    return "\n".join(lines)


_DIRECTIVE = re.compile(r"^#\s*(\w+)\s*=\s*(\S+)")


def _with_own_frontend(text: str, images: Mapping[str, str]) -> tuple[str, str]:
    """(the Dockerfile without its `# syntax=` line, the image of that line), if a mapping covers that image: no
    stand-in can read Dockerfiles, but the builder has its own syntax. Else the text as it is, and ''."""
    lines = text.split("\n")
    directives = list(itertools.takewhile(_DIRECTIVE.match, lines))
    for line in directives:
        directive = _DIRECTIVE.match(line)
        if directive and directive[1].lower() == "syntax" and find_stand_in(images, directive[2]) is not None:
            others = [each for each in directives if each is not line]
            # Another line takes its place to keep the line numbers, after the other directives, which must come first.
            return "\n".join([*others, "#", *lines[len(directives) :]]), directive[2]
    return text, ""


def _base_words(image: str, mapped: tuple[tuple[str, str], ...]) -> str:
    stand_in = dict(mapped).get(image)
    return image if stand_in is None else f"{stand_in} (standing in for {image})"


def _image(
    digest: str, reference: str, found: Mapping[str, Any], base: str, mapped: tuple[tuple[str, str], ...]
) -> DockerImage:
    fidelity: Fidelity = "mapped" if mapped else "image"
    return DockerImage(
        id=digest,
        config=read_config(found.get("Config") or {}),
        fidelity=fidelity,
        base=base,
        notes=tuple(f"{stand_in} stands in for {image}." for image, stand_in in mapped),
        reference=reference,
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode(errors="surrogateescape")).hexdigest()


def _context_fingerprint(recipe: Recipe) -> str:
    try:
        return fingerprint(BuildContext(recipe.context, read_ignore(recipe.context, recipe.dockerfile)), "/")
    except (OSError, ValueError) as error:
        raise BuildFailed(f"The build context {recipe.context} cannot be read: {error}", file=str(recipe.context))


def _root_fingerprint(path: Path) -> str:
    """From names, sizes and times, because reading a whole root filesystem at every start would take too long."""
    entries = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape"))
    for entry in entries:
        with suppress(OSError):
            info = entry.lstat()
            seen = f"{entry}\0{info.st_mode} {info.st_size} {info.st_mtime_ns}\0"
            digest.update(seen.encode(errors="surrogateescape"))
    return digest.hexdigest()


@contextmanager
def _root_tar(path: Path) -> Iterator[IO[bytes]]:
    if path.is_file():
        with path.open("rb") as given:
            yield given
        return
    with tempfile.TemporaryFile(prefix="foolsgold-root-") as scratch:
        with tarfile.open(mode="w", fileobj=scratch) as tar:
            tar.add(path, ".")
        scratch.seek(0)
        yield scratch


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
