"""The store's topics and vectors as the room of topics knows them, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from storage.models import Topic, TopicKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentiment.relevance.embedding import Embedder
    from sentiment.topics import KnownTopic
    from storage.models import Mention

Load = Callable[[], "Embedder"]


def load_embedder() -> Embedder:
    """Load the backbone, once a process; only who needs a vector that is not kept pays for it."""
    from sentiment.relevance.embedding import embedder

    return embedder()


def encoder_now() -> str:
    """Name what makes vectors now: topics and vectors of another are made anew."""
    from sentiment.relevance.embedding import ENCODER

    return ENCODER


def known(topics: Sequence[Topic]) -> list[KnownTopic]:
    """Give topics as sorting and refits know them; people's word pins one."""
    from sentiment.topics import Kind, KnownTopic

    merged_into = {one.merged_into for one in topics if one.merged_by is not None}
    return [
        KnownTopic(
            id=one.id,
            centre=centre_of(one.centre),
            words=one.words,
            kind=Kind(one.kind),
            name=one.name,
            floor=one.floor,
            usual=one.usual,
            size=one.size,
            pinned=one.kind is TopicKind.OWN
            or one.named_by is not None
            or one.merged_by is not None
            or one.id in merged_into,
        )
        for one in topics
    ]


def pack_centre(centre: NDArray[np.float32]) -> bytes:
    """Write a topic's centre (d,) as the store keeps it: 32-bit floats, little endian."""
    return centre.astype("<f4").tobytes()


def centre_of(packed: bytes) -> NDArray[np.float32]:
    """Read a centre (d,) that `pack_centre` wrote."""
    import numpy as np

    return np.frombuffer(packed, "<f4").astype(np.float32)


def vectors_of(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Read the vectors (n, d) of mentions, each of length 1."""
    import numpy as np

    from sentiment.relevance.embedding import unpacked

    return unpacked(packed).astype(np.float32)


def text_of(title: str | None, text: str) -> str:
    """Give all words of a mention as one text."""
    return ". ".join(filter(None, (title, text)))


def language_of(mention: Mention) -> str | None:
    """Give a mention's language without its region; None where it is unknown."""
    return mention.language.partition("-")[0] if mention.language else None
