#!/bin/bash
set -euo pipefail
mkdir -p /app
cat > /app/todo.py <<'EOF'
"""Todo list on the command line."""
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import click

DB = Path.home() / ".todo.db"
PRIORITIES = {"low": 1, "normal": 2, "high": 3}


class Store:
    def __init__(self, path):
        self.conn = sqlite3.connect(path)
        self.conn.execute(
            "CREATE TABLE IF NOT EXISTS todo (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, "
            "priority INTEGER NOT NULL DEFAULT 2, done INTEGER NOT NULL DEFAULT 0)"
        )

    def add(self, title, priority):
        with self.conn:
            self.conn.execute("INSERT OR IGNORE INTO todo (title, priority) VALUES (?, ?)", (title, priority))

    def items(self, include_done=False):
        query = "SELECT id, title, priority, done FROM todo"
        if not include_done:
            query += " WHERE done = 0"
        query += " ORDER BY priority DESC, id"
        return self.conn.execute(query).fetchall()

    def finish(self, number):
        with self.conn:
            changed = self.conn.execute("UPDATE todo SET done = 1 WHERE id = ? AND done = 0", (number,)).rowcount
        return changed > 0

    def close(self):
        self.conn.close()


@click.group()
@click.option("--db", "db_path", type=click.Path(dir_okay=False), default=str(DB), envvar="TODO_DB")
@click.option("-v", "--verbose", is_flag=True)
@click.version_option("1.2.0")
@click.pass_context
def cli(ctx, db_path, verbose):
    """Keep a list."""
    ctx.obj = Store(db_path)
    ctx.call_on_close(ctx.obj.close)
    if verbose:
        click.echo(f"using {db_path}", err=True)


@cli.command()
@click.argument("title")
@click.option("--priority", type=click.Choice(sorted(PRIORITIES)), default="normal", show_default=True)
@click.pass_obj
def add(store, title, priority):
    title = title.strip()
    if not title:
        raise click.BadParameter("title is empty")
    store.add(title, PRIORITIES[priority])
    click.echo(f"Added: {title}")


@cli.command("list")
@click.option("--all/--open", "include_done", default=False, help="finished ones, too")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
@click.option("--limit", type=int)
@click.pass_obj
def list_items(store, include_done, fmt, limit):
    rows = store.items(include_done)
    if limit is not None:
        rows = rows[:limit]
    if fmt == "json":
        click.echo(json.dumps([{"id": i, "title": t, "priority": p, "done": bool(d)} for i, t, p, d in rows]))
        return
    for number, title, priority, done in rows:
        mark = "x" if done else " "
        click.echo(f"[{mark}] {number:>3} {title} ({'!' * priority})")


@cli.command()
@click.argument("number", type=int)
@click.option("--dry-run", is_flag=True, help="Do not change anything.")
@click.confirmation_option("--yes", prompt="Sure?")
@click.pass_obj
def done(store, number, dry_run):
    if dry_run:
        click.echo(f"would finish {number}")
        return
    if not store.finish(number):
        click.echo("no such item", err=True)
        raise SystemExit(1)
    click.echo("ok")


if __name__ == "__main__":
    cli()
EOF
chmod +x /app/todo.py
