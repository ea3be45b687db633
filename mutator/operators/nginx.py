"""nginx configuration: directives dropped, limits loosened, zones unused, routes and headers changed.

What a directive may look like is asked of crossplane. Its lexer is not used: it tells the line of a token and not its
span, and takes `${name} next` for one word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from crossplane.analyzer import analyze
from crossplane.errors import NgxParserBaseException

from mutator.model import Candidate, Edit, FaultClass, Tier, apply
from mutator.operators.another_name import another_name
from mutator.operators.define import operator, operators_in

LANGUAGES = frozenset({"nginx"})


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int
    end: int


@dataclass(slots=True)
class Directive:
    words: list[Token]
    end: int
    """After the `;` or the closing brace."""
    block: list[Directive] | None = None
    body: tuple[int, int] = (0, 0)
    """Between the braces of a block."""
    parents: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.words[0].text

    @property
    def args(self) -> list[Token]:
        return self.words[1:]

    @property
    def start(self) -> int:
        return self.words[0].start

    @property
    def said(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def scope(self) -> str:
        return " > ".join(self.parents)


@dataclass
class Config:
    text: str
    roots: list[Directive]
    all: list[Directive] = field(default_factory=list)
    """In the order of the text."""

    @cached_property
    def starts(self) -> list[int]:
        return [directive.start for directive in self.all]


_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<mark>[{};])|(?P<word>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|\$\{[^}\s]*\}|[^\s;{}"'\\#]|(?<=[^\s;{}])[\#"'])+)""",
    re.DOTALL,
)
_LUA = re.compile(r".*_by_lua_block$")


class Malformed(ValueError):
    """Not nginx configuration."""


def parse(text: str) -> Config | None:
    try:
        return _parse(text)
    except (Malformed, RecursionError):
        return None


def _parse(text: str) -> Config:
    config = Config(text, [])
    stack: list[tuple[list[Directive], Directive | None]] = [(config.roots, None)]
    words: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise Malformed(f"unexpected {text[position]!r}")
        position = match.end()
        if match["word"] is not None:
            words.append(Token(match["word"], match.start(), match.end()))
        elif match["mark"] == ";":
            if not words:
                raise Malformed("a lone `;`")
            _add(config, stack, Directive(words, position))
            words = []
        elif match["mark"] == "{":
            if not words:
                raise Malformed("a block without a name")
            directive = Directive(words, position, block=[], body=(position, position))
            _add(config, stack, directive)
            words = []
            if _LUA.match(directive.name):
                position = _close_lua(text, position)
                directive.body = (directive.body[0], position - 1)
                directive.end = position
            else:
                assert directive.block is not None
                stack.append((directive.block, directive))
        elif match["mark"] == "}":
            _, owner = stack.pop() if len(stack) > 1 else ([], None)
            if owner is None or words:
                raise Malformed("an unexpected `}`")
            owner.body = (owner.body[0], match.start())
            owner.end = position
    if words or len(stack) > 1 or not config.roots:
        raise Malformed("an unfinished directive")
    return config


def _add(config: Config, stack: list[tuple[list[Directive], Directive | None]], directive: Directive) -> None:
    directive.parents = tuple(owner.said for _, owner in stack if owner is not None)
    stack[-1][0].append(directive)
    config.all.append(directive)


_IN_LUA = re.compile(
    r"""--\[\[.*?\]\]|--[^\n]*|\[\[.*?\]\]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?P<brace>[{}])""", re.DOTALL
)


def _close_lua(text: str, position: int) -> int:
    """After the brace that closes the block; those in strings and comments do not count."""
    depth = 1
    for match in _IN_LUA.finditer(text, position):
        depth += {"{": 1, "}": -1}.get(match["brace"] or "", 0)
        if depth == 0:
            return match.end()
    raise Malformed("an unfinished Lua block")


def _candidate(directive: Directive, edit: Edit, **fields: str) -> Candidate:
    return Candidate(edits=(edit,), fields={"directive": directive.said, **fields}, scope=directive.scope)


def _whole(config: Config, directive: Directive) -> Edit:
    """Drop a directive with its line, where it has the line to itself."""
    start, end, text = directive.start, directive.end, config.text
    line = text.rfind("\n", 0, start) + 1
    if not text[line:start].strip():
        rest = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(\n|$)").match(text, end)
        if rest is not None:
            return Edit(line, rest.end(), "")
    return Edit(start, end, "")


_GUARDS = {
    "limit_req": "requests are not rate limited here",
    "limit_conn": "connections are not limited here",
    "limit_except": "methods are not restricted here",
    "auth_basic": "no password is asked for here",
    "auth_basic_user_file": "no password file is used here",
    "auth_request": "requests are not authorised here",
    "auth_jwt": "no token is checked here",
    "deny": "nobody is denied here",
    "allow": "nobody is let in by name here",
    "ssl_verify_client": "client certificates are not verified",
    "ssl_protocols": "any default TLS version is spoken",
    "ssl_ciphers": "any default cipher is used",
    "valid_referers": "referrers are not checked",
    "secure_link": "links are not checked",
    "client_max_body_size": "bodies have the default size limit",
    "proxy_cache": "nothing is cached here",
    "proxy_next_upstream": "a failed upstream is handled by default",
    "satisfy": "access rules combine by default",
    "internal": "the location is open to the outside",
}
_PLUMBING = frozenset(
    "worker_processes worker_connections user pid events http server location sendfile tcp_nopush tcp_nodelay "
    "types_hash_max_size include default_type multi_accept use server_names_hash_bucket_size daemon".split()
)
_ZONES = frozenset({"limit_req_zone", "limit_conn_zone", "proxy_cache_path", "upstream", "map", "geo", "log_format"})


@operator(
    "nginx.drop-guard",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    LANGUAGES,
    "`{directive}` is left out: {effect}",
    ("location / {\n    limit_req zone=a burst=5;\n    root /srv;\n}\n", ("location / {\n    root /srv;\n}\n",)),
    ("deny all; allow 10.0.0.1;", (" allow 10.0.0.1;", "deny all; ")),
)
def drop_guard(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        effect = _GUARDS.get(directive.name)
        if effect is not None:
            yield _candidate(directive, _whole(config, directive), effect=effect)


_RATE = re.compile(r"^(rate=)(\d+)(r/[sm])$")
_BURST = re.compile(r"^(burst=|delay=)(\d+)$")
_SIZE = re.compile(r"^(\d+)([kKmMgG]?)$")


@operator(
    "nginx.loosen-limit",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    LANGUAGES,
    "`{directive}` is loosened: {new} for {old}",
    (
        "limit_req_zone $binary_remote_addr zone=a:10m rate=10r/s;",
        ("limit_req_zone $binary_remote_addr zone=a:10m rate=1000r/s;",),
    ),
    ("limit_req zone=a burst=5;", ("limit_req zone=a burst=500;",)),
    ("limit_req zone=a;", ("limit_req zone=a burst=1000 nodelay;",)),
    ("client_max_body_size 2m;", ("client_max_body_size 200m;",)),
)
def loosen_limit(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        for word in directive.args:
            rate, burst = _RATE.match(word.text), _BURST.match(word.text)
            new = ""
            if rate and directive.name == "limit_req_zone":
                new = f"{rate[1]}{int(rate[2]) * 100}{rate[3]}"
            elif burst and directive.name == "limit_req":
                new = f"{burst[1]}{max(int(burst[2]), 1) * 100}"
            elif directive.name in {"limit_conn", "client_max_body_size"} and (size := _SIZE.match(word.text)):
                new = f"{max(int(size[1]), 1) * 100}{size[2]}" if int(size[1]) else "100m"
            if new:
                yield _candidate(directive, Edit(word.start, word.end, new), old=word.text, new=new)
        if directive.name == "limit_req" and not any(word.text.startswith("nodelay") for word in directive.args):
            burst_word = next((word for word in directive.args if word.text.startswith("burst=")), None)
            if burst_word is None:
                last = directive.words[-1]
                yield _candidate(
                    directive, Edit(last.end, last.end, " burst=1000 nodelay"), old="no burst", new="burst=1000 nodelay"
                )


@operator(
    "nginx.flip-switch",
    FaultClass.CONFIG_LOOSENED,
    Tier.COARSE,
    LANGUAGES,
    "`{directive}` becomes {new}",
    ("server_tokens off;", ("server_tokens on;",)),
    ('auth_basic "Staff";', ("auth_basic off;",)),
    ("access_log /var/log/a.log main;", ("access_log off;",)),
)
def flip_switch(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.block is not None or not directive.args:
            continue
        first = directive.args[0]
        if first.text in {"on", "off"} and len(directive.args) == 1:
            new = "off" if first.text == "on" else "on"
        elif directive.name in {"auth_basic", "access_log", "ssl_verify_client"} and first.text != "off":
            new = "off"
            yield _candidate(directive, Edit(first.start, directive.words[-1].end, new), new=new)
            continue
        else:
            continue
        if directive.name in {"access_log", "error_log"} and new == "on":
            continue
        yield _candidate(directive, Edit(first.start, first.end, new), new=new)


@operator(
    "nginx.swap-access",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    LANGUAGES,
    "`{directive}` says {new} instead",
    ("deny all;", ("allow all;",)),
)
def swap_access(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.name in {"allow", "deny"}:
            new = "deny" if directive.name == "allow" else "allow"
            name = directive.words[0]
            yield _candidate(directive, Edit(name.start, name.end, new), new=new)


@operator(
    "nginx.drop-block",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "the block `{directive}` is left out",
    (
        "server { location /a { return 200; } location /b { return 204; } }",
        ("server {  location /b { return 204; } }", "server { location /a { return 200; }  }"),
    ),
)
def drop_block(config: Config) -> Iterator[Candidate]:
    several = sum(directive.name == "server" for directive in config.all) > 1
    dropped = {"location", "if", "server"} if several else {"location", "if"}
    for directive in config.all:
        if directive.block is not None and directive.name in dropped and directive.parents:
            yield _candidate(directive, _whole(config, directive))


@operator(
    "nginx.drop-directive",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "`{directive}` is left out",
    (
        "server {\n  listen 80;\n  add_header X-A 1;\n}\n",
        ("server {\n  add_header X-A 1;\n}\n", "server {\n  listen 80;\n}\n"),
    ),
)
def drop_directive(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.block is None and directive.name not in _GUARDS and directive.name not in _ZONES:
            tier = Tier.FINE if directive.name in _PLUMBING else None
            made = _candidate(directive, _whole(config, directive))
            yield Candidate(made.edits, made.fields, made.scope, tier=tier)


@operator(
    "nginx.change-rate-key",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "the limit counts by {new}, not {old}",
    ("limit_req_zone $binary_remote_addr zone=a:1m rate=1r/s;", ("limit_req_zone $server_name zone=a:1m rate=1r/s;",)),
)
def change_rate_key(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.name in {"limit_req_zone", "limit_conn_zone"} and directive.args:
            key = directive.args[0]
            new = "$server_name" if "remote_addr" in key.text else "$binary_remote_addr"
            yield _candidate(directive, Edit(key.start, key.end, new), old=key.text, new=new)


@operator(
    "nginx.drop-option",
    FaultClass.MISSING_FLAG,
    Tier.MEDIUM,
    LANGUAGES,
    "`{directive}` loses `{option}`",
    ("limit_req zone=a burst=5 nodelay;", ("limit_req zone=a nodelay;", "limit_req zone=a burst=5;")),
    ("listen 443 ssl;", ("listen 443;",)),
)
def drop_option(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.name in {"location", "if", "server_name", "map", "log_format", "set", "rewrite", "return"}:
            continue
        for index, word in enumerate(directive.args):
            is_option = word.text in {"nodelay", "always", "ssl", "http2", "default_server", "reuseport", "backup"}
            is_option = is_option or (index > 0 and re.match(r"^[a-z_]+=", word.text) is not None)
            if is_option and not word.text.startswith(("zone=", "keys_zone=", "rate=")):
                before = directive.words[index]
                yield _candidate(directive, Edit(before.end, word.end, ""), option=word.text)


@operator(
    "nginx.tighten-limit",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    LANGUAGES,
    "`{directive}` is tightened: {new} for {old}",
    ("limit_req_zone $a zone=a:1m rate=10r/s;", ("limit_req_zone $a zone=a:1m rate=1r/s;",)),
    ("limit_req zone=a burst=5;", ("limit_req zone=a burst=1;",)),
    ("client_max_body_size 2m;", ("client_max_body_size 1k;",)),
)
def tighten_limit(config: Config) -> Iterator[Candidate]:
    """The other way: a limit so low that allowed traffic is refused."""
    for directive in config.all:
        for word in directive.args:
            rate, burst = _RATE.match(word.text), _BURST.match(word.text)
            new = ""
            if rate and directive.name == "limit_req_zone" and int(rate[2]) > 1:
                new = f"{rate[1]}{max(int(rate[2]) // 10, 1)}{rate[3]}"
            elif burst and directive.name == "limit_req" and int(burst[2]) > 0:
                new = f"{burst[1]}0" if burst[1] == "delay=" else f"{burst[1]}1" if int(burst[2]) > 1 else ""
            elif directive.name == "client_max_body_size" and (size := _SIZE.match(word.text)) and int(size[1]) > 1:
                new = f"1{'k' if size[2] else ''}"
            if new and new != word.text:
                yield _candidate(directive, Edit(word.start, word.end, new), old=word.text, new=new)


@operator(
    "nginx.change-status",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "`{directive}` answers {new}, not {old}",
    ("return 301 https://$host;", ("return 302 https://$host;",)),
    ("limit_req_status 429;", ("limit_req_status 503;",)),
)
def change_status(config: Config) -> Iterator[Candidate]:
    other = {"200": "204", "201": "200", "204": "200", "301": "302", "302": "301", "307": "302", "308": "301"}
    other |= {"400": "200", "401": "403", "403": "200", "404": "200", "405": "200", "429": "503", "503": "200"}
    other |= {"444": "200", "500": "200", "502": "200", "504": "200"}
    for directive in config.all:
        if directive.name not in {"return", "limit_req_status", "limit_conn_status", "error_page", "rewrite"}:
            continue
        for word in directive.args:
            bare = word.text.removeprefix("=")
            if directive.name == "error_page" and other.get(bare, "").startswith("2"):
                continue  # nginx refuses to start with it
            if bare in other and word.text == bare:
                yield _candidate(directive, Edit(word.start, word.end, other[bare]), old=bare, new=other[bare])
        if directive.name == "rewrite" and directive.args and directive.args[-1].text in {"permanent", "redirect"}:
            word = directive.args[-1]
            new = "redirect" if word.text == "permanent" else "permanent"
            yield _candidate(directive, Edit(word.start, word.end, new), old=word.text, new=new)


@operator(
    "nginx.change-port",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    LANGUAGES,
    "`{directive}` uses port {new}, not {old}",
    ("listen 8080;", ("listen 8081;",)),
    ("proxy_pass http://127.0.0.1:9000/;", ("proxy_pass http://127.0.0.1:9001/;",)),
)
def change_port(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.name in {"listen", "proxy_pass", "server", "fastcgi_pass", "uwsgi_pass", "grpc_pass"}:
            for word in directive.args:
                match = re.search(r"(?:^|[:\]])(\d{2,5})(?=$|/|;)", word.text)
                if match and (directive.name != "server" or directive.block is None):
                    start = word.start + match.start(1)
                    new = str(int(match[1]) + 1 if int(match[1]) < 65535 else 65534)
                    yield _candidate(directive, Edit(start, start + len(match[1]), new), old=match[1], new=new)
                    break


@operator(
    "nginx.change-location",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{directive}` becomes {new}",
    ("location = /a { return 200; }", ("location /a { return 200; }",)),
    ("location /api { return 200; }", ("location = /api { return 200; }",)),
)
def change_location(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.name != "location" or not directive.args:
            continue
        first = directive.args[0]
        if first.text == "=" and len(directive.args) > 1:
            yield _candidate(directive, Edit(first.start, directive.args[1].start, ""), new="a prefix match")
        elif first.text == "~*" and len(directive.args) > 1:
            yield _candidate(directive, Edit(first.start, first.end, "~"), new="case-sensitive")
        elif first.text == "~" and len(directive.args) > 1:
            yield _candidate(directive, Edit(first.start, first.end, "~*"), new="case-insensitive")
        elif first.text == "^~" and len(directive.args) > 1:
            yield _candidate(directive, Edit(first.start, directive.args[1].start, ""), new="overridden by regexes")
        elif len(directive.args) == 1 and first.text.startswith("/") and first.text != "/":
            yield _candidate(directive, Edit(first.start, first.start, "= "), new="an exact match")


@operator(
    "nginx.change-path",
    FaultClass.WRONG_TARGET,
    Tier.MEDIUM,
    LANGUAGES,
    "`{directive}` names {new}",
    ("root /var/www/html;", ("root /var/www/htmls;",)),
    ("error_log /var/log/e.log;", ("error_log /var/log/es.log;",)),
)
def change_path(config: Config) -> Iterator[Candidate]:
    names = {"root", "alias", "access_log", "error_log", "ssl_certificate", "ssl_certificate_key", "index"}
    names |= {"auth_basic_user_file", "proxy_cache_path", "pid"}
    for directive in config.all:
        if directive.name in names and directive.args and directive.args[0].text not in {"off", "stderr", "syslog"}:
            word = directive.args[0]
            path = word.text.strip("\"'").rstrip("/")
            folder, slash, name = path.rpartition("/")
            stem, dot, ending = name.partition(".")
            new = f"{folder}{slash}{another_name(stem)}{dot}{ending}"
            candidate = _candidate(directive, Edit(word.start, word.end, new), old=word.text, new=new)
            yield replace(candidate, stated=path)


@operator(
    "nginx.change-header",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "the header {header} says {new}",
    ('add_header X-Frame-Options "DENY";', ('add_header X-Frame-Options "none";',)),
)
def change_header(config: Config) -> Iterator[Candidate]:
    for directive in config.all:
        if directive.name in {"add_header", "proxy_set_header", "more_set_headers"} and len(directive.args) >= 2:
            value = directive.args[1]
            inner = value.text.strip("\"'")
            if inner:
                quote = value.text[0] if value.text[0] in "\"'" else '"'
                new = f"{quote}none{quote}" if inner != "none" else f"{quote}other{quote}"
                yield _candidate(directive, Edit(value.start, value.end, new), header=directive.args[0].text, new=new)


@operator(
    "nginx.drop-log-variable",
    FaultClass.DROPPED_OUTPUT,
    Tier.MEDIUM,
    LANGUAGES,
    "the log lines lose {variable}",
    ("log_format main '$remote_addr $status';", ("log_format main '- $status';", "log_format main '$remote_addr -';")),
)
def change_log_format(config: Config) -> Iterator[Candidate]:
    """One variable of a log format is left out."""
    for directive in config.all:
        if directive.name != "log_format":
            continue
        for word in directive.args[1:]:
            for match in re.finditer(r"\$\{?[a-z_0-9]+\}?", word.text):
                start = word.start + match.start()
                yield _candidate(directive, Edit(start, start + len(match[0]), "-"), variable=match[0])


class Nginx:
    name = "nginx"
    languages = LANGUAGES
    operators = operators_in(globals())

    def parse(self, text: str, language: str) -> Config | None:
        return parse(text)

    def valid(self, tree: Config, candidate: Candidate) -> bool:
        """Whether nginx may have a directive with such arguments; what goes as a whole leaves the rest as it was."""
        for edit in candidate.edits:
            index = bisect_right(tree.starts, edit.start) - 1
            directive = tree.all[max(index, 0)]
            start, end = directive.start, directive.words[-1].end
            if not (start <= edit.start and edit.end <= end):
                continue
            changed = apply(tree.text[start:end], (Edit(edit.start - start, edit.end - start, edit.new),))
            again = parse(f"{changed};")
            if again is None or (_allowed(directive, directive) and not _allowed(again.all[0], directive)):
                return False
        return True


def _allowed(directive: Directive, like: Directive) -> bool:
    words = [word.text.strip("\"'") for word in directive.words]
    statement = {"directive": words[0], "line": 1, "args": words[1:]}
    try:
        analyze("", statement, ";" if like.block is None else "{", check_ctx=False)
    except NgxParserBaseException:
        return False
    return True


FAMILY = Nginx()
