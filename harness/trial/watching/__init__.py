"""Watches the tests in a run of its own, which is never judged: which assertions each test reached."""
