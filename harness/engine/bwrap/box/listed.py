"""A box's network namespace with a list: nothing leads out of it but the gate. The same for root and ordinary users."""

from __future__ import annotations

import os
from functools import partial

from harness.engine.bwrap.box import nat
from harness.engine.bwrap.box.launcher import Launcher
from harness.engine.lists import walls
from harness.engine.lists.gate import Gatekeeper
from harness.errors import EngineError


def lease(launcher: Launcher, gate: Gatekeeper) -> nat.Lease:
    """A network for one new box; the gate is closed by whoever made it."""
    if why := walls.no_tools():
        raise EngineError("This box's network is to keep to a list of hosts, which cannot be had here.", hint=why)
    namespace = launcher.namespace()
    try:
        tcp, udp = launcher.listeners(namespace)
        rules = walls.rules(tcp, udp)
        gate.serve(tcp, udp, namespace, partial(_counted, launcher.process.pid))
        nat.ip(walls.links(), inside=namespace, user_of=launcher.process.pid)
        restore = ["iptables-restore", "-w", "--noflush"]
        nat.run_inside(namespace, restore, rules, user_of=launcher.process.pid)
    except BaseException:
        os.close(namespace)
        raise
    return nat.Lease(namespace, walls.RESOLV_CONF, proxies=False)


def _counted(user_of: int, namespace: int) -> str:
    return nat.run_inside(namespace, walls.COUNTED, user_of=user_of)
