"""Recognises paths, commands, options, ports and messages in texts, for tests in any language."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from posixpath import basename

from harness.testcode.demands.model import DemandKind

Found = tuple[DemandKind, str]

_NOBODYS = re.compile(
    r"^/(?:tests?|logs|solution|oracle|dev|proc|sys|usr/(?:bin|sbin|lib|share|include)|bin|sbin|lib\w*|run|boot|var/lib/(?:apt|dpkg))(?:/|$)"
    r"|^/tmp/?$|^/etc/(?:passwd|group|shadow|hosts|hostname|os-release|resolv\.conf|fstab|services)$|^/(?:app|root|home|srv|opt|etc|var|mnt|data|workspace)?/?$"
)
"""Paths of the runner or the system, or too common to be a hidden requirement."""
_ABSOLUTE = re.compile(r"^(?:/|~/)[\w.@%+~/ -]*[\w@%+~]$")
_FILE_NAME = re.compile(r"^[\w@%+~-][\w.@%+~-]*\.[A-Za-z][A-Za-z0-9]{0,9}$")
_RELATIVE = re.compile(r"^(?:\./)?(?:[\w@%+~-][\w.@%+~-]*/)*[\w@%+~-][\w.@%+~-]*\.[A-Za-z][A-Za-z0-9]{0,9}$")
_FLAG = re.compile(r"^--?[A-Za-z][A-Za-z0-9_-]*$")
_URL = re.compile(r"^(?:https?|wss?|ftp)://(?:localhost|127\.0\.0\.\d+|0\.0\.0\.0|\[::1?\])(?::(\d+))?(/[^\s\0]*)?$")
_INTERPRETERS = re.compile(
    r"^(?:python|pypy|node|ruby|perl|bash|sh|dash|zsh|java|php|deno|bun|Rscript|lua|julia|timeout|env|sudo|nice|xvfb-run|time|stdbuf|npx|uv|go|cargo)[\d.]*$"
)
KNOWN_COMMANDS = frozenset(
    "python python3 pytest node npm npx bash sh dash ls cat grep egrep awk sed cut tr sort uniq wc head tail"
    " find xargs diff cmp curl wget nc ss netstat lsof ps pgrep pkill kill sleep date echo printf test true"
    " false cd pwd mkdir rmdir rm cp mv ln touch chmod chown stat file tar gzip gunzip zip unzip xz bzip2 git"
    " make cmake gcc g++ cc clang go cargo rustc java javac mvn gradle ruby perl php docker systemctl service"
    " journalctl nginx psql mysql sqlite3 redis-cli mongosh ssh scp openssl gpg jq yq md5sum sha1sum sha256sum"
    " sha512sum base64 xxd od hexdump strings nm objdump readelf ldd gdb strace env which command type id"
    " whoami hostname uname df du free top crontab iptables ip ping dig nslookup host su sudo timeout tee apt"
    " apt-get dpkg pip pip3 uv uvx R Rscript julia ffmpeg ffprobe convert identify pdftotext tmux expect vim"
    " nano less more man dirname basename realpath readlink yes seq expr bc dd mount umount sync install patch"
    " ed cmp comm join paste split csplit fold fmt nl rev tac shuf truncate mktemp getent useradd usermod"
    " groupadd passwd logrotate kubectl helm terraform ansible ansible-playbook".split()
)


def path(text: str) -> Found | None:
    """A path that only a solution would make."""
    text = text.strip()
    # A single segment is a route of a server, or a common folder.
    if _ABSOLUTE.match(text) and "/" in text[1:] and not _NOBODYS.match(text) and "//" not in text:
        return DemandKind.PATH, text
    return None


def relative(text: str) -> Found | None:
    if _RELATIVE.match(text) and not text.startswith(("test", "expected", "../")) and not _is_number(text):
        return DemandKind.PATH, text.removeprefix("./")
    return None


def file_name(text: str) -> Found | None:
    return (DemandKind.FILE_NAME, text) if _FILE_NAME.match(text) and not _is_number(text) else None


def _is_number(text: str) -> bool:
    return (
        text.replace(".", "").replace("e", "").isdigit()
        or re.search(r"\.(?:com|org|net|io|local|py:\d+)$", text) is not None
    )


def url(text: str) -> Iterator[Found]:
    match = _URL.match(text)
    if match is None:
        return
    if match[1]:
        yield DemandKind.PORT, match[1]
    place = (match[2] or "").partition("?")[0]
    if re.search(r"[A-Za-z]", place) and not _ABSENT.search(place):
        yield DemandKind.URL, place


_ABSENT = re.compile(
    r"non-?_?exist|missing|unknown|invalid|absent|nowhere|not[-_]?found|bogus|nope|fake|dummy|404", re.IGNORECASE
)
"""Names for things that must not exist."""


def program(words: Sequence[str]) -> str:
    """The program that a command line runs, after interpreters and their options; '' if only a run would show it."""
    for word in words:
        if not (_INTERPRETERS.match(basename(word)) or word.startswith("-") or word.isdigit()):
            return "" if "\0" in word else basename(word)
    return ""


def arguments(words: Sequence[str]) -> Iterator[Found]:
    """The demands of a command line: the program, and its options unless it is a standard program."""
    words = list(words)
    program = ""
    skipping = True
    for index, word in enumerate(words):
        found = path(word)
        if found is not None:
            yield found
        yield from url(word)
        if skipping and not program:
            if word == "\0" and index == 0:
                continue  # sys.executable and similar
            if "=" in word and index == 0 and re.match(r"^[A-Z_]+=", word):
                continue
            if _INTERPRETERS.match(basename(word)):
                continue
            if word.startswith("-") or word.isdigit():
                if word in ("-c", "-m"):
                    return
                continue
            program = word
            if found is None and "/" not in word and "\0" not in word and word not in KNOWN_COMMANDS:
                if re.fullmatch(r"[A-Za-z][\w-]+", word) and index == 0:
                    yield DemandKind.COMMAND, word
                else:
                    inner = relative(word)
                    if inner is not None:
                        yield inner
            continue
        if program and basename(program) not in KNOWN_COMMANDS:
            option = word.partition("=")[0]
            if _FLAG.match(option):
                yield DemandKind.FLAG, option


def command_line(text: str) -> Iterator[Found]:
    """The demands of a line for a shell."""
    for part in re.split(r"&&|\|\|?|;|\n", text.replace("\0", "?")):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:
            words = part.split()
        words = [word for word in words if word != "?"]
        written = {words[index + 1] for index, word in enumerate(words[:-1]) if re.fullmatch(r"\d?>>?", word)}
        yield from arguments([word for word in words if word not in written and not re.match(r"\d?[<>]", word)])


def label(text: str) -> Found | None:
    """A label at the beginning of a line, such as `total=` and `total:`."""
    match = re.fullmatch(r"([A-Za-z][\w.-]*)\s*[=:]\s*", text)
    return (DemandKind.KEY, match[1]) if match and len(match[1]) > 2 else None


def is_flag(text: str) -> bool:
    return _FLAG.match(text.partition("=")[0]) is not None


def message(text: str) -> Found | None:
    """Several words in a row. A single word may be the answer, which the instruction must not state."""
    said = " ".join(text.replace("\0", " ").split())
    words = re.findall(r"[A-Za-z]{3,}", said)
    if len(words) >= 2 and len(said) <= 120 and "\0" not in text and not re.search(r"[{}<>\\/=|]", said):
        return DemandKind.MESSAGE, said
    return None


def is_absent(text: str) -> bool:
    return _ABSENT.search(text) is not None
