"""Say which written parts of the documents are not what the code says; `--write` mends them."""

from __future__ import annotations

import argparse
import sys

from tests.docs.parts import COMMAND, renew

parser = argparse.ArgumentParser(prog="python -m tests.docs", description=__doc__)
parser.add_argument("--write", action="store_true", help="write them anew")
write = parser.parse_args().write
stale = renew(write=write)
for part in stale:
    print(f"{part}: {'written anew' if write else f'stale: run `{COMMAND}`'}")
sys.exit(bool(stale and not write))
