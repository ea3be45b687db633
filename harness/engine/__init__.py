"""Engines make boxes: one contract, two implementations."""
