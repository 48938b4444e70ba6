"""Mentions as the classifier reads them: the writer's words, and beside them what they answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sentiment.scoring.text import Text, joined
from storage.models import Mention
from storage.store import Store


def texts_of(store: Store, mentions: Sequence[Mention]) -> list[Text]:
    """Give stored mentions as texts, in order; one question asks for all that they answer."""
    contexts = contexts_of(store, [mention.id for mention in mentions])
    return [
        Text(
            text=mention.text,
            title=mention.own_title,
            rating=mention.rating,
            rating_max=mention.rating_max,
            language=mention.language,
            context=contexts.get(mention.id),
        )
        for mention in mentions
    ]


def contexts_of(store: Store, mention_ids: Collection[str]) -> dict[str, str]:
    """Give what each of these mentions answers, by its id, where the store has it."""
    return {
        mention_id: joined(Text(text=answered.text, title=answered.title))
        for mention_id, answered in store.answered_texts.of(mention_ids).items()
    }
