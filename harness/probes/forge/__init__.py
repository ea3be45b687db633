"""Attacks on the reward: solutions that do none of the work and try to be paid all the same."""
