"""What a command of a shell script is to a preparation: it installs, asks, changes the shell, or may be anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import pairwise
from posixpath import basename


class Act(Enum):
    INSTALL = "installs: what it leaves does not depend on the solution, and can be kept"
    NEUTRAL = "asks nothing of the solution and leaves nothing"
    AGAIN = "cheap, and may be done again however often: it reads, or changes this shell only"
    STOP = "may be anything: the preparation ends before it"


_ABROAD = re.compile(r"https?://(?!localhost\b|127\.|0\.0\.0\.0|\[)[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?]|$)")
_UNSTEADY = re.compile(r"\$(?:\$|!|\{?(?:S?RANDOM|SECONDS|BASHPID|EPOCH\w+)\b)")
"""What a shell gives anew each time."""
_TOOLS = re.compile(r"(?:/usr/|/root/\.|\$\{?HOME\}?/\.|~/\.|/etc/apt/)(?!.*\.\.)")
_LISTS = re.compile(r"/var/(?:lib/apt/|cache/apt/)(?!.*\.\.)")
_INSTALLER_FILE = re.compile(r"/tmp/[\w.-]+\.(?:sh|deb|rpm|whl|gz|tgz|xz|bz2|zip|gpg|asc|key)")  # noqa: S108 - in a box
_ASKED = re.compile(
    r"(?:/usr/|/bin/|/sbin/|/root/\.|\$\{?HOME\}?/\.|~/\.|/var/lib/apt|/etc/os-release|/etc/debian_version)"
)
_IMPORTS = re.compile(r"import [\w.]+(?:, ?[\w.]+)*;?")
_VERSION = frozenset({"--version", "-V", "version", "--help"})

_NEUTRAL = frozenset(
    "echo printf true : false sleep break continue exit return command which type hash id whoami uname nproc "
    "tail head grep egrep sort tr cut wc uniq".split()
)
_AGAIN = frozenset(
    "cd pushd popd set shopt umask unset trap alias ulimit pwd dirname basename realpath readlink date hostname ls cat "
    "stat local export readonly declare typeset getopts shift".split()
)
_APT = frozenset("update install upgrade clean autoclean autoremove".split())
_RPM = frozenset("install makecache clean update upgrade".split())
_WRAPPERS = frozenset({"sudo", "env", "command", "nice", "time", "timeout"})


def act_of(words: Sequence[str], *, fed: bool = False, feeds: bool = False) -> Act:
    """`words` as they stand in the script, without quotes. `fed`: an installer's download comes in through a pipe.
    `feeds`: what it prints goes on through one."""
    act = _act(_unwrapped(words), fed, feeds)
    if act in (Act.INSTALL, Act.NEUTRAL) and any(_UNSTEADY.search(word) for word in words):
        return Act.STOP if act is Act.INSTALL else Act.AGAIN
    return act


def _act(words: list[str], fed: bool, feeds: bool) -> Act:
    if not words:
        return Act.AGAIN
    name, rest = basename(words[0]), list(words[1:])
    if "/" in words[0] and not words[0].startswith(("/", "$", "~")):
        return Act.STOP  # a program of the folder where the solution works
    if rest and all(word in _VERSION for word in rest):
        return Act.NEUTRAL
    if name in _NEUTRAL:
        return _neutral(name, rest)
    if name in _AGAIN:
        return Act.AGAIN
    if re.fullmatch(r"(?:ba|da)?sh", name):
        return Act.INSTALL if fed and (not rest or rest[0] in ("-s", "-", "-s--")) else Act.STOP
    if re.fullmatch(r"python[\d.]*", name):
        return _python(rest)
    if re.fullmatch(r"pip[\d.]*", name):
        return _pip(rest)
    installs = _INSTALLERS.get(name)
    return installs(rest, feeds) if installs is not None else Act.STOP


def _unwrapped(words: Sequence[str]) -> list[str]:
    """Without what is put before a command: `sudo -E`, `env A=1`, `timeout 60`."""
    left = list(words)
    while left and basename(left[0]) in _WRAPPERS and not (left[0] == "command" and left[1:2] in (["-v"], ["-V"])):
        wrapper = left.pop(0)
        while left and (left[0].startswith("-") or re.match(r"\w+=", left[0])):
            left.pop(0)
        if wrapper == "timeout" and left:
            left.pop(0)
    return left


def _neutral(name: str, rest: list[str]) -> Act:
    if name in ("tail", "head", "grep", "egrep", "sort", "tr", "cut", "wc", "uniq"):
        files = [word for word in rest if "/" in word]
        return Act.AGAIN if files or "-r" in rest else Act.NEUTRAL
    return Act.NEUTRAL


def asks(text: str) -> Act:
    """A test in brackets."""
    paths = re.findall(r"(?<![\w.])(?:\$\{?\w+\}?|~)?/[^\s\"'\]]+", text)
    if all(_ASKED.match(path) for path in paths) and (paths or not re.search(r"\s-[a-hkprsuwxGLNOS]\s", text)):
        return Act.NEUTRAL
    return Act.AGAIN


def _python(rest: list[str]) -> Act:
    if rest[:1] == ["-m"] and len(rest) > 1:
        module, rest = rest[1], rest[2:]
        if module == "pip":
            return _pip(rest)
        if module == "venv":
            return _all_of(rest, _elsewhere)
        if module == "ensurepip":
            return Act.INSTALL
        return Act.NEUTRAL if rest and all(word in _VERSION for word in rest) else Act.STOP
    if len(rest) == 2 and rest[0] == "-c" and _IMPORTS.fullmatch(rest[1].strip()):
        return Act.NEUTRAL
    return Act.STOP


def _pip(rest: list[str]) -> Act:
    what = next((word for word in rest if not word.startswith("-")), "")
    if what in ("list", "show", "freeze", "check"):
        return Act.NEUTRAL
    return _packages(rest[rest.index(what) + 1 :]) if what in ("install", "download") else Act.STOP


def _packages(words: Sequence[str]) -> Act:
    """Packages by name, or from the tests' own files; nothing of the folder where the solution works."""
    for number, word in enumerate(words):
        before = words[number - 1] if number else ""
        if before in ("-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "--prefix"):
            if not _of_tests(word) and not (before in ("-t", "--target", "--prefix") and _TOOLS.match(word)):
                return Act.STOP
        elif word.startswith("-"):
            if re.match(r"-[re]\S|--(?:requirement|constraint|editable|target|project|directory)=", word):
                return Act.STOP
        elif not ("://" in word or _of_tests(word)) and ("/" in word or word.startswith((".", "~")) or "*" in word):
            return Act.STOP
    return Act.INSTALL


def _of_tests(word: str) -> bool:
    return re.match(r"(?:/tests|\$\{?TEST_DIR\}?)/(?!.*\.\.)", word) is not None


def _elsewhere(word: str) -> bool:
    """A place of tools, or a name below the folder where the script works, but nothing above it."""
    return (
        word.startswith("-")
        or _TOOLS.match(word) is not None
        or re.match(r"/opt/|/venv|/tests/|\.?venv$", word) is not None
    )


def _all_of(words: Sequence[str], fits: Callable[[str], bool]) -> Act:
    return Act.INSTALL if words and all(map(fits, words)) else Act.STOP


def _first(allowed: frozenset[str]) -> Callable[[list[str], bool], Act]:
    def act(rest: list[str], _feeds: bool) -> Act:
        what = next((word for word in rest if not word.startswith("-")), "")
        return _packages([word for word in rest if not word.startswith("-")][1:]) if what in allowed else Act.STOP

    return act


def _download(rest: list[str], feeds: bool) -> Act:
    addresses = [word for word in rest if "://" in word]
    local = any(word in ("-K", "--config", "-d", "--data", "-T", "-F", "--unix-socket", "-b", "-i") for word in rest)
    into = [word for option, word in pairwise(rest) if option in ("-o", "-O", "--output") and "://" not in word]
    if not addresses or local or not all(_ABROAD.match(word) for word in addresses):
        return Act.STOP
    tools = into and all(_TOOLS.match(word) or _INSTALLER_FILE.fullmatch(word) for word in into)
    return Act.INSTALL if feeds or tools else Act.STOP


def _uv(rest: list[str], _feeds: bool) -> Act:
    what = rest[:2]
    if what[:1] == ["pip"]:
        return _packages(rest[2:]) if what[1:] == ["install"] else Act.STOP
    if what in (["tool", "install"], ["python", "install"]):
        return _packages(rest[2:])
    if what[:1] == ["venv"]:
        return Act.INSTALL if all(map(_elsewhere, _without_values(rest[1:]))) else Act.STOP
    if what[:1] == ["init"]:
        return Act.INSTALL if all(word.startswith("-") for word in _without_values(rest[1:])) else Act.STOP
    return _packages(rest[1:]) if what[:1] == ["add"] else Act.STOP


def _without_values(words: list[str]) -> list[str]:
    return [
        word
        for before, word in zip(["", *words], words, strict=False)
        if before not in ("--python", "-p", "--name", "--app") or word.startswith("-")
    ]


def _node(rest: list[str], _feeds: bool) -> Act:
    """Only what goes to the machine's own folder: a project's packages stand among the solution's files."""
    everywhere = any(word in ("-g", "--global") for word in rest)
    what = next((word for word in rest if not word.startswith("-")), "")
    names = [word for word in rest if not word.startswith(("-", "@"))][1:]
    return _packages(names) if everywhere and what in ("install", "i", "add") else Act.STOP


def _build_tool(rest: list[str], _feeds: bool) -> Act:
    """`go install module@version`, `cargo install crate`, `gem install name`."""
    names = [word for word in rest[1:] if not word.startswith("-")]
    there = all(re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*(?:@[\w.^~-]+)?", word) and word[0] != "." for word in names)
    return (
        Act.INSTALL if rest[:1] == ["install"] and names and there and not {"--path", "--git"} & {*rest} else Act.STOP
    )


def _remove(rest: list[str], _feeds: bool) -> Act:
    """What the solution may have made has to be removed each time; without `-f` that fails where it is gone."""
    paths = [word for word in rest if not word.startswith("-")]
    if paths and all(_LISTS.match(path) for path in paths):
        return Act.INSTALL
    return Act.AGAIN if any(re.match(r"-\w*f|--force", word) for word in rest) else Act.STOP


def _copy(rest: list[str], _feeds: bool) -> Act:
    """From the tests, or among tools."""
    paths = [word for word in rest if not word.startswith("-")]
    if len(paths) < 2 or not all(_of_tests(word) or _TOOLS.match(word) for word in paths[:-1]):
        return Act.STOP
    return Act.INSTALL if _TOOLS.match(paths[-1]) else Act.STOP


def _make_folder(rest: list[str], _feeds: bool) -> Act:
    return Act.AGAIN if any(re.match(r"-\w*p|--parents", word) for word in rest) else Act.STOP


def _mode(rest: list[str], _feeds: bool) -> Act:
    return _all_of([word for word in rest if not word.startswith("-")][1:], lambda word: _TOOLS.match(word) is not None)


_INSTALLERS: Mapping[str, Callable[[list[str], bool], Act]] = {
    "apt-get": _first(_APT),
    "apt": _first(_APT),
    "apk": _first(frozenset({"add", "update", "upgrade"})),
    "dnf": _first(_RPM),
    "microdnf": _first(_RPM),
    "yum": _first(_RPM),
    "curl": _download,
    "wget": _download,
    "uv": _uv,
    "npm": _node,
    "pnpm": _node,
    "go": _build_tool,
    "cargo": _build_tool,
    "gem": _build_tool,
    "pipx": _build_tool,
    "virtualenv": lambda rest, _feeds: _all_of(rest, _elsewhere),
    "rm": _remove,
    "cp": _copy,
    "ln": _copy,
    "mv": _copy,
    "chmod": _mode,
    "mkdir": _make_folder,
}
KNOWN = frozenset({*_INSTALLERS, *_NEUTRAL, *_AGAIN, *_WRAPPERS, "sh", "bash", "python", "python3", "pip", "pip3"})
"""Commands that a script must not give another meaning."""
