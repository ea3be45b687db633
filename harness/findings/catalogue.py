"""Every finding there is, each once: what it says, what to do, and what it counts as.

A finder makes its findings with `finding`, which takes from here what is the same for all of that id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.findings.model import Finding, Label, Location, Severity

ENVIRONMENT, REFERENCE, REWARD = "broken environment", "wrong reference", "weak reward"
REQUIREMENT, MISMATCH, GIVEN_AWAY = "untested requirement", "mismatch", "given-away answer"
TRAINING = "little training value"
"""Rows of the table over a dataset; report/dataset.py says what each means."""


@dataclass(frozen=True, slots=True)
class Entry:
    says: str
    """What a finding of this id says, in a sentence."""
    advice: str
    """What to do, wherever a single finding has nothing more exact."""
    severity: Severity | None = None
    """None where it depends on what was seen, and the finder says it."""
    row: str = ""
    """The row of a dataset's table that a task with it counts in. '' is none: it says something smaller, or counts
    through the verdict, or says that nothing could be found out."""
    label: Label | None = None
    """What it makes of a task where it is more than a note."""


_CONTROLS: Mapping[str, Entry] = {
    "build-failed": Entry(
        "The environment does not build.",
        "Nobody can be trained or tested on the task. Mend the Dockerfile at the line that is named.",
        row=ENVIRONMENT,
    ),
    "needs-docker": Entry(
        "The bwrap engine cannot build or run it.",
        "Audit the task with `--engine docker`.",
        Severity.UNMEASURED,
    ),
    "engine-failed": Entry(
        "The engine failed.",
        "This says nothing about the task. `foolsgold doctor` checks the engine.",
        Severity.UNMEASURED,
    ),
    "unsupported": Entry(
        "The task asks for something that cannot be done here.",
        "Audit it on a machine that has it.",
        Severity.UNMEASURED,
    ),
    "changed-meanwhile": Entry(
        "The task's folder was changed while it ran.",
        "Give the same command again: what has changed runs anew, the rest is remembered.",
        Severity.WARNING,
    ),
    "internal-error": Entry(
        "foolsgold itself failed.",
        "Please report it with the traceback.",
        Severity.UNMEASURED,
    ),
    "environment-not-ready": Entry(
        "A healthcheck or a step's setup fails.",
        "Mend the service that the check waits for, or the check.",
        row=ENVIRONMENT,
    ),
    "no-solution": Entry(
        "There is no reference solution.",
        "Add the solution.",
        Severity.UNMEASURED,
    ),
    "network-needed": Entry(
        "The reference is only paid with a network.",
        "Install what the tests need in the Dockerfile: trials get faster and cannot fail for the network.",
        Severity.NOTE,
    ),
    "unlisted-host": Entry(
        "The reference asks for a host that is not on the task's list.",
        "Name it in allowed_hosts, or take what asks for it out of the solution or the tests.",
        row=ENVIRONMENT,
    ),
    "hosts-used": Entry(
        "Which hosts the reference uses.",
        "With these lines in task.toml the task reaches them and no others.",
        Severity.NOTE,
    ),
    "network-policy": Entry(
        "The task's network policy cannot be kept exactly.",
        "Nothing needs to be done.",
        Severity.NOTE,
    ),
    "reference-unpaid": Entry(
        "The reference is not paid.",
        "The solution or the tests are wrong: nobody who does the same can be paid.",
        row=REFERENCE,
    ),
    "reference-partly-paid": Entry(
        "The reference is not paid in full.",
        "Fine where the lower number is a measure; otherwise mend solution or tests.",
    ),
    "reference-flaky": Entry(
        "The reference's runs are not paid the same.",
        "Take time, order, randomness and the network out of the tests; a flaky reward teaches noise.",
        Severity.ERROR,
        row=REFERENCE,
    ),
    "reference-timeout": Entry(
        "The reference does not end within the task's own limit.",
        "Raise the limit (--timeout-factor tries a longer one), or start what keeps running in the background.",
        row=REFERENCE,
    ),
    "reference-not-paid-at-the-end": Entry(
        "The reference was paid before the mutants ran and not after.",
        "Look for what outlives a box, such as the date or a remote service; audit again.",
        Severity.UNMEASURED,
    ),
    "verifier-never-ran": Entry(
        "No test ran on the reference.",
        "Make the verifier run to its end and write a reward whatever happens.",
        row=REFERENCE,
    ),
    "reward-unreadable": Entry(
        "The reward is there and cannot be read.",
        "Write one finite number to reward.txt, or an object of finite numbers to reward.json.",
        Severity.ERROR,
        row=REFERENCE,
    ),
    "reward-out-of-range": Entry(
        "A reward is more than 1, or less than 0.",
        "Trainers take rewards as they are, unclamped. Stay between 0 and 1.",
        Severity.ERROR,
    ),
    "step-without-reward": Entry(
        "A step has no reward and is left out of the mean.",
        "The runner takes the mean of the others. Make its verifier write one.",
        Severity.ERROR,
    ),
    "nop-paid": Entry(
        "Doing nothing is paid in full.",
        "Add a test that fails before the work is done.",
        row=REWARD,
    ),
    "nop-partly-paid": Entry(
        "Doing nothing is paid in part.",
        "Add a test that fails before the work is done.",
    ),
    "nop-timeout": Entry(
        "The verifier hangs where nothing was done.",
        "Give the tests' own waits a limit, so that a wrong solution gets its 0.",
        Severity.WARNING,
    ),
    "nop-unmeasured": Entry(
        "Nobody knows whether doing nothing is paid.",
        "Run it again; `foolsgold doctor` checks the engine itself.",
        Severity.UNMEASURED,
    ),
    "hollow-paid": Entry(
        "A solution that exits at once is paid.",
        "The tests look at the solution's own files, or at its exit status, instead of at what it did.",
        row=REWARD,
    ),
    "no-zero-reward": Entry(
        "The verifier writes no reward where the work is not done.",
        "`set -e` ends it at the failing test: write the 0 first, or run them as `if pytest ...; then`.",
        Severity.WARNING,
    ),
    "empty-summary": Entry(
        "A run was paid although its summary names no test.",
        "Make the verifier pay only where tests ran and passed.",
    ),
    "lenient-status": Entry(
        "A run was paid although its test runner ended with an error.",
        "Make the reward follow the test runner's own exit status.",
        Severity.WARNING,
    ),
    "no-summary": Entry(
        "A run's output has no summary of tests.",
        "Let pytest print its short test summary (-rA): the format's own parser reads nothing else.",
        Severity.WARNING,
    ),
    "planted-link": Entry(
        "The reward file is a link that the solution may have planted.",
        "Remove what stands at the reward's place before the tests run.",
    ),
    "many-tests": Entry(
        "The tests report more results than are kept of each run.",
        "Report results for fewer, larger tests, or know that those behind the first 2,000 count only where they fail.",
        Severity.NOTE,
    ),
    "skipped-tests": Entry(
        "Some of the task's tests are skipped.",
        "A test that is skipped catches nothing: let it run, or remove it.",
        Severity.NOTE,
    ),
}

_MUTANTS: Mapping[str, Entry] = {
    "stated-requirement-untested": Entry(
        "Broken variants of something that the instruction states are paid, and no test looks at it.",
        "Add a test that fails for each of these variants.",
        row=REQUIREMENT,
    ),
    "stated-requirement-undertested": Entry(
        "Some ways to break something that the instruction states are paid.",
        "Add a test that fails for each of these variants.",
    ),
    "unstated-behaviour-untested": Entry(
        "Variants that break nothing the instruction names are paid.",
        "See whether they matter. Where they do, let the instruction say so and add a test.",
        Severity.NOTE,
    ),
    "test-never-fails": Entry(
        "A test fails for no broken variant and for no control.",
        "This is right where something has to stay as it was. Any other test has to look at what the work changes.",
    ),
    "passes-untouched": Entry(
        "Some tests pass on the untouched environment.",
        "This is right where something has to stay as it was. A test of the work has to fail before the work is done.",
        Severity.NOTE,
    ),
    "paid-though-failed": Entry(
        "A broken variant is paid in full although a test that the reference passes fails for it.",
        "Let the reward follow every test: no `|| true` behind a test run, no reward that is written before it.",
        Severity.WARNING,
        row=REWARD,
    ),
    "paid-though-skipped": Entry(
        "A broken variant is paid in full although a test that the reference passes is skipped for it.",
        "Let the test fail where what it looks at is missing: a skipped test counts as passed.",
        Severity.WARNING,
        row=REWARD,
    ),
    "paid-though-none-ran": Entry(
        "A broken variant is paid in full although none of the tests ran.",
        "Pay only where the test runner ends with success and every test has run.",
        Severity.WARNING,
        row=REWARD,
    ),
    "proposed-variant-paid": Entry(
        "A variant that somebody else meant to be wrong, such as a model, is paid in full.",
        "Look at each: where it breaks what the instruction states, a test is missing. It counts in no strength and "
        "in no verdict.",
    ),
    "no-assertion-reached": Entry(
        "A test passes without reaching an assertion.",
        "Let it assert something about what the work leaves, and fail where there is nothing.",
    ),
    "test-ends-early": Entry(
        "A test is skipped, or ends before it has looked at anything.",
        "Let it fail where what it looks at is missing, instead of skipping or returning.",
    ),
    "tests-unread": Entry(
        "A file of the verifier's cannot be read for suspicions.",
        "If it is no test, do nothing. If it is one, see whether any Python can read it.",
        Severity.NOTE,
    ),
    "swallowed-assertion": Entry(
        "An assertion fails, is caught, and its test passes.",
        "Do not catch what an assertion raises, or fail in the handler.",
        Severity.WARNING,
        row=REWARD,
    ),
    "flaky-mutants": Entry(
        "The same tests pay some variants in one run and not in another.",
        "Look for races, timeouts and random choices in the tests.",
        Severity.WARNING,
    ),
    "permissive-assertion": Entry(
        "An assertion lets wrong work pass, and a paid variant shows it.",
        "Make it demand the one right result: one status, one text, one value.",
        Severity.WARNING,
        row=REWARD,
    ),
    "source-read-not-run": Entry(
        "The tests read a program's text, and pay the same words where nothing of them is run.",
        "Run it, and look at what it does and leaves.",
        Severity.WARNING,
        row=REWARD,
    ),
    "answer-given-away": Entry(
        "The instruction holds the answer.",
        "Say what is wanted and not how it is written, or drop the task: copying is all that it asks for.",
        Severity.WARNING,
        row=GIVEN_AWAY,
        label=Label.GIVEN_AWAY,
    ),
    "answer-in-image": Entry(
        "The image holds the answer before anybody has solved the task.",
        "Keep it out of the build context (.dockerignore), or delete it in the layer that makes it.",
        Severity.WARNING,
        row=GIVEN_AWAY,
        label=Label.GIVEN_AWAY,
    ),
    "tests-in-image": Entry(
        "The image holds the tests, where the solver can read them.",
        "Keep the tests out of the build context: the runner brings them once the work is done. Where the "
        "solver is to have them, let the instruction say so.",
        Severity.WARNING,
        row=GIVEN_AWAY,
        label=Label.GIVEN_AWAY,
    ),
    "hidden-requirement": Entry(
        "The tests demand a name that nobody told the solver.",
        "Name it in the instruction, or let the tests find it.",
        Severity.WARNING,
        row=MISMATCH,
        label=Label.OVER_STRICT,
    ),
    "rejects-right-solution": Entry(
        "A variant that does what the reference does is rejected.",
        "Let the tests look at what the instruction asks for, and at nothing else.",
        row=MISMATCH,
        label=Label.OVER_STRICT,
    ),
    "reward-forgeable": Entry(
        "A solution that does none of the work is paid.",
        "Verify in a box of its own, or keep the verifier away from what the solution left.",
        row=REWARD,
        label=Label.FORGEABLE,
    ),
    "reward-written-first": Entry(
        "The verifier writes its reward before it looks, and whatever ends it then is paid.",
        "Write the 0 first and the 1 last, once everything has been looked at.",
        Severity.WARNING,
        row=REWARD,
        label=Label.FORGEABLE,
    ),
    "shape-only-paid": Entry(
        "A solution that does none of the work writes outputs of the right shape, and is paid.",
        "Compare values: work out in the tests what the outputs should say, or keep the right answers there.",
        Severity.WARNING,
        row=REWARD,
        label=Label.FAKE_PAID,
    ),
    "special-casing-paid": Entry(
        "What the reference wrote and answered, written down with nothing behind it, is paid.",
        "Vary the input: make it anew in each run, or take enough that the solver cannot see, and work out in the "
        "tests what the right answer is.",
        row=REWARD,
    ),
    "guessable": Entry(
        "Answers that were handed in blindly are paid.",
        "Ask for more than one of a few answers, such as how it was found, or for several of them together.",
        row=REWARD,
    ),
    "reference-breaks-instruction": Entry(
        "The reference is paid and does not do what the instruction says, tried on what it leaves.",
        "Mend the reference, or the sentence: as it is, the tests pay what the instruction forbids.",
        row=REFERENCE,
    ),
    "forging-tried": Entry(
        "How many attacks on the reward were tried, took effect and were paid.",
        "Read which attacks were met and not paid, and which could not be measured.",
        Severity.NOTE,
    ),
    "paid-for-less": Entry(
        "A part of the reference is paid like all of it.",
        "Add a test for each requirement that is gone. What nobody asks for can leave the reference.",
        row=REQUIREMENT,
    ),
    "unchecked-output": Entry(
        "No test looks at a file that the reference leaves.",
        "Add a test that reads it, or leave it out of the solution.",
    ),
}

_SAID_OF_FILES: Mapping[str, str] = {
    "bad-json": "A JSON file cannot be read.",
    "bad-toml": "A TOML file cannot be read.",
    "bad-yaml": "A YAML file cannot be read.",
    "bad-value": "A field has a value that it cannot have.",
    "bad-weights": "The tests' weights cannot be used.",
    "odd-value": "A field has a value that the runner takes in an unexpected way.",
    "unknown-key": "A field that the format does not know.",
    "two-formats": "The folder has the config files of two formats.",
    "unreadable": "A file or folder cannot be read.",
    "binary-instruction": "The instruction is no text.",
    "empty-instruction": "The instruction is empty.",
    "missing-instruction": "There is no instruction.",
    "missing-environment": "There is no environment.",
    "missing-solution": "The solution is not where the format wants it.",
    "missing-tests": "There are no tests.",
    "missing-step": "A step that is named is not there.",
    "missing-compose": "There is no compose file.",
    "missing-shebang": "A script does not say what runs it.",
    "missing-variable": "A variable of the host is asked for and not set.",
    "host-variable": "A variable of the host is used.",
    "empty-script": "A script is empty.",
    "script-bom": "A script begins with a byte-order mark.",
    "crlf-script": "A script has the line ends of Windows.",
    "image-and-dockerfile": "An image and a Dockerfile are both there.",
    "compose-unsupported": "The compose file asks for what cannot be done here.",
    "compose-ignored": "Something in the compose file has no effect here.",
    "multi-container": "A service uses what belongs to another container.",
    "bind-mount": "The compose file mounts a folder of the host.",
    "needs-host-path": "The task needs a path of the host.",
    "needs-gpu": "The task asks for a GPU.",
    "needs-tpu": "The task asks for a TPU.",
    "needs-windows": "The task runs on Windows.",
    "needs-privileges": "The task asks for privileges that no box has.",
    "unsupported-parser": "The parser that the task names is not known.",
    "path-escapes": "A path leads out of the task's folder.",
    "symlink-escapes": "A link leads out of the task's folder.",
    "symlink-cycle": "A link leads back to itself.",
    "dangling-symlink": "A link leads nowhere.",
    "special-file": "A file is neither a file nor a folder nor a link.",
    "large-file": "A file is very large.",
    "large-instruction": "The instruction is very long.",
    "too-large": "A file is too large to be read.",
    "task-too-large": "The task's folder is too large.",
    "no-snapshot": "There is no room for the copy that a task runs from.",
    "unsteady": "The task changes while it is read.",
    "unsafe-archive": "The task's archive leads out of its folder.",
    "damaged-archive": "The task's archive cannot be unpacked.",
    "archive-too-large": "The task's archive unpacks to too much.",
    "not-one-task": "A row holds no task, or several.",
    "not-here": "The task is listed, and lies somewhere else.",
    "bad-encoding": "A file is not UTF-8.",
}

_FILES = {ident: Entry(says, "docs/formats.md says what the format wants.") for ident, says in _SAID_OF_FILES.items()}
"""Where a task cannot be used, the loader's own codes are its findings."""

FINDINGS: Mapping[str, Entry] = {**_CONTROLS, **_MUTANTS, **_FILES}

LEAD_HELP = "A suspicion read from the tests. No broken variant that was tried confirms it, so it changes no verdict."
SURVIVOR_HELP = (
    "The solution was broken on purpose and the tests paid it like the solution itself, in a plain run that was "
    "repeated. Add a test that fails for it. `foolsgold repro` writes the variant as a complete task."
)


def finding(
    ident: str,
    title: str,
    evidence: Sequence[str] = (),
    place: Location | None = None,
    *,
    severity: Severity | None = None,
    advice: str | None = None,
) -> Finding:
    """Its task is named later. `severity`: where the catalogue leaves it open. `advice`: where there is more to say."""
    entry = FINDINGS[ident]
    known = entry.severity or severity
    assert known is not None, f"how severe {ident} is depends on what was seen"
    said = tuple(line for line in evidence if line)
    return Finding(ident, "", known, title, said, place, entry.advice if advice is None else advice)


def about(ident: str) -> Entry:
    """Also of an id that this version does not know: a report may be another's."""
    words = ident.replace("-", " ")
    return FINDINGS.get(ident) or Entry(f"{words[:1].upper()}{words[1:]}.", "")
