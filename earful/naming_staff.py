"""Which mentions name which colleague: looked for in all that is judged, old wows too."""

from __future__ import annotations

from alerts.decide.voice_signs import Colleague, named_in
from config.settings import Settings
from earful.policies import Policies
from storage.rewards import StaffRow
from storage.store import Store


def name_staff(store: Store, settings: Settings) -> int:
    """Let each judged mention count for the colleagues it names; wows praise them.

    Returns how many mentions changed; safe to repeat. A wow once named stays so: who has left the
    config has earned it.
    """
    store.rewards.sync_staff(
        StaffRow(brand=brand.name, name=one.name, team=one.team, location=one.location)
        for brand in settings.own_brands
        for one in brand.staff
    )
    policies = Policies(settings)
    return sum(
        _name(store, brand.name, policies.of(brand.name).staff)
        for brand in settings.own_brands
        if brand.staff
    )


def _name(store: Store, brand: str, staff: tuple[Colleague, ...]) -> int:
    words = [word for one in staff for word in (one.name, *one.aliases)]
    known = store.rewards.named(brand, {one.name for one in staff})
    changed: dict[int, set[str]] = {}
    wows: dict[str, tuple[str, ...]] = {}
    seen: set[int] = set()
    for mention in store.rewards.may_name(brand, words):
        names = tuple(one.name for one in named_in(mention.title, mention.text, staff))
        seen.add(mention.seq)
        if set(names) != known.get(mention.seq, set()):
            changed[mention.seq] = set(names)
        if names and mention.is_wow:
            wows[mention.mention_id] = names
    # What was edited names them no more.
    changed |= {seq: set() for seq in known.keys() - seen}
    if changed or wows:
        with store.write() as unit:
            unit.rewards.name(changed)
            unit.judgements.name_staff(wows)
    return len(changed)
