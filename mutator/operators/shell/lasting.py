"""What does not last, or comes too early: started and not enabled, set for this shell only, started before its
configuration; and one part of a condition that plays no part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.define import operator
from mutator.operators.shell.document import Chain, Script, Step
from mutator.operators.shell.steps import LANGUAGES, SCRIPT, head, named, service_of
from mutator.shell.commands import Command


@operator(
    "shell.not-enabled",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "`{service}` is started and not enabled: it is gone after a restart",
    ("sudo systemctl enable --now app\nsystemctl enable b\n", ("sudo systemctl start app\nsystemctl enable b\n",)),
)
def not_enabled(script: Script) -> Iterator[Candidate]:
    return _enabled_now(script, "start")


@operator(
    "shell.not-started",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "`{service}` is enabled and not started: it runs after a restart only",
    ("systemctl --now enable app\n", ("systemctl enable app\n",)),
)
def not_started(script: Script) -> Iterator[Candidate]:
    return _enabled_now(script, "enable")


def _enabled_now(script: Script, verb: str) -> Iterator[Candidate]:
    for command in script.commands:
        words = script.words(command)
        name, args = named(script, command)
        if name != "systemctl" or "enable" not in args or "--now" not in args:
            continue
        kept = [word for word in words if word != "--now"]
        start, end = command.words[0][0], command.words[-1][1]
        new = " ".join(verb if word == "enable" else word for word in kept)
        fields = {"service": " ".join(arg for arg in args if not arg.startswith("-") and arg != "enable")}
        yield Candidate((Edit(start, end, new),), fields, command.function, (command.start, command.end))


_PROFILE = re.compile(
    r"(?:\.bashrc|\.bash_profile|\.profile|\.zshrc|/etc/profile|/etc/profile\.d/[\w.-]+|bash\.bashrc)$"
)
_SYSCTL = re.compile(r"/etc/sysctl(?:\.conf|\.d/[\w.-]+)$")
_ENVIRONMENT = re.compile(r"/etc/environment$")


@operator(
    "shell.this-shell-only",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "`{setting}` holds for this run only: nothing is written to {file}",
    (
        "echo 'export PATH=/opt/bin:$PATH' >> ~/.bashrc\necho \"alias ll='ls -l'\" >> /root/.bashrc\necho x >> y\n",
        (
            "export PATH=/opt/bin:$PATH\necho \"alias ll='ls -l'\" >> /root/.bashrc\necho x >> y\n",
            "echo 'export PATH=/opt/bin:$PATH' >> ~/.bashrc\nalias ll='ls -l'\necho x >> y\n",
        ),
    ),
    ("echo 'vm.swappiness = 10' | sudo tee -a /etc/sysctl.conf\n", ("sysctl -w vm.swappiness=10\n",)),
)
def this_shell_only(script: Script) -> Iterator[Candidate]:
    for command in script.commands:
        words = script.words(command)
        if words[:1] not in (["echo"], ["printf"]) or len(words) != 2 or command.stage != 0:
            continue
        last = command.stages[-1]
        file = _written(script, last)
        said = re.fullmatch(r"'([^'\n]+?)(?:\\n)?'|\"([^\"\\\n]+?)(?:\\n)?\"", words[1])
        setting = (said[1] or said[2]) if said else ""
        if _PROFILE.search(file) and re.match(r"(?:export|alias|umask|ulimit)\s", setting):
            new = setting
        elif _ENVIRONMENT.search(file) and re.fullmatch(r"[A-Z_]+=\S+", setting):
            new = f"export {setting}"
        elif _SYSCTL.search(file) and (pair := re.fullmatch(r"([\w.]+)\s*=\s*(\S+)", setting)):
            new = f"sysctl -w {pair[1]}={pair[2]}"
        else:
            continue
        place = (command.start, last.end)
        yield Candidate((Edit(*place, new),), {"setting": setting, "file": file}, command.function, place)


def _written(script: Script, command: Command) -> str:
    """The file that a command appends to or writes, as it is named."""
    for redirect in command.redirects:
        if redirect.target is not None and redirect.op in (">", ">>"):
            return script.text[slice(*redirect.target)].strip("\"'")
    name, args = named(script, command)
    plain = [arg for arg in args if not arg.startswith("-")]
    return plain[0].strip("\"'") if name == "tee" and len(plain) == 1 else ""


@operator(
    "shell.started-too-early",
    FaultClass.WRONG_ORDER,
    Tier.COARSE,
    LANGUAGES,
    "{service} is started before {file} is written, and does not know of it",
    (
        "apt install nginx\ncp site /etc/nginx/conf.d/site.conf\nrm x\nservice nginx restart\ncurl localhost\n",
        ("apt install nginx\nservice nginx restart\ncp site /etc/nginx/conf.d/site.conf\nrm x\ncurl localhost\n",),
    ),
    (
        "sed -i 's/no/yes/' /etc/ssh/sshd_config\n/usr/sbin/sshd\n",
        ("/usr/sbin/sshd\nsed -i 's/no/yes/' /etc/ssh/sshd_config\n",),
    ),
)
def started_too_early(script: Script) -> Iterator[Candidate]:
    top = [step for step in script.steps if step.container.type == "program"]
    for at, step in enumerate(top):
        service = service_of(script, step)
        if not service or not _has_its_lines(script, step) or any(script.bodies(step.start, step.end)):
            continue
        config = _config_before(script, top[:at], service.split()[0])
        if config is None:
            continue
        before, file = config
        first = script.text.rfind("\n", 0, before.start) + 1
        start = script.text.rfind("\n", 0, step.start) + 1
        end = script.text.find("\n", step.end) + 1 or len(script.text)
        line = script.text[start:end]
        edits = (Edit(first, first, line if line.endswith("\n") else line + "\n"), Edit(start, end, ""))
        yield Candidate(edits, {"service": f"`{service}`", "file": file}, step.function, (first, end))


def _has_its_lines(script: Script, step: Step) -> bool:
    """Whether nothing else stands on the lines of a statement."""
    first = script.text.rfind("\n", 0, step.start) + 1
    end = script.text.find("\n", step.end)
    around = script.plain[first : step.start] + script.plain[step.end : end if end >= 0 else len(script.text)]
    return not around.strip(" \t&;")


def _config_before(script: Script, steps: list[Step], service: str) -> tuple[Step, str] | None:
    """The last step that writes the service's configuration, with the file."""
    short = re.sub(r"\.service$|d$", "", service.rpartition("/")[2])
    if len(short) < 3:
        return None
    for step in reversed(steps):
        if not _has_its_lines(script, step):
            continue
        for command in script.commands:
            if not step.start <= command.start < step.end:
                continue
            file = _written(script, command) or _edited(script, command)
            if re.match(rf"/etc/(?:default/|systemd/system/)?{re.escape(short)}", file):
                return step, file
    return None


def _edited(script: Script, command: Command) -> str:
    name, args = named(script, command)
    copied = args[-1].strip("\"'") if name in ("cp", "mv", "ln", "install") and args else ""
    return copied or _in_place(script, command)


def _in_place(script: Script, command: Command) -> str:
    """The file that sed or perl edits."""
    name, args = named(script, command)
    edits = name in ("sed", "perl") and any(re.match(r"-[a-zA-Z]*i|--in-place", arg) for arg in args)
    return args[-1].strip("\"'") if edits else ""


@operator(
    "shell.drop-conjunct",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{gone}` plays no part in `{condition}`",
    (
        'if [ -f a ] && [ -s b ]; then c; fi\n[[ $x -gt 1 && -n "$y" ]] && d\n',
        (
            'if [ -s b ]; then c; fi\n[[ $x -gt 1 && -n "$y" ]] && d\n',
            'if [ -f a ]; then c; fi\n[[ $x -gt 1 && -n "$y" ]] && d\n',
            'if [ -f a ] && [ -s b ]; then c; fi\n[[ -n "$y" ]] && d\n',
            "if [ -f a ] && [ -s b ]; then c; fi\n[[ $x -gt 1 ]] && d\n",
        ),
    ),
    ("a && b || c\n", ()),
    skips=SCRIPT,
)
def drop_conjunct(script: Script) -> Iterator[Candidate]:
    found = [(chain.start, one) for chain in script.chains if not chain.is_step for one in _parts(script, chain)]
    found += [
        (marked.node.start_byte, one) for marked in script.tests for one in _sides(script, marked.node, marked.function)
    ]
    found.sort(key=lambda item: (item[1].edits[0].start, item[0]))
    yield from (candidate for _, candidate in found)


def _parts(script: Script, chain: Chain) -> Iterator[Candidate]:
    if len({mark for _, _, mark in chain.operators}) != 1:
        return
    for index, (start, end) in enumerate(chain.parts):
        span = (start, chain.parts[1][0]) if index == 0 else (chain.parts[index - 1][1], end)
        fields = {"gone": script.said(start, end), "condition": script.said(chain.start, chain.end)}
        if not any(script.bodies(*span)):
            yield Candidate((Edit(*span, ""),), fields, chain.function, (chain.start, chain.end))


def _sides(script: Script, mark: Node, function: str) -> Iterator[Candidate]:
    """Of `a && b` within [[ ]]."""
    whole = mark.parent
    if whole is None or mark.type not in ("&&", "||") or len(whole.named_children) != 2:
        return
    left, right = whole.named_children
    test = whole
    while test.parent is not None and test.type != "test_command":
        test = test.parent
    condition = script.said(test.start_byte, test.end_byte)
    check = (test.start_byte, test.end_byte)
    for gone, span in ((left, (left.start_byte, right.start_byte)), (right, (left.end_byte, right.end_byte))):
        fields = {"gone": script.said(gone.start_byte, gone.end_byte), "condition": condition}
        yield Candidate((Edit(*span, ""),), fields, function, check)


@operator(
    "shell.edit-overwritten",
    FaultClass.WRONG_ORDER,
    Tier.MEDIUM,
    LANGUAGES,
    "`{later}` comes before `{earlier}`, which undoes it",
    (
        "cp new.conf app.conf\nsed -i 's/a/b/' app.conf\nls\n",
        ("sed -i 's/a/b/' app.conf\ncp new.conf app.conf\nls\n",),
    ),
    (
        "echo a > x\necho b >> x\necho c >> x\nsed -i s/a/b/ x\n",
        ("echo b >> x\necho a > x\necho c >> x\nsed -i s/a/b/ x\n",),
    ),
)
def edit_overwritten(script: Script) -> Iterator[Candidate]:
    """A file that is written anew after what was to be added to it, or edited in it: nothing fails by itself."""
    top = [step for step in script.steps if step.container.type == "program" and _has_its_lines(script, step)]
    for one, two in pairwise(top):
        first, second = head(script, one.start), head(script, two.start)
        if first is None or second is None or any(script.bodies(one.start, two.end)):
            continue
        file = _made_anew(script, first)
        if not file or file != (_in_place(script, second) or _appended(script, second)):
            continue
        lines = [
            (script.text.rfind("\n", 0, step.start) + 1, script.text.find("\n", step.end) + 1) for step in (one, two)
        ]
        if lines[1][1] == 0 or lines[0][1] > lines[1][0]:
            continue
        texts = [script.text[slice(*span)] for span in lines]
        edits = (Edit(*lines[0], texts[1]), Edit(*lines[1], texts[0]))
        fields = {"later": script.said(two.start, two.end), "earlier": script.said(one.start, one.end)}
        yield Candidate(edits, fields, one.function, (lines[0][0], lines[1][1]))


def _made_anew(script: Script, command: Command) -> str:
    """The file that a command writes from its beginning."""
    if any(redirect.op == ">" for redirect in command.redirects):
        return _written(script, command)
    name, args = named(script, command)
    target = args[-1].strip("\"'") if name in ("cp", "mv", "install") and len(args) > 1 else ""
    return target if re.search(r"[\w]\.\w+$", target) else ""


def _appended(script: Script, command: Command) -> str:
    return _written(script, command) if any(redirect.op == ">>" for redirect in command.redirects) else ""
