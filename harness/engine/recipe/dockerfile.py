"""Reads a Dockerfile as BuildKit does: instructions, heredocs, stages. Does not run them."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engine.recipe.words import Syntax, expand, split
from harness.errors import BuildFailed

INSTRUCTIONS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER "
    "VOLUME WORKDIR".split()
)
FLAGS: Mapping[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"}),
    "COPY": frozenset({"chown", "chmod", "link", "from", "parents", "exclude"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}
JSON_FORM = frozenset({"ADD", "COPY", "CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
HEREDOC_FORM = frozenset({"ADD", "COPY", "RUN"})

_DIRECTIVE = re.compile(r"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_BLANKS = re.compile(r"[\t\v\f\r ]+")
_HEREDOC = re.compile(r"^(\d*)<<(-?)([^<]*)$")


@dataclass(frozen=True, slots=True)
class Heredoc:
    name: str
    body: str
    expand: bool
    """False if the delimiter was quoted."""
    strip_tabs: bool

    @property
    def content(self) -> str:
        return re.sub(r"(?m)^\t+", "", self.body) if self.strip_tabs else self.body


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    """Upper case."""
    text: str
    """Everything after the flags, continuation lines joined, variables not expanded."""
    line: int
    end_line: int
    flags: tuple[tuple[str, str], ...] = ()
    """(name without dashes, value) in order; the value is '' for a flag without one."""
    json: tuple[str, ...] | None = None
    """The strings of the exec form, None for the plain form."""
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str | None:
        return next((value for flag, value in reversed(self.flags) if flag == name), None)

    def all_flags(self, name: str) -> tuple[str, ...]:
        return tuple(value for flag, value in self.flags if flag == name)

    def on(self, name: str) -> bool:
        return self.flag(name) in ("", "true", "1")

    def __str__(self) -> str:
        flags = "".join(f"--{name}={value} " if value else f"--{name} " for name, value in self.flags)
        return f"{self.name} {flags}{self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class Stage:
    index: int
    name: str
    """Lower case, '' without AS."""
    base: str
    """The image or earlier stage that it is based on, with variables expanded."""
    platform: str
    instruction: Instruction
    body: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    path: str
    """The path for messages."""
    syntax: Syntax
    arguments: tuple[Instruction, ...]
    """The ARG lines before the first FROM."""
    instructions: tuple[Instruction, ...]
    """All instructions, including those ARG lines."""

    def fail(self, message: str, at: Instruction | int, *, hint: str = "") -> BuildFailed:
        """An error that is certainly this file's fault, for the caller to raise."""
        line, text = (at, "") if isinstance(at, int) else (at.line, str(at))
        return BuildFailed(
            f"{self.path}:{line}: {message}", file=self.path, line=line, instruction=text, hint=hint, certain=True
        )


def read(path: Path, *, shown: str = "") -> Dockerfile:
    """Read the file's instructions. Raises BuildFailed (certain) for everything that BuildKit would refuse to parse."""
    name = shown or path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BuildFailed(f"{name} cannot be read: {error.strerror}.", file=name) from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BuildFailed(f"{name}:{line}: this is not UTF-8 text.", file=name, line=line) from error
    return parse(text, name)


def parse(text: str, path: str = "Dockerfile") -> Dockerfile:
    reader = _Reader(text, path)
    instructions = tuple(reader.instructions())
    if not instructions:
        raise BuildFailed(f"{path} has no instructions.", file=path)
    first = next((i for i, each in enumerate(instructions) if each.name == "FROM"), None)
    leading = instructions if first is None else instructions[:first]
    dockerfile = Dockerfile(path, reader.syntax, leading, instructions)
    for each in leading:
        if each.name != "ARG":
            raise dockerfile.fail(f"{each.name} comes before the first FROM; only ARG may.", each)
    if first is None:
        raise dockerfile.fail("there is no FROM, so nothing to build on.", instructions[-1].end_line)
    return dockerfile


class _Reader:
    def __init__(self, text: str, path: str) -> None:
        self.lines = text.removeprefix("\ufeff").split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.at = 0
        self.path = path
        self.syntax = Syntax()
        self.directives: set[str] | None = set()  # None after the first other line

    def fail(self, message: str, line: int, instruction: str = "") -> BuildFailed:
        return BuildFailed(f"{self.path}:{line}: {message}", file=self.path, line=line, instruction=instruction)

    def instructions(self) -> Iterable[Instruction]:
        while self.at < len(self.lines):
            first = self.next_line().lstrip()
            start = self.at
            self.directive(first)
            if first.startswith("#"):
                first = ""
            text, ended = self.continued(first)
            if ended and not text:
                continue
            while not ended and self.at < len(self.lines):
                more = self.next_line()
                self.directives = None
                if more.lstrip().startswith("#") or not more.strip():
                    continue
                piece, ended = self.continued(more)
                text += piece
            yield self.instruction(text, start)

    def next_line(self) -> str:
        self.at += 1
        return self.lines[self.at - 1].removesuffix("\r")

    def directive(self, line: str) -> None:
        if self.directives is None:
            return
        match = _DIRECTIVE.match(line)
        name = match[1].lower() if match else ""
        if match is None or name not in ("syntax", "escape", "check"):
            self.directives = None
            return
        if name in self.directives:
            raise self.fail(f"the parser directive {name} is given twice.", self.at)
        self.directives.add(name)
        if name == "escape":
            if match[2] not in ("\\", "`"):
                raise self.fail(f"the escape character must be \\ or `, not {match[2]}.", self.at)
            self.syntax = Syntax(match[2])

    def continued(self, line: str) -> tuple[str, bool]:
        """The line without its continuation character, and whether the instruction ends here. A doubled character
        stays."""
        bare = line.rstrip(" \t")
        if not bare.endswith(self.syntax.escape) or bare.endswith(self.syntax.escape * 2):
            return line, True
        return bare[:-1], False

    def instruction(self, text: str, start: int, *, trigger: bool = False) -> Instruction:
        words = _BLANKS.split(text.strip(), maxsplit=1)
        name, rest = words[0].upper(), words[1].strip() if len(words) > 1 else ""
        if name not in INSTRUCTIONS:
            raise self.fail(f"unknown instruction: {words[0]}", start, text.strip())
        flags, rest = self.flags(name, rest, start)
        result = Instruction(name, rest, start, self.at, flags)
        if name in JSON_FORM:
            result = replace(result, json=self.json(result))
        if name == "ONBUILD":
            if trigger or not rest:
                raise self.fail("ONBUILD needs an instruction, and not another ONBUILD.", start, str(result))
            inner = self.instruction(rest, start, trigger=True)
            if inner.name in ("FROM", "MAINTAINER"):
                raise self.fail(f"{inner.name} is not allowed as an ONBUILD trigger.", start, str(result))
            return replace(result, end_line=self.at)
        if name in HEREDOC_FORM and result.json is None and "<<" in rest:
            result = replace(result, heredocs=tuple(self.heredocs(result)), end_line=self.at)
        self.check(result)
        return result

    def flags(self, name: str, rest: str, line: int) -> tuple[tuple[tuple[str, str], ...], str]:
        known = FLAGS.get(name, frozenset())
        found: list[tuple[str, str]] = []
        while rest.startswith("--"):
            word, rest = self.flag_word(rest)
            if word == "--":
                break
            flag, _, value = word[2:].partition("=")
            if flag not in known:
                hint = f" (it has {', '.join('--' + each for each in sorted(known))})" if known else ""
                raise self.fail(f"{name} has no flag --{flag}{hint}.", line, f"{name} {word} {rest}".strip())
            found.append((flag, value))
        return tuple(found), rest

    @staticmethod
    def flag_word(rest: str) -> tuple[str, str]:
        word, quote, at = "", "", 0
        while at < len(rest):
            char = rest[at]
            at += 1
            if char == "\\":
                word += rest[at : at + 1]
                at += 1
            elif quote:
                quote, word = ("", word) if char == quote else (quote, word + char)
            elif char in "'\"":
                quote = char
            elif char.isspace():
                break
            else:
                word += char
        return word, rest[at:].lstrip()

    def json(self, instruction: Instruction) -> tuple[str, ...] | None:
        if not instruction.text.startswith("["):
            return None
        try:
            value, _ = json.JSONDecoder().raw_decode(instruction.text)
        except (ValueError, RecursionError):
            return None  # an unreadable list is plain text, as in `RUN [ -f x ] && ...`
        if not all(isinstance(each, str) for each in value):
            raise self.fail("only strings may stand in the JSON list.", instruction.line, str(instruction))
        return tuple(value)

    def heredocs(self, instruction: Instruction) -> Iterable[Heredoc]:
        try:
            words = split(instruction.text, {}, replace(self.syntax, raw_quotes=True, raw_escapes=True))
        except ValueError:
            return  # an open quote: BuildKit sees no heredoc in such a line either
        for opening in filter(None, (heredoc_opening(word) for word in words)):
            body: list[str] = []
            while self.at < len(self.lines):
                line = self.lines[self.at]
                self.at += 1
                end = line.removesuffix("\r")
                if (end.lstrip("\t") if opening.strip_tabs else end) == opening.name:
                    break
                body.append(line + "\n")
            else:
                raise self.fail(
                    f"the heredoc is never ended by a line that is just {opening.name}.",
                    instruction.line,
                    str(instruction),
                )
            yield replace(opening, body="".join(body))

    def check(self, instruction: Instruction) -> None:
        """Refuse what BuildKit refuses before it runs anything."""
        name, text = instruction.name, instruction.text
        if not text and instruction.json is None and name not in ("CMD", "ENTRYPOINT"):
            raise self.fail(f"{name} needs an argument.", instruction.line, str(instruction))
        if name in ("ENV", "LABEL"):
            try:
                pairs(text, self.syntax)
            except ValueError as error:
                raise self.fail(f"{name}: {error}.", instruction.line, str(instruction)) from error
        if name in ("ADD", "COPY") and len(instruction.json or text.split()) < 2:
            raise self.fail(f"{name} needs a source and a destination.", instruction.line, str(instruction))
        if name == "SHELL" and not instruction.json:
            raise self.fail("SHELL takes a JSON list of strings.", instruction.line, str(instruction))
        if name == "FROM":
            words = text.split()
            if len(words) not in (1, 3) or (len(words) == 3 and words[1].lower() != "as"):
                raise self.fail("FROM takes an image, and then AS and a name.", instruction.line, str(instruction))
            if len(words) == 3 and not re.fullmatch(r"[a-z][a-z0-9-_.]*", words[2].lower()):
                raise self.fail(f"{words[2]} is not a stage name.", instruction.line, str(instruction))


def heredoc_opening(word: str) -> Heredoc | None:
    """The heredoc that a raw word such as `<<-'EOF'` opens, still without its body."""
    match = _HEREDOC.match(word)
    if match is None or not match[3]:
        return None
    try:
        plain = split(match[3], {}, Syntax(keep_unset=True))
        raw = split(match[3], {}, Syntax(keep_unset=True, raw_quotes=True, raw_escapes=True))
    except ValueError:
        return None
    if len(plain) != 1:
        return None
    return Heredoc(plain[0], "", expand=plain == raw, strip_tabs=match[2] == "-")


def pairs(text: str, syntax: Syntax, *, bare: bool = False) -> list[tuple[str, str | None]]:
    """NAME=VALUE words, not expanded. `bare` allows a NAME alone (ARG); without it, `NAME the rest` is the old form."""
    words = _raw_words(text, syntax)
    if not bare and words and "=" not in words[0]:
        old = _BLANKS.split(text.strip(), maxsplit=1)
        if len(old) < 2:
            raise ValueError(f"{old[0]} has no value")
        return [(old[0], old[1])]
    found: list[tuple[str, str | None]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals and not bare:
            raise ValueError(f"{word} has no '='; write NAME=VALUE")
        if not name:
            raise ValueError("a name is empty")
        found.append((name, value if equals else None))
    return found


def _raw_words(text: str, syntax: Syntax) -> list[str]:
    """Words with their quotes and escapes kept."""
    words: list[str] = []
    word, quote, started, at = "", "", False, 0
    while at < len(text):
        char = text[at]
        at += 1
        if not quote and char.isspace():
            if started:
                words.append(word)
            word, started = "", False
            continue
        started = True
        if char == syntax.escape and quote != "'":
            if at == len(text):
                break
            word += char + text[at]
            at += 1
            continue
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        word += char
    if started and word:
        words.append(word)
    return words


def global_arguments(
    dockerfile: Dockerfile, build_args: Mapping[str, str], platform: Mapping[str, str]
) -> dict[str, str]:
    """Values of the ARG lines before the first FROM, and the platform's own arguments."""
    values = dict(platform)
    for instruction in dockerfile.arguments:
        for name, default in pairs(instruction.text, dockerfile.syntax, bare=True):
            if name in build_args:
                values[name] = build_args[name]
            elif default is not None:
                values[name] = _expanded(dockerfile, instruction, default, values)
    return values


def stages(dockerfile: Dockerfile, arguments: Mapping[str, str]) -> tuple[Stage, ...]:
    found: list[Stage] = []
    for instruction in dockerfile.instructions[len(dockerfile.arguments) :]:
        if instruction.name != "FROM":
            found[-1] = replace(found[-1], body=(*found[-1].body, instruction))
            continue
        words = instruction.text.split()
        base = _expanded(dockerfile, instruction, words[0], arguments)
        if not base:
            raise dockerfile.fail(
                f"the base name {words[0]} is empty.", instruction, hint="Its ARG has no value: give it a default."
            )
        platform = _expanded(dockerfile, instruction, instruction.flag("platform") or "", arguments)
        name = words[2].lower() if len(words) == 3 else ""
        if name and any(stage.name == name for stage in found):
            raise dockerfile.fail(f"there are two stages named {name}.", instruction)
        found.append(Stage(len(found), name, base, platform, instruction, ()))
    return tuple(found)


def find_stage(known: Iterable[Stage], name: str) -> Stage | None:
    """The stage with this name or number."""
    wanted = name.lower()
    return next((stage for stage in known if stage.name == wanted or str(stage.index) == wanted), None)


def _expanded(dockerfile: Dockerfile, instruction: Instruction, word: str, values: Mapping[str, str]) -> str:
    try:
        return expand(word, values, dockerfile.syntax)
    except ValueError as error:
        raise dockerfile.fail(f"{error}.", instruction) from error


def absolute(workdir: str, path: str) -> str:
    """`path` relative to `workdir`, normalized; a trailing slash (or `/.`) is kept as a slash."""
    joined = posixpath.normpath(posixpath.join("/", workdir, path))
    joined = "/" + joined.lstrip("/")
    folder = path in ("", ".") or path.endswith(("/", "/."))
    return joined + "/" if folder and joined != "/" else joined
