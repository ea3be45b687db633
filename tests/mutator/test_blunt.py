from __future__ import annotations

import pytest

from mutator.generate import generate
from mutator.model import FileText, Mutant, Source, SourceKind
from mutator.operators import FAMILIES


def made(text: str, language: str) -> list[Mutant]:
    kind = SourceKind.SCRIPT if language == "shell" else SourceKind.SIBLING
    source = Source("solution", kind, language, "/app/solution", FileText(text), 1)
    return list(generate([source], {"solution": text.encode()}, FAMILIES))


def is_blunt(text: str, language: str, operator: str, sentence: str) -> bool:
    found = [each for each in made(text, language) if each.operator == operator and sentence in each.sentence]
    assert len(found) == 1, [(each.operator, each.sentence) for each in made(text, language)]
    return found[0].blunt


READER = """import json
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    (count,) = struct.unpack_from("<I", data, 4)
    return count


def scaled(count):
    total = count * 3
    row = {"size": count, "mode": total}
    if row["size"] == 16:
        return row["size"]
    return total


def main():
    if len(sys.argv) < 2:
        print("one file")
        return
    print(json.dumps({"total": scaled(read(sys.argv[1]))}))


main()
"""
C = """#include <stdio.h>

int count(const char *path, int most) {
  FILE *fp = fopen(path, "r");
  if (!fp) {
    return -1;
  }
  if (most > 9) {
    return 2;
  }
  int bits = most << 4;
  return bits;
}
"""
WRITER = """import argparse
import json
import os


def saved(rows, path):
    os.makedirs("out", exist_ok=True)
    most = 0
    for row in rows:
        if row["size"] > most:
            most = row["size"]
        elif row["kind"] == "b":
            row["other"] = 1
    with open(path, "w") as file:
        json.dump({"most": most}, file)
        file.write("\\n")


parser = argparse.ArgumentParser(description="Saves rows.")
parser.add_argument("--into", required=True)
parser.add_argument("--least", type=int, default=0)
first = [1]
second = [2]
both = first + second
"""
SHELL = """DATA=/srv/data
apt-get install -y cron
cd /srv
chown www-data /srv/data
ln -s /srv/a /etc/b
service cron start
echo end > /srv/marker
"""


LEADER = """def first(rows):
    kept = [row for row in rows if row]
    return kept[1:]


def second(rows):
    joined = [row + row for row in rows]
    return joined[::-1]


def third(rows):
    numbered = list(enumerate(rows))
    return numbered[:9]


def measure(rows):
    return third(second(first(rows)))


def both(rows):
    return second(first(rows))
"""


@pytest.mark.parametrize(
    ("text", "language", "operator", "sentence", "blunt"),
    [
        (LEADER, "python", "python.function-hollow", "`measure()`", True),
        (LEADER, "python", "python.function-hollow", "`both()`", False),
        (READER, "python", "python.function-hollow", "`read()`", True),
        (READER, "python", "python.function-hollow", "`scaled()`", False),
        (READER, "python", "python.function-hollow", "`main()`", True),
        (READER, "python", "python.number", "takes 5 instead of 4", True),
        (READER, "python", "python.number", "`count * 3`", False),
        (READER, "python", "python.output-key-dropped", '"size" is missing', True),
        (READER, "python", "python.output-key-dropped", '"mode" is missing', False),
        (READER, "python", "python.number", "instead of 16", True),
        (READER, "python", "python.guard-disarmed", "`row[", False),
        (READER, "python", "python.message-dropped", 'print("one file")', True),
        (WRITER, "python", "python.call-dropped", "os.makedirs", True),
        (WRITER, "python", "python.call-dropped", "json.dump", True),
        (WRITER, "python", "python.branch-always", '"kind"', True),
        (WRITER, "python", "python.branch-always", "> most", False),
        (WRITER, "python", "python.message", "Saves rows", True),
        (WRITER, "python", "python.flag-missing", "--into", True),
        (WRITER, "python", "python.flag-missing", "--least", False),
        (WRITER, "python", "python.arithmetic", "first + second", True),
        (C, "c", "code.drop-guard", "`!fp`", True),
        (C, "c", "code.drop-guard", "`most > 9`", False),
        (C, "c", "code.change-number", "`int bits", True),
        (SHELL, "shell", "shell.drop-step", "apt-get", True),
        (SHELL, "shell", "shell.drop-step", "cd /srv", True),
        (SHELL, "shell", "shell.drop-step", "DATA=", True),
        (SHELL, "shell", "shell.drop-step", "chown", False),
        (SHELL, "shell", "shell.drop-service", "cron", False),
        (SHELL, "shell", "shell.drop-step", "echo end", False),
    ],
)
def test_what_breaks_everything_or_nothing_is_blunt(
    text: str, language: str, operator: str, sentence: str, blunt: bool
) -> None:
    assert is_blunt(text, language, operator, sentence) is blunt
