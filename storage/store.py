"""The store: one object whose parts are the only SQL of the project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from config.errors import InputError
from storage.backups import back_up_before
from storage.comparisons import Comparisons
from storage.database import PATIENCE_S, Database
from storage.faults import fault
from storage.monitored import Monitored
from storage.reports import Insight
from storage.rewards import Rewards
from storage.tables.advocate_list import AdvocateList
from storage.tables.answer_times import AnswerTimes
from storage.tables.answered_texts import AnsweredTexts
from storage.tables.audit import Audit
from storage.tables.brand_metrics import Metrics
from storage.tables.brands import Brands
from storage.tables.case_events import CaseDestinations
from storage.tables.case_watch import CaseWatch
from storage.tables.cases import Cases
from storage.tables.checkpoints import Checkpoints
from storage.tables.competitors import Competitors
from storage.tables.copies import Copies
from storage.tables.corrections import Corrections
from storage.tables.crawls import Crawls
from storage.tables.daemon_runs import DaemonRuns
from storage.tables.failures import Failures
from storage.tables.held_data import HeldData
from storage.tables.incidents import Incidents
from storage.tables.judgements import Judgements
from storage.tables.known_problems import KnownProblems
from storage.tables.ladder_steps import Ladder
from storage.tables.ledger import Ledger
from storage.tables.mentions import Mentions
from storage.tables.named_channels import NamedChannels
from storage.tables.outbox import Outbox
from storage.tables.outbox_word import OutboxWord
from storage.tables.privacy import Privacy
from storage.tables.quotas import Quotas
from storage.tables.relevance_labels import Relevance
from storage.tables.replies import Replies
from storage.tables.scoring_tries import ScoringTries
from storage.tables.sessions import Sessions
from storage.tables.slack_homes import SlackHomes
from storage.tables.source_shares import SourceShares
from storage.tables.tombstones import Tombstones
from storage.tables.topic_figures import TopicFigures
from storage.tables.topic_fits import TopicFits
from storage.tables.topic_rows import Topics
from storage.tables.topic_sorting import TopicSorting
from storage.tables.translations import Translations
from storage.tables.upkeep import Upkeep
from storage.tables.verdicts import Verdicts
from storage.tables.version_changes import VersionChanges
from storage.tables.waiting_cases import WaitingCases
from storage.tables.waiting_times import Waits
from storage.tables.webhook_receipts import WebhookReceipts
from storage.tables.written_files import WrittenFiles


class Store:
    """One connection to the store; open one in each thread that needs it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.brands = Brands(database)
        self.mentions = Mentions(database)
        self.verdicts = Verdicts(database)
        self.answered_texts = AnsweredTexts(database)
        self.scoring_tries = ScoringTries(database)
        self.translations = Translations(database)
        self.topics = Topics(database)
        self.topic_sorting = TopicSorting(database)
        self.topic_fits = TopicFits(database)
        self.topic_figures = TopicFigures(database)
        self.judgements = Judgements(database)
        self.corrections = Corrections(database)
        self.relevance = Relevance(database)
        self.cases = Cases(database)
        self.replies = Replies(database)
        self.case_destinations = CaseDestinations(database)
        self.answer_times = AnswerTimes(database)
        self.waiting_cases = WaitingCases(database)
        self.slack_homes = SlackHomes(database)
        self.case_watch = CaseWatch(database)
        self.incidents = Incidents(database)
        self.ladder = Ladder(database)
        self.outbox = Outbox(database)
        self.outbox_word = OutboxWord(database)
        self.channel_roles = NamedChannels(database)
        self.crawls = Crawls(database)
        self.quotas = Quotas(database)
        self.ledger = Ledger(database)
        self.source_shares = SourceShares(database)
        self.competitors = Competitors(database)
        self.comparisons = Comparisons(database)
        self.advocates = AdvocateList(database)
        self.rewards = Rewards(database)
        self.version_changes = VersionChanges(database)
        self.copies = Copies(database)
        self.insight = Insight(database)
        self.metrics = Metrics(database)
        self.checkpoints = Checkpoints(database)
        self.daemon_runs = DaemonRuns(database)
        self.failures = Failures(database)
        self.waits = Waits(database)
        self.problems = KnownProblems(database)
        self.upkeep = Upkeep(database)
        self.monitored = Monitored(database)
        self.tombstones = Tombstones(database)
        self.webhook_receipts = WebhookReceipts(database)
        self.audit = Audit(database)
        self.sessions = Sessions(database)
        self.written_files = WrittenFiles(database)
        self.held_data = HeldData(database)
        self.privacy = Privacy(database)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        migrate: bool = False,
        readonly: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> Self:
        """Open the store at `path`.

        With `migrate` it is created, or backed up and brought up to date; without, InputError says
        that there is none, StoreError that it is too old. With `readonly` it can lie where nothing
        may be written. StoreLockedError says that other processes held it for `patience_s`
        seconds. Each kind of StoreError may come of all that is asked of the store later, too.
        """
        if not migrate and not path.exists():
            raise InputError(f"{path}: no store there: `earful run` or `earful import` makes one")
        if migrate:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise fault(path, error) from error
        database = Database(path, readonly=readonly, create=migrate, patience_s=patience_s)
        try:
            if migrate:
                database.migrate(keep=back_up_before)
            else:
                database.require_migrated()
        except BaseException:
            database.close()
            raise
        return cls(database)

    @contextmanager
    def write(self) -> Iterator[Self]:
        """Write several things in one transaction: all of them, or none where the block fails.

        The unit is this store while it holds the write lock: what its parts write in the block is
        written at its end, and what they read is what they have written so far. Each part's write
        is whole by itself, so that one that fails may be caught and the rest written.
        """
        with self.database.transaction():
            yield self

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()
