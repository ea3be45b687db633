"""Harbor's own Docker environment with a stand-in for one image that cannot be had here.

Without a network, or with a list of hosts, it puts a container beside the task's. Its Dockerfile, entrypoint, firewall
rules and policy are Harbor's; what its FROM brings, a proxy, is `gost`. Runs in the Python that has Harbor.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from harbor.environments.docker.docker import DockerEnvironment


def _stand_in() -> Path:
    """In the job's own folder, where Harbor runs."""
    made = Path("egress").absolute()
    if not made.exists():
        shutil.copytree(DockerEnvironment._EGRESS_CONTROL_SIDECAR_CONTEXT_PATH, made)
        shutil.copy(Path(__file__).parent / "gost", made / "gost")
        dockerfile = made / "Dockerfile"
        base = f"FROM {os.environ['FOOLSGOLD_TEST_IMAGE']}\nCOPY --chmod=755 gost /bin/gost"
        dockerfile.write_text(re.sub(r"^FROM .*$", base, dockerfile.read_text(), count=1, flags=re.MULTILINE))
        policy = made / "bin" / "network-policy"
        # The same, in the words of Debian's nftables.
        policy.write_text(policy.read_text().replace("priority dstnat", "priority -100"))
    return made


class DockerWithEgress(DockerEnvironment):
    _EGRESS_CONTROL_SIDECAR_CONTEXT_PATH = _stand_in()

    @classmethod
    def _egress_control_kernel_support(cls) -> bool:
        """It would ask a container of an image from a registry."""
        return True
