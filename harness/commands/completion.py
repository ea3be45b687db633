"""`foolsgold completion`: the scripts with which shells complete commands, options and their values."""

from __future__ import annotations

import click

from harness.errors import ExitCode

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_FOOLSGOLD_COMPLETE"


@click.command
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that teaches a shell to complete foolsgold's commands and options.

    Needs bash 4.4 or newer, zsh, or fish. The script asks the installed foolsgold, so it need not be renewed after an
    update.

    \b
    Examples:
      eval "$(foolsgold completion bash)"
      foolsgold completion zsh > ~/.zfunc/_foolsgold
      foolsgold completion fish > ~/.config/fish/completions/foolsgold.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    known = get_completion_class(shell)
    assert known is not None
    made = known(context.find_root().command, {}, "foolsgold", VARIABLE)
    # Not the class's own method: it would run this machine's bash to see its version, but the script may be for another
    # machine.
    click.echo(ShellComplete.source(made))
    return ExitCode.OK
