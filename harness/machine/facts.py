"""Examines this machine for the advice of `foolsgold doctor`."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.errors import EngineError, FoolsgoldError
from harness.machine.advice import INSTALL, Facts

if TYPE_CHECKING:
    from harness.engine.bwrap.box.nat import Lack

_SETTINGS = {
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
    "user.max_user_namespaces": ("0", "28633"),
}
"""Kernel setting -> the value that forbids user namespaces, and one that allows them."""


def facts(options: EngineOptions) -> Facts:
    system, root = platform.system(), os.geteuid() == 0
    layers = system != "Linux" or _layers(options)
    bwrap = system == "Linux" and _bwrap(options, layers)
    docker, denied = _docker()
    return Facts(
        system=system,
        root=root,
        user=_user(),
        container=_in_container(),
        package_manager=next((name for name in INSTALL if shutil.which(name)), ""),
        bwrap=bwrap,
        docker=docker,
        docker_installed=shutil.which("docker") is not None or shutil.which("dockerd") is not None,
        docker_denied=denied,
        forbidden=() if bwrap or root else _forbidden(),
        subordinate_ids=root or not bwrap or _subordinate_ids(),
        lacking=_lacking() if bwrap else (),
        layers=layers,
    )


def _bwrap(options: EngineOptions, layers: bool) -> bool:
    """Whether boxes can be made. If only the cache folder is the problem, tries a temporary one."""
    try:
        with tempfile.TemporaryDirectory(prefix="foolsgold-", dir=None if layers else _memory()) as folder:
            given = options if layers else replace(options, cache=Path(folder))
            with make_engine("bwrap", given) as engine:
                return engine.report().usable
    except (FoolsgoldError, OSError):
        return False


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - only named


def _docker() -> tuple[bool, bool]:
    """(a daemon answers, a daemon runs that this user has no permission to use)."""
    try:
        with make_engine("docker", EngineOptions()) as engine:
            return engine.report().usable, False
    except FoolsgoldError as error:
        return False, "ermission denied" in error.message


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an id without a name
        return str(os.geteuid())


def _in_container() -> bool:
    marks = ("/.dockerenv", "/run/.containerenv")
    return any(Path(mark).exists() for mark in marks) or "container" in os.environ


def _forbidden() -> tuple[str, ...]:
    found = []
    for name, (forbids, allows) in _SETTINGS.items():
        with suppress(OSError):
            if Path("/proc/sys", *name.split(".")).read_text().strip() == forbids:
                found.append(f"{name}={allows}")
    return tuple(found)


def _subordinate_ids() -> bool:
    from harness.engine.bwrap.box import launcher

    try:
        return launcher.shared().ids == "all"
    except FoolsgoldError:
        return False


def _lacking() -> tuple[Lack, ...]:
    from harness.engine.bwrap.box import nat

    return nat.lacking()


def _layers(options: EngineOptions) -> bool:
    from harness.engine.bwrap.image.build import cache_folder
    from harness.engine.bwrap.image.cache import open_cache

    try:
        open_cache(cache_folder(options))
    except EngineError:
        return False
    return True
