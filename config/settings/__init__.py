"""`earful.toml` as frozen pydantic models, a module a section; secrets come from the environment.

All that other rooms need can be imported from here.
"""

from config.settings.alerts_section import AlertSettings, ChannelSettings, RouteSettings
from config.settings.brands_section import (
    BrandSettings,
    CheckpointSettings,
    SourceSettings,
    StaffSettings,
)
from config.settings.cases_section import CaseSettings
from config.settings.config_file import Settings, load_settings, parse_settings
from config.settings.crawl_section import CrawlSettings
from config.settings.destinations_section import (
    DestinationsSettings,
    DiscordDestination,
    IssuesDestination,
    MailDestination,
    TeamsDestination,
    WebhookDestination,
)
from config.settings.ladder_section import StepSettings, default_ladder
from config.settings.models_section import ModelSettings
from config.settings.on_call_section import OnCallSettings
from config.settings.replies_section import PLACEHOLDERS, ReplySettings, TemplateSettings
from config.settings.report_section import ReportSettings
from config.settings.secrets import Secrets, load_secrets
from config.settings.serve_section import ServeSettings
from config.settings.slack_section import SlackSettings
from config.settings.store_section import StoreSettings
from config.settings.topics_section import OwnTopicSettings, TopicsSettings
from config.settings.translate_section import TranslateSettings
from config.settings.value_types import Section, parse_channel, parse_duration
from config.settings.webhook_section import DoorSettings, WebhookSettings

__all__ = [
    "PLACEHOLDERS",
    "AlertSettings",
    "BrandSettings",
    "CaseSettings",
    "ChannelSettings",
    "CheckpointSettings",
    "CrawlSettings",
    "DestinationsSettings",
    "DiscordDestination",
    "DoorSettings",
    "IssuesDestination",
    "MailDestination",
    "ModelSettings",
    "OnCallSettings",
    "OwnTopicSettings",
    "ReplySettings",
    "ReportSettings",
    "RouteSettings",
    "Secrets",
    "Section",
    "ServeSettings",
    "Settings",
    "SlackSettings",
    "SourceSettings",
    "StaffSettings",
    "StepSettings",
    "StoreSettings",
    "TeamsDestination",
    "TemplateSettings",
    "TopicsSettings",
    "TranslateSettings",
    "WebhookDestination",
    "WebhookSettings",
    "default_ladder",
    "load_secrets",
    "load_settings",
    "parse_channel",
    "parse_duration",
    "parse_settings",
]
