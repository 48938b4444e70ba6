"""`earful compare`: you beside your competitors, or the parts of a brand beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App
from earful.commands.chosen_brand import the_brand

if TYPE_CHECKING:
    from storage.store import Store

_PERIODS = ("7 days", "30 days", "90 days", "12 months")
_LONGEST_CUT = "90 days"
_TOPICS = 5
_DIMENSIONS = ("source", "country", "language", "version", "location", "topic", "staff")
_METRICS = ("wow_rate", "complaint_rate")


@click.command()
@click.option(
    "--by", "dimension", type=click.Choice(_DIMENSIONS),
    help="Compare the parts of a brand: its sources, countries, versions and so on.",
)  # fmt: skip
@click.option("--brand", help="The brand; needed only if there are several.")
@click.option(
    "--period", type=click.Choice(_PERIODS), default="30 days", show_default=True,
    help="The period up to today.",
)  # fmt: skip
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def compare(
    app: App, dimension: str | None, brand: str | None, period: str, limit: int, as_json: bool
) -> int:
    """Compare you with competitors, or the parts of a brand.

    Rates are shares of the mentions that tell an experience, with their 95% intervals. A
    difference is said to be more than chance where its interval leaves out 0, all parts that are
    compared taken into account.
    """
    if dimension is not None and period == _PERIODS[-1]:
        raise InputError(f"--period: parts of a brand are compared over {_LONGEST_CUT} at most")
    # Who is a competitor, the config says; the store is told so as it is opened to be written.
    settings = app.settings
    with app.open_store(readonly=not settings.competitors) as store:
        chosen = the_brand(app, store, brand, own=dimension is None)
        if dimension is None:
            _brands(store, chosen, period, as_json)
        else:
            _parts(store, chosen, dimension, period, limit, as_json)
    return 0


def _brands(store: Store, brand: str, period: str, as_json: bool) -> None:
    """Show a brand and the competitors: share of voice, wow and complaint rate."""
    from earful import console

    rows = [
        row
        for row in store.comparisons.share_of_voice(period)
        if row["brand"] == brand or row["competitor"]
    ]
    against = {
        (row["competitor"], row["metric"]): row
        for row in store.comparisons.side_by_side(brand, period)
    }
    if as_json:
        for row in rows:
            beside = {
                metric: against[row["brand"], metric]
                for metric in _METRICS
                if (row["brand"], metric) in against
            }
            click.echo(json.dumps(row | {"beside": beside}, ensure_ascii=False))
        return
    if not rows:
        console.err.print(f"nothing was said in the last {period}")
        return
    console.out.print(f"[bold]{_escaped(brand, 40)}[/bold] and competitors, the last {period}")
    console.out.print(
        console.table(
            ("brand", "mentions", "share of voice", "wow rate", "complaint rate"),
            [
                (
                    _escaped(row["brand"], 22),
                    f"{row['mentions']:,}",
                    _interval(row["share"], row["share_low"], row["share_high"]),
                    _interval(row["wow_rate"], row["wow_low"], row["wow_high"]),
                    _interval(row["complaint_rate"], row["complaint_low"], row["complaint_high"]),
                )
                for row in rows
            ],
            right="lrlll",
        )
    )
    for sentence in _beside(brand, rows, against):
        console.out.print(sentence)
    for sentence in _topics(
        store, brand, [row["brand"] for row in rows if row["competitor"]], period
    ):
        console.out.print(sentence)
    if not any(row["competitor"] for row in rows):
        console.err.print(
            "no competitor has mentions: `competitor = true` under a brand makes it one",
            markup=False,
        )


def _beside(
    brand: str, rows: Sequence[Mapping[str, Any]], against: Mapping[tuple[str, str], Any]
) -> Iterator[str]:
    for row in rows:
        for metric in _METRICS:
            found = against.get((row["brand"], metric))
            if found is None:
                continue
            words = "wow rate" if metric == "wow_rate" else "complaint rate"
            gap = 100 * found["difference"]
            if found["may_be_chance"]:
                how = "may be chance"
            else:
                how = "better" if (gap > 0) == (metric == "wow_rate") else "worse"
            yield (
                f"{_escaped(brand, 24)} against {_escaped(row['brand'], 24)}: {words} "
                f"{_points(gap)}, {how}"
            )


def _topics(store: Store, brand: str, competitors: Sequence[str], period: str) -> Iterator[str]:
    """Name the topics in which you or a competitor are better by more than chance."""
    from alerts.decide.topic_wins import rates_of, topic_gaps

    # Parts are compared over a shorter time than brands.
    span = period if period != _PERIODS[-1] else _LONGEST_CUT
    ours = rates_of(store.comparisons.cuts(brand, "topic", span))
    for competitor in competitors if ours else ():
        theirs = rates_of(store.comparisons.cuts(competitor, "topic", span))
        for gap in topic_gaps(ours, theirs)[:_TOPICS]:
            words = "wow rate" if gap.metric == "wow_rate" else "complaint rate"
            yield (
                f"{_escaped(brand if gap.we_win else competitor, 24)} wins "
                f"“{_escaped(gap.topic, 24)}”: {words} "
                f"{(gap.ours if gap.we_win else gap.theirs).value or 0:.0%} against "
                f"{(gap.theirs if gap.we_win else gap.ours).value or 0:.0%}"
            )


def _parts(
    store: Store, brand: str, dimension: str, period: str, limit: int, as_json: bool
) -> None:
    """Show the parts of a brand, each beside all its others."""
    from earful import console

    rows = store.comparisons.cuts(brand, dimension, period)
    if as_json:
        for row in rows[: 5 * limit]:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    parts = [
        {row["metric"]: row for row in group}
        for _, group in groupby(rows, key=lambda row: row["value"])
    ]
    told = [part for part in parts if "wow_rate" in part]
    if not told:
        console.err.print(f"no mention of the last {period} tells a {dimension}")
        return
    heading = f"[bold]{_escaped(brand, 40)}[/bold] by {dimension}, the last {period}"
    console.out.print(heading)
    console.out.print(
        console.table(
            (dimension, "told", "wow rate", "complaint rate", "points off the rest"),
            [
                (
                    _escaped(part["wow_rate"]["value"], 18),
                    f"{part['wow_rate']['whole']:,}",
                    *(
                        _interval(part[m]["rate"], part[m]["low"], part[m]["high"])
                        for m in _METRICS
                    ),
                    _against_the_rest(part),
                )
                for part in told[:limit]
            ],
            right="lrlll",
        )
    )
    if len(told) > limit:
        console.out.print(f"and {len(told) - limit:,} more: --limit shows them")
    compared = max(part["wow_rate"]["compared"] for part in told)
    console.out.print(f"{compared} compared: those with 20 told experiences or more", style="dim")


def _against_the_rest(part: Mapping[str, Mapping[str, Any]]) -> str:
    found = [
        f"{'wows' if metric == 'wow_rate' else 'complaints'} "
        f"{_points(100 * part[metric]['difference'], '')}"
        for metric in _METRICS
        if part[metric]["may_be_chance"] == 0
    ]
    if found:
        return ", ".join(found)
    return "" if part["wow_rate"]["may_be_chance"] is None else "may be chance"


def _points(gap: float, unit: str = " points") -> str:
    return f"{gap:+.0f}{unit}".replace("-", "−")


def _interval(rate: float | None, low: float, high: float) -> str:
    if rate is None:
        return "–"
    return f"{rate:.0%} ({100 * low:.0f}–{100 * high:.0f})"


def _escaped(text: str, width: int) -> str:
    from rich.markup import escape

    from earful import console

    return escape(console.one_line(text, width))
