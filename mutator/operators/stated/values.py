"""Values that the instruction states, said wrongly in the direction that breaks it: too few, too many, the wrong unit,
mode, switch, address, status or form of a date."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import re
from collections.abc import Iterator

from mutator.model import Candidate, FaultClass, Tier
from mutator.operators.stated.document import Told, change, operator
from mutator.operators.stated.instruction import NUMBER, Number, Side, content_words
from mutator.operators.stated.languages import EVERY

_NUMBER = re.compile(
    r"(?<![\w.$#/\\%-])(?<!\d[-:,])(?P<number>\d+(?:\.\d+)?)(?!\d|\.\d|[-:/]\d|\.\w|[<>])(?<!>&\d)(?=(?:[kKmMgG][iI]?[bB]?|ms|s|m|h|d|px|%)?(?!\w))"
)
_COMMON = frozenset({"10", "100", "1000", "443", "80", "22", "24", "60"})
_PORT = re.compile(r"(?i)\b(ports?|localhost|listen\w*|bind|https?)\b")
_STATUS = re.compile(r"(?i)\b(status|https?|codes?|respon\w+|returns?|answers?)\b")
_POWERS = frozenset(str(2**power) for power in range(7, 15))


_CODE = frozenset("python go rust c cpp java javascript typescript tsx perl ruby kotlin csharp php".split())
_CLAUSE = re.compile(r"[^,;{}|&\n]*$")
_INDEX = re.compile(r"\[[^\]]*$")
_VALUE = re.compile(r"(?:[=<>:(]|return|case|[\"'],)\s*[-+]?$")
"""What stands before a number that is a value, and no part of a sum or a position."""
_SUM = re.compile(r"\s*(?:[*/%+^]|-(?!-)|<<|>>|\*\*)")
_PROSE = 6
"""Words of a line beyond which it is a sentence, and no setting."""
_MOST_ALIKE = 2
"""Mutants of one kind of one number in one source."""


def _stated(told: Told) -> Iterator[tuple[re.Match[str], Number]]:
    """The numbers of a source that the instruction states about the same thing."""
    numbers = told.instruction.numbers
    if not numbers:
        return
    for match in _NUMBER.finditer(told.plain):
        start, end = match.span("number")
        stated = numbers.get(match["number"])
        if stated is None or match["number"] in ("0", "1") or not told.counts(start, end):
            continue
        stated = tuple(each for each in stated if _same_unit(told.text, end, each.unit))
        if not stated:
            continue
        before = told.text[max(start - 80, told.text.rfind("\n", 0, start) + 1) : start]
        is_code = told.language in _CODE
        if told.language == "text" and len(content_words(told.context(start))) > _PROSE:
            continue
        if is_code and not _is_value(told, match, before):
            continue
        telling = len(match["number"]) > 2 and match["number"] not in _COMMON and not _is_year(match["number"])
        clause = _CLAUSE.search(before)
        words = content_words(told.context(start) if telling or clause is None else clause[0])
        akin = [each for each in stated if each.words & words]
        if akin or (telling and not is_code):
            yield match, max(akin or stated, key=lambda each: len(each.words & words))


_SUFFIX = re.compile(r"(?P<size>[kKmMgG][iI]?[bB])|(?P<both>[mM])|(?P<large>[kKgG])|(?P<time>ms|[shd])|(?P<share>%)|px")
_UNITS = (
    ("size", "large", "both", re.compile(r"(?:kilo|mega|giga)?bytes?|[kmg]i?b")),
    ("time", "both", "both", re.compile(r"ms|s|sec\w*|min\w*|hour\w*|day\w*|milli\w*")),
    ("share", "share", "share", re.compile(r"%|percent")),
)


def _same_unit(text: str, end: int, unit: str) -> bool:
    """Whether a number that has its unit right behind it, as in `10m`, may be one that is stated with another word
    behind it: 10 requests are no 10 megabytes."""
    suffix = _SUFFIX.match(text, end)
    if suffix is None or not unit:
        return True
    return any(suffix.lastgroup in kinds and pattern.fullmatch(unit) for *kinds, pattern in _UNITS)


def _is_value(told: Told, match: re.Match[str], before: str) -> bool:
    start, end = match.span("number")
    if _in_text(told, start) or _SUM.match(told.text, end):
        return False
    if _INDEX.search(before):
        return before.endswith("[:") and told.text[end : end + 1] == "]"
    return _VALUE.search(before) is not None


def _few(told: Told, made: Iterator[Candidate]) -> Iterator[Candidate]:
    """The first ones of many alike: what exits with 2 in thirty places is one requirement."""
    seen: dict[tuple[str, str], int] = {}
    for candidate in made:
        key = candidate.fields["old"], candidate.fields["new"]
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= _MOST_ALIKE:
            yield candidate


def _bounds(told: Told, side: Side) -> Iterator[tuple[int, int, Number]]:
    for match, stated in _stated(told):
        start, end = match.span("number")
        if stated.side is not side or _is_port(told, match, stated) or _is_status(told, stated):
            continue
        answers = stated.text in _STATUSES and _STATUS.search(told.context(start))
        if not answers and not _NO_BOUND.search(told.text[max(start - 20, 0) : start]):
            yield start, end, stated


def _is_status(told: Told, stated: Number) -> bool:
    several = told.instruction.numbers[stated.text]
    return stated.text in _STATUSES and any(_STATUS.search(each.sentence) for each in several)


_NO_BOUND = re.compile(r"(?i)\bexit\w*\W{0,3}$|default\W+$|\bmax\($")
"""A status, what is taken where nothing is said, a lower bound."""


def _is_year(number: str) -> bool:
    return len(number) == 4 and number[:2] in ("19", "20") and number not in _POWERS


_LASTS = re.compile(r"ms|s|sec\w*|min\w*|hour\w*|day\w*|milli\w*")
"""Units of which one more or less is not noticed."""


_LARGE = 10_000


def _lower(stated: Number) -> str:
    if "." in stated.text:
        return f"{float(stated.text) / 2:g}"
    halved = stated.text in _POWERS or _LASTS.fullmatch(stated.unit) or int(stated.text) >= _LARGE
    return str(int(stated.text) // 2) if halved else str(int(stated.text) - 1)


def _higher(stated: Number) -> str:
    if "." in stated.text:
        return f"{float(stated.text) * 2:g}"
    doubled = stated.text in _POWERS or _LASTS.fullmatch(stated.unit) or int(stated.text) >= _LARGE
    return str(int(stated.text) * 2) if doubled else str(int(stated.text) + 1)


def _is_port(told: Told, match: re.Match[str], stated: Number) -> bool:
    """A wrong port is as broken as no server at all."""
    at = stated.sentence.find(stated.text)
    return bool(_PORT.search(stated.sentence[max(at - 25, 0) : at])) and len(stated.text) in (2, 3, 4, 5)


@operator(
    "stated.too-few",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    EVERY,
    "{new} will do where at least {old} is asked for: `{line}`",
    (
        "python",
        "A password must have at least 12 characters.",
        "MIN_PASSWORD = 12  # at least 12\nrows = 12\n",
        ("MIN_PASSWORD = 11  # at least 12\nrows = 12\n",),
    ),
    (
        "shell",
        "The key must be at least 2048 bits.",
        "openssl genrsa -out k.pem 2048\necho 2048\n",
        ("openssl genrsa -out k.pem 1024\necho 2048\n",),
    ),
    ("yaml", "Keep `replicas` at 3 or more.", "replicas: 3\nother: 3\n", ("replicas: 2\nother: 3\n",)),
)
def too_few(told: Told) -> Iterator[Candidate]:
    bounds = _bounds(told, Side.LEAST)
    return _few(told, (change(told, start, end, _lower(stated)) for start, end, stated in bounds))


@operator(
    "stated.too-many",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    EVERY,
    "{new} is let through where at most {old} is asked for: `{line}`",
    (
        "python",
        "Answer with at most 50 results. Wait up to 2 hours.",
        "results = found[:50]\nfor i in range(2): pass\n",
        ("results = found[:51]\nfor i in range(2): pass\n",),
    ),
    ("ini", "Retries must not exceed 5.", "[a]\nretries = 5\n", ("[a]\nretries = 6\n",)),
)
def too_many(told: Told) -> Iterator[Candidate]:
    bounds = _bounds(told, Side.MOST)
    return _few(told, (change(told, start, end, _higher(stated)) for start, end, stated in bounds))


_HABITS = {
    "365": "30", "7": "14", "30": "60", "90": "30", "14": "7", "24": "12", "60": "30", "5": "10", "10": "5", "15": "30",
    "3": "5", "2": "3", "4": "3", "8": "7", "12": "10", "20": "10", "50": "100", "100": "50", "6": "5",
}  # fmt: skip
"""What people write from habit where another number is asked for."""
_KEYS = re.compile(r"(?i)\b(bits?|rsa|dsa|dh\w*|key)\b")
_EXITS = re.compile(r"(?i)\bexit\w*\W{0,3}$")


def _otherwise(told: Told, match: re.Match[str], stated: Number) -> str:
    """What a hurried solver would write instead; nothing where nothing suggests itself."""
    number, start = stated.text, match.start("number")
    if _EXITS.search(told.text[max(start - 20, 0) : start]):
        return "1" if told.language not in ("shell", "python") else ""
    if number in _POWERS:
        return str(int(number) // 2) if _KEYS.search(stated.sentence) and int(number) > 256 else ""
    counted = stated.unit and not stated.unit.startswith(("byte", "bit"))
    if number in _HABITS and (counted or told.language not in _CODE):
        return _HABITS[number]
    return _neighbour(stated)


def _neighbour(stated: Number) -> str:
    """Another number of the same sentence, of the same kind and size: the two are mixed up."""
    if "." not in stated.text:
        return ""
    for other in NUMBER.finditer(stated.sentence):
        if "." in other[0] and other[0] != stated.text and 0.2 <= float(other[0]) / (float(stated.text) or 1) <= 5:
            return other[0]
    return ""


@operator(
    "stated.value",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    EVERY,
    "{new} is written where the instruction says {old}: `{line}`",
    (
        "shell",
        "The certificate is valid for 365 days and uses RSA 4096.",
        "openssl req -x509 -days 365 -newkey rsa:4096 -out c.pem\n",
        (
            "openssl req -x509 -days 30 -newkey rsa:4096 -out c.pem\n",
            "openssl req -x509 -days 365 -newkey rsa:2048 -out c.pem\n",
        ),
    ),
    (
        "text",
        "Rotate the log weekly and keep 7 rotated copies. Listen on port 8080.",
        "weekly\nrotate 7\nport 8080\n",
        ("weekly\nrotate 14\nport 8080\n",),
    ),
    (
        "python",
        "Weights are 0.7 for titles and 0.4 for bodies.",
        'WEIGHTS = {"title": 0.7, "body": 0.4}\nx = 0.7\n',
        ('WEIGHTS = {"title": 0.4, "body": 0.4}\nx = 0.7\n', 'WEIGHTS = {"title": 0.7, "body": 0.7}\nx = 0.7\n'),
    ),
    (
        "go",
        "Bad usage exits with 2.",
        "package main\nfunc f() { os.Exit(2) }\n",
        ("package main\nfunc f() { os.Exit(1) }\n",),
    ),
)
def value(told: Told) -> Iterator[Candidate]:
    return _few(told, _values(told))


def _values(told: Told) -> Iterator[Candidate]:
    for match, stated in _stated(told):
        if stated.side is not Side.EXACT or _is_port(told, match, stated):
            continue
        if _is_status(told, stated):
            continue
        start, end = match.span("number")
        new = _otherwise(told, match, stated)
        if _PERMITS.search(told.line(start, end)) and re.fullmatch(r"0?[0-7]{3,4}", stated.text):
            continue
        if new:
            yield change(told, start, end, new)


_DECIMALS = re.compile(
    r"(?:(?<=%)|(?<=:)|(?<=:,))\.(?P<format>\d)[fF]|\b[rR]ound\((?:[^()\n]|\([^()\n]*\))*,\s*(?P<round>\d)\)|\.toFixed\((?P<fixed>\d)\)"
)


@operator(
    "stated.decimals",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    frozenset(
        {"python", "shell", "awk", "sql", "javascript", "typescript", "go", "c", "cpp", "java", "ruby", "perl", "rust"}
    ),
    "{new} decimals are written where {old} are asked for: `{line}`",
    (
        "python",
        "Round the mean to 2 decimal places.",
        'mean = round(sum(x) / n, 2)\nprint(f"{other:.3f}")\n',
        ('mean = round(sum(x) / n, 1)\nprint(f"{other:.3f}")\n',),
    ),
    ("awk", "Print it with three decimals.", '{ printf "%.3f", $1 }', ('{ printf "%.2f", $1 }',)),
)
def decimals(told: Told) -> Iterator[Candidate]:
    for match in _DECIMALS.finditer(told.plain):
        kind = match.lastgroup or "format"
        start, end = match.span(kind)
        old = match[kind]
        stated = rf"\b(?:{old}|{_COUNTED[int(old)]})[\s-]?(?:decimal|digits? after|dp\b|d\.p\.|fraction(?:al)? digit)"
        if old != "0" and told.counts(start, end) and told.instruction.speaks(stated):
            yield change(told, start, end, str(int(old) - 1))


_COUNTED = "zero one two three four five six seven eight nine".split()


_SECONDS = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}
_BYTES = {"kb": 1 << 10, "kib": 1 << 10, "mb": 1 << 20, "mib": 1 << 20, "gb": 1 << 30, "gib": 1 << 30}


def _converted(stated: Number) -> Iterator[str]:
    """The same quantity as programs write it: 30 seconds are 30000 ms, 5 minutes are 300."""
    unit = stated.unit.removesuffix("s") if len(stated.unit) > 2 else stated.unit
    if "." in stated.text:
        return
    if unit in _SECONDS:
        seconds = int(stated.text) * _SECONDS[unit]
        yield from (str(seconds), str(seconds * 1000))
    elif unit in _BYTES:
        yield from (str(int(stated.text) * _BYTES[unit]), str(int(stated.text) * 1000 ** (1 + "kmg".index(unit[0]))))


@operator(
    "stated.unit",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    EVERY,
    "{new} stands for {said}, without the unit: `{line}`",
    (
        "python",
        "Sessions expire after 5 minutes. Uploads are limited to 2 MB.",
        "EXPIRES = 300\nLIMIT = 2097152\nN = 5\n",
        ("EXPIRES = 5\nLIMIT = 2097152\nN = 5\n", "EXPIRES = 300\nLIMIT = 2\nN = 5\n"),
    ),
    ("javascript", "Wait 30 seconds.", "const wait = 30000;\n", ("const wait = 30;\n",)),
)
def unit(told: Told) -> Iterator[Candidate]:
    quantities: dict[str, Number] = {}
    for several in told.instruction.numbers.values():
        for stated in several:
            for written in _converted(stated):
                if written != stated.text and len(written) > 1:
                    quantities.setdefault(written, stated)
    for match in _NUMBER.finditer(told.plain) if quantities else ():
        stated_as = quantities.get(match["number"])
        start, end = match.span("number")
        before = told.text[max(start - 80, told.text.rfind("\n", 0, start) + 1) : start]
        if stated_as is None or not told.counts(start, end):
            continue
        if told.language in _CODE and not _is_value(told, match, before):
            continue
        clause = told.context(start) if len(match["number"]) > 3 else before
        if content_words(clause) & stated_as.words:
            yield change(told, start, end, stated_as.text, said=f"{stated_as.text} {stated_as.unit}")


_PERMITS = re.compile(r"(?i)\b(?:chmod|mode|perm\w*|umask|makedirs|mkdir|mkfifo|create|open|file_mode|os)\b")
_MODE = re.compile(r"(?<![\w.])(?P<lead>0o|0)?(?P<mode>[0-7]{3})(?![\w.])")
_USUAL = {
    "600": "644", "640": "644", "644": "600", "700": "755", "750": "755", "755": "644", "400": "444", "440": "444",
    "660": "664", "664": "644", "770": "775", "775": "755", "444": "644", "500": "555", "550": "555", "777": "755",
    "666": "644",
}  # fmt: skip


@operator(
    "stated.mode",
    FaultClass.WRONG_PERMISSION,
    Tier.MEDIUM,
    EVERY - {"shell"},
    "the mode is {new}, not {old}: `{line}`",
    (
        "python",
        "The key must have permissions 600.",
        "os.chmod(key, 0o600)\nn = 600\n",
        ("os.chmod(key, 0o644)\nn = 600\n",),
    ),
    ("text", "New logs are created with mode 0640.", "create 0640 root adm\n", ("create 0644 root adm\n",)),
)
def mode(told: Told) -> Iterator[Candidate]:
    for match in _MODE.finditer(told.plain):
        old = match["mode"]
        start, end = match.span("mode")
        stated = any(told.instruction.says(lead + old) for lead in ("", "0", "0o"))
        if old in _USUAL and stated and _PERMITS.search(told.line(start, end)) and told.counts(start, end):
            yield change(told, start, end, _USUAL[old])


_SWITCHES = {
    "yes": "no", "no": "yes", "on": "off", "off": "on", "true": "false", "false": "true", "True": "False",
    "False": "True", "enabled": "disabled", "disabled": "enabled", "always": "no", "deny": "allow", "allow": "deny",
    "reject": "allow", "strict": "relaxed", "required": "optional", "Yes": "No", "No": "Yes",
    "prohibit-password": "yes", "without-password": "yes",
}  # fmt: skip
_SWITCH = re.compile(
    r"(?P<key>[A-Za-z][\w.-]{3,})(?P<between>[\"']?(?:[ \t]*[=:][ \t]*|[ \t]+)[\"']?)(?P<value>[A-Za-z][\w-]+)(?=[\"']?(?:[\s;,/\\]|$|[)}\]]))"
)


@operator(
    "stated.switch",
    FaultClass.CONFIG_LOOSENED,
    Tier.MEDIUM,
    frozenset({"shell", "sed", "text"}),
    "`{key}` is {new}, not {old}",
    (
        "text",
        "Set PasswordAuthentication to no.",
        "PasswordAuthentication no\nX11Forwarding no\n",
        ("PasswordAuthentication yes\nX11Forwarding no\n",),
    ),
    (
        "sed",
        "`PermitRootLogin` must be off.",
        "s/^#*PermitRootLogin.*/PermitRootLogin no/",
        ("s/^#*PermitRootLogin.*/PermitRootLogin yes/",),
    ),
)
def switch(told: Told) -> Iterator[Candidate]:
    for match in _SWITCH.finditer(told.plain):
        new = _SWITCHES.get(match["value"])
        if new is None or not told.instruction.says(match["key"]) or not told.counts(*match.span("value")):
            continue
        if match["key"].islower() and not re.search(r"[=:]", match["between"]) and "_" not in match["key"]:
            continue  # words of a sentence
        yield change(told, *match.span("value"), new, key=match["key"])


def _in_text(told: Told, position: int) -> bool:
    """Whether a place of a line of Python seems to lie in a text: code has operators of its own."""
    first = told.text.rfind("\n", 0, position) + 1
    before = told.text[first:position]
    return (before.count('"') % 2 == 1) or (before.count("'") % 2 == 1)


_DATES = (
    ("%Y-%m-%d", "%d-%m-%Y", r"YYYY-MM-DD|ISO[ -]?8601|%Y-%m-%d"),
    ("%d/%m/%Y", "%m/%d/%Y", r"DD/MM/YYYY|%d/%m/%Y"),
    ("%m/%d/%Y", "%d/%m/%Y", r"MM/DD/YYYY|%m/%d/%Y"),
    ("%Y%m%d", "%d%m%Y", r"YYYYMMDD|%Y%m%d"),
    ("%H:%M:%S", "%I:%M:%S", r"HH:MM:SS|24[- ]hour|%H:%M:%S"),
    ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", r"UTC|\bZ\b|ISO[ -]?8601"),
    ("YYYY-MM-DD", "DD-MM-YYYY", r"YYYY-MM-DD|ISO[ -]?8601"),
    ("yyyy-MM-dd", "dd-MM-yyyy", r"YYYY-MM-DD|ISO[ -]?8601"),
)


@operator(
    "stated.date-form",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    EVERY,
    "dates are written as `{new}`, not as `{old}`",
    (
        "python",
        "Dates are printed as YYYY-MM-DD.",
        'day = now.strftime("%Y-%m-%d")\nread = datetime.strptime(s, "%Y-%m-%d")\n',
        ('day = now.strftime("%d-%m-%Y")\nread = datetime.strptime(s, "%Y-%m-%d")\n',),
    ),
    ("shell", "Name it after the day (YYYYMMDD).", "d=$(date +%Y%m%d)\n", ("d=$(date +%d%m%Y)\n",)),
)
def date_form(told: Told) -> Iterator[Candidate]:
    for old, new, said in _DATES:
        if old not in told.plain or not told.instruction.speaks(said):
            continue
        for match in re.finditer(re.escape(old) + r"(?!\w)", told.plain):
            parses = "strptime" in told.line(*match.span())
            if told.counts(*match.span()) and not parses:
                yield change(told, *match.span(), new)


_ANY = "0.0.0.0"  # noqa: S104 - only text
_ADDRESS = re.compile(r"(?<![\d.])(?:0\.0\.0\.0|127\.0\.0\.1)(?![\d.])")
_LOCAL = (
    r"127\.0\.0\.1|only (?:on|from|to) (?:localhost|the loopback|loopback)|localhost only|loopback (?:only|interface)"
)


@operator(
    "stated.address",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    EVERY,
    "{new} is bound, not {old}: {effect}",
    (
        "python",
        "The server listens on 0.0.0.0, port 80.",
        'serve(host="0.0.0.0", port=80)\n',
        ('serve(host="127.0.0.1", port=80)\n',),
    ),
    ("text", "Redis accepts connections on localhost only.", "bind 127.0.0.1\n", ("bind 0.0.0.0\n",)),
)
def address(told: Told) -> Iterator[Candidate]:
    for match in _ADDRESS.finditer(told.plain):
        old = match[0]
        line = told.line(*match.span())
        if not told.counts(*match.span()) or re.search(r"(?i)\b(curl|wget|allow|deny|ping|nc)\b|/\d|https?://", line):
            continue
        if old == _ANY and told.instruction.speaks(r"0\.0\.0\.0|all (?:network )?interfaces|any interface"):
            yield change(told, *match.span(), "127.0.0.1", effect="nobody else reaches it")
        elif (
            old == "127.0.0.1" and told.instruction.speaks(_LOCAL) and re.search(r"(?i)bind|host|listen|address", line)
        ):
            yield change(told, *match.span(), _ANY, effect="everybody reaches it")


_STATUSES = {
    "200": "204", "201": "200", "202": "200", "204": "200", "301": "302", "302": "301", "304": "200", "400": "500",
    "401": "403", "403": "401", "404": "400", "405": "404", "409": "400", "410": "404", "413": "400", "415": "400",
    "422": "400", "429": "503", "500": "502", "502": "500", "503": "500", "504": "502",
}  # fmt: skip


@operator(
    "stated.status",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    EVERY - {"python", "nginx", "shell"},
    "status {new} is answered where {old} is asked for: `{line}`",
    (
        "go",
        "Unknown keys return status 404.",
        "package main\nfunc f(w W) {\n\tw.WriteHeader(404)\n}\n",
        ("package main\nfunc f(w W) {\n\tw.WriteHeader(400)\n}\n",),
    ),
)
def status(told: Told) -> Iterator[Candidate]:
    return _few(told, _statuses(told))


def _statuses(told: Told) -> Iterator[Candidate]:
    for match in _NUMBER.finditer(told.plain):
        new = _STATUSES.get(match["number"])
        start, end = match.span("number")
        if new is None or match["number"] == "200" or not told.counts(start, end):
            continue
        stated = told.instruction.numbers.get(match["number"], ())
        if any(_STATUS.search(each.sentence) for each in stated):
            yield change(told, start, end, new)
