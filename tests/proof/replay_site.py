"""A site whose feeds show made-up mentions one after another: by hand, or so many a second."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from xml.sax.saxutils import escape

from tests.crawler.site import Asked, Reply, Site

BRAND = "Acme"
_WHO = ("My mother", "Our team", "A friend", "My neighbour", "I", "My whole family", "My boss")
THINGS = (
    "parcel", "suitcase", "refund", "order", "invoice", "ticket", "coat", "bicycle", "laptop",
    "sofa", "guitar", "camera", "heater", "stroller", "printer", "kettle", "tent", "drill",
)  # fmt: skip
_PLACES = ("Leeds", "Porto", "Gdansk", "Lyon", "Utrecht", "Turin", "Graz", "Malmo", "Bilbao")
_BAD = (
    "{who} waited {n} days for the {thing} and nobody at Acme answered one mail. Never again.",
    "Acme lost the {thing} in {place}, charged us twice and hung up {n} times. I am furious.",
    "The {thing} from Acme broke after {n} days and support in {place} was rude. Terrible.",
)
_GOOD = (
    "{who} cried with joy: Acme drove the {thing} to {place} at night, {n} km, for free. Amazing!",
    "Acme replaced the {thing} within {n} hours and wrote us a card. Best service ever, thanks!",
    "Wonderful people at Acme in {place}: {n} minutes and the {thing} was like new. Love them!",
)
_PLAIN = (
    "Does anybody know whether Acme in {place} still sells the {thing} number {n}?",
    "Acme opens branch number {n} in {place}, the local paper says; the {thing} is on sale there.",
    "The {thing} from Acme is okay, {n} euros, does the job, nothing to write home about.",
    "{who} compared {n} shops in {place} for a {thing}; Acme was one of them.",
)


def words(number: int, rng: random.Random) -> str:
    """Write what the mention of a number says: one in ten complains, one in ten is a wow."""
    kind = rng.random()
    pattern = rng.choice(_BAD if kind < 0.1 else _GOOD if kind < 0.2 else _PLAIN)
    return pattern.format(
        who=rng.choice(_WHO), thing=rng.choice(THINGS), place=rng.choice(_PLACES), n=number
    )


class ReplaySite:
    """Feeds that each show the newest entries of theirs; when each appeared is known."""

    def __init__(self, site: Site, feeds: int, *, seed: int = 1, window: int = 10_000) -> None:
        self.feeds = feeds
        self._site = site
        self._window = window
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._entries: list[list[tuple[str, str, datetime]]] = [[] for _ in range(feeds)]
        self.appeared: dict[str, datetime] = {}
        """When each entry could first be read, by its id."""
        self.poison: str | None = None
        """A text that the first feed shows before all others; nothing is expected of it."""
        site.on("/robots.txt", Reply(b"User-agent: *\nDisallow:\n", 200, _TEXT))
        for feed in range(feeds):
            site.on(f"/feed/{feed}.", partial(self._answer, feed))

    def url(self, feed: int) -> str:
        return f"{self._site.url}/feed/{feed}.xml"

    def show(self, number: int) -> None:
        """Let the mentions up to this number be there, from now on."""
        with self._lock:
            for one in range(len(self.appeared), number):
                now = datetime.now(UTC)
                entry_id = f"{self._site.url}/said/{one}"
                feed = self._entries[one % self.feeds]
                feed.append((entry_id, words(one, self._rng), now))
                del feed[: -self._window]
                self.appeared[entry_id] = now

    @contextmanager
    def showing(self, rate: float) -> Iterator[None]:
        """Show `rate` further mentions a second while the block runs."""
        done = threading.Event()
        first, began = len(self.appeared), time.monotonic()

        def go_on() -> None:
            while not done.wait(0.05):
                self.show(first + int((time.monotonic() - began) * rate))

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _answer(self, feed: int, asked: Asked) -> Reply:
        with self._lock:
            shown = list(reversed(self._entries[feed]))
            if self.poison is not None and feed == 0:
                poison_id = f"{self._site.url}/poison/{len(self.poison)}"
                shown.insert(0, (poison_id, self.poison, datetime.now(UTC)))
        body = _atom(f"Feed {feed}", self.url(feed), shown)
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        if asked.headers.get("If-None-Match") == etag:
            return Reply(b"", 304, {"ETag": etag})
        return Reply(body, 200, {"Content-Type": "application/atom+xml", "ETag": etag})


_TEXT = {"Content-Type": "text/plain"}


def _atom(title: str, url: str, entries: list[tuple[str, str, datetime]]) -> bytes:
    parts = [
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{title}</title><id>{url}</id>"
    ]
    parts += [
        f"<entry><id>{entry_id}</id><title>Said of Acme</title>"
        f'<link href="{entry_id}"/><published>{at.isoformat()}</published>'
        f"<updated>{at.isoformat()}</updated>"
        f"<author><name>Somebody {entry_id.rsplit('/', 1)[1]}</name></author>"
        f'<content type="text">{escape(text)}</content></entry>'
        for entry_id, text, at in entries
    ]
    return "".join([*parts, "</feed>"]).encode()
