"""Stand-ins for base images: the `--image FROM=BASE` mapping, for sites without a registry and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import UsageError

HOST = "host"
FORM = "Write --image FROM=BASE, or --image 'FROM=BASE;ENV NAME=VALUE;WORKDIR /path;USER name'."


@dataclass(frozen=True, slots=True)
class StandIn:
    base: str
    """`host`, a folder or tar with a root filesystem, or an image's name."""
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = ""
    user: str = ""

    @property
    def path(self) -> Path | None:
        """The folder or tar, if `base` is one. A bare name is an image, even if a file has that name."""
        return Path(self.base).expanduser() if self.base.startswith(("/", "./", "../", "~")) else None


def find_stand_in(images: Mapping[str, str], reference: str) -> StandIn | None:
    """The stand-in for the image `reference`, or None. An exact name wins over a pattern, and a longer pattern over a
    shorter one. No pattern matches `scratch`, which is not an image; only its exact name does."""
    wanted = _spellings(reference)
    for key, value in images.items():
        if wanted & _spellings(key):
            return parse_stand_in(value)
    patterns = [key for key in images if "*" in key and any(fnmatchcase(name, key) for name in wanted)]
    if not patterns or reference == "scratch":
        return None
    return parse_stand_in(images[max(patterns, key=len)])


def must_be_there(images: Mapping[str, str]) -> None:
    """Raise UsageError for a mapping to a path on which no image can stand, before anything is run."""
    for reference, text in images.items():
        path = parse_stand_in(text).path
        if path is not None:
            check_path(path, reference)


def check_path(path: Path, reference: str) -> None:
    """Raise UsageError where `path` is neither a root filesystem's folder nor a file that may be a tar of one."""
    if path.is_dir():
        if not any((path / name).exists() for name in ("bin", "usr", "etc")):
            raise UsageError(
                f"{path}, the stand-in for {reference}, is not a root filesystem: it has no bin, usr or etc.",
                hint="Give the folder that holds them, or a tar made by `docker export`.",
            )
    elif not path.is_file():
        raise UsageError(f"{path}, the stand-in for {reference}, does not exist.", hint="Check the --image option.")


def parse_stand_in(text: str) -> StandIn:
    base, *settings = (part.strip() for part in text.split(";"))
    if not base:
        raise UsageError(f"The image mapping {text!r} names no base.", hint=FORM)
    env: dict[str, str] = {}
    workdir = user = ""
    for setting in filter(None, settings):
        word, _, value = setting.partition(" ")
        value = value.strip()
        name, equals, content = value.partition("=")
        match word.upper():
            case "ENV" if equals and name:
                env[name] = content
            case "WORKDIR" if value.startswith("/"):
                workdir = value
            case "USER" if value:
                user = value
            case _:
                raise UsageError(f"The image mapping {text!r} holds {setting!r}, which says nothing.", hint=FORM)
    return StandIn(base, env, workdir, user)


def _spellings(reference: str) -> frozenset[str]:
    """All names of the same image: with and without its registry, its `:latest` and its digest."""
    short = reference
    for prefix in ("docker.io/", "index.docker.io/", "registry-1.docker.io/", "library/"):
        short = short.removeprefix(prefix)
    names = {reference, short}
    plain = short.partition("@")[0]
    names.add(plain)
    if "@" not in short and ":" not in plain.rpartition("/")[2]:
        names.add(f"{plain}:latest")
    if plain.endswith(":latest"):
        names.add(plain.removesuffix(":latest"))
    return frozenset(names)
