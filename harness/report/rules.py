"""What to do about each kind of finding, for readers who see only its id."""

from __future__ import annotations

from harness.findings.ids import FINDINGS

ADVICE = {
    "answer-given-away": "Solving it is copying. State what is wanted and not how it is written, or drop the task.",
    "answer-in-image": "Keep it out of the build context (.dockerignore), or delete it in the layer that makes it.",
    "build-failed": "Nobody can be trained or tested on the task. Mend the Dockerfile at the line that is named.",
    "empty-summary": "Make the verifier pay only where tests ran and passed.",
    "engine-failed": "This says nothing about the task. `foolsgold doctor` checks the engine.",
    "environment-not-ready": "Mend the service that the health check waits for, or the check itself.",
    "flaky-mutants": "Look for races, timeouts and random choices in the tests: such a reward teaches noise.",
    "forging-tried": "Read which means were met and not paid, and which could not be measured.",
    "hidden-requirement": "Name it in the instruction, or let the tests find it.",
    "hollow-paid": "The tests look at the solution's own files or exit status. Make them look at what it did.",
    "internal-error": "Please report it with the traceback.",
    "lenient-status": "Make the reward follow the test runner's own exit status.",
    "needs-docker": "Audit the task with `--engine docker`.",
    "network-needed": "Install what the tests need in the Dockerfile, so that no trial can fail for the network.",
    "network-policy": "Nothing needs to be done.",
    "no-assertion-reached": "Let it assert something about what the work leaves, and fail where there is nothing.",
    "no-solution": "Add one: without it nothing can be measured.",
    "no-summary": "Let pytest print its short test summary (-rA): the format's own parser reads nothing else.",
    "no-zero-reward": "`set -e` ends the verifier at the failing test. Write the 0 first, or run the tests in an `if`.",
    "nop-paid": "Add a test that fails before the work is done.",
    "nop-partly-paid": "Fine where the number is a measure; otherwise mend the tests.",
    "nop-timeout": "Give the tests' own waits a limit.",
    "nop-unmeasured": "Run it again; the evidence says what kept the verifier from its end.",
    "passes-untouched": "Fine for what must stay as it was; a test of the work has to fail before it is done.",
    "permissive-assertion": "Make it demand the one right result: one status, one text, one value.",
    "planted-link": "Remove what stands at the reward's place before the tests run.",
    "reference-flaky": "Take time, order, randomness and the network out of the tests: a flaky reward teaches noise.",
    "reference-not-paid-at-the-end": "Look for what outlives a box, such as the date or a remote service; audit again.",
    "reference-partly-paid": "Fine where the lower number is a measure; otherwise mend solution or tests.",
    "reference-timeout": "Raise the limit, or start what keeps running in the background.",
    "reference-unpaid": "The solution or the tests are wrong: nobody who does the same can be paid.",
    "reward-forgeable": "Verify in a box of its own, or keep the verifier away from what the solution left.",
    "reward-out-of-range": "Trainers take rewards as they are, unclamped. Stay between 0 and 1.",
    "reward-unreadable": "Write one finite number to reward.txt, or an object of finite numbers to reward.json.",
    "rejects-right-solution": "Let the tests look at what the instruction asks for, and at nothing else.",
    "skipped-tests": "A test that is skipped notices nothing: let it run, or remove it.",
    "stated-requirement-undertested": "Add a test that fails for the variants named.",
    "stated-requirement-untested": "Leaving it out is paid all the same. Add a test that fails for the variants.",
    "step-without-reward": "The runner takes the mean of the others. Make its verifier write one.",
    "swallowed-assertion": "Do not catch what an assertion raises, or fail in the handler.",
    "test-ends-early": "Let it fail where what it looks at is missing, instead of skipping or returning.",
    "test-never-fails": "Fine for what must stay as it was; else make it look at what the work changes.",
    "tests-in-image": "Keep the tests out of the build context: they are brought when the work is done.",
    "tests-unread": "Nothing, where it is no test; else see whether any Python can read it.",
    "unchecked-output": "Add a test that reads it, or leave it out of the solution.",
    "unstated-behaviour-untested": "Where it matters, state it and test it.",
    "unsupported": "Audit it on a machine that has it.",
    "verifier-never-ran": "Make the verifier run to its end and write a reward, whatever happens.",
}
FILES = "docs/formats.md says what the format wants."

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


def says(ident: str) -> str:
    """What a finding of this id says, in a sentence."""
    words = ident.replace("-", " ")
    return FINDINGS.get(ident, f"{words[:1].upper()}{words[1:]}.")


def advice(ident: str) -> str:
    return ADVICE.get(ident, FILES)
