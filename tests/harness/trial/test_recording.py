"""What of a recorded preparation is not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.trial.recording import calls_apt, preparation_in
from tests.harness.tasks import harbor

INSTALLS = "#!/bin/bash\n# apt installs curl\napt-get update && apt-get install -y curl\npython3 /tests/look.py\n"


@pytest.mark.parametrize(
    ("more", "calls"),
    [
        ({}, False),
        ({"tests/look.py": "# apt has it\nimport os, adapt\n"}, False),
        ({"tests/look.py": "subprocess.run(['apt-get', 'install', 'tree'])\n"}, True),
        ({"tests/look.py": "os.listdir('/var/lib/apt/lists')\n"}, True),
        ({"tests/test.sh": f"{INSTALLS}apt list --installed\n"}, True),
    ],
)
def test_apts_lists_are_kept_only_where_the_tests_may_call_apt_again(
    tmp_path: Path, more: dict[str, str], calls: bool
) -> None:
    task = harbor(tmp_path / "t", {"tests/test.sh": INSTALLS, **more})
    preparation = preparation_in(task)
    assert preparation is not None
    assert calls_apt(task, preparation) is calls
