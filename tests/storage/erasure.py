"""What tests of the store put in the place of erased words."""

from __future__ import annotations

from storage.models import Erasure

ERASURE = Erasure({"text": "This was erased.", "blocks": [], "erased": True}, "(erased)")
