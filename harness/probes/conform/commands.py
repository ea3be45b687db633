"""Commands that an instruction states, with what it says of their output and status. Pure."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.probes.conform.model import Runs, StatedClaim
from harness.probes.leak.blocks import blocks
from mutator.relevance.requirements import Requirement

_STARTS = re.compile(
    r"^(?:[A-Z_]+=\S+\s+)*(?:(?:python3?|node|bash|sh|ruby|perl|php|java|Rscript|go run|deno run)\s+(?:-[\w.]+\s+)*[./\w-]*[./]|\./\w|/(?:[\w.-]+/)+[\w.-]+(?:\s|$)|cd\s+/\S+\s*&&)"
)
_UNSURE = re.compile(
    r"<[^>\s]|\.\.\.|…|\[[^\]]*\]|\{[^}]*\}|path/to|\b(?:YOUR|your|some|foo|example)\b|(?<![\w$/.-])[A-Z][A-Z_]+(?![\w=/.])|(?<![\w$/.'\"-])[A-Z](?![\w=/.])|\*|&\s*$|\bsudo\b|\|\|"
)
"""What stands for something else, or for several."""
_CHANGES = re.compile(
    r"\b(?:rm|mv|kill|pkill|shutdown|reboot|dd|mkfs|curl|wget|git push|docker|systemctl|serve|server|watch|daemon|tail -f|pip|npm|apt(?:-get)?)\b"
)
_EXITS = re.compile(
    r"\bexits?\s+(?:with\s+)?(?:(?:a|an|the)\s+)?(?:(?:status|code|exit code|exit status|return code)\s*(?:of\s+)?)`?(\d{1,3})\b",
    re.IGNORECASE,
)
_PRINTS = re.compile(
    r"\b(?:prints?|outputs?|displays?|echo(?:es)?|shows?|returns?|yields?|gives?)\b(?:\s+(?:exactly|the (?:text|line|word|string|number)|only|just))*\s*:?\s*`([^`\n]+)`",
    re.IGNORECASE,
)
_SPAN = re.compile(r"`([^`\n]{3,200})`")
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|where|given|for (?:any|each|every)|e\.g|for example|such as|like|currently|now|instead|before|bug|wrong(?:ly)?|fails?|broken|should not|must not|never|may|might|can)\b|n't\b",
    re.IGNORECASE,
)
_PATHS = re.compile(
    r"(?<![\w=])(?:/|\./|\.\./)?(?:[\w.@+-]+/)*[\w@+-]+\.[A-Za-z]\w{0,5}\b|(?<![\w.])/(?:[\w.@+-]+/)*[\w.@+-]+"
)


def is_command(text: str) -> bool:
    return bool(_STARTS.match(text)) and not _UNSURE.search(text) and not _CHANGES.search(text)


def inputs_of(command: str) -> tuple[str, ...]:
    """Paths that it names, but for those that it writes by redirection."""
    plain = re.sub(r"(?:\d?>>?|--?o(?:ut(?:put)?)?[= ])\s*\S+", " ", command)
    return tuple(dict.fromkeys(match[0] for match in _PATHS.finditer(plain) if not match[0].startswith("/dev/")))


def command_claims(instruction: str, found: Sequence[Requirement]) -> Iterator[StatedClaim]:
    for one in found:
        yield from _of_sentence(one)
    yield from _of_sessions(instruction)
    yield from _of_blocks(instruction)


_DATA = re.compile(r"\.(?:txt|json|jsonl|csv|tsv|md|log|ya?ml|toml|ini|xml|html|pdf|png|conf|cfg|dat|db|out)$")
_RUN = re.compile(r"\b(?:run(?:s|ning)?|execut\w+|invok\w+|call(?:s|ed|ing)?|start(?:s|ed|ing)?)\b", re.IGNORECASE)


def _of_sentence(one: Requirement) -> Iterator[StatedClaim]:
    """A sentence with one command in a span, and what it prints or exits with behind it."""
    commands = [match for match in _SPAN.finditer(one.text) if _STARTS.match(match[1])]
    if len(commands) != 1 or not is_command(commands[0][1]):
        return
    if " " not in commands[0][1] and (_DATA.search(commands[0][1]) or not _RUN.search(one.text[: commands[0].start()])):
        return  # a path, and nobody says that it is run
    command, rest = commands[0][1], one.text[commands[0].end() :]
    exits, prints = _EXITS.search(rest), _PRINTS.search(rest)
    plain = not _CONDITION.search(one.text)
    if exits is None and prints is None:
        yield StatedClaim(one.text, one.line, _runs(command), plain=False)
        return
    output = prints[1] if prints is not None and not _UNSURE.search(prints[1]) else None
    yield StatedClaim(one.text, one.line, _runs(command, int(exits[1]) if exits else None, output), plain=plain)


def _of_sessions(instruction: str) -> Iterator[StatedClaim]:
    """`$ command` in a block, and the lines below it."""
    for block in blocks(instruction):
        lines = block.text.splitlines()
        starts = [at for at, line in enumerate(lines) if re.match(r"\s*\$ \S", line)]
        for at, following in zip(starts, [*starts, len(lines)][1:], strict=True):
            command = re.sub(r"^\s*\$ ", "", lines[at]).strip()
            output = "\n".join(lines[at + 1 : following]).strip("\n")
            if not is_command(command) or command.endswith("\\"):
                continue
            stated = (
                output if output.strip() and not re.search(r"\.\.\.|…|<[^>]+>|^\s*#", output, re.MULTILINE) else None
            )
            plain = stated is not None and not re.search(
                r"\b(?:currently|for example|e\.g|such as|might|may)\b", block.before, re.IGNORECASE
            )
            yield StatedClaim(f"$ {command}", block.line + 1 + at, _runs(command, output=stated), plain=plain)


def _of_blocks(instruction: str) -> Iterator[StatedClaim]:
    """Commands in a block of shell, which have to work."""
    for block in blocks(instruction):
        if block.language not in ("bash", "sh", "shell", "console", "") or re.search(
            r"^\s*\$ ", block.text, re.MULTILINE
        ):
            continue
        for at, line in enumerate(block.text.splitlines()):
            command = line.split("  #")[0].strip()
            if is_command(command) and not command.endswith("\\"):
                plain = not _CONDITION.search(block.before) and block.language != ""
                yield StatedClaim(command, block.line + 1 + at, _runs(command), plain=plain)


def _runs(command: str, status: int | None = None, output: str | None = None) -> Runs:
    return Runs(command, status, output, inputs_of(command))
