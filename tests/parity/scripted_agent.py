"""An agent of Harbor's that runs the commands it is given, and writes them down as a trajectory in ATIF. Imported by
Harbor, in its own Python."""

from __future__ import annotations

import json
from typing import Any

from harbor.agents.base import BaseAgent


class Scripted(BaseAgent):
    """`hidden`: run too, and not written down."""

    def __init__(self, *args: Any, lines: list[str], hidden: str = "", called: str = "scripted", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines, self.hidden, self.called = lines, hidden, called

    @staticmethod
    def name() -> str:
        return "scripted"

    def version(self) -> str:
        return "1"

    async def setup(self, environment: Any) -> None:
        pass

    async def run(self, instruction: str, environment: Any, context: Any) -> None:
        steps: list[dict[str, Any]] = [{"step_id": 1, "source": "user", "message": instruction}]
        for number, line in enumerate(self.lines, 2):
            done = await environment.exec(command=line)
            steps.append(
                {
                    "step_id": number,
                    "source": "agent",
                    "message": "",
                    "tool_calls": [
                        {"tool_call_id": str(number), "function_name": "bash", "arguments": {"command": line}}
                    ],
                    "observation": {"results": [{"source_call_id": str(number), "content": done.stdout or ""}]},
                }
            )
        if self.hidden:
            await environment.exec(command=self.hidden)
        agent = {"name": self.called, "version": "1"}
        trajectory = {"schema_version": "ATIF-v1.6", "session_id": self.called, "agent": agent, "steps": steps}
        (self.logs_dir / "trajectory.json").write_text(json.dumps(trajectory), encoding="utf-8")
