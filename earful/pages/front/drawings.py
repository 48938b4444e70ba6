"""Charts as inline SVG in the colours of the page: classes, no style of their own, no script.

Each mark that counts mentions is a link to them. Shares are of 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 640, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 12, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One period of a control chart; `share` is None where nothing was counted.

    `signal` says why chance does not explain it, in words.
    """

    label: str
    told: str
    link: str
    share: float | None
    centre: float
    lower: float
    upper: float
    signal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One period of a stacked chart: a count for each class name."""

    label: str
    told: str
    link: str
    counts: Sequence[tuple[str, int]]


def control_chart(marks: Sequence[Mark], alt: str) -> Markup:
    """Draw each period's share within the limits of chance; a step is where limits changed."""
    shown = [mark for mark in marks if mark.share is not None]
    peak = max(
        [mark.share or 0 for mark in shown] + [_seen_upper(mark) for mark in shown] + [0.02]
    )
    low = min([mark.share or 0 for mark in shown] + [mark.lower for mark in shown] + [1.0])
    step = _share_step(peak)
    top = min(1.0, step * math.ceil(peak / step - 1e-9))
    bottom = 0.0 if low < 0.5 * top else step * math.floor(low / step)
    scale = _Scale(bottom, top)
    ticks = [n * step for n in range(round(bottom / step), round(top / step) + 1)]
    parts = [_axis([(value, f"{value:.0%}") for value in ticks], scale)]
    slot = _plot_width() / max(len(marks), 1)
    parts += [
        f'<rect class="band" x="{_LEFT + place * slot:.1f}" y="{scale.y(_seen_upper(mark)):.1f}" '
        f'width="{slot + 0.3:.1f}" '
        f'height="{max(0.0, scale.y(mark.lower) - scale.y(_seen_upper(mark))):.1f}"/>'
        for place, mark in enumerate(marks)
        if mark.share is not None
    ]
    parts += [_centres(marks, slot, scale), _trace(marks, slot, scale)]
    for place, mark in enumerate(marks):
        if mark.share is not None:
            parts.append(_dot(mark, _LEFT + (place + 0.5) * slot, scale.y(mark.share), slot))
    parts.append(_labels([mark.label for mark in marks], slot))
    return _svg(parts, alt)


def stacked_columns(columns: Sequence[Column], alt: str) -> Markup:
    """Draw a column for each period, its classes one upon the other from the first."""
    totals = [sum(count for _, count in column.counts) for column in columns]
    step = _count_step(max(totals, default=0) or 1)
    top = step * math.ceil((max(totals, default=0) or 1) / step)
    scale = _Scale(0, top)
    parts = [_axis([(value, f"{value:,}") for value in range(0, top + 1, step)], scale)]
    slot = _plot_width() / max(len(columns), 1)
    for place, column in enumerate(columns):
        below, drawn = 0, []
        for name, count in column.counts:
            if count:
                drawn.append(
                    f'<rect class="{name}" x="{_LEFT + place * slot + slot * 0.1:.1f}" '
                    f'y="{scale.y(below + count):.1f}" width="{slot * 0.8:.1f}" '
                    f'height="{scale.y(below) - scale.y(below + count):.1f}"/>'
                )
            below += count
        if drawn:
            parts.append(_link(column.link, column.told, "".join(drawn)))
    parts.append(_labels([column.label for column in columns], slot))
    return _svg(parts, alt)


def lines(
    labels: Sequence[str], series: Sequence[tuple[str, str, Sequence[float | None]]], alt: str
) -> Markup:
    """Draw a line for each (class, name, shares); where a share is None it has a gap."""
    peak = max(
        [value for _, _, values in series for value in values if value is not None] + [0.02]
    )
    step = _share_step(peak)
    scale = _Scale(0.0, min(1.0, step * math.ceil(peak / step - 1e-9)))
    ticks = [n * step for n in range(round(scale.top / step) + 1)]
    parts = [_axis([(value, f"{value:.0%}") for value in ticks], scale)]
    slot = _plot_width() / max(len(labels), 1)
    for name, title, values in series:
        dots = [
            (_LEFT + (place + 0.5) * slot, scale.y(value), value, labels[place])
            for place, value in enumerate(values)
            if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in dots)
        parts.append(f'<polyline class="line {name}" points="{path}"/>')
        parts += [
            f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(label)}: '
            f"{value:.1%} {escape(title)}</title></circle>"
            for x, y, value, label in dots
        ]
    parts.append(_labels(labels, slot))
    return _svg(parts, alt)


def share_bar(shares: Sequence[tuple[str, int]], alt: str) -> Markup:
    """Draw one thin bar of a whole, split by class."""
    whole = sum(count for _, count in shares)
    parts, start = [], 0.0
    for name, count in shares:
        wide = 100 * count / whole if whole else 0
        parts.append(
            f'<rect class="{name}" x="{start:.2f}" y="0" width="{wide:.2f}" height="10"/>'
        )
        start += wide
    return Markup(
        f'<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(alt)}">{"".join(parts)}</svg>'
    )


def whisker(value: float, low: float, high: float, top: float, name: str, alt: str) -> Markup:
    """Draw a share as a bar up to `top`, with its 95% interval as a line upon it."""
    top = top or 1.0

    def x(share: float) -> float:
        return 200 * min(share, top) / top

    return Markup(
        f'<svg class="whisker" viewBox="0 0 200 14" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(alt)}"><rect class="track" width="200" height="14"/>'
        f'<rect class="{name}" width="{x(value):.1f}" height="14"/>'
        f'<path class="interval" d="M{x(low):.1f} 7H{x(high):.1f}M{x(low):.1f} 3v8'
        f'M{x(high):.1f} 3v8"/></svg>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A checkpoint's way, in shares: where it stands with its interval, the goal, those passed."""

    value: float | None
    low: float
    high: float
    goal: float
    passed: Sequence[float]
    less_is_better: bool


def road(way: Road, alt: str) -> Markup:
    """Draw the way from the left to the goal at its flag; passed goals are rings behind."""
    low, high = _ends(way)

    def x(share: float) -> float:
        along = (min(max(share, low), high) - low) / (high - low)
        return 24 + 752 * (1 - along if way.less_is_better else along)

    parts = ['<path class="way" d="M24 40H776"/>']
    if way.value is not None:
        ends = sorted((x(way.low), x(way.high)))
        parts.append(f'<path class="walked" d="M24 40H{x(way.value):.1f}"/>')
        parts.append(
            f'<path class="interval" d="M{ends[0]:.1f} 40H{ends[1]:.1f}M{ends[0]:.1f} 34v12'
            f'M{ends[1]:.1f} 34v12"/>'
        )
    parts += [
        f'<circle class="passed" cx="{x(share):.1f}" cy="40" r="6"/>'
        f'<text x="{x(share):.1f}" y="66" text-anchor="middle">{share:.0%} ✓</text>'
        for share in way.passed
    ]
    goal = x(way.goal)
    side = -1 if goal > 700 else 1
    parts.append(
        f'<path class="flagpole" d="M{goal:.1f} 46V8"/>'
        f'<path class="flag" d="M{goal:.1f} 8h{18 * side}l{-5 * side} 6l{5 * side} 6'
        f'h{-18 * side}z"/>'
        f'<text x="{goal + 24 * side:.1f}" y="20" text-anchor="{"end" if side < 0 else "start"}">'
        f"{way.goal:.1%}</text>"
    )
    if way.value is not None:
        here = x(way.value)
        parts.append(
            f'<circle class="here" cx="{here:.1f}" cy="40" r="8"/><text class="now" '
            f'x="{min(max(here, 40), 750):.1f}" y="26" text-anchor="middle">{way.value:.1%}</text>'
        )
    return Markup(
        f'<svg class="road" viewBox="0 0 800 {72 if way.passed else 54}" role="img" '
        f'aria-label="{escape(alt)}">{"".join(parts)}</svg>'
    )


def _ends(way: Road) -> tuple[float, float]:
    """Choose what part of 0 to 1 is drawn: all that is shown, with some room on both sides."""
    shown = [way.goal, *way.passed]
    if way.value is not None:
        shown += [way.value, way.low, way.high]
    room = max(0.02, 0.15 * (max(shown) - min(shown)))
    return max(0.0, min(shown) - room), min(1.0, max(shown) + room)


@dataclass(frozen=True, slots=True)
class _Scale:
    bottom: float
    top: float

    def y(self, value: float) -> float:
        inside = min(max(value, self.bottom), self.top)
        along = (inside - self.bottom) / ((self.top - self.bottom) or 1)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - along)


def _seen_upper(mark: Mark) -> float:
    """Cut a limit that a few mentions make as wide as all: it would flatten the chart."""
    return min(mark.upper, max(2.5 * mark.centre, mark.share or 0, 0.05))


def _centres(marks: Sequence[Mark], slot: float, scale: _Scale) -> str:
    path, before = [], None
    for place, mark in enumerate(marks):
        x, y = _LEFT + place * slot, scale.y(mark.centre)
        path.append(f"{'M' if before is None else 'L'}{x:.1f} {y:.1f}H{x + slot:.1f}")
        before = mark.centre
    return f'<path class="centre" d="{"".join(path)}"/>'


def _trace(marks: Sequence[Mark], slot: float, scale: _Scale) -> str:
    dots = [
        f"{_LEFT + (place + 0.5) * slot:.1f},{scale.y(mark.share):.1f}"
        for place, mark in enumerate(marks)
        if mark.share is not None
    ]
    return f'<polyline class="trace" points="{" ".join(dots)}"/>'


def _dot(mark: Mark, x: float, y: float, slot: float) -> str:
    # What is hit by a pointer is larger than what is seen.
    wide = max(slot, 8.0)
    hit = (
        f'<rect class="hit" x="{x - wide / 2:.1f}" y="{_TOP}" width="{wide:.1f}" '
        f'height="{_HEIGHT - _TOP - _BOTTOM}"/>'
    )
    if mark.signal:
        # A shape of its own: colour is never the only carrier of meaning.
        shape = f'<path class="signal" d="M{x:.1f} {y - 7:.1f}l6 7l-6 7l-6 -7z"/>'
    else:
        shape = f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.8"/>'
    return _link(mark.link, mark.told, hit + shape)


def _link(address: str, told: str, drawn: str) -> str:
    # The table under each chart has the same links for who goes by keyboard.
    return (
        f'<a href="{escape(address)}" tabindex="-1" aria-label="{escape(told)}">'
        f"<title>{escape(told)}</title>{drawn}</a>"
    )


def _svg(parts: Sequence[str], alt: str) -> Markup:
    return Markup(
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" '
        f'aria-label="{escape(alt)}">{"".join(parts)}</svg>'
    )


def _axis(ticks: Sequence[tuple[float, str]], scale: _Scale) -> str:
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{scale.y(value):.1f}" '
        f'y2="{scale.y(value):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{scale.y(value) + 4:.1f}" text-anchor="end">{text}</text>'
        for value, text in ticks
    )


def _labels(labels: Sequence[str], slot: float) -> str:
    # Room for each label at a phone's larger size, so that none runs into the next.
    room = 30 + 11 * max((len(label) for label in labels), default=0)
    every = max(1, math.ceil(1.3 * room / slot))
    last = len(labels) - 1
    return "".join(
        f'<text x="{_LEFT + (place + 0.5) * slot:.1f}" y="{_HEIGHT - 7}" text-anchor="'
        f'{"end" if place == last and place > 0 else "start" if place == 0 else "middle"}">'
        f"{escape(label)}</text>"
        for place, label in enumerate(labels)
        if (last - place) % every == 0
    )


def _plot_width() -> float:
    return _WIDTH - _LEFT - _RIGHT


def _share_step(peak: float) -> float:
    return next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if peak / step <= 5.01)


def _count_step(peak: int) -> int:
    """Choose 1, 2 or 5 times a power of ten, for about five ticks."""
    raw = max(1.0, peak / 5)
    power = 10 ** math.floor(math.log10(raw))
    return int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw))
