"""Behaviour that code and sentences say in different words: `sort -u` and "each once". Few, and of no domain."""

from __future__ import annotations

import re
from functools import lru_cache

CONCEPT = 1.5
"""What a concept in common counts, beside one plain word."""
EVERYWHERE = frozenset(("~at least", "~empty", "~refusal", "~default", "~sum"))
"""What nearly every program does counts for half."""

_CONCEPTS: tuple[tuple[str, str, str], ...] = (
    # name, how code says it, how a sentence says it
    (
        "order",
        r"\bsort|\breversed?\b|\border by\b|\.sort|cmp\b|descending|heapq",
        (
            r"\bsort|\border(?:ed|ing)?\b|alphabetical|ascending|descending|\brank|chronological|"
            r"lexicographic"
        ),
    ),
    (
        "unique",
        r"\buniq\b|(?<=sort )-\w*u|\bset\(|\bdistinct\b|dedup|\bseen\b|hashset|\bnew set",
        r"\bunique|\bonce\b|duplicat|\bdistinct|dedup",
    ),
    (
        "exit status",
        r"\bexit\b|systemexit|\bos\._exit",
        r"\bexit|\bstatus\b|return code",
    ),
    (
        "permissions",
        r"\bchmod|\binstall -m|\bumask|\bfchmod|0o[0-7]{3}|\bmode=",
        r"permission|\bmode\b|executable|\bchmod|readable|writable|world-|\b0?[0-7]{3}\b",
    ),
    (
        "owner",
        r"\bchown|\bchgrp|\busermod",
        r"\bown(?:ed|er|ership|s)\b",
    ),
    (
        "at boot",
        r"systemctl enable|update-rc\.d|@reboot|\benable\b|wantedby",
        r"\bboot|\benable|persist|\breboot|surviv",
    ),
    (
        "running",
        r"systemctl (?:re)?start|\bservice \S+ (?:re)?start|nohup|\bserve\b|\blisten|\bdaemon|app\.run",
        r"\brunning\b|\bstart|\blisten|\bserve|\bdaemon|\bbackground",
    ),
    (
        "at least",
        r">=|<=|\bmin\(|\bmax\(|-ge\b|-le\b|-gt\b|-lt\b|[\w)\]]\s*[<>]\s*-?[\w(]+(?![\w./(])|\bclip|\bclamp",
        (
            r"at least|at most|more than|less than|fewer than|greater|exceed|no more|no less|threshold|"
            r"\bwithin\b|maximum|minimum|up to|older than|younger|larger|smaller|\bbelow\b|\babove\b|"
            r"\bbetween\b|>=|<=|≥|≤|\bclamp|\bmax\b|\bmin\b|\blimit|\bover\b|\bunder\b|\buntil\b|\bzero\b"
        ),
    ),
    (
        "rate",
        r"\blimit_req|\blimit_conn|rate_?limit|throttl|token_?bucket|leaky_?bucket|\bburst\b|per_(?:second|minute|hour)",
        r"rate[- ]limit|\bper (?:second|minute|hour|day)|throttl|\bquota|\bburst|requests? (?:above|beyond|over)\b",
    ),
    (
        "retry",
        r"\bretry|\bretries|\battempt|backoff",
        r"\bretr|\battempt|backoff|\btry again",
    ),
    (
        "time limit",
        r"\btimeout|\bdeadline|settimeout",
        r"time ?out|time limit|\bdeadline|\bwithin \d+",
    ),
    (
        "rounding",
        r"\bround\(|\bfloor|\bceil|:\.\d+f|%\.\d+f|tofixed|\bquantize",
        r"\bround(?:ed|ing)\b|\bround (?:to|up|down|half|all|the)\b|decimal|precision|nearest|\bfloor|\bceil",
    ),
    (
        "letter case",
        r"\.lower\(|\.upper\(|casefold|tolower|toupper|ignorecase|\.title\(|tr [^|\n]{0,20}a-z|grep -\w*i",
        r"case-?(?:in)?sensitiv|lower-?case|upper-?case|\bignoring case|\bcapital",
    ),
    (
        "empty",
        r"is none|== ?0\b|if not\b|\[ -z|len\(\w+\) ?<|\.empty|== ?(?:''|\x22\x22)|null",
        r"\bempty|\bmissing|\bno \w+ (?:is|are|exist)|\babsent|\bwithout any|does not exist|\bnone\b",
    ),
    (
        "refusal",
        r"\braise\b|\bexcept\b|>&2|stderr|\bthrow|\berrors?\.new|error\(|\bassert|\bpanic|\berr\(",
        r"\berror|invalid|malformed|\bfail|\breject|\brefus|corrupt|\braise|exception|\bunknown|\bskip",
    ),
    (
        "white space",
        r"\.strip\(|\.trim|\.rstrip|\.lstrip|tr -d",
        (
            r"white ?space|leading|trailing|\bblank|\bstrip|"
            r"\btrim(?:s|med|ming)? (?:the |any |each |all )?(?:space|text|line|string|value|name)"
        ),
    ),
    (
        "at the same time",
        r"\block\b|mutex|\bthread|async|atomic|\.acquire|flock|\bos\.replace|gorout|synchronized",
        r"concurren|\bthread|\brace|atomic|\block|parallel|simultan|interleav",
    ),
    (
        "append",
        r">>|['\x22]ab?['\x22]|\btee -a|o_append",
        r"\bappend|\badd(?:ed|s)? (?:to|at)\b",
    ),
    (
        "sum",
        r"\bsum\(|\+=|\btotal\b|\bcumsum",
        r"\bsum\b|\btotal|\badd(?:ed|ing) up|\bsubtract|\bcumulative",
    ),
    (
        "mean",
        r"\bmean\(|\baverage|\bavg\b|/ ?len\(|\bmedian",
        r"\bmean\b|\baverage|\bmedian",
    ),
    (
        "default",
        r"default=|:-|\.get\([^),\n]{0,40},|\bor ['\x22\d]|getenv\([^),\n]{0,40},",
        r"\bdefault",
    ),
    (
        "removal",
        r"\brm\b|\bunlink|rmtree|\bremove|\bdelete|\bdel\b|\bdrop\b",
        r"\bremov|\bdelet|\bdrop\b|\bclean",
    ),
    (
        "printing",
        r"\bprint|\becho\b|stdout|console\.log|\bputs\b|println|cout",
        r"\bprint|stdout|standard output",
    ),
    (
        "help",
        r"--help|\busage\b",
        r"\busage\b|\bhelp\b",
    ),
)


def _together(which: int) -> re.Pattern[str]:
    """One pattern of all, whose group says which; one pass over a text is enough."""
    return re.compile("|".join(f"(?P<c{number}>{each[which]})" for number, each in enumerate(_CONCEPTS)))


_CODE, _TEXT = _together(1), _together(2)


@lru_cache(maxsize=8192)
def stated(text: str, *, code: bool = False) -> tuple[str, ...]:
    """The concepts that a piece of code, or a sentence, is about: tokens that begin with `~`."""
    found = dict.fromkeys(match.lastgroup for match in (_CODE if code else _TEXT).finditer(text.lower()))
    return tuple(f"~{_CONCEPTS[int(group[1:])][0]}" for group in found if group)
