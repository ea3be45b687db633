"""The words of a command: options lost, operands swapped, modes, owners, numbers, paths and values wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, splitext

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.define import operator
from mutator.operators.shell.document import Script, gap
from mutator.operators.shell.steps import LANGUAGES, SCRIPT, TESTS_ONLY
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


_UNTOUCHED = frozenset(
    {"set", "shopt", "test", "[", "[[", "echo", "printf", "read", "trap", "type", "command", "eval", "let"}
)
"""Builtins whose options other operators change, or that carry none worth losing."""


def _commands(script: Script) -> Iterator[Named]:
    for command in script.commands:
        words = script.words(command)
        if not words:
            continue
        skip = unwrap(words)
        yield Named(command, basename(words[skip]), tuple(command.words[skip + 1 :]), tuple(words[skip + 1 :]))


# Options

_TAKES = {
    "mkdir": "m", "cp": "tS", "mv": "tS", "ln": "tS", "install": "mogtS", "rm": "", "rmdir": "", "touch": "drt",
    "chmod": "", "chown": "", "chgrp": "", "ls": "I", "cat": "", "tee": "", "grep": "efmABCd", "egrep": "efmABC",
    "sort": "ktoS", "uniq": "fsw", "head": "nc", "tail": "nc", "cut": "dfcb", "tr": "", "wc": "", "df": "", "du": "dt",
    "tar": "fCTXbI", "gzip": "", "unzip": "dx", "zip": "x", "curl": "oHdXuFAbceTmwxKE", "wget": "OPUQteoT",
    "useradd": "ugGsdcmk", "adduser": "", "usermod": "ugGsdcl", "groupadd": "g", "passwd": "", "git": "Ccmb",
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
_FLAG = re.compile(r"^-(-?)[A-Za-z][\w.:-]*")


def _takes_value(named: Named, index: int) -> bool:
    """Whether the next word belongs to the option at `index`."""
    flag = named.args[index]
    following = named.args[index + 1] if index + 1 < len(named.args) else "-"
    known = named.name in _TAKES or named.name in _LONE
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
        if _FLAG.match(flag):
            end = index + (2 if _takes_value(named, index) else 1)
            yield index, end
            index = end
        else:
            index += 1


def _noise(named: Named, flag: str) -> bool:
    return bool(_NOISE_LONG.match(flag)) or flag.lstrip("-") in _NOISE.get(named.name, "").split()


_WITH_COMMANDS = frozenset(
    "git docker podman npm npx pnpm yarn bun deno bundle poetry apt-get apt apk yum dnf pip pip3 pipx conda go cargo "
    "rustup dotnet mvn kubectl helm terraform openssl uv uvx ip nmcli systemctl svn hg gh aws gcloud az brew gem "
    "composer".split()
)


def _called(named: Named) -> str:
    """What a person would say is called: `git commit`, or the program that an interpreter runs."""
    first = next((arg for arg in named.args if not arg.startswith("-")), "")
    if named.name in _WITH_COMMANDS and re.fullmatch(r"[a-z-]+", first):
        return f"{named.name} {first}"
    if named.name in _RUNNERS and named.args[:1] == (first,) and re.search(r"\.\w+$", first):
        return basename(first)
    return named.name


@operator(
    "shell.drop-flag",
    FaultClass.MISSING_FLAG,
    Tier.COARSE,
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
    for named in _commands(script):
        if named.name in _UNTOUCHED or named.name in ("sed", "perl", "export", "declare", "local", "readonly"):
            continue
        for index, end in _options(named):
            flag = named.args[index]
            if _noise(named, flag) or (named.name == "tee" and flag in ("-a", "--append")):
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
            fields = {"flag": script.said(first, last), "command": _called(named)}
            yield Candidate(
                (Edit(before, last, ""),), fields, named.command.function, (named.command.start, named.command.end)
            )


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


_TURNED = (
    (re.compile(r"^--no-(?=[a-z])"), "--"),
    (re.compile(r"^--enable-"), "--disable-"),
    (re.compile(r"^--disable-"), "--enable-"),
    (re.compile(r"^--without-"), "--with-"),
    (re.compile(r"^--with-(?=[^=]*$)"), "--without-"),
)


@operator(
    "shell.negate-flag",
    FaultClass.MISSING_FLAG,
    Tier.MEDIUM,
    LANGUAGES,
    "`{old}` becomes `{new}` for {command}",
    (
        "./configure --enable-ssl --without-x\nnpm i --no-dev\n",
        (
            "./configure --disable-ssl --without-x\nnpm i --no-dev\n",
            "./configure --enable-ssl --with-x\nnpm i --no-dev\n",
            "./configure --enable-ssl --without-x\nnpm i --dev\n",
        ),
    ),
)
def negate_flag(script: Script) -> Iterator[Candidate]:
    for named in _commands(script):
        for span, flag in zip(named.spans, named.args, strict=True):
            if _NOISE_LONG.match(flag):
                continue
            for pattern, new in _TURNED:
                match = pattern.match(flag)
                if match:
                    edit = Edit(span[0], span[0] + match.end(), new)
                    fields = {"old": flag, "new": new + flag[match.end() :], "command": _called(named)}
                    yield Candidate((edit,), fields, named.command.function, (named.command.start, named.command.end))
                    break


# Operands


def _operands(named: Named) -> list[int]:
    taken: set[int] = set()
    for index, end in _options(named):
        taken |= set(range(index, end))
    return [index for index, arg in enumerate(named.args) if index not in taken and not arg.startswith("-")]


@operator(
    "shell.swap-operands",
    FaultClass.WRONG_TARGET,
    Tier.COARSE,
    LANGUAGES,
    "source and target of {command} are swapped: `{target}` to `{source}`",
    (
        "cp a b\nsudo ln -sf /x /y\nmv a b c/\n",
        ("cp b a\nsudo ln -sf /x /y\nmv a b c/\n", "cp a b\nsudo ln -sf /y /x\nmv a b c/\n"),
    ),
)
def swap_operands(script: Script) -> Iterator[Candidate]:
    for named in _commands(script):
        if named.name not in ("cp", "mv", "ln", "rsync", "scp", "install"):
            continue
        operands = _operands(named)
        if len(operands) != 2 or named.args[operands[0]] == named.args[operands[1]]:
            continue
        first, second = (named.spans[index] for index in operands)
        one, two = (script.text[slice(*span)] for span in (first, second))
        fields = {"command": named.name, "source": one, "target": two}
        check = (named.command.start, named.command.end)
        yield Candidate((Edit(*first, two), Edit(*second, one)), fields, named.command.function, check)


def _modes(mode: str) -> list[str]:
    """Too wide, and too narrow."""
    if re.fullmatch(r"0?[0-7]{3,4}", mode):
        digits = mode[-3:]
        lead = mode[:-3]
        owner = digits[0]
        wide = owner * 3
        if wide == digits:
            wide = "777" if int(owner) % 2 else "666"
        narrow = "".join(str(int(one) & ~1) for one in digits)
        if narrow == digits:
            narrow = owner + "00" if digits[1:] != "00" else "400" if owner != "4" else "000"
        return [lead + one for one in dict.fromkeys((wide, narrow)) if one != digits]
    if match := re.fullmatch(r"([ugoa]*)([+=-])([rwxXst]+)", mode):
        who, sign, bits = match.groups()
        return [f"{who}{'-' if sign != '-' else '+'}{bits}"]
    return []


def _opens_what_is_open(old: str, new: str) -> bool:
    """Everybody could read it before, and nobody can do less now: few care who else may write."""
    if not (old.isdigit() and new.isdigit() and int(old[-1]) & 4):
        return False
    return all(int(now) & int(before) == int(before) for before, now in zip(old[-3:], new[-3:], strict=True))


@operator(
    "shell.wrong-mode",
    FaultClass.WRONG_PERMISSION,
    Tier.COARSE,
    LANGUAGES,
    "{path} {verb} {new}, not {old}",
    ("chmod 600 key\n", ("chmod 666 key\n", "chmod 400 key\n")),
    (
        "chmod -R 755 d\nchmod +x e\n",
        ("chmod -R 777 d\nchmod +x e\n", "chmod -R 644 d\nchmod +x e\n", "chmod -R 755 d\nchmod -x e\n"),
    ),
    ("mkdir -m 700 d\n", ("mkdir -m 777 d\n", "mkdir -m 600 d\n")),
)
def wrong_mode(script: Script) -> Iterator[Candidate]:
    for named in _commands(script):
        index = None
        if named.name in ("chmod", "umask"):
            index = next(
                (i for i, arg in enumerate(named.args) if not _FLAG.match(arg) or re.match(r"-[rwx]+$", arg)), None
            )
        elif named.name in ("mkdir", "install", "mkfifo"):
            index = next((i + 1 for i, arg in enumerate(named.args[:-1]) if arg in ("-m", "--mode")), None)
        if index is None:
            continue
        old = named.args[index]
        on = [named.args[i] for i in _operands(named) if i != index]
        said = " ".join(on[-1:] if named.name == "install" else on) or f"the {named.name}"
        verb = "becomes" if named.name == "umask" else "gets mode"
        for new in _modes(old):
            fields = {"old": old, "new": new, "path": said, "verb": verb}
            check = (named.command.start, named.command.end)
            tier = Tier.FINE if named.name != "umask" and _opens_what_is_open(old, new) else None
            yield Candidate((Edit(*named.spans[index], new),), fields, named.command.function, check, tier)


@operator(
    "shell.wrong-owner",
    FaultClass.WRONG_PERMISSION,
    Tier.COARSE,
    LANGUAGES,
    "{path} belongs to {new}, not {old}",
    (
        "chown -R app:web /srv\nchown root x\nchgrp $G y\n",
        (
            "chown -R root:web /srv\nchown root x\nchgrp $G y\n",
            "chown -R app:root /srv\nchown root x\nchgrp $G y\n",
            "chown -R app:web /srv\nchown nobody x\nchgrp $G y\n",
        ),
    ),
)
def wrong_owner(script: Script) -> Iterator[Candidate]:
    for named in _commands(script):
        index = None
        if named.name in ("chown", "chgrp"):
            index = next((i for i, arg in enumerate(named.args) if not arg.startswith("-")), None)
        elif named.name == "install":
            index = next((i + 1 for i, arg in enumerate(named.args[:-1]) if arg in ("-o", "-g")), None)
        if index is None:
            continue
        old = named.args[index]
        match = re.fullmatch(r"([\w.-]*)([:.]?)([\w.-]*)", old)
        if match is None:
            continue
        owner, mark, group = match.groups()
        news = []
        if owner:
            news.append(("nobody" if owner in ("root", "0") else "root") + mark + group)
        if group:
            news.append(owner + mark + ("nogroup" if group in ("root", "0") else "root"))
        path = " ".join(named.args[index + 1 :])
        for new in news:
            fields = {"old": old, "new": new, "path": path}
            check = (named.command.start, named.command.end)
            yield Candidate((Edit(*named.spans[index], new),), fields, named.command.function, check)


_NOT_NUMBERS = frozenset(
    {"chmod", "umask", "sleep", "exit", "return", "kill", "shift", "break", "continue", "timeout", "wait"}
)


@operator(
    "shell.change-number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{new} instead of {old} in `{command}`",
    (
        "run --port=80 -n 5 x2 host:443\nsleep 3\nchmod 600 x\n",
        (
            "run --port=81 -n 5 x2 host:443\nsleep 3\nchmod 600 x\n",
            "run --port=80 -n 6 x2 host:443\nsleep 3\nchmod 600 x\n",
            "run --port=80 -n 5 x2 host:444\nsleep 3\nchmod 600 x\n",
        ),
    ),
)
def change_number(script: Script) -> Iterator[Candidate]:
    """Numbers that are a whole word, the value of an option, or a port behind a colon."""
    for named in _commands(script):
        if named.name in _NOT_NUMBERS or named.name in _UNTOUCHED:
            continue
        for span, arg in zip(named.spans, named.args, strict=True):
            match = re.fullmatch(r"(?P<lead>['\"]?(?:[\w-]+=)?['\"]?(?:[\w.*]*:)?)(?P<number>\d{1,9})['\"]?", arg)
            if match is None or (named.name in ("mkdir", "install") and re.fullmatch(r"0?[0-7]{3}", arg)):
                continue
            start = span[0] + match.start("number")
            old = match["number"]
            new = str(int(old) + 1)
            fields = {"old": old, "new": new, "command": script.said(named.command.start, named.command.end, 50)}
            check = (named.command.start, named.command.end)
            yield Candidate((Edit(start, start + len(old), new),), fields, named.command.function, check)


# Where output goes

_PATH = re.compile(r"[\"']?[\w./~${}-]+[\"']?")


def _other_path(path: str) -> tuple[int, str] | None:
    """(offset, insertion) that turns a path into another one beside it."""
    bare = path.rstrip("\"'")
    if not _PATH.fullmatch(path) or bare.startswith("/dev/") or bare.endswith(("/", ".", "}")) or bare in ("", "-"):
        return None
    stem = splitext(bare)[0]
    if not re.search(r"[A-Za-z0-9]$", stem):
        return None
    # `$name_old` would be another variable.
    return len(stem), "-old" if re.search(r"\$\w+$", stem) else "_old"


@operator(
    "shell.wrong-path",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    LANGUAGES,
    "`{new}` is written instead of `{old}`",
    (
        'a > /o/x.txt 2>/dev/null\ncp a "$D/b.py"\ncp a /d/\n',
        (
            'a > /o/x_old.txt 2>/dev/null\ncp a "$D/b.py"\ncp a /d/\n',
            'a > /o/x.txt 2>/dev/null\ncp a "$D/b_old.py"\ncp a /d/\n',
        ),
    ),
)
def wrong_path(script: Script) -> Iterator[Candidate]:
    for named in _commands(script):
        spans = [
            redirect.target
            for redirect in named.command.redirects
            if redirect.target is not None and redirect.heredoc is None and redirect.op in (">", ">>", ">|", "&>")
        ]
        operands = _operands(named)
        if named.name in ("cp", "mv", "ln", "install") and len(operands) == 2:
            spans.append(named.spans[operands[1]])
        elif named.name in ("tee", "touch") and len(operands) == 1:
            spans.append(named.spans[operands[0]])
        for start, end in sorted(spans):
            path = script.text[start:end]
            other = _other_path(path)
            if other is None:
                continue
            at, more = other
            fields = {"old": path, "new": path[:at] + more + path[at:]}
            check = (named.command.start, named.command.end)
            # Nobody asks for logs and scratch files.
            tier = Tier.FINE if "/tmp/" in path or path.strip("'\"").endswith(".log") else None  # noqa: S108 - only text
            yield Candidate((Edit(start + at, start + at, more),), fields, named.command.function, check, tier)


@operator(
    "shell.swap-append",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    LANGUAGES,
    "`{path}` is {new}, not {old}",
    (
        "a > f\nb >> f\nc | tee -a g >/dev/null\n",
        (
            "a >> f\nb >> f\nc | tee -a g >/dev/null\n",
            "a > f\nb > f\nc | tee -a g >/dev/null\n",
            "a > f\nb >> f\nc | tee g >/dev/null\n",
        ),
    ),
)
def swap_append(script: Script) -> Iterator[Candidate]:
    for command in script.commands:
        words = script.words(command)
        check = (command.start, command.end)
        if words and words[unwrap(words)] == "tee":
            for span, word in zip(command.words, words, strict=True):
                if word in ("-a", "--append"):
                    fields = {"path": words[-1], "old": "appended to", "new": "overwritten"}
                    yield Candidate((Edit(gap(script, span[0]), span[1], ""),), fields, command.function, check)
        for redirect in command.redirects:
            if redirect.op not in (">", ">>") or redirect.target is None or redirect.heredoc is not None:
                continue
            path = script.text[slice(*redirect.target)]
            if path.startswith("/dev/") or path.strip("'\"").startswith("/dev/"):
                continue
            start = script.plain.index(">", redirect.start)
            appends = redirect.op == ">>"
            fields = {
                "path": path,
                "old": "appended to" if appends else "overwritten",
                "new": "overwritten" if appends else "appended to",
            }
            edit = Edit(start, start + len(redirect.op), ">" if appends else ">>")
            tier = Tier.MEDIUM if appends else Tier.FINE
            yield Candidate((edit,), fields, command.function, check, tier)


# Values of variables

_TURN = {
    "true": "false",
    "false": "true",
    "yes": "no",
    "no": "yes",
    "on": "off",
    "off": "on",
    "True": "False",
    "False": "True",
}
_TURN |= {"1": "0", "0": "1"}


@operator(
    "shell.change-value",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{name} is `{new}`, not `{old}`",
    (
        'A=8080\nexport B="/app/x"\nC=true\nD=$(pwd)\n',
        (
            'A=8081\nexport B="/app/x"\nC=true\nD=$(pwd)\n',
            'A=8080\nexport B="/app/x_old"\nC=true\nD=$(pwd)\n',
            'A=8080\nexport B="/app/x"\nC=false\nD=$(pwd)\n',
        ),
    ),
)
def change_value(script: Script) -> Iterator[Candidate]:
    for marked in script.assignments:
        value = marked.node.child_by_field_name("value")
        name = marked.node.child_by_field_name("name")
        if value is None or name is None:
            continue
        start, end = value.start_byte, value.end_byte
        text = script.text[start:end]
        inner = text.strip("'\"") if text[:1] == text[-1:] else text
        offset = start + text.find(inner) if inner else start
        if inner in _TURN:
            new = _TURN[inner]
        elif inner.isdigit() and len(inner) < 10:
            new = str(int(inner) + 1)
        elif re.fullmatch(r"[\w./:@ -]+", inner) and (text[0] in "'\"" or re.fullmatch(r"[\w./:@-]+", text)):
            new = inner + "_old" if re.search(r"\w$", inner) else ""
        else:
            continue
        if not new:
            continue
        fields = {"name": script.text[name.start_byte : name.end_byte], "old": inner, "new": new}
        parent = marked.node.parent
        statement = parent if parent is not None and parent.type == "declaration_command" else marked.node
        check = (statement.start_byte, statement.end_byte)
        yield Candidate((Edit(offset, offset + len(inner), new),), fields, marked.function, check)


_LITERAL = re.compile(r"(?P<quote>['\"])(?P<text>[^'\"$`\\\n]*[A-Za-z][^'\"$`\\\n]*)(?P=quote)")


@operator(
    "shell.change-literal",
    FaultClass.MESSAGE,
    Tier.FINE,
    LANGUAGES,
    "the words {old} are changed",
    ("echo \"hello\" '$x'\nawk 'a' f\ntr 'a-z' 'A-Z'\n", ("echo \"helloX\" '$x'\nawk 'a' f\ntr 'a-z' 'A-Z'\n",)),
    skips=SCRIPT,
)
def change_literal(script: Script) -> Iterator[Candidate]:
    """Quoted words of commands that are not programs of another language."""
    for named in _commands(script):
        # A letter more in a set of `tr` is mostly one that never occurs, or that has no partner.
        if named.name in _PROGRAMS | {"tr"} or named.name in _UNTOUCHED - {"echo", "printf", "[", "test"}:
            continue
        for span, arg in zip(named.spans, named.args, strict=True):
            match = _LITERAL.fullmatch(arg)
            if match is None or arg.startswith(("'-", '"-')):
                continue
            at = span[0] + match.end("text")
            fields = {"old": script.said(*span, 50)}
            yield Candidate(
                (Edit(at, at, "X"),), fields, named.command.function, (named.command.start, named.command.end)
            )


_PROGRAMS = frozenset(
    {
        "sed",
        "awk",
        "gawk",
        "jq",
        "python",
        "python3",
        "perl",
        "ruby",
        "node",
        "bash",
        "sh",
        "psql",
        "mysql",
        "sqlite3",
        "eval",
    }
)
