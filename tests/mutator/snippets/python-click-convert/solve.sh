#!/bin/bash
set -e
cat > /app/convert.py <<'EOF'
import csv
import json

import click


@click.command()
@click.argument("source", type=click.Path(exists=True))
@click.option("--output", "-o", default="-", help="Where to write.")
@click.option("--pretty/--plain", default=False)
@click.option("--limit", type=int, default=None)
@click.option("--skip-empty", is_flag=True)
def convert(source, output, pretty, limit, skip_empty):
    """Turn a CSV file into JSON."""
    with open(source, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter=";"))
    if skip_empty:
        rows = [row for row in rows if any(row.values())]
    if limit is not None:
        rows = rows[:limit]
    text = json.dumps(rows, indent=2 if pretty else None, sort_keys=True, ensure_ascii=False)
    if output == "-":
        click.echo(text)
    else:
        with open(output, "w", encoding="utf-8") as handle:
            handle.write(text + "\n")


if __name__ == "__main__":
    convert()
EOF
