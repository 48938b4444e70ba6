"""The classifier: how a customer felt, and whether they talk others in or out.

Import-light on purpose: torch and transformers load with the first model, not with the package.
"""

import os

# Before torch is loaded: its threads wait for one another by spinning, 300,000 turns by default.
# Where others want the cores too, the one that is waited for then seldom runs. So few turns cost
# an idle machine nothing (docs/decisions/0012). Who sets either variable decides.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
