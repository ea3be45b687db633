"""Facts about well-known images: the settings and tools that a stand-in on this machine's root should have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    tools: tuple[str, ...] = ()
    """The commands for which people use the image."""
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    folders: tuple[str, ...] = ()
    """Folders of the image that a plain Debian does not have."""
    python: str = ""
    """`local`: the image's purpose is an interpreter at /usr/local. `system`: it has at most the distribution's own.
    '': unknown, so the stand-in gets both python and pip."""
    tag: str = ""


_PYTHON_ENV = {"PATH": f"/usr/local/bin:{DEFAULT_PATH}", "LANG": "C.UTF-8"}
_GO_ENV = {"PATH": f"/go/bin:/usr/local/go/bin:{DEFAULT_PATH}", "GOPATH": "/go", "GOTOOLCHAIN": "local"}
_RUST_ENV = {
    "PATH": f"/usr/local/cargo/bin:{DEFAULT_PATH}",
    "CARGO_HOME": "/usr/local/cargo",
    "RUSTUP_HOME": "/usr/local/rustup",
}
_RUBY_ENV = {
    "PATH": f"/usr/local/bundle/bin:{DEFAULT_PATH}",
    "LANG": "C.UTF-8",
    "GEM_HOME": "/usr/local/bundle",
    "BUNDLE_APP_CONFIG": "/usr/local/bundle",
    "BUNDLE_SILENCE_ROOT_WARNING": "1",
}

_KNOWN = {
    family.name: family
    for family in (
        Family("alpine", ("apk",), python="system"),
        Family("buildpack-deps", ("gcc", "g++", "make", "curl", "git"), python="system"),
        Family("debian", ("apt-get",), python="system"),
        Family("fedora", ("dnf",), python="system"),
        Family("gcc", ("gcc", "g++", "make"), python="system"),
        Family("golang", ("go",), _GO_ENV, "/go", ("/go/bin", "/go/src"), "system"),
        Family("java", ("java", "javac"), {"LANG": "en_US.UTF-8"}, python="system"),
        Family("gradle", ("gradle", "java"), python="system"),
        Family("maven", ("mvn", "java"), python="system"),
        Family("nginx", ("nginx",), python="system"),
        Family("node", ("node", "npm"), python="system"),
        Family("perl", ("perl",), python="system", workdir="/usr/src/app", folders=("/usr/src/app",)),
        Family("php", ("php",), python="system"),
        Family("postgres", ("psql",), python="system"),
        Family("python", ("python3", "pip"), _PYTHON_ENV, python="local"),
        Family("redis", ("redis-server",), python="system"),
        Family("ruby", ("ruby", "gem"), _RUBY_ENV, folders=("/usr/local/bundle",), python="system"),
        Family(
            "rust", ("cargo", "rustc"), _RUST_ENV, folders=("/usr/local/cargo", "/usr/local/rustup"), python="system"
        ),
        Family("ubuntu", ("apt-get",), python="system"),
        Family("uv", ("uv", "python3"), _PYTHON_ENV, python="local"),
    )
}
_ALIASES = {
    "amazoncorretto": "java",
    "amazonlinux": "fedora",
    "centos": "fedora",
    "eclipse-temurin": "java",
    "openjdk": "java",
    "pypy": "python",
    "rockylinux": "fedora",
    "almalinux": "fedora",
}


def family_of(reference: str) -> Family:
    """The family of an image's name; nothing is known about the images of an unknown name."""
    plain = reference.partition("@")[0]
    name = plain.rpartition("/")[2]
    name, _, tag = name.partition(":")
    in_bench = "/t-bench/" in plain or "/terminal-bench/" in plain
    if in_bench:
        # Terminal-Bench's own images: the version is in the name, the tag is a date.
        base, _, version = name.partition("-")
        known = _KNOWN.get(base)
        family = known or Family(name)
        return Family(name, family.tools, family.env, "/app", ("/app",), family.python, version.replace("-", "."))
    found = _KNOWN.get(_ALIASES.get(name, name))
    if found is None:
        return Family(name, tag=tag)
    if found.name == "uv":
        match = re.search(r"python(\d[\d.]*)", tag)
        tag = match[1] if match else ""
    return Family(name, found.tools, found.env, found.workdir, found.folders, found.python, tag)
