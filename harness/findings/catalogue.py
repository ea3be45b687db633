"""Every finding there is: its id, stable across versions, and what it says. A test holds this list to the code."""

from __future__ import annotations

from collections.abc import Mapping

ABOUT_CONTROLS: Mapping[str, str] = {
    "build-failed": "The environment does not build.",
    "needs-docker": "The bwrap engine cannot build or run it.",
    "engine-failed": "The engine failed.",
    "unsupported": "The task asks for something that cannot be done here.",
    "internal-error": "foolsgold itself failed.",
    "environment-not-ready": "A healthcheck or a step's setup fails.",
    "no-solution": "There is no reference solution.",
    "network-needed": "The reference is only paid with a network.",
    "network-policy": "The task's network policy cannot be kept exactly.",
    "reference-unpaid": "The reference is not paid.",
    "reference-partly-paid": "The reference is not paid in full.",
    "reference-flaky": "The reference's runs are not paid the same.",
    "reference-timeout": "The reference does not end within the task's own limit.",
    "reference-not-paid-at-the-end": "The reference was paid before the mutants ran and not after.",
    "verifier-never-ran": "No test ran on the reference.",
    "reward-unreadable": "The reward is there and cannot be read.",
    "reward-out-of-range": "A reward is more than 1, or less than 0.",
    "step-without-reward": "A step has no reward and is left out of the mean.",
    "nop-paid": "Doing nothing is paid in full.",
    "nop-partly-paid": "Doing nothing is paid in part.",
    "nop-timeout": "The verifier hangs where nothing was done.",
    "nop-unmeasured": "Nobody knows whether doing nothing is paid.",
    "hollow-paid": "A solution that exits at once is paid.",
    "no-zero-reward": "The verifier writes no reward where the work is not done.",
    "empty-summary": "A run was paid although its summary names no test.",
    "lenient-status": "A run was paid although its test runner ended with an error.",
    "no-summary": "A run's output has no summary of tests.",
    "planted-link": "The reward file is a link that the solution may have planted.",
    "skipped-tests": "Some of the task's tests are skipped.",
}
ABOUT_MUTANTS: Mapping[str, str] = {
    "stated-requirement-untested": "No test notices that a stated requirement is broken.",
    "stated-requirement-undertested": "Some ways to break a stated requirement go unnoticed.",
    "unstated-behaviour-untested": "Variants that break nothing the instruction names are paid.",
    "test-never-fails": "A test fails for no broken variant and for no control.",
    "passes-untouched": "Some tests pass on the untouched environment.",
    "no-assertion-reached": "A test passes without reaching an assertion.",
    "test-ends-early": "A test is skipped, or ends before it has looked at anything.",
    "tests-unread": "A file of the verifier's cannot be read for suspicions.",
    "swallowed-assertion": "An assertion fails, is caught, and its test passes.",
    "flaky-mutants": "The tests disagree with themselves on some variants.",
    "permissive-assertion": "An assertion lets wrong work pass, and a paid variant shows it.",
    "answer-given-away": "The instruction holds the answer.",
    "answer-in-image": "The image holds the answer before anybody has solved the task.",
    "tests-in-image": "The image holds the tests, where the solver can read them.",
    "hidden-requirement": "The tests demand a name that nobody told the solver.",
    "rejects-right-solution": "A variant that does what the reference does is rejected.",
    "reward-forgeable": "A solution that does none of the work is paid.",
    "forging-tried": "How many means to forge the reward were tried, took effect and were paid.",
    "unchecked-output": "No test looks at a file that the reference leaves.",
}
ABOUT_FILES: Mapping[str, str] = {
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
    "multi-container": "The task needs several containers.",
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
    "too-large": "A file is too large to be read.",
    "bad-encoding": "A file is not UTF-8.",
}
"""Where a task cannot be used, the loader's own codes are its findings."""

FINDINGS: Mapping[str, str] = {**ABOUT_CONTROLS, **ABOUT_MUTANTS, **ABOUT_FILES}

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
