"""Which brand a command is about: the one that is named, or the only one there is."""

from __future__ import annotations

from config.errors import InputError
from earful.app import App
from storage.store import Store


def the_brand(app: App, store: Store, brand: str | None, *, own: bool = False) -> str:
    """Give a brand's name as the store or the config writes it; with `own`, no competitor.

    InputError where it is not known, or where several could be meant.
    """
    competitors = app.settings.competitors if own else ()
    known = sorted({*store.insight.brands(), *(each.name for each in app.settings.brands)})
    if brand is not None:
        for name in known:
            if name.casefold() == brand.casefold():
                if name in competitors:
                    raise InputError(f"--brand: {name!r} is a competitor: name one of your own")
                return name
        raise InputError(
            f"--brand: {brand!r} is not in the store; it has: {', '.join(known) or 'none'}"
        )
    known = [name for name in known if name not in competitors]
    if len(known) != 1:
        raise InputError(f"--brand is needed; the store has: {', '.join(known) or 'no brand yet'}")
    return known[0]
