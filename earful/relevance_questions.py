"""Which mentions are asked about, and why a mention is doubtful, in words for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.errors import InputError
from earful.brand_relevance import BrandRelevance
from sentiment.relevance.brand_model import FEWEST, BrandModel, nearest, to_probability
from storage.models import Mention
from storage.store import Store

# Without a model so many of the newest mentions are looked through.
_LOOKED_THROUGH = 500
_NEAREST = 3
# Above it the model is sure enough not to ask.
_SURE = 0.75
_WORDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A mention that somebody should say yes or no to.

    `doubtful`: the model names it; else the answer would teach it most. `by_query_alone`: no
    model is there yet, and the probability is what the query alone bears out.
    """

    mention: Mention
    p_about: float
    doubtful: bool
    by_query_alone: bool = False
    not_about: str | None = None

    @property
    def words(self) -> str:
        return ". ".join(filter(None, (self.mention.title, self.mention.text)))

    @property
    def odds(self) -> str:
        return f"{'~' if self.by_query_alone else ''}{self.p_about:.0%}"

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.mention.id,
            "brand": self.mention.brand,
            "p_about": round(self.p_about, 4),
            "doubtful": self.doubtful,
            "by_query_alone": self.by_query_alone,
            "not_about": self.not_about,
            "source": self.mention.source,
            "title": self.mention.title,
            "text": self.mention.text,
            "url": self.mention.url,
        }


def questions(
    store: Store, relevance: BrandRelevance, brand: str, limit: int, now: datetime
) -> list[Question]:
    """Give what is doubtful, the least likely first; without any, what would teach most.

    The model is silent until it has learnt from five of each: then the query alone decides what
    is asked, and names nothing doubtful.
    """
    model = relevance.learnt(store, brand, now)
    if model is None:
        return _by_query(store, relevance, brand, limit)
    weighed = [
        Question(
            mention=one.mention,
            p_about=one.p_about or 0.0,
            doubtful=model.is_doubtful(one.p_about or 0.0),
            not_about=one.not_about,
        )
        for one in store.relevance.doubtful(brand, None, _LOOKED_THROUGH)
    ]
    doubtful = [one for one in weighed if one.doubtful]
    # Those nearest to the middle: whatever the answer is, the model did not know it.
    rest = sorted(
        (one for one in weighed if not one.doubtful), key=lambda one: abs(one.p_about - 0.5)
    )
    unsure = [one for one in rest if one.p_about < _SURE]
    return [*doubtful, *unsure][:limit]


def _by_query(store: Store, relevance: BrandRelevance, brand: str, limit: int) -> list[Question]:
    open_questions = [
        Question(
            mention=mention,
            p_about=to_probability(relevance.signs(mention).log_odds),
            doubtful=False,
            by_query_alone=True,
        )
        for mention in store.relevance.untaught(brand, _LOOKED_THROUGH)
        if relevance.may_doubt(mention)
    ]
    return sorted(open_questions, key=lambda one: one.p_about)[:limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a mention is as likely about its brand as it is."""

    mention: Mention
    p_about: float
    label: bool | None
    not_about: str | None
    may_doubt: bool
    model: BrandModel | None
    signs: dict[str, float]
    text: float
    likest: list[tuple[str, bool, float, str]]

    def as_json(self) -> str:
        return json.dumps(
            {
                "id": self.mention.id,
                "brand": self.mention.brand,
                "p_about": round(self.p_about, 4),
                "doubtful": self.doubtful,
                "said": self.label,
                "not_about": self.not_about,
                "taught": {"yes": self.model.yes, "no": self.model.no} if self.model else None,
                "log_odds": {"text": round(self.text, 3)}
                | {name: round(weight, 3) for name, weight in self.signs.items()},
                "nearest": [
                    {"id": mention_id, "about": about, "likeness": round(likeness, 3)}
                    for mention_id, about, likeness, _ in self.likest
                ],
            },
            ensure_ascii=False,
        )

    @property
    def doubtful(self) -> bool:
        return (
            self.label is None
            and self.may_doubt
            and self.model is not None
            and self.model.is_doubtful(self.p_about)
        )

    def as_text(self) -> str:
        lines = [f"{self.mention.id}: {self._standing()}"]
        if self.model is None:
            lines.append(
                f"learnt from: nothing yet; {FEWEST} yes and {FEWEST} no are needed, until then "
                "the query alone speaks"
            )
        else:
            lines.append(f"learnt from: {self.model.yes} yes, {self.model.no} no")
        lines.append("what speaks for it (+) and against it (-), in log-odds:")
        if self.model is not None:
            lines.append(f"  {self.text:+.2f}  what the text is about")
        lines += [f"  {weight:+.2f}  {name}" for name, weight in self.signs.items()]
        if self.likest:
            lines.append("nearest among what people taught:")
            lines += [
                f"  {likeness:.2f} like  {'yes' if about else 'no ':3}  {words}  ({mention_id})"
                for mention_id, about, likeness, words in self.likest
            ]
        return "\n".join(lines)

    def _standing(self) -> str:
        if self.label is not None:
            about = "about" if self.label else "not about"
            return f"people say that it is {about} {self.mention.brand}"
        if not self.may_doubt:
            return (
                "never doubted: it stands on the brand's own page, or holds no word of the query"
            )
        likelihood = f"{self.p_about:.0%} likely about {self.mention.brand}"
        if self.not_about == "model":
            return f"{likelihood}: dropped by the model, which the config allows"
        return f"{likelihood}: {'doubtful' if self.doubtful else 'not doubtful'}"


def explain(store: Store, relevance: BrandRelevance, mention_id: str, now: datetime) -> Explained:
    """Say why a mention is doubtful, or is not; InputError where there is no such mention."""
    standing = store.relevance.standing(mention_id)
    if standing is None:
        raise InputError(f"{mention_id}: there is no such mention: see the view `voice`")
    mention = standing.mention
    model = relevance.learnt(store, mention.brand, now)
    signs = relevance.signs(mention)
    text = 0.0
    likest: list[tuple[str, bool, float, str]] = []
    weights = dict(signs.before)
    if model is not None:
        vector = relevance.vector(store, mention)
        weights = {name: model.weight_of(name) for name in signs.before}
        text = model.log_odds(vector, signs) - sum(weights.values())
        taught, examples = relevance.taught(store, mention.brand)
        others = [n for n, one in enumerate(taught) if one.mention.id != mention_id]
        for place, likeness in nearest(vector, [examples[n] for n in others], _NEAREST):
            one = taught[others[place]]
            words = " ".join(one.mention.text.split())[:_WORDS]
            likest.append((one.mention.id, one.about, likeness, words))
    return Explained(
        mention=mention,
        p_about=to_probability(text + sum(weights.values())),
        label=store.relevance.last_word(mention_id),
        not_about=standing.not_about,
        may_doubt=relevance.may_doubt(mention),
        model=model,
        signs=weights,
        text=text,
        likest=likest,
    )
