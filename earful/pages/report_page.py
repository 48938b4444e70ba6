"""The report of a period: one HTML file that needs nothing else, for a screen or for paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from statistics import median
from typing import TYPE_CHECKING, Any

from alerts.decide.local_time import last_local_day, local_day
from alerts.decide.metric_charts import between
from alerts.decide.stats import Rate, difference
from config.checkpoint_metrics import CheckpointMetric
from config.errors import InputError
from earful.brand_charts import BrandCharts
from earful.policies import source_places
from storage.models import from_iso
from storage.reports import Filter
from storage.store import Store

if TYPE_CHECKING:
    from markupsafe import Markup

_PICKS = 5
_FLIPS = 12
_EXPERIENCES = ("angry", "mediocre", "delighted")
_CUT = 700
# Marks that lie denser than this run into one: longer spans are drawn by week or month.
_DAYS_DRAWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A figure, and how it moved since the period before; `good` is None where neither."""

    name: str
    value: str
    note: str
    change: str
    good: bool | None = None


def render_report(
    store: Store,
    brand: str | None,
    since: datetime,
    until: datetime,
    now: datetime,
    zone: tzinfo = UTC,
) -> str:
    """Write the report of [since, until) as HTML, compared with as long a time before it.

    `brand` None means all brands; days are those of `zone`. InputError: the period is empty, or
    the brand unknown.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    if since >= until:
        first = local_day(since, zone)
        raise InputError(f"report: the period from {first} ends before it begins")
    brands = store.insight.brands()
    if brand is not None and brands and brand not in brands:
        raise InputError(f"{brand}: no mention of this brand; known: {', '.join(sorted(brands))}")
    which = Filter(brand=brand, since=since, until=until)
    before = replace(which, since=since - (until - since), until=since)
    environment = Environment(
        loader=PackageLoader("earful"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    places = source_places()
    totals = store.insight.totals(which)
    return environment.get_template("report.html").render(
        # Jinja escapes; escaped for Slack too, an ampersand would show as `&amp;`.
        place=lambda source: places.at(source, safe=lambda text, _: text),
        brand=brand or "All brands",
        first=f"{local_day(since, zone):%-d %B %Y}",
        last=f"{last_local_day(until, zone):%-d %B %Y}",
        days=(last_local_day(until, zone) - local_day(since, zone)).days + 1,
        clock=str(zone),
        written=f"{now.astimezone(UTC):%-d %B %Y, %H:%M} UTC",
        totals=totals,
        any_stored=bool(brands),
        headlines=_headlines(store, which, before, totals),
        **_over_time(store, which, local_day(since, zone), last_local_day(until, zone), zone),
        **_consistency(store, which, local_day(since, zone), last_local_day(until, zone)),
        sources=_sources(store, which),
        cases=_cases(store, which),
        public_replies=store.insight.public_replies(which),
        wows=_quotes(store, which, "delighted", "p_delighted", zone),
        complaints=_quotes(store, which, "angry", "p_angry", zone),
        mediocre=_quotes(store, which, "mediocre", "p_mediocre", zone),
        flips=[
            _quote(row, zone) | {"flip": row["flip"]} for row in store.insight.flips(which, _FLIPS)
        ],
        method=store.insight.method(which),
    )


def _headlines(
    store: Store, which: Filter, before: Filter, now: Mapping[str, int]
) -> list[Headline]:
    then = store.insight.totals(before)
    answers, answers_then = store.insight.answers(which), store.insight.answers(before)
    count = sum(now[name] for name in _EXPERIENCES)
    return [
        Headline(
            name="Mentions",
            value=f"{now['mentions']:,}",
            note=f"{count:,} tell an experience",
            change=_count_change(now["mentions"], then["mentions"]),
        ),
        _share("Wow rate", _rate(now, "delighted"), _rate(then, "delighted"), "delighted", True),
        _share("Complaint rate", _rate(now, "angry"), _rate(then, "angry"), "complaints", False),
        _share("Merely okay", _rate(now, "mediocre"), _rate(then, "mediocre"), "mediocre", None),
        _share(
            "Cases answered",
            Rate(answers["answered"], answers["cases"]),
            Rate(answers_then["answered"], answers_then["cases"]),
            f"of {answers['cases']:,} cases",
            True,
        ),
        Headline(
            name="Advocates, haters",
            value=f"{now['advocate']:,} : {now['hater']:,}",
            note="mentions that talk others in or out",
            change=f"{then['advocate']:,} : {then['hater']:,} in the period before",
        ),
    ]


def _rate(totals: Mapping[str, int], name: str) -> Rate:
    return Rate(totals[name], sum(totals[experience] for experience in _EXPERIENCES))


def _share(name: str, now: Rate, then: Rate, what: str, up_is_good: bool | None) -> Headline:
    if now.value is None:
        return Headline(name=name, value="–", note="nothing to count", change="")
    value, note = f"{now.value:.1%}", f"{now.part:,} {what}"
    if then.value is None:
        return Headline(name=name, value=value, note=note, change="no figure before")
    points = 100 * (now.value - then.value)
    change = f"{points:+.1f} points".replace("-", "−")
    if 0 in difference(now, then):
        return Headline(name=name, value=value, note=note, change=f"{change}, may be chance")
    good = None if up_is_good is None else (points > 0) == up_is_good
    word = {True: ", better", False: ", worse", None: ""}[good]
    return Headline(name=name, value=value, note=note, change=f"{change}{word}", good=good)


def _count_change(now: int, then: int) -> str:
    if not then:
        return "none in the period before"
    return f"{100 * (now - then) / then:+.0f}% on the period before".replace("-", "−")


def _over_time(
    store: Store, which: Filter, first: date, last: date, zone: tzinfo
) -> dict[str, Any]:
    from earful.pages import charts

    span = (last - first).days + 1
    step = 1 if span <= _DAYS_DRAWN else 7 if span <= 1000 else 30
    buckets = [dict.fromkeys((*_EXPERIENCES, "none"), 0) for _ in range(-(-span // step))]
    for day, row in store.insight.by_day(which, zone).items():
        place = (day - first).days // step
        for name in buckets[place]:
            buckets[place][name] += row[name]
    starts = [first + timedelta(days=step * place) for place in range(len(buckets))]
    long = starts[0].year != starts[-1].year and step > 1
    labels = [f"{start:%b %Y}" if long else f"{start:%-d %b}" for start in starts]
    unit = {1: "day", 7: "week", 30: "30 days"}[step]
    return {
        "unit": unit,
        "experience_chart": charts.stacked_bars(
            labels,
            [
                charts.Series("angry", charts.ANGRY, [b["angry"] for b in buckets]),
                charts.Series("mediocre", charts.MEDIOCRE, [b["mediocre"] for b in buckets]),
                charts.Series("delighted", charts.DELIGHTED, [b["delighted"] for b in buckets]),
                charts.Series("no experience", charts.NONE, [b["none"] for b in buckets]),
            ],
            f"Mentions a {unit} by experience",
        ),
    }


def _consistency(store: Store, which: Filter, first: date, last: date) -> dict[str, Any]:
    """Chart the complaint rate over the period, by limits that rest on all days up to its end."""
    from earful.pages import charts

    brands = store.metrics.brands() if which.brand is None else [which.brand]
    span = (last - first).days + 1
    drawn = BrandCharts.of(
        store, brands, last, joined=1 if span <= _DAYS_DRAWN else 7 if span <= 1000 else 30
    )
    metric = CheckpointMetric.COMPLAINT_RATE
    chart = drawn.chart(metric)
    periods = [one for one in chart.periods if one.until > first]
    steady = between(drawn.counted(CheckpointMetric.CONSISTENCY), first, last + timedelta(days=1))
    return {
        "consistency": steady.value,
        "outside": [
            f"{one.first:%-d %b}" + (f" ({one.act.value})" if one.act else "")
            for one in periods
            if one.act
        ],
        "shifts": [
            f"since {shift.day:%-d %B %Y} the complaint rate is {shift.after.value:.1%}, "
            f"before it was {shift.before.value:.1%}"
            for shift in chart.shifts
            if shift.day >= first
        ],
        "runs": sum(bool(one.rules) and one.act is None for one in periods),
        "consistency_chart": charts.control_chart(
            [
                charts.Point(
                    f"{one.first:%-d %b}",
                    one.counted.value,
                    one.lower,
                    one.upper,
                    one.centre,
                    one.act is not None,
                )
                for one in periods
            ],
            "Complaint rate with its control limits",
        )
        if periods
        else None,
    }


def _sources(store: Store, which: Filter) -> list[dict[str, Any]]:
    from earful.pages import charts

    def bar(row: Mapping[str, Any]) -> Markup:
        colours = (charts.ANGRY, charts.MEDIOCRE, charts.DELIGHTED)
        return charts.share_bar(
            [
                charts.Series(name, colour, [row[name]])
                for name, colour in zip(_EXPERIENCES, colours, strict=True)
            ],
            ", ".join(f"{row[name]} {name}" for name in _EXPERIENCES),
        )

    return [
        dict(row)
        | {
            "wow_rate": _percent(_rate(row, "delighted")),
            "complaint_rate": _percent(_rate(row, "angry")),
            "bar": bar(row),
        }
        for row in store.insight.by("source", which)
    ]


def _cases(store: Store, which: Filter) -> dict[str, Any]:
    answers = store.insight.answers(which)
    hours = store.insight.response_hours(which)
    return answers | {
        "coverage": _percent(Rate(answers["answered"], answers["cases"])),
        "median": _duration(median(hours)) if hours else None,
    }


def _quotes(
    store: Store, which: Filter, experience: str, order: str, zone: tzinfo
) -> list[dict[str, Any]]:
    chosen = replace(which, experience=experience)
    return [_quote(row, zone) for row in store.insight.picks(chosen, order, _PICKS)]


def _quote(row: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    text = row["text"]
    url = row["url"] or ""
    rating = row.get("rating")
    said_at = row["created_at"] and from_iso(row["created_at"])
    return {
        "title": row.get("title"),
        "text": text if len(text) <= _CUT else f"{text[:_CUT].rstrip()} …",
        "author": row["author"],
        "source": row["source"],
        "day": local_day(said_at, zone).isoformat() if said_at else "",
        "stars": f"{rating:g} of {row['rating_max']:g} stars" if rating is not None else None,
        # A link may come from anybody: only the web's own schemes are followed.
        "url": url if url.lower().startswith(("https://", "http://")) else None,
    }


def _percent(rate: Rate) -> str:
    return "–" if rate.value is None else f"{rate.value:.1%}"


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.0f} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
