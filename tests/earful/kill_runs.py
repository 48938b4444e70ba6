"""The whole crash test: senders killed with SIGKILL again and again, wherever Earful sends to.

`python -m tests.earful.kill_runs` runs, one after another, 200 alerts at a failing Slack; 100
cases answered at ten failing sources and told in a failing Slack; and 30 alerts for each
destination beside Slack: 50 SIGKILLs each. It prints what came of each, and fails where an alert
or a reply is lost, or doubled where the other side can tell. `tests/alerts/kill_destinations.py`
says who cannot tell, and what happens there. The short forms are tests: `test_kills.py`,
`test_reply_kills.py`, `test_answer_kills.py`, `test_destination_kills.py`.
"""

from __future__ import annotations

import subprocess
import sys

RUNS = ("tests.alerts.kill_run", "tests.earful.answer_kill_run", "tests.alerts.kill_destinations")


def main() -> int:
    failed = []
    for module in RUNS:
        print(f"{module}:", flush=True)
        ran = subprocess.run([sys.executable, "-m", module, *sys.argv[1:]], check=False)
        failed += [module] if ran.returncode else []
    print(f"failed: {', '.join(failed)}" if failed else "nothing lost, nothing doubled")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
