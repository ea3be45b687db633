"""The contract between foolsgold and whatever makes its boxes.

A box is a throw-away copy of a task's environment. Everything that happens in it goes through `Box.run`,
`Box.put` and `Box.read`; when it is closed nothing of it is left, whatever the code in it did.
An engine's own failure is an `EngineError`; a command's failure is an `Exit` with its status.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Self

KEEP_ALIVE = ("sh", "-c", "sleep infinity")
"""A container's command where the format's runner sets it: nothing but a wait."""

MAIN_HINT = 'An ENTRYPOINT has to go on with what it is given (`exec "$@"`), and a command has to keep running.'
"""What to do about a box that ended because its main process did."""

Fidelity = Literal["image", "mapped", "host"]
"""image: the base the task names. mapped: a stand-in the user named with --image. host: this machine's own root."""


@dataclass(frozen=True, slots=True)
class Healthcheck:
    command: str
    interval: float = 5.0
    timeout: float = 30.0
    start_period: float = 0.0
    start_interval: float = 5.0
    retries: int = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an environment is made. Exactly one of `dockerfile` and `image` is set."""

    context: Path
    """The build context; for an image without a Dockerfile, the environment folder."""
    dockerfile: Path | None = None
    image: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    timeout: float = 600.0
    """Seconds the whole build may take."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Stand-ins of this environment alone; they come before those of EngineOptions."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What the image says about how things run in it."""

    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    exposed: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    """The image's HEALTHCHECK: recorded, run by whoever wants to wait for it, with `shell` around its command."""


@dataclass(frozen=True, slots=True)
class Image:
    """A built environment. Engines subclass it with what they need to start boxes from it."""

    id: str
    """Content digest: the same recipe and base give the same id, a changed context gives another."""
    config: ImageConfig
    fidelity: Fidelity
    base: str
    """What the first FROM of the final stage stands on, in words a user understands."""
    notes: tuple[str, ...] = ()
    """What a reader of the result must know: stand-in bases, ignored instructions, ..."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Zero means the engine's default."""

    memory_mb: int = 0
    cpus: float = 0.0
    pids: int = 0
    disk_mb: int = 0


@dataclass(frozen=True, slots=True)
class BoxSpec:
    image: Image
    network: bool = False
    """False: loopback only. True: outward network through NAT, never the host's own namespace or loopback."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Over the image's own ENV, for every command in the box and its entrypoint."""
    workdir: str | None = None
    user: str | None = None
    """The default user of commands; None is the image's USER."""
    limits: Limits = Limits()
    mounts: tuple[str, ...] = ("/logs/agent", "/logs/verifier", "/logs/artifacts")
    """Empty, world-writable mount points, as the formats' runners have them."""
    entrypoint: tuple[str, ...] | None = None
    """Instead of the image's ENTRYPOINT; () is none at all, None is the image's."""
    command: tuple[str, ...] | None = KEEP_ALIVE
    """What the entrypoint is given; None is the image's CMD."""
    stdin_open: bool = False
    """The main process's standard input never ends, which a shell or a REPL as the command waits for."""
    hostname: str | None = None

    @property
    def main(self) -> tuple[str, ...]:
        """The process that runs beside the commands, and with whose end the box ends; () where it would only wait."""
        config = self.image.config
        entrypoint = config.entrypoint if self.entrypoint is None else self.entrypoint
        # As in Docker, an entrypoint of the container's own makes the image's CMD void.
        default = config.cmd if self.entrypoint is None else ()
        words = (*entrypoint, *(default if self.command is None else self.command))
        return () if words == KEEP_ALIVE else words


@dataclass(frozen=True, slots=True)
class Command:
    argv: tuple[str, ...]
    timeout: float
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    """None is the box's workdir."""
    user: str | None = None
    """None is the box's default user. A name, a uid, or either with `:group`."""
    output_limit: int = 1 << 20
    """At most this many bytes of stdout and stderr (merged, in order) come back: the first and last halves."""
    left_running: bool = False
    """At the timeout the command is left running and the box lives on, as with the formats' own runners."""


@dataclass(frozen=True, slots=True)
class Exit:
    status: int | None
    """0-255, 128+N for a signal; None when the command was stopped at its timeout."""
    seconds: float
    output: bytes = b""
    dropped: int = 0
    """Bytes of output left out between the halves."""
    oom: bool = False
    """The kernel killed something in the box for want of memory while this ran."""
    left_running: bool = False
    """It ran into its timeout and still runs; the box takes further commands."""

    @property
    def timed_out(self) -> bool:
        return self.status is None


class Box(ABC):
    """One running box. Not thread-safe; use one box from one thread."""

    @abstractmethod
    def run(self, command: Command) -> Exit:
        """Run to the end or to the timeout. A timeout kills everything in the box, daemons too, unless the command is
        to be left running (and `Exit.left_running` says that it was); the box is then dead and only `close` may follow.
        Background processes of a finished command live on until the box ends."""

    @abstractmethod
    def put(self, source: Path, target: str) -> None:
        """Copy a host file to the path `target`, or a host folder's contents into the folder `target`.

        Owned by root, modes kept, parents made, nothing emptied first, links copied as links (the caller has
        checked them). A link planted in the box is followed inside the box only."""

    @abstractmethod
    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        """The file's first `limit` bytes, or its last for a negative limit; None where there is no regular file.
        Links resolve inside the box."""

    @abstractmethod
    def listing(self, folder: str) -> dict[str, str]:
        """Name -> '' for each regular file in the folder, and where it points for each link, but for names that begin
        with a dot; nothing where there is no such folder."""

    def written(self) -> list[bytes] | None:
        """Absolute paths with everything among them that was made, changed or removed since the box began, but below
        its mounts; a removed path is there by its folder. None where only a search through the whole box can tell."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Kill everything and leave nothing behind. Idempotent, and safe from a signal handler's aftermath."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


Progress = Callable[[str], None]


def silent(_line: str) -> None:
    """The progress callback that says nothing."""


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What `foolsgold doctor` shows about one engine."""

    name: str
    usable: bool
    version: str
    lines: tuple[str, ...] = field(default=())
    """Plain sentences: what it will do here, what it cannot, and the command that mends it."""


class Engine(ABC):
    """Makes images and boxes. Thread-safe: several threads build and open boxes at once."""

    name: str
    excused: ClassVar[Mapping[str, str]] = {}
    """Check of the contract -> why this engine cannot pass it by its nature, on some machines."""

    @abstractmethod
    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        """Build (or take from the cache) the environment. Raises BuildFailed, NeedsDocker or EngineError."""

    @abstractmethod
    def open(self, spec: BoxSpec) -> Box:
        """Start a box. Raises EngineError; never returns a box that is not ready for `run`."""

    @abstractmethod
    def report(self) -> EngineReport: ...

    @abstractmethod
    def clean(self, *, everything: bool = False) -> list[str]:
        """Remove what crashed runs left behind; with `everything`, also caches and images. Says what it removed, and
        what the engine removed when it was made; what has to stay is said in a line that begins with `kept`."""

    @abstractmethod
    def close(self) -> None:
        """Close every open box and let go of what the engine holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the user may say about engines; every field is an option and a config key."""

    images: Mapping[str, str] = field(default_factory=dict)
    """FROM -> stand-in: `host`, a folder or tar with a root filesystem, or (docker) another image. `*` matches
    every FROM that has no entry of its own. A stand-in may be followed by `;ENV K=V;WORKDIR P;USER U`."""
    cache: Path | None = None
    """Where layers are kept; None is the user's cache folder."""
    build_network: bool = True
    limits: Limits = Limits()
    hidden: tuple[Path, ...] = ()
    """Folders of the tool's own, such as a run's, that no box may see where it stands on this machine's root."""
