"""What one brand's rules go by: channels, times, routes, colleagues. Pure: `earful` makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from alerts.decide.case_moves import Teller
from alerts.decide.ladder import Step
from alerts.decide.on_call import Duty, Rota
from alerts.decide.routing import Calm, Route
from alerts.decide.voice_signs import Colleague
from alerts.messages import Places
from storage.models import Voice


@dataclass(frozen=True)
class Channels:
    complaints: str
    wows: str
    digest: str
    ops: str


@dataclass(frozen=True)
class Policy:
    """What one brand's rules need. `due` says when a complaint seen at a moment must be answered.

    `due_urgent` is the shorter one for a lost advocate; without it `due` serves. A source in
    `source_channels` has its complaints, wows and backlog in a channel of its own; of `routes`
    the first that matches decides before that. `same_matter` is how long an author's further
    complaints join a case, `dismissed_for` how long what people called no case stays none.
    With `wordless_cases` bad stars without words open cases too; else they are only counted.
    `likely` tells unsure complaints that open a case all the same; without it none does. `places`
    names sources in messages, `zone` is that of the days that they name. `ladders` are by channel,
    `ladder` is for the others; `rota_of` gives the rota of a channel.
    Of a `competitor` nothing is told, and no case is opened.
    """

    channels: Channels
    due: Callable[[datetime], datetime]
    max_age: timedelta = timedelta(hours=24)
    due_urgent: Callable[[datetime], datetime] | None = None
    source_channels: Mapping[str, str] = field(default_factory=dict)
    staff: tuple[Colleague, ...] = ()
    routes: tuple[Route, ...] = ()
    calm: Calm = field(default_factory=Calm)
    same_matter: timedelta = timedelta(days=7)
    dismissed_for: timedelta = timedelta(days=14)
    wordless_cases: bool = False
    likely: Callable[[Voice], bool] | None = None
    places: Places = field(default_factory=Places)
    zone: tzinfo = UTC
    ladder: tuple[Step, ...] = ()
    ladders: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    rota_of: Callable[[str], Rota | None] = lambda channel: None
    competitor: bool = False

    def acts_on(self, voice: Voice) -> bool:
        """Tell whether a verdict may act: it is sure, or a complaint that is likely enough."""
        return voice.verdict.sure or bool(self.likely and self.likely(voice))

    def route_of(self, voice: Voice) -> Route | None:
        return next((route for route in self.routes if route.matches(voice)), None)

    def teller(self) -> Teller:
        """Give what writes the messages about a case's moves."""
        return Teller(self.places, self.home_of)

    def home_of(self, voice: Voice) -> str:
        """Give the channel of a complaint's message."""
        route = self.route_of(voice)
        return (route and route.channel) or self.complaints_of(voice.mention.source)

    def is_urgent(self, voice: Voice) -> bool:
        """Tell whether a route makes a complaint urgent."""
        route = self.route_of(voice)
        return route is not None and route.urgent

    def ladder_of(self, channel: str) -> tuple[Step, ...]:
        return self.ladders.get(channel, self.ladder)

    def on_duty(self, channel: str, now: datetime) -> Duty | None:
        """Tell who is on call for the cases of a channel; None where no rota says it."""
        rota = self.rota_of(channel)
        return rota.at(now) if rota is not None else None

    def complaints_of(self, source: str) -> str:
        return self.source_channels.get(source, self.channels.complaints)

    def wows_of(self, source: str) -> str:
        return self.source_channels.get(source, self.channels.wows)
