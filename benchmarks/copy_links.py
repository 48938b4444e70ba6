"""Measure how surely copies are linked, and how often what is no copy is.

On made-up stories with copies of known kinds, and on files of real texts (JSON Lines with `text`,
given on the command line), without stars. There each text has an author of its own in one place,
so a link between texts that differ in their words counts as false. As if each stood on a site of
its own, more are linked, which `--show` prints. The share of false links is printed last; exits 1
when it is over one in a thousand, or when fewer than 95% of the made-up copies are found.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MOST_FALSE, FEWEST_FOUND = 0.001, 0.95
SAID = (
    "airline flight delay refund luggage crew captain gate ticket seat meal queue "
    "storm runway strike union minister airport passenger coach voucher booking "
    "website outage engine winter summer Monday Friday Berlin Paris Madrid Oslo "
    "Dublin cheap late early broken friendly angry cancelled praised stranded "
    "promised denied announced explained waited called asked told"
)
WORDS = SAID.split()


def story(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(25, 120)))


def copied(text: str, rng: random.Random) -> str:
    """Change a story as those who pass it on do."""
    words = text.split()
    kind = rng.randrange(4)
    if kind == 0:
        return text
    if kind == 1:
        return f"{text} - The Daily {rng.choice(WORDS)}"
    if kind == 2:
        return text.upper() + " https://paper.example/read?utm_source=feed"
    words[rng.randrange(len(words))] = "updated"
    return " ".join(words)


def retold(text: str, rng: random.Random) -> str:
    """Tell the same in other words: a third of them are others."""
    return " ".join(rng.choice(WORDS) if rng.random() < 0.34 else word for word in text.split())


def made_up(number: int) -> list[dict[str, Any]]:
    rng = random.Random(7)
    rows = []
    for key in range(number):
        text = story(rng)
        rows.append({"text": text, "copy_of": None})
        original = len(rows) - 1
        if rng.random() < 0.3:
            rows.append({"text": copied(text, rng), "copy_of": original})
        if rng.random() < 0.3:
            rows.append({"text": retold(text, rng), "copy_of": None})
        rows.append({"text": " ".join(rng.choice(WORDS) for _ in range(key % 8)), "copy_of": None})
    return rows


def link(texts: list[str], *, apart: bool) -> tuple[dict[int, int], float]:
    """Store texts by as many authors and link them; gives place → original's place, seconds.

    `apart` gives each text a site of its own, as papers have that print one story.
    """
    from storage.models import Mention
    from storage.store import Store

    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(Path(folder) / "bench.db", migrate=True) as store,
    ):
        mentions = [
            Mention(
                brand="Bench",
                source="gdelt",
                native_id=str(place),
                text=text or "-",
                author=f"author {place}",
                url=f"https://site-{place if apart else 0}.example/{place}",
                created_at=NOW + timedelta(seconds=place),
                fetched_at=NOW,
            )
            for place, text in enumerate(texts)
        ]
        for start in range(0, len(mentions), 1000):
            store.mentions.save(mentions[start : start + 1000])
        started = time.perf_counter()
        while store.copies.link():
            pass
        seconds = time.perf_counter() - started
        rows = store.database.connection.execute(
            "SELECT native_id, duplicate_of FROM mentions WHERE duplicate_of IS NOT NULL"
        )
        return {int(a): int(b.split(":")[1]) for a, b in rows}, seconds


def measure_made_up(number: int) -> tuple[float, float]:
    rows = made_up(number)
    linked, seconds = link([row["text"] for row in rows], apart=True)
    copies = {
        place: row["copy_of"] for place, row in enumerate(rows) if row["copy_of"] is not None
    }
    found = sum(linked.get(place) == original for place, original in copies.items())
    false = sum(copies.get(place) != original for place, original in linked.items())
    share_found = found / len(copies)
    share_false = false / (len(rows) - len(copies))
    print(
        f"{'made up':<24} {len(rows):>7} texts, {len(copies)} copies: {share_found:.1%} found, "
        f"{false} false links, {len(rows) / seconds:,.0f} texts a second"
    )
    return share_found, share_false


def measure_file(path: Path, most: int, show: bool) -> float:
    """Link a file's texts as in one place, and once more as if each stood on its own site."""
    from storage.tables.copy_signatures import words_of

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:most]]
    texts = [str(row.get("text") or "") for row in rows]

    def differing(linked: dict[int, int]) -> list[tuple[int, int]]:
        return [
            (place, original)
            for place, original in linked.items()
            if words_of(None, texts[place]) != words_of(None, texts[original])
        ]

    as_is, seconds = link(texts, apart=False)
    spread, _ = link(texts, apart=True)
    false = differing(as_is)
    print(
        f"{path.name:<26} {len(texts):>6} texts: {len(as_is)} linked, {len(false)} of other "
        f"words; on sites of their own {len(spread)}, {len(differing(spread))} of other words; "
        f"{len(texts) / seconds:,.0f} texts a second"
    )
    for place, original in differing(spread) if show else ():
        print(f"    {texts[place][:90]!r}\n    {texts[original][:90]!r}")
    return len(false) / max(1, len(texts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="JSON Lines with `text`")
    parser.add_argument("--stories", type=int, default=3000)
    parser.add_argument("--most", type=int, default=20_000, help="texts of each file")
    parser.add_argument("--show", action="store_true", help="print what differs")
    given = parser.parse_args()
    found, false = measure_made_up(given.stories)
    worst = max([false, *(measure_file(path, given.most, given.show) for path in given.files)])
    print(f"false links: {worst:.4%} at most; copies found: {found:.1%}")
    if worst > MOST_FALSE or found < FEWEST_FOUND:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
