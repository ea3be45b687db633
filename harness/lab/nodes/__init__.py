"""Trials on other machines: one process of ours a machine, which has an engine and layers of its own."""
