"""Python's own warnings about a text that is read, unheard: the text is not ours."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def quietly() -> Iterator[None]:
    """One thread at a time: the filters are the whole process's, and so is the depth that `ast.parse` counts in Python
    3.11, which two threads at once bring out of step (a SystemError). Whoever parses Python does it in here."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
