"""Data and configuration: JSON, YAML, TOML, INI, CSV, .env, systemd, cron, Dockerfiles and plain text."""

from __future__ import annotations

from mutator.operators.data.operators import FAMILY

__all__ = ["FAMILY"]
