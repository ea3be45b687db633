"""`foolsgold propose`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import Choosing, Flags, choosing_options, setting_options
from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.settings.in_force import Values, one, table
from harness.untrusted import visible

if TYPE_CHECKING:
    from harness.dataset.select import Chosen
    from harness.proposals.endpoint import Endpoint
    from harness.proposals.run import Outcomes, ProposeWish


@click.command
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    required=True,
    type=click.Choice(["wrong", "right", "attempt"]),
    help="wrong: variants of the reference with a mistake. right: by other means. attempt: from the instruction alone. "
    "May be given several times.",
)
@click.option("-o", "--output", type=AnyPath(), help="The folder to write, or to go on with.")
@click.option(
    "--number", default=3, show_default=True, type=click.IntRange(1, 100), help="Candidates of a kind for each task."
)
@click.option("--environment", is_flag=True, help="Send the texts of the environment's files, too.")
@click.option("--model-url", metavar="URL", help="The endpoint: https://HOST/v1. [default: FOOLSGOLD_MODEL_URL]")
@click.option(
    "--model-key-file", type=AnyPath(), metavar="FILE", help="The file with its key. [default: FOOLSGOLD_MODEL_KEY]"
)
@click.option(
    "--answer-tokens", default=16_000, show_default=True, type=click.IntRange(1), help="The longest answer to ask for."
)
@click.option(
    "--answer-seconds",
    default=600.0,
    show_default=True,
    type=click.FloatRange(0.1, 86_400),
    help="How long an answer may take.",
)
@click.option("--at-once", default=4, show_default=True, type=click.IntRange(1, 64), help="Requests at once.")
@click.option("--no-stream", is_flag=True, help="Ask for each answer in one piece.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent and what it may cost; send nothing.")
@click.option("--offline", is_flag=True, help="Make the candidates from stored answers only; send nothing.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@setting_options("propose")
@choosing_options
def propose(paths: tuple[Path, ...], flags: Flags, choosing: Choosing, output: Path | None, **given: Any) -> int:
    """Ask a model for candidate solutions of each task.

    They are judged by nobody here: `foolsgold attempts --solutions` runs them like everybody else's. Prompts and
    answers are stored, and what is stored is not asked again. A task's tests are never sent. docs/models.md says what
    is. Needs httpx, the extra `model`.

    \b
    Examples:
      foolsgold propose tasks --kind wrong --dry-run
      foolsgold propose tasks --kind wrong --kind right --model NAME --model-tokens 500000 -o proposed
      foolsgold propose tasks --kind attempt --number 8 --model NAME -o proposed
      foolsgold propose tasks --kind wrong --model NAME -o proposed --offline
    """
    from harness.proposals.run import Outcomes, write_candidates

    in_force = flags.in_force(paths)
    values = in_force.run()
    if given["dry_run"] and given["offline"]:
        raise UsageError("--dry-run and --offline contradict each other.", hint="Give one of them, or none.")
    wish = _wish(values, given)
    if given["dry_run"]:
        return _show(choosing.tasks(paths, in_force), wish, output)
    folder = _folder(output)
    found = Outcomes()
    if given["offline"]:
        if not folder.is_dir():
            raise UsageError(
                f"{visible(str(folder))} is not there, and holds no stored answers.", hint="Name a folder that does."
            )
        document = write_candidates(choosing.tasks(paths, in_force), wish, folder, found)
        found.failed = sum(counts["unanswered"] for counts in document["kinds"].values())
        return _tell(document, folder, found, interrupted=False)
    endpoint = _endpoint(given)
    tasks = choosing.tasks(paths, in_force)
    interrupted = _ask(tasks, wish, endpoint, folder, found, show=not given["no_progress"])
    document = write_candidates(tasks, wish, folder, found, url=endpoint.url)
    return _tell(document, folder, found, interrupted=interrupted)


def _wish(values: Values, given: Mapping[str, Any]) -> ProposeWish:
    from harness.proposals.endpoint import named_model, options
    from harness.proposals.prompts import Asking
    from harness.proposals.run import ProposeWish
    from harness.proposals.spending import Budget, Prices

    prices = (one(values, "model-price-in"), one(values, "model-price-out"))
    if None in prices and prices != (None, None):
        raise UsageError("One price is not enough.", hint="Give --model-price-in and --model-price-out.")
    cost = one(values, "model-cost")
    if cost is not None and None in prices:
        raise UsageError(
            "A budget in money needs the endpoint's prices.", hint="Give --model-price-in and --model-price-out."
        )
    return ProposeWish(
        "-" if given["dry_run"] and not _named(values) else named_model(one(values, "model"), os.environ),
        tuple(Asking(kind) for kind in dict.fromkeys(given["kinds"])),
        given["number"],
        given["environment"],
        given["answer_tokens"],
        options(table(values, "model-option")),
        Budget(one(values, "model-tokens"), cost, None if None in prices else Prices(*prices)),
    )


def _named(values: Values) -> bool:
    from harness.proposals.endpoint import MODEL

    return bool(one(values, "model") or os.environ.get(MODEL))


def _endpoint(given: Mapping[str, Any]) -> Endpoint:
    from harness.proposals.endpoint import Endpoint, named_key, named_url

    url = named_url(given["model_url"], os.environ)
    key = named_key(given["model_key_file"], os.environ)
    return Endpoint(url, key, not given["no_stream"], given["answer_seconds"], given["at_once"])


def _folder(output: Path | None) -> Path:
    from harness.proposals.run import DOCUMENT, EXCHANGES

    if output is None:
        raise UsageError("No folder to write to is named.", hint="Name one with -o, or give --dry-run.")
    ours = (output / DOCUMENT).is_file() or (output / EXCHANGES).is_dir()
    if output.exists() and not (output.is_dir() and (ours or not any(output.iterdir()))):
        raise UsageError(
            f"{visible(str(output))} is there already, and holds no proposals.",
            hint="Name a folder that is new or empty, or one that `foolsgold propose` wrote.",
        )
    return output


def _ask(tasks: Chosen, wish: ProposeWish, endpoint: Endpoint, folder: Path, found: Outcomes, *, show: bool) -> bool:
    """Whether it was interrupted."""
    from harness.lab.together import drive
    from harness.proposals.run import ask_all

    def said(line: str) -> None:
        if show:
            click.echo(line, err=True)

    if endpoint.unprotected:
        click.echo(f"The key goes to {endpoint.url} as plain text: use https.", err=True)
    if show:
        click.echo(f"Asking {visible(wish.model)} at {endpoint.url}", err=True)
    stopped: list[bool] = []
    drive(ask_all(tasks, wish, endpoint, folder, found, said), lambda: stopped.append(True))
    if stopped:
        found.ended = "it was interrupted"
    return bool(stopped)


def _show(tasks: Chosen, wish: ProposeWish, output: Path | None) -> int:
    """What would be sent, and the most it may cost."""
    from harness.proposals.run import EXCHANGES, questions
    from harness.proposals.spending import Tokens
    from harness.proposals.stored import Exchanges
    from harness.untrusted import shown

    kept = Exchanges(output / EXCHANGES) if output is not None else None
    most, count, stored = Tokens(), 0, 0
    seen: set[str] = set()
    for each in questions(tasks, wish):
        if isinstance(each, tuple):
            click.echo(f"{visible(each[0])}: nothing is asked: {each[1]}\n")
            continue
        if each.request.digest in seen or (kept is not None and kept.get(each.request.digest) is not None):
            stored += 1
            continue
        seen.add(each.request.digest)
        most += each.request.most
        count += 1
        click.echo(f"=== {visible(each.task)}: {each.prompt.kind}, request {each.request.digest[:10]}")
        if each.sample:
            click.echo("the same prompt once more\n")
            continue
        for message in each.request.body["messages"]:
            click.echo(f"--- {message['role']}\n{shown(message['content'])}")
        click.echo()
    known = f" {stored} more are stored already or the same." if stored else ""
    click.echo(f"{count} requests.{known} About {most.prompt:,} tokens in, and at most {most.answer:,} out.")
    if wish.budget.prices is not None:
        click.echo(f"At most {wish.budget.prices.of(most):,.2f} by the prices given.")
    if not wish.budget.allows(most):
        click.echo("That may be more than the budget allows: asking would end there.")
    click.echo("Nothing was sent.")
    return ExitCode.OK


def _tell(document: Mapping[str, Any], folder: Path, found: Outcomes, *, interrupted: bool) -> int:
    from tabulate import tabulate

    columns = ("requests", "answered", "refused", "candidates", "doubles", "invalid", "unanswered")
    rows = [(kind, *(counts[name] for name in columns)) for kind, counts in document["kinds"].items()]
    click.echo(tabulate(rows, headers=("kind", *columns)))
    for kind, counts in document["kinds"].items():
        for what in ("invalid", "unanswered"):
            for reason, number in counts[f"{what}_because"].items():
                click.echo(f"{kind}: {number} {what}: {reason}")
    for left in document["left_out"]:
        click.echo(f"{visible(left['task'])}: nothing is asked: {left['reason']}")
    spent = document["spent"]
    cost = f", {spent['cost']:,.4f} by the prices given" if spent["cost"] is not None else ""
    about = ", in part estimated" if spent["estimated"] else ""
    click.echo(f"Spent: {spent['prompt']:,} tokens in, {spent['answer']:,} out{about}{cost}.")
    if found.ended:
        click.echo(f"It ended early: {found.ended}. The same command goes on from there.", err=True)
    for name in document["files"]:
        click.echo(f"Run them: foolsgold attempts TASKS --solutions {visible(str(folder / name))}")
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.UNMEASURED if found.failed else ExitCode.OK
