"""A setting that is a switch: its flag takes no value, and is told again as it was given."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.commands.options import Flags, setting_options
from harness.settings.file import read_config
from harness.settings.in_force import InForce
from harness.settings.meaning import audit_settings


@click.command
@setting_options("audit")
def command(flags: Flags) -> None:
    click.echo(" ".join(flags.words()))
    click.echo(audit_settings(flags.in_force().run()).reuse)


@pytest.mark.parametrize(("given", "told"), [([], ["", "True"]), (["--no-reuse"], ["--no-reuse", "False"])])
def test_the_flag_alone_is_true(given: list[str], told: list[str]) -> None:
    done = CliRunner().invoke(command, ["--no-config", *given])
    words, reuse = done.output.splitlines()
    assert [words.replace("--no-config", "").strip(), reuse] == told


@pytest.mark.parametrize(("text", "reuse"), [("no-reuse = true\n", False), ("no-reuse = false\n", True), ("", True)])
def test_a_file_says_true_or_false(tmp_path: Path, text: str, reuse: bool) -> None:
    file = tmp_path / "foolsgold.toml"
    file.write_text(text)
    assert audit_settings(InForce(read_config(file), {}).run()).reuse is reuse
