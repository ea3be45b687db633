"""Reads tasks in the formats of the field into one model."""
