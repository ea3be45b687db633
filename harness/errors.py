"""Everything that can go wrong on purpose: one exception tree, each class with its exit code."""

from __future__ import annotations

import errno
import resource
from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    BELOW_BAR = 1
    USAGE = 2
    UNMEASURED = 3
    INTERNAL = 70
    INTERRUPTED = 130


class FoolsgoldError(Exception):
    """`message` says what is wrong and where; `hint` says what to do about it."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(FoolsgoldError):
    """The user asked for something that cannot be: a wrong path, option or config value."""

    exit_code = ExitCode.USAGE


class EngineError(FoolsgoldError):
    """The engine itself failed. Never a statement about the task, never a command's exit status."""

    exit_code = ExitCode.UNMEASURED


class EngineUnavailable(EngineError):
    """The engine cannot be used on this machine at all (no daemon, no user namespaces, ...)."""


class NeedsDocker(EngineError):
    """The task asks for something the bwrap engine does not do; `where` names the file and line."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint or "Run it with --engine docker.")
        self.where = where


class BuildFailed(FoolsgoldError):
    """The task's environment does not build.

    `certain` is False where a stand-in base (not the image the task names) may be the reason. `no_network` is what to
    install before it could have had the network that it went without.
    """

    exit_code = ExitCode.UNMEASURED

    def __init__(
        self,
        message: str,
        *,
        file: str = "",
        line: int | None = None,
        instruction: str = "",
        output: str = "",
        certain: bool = True,
        hint: str = "",
        no_network: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.file = file
        self.line = line
        self.instruction = instruction
        self.output = output
        self.certain = certain
        self.no_network = no_network


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP})


def no_bug(error: Exception) -> FoolsgoldError | None:
    """What is behind an error that nobody was ready for, where it is for the user or the machine to mend."""
    if not isinstance(error, OSError):
        return None
    if error.errno in OUT_OF_FILES:
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return EngineError(
            f"This process may have only {most} files open at once, which is too few.",
            hint="Raise it, such as with `ulimit -n 1024`, and start again; what was done is kept.",
        )
    if error.errno in _NO_RIGHT and error.filename is not None:
        return UsageError(
            f"{error.filename} cannot be used: {error.strerror}.", hint="Name another path, or get the right to it."
        )
    return None
