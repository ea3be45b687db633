"""The platform arguments that every Dockerfile can use."""

from __future__ import annotations

import platform

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "ppc64le": "ppc64le"}


def architecture() -> str:
    """This machine's architecture, by its name in image platforms."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def platform_arguments() -> dict[str, str]:
    name = architecture()
    variant = "v7" if name == "arm" else ""
    whole = f"linux/{name}{'/' + variant if variant else ''}"
    return {
        f"{side}{part}": value
        for side in ("TARGET", "BUILD")
        for part, value in (("PLATFORM", whole), ("OS", "linux"), ("ARCH", name), ("VARIANT", variant))
    }
