"""The store: one object whose parts are the only SQL of the project."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from config.errors import InputError
from storage.cases import Cases
from storage.checkpoints import Checkpoints
from storage.copies import Copies
from storage.corrections import Corrections
from storage.crawls import Crawls
from storage.daemon_runs import DaemonRuns
from storage.database import Database
from storage.failures import Failures
from storage.incidents import Incidents
from storage.insight import Insight
from storage.judgements import Judgements
from storage.known_problems import KnownProblems
from storage.mentions import Mentions
from storage.outbox import Outbox
from storage.quotas import Quotas
from storage.upkeep import Upkeep
from storage.verdicts import Verdicts


class Store:
    """One connection to the store; open one in each thread that needs it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.mentions = Mentions(database)
        self.verdicts = Verdicts(database)
        self.judgements = Judgements(database)
        self.corrections = Corrections(database)
        self.cases = Cases(database)
        self.incidents = Incidents(database)
        self.outbox = Outbox(database)
        self.crawls = Crawls(database)
        self.quotas = Quotas(database)
        self.copies = Copies(database)
        self.insight = Insight(database)
        self.checkpoints = Checkpoints(database)
        self.daemon_runs = DaemonRuns(database)
        self.failures = Failures(database)
        self.problems = KnownProblems(database)
        self.upkeep = Upkeep(database)

    @classmethod
    def open(cls, path: Path, *, migrate: bool = False, readonly: bool = False) -> Self:
        """Open the store at `path`.

        With `migrate` it is created and brought up to date; without, InputError says that there
        is none, StoreError that it is too old.
        """
        if not migrate and not path.exists():
            raise InputError(f"{path}: no store there: `earful run` or `earful import` makes one")
        if migrate:
            path.parent.mkdir(parents=True, exist_ok=True)
        database = Database(path, readonly=readonly)
        try:
            if migrate:
                database.migrate()
            else:
                database.require_migrated()
        except BaseException:
            database.close()
            raise
        return cls(database)

    def check_writable(self) -> None:
        """Raise StoreError unless the store takes writes now; changes nothing."""
        with self.database.transaction():
            pass

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
