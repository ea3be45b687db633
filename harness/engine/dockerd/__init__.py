"""The docker engine: the task's image as it is, on any Docker-compatible daemon."""

from harness.engine.dockerd.engine import DockerEngine

__all__ = ["DockerEngine"]
