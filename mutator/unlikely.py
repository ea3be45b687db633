"""Mutants that hardly anybody writes, or that leave next to nothing working although most of the text is there.

They say little about a verifier whatever sentence they are linked to. Each rule names a construct of programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mutator import only_step, void
from mutator.blunt import Change
from mutator.model import FaultClass, SourceKind

_RARE = frozenset(
    (
        "python.key",
        "python.branch-always",
        "python.condition-negated",
        "python.comparison-reversed",
        "python.equality-negated",
        "python.assertion-dropped",
        "python.and-or",
        "code.relation",
        "code.reverse-comparison",
        "code.always",
        "code.swap-entries",
        "code.duplicate-entry",
        "code.logic",
        "code.swap-cases",
        "shell.exit-early",
        "shell.hollow-script",
        "shell.swap-append",
        "shell.swap-and-or",
        "python.off-by-one",
        "python.arguments-swapped",
        "python.early-return",
        "python.encoding",
        "python.exception-swallowed",
        "python.loop-skipped",
    )
)
"""Signs turned round, and tests that no longer ask anything: all goes wrong at once, and who runs it sees that."""


_IN_A_REPAIR = frozenset(("python.off-by-one",))
"""Rare in a program as it is written, and not in the line that a repair is about."""


def unlikely(change: Change) -> bool:
    operator = change.operator.id
    rare = operator in _RARE and not (operator in _IN_A_REPAIR and change.source.kind is SourceKind.REPLACEMENT)
    return rare or operator.startswith("mutmut.") or any(rule(change) for rule in _RULES)


def _first_round(change: Change) -> bool:
    """A loop that ends after its first round, but for one over a few named things."""
    over = change.candidate.fields.get("over", "") or next(iter(change.candidate.fields.values()), "")
    return change.operator.id.endswith("loop-first-only") and not over.startswith(("['", '["', "('", '("'))


def _another_sign(change: Change) -> bool:
    """Plus for minus: every result is another. A term that a formula lacks is a mistake of another kind."""
    return change.fault is FaultClass.ARITHMETIC and not change.operator.id.endswith("term-dropped")


_SAYS = re.compile(
    r"\b(?:print\w*|echo|log\w*|logger\.\w+|warn\w*|debug|info|raise|throw|panic!?|Fprint\w*|Print\w*|Errorf|die|fail"
    r"|errors\.New|\w*Error|\w*Exception|console\.\w+|stderr|abort|exit|expect|bail!|usage)\b"
)


def _wording(change: Change) -> bool:
    """How a message is worded, where that is all that changes."""
    if change.fault is FaultClass.MESSAGE:
        return True
    gone, new = change.gone, change.new
    if gone == new or " " not in change.candidate.stated:
        return False
    return gone.lower() == new.lower() and _SAYS.search(gone) is not None


_COUNTED = re.compile(
    r"\b(?:needs?|expects?|requires?|takes?|missing|too (?:few|many)|wrong number of|usage)\b[^\n]{0,20}"
    r"\b(?:\d+|one|two|three|args?|arguments?|params?|fields?|operands?|tokens?)\b",
    re.IGNORECASE,
)


def _how_many_words(change: Change) -> bool:
    """What is said where a command has too few words."""
    return change.gone.count("\n") < 5 and _COUNTED.search(change.gone) is not None


_STYLE = re.compile(r"(?<=[A-Za-z])[\s_-](?=[A-Za-z])")


def _another_style(change: Change) -> bool:
    """The same word in other letters, or in another style of name: it is copied from where it is given."""
    gone, new = change.gone, change.new
    return gone != new and _STYLE.sub("", gone).lower() == _STYLE.sub("", new).lower() and bool(_WORDS.search(gone))


_WORDS = re.compile(r"[A-Za-z]{2}")


def _turned_round(change: Change) -> bool:
    """The other way round where no order but the usual one is meant."""
    return change.operator.id == "python.order" and "reverse=True" in change.new and "reverse" not in change.gone


_READS_IN = re.compile(
    r"^_?(?:load|read|parse|open|init|setup|build|connect|solve|process|run|decode|tokenize)(?:_|[A-Z]|$)"
)


def _begins(change: Change) -> bool:
    """What takes the input in, or does all of the work, does nothing."""
    name = change.candidate.scope.rpartition(".")[2]
    return change.fault is FaultClass.HOLLOW_FUNCTION and not change.shell and _READS_IN.match(name) is not None


def _another_ending(change: Change) -> bool:
    """A name in the plural: nobody copies a name that is given, and changes that."""
    gone, new = change.gone, change.new
    if gone == new or change.fault is FaultClass.ARITHMETIC or "\n" in gone or abs(len(gone) - len(new)) not in (1, 2):
        return False
    longer, shorter = (gone, new) if len(gone) > len(new) else (new, gone)
    pairs = enumerate(zip(longer, shorter, strict=False))
    start = next((at for at, (one, other) in pairs if one != other), len(shorter))
    added = longer[start : start + len(longer) - len(shorter)]
    return (
        added in ("s", "es", "1")
        and longer[start + len(added) :] == shorter[start:]
        and re.search(r"[A-Za-z]$", longer[:start]) is not None
        and re.match(r"\W|$", shorter[start:]) is not None
    )


_INDEX = re.compile(r"[\w)\]]\[$")


def _index(change: Change) -> bool:
    """Another place in a list of words: what follows is noise, or an error."""
    if change.fault is not FaultClass.WRONG_VALUE or len(change.edits) != 1:
        return False
    text, edit = change.source.text, change.edits[0]
    start, end = edit.start, edit.end
    while start and text[start - 1].isdigit():
        start -= 1
    while end < len(text) and text[end].isdigit():
        end += 1
    if text[end : end + 1] == ">" and text[max(start - 2, 0) : start].strip(" ,")[-1:] not in ("=", "-"):
        return True  # How long a type is: other parts of the program would not fit.
    return text[end : end + 1] == "]" and _INDEX.search(text[max(start - 2, 0) : start]) is not None


_RESERVES = re.compile(
    r"\bmake\(\[\][\w.*\[\]]+, *0, *|\.(?:reserve|Grow|ensureCapacity|ensure_capacity)\(|\bwith_capacity\("
)


def _room(change: Change) -> bool:
    """How much room is reserved beforehand: more is taken where it is needed."""
    if change.fault is FaultClass.HOLLOW_FUNCTION or len(change.edits) != 1 or "\n" in change.gone:
        return False
    text, edit = change.source.text, change.edits[0]
    line = text.rfind("\n", 0, edit.start) + 1
    before = [found.end() for found in _RESERVES.finditer(text, line, edit.start)]
    return bool(before) and text.count(")", before[-1], edit.start) <= text.count("(", before[-1], edit.start)


_KEPT_IN_FILES = re.compile(
    r"\.dump\(|\.savefig\(|\.save\(|\.to_\w+\([\w\"'/]|write_text\(|write_bytes\(|open\([^)\n]*, *(?:mode=)?[\"'][wa]"
)


def _progress(change: Change) -> bool:
    """What a program tells while it writes its results elsewhere."""
    if change.operator.id != "python.print-dropped":
        return False
    return change.source.kind is SourceKind.INLINE or _KEPT_IN_FILES.search(change.source.text) is not None


_MADE_WHEN_MISSING = re.compile(
    r"^\s*if[ (]+(?:not |!)?([\w.\[\]>-]+?)(?: *== *(?:nil|null|None|NULL|nullptr|undefined)| is None)?\)?"
    r"\s*[:{]?\s*\n?\s*\1 *:?= "
)
_CONTAINER = re.compile(
    r"(?:[:=]|<-)\s*&?(?:make\(|new\w*[ (]|\w+\.New\w*\(|\{\}|\[\]|dict\(\)|list\(\)|set\(\)"
    r"|defaultdict\(|Counter\(|deque\(|\w+\{\}|mutableMapOf|mutableListOf|HashMap|Vec::new|sync\.)[^\n]*$"
)


def _made_when_missing(change: Change) -> bool:
    """What is made before its first use: without it, all that uses it stops."""
    start = change.source.text.rfind("\n", 0, change.edits[0].start) + 1
    if any(map(_MADE_WHEN_MISSING.match, (change.source.text[start : start + 300], change.gone.lstrip("\n")))):
        return True
    dropped = "\n" not in change.gone and len(change.new.strip()) < len("pass") + 1
    return dropped and not change.shell and _CONTAINER.search(change.gone.rstrip(" ,;")) is not None


_CODE = re.compile(r"['\"][^'\"\n]*(?: = |\w\([^'\"\n]*\))|unpack|frombuffer")
_MOVES_ON = re.compile(r"[;:]?\s*(\w*off(?:set)?|pos(?:ition)?|cursor|ptr|idx|i|j|at)\b *\+= *\w")
_TAKES_FROM = r"\[[^\]\n]*\bNAME\b|\b(?:while|for)\b[^\n]*\bNAME\b|\w\([^()\n]*[,(] *NAME\b"


def _pieces_of_code(change: Change) -> bool:
    """Statements in a table of replacements, one for another, or how bytes are read."""
    return change.fault is FaultClass.SWAPPED_MAPPING and _CODE.search(change.before) is not None


def _stays_where_it_is(change: Change) -> bool:
    """A place in the input that does not move on: no end is reached, or noise is read."""
    if change.fault is not FaultClass.DROPPED_STEP and not change.operator.id.endswith("assignment-dropped"):
        return False
    text = change.source.text
    moved = _MOVES_ON.match(text, change.edits[0].start, change.edits[-1].end)
    return moved is not None and re.search(_TAKES_FROM.replace("NAME", moved[1]), text) is not None


_TRIES = re.compile(
    r"^\s*(?:assert\b|(?:log|info|say|msg|warn|note|banner)\b(?!\s*=)|(?:export )?PATH=|export PATH\b)", re.MULTILINE
)


def _looks_at_itself(change: Change) -> bool:
    """What a solution checks of its own work, tells of itself, or where it finds its tools."""
    return change.gone.count("\n") < 2 and _TRIES.match(change.gone) is not None


def _all_lines_deleted(change: Change) -> bool:
    """sed's `d` without an address empties the file."""
    return change.operator.id == "sed.drop-address" and change.new.strip().endswith("d")


_BUILDS = re.compile(r"^\s*(?:cmake|make|ninja|meson|go (?:build|run)|cargo|gcc|g\+\+|clang\S*|javac|npm|dotnet|mvn)\b")
_FINDS = re.compile(r"^\s*sys\.path\.|;\s*sys\.path\.(?:insert|append)")


def _how_it_is_built(change: Change) -> bool:
    """An option of a build, or where a program finds its modules: with another there is no program."""
    if change.operator.id == "shell.drop-flag":
        return _BUILDS.match(change.gone) is not None
    return change.fault is FaultClass.DROPPED_STEP and _FINDS.search(change.gone) is not None and not change.shell


_IN_A_GRID = re.compile(
    r"\b0 *<= *\w+ *< *\w+|\bd[xyz] or d[xyz]\b|\bd[xyz] *== *0|\bnot \w+\[[^\]]+\] or (?:seen|visited|done)\["
)


_OF_TESTS = ("-never", "-disarmed", "-dropped", "-guard", "boundary", "number", ".requirement")


def _in_a_grid(change: Change) -> bool:
    """Whether a neighbour is there at all and not looked at yet: without that, an error, no end, or nothing."""
    return change.operator.id.endswith(
        ("-never", "-disarmed", "-dropped", "-guard", "boundary", "number", ".requirement")
    ) and bool(_IN_A_GRID.search(change.gone))


_SEARCHES_ON = re.compile(
    r"[^\n]*\bif\b(?:[^\n]*(?:\bnot (?:seen|visited|done|used)\b|\bnot in (?:seen|visited|done|used|region|closed)\b)"
    r"|[^\n]*[<>]=? *\w*(?:best|biggest|largest|smallest)\w*|[^\n]*\bbest\w* *[<>]"
    r"|[ (]*([\w.]+) [<>]=? ([\w.]+)\)?[ :{]*\s*(?:\2 = \1|\1 = \2)\b)"
)


def _never_further(change: Change) -> bool:
    """A search that never takes a step, or never keeps what it finds."""
    start = change.source.text.rfind("\n", 0, change.edits[0].start) + 1
    return change.operator.id.endswith("-never") and (
        _SEARCHES_ON.match(change.source.text, start, change.edits[-1].end + 80) is not None
    )


_OVER_ITSELF = re.compile(r"\b(\w+)\((\w+)\) / \1\(\2\)|\b(\w+)\((\w+)\) - \3\(\4\)")


def _by_itself(change: Change) -> bool:
    """A figure over or less the same figure."""
    return _OVER_ITSELF.search(change.new) is not None


_LOOPS_OVER_ALL = re.compile(r"\bfor\b[^\n]*<=? *(?:[\w.]+\.(?:length|size\(\)|len\(\))|len\([\w.]+\))")


def _beyond_the_last(change: Change) -> bool:
    """A loop that goes one beyond the last of a list: it stops there, or finds nothing."""
    return change.fault is FaultClass.BOUNDARY and _LOOPS_OVER_ALL.search(change.gone) is not None


_MADE_A_SET = re.compile(r"^\s*(\w+) = set\(")
_AS_A_SET = r"\bNAME(?:\.(?:add|update|discard|union|intersection|difference\w*)\(| [-|&]=? )|[-|&] NAME\b"


def _no_set_then(change: Change) -> bool:
    """What must be a set for what is done with it."""
    made = _MADE_A_SET.match(change.gone)
    if change.operator.id != "python.conversion-dropped" or made is None:
        return False
    return re.search(_AS_A_SET.replace("NAME", made[1]), change.source.text) is not None


_MIDDLE = re.compile(r"\[\(?\w+ *(?://|>>) *[12]\b")


def _middle(change: Change) -> bool:
    """The middle of an even number of things, computed wrongly: hardly a result is another."""
    return change.fault is FaultClass.ARITHMETIC and _MIDDLE.search(change.gone) is not None


def _number_already(change: Change) -> bool:
    """A number that is one without being made one."""
    if change.operator.id != "python.conversion-dropped":
        return False
    text = change.source.text
    unpacked = change.gone.count("float(") > change.new.count("float(") and "unpack" in text
    for name in set(_WHOLE.findall(change.gone)) - set(_WHOLE.findall(change.new)):
        unpacked = unpacked or re.search(rf"\b{re.escape(name)}\b[^=\n]*=(?!=)[^\n]*unpack", text) is not None
    return unpacked or _COUNTED_NUMBER.search(change.gone) is not None


_WHOLE = re.compile(r"\bint\((\w+)\)")
_COUNTED_NUMBER = re.compile(r"\b(?:int|float)\(\w*(?:rng|random|np|math|len|sum|round)\b[.(]")


_GIVES_OUT = re.compile(r"json|yaml|csv|Response|render|pickle|to_dict|__dict__")


def _own_record(change: Change) -> bool:
    """A field of a record that never leaves the program."""
    return change.operator.id == "python.output-key-dropped" and _GIVES_OUT.search(change.source.text) is None


_SIZES = re.compile(
    r"\[\d+\](?:byte|u?int\d*|rune|float\d+|char|string)\b|\bmake\(|\b(?:Parse|Format)(?:Int|Uint|Float)\("
    r"|bufio|[bB]uffer|\bbuf\w* *:?=|\.print_stats\("
)


def _how_large(change: Change) -> bool:
    """How large a buffer is, or in which base numbers are read."""
    return change.fault is FaultClass.WRONG_VALUE and _SIZES.search(change.gone) is not None


_EMPTY_VALUE = re.compile(r"[:=] *(?:\[\]|\{\}|\"\"|null|0) *,?")


def _filled_later(change: Change) -> bool:
    """An entry that is empty as it is written: what fills it makes it."""
    if not change.operator.id.startswith("data.drop-entry") or len(change.edits) != 1:
        return False
    start, end = change.edits[0].start, change.edits[0].end
    return _EMPTY_VALUE.search(change.source.text[start:end].rstrip()) is not None


_LARGE_NUMBER = 10


def _next_number(change: Change) -> bool:
    """One more or less of many: hardly anything comes out otherwise."""
    if change.fault is not FaultClass.WRONG_VALUE or not change.operator.id.endswith("number"):
        return False
    pairs = zip(re.findall(r"\d+(?:\.\d+)?", change.gone), re.findall(r"\d+(?:\.\d+)?", change.new), strict=False)
    changed = [(float(old), float(new)) for old, new in pairs if old != new]
    return bool(changed) and all(old >= _LARGE_NUMBER and abs(old - new) <= 1 for old, new in changed)


_OR_NOTHING = re.compile(r"[^=!<>]=[^=].*(?:\|\||\?\?|\bor) *(?:\"\"|''|0\b|\[\]|\{\}|null|None|false|False)")


def _or_nothing(change: Change) -> bool:
    """The value itself, where nothing stands in for it when it is missing."""
    return change.operator.id in ("code.drop-conjunct", "python.operand-dropped") and bool(
        _OR_NOTHING.search(change.gone)
    )


_TEMPORARY = re.compile(r"^(?:export )?(\w+)=[\"']?(?:/tmp/|\$\(mktemp)", re.MULTILINE)
_PLACES = re.compile(r"[\"']?(\$\{?\w+\}?[^\s\"';]*|/[^\s\"';]+)")


def _own_folder(change: Change) -> bool:
    """A step of a script that only touches what lies in a temporary folder of its own."""
    if change.source.kind is not SourceKind.SCRIPT or change.fault is not FaultClass.DROPPED_STEP:
        return False
    own = _TEMPORARY.findall(change.source.text)
    step = change.source.text[change.edits[0].start : change.edits[-1].end].strip()
    made = _PLACES.findall(step.split("\n", 1)[0])
    if step.startswith(("cp ", "mv ", "ln ", "install ")):
        made = made[-1:]
    return bool(made) and all(_is_own(place, own) for place in made)


_STALE = re.compile(r"^\s*rm -\w+ [^\n]*\b(?:build|outputs?|out|target|dist|results?|report\w*)\b")


def _tidies(change: Change) -> bool:
    """What an earlier run left is not removed: the next one writes over it."""
    return change.fault is FaultClass.DROPPED_STEP and change.shell and _STALE.match(change.gone) is not None


_IN_PASSING = re.compile(r"/(?:var/)?tmp/")


def _is_own(place: str, own: Sequence[str]) -> bool:
    return _IN_PASSING.match(place) is not None or any(re.match(rf"\$\{{?{name}\b", place) for name in own)


_TINY = re.compile(r"\b\d(?:\.\d+)?e-\d+\b")
_FRACTION = re.compile(r"\d\.\d|/|\bfloat|\bsqrt|\bmean\b|\bsigma?\b")


def _never_that_near(change: Change) -> bool:
    """Against a division by nothing, or whether two fractions are the very same."""
    if change.operator.id.endswith(("conversion-dropped", "-disarmed")) and _TINY.search(change.gone):
        return True
    if "clamp" in change.operator.id and _COUNTS_THINGS.search(change.gone):
        return True
    if "clamp" in change.operator.id or change.operator.id.endswith("aggregation"):
        return _TINY.search(change.gone) is not None
    if change.fault is not FaultClass.BOUNDARY:
        return False
    if _FRACTION.search(change.gone):
        return True
    compared = [re.escape(name) for side in _COMPARED.findall(change.gone) for name in side if name]
    return any(
        re.search(rf"^\s*(?:\w+ +)?{name} *(?::=|=(?!=)) *[^\n]*{_COMPUTED}", change.source.text, re.MULTILINE)
        for name in compared
    )


_COUNTS_THINGS = re.compile(r"\bmax\(1, |\b(?:min|max)\([^()\n]*\blen\(")
_COMPARED = re.compile(r"([A-Za-z_]\w*)? *(?:<=?|>=?) *([A-Za-z_]\w*)?")
_COMPUTED = r"(?:\b\d+\.\d|[\w)] / [\w(]|\bfloat\b|\bsqrt\(|\bhypot\(|\bmean\(|\bstd\()"


_NO_VALUE = re.compile(r"^\s*return \(?None, |^\s*return \(.*\bNone\b.*\)$", re.MULTILINE)


_ONE_LINE = re.compile(r"return [^\n]*")
_NONE = re.compile(r"^\s*return None$", re.MULTILINE)


def _nothing_back(change: Change) -> bool:
    """A function that gives nothing where its callers take values apart, or go on with what it gives: they stop."""
    if change.fault is not FaultClass.HOLLOW_FUNCTION:
        return False
    if _NO_VALUE.search(change.new):
        return True
    name = re.escape(change.candidate.scope.rpartition(".")[2])
    if _ONE_LINE.fullmatch(change.gone.strip()) and re.search(rf"(?<!def ){name}\(", change.source.text):
        return True
    used = rf"(?:=|\bin|\breturn|[(,\[]) *(?:self\.)?{name}\("
    return _NONE.search(change.new) is not None and bool(name) and re.search(used, change.source.text) is not None


_UNSEEN_OPTION = re.compile(
    r"\b(?:sort_keys|indent|ensure_ascii|encoding|dpi|parents|exist_ok|newline|errors|separators|text|check"
    r"|capture_output|stdout|stderr|bufsize|daemon|figsize|alpha|color|label|dtype|axis|keepdims|ignore_index|index)="
)


def _unseen_option(change: Change) -> bool:
    """An argument that decides how a thing looks or how it is done, and hardly what comes out."""
    return (
        change.operator.id == "python.option-dropped"
        and len(_UNSEEN_OPTION.findall(change.gone)) > len(_UNSEEN_OPTION.findall(change.new))
        and _ORDER_OR_FORM.search(change.gone) is None
    )


_ORDER_OR_FORM = re.compile(r"\breverse=|\bkey=")

_GATHERS = re.compile(
    r"^\s*(?:[\w.]*?(\w+)(?:\[[^\n]*?\])? *(?:\+=|-=|\|=|<<(?!<))"
    r"|[\w.]*?(\w+)(?:\[[^\n]*?\])?\.(?:append|add|update|extend|insert|push|push_back|emplace_back|setdefault)\("
    r"|(\w+) = append\(\3\b)"
)


def _only_gathering(change: Change) -> bool:
    """The one place that puts anything into what is then looked at: it stays empty."""
    if change.fault not in (FaultClass.DROPPED_STEP, FaultClass.DROPPED_OUTPUT) or "\n" in change.gone:
        return False
    start, end = change.edits[0].start, change.edits[-1].end
    found = _GATHERS.match(change.source.text[start:end].lstrip(";")) or _GATHERS.match(change.gone)
    if found is None:
        return False
    name = re.escape(next(group for group in found.groups() if group))
    return len(re.findall(_INTO.replace("NAME", name), change.source.text)) < 2


_INTO = (
    r"(?<![\w])NAME(?:\[[^\n]*?\])? *(?:\+=|-=|\|=|<<(?!<))"
    r"|(?<![\w])NAME(?:\[[^\n]*?\])?\.(?:append|add|update|extend|insert|push|push_back|emplace_back|setdefault)\("
    r"|\bNAME = append\(NAME\b|(?<![\w])NAME\[[^\n]*?\] = "
)

_LOOKS_LIKE = re.compile(
    r"^\s*(?:plt|ax\w*|fig\w*|sns)\.(?:set_)?(?:title|suptitle|[xy]label|legend|grid|tight_layout|style|show|figure|[xy]ticks)\b"
    r"|^\s*os\.environ(?:\[|\.setdefault)|^\s*print\([^\n]*\b(?:seconds|elapsed|took|done in|ms\b)"
    r"|^\s*print\(f?[\"'](?:Starting|Running|Loading|Processing|Reading|Writing|Saving|Done|Finished|Generating)\b|^\s*warnings\."
)


def _by_the_way(change: Change) -> bool:
    """How a plot looks, how long something took, what is set for libraries."""
    gone = change.gone
    return change.fault in _LEFT_OUT and "\n" not in gone and _LOOKS_LIKE.match(gone) is not None


_LEFT_OUT = (FaultClass.DROPPED_STEP, FaultClass.DROPPED_OUTPUT)
_RAISED = re.compile(
    r"^\s*(?:return\b[^\n]*\b(?:Errorf|errors\.New|bail!)\(|raise (?!SystemExit)|throw\b|panic\()(?![^\n]*[eE]xit)"
)
_DETAILS = (FaultClass.WRONG_VALUE, FaultClass.ARITHMETIC, FaultClass.BOUNDARY)


_HOW_MANY = r"(?:parts|tokens|words|fields|pieces|\w*[aA]rgs|argv|cols|columns)"
_WORDS_COUNTED = re.compile(rf"\b{_HOW_MANY}\.(?:size|length|len\(\))\b *[<>]=? *\d|\blen\({_HOW_MANY}\) *[<>]=? *\d")


def _one_word_more(change: Change) -> bool:
    """How many words a line of the input must have."""
    return change.fault is FaultClass.BOUNDARY and _WORDS_COUNTED.search(change.gone) is not None


_PLACE = re.compile(r"\b[xijkabc]\w* *\+ *n?[xwj]\w* *\* *(?:\(? *[yjb]\w*)")


def _place_in_a_grid(change: Change) -> bool:
    """Where in a list the points of a grid stand, computed without a part of it: each is another point."""
    return change.fault is FaultClass.ARITHMETIC and _PLACE.search(change.gone) is not None


_IF_ANY = re.compile(r"^\s*if (\w+):", re.MULTILINE)


def _if_any(change: Change) -> bool:
    """What is done with a list that is only empty for an input which is not given."""
    if change.operator.id != "python.branch-never" or not (found := _IF_ANY.match(change.gone)):
        return False
    return re.search(rf"\b{found[1]} *= *(?:\[.*\bfor\b|list\(|sorted\()", change.source.text) is not None


def _within_an_error(change: Change) -> bool:
    """A value that only stands in the text of an error."""
    return change.fault in _DETAILS and _RAISED.match(change.gone) is not None


_RULES: tuple[Callable[[Change], bool], ...] = (
    _first_round,
    _another_sign,
    _wording,
    _how_many_words,
    _nothing_back,
    _another_style,
    _turned_round,
    _begins,
    _another_ending,
    _index,
    _progress,
    _room,
    _own_folder,
    _tidies,
    _unseen_option,
    _only_gathering,
    _never_that_near,
    _made_when_missing,
    _or_nothing,
    _pieces_of_code,
    _looks_at_itself,
    _how_it_is_built,
    _in_a_grid,
    _own_record,
    _never_further,
    _by_itself,
    _middle,
    _number_already,
    _beyond_the_last,
    _no_set_then,
    _how_large,
    _filled_later,
    _next_number,
    _all_lines_deleted,
    _stays_where_it_is,
    *only_step.RULES,
    *void.RULES,
    _by_the_way,
    _within_an_error,
    _one_word_more,
    _place_in_a_grid,
    _if_any,
)
