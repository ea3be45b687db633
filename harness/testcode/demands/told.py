"""Decides whether a demand is stated: searches the instruction, the environment's files and common conventions.

Precision comes first: if a text could be read as stating the demand, it counts as stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from posixpath import basename, splitext

from harness.testcode.demands.model import Demand, DemandKind
from mutator.relevance import stem

LARGEST = 400_000
"""Characters of one file of the environment that are searched, and of all files together."""
MOST = 4_000_000
_TOKEN = re.compile(r"[A-Za-z0-9_]+")
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|\d+")
_CONVENTIONAL_FLAGS = frozenset({"-h", "--help", "-v", "--version", "-", "--"})
_CONVENTIONAL_FILES = frozenset(
    "package.json package-lock.json tsconfig.json cargo.toml cargo.lock go.mod go.sum makefile dockerfile"
    " __init__.py __main__.py index.html index.js requirements.txt pyproject.toml setup.py readme.md pom.xml"
    " build.gradle .gitignore cmakelists.txt .git head config node_modules __pycache__ target dist bin src lib".split()
)
_CONVENTIONAL_STATUS = frozenset({0, 1, 2, 200, 301, 302, 304, 400, 401, 403, 404, 405, 500})
"""Exit statuses for success, failure and wrong usage, and the usual HTTP statuses."""
_SERVICE_PORTS = {
    "80": "http", "443": "http", "22": "ssh", "21": "ftp", "25": "smtp", "53": "dns", "5432": "postgres",
    "3306": "mysql", "6379": "redis", "27017": "mongo", "11211": "memcached", "5672": "rabbitmq", "5000": "flask",
    "9200": "elasticsearch", "8000": "django", "9090": "prometheus", "3128": "squid", "1883": "mqtt",
}  # fmt: skip
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_PLACEHOLDER = re.compile(
    r"<[^<>\s][^<>\n]*>|\{[^{}\n]*\}|\$\{?\w+\}?|\*|%[sd]|\[[^\[\]\n]*\]|\bN+\b|\bX+\b|\b[A-Z][A-Z_]{2,}\b"
)

_DICTATED = re.compile(
    r"/(?:etc|usr(?!/local/)|lib\d*|boot|var/(?:lib|spool|cache|run)|run)/|(?:~|/root|/home/[^/]+)/\.[\w-]"
)
"""Paths that programs and packages dictate, so that the name is not the test's choice."""
_ANY_NAME = re.compile(r"/[\w.-]+\.d/|/sites-\w+/|/systemd/system/")
"""Folders below them in which a file may have any name."""
_ENDINGS = {
    "py": ("py", "python"), "sh": ("sh", "bash", "shell", "script"), "js": ("js", "javascript", "node"),
    "ts": ("ts", "typescript"), "md": ("md", "markdown"), "txt": ("txt", "text"), "yml": ("yml", "yaml"),
    "yaml": ("yml", "yaml"), "rs": ("rs", "rust"), "rb": ("rb", "ruby"), "cpp": ("cpp", "c++"), "htm": ("htm", "html"),
    "log": ("log", "logs", "logged"), "db": ("db", "database", "sqlite"), "conf": ("conf", "config", "configuration"),
}  # fmt: skip
NEAR = 12
"""Words within which the parts of a name count as named together."""


class Stated:
    """Everything that a solver can read, prepared for searches."""

    def __init__(self, instruction: str, environment: Mapping[str, bytes]) -> None:
        self._instruction = instruction
        self._environment = environment
        patterns = _PLACEHOLDER.sub("\0", instruction)
        self._patterns = frozenset(re.findall(r"[\w.-]*\0[\w.\0-]*", patterns))
        self._where = (
            f"the instruction ({instruction.count(chr(10)) + 1} lines)",
            f"{len(environment)} files of the environment (names and texts)",
            "common conventions",
        )

    def has(self, demand: Demand, given: frozenset[str]) -> bool:
        """Whether the solver could know the demand. `given`: words that the test itself passes in."""
        # Most demands are in the instruction, and an environment may be large.
        if demand.kind in (DemandKind.PATH, DemandKind.FILE_NAME) and (
            _dictated(demand.text) or self._near.names_in_words(basename(demand.text.rstrip("/")))
        ):
            return True
        return self._near.has(demand, given, self._patterns) or self._all.has(demand, given, self._patterns)

    @cached_property
    def _near(self) -> _Text:
        return _Text(self._instruction)

    @cached_property
    def _all(self) -> _Text:
        texts = [self._instruction]
        room = MOST
        for data in self._environment.values():
            if b"\0" not in data[:4096] and room > 0:
                texts.append(data[:LARGEST].decode("utf-8", "replace"))
                room -= len(texts[-1])
        return _Text("\n".join((*texts, *self._environment)))

    def searched(self, demand: Demand) -> tuple[str, ...]:
        forms = ", ".join(f"`{form}`" for form in self.forms(demand))
        return (f"{forms}: not in {', '.join(self._where[:-1])} or {self._where[-1]}",)

    def forms(self, demand: Demand) -> tuple[str, ...]:
        """The forms of the demand that were searched for."""
        text, kind = demand.text, demand.kind
        found = [text]
        if kind in (DemandKind.PATH, DemandKind.FILE_NAME):
            found += _path_forms(text)
        elif kind in (DemandKind.KEY, DemandKind.COLUMN, DemandKind.MESSAGE):
            words = _WORD.findall(text)
            if len(words) > 1 or words != [text]:
                found.append(" ".join(words).lower())
        elif kind is DemandKind.NUMBER:
            found += sorted(_number_forms(text) - {text})
        return tuple(dict.fromkeys(form for form in found if form))


class _Text:
    """One text to search in. Slow preparations are made when they are first needed."""

    def __init__(self, text: str) -> None:
        self._as_written = text
        self._text = text.lower()

    @cached_property
    def _words_in_order(self) -> list[str]:
        return _WORD.findall(self._as_written)

    @cached_property
    def _stem_of(self) -> dict[str, str]:
        return {word: stem(word.lower()) for word in {*self._words_in_order}}

    @cached_property
    def _stems(self) -> frozenset[str]:
        stems = frozenset(self._stem_of.values())
        return stems | frozenset(_NUMBER_WORDS[word] for word in stems & _NUMBER_WORDS.keys())

    @cached_property
    def _run(self) -> str:
        return " ".join(map(self._stem_of.__getitem__, self._words_in_order))

    @cached_property
    def _digitless(self) -> str:
        return re.sub(r"\d+", "0", self._text)

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return _numbers(self._text)

    def has(self, demand: Demand, given: frozenset[str], patterns: frozenset[str]) -> bool:
        text = demand.text
        match demand.kind:
            case DemandKind.PATH | DemandKind.FILE_NAME:
                return self._path(text, patterns)
            case DemandKind.FLAG:
                return text in _CONVENTIONAL_FLAGS or self._literal(text)
            case DemandKind.PORT:
                service = _SERVICE_PORTS.get(text)
                return text in self._numbers or (service is not None and service in self._text)
            case DemandKind.STATUS:
                return int(text) in _CONVENTIONAL_STATUS or text in self._numbers
            case DemandKind.NUMBER:
                return bool(_number_forms(text) & self._numbers)
            case DemandKind.URL:
                return all(self._segment(part) for part in re.split(r"[/?&=#]", text) if part)
            case DemandKind.MESSAGE:
                words = [word for word in _WORD.findall(text) if len(word) > 2]
                return all(stem(word.lower()) in self._stems or word.lower() in given for word in words)
            case DemandKind.KEY | DemandKind.COLUMN:
                return self._words(text) or text.lower() in given
            case DemandKind.COMMAND:
                return self._literal(text)
            case DemandKind.NAME:
                return self._literal(text.rpartition(".")[2])

    def _literal(self, text: str) -> bool:
        """Whether the text occurs literally, and not as part of a longer word."""
        wanted = text.lower()
        word = _TOKEN.fullmatch(wanted) is not None
        at = self._text.find(wanted)
        while at >= 0:
            before, after = self._text[max(at - 1, 0) : at], self._text[at + len(wanted) : at + len(wanted) + 1]
            inside = (wanted[0].isalnum() and (before.isalnum() or before == "_")) or (after.isalnum() or after == "_")
            if wanted[0] == "-":
                inside = before == "-" or before.isalnum() or after.isalnum() or after in ("-", "_")
            if word and not (_TOKEN.match(before) or _TOKEN.match(after)):
                return True
            if not word and not (inside and wanted[-1].isalnum()):
                return True
            at = self._text.find(wanted, at + 1)
        return False

    def _path(self, path: str, patterns: frozenset[str]) -> bool:
        name = basename(path.rstrip("/"))
        if name.lower() in _CONVENTIONAL_FILES or any(self._literal(form) for form in (path, *_path_forms(path))):
            return True
        digitless = re.sub(r"\d+", "0", name.lower())
        if digitless != name.lower() and digitless in self._digitless:
            return True
        return any(_fits(pattern, name) for pattern in patterns)

    def names_in_words(self, name: str) -> bool:
        """Whether the text names a file in words: `solve.py` as "solve dot py", "the Python program solve" or "the
        solve script, in Python". Every part of the name and a word for its ending must be near each other."""
        root, ending = splitext(name)
        wanted = {stem(word.lower()) for word in _WORD.findall(root)}
        kinds = {stem(word) for word in _ENDINGS.get(ending[1:].lower(), (ending[1:].lower(),)) if word}
        if not wanted:
            return False
        words = self._as_stems
        for at in (at for at, word in enumerate(words) if word in wanted):
            around = set(words[max(at - NEAR, 0) : at + NEAR + 1])
            if wanted <= around and (not kinds or not kinds.isdisjoint(around)):
                return True
        return False

    @cached_property
    def _as_stems(self) -> list[str]:
        return [stem(word.lower()) for word in re.findall(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]+|\d+", self._as_written)]

    def _segment(self, part: str) -> bool:
        words = [word for word in _WORD.findall(part) if not word.isdigit()]
        return self._literal(part) or all(stem(word.lower()) in self._stems for word in words)

    def _words(self, text: str) -> bool:
        if self._literal(text):
            return True
        words = [stem(word.lower()) for word in _WORD.findall(text)]
        if not words:
            return True
        run = " ".join(words)
        return run in self._stems if len(words) == 1 else f" {run} " in f" {self._run} "


def _dictated(path: str) -> bool:
    return _DICTATED.match(path) is not None and _ANY_NAME.search(path) is None


def _fits(pattern: str, name: str) -> bool:
    """Whether a pattern such as `STATION.csv`, `part-N.txt` or `*.log` covers the name; a bare placeholder does not."""
    fixed = pattern.strip("\0.-")
    if not fixed or len(fixed) < 2:
        return False
    return (
        re.fullmatch(".+".join(re.escape(part) for part in re.split("\0+", pattern)), name, re.IGNORECASE) is not None
    )


def _path_forms(path: str) -> list[str]:
    """Tails of the path, and the module name of a Python file."""
    parts = [part for part in path.rstrip("/").split("/") if part]
    name = parts[-1] if parts else ""
    forms = ["/".join(parts[1:]), name] if len(parts) > 1 else [name]
    root, ending = splitext(name)
    if ending == ".py" and len(parts) > 2:
        forms.append(f"{parts[-2]}.{root}")
    if re.search(r"[_-]", root):
        forms.append(root)  # `pkg-resolver` states pkg-resolver.py; `report` does not state report.json
    if ending in ("", ".py", ".sh", ".js") and root != name and root in ("main", "app", "server", "index"):
        forms.append(root)
    return list(dict.fromkeys(form for form in forms if form))


def _numbers(text: str) -> frozenset[str]:
    text = re.sub(r"(?<=\d)[,_  ](?=\d{3}\b)", "", text)
    found = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text)) | set(re.findall(r"\d+(?:\.\d+)?", text))
    found |= {_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", text) if word in _NUMBER_WORDS}
    return frozenset(one for number in found for one in (number, _trimmed(number)))


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _number_forms(text: str) -> set[str]:
    """The same value in other units: 0.95 is 95 %, 1500 milliseconds are 1.5 seconds, 2048 is 2 K."""
    forms = {text, _trimmed(text)}
    try:
        value = float(text)
    except ValueError:
        return forms
    for factor in (100, 1000, 1 / 1000, 60, 1 / 60, 1 / 1024):
        scaled = round(value * factor, 6)
        forms.add(_trimmed(f"{scaled:f}"))
    return forms - {"0", "-0"}
