"""Runs tasks and their broken variants in boxes and judges what their tests paid for."""

__version__ = "0.1.0"
