"""A source whose spider checks nothing of what it is sent, as a new one might."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from scrapy.http import Request, Response

from crawler import catalog
from crawler.base import MentionSpider
from storage.models import Mention


class CarelessSpider(MentionSpider):
    """JSON Lines whose fields are those of a mention; times are in ISO 8601."""

    name = "careless"
    label = "Careless"
    default_base_url = "https://careless.example"
    limits = "none"
    terms = "none"

    def requests(self) -> Iterable[Request]:
        yield self.ask("/mentions")

    def parse(self, response: Response) -> Iterator[Mention]:
        for line in response.text.splitlines():
            yield self._mention(json.loads(line))

    def _mention(self, entry: dict[str, Any]) -> Mention:
        for name in ("created_at", "edited_at", "owner_replied_at"):
            if isinstance(entry.get(name), str):
                entry[name] = datetime.fromisoformat(entry[name])
        return Mention(
            brand=self.brand,
            source=self.name,
            **{"fetched_at": self.now, "created_at": self.now, **entry},
        )


def add() -> None:
    """Let this process find the spider as if it lay with the others."""
    catalog._found()[CarelessSpider.name] = CarelessSpider
