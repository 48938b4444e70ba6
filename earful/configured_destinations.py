"""The destinations of the config with their secrets: what delivers to each, and what it lacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

from alerts.outbox.by_via import SLACK
from alerts.outbox.transport import Transport
from config.errors import ConfigError
from config.secret_references import filled_here
from config.settings import (
    DiscordDestination,
    IssuesDestination,
    MailDestination,
    Settings,
    TeamsDestination,
    WebhookDestination,
)
from config.settings.destinations_section import DestinationSettings
from earful.app import Clock, utc_now
from earful.webhook_intake.signatures import keys_of
from storage.models import CaseDestination
from storage.store import Store
from storage.tables.case_events import EVERY_BRAND

_SECRETS = {
    "webhook": (
        "EARFUL_EVENTS_SECRET",
        "what it signs with, such as `openssl rand -hex 32` makes",
    ),
    "mail": ("EARFUL_MAIL_PASSWORD", "the password of its username"),
    "teams": ("EARFUL_TEAMS_URL", "the address of its workflow"),
    "discord": ("EARFUL_DISCORD_URL", "the address of its webhook"),
    "issues": ("EARFUL_ISSUES_TOKEN", "the token of its tracker"),
}


def ways(
    settings: Settings, environ: Mapping[str, str] = os.environ, clock: Clock = utc_now
) -> tuple[dict[str, Transport], dict[str, str]]:
    """Give what delivers to each destination, by the name that `via` uses, and what others lack.

    What is for one that lacks something is set aside with that sentence.
    """
    made: dict[str, Transport] = {}
    lacking: dict[str, str] = {}
    for kind, _, one in settings.destinations.each():
        try:
            made[f"{kind}:{one.name}"] = _transport(kind, one, settings, environ, clock)
        except ConfigError as error:
            lacking[f"{kind}:{one.name}"] = str(error)
    return made, lacking


def way_of_channel(settings: Settings) -> Callable[[str], str]:
    """Give the way by which a channel is reached, as the config says it now.

    What is a destination's own channel, such as `issues:bugs`, is reached by that.
    """
    by_channel = {one.channel: one.via for one in settings.alerts.channels if one.via != SLACK}
    own = settings.destinations.ways()
    return lambda channel: by_channel.get(channel, channel if channel in own else SLACK)


def subscribe(store: Store, settings: Settings) -> None:
    """Let the store know where cases go: who takes their events, where issues are made of them."""
    kinds = settings.destinations
    wanted: list[CaseDestination] = []
    for hook in kinds.webhook:
        if hook.case_events:
            brands = hook.brands or (EVERY_BRAND,)
            wanted += [CaseDestination(f"webhook:{hook.name}", one, "events") for one in brands]
    for tracker in kinds.issues:
        brands = tracker.brands or (EVERY_BRAND,)
        wanted += [CaseDestination(f"issues:{tracker.name}", one, "issues") for one in brands]
    store.case_destinations.be(wanted)


def unmet(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """Say of each destination which secret is not set or cannot be one, with its path."""
    for kind, place, one in settings.destinations.each():
        try:
            _transport(kind, one, settings, environ, utc_now)
        except ConfigError as error:
            yield f"destinations.{kind}[{place}]: {error}"


def _transport(
    kind: str,
    one: DestinationSettings,
    settings: Settings,
    environ: Mapping[str, str],
    clock: Clock,
) -> Transport:
    """Make what delivers to a destination; ConfigError where its secret is missing or wrong."""
    # Late, all of them: who has no destination loads none.
    names = _names(settings)
    zone = ZoneInfo(getattr(one, "timezone", None) or settings.alerts.timezone)
    match one:
        case WebhookDestination():
            from alerts.destinations.signed_webhook import SignedWebhook

            secret, variable = _secret(kind, one.name, environ)
            try:
                keys = keys_of(secret)
            except ValueError as error:
                raise ConfigError(f"{variable} in the environment: {error}") from None
            return SignedWebhook(one.name, filled_here(one.url, environ, "url"), keys, clock, zone)
        case MailDestination():
            from alerts.destinations.mail import MailTransport

            login = None
            if one.username is not None:
                login = (one.username, _secret(kind, one.name, environ)[0])
            return MailTransport(
                one.name, one.server, one.port, one.security, login, one.sender, one.to, zone,
                names, unclear=one.unclear,
            )  # fmt: skip
        case TeamsDestination():
            from alerts.destinations.teams import TeamsTransport

            url = _address(kind, one.name, environ)
            return TeamsTransport(one.name, url, zone, names, unclear=one.unclear)
        case DiscordDestination():
            from alerts.destinations.discord import DiscordTransport

            url = _address(kind, one.name, environ)
            return DiscordTransport(one.name, url, names, unclear=one.unclear)
        case IssuesDestination():
            base_url = one.base_url and filled_here(one.base_url, environ, "base_url")
            return _tracker(one, base_url, _secret(kind, one.name, environ)[0], clock)
        case _:
            raise AssertionError(f"no transport for {kind}")


def _tracker(one: IssuesDestination, base_url: str | None, token: str, clock: Clock) -> Transport:
    match one.tracker:
        case "github":
            from alerts.destinations import github_issues

            api = base_url or github_issues.API
            return github_issues.GithubIssues(
                one.name, one.project, token, label=one.label, api=api
            )
        case "jira":
            from alerts.destinations.jira_issues import JiraIssues

            site = base_url or ""
            return JiraIssues(
                one.name, site, one.project, one.user, token, clock, kind=one.type, label=one.label
            )
        case "linear":
            from alerts.destinations import linear_issues

            return linear_issues.LinearIssues(
                one.name, one.project, token, api=base_url or linear_issues.API
            )


def _secret(kind: str, name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Give a destination's secret and the variable that holds it: its own, else its kind's."""
    shared = {
        "webhook": environ.get("EARFUL_EVENTS_SECRET", ""),
        "mail": environ.get("EARFUL_MAIL_PASSWORD", ""),
        "teams": environ.get("EARFUL_TEAMS_URL", ""),
        "discord": environ.get("EARFUL_DISCORD_URL", ""),
        "issues": environ.get("EARFUL_ISSUES_TOKEN", ""),
    }[kind].strip()
    variable, what = _SECRETS[kind]
    own = f"{variable}_{name.upper()}"
    if secret := environ.get(own, "").strip():
        return secret, own
    if shared:
        return shared, variable
    raise ConfigError(f"needs {own} or {variable} in the environment: {what}")


def _address(kind: str, name: str, environ: Mapping[str, str]) -> str:
    url, variable = _secret(kind, name, environ)
    if not url.startswith(("https://", "http://")) or any(char.isspace() for char in url):
        raise ConfigError(f"{variable} in the environment must be an address: https://…")
    return url


def _names(settings: Settings) -> dict[str, str]:
    """Give what the staff are called, by their ids at Slack: other places know no such id."""
    return {one.slack: one.name for brand in settings.brands for one in brand.staff if one.slack}
