"""Texts to the word pieces of XLM-R, as the packaged backbone keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sentiment.scoring.encoding import Special

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from sentiment.scoring.multilingual_backbone import Backbone

SPECIAL = Special(cls=0, sep=2, pad=1, mask=250001, first_word=4)
_UNKNOWN = 3
_SPACES = re.compile(" {2,}")


class MultilingualPieces:
    """A Unigram tokenizer over the packaged pieces, with the packaged map of characters.

    The map is of single characters: what `text.clean` makes of a text is composed already (NFKC),
    so that it becomes what the published tokenizer makes of it.
    """

    def __init__(self, backbone: Backbone) -> None:
        from tokenizers import Tokenizer, models, pre_tokenizers

        self._characters: Mapping[int, str] = backbone.characters
        # No text spells a special token: "<mask>" in one is three pieces.
        special = {SPECIAL.cls, SPECIAL.sep, SPECIAL.pad, SPECIAL.mask, _UNKNOWN}
        vocabulary = [
            (f"\0{piece}" if number in special else piece, score)
            for number, (piece, score) in enumerate(backbone.pieces)
        ]
        self._tokenizer: Tokenizer = Tokenizer(
            models.Unigram(vocabulary, unk_id=_UNKNOWN, byte_fallback=False)
        )
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        )

    def encode_batch_fast(
        self, texts: Sequence[str], /, *, add_special_tokens: bool = False
    ) -> list[Encoding]:
        """Tokenise texts, like the method of `tokenizers.Tokenizer`."""
        normal = [_SPACES.sub(" ", text.translate(self._characters)) for text in texts]
        return self._tokenizer.encode_batch_fast(normal, add_special_tokens=add_special_tokens)
