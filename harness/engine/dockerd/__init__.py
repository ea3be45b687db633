"""The docker engine: uses the task's own image, on any Docker-compatible daemon."""

from harness.engine.dockerd.engine import DockerEngine

__all__ = ["DockerEngine"]
