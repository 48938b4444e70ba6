"""The words of the product as frozen dataclasses and enums; what every room may hold."""

from storage.models.alert_models import (
    MAY_BE_POSTED,
    Alert,
    AlertKind,
    AlertState,
    NewAlert,
    Operation,
)
from storage.models.case_models import (
    Case,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseOutcome,
    CaseState,
    Incident,
    NewCase,
)
from storage.models.crawl_models import (
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    PastRun,
    SourceStanding,
    SourceState,
    Validators,
)
from storage.models.mention_models import (
    Mention,
    SaveResult,
    Unstored,
)
from storage.models.store_times import (
    from_iso,
    iso,
)
from storage.models.trouble_models import (
    Failure,
    KnownProblem,
)
from storage.models.verdict_models import (
    AuthorHistory,
    Experience,
    Stance,
    Verdict,
    Voice,
)

__all__ = [
    "MAY_BE_POSTED",
    "Alert",
    "AlertKind",
    "AlertState",
    "AuthorHistory",
    "Case",
    "CaseEvent",
    "CaseEventKind",
    "CaseFile",
    "CaseMove",
    "CaseOutcome",
    "CaseState",
    "CrawlOutcome",
    "CrawlReport",
    "CrawlTarget",
    "Experience",
    "Failure",
    "Incident",
    "KnownProblem",
    "Mention",
    "NewAlert",
    "NewCase",
    "Operation",
    "PastRun",
    "SaveResult",
    "SourceStanding",
    "SourceState",
    "Stance",
    "Unstored",
    "Validators",
    "Verdict",
    "Voice",
    "from_iso",
    "iso",
]
