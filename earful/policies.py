"""From config to the rules' policies: the only place that knows both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache, partial
from zoneinfo import ZoneInfo

from alerts.decide.answer_choices import Template
from alerts.decide.holiday_dates import read_holidays
from alerts.decide.hours import BusinessHours, parse, parse_quiet
from alerts.decide.ladder import Step, When
from alerts.decide.on_call import OnCallPerson, Rota, Swap, rota_for
from alerts.decide.policy import Channels, Policy
from alerts.decide.routing import Calm, Route
from alerts.decide.voice_signs import Colleague
from alerts.messages import Places
from alerts.messages.catalogue import Languages, choose
from alerts.messages.page_links import Links
from config.query import Query, parse_query
from config.settings import (
    BrandSettings,
    OnCallSettings,
    RouteSettings,
    Settings,
    StepSettings,
    default_ladder,
)
from earful.brand_zones import zone_of
from storage.models import Experience, Mention, Stance, Voice

# A lost advocate is answered in a quarter of the time.
_URGENT_SHARE = 4

SLACK_SOURCE = "slack"
"""The source of mentions that somebody made of a message in Slack."""


class Policies:
    """The policies of one config, each made when it is first asked for.

    A pass makes one of these and hands it on: a policy is made once a pass, not once a case.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._made: dict[str, Policy] = {}

    @cached_property
    def hours(self) -> BusinessHours:
        """The business hours, without holidays; ConfigError where they cannot be read."""
        cases = self.settings.cases
        return parse(
            cases.business_hours,
            "cases.business_hours",
            holidays=read_holidays(cases.holidays, "cases.holidays"),
            zone=self.settings.alerts.timezone,
        )

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """The templates of answers, in the order of the config."""
        return tuple(
            Template(
                name=one.name,
                text=one.text,
                brand=one.brand,
                language=one.language,
                about=partial(_says, parse_query(one.query)) if one.query else None,
            )
            for one in self.settings.replies.templates
        )

    def approves(self, brand: str, channel: str | None) -> bool:
        """Tell whether a second person approves the answers to a case of a channel."""
        return any(
            one.approve_replies for one in self.settings.brands if one.name == brand
        ) or any(
            one.approve_replies for one in self.settings.alerts.channels if one.channel == channel
        )

    def of(self, brand: str) -> Policy:
        """Give the policy of a brand; a brand that only an import knows has the defaults.

        ConfigError names the key of what cannot be used.
        """
        if brand not in self._made:
            self._made[brand] = self._make(brand)
        return self._made[brand]

    def language_of(self, brand: str) -> str:
        """Give the language of a brand's messages."""
        own = {one.name: one.language for one in self.settings.brands}
        return own.get(brand) or self.settings.alerts.language

    def check(self) -> None:
        """Make every policy; ConfigError names the key of what cannot be used."""
        self.of("")  # what holds where a brand says nothing of its own
        for brand in self.settings.brands:
            self.of(brand.name)

    def _make(self, name: str) -> Policy:
        for place, brand in enumerate(self.settings.brands):
            if brand.name == name:
                calm = _calm(self.settings, brand.quiet_hours, f"brands[{place}]")
                return _policy(self.settings, self.hours, calm, brand)
        return _policy(self.settings, self.hours, _calm(self.settings), None)


def choose_languages(settings: Settings) -> None:
    """Let this process write messages in the languages of its config: of the team, of brands."""
    own = {brand.name: brand.language for brand in settings.brands if brand.language is not None}
    choose(Languages(settings.alerts.language, own))


@lru_cache(maxsize=1)
def source_places() -> Places:
    """Give what messages call the places of sources, from the sources themselves."""
    # Late: the spiders load Scrapy.
    from crawler.catalog import sources

    known = {name: spider.place for name, spider in sources().items()}
    return Places(known | {SLACK_SOURCE: "in Slack"})


def places_of(settings: Settings) -> Places:
    """Give the places of sources, and the links to the dashboards where they can be reached."""
    return replace(source_places(), links=Links(settings.serve.public_url))


@lru_cache(maxsize=1)
def own_pages() -> frozenset[str]:
    """Name the sources that are read at the brand's own page: all there is about the brand."""
    # Late: the spiders load Scrapy.
    from crawler.base import MentionSpider
    from crawler.catalog import sources

    return frozenset(
        name
        for name, spider in sources().items()
        if not spider.matches_query and spider.wants_match is MentionSpider.wants_match
    )


def _policy(
    settings: Settings, hours: BusinessHours, calm: Calm, brand: BrandSettings | None
) -> Policy:
    within = settings.cases.respond_within
    slack = settings.slack
    return Policy(
        channels=Channels(
            complaints=slack.complaints, wows=slack.wows, digest=slack.digest, ops=slack.ops
        ),
        due=partial(_due, hours, within),
        due_urgent=partial(_due, hours, within / _URGENT_SHARE),
        max_age=settings.alerts.max_age,
        source_channels={
            source.source: source.channel
            for source in (brand.sources if brand else ())
            if source.channel is not None
        },
        staff=tuple(
            Colleague(one.name, one.slack, one.aliases) for one in (brand.staff if brand else ())
        ),
        routes=tuple(
            _route(route)
            for route in settings.alerts.routes
            if route.brand is None or (brand and route.brand.casefold() == brand.name.casefold())
        ),
        calm=calm,
        same_matter=settings.cases.same_matter,
        dismissed_for=settings.cases.dismissed_for,
        wordless_cases=settings.cases.wordless == "case",
        ladder=_ladder(default_ladder(settings.cases.remind_at)),
        ladders={
            one.channel: _ladder(one.ladder)
            for one in settings.alerts.channels
            if one.ladder is not None
        },
        rota_of=partial(rota_for, rotas_of(settings), brand.name if brand else ""),
        places=places_of(settings),
        zone=zone_of(settings, brand.name if brand else None),
        likely=_likely() if settings.cases.open_at == "likely" else None,
        competitor=brand is not None and brand.competitor,
    )


@lru_cache(maxsize=1)
def _likely() -> Callable[[Voice], bool]:
    # Late: only who asks for likely complaints waits for numpy.
    from sentiment.scoring.likely_complaints import Likely

    return Likely()


def _route(route: RouteSettings) -> Route:
    stars = None
    if route.stars is not None:
        low, _, high = route.stars.partition("-")
        stars = (float(low), float(high or low))
    return Route(
        channel=route.channel,
        urgent=route.urgent,
        source=route.source,
        experience=Experience(route.experience) if route.experience else None,
        stance=Stance(route.stance) if route.stance else None,
        author=route.author,
        language=route.language,
        stars=stars,
        min_reach=route.min_reach,
        words=partial(_says, parse_query(route.query)) if route.query else None,
    )


def _ladder(steps: Sequence[StepSettings]) -> tuple[Step, ...]:
    return tuple(
        Step(
            at=step.at,
            after=step.after or timedelta(0),
            when=When(step.when),
            ping=step.ping,
            channel=step.channel,
            broadcast=step.broadcast,
            urgent=step.urgent,
        )
        for step in steps
    )


def rotas_of(settings: Settings) -> tuple[Rota, ...]:
    """Give the rotas of the config; see `alerts.decide.on_call`."""
    return tuple(map(_rota, settings.on_call))


def _rota(rota: OnCallSettings) -> Rota:
    people = {one.name: OnCallPerson(one.name, one.slack) for one in rota.people}
    return Rota(
        people=tuple(people[one.name] for one in rota.people),
        every=rota.every,
        starts=rota.starts,
        zone=ZoneInfo(rota.timezone),
        swaps=tuple(Swap(one.start, one.end, people[one.who]) for one in rota.swaps),
        channel=rota.channel,
        brand=rota.brand,
    )


def _says(query: Query, mention: Mention) -> bool:
    """Tell whether what its writer said matches: of an answer not the title of its thread."""
    return query.matches(replace(mention, title=mention.own_title))


def _calm(settings: Settings, own: str | None = None, at: str = "alerts") -> Calm:
    """Say when channels are left in peace; `own` quiet hours, from `at`, replace the general."""
    alerts = settings.alerts
    quiet, where = (alerts.quiet_hours, "alerts") if own is None else (own, at)
    return Calm(
        quiet={
            one.channel: parse_quiet(one.quiet_hours, f"alerts.channels[{place}].quiet_hours")
            for place, one in enumerate(alerts.channels)
            if one.quiet_hours is not None
        },
        quiet_always=parse_quiet(quiet, f"{where}.quiet_hours") if quiet else None,
        per_hour={
            one.channel: one.per_hour for one in alerts.channels if one.per_hour is not None
        },
        wows_per_hour=alerts.wows_per_hour,
    )


def _due(hours: BusinessHours, within: timedelta, start: datetime) -> datetime:
    return hours.due(start, within)
