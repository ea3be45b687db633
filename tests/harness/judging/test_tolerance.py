"""Which tolerance an instruction states, and which texts differ within it."""

from __future__ import annotations

import pytest

from harness.judging.tolerance import Tolerance, differ_within, stated_tolerance


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("The charge must be within 3% of the true one.", Tolerance(relative=0.03)),
        ("Report the mass, ±5 %.", Tolerance(relative=0.05)),
        ("Values are compared with a tolerance of 0.01.", Tolerance(absolute=0.01)),
        ("with a relative tolerance of 1e-6", Tolerance(relative=1e-6)),
        ("accurate to 0.5 units", Tolerance(absolute=0.5)),
        ("The error may be at most 2 percent.", Tolerance(relative=0.02)),
        ("Round to 2 decimal places.", Tolerance(absolute=0.005)),
        ("within 3% at first, and within 1 % at the end", Tolerance(relative=0.01)),
        ("within 10% or +/- 0.2", Tolerance(absolute=0.2, relative=0.1)),
        ("The files have different amounts (roughly 420 to 980).", None),
        ("grading checks within 3 percent relative tolerance versus the truth", Tolerance(relative=0.03)),
        ("The tolerance is +- max 5 samples.", Tolerance(absolute=5)),
        ("It must not differ by more than 0.2.", Tolerance(absolute=0.2)),
        ("The margin of error is a matter of 12 people.", None),
        ("It must answer within 5 seconds.", None),
        ("Finish within 3 attempts.", None),
        ("Print 12 lines.", None),
        ("Use version 3.5 of the library.", None),
    ],
)
def test_the_stated_tolerance(instruction: str, expected: Tolerance | None) -> None:
    assert stated_tolerance(instruction) == expected


@pytest.mark.parametrize(
    ("right", "given", "tolerance", "expected"),
    [
        ("mass 100.0 kg", "mass 102.0 kg", Tolerance(relative=0.03), True),
        ("mass 100.0 kg", "mass 104.0 kg", Tolerance(relative=0.03), False),
        ("mass 100.0 kg", "weight 100.0 kg", Tolerance(relative=0.03), False),
        ("1.00 2.00", "1.01 2.00", Tolerance(absolute=0.01), True),
        ("1.00 2.00", "1.01 2.02", Tolerance(absolute=0.01), False),
        ("1.00 2.00", "1.00", Tolerance(absolute=5), False),
        ("3 rows", "4 rows", Tolerance(relative=0.03), False),
        ("0.0", "0.004", Tolerance(absolute=0.005), True),
        ("-1.5e3", "-1.49e3", Tolerance(relative=0.01), True),
        ("sha 12ab", "sha 12ac", Tolerance(absolute=100), False),
    ],
)
def test_texts_that_differ_in_numbers_only(right: str, given: str, tolerance: Tolerance, expected: bool) -> None:
    assert differ_within(right, given, tolerance) is expected
