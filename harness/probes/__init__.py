"""Probes: right solutions that a fair verifier must pay, and forged ones that it must not, each run like any trial."""
