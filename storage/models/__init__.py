"""The words of the product as frozen dataclasses and enums; what every room may hold."""

from storage.models.advocate_models import (
    AdvocateNeed,
    AdvocateWord,
    Need,
    QuietAdvocate,
)
from storage.models.alert_models import (
    Alert,
    AlertKind,
    AlertState,
    AlertTrouble,
    Erasure,
    Lost,
    NewAlert,
    Operation,
    TroubleKind,
)
from storage.models.answer_models import (
    AnswerTime,
    FirstAnswer,
    Take,
)
from storage.models.case_lists import CaseCounts, CaseList, ListedCase
from storage.models.case_models import (
    Case,
    CaseDestination,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseOutcome,
    CaseState,
    Mute,
    NewCase,
)
from storage.models.crawl_models import (
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    PastRun,
    SourceRun,
    SourceStanding,
    SourceState,
    Validators,
)
from storage.models.incident_models import (
    Incident,
    IncidentKind,
    IncidentWork,
)
from storage.models.ladder_models import LadderStep
from storage.models.ledger_models import (
    Fate,
    LedgerLine,
    RefusalReason,
)
from storage.models.mention_models import (
    FORGOTTEN_TEXT,
    Mention,
    SaveResult,
    Unstored,
    own_title,
)
from storage.models.metric_models import (
    ControlPoint,
    Measured,
    MeasuredError,
    MetricPeriod,
    MetricShift,
)
from storage.models.nobody import is_nobody, is_of_one_mention
from storage.models.reply_models import (
    NewReply,
    Reply,
    ReplyState,
)
from storage.models.store_times import (
    from_iso,
    iso,
)
from storage.models.topic_models import (
    SortedMention,
    Topic,
    TopicEvent,
    TopicEventKind,
    TopicKind,
    TopicState,
    Unsorted,
)
from storage.models.trouble_models import (
    Failure,
    KnownProblem,
)
from storage.models.verdict_models import (
    AuthorHistory,
    Experience,
    Stance,
    Translation,
    Verdict,
    Voice,
)
from storage.models.version_models import VersionCount, VersionDays, VersionLook

__all__ = [
    "FORGOTTEN_TEXT",
    "AdvocateNeed",
    "AdvocateWord",
    "Alert",
    "AlertKind",
    "AlertState",
    "AlertTrouble",
    "AnswerTime",
    "AuthorHistory",
    "Case",
    "CaseCounts",
    "CaseDestination",
    "CaseEvent",
    "CaseEventKind",
    "CaseFile",
    "CaseList",
    "CaseMove",
    "CaseOutcome",
    "CaseState",
    "ControlPoint",
    "CrawlOutcome",
    "CrawlReport",
    "CrawlTarget",
    "Erasure",
    "Experience",
    "Failure",
    "Fate",
    "FirstAnswer",
    "Incident",
    "IncidentKind",
    "IncidentWork",
    "KnownProblem",
    "LadderStep",
    "LedgerLine",
    "ListedCase",
    "Lost",
    "Measured",
    "MeasuredError",
    "Mention",
    "MetricPeriod",
    "MetricShift",
    "Mute",
    "Need",
    "NewAlert",
    "NewCase",
    "NewReply",
    "Operation",
    "PastRun",
    "QuietAdvocate",
    "RefusalReason",
    "Reply",
    "ReplyState",
    "SaveResult",
    "SortedMention",
    "SourceRun",
    "SourceStanding",
    "SourceState",
    "Stance",
    "Take",
    "Topic",
    "TopicEvent",
    "TopicEventKind",
    "TopicKind",
    "TopicState",
    "Translation",
    "TroubleKind",
    "Unsorted",
    "Unstored",
    "Validators",
    "Verdict",
    "VersionCount",
    "VersionDays",
    "VersionLook",
    "Voice",
    "from_iso",
    "is_nobody",
    "is_of_one_mention",
    "iso",
    "own_title",
]
