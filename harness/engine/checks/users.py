"""Users."""

from __future__ import annotations

from harness.engine.checks.scene import CheckedEngine, CheckFailed, NotMeasured, check, sh, text, that
from harness.engine.contract import Box
from harness.errors import EngineError


@check
def commands_run_as_other_users(scene: CheckedEngine) -> None:
    with scene.box() as box:
        _needs_ids(box)
        for user, expected in (
            ("12345:54321", "12345 54321"),
            ("nobody", text(box, "echo $(id -u nobody) $(id -g nobody)")),
        ):
            that(text(box, "echo $(id -u) $(id -g)", user=user) == expected, f"{user} is not {expected}")
        that(sh(box, "touch /etc/mine", user="nobody").status != 0, "nobody writes to /etc")
        text(box, "touch /logs/agent/mine /tmp/mine", user="nobody")


@check
def unknown_user_is_the_engines_error(scene: CheckedEngine) -> None:
    with scene.box() as box:
        try:
            ran = sh(box, "true", user="nosuchuserhere")
        except EngineError:
            return
        raise CheckFailed(f"it ran: {ran}")


@check
def owners_can_be_changed(scene: CheckedEngine) -> None:
    with scene.box() as box:
        _needs_ids(box)
        that(text(box, "touch /tmp/f; chown 1234:4321 /tmp/f; stat -c %u:%g /tmp/f") == "1234:4321", "chown")


def _needs_ids(box: Box) -> None:
    ids = sum(int(line.split()[2]) for line in text(box, "cat /proc/self/uid_map").splitlines())
    if ids < 65535:
        raise NotMeasured(f"boxes have {ids} user id(s) here")
