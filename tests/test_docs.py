"""The pages and the program say the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.commands.main import cli
from harness.engine.checks import CHECKS
from harness.judging.strength import Thresholds, Verdict
from harness.mutants import Wish, task_mutants
from harness.report.terminal import LINES
from harness.settings.catalogue import DEPTHS
from tests.harness.tasks import read

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
}
TEXT = "\n".join(PAGES.values())


def commands(group: click.Group = cli, before: str = "foolsgold") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_and_option_occurs_in_the_docs(name: str, command: click.Command) -> None:
    assert name in TEXT
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    missing = [option for each in options for option in each.opts if option.startswith("--") and option not in TEXT]
    assert missing == []


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_has_help_that_says_what_it_does(name: str, command: click.Command) -> None:
    assert command.help
    assert command.help.split("\n\n")[0].rstrip().endswith(".")
    assert all(option.help for option in command.params if isinstance(option, click.Option)), name


EVERY = [("foolsgold", cli), *commands()]


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_the_list_of_commands_cuts_no_sentence_short(name: str, command: click.Command) -> None:
    assert not command.get_short_help_str(55).endswith("..."), name


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_every_commands_help_has_a_paragraph_and_examples_that_parse(name: str, command: click.Command) -> None:
    paragraphs = (command.help or "").split("\n\n")
    assert len(paragraphs) >= 3, "what it does, what to know about it, and examples"
    examples = (command.help or "").partition("Examples:\n")[2].strip().splitlines()
    assert len(examples) >= 2
    for line in examples:
        found = re.search(r"foolsgold\b[^>|)]*", line)
        assert found is not None, line
        # The first word is what a user types; what follows must be a command of ours with arguments that it takes.
        words = shlex.split(found[0])[1:]
        own = cli.commands[words[0]]
        own.make_context(words[0], words[1:])
        assert command is cli or own is command, line


@pytest.mark.parametrize("page", list(PAGES))
def test_every_link_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#\s]+)", PAGES[page]):
        if not target.startswith("http"):
            assert (folder / target).exists(), f"{page}: {target}"


def test_the_readmes_example_is_what_the_fixture_gives() -> None:
    example = PAGES["README.md"].partition("```text")[2].partition("```")[0]
    task = read(ROOT / "fixtures" / "cases" / "cleanup-dry-run-faulty")
    (step,) = task_mutants(task, Wish(budget=DEPTHS["quick"]))
    chosen = {one.mutant.id: one.mutant for one in step.selection.chosen}
    shown = re.findall(r" paid although (.*?)(?:, and \d+ more)?\n +foolsgold show foolsgold-run \S+/(\w+)\n", example)
    assert len(shown) >= 1
    for sentence, ident in shown:
        assert chosen[ident].sentence.startswith(sentence.removesuffix("..."))
    assert len(example.strip().splitlines()) <= LINES
    tried = re.findall(r"^cleanup-dry-run-(?:faulty|mended) .* (\d+)$", example, re.MULTILINE)
    assert tried == [str(len(chosen))] * 2


def test_the_page_on_verdicts_has_the_thresholds_in_force() -> None:
    text, thresholds = PAGES["docs/verdicts.md"], Thresholds()
    assert all(f"`{verdict}`" in text for verdict in Verdict)
    assert f"at least {thresholds.strong:.0%}".replace("%", " %") in text
    assert f"at least {thresholds.adequate:.0%}".replace("%", " %") in text
    assert f"fewer than {thresholds.least} counted" in text


def test_the_page_on_engines_counts_the_checks() -> None:
    assert f"proves by {len(CHECKS)}\nnamed checks" in PAGES["docs/engines.md"]


def test_the_page_on_audit_has_the_depths() -> None:
    for depth, number in DEPTHS.items():
        assert re.search(rf"\| `{depth}` \| {number} \|", PAGES["docs/audit.md"])
