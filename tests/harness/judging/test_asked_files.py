"""Files that an instruction asks for, and files that it only speaks of."""

from __future__ import annotations

import pytest

from harness.judging.asked_files import only_given


@pytest.mark.parametrize(
    ("instruction", "given"),
    [
        ("Write /app/run.sh: it must read /app/a.txt and print it.", True),
        ("The page is at /app/a.txt. There's another page with its own head at /app/a.txt.", True),
        ("Its layout is documented in /app/a.txt.", True),
        ("Write the sum to /app/a.txt.", False),
        ("It reads /app/b.txt and writes all of it into /app/a.txt.", False),
        ("Read /app/a.txt. Then put the sum in /app/a.txt.", False),
        ("Write two files:\n\n- /app/a.txt, a list\n- /app/b.txt, a table", False),
        ("Read /app/b.txt and report:\n- /app/a.txt has the sum", False),
        ("Your output, /app/a.txt, has one line.", False),
        ("The table is at /app/a.txt. Your tool should work when run as /app/run.sh /app/a.txt out.txt.", True),
        ("The table at /app/a.txt holds all names. Print them.", True),
        ("We also recovered the CREATE TABLE statement at /app/a.txt.", True),
        ("Nothing of the kind.", False),
    ],
)
def test_a_file_is_only_given_where_it_is_read_or_is_there_wherever_it_is_named(instruction: str, given: bool) -> None:
    assert only_given("/app/a.txt", instruction) is given
