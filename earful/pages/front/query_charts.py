"""The chart of a saved query, drawn from the rows that its page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from earful.pages.front.drawings import lines

_MOST_BARS = 25


def query_chart(spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw bars (a `label` and a `value` a row) or lines (an `x` and some values).

    Rows beyond the first 25 are no bars; with `per` each of its values has lines of its own.
    """
    if not rows:
        return Markup("")
    if spec["kind"] == "bars":
        return _bars(spec, rows[:_MOST_BARS])
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row[spec["per"]]) if "per" in spec else "", []).append(row)
    return Markup("").join(_lines(spec, name, members) for name, members in groups.items())


def _bars(spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Markup:
    values = [float(row[spec["value"]] or 0) for row in rows]
    most = max(values) or 1.0
    # A row of SQLite iterates over its values.
    has_brand = "brand" in dict(rows[0])
    brands = {row["brand"] for row in rows} if has_brand else set[str]()
    named = len(brands) > 1 and spec["label"] != "brand"
    lines_of_table = [
        Markup(
            '<tr><th scope="row">{}</th><td><svg class="age" viewBox="0 0 1000 12" '
            'preserveAspectRatio="none" aria-hidden="true"><rect class="{}" width="{}" '
            'height="12"/></svg></td><td class="number">{}</td></tr>'
        ).format(
            f"{row[spec['label']] or 'unknown'}" + (f", {row['brand']}" if named else ""),
            spec["class"],
            round(1000 * value / most),
            _written(row[spec["value"]], bool(spec.get("share"))),
        )
        for row, value in zip(rows, values, strict=True)
    ]
    return Markup(
        '<table class="query-bars"><caption>{}</caption><tbody>{}</tbody></table>'
    ).format(spec["title"], Markup("").join(lines_of_table))


def _lines(spec: Mapping[str, Any], name: str, rows: Sequence[Mapping[str, Any]]) -> Markup:
    ordered = sorted(rows, key=lambda row: str(row[spec["x"]]))
    series = [
        (css, column.replace("_", " "), [row[column] for row in ordered])
        for column, css in spec["values"].items()
    ]
    keys = Markup("").join(
        Markup('<span class="key {}"></span>{} ').format(css, title) for css, title, _ in series
    )
    drawn = lines([str(row[spec["x"]]) for row in ordered], series, f"{name} by {spec['x']}")
    return Markup(
        '<figure class="chart"><figcaption>{}</figcaption>{}<p class="legend">{}</p></figure>'
    ).format(name, drawn, keys)


def _written(value: float | None, share: bool) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if share else f"{value:,.0f}"
