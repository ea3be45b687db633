"""From an answer to candidates: solutions as `foolsgold attempts` reads them, or why a part of it is none. Pure."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.proposals.prompts import Asking, Prompt
from harness.untrusted import clip, visible
from mutator.given import newly_unparsed
from mutator.relevance import Requirement

LONGEST_SENTENCE = 1000


@dataclass(frozen=True, slots=True)
class Candidate:
    kind: Asking
    files: Mapping[str, str] = field(default_factory=dict)
    """A whole solution folder."""
    patch: str = ""
    """Or a diff on the reference's."""
    what: str = ""
    """The model's own sentence."""
    breaks: Requirement | None = None

    @property
    def digest(self) -> str:
        text = json.dumps([self.files, self.patch], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.digest[:10]}"


@dataclass(slots=True)
class _Part:
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    twice: str = ""
    ended: bool = False


def read_answer(prompt: Prompt, text: str) -> tuple[list[Candidate], list[str]]:
    """(candidates, why each other part of the answer is none)."""
    found: list[Candidate] = []
    invalid: list[str] = []
    parts = list(_parts(prompt.mark, text))
    for part in parts:
        made = _candidate(prompt, part)
        if isinstance(made, str):
            invalid.append(made)
        else:
            found.append(made)
    if not parts:
        invalid.append("the answer has no candidate in the form that was asked for")
    return found, invalid


def _parts(mark: str, text: str) -> Iterator[_Part]:
    """What stands between the lines with the mark; anything outside of candidates is passed over."""
    part: _Part | None = None
    name, lines = "", [""]
    for line in [*text.replace("\r\n", "\n").split("\n"), f"{mark} candidate"]:
        if not line.startswith(mark):
            lines.append(line)
            continue
        word, _, rest = line[len(mark) :].strip().partition(" ")
        if part is not None:
            _close(part, name, lines)
        name, lines = "", []
        if word == "file" and part is not None:
            name = rest.strip().strip("`").removeprefix("./")
        elif word == "end" and part is not None:
            part.ended = True
            yield part
            part = None
        elif word == "candidate":
            if part is not None:
                yield part
            part = _Part()


def _close(part: _Part, name: str, lines: list[str]) -> None:
    if name:
        part.twice = name if name in part.files else part.twice
        part.files[name] = _unfenced(name, "\n".join(lines) + "\n" if lines else "")
        return
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() in ("breaks", "what"):
            part.fields[key.strip().lower()] = value.strip()


def _unfenced(name: str, text: str) -> str:
    """Without the fence that many models put around a file, whatever they are told."""
    lines = text.strip().split("\n")
    fence = lines[0][: len(lines[0]) - len(lines[0].lstrip("`~"))]
    if len(fence) < 3 or len(lines) < 2 or lines[-1].rstrip() != fence or name.endswith((".md", ".rst")):
        return text
    return "\n".join([*lines[1:-1], ""])


def _candidate(prompt: Prompt, part: _Part) -> Candidate | str:
    if not part.ended:
        return "it is cut short"
    if part.twice:
        return f"it gives {_shown(part.twice)} twice"
    if not part.files:
        return "it has no files"
    for name in part.files:
        wrong = _wrong_name(prompt, name)
        if wrong:
            return wrong
    if any(name.startswith(f"{other}/") for name in part.files for other in part.files):
        return "one of its files lies below another"
    what = clip(visible(part.fields.get("what", "")), LONGEST_SENTENCE)
    if prompt.kind is not Asking.WRONG:
        if not part.files.get(prompt.script, "").strip():
            return f"it has no {prompt.script}"
        if {name: text.encode() for name, text in part.files.items()} == dict(prompt.files):
            return "it is the reference itself"
        return Candidate(prompt.kind, dict(part.files), what=what)
    breaks = _requirement(prompt, part.fields.get("breaks", ""))
    if breaks is None:
        return "it names no requirement that there is"
    patch = "".join(_diff(name, prompt.files[name].decode(), text) for name, text in sorted(part.files.items()))
    if not patch:
        return "it is the reference itself"
    changed = {**prompt.files, **{name: text.encode() for name, text in part.files.items()}}
    broken = newly_unparsed(prompt.files, changed, prompt.script)
    if broken:  # as with a variant of foolsgold's own
        return f"its {_shown(broken[0]).strip('`')} does not parse"
    return Candidate(prompt.kind, patch=patch, what=what, breaks=breaks)


def _wrong_name(prompt: Prompt, name: str) -> str:
    parts = name.split("/")
    if not name.isprintable() or name.startswith("/") or len(name) > 200 or {"", ".", ".."} & set(parts):
        return f"it gives a file the name {_shown(name)}"
    if prompt.kind is Asking.WRONG and name not in prompt.shown:
        return f"it changes {_shown(name)}, which is no file that it was shown"
    if prompt.kind is not Asking.WRONG and not prompt.several and name != prompt.script:
        return f"it gives {_shown(name)} beside {prompt.script}, which would not be there"
    return ""


def _diff(name: str, before: str, after: str) -> str:
    """A unified diff of a file; '' where only white space at the ends of lines and of the file differs, which the
    answer's form does not keep."""
    old, new = _lines(before), _lines(after if before.endswith("\n") else after.removesuffix("\n"))
    if [line.rstrip() for line in old if line.strip()] == [line.rstrip() for line in new if line.strip()]:
        return ""
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """With their ends, and parted at them only: a form feed is no end of a line to a patch."""
    parts = text.split("\n")
    return [*(f"{part}\n" for part in parts[:-1]), *([parts[-1]] if parts[-1] else [])]


def _requirement(prompt: Prompt, text: str) -> Requirement | None:
    found = re.fullmatch(r"[`\[(]*R?\s*(\d{1,4})[`\])]*\.?", text.strip(), re.IGNORECASE)
    return next((one for one in prompt.requirements if found and one.index + 1 == int(found[1])), None)


def _shown(name: str) -> str:
    return f"`{clip(visible(name), 60)}`"
