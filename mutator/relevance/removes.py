"""Whether a sentence asks to remove something."""

from __future__ import annotations

import re

_REMOVES = re.compile(r"^\s*(?:sudo\s+)?(?:rm|rmdir|unlink|shred)\s")
_ASKS_TO_REMOVE = re.compile(
    r"(?:^|[.,;:!]\s+|\b(?:and|then|must|should|shall|to|please|also|not (?:leave|keep|contain))\s+)"
    r"(?:\w+ly\s+)?(?:remov|delet|clean|purg|wip|eras|discard|destroy|shred|get rid|uninstall"
    r"|decommission|sanitiz|scrub|undo|revert|reset)\w*"
    r"|\b(?:removes|deletes|cleans|purges|discards)\b|\bno longer\b|\babsen(?:t|ce)\b"
    r"|\bmust not (?:exist|remain|be (?:there|left))\b"
    r"|\bshould not (?:exist|remain)\b|\b(?:is|are|be) (?:removed|deleted) (?:after|when|once|from|by you)\b",
    re.IGNORECASE,
)
_BY_OTHERS = re.compile(r"\bwill (?:all )?be (?:removed|deleted|gone|wiped|cleaned)\b", re.IGNORECASE)


def cleans_up(before: str, after: str, text: str) -> bool:
    """Whether it only leaves there what the solution removes, and the sentence asks nobody to remove anything: what
    others will remove is no work."""
    if after.strip() or not _REMOVES.match(before):
        return False
    return not _ASKS_TO_REMOVE.search(_BY_OTHERS.sub("", text))
