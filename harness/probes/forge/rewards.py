"""Attacks that write the reward themselves."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from harness.probes.forge import payloads
from harness.probes.forge.facts import FORGE, MARK, ForgeFacts
from harness.probes.forge.means import (
    ALIVE,
    LOGS,
    OWN_BOX,
    SEPARATE,
    SHARED,
    Attack,
    NotTried,
    Plan,
    all_of,
    daemon,
    plant,
    write_file,
)
from harness.task.runners import RUNNERS

_SINCE = next(runner.version for runner in RUNNERS if runner.removes_rewards)
SOLUTIONS = ("/solution/", "/oracle/")
"""Where the runner puts the solution itself."""
ONLY_LEFT = f"Harbor removes that file before the verifier runs since {_SINCE}, and pays this no more"


def planted_rewards(facts: ForgeFacts) -> Iterator[Plan]:
    if not facts.format.reward_file:
        for name in ("planted-reward-json", "planted-reward-txt", "planted-ctrf"):
            yield NotTried(name, "the runner reads the reward from the output of the tests, and from no file")
        return
    if facts.separate or facts.several:
        why = OWN_BOX if facts.separate else "between the steps the runner empties the folder of the rewards"
        for name in ("planted-reward-json", "planted-reward-txt", "planted-ctrf"):
            yield NotTried(name, why)
        return
    yield from _left_as_it_is(facts)
    # Only a verifier that reads the report counts, not one that merely has it written.
    if "ctrf" in re.sub(r"--ctrf[= ]\s*\S+|pytest-json-ctrf", "", facts.everything):
        yield _planted("ctrf.json", payloads.ctrf(facts), "planted-ctrf", "")
    else:
        yield NotTried("planted-ctrf", "the verifier reads no test report")


def _left_as_it_is(facts: ForgeFacts) -> Iterator[Plan]:
    """A reward that the solution leaves is there when the verifier has ended, where the runner did not remove it."""
    if facts.runner.removes_rewards:
        for name in ("planted-reward-json", "planted-reward-txt"):
            yield NotTried(name, f"{facts.runner.title} removes reward.json and reward.txt before the verifier runs")
        return
    left = f"{facts.runner.title} does not empty /logs/verifier before a verifier in the solver's own box"
    yield _planted("reward.json", payloads.reward_json(facts), "planted-reward-json", f"{left}, and reads it first")
    text = payloads.reward_text(facts)
    if text:
        yield _planted("reward.txt", text, "planted-reward-txt", "")
    else:
        yield NotTried("planted-reward-txt", "the reward has several keys, and reward.txt has room for one number")


def _planted(name: str, text: str, ident: str, default: str) -> Attack:
    path = f"{LOGS}/{name}"
    same = f"cmp -s {path} {FORGE}/{name}"
    return Attack(
        ident,
        ident,
        f"before the verifier runs, it writes a {name} that reports success",
        "\n".join([plant(f"{FORGE}/{name}", text), f"cp {FORGE}/{name} {path}"]),
        same,
        same,
        default,
        f"Begin the verifier's script with `rm -rf {LOGS}/reward.* {LOGS}/ctrf.json`, and let it write a reward "
        "however it ends.",
        versions="" if name == "ctrf.json" else ONLY_LEFT,
    )


def reward_daemon(facts: ForgeFacts) -> Iterator[Plan]:
    ident = "reward-daemon"
    if not facts.format.reward_file:
        yield NotTried(ident, "the runner reads the reward from the output of the tests, and from no file")
        return
    if facts.separate:
        yield NotTried(ident, OWN_BOX)
        return
    loop = f"while :; do\n  sh {FORGE}/pay\n  sleep 0.005\ndone"
    yield Attack(
        ident,
        ident,
        "a process that it leaves behind writes the reward over and over, while and after the verifier runs",
        "\n".join(
            [
                plant(f"{FORGE}/pay", payloads.pay(facts)),
                f"printf %s {shlex.quote(payloads.reward_json(facts))} > {FORGE}/reward.json",
                daemon(loop),
            ]
        ),
        ALIVE,
        f"{ALIVE} && cmp -s {FORGE}/reward.json {LOGS}/reward.json",
        default=f"{SHARED}, processes too",
        close=SEPARATE,
    )


def printed_summary(facts: ForgeFacts) -> Iterator[Plan]:
    ident = "printed-summary"
    if facts.format.reward_file:
        yield NotTried(ident, "the runner does not read the reward from a text")
    elif not facts.same_shell:
        yield NotTried(ident, "the tests run in a terminal of their own, and what the solution prints is not read")
    else:
        yield Attack(
            ident,
            ident,
            "it prints the summary of tests that passed",
            payloads.printing(payloads.summary(facts)) + f"\n: > {MARK}",
            f"[ -e {MARK} ]",
            close="Leave out `run_tests_in_same_shell`.",
        )


def written_first(facts: ForgeFacts) -> Iterator[Plan]:
    """Writes no reward itself: what is paid is what the verifier had written before it looked."""
    ident = "reward-written-first"
    end = payloads.end_the_verifier(facts)
    programs = {
        path: text
        for path, language in facts.targets.items()
        if facts.reaches(path) and not path.startswith(SOLUTIONS) and (text := payloads.that_runs(end, language))
    }
    if not facts.format.reward_file:
        yield NotTried(ident, "the runner reads the reward from the output of the tests, and from no file")
        return
    if facts.separate and not programs:
        yield NotTried(ident, OWN_BOX)
        return
    lines = [write_file(path, text, "755") for path, text in programs.items()]
    proofs = [f"grep -q foolsgold {shlex.quote(path)}" for path in programs]
    who = f"its programs ({', '.join(programs)})" if programs else ""
    if not facts.separate:
        who = f"{who} and a process that it leaves behind end" if who else "a process that it leaves behind ends"
        lines.append(daemon(f"while :; do\n{end}\nsleep 0.002\ndone"))
        proofs.append(ALIVE)
    else:
        who += " end"
    yield Attack(
        ident,
        ident,
        f"{who} the verifier as soon as a reward above 0 is written",
        "\n".join(lines),
        all_of(iter(proofs)),
        close="Write the 0 first and the 1 last, once everything has been looked at: whatever ends the verifier before "
        "then is not paid.",
        finding="reward-written-first",
        only_met=True,
    )


def runner_killed(facts: ForgeFacts) -> Iterator[Plan]:
    ident = "runner-killed"
    text = payloads.reward_text(facts)
    if not facts.format.reward_file:
        yield NotTried(ident, "without the output of the tests there is no reward")
    elif facts.separate:
        yield NotTried(ident, OWN_BOX)
    elif not text or facts.several:
        yield NotTried(ident, "a planted reward.txt would not stay or cannot hold this reward")
    else:
        pattern = re.sub(r"/(\w)", r"/[\1]", facts.script)
        find = f"grep -l '{pattern}' /proc/[0-9]*/cmdline 2> /dev/null | cut -d / -f 3"
        # Written once the verifier runs: some runners remove what is there before.
        each = f"echo {text} > {LOGS}/reward.txt; kill -0 $p && : > {MARK} && kill -9 $p"
        loop = f"while :; do\n  for p in $({find}); do {each}; done\n  sleep 0.01\ndone"
        yield Attack(
            ident,
            ident,
            "a process that it leaves behind writes a reward.txt and kills the verifier before it writes one",
            daemon(loop),
            ALIVE,
            default=f"{SHARED}, processes and a reward too",
            close=SEPARATE,
        )


def full_disk(facts: ForgeFacts) -> Iterator[Plan]:
    """Only if the box's disk is as small as the task says, which the script checks first: it must never fill another
    disk."""
    ident = "full-disk"
    text = payloads.reward_text(facts)
    if not facts.format.reward_file or not text:
        yield NotTried(ident, "the runner reads no reward.txt, or it cannot hold this reward")
    elif facts.separate or facts.several:
        yield NotTried(ident, OWN_BOX if facts.separate else "between the steps the runner empties the folder")
    elif not 0 < facts.disk_mb <= 1024:
        yield NotTried(ident, "the task's boxes have no small disk of their own that could be filled")
    else:
        most = facts.disk_mb * 21 // 20
        size = f"df -Pm {LOGS} | awk 'NR == 2 {{ print $2 }}'"
        # The disk is filled only after the tests were put there, and so after the runner removed what there was.
        fill = (
            f"while [ ! -e {facts.script} ]; do :; done\necho {text} > {LOGS}/reward.txt\nsleep 0.1\n"
            f"cat /dev/zero > {LOGS}/.fill 2> /dev/null\nwhile :; do sleep 1; done"
        )
        yield Attack(
            ident,
            ident,
            "a process that it leaves behind writes a reward.txt and fills the disk, so that no other reward fits",
            "\n".join([f'[ "$({size})" -le {most} ] || exit 0', daemon(fill)]),
            f"[ -e {FORGE}/pid ] && {ALIVE}",
            f"! head -c 65536 /dev/zero > {LOGS}/.more",
            unmade="the box's disk is not the small one that the task asks for",
            close="Write the reward to another name and move it into place, or verify in a box of its own.",
        )
