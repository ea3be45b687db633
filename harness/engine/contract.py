"""The contract between foolsgold and the engines that make its boxes.

A box is a throw-away copy of a task's environment. Everything that happens in it goes through `Box.run`,
`Box.put` and `Box.read`; when it is closed nothing of it is left, whatever the code in it did.
An engine's own failure is an `EngineError`; a command's failure is an `Exit` with its status.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import ClassVar, Literal, Self

from harness.engine.box_end import BoxEnd, EndLook
from harness.engine.changes import Changes
from harness.engine.lists.reach import Asked, Reach
from harness.errors import EngineError, NeedsDocker

KEEP_ALIVE = ("sh", "-c", "sleep infinity")
"""The command that the format's runner gives to a container: it only waits."""

OWN_FOLDER = "/run/foolsgold"
"""Where an engine keeps its own files in a box: nothing that a solution left."""

MAIN_HINT = 'An ENTRYPOINT has to run the command that it is given (`exec "$@"`), and a command has to keep running.'
"""Advice for a box that ended because its main process ended."""

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
    """Stand-ins for this environment alone; they win over those of EngineOptions."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The image's settings for the processes that run in it."""

    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    exposed: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    """The image's HEALTHCHECK. The engine only records it; who waits for it runs its command with `shell`."""


@dataclass(frozen=True, slots=True)
class Image:
    """A built environment. Engines subclass it with what they need to start boxes from it."""

    id: str
    """Content digest: the same recipe and base give the same id, a changed context gives another."""
    config: ImageConfig
    fidelity: Fidelity
    base: str
    """The base of the final stage, in words that a user understands."""
    notes: tuple[str, ...] = ()
    """What a reader of the result must know: stand-in bases, ignored instructions, ..."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Zero means the engine's default."""

    memory_mb: int = 0
    cpus: float = 0.0
    pids: int = 0
    disk_mb: int = 0


class Until(StrEnum):
    """What one of several boxes waits for before it starts."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


class Restart(StrEnum):
    """After which ends the format's runner starts a service again, which a box does not."""

    NEVER = "no"
    FAILED = "on-failure"
    ALWAYS = "always"

    def follows(self, status: int) -> bool:
        return self is Restart.ALWAYS or (self is Restart.FAILED and status != 0)


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder that several boxes of a group have. As in Docker, it begins with the files that the image of its first
    box has there."""

    name: str
    path: str
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """One of several boxes that stand side by side: its name, and what it has in common with the others."""

    name: str
    aliases: tuple[str, ...] = ()
    """Further names by which the others reach it."""
    networks: tuple[str, ...] = ("default",)
    """Boxes with one of these in common reach each other, by name. () is a box that has its loopback only."""
    shares: bool = False
    """It has no network of its own. All that share have one in common: one loopback, and each port once."""
    volumes: tuple[Volume, ...] = ()


class BoxGroup(ABC):
    """What the boxes of one trial have in common: their networks and volumes. It is gone when it is closed."""

    @abstractmethod
    def close(self) -> None:
        """Remove networks and volumes. The group's boxes are closed before. Idempotent."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a box's own process ended."""

    status: int
    output: str
    """The last of what it printed."""


@dataclass(frozen=True, slots=True)
class BoxSpec:
    image: Image
    network: bool = False
    """False: loopback only. True: outward network through NAT, never the host's own namespace or loopback."""
    reach: Reach | None = None
    """Where `network`: all of it that may be reached, at first; None is everything, unwatched."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Overrides the image's ENV, for every command in the box and for its entrypoint."""
    workdir: str | None = None
    user: str | None = None
    """The default user of commands; None is the image's USER."""
    limits: Limits = Limits()
    gpus: int = 0
    """Given where the engine has them for its boxes; see `no_gpus`."""
    mounts: tuple[str, ...] = ("/logs/agent", "/logs/verifier", "/logs/artifacts")
    """Empty, world-writable mount points, like those that the formats' runners make."""
    folders: tuple[str, ...] = ()
    """There from the start, where the image has none, as a volume that no other box has is."""
    open_folders: tuple[str, ...] = ()
    """Those of the box's own that everybody may write to, made where the image has none."""
    entrypoint: tuple[str, ...] | None = None
    """Replaces the image's ENTRYPOINT; () means no entrypoint, None the image's."""
    command: tuple[str, ...] | None = KEEP_ALIVE
    """The arguments of the entrypoint; None means the image's CMD."""
    stdin_open: bool = False
    """The main process's standard input never ends, so that a shell or a REPL as the command keeps waiting."""
    hostname: str | None = None
    group: BoxGroup | None = None
    """It stands beside other boxes, and `network` and `reach` are the group's."""
    member: str = ""
    """Which of the group's members it is."""
    sidecar: bool = False
    """It may end by itself: when its main process ends, everything in it ends, and `ended` tells."""
    files: tuple[tuple[Path, str], ...] = ()
    """(host file or folder, box path): there before the main process starts."""
    on: tuple[Kept, ...] = ()
    """What the box holds from its start above the image, lowest first; kept with `stacks`, each upon those before."""

    @property
    def main(self) -> tuple[str, ...]:
        """The box's main process: it runs next to the commands, and when it ends, the box ends. () if it would only
        wait."""
        config = self.image.config
        entrypoint = config.entrypoint if self.entrypoint is None else self.entrypoint
        # As in Docker, a container that sets its own entrypoint loses the image's CMD.
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
    """At the timeout the command keeps running and the box stays usable, as with the formats' own runners."""


@dataclass(frozen=True, slots=True)
class Exit:
    status: int | None
    """0-255, 128+N for a signal; None when the command was stopped at its timeout."""
    seconds: float
    output: bytes = b""
    dropped: int = 0
    """Bytes of output left out between the halves."""
    oom: bool = False
    """While this ran, the kernel killed a process of the box because memory ran out."""
    left_running: bool = False
    """It reached its timeout and still runs; the box takes further commands."""

    @property
    def timed_out(self) -> bool:
        return self.status is None


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done in a box once, to be put over other boxes of the same image."""

    folder: Path
    changes: Changes
    size: int
    """Bytes."""


class NotKept(Exception):
    """What was done in the box is not to be kept; the message says why."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is to be done in a box, and what of it is kept."""

    do: Callable[[Box], None]
    """Raises NotKept."""
    aside: tuple[str, ...]
    """Paths that are no part of it, with everything below."""
    then: Callable[[Box], None] | None = None
    """To be done in another box, which has all that from the start. NotKept: only the first is kept."""
    only: tuple[str, ...] = ()
    """Of the second box only what lies below these paths is kept."""
    stacks: bool = False
    """It is for boxes that begin with it, and not to be put over others."""


class Box(ABC):
    """One running box. Not thread-safe; use one box from one thread."""

    @abstractmethod
    def run(self, command: Command) -> Exit:
        """Run to the end or to the timeout. A timeout kills everything in the box, daemons too; the box is then dead
        and only `close` may follow. A command with `left_running` keeps running instead (see `Exit.left_running`).
        Background processes of a finished command keep running until the box ends."""

    @abstractmethod
    def put(self, source: Path, target: str) -> None:
        """Copy a host file to the path `target`, or a host folder's contents into the folder `target`.

        Root owns the copies. Modes are kept, missing parents are made, and nothing is emptied first. Links are copied
        as links (the caller has checked them). A link planted in the box is followed inside the box only."""

    @abstractmethod
    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        """The file's first `limit` bytes, or its last ones for a negative limit; None if there is no regular file.
        Links resolve inside the box."""

    @abstractmethod
    def listing(self, folder: str) -> dict[str, str]:
        """The regular files and links in a folder: name -> '' for a file, its target for a link. Names that begin with
        a dot are left out. Empty if there is no such folder."""

    def files_alone(self, folder: str) -> frozenset[str] | None:
        """The names of all that is in a folder, where that is nothing but regular files and all of it is root's. None
        where it is not so, or where only a command in the box could tell."""
        return None

    def written(self) -> list[bytes] | None:
        """Absolute paths that include everything made, changed or removed since the box began, except below its mounts,
        and all that its volumes hold. For a removed path its folder is listed. None if only a search through the whole
        box could tell."""
        return None

    def changes(self) -> Changes | None:
        """What differs from the image, but below its mounts; None where this engine cannot tell."""
        return None

    def end(self, look: EndLook) -> BoxEnd | None:
        """All that it holds beyond its image. None where something runs in it, is shared in its memory or names what is
        hidden, and where this engine cannot tell."""
        return None

    def give(self, kept: Kept) -> None:
        """Put what was kept over what is here. Only for an engine whose `keep` keeps anything."""
        raise EngineError("This engine keeps nothing.")

    def ended(self) -> Ended | None:
        """How the main process of a sidecar ended; None while it runs, and where the box has no main process."""
        return None

    def allow(self, reach: Reach) -> None:
        """What of the network may be reached from now on. Only for a box, or a group, that was made with a `reach`."""
        raise EngineError("This box's network keeps to no list.")

    def asked(self) -> tuple[Asked, ...]:
        """What it and the boxes beside it asked their network for, each once; () where nobody watched."""
        return ()

    def full(self) -> bool:
        """Whether nothing more can be written to its disk; False where that cannot be seen."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Kill everything and leave nothing behind. Idempotent; may run after a signal handler raised in any other
        method."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


Progress = Callable[[str], None]


def silent(_line: str) -> None:
    """The progress callback that shows nothing."""


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What `foolsgold doctor` shows about one engine."""

    name: str
    usable: bool
    version: str
    lines: tuple[str, ...] = field(default=())
    """Plain sentences: what it can do here, what it cannot, and the command that mends that."""


class Engine(ABC):
    """Makes images and boxes. Thread-safe: several threads build and open boxes at once."""

    name: str
    excused: Mapping[str, str] = MappingProxyType({})
    """Check of the contract -> the reason why this engine, by its nature, cannot pass it on some machines."""
    unpromised: ClassVar[Mapping[str, str]] = {}
    """Check of the contract -> the reason why this engine promises nothing of the kind. It is not run."""

    @abstractmethod
    def build(self, recipe: Recipe, progress: Progress = silent) -> Image:
        """Build (or take from the cache) the environment. Raises BuildFailed, NeedsDocker or EngineError."""

    @abstractmethod
    def open(self, spec: BoxSpec) -> Box:
        """Start a box. Raises EngineError; never returns a box that is not ready for `run`."""

    def group(
        self,
        members: Sequence[Member],
        image: Image,
        *,
        network: bool,
        internal: frozenset[str],
        reach: Reach | None = None,
    ) -> BoxGroup:
        """Networks and volumes for boxes that stand side by side. `image`: of one of them. `network`: whether the
        networks but the `internal` ones lead outside. `reach`: as of a box. Raises EngineError, and NeedsDocker where
        this engine has boxes that stand alone only."""
        raise NeedsDocker("The task has several containers, and this engine starts one.")

    def keep(self, key: str, about: str, spec: BoxSpec, what: Keeping) -> Kept | None:
        """Do it in a box of its own and keep what it left under `key`, unless that is kept already. None where this
        engine keeps nothing. Raises NotKept or EngineError, and then nothing is kept."""
        return None

    def drop(self, key: str) -> None:
        """Remove what was kept under a key, if anything was."""
        return

    @abstractmethod
    def report(self) -> EngineReport: ...

    def no_network(self) -> str:
        """Why boxes can have no network on this machine and what to install, a sentence; '' where they can."""
        return ""

    def no_lists(self) -> str:
        """Why no box's network can keep to a list of hosts here and what to do, a sentence; '' where one can."""
        return f"The {self.name} engine keeps to no list of hosts: use --engine bwrap."

    def no_gpus(self) -> str:
        """Why boxes can have no GPU here, a sentence; '' where they can."""
        return f"Boxes of the {self.name} engine have no GPU."

    def always_network(self) -> str:
        """Why boxes always have a network, a sentence's end; '' where they can be without."""
        return ""

    @abstractmethod
    def clean(self, *, everything: bool = False) -> list[str]:
        """Remove what crashed runs left behind; with `everything`, also caches and images. Returns a line for each
        thing removed, now or when the engine was made; a line that begins with `kept` names what has to stay."""

    @abstractmethod
    def close(self) -> None:
        """Close every open box and release all resources of the engine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """The user's settings for engines; every field is an option and a config key."""

    images: Mapping[str, str] = field(default_factory=dict)
    """FROM -> stand-in: `host`, a folder or tar with a root filesystem, or (docker) another image. `*` matches
    every FROM that has no entry of its own. A stand-in may be followed by `;ENV K=V;WORKDIR P;USER U`."""
    cache: Path | None = None
    """Where layers are kept; None is the user's cache folder."""
    build_network: bool = True
    limits: Limits = Limits()
    hidden: tuple[Path, ...] = ()
    """Folders of the tool itself, such as a run's. Boxes whose base is this machine's root must not see them."""
