"""What the reference asked its network for, where that was watched. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from harness.engine.lists.reach import NOT_LISTED, Asked, to_list
from harness.findings.catalogue import finding
from harness.findings.model import Finding, Severity
from harness.judging.controls import Controls
from harness.task.network import Extent

_HOSTS_NAMED = 3
_LINES = 12
_PROTOCOLS = {"udp": "UDP", "icmp": "ICMP", "other": "another protocol"}


def host_findings(controls: Controls, *, paid: bool) -> Iterator[Finding]:
    """`paid`: the reference is paid, every time."""
    missing = unlisted(controls)
    if missing:
        hosts = list(dict.fromkeys(one.host for one in missing))
        by_no_name = [one for one in _asked(controls) if not one.host]
        yield finding(
            "unlisted-host",
            f"The reference asks for {_few(hosts)}, not on the task's list{', and is paid without' if paid else ''}.",
            [*(_line(one) for one in missing[:_LINES]), *(f"{_line(one)}, in vain" for one in by_no_name)],
            severity=Severity.NOTE if paid else Severity.ERROR,
        )
    if controls.prepared.networks.extent is Extent.RECORDED:
        used = to_list(_asked(controls))
        lines = ['network_mode = "allowlist"', f"allowed_hosts = [{', '.join(map(json.dumps, used))}]"]
        lines = lines if used else ['network_mode = "no-network"']
        failed = [one for one in _asked(controls) if not one.let]
        yield finding(
            "hosts-used",
            f"The reference uses {_few(used)}." if used else "The reference uses no host.",
            [*lines, *(f"in vain: {_line(one)}: {one.why}" for one in failed[:_LINES])],
        )


def unlisted(controls: Controls) -> list[Asked]:
    """What the reference asked for that is not on the list."""
    return [one for one in _asked(controls) if one.why == NOT_LISTED]


def _asked(controls: Controls) -> list[Asked]:
    return list(dict.fromkeys(one for record in controls.references for one in record.asked))


def _few(hosts: Iterable[str]) -> str:
    named = list(hosts)
    more = f" and {len(named) - _HOSTS_NAMED} more" if len(named) > _HOSTS_NAMED else ""
    return ", ".join(named[:_HOSTS_NAMED]) + more


def _line(one: Asked) -> str:
    if not one.host:
        return f"sent something to somebody by {_PROTOCOLS[one.how]}"
    where = f"{one.host}, port {one.port}" if one.port else f"the address of {one.host}"
    return f"asked for {where} ({one.how})"
