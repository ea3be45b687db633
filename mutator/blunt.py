"""Mutants that tell no verifier from another: everything breaks at once, or nothing that anybody sees.

Each rule names a construct of programs and looks at the lines that a mutant changes and at the text they stand in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from mutator.model import Candidate, Edit, FaultClass, Operator, Source, SourceKind


@dataclass(frozen=True)
class Change:
    """A mutant before it is one."""

    source: Source
    operator: Operator
    candidate: Candidate
    edits: Sequence[Edit]
    before: str
    after: str
    stilled: tuple[int, int] | None

    @cached_property
    def gone(self) -> str:
        """The touched lines that are not there any more."""
        kept = set(self.after.split("\n"))
        return "\n".join(line for line in self.before.split("\n") if line not in kept)

    @cached_property
    def new(self) -> str:
        kept = set(self.before.split("\n"))
        return "\n".join(line for line in self.after.split("\n") if line not in kept)

    @cached_property
    def above(self) -> str:
        """The three lines before the first that is touched."""
        text = self.source.text
        end = text.rfind("\n", 0, self.edits[0].start) + 1
        return "\n".join(text[max(end - 400, 0) : end].split("\n")[-4:])

    @property
    def fault(self) -> FaultClass:
        return self.operator.fault

    @property
    def shell(self) -> bool:
        return self.source.language == "shell"


def blunt(change: Change) -> bool:
    return any(rule(change) for rule in (_SHELL_RULES if change.shell else _CODE_RULES))


# --- programs

_MAIN = frozenset(("main", "_main", "run", "cli", "Main", "Run"))
_READS = re.compile(
    r"\bopen\(|\.read\w*\(|\bread\w*\(|json\.load|\bload\w*\(|unpack|sys\.stdin|\bos\.(?:Open|ReadFile)\b|\bScanner\b"
    r"|bufio\.|\bfopen\(|getline|readFile|parse\w*\(|fromfile|frombuffer"
)
_INPUT = re.compile(r"\bopen\(|\.read\w*\(|stdin|\bos\.(?:Open|ReadFile)\b|\bfopen\(|readFile|getline")
_HELPER_LINES, _HELPER_CALLS = 3, 3
_MOST_OF_IT = 0.4


def _hollow(change: Change) -> bool:
    """The program itself, what reads its input, or a short helper that all of it uses: next to nothing comes out."""
    if change.fault is not FaultClass.HOLLOW_FUNCTION:
        return False
    text = change.source.text
    name = change.candidate.scope.rpartition(".")[2]
    start, end = change.candidate.stills or (change.edits[0].start, change.edits[-1].end)
    body = text[start:end]
    if name in _MAIN or len(body) > _MOST_OF_IT * len(text):
        return True
    outside = text[:start] + text[end:]
    if len({called for called in _CALLED.findall(body) if f"{called}(" in outside and _defined(called, outside)}) > 2:
        return True  # What leads all the others.
    calls = len(re.findall(rf"\b{re.escape(name)}\(", outside)) - 1 if name else 0
    if body.count("\n") < _HELPER_LINES and calls >= _HELPER_CALLS:
        return True
    return bool(_READS.search(body)) and not _INPUT.search(_without_definition(outside, name))


_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")


def _defined(name: str, text: str) -> bool:
    return re.search(rf"\b(?:def|fun|func|fn|function)\b[^\n(]*\b{name}\(", text) is not None


def _without_definition(text: str, name: str) -> str:
    """The text without the lines that name a function: what calls or defines it reads nothing by itself."""
    return "\n".join(line for line in text.split("\n") if not name or name not in line)


_BYTES = re.compile(r"unpack|calcsize|\bseek\(|from_bytes|frombuffer|read(?:U?Int|Float)\w*\(|Endian\b")
_OFFSET = re.compile(r"\boff(?:set)?\b")
_PLACE = re.compile(r"(?:^|[._])(?:idx|index|offset|pos)\w*$")
_SMALL = frozenset((FaultClass.ARITHMETIC, FaultClass.BOUNDARY, FaultClass.WRONG_VALUE))
_SLICE = re.compile(r"\[\d*:\d*\]")
_BYTES_COMPARED = re.compile(r"\[\d*:\d*\] *[!=]= *b[\"']")
_SHIFT = re.compile(r"<<|>>|&\s*0x|\|\s*0x|\b[A-Z]{1,3}_[A-Z]+\s*\|")


def _misread(change: Change) -> bool:
    """Bytes taken from the wrong place, a place computed wrongly, bits shifted elsewhere: all that follows is noise."""
    if change.fault not in _SMALL:
        return False
    gone = change.gone
    if _BYTES.search(gone) or _PLACE.search(change.candidate.scope):
        return True
    if _OFFSET.search(gone) and _BYTES.search(change.source.text):
        return True
    if _SHIFT.search(gone) and change.operator.id.startswith(("code.", "python.")):
        return True
    if _BYTES_COMPARED.search(gone):
        return True
    sliced = _SLICE.search(gone)
    return bool(sliced) and re.search(r"magic|\bdata\[|\bbuf\w*\[|\braw\[|header\[", gone) is not None


_LOOKED_UP = re.compile(
    r"[!=]=|\bin\s*[\[({]|\bcase\b|\bopen\(|Open\(|fopen|[rR]ead|[lL]oad|\bimport\b|require|getenv|Getenv|environ"
    r"|\b(?:starts|ends)(?:with|With)\(|Has(?:Pre|Suf)fix|\.get\(|=>"
)
_QUOTED = re.compile(r"""['"](\w+)['"]""")
_FILE_NAME = re.compile(r"[\w-]\.(?:txt|log|json|ya?ml|csv|db|bin|conf|cfg|ini|py|js|sh|html|xml|md|dat|out)[\"'`]")
_SQL = re.compile(r"['\"`]\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|DROP|BEGIN|COMMIT|select|insert|update)\b")


def _other_case(change: Change) -> bool:
    """A word of the input, of a file's name or of SQL in other letters: the program stops, or nothing changes."""
    gone, new = change.gone, change.new
    if gone == new or gone.lower() != new.lower():
        return False
    if _LOOKED_UP.search(gone) or _SQL.search(gone) or _FILE_NAME.search(gone):
        return True
    if change.operator.id != "python.key":
        return False
    words = set(_QUOTED.findall(gone)) - set(_QUOTED.findall(new))
    return any(len(re.findall(rf"""[\[(]['"]{re.escape(word)}['"]""", change.source.text)) for word in words)


_FAILED = re.compile(
    r"^\s*(?:\}\s*else )?if\b.*?(?:\b\w*[eE]rr\w* != nil\b|[!=]= *(?:NULL|nullptr)\b"
    r"|\(!\s*(?:fp|f|file|buf|ptr|mem|in|ifs|ofs|input|stream|fin)\w*\)|< *0\)\s*\{|is_err\(\))"
)
_NOTHING_GIVEN = re.compile(r"^\s*if \(!\w+\)\s*(?:\{\s*)?return (?:-1|NULL|nullptr|false|1);")
_OWN_STATUS = re.compile(r"\b[eE]xit\w*\(\s*(?:[2-9]|1\d)|[\"']ERR")


def _no_failure(change: Change) -> bool:
    """What is done where opening a file or another call fails, which it does not."""
    if change.fault not in (FaultClass.NOOP_GUARD, FaultClass.ERROR_HANDLING, FaultClass.DROPPED_STEP):
        return False
    start = change.source.text.rfind("\n", 0, change.edits[0].start) + 1
    first = change.gone.split("\n", 1)[0]
    failed = _FAILED.match(first) or (change.source.language in ("c", "cpp") and _NOTHING_GIVEN.match(first))
    return bool(failed) and not _OWN_STATUS.search(change.source.text, start, start + len(change.gone))


_KEY_BEFORE = re.compile(r"""['"](\w+)['"]\s*[\]:]""")
_SETS_FIELD = re.compile(r"""\s*[\w.]+\[['"]\w+['"]\] *=(?!=)""")
_RECORDS = frozenset((FaultClass.SWAPPED_MAPPING, FaultClass.DROPPED_OUTPUT, FaultClass.DROPPED_STEP))


def _key_is_read(change: Change) -> bool:
    """A field that the program itself reads by its name: without it, it stops."""
    if change.source.language != "python" or change.fault not in _RECORDS:
        return False
    text = change.source.text
    if change.fault is FaultClass.DROPPED_STEP and not _SETS_FIELD.match(change.gone):
        return False
    for edit in change.edits[:2]:
        line = text.rfind("\n", 0, edit.start) + 1
        end = text.find("\n", edit.start)
        before = _KEY_BEFORE.findall(text[line : edit.start])
        within = _KEY_BEFORE.findall(text[edit.start : edit.end] or text[edit.start : end])
        keys = within[:1] or before[-1:]
        for key in keys:
            rest = text[: edit.start] + text[edit.end :]
            one = rf"""(?<![=\w] )\w\[(['"]){key}\1\](?!\s*(?:[-+*/|]?=(?!=)))"""
            if re.search(rf"""{one}|\w\[\[[^\]\n]*(['"]){key}\2""", rest):
                return True
    return False


_ARGUMENTS = re.compile(r"len\((?:sys\.argv|os\.Args|args|argv)\)|\bargc\b|argv\.length")


def _usage(change: Change) -> bool:
    """What is said or done where too few arguments are given."""
    return bool(_ARGUMENTS.search(change.above)) and len(change.gone) < 200


def _first_index_only(change: Change) -> bool:
    """A loop over the places of a grid or an array: with the first alone nearly nothing is there."""
    if not change.operator.id.endswith("loop-first-only"):
        return False
    return any(value.startswith("range(") for value in change.candidate.fields.values())


_REGISTERS = re.compile(r"\bmain\(\)|if __name__|\bargparse\b|ArgumentParser|\.parse_args\(|createServer|\bapp\.run\(")
_NOTHING_LEFT = frozenset((FaultClass.DROPPED_STEP, FaultClass.NOOP_GUARD, FaultClass.WRONG_LOGIC))


def _starts(change: Change) -> bool:
    """Without its start or its options a program does nothing."""
    return change.fault in _NOTHING_LEFT and bool(_REGISTERS.search(change.gone)) and change.gone.count("\n") < 3


_EQUAL_TO = re.compile(r"[=!]=\s*$")
_OTHER_NUMBER = re.compile(r"\d+")


def _never_equal(change: Change) -> bool:
    """Another number where one is compared with: the same as a branch that is never taken, which is another mutant."""
    edit = change.edits[0]
    text = change.source.text
    start = edit.start
    while start and text[start - 1].isdigit():
        start -= 1
    return (
        change.fault is FaultClass.WRONG_VALUE
        and _OTHER_NUMBER.fullmatch(edit.new or text[start : edit.end]) is not None
        and _EQUAL_TO.search(text, max(start - 4, 0), start) is not None
    )


_LONG_CASE = 160
_LONG_VALUE = 120


def _texts_exchanged(change: Change) -> bool:
    """Whole statements in a table of replacements, one for another."""
    return (
        change.fault is FaultClass.SWAPPED_MAPPING
        and change.source.language == "python"
        and any(len(edit.new) > _LONG_VALUE and edit.new.lstrip("bfr")[:1] in "\"'" for edit in change.edits)
    )


def _no_value(change: Change) -> bool:
    """An option that every call must give, not taken or without its value: each call ends at once."""
    if change.operator.id == "python.flag-missing":
        return "required=True" in change.gone.replace(" ", "")
    return change.operator.id == "python.flag-ignored" and re.search(r"\bNone\b", change.new) is not None


_ADDED = re.compile(r"\b(\w+) \+ (\w+)\b")


def _lists_subtracted(change: Change) -> bool:
    """What cannot be computed at all."""
    if change.fault is not FaultClass.ARITHMETIC or change.source.language != "python":
        return False
    return any(
        re.search(rf"^\s*{re.escape(name)} *(?::[^=\n]+)?= *[\[\"']", change.source.text, re.MULTILINE)
        for pair in _ADDED.findall(change.gone)
        for name in pair
    )


def _commands_exchanged(change: Change) -> bool:
    """Two commands of a dispatch do each other's work: nobody writes that, and nothing works."""
    apart = change.edits[-1].end - change.edits[0].start
    return change.operator.id == "code.swap-cases" and apart > _LONG_CASE


_TOLD_USERS = re.compile(
    r"\b(?:description|help|epilog|usage|metavar) *= *[(f]*[\"']|^\s*(?:description|help) *=", re.MULTILINE
)
_TELLS = re.compile(r"(?:^|[._])(?:log|debug|trace|info|warn(?:ing)?)(?:_\w+)?(?:\(|$)")


def _told(change: Change) -> bool:
    """What a program says of itself, or of what it is about."""
    if change.fault is FaultClass.MESSAGE and _TOLD_USERS.search(change.gone):
        return True
    dropped = change.fault in (FaultClass.DROPPED_STEP, FaultClass.DROPPED_OUTPUT) and _TELLS.match(
        change.gone.lstrip()
    )
    return bool(dropped) or (
        change.fault is FaultClass.HOLLOW_FUNCTION and bool(_TELLS.search(change.candidate.scope.rpartition(".")[2]))
    )


_BY_INDEX = re.compile(r"the choice by `[ijkn]\b|choice by `\w+ *% *\d")


def _round(change: Change) -> bool:
    """Steps of a calculation that go by their number, in another order: every result is another."""
    said = change.operator.sentence.format_map(change.candidate.fields) if change.candidate.fields else ""
    return change.fault is FaultClass.SWAPPED_MAPPING and _BY_INDEX.search(said) is not None


_FOLDER_MADE = re.compile(r"\b(?:os\.)?(?:makedirs|mkdir)(?:All)?\(|\bMkdirAll\(")


def _folder(change: Change) -> bool:
    """A folder that is not made: it is there already, or nothing is written at all."""
    if change.fault is FaultClass.HOLLOW_FUNCTION:
        start, end = change.edits[0].start, change.edits[-1].end
        return end - start < _SHORT and bool(_FOLDER_MADE.search(change.source.text[start:end]))
    return (
        change.fault is FaultClass.DROPPED_STEP and bool(_FOLDER_MADE.search(change.gone)) and "\n" not in change.gone
    )


_SHORT = 200


def _last_of_a_choice(change: Change) -> bool:
    """The last `elif` of a choice without an `else` is always taken: the other words were told apart before."""
    line = change.gone
    if not change.operator.id.endswith("branch-always") or not line.lstrip().startswith("elif"):
        return False
    indent = len(line) - len(line.lstrip())
    end = change.source.text.find("\n", change.edits[-1].end)
    for after in change.source.text[end + 1 :].split("\n") if end >= 0 else ():
        if after.strip() and len(after) - len(after.lstrip()) <= indent:
            return not after.lstrip().startswith(("else", "elif"))
    return True


_LARGEST = re.compile(
    r"\bif\b[ (]*(\w[\w.\[\]]*) [<>] (\w[\w.\[\]]*)\)?[ :{]*\s+(?:\2 = \1|\1 = \2)\b"
    r"|(\w+) [<>] 0(?:\.0)? \? (?:\3 : (?:0|-\3)|-\3 : \3)|\b(\w+) if \4 [<>] 0 else (?:0|-\4)"
)


def _same_at_the_edge(change: Change) -> bool:
    """The larger of two, or the amount of a number: at the very edge both sides are the same."""
    if change.fault is not FaultClass.BOUNDARY:
        return False
    text = change.source.text
    start = text.rfind("\n", 0, change.edits[0].start) + 1
    return _LARGEST.search(text, start, change.edits[-1].end + _SHORT) is not None and bool(
        _LARGEST.match(text[start : change.edits[-1].end + _SHORT].lstrip())
        or "?" in change.gone
        or " else " in change.gone
    )


_WRITES_RESULT = re.compile(
    r"json\.dump\(|\.write(?:_text|lines|row|rows)?\((?! *[\"']\\n[\"'] *\))|\bprint\((?! *[\d\"'])"
    r"|to_(?:csv|json|parquet|excel|pickle|html)\("
    r"|Fprint|Println?\(|Printf\(|\bprintf\(|\bcout\b|console\.log\(|stdout\.write\(|System\.out\.|\bprintln!?\("
)
_NOT_WRITTEN = frozenset((FaultClass.DROPPED_STEP, FaultClass.DROPPED_OUTPUT))


def _only_result(change: Change) -> bool:
    """The one place at which a program writes anything."""
    gone = change.gone
    if (
        change.fault not in _NOT_WRITTEN
        or "\n" in gone
        or not _WRITES_RESULT.search(gone)
        or change.new.strip() not in ("pass", "")
    ):
        return False
    return len(_WRITES_RESULT.findall(change.source.text)) == len(_WRITES_RESULT.findall(gone))


_CODE_RULES: tuple[Callable[[Change], bool], ...] = (
    _hollow,
    _misread,
    _other_case,
    _no_failure,
    _key_is_read,
    _usage,
    _first_index_only,
    _starts,
    _never_equal,
    _commands_exchanged,
    _texts_exchanged,
    _no_value,
    _lists_subtracted,
    _told,
    _round,
    _folder,
    _last_of_a_choice,
    _same_at_the_edge,
    _only_result,
)

# --- scripts

_PREPARES = re.compile(
    r"^\s*(?:sudo (?:-\w+ )*)?(?:\w+=\S+ )*(?:cd|mkdir|pushd|popd|set|source|\.|apt|apt-get|yum|apk|dnf|pip3?|uv|npm"
    r"|yarn|gcc|g\+\+|clang|cc|make|cmake|javac|kotlinc|scalac|ghc|gradle|mvn|rustc|cargo"
    r"|go (?:build|mod|get)|tar|unzip|gunzip|wget|base64 -d"
    r"|python3? -m (?:pip|venv)|curl [^\n]*-[oO]|sleep|export PATH|dpkg|rustup|trap|clear|hash|aws|gsutil|scp"
    r"|protoc|python3? -m grpc_tools)\b"
    r"|^\s*[A-Za-z_]\w*=(?:[\"'][^\"'\n]*[\"']|[^\s;&|]*|[\"']?\$\(.*\)[\"']?)\s*$"
    r"|^\s*cat >+ *\S*\b(?:go\.(?:mod|sum)|package\.json|Cargo\.toml|CMakeLists\.txt|[mM]akefile)[\"']? "
)
"""What everything after it needs, or what is needed by nothing."""
_EARLY = 0.45
_SCRIPT_STEPS = frozenset((FaultClass.DROPPED_STEP, FaultClass.WRONG_TARGET, FaultClass.NOOP_GUARD))


_PACKAGES = re.compile(
    r"^\s*(?:sudo (?:-\w+ )*)?(?:\w+=\S+ )*(?:apt|apt-get|yum|apk|dnf|pip3?|npm) (?:-\S+ )*(?:install|add)\b"
)
_LOOKS = re.compile(
    r"\|\s*(?:tail|head)\b[^>\n]*$|\s--(?:help|version)\b"
    r"|^\s*(?:\w*=\S+ )*(?:ls|which|whoami|pwd|env|file|wc|tree|ps)\b[^>]*$",
    re.MULTILINE,
)


def _looks(change: Change) -> bool:
    """A command that only shows something to whoever runs the script."""
    first = change.gone.split("\n", 1)[0]
    return change.gone.count("\n") < 2 and _LOOKS.search(first) is not None


def _packages(change: Change) -> bool:
    return bool(_PACKAGES.match(change.gone))


def _value_left(change: Change) -> bool:
    """An option is gone and its value is not: the command refuses to run."""
    edit = change.edits[0]
    gone = change.source.text[edit.start : edit.end].strip()
    after = change.source.text[edit.end :].lstrip(" ")[:1]
    return (
        change.operator.id == "shell.drop-flag" and bool(re.fullmatch(r"-[a-z]{3,}", gone)) and after not in "-\n\\;|&"
    )


def _prepares(change: Change) -> bool:
    if change.fault is not FaultClass.DROPPED_STEP or change.source.kind is not SourceKind.SCRIPT:
        return False
    first = change.source.text[change.edits[0].start : change.edits[-1].end].lstrip("&|; \t\n")
    written_out = change.gone.count("\n") if not first.startswith("cat ") else 0
    return bool(_PREPARES.match(first)) and written_out < 3


def _ends_early(change: Change) -> bool:
    """Most of a script's commands never run."""
    if not change.stilled or change.source.kind is not SourceKind.SCRIPT or change.edits[0].end > change.edits[0].start:
        return False
    start, end = change.stilled
    return end - start > _EARLY * len(change.source.text)


_WRITES = re.compile(
    r"(?:^|[^>&\d])>\s*[\"']?([^\s\"'<>|;&]+)|\btee\s+(?:-\w+ )*[\"']?([^\s\"'<>|;&]+)|-o[= ]([^\s;&|]+)"
)
_TAKES_UP = (
    r"(?m)^[^#\n]*(?:\b(?:python3?|node|bash|sh|ruby|perl|patch|gcc|g\+\+|cc|go|rustc|javac|psql|sqlite3|docker|source"
    r"|chmod|cp|mv|install)\b[^\n]*|[;&|(]\s*|^\s*|<\s*)(?:\S*/)?"
)


def _feeds(change: Change) -> bool:
    """A file that is not written, and that a later command runs or takes in."""
    if change.fault is not FaultClass.DROPPED_STEP or change.source.kind is not SourceKind.SCRIPT:
        return False
    text = change.source.text
    start, end = change.edits[0].start, change.edits[-1].end
    written = _WRITES.search(text[start:end].split("\n", 1)[0])
    name = next((each for each in written.groups() if each), "").rpartition("/")[2] if written else ""
    if not name or len(text[start:end]) < _LONG_STEP * len(text):
        return False
    return re.search(_TAKES_UP + re.escape(name) + r"(?![\w.])", text[end:]) is not None


_LONG_STEP = 0.4
"""Of a script's text: what is written there is what the script is about."""

_TARGET = re.compile(
    r"(?:^|[^>&\d])>{1,2}\s*[\"']?([^\s\"'<>|;&()]+)|\btee\s+(?:-\w+ )*[\"']?([^\s\"'<>|;&]+)"
    r"|(?:^|[;&|]\s*)(?:sudo )?(?:cp|mv|install)\s[^\n;&|]*?([^\s\"';&|]+)[\"']?\s*(?=$|[;&|])",
    re.MULTILINE,
)
_NOWHERE = re.compile(r"/dev/|/tmp/|&|\$(?:TMP|WORK)|-")
_OTHER_EFFECTS = re.compile(
    r"^\s*(?:sudo )?(?:sed -\w*i|patch|git|chown|useradd|systemctl|service|nginx|docker|psql|mysql|sqlite3"
    r"|crontab|ln|tar|ssh\w*|openssl|touch|rm|mkdir -m|perl -\w*i|npm|tmux|make|cmake|go build|gcc|cargo)\b",
    re.MULTILINE,
)


def _only_target(change: Change) -> bool:
    """The one step of a script that leaves a file: it is as if nothing had been done."""
    if change.operator.id != "shell.drop-step" or change.source.kind is not SourceKind.SCRIPT or change.candidate.scope:
        return False
    text = _without_bodies(change.source.text)
    step = change.source.text[change.edits[0].start : change.edits[-1].end].lstrip("&|; \t\n").split("\n", 1)[0]
    own = _targets(step)
    return bool(own) and _targets(text) == own and _OTHER_EFFECTS.search(text) is None


def _targets(text: str) -> list[str]:
    """The files that are written, each as often as that is done."""
    found = [next(name for name in names if name) for names in _TARGET.findall(text)]
    return sorted(name for name in found if not _NOWHERE.match(name))


_BODY = re.compile(r"<<-?\s*[\\\"']?(\w+)[\"']?([^\n]*)\n.*?^\s*\1$", re.MULTILINE | re.DOTALL)


def _without_bodies(text: str) -> str:
    """A script without its here-documents."""
    return _BODY.sub(r"\2", text)


_SHELL_RULES: tuple[Callable[[Change], bool], ...] = (
    _prepares,
    _packages,
    _value_left,
    _looks,
    _ends_early,
    _feeds,
    _only_target,
)
