"""Numbered migrations of the store; a landed one never changes, a new one is appended."""

from __future__ import annotations

# Each names its migrations to the registry as it is imported, in their order.
from storage.migrations import (  # noqa: F401
    m0001_0007,
    m0008_0016,
    m0017_0030,
    m0031_facts,
    m0032_0034,
    m0035_0038,
    m0039_0046,
)
from storage.migrations.numbered import migrations

__all__ = ["GENTLE", "migrations", "number_of"]

GENTLE = frozenset({"0043_values", "0046_alert_lookups"})
"""Migrations that leave each table, trigger and column as it was: an older Earful goes on."""


def number_of(name: str) -> int:
    """Give the number that a migration's name begins with."""
    return int(name.partition("_")[0])
