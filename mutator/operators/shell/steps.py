"""What a script does, left out: steps, services, cron jobs, edits, exports, or the rest of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from posixpath import basename

from mutator.model import Candidate, Edit, FaultClass, SourceKind, Tier
from mutator.operators.define import operator
from mutator.operators.shell.document import Chain, Script, Step
from mutator.shell.commands import Command
from mutator.sources.shell import unwrap

LANGUAGES = frozenset({"shell"})
SCRIPT = frozenset({SourceKind.SCRIPT})

_SILENT = frozenset(
    {"set", "shopt", ":", "true", "exit", "return", "shift", "break", "continue", "trap", "local", "read"}
)
"""Their loss changes nothing, or is another operator's."""
_LOOKS = frozenset(
    {
        "echo",
        "printf",
        "cat",
        "ls",
        "head",
        "tail",
        "grep",
        "egrep",
        "file",
        "stat",
        "wc",
        "which",
        "type",
        "id",
        "whoami",
    }
    | {
        "pwd",
        "date",
        "diff",
        "test",
        "[",
        "[[",
        "ps",
        "df",
        "du",
        "free",
        "uname",
        "tree",
        "md5sum",
        "sha256sum",
        "less",
    }
    | {
        "printenv",
        "hostname",
        "cmp",
        "sleep",
        "clear",
        "tput",
        "netstat",
        "ss",
        "pgrep",
        "lsof",
        "nslookup",
        "ping",
        "crontab",
    }
)
"""They print or wait: without a redirection nothing is left of them."""
_FINE = frozenset(
    {
        "touch",
        "ldconfig",
        "cd",
        "pushd",
        "popd",
        "mkdir",
        "source",
        ".",
        "umask",
        "wait",
        "sync",
        "unset",
        "hash",
        "ulimit",
    }
)
_HOUSEKEEPING = (
    (frozenset({"apt-get", "apt"}), frozenset({"update", "clean", "autoremove", "autoclean"})),
    (frozenset({"make", "gmake"}), frozenset({"clean", "distclean", "mrproper"})),
    (frozenset({"git"}), frozenset({"gc", "fsck", "status", "log", "--version"})),
    (frozenset({"go"}), frozenset({"vet", "fmt"})),
    (frozenset({"pip", "pip3"}), frozenset({"pip"})),
)
"""Steps that tidy up or look after what was done: (programs, what they are told)."""
_INSTALLS = {
    **{name: {"install"} for name in "apt-get apt yum dnf pip pip3 npm gem cargo conda".split()},
    "uv": {"init", "add", "venv", "sync", "pip", "tool"},
    "python3": {"venv", "pip", "ensurepip"},
    "python": {"venv", "pip", "ensurepip"},
    "apk": {"add"},
    "yarn": {"add"},
}
"""Without its tool a program does not even start, unless the instruction asks for the tool itself."""
_BUILDS = frozenset(
    {("go", "build"), ("cargo", "build"), ("npm", "run"), ("mvn", "package"), ("gradle", "build"), ("dotnet", "build")}
    | {("tsc", ""), ("cmake", "")}
)
"""Without it nothing is there to be tried, or whoever tries it builds it anyway."""
_SERVICE_COMMANDS = frozenset(
    {
        "nginx",
        "apache2",
        "httpd",
        "supervisord",
        "redis-server",
        "postgres",
        "mysqld",
        "mysqld_safe",
        "mongod",
        "dockerd",
    }
    | {"sshd", "crond", "cron", "rsyslogd", "memcached", "haproxy", "gunicorn", "uvicorn", "named", "dnsmasq", "vsftpd"}
    | {"pg_ctlcluster", "pm2", "caddy", "squid", "slapd", "smbd", "postfix", "dovecot", "etcd", "consul", "prometheus"}
)
_STARTS = frozenset({"start", "restart", "reload", "enable", "reload-or-restart", "enable-now"})


def head(script: Script, start: int) -> Command | None:
    """The first simple command of a statement."""
    return script.by_start.get(start)


def named(script: Script, command: Command) -> tuple[str, list[str]]:
    """The program and its arguments, wrappers such as sudo taken off."""
    words = script.words(command)
    skip = unwrap(words)
    words = words[skip:]
    return (basename(words[0].strip("'\"")), words[1:]) if words else ("", [])


def _writes(script: Script, command: Command | None) -> bool:
    """Whether what it prints goes to a file, its own or that of a group around it."""
    while command is not None:
        for redirect in (one for stage in command.stages for one in stage.redirects):
            target = script.text[slice(*redirect.target)] if redirect.target else ""
            stdout = redirect.op.startswith((">", "&>", "1>")) and not redirect.op.endswith("&")
            if stdout and not target.startswith("/dev/"):
                return True
        command = command.group
    return False


@lru_cache(maxsize=8)
def _last_uses(text: str) -> dict[str, int]:
    """Where the value of each variable is asked for last."""
    return {use[1]: use.start() for use in re.finditer(r"\$\{?(\w+)", text)}


def _assigned(script: Script, start: int, end: int) -> str:
    """The role of a statement that is no command."""
    said = script.text[start:end]
    name = re.match(r"(\w+)=", said)
    if name and _last_uses(script.text).get(name[1], -1) >= end:
        return "needed"
    if re.fullmatch(r"\w+=(?:\"[^\"`]*\"|'[^']*'|[^\s`$(]*)", said) and "$(" not in said:
        return "fine"  # Nobody forgets to name what is used below.
    return "assign" if re.match(r"\w+\+?=|unset\b", script.plain[start : start + 12]) else "step"


def role_of(script: Script, start: int, end: int) -> tuple[str, str]:
    """(role, what is named in the sentence) of a statement: step, look, fine, service, cron, edit, export or none."""
    text = script.said(start, end)
    command = head(script, start)
    first = script.plain[start : start + 12]
    if re.match(r"(for|while|until|if|case)\b", first) and only_looks(script, start, end):
        return "look", text
    if command is None:
        return _assigned(script, start, end), text
    name, args = named(script, command)
    if any(_installs_cron(*named(script, stage)) for stage in command.stages):
        return "cron", text
    if not name:
        return ("step", text) if not command.assigns else ("assign", text)
    if name in ("export", "declare", "readonly", "typeset"):
        return "export", text
    if name in _SILENT:
        return "none", text
    if _only_prints(name, args):
        return "look", text
    if _is_run_here(script, start, end):
        return "needed", text
    service = _service(script, command, name, args, end)
    if service:
        return "service", service
    if name in ("sed", "perl") and any(
        re.match(r"-[a-zA-Z0-9]*i", one) or one.startswith("--in-place") for one in args
    ):
        return "edit", args[-1] if args else text
    passes = [named(script, stage) for stage in command.stages]
    fetches = any(one in ("curl", "wget") for one, _ in passes)
    if all(_looks(*one) for one in passes) and not _writes(script, command):
        return ("fine" if fetches else "look"), text
    if name in _INSTALLS and _INSTALLS[name] & set(args[:3]) and not (name == "uv" and "run" in args[:1]):
        return "install", text
    if (name, next((one for one in args if not one.startswith("-")), "")) in _BUILDS or name in (
        "make",
        "javac",
        "gcc",
    ):
        return "build", text
    if name in ("curl", "wget") and any(named(script, one)[0] in ("sh", "bash") for one in command.stages[1:]):
        return "install", text
    if name == "chmod" and any(re.fullmatch(r"[ugoa]*\+x|0?[75]55", one) for one in args):
        return "executable", text
    if re.search(r">\s*['\"]?\S*\b(?:go\.mod|package\.json|Cargo\.toml|CMakeLists\.txt|Makefile|pom\.xml)\b", text):
        return "build", text
    if re.search(r"(?:>\s*|\s)['\"]?/tmp/[^\s'\"]*['\"]?$", text) and name not in ("cp", "mv", "cat", "echo", "mkdir"):
        return "fine", text  # Tried out beforehand.
    if name in _FINE or any(name in names and words & set(args) for names, words in _HOUSEKEEPING):
        return "fine", text
    if name == "rm" and all(_is_scratch(one) for one in args):
        return "fine", text
    return "step", text


_RUNS = r"(?:^|[;&|]|\s)(?:python3?|bash|sh|node|ruby|perl)\s+"


def _is_run_here(script: Script, start: int, end: int) -> bool:
    """Writes a program that the script runs itself, or runs it: whatever it is there for is lost with it."""
    said = script.text[start:end]
    line = said.split("\n", 1)[0]
    target = re.search(r">\s*['\"]?([\w./${}-]+\.(?:py|sh|js|rb|pl))\b", line)
    if target is not None and "<<" in line:
        return _is_run(script.plain, basename(target[1]))
    ran = re.match(rf"{_RUNS}(\S+\.(?:py|sh|js|rb|pl))\b", said)
    return ran is not None and _is_written(script.text, basename(ran[1]))


@lru_cache(maxsize=64)
def _is_run(text: str, name: str) -> bool:
    return re.search(rf"{_RUNS}\S*{re.escape(name)}\b", text, re.MULTILINE) is not None


@lru_cache(maxsize=64)
def _is_written(text: str, name: str) -> bool:
    name = re.escape(name)
    return re.search(rf">\s*\S*\b{name}['\"]?\s*<<|<<.*>\s*\S*\b{name}\b", text) is not None


def _is_scratch(word: str) -> bool:
    kept = word.startswith(("-", "/var/lib/apt/", "/var/cache/apt/"))
    return kept or re.search(r"(?i)\btmp|temp\b|_tmp", word) is not None


def _only_prints(name: str, args: list[str]) -> bool:
    """`python -c "import x; print(x.version)"`."""
    if not name.startswith("python") or len(args) != 2 or args[0] != "-c":
        return False
    lines = [line.strip() for line in re.split(r"[;\n]", args[1].strip("'\"")) if line.strip()]
    return all(re.match(r"(?:import|from|print)\b", line) for line in lines)


def only_looks(script: Script, start: int, end: int) -> bool:
    """Whether all that a loop does is to print, to wait, or to ask whether something is there yet."""
    harmless = ("look", "none", "fine", "assign")
    return all(role_of(script, one.start, one.end)[0] in harmless for one in script.within(start, end))


def service_of(script: Script, step: Step) -> str:
    """The service that a statement starts; nothing where it starts none."""
    kind, name = role_of(script, step.start, step.end)
    return name if kind == "service" else ""


_ASKS = frozenset(
    {("conda", "env", "list"), ("conda", "list"), ("conda", "info"), ("pip", "list"), ("pip", "show"), ("pip3", "list")}
    | {("git", "status"), ("git", "log"), ("git", "diff"), ("git", "show"), ("systemctl", "status"), ("docker", "ps")}
    | {("man",), ("info",), ("nproc",), ("lsb_release",)}
)
"""Commands with commands of their own that only show something."""
_SENDS = re.compile(r"-[a-zA-Z]*[OdXTF]|--(remote-name|data|request|upload-file|form|json|post)")
_TO_FILE = re.compile(r"-[a-zA-Z]*o|--output\b")
TESTS_ONLY = frozenset({"-t", "-T", "-q", "-v", "-V", "--version", "--help", "configtest"})


def _looks(name: str, args: list[str]) -> bool:
    """Whether nothing is left of it but what it prints."""
    if name == "curl":
        kept = [args[at + 1 : at + 2] for at, one in enumerate(args) if _TO_FILE.match(one)]
        return not any(_SENDS.match(one) for one in args) and all(one in (["/dev/null"], ["-"]) for one in kept)
    if name == "tar" and args and re.match(r"-?[a-zA-Z]*t", args[0]) and not re.match(r"-?[a-zA-Z]*[cx]", args[0]):
        return True
    if not _ASKS.isdisjoint({(name, *args[:2]), (name, *args[:1]), (name,)}):
        return True
    if name == "wget":
        return "--spider" in args or any(re.match(r"-q?O-|--output-document=-", one) for one in args)
    return name in _LOOKS or name in _PURE or (bool(args) and TESTS_ONLY.issuperset(args))


def _installs_cron(name: str, args: list[str]) -> bool:
    return name == "crontab" and "-l" not in args


_PURE = frozenset({"awk", "seq", "sed", "sort", "uniq", "cut", "tr", "jq", "column", "nl", "xxd", "od", "rev", "tac"})


def _service(script: Script, command: Command, name: str, args: list[str], end: int) -> str:
    plain = [one for one in args if not one.startswith("-")]
    if name in ("systemctl", "supervisorctl", "rc-service", "sv") and any(one in _STARTS | {"up"} for one in plain):
        return " ".join(one for one in plain if one not in _STARTS) or name
    if name in ("service", "invoke-rc.d") and len(plain) > 1 and plain[1] in _STARTS:
        return plain[0]
    if name.startswith("/etc/init.d/") and plain[:1] and plain[0] in _STARTS:
        return name
    if name in _SERVICE_COMMANDS and not any(one in ("-t", "-T", "-v", "-V", "--version") for one in args):
        return name
    said = " ".join([name, *args])
    if name in ("start-stop-daemon", "daemonize") or script.words(command)[:1] in (["nohup"], ["setsid"]):
        return said
    if re.match(r"[ \t]*&(?![&>])", script.plain[end : end + 8]):
        return said
    return ""


def _chained(script: Script) -> dict[int, Chain]:
    return {chain.start: chain for chain in script.chains if chain.is_step}


def _removals(script: Script, wanted: frozenset[str]) -> Iterator[tuple[str, str, Candidate]]:
    """(role, name, candidate) of every statement or part of a `&&` chain with a wanted role."""
    chained = _chained(script)
    for step in script.steps:
        chain = chained.get(step.start)
        if chain is not None and chain.end >= step.end:
            yield from _parts(script, step, chain, wanted)
            continue
        if step.node.type in ("subshell", "compound_statement") and step.node.named_child_count == 1:
            continue  # What stands in it alone is a step itself.
        role, name = role_of(script, step.start, step.end)
        if role in wanted:
            edits, check = script.without(step)
            yield role, name, Candidate(edits, {"step": name}, step.function, check)


def _parts(script: Script, step: Step, chain: Chain, wanted: frozenset[str]) -> Iterator[tuple[str, str, Candidate]]:
    """The commands of `a && b && c` one by one; `a || b` as a whole, by what `a` is."""
    if any(mark != "&&" for _, _, mark in chain.operators):
        role, name = role_of(script, *chain.parts[0])
        if role in wanted and role != "look":
            edits, check = script.without(step)
            yield role, script.said(step.start, step.end), Candidate(edits, {"step": name}, step.function, check)
        return
    for index, (start, end) in enumerate(chain.parts):
        role, name = role_of(script, start, end)
        if role not in wanted:
            continue
        if index == 0:
            operator = chain.operators[0]
            following = chain.parts[1][0]
            own = max([end, *(body.close for body in script.bodies(start, end) if body.close <= following)])
            blank = script.plain[max(own, operator[1]) : following]
            edits = script.removal(start, following) if not blank.strip() else (*script.removal(start, operator[1]),)
        else:
            operator = chain.operators[index - 1]
            before = chain.parts[index - 1][1]
            between = any(before <= body.start < start for body in script.tree.heredocs)
            if between:
                edits = (Edit(operator[0], operator[1], ""), *script.removal(start, end))
            else:
                edits = script.removal(before, end)
        yield role, name, Candidate(edits, {"step": name}, step.function, (chain.start, chain.end))


@operator(
    "shell.drop-step",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "the step `{step}` is left out",
    (
        "set -e\n# owner\nchown www-data /srv\necho done\ncp a b # keep\n",
        ("set -e\n# owner\necho done\ncp a b # keep\n", "set -e\n# owner\nchown www-data /srv\necho done\n"),
    ),
    (
        "mkdir -p d && cp a d && chmod 600 d/a\n",
        ("cp a d && chmod 600 d/a\n", "mkdir -p d && chmod 600 d/a\n", "mkdir -p d && cp a d\n"),
    ),
    (
        "cat > a <<'X' | tee b\n1\nX\nmake; make install\n",
        (
            "make; make install\n",
            "cat > a <<'X' | tee b\n1\nX\n:; make install\n",
            "cat > a <<'X' | tee b\n1\nX\nmake; :\n",
        ),
    ),
    ("if test -f a; then\n  rm a\nfi\n", ("", "if test -f a; then\n  :\nfi\n")),
    ("cat > f <<X &&\n1\nX\nchmod +x f\n", ("chmod +x f\n", "cat > f <<X \n1\nX\n\n")),
    ("rm x || exit 1\n", ("",)),
)
def drop_step(script: Script) -> Iterator[Candidate]:
    tiers = {
        "step": Tier.COARSE,
        "fine": Tier.FINE,
        "install": Tier.MEDIUM,
        "executable": Tier.MEDIUM,
        "needed": Tier.FINE,
        "build": Tier.FINE,
    }
    for role, name, candidate in _removals(script, frozenset(tiers)):
        stated = "\n".join(_packages(name)) if role == "install" else _run_as(name) if role == "executable" else ""
        yield replace(candidate, fields={"step": name}, tier=tiers[role], stated=stated)


def _run_as(step: str) -> str:
    """How an instruction says that a program is started by its own name; a hook or a script mostly is."""
    name = step.rpartition(" ")[2].strip("'\"")
    return f"executable\n./{basename(name)}\nchmod" if name.endswith((".py", ".js", ".rb", ".pl")) else ""


def _packages(step: str) -> list[str]:
    return [re.split("[=<>~!\\[]", word.strip("'\""))[0] for word in step.split() if not word.startswith("-")][1:]


@operator(
    "shell.drop-service",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "the service `{step}` is not started",
    (
        "service cron start\nsudo nginx\npython3 app.py > log 2>&1 &\nsystemctl stop x\n",
        (
            "sudo nginx\npython3 app.py > log 2>&1 &\nsystemctl stop x\n",
            "service cron start\npython3 app.py > log 2>&1 &\nsystemctl stop x\n",
            "service cron start\nsudo nginx\nsystemctl stop x\n",
        ),
    ),
    ("nginx -t && nginx -s reload\n", ("nginx -t\n",)),
)
def drop_service(script: Script) -> Iterator[Candidate]:
    return (candidate for _, _, candidate in _removals(script, frozenset({"service"})))


@operator(
    "shell.drop-cron",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "the cron table is not installed: `{step}` is left out",
    ("a\n(crontab -l; echo '0 * * * * /b') | crontab -\n", ("a\n",)),
    ("crontab jobs\nb\n", ("b\n",)),
)
def drop_cron(script: Script) -> Iterator[Candidate]:
    return (candidate for _, _, candidate in _removals(script, frozenset({"cron"})))


@operator(
    "shell.drop-edit",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "the edit of {step} is left out",
    (
        "sed -n 1p a\nsed -i 's/a/b/' /etc/c\nperl -pi -e 's/x/y/' d\n",
        ("sed -n 1p a\nperl -pi -e 's/x/y/' d\n", "sed -n 1p a\nsed -i 's/a/b/' /etc/c\n"),
    ),
)
def drop_edit(script: Script) -> Iterator[Candidate]:
    return (candidate for _, _, candidate in _removals(script, frozenset({"edit"})))


@operator(
    "shell.drop-export",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "`{step}` is left out",
    ("export PATH=/a:$PATH\nexport B\nC=1\n", ("export B\nC=1\n", "export PATH=/a:$PATH\nC=1\n")),
)
def drop_export(script: Script) -> Iterator[Candidate]:
    return (candidate for _, _, candidate in _removals(script, frozenset({"export"})))


@operator(
    "shell.drop-print",
    FaultClass.DROPPED_OUTPUT,
    Tier.FINE,
    LANGUAGES,
    "`{step}` is left out: it is not printed",
    ("echo hi\necho x > f\ncat f | sort\n", ("echo x > f\ncat f | sort\n", "echo hi\necho x > f\n")),
    skips=SCRIPT,
)
def drop_print(script: Script) -> Iterator[Candidate]:
    return (candidate for _, _, candidate in _removals(script, frozenset({"look"})))
