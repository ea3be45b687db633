#!/bin/bash
set -e
cat > /app/notes.py <<'EOF'
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
STORE = Path("/data/notes.txt")


@app.command()
def add(text: str, tag: str = "misc", pin: bool = typer.Option(False, "--pin", "-p")):
    with STORE.open("a") as out:
        out.write(f"{'*' if pin else ' '} [{tag}] {text}\n")


@app.command("list")
def show(
    tag: Annotated[str, typer.Option("--tag", help="Only these.")] = "",
    reverse: Annotated[bool, typer.Option("--reverse")] = False,
):
    lines = STORE.read_text().splitlines()
    if tag:
        lines = [line for line in lines if f"[{tag}]" in line]
    for line in sorted(lines, reverse=reverse):
        typer.echo(line)


if __name__ == "__main__":
    app()
EOF
