"""Writes the tests that a task lacks: finds what tells paid variants from the reference, and proves what it writes."""
