"""Which mutants are worth a trial: what breaks a stated requirement, and what counts by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mutator.model import FaultClass, Mutant, Tier
from mutator.relevance import Link
from mutator.relevance.amounts import is_number, is_telling
from mutator.relevance.removes import cleans_up


@dataclass(frozen=True, slots=True)
class Chosen:
    mutant: Mutant
    links: tuple[Link, ...]
    aside: bool = False
    """Whether nothing that is stated is broken, or hardly anybody would write it."""


_GIVEN = r"(?:[=(,]|\breturn|\bexit)\s*[\"']?NUMBER[\"']?\s*(?:[,);:}\]%]|$|\s#|\s//)|[<>]=?\s*NUMBER(?![\w.])"
_AT_LEAST = r"\b(?:at least|minimum(?: of)?|no (?:fewer|less) than|>=)"
_AT_MOST = r"\b(?:at most|maximum(?: of)?|no more than|up to|within|<=)"


class Stated:
    """Whether the words that a mutant changes stand in the instruction, where all depends on that."""

    def __init__(self, texts: Iterable[str], mutants: Iterable[Mutant]) -> None:
        self._texts = tuple(texts)
        self._text = "\n".join(self._texts)
        self._words = frozenset(re.findall(r"[\w./-]*\w", self._text))
        hollow = {mutant.scope for mutant in mutants if mutant.fault is FaultClass.HOLLOW_FUNCTION}
        named = frozenset(scope for scope in hollow if self._asks_for(scope))
        # The only one that the instruction names is the whole program.
        self._functions = named if len(named) > 1 else frozenset[str]()

    def placed(self, mutant: Mutant, links: tuple[Link, ...]) -> Chosen:
        """Behind the others where it is not stated; and a number that is stated is never a mere detail."""
        if mutant.fault is FaultClass.HOLLOW_FUNCTION and mutant.scope in self._functions:
            mutant = replace(mutant, blunt=False)
        if self._unasked_guard(mutant, links) or self._free(mutant, links) or self._only_tries(mutant):
            mutant = replace(mutant, unlikely=True)
        if mutant.unlikely or (self._text and not self._worth(mutant, links)):
            return Chosen(mutant, links, aside=True)
        if not mutant.stated:
            return Chosen(mutant, links)
        said = mutant.stated.split("\n")
        if not any(self._says(line.strip().strip("'\""), links, alone=len(said) == 1) for line in said):
            return Chosen(replace(mutant, tier=Tier.FINE), links)
        if self._still_meets(mutant):
            return Chosen(replace(mutant, tier=Tier.FINE), links)
        telling = mutant.tier is Tier.FINE and re.fullmatch(r"\d[\d_.]+", mutant.stated)
        return Chosen(replace(mutant, tier=Tier.MEDIUM) if telling else mutant, links)

    def _worth(self, mutant: Mutant, links: tuple[Link, ...]) -> bool:
        if links:
            text = self._texts[links[0].requirement]
            asks_nothing = _OFFERS.search(text) is not None or cleans_up(mutant.before, mutant.after, text)
            if not asks_nothing and self._by_more_than_a_number(mutant, links):
                return True
        named = bool(mutant.stated) and not (links and is_number(mutant.stated))
        return named or _speaks_for_itself(mutant)

    def _by_more_than_a_number(self, mutant: Mutant, links: tuple[Link, ...]) -> bool:
        """A number of one or two digits stands in most programs and most instructions. It ties the two where it is
        what is given, compared with or set, and changes; and not where it is one of what a sum is made of."""
        evidence = links[0].evidence if links else ()
        if not evidence or not is_number(evidence[0]) or (len(evidence) > 1 and evidence[0] != mutant.stated):
            return True
        number = evidence[0]
        if is_telling(number) or (len(evidence) > 1 and "." in number):
            return True
        if mutant.fault is FaultClass.WRONG_VALUE:
            return re.search(_GIVEN.replace("NUMBER", re.escape(number)), mutant.before) is not None
        return mutant.fault is FaultClass.ARITHMETIC

    def _unasked_guard(self, mutant: Mutant, links: tuple[Link, ...]) -> bool:
        """Whether a file is of the kind it is said to be, a line has anything in it, or a kind is known: the inputs
        that are given are as they should be, where no sentence says what becomes of others."""
        if not self._text or not (mutant.refuses or mutant.operator.endswith(_ON_CONDITIONS)):
            return False
        if mutant.before.count("\n") < _FEW_LINES and _OF_USAGE.search(mutant.before):
            return not any(_ASKS_USAGE.search(self._texts[link.requirement]) for link in links[:1])
        raises = mutant.refuses or mutant.operator.endswith(_RAISES)
        if not raises and not _OF_INPUTS.search(mutant.before.split("\n", 1)[0]):
            return False
        return not any(_REFUSES.search(self._texts[link.requirement]) for link in links[:1])

    def _free(self, mutant: Mutant, links: tuple[Link, ...]) -> bool:
        """What a report says of which no sentence says more than that it is written."""
        if not links or not mutant.operator.startswith(("data.", "stated.")):
            return False
        target = mutant.target.lower()
        named = all(word.lower() in target for word in links[0].evidence)
        return named and _REPORTS.search(self._texts[links[0].requirement]) is not None

    def _only_tries(self, mutant: Mutant) -> bool:
        """A call on temporary files that no sentence names: the solution looks whether it works."""
        paths = _PATHS_GIVEN.findall(mutant.before)
        called = mutant.operator == "python.call-dropped" and bool(self._text) and bool(paths)
        return called and all(path.split("/")[1] == "tmp" and path not in self._text for path in paths)

    def _asks_for(self, scope: str) -> bool:
        name = scope.rpartition(".")[2]
        if name == "main" or name not in self._words:
            return False
        # A plain word stands everywhere: it must be called, or given as it is to be written.
        plain = name.isalpha() and name.islower()
        return not plain or re.search(rf"\b{name}\(|[`'\"]{name}\b", self._text) is not None

    def _still_meets(self, mutant: Mutant) -> bool:
        """More where at least so much is asked, less where at most."""
        if not mutant.stated.isdigit():
            return False
        new = set(re.findall(r"\d+", mutant.after)) - set(re.findall(r"\d+", mutant.before))
        number = rf"[^.\n\d]{{0,30}}\b{mutant.stated}\b"
        if len(new) != 1 or not self._text:
            return False
        more = int(new.pop()) > int(mutant.stated)
        bound = _AT_LEAST if more else _AT_MOST
        return re.search(bound + number, self._text, re.IGNORECASE) is not None

    def _says(self, words: str, links: tuple[Link, ...], *, alone: bool) -> bool:
        if links and links[0].evidence == (words,):
            return True
        if re.fullmatch(r"\d[\d_.]*", words):
            return (bool(links) and words in links[0].evidence) or (is_telling(words) and words in self._words)
        if alone and words.isalpha() and words.islower() and not links:
            # A plain word stands everywhere, too: it must be given as it is to be written.
            return any(f"{quote}{words}{quote}" in self._text for quote in "`'\"")
        if not words or re.fullmatch(r"[\w./-]*\w", words):
            return bool(words) and words in self._words
        if words in self._text:
            return True
        telling = [word for word in re.findall(r"[\w./-]*\w", words) if re.search(r"[\d_./-]|[a-z][A-Z]", word)]
        return any(word in self._words for word in telling if len(word) > 1)


_PATHS_GIVEN = re.compile(r"""["'](/[^"'\s]+)["']""")
_OF_INPUTS = re.compile(
    r"\[\d*:\d*\] *!= *(?:b?[\"']|[A-Z_]{3,})|(?i:\bmagic *!=|!= *(?:\w+\.)?\w*magic\b)"
    r"|\bif not \w+(?:\.strip\(\))?:|\blen\([\w.]+\) *(?:==|<) *\d+|\.(?:is_empty|isEmpty|empty)\(\)"
)
_FEW_LINES = 5
_OF_USAGE = re.compile(
    r"(?i:['\"(\s]usage:)|\blen\((?:sys\.argv|os\.Args|\w*[aA]rgs|argv)\) *[<>=!]"
    r"|\bargc *[<>=!]|\bargv\.length\b|\$# *-"
)
_ASKS_USAGE = re.compile(r"\busage\b|\bargument|\bexit|\binvalid\b|\berror", re.IGNORECASE)
_OFFERS = re.compile(
    r"^\W*[\w.-]*/[\w./-]+\W*$"
    r"|\b(?:sample|example) (?:file|data|input|scene|scan)\w*\b[^.\n]{0,60}\b(?:try|test)|\btest (?:it )?locally\b",
    re.IGNORECASE,
)
"""What is there to be tried, or no more than the name of a file: it asks for nothing."""
_REPORTS = re.compile(r"\b(?:report|summar|notes?\b|explain|describ|document)", re.IGNORECASE)
_RAISES = ("raise-dropped", "drop-raise")
_ON_CONDITIONS = ("-disarmed", "-guard", "-never", "exit-status", "operand-dropped", "conjunct", "boundary", *_RAISES)
_REFUSES = re.compile(
    r"\b(?:error|invalid|reject|refus|fail|corrupt|malformed|wrong|unknown|exit|raise|abort|skip|ignor|empty|blank"
    r"|usage|missing|absent|without|nothing|unless|at least|fewer|less\b|short|trunca|(?:none|no|zero|not)\b)",
    re.IGNORECASE,
)
_BY_ITSELF = frozenset(
    (
        "python.guard-always-true",
        "python.lock-dropped",
        "python.decorator-dropped",
        "python.registration-dropped",
        "python.parts-as-text",
        "python.off-by-one",
    )
)
"""Operators that leave out a case which somebody thought of; one off counts in a repair only (`unlikely`)."""
_KNOWN_ALREADY = re.compile(r"\bin (?:self\.)?_?(?:seen|visited|known|done|used|taken|\w*ids|\w*names|\w*keys)\b")
_LEAVES_OUT = re.compile(r"\bif \w+ not in [a-z]\w*")
_LASTING = re.compile(
    r"\s*(?:sudo (?:-\w+ )*)?(?:(?:cat|echo|printf)\b[^|\n]*>(?!&)|tee\b|sed\b.* -\w*i|perl -\w*i|patch\b"
    r"|git (?:apply|commit|merge|rebase|revert|push)|systemctl|service|ch(?:own|grp|mod)\b|useradd|usermod"
    r"|(?:rm(?! -\w*f)|p?kill|killall|install|unlink|truncate)\b|groupadd|adduser|passwd|crontab|setfacl"
    r"|iptables|ufw|sysctl|mount|ssh-keygen|openssl|gpg|psql|mysql|sqlite3|docker|kubectl|\w+\(\))"
)
"""Commands that leave something behind which the next ones do not make again."""
_OF_DATA = re.compile(r"[\"'][\w -]+[\"']|\|\||&&|\bseen\b|[eE]xist|[dD]uplicate")
_BLANK = re.compile(r"[=!]= *'(?: |\\[tnr])'")
_OF_FAILURE = re.compile(
    r"\bnil\b|\bnull\b|nullptr|\bNULL\b|npos"
    r"|![a-z]\w* *\|\| *![a-z]|\.end\(\)|\berr\b|[eE]rror|\.empty\(\)|len\(\w+\) *== *0"
)
_CHANGES_ITSELF = re.compile(
    r"(?:let |var )?(\w+) = (?:\1\.(?:replace\w*|filter|where|query|drop\w*|sort_\w+|strip|lower|upper|fillna)\("
    r"|re\.sub\()"
)
_BY_THE_FIRST = re.compile(r"key=lambda (\w+) *: *\1\[0\] *[,)]")
_MADE_RUNNABLE = re.compile(r"\s*(?:sudo )?chmod (?:-\w+ )*(?:[ugoa]*\+r?x|755)\b")
"""Where no sentence asks for it."""
_ONE_CASE = re.compile(r"^[\s})]*(?:else )?(?:el)?if\b[^\n%]*[\w)\]] *={2,3} *(?:[\"']\w|[1-9]\d?\b)")
_PROGRAMS = ("python", "code", "mutmut")


def _speaks_for_itself(mutant: Mutant) -> bool:
    """Whether a mutant is worth a look although no sentence is linked: steps of scripts and settings, and cases that
    are treated apart. Of a program's other statements most are how it works, and not what it is for."""
    if mutant.operator in ("code.drop-guard", "code.drop-conjunct"):
        return (
            _OF_DATA.search(mutant.before) is not None
            and _OF_FAILURE.search(mutant.before) is None
            and _BLANK.search(mutant.before) is None
        )
    if mutant.operator == "python.filter-dropped":
        return _LEAVES_OUT.search(mutant.before) is not None
    if mutant.operator == "python.guard-disarmed":
        return _KNOWN_ALREADY.search(mutant.before) is not None
    if mutant.operator in ("python.assignment-dropped", "code.drop-statement"):
        return _CHANGES_ITSELF.match(mutant.before.strip()) is not None
    if mutant.operator in ("python.branch-never", "code.never"):
        return _ONE_CASE.search(mutant.before) is not None
    if mutant.operator == "python.order":
        return "key=" in mutant.before and "key=" not in mutant.after and not _BY_THE_FIRST.search(mutant.before)
    if mutant.operator == "shell.drop-step":
        return not mutant.scope and bool(_LASTING.match(mutant.before)) and not _MADE_RUNNABLE.match(mutant.before)
    family = mutant.operator.split(".")[0]
    if mutant.operator in ("shell.drop-flag", "shell.drop-export"):
        return False
    return mutant.operator in _BY_ITSELF or not (family in _PROGRAMS or (family == "shell" and mutant.scope))


def is_detail(entry: Chosen) -> bool:
    """What is no more than a word or a number that nobody states, or stands aside."""
    return entry.aside or entry.mutant.tier is Tier.FINE
