"""Makes a solution from an instruction's own code: runs or writes its blocks, and makes its replacements. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent> {0,8})(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$")
_SHELLS = frozenset("bash sh shell zsh console terminal shell-session shellsession".split())
_PATCHES = frozenset({"diff", "patch"})
_PATCH = "/tmp/.foolsgold-patch"  # noqa: S108 - in the box, where nobody else is
_COMMANDS = frozenset(
    "cd mkdir cp mv rm ln touch chmod chown echo printf cat sed awk tee grep find python python3 pip pip3 uv node "
    "npm npx go cargo make cmake gcc g++ javac java git curl wget tar unzip apt apt-get systemctl service nginx sudo "
    "export source bash sh install sort uniq cut tr head tail psql sqlite3 openssl useradd".split()
)
_PATH = r"(?:~|\.{0,2})?/?(?:[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z]\w{0,9}"
_NAMED = re.compile(rf"(?<![\w/.-])(?:/[\w.-]+)*/[\w.-]+\.[A-Za-z]\w*|`({_PATH})`")
_FIRST_LINE = re.compile(rf"^\s*(?:#|//|--|/\*|<!--|;)\s*(?:file(?:name)?:?\s*)?({_PATH})\s*(?:\*/|-->)?\s*$")
_INFO = re.compile(rf"(?:title|file(?:name)?|path)\s*=\s*[\"']?({_PATH})|(?:^|[\s:])(/{_PATH})\s*$")
_SPAN = r"`([^`]+)`"
_REPLACED = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"\breplac\w*\s+{_SPAN}\s+(?:by|with)\s+{_SPAN}",
        rf"\bchang\w*\s+{_SPAN}\s+(?:in)?to\s+{_SPAN}",
        rf"{_SPAN}\s+(?:must|should|has\s+to|needs\s+to|ought\s+to)\s+(?:be(?:come)?|read|say)\s+{_SPAN}",
    )
)
_INSTEAD = re.compile(rf"{_SPAN}\s+(?:instead\s+of|rather\s+than|in\s+the\s+place\s+of)\s+{_SPAN}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of the instruction."""

    info: str
    text: str
    line: int
    """The line of its opening fence, from 1."""
    before: str
    """The paragraph above it."""

    @property
    def language(self) -> str:
        return re.split(r"[\s{:,]", self.info.strip().lower() + " ")[0].strip(".")


@dataclass(frozen=True, slots=True)
class Taken:
    """One piece of the instruction, turned into a piece of a shell script."""

    line: int
    """The line of the instruction."""
    action: str
    """What the script does with it, in words."""
    script: str


def blocks(instruction: str) -> Iterator[Block]:
    lines = instruction.splitlines()
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        start, fence, indent = at, opened["fence"], len(opened["indent"])
        body: list[str] = []
        at += 1
        while at < len(lines) and not re.fullmatch(rf" {{0,8}}{re.escape(fence[0])}{{{len(fence)},}}\s*", lines[at]):
            body.append(lines[at][indent:] if not lines[at][:indent].strip() else lines[at])
            at += 1
        at += 1
        above = start - 1
        while above >= 0 and not lines[above].strip():
            above -= 1
        first = above
        while first > 0 and lines[first - 1].strip():
            first -= 1
        yield Block(opened["info"].strip(), "\n".join(body) + "\n", start + 1, "\n".join(lines[first : above + 1]))


def taken(instruction: str) -> list[Taken]:
    """All pieces in the order of the instruction, but replacements first, because they change files that exist."""
    return [*_replacements(instruction), *(one for block in blocks(instruction) for one in _of_block(block))]


def script(pieces: list[Taken]) -> str:
    """The script, with each piece in its own shell, so that no piece can end the others."""
    parts = [f"# line {one.line} of the instruction: {one.action}\n(\n{one.script}\n)" for one in pieces]
    about = "#!/bin/bash\n# This only runs the instruction's own code."
    return "\n".join([about, *parts, "exit 0"]) + "\n"


def _of_block(block: Block) -> Iterator[Taken]:
    text = block.text
    if not text.strip():
        return
    language = block.language
    path = _path_of(block)
    if language in _PATCHES or re.match(r"(?:diff --git|--- \S+\n\+\+\+ \S+)", text):
        apply = f"patch -f -p1 -i {_PATCH} || patch -f -p0 -i {_PATCH}"
        yield Taken(block.line, "a patch that is applied", f"{_heredoc(f'cat > {_PATCH}', text)}\n{apply}")
    elif path and language not in _SHELLS - {"bash", "sh"}:
        folder = shlex.quote(path.rpartition("/")[0] or ".")
        yield Taken(block.line, f"written to {path}", f"mkdir -p {folder}\n" + _write(path, text))
    elif language in _SHELLS or (not language and _looks_like_commands(text)):
        yield Taken(block.line, "commands that are run", _without_prompts(text).rstrip("\n"))
    elif language in ("python", "python3", "py"):
        yield Taken(block.line, "a program that is run", _heredoc("python3 -", text))


def _path_of(block: Block) -> str:
    """The file that a block is the content of, if the instruction names it."""
    info = _INFO.search(block.info)
    if info is not None:
        return info[1] or info[2]
    first = _FIRST_LINE.match(block.text.partition("\n")[0])
    if first is not None:
        return first[1]
    # The last sentence above the block, if it names a single file and introduces the block.
    above = block.before.rstrip()
    if not above.endswith((":", "`")):
        return ""
    named = {found[1] or found[0] for found in _NAMED.finditer(re.split(r"(?<=[.!?])\s", above)[-1])}
    return named.pop() if len(named) == 1 else ""


def _looks_like_commands(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    if any(line.startswith("$ ") for line in lines):
        return True
    return all(line.split()[0] in _COMMANDS or line.startswith(("#", " ", "\t")) for line in lines)


def _without_prompts(text: str) -> str:
    """From a session only the typed commands."""
    typed = [re.sub(r"^\s*\$ ", "", line) for line in text.splitlines() if re.match(r"\s*\$ ", line)]
    return "\n".join(typed) + "\n" if typed else text


def _replacements(instruction: str) -> Iterator[Taken]:
    prose = _blanked(instruction)
    found = [(match.start(), match[1], match[2]) for pattern in _REPLACED for match in pattern.finditer(prose)]
    found += [(match.start(), match[2], match[1]) for match in _INSTEAD.finditer(prose)]
    files = list(dict.fromkeys(match[1] or match[0] for match in _NAMED.finditer(prose)))
    if not files:
        return
    for start, old, new in sorted(found):
        if "\n" in old + new or old == new:
            continue
        names = " ".join(shlex.quote(file) for file in files)
        quoted = shlex.quote(f"s/{_pattern(old)}/{_written(new)}/g")
        line = instruction.count("\n", 0, start) + 1
        body = f'for file in {names}; do [ ! -f "$file" ] || sed -i {quoted} "$file"; done'
        yield Taken(line, f"`{old}` replaced by `{new}`", body)


def _blanked(instruction: str) -> str:
    """The instruction with the text of its blocks blanked out, so that offsets stay."""
    lines = instruction.splitlines(keepends=True)
    for block in blocks(instruction):
        for number in range(block.line - 1, min(block.line + block.text.count("\n") + 1, len(lines))):
            lines[number] = re.sub(r"[^\n]", " ", lines[number])
    return "".join(lines)


def _pattern(text: str) -> str:
    return re.sub(r"([\\/.*\[\]^$])", r"\\\1", text)


def _written(text: str) -> str:
    return re.sub(r"([\\/&])", r"\\\1", text)


def _write(path: str, text: str) -> str:
    quoted = f'"$HOME"{shlex.quote(path[1:])}' if path.startswith("~") else shlex.quote(path)
    lines = _heredoc(f"cat > {quoted}", text)
    return lines + (f"\nchmod +x {quoted}" if text.startswith("#!") else "")


def _heredoc(command: str, text: str) -> str:
    end = "INSTRUCTION"
    while end in text:
        end += "_"
    return f"{command} <<'{end}'\n{text.rstrip(chr(10))}\n{end}"
