"""All of `make faults`, or one of its parts: kills, faults, fuzz, steady.

    python -m tests.proof [all|kills|faults|fuzz|steady] [ARGUMENT…]

Parts are modules of this package with options of their own; `all` runs each with its
defaults, for three hours.
"""

from __future__ import annotations

import subprocess
import sys

PARTS = ("kills", "faults", "fuzz", "steady")


def main(arguments: list[str]) -> int:
    wanted, more = (arguments[0], arguments[1:]) if arguments else ("all", [])
    if wanted not in ("all", *PARTS):
        print(f"{wanted}: no part of `make faults`: name all, {', '.join(PARTS)}", file=sys.stderr)
        return 2
    failed = []
    for part in PARTS if wanted == "all" else (wanted,):
        print(f"{part}:", flush=True)
        ran = subprocess.run([sys.executable, "-m", f"tests.proof.{part}", *more], check=False)
        failed += [part] if ran.returncode else []
    print(f"failed: {', '.join(failed)}" if failed else "all is good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
