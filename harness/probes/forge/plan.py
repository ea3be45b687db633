"""Chooses the attacks for a task, and says why the others cannot matter for it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.probes.forge import answers, box, python, rewards
from harness.probes.forge.facts import ForgeFacts
from harness.probes.forge.means import Plan


def plan(facts: ForgeFacts) -> Iterator[Plan]:
    """Each attack once, most telling first."""
    for make in (
        rewards.planted_rewards,
        rewards.reward_daemon,
        rewards.written_first,
        python.conftest,
        python.configs,
        python.shadowed_module,
        answers.imported_modules,
        answers.do_nothing_programs,
        answers.expected_answer,
        answers.reference_in_image,
        rewards.printed_summary,
        box.startup_files,
        box.tests_edited,
        python.python_start,
        python.plugin,
        box.tools,
        box.shell,
        rewards.runner_killed,
        box.preload,
        rewards.full_disk,
    ):
        yield from make(facts)
