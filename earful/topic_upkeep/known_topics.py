"""The store's topics and vectors as the room of topics knows them, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from storage.models import Topic, TopicKind, TopicState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentiment.scoring.model_process import Embeds
    from sentiment.topics import KnownTopic
    from storage.models import Mention

Load = Callable[[], "Embeds"]


def load_embedder() -> Embeds:
    """Load the backbone, once a process; only who needs a vector that is not kept pays for it."""
    from sentiment.relevance.embedding import embedder

    return embedder()


def encoder_now() -> str:
    """Name what makes vectors now, and how: topics and vectors of another are made anew."""
    from sentiment.relevance.embedding import ENCODER

    return f"{ENCODER} int8"


def known(topics: Sequence[Topic]) -> list[KnownTopic]:
    """Give topics as sorting and refits know them; people's word pins one."""
    merged_into = {one.merged_into for one in topics if one.merged_by is not None}
    return [
        _own(one)
        if one.kind is TopicKind.OWN
        else _found(
            one,
            pinned=one.named_by is not None
            or one.merged_by is not None
            or one.state is TopicState.HIDDEN
            or one.id in merged_into,
        )
        for one in topics
    ]


def _found(one: Topic, *, pinned: bool) -> KnownTopic:
    from sentiment.topics import KnownTopic

    return KnownTopic(
        id=one.id,
        centre=centre_of(one.centre),
        words=one.words,
        name=one.name,
        floor=one.floor,
        usual=one.usual,
        size=one.size,
        pinned=pinned,
    )


def _own(one: Topic) -> KnownTopic:
    """Make an own topic of its sentence and words again: only its vector takes long to read."""
    from sentiment.scoring.detect_language import detect_language
    from sentiment.topics import own_topic

    made = own_topic(
        one.id,
        one.name,
        about=centre_of(one.centre) if one.about is not None else None,
        sentence=one.about or "",
        words=one.words,
        language=detect_language(one.about) if one.about else None,
    )
    return replace(made, floor=one.floor, usual=one.usual)


def pack_centre(centre: NDArray[np.float32]) -> bytes:
    """Write a topic's centre (d,) as the store keeps it: 32-bit floats, little endian."""
    return centre.astype("<f4").tobytes()


def centre_of(packed: bytes) -> NDArray[np.float32]:
    """Read a centre (d,) that `pack_centre` wrote."""
    import numpy as np

    return np.frombuffer(packed, "<f4").astype(np.float32)


def pack_vectors(vectors: NDArray[np.floating[Any]]) -> list[bytes]:
    """Write vectors (n, 384) of length 1 as the store keeps them: 384 bytes, 8 bits a number.

    Each is scaled by its largest number, so that its direction is kept within 0.0001 (cosine).
    """
    import numpy as np

    largest = np.maximum(np.abs(vectors).max(1, keepdims=True, initial=0.0), 1e-12)
    return [row.tobytes() for row in np.rint(vectors / largest * 127).astype(np.int8)]


def vectors_of(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Read the vectors (n, 384) of mentions that `pack_vectors` wrote, each of length 1."""
    import numpy as np

    from sentiment.relevance.embedding import SIZE

    read = np.frombuffer(b"".join(packed), np.int8).reshape(len(packed), SIZE).astype(np.float32)
    length = np.maximum(np.linalg.norm(read, axis=1, keepdims=True), 1e-12)
    return np.asarray(read / length, np.float32)


def text_of(title: str | None, text: str) -> str:
    """Give all words that a mention's writer gave it as one text."""
    return ". ".join(filter(None, (title, text)))


def language_of(mention: Mention) -> str | None:
    """Give a mention's language without its region; None where it is unknown."""
    return mention.language.partition("-")[0] if mention.language else None
