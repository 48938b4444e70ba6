"""What people read of a reply that a source does not take: one whole sentence for each case."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.messages.catalogue import _, later, written

_LONGEST = 200
_UNITS = {
    "characters": later("characters"),
    "bytes": later("bytes"),
    "graphemes": later("graphemes"),
}


def unit_name(unit: str) -> str:
    """Name what a source counts the length of a reply in."""
    return _(_UNITS[unit]) if unit in _UNITS else unit


def too_long(label: str, used: int, most: int, unit: str) -> str:
    """Say that a reply is longer than its source takes."""
    return _(
        "The reply has {used} {unit}, and {label} takes {most}: shorten it by {over}.",
        used=written(used),
        unit=unit_name(unit),
        label=label,
        most=written(most),
        over=written(used - most),
    )


def too_short(label: str, used: int, least: int, unit: str) -> str:
    """Say that a reply is shorter than its source takes."""
    return _(
        "The reply has {used} {unit}, and {label} wants {least} at least: say a little more.",
        used=written(used),
        unit=unit_name(unit),
        label=label,
        least=written(least),
    )


def unreachable(host: str, reason: str) -> str:
    """Say that nothing reached the source."""
    return _(
        "{host} cannot be reached ({reason}): Earful tries again by itself.",
        host=host,
        reason=reason,
    )


def broken_off(host: str, reason: str) -> str:
    """Say that the source broke off, and may have posted the reply."""
    return _(
        "{host} broke off ({reason}) and may have posted the reply all the same: Earful looks "
        "for it there.",
        host=host,
        reason=reason,
    )


def not_answered(host: str, reason: str) -> str:
    """Say that the source gave no answer to a question that posts nothing."""
    return _(
        "{host} gave no answer ({reason}): Earful asks again by itself.", host=host, reason=reason
    )


def asked_to_wait(label: str, seconds: float) -> str:
    """Say that the source wants fewer requests."""
    return _(
        "{label} asked to wait {seconds} s before the next reply: Earful waits.",
        label=label,
        seconds=f"{seconds:g}",
    )


def redirected(host: str, place: str) -> str:
    """Say that the source is at another address."""
    return _(
        "{host} sends on to {place}: write that address in earful.toml.", host=host, place=place
    )


def keys_missing(label: str, names: Iterable[str]) -> str:
    """Say which secrets a reply needs that are not set."""
    return _(
        "{label} takes no replies yet: set {names} in the environment of Earful and restart it.",
        label=label,
        names=_listed(names),
    )


def key_refused(label: str, names: Iterable[str], words: str) -> str:
    """Say that the source takes the key no more."""
    return _(
        "{label} refuses the key{quoted}: make a new one there, set {names} in "
        "the environment and restart Earful.",
        label=label,
        quoted=_quoted(words),
        names=_listed(names),
    )


def key_unreadable(label: str, problem: str) -> str:
    """Say that a key is none."""
    return _(
        "{label} cannot be asked, its key is of no use ({problem}): set another and restart "
        "Earful.",
        label=label,
        problem=problem,
    )


def forbidden(label: str, words: str, advice: str) -> str:
    """Say that the source does not let Earful reply to this."""
    return _(
        "{label} does not let Earful reply to this{quoted}: {advice}.",
        label=label,
        quoted=_quoted(words),
        advice=_(advice),
    )


def gone(label: str, words: str = "") -> str:
    """Say that what was to be answered is not there any more."""
    return _(
        "{label} does not show any more what this reply answers{quoted}: it was probably "
        "removed, so the reply was not posted.",
        label=label,
        quoted=_quoted(words),
    )


def refused(label: str, words: str) -> str:
    """Say that the source does not take these words."""
    return _(
        "{label} does not take this reply{quoted}: change its words, or post it there by hand.",
        label=label,
        quoted=_quoted(words),
    )


def closed(label: str, words: str) -> str:
    """Say that nobody may reply there any more."""
    return _(
        "{label} takes no more replies there{quoted}: write to the author elsewhere.",
        label=label,
        quoted=_quoted(words),
    )


def answered_already(label: str) -> str:
    """Say that another reply stands where this one would go."""
    return _(
        "{label} shows another reply there already and takes only one: change or delete that one "
        "by hand.",
        label=label,
    )


def not_read_here(label: str, brand: str) -> str:
    """Say that the config names no place at the source to which the mention belongs."""
    return _(
        "earful.toml names no place at {label} for {brand} to which this belongs: add it again, "
        "or reply by hand.",
        label=label,
        brand=brand,
    )


def not_over_this_api(label: str, what: str) -> str:
    """Say that a kind of mention takes no reply over the source's API."""
    return _(
        "{label} takes no replies to {what} over its API: reply there by hand.",
        label=label,
        what=_(what),
    )


def without_a_place(label: str) -> str:
    """Say that a row of the outbox does not say what it answers."""
    return _(
        "This reply for {label} does not say what it answers: write it anew from its case.",
        label=label,
    )


def look_found_nothing(label: str) -> str:
    """Say that a reply in doubt was not posted."""
    return _("{label} does not have the reply: Earful posts it again.", label=label)


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return _("{items} and {last}", items=", ".join(first), last=last) if first else last


def _quoted(words: str) -> str:
    plain = " ".join(words.split())[:_LONGEST].rstrip(". ")
    return f" ({plain})" if plain else ""
