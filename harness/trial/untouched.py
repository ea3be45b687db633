"""Whether a solution left everything alone that the tests' preparation reads or writes. In doubt it did not. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.engine.changes import FILE, GONE, Changes

_SYSTEM = re.compile(r"/(?:usr|bin|s?bin|lib\w*|etc|opt|boot|var/lib|var/cache|tests)(?:/|$)")
"""Where programs, packages and their settings are; of these a solution may have"""
_OWN_FOLDER = re.compile(r"(/(?:etc|opt|var/lib|var/cache|usr/share)/[^/]+)/.+")
"""a folder in which the preparation changes nothing, unless it is one of those that installers read:"""
_OWN_FILE = re.compile(r"/etc/[\w-]+\.(?:ini|json|ya?ml|xml|csv|tsv|txt|log|html?)$")
"""a file directly in /etc of a kind that no installer looks for there, or"""
_READ_BY_INSTALLERS = re.compile(
    r"/etc/(?:apt|dpkg|apk|yum\S*|dnf|pip\S*|uv|ssl|pki|ca-certificates|ld\.so\S*|profile\.d|alternatives|python\S*|"
    r"perl|security|pam\.d|init\.d|rc\S*\.d|systemd|default|skel|terminfo|ucf\S*|debconf\S*|conda|npm\S*|gnupg|xdg)$|"
    r"/var/(?:lib|cache)/(?:apt|dpkg|apk|rpm|dnf|yum|pam|ucf|systemd|python|debconf|ldconfig|shells\.state)$|"
    r"/usr/share/(?:ca-certificates|perl\S*|python\S*|keyrings|zoneinfo|dpkg|debconf|bash-completion|nodejs|npm|gnupg)$"
)
_HOME = re.compile(r"(/root|/home/[^/]+)/(\.[^/]+)(?:/(.*))?$")
_HARMLESS_AT_HOME = re.compile(
    r"\.(?:bash|python|node_repl|psql|sqlite|mysql)_history$|\.(?:cache|config)$|"
    r"\.(?:cache|config)/(?:matplotlib|fontconfig|mesa\S*|torch|huggingface|black|mypy|ruff|go-build)(?:/|$)|"
    r"\.(?:keras|ipython|jupyter|pytest_cache|mozilla|redis|postgresql)(?:/|$)"
)
_SETTINGS = re.compile(
    r"/(?:pyproject\.toml|setup\.(?:py|cfg)|uv\.(?:toml|lock)|pip\.conf|\.python-versions?|\.pydistutils\.cfg|pyvenv\.cfg|"
    r"\.curlrc|\.wgetrc|\.netrc|rust-toolchain\S*|\.cargo|\.tool-versions|\.?venv|\.env|"
    r"sitecustomize\.py|usercustomize\.py)(?:/|$)"
)
"""Files that installers look for in the folder where they are called, and above it: wherever that is."""
_SETTINGS_OF = tuple(
    (re.compile(rf"\b(?:{callers})\b"), re.compile(rf"/(?:{files})(?:/|$)"))
    for callers, files in (
        (r"npm|npx|node|pnpm|yarn|bun|corepack", r"package(?:-lock)?\.json|\.npmrc|\.yarnrc\S*|node_modules"),
        (r"go", r"go\.(?:mod|work|sum)"),
        (r"cargo|rustup|rustc", r"Cargo\.(?:toml|lock)"),
        (r"gem|bundle|bundler|ruby", r"\.gemrc|Gemfile\S*"),
    )
)
"""Who is called -> files that nobody else looks for."""
_ANY_SCRIPT = re.compile(r"(?s)\b(?:curl|wget)\b(?!.*\bastral\.sh/uv\b).*\b(?:ba|da|k|z)?sh\b")
"""A script from somewhere may call anything; uv's own calls none of those."""
_PROGRAMS = re.compile(
    r"/(?:apt(?:-get)?|apk|dnf|yum|pip[\d.]*|python[\d.]*|uvx?|pipx|virtualenv|curl|wget|npm|npx|node|pnpm|go|cargo|rustc|gem|"
    r"ruby|git|env|sudo|sh|bash|dash|tar|gpg)$"
)
"""What an installer may find first where the script puts other folders before PATH."""
_ANYBODYS = re.compile(r"/__pycache__(?:/[^/]+\.pyc)?$|^/tmp/uv-[0-9a-f]+\.lock$")
"""What Python compiled, and uv's empty lock: the same whoever wrote it."""


def why_not(done: Changes, kept: Changes, path: str, statements: Sequence[str]) -> str:
    """'' where what was kept may stand for the preparation itself. `done`: what the solution changed; `path`: where
    programs are looked for; `statements`: what of the preparation installs."""
    mine = Changes({name: what for name, what in done.entries.items() if not _ANYBODYS.search(name)}, done.passed)
    theirs = Changes({name: what for name, what in kept.entries.items() if not _ANYBODYS.search(name)}, kept.passed)
    met = mine.meeting(theirs)
    if met:
        return f"the solution and the preparation both change {met}"
    folders = [folder.rstrip("/") for folder in path.split(":") if folder.startswith("/")]
    read = [_PROGRAMS, _SETTINGS, *_settings_read(statements)]
    for name, what in mine.entries.items():
        if any(each.search(name) for each in read) or _matters(name, what, theirs, folders):
            return f"the solution changes {name}, which installers may read"
    return ""


def _settings_read(statements: Sequence[str]) -> list[re.Pattern[str]]:
    any_script = any(map(_ANY_SCRIPT.search, statements))
    return [files for callers, files in _SETTINGS_OF if any_script or any(map(callers.search, statements))]


def _matters(name: str, what: str, theirs: Changes, programs: list[str]) -> bool:
    if any(name == folder or name.startswith(folder + "/") for folder in programs):
        return True
    at_home = _HOME.match(name)
    if at_home:
        below = at_home[2] + (f"/{at_home[3]}" if at_home[3] else "")
        return not _HARMLESS_AT_HOME.match(below)
    if not _SYSTEM.match(name) or (what in (FILE, GONE) and _OWN_FILE.match(name)):
        return False
    own = _OWN_FOLDER.match(name if what in (FILE, GONE) else f"{name}/.")
    if own is None or _READ_BY_INSTALLERS.match(own[1]):
        return True
    return any(one.startswith(own[1] + "/") or one == own[1] for one in theirs.entries)
