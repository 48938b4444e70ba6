"""What people's yes and no teach about a brand: learnt from labels, asked of other mentions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from config.errors import ModelError
from config.query import Query, parse_query
from config.settings import BrandSettings, Settings
from earful.policies import own_pages
from sentiment.relevance.brand_model import (
    BrandModel,
    Example,
    learn,
    may_learn,
    to_probability,
)
from sentiment.relevance.query_signs import Signs, signs_of
from storage.models import Mention
from storage.store import Store
from storage.tables.relevance_labels import StoredModel, Taught, Weighed

if TYPE_CHECKING:
    from sentiment.relevance.logistic import Floats
    from sentiment.scoring.model_process import Embeds

log = logging.getLogger("earful.relevance")

_BATCH = 64


def load_embedder() -> Embeds:
    """Load the backbone, once a process; only who needs a vector that is not kept pays for it."""
    from sentiment.relevance.embedding import embedder

    return embedder()


class BrandRelevance:
    """Learns and asks for all brands of a config. The labels alone decide what is learnt."""

    def __init__(self, settings: Settings, load: Callable[[], Embeds] = load_embedder) -> None:
        self._brands = {brand.name: brand for brand in settings.brands}
        self._queries: dict[str, Query] = {}
        self._load = load

    def refresh(
        self,
        store: Store,
        now: datetime,
        *,
        most: int | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Learn where labels changed, then weigh what no model has; returns how many.

        Each brand weighs the `most` newest at a time, or all that its model may look at.
        """
        weighed = 0
        for brand in store.relevance.brands():
            model = self.learnt(store, brand, now)
            left = most
            while model is not None and left != 0 and not stop():
                size = _BATCH if left is None else min(left, _BATCH)
                batch = store.relevance.unweighed(brand, self._encoder(), size)
                if not batch:
                    break
                store.relevance.weigh(self._weighed(store, model, batch))
                weighed += len(batch)
                left = None if left is None else left - len(batch)
        store.relevance.forget_vectors()
        return weighed

    def learnt(self, store: Store, brand: str, now: datetime) -> BrandModel | None:
        """Give a brand's model, learnt anew where labels or query changed; None with too few."""
        stored = store.relevance.model(brand)
        learnt_from = self._learnt_from(store, brand)
        if stored is not None and stored.learnt_from == learnt_from:
            try:
                return BrandModel.from_json(stored.model)
            except ModelError as error:
                log.warning("%s: it is learnt anew", error)
        model = None
        if may_learn([one.about for one in store.relevance.taught(brand)]):
            model = learn(self._query_text(brand), self.taught(store, brand)[1])
        if model is None:
            if stored is not None:
                store.relevance.forget_model(brand)
            return None
        store.relevance.save_model(
            StoredModel(
                brand=brand, trained_at=now, learnt_from=learnt_from, model=model.to_json()
            )
        )
        log.info("learnt", extra={"brand": brand, "yes": model.yes, "no": model.no})
        return model

    def weigh(self, store: Store, mentions: Sequence[Mention]) -> list[Weighed]:
        """Weigh mentions of any brands by the models that are there; the others are left out."""
        weighed: list[Weighed] = []
        for brand in {mention.brand for mention in mentions}:
            stored = store.relevance.model(brand)
            if stored is None:
                continue
            batch = [mention for mention in mentions if mention.brand == brand]
            weighed += self._weighed(store, BrandModel.from_json(stored.model), batch)
        return weighed

    def taught(self, store: Store, brand: str) -> tuple[list[Taught], list[Example]]:
        """Give what people taught about a brand, each with its text as a vector."""
        taught = store.relevance.taught(brand)
        mentions = [one.mention for one in taught]
        vectors = self._vectors(store, mentions)
        examples = [
            Example(vectors[one.mention.id], self.signs(one.mention), one.about) for one in taught
        ]
        return taught, examples

    def vector(self, store: Store, mention: Mention) -> Floats:
        """Give the vector (384,) of a mention's present text."""
        return self._vectors(store, [mention])[mention.id]

    def signs(self, mention: Mention) -> Signs:
        """Name how a mention holds its brand's query."""
        return signs_of(self._query(mention.brand), mention)

    def may_doubt(self, mention: Mention) -> bool:
        """Tell whether a model may speak of a mention.

        What stands on the brand's own page is about it; what does not hold the query came by
        another way than by its words.
        """
        if mention.source in own_pages():
            return False
        query = self._query(mention.brand)
        return query is None or self.signs(mention).holds_query

    def _weighed(
        self, store: Store, model: BrandModel, mentions: Sequence[Mention]
    ) -> list[Weighed]:
        from sentiment.relevance.embedding import pack

        asked = [mention for mention in mentions if self.may_doubt(mention)]
        vectors = self._vectors(store, asked)
        weighed = []
        for mention in mentions:
            vector = vectors.get(mention.id)
            if vector is None:
                weighed.append(Weighed(mention=mention, encoder=self._encoder()))
                continue
            p_about = to_probability(model.log_odds(vector, self.signs(mention)))
            weighed.append(
                Weighed(
                    mention=mention,
                    encoder=self._encoder(),
                    vector=pack(vector),
                    p_about=p_about,
                    dropped=self._may_drop(mention.brand) and model.is_dropped(p_about),
                )
            )
        return weighed

    def _vectors(self, store: Store, mentions: Sequence[Mention]) -> dict[str, Floats]:
        """Give each mention's vector; those that the store has not are made and kept."""
        from sentiment.relevance.embedding import pack, unpacked
        from sentiment.scoring.text import Text

        kept = store.relevance.vectors([mention.id for mention in mentions], self._encoder())
        vectors = dict(zip(kept, unpacked([*kept.values()]), strict=True))
        missing = [mention for mention in mentions if mention.id not in vectors]
        if missing:
            texts = [Text(text=mention.text, title=mention.title) for mention in missing]
            made = self._load().vectors(texts)
            store.relevance.weigh(
                [
                    Weighed(
                        mention=mention,
                        encoder=self._encoder(),
                        vector=pack(vector),
                        weighed=False,
                    )
                    for mention, vector in zip(missing, made, strict=True)
                ]
            )
            ids = [mention.id for mention in missing]
            vectors |= dict(zip(ids, made, strict=True))
        return vectors

    def _query(self, brand: str) -> Query | None:
        if brand in self._brands and brand not in self._queries:
            self._queries[brand] = parse_query(self._brands[brand].query)
        return self._queries.get(brand)

    def _query_text(self, brand: str) -> str:
        known: BrandSettings | None = self._brands.get(brand)
        return known.query if known else ""

    def _may_drop(self, brand: str) -> bool:
        known = self._brands.get(brand)
        return known is not None and known.relevance == "drop"

    def _learnt_from(self, store: Store, brand: str) -> str:
        mode = "drop" if self._may_drop(brand) else "suggest"
        labels = store.relevance.labels(brand)
        return f"{labels}; {mode}; {self._encoder()}; {self._query_text(brand)}"

    @staticmethod
    def _encoder() -> str:
        from sentiment.relevance.embedding import ENCODER

        return ENCODER
