"""The options of a command: which words are options, what belongs to one, and what is lost without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.define import operator
from mutator.operators.shell.document import Script, gap
from mutator.operators.shell.steps import LANGUAGES, TESTS_ONLY
from mutator.shell.commands import Command
from mutator.sources.shell import unwrap


@dataclass(frozen=True, slots=True)
class Named:
    """A command with wrappers such as sudo taken off."""

    command: Command
    name: str
    spans: tuple[tuple[int, int], ...]
    """Of its arguments."""
    args: tuple[str, ...]


UNTOUCHED = frozenset(
    {"set", "shopt", "test", "[", "[[", "echo", "printf", "read", "trap", "type", "command", "eval", "let"}
)
"""Builtins whose options other operators change, or that carry none worth losing."""


def named_commands(script: Script) -> Iterator[Named]:
    for command in script.commands:
        words = script.words(command)
        if not words:
            continue
        skip = unwrap(words)
        yield Named(command, basename(words[skip]), tuple(command.words[skip + 1 :]), tuple(words[skip + 1 :]))


_TAKES = {
    "mkdir": "m", "cp": "tS", "mv": "tS", "ln": "tS", "install": "mogtS", "rm": "", "rmdir": "", "touch": "drt",
    "chmod": "", "chown": "", "chgrp": "", "ls": "I", "cat": "", "tee": "", "grep": "efmABCd", "egrep": "efmABC",
    "sort": "ktoS", "uniq": "fsw", "head": "nc", "tail": "nc", "cut": "dfcb", "tr": "", "wc": "", "df": "", "du": "dt",
    "tar": "fCTXbI", "gzip": "", "unzip": "dx", "zip": "x", "curl": "oHdXuFAbceTmwxKE", "wget": "OPUQteoT",
    "useradd": "ugGsdck", "adduser": "", "usermod": "ugGsdcl", "groupadd": "g", "passwd": "", "git": "Ccmb",
    "ssh": "ipolLRFJ", "scp": "iPoFJ", "rsync": "ef", "psql": "hpUdcfvFo", "mysql": "huPDe", "sqlite3": "",
    "make": "fjC",
    "apt-get": "ot", "apt": "ot", "pip": "rct", "pip3": "rct", "npm": "", "yarn": "", "date": "dr",
    "sed": "efl", "awk": "Fvf", "jq": "fL", "xargs": "nIPLd", "diff": "", "patch": "pdiBo", "base64": "w",
    "xz": "", "bzip2": "", "zstd": "", "mapfile": "dnOsuCc", "readarray": "dnOsuCc", "nginx": "cgpse",
    "cmake": "SBGDCP",
    "openssh": "", "ss": "", "netstat": "", "ps": "pCu", "kill": "s", "pkill": "us", "nice": "n", "split": "lbna",
}  # fmt: skip
"""The short options of well-known programs that are followed by a value."""
_LONE = {
    "openssl": frozenset(
        "x509 nodes noenc noout text new batch sha1 sha256 sha384 sha512 aes128 aes192 aes256 des3 a A d e base64 "
        "salt pbkdf2 nosalt quiet CAcreateserial req pubout pubin utf8 modulus fingerprint dates subject issuer "
        "verify".split()
    ),
    "find": frozenset(
        "delete empty print print0 depth mount xdev ls daystart true false executable readable writable follow P L H o "
        "a not prune quit nouser nogroup".split()
    ),
}
"""The options of programs with long names behind one dash that no value follows."""
_NOISE = {
    "apt-get": "y q qq", "apt": "y q", "yum": "y q", "dnf": "y q", "apk": "q", "pip": "q", "pip3": "q", "npm": "s",
    "rm": "f r rf fr R", "curl": "s S f sS fsSL fsS sSL sSf sf L", "wget": "q nv", "mkdir": "p v", "cp": "v f",
    "mv": "v f",
    "tar": "v", "git": "q", "unzip": "q o qq", "grep": "q", "make": "s", "conda": "y", "ln": "f v", "dpkg": "i",
    "ssh-keygen": "q", "gpg": "q", "systemctl": "q", "rsync": "v", "chown": "v", "chmod": "v", "touch": "c",
    "patch": "s",
}  # fmt: skip
_NOISE_LONG = re.compile(
    r"^--(yes|quiet|silent|verbose|no-progress|progress|no-cache-dir|no-install-recommends|assume-yes|color|no-color|force-yes"
    r"|no-audit|no-fund|loglevel|disable-pip-version-check|break-system-packages|root-user-action|show-error|fail|location"
    r"|no-pager|no-warn-script-location|non-interactive|batch|help|version|now|parents|allow-unauthenticated)(=|$)"
)
_PLAIN_LONG = re.compile(
    r"^--(no-|enable-|disable-|with-|without-|all$|force$|recursive$|dry-run$|check$|strict$|debug$|global$|save$|save-dev$"
    r"|production$|release$|user$|upgrade$|delete$|archive$|create-home$|system$|reverse$|unique$|ignore-case$|bare$|daemon$"
    r"|cached$|hard$|soft$|amend$|ssl$|tls$|raw-output$|compact-output$|slurp$|verify$|sign$|rm$|detach$|privileged$|interactive$|tty$|init$|clean$|fix$|write$)"
)
"""Long options that stand alone."""
_PROGRAM = re.compile(r"^-[a-z]*[ce]$")
FLAG = re.compile(r"^-(-?)[A-Za-z][\w.:-]*")


def _takes_value(named: Named, index: int) -> bool:
    """Whether the next word belongs to the option at `index`."""
    flag = named.args[index]
    following = named.args[index + 1] if index + 1 < len(named.args) else "-"
    known = named.name in _TAKES or named.name in _LONE
    if following in ("{}", ";", "+") and named.name == "find":
        return False
    if "=" in flag or (following.startswith("-") and not (known and re.match(r"-\d", following))):
        return False
    if named.name in _LONE and not flag.startswith("--"):
        return flag.lstrip("-") not in _LONE[named.name]
    if flag.startswith("--"):
        if _PLAIN_LONG.match(flag):
            return False
        # An operand behind the last option of a well-known program is rarely its value.
        return not (
            named.name in _TAKES and index + 2 == len(named.args) and named.name not in ("curl", "rsync", "tar")
        )
    if named.name in _TAKES:
        taking = _TAKES[named.name]
        if len(flag) == 2:
            return flag[1] in taking
        return named.name in ("tar", "curl", "psql", "git") and flag[-1] in taking
    return len(flag) == 2 or named.name in ("java", "ffmpeg", "keytool", "convert")


def _options(named: Named) -> Iterator[tuple[int, int]]:
    """(index of an option, index after it and its value)."""
    index = 0
    while index < len(named.args):
        flag = named.args[index]
        if flag == "--":
            return
        if FLAG.match(flag):
            end = index + (2 if _takes_value(named, index) else 1)
            yield index, end
            index = end
        else:
            index += 1


def _noise(named: Named, flag: str) -> bool:
    if named.name == "curl" and re.fullmatch(r"-[sSfLkv#]+", flag):
        return True
    return bool(_NOISE_LONG.match(flag)) or flag.lstrip("-") in _NOISE.get(named.name, "").split()


_WITH_COMMANDS = frozenset(
    "git docker podman npm npx pnpm yarn bun deno bundle poetry apt-get apt apk yum dnf pip pip3 pipx conda go cargo "
    "rustup dotnet mvn kubectl helm terraform openssl uv uvx ip nmcli systemctl svn hg gh aws gcloud az brew gem "
    "composer".split()
)


def _called(named: Named, index: int) -> str:
    """What a person would say the option at `index` is given to: `git commit`, the program that an interpreter runs, or
    what find runs with each file."""
    runs = [at for at, arg in enumerate(named.args[: index - 1]) if arg in ("-exec", "-execdir", "-ok")]
    if named.name == "find" and runs:
        return basename(named.args[runs[-1] + 1])
    first = next((arg for arg in named.args if not arg.startswith("-")), "")
    if named.name in _WITH_COMMANDS and re.fullmatch(r"[a-z-]+", first):
        return f"{named.name} {first}"
    if named.name in _RUNNERS and named.args[:1] == (first,) and re.search(r"\.\w+$", first):
        return basename(first)
    return named.name


@operator(
    "shell.drop-flag",
    FaultClass.MISSING_FLAG,
    Tier.MEDIUM,
    LANGUAGES,
    "`{flag}` is not passed to {command}",
    (
        "npm install --no-dev x\npip install -q -r req.txt\n",
        ("npm install x\npip install -q -r req.txt\n", "npm install --no-dev x\npip install -q\n"),
    ),
    (
        "./run --port 80 --all in.txt\ncp -a x y\nrm -rf z\n",
        (
            "./run --all in.txt\ncp -a x y\nrm -rf z\n",
            "./run --port 80 in.txt\ncp -a x y\nrm -rf z\n",
            "./run --port 80 --all in.txt\ncp x y\nrm -rf z\n",
        ),
    ),
    ("docker run \\\n  --rm \\\n  x\npython3 -c 'a'\n", ("docker run \\\n  x\npython3 -c 'a'\n",)),
)
def drop_flag(script: Script) -> Iterator[Candidate]:
    for named in named_commands(script):
        if named.name in UNTOUCHED or named.name in ("sed", "perl", "export", "declare", "local", "readonly"):
            continue
        for index, end in _options(named):
            flag = named.args[index]
            if flag == "-o" and named.name in _COMPILERS:
                continue
            if (named.name == "jq" and flag in ("--arg", "--argjson", "--slurpfile")) or named.name in (
                "patch",
                "tar",
                "man",
            ):
                continue
            if _noise(named, flag) or named.name in _SHOWS or (named.name == "tee" and flag in ("-a", "--append")):
                continue
            # How many at once, and what only looks whether all is well: the same is left behind.
            if (named.name in _PARALLEL and _JOBS.match(flag)) or TESTS_ONLY.issuperset(named.args):
                continue
            # `python -c`, `bash -e x`, `find -exec`: what follows would be lost with its meaning.
            if (_PROGRAM.match(flag) and named.name in _RUNNERS) or (named.name == "find" and flag in _STRUCTURE):
                continue
            if (flag == "-m" and (named.name.startswith("python") or named.name == "git")) or named.name == "crontab":
                continue
            if named.name == "curl" and (flag in _REPORTS or named.args[end - 1] == "/dev/null"):
                continue
            first = named.spans[index][0]
            last = named.spans[end - 1][1]
            before = gap(script, first)
            fields = {"flag": script.said(first, last), "command": _called(named, index)}
            if f"{fields['command']} {' '.join(named.args[index:end])}" in _DEFAULTS:
                continue
            check = (named.command.start, named.command.end)
            known = flag.lstrip("-") in _TELLING.get(named.name, "").split()
            values = [word for word in re.findall(r"[\w./-]+", fields["flag"]) if not re.search(r"/|\.\w", word)]
            stated = "" if known else "\n".join((flag, *values))
            yield Candidate((Edit(before, last, ""),), fields, named.command.function, check, stated=stated)


_TELLING = {
    "sort": "u n r k t nr rn unique numeric-sort reverse", "uniq": "c d u", "grep": "v i o w x c", "cut": "d f",
    "tr": "d s cd", "head": "n c", "tail": "n c", "wc": "l w c", "ln": "s sf", "cp": "r a R p", "rsync": "a delete",
    "openssl": "days subj nodes", "ssh-keygen": "t b N", "useradd": "m s G g u", "usermod": "aG G", "setfacl": "d R",
    "chmod": "R", "chown": "R", "git": "bare", "date": "u", "jq": "r s c",
}  # fmt: skip
"""Options of well-known programs by which the result is another one."""
_DEFAULTS = frozenset(
    (
        "shred -n 3", "shred --iterations=3", "head -n 10", "tail -n 10", "fold -w 80", "split -l 1000", "base64 -w 76",
        "gzip -6", "gpg --cipher-algo AES256", "openssl req -days 30", "nice -n 10", "xxd -c 16",
    )
)  # fmt: skip
"""What the program does anyway."""
_COMPILERS = frozenset("go gcc g++ cc c++ clang clang++ rustc gfortran".split())
"""What they make would have another name, and nothing would be there."""
_SHOWS = frozenset({"ls", "ps", "df", "du", "ss", "netstat", "lsof", "free"})
_PARALLEL = frozenset(
    {"make", "gmake", "ninja", "cmake", "cargo", "mvn", "bazel", "xargs", "parallel", "ctest", "meson"}
)
_JOBS = re.compile(r"^(-j|--jobs|--parallel|-P|-T\d|--max-procs)")
_REPORTS = frozenset({"-w", "--write-out", "-m", "--max-time", "--retry", "--connect-timeout"})
"""What curl says, and how long it tries: nothing of it is left behind."""
_RUNNERS = frozenset(
    {"python", "python3", "bash", "sh", "zsh", "node", "perl", "ruby", "su", "php", "find", "psql", "mysql"}
)
_STRUCTURE = frozenset({"-exec", "-execdir", "-ok", "-o", "-a", "-print", "-print0"})


def operands(named: Named) -> list[int]:
    taken: set[int] = set()
    for index, end in _options(named):
        taken |= set(range(index, end))
    return [index for index, arg in enumerate(named.args) if index not in taken and not arg.startswith("-")]
