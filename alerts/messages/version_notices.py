"""The message about a version that made things worse, and what digests say of versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.messages.blocks import context, header, payload, section
from alerts.messages.catalogue import _, written
from alerts.messages.notices import metric_name
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import day, line, percentage
from storage.models import VersionLook

_MAX_VERSION = 40


@plainly("A version is worse than those before it")
def worse_version(brand: str, looks: Sequence[VersionLook]) -> dict[str, Any]:
    """Say what is worse since a version, by how much, and how sure that is."""
    first = looks[0]
    version = line(first.version, _MAX_VERSION)
    told = {
        "brand": line(brand, 80),
        "version": version,
        "metric": metric_name(first.metric),
        "after": percentage(first.part / first.told),
        "before": percentage(first.part_before / first.told_before),
    }
    return payload(
        _(
            "Version {version} of {brand} is worse than those before it: {metric} {after}, "
            "{before} before.",
            **told,
        ),
        [
            header(_("{brand}: version {version} is worse", brand=brand, version=first.version)),
            section("\n".join(f"• {version_row(look, named=False)}" for look in looks), "rows"),
            context(
                [
                    _("First mentioned on {day}", day=day(first.first_day)),
                    _("Each source and country is compared with itself: it is more than chance"),
                    _("Earful tells this of a version once"),
                ],
                "small_print",
            ),
        ],
    )


def version_row(look: VersionLook, *, named: bool = True) -> str:
    """Say how a rate of a version differs from those before it."""
    name = metric_name(look.metric)
    told = {
        "version": line(look.version, _MAX_VERSION),
        "metric": name if named else name[:1].upper() + name[1:],
        "after": percentage(look.part / look.told),
        "told": written(look.told),
        "before": percentage(look.part_before / look.told_before),
        "told_before": written(look.told_before),
    }
    if not named:
        return _(
            "{metric}: *{after}* (in {told} mentions), {before} before (in {told_before})", **told
        )
    if look.direction == "worse":
        return _(
            "{version} is worse: {metric} {after} (in {told} mentions), {before} before (in "
            "{told_before})",
            **told,
        )
    return _(
        "{version} is better: {metric} {after} (in {told} mentions), {before} before (in "
        "{told_before})",
        **told,
    )
