"""The reference against its own instruction: what is claimed, tried on what the reference leaves."""
