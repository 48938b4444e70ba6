"""What people read of a reply that a source does not take: one whole sentence for each case."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 200


def too_long(label: str, used: int, most: int, unit: str) -> str:
    """Say that a reply is longer than its source takes."""
    return (
        f"The reply has {used:,} {unit}, and {label} takes {most:,}: shorten it by "
        f"{used - most:,}."
    )


def too_short(label: str, used: int, least: int, unit: str) -> str:
    """Say that a reply is shorter than its source takes."""
    return (
        f"The reply has {used:,} {unit}, and {label} wants {least:,} at least: say a little more."
    )


def unreachable(host: str, reason: str) -> str:
    """Say that nothing reached the source."""
    return f"{host} cannot be reached ({reason}): Earful tries again by itself."


def broken_off(host: str, reason: str) -> str:
    """Say that the source broke off, and may have posted the reply."""
    return (
        f"{host} broke off ({reason}) and may have posted the reply all the same: Earful looks "
        "for it there."
    )


def not_answered(host: str, reason: str) -> str:
    """Say that the source gave no answer to a question that posts nothing."""
    return f"{host} gave no answer ({reason}): Earful asks again by itself."


def asked_to_wait(label: str, seconds: float) -> str:
    """Say that the source wants fewer requests."""
    return f"{label} asked to wait {seconds:g} s before the next reply: Earful waits."


def redirected(host: str, place: str) -> str:
    """Say that the source is at another address."""
    return f"{host} sends on to {place}: write that address in earful.toml."


def keys_missing(label: str, names: Iterable[str]) -> str:
    """Say which secrets a reply needs that are not set."""
    return (
        f"{label} takes no replies yet: set {_listed(names)} in the environment of Earful and "
        "restart it."
    )


def key_refused(label: str, names: Iterable[str], words: str) -> str:
    """Say that the source takes the key no more."""
    return (
        f"{label} refuses the key{_quoted(words)}: make a new one there, set {_listed(names)} in "
        "the environment and restart Earful."
    )


def key_unreadable(label: str, problem: str) -> str:
    """Say that a key is none."""
    return (
        f"{label} cannot be asked, its key is of no use ({problem}): set another and restart "
        "Earful."
    )


def forbidden(label: str, words: str, advice: str) -> str:
    """Say that the source does not let Earful reply to this."""
    return f"{label} does not let Earful reply to this{_quoted(words)}: {advice}."


def gone(label: str, words: str = "") -> str:
    """Say that what was to be answered is not there any more."""
    return (
        f"{label} does not show any more what this reply answers{_quoted(words)}: it was probably "
        "removed, so the reply was not posted."
    )


def refused(label: str, words: str) -> str:
    """Say that the source does not take these words."""
    return (
        f"{label} does not take this reply{_quoted(words)}: change its words, or post it there by "
        "hand."
    )


def closed(label: str, words: str) -> str:
    """Say that nobody may reply there any more."""
    return f"{label} takes no more replies there{_quoted(words)}: write to the author elsewhere."


def answered_already(label: str) -> str:
    """Say that another reply stands where this one would go."""
    return (
        f"{label} shows another reply there already and takes only one: change or delete that one "
        "by hand."
    )


def not_read_here(label: str, brand: str) -> str:
    """Say that the config names no place at the source to which the mention belongs."""
    return (
        f"earful.toml names no place at {label} for {brand} to which this belongs: add it again, "
        "or reply by hand."
    )


def not_over_this_api(label: str, what: str) -> str:
    """Say that a kind of mention takes no reply over the source's API."""
    return f"{label} takes no replies to {what} over its API: reply there by hand."


def without_a_place(label: str) -> str:
    """Say that a row of the outbox does not say what it answers."""
    return f"This reply for {label} does not say what it answers: write it anew from its case."


def look_found_nothing(label: str) -> str:
    """Say that a reply in doubt was not posted."""
    return f"{label} does not have the reply: Earful posts it again."


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _quoted(words: str) -> str:
    plain = " ".join(words.split())[:_LONGEST].rstrip(". ")
    return f" ({plain})" if plain else ""
