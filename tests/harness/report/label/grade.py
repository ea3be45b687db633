"""Grades tasks with every grader that OpenEnv finds, in a process that has OpenEnv: python grade.py TASK...

Prints, for each task, check id -> [status, what was measured, evidence], and the verdict of OpenEnv's own policy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from openenv.validation import (
    CapabilitiesSpec,
    GraderRegistry,
    Lane,
    Level,
    NormalizedManifest,
    ResourceDeclaration,
    RewardDeclaration,
    SignatureKind,
    Subject,
    TypeSpec,
    VerifierBinding,
    apply_policy,
    load_policy,
)
from openenv.validation.runtime.scheduler import execute_graders


def main() -> None:
    registry = GraderRegistry()
    loaded = registry.load_entry_points()
    manifest = NormalizedManifest(
        manifest_schema_version="1",
        name="task",
        signature=SignatureKind.HARBOR_TASK,
        reward=RewardDeclaration(floor_margin=0.5),
        resources=ResourceDeclaration(cpu=1, memory_mb=512, disk_mb=512, episode_timeout_s=60),
        capabilities=CapabilitiesSpec(verifier=VerifierBinding(kind="script", entry="tests/test.sh")),
        types=TypeSpec(tags=["swe"]),
    )
    told: dict[str, Any] = {"loaded": loaded, "tasks": {}}
    graders = registry.select(manifest, Level.STATISTICAL)
    for name in sys.argv[1:]:
        root = Path(name)
        subject = Subject(root=root, manifest=manifest, image_ref=None, running=None, outputs_dir=root / "outputs")
        results = execute_graders(graders, subject)
        told["tasks"][root.name] = {
            "checks": {each.check_id: [each.status.value, each.measured, each.evidence] for each in results},
            "verdict": apply_policy(results, load_policy("v2"), Lane.HUB).value,
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
