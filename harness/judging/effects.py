"""What a survivor does otherwise than the reference, and whether that matters. Pure.

What is observed of the reference twice and of the survivor once is compared: the files after solving and after
verifying, and what came back of everything that was run, asked or called. What differs between the two observations of
the reference tells nothing.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from posixpath import basename, splitext

from harness.judging.stated import of_a_machine, of_no_name
from harness.judging.tolerance import ROUNDED, Tolerance, differ_within, stated_tolerance
from harness.judging.varied import is_interpreter
from harness.judging.volatile import steady, without_places
from harness.trial.end_state import NOISE, EndState, services
from harness.trial.watching.calls import Call, Observed


@dataclass(frozen=True, slots=True)
class Effect:
    """The plainest difference that was seen."""

    input: str
    """What was run, asked or called, or the file that was looked at."""
    expected: str
    """What the reference does there."""
    got: str
    others: int = 0
    """How many more differences there are."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Either an effect, or why no difference matters, or neither: then none was seen."""

    effect: Effect | None = None
    harmless: str = ""
    same: bool = False
    """All that the tests run gave what it gives with the reference. Other tests might show a difference."""
    looked: bool = field(default=False, compare=False)
    """Whether anything was seen of it that could differ."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a mutant and its task besides what was observed."""

    instruction: str
    removed: str
    """The text of the reference that the mutant changes."""
    after: str
    """That text and some of what follows it."""
    target: str = ""
    """The file in the box whose text it is, where that is known."""
    words: frozenset[str] = frozenset()
    """Options that its sentence names: a call that uses one shows the effect best."""
    guard: bool = False
    """The mutant takes a check away."""


def measure(first: Observed, second: Observed, mutant: Observed, about: About) -> Measured:
    """`first` and `second` are the reference's; what was run besides is the second's only."""
    shown, reason = differences(first, second, mutant, about)
    if reason:
        return Measured(harmless=reason)
    if not shown:
        steady = not any(True for _ in _calls(first, first, second))
        return Measured(same=bool(second.calls and mutant.calls) and steady, looked=True)
    return Measured(Effect(shown[0].input, shown[0].expected, shown[0].got, len(shown) - 1))


def differences(first: Observed, second: Observed, other: Observed, about: About) -> tuple[list[Difference], str]:
    """In what it differs from the reference, the plainest first; and why none of that matters, where that is so."""
    files = list(_files(first.left, second.left, other.left))
    calls = list(_calls(first, second, other))
    reason = _harmless(files, calls, second, other, about)
    shown = [*calls, *(each for each in files if not _is_edited_program(each, second, about))]
    return sorted(shown, key=lambda each: _plain(each, about)), reason


@dataclass(frozen=True, slots=True)
class Difference:
    kind: str
    input: str
    expected: str
    got: str
    right: Call | None = None
    given: Call | None = None
    path: str = ""
    texts: tuple[str, str] | None = None
    """The contents of a file whose contents differ, where they are text."""


_ORDER = ("run", "ask", "call", "besides", "content", "missing", "process", "attributes", "mode", "owner", "more")
"""What is shown first."""


def _plain(found: Difference, about: About) -> tuple[bool, bool, int]:
    """The lower, the sooner a person sees what is meant."""
    argv = found.right.argv if found.right is not None else ()
    only_complaints = found.got.startswith("complains")
    return not about.words.intersection(argv), only_complaints, _ORDER.index(found.kind)


# --- what was run


def _calls(first: Observed, second: Observed, mutant: Observed) -> Iterator[Difference]:
    one, other, third = (_keyed(seen.calls or ()) for seen in (first, second, mutant))
    restless = {_program(one[key]) for key in one.keys() & other.keys() if not _same(one[key], other[key])}
    for key, right in one.items():
        given = third.get(key)
        if key in other and given is not None and _same(right, other[key]) and not _same(right, given):
            yield _difference(right.kind, right, given)
    for right, given in zip(second.besides, mutant.besides, strict=False):
        if not _same(right, given) and _program(right) not in restless:
            yield _difference("besides", right, given)


def _keyed(calls: Iterable[Call]) -> dict[tuple[str, str, str, int], Call]:
    """Each call by the test that made it, what it was, and the how manieth of these."""
    counted: Counter[tuple[str, str, str]] = Counter()
    found = {}
    for call in calls:
        key = call.test, call.kind, steady(call.what)
        counted[key] += 1
        found[*key, counted[key]] = call
    return found


def _program(call: Call) -> tuple[str, ...]:
    if not call.argv:
        return (call.what.partition("(")[0],)
    return call.argv[:2] if is_interpreter(call.argv[0]) else call.argv[:1]


def _same(one: Call, other: Call) -> bool:
    return _came_back(one) == _came_back(other)


def _came_back(call: Call) -> tuple[int | None, str, str, str]:
    return call.status, steady(call.out), steady(without_places(call.err)), steady(call.wrote)


def _difference(kind: str, right: Call, given: Call) -> Difference:
    line = shlex.join(right.argv) if right.argv and kind != "besides" else right.what
    told = f"{line} <<< {shlex.quote(_clip(right.stdin))}" if right.stdin else line
    expected, got = _said(right, given), _said(given, right)
    return Difference(kind, _clip(told, 400), expected, got, right, given)


def _said(call: Call, other: Call) -> str:
    """What came back, as far as it is not the same."""
    words = {"ask": "answers", "call": "returns"}
    parts = []
    if call.status != other.status:
        parts.append("does not end" if call.status is None else f"{words.get(call.kind, 'exits with')} {call.status}")
    if steady(call.out) != steady(other.out):
        parts.append(f"{words.get(call.kind, 'prints')} {_line(call.out, other.out)}")
    if steady(call.wrote) != steady(other.wrote):
        parts.append(_left(call.wrote, other.wrote))
    mine, theirs = without_places(call.err), without_places(other.err)
    if steady(mine) != steady(theirs) and len(parts) < 2:
        parts.append(f"complains {_line(mine, theirs)}")
    return ", ".join(parts)


def _left(files: str, others: str) -> str:
    """The first file that is written, or gone, on one side only."""
    mine = [line for line in files.splitlines() if line not in set(others.splitlines())]
    if not mine:
        return "writes nothing more"
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    if mine[0].startswith("gone "):
        return f"removes {_clip(mine[0].removeprefix('gone '))}{more}"
    _, size, name = [*mine[0].split(" ", 2), "", ""][:3]
    return f"writes {_clip(name)} ({size} bytes){more}"


def _line(text: str, other: str) -> str:
    """The first line in which a text differs from another."""
    mine, theirs = text.splitlines(), other.splitlines()
    at = next((at for at, line in enumerate(mine) if at >= len(theirs) or line != theirs[at]), None)
    if at is None:
        return "nothing more" if mine else "nothing"
    return f"`{_clip(mine[at].strip())}`"


def _clip(text: str, longest: int = 160) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."


# --- what was left


def _files(first: EndState | None, second: EndState | None, mutant: EndState | None) -> Iterator[Difference]:
    if first is None or second is None or mutant is None:
        return
    yield from _in_box(first, second, mutant)
    for name in sorted(first.beside):
        seen = [state.beside.get(name) for state in (first, second, mutant)]
        one, other, third = (EndState(entries) if entries is not None else None for entries in seen)
        if one is None or other is None or third is None:
            continue
        for each in _in_box(one, other, third):
            yield replace(each, input=f"{each.input} of the service {name}", path=f"{name}:{each.path}")
    if first.ended == second.ended != mutant.ended:
        right, given = (_clip(", ".join(each) or "none") for each in (first.ended, mutant.ended))
        yield Difference("process", "the services that have ended", right, given)
    if first.processes == second.processes != mutant.processes:
        right, given = (_clip("; ".join(each) or "nothing") for each in (first.processes, mutant.processes))
        yield Difference("process", "what runs after solving", right, given)


def _in_box(first: EndState, second: EndState, mutant: EndState) -> Iterator[Difference]:
    restless = {
        path for path in {*first.entries, *second.entries} if first.entries.get(path) != second.entries.get(path)
    }
    for path in sorted({*first.entries, *mutant.entries} - restless):
        right, given = first.entries.get(path), mutant.entries.get(path)
        if right != given and not NOISE.search(path):
            yield from _of_file(path, right, given, first, mutant)


def _of_file(
    path: str, right: str | None, given: str | None, first: EndState, mutant: EndState
) -> Iterator[Difference]:
    if right is None or given is None:
        kind = "missing" if given is None else "more"
        yield Difference(
            kind, path, "is there" if right else "is not written", "is there" if given else "is not written", path=path
        )
        return
    mine, theirs = right.split(" ", 4), given.split(" ", 4)
    same_content = mine[4] == theirs[4] or (mine[0] == theirs[0] == "d")  # a folder's names are files of their own
    if mine[0] != theirs[0] or not same_content:
        yield _of_content(path, mine, theirs, first, mutant)
    elif mine[1] != theirs[1]:
        yield Difference("mode", path, f"has mode {mine[1]}", f"has mode {theirs[1]}", path=path)
    elif mine[2:4] != theirs[2:4]:
        yield Difference(
            "owner", path, f"belongs to {':'.join(mine[2:4])}", f"belongs to {':'.join(theirs[2:4])}", path=path
        )


def _of_content(path: str, mine: Sequence[str], theirs: Sequence[str], first: EndState, mutant: EndState) -> Difference:
    if mine[0] == theirs[0] and mine[4].split(" ")[:2] == theirs[4].split(" ")[:2]:
        return Difference("attributes", path, "has other attributes or access rights", "lacks them", path=path)
    data = [b64decode(state.outputs[path]) if path in state.outputs else None for state in (first, mutant)]
    texts = [_text(each) for each in data]
    if texts[0] is None or texts[1] is None:
        expected, got = (f"{len(each)} bytes" if each is not None else "other content" for each in data)
        if data == [None, None]:
            expected = "the solution's own content"
        return Difference("content", path, expected, got, path=path)
    right, given = texts[0], texts[1]
    return Difference("content", path, _line(right, given), _line(given, right), path=path, texts=(right, given))


def _text(data: bytes | None) -> str | None:
    if data is None or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


_CODE = frozenset(
    ".py .sh .bash .js .mjs .ts .rb .pl .go .rs .c .h .cc .cpp .hpp .java .kt .cs .php .lua .r .cob .awk .swift".split()
)


def _is_edited_program(found: Difference, reference: Observed, about: About) -> bool:
    """A program's text is no effect: what it does is one."""
    if found.kind != "content":
        return False
    words = {word for call in reference.calls or () for word in call.argv}
    entry = reference.left.entries.get(found.path, "") if reference.left is not None else ""
    if found.texts is None and re.match(r"f [0-7]*[1357][0-7]{0,2} ", entry):
        return True  # made by a compiler
    return (
        splitext(found.path)[1].lower() in _CODE
        or found.path in words
        or (found.texts is not None and found.texts[0].startswith("#!"))
        or (found.path == about.target and basename(found.path) in {basename(word) for word in words})
    )


# --- what does not matter


def _harmless(
    files: Sequence[Difference], calls: Sequence[Difference], second: Observed, mutant: Observed, about: About
) -> str:
    """The reason in a sentence, '' where a difference may matter or none was seen."""
    outputs = [each for each in files if not _is_edited_program(each, second, about)]
    if (outputs or calls) and _all_laid_out_otherwise(outputs, calls) and not _LAYOUT.search(about.instruction):
        return "its JSON says the same, and the instruction asks for no layout"
    tolerance = stated_tolerance(about.instruction)
    if tolerance is not None and (outputs or calls) and _all_within(outputs, calls, tolerance):
        return f"its numbers differ by no more than the {tolerance} that the instruction allows"
    if (outputs or calls) and not _ROUNDS.search(about.instruction) and _all_within(outputs, calls, ROUNDED):
        return "its numbers are the reference's but for rounding, which the instruction does not ask for"
    if not calls and files and not outputs and _helpers(files, second, about):
        named = ", ".join(sorted({each.path for each in files})[:3])
        return f"only the text of a program differs that nobody asked for ({named}): what it left is the same"
    if not calls and files and _made_again(files, second.after, mutant.after):
        return "the tests do this step themselves: what is there when they have ended is the same"
    if not calls and outputs and len(outputs) == len(files) and _nobody_needs(outputs, about):
        named = ", ".join(sorted({each.path for each in outputs})[:3])
        return f"only modes or owners differ ({named}), and nothing depends on them"
    if not calls and outputs and len(outputs) == len(files) and _on_the_way(outputs, second, about):
        named = ", ".join(sorted({each.path for each in outputs})[:3])
        return f"only files differ that nobody asked for ({named}): what is asked for is the same"
    if not outputs and _is_progress(calls, about):
        return "only what it tells of its progress differs, and the instruction asks for no such output"
    if not outputs and calls and about.guard and _refused_the_same(calls, about):
        return "where its check would refuse, something behind it refuses the same"
    return ""


_LAYOUT = re.compile(
    r"\bindent|\bpretty|\bcompact|\bminif|white-?\s?space|\bspaces?\b|\blayout|\bsort|\border(?:ed|ing)?\b|\bexact|\bbytes?\b|"
    r"\b(?:one|single|each|per|every) line\b|\bline by line\b|\bone-line|\bJSON ?L|\bNDJSON",
    re.IGNORECASE,
)


def _all_laid_out_otherwise(outputs: Sequence[Difference], calls: Sequence[Difference]) -> bool:
    """Every difference is one of blanks, line ends or the order of keys in JSON."""
    if not all(each.texts is not None and _same_json(*each.texts) for each in outputs):
        return False
    return all(
        each.right is not None
        and each.given is not None
        and (each.right.status, each.right.err, each.right.wrote)
        == (each.given.status, each.given.err, each.given.wrote)
        and _same_json(each.right.out, each.given.out)
        for each in calls
    )


def _same_json(one: str, other: str) -> bool:
    try:
        mine, theirs = (json.dumps(json.loads(text), sort_keys=True) for text in (one, other))
    except (ValueError, RecursionError):
        return False
    return mine == theirs


def _all_within(outputs: Sequence[Difference], calls: Sequence[Difference], tolerance: Tolerance) -> bool:
    if not all(each.texts is not None and differ_within(*each.texts, tolerance) for each in outputs):
        return False
    return all(
        each.right is not None
        and each.given is not None
        and each.right.status == each.given.status
        and differ_within(each.right.out, each.given.out, tolerance)
        and differ_within(each.right.err, each.given.err, tolerance)
        and each.right.wrote == each.given.wrote
        for each in calls
    )


_ROUNDS = re.compile(
    r"\bround|\bdecimal|\bdigits?\b|\bsignificant|\bprecis|\bexact|\binteger|\bwhole number|\btruncat|\bbyte"
    r"|\bidentical",
    re.IGNORECASE,
)


def _helpers(files: Sequence[Difference], second: Observed, about: About) -> bool:
    """Programs on the way to data that the instruction names: it does not name them, no test runs them, and nothing of
    them still runs."""
    left = second.left
    if left is None or second.calls is None or services(left):
        return False
    words = {basename(word) for call in second.calls for word in call.argv}
    asked = any(entry.startswith("f ") and not of_no_name(path, about.instruction) for path, entry in _kept(left))
    return asked and all(
        bool(each.path) and of_no_name(each.path, about.instruction) and basename(each.path) not in words
        for each in files
    )


def _kept(left: EndState) -> list[tuple[str, str]]:
    """The files of the work: none of the machine's."""
    return [(path, entry) for path, entry in left.entries.items() if not (NOISE.search(path) or of_a_machine(path))]


def _made_again(files: Sequence[Difference], right: EndState | None, given: EndState | None) -> bool:
    """After the verifier every file that differed is there in both, and the same."""
    if right is None or given is None:
        return False
    return all(
        bool(each.path)
        and right.entries.get(each.path) is not None
        and right.entries[each.path] == given.entries.get(each.path)
        for each in files
    )


_MODES = re.compile(
    r"permission|chmod|chown|\bown(?:ed|er|ers|ership)?\b|\bmodes?\b|\bexecutable\b|read-?only|(?:read|writ)able|umask|"
    r"\bprivate\b|\bprotect|\bsecur|\bnon-root\b|\bgroup\b|\b0[0-7]{3}\b|\brwx|\bsetuid\b|\bsticky\b",
    re.IGNORECASE,
)


_MAY_BE_USED = re.compile(r"\bexecutable\b|(?<!only )\breadable\b", re.IGNORECASE)
"""Words about modes that a file which more may use still fits."""


def _nobody_needs(outputs: Sequence[Difference], about: About) -> bool:
    if not all(each.kind in ("mode", "owner") for each in outputs):
        return False
    instruction = about.instruction
    if all(_only_opened(each) for each in outputs):
        instruction = _MAY_BE_USED.sub("", instruction)
    if _MODES.search(instruction):
        return False
    # A program that is to be started by its name has to be executable.
    return not any(
        each.kind == "mode" and not _only_opened(each) and f"./{basename(each.path)}" in about.instruction
        for each in outputs
    )


def _only_opened(found: Difference) -> bool:
    """Whoever could use the file can, and others can too."""
    right, given = found.expected.rpartition(" ")[2], found.got.rpartition(" ")[2]
    return found.kind == "mode" and not int(right, 8) & ~int(given, 8)


_TIDY = re.compile(
    r"\bclean|\bremov|\bdelet|\bshred|\bwip|\bno (?:other|extra|additional)\b|\bnothing else\b|\btempor|\bintermediate"
    r"|\bleft ?over",
    re.IGNORECASE,
)


def _on_the_way(outputs: Sequence[Difference], second: Observed, about: About) -> bool:
    """Data is all that the work comes to, and what differs is none of the data that the instruction names: what a
    program or a machine may need later is never by the way."""
    left = second.left
    if left is None or services(left):
        return False
    kept = _kept(left)
    asked = [path for path, entry in kept if entry.startswith("f ") and not of_no_name(path, about.instruction)]
    programs = any(
        entry.startswith("f ") and (splitext(path)[1].lower() in _CODE or int(entry.split(" ")[1], 8) & 0o111)
        for path, entry in kept
    )
    tidy = any(each.kind == "more" for each in outputs) and _TIDY.search(about.instruction)
    return (
        bool(asked)
        and not programs
        and not tidy
        and all(
            each.kind in ("missing", "content", "more") and of_no_name(each.path, about.instruction) for each in outputs
        )
    )


_PRINTS = re.compile(
    r"\s*(?:print|echo|printf|console\.\w+|fmt\.(?:P|Fp)rint\w*|log(?:ger|ging)?\.\w+|puts|e?println!?|sys\.std(?:err|out)\.write|"
    r"std::c(?:out|err))\b"
)
_ASKS = re.compile(
    r"\bprint|\bstdout\b|\bstderr\b|standard (?:output|error)|\bdisplay|\becho|\bconsole\b|\bmessages?\b|"
    r"\boutputs?\b(?! (?:file|path|folder|directory|to /|in /|at /))|\breports?\b|\blogs?\b|\bshows?\b|"
    r"\bemits?\b|\bwarn|\bsays?\b",
    re.IGNORECASE,
)


def _is_progress(calls: Sequence[Difference], about: About) -> bool:
    """The mutant changes a statement that prints, nothing but what is printed differs, and nobody asked for it."""
    if not _PRINTS.match(about.removed) or _ASKS.search(about.instruction):
        return False
    return all(
        each.right is not None
        and each.given is not None
        and each.right.kind == "run"
        and (each.right.status, each.right.wrote) == (each.given.status, each.given.wrote)
        for each in calls
    )


_LITERAL = re.compile(r"""(["'])((?:(?!\1)[^\\\n]|\\.){6,})\1""")


def _refused_the_same(calls: Sequence[Difference], about: About) -> bool:
    """Where the reference refuses in the words of the check, the mutant ends with the same status, prints the same and
    complains too; and nothing else differs."""
    words = [part for found in _LITERAL.finditer(about.after) for part in re.split(r"\{[^}]*\}|%\w|\\.", found[2])]
    words = [word.strip() for word in words if len(word.strip()) >= 6]
    if any(word in about.instruction for word in words):
        return False  # the words themselves are asked for

    def about_it(call: Call) -> bool:
        return call.status not in (0, None) and any(word in call.err or word in call.out for word in words)

    for each in calls:
        right, given = each.right, each.given
        if right is None or given is None or right.kind != "run" or not about_it(right):
            return False
        if right.status != given.status or bool(right.err) != bool(given.err):
            return False
        if steady(right.out) != steady(given.out) or right.wrote != given.wrote:
            return False
    return True
