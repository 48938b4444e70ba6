"""The webhook's process, killed once between storing a delivery and answering it, for tests.

`python -m tests.earful.killed_intake daemon …` runs `earful` with this in the webhook's place.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import earful.webhook_intake.beside_daemon
from earful.webhook_intake.intake import Answer, Intake
from earful.webhook_intake.intake_process import main


def killed_once(store: Path) -> None:
    """Have the process end by SIGKILL once the first delivery is stored."""
    mark = store.with_suffix(".killed")
    real = Intake.take

    def take(self: Intake, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = real(self, name, headers, body)
        if answer.status == 200 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    Intake.take = take  # type: ignore[method-assign]


if __name__ == "__main__":
    if sys.argv[1] == "daemon":
        from tests.earful.moved_run import main as run

        earful.webhook_intake.beside_daemon.MODULE = "tests.earful.killed_intake"
        run(sys.argv[2:])
    else:
        killed_once(Path(sys.argv[1]))
        sys.exit(main(sys.argv[1:]))
