"""The other words of a command: operands swapped, modes, owners, numbers, paths and values wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.another_name import another_name, another_number, another_text
from mutator.operators.define import operator
from mutator.operators.shell.document import Script, gap
from mutator.operators.shell.options import FLAG, UNTOUCHED, named_commands, operands
from mutator.operators.shell.steps import LANGUAGES, SCRIPT
from mutator.sources.shell import unwrap


def _modes(mode: str) -> list[str]:
    """Too wide, and too narrow."""
    if re.fullmatch(r"0?[0-7]{3,4}", mode):
        digits = mode[-3:]
        lead = mode[:-3]
        owner = digits[0]
        wide = owner * 3
        if wide == digits:
            wide = "777" if int(owner) % 2 else "666"
        narrow = "".join(str(int(one) & ~1) for one in digits)
        if narrow == digits:
            narrow = owner + "00" if digits[1:] != "00" else "400" if owner != "4" else "000"
        return [lead + one for one in dict.fromkeys((wide, narrow)) if one != digits]
    if match := re.fullmatch(r"([ugoa]*)([+=-])([rwxXst]+)", mode):
        who, sign, bits = match.groups()
        if sign == "+" and bits == "x":
            return []  # The same as if the step was left out.
        return [f"{who}{'-' if sign != '-' else '+'}{bits}"]
    return []


def _opens_what_is_open(old: str, new: str) -> bool:
    """Everybody could read it before, and nobody can do less now: few care who else may write."""
    if not (old.isdigit() and new.isdigit() and int(old[-1]) & 4):
        return False
    return all(int(now) & int(before) == int(before) for before, now in zip(old[-3:], new[-3:], strict=True))


@operator(
    "shell.wrong-mode",
    FaultClass.WRONG_PERMISSION,
    Tier.MEDIUM,
    LANGUAGES,
    "{path} {verb} {new}, not {old}",
    ("chmod 600 key\n", ("chmod 666 key\n", "chmod 400 key\n")),
    (
        "chmod -R 755 d\nchmod +x e\n",
        ("chmod -R 777 d\nchmod +x e\n", "chmod -R 644 d\nchmod +x e\n"),
    ),
    ("mkdir -m 700 d\n", ("mkdir -m 777 d\n", "mkdir -m 600 d\n")),
)
def wrong_mode(script: Script) -> Iterator[Candidate]:
    for named in named_commands(script):
        index = None
        if named.name in ("chmod", "umask"):
            index = next(
                (i for i, arg in enumerate(named.args) if not FLAG.match(arg) or re.match(r"-[rwx]+$", arg)), None
            )
        elif named.name in ("mkdir", "install", "mkfifo"):
            index = next((i + 1 for i, arg in enumerate(named.args[:-1]) if arg in ("-m", "--mode")), None)
        if index is None:
            continue
        old = named.args[index]
        on = [named.args[i] for i in operands(named) if i != index]
        said = " ".join(on[-1:] if named.name == "install" else on) or f"the {named.name}"
        verb = "becomes" if named.name == "umask" else "gets mode"
        for new in _modes(old):
            fields = {"old": old, "new": new, "path": said, "verb": verb}
            check = (named.command.start, named.command.end)
            narrow = re.fullmatch(r"0?[0-6][0-7]{2}", old) is not None and not int(old[-3]) & 1 and new < old
            tier = Tier.FINE if named.name != "umask" and (_opens_what_is_open(old, new) or narrow) else None
            stated = f"{old}\n{_ABOUT_MODES}" + ("\nexecutable" if _no_program(old, new) else "\nreadable\nwritable")
            edit = Edit(*named.spans[index], new)
            yield Candidate((edit,), fields, named.command.function, check, tier, stated=stated)


def _no_program(old: str, new: str) -> bool:
    """Whether somebody who could start it no longer can."""
    if re.fullmatch(r"[0-7]+", old) and re.fullmatch(r"[0-7]+", new):
        return bool(int(old, 8) & 0o111 & ~int(new, 8))
    return "x" in old and "x" not in new


_ABOUT_MODES = "permission\npermissions\nPermissions\nmode\nchmod\numask"
_ABOUT_OWNERS = "owner\nowned\nownership\nOwner\nOwnership\nchown"


@operator(
    "shell.wrong-owner",
    FaultClass.WRONG_PERMISSION,
    Tier.MEDIUM,
    LANGUAGES,
    "{path} belongs to {new}, not {old}",
    (
        "chown -R app:web /srv\nchown root x\nchgrp $G y\n",
        (
            "chown -R root:web /srv\nchown root x\nchgrp $G y\n",
            "chown -R app:root /srv\nchown root x\nchgrp $G y\n",
            "chown -R app:web /srv\nchown nobody x\nchgrp $G y\n",
        ),
    ),
)
def wrong_owner(script: Script) -> Iterator[Candidate]:
    for named in named_commands(script):
        index = None
        if named.name in ("chown", "chgrp"):
            index = next((i for i, arg in enumerate(named.args) if not arg.startswith("-")), None)
        elif named.name == "install":
            index = next((i + 1 for i, arg in enumerate(named.args[:-1]) if arg in ("-o", "-g")), None)
        if index is None:
            continue
        old = named.args[index]
        match = re.fullmatch(r"([\w.-]*)([:.]?)([\w.-]*)", old)
        if match is None:
            continue
        owner, mark, group = match.groups()
        news = []
        if owner:
            news.append(("nobody" if owner in ("root", "0") else "root") + mark + group)
        if group:
            news.append(owner + mark + ("nogroup" if group in ("root", "0") else "root"))
        path = " ".join(named.args[index + 1 :])
        for new in news:
            fields = {"old": old, "new": new, "path": path}
            check = (named.command.start, named.command.end)
            stated = "\n".join((_ABOUT_OWNERS, old, *(name for name in (owner, group) if re.search("[-_]", name))))
            yield Candidate((Edit(*named.spans[index], new),), fields, named.command.function, check, stated=stated)


_NOT_NUMBERS = frozenset(
    {"chmod", "umask", "sleep", "patch", "exit", "return", "kill", "shift", "break", "continue", "timeout", "wait"}
)


@operator(
    "shell.change-number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{new} instead of {old} in `{command}`",
    (
        "run --port=80 -n 5 x2 host:443\nsleep 3\nchmod 600 x\n",
        (
            "run --port=81 -n 5 x2 host:443\nsleep 3\nchmod 600 x\n",
            "run --port=80 -n 6 x2 host:443\nsleep 3\nchmod 600 x\n",
            "run --port=80 -n 5 x2 host:444\nsleep 3\nchmod 600 x\n",
        ),
    ),
)
def change_number(script: Script) -> Iterator[Candidate]:
    """Numbers that are a whole word, the value of an option, or a port behind a colon."""
    for named in named_commands(script):
        if named.name in _NOT_NUMBERS or named.name in UNTOUCHED:
            continue
        for span, arg in zip(named.spans, named.args, strict=True):
            match = re.fullmatch(r"(?P<lead>['\"]?(?:[\w-]+=)?['\"]?(?:[\w.*]*:)?)(?P<number>\d{1,9})['\"]?", arg)
            if match is None or (named.name in ("mkdir", "install") and re.fullmatch(r"0?[0-7]{3}", arg)):
                continue
            start = span[0] + match.start("number")
            old = match["number"]
            new = str(another_number(int(old)))
            fields = {"old": old, "new": new, "command": script.said(named.command.start, named.command.end, 50)}
            check = (named.command.start, named.command.end)
            edit = Edit(start, start + len(old), new)
            yield Candidate((edit,), fields, named.command.function, check, stated=old)


# Where output goes


@operator(
    "shell.swap-append",
    FaultClass.CORRUPTED_OUTPUT,
    Tier.MEDIUM,
    LANGUAGES,
    "`{path}` is overwritten instead of appended to: what was in it before is lost",
    (
        "a > f\nb >> f\nc >> new\nd | tee -a /etc/g >/dev/null\n",
        (
            "a > f\nb > f\nc >> new\nd | tee -a /etc/g >/dev/null\n",
            "a > f\nb >> f\nc >> new\nd | tee /etc/g >/dev/null\n",
        ),
    ),
)
def swap_append(script: Script) -> Iterator[Candidate]:
    """Only of a file that has something in it by then; and what is overwritten mostly was not there before."""
    for command in script.commands:
        words = script.words(command)
        check = (command.start, command.end)
        if words and words[unwrap(words)] == "tee":
            for span, word in zip(command.words, words, strict=True):
                if word in ("-a", "--append") and _is_there(script, words[-1], command.start):
                    fields = {"path": words[-1]}
                    yield Candidate((Edit(gap(script, span[0]), span[1], ""),), fields, command.function, check)
        for redirect in command.redirects:
            if redirect.op != ">>" or redirect.target is None or redirect.heredoc is not None:
                continue
            path = script.text[slice(*redirect.target)]
            if path.strip("'\"").startswith("/dev/") or not _is_there(script, path, redirect.start):
                continue
            start = script.plain.index(">", redirect.start)
            yield Candidate((Edit(start, start + len(redirect.op), ">"),), {"path": path}, command.function, check)


def _is_there(script: Script, path: str, before: int) -> bool:
    """Whether a file has something in it: the system's own, or one that was written further up."""
    bare = path.strip("'\"")
    if re.match(r"(/etc/|~/\.|/root/\.|\$\{?HOME\}?/\.)", bare):
        return True
    return _first_writes(script.plain).get(bare, before) < before


@lru_cache(maxsize=8)
def _first_writes(text: str) -> dict[str, int]:
    """Where output goes to each file first."""
    found: dict[str, int] = {}
    for write in re.finditer(r">\s*['\"]?([\w./${}~-]+)", text):
        found.setdefault(write[1], write.start())
    return found


_TURN = {
    "true": "false",
    "false": "true",
    "yes": "no",
    "no": "yes",
    "on": "off",
    "off": "on",
    "True": "False",
    "False": "True",
}
_TURN |= {"1": "0", "0": "1"}


@operator(
    "shell.change-value",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{name} is `{new}`, not `{old}`",
    (
        'A=8080\nexport B="low"\nC=true\nD=$(pwd)\nE=/app/x\n',
        (
            'A=8081\nexport B="low"\nC=true\nD=$(pwd)\nE=/app/x\n',
            'A=8080\nexport B="lows"\nC=true\nD=$(pwd)\nE=/app/x\n',
            'A=8080\nexport B="low"\nC=false\nD=$(pwd)\nE=/app/x\n',
        ),
    ),
)
def change_value(script: Script) -> Iterator[Candidate]:
    for marked in script.assignments:
        value = marked.node.child_by_field_name("value")
        name = marked.node.child_by_field_name("name")
        if value is None or name is None:
            continue
        start, end = value.start_byte, value.end_byte
        text = script.text[start:end]
        inner = text.strip("'\"") if text[:1] == text[-1:] else text
        offset = start + text.find(inner) if inner else start
        if inner in _TURN:
            new = _TURN[inner]
        elif inner.isdigit() and len(inner) < 10:
            new = str(another_number(int(inner)))
        elif re.fullmatch(r"[\w:@ -]+", inner) and (text[0] in "'\"" or re.fullmatch(r"[\w:@-]+", text)):
            # Another path only leads nowhere.
            new = another_name(inner) if re.search(r"\w$", inner) else ""
        else:
            continue
        if not new:
            continue
        fields = {"name": script.text[name.start_byte : name.end_byte], "old": inner, "new": new}
        parent = marked.node.parent
        statement = parent if parent is not None and parent.type == "declaration_command" else marked.node
        check = (statement.start_byte, statement.end_byte)
        edit = Edit(offset, offset + len(inner), new)
        stated = fields["name"] if inner in _TURN else inner
        yield Candidate((edit,), fields, marked.function, check, stated=stated)


_LITERAL = re.compile(r"(?P<quote>['\"])(?P<text>[^'\"$`\\\n]*[A-Za-z][^'\"$`\\\n]*)(?P=quote)")


@operator(
    "shell.change-literal",
    FaultClass.MESSAGE,
    Tier.MEDIUM,
    LANGUAGES,
    "the words {old} are written '{new}'",
    ("echo \"hello\" '$x'\nawk 'a' f\ntr 'a-z' 'A-Z'\n", ("echo \"Hello\" '$x'\nawk 'a' f\ntr 'a-z' 'A-Z'\n",)),
    skips=SCRIPT,
)
def change_literal(script: Script) -> Iterator[Candidate]:
    """Quoted words of commands that are not programs of another language."""
    for named in named_commands(script):
        # A letter more in a set of `tr` is mostly one that never occurs, or that has no partner.
        if named.name in _PROGRAMS | {"tr"} or named.name in UNTOUCHED - {"echo", "printf", "[", "test"}:
            continue
        for span, arg in zip(named.spans, named.args, strict=True):
            match = _LITERAL.fullmatch(arg)
            if match is None or arg.startswith(("'-", '"-')):
                continue
            words = match["text"]
            start = span[0] + match.start("text")
            fields = {"old": script.said(*span, 50), "new": another_text(words)}
            edit = Edit(start, start + len(words), fields["new"])
            check = (named.command.start, named.command.end)
            yield Candidate((edit,), fields, named.command.function, check, stated=words)


_PROGRAMS = frozenset(
    {
        "sed",
        "awk",
        "gawk",
        "jq",
        "python",
        "python3",
        "perl",
        "ruby",
        "node",
        "bash",
        "sh",
        "psql",
        "mysql",
        "sqlite3",
        "eval",
    }
)
