"""What each kind of finding means, for readers who see only its id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    says: str
    """One sentence: what is wrong."""
    help: str
    """What it does to whoever trains on the task, or what to do about it."""


RULES = {
    "answer-given-away": Rule(
        "The instruction gives the answer away.",
        "Whoever solves the task only has to copy. State what is wanted and not how it is written, or drop the task.",
    ),
    "build-failed": Rule(
        "The environment does not build.",
        "Nobody can be trained or tested on the task. Mend the Dockerfile at the line that is named.",
    ),
    "engine-failed": Rule(
        "The engine failed, so the task was not measured.",
        "This says nothing about the task. `foolsgold doctor` checks the engine.",
    ),
    "environment-not-ready": Rule(
        "The environment builds and does not come up.",
        "Mend the service that the health check waits for, or the check itself.",
    ),
    "flaky-mutants": Rule(
        "The tests disagree with themselves on a broken variant.",
        "Look for races, timeouts and random choices in the tests: such a reward teaches noise.",
    ),
    "hollow-paid": Rule(
        "A solution that exits at once is paid.",
        "The tests look at the solution's own files or exit status. Make them look at what it did.",
    ),
    "internal-error": Rule("foolsgold itself failed on the task.", "Please report it with the traceback."),
    "needs-docker": Rule("The engine cannot build this environment.", "Audit the task with `--engine docker`."),
    "network-needed": Rule(
        "The reference is paid only with a network.",
        "Install what the tests need in the Dockerfile: trials get faster and cannot fail for the network.",
    ),
    "network-policy": Rule("What the task's network rules come to here.", "Nothing needs to be done."),
    "no-solution": Rule("The task has no solution to run.", "Add one: without it nothing can be measured."),
    "no-zero-reward": Rule(
        "A wrong solution gets an error instead of a reward of 0.",
        "`set -e` ends the verifier at the failing test. Write the 0 first, or run the tests in an `if`.",
    ),
    "nop-paid": Rule("Doing nothing is paid.", "Add a test that fails before the work is done."),
    "nop-partly-paid": Rule(
        "Doing nothing is paid in part.", "Fine where the number is a measure; otherwise mend the tests."
    ),
    "nop-timeout": Rule("The verifier hangs where nothing was done.", "Give the tests' own waits a limit."),
    "nop-unmeasured": Rule(
        "It is not known what doing nothing is paid.",
        "Run it again; the evidence says what kept the verifier from its end.",
    ),
    "permissive-assertion": Rule(
        "An assertion takes wrong work, as a paid broken variant shows.",
        "Make it demand the one right result: one status, one text, one value with a tolerance that means something.",
    ),
    "reference-flaky": Rule(
        "The reference is not paid the same every time.",
        "Take time, order, randomness and the network out of the tests: a flaky reward teaches noise.",
    ),
    "reference-not-paid-at-the-end": Rule(
        "The reference was paid at the beginning of the audit and not at its end, so nothing was measured.",
        "Look for state that outlives a box, such as the date or a remote service, then audit again.",
    ),
    "reference-partly-paid": Rule(
        "The reference is paid in part.", "Fine where the lower number is a measure; otherwise mend solution or tests."
    ),
    "reference-timeout": Rule(
        "The reference does not end in time.", "Raise the limit, or start what keeps running in the background."
    ),
    "reference-unpaid": Rule(
        "The reference is not paid.", "The solution or the tests are wrong: nobody who does the same can be paid."
    ),
    "reward-out-of-range": Rule(
        "A reward is above 1 or below 0.", "Trainers take rewards as they are, unclamped. Stay between 0 and 1."
    ),
    "reward-unreadable": Rule(
        "The reward cannot be read.",
        "Write one finite number to reward.txt, or an object of finite numbers to reward.json.",
    ),
    "stated-requirement-undertested": Rule(
        "Something that the instruction states is tested in part.", "Add a test that fails for the variants named."
    ),
    "stated-requirement-untested": Rule(
        "Something that the instruction states is never tested.",
        "Whoever leaves it out is paid all the same. Add a test that fails for the variants named.",
    ),
    "step-without-reward": Rule(
        "A step of the task gives no reward.", "The runner takes the mean of the others. Make its verifier write one."
    ),
    "test-never-fails": Rule(
        "A test passes for every variant and for an untouched environment.",
        "A test that cannot fail pays anybody. Make it look at what the work changes.",
    ),
    "unstated-behaviour-untested": Rule(
        "Behaviour that the instruction does not name is paid whether it is right or not.",
        "Where it matters, state it and test it.",
    ),
    "unsupported": Rule("The task asks for what no box here has.", "Audit it on a machine that has it."),
    "verifier-never-ran": Rule(
        "The tests do not run on the reference.",
        "Make the verifier run to its end and write a reward, whatever happens.",
    ),
}

LEADS = {
    "lenient-status": "An assertion takes both success and failure.",
    "either-substring": "An assertion is content with any one of several texts.",
    "existence-only": "A test only looks whether something is there.",
    "always-true": "An assertion can never fail.",
    "swallowed-assertion": "An assertion is caught and forgotten when it fails.",
    "unused-result": "A test runs a command and never looks how it ended.",
    "wide-tolerance": "An assertion tolerates a difference as large as the value.",
    "no-assertion": "A test asserts nothing.",
    "skips-at-run-time": "A test may end early without having looked.",
    "loose-substring": "An assertion looks for a word anywhere in the output.",
}
LEAD_HELP = "A suspicion read from the tests. No broken variant that was tried confirms it, so it changes no verdict."
SURVIVOR_HELP = (
    "The solution was broken on purpose and the tests paid it like the solution itself, in a plain run that was "
    "repeated. Add a test that fails for it. `foolsgold repro` writes the variant as a complete task."
)


def rule(ident: str) -> Rule:
    """Problems of a task's files have no rule of their own: docs/formats.md lists them."""
    words = ident.replace("-", " ")
    plain = Rule(f"{words[:1].upper()}{words[1:]}.", "The result says what is wrong and what to do.")
    return RULES.get(ident, plain)
