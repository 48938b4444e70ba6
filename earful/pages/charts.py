"""Charts as inline SVG: no script, no font, no request; they print as they look."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup, escape

ANGRY, MEDIOCRE, DELIGHTED, NONE = "#c2452d", "#e2b33c", "#23808a", "#b9bec6"
_WIDTH, _HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 26
_INK, _GRID = "#5d6875", "#e7e9ec"


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a stacked chart: a value for each label."""

    name: str
    colour: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a control chart, shares of 1; `rate` is None where nothing was counted."""

    label: str
    rate: float | None
    lower: float
    upper: float
    centre: float
    outside: bool


def stacked_bars(labels: Sequence[str], series: Sequence[Series], alt: str) -> Markup:
    """Draw a bar for each label, its series one upon the other from the first."""
    totals = [sum(column) for column in zip(*(one.values for one in series), strict=True)]
    step = _nice_step(max(totals, default=0) or 1)
    top = step * math.ceil((max(totals, default=0) or 1) / step)
    parts = [_axis([(value, f"{value:,}") for value in range(0, top + 1, step)], top)]
    slot = _plot_width() / max(len(labels), 1)
    for place, label in enumerate(labels):
        below = 0
        for one in series:
            value = one.values[place]
            if not value:
                continue
            parts.append(
                f'<rect x="{_LEFT + place * slot + slot * 0.08:.1f}" '
                f'y="{_y(below + value, top):.1f}" width="{slot * 0.84:.1f}" '
                f'height="{_y(below, top) - _y(below + value, top):.1f}" fill="{one.colour}">'
                f"<title>{escape(label)}: {value:,} {escape(one.name)}</title></rect>"
            )
            below += value
    parts.append(_labels(labels, slot))
    return _svg(parts, alt)


def control_chart(points: Sequence[Point], alt: str) -> Markup:
    """Draw a p-chart: the band of chance, the level that holds, and each period's rate."""
    peak = max([point.rate or 0 for point in points] + [point.upper for point in points])
    top = min(1.0, math.ceil(max(peak, 0.05) * 10) / 10)
    tick = 0.2 if top > 0.5 else 0.1 if top > 0.2 else 0.05
    ticks = [place * tick for place in range(int(top / tick + 1e-9) + 1)]
    parts = [_axis([(value, f"{value:.0%}") for value in ticks], top)]
    slot = _plot_width() / max(len(points), 1)

    def x(place: float) -> float:
        return _LEFT + place * slot

    parts.extend(
        f'<rect x="{x(place):.1f}" y="{_y(point.upper, top):.1f}" width="{slot:.1f}" '
        f'height="{_y(point.lower, top) - _y(point.upper, top):.1f}" '
        f'fill="{DELIGHTED}" fill-opacity="0.15"/>'
        for place, point in enumerate(points)
        if point.rate is not None
    )
    parts.extend(
        f'<line x1="{x(first):.1f}" x2="{x(until):.1f}" y1="{_y(centre, top):.1f}" '
        f'y2="{_y(centre, top):.1f}" stroke="{DELIGHTED}" stroke-dasharray="5 4"/>'
        for first, until, centre in _levels(points)
    )
    dots = [(x(n + 0.5), _y(p.rate, top)) for n, p in enumerate(points) if p.rate is not None]
    line = " ".join(f"{across:.1f},{down:.1f}" for across, down in dots)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#666"/>')
    for place, point in enumerate(points):
        if point.rate is None:
            continue
        across, down = x(place + 0.5), _y(point.rate, top)
        note = f"<title>{escape(point.label)}: {point.rate:.1%}</title>"
        if point.outside:
            # A shape of its own: colour is never the only carrier of meaning.
            parts.append(
                f'<path d="M{across:.1f} {down - 7:.1f}l6 7l-6 7l-6 -7z" fill="{ANGRY}">{note}'
                "</path>"
            )
        else:
            parts.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="2.6" fill="#666">{note}'
                         "</circle>")  # fmt: skip
    parts.append(_labels([point.label for point in points], slot))
    return _svg(parts, alt)


def _levels(points: Sequence[Point]) -> Iterator[tuple[int, int, float]]:
    """Give where each level begins, where it ends, and its centre."""
    place = 0
    for centre, group in groupby(points, key=lambda point: point.centre):
        until = place + len(list(group))
        yield place, until, centre
        place = until


def share_bar(series: Sequence[Series], alt: str) -> Markup:
    """Draw one thin bar of a whole, split by the first value of each series."""
    whole = sum(one.values[0] for one in series)
    parts, start = [], 0.0
    for one in series:
        wide = 200 * one.values[0] / whole if whole else 0
        parts.append(
            f'<rect x="{start:.1f}" y="0" width="{wide:.1f}" height="14" fill="{one.colour}"/>'
        )
        start += wide
    return Markup(
        f'<svg class="share" viewBox="0 0 200 14" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(alt)}">{"".join(parts)}</svg>'
    )


def _svg(parts: Sequence[str], alt: str) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(alt)}" '
        f'font-size="11" fill="{_INK}">{"".join(parts)}</svg>'
    )


def _axis(ticks: Sequence[tuple[float, str]], top: float) -> str:
    return "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(value, top):.1f}" '
        f'y2="{_y(value, top):.1f}" stroke="{_GRID}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(value, top) + 4:.1f}" text-anchor="end">{text}</text>'
        for value, text in ticks
    )


def _labels(labels: Sequence[str], slot: float) -> str:
    # Room for each label at a phone's larger size, so that none runs into the next.
    room = 22 + 8 * max((len(label) for label in labels), default=0)
    every = max(1, math.ceil(room / slot))
    return "".join(
        f'<text x="{_LEFT + (place + 0.5) * slot:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">'
        f"{escape(label)}</text>"
        for place, label in enumerate(labels)
        if place % every == 0
    )


def _plot_width() -> float:
    return _WIDTH - _LEFT - _RIGHT


def _y(value: float, top: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _nice_step(peak: int) -> int:
    """Choose 1, 2 or 5 times a power of ten, for about five ticks."""
    raw = max(1.0, peak / 5)
    power = 10 ** math.floor(math.log10(raw))
    return int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw))
