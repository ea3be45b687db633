"""The pieces of a shell text: here-documents, inline programs, printed files; and what it does with which path."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from mutator.model import SourceKind, Window
from mutator.shell.commands import Command, Redirect, Span, assignments, read_commands
from mutator.shell.syntax import ShellTree, read_shell
from mutator.sources.languages import language_of
from mutator.sources.names import interpreter_language
from mutator.sources.piece import SOLUTION, Piece
from mutator.spelling.shell import BARE, escaped_window, heredoc_window, word_window
from mutator.spelling.window import Parent, WindowBuilder

_HERE = re.compile(r"""dirname\s+(?:--\s+)?["']?\$\{?(?:0|BASH_SOURCE)|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\}""")
_NAMED = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?[-=]([^}$`]*))?\})")
_OUTPUTS = frozenset({">", ">>", ">|", "1>", "1>>", "&>", "&>>"})
_NOWHERE = re.compile(r"^(&?\d|-|/dev/(null|stdout|stderr|tty|fd/.*))$")


@dataclass
class Place:
    """What the shell knows at a point of the script: variables with plain values, and the working directory."""

    variables: dict[str, str] = field(default_factory=dict)
    directory: str = ""

    def resolve(self, window: Window) -> str:
        """A word's value as far as it is known; unknown expansions stay as they are written."""
        if not window.opaque:
            return window.text
        parts: list[str] = []
        done = 0
        for start, end in window.opaque:
            parts += (window.text[done:start], self._expand(window.text[start:end]))
            done = end
        parts.append(window.text[done:])
        return "".join(parts)

    def _expand(self, expansion: str) -> str:
        if _HERE.search(expansion):
            return SOLUTION
        if expansion in ("$0", "${0}", "$BASH_SOURCE", "${BASH_SOURCE[0]}", "${BASH_SOURCE}"):
            return SOLUTION + "/solve.sh"
        if expansion in ("$(pwd)", "`pwd`", "$PWD", "${PWD}"):
            return self.directory or expansion
        match = _NAMED.fullmatch(expansion)
        if match is None:
            return expansion
        name = match[1] or match[2]
        if name in self.variables:
            return self.variables[name]
        return "/root" if name == "HOME" else match[3] or expansion

    def path(self, value: str) -> str:
        """An absolute path where the working directory is known, `/oracle` read as `/solution`."""
        if value.startswith("~/"):
            value = "/root" + value[1:]
        if not value.startswith(("/", "$")) and self.directory:
            value = posixpath.join(self.directory, value)
        trailing = "/" if value.endswith("/") and value != "/" else ""
        value = posixpath.normpath(value) if value else value
        if value == "/oracle" or value.startswith("/oracle/"):
            value = SOLUTION + value[len("/oracle") :]
        return value + trailing


@dataclass(frozen=True, slots=True)
class Call:
    """A command with its words as they are received and as far as they are known."""

    command: Command
    windows: tuple[Window, ...]
    values: tuple[str, ...]
    """Wrappers such as sudo, env and timeout taken off."""
    directory: str
    variables: dict[str, str]
    parent: Parent

    @property
    def name(self) -> str:
        return posixpath.basename(self.values[0]) if self.values else ""

    @property
    def plain_args(self) -> list[str]:
        return [value for value in self.values[1:] if not value.startswith("-") or value == "-"]

    def place(self) -> Place:
        return Place(self.variables, self.directory)


_WRAPPERS = frozenset(
    {
        "sudo",
        "env",
        "nohup",
        "time",
        "nice",
        "timeout",
        "exec",
        "command",
        "builtin",
        "stdbuf",
        "setsid",
        "doas",
        "ionice",
    }
    | {"eatmydata", "unbuffer", "gosu", "fakeroot", "then", "do", "!"}
)
_FAR = frozenset(
    {"ssh", "docker", "podman", "kubectl", "su", "runuser", "chroot", "uv", "poetry", "pipenv", "npx", "xargs", "find"}
    | {"parallel", "flock", "conda", "mamba", "bundle", "watch", "retry", "sshpass", "runcon", "nsenter", "bwrap"}
)


def unwrap(values: list[str]) -> int:
    """How many words of wrappers stand before the program that is run."""
    index = 0
    while index < len(values):
        name = posixpath.basename(values[index])
        if name in _FAR and name != "find":
            for later in range(index + 1, len(values)):
                if " " in values[later]:
                    continue
                if interpreter_language(values[later]) or posixpath.basename(values[later]) in ("tee", "cat", "dd"):
                    return later
            return index
        if name not in _WRAPPERS:
            return index
        index += 1
        while index < len(values) and (values[index].startswith("-") or "=" in values[index]):
            takes = (name == "sudo" and values[index] in ("-u", "-g", "-h", "-p")) or (
                name in ("nice", "ionice") and values[index] in ("-n", "-c")
            )
            takes = (
                takes
                or (name == "timeout" and values[index] in ("-k", "-s"))
                or (name == "env" and values[index] in ("-u", "-C"))
            )
            index += 2 if takes else 1
        if name in ("timeout", "gosu") and index < len(values):
            index += 1
    return min(index, max(len(values) - 1, 0))


@dataclass
class ShellReading:
    tree: ShellTree
    calls: list[Call]
    place: Place
    """At the end of the text."""


def read_calls(window: Parent, place: Place) -> ShellReading:
    """Every simple command in order, with variables and the working directory followed as far as they are plain."""
    tree = read_shell(window.text)
    calls: list[Call] = []
    pending = list(assignments(tree))
    pending.reverse()
    variables, directory = dict(place.variables), place.directory
    for command in read_commands(tree):
        while pending and pending[-1][0] <= command.start:
            _, name, span = pending.pop()
            variables = {**variables, name: Place(variables, directory).resolve(word_window(window, *span))}
        here = Place(variables, directory)
        windows = [word_window(window, *span) for span in command.words]
        values = [here.resolve(one) for one in windows]
        skip = unwrap(values)
        call = Call(command, tuple(windows[skip:]), tuple(values[skip:]), directory, variables, window)
        calls.append(call)
        if call.name in ("cd", "pushd") and len(call.values) == 2 and not command.captured:
            moved = here.path(call.values[1])
            directory = moved.rstrip("/") or "/" if moved.startswith("/") else directory
    for _, name, span in reversed(pending):
        variables = {**variables, name: Place(variables, directory).resolve(word_window(window, *span))}
    return ShellReading(tree, calls, Place(variables, directory))


def shell_pieces(window: Parent, reading: ShellReading) -> Iterator[Piece]:
    """In the order of the text."""
    by_command = {id(call.command): call for call in reading.calls}
    found: list[tuple[int, Piece]] = []
    printed: list[_Printed] = []
    for call in reading.calls:
        command = call.command
        for redirect in command.redirects:
            if redirect.heredoc is not None:
                body = heredoc_window(window, redirect.heredoc)
                piece = _fed(call, by_command, body, SourceKind.HEREDOC)
                found.append((redirect.start, piece))
            elif redirect.op == "<<<" and redirect.target is not None and not command.backquoted:
                builder = WindowBuilder(window)
                builder.include(word_window(window, *redirect.target))
                builder.fixed("\n", redirect.target[1])
                found.append((redirect.start, _fed(call, by_command, builder.window(), SourceKind.INLINE)))
        if command.backquoted:
            continue
        found += [(command.start, piece) for piece in _inline(call)]
        one = _print(call, by_command)
        if one is not None:
            printed.append(one)
    found += _join_printed(window, printed)
    found.sort(key=lambda item: item[0])
    return iter([piece for _, piece in found if piece.window.text.strip()])


# Where a stream goes


def _fed(call: Call, by_command: dict[int, Call], window: Window, kind: SourceKind) -> Piece:
    language, target = _destination(call, by_command, first=True)
    if language:
        return Piece(kind, language, target, window, target or language)
    language = language_of(target, window.text)
    return Piece(kind, language, target, window, target or language)


_FILTERS = frozenset(
    {
        "cat",
        "sort",
        "uniq",
        "tr",
        "cut",
        "head",
        "tail",
        "grep",
        "envsubst",
        "base64",
        "xxd",
        "rev",
        "tac",
        "fold",
        "sed",
    }
    | {"awk", "column", "expand", "unexpand", "nl", "paste", "iconv", "dos2unix", "jq", "tee", "wc", "gzip", "openssl"}
)


def _destination(call: Call, by_command: dict[int, Call], *, first: bool) -> tuple[str, str]:
    """(language, target) of what `call` reads from its standard input, or prints where not `first`."""
    stages = call.command.stages
    for index in range(call.command.stage, len(stages)):
        stage = by_command.get(id(stages[index]))
        if stage is None:
            break
        if index > call.command.stage or first:
            language, target, goes_on = _reader(stage)
            if language or target or not goes_on:
                return language, target
        target = _output(stage.command.redirects, stage)
        if target:
            return "", target
    group = by_command.get(id(call.command.group))
    return _destination(group, by_command, first=False) if group is not None else ("", "")


def _output(redirects: Iterable[Redirect], call: Call) -> str:
    place = call.place()
    for redirect in redirects:
        if redirect.op in _OUTPUTS and redirect.target is not None:
            value = place.path(place.resolve(word_window(call.parent, *redirect.target)))
            if not _NOWHERE.match(value):
                return value
    return ""


_PATHLIKE = re.compile(r"/|\.\w{1,5}$")
_COMPILERS = re.compile(r"^(gcc|g\+\+|clang|clang\+\+|cc|c\+\+)(-\d+)?$")


def _reader(call: Call) -> tuple[str, str, bool]:
    """(language, target, whether it passes on what it reads) of a command at the end of a pipe."""
    name, args, plain = call.name, call.values[1:], call.plain_args
    place = call.place()
    files = [place.path(one) for one in plain if one not in ("-", "/dev/stdin")]
    if not name:
        return "", "", False
    if name == "cat":
        return "", "", not files
    if name == "tee":
        return "", next((one for one in files if not _NOWHERE.match(one)), ""), True
    if name == "dd":
        return "", next((place.path(one[3:]) for one in args if one.startswith("of=")), ""), True
    if name == "crontab":
        return "cron", "", False
    if name == "patch" or (name == "git" and args[:1] and set(args) & {"apply", "am"}):
        return "diff", "", False
    if name in ("ssh", "su", "runuser") or (name == "docker" and "exec" in args):
        return "shell", "", False
    if name in ("ed", "ex", "bc", "dc", "gnuplot", "octave"):
        return name, "", False
    if _COMPILERS.match(name) and "-x" in args:
        return {"c": "c", "c++": "cpp"}.get(args[args.index("-x") + 1] if args[-1:] != ("-x",) else "", ""), "", False
    language = interpreter_language(name)
    if language in ("awk", "sed", "jq"):
        reads_program = any(one in ("-f-", "-") for one in args) and any(one.startswith("-f") for one in args)
        return (language, "", False) if reads_program else ("", "", True)
    if language == "sql":
        given = _program(call) is not None or any(one in ("-f", "--file") for one in args)
        return ("", "", False) if given else ("sql", "", False)
    if language == "shell":
        given = _program(call) is not None or (bool(files) and "-s" not in args)
        return ("", "", False) if given else ("shell", "", False)
    if language:
        given = _program(call) is not None or (bool(files) and name != "mongosh") or "-m" in args
        return ("", "", False) if given else (language, "", False)
    if name in _FILTERS:
        return "", "", True
    target = next((one for one in reversed(files) if _PATHLIKE.search(one)), "")
    return "", target, False


# Inline programs

_PROGRAM_FLAGS = {
    "python": re.compile(r"^-[a-zA-Z]*c$"),
    "shell": re.compile(r"^-[a-z]*c[a-z]*$"),
    "javascript": re.compile(r"^(-e|-p|-pe|--eval|--print)$"),
    "typescript": re.compile(r"^(-e|--eval)$"),
    "perl": re.compile(r"^-[a-zA-Z0-9]*[eE]$"),
    "ruby": re.compile(r"^-[a-z]*e$"),
    "php": re.compile(r"^-[a-z]*r$"),
    "lua": re.compile(r"^-e$"),
    "r": re.compile(r"^-e$"),
    "julia": re.compile(r"^-[eE]$"),
    "sql": re.compile(r"^(-[a-zA-Z]*c|-[a-zA-Z]*e|--command|--execute)$"),
}
_TAKES_VALUE = {
    "awk": {"-F": 1, "-v": 1, "--field-separator": 1, "--assign": 1},
    "sed": {"-l": 1},
    "jq": {"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2, "--indent": 1, "-L": 1},
}


def _program(call: Call) -> int | None:
    """Which word is the program that an interpreter is given inline."""
    values = call.values
    language = interpreter_language(call.name)
    if language in _TAKES_VALUE:
        return _first_operand(values, _TAKES_VALUE[language])
    if language == "sql" and call.name in ("sqlite", "sqlite3", "duckdb"):
        operands = [i for i, value in enumerate(values) if i and not value.startswith("-")]
        return operands[1] if len(operands) > 1 else None
    if call.name in ("su", "runuser", "script", "flock"):
        language = "shell"
    flags = _PROGRAM_FLAGS.get(language)
    for index in range(1, len(values) - 1):
        if flags is None:
            break
        if flags.match(values[index]):
            after = index + 1
            while language == "shell" and after < len(values) - 1 and values[after].startswith("-"):
                after += 1
            return after
        if index > 1 and language in ("python", "javascript", "ruby") and not values[index].startswith("-"):
            break
    return None


def _first_operand(values: tuple[str, ...], takes: dict[str, int]) -> int | None:
    index = 1
    while index < len(values):
        value = values[index]
        if value in ("-f", "--file", "--from-file", "-e", "--expression") or value.startswith("--expression="):
            return index + 1 if value in ("-e", "--expression") and index + 1 < len(values) else None
        if value in takes:
            index += 1 + takes[value]
        elif value.startswith("-") and value != "-":
            # A cluster such as -ne or -Ei ends with the flag that takes the program.
            if value.endswith("e") and takes is _TAKES_VALUE["sed"] and not value.startswith(("--", "-i")):
                return index + 1 if index + 1 < len(values) else None
            index += 1
        else:
            return index
    return None


def _inline(call: Call) -> Iterator[Piece]:
    name = call.name
    if name == "find":
        for index in range(1, len(call.values)):
            if call.values[index - 1] in ("-exec", "-execdir") and interpreter_language(call.values[index]):
                inner = Call(
                    call.command, call.windows[index:], call.values[index:], call.directory, call.variables, call.parent
                )
                yield from _inline(inner)
        return
    language = interpreter_language(name)
    if name in ("su", "runuser", "script", "flock"):
        language = "shell"
    if name in ("trap", "eval") and len(call.values) > 1 and " " in call.values[1]:
        yield Piece(SourceKind.INLINE, "shell", "", call.windows[1], name)
        return
    if name == "ssh" and len(call.values) > 2 and " " in call.values[-1]:
        yield Piece(SourceKind.INLINE, "shell", "", call.windows[-1], "ssh")
        return
    indexes = [one for one in (_program(call),) if one is not None]
    if language == "sed":
        more = [i + 1 for i, value in enumerate(call.values[:-1]) if i and value in ("-e", "--expression")]
        indexes = sorted({*indexes, *more})
    for index in indexes:
        if not language or index >= len(call.windows) or len(call.windows[index].text) < 2:
            continue
        target = ""
        if language == "sed" and any(value.startswith(("-i", "--in-place")) for value in call.values):
            files = [value for i, value in enumerate(call.values) if i > indexes[-1] and not value.startswith("-")]
            target = call.place().path(files[0]) if files else ""
        yield Piece(SourceKind.INLINE, language, target, call.windows[index], target or language)


# echo and printf


@dataclass(frozen=True, slots=True)
class _Printed:
    call: Call
    window: Window
    language: str
    target: str
    appends: bool
    grouped: bool


_ECHO_FLAGS = re.compile(r"^-[neE]+$")


def _print(call: Call, by_command: dict[int, Call]) -> _Printed | None:
    if call.name not in ("echo", "printf") or (call.command.captured and not call.command.redirects):
        return None
    language, target = _destination(call, by_command, first=False)
    if not language and not target:
        return None
    window = _echoed(call) if call.name == "echo" else _formatted(call)
    if window is None or not window.text.strip() or _unknown(window):
        return None
    own = [redirect for redirect in call.command.redirects if redirect.op in _OUTPUTS]
    appends = any(redirect.op.endswith(">>") for redirect in own)
    appends = appends or any("-a" in one.values for one in map(by_command.get, map(id, call.command.stages)) if one)
    return _Printed(call, window, language, target, appends, not own and len(call.command.stages) == 1)


def _unknown(window: Window) -> bool:
    """Nothing but expansions."""
    rest = "".join(
        window.text[end:start]
        for (_, end), (start, _) in pairwise([(0, 0), *window.opaque, (len(window.text), len(window.text))])
    )
    return not rest.strip()


def _echoed(call: Call) -> Window | None:
    index, flags = 1, ""
    while index < len(call.values) and _ECHO_FLAGS.match(call.values[index]):
        flags += call.values[index]
        index += 1
    words = call.windows[index:]
    if not words:
        return None
    joined = _side_by_side(words, call.command.words[-len(words) :])
    if "e" in flags:
        joined = escaped_window(joined, percent=False)
    if "n" in flags:
        return joined
    builder = WindowBuilder(joined.parent)
    builder.include(joined)
    builder.fixed("\n", joined.runs[-1].outer + joined.runs[-1].width)
    return builder.window()


def _side_by_side(windows: tuple[Window, ...], spans: list[Span]) -> Window:
    builder = WindowBuilder(windows[0].parent)
    for index, window in enumerate(windows):
        if index:
            builder.zone(BARE, spans[index - 1][1])
            builder.escape(" ", spans[index - 1][1], spans[index][0])
        builder.include(window)
    return builder.window()


def _formatted(call: Call) -> Window | None:
    windows = call.windows[1:]
    if windows and windows[0].text == "--":
        windows = windows[1:]
    if not windows or windows[0].text.startswith("-"):
        return None
    plain = windows[0].text.replace("\n", "\\n")
    if plain in ("%s\\n", "%s", "%b\\n", "%b") and len(windows) > 1:
        spans = call.command.words[-len(windows) + 1 :]
        builder = WindowBuilder(windows[0].parent)
        if plain.startswith("%b"):
            return escaped_window(windows[1], percent=False) if len(windows) == 2 else None
        for window, span in zip(windows[1:], spans, strict=True):
            builder.include(window)
            if plain.endswith("n"):
                builder.fixed("\n", span[1])
        return builder.window()
    return escaped_window(windows[0], percent=True)


_BETWEEN = re.compile(r"(?:\s|;|&&|#[^\n]*\n)*")


def _join_printed(window: Parent, printed: list[_Printed]) -> Iterator[tuple[int, Piece]]:
    """What is printed to one file line by line, by commands side by side, is one text."""
    runs: list[list[_Printed]] = []
    for one in printed:
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and last.target == one.target
            and last.language == one.language
            and last.call.command.container == one.call.command.container
            and (one.appends or one.grouped)
            and _BETWEEN.fullmatch(window.text, _line_end(last.call), one.call.command.start)
        ):
            runs[-1].append(one)
        else:
            runs.append([one])
    for run in runs:
        first = run[0]
        text = first.window
        if len(run) > 1 and all(one.window.parent is window for one in run):
            builder = WindowBuilder(window)
            for one in run:
                builder.include(one.window)
            text = builder.window()
        elif len(run) > 1:
            for one in run[1:]:
                language = one.language or language_of(one.target, one.window.text)
                piece = Piece(SourceKind.PRINTED, language, one.target, one.window, one.target or language)
                yield one.call.command.start, piece
        language = first.language or language_of(first.target, text.text)
        yield (
            first.call.command.start,
            Piece(SourceKind.PRINTED, language, first.target, text, first.target or language),
        )


def _line_end(call: Call) -> int:
    return max(command.end for command in call.command.stages)
